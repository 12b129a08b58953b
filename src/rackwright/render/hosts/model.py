"""Our own strict model of a user-data document with ``autoinstall``.

Ubuntu's schema is shallow: unknown keys pass, and a misspelt one installs "successfully" without what it should have
brought; storage and network are not looked at (host-stack.md 1, Schema). So every key that may be used stands here,
an unknown one is refused with the nearest name, and what the installer would find out on the machine is looked for before.
The keys are those of the reference of Ubuntu 24.04's installer (canonical/subiquity, branch ubuntu/noble,
doc/reference/autoinstall-reference); those that make it ask somebody, or bring what is not validated (snaps, OEM kernels,
Active Directory, Ubuntu Pro), are left out on purpose.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rackwright.documents import Path
from rackwright.errors import RenderError
from rackwright.findings import problem
from rackwright.render.hosts import rules
from rackwright.render.hosts.netplan_shape import NETPLAN
from rackwright.render.hosts.shapes import ANY, FLAG, TEXT, Either, Fault, Flag, Items, Keys, Rows, Text, Whole, judge

__all__ = ["AUTOINSTALL", "CHECK", "DOCUMENT", "faults", "insist"]

CHECK: Final = "render.autoinstall"
"""Id of the check in findings."""

_COMMANDS: Final = Items(Either((Text(pattern=r"(?s).*\S.*", called="a command"), Items(TEXT, least=1))))
_URI: Final = Text(pattern=r"https?://[^\s/@]+(/\S*)?", called="a URL such as http://HOST/PATH")
_NAME: Final = Text(pattern=r"[a-z_][a-z0-9_-]{0,31}", called="a name of a user")
_HOST: Final = Text(pattern=r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252})", called="a host name")
_KEY: Final = Text(
    pattern=r"(ssh-(ed25519|rsa)|ecdsa-sha2-nistp(256|384|521)|sk-\S+) [A-Za-z0-9+/]{20,}={0,2}( .*)?",
    called="a public SSH key",
)
_SIZE: Final = Either((
    Text(pattern=r"[1-9]\d*(\.\d+)?[KMGTP]?B?|[1-9]\d?%|100%", called="a size such as 2G"), Whole(least=-1),
))  # fmt: skip
_MATCH_KEYS: Final = Keys({
    "model": TEXT, "vendor": TEXT, "path": TEXT, "id_path": TEXT, "devpath": TEXT, "serial": TEXT,
    "ssd": FLAG, "size": Text(words=("largest", "smallest")), "install-media": FLAG,
})  # fmt: skip
_MATCH: Final = Either((_MATCH_KEYS, Items(_MATCH_KEYS, least=1)))
_ACTION: Final = Keys({
    "type": Text(words=("disk", "partition", "format", "mount", "raid", "lvm_volgroup", "lvm_partition")),
    "id": TEXT, "match": _MATCH, "serial": TEXT, "path": TEXT, "wwn": TEXT, "name": TEXT,
    "ptable": Text(words=("gpt",)), "wipe": Text(words=("superblock", "superblock-recursive", "zero", "random", "pvremove")),
    "preserve": FLAG, "grub_device": FLAG, "device": TEXT, "size": _SIZE, "number": Whole(least=1, most=128),
    "flag": Text(words=("boot", "bios_grub", "swap", "lvm", "raid", "home", "linux")), "resize": FLAG, "partition_name": TEXT,
    "volume": TEXT, "fstype": Text(words=("fat32", "vfat", "ext4", "xfs", "btrfs", "swap")), "label": TEXT, "uuid": TEXT,
    "options": TEXT, "passno": TEXT, "freq": TEXT, "devices": Items(TEXT, least=1), "raidlevel": Either((TEXT, Whole())),
    "spare_devices": Items(TEXT), "metadata": TEXT, "volgroup": TEXT,
}, needed=("type", "id"))  # fmt: skip
_STORAGE: Final = Keys({
    "version": Whole(least=1, most=2),
    "swap": Keys({"size": Either((Whole(least=0), TEXT)), "filename": TEXT, "maxsize": Either((Whole(), TEXT)), "force": FLAG}),
    "grub": Keys({"reorder_uefi": FLAG, "install_devices": Items(TEXT), "update_nvram": FLAG, "probe_additional_os": FLAG}),
    "layout": Keys({
        "name": Text(words=("lvm", "direct", "zfs")), "match": _MATCH, "sizing-policy": Text(words=("scaled", "all")),
        "mode": Text(words=("reformat_disk", "use_gap")), "reset-partition": Either((FLAG, TEXT)), "ptable": Text(words=("gpt",)),
    }, needed=("name",)),
    "config": Items(_ACTION, least=1),
})  # fmt: skip
_APT: Final = Keys({
    "preserve_sources_list": FLAG, "geoip": FLAG, "fallback": Text(words=("abort", "continue-anyway", "offline-install")),
    "mirror-selection": Keys({"primary": Items(Either((
        Text(words=("country-mirror",)), Keys({"uri": _URI, "arches": Items(TEXT, least=1)}, needed=("uri",)),
    )))}),
    "security": Items(Keys({"arches": Items(TEXT, least=1), "uri": _URI}, needed=("arches", "uri"))),
    "sources": Rows(Keys({"source": TEXT, "key": TEXT, "keyid": TEXT, "keyserver": TEXT, "filename": TEXT})),
    "disable_components": Items(Text(words=("universe", "multiverse", "restricted", "contrib", "non-free"))),
    "disable_suites": Items(Text(words=("updates", "backports", "security", "proposed"))),
    "preferences": Items(Keys({
        "package": TEXT, "pin": Text(pattern=r"(version|release|origin) \S.*", called="version, release or origin and its value"),
        "pin-priority": Whole(),
    }, needed=("package", "pin", "pin-priority"))),
    "conf": TEXT,
})  # fmt: skip
_USER: Final = Keys({
    "name": _NAME, "gecos": TEXT, "groups": Either((TEXT, Items(_NAME))), "shell": TEXT, "uid": Whole(least=1),
    "sudo": Either((TEXT, Items(TEXT), FLAG)), "lock_passwd": Flag(), "ssh_authorized_keys": Items(_KEY, least=1),
    "system": FLAG, "primary_group": _NAME, "homedir": TEXT,
}, needed=("name", "lock_passwd", "ssh_authorized_keys"))  # fmt: skip
_CLOUD: Final = Keys({
    "hostname": _HOST, "fqdn": _HOST, "preserve_hostname": FLAG, "manage_etc_hosts": Either((FLAG, TEXT)), "prefer_fqdn_over_hostname": FLAG,
    "disable_root": FLAG, "ssh_pwauth": FLAG, "ssh_deletekeys": FLAG, "users": Items(_USER, least=1),
    "ca_certs": Keys({"trusted": Items(TEXT, least=1), "remove_defaults": FLAG}),
    "package_update": FLAG, "package_upgrade": FLAG, "runcmd": _COMMANDS, "bootcmd": _COMMANDS,
    "write_files": Items(Keys({
        "path": TEXT, "content": TEXT, "permissions": TEXT, "owner": TEXT, "append": FLAG, "defer": FLAG, "encoding": TEXT,
    }, needed=("path",))),
    "ntp": ANY, "growpart": ANY, "resize_rootfs": FLAG, "final_message": TEXT,
}, needed=("hostname", "disable_root", "ssh_pwauth", "users"))  # fmt: skip

AUTOINSTALL: Final = Keys({
    "version": Whole(least=1, most=1),
    "early-commands": _COMMANDS, "late-commands": _COMMANDS, "error-commands": _COMMANDS,
    "reporting": Rows(Keys({
        "type": Text(words=("webhook", "print", "rsyslog", "none")), "endpoint": Either((_URI, TEXT)),
        "level": Text(words=("DEBUG", "INFO", "WARNING", "WARN", "ERROR", "CRITICAL")), "destination": TEXT,
    }, needed=("type",))),
    "locale": TEXT, "timezone": Text(pattern=r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*", called="a time zone such as Etc/UTC"),
    "keyboard": Keys({"layout": TEXT, "variant": TEXT, "toggle": TEXT}, needed=("layout",)),
    "refresh-installer": Keys({"update": FLAG, "channel": TEXT}),
    "source": Keys({"id": TEXT, "search_drivers": FLAG}), "drivers": Keys({"install": FLAG}, needed=("install",)),
    "oem": Keys({"install": FLAG}, needed=("install",)), "codecs": Keys({"install": FLAG}, needed=("install",)),
    "proxy": _URI, "apt": _APT, "kernel": Keys({"package": TEXT, "flavor": TEXT}), "packages": Items(TEXT),
    "debconf-selections": TEXT, "updates": Text(words=("security", "all")), "network": NETPLAN, "storage": _STORAGE,
    "ssh": Keys({"install-server": FLAG, "allow-pw": FLAG, "authorized-keys": Items(_KEY)}, needed=("install-server",)),
    "user-data": _CLOUD, "shutdown": Text(words=("reboot", "poweroff")),
}, needed=("version", "reporting", "apt", "kernel", "network", "storage", "ssh", "user-data", "late-commands"))  # fmt: skip
"""What may stand below ``autoinstall``."""

DOCUMENT: Final = Keys(
    {"autoinstall": AUTOINSTALL, "ca_certs": Keys({"trusted": Items(TEXT, least=1)}, needed=("trusted",))},
    needed=("autoinstall",),
)
"""What may stand in ``user-data``."""


def faults(document: Any) -> list[Fault]:
    """Return everything that is wrong with a document; what its parts say of each other is asked where their shapes are right."""
    found = list(judge(document, DOCUMENT))
    if not found:
        found += rules.judge(document["autoinstall"], ("autoinstall",))
    return found


def insist(name: str, document: Mapping[str, Any]) -> None:
    """Raise :class:`~rackwright.errors.RenderError` with everything that is wrong with the document of a host."""
    found = faults(document)
    if not found:
        return
    first = found[0]
    place = _dotted(first.path)
    listed = tuple(
        problem(CHECK, fault.message, remedy=fault.remedy, path=_dotted(fault.path), subject=name) for fault in found
    )
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    raise RenderError(f"{name}: {place}: {first.message}; {first.remedy}{more}", listed)


def _dotted(path: Path) -> str:
    return ".".join(str(part) for part in path)
