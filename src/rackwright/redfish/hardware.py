"""Processors, memory, GPUs, storage and power supplies: what stands in a machine, from its own resources."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rackwright.redfish.inventory import Cpu, Dimm, Drive, Gpu, Psu, Volume
from rackwright.redfish.tree import Node, Tree, inner, natural, number, text

__all__ = ["cpus", "dimms", "drives", "gpus", "psu_redundancy", "psus", "storages", "volumes"]

_GPU_MAKERS = re.compile(r"nvidia|\bamd\b|advanced micro devices", re.IGNORECASE)
_GPU_CLASSES = {"DisplayController", "ProcessingAccelerators"}
"""An accelerator of another maker is none: the captured XR8620t has one for radio (vRAN)."""
_NAMELESS = re.compile(r"(?:gpu|processor)[ _]?\d*", re.IGNORECASE)
_VIDEO = re.compile(r"Video\.Slot\.(\d+)")
_RAID_OF_TYPE = {
    "Mirrored": "RAID1",
    "StripedWithParity": "RAID5",
    "SpannedMirrors": "RAID10",
    "SpannedStripesWithParity": "RAID50",
}
"""DMTF's former words for volumes; the new one, ``RAIDType``, wins."""


def _present(node: Node) -> bool:
    """Tell whether something is in its place; a BMC that does not say so is believed."""
    return text(node, "Status", "State") != "Absent"


def cpus(processors: Iterable[Node]) -> tuple[Cpu, ...]:
    """Read the processors that are CPUs, socket by socket."""
    return tuple(
        Cpu(
            fqdd=_id(one),
            model=text(one, "Model"),
            cores=number(one, "TotalCores"),
            health=text(one, "Status", "Health"),
        )
        for one in _sorted(processors)
        if _present(one) and (text(one, "ProcessorType") or ("CPU" if number(one, "TotalCores") else "")) == "CPU"
    )


def dimms(modules: Iterable[Node]) -> tuple[Dimm, ...]:
    """Read the memory modules; an empty socket is none."""
    return tuple(
        Dimm(
            fqdd=_id(one),
            capacity_mib=capacity,
            speed_mts=number(one, "OperatingSpeedMhz"),
            health=text(one, "Status", "Health"),
        )
        for one in _sorted(modules)
        if _present(one) and (capacity := number(one, "CapacityMiB"))
    )


def gpus(tree: Tree, processors: Iterable[Node], videos: Iterable[Node], devices: Iterable[Node]) -> tuple[Gpu, ...]:
    """Read the GPUs: processors of that type, Dell's video cards in slots, else PCIe devices that call themselves so.

    One GPU is told several times by a BMC that offers several of these; it is one by its id, or by its serial number.
    """
    found = [_gpu(tree, one) for one in _sorted(processors) if _present(one) and text(one, "ProcessorType") == "GPU"]
    found += [_gpu(tree, one) for one in _sorted(videos) if _present(one) and _VIDEO.match(_id(one))]
    found = found or [_gpu(tree, one) for one in _sorted(devices) if _present(one) and _is_gpu(tree, one)]
    kept: dict[str, Gpu] = {}
    serials: set[str] = set()
    for one in found:
        if one.fqdd not in kept and one.serial not in serials - {""}:
            kept[one.fqdd] = one
            serials.add(one.serial)
    return tuple(kept.values())


def _gpu(tree: Tree, one: Node) -> Gpu:
    fqdd = _id(one)
    device = next(tree.linked(one, "Links", "PCIeDevice"), {})
    names = (
        text(one, "Model"),
        text(one, "MarketingName"),
        text(device, "Model"),
        text(device, "Name"),
        text(one, "Name"),
    )
    memory = [number(part, "CapacityMiB") for part in _list(one.get("ProcessorMemory"))]
    return Gpu(
        fqdd=fqdd,
        model=next((name for name in names if name and not _NAMELESS.fullmatch(name)), "") or text(one, "PartNumber"),
        serial=text(one, "SerialNumber") or text(device, "SerialNumber"),
        slot=_slot(one, device),
        memory_mib=number(one, "MemorySummary", "TotalMemorySizeMiB") or sum(size or 0 for size in memory) or None,
        firmware=text(one, "FirmwareVersion") or text(device, "FirmwareVersion"),
        health=text(one, "Status", "Health"),
    )


def _slot(one: Node, device: Node) -> str:
    """Return the slot of a GPU: of its name, as it is labelled, or of the device that it is."""
    if (video := _VIDEO.match(_id(one))) is not None:
        return video[1]
    places = ((one, "Location"), (one, "PhysicalLocation"), (device, "Slot", "Location"), (one, "Slot", "Location"))
    labels = [
        text(node, *path, "PartLocation", part)
        for node, *path in places
        for part in ("ServiceLabel", "LocationOrdinalValue")
    ]
    return next((label for label in (*labels, text(one, "Oem", "Supermicro", "GPUSlot")) if label), "")


def _is_gpu(tree: Tree, device: Node) -> bool:
    """Tell whether a PCIe device is a GPU: it says so, or its maker makes them and it calculates or displays."""
    if "GPU" in {text(device, "DeviceType"), text(device, "Oem", "Hpe", "DeviceType")} or text(
        device, "Oem", "Supermicro", "GPUVendor"
    ):
        return True
    if not _GPU_MAKERS.search(text(device, "Manufacturer")):
        return False
    functions = tree.members(device, "PCIeFunctions", asked=False) or list(
        tree.linked(device, "Links", "PCIeFunctions")
    )
    return any(text(one, "DeviceClass") in _GPU_CLASSES for one in functions)


def storages(tree: Tree, systems: Iterable[Node], *, asked: bool = True) -> list[Node]:
    """Return the storage of all systems, controller by controller; ``asked``: not to find it is a gap."""
    return [one for system in systems for one in tree.members(system, "Storage", asked=asked)] or tree.of_type(
        "Storage"
    )


def drives(tree: Tree, controllers: Iterable[Node]) -> tuple[Drive, ...]:
    """Read the drives that are in."""
    found = [
        (one, _id(controller))
        for controller in controllers
        for one in tree.members(controller, "Drives")
        if _present(one)
    ]
    names = _distinct([(_id(one), controller) for one, controller in found])
    return tuple(
        Drive(
            fqdd=name,
            controller=controller,
            model=text(one, "Model"),
            capacity_bytes=number(one, "CapacityBytes"),
            protocol=text(one, "Protocol"),
            health=text(one, "Status", "Health"),
        )
        for name, (one, controller) in zip(names, found, strict=True)
    )


def volumes(tree: Tree, controllers: Iterable[Node]) -> tuple[Volume, ...]:
    """Read the volumes, their drives named as ``drives`` names them.

    A drive by itself, which an iDRAC lists among them, is none.
    """
    controllers = list(controllers)
    found = [
        (one, _id(owner))
        for owner in controllers
        for one in tree.members(owner, "Volumes", asked=_mirrors(owner))
        if text(one, "RAIDType") or text(one, "VolumeType") != "RawDevice"
    ]
    names = _distinct([(_id(one), controller) for one, controller in found])
    of_uri = _names_of_drives(controllers)
    return tuple(
        Volume(
            fqdd=name,
            controller=controller,
            raid=text(one, "RAIDType") or _RAID_OF_TYPE.get(text(one, "VolumeType"), ""),
            capacity_bytes=number(one, "CapacityBytes") or number(one, "Capacity", "Data", "AllocatedBytes"),
            drives=tuple(of_uri.get(_uri(drive), _id(drive)) for drive in _list(inner(one, "Links", "Drives"))),
            health=text(one, "Status", "Health"),
        )
        for name, (one, controller) in zip(names, found, strict=True)
    )


def _mirrors(controller: Node) -> bool:
    """Tell whether volumes matter: drives at the processor have no controller that could mirror them."""
    return bool(controller.get("Drives")) and bool(
        controller.get("Controllers") or controller.get("StorageControllers")
    )


def _names_of_drives(controllers: list[Node]) -> dict[str, str]:
    """Return the names of drives by their URIs, a shared id with its controller in front."""
    found = [
        (_uri(one), _id(one), _id(controller)) for controller in controllers for one in _list(controller.get("Drives"))
    ]
    names = _distinct([(name, controller) for _, name, controller in found])
    return {uri: name for (uri, _, _), name in zip(found, names, strict=True)}


def psus(tree: Tree, chassis: Iterable[Node], *, asked: bool = True) -> tuple[Psu, ...]:
    """Read the power supplies, also empty places, from the PowerSubsystem or the older Power."""
    kept: dict[str, Psu] = {}
    for one in _supplies(tree, chassis, asked=asked):
        # An iDRAC counts them in Power and names them in PowerSubsystem; its own part has the name in both.
        oem = inner(one, "Oem", "Dell")
        dell = text(oem, "DellPowerSupplyView", "Id") or text(oem, "DellPowerSupply", "Id")
        name = dell or text(one, "Id") or text(one, "MemberId") or text(one, "Name") or str(len(kept))
        watts = _watts(one)
        there = _present(one) and bool(text(one, "Status", "State") or watts or text(one, "SerialNumber"))
        kept.setdefault(name, Psu(fqdd=name, watts=watts, health=text(one, "Status", "Health"), present=there))
    return tuple(kept.values())


def _watts(supply: Node) -> int | None:
    """Return the capacity: as such, or the most of its ranges of input."""
    ranges = [
        number(one, key) or 0 for one in _list(supply.get("InputRanges")) for key in ("OutputWattage", "CapacityWatts")
    ]
    return number(supply, "PowerCapacityWatts") or max(ranges, default=0) or None


def _supplies(tree: Tree, chassis: Iterable[Node], *, asked: bool) -> Iterator[Node]:
    for one in chassis:
        newer = tree.below(one, "PowerSubsystem", "PowerSupplies", asked=False)
        older = tree.members(tree.follow(one.get("Power")), "PowerSupplies", asked=asked)
        yield from newer or older
        if asked and not newer and not tree.named(one, "Power"):
            tree.members(one, "PowerSubsystem" if "PowerSubsystem" in one else "Power")


def psu_redundancy(tree: Tree, chassis: Iterable[Node]) -> str:
    """Return how the supplies back each other, as told: what is wrong with it before what it is set to be."""
    told: list[str] = []
    for one in chassis:
        subsystem, power = tree.follow(one.get("PowerSubsystem")), tree.follow(one.get("Power"))
        for group in (*_list(subsystem.get("PowerSupplyRedundancy")), *_list(power.get("Redundancy"))):
            health = text(group, "Status", "Health")
            told.append(
                health
                if health not in {"", "OK"}
                else text(group, "RedundancyType") or text(group, "Mode") or text(group, "Status", "State")
            )
        supplies = tree.below(one, "PowerSubsystem", "PowerSupplies", asked=False)
        told += [text(supply, "Oem", "Dell", "DellPowerSupplyView", "RedundancyStatus") for supply in supplies]
    return next((word for word in told if word), "")


def _id(node: Node) -> str:
    return text(node, "Id") or text(node, "@odata.id").rstrip("/").rpartition("/")[2]


def _sorted(nodes: Iterable[Node]) -> list[Node]:
    return sorted(nodes, key=lambda one: natural(_id(one)))


def _list(raw: object) -> list[Node]:
    return [one for one in raw if isinstance(one, dict)] if isinstance(raw, list) else []


def _uri(node: Node) -> str:
    return text(node, "@odata.id").rstrip("/")


def _distinct(names: list[tuple[str, str]]) -> list[str]:
    """Return names that are one of a kind: an id that several controllers use gets its controller in front."""
    plain = [name for name, _ in names]
    return [name if plain.count(name) == 1 else f"{owner}/{name}" for name, owner in names]
