"""The seed of one host: what Ubuntu's installer reads, so that it asks nobody (host-stack.md 1).

``seed(install, report)`` gives the bytes of ``user-data``, ``meta-data`` and ``vendor-data``. What must not be kept, the address with
the token of one installation, comes in ``report`` and stands in what is handed out only; a kept file has :data:`PLACES` there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from rackwright.documents import canonical_json, dump
from rackwright.errors import RenderError
from rackwright.plan.install import Archive, Install
from rackwright.render.hosts.laying import lay
from rackwright.render.netplan import netplan, stanzas
from rackwright.render.printing import Printer, printer

__all__ = ["MARKER", "NETPLAN", "PLACES", "SEED", "Report", "autoinstall", "installation", "seed", "seed_file"]

SEED: Final = ("user-data", "meta-data", "vendor-data")
"""The files of a NoCloud seed, in the order in which they are shown."""
MARKER: Final = "/etc/rackwright/installed.json"
"""What a finished installation leaves on the host: its name, service tag and :func:`installation`."""
NETPLAN: Final = "/etc/netplan/60-rackwright.yaml"
"""Where the host's own network lies; the same text as ``devices/NAME/netplan.yaml``."""
PLACES: Final = {"endpoint": "@endpoint@", "installation": "@installation@"}
"""What a kept seed leaves open: the address that progress is told to, and the digest of its token."""

SOURCE: Final = "ubuntu-server"
ESP_SIZE: Final = "1G"
BOOT_SIZE: Final = "2G"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Where one installation tells its progress: made for one run of ``serve`` or one medium, never kept."""

    endpoint: str
    """URL of the receiver, ending in the token: the webhook of the installer knows no other proof (host-stack.md 1, Reporting)."""
    token: str
    authority: str = ""
    """Certificate of the receiver's authority in PEM, which the installer's system is told to trust; empty: a public one, or HTTP."""

    def __repr__(self) -> str:
        """Print that there is one, not which."""
        return "Report(***)"


_EXAMPLE: Final = Report(endpoint="https://rackwright.invalid/progress/example", token="example")  # noqa: S106 - of nobody


def installation(token: str) -> str:
    """Return the name of one installation, which may be kept: the SHA-256 of its token in hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def seed(
    install: Install, report: Report, *, laid: Mapping[str, Any] | None = None, templates: Path | None = None
) -> dict[str, bytes]:
    """Return the files of one host's seed by name, to be handed out and not kept.

    ``laid`` is what the site lays over the ``autoinstall`` mapping, ``templates`` its own folder of templates. Raises
    :class:`~rackwright.errors.RenderError` for a host of which too little is known to install it, and where what comes out
    is no autoinstall.
    """
    if install.lacks:
        raise RenderError(f"{install.name} may not be installed yet: {'; '.join(install.lacks)}")
    from rackwright.render.hosts.model import insist

    document = _document(install, report, laid, templates)
    insist(install.name, document)
    return {name: _file(install, name, document, templates) for name in SEED}


def seed_file(
    install: Install, name: str, *, laid: Mapping[str, Any] | None = None, templates: Path | None = None
) -> bytes:
    """Return one file of a host's seed as it may be kept: with :data:`PLACES` for what belongs to one installation.

    Raises :class:`~rackwright.errors.RenderError` where what the site lays over it leaves no autoinstall.
    """
    if name != SEED[0]:
        return _file(install, name, {}, templates)
    document = _document(install, None, laid, templates)
    if laid and not install.lacks:
        from rackwright.render.hosts.model import insist

        insist(install.name, _document(install, _EXAMPLE, laid, templates))
    return _file(install, name, document, templates)


def autoinstall(
    install: Install,
    report: Report | None = None,
    *,
    laid: Mapping[str, Any] | None = None,
    templates: Path | None = None,
) -> dict[str, Any]:
    """Return the value of ``autoinstall`` of one host, with :data:`PLACES` without a ``report``."""
    document: dict[str, Any] = _document(install, report, laid, templates)["autoinstall"]
    return document


def _file(install: Install, name: str, document: Mapping[str, Any], templates: Path | None) -> bytes:
    return printer(templates).print(
        f"autoinstall/{name}.j2",
        name=install.name,
        lacks=install.lacks,
        hostname=_fqdn(install),
        document=dump(document).rstrip("\n"),
    )


def _document(
    install: Install, report: Report | None, laid: Mapping[str, Any] | None, templates: Path | None
) -> dict[str, Any]:
    whole = _autoinstall(install, report, printer(templates))
    if laid:
        whole = lay(whole, laid)
    # Of the installer's own system: it knows no authority of ours, and without it no event would arrive.
    trusted = {"ca_certs": {"trusted": [report.authority]}} if report and report.authority else {}
    return {**trusted, "autoinstall": whole}


def _autoinstall(install: Install, report: Report | None, printer: Printer) -> dict[str, Any]:
    endpoint = report.endpoint if report else PLACES["endpoint"]
    shell = _Shell(printer, install, report)
    return {
        "version": 1,
        "early-commands": [shell.identify()] if install.service_tag else [],
        "reporting": {"rackwright": {"type": "webhook", "endpoint": endpoint, "level": "INFO"}},
        "locale": "en_US.UTF-8",
        "timezone": install.timezone,
        "keyboard": {"layout": "us"},
        "refresh-installer": {"update": False},
        "source": {"id": SOURCE, "search_drivers": False},
        "drivers": {"install": False},
        "oem": {"install": False},
        "codecs": {"install": False},
        **({"proxy": install.archive.proxy} if install.archive.proxy else {}),
        "apt": _apt(install.archive, install.series),
        "kernel": {"package": install.kernel},
        "updates": "security",
        "network": stanzas(install.entrance),
        "storage": _storage(install),
        "ssh": {"install-server": True, "allow-pw": False},
        "user-data": _accounts(install),
        "late-commands": [shell.network(), shell.marker()],
        "error-commands": [shell.failed()],
        "shutdown": "reboot",
    }


def _apt(archive: Archive, series: str) -> dict[str, Any]:
    """Return where packages come from, and that kernels stay in their series.

    Without an archive the list of mirrors is empty, so that the installer looks for none and takes what its medium has.
    """
    primary = [{"uri": archive.uri}] if archive.uri else []
    return {
        "geoip": False,
        "mirror-selection": {"primary": primary},
        "fallback": "abort" if archive.uri else "offline-install",
        **({"security": [{"arches": ["default"], "uri": archive.uri}]} if archive.own else {}),
        "preferences": [
            {
                "package": "linux-generic linux-image-generic linux-headers-generic",
                "pin": f"version {series}.*",
                "pin-priority": 1001,
            },
            {"package": "linux-*-hwe-*", "pin": "version *", "pin-priority": -1},
        ],
    }


def _storage(install: Install) -> dict[str, Any]:
    """Return ESP, /boot and the rest as / on the boot disk, which is found by what it is.

    No layout by name: without a match it takes the largest disk, and its LVM leaves most of a disk unused (host-stack.md 1, Storage).
    """
    disk = install.disk
    match = {"model": disk.model} | ({"serial": f"*{disk.serial}"} if disk.serial else {})
    return {
        "swap": {"size": 0},
        "grub": {"reorder_uefi": False},
        "config": [
            {"type": "disk", "id": "boot-disk", "match": match, "ptable": "gpt", "wipe": "superblock-recursive",
             "preserve": False, "grub_device": False},
            {"type": "partition", "id": "esp", "device": "boot-disk", "size": ESP_SIZE, "flag": "boot", "grub_device": True,
             "wipe": "superblock", "preserve": False},
            {"type": "format", "id": "esp-format", "volume": "esp", "fstype": "fat32", "preserve": False},
            {"type": "partition", "id": "boot", "device": "boot-disk", "size": BOOT_SIZE, "wipe": "superblock",
             "preserve": False},
            {"type": "format", "id": "boot-format", "volume": "boot", "fstype": "ext4", "preserve": False},
            {"type": "partition", "id": "root", "device": "boot-disk", "size": -1, "wipe": "superblock", "preserve": False},
            {"type": "format", "id": "root-format", "volume": "root", "fstype": "ext4", "preserve": False},
            {"type": "mount", "id": "root-mount", "device": "root-format", "path": "/"},
            {"type": "mount", "id": "boot-mount", "device": "boot-format", "path": "/boot"},
            {"type": "mount", "id": "esp-mount", "device": "esp-format", "path": "/boot/efi"},
        ],
    }  # fmt: skip


def _accounts(install: Install) -> dict[str, Any]:
    """Return the installed system's cloud-config: one administrator, by key; no password anywhere."""
    fqdn = _fqdn(install)
    return {
        "hostname": install.name,
        **({"fqdn": fqdn} if fqdn != install.name else {}),
        "preserve_hostname": False,
        "disable_root": True,
        "ssh_pwauth": False,
        "users": [
            {
                "name": install.user,
                "groups": ["adm", "sudo"],
                "shell": "/bin/bash",
                "sudo": "ALL=(ALL) NOPASSWD:ALL",
                "lock_passwd": True,
                # cloud-init refuses an empty list.
                **({"ssh_authorized_keys": list(install.keys)} if install.keys else {}),
            }
        ],
    }


def _fqdn(install: Install) -> str:
    return f"{install.name}.{install.domain}" if install.domain else install.name


class _Shell:
    """The commands of one seed, each printed from a template of its own."""

    def __init__(self, printer: Printer, install: Install, report: Report | None) -> None:
        self._printer, self._install, self._report = printer, install, report

    def identify(self) -> str:
        """Stop where another machine has this seed: before anything is written."""
        return self._print("identify", service_tag=self._install.service_tag.upper())

    def network(self) -> str:
        """Put the host's whole network where the installer left the way in only."""
        text = netplan(self._install.network).decode().rstrip("\n")
        return self._print("network", path=NETPLAN, netplan=text)

    def marker(self) -> str:
        """Lock root, and leave the proof that this very installation came to its end."""
        install = self._install
        name = installation(self._report.token) if self._report else PLACES["installation"]
        marker = {"host": install.name, "service_tag": install.service_tag, "installation": name}
        return self._print("marker", path=MARKER, marker=canonical_json(marker).decode())

    def failed(self) -> str:
        """Show on the console why it ended; that it ended is told by the webhook."""
        return self._print("failed", name=self._install.name)

    def _print(self, template: str, **values: str) -> str:
        return self._printer.print(f"autoinstall/{template}.sh.j2", **values).decode()
