"""What apt would install: the version that is asked for, the one that a preference holds, or the mirror's own.

Nothing is fetched: whatever a plan pins is in the mirror. What no source gives is plausible and [assumed].
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

__all__ = ["FRESH", "abi_of", "candidate", "driver_of", "kernel_of", "ofed_of", "upstream"]

_KERNEL_BUILD: Final = {"6.8": "6.8.0-57.59"}
"""Series -> build that the mirror has: 6.8.0-57 is the kernel that the matrix of version facts shows."""
FRESH: Final[Mapping[str, str]] = {
    "bash": "5.2.21-2ubuntu4",
    "openssh-server": "1:9.6p1-3ubuntu13.8",
    "pciutils": "1:3.10.0-2build1",
    "ethtool": "1:6.7-1build1",
    "linux-generic": "6.8.0-51.52",
    "linux-image-generic": "6.8.0-51.52",
    "linux-headers-generic": "6.8.0-51.52",
    "netplan.io": "1.1.1-1~ubuntu24.04.1",
}
"""What a fresh installation of Ubuntu 24.04.2 has of what anybody asks about [assumed but for the names]."""
_PLAIN: Final = "1.0-1twin1"


def candidate(word: str, told: Mapping[str, Any]) -> tuple[str, str]:
    """Return name and version for ``name=version`` or a bare name, under the preferences that the play tells."""
    name, _, version = word.partition("=")
    if version:
        return name, version
    if name.startswith("linux-"):
        return name, _kernel(name, str(told["kernel"]["series"]))
    pinned = _pinned(name, told["pins"])
    if pinned:
        return name, pinned
    if name == "doca-ofed":
        return name, f"{told['ofed']['doca']}-0twin1"
    return name, FRESH.get(name, _PLAIN)


def _pinned(name: str, pins: Sequence[Mapping[str, Any]]) -> str:
    for pin in pins:
        words = str(pin["pin"])
        if (
            pin["priority"] > 0
            and words.startswith("version ")
            and any(fnmatchcase(name, one) for one in pin["packages"])
        ):
            return words.removeprefix("version ").replace("*", "1")
    return ""


def _kernel(name: str, series: str) -> str:
    given = re.search(r"linux-(?:image|headers)-(\d+\.\d+\.\d+)-(\d+)-", name)
    if given:
        return f"{given[1]}-{given[2]}.{int(given[2]) + 2}"
    return _KERNEL_BUILD.get(series, f"{series}.0-50.51")


def upstream(version: str) -> str:
    """Return a Debian version without epoch and revision."""
    return re.sub(r"^\d+:", "", version).rpartition("-")[0] or version


def abi_of(version: str) -> str:
    """Return the kernel's release of a package version: ``6.8.0-57-generic`` of ``6.8.0-57.59``."""
    found = re.match(r"(\d+\.\d+\.\d+)[-.](\d+)", version)
    return f"{found[1]}-{found[2]}-generic" if found else ""


def kernel_of(packages: Mapping[str, str]) -> str:
    """Return the release of the newest kernel that is installed."""
    found = [abi_of(version) for name, version in packages.items() if re.match(r"linux-image-", name)]
    return max(found, key=lambda text: [int(word) for word in re.findall(r"\d+", text)], default="")


def ofed_of(packages: Mapping[str, str]) -> str:
    """Return what ``ofed_info -s`` prints, of OFED's own packages (host-stack.md 2); empty: it is not installed."""
    version = packages.get("mlnx-ofed-kernel-dkms") or packages.get("mlnx-ofed-kernel-utils") or ""
    found = re.search(r"OFED\.(\d+\.\d+)\.([\d.]+?)\.\d+-", version)
    return f"OFED-internal-{found[1]}-{found[2]}:" if found else ""


def driver_of(packages: Mapping[str, str]) -> str:
    """Return the version of the GPU driver that is installed; empty: none."""
    found = next((version for name, version in packages.items() if re.fullmatch(r"nvidia-dkms-\d+-open", name)), "")
    return upstream(found) if found else ""
