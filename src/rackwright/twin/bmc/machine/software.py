"""The components of a machine that carry firmware: their rows in the inventory and what puts a new version in force (redfish.md 2.5)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from rackwright.twin.bmc.machine.hardware import BOSS, Hardware, Nic

__all__ = ["VERSIONS", "Activation", "Component", "Row", "before", "components", "lower", "rows"]

Activation = Literal["none", "bmc", "host", "power", "ac"]
"""What puts a new version in force: nothing more; the iDRAC's own restart; a restart of the host; a cold boot; an AC cycle."""

VERSIONS: Final = {
    "idrac": "7.10.30.00",
    "bios": "2.1.5",
    "cpld": "1.4.0",
    "diagnostics": "4301A70",
    "driver-pack": "23.06.01",
    "service-module": "5.3.0.0",
    "backplane": "3.67",
    "psu": "00.1D.9C",
    "tpm": "7.2.2.0",
    "boss": "2.1.13.2025",
    "boot-drive": "1.2.0",
    "gpu-baseboard": "1.5.0",
    "lom-firmware": "22.00.6",
    "cx6dx-firmware": "22.36.1010",
    "bluefield-firmware": "32.43.1014",
}
"""What a machine has when nobody says otherwise. 7.10.30.00, 4301A70, 3.67, 00.1D.9C, 7.2.2.0 and 22.00.6 were captured on an R750;
32.43.1014 is the BlueField-3 release before the design's; the others are plausible and [assumed]."""


@dataclass(slots=True)
class Component:
    """One component."""

    key: str
    """Kind: ``idrac``, ``bios``, ..., as a key of :data:`VERSIONS`."""
    fqdd: str
    software_id: str
    name: str
    version: str
    activation: Activation
    kind: str = "FRMW"
    """Dell's ComponentType: ``FRMW``, ``BIOS``, ``APAC``."""
    pci: tuple[str, str, str, str] = ("", "", "", "")
    updateable: bool = True
    """As shown. BlueField shows true on the captured R750 and cannot be updated there all the same."""
    updates_here: bool = True
    """Whether the iDRAC really updates it."""
    alone: bool = False
    """No other firmware job may wait beside its own (RED149)."""
    keeps_current: bool = False
    """Its current image is kept too: a ``Current-`` row beside the ``Installed-`` one [C]."""
    keeps_former: bool = False
    former: str = ""
    """Version of the image before, shown as a ``Previous-`` row; empty: none."""
    released: str = "00:00:00Z"
    floor: str = ""
    """Least version that may be installed (RED103); empty: none."""
    staged: str = ""
    """Flashed and not in force; empty: nothing."""
    staged_when: Activation = "none"
    shown: str | None = None
    """Version that a fault shows instead (row 30)."""
    minutes: float = 2.0
    """To write it [assumed]."""

    @property
    def identity(self) -> str:
        """Return IdentityInfoValue's entry."""
        if self.pci[0]:
            return "DCIM:firmware:" + ":".join(self.pci)
        return f"DCIM:{'BIOS' if self.kind == 'BIOS' else 'firmware'}:{self.software_id}"


class Row(NamedTuple):
    """One member of the firmware inventory."""

    id: str
    status: str
    """``Installed`` or ``AvailableForInstallation``: kept images say the latter [C]."""
    version: str
    component: Component


def rows(found: Mapping[str, Component]) -> Iterator[Row]:
    """Yield the members of the firmware inventory; the id holds the version, so it changes with every update."""
    for one in found.values():
        version = one.version if one.shown is None else one.shown
        kept = (("Current", one.version if one.keeps_current else ""), ("Previous", one.former))
        for word, image in kept:
            if image:
                yield Row(f"{word}-{one.software_id}-{image}__{one.fqdd}", "AvailableForInstallation", image, one)
        yield Row(f"Installed-{one.software_id}-{version}__{one.fqdd}", "Installed", version, one)


def components(machine: Hardware, versions: Mapping[str, str]) -> dict[str, Component]:
    """Return the components of a machine by FQDD; ``versions`` are by kind (:data:`VERSIONS`) or by FQDD."""
    made: dict[str, Component] = {}
    for one in (*_embedded(machine), *_boot(machine), *_adapters(machine)):
        one.version = versions.get(one.fqdd) or versions.get(one.key) or VERSIONS[one.key]
        one.keeps_current = one.key in _KEEPS_CURRENT
        one.keeps_former = one.fqdd in _KEEPS_FORMER
        one.former = before(one.version) if one.keeps_former else ""
        made[one.fqdd] = one
    made["USC.Embedded.1:LC.Embedded.1"].version = made["iDRAC.Embedded.1-1"].version
    return made


_KEEPS_CURRENT: Final = frozenset({"bios", "backplane", "lom-firmware"})
_KEEPS_FORMER: Final = frozenset({"BIOS.Setup.1-1", "iDRAC.Embedded.1-1"})
"""As on the captured R750."""
_FIXED: Final[tuple[tuple[str, str, str, str, Activation, str, float], ...]] = (
    ("idrac", "iDRAC.Embedded.1-1", "25227", "Integrated Dell Remote Access Controller", "bmc", "FRMW", 4),
    ("idrac", "USC.Embedded.1:LC.Embedded.1", "28897", "Lifecycle Controller", "none", "APAC", 1),
    ("bios", "BIOS.Setup.1-1", "159", "BIOS", "host", "BIOS", 5),
    ("cpld", "CPLD.Embedded.1", "27763", "System CPLD", "ac", "FRMW", 3),
    ("diagnostics", "Diagnostics.Embedded.1:LC.Embedded.1", "25806", "Dell 64 Bit uEFI Diagnostics", "none", "APAC", 1),
    ("driver-pack", "DriverPack.Embedded.1:LC.Embedded.1", "18981", "Dell OS Driver Pack", "none", "APAC", 1),
    (
        "service-module",
        "ServiceModule.Embedded.1",
        "104684",
        "Dell EMC iDRAC Service Module Embedded Package",
        "none",
        "APAC",
        1,
    ),
    ("backplane", "RAID.Backplane.Firmware.1", "107649", "Backplane 1", "host", "FRMW", 2),
    ("tpm", "TPM.Integrated.1-1", "109673", "TPM", "host", "FRMW", 1),
)


def _embedded(machine: Hardware) -> Iterator[Component]:
    for key, fqdd, number, name, activation, kind, minutes in _FIXED:
        yield Component(key, fqdd, number, name, "", activation, kind, alone=key == "cpld", minutes=minutes)
    for psu in machine.psus:
        yield Component(
            "psu", psu.fqdd, "110428", f"Power Supply.{psu.fqdd.removeprefix('PSU.')}", "", "host", minutes=4
        )
    if machine.key == "xe9680":
        # How a real inventory names it is not known [assumed]; the activation is redfish.md 2.5's (KB 000355295, told by others).
        yield Component("gpu-baseboard", "GPU.Baseboard.1-1", "0", "NVIDIA HGX GPU Baseboard", "", "ac", minutes=20)


def _boot(machine: Hardware) -> Iterator[Component]:
    if machine.drives:
        yield Component("boss", BOSS, "0", "BOSS-N1", "", "host")
    for number, drive in enumerate(machine.drives):
        yield Component("boot-drive", drive.fqdd, "0", f"M.2 SSD {number} of BOSS-N1", "", "host", minutes=1)


def _adapters(machine: Hardware) -> Iterator[Component]:
    for nic in machine.nics:
        if nic.dpu_bmc:
            yield _bluefield(nic)
            continue
        key = "lom-firmware" if nic.key == "lom" else f"{nic.key}-firmware"
        if key not in VERSIONS:
            continue
        number = "108255" if nic.key == "lom" else "0"
        for port in nic.ports:
            name = f"{nic.model.split(',')[0]} - {port.mac.upper()}"
            yield Component(key, port.fqdd, number, name, "", "host", pci=nic.pci)


def _bluefield(nic: Nic) -> Component:
    return Component(
        "bluefield-firmware",
        f"{nic.fqdd}-1",
        "0",
        f"Nvidia Network Adapter - {nic.ports[0].mac.upper()}",
        "",
        "power",
        pci=nic.pci,
        updates_here=False,
    )


def _numbers(version: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.findall(r"\d+|[A-Za-z]+", version)]


def lower(version: str, other: str) -> bool:
    """Tell whether a version is lower than another one of the same component; only the twin's own checks use it."""
    return _numbers(version) < _numbers(other)


def before(version: str) -> str:
    """Return a version one step behind: the last number that can go down does."""
    numbers = list(re.finditer(r"\d+", version))
    for match in reversed(numbers):
        if int(match[0]) > 0:
            less = str(int(match[0]) - 1).zfill(len(match[0]))
            return version[: match.start()] + less + version[match.end() :]
    return version
