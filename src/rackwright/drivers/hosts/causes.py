"""Why an Ubuntu installer gave up: its events' names and words, the kind of failure, the way out.

The names are the installer's own (subiquity, branch ``ubuntu/noble``; host-stack.md 1, "Failure shapes"; captured streams of its dry run).
"""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

__all__ = ["KINDS", "SECTIONS", "Cause", "Kind", "cause_of"]

Kind = Literal[
    "", "config", "section", "source", "disk", "storage", "early-command", "late-command", "network", "mirror", "package",
    "kernel", "bootloader", "extract", "shutdown", "installer", "unheard", "silent", "overdue",
]  # fmt: skip
"""Kinds of failure; the last three are the controller's own, since an installer never ends by itself."""

KINDS: Final[dict[str, str]] = {
    "config": "the installer cannot read its user-data: hold it against 'rackwright render', and fetch it anew",
    "section": "correct that section of the user-data: it comes from the site file",
    "source": "the ISO has no such source: give one that its casper/install-sources.yaml lists, with the ISO that the site names",
    "disk": "no disk is what the user-data asks for: see in its BMC whether the BOSS-N1 mirror is there and healthy, and its serial number",
    "storage": "see what lies on the disk (an old RAID, LVM or a lock), and the layout in the user-data",
    "early-command": "run that command by hand on the installer's console (Alt-F2); nothing was written to a disk yet",
    "late-command": "run that command by hand below /target on the installer's console (Alt-F2); the system is installed but not finished",
    "network": "see MAC addresses in nodes.csv, cables and DHCP of the network that it installs over",
    "mirror": "see whether the APT mirror answers from that network, and its key",
    "package": "see whether the APT mirror has that package in that version",
    "kernel": "see whether the APT mirror or the ISO has the kernel package that the user-data names",
    "bootloader": "see in its BMC that it booted in UEFI mode, and that its EFI variables can be written",
    "extract": "the ISO may be damaged or out of reach (virtual media over a slow line): compare its SHA-256, and try again",
    "shutdown": "restart it by its BMC; the system may be whole: look before it is installed again",
    "installer": "read /var/log/installer on its console (Alt-F2), or collect it with its crash report",
    "unheard": "see its console by the BMC: whether it booted the installer, got an address, and reaches this server at its port",
    "silent": "see its console by the BMC: an installer that hangs never ends by itself; power it off before another attempt",
    "overdue": "see its console by the BMC; a slow mirror or slow virtual media needs a longer deadline",
}
"""Kind -> what to do."""

SECTIONS: Final[dict[str, str]] = {
    "Ad": "active-directory",
    "Codecs": "codecs",
    "Debconf": "debconf-selections",
    "Drivers": "drivers",
    "Early": "early-commands",
    "Error": "error-commands",
    "Filesystem": "storage",
    "Identity": "identity",
    "Kernel": "kernel",
    "Keyboard": "keyboard",
    "Late": "late-commands",
    "Locale": "locale",
    "Mirror": "apt",
    "Network": "network",
    "OEM": "oem",
    "Package": "packages",
    "Proxy": "proxy",
    "Refresh": "refresh-installer",
    "Reporting": "reporting",
    "SSH": "ssh",
    "Shutdown": "shutdown",
    "SnapList": "snaps",
    "Source": "source",
    "TimeZone": "timezone",
    "UbuntuPro": "ubuntu-pro",
    "Updates": "updates",
    "Userdata": "user-data",
    "Zdev": "zdevs",
}
"""The installer's controller -> the section of the user-data that is its."""

_CONTROLLER: Final = re.compile(r"subiquity/([A-Za-z]+)/load_autoinstall_data")
_MALFORMED: Final = re.compile(r"[Mm]alformed autoinstall in '([^']+)' section")


class Cause(NamedTuple):
    """Why it failed."""

    kind: Kind
    what: str
    """Section or command, where one is to blame; otherwise empty."""
    detail: str
    """The installer's words."""


class _Rule(NamedTuple):
    kind: Kind
    name: str
    words: str = ""


_RULES: Final = tuple(
    (rule.kind, re.compile(rule.name), re.compile(rule.words, re.IGNORECASE))
    for rule in (
        _Rule("source", r"/Source/"),
        _Rule("section", r"/load_autoinstall_data"),
        _Rule("section", r"", r"malformed autoinstall"),
        _Rule("config", r"/(load_autoinstall_config|core_validation)"),
        _Rule("early-command", r"/Early/"),
        _Rule("late-command", r"/Late/"),
        _Rule("disk", r"", r"matched no disk|no disk (found|big enough)"),
        _Rule("storage", r"/Filesystem/"),
        _Rule("network", r"/Network/"),
        _Rule("mirror", r"/(Mirror/|Install/install/configure_apt)"),
        _Rule("kernel", r"/Install/install/.*(install_kernel|/Kernel)"),
        _Rule("kernel", r"/Install/", r"installing kernel|linux-(image|generic)"),
        _Rule("package", r"/Install/install/postinstall/install_"),
        _Rule("package", r"/Package/"),
        _Rule("storage", r"/curtin_install/", r"partitioning|block[- ]meta"),
        _Rule("extract", r"/curtin_install/", r"extract"),
        _Rule("bootloader", r"/curtin_install/", r"grub|efibootmgr|curthooks|boot ?loader"),
        _Rule("shutdown", r"/Shutdown/"),
        _Rule("section", r"/(Identity|SSH|Locale|Keyboard|TimeZone|Proxy|Updates|SnapList|Debconf|UbuntuPro|Ad)/"),
    )
)
"""What a failure is, first hit wins: part of its name, words of its description."""


def cause_of(name: str, description: str, before: str = "") -> Cause:
    """Return why a step failed, from the name of the innermost that did, its last words, and its first ones (``before``).

    A command's first words are the command itself. What no rule knows is ``installer``.
    """
    words = f"{before} {description}"
    kind: Kind = next(
        (kind for kind, where, what in _RULES if where.search(name) and what.search(words)),
        "installer",
    )
    return Cause(kind, _what(kind, name, description, before), description.strip())


def _what(kind: Kind, name: str, description: str, before: str) -> str:
    if kind in ("early-command", "late-command"):
        number = re.search(r"command_(\d+)", name)
        return f"command {int(number[1]) + 1}: {before}".rstrip(": ") if number else before
    told = _MALFORMED.search(description)
    if told:
        return told[1]
    owner = _CONTROLLER.search(name) or re.match(r"subiquity/([A-Za-z]+)/", name)
    return SECTIONS.get(owner[1], "") if owner else ""
