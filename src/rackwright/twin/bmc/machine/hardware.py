"""What stands in a machine: made from a device of the plan and the catalog's rows; what no source gives is made up by rule, [assumed]."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from rackwright.catalog.models import Catalog, GpuModel, NicModel, ServerModel
from rackwright.intent.models import Group
from rackwright.plan.model import Device, Plan

__all__ = ["BOSS", "Cpu", "Dimm", "Drive", "Gpu", "Hardware", "Nic", "Port", "Psu", "Volume", "hardware", "made_up"]


@dataclass(frozen=True, slots=True)
class Cpu:
    """A processor."""

    fqdd: str
    model: str
    cores: int
    mhz: int


@dataclass(frozen=True, slots=True)
class Dimm:
    """A memory module."""

    fqdd: str
    capacity_mib: int
    speed_mts: int
    serial: str
    part: str


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU."""

    fqdd: str
    """``Video.Slot.N-1`` [assumed]: no capture of an XE9680 exists."""
    slot: int
    model: str
    serial: str
    memory_mib: int


@dataclass(frozen=True, slots=True)
class Port:
    """A port of an adapter."""

    fqdd: str
    number: int
    mac: str
    plan_port: str
    """The port as the plan names it, ``b3140h-3``; it asks the link hook for this one."""
    speed_mbps: int
    cabled: bool


@dataclass(frozen=True, slots=True)
class Nic:
    """A network adapter."""

    fqdd: str
    """``NIC.Slot.3`` or ``NIC.Embedded.1``."""
    slot: int | None
    adapter: str
    """The adapter as the plan names it, ``b3140h-3``."""
    key: str
    """Key of its catalog row."""
    model: str
    manufacturer: str
    part: str
    serial: str
    pci: tuple[str, str, str, str]
    """Vendor, device, sub-vendor and sub-device id in upper hex."""
    lanes: int
    ports: tuple[Port, ...]
    dpu_bmc: bool
    bmc_mac: str = ""


@dataclass(frozen=True, slots=True)
class Drive:
    """A drive."""

    fqdd: str
    controller: str
    model: str
    serial: str
    capacity_bytes: int
    protocol: str = "NVMe"


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume."""

    fqdd: str
    controller: str
    raid: str
    capacity_bytes: int
    drives: tuple[str, ...]


@dataclass(slots=True)
class Psu:
    """A power supply; a fault can take it away."""

    fqdd: str
    watts: int | None
    serial: str
    present: bool = True


@dataclass(slots=True)
class Hardware:
    """Everything that stands in one server."""

    name: str
    key: str
    """Key of the catalog row, ``xe9680``."""
    model: str
    """As the BMC tells it, ``PowerEdge XE9680``."""
    service_tag: str
    serial: str
    uuid: str
    bmc_mac: str
    management: str
    memory_gib: int
    cpus: tuple[Cpu, ...] = ()
    dimms: tuple[Dimm, ...] = ()
    gpus: tuple[Gpu, ...] = ()
    nics: tuple[Nic, ...] = ()
    drives: tuple[Drive, ...] = ()
    volumes: tuple[Volume, ...] = ()
    psus: list[Psu] = field(default_factory=list)
    generation: str = "16G Monolithic"


_MANUFACTURERS: Final = {"14E4": "Broadcom Inc. and subsidiaries", "15B3": "Mellanox Technologies"}
_PARTS: Final[Mapping[str, tuple[str, tuple[str, str, str, str]]]] = {
    "b3140h": ("900-9D3D4-00EN-HA0", ("15B3", "A2DC", "15B3", "0051")),
    "b3220l": ("900-9D3B4-00CV-EA0", ("15B3", "A2DC", "15B3", "0052")),
    "cx6dx": ("MCX623106AS-CDAT", ("15B3", "101D", "15B3", "0042")),
    "lom": ("0BCM5720", ("14E4", "165F", "1028", "08FF")),
}
"""Ordering number (redfish.md 2.5 [D] for BlueField) and PCI ids; vendor and device ids of BlueField-3 and BCM5720 are captured,
ConnectX-6 Dx' 101D is from the PCI id list, sub-device ids are [assumed]."""
_WATTS: Final = {"xe9680": 2800, "r760xa": 2800}
_PSUS: Final = {"xe9680": 6}
"""[assumed] where the catalog gives none: no source."""
_CPU: Final = {"xe9680": ("Intel(R) Xeon(R) Platinum 8480+", 56), "r760xa": ("Intel(R) Xeon(R) Gold 6448Y", 32)}
_EMBEDDED: Final = frozenset({"lom"})
BOSS: Final = "AHCI.Slot.1-1"
"""FQDD of the boot controller [assumed]."""
_GPU_SLOT: Final = 20
"""GPUs follow from slot 21 on [assumed]."""
_BIG_MEMORY: Final = 512
_CAPACITY: Final = 960_197_124_096
"""A 960 GB M.2 device in bytes [assumed]."""


def made_up(*words: str, length: int = 12) -> str:
    """Return upper hex digits that are always the same for the same words."""
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:length].upper()


def _mac(*words: str) -> str:
    digits = "02" + made_up(*words, length=10).lower()
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


def hardware(plan: Plan, device: Device, catalog: Catalog, group: Group | None = None) -> Hardware:
    """Make the hardware of one server of a plan.

    ``group`` is the site's group of the device; it may name the GPU, the memory and other adapters than the model's. Slot
    numbers are the catalog's where it has them, else 1, 2, 3, ... in the order of its list [assumed]. Raises ``KeyError`` for a
    model that the catalog does not know.
    """
    row = catalog.servers[device.model]
    name = device.name
    memory = (group.memory_gb if group else None) or row.memory_gb or 64
    drives, volumes = _boss(name, row)
    return Hardware(
        name=name,
        key=row.key,
        model=row.name.removeprefix("Dell "),
        service_tag=device.serial or made_up(name, "tag", length=7),
        serial="CN" + made_up(name, "board", length=12),
        uuid=_uuid(name),
        bmc_mac=dict(device.macs).get("bmc") or _mac(name, "bmc"),
        management=device.management,
        memory_gib=memory,
        cpus=_cpus(row),
        dimms=_dimms(name, memory),
        gpus=_gpus(name, row, catalog, group),
        nics=_nics(plan, device, catalog, _counts(row, group)),
        drives=drives,
        volumes=volumes,
        psus=_psus(name, row),
    )


def _uuid(name: str) -> str:
    digits = made_up(name, "uuid", length=32).lower()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _cpus(row: ServerModel) -> tuple[Cpu, ...]:
    model, cores = _CPU.get(row.key, ("Intel(R) Xeon(R) Gold 6426Y", 16))
    return tuple(Cpu(f"CPU.Socket.{socket}", model, cores, 2000) for socket in (1, 2))


def _dimms(name: str, memory_gib: int) -> tuple[Dimm, ...]:
    """Return the modules: as many of 64 GB as give the memory, of 16 GB for little memory [assumed]."""
    each = 64 if memory_gib >= _BIG_MEMORY else 16
    count = max(1, memory_gib // each)
    found = []
    for place in range(count):
        socket, number = "AB"[place % 2], place // 2 + 1
        fqdd = f"DIMM.Socket.{socket}{number}"
        found.append(Dimm(fqdd, each * 1024, 4800, made_up(name, fqdd, length=8), f"DDR5-{each}G"))
    return tuple(found)


def _gpus(name: str, row: ServerModel, catalog: Catalog, group: Group | None) -> tuple[Gpu, ...]:
    key = (group.gpu if group else None) or (row.gpus[0] if row.gpus else "")
    if not key:
        return ()
    model: GpuModel = catalog.gpus[key]
    return tuple(
        Gpu(
            f"Video.Slot.{_GPU_SLOT + n}-1",
            _GPU_SLOT + n,
            model.name,
            made_up(name, "gpu", str(n), length=13),
            model.memory_gb * 1024,
        )
        for n in range(1, row.gpu_count + 1)
    )


def _counts(row: ServerModel, group: Group | None) -> list[tuple[str, int, tuple[int | None, ...]]]:
    """Return (NIC key, how many, their slots): the model's, changed by the group's own."""
    own = dict(group.nics) if group else {}
    counts = [(slot.nic, own.pop(slot.nic, slot.count), slot.slots) for slot in row.nics]
    return counts + [(nic, count, ()) for nic, count in own.items()]


def _nics(
    plan: Plan, device: Device, catalog: Catalog, counts: list[tuple[str, int, tuple[int | None, ...]]]
) -> tuple[Nic, ...]:
    cabled = {end.port for link in plan.links for end in (link.a, link.b) if end.device == device.name}
    found = []
    taken = {slot for _, _, slots in counts for slot in slots if slot}
    free = (slot for slot in range(1, 41) if slot not in taken)
    for key, count, slots in counts:
        for index in range(1, count + 1):
            given = slots[index - 1] if index <= len(slots) else None
            slot = None if key in _EMBEDDED else given or next(free)
            found.append(_nic(device, catalog.nics[key], index, slot, cabled))
    return tuple(found)


def _nic(device: Device, row: NicModel, index: int, slot: int | None, cabled: set[str]) -> Nic:
    fqdd = f"NIC.Slot.{slot}" if slot else f"NIC.Embedded.{index}"
    adapter = f"{row.key}-{index}"
    part, pci = _PARTS.get(row.key, ("", ("15B3", "0000", "15B3", "0000")))
    macs = dict(device.macs)
    ports = []
    for number in range(1, row.ports + 1):
        word = f"lom{number}" if row.key in _EMBEDDED else adapter if row.ports == 1 else f"{adapter}.{number}"
        mac = macs.get(word) or _mac(device.name, word)
        # A LOM's ports are adapters of their own in an FQDD: NIC.Embedded.1-1-1 and NIC.Embedded.2-1-1 [C].
        port = f"NIC.Embedded.{number}-1-1" if row.key in _EMBEDDED else f"{fqdd}-{number}-1"
        ports.append(Port(port, number, mac, word, row.speeds_gbps[0] * 1000, word in cabled))
    return Nic(
        fqdd=fqdd,
        slot=slot,
        adapter="lom" if row.key in _EMBEDDED else adapter,
        key=row.key,
        model=row.name,
        manufacturer=_MANUFACTURERS.get(pci[0], ""),
        part=part,
        serial=made_up(device.name, adapter, length=12),
        pci=pci,
        lanes=1 if row.key in _EMBEDDED else 16,
        ports=tuple(ports),
        dpu_bmc=row.has_dpu_bmc,
        bmc_mac=(macs.get(f"{adapter}.bmc") or _mac(device.name, adapter, "bmc")) if row.has_dpu_bmc else "",
    )


def _boss(name: str, row: ServerModel) -> tuple[tuple[Drive, ...], tuple[Volume, ...]]:
    """Return the boot drives and their mirror, where the model boots from a BOSS-N1."""
    if "BOSS-N1" not in row.boot_device:
        return (), ()
    drives = tuple(
        Drive(
            f"Disk.Direct.{n}-{n}:{BOSS}",
            BOSS,
            "Dell BOSS-N1 M.2 960GB",
            made_up(name, "m2", str(n), length=12),
            _CAPACITY,
        )
        for n in (0, 1)
    )
    return drives, (Volume(f"Disk.Virtual.0:{BOSS}", BOSS, "RAID1", _CAPACITY, tuple(one.fqdd for one in drives)),)


def _psus(name: str, row: ServerModel) -> list[Psu]:
    count = row.power_supplies or _PSUS.get(row.key, 2)
    watts = _WATTS.get(row.key) or row.power_w
    return [Psu(f"PSU.Slot.{n}", watts, "CN" + made_up(name, "psu", str(n), length=10)) for n in range(1, count + 1)]
