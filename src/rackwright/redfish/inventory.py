"""The values that a BMC's resources mean; what a BMC does not tell is ``None`` or empty, never guessed.

Components are known by their FQDD (Dell's fully qualified device descriptor, ``NIC.Slot.3-1``) or, at other vendors, by the
id of their resource: an inventory URI holds the version and changes with every update (redfish.md 2.5).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import msgspec

__all__ = [
    "Bios",
    "Cpu",
    "Dimm",
    "Drive",
    "Gpu",
    "Inventory",
    "Job",
    "JobState",
    "Link",
    "Nic",
    "NicPort",
    "Psu",
    "Resources",
    "Software",
    "Volume",
]

Resources: TypeAlias = Mapping[str, Any]
"""URI without a trailing slash (``/redfish/v1/Systems/System.Embedded.1``) -> the JSON object that was read there."""

Link = Literal["up", "down", "unknown"]

JobState = Literal["waiting", "scheduled", "running", "done", "done-with-errors", "failed", "needs-user", "unknown"]
"""The many words of DellJob, JobService and TaskService (redfish.md 2.3) brought to eight."""


class Software(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the firmware inventory."""

    id: str
    uri: str
    name: str
    version: str
    """As printed; ``0``, ``NotAvailable`` and the empty string are kept, and mean that none is told."""
    fqdd: str = ""
    """``BIOS.Setup.1-1``, ``iDRAC.Embedded.1-1``, ``NIC.Slot.3-1``; the id where the vendor has no FQDD."""
    software_id: str = ""
    """Dell's number of the kind of component: 159 is BIOS, 25227 iDRAC; ``0`` for a BlueField-3."""
    status: Literal["installed", "kept", "available", "unknown"] = "installed"
    """``kept``: an image of a former or the current version that the iDRAC keeps; only ``installed`` counts."""
    updateable: bool | None = None
    released: str = ""
    pci: tuple[str, str, str, str] = ("", "", "", "")
    """Vendor, device, sub-vendor and sub-device id in upper hex, where told."""


class Cpu(msgspec.Struct, frozen=True, kw_only=True):
    """A processor in its socket."""

    fqdd: str
    model: str
    cores: int | None = None
    health: str = ""


class Dimm(msgspec.Struct, frozen=True, kw_only=True):
    """A memory module."""

    fqdd: str
    capacity_mib: int
    speed_mts: int | None = None
    health: str = ""


class Gpu(msgspec.Struct, frozen=True, kw_only=True):
    """A GPU."""

    fqdd: str
    model: str
    serial: str = ""
    slot: str = ""
    memory_mib: int | None = None
    firmware: str = ""
    health: str = ""


class NicPort(msgspec.Struct, frozen=True, kw_only=True):
    """One port of an adapter."""

    fqdd: str
    """``NIC.Slot.3-1-1``; the id at other vendors."""
    number: int
    """From 1."""
    macs: tuple[str, ...] = ()
    """Permanent addresses first, lower case with colons."""
    link: Link = "unknown"
    speed_mbps: int | None = None


class Nic(msgspec.Struct, frozen=True, kw_only=True):
    """A network adapter in its place."""

    fqdd: str
    """``NIC.Slot.3-1`` or ``NIC.Slot.3``."""
    slot: int | None = None
    """PCIe slot; None for an embedded or integrated one."""
    model: str = ""
    manufacturer: str = ""
    part: str = ""
    """Part number or OPN, e.g. ``900-9D3D4-00EN-HA0``, trimmed."""
    serial: str = ""
    firmware: str = ""
    pci: tuple[str, str, str, str] = ("", "", "", "")
    lanes: int | None = None
    """PCIe lanes in use."""
    lanes_max: int | None = None
    ports: tuple[NicPort, ...] = ()
    health: str = ""


class Drive(msgspec.Struct, frozen=True, kw_only=True):
    """A drive."""

    fqdd: str
    controller: str
    model: str = ""
    capacity_bytes: int | None = None
    protocol: str = ""
    health: str = ""


class Volume(msgspec.Struct, frozen=True, kw_only=True):
    """A volume of a storage controller."""

    fqdd: str
    controller: str
    raid: str = ""
    """``RAID1``, ...; empty where not told."""
    capacity_bytes: int | None = None
    drives: tuple[str, ...] = ()
    health: str = ""


class Psu(msgspec.Struct, frozen=True, kw_only=True):
    """A power supply."""

    fqdd: str
    watts: int | None = None
    """Capacity in watts."""
    health: str = ""
    present: bool = True


class Bios(msgspec.Struct, frozen=True, kw_only=True):
    """BIOS settings as they are and as they are staged."""

    attributes: dict[str, Any]
    pending: dict[str, Any] = {}
    """Staged and not in force yet."""
    registry: str = ""
    """URI of the attribute registry."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A job of the BMC's queue, whichever of its collections told it."""

    id: str
    name: str = ""
    kind: str = ""
    """Dell's ``JobType``, e.g. ``BIOSConfiguration``, ``FirmwareUpdate``, ``RebootNoForce``."""
    state: JobState = "unknown"
    word: str = ""
    """The state as the BMC words it."""
    message: str = ""
    message_id: str = ""
    """Last dotted token, e.g. ``PR19``."""
    percent: int | None = None
    target: str = ""
    ended: str = ""
    """``2024-08-06T13:52:29``, by the BMC's own clock in its own zone; empty: not told, or it has not ended."""

    @property
    def open(self) -> bool:
        """Tell whether it may still do something."""
        return self.state in {"waiting", "scheduled", "running", "needs-user"}


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one BMC told of its machine."""

    model: str = ""
    manufacturer: str = ""
    service_tag: str = ""
    """Dell's SKU; the serial number at other vendors."""
    bmc_kind: str = ""
    """``idrac``, ``bluefield``, ``hpe``, ``lenovo``, ``supermicro``, ``nvidia`` or ``other``."""
    bmc_version: str = ""
    bmc_macs: tuple[str, ...] = ()
    bmc_reset: str = ""
    """When the BMC itself started, by its own clock in its own zone, to the second; empty: not told. Only to be held against its other times."""
    bios_version: str = ""
    power: str = ""
    """``On``, ``Off``, ``PoweringOn``, ...; empty where not told."""
    memory_mib: int | None = None
    lockdown: bool | None = None
    cpus: tuple[Cpu, ...] = ()
    dimms: tuple[Dimm, ...] = ()
    gpus: tuple[Gpu, ...] = ()
    nics: tuple[Nic, ...] = ()
    drives: tuple[Drive, ...] = ()
    volumes: tuple[Volume, ...] = ()
    psus: tuple[Psu, ...] = ()
    psu_redundancy: str = ""
    """As told, e.g. ``N+1``, ``Enabled``, ``Degraded``."""
    software: tuple[Software, ...] = ()
    jobs: tuple[Job, ...] = ()
    bios: Bios | None = None
    untold: tuple[str, ...] = ()
    """What was asked and not answered, one sentence each."""
