"""What Ubuntu's and NVIDIA's own commands say of installed software: a function a command, None where it says nothing.

Every function takes what was printed, whatever that is, and never raises: text of another form tells nothing.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

__all__ = [
    "Dkms",
    "Package",
    "containerd_version",
    "dcgm_version",
    "dkms",
    "dpkg_packages",
    "dpkg_version",
    "fabric_manager",
    "gpu_driver",
    "held",
    "kernel_release",
    "modules",
    "ofed_info",
    "os_release",
    "settings",
    "units",
]

_VERSION: Final = re.compile(r"\d+(?:\.\d+)+(?:[-.+~\w]*)")
_KERNEL: Final = re.compile(r"\d+\.\d+\.\d+\S*")
_OFED: Final = re.compile(r"^(?:MLNX_OFED_LINUX|OFED-internal|MLNX_EN)-(\d[\w.\-]*?):?\s*$", re.MULTILINE)
_FABRIC: Final = re.compile(r"Fabric Manager version is\s*:\s*(\d[\d.]*)", re.IGNORECASE)
_DRIVER_FILE: Final = re.compile(r"^NVRM version:.*?\s(\d{3}\.\d+(?:\.\d+)?)\s", re.MULTILINE)
_DRIVER: Final = re.compile(r"\d{3}\.\d+(?:\.\d+)?")
_CONTAINERD: Final = re.compile(r"\bcontainerd\S*\s+\S+\s+v?(\d+\.\d+\.\d+[\w.\-+]*)")
_DCGM: Final = re.compile(r"^\s*(?:dcgmi\s+)?version\s*:\s*(\d[\d.]*)", re.IGNORECASE | re.MULTILINE)
_DKMS: Final = re.compile(
    r"^(?P<module>[\w.\-+]+)[/,]\s*(?P<version>[^,\s]+)(?:,\s*(?P<kernel>[^,\s]+),\s*\S+?)?:\s*(?P<state>\w+)", re.MULTILINE
)  # fmt: skip
_PACKAGE: Final = re.compile(r"^[a-z0-9][a-z0-9+.\-]+$")
_UNIT: Final = frozenset({"active", "inactive", "failed", "activating", "deactivating", "reloading", "unknown"})


class Package(NamedTuple):
    """One row of dpkg's database."""

    version: str
    status: str
    """Two letters: wanted and is; ``ii``: installed, ``hi``: held and installed, ``rc``: its configuration is left."""

    @property
    def installed(self) -> bool:
        """Tell whether its files are there."""
        return self.status[1:2] == "i"


class Dkms(NamedTuple):
    """One row of ``dkms status``."""

    module: str
    version: str
    kernel: str
    """Empty: it is added, and built for none."""
    state: str


def os_release(text: str) -> str | None:
    """Return ``VERSION_ID`` of ``/etc/os-release`` (os-release(5))."""
    found = re.search(r"^VERSION_ID=[\"']?([^\"'\n]+)", text, re.MULTILINE)
    return found[1].strip() if found else None


def kernel_release(text: str) -> str | None:
    """Return what ``uname -r`` prints."""
    word = text.strip()
    return word if _KERNEL.fullmatch(word) else None


def dpkg_version(text: str) -> str | None:
    """Return the version that ``dpkg-query -W -f='${Version}' PACKAGE`` prints, without its epoch."""
    word = text.strip().split("\n")[0].strip()
    return re.sub(r"^\d+:", "", word) if re.fullmatch(r"(?:\d+:)?\d[\w.+~\-]*", word) else None


def ofed_info(text: str) -> str | None:
    """Return the version behind the name: ``25.01-0.6.0`` of ``OFED-internal-25.01-0.6.0:`` (host-stack.md 2)."""
    found = _OFED.search(text)
    return found[1].rstrip(":") if found else None


def gpu_driver(text: str) -> tuple[str, ...] | None:
    """Return the versions that ``nvidia-smi --query-gpu=driver_version`` prints a line, or ``/proc/driver/nvidia/version`` once."""
    found = _DRIVER_FILE.search(text)
    if found:
        return (found[1],)
    lines = [line.strip() for line in text.splitlines() if line.strip() and line.strip() != "driver_version"]
    return tuple(dict.fromkeys(lines)) if lines and all(_DRIVER.fullmatch(line) for line in lines) else None


def fabric_manager(text: str) -> str | None:
    """Return the version that ``nv-fabricmanager --version`` prints."""
    found = _FABRIC.search(text)
    return found[1] if found else None


def dcgm_version(text: str) -> str | None:
    """Return the version of ``dcgmi --version``."""
    found = _DCGM.search(text)
    return found[1] if found else None


def containerd_version(text: str) -> str | None:
    """Return the version of ``containerd --version``: name, package, version, commit."""
    found = _CONTAINERD.search(text)
    return found[1] if found else None


def dpkg_packages(text: str) -> dict[str, Package] | None:
    """Return packages by name, of ``dpkg-query -W`` with package, version and ``${db:Status-Abbrev}``, or of ``dpkg -l``."""
    found: dict[str, Package] = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 3 and re.fullmatch(r"[uihrp][nicurhWt]", words[0]):
            name, version, status = words[1].partition(":")[0], words[2], words[0]
        elif len(words) == 3 and re.fullmatch(r"[uihrp][nicurhWt]R?", words[2]):
            name, version, status = words
        elif len(words) == 2 and re.fullmatch(r"[uihrp]n", words[1]):
            name, version, status = words[0], "", words[1]
        else:
            continue
        if _PACKAGE.match(name):
            found[name] = Package(version, status)
    return found or None


def held(text: str) -> tuple[str, ...] | None:
    """Return the names that ``apt-mark showhold`` prints, one a line; none is an answer, for apt prints nothing then."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    names = tuple(line.partition(":")[0] for line in lines)
    return names if all(_PACKAGE.match(name) for name in names) else None


def dkms(text: str) -> tuple[Dkms, ...] | None:
    """Return the rows of ``dkms status``, in the form of dkms 2 (``iser, 25.01, ...``) and 3 (``iser/25.01, ...``)."""
    rows = tuple(
        Dkms(found["module"], found["version"], found["kernel"] or "", found["state"]) for found in _DKMS.finditer(text)
    )
    return rows or None


def modules(text: str) -> frozenset[str] | None:
    """Return the loaded modules of ``lsmod``."""
    lines = text.splitlines()
    head = next((at for at, line in enumerate(lines) if line.split()[:2] == ["Module", "Size"]), None)
    if head is None:
        return None
    return frozenset(line.split()[0] for line in lines[head + 1 :] if line.split()) or None


def units(text: str) -> tuple[str, ...] | None:
    """Return the states that ``systemctl is-active UNIT...`` prints, a line each."""
    words = tuple(text.split())
    return words if words and all(word in _UNIT for word in words) else None


def settings(text: str) -> dict[str, str] | None:
    """Return what ``sysctl NAME...`` or ``sysctl -a`` prints: ``name = value``."""
    pairs = (line.split("=", 1) for line in text.splitlines() if re.match(r"[a-z][\w.\-/]*\s*=", line))
    return {name.strip(): " ".join(value.split()) for name, value in pairs} or None
