"""Network adapters in their slots, with the addresses and the link of each port.

An adapter is told in pieces: itself, its ports (new and old form), its functions with their addresses, the PCIe device
that it is, and the host's interfaces. The pieces are joined by links, then by serial number, then by slot.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rackwright.redfish.inventory import Link, Nic, NicPort
from rackwright.redfish.software import pci_ids
from rackwright.redfish.tree import Node, Tree, inner, macs, natural, number, text

__all__ = ["nics", "without_mac"]

_SLOT = re.compile(r"(?:NIC|InfiniBand|FC|DPU)\.(?:Slot|Mezzanine)\.(\d+)")
_LABEL = re.compile(r"(?:pci|slot)\D*(\d+)", re.IGNORECASE)
_NO_SLOT = re.compile(r"embedded|ocp", re.IGNORECASE)
_PARTITION = re.compile(r"^(\w+\.\w+\.\d+-\d+)-\d+$")
_LAST = re.compile(r"(\d+)\D*$")
_WITH_MAC = re.compile(r"\s+-\s+(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$")
_LINKS: dict[str, Link] = {"linkup": "up", "up": "up", "linkdown": "down", "down": "down", "nolink": "down"}
_MBPS = 1000
_DELL = ("Oem", "Dell", "DellNIC")


@dataclass(slots=True)
class _Parts:
    """The pieces of one adapter."""

    tree: Tree
    adapter: Node
    controllers: list[Node]
    functions: list[Node]
    ports: list[Node]
    device: Node
    home: Node
    """The card that the adapter is, where the BMC has a chassis for it; else empty."""

    def told(self, *paths: tuple[str, ...]) -> str:
        """Return the first text at a path in the adapter, its controllers, its functions or its device."""
        holders = (self.adapter, *self.controllers, *self.functions, self.device, self.home)
        return next((word for path in paths for holder in holders if (word := text(holder, *path))), "")


@dataclass(slots=True)
class _Devices:
    """The PCIe devices of a machine by what an adapter is found by, the first of each."""

    by_serial: dict[str, Node]
    by_slot: dict[int, Node]
    by_id: dict[str, Node]
    slots: list[Node]

    @classmethod
    def of(cls, devices: list[Node], slots: list[Node]) -> _Devices:
        """Look through the devices once for all adapters."""
        backwards = devices[::-1]
        return cls(
            {serial: one for one in backwards if (serial := text(one, "SerialNumber"))},
            {place: one for one in backwards if (place := _of_slot(one.get("Slot"))) is not None},
            {_id(one): one for one in devices},
            slots,
        )


def nics(
    tree: Tree, chassis: list[Node], systems: list[Node], pcie: tuple[list[Node], list[Node]], *, asked: bool = True
) -> tuple[Nic, ...]:
    """Read the adapters of all chassis, each once; a BMC without any gives one for each interface of the host.

    ``pcie`` is the devices and the entries of PCIeSlots; ``asked``: not to find the adapters is a gap.
    """
    hosts = [(_id(one), one) for system in systems for one in tree.members(system, "EthernetInterfaces", asked=False)]
    kept: dict[str, Nic] = {}
    adapters = _adapters(tree, chassis, systems, asked=asked)
    devices = _Devices.of(*pcie)
    alone = len({_id(one) for _, one in adapters}) == 1
    for home, one in adapters:
        begins = f"{_id(one)}-"
        own = [each for name, each in hosts if alone or name.startswith(begins)]
        read = _nic(_parts(tree, home, one, devices, own), hosts)
        known = kept.get(read.fqdd)
        if known is None or (len(read.ports), read.part) > (len(known.ports), known.part):
            kept[read.fqdd] = read
    found = list(kept.values())
    if not any(nic.ports for nic in found):
        found += [_lone(one) for _, one in hosts]
    return tuple(sorted(found, key=lambda one: natural(one.fqdd)))


def _adapters(tree: Tree, chassis: list[Node], systems: list[Node], *, asked: bool) -> list[tuple[Node, Node]]:
    """Return the adapters, each with the chassis that is its card, if one is."""
    found: list[tuple[Node, Node]] = []
    for each in chassis:
        home = each if text(each, "ChassisType") in {"Card", "Module"} else {}
        found += [(home, one) for one in tree.members(each, "NetworkAdapters", asked=asked)]
    if not found:
        interfaces = [one for system in systems for one in tree.members(system, "NetworkInterfaces", asked=False)]
        found = [({}, one) for interface in interfaces for one in tree.linked(interface, "Links", "NetworkAdapter")]
    return found or [({}, one) for one in tree.of_type("NetworkAdapter")]


def _parts(tree: Tree, home: Node, adapter: Node, devices: _Devices, own: list[Node]) -> _Parts:
    """Collect the pieces of an adapter; ``own`` are interfaces of the host that are its, for when it tells no functions."""
    raw = adapter.get("Controllers")
    controllers: list[Node] = [one for one in raw if isinstance(one, dict)] if isinstance(raw, list) else []
    functions = _collected(tree, adapter, controllers, "NetworkDeviceFunctions")
    ports = tree.members(adapter, "Ports", asked=False)
    known = {_id(one) for one in ports}
    ports += [one for one in _collected(tree, adapter, controllers, "NetworkPorts") if _id(one) not in known]
    functions = functions or [{"Id": _id(one)} for one in own]
    if not ports and not functions:
        _missing(tree, adapter)
    parts = _Parts(tree, adapter, controllers, functions, ports or _ports_of(functions), {}, home)
    parts.device = _device(parts, devices)
    return parts


def _collected(tree: Tree, adapter: Node, controllers: list[Node], key: str) -> list[Node]:
    """Return the members of a collection of an adapter, and what its controllers link to: read or, if not, by name alone."""
    found = tree.members(adapter, key, asked=False)
    known = {_id(one) for one in found}
    for controller in controllers:
        links = inner(controller, "Links", key)
        for one in links if isinstance(links, list) else []:
            if isinstance(one, dict) and _id(one) and _id(one) not in known:
                known.add(_id(one))
                found.append(tree.follow(one) or one)
    return found


def _ports_of(functions: list[Node]) -> list[Node]:
    """Return a port for each function, or for each group of them that are partitions of one (``NIC.Slot.2-1-1``)."""
    names = dict.fromkeys(_PARTITION.sub(r"\1", _id(one)) for one in functions)
    return [{"Id": name} for name in names]


def _missing(tree: Tree, adapter: Node) -> None:
    """Tell that the ports of an adapter were not told, when it names them."""
    for key in ("Ports", "NetworkPorts"):
        if adapter.get(key) is not None and not tree.named(adapter, key):
            tree.members(adapter, key)
            return


def _device(parts: _Parts, devices: _Devices) -> Node:
    """Find the PCIe device that an adapter is: linked, of the same serial number, or in its slot."""
    linked = [one for ctl in parts.controllers for one in parts.tree.linked(ctl, "Links", "PCIeDevices")]
    linked += list(parts.tree.linked(parts.adapter, "Links", "PCIeDevice"))
    if linked:
        return linked[0]
    if same := devices.by_serial.get(text(parts.adapter, "SerialNumber")):
        return same
    found = _SLOT.match(_id(parts.adapter))
    return _in_slot(int(found[1]), devices) if found else {}


def _in_slot(place: int, devices: _Devices) -> Node:
    if direct := devices.by_slot.get(place):
        return direct
    # A 16G iDRAC links PCIe devices below Systems that it lists below Chassis; the id is the same.
    for slot in devices.slots:
        references = inner(slot, "Links", "PCIeDevice") if _of_slot(slot) == place else None
        for one in references if isinstance(references, list) else []:
            if found := devices.by_id.get(_id(one)):
                return found
    return {}


def _of_slot(slot: object) -> int | None:
    """Return the number of a PCIe slot; a drive's bay is none."""
    if text(slot, "Location", "PartLocation", "LocationType") not in {"Slot", ""} or text(slot, "SlotType") in {
        "U2",
        "M2",
    }:
        return None
    return number(slot, "Location", "PartLocation", "LocationOrdinalValue")


def _nic(parts: _Parts, hosts: list[tuple[str, Node]]) -> Nic:
    adapter, device = parts.adapter, parts.device
    function = next((one for one in parts.functions if isinstance(inner(one, *_DELL), dict)), {})
    pcie = [inner(one, "PCIeInterface") for one in (device, *parts.controllers)]
    return Nic(
        fqdd=_id(adapter),
        slot=_slot(parts),
        model=without_mac(parts.told(("Model",), (*_DELL, "ProductName")) or _name(adapter)),
        manufacturer=parts.told(("Manufacturer",), (*_DELL, "VendorName")),
        part=parts.told(("PartNumber",), (*_DELL, "PartNumber")),
        serial=parts.told(("SerialNumber",), (*_DELL, "SerialNumber")),
        firmware=parts.told(
            ("FirmwarePackageVersion",),
            ("FirmwareVersion",),
            (*_DELL, "FamilyVersion"),
            ("Firmware", "Current", "VersionString"),
        ),
        pci=_pci(parts, function),
        lanes=next((found for one in pcie if (found := number(one, "LanesInUse"))), None),
        lanes_max=next((found for one in pcie if (found := number(one, "MaxLanes"))), None),
        ports=_ports(parts, hosts),
        health=text(adapter, "Status", "Health"),
    )


def without_mac(name: str) -> str:
    """Return the name of an adapter without the address that an iDRAC adds (``... BCM5720 - C8:4B:D6:48:02:E1``)."""
    return _WITH_MAC.sub("", name)


def _name(adapter: Node) -> str:
    name = text(adapter, "Name")
    return "" if name in {"Network Adapter View", _id(adapter)} else name


def _slot(parts: _Parts) -> int | None:
    """Return the PCIe slot: from the FQDD, the device or a label like ``PCI-E Slot 3``."""
    found = _SLOT.match(_id(parts.adapter))
    if found is not None:
        return int(found[1])
    if _id(parts.adapter).startswith("NIC."):
        return None
    slot = _of_slot(parts.device.get("Slot")) or _labelled(text(parts.device, "Location"))
    places = [inner(holder, "Location") for holder in (parts.adapter, *parts.controllers)]
    for one in (each for place in places for each in (place if isinstance(place, list) else [place])):
        slot = slot or _labelled(text(one, "PartLocation", "ServiceLabel")) or _labelled(text(one, "Info"))
        if text(one, "PartLocation", "LocationType") == "Slot":
            slot = slot or number(one, "PartLocation", "LocationOrdinalValue")
    return slot


def _labelled(label: str) -> int | None:
    """Return the number of the PCIe slot that a label names; an OCP slot and an embedded port are none."""
    found = _LABEL.search(label)
    return int(found[1]) if found and not _NO_SLOT.search(label) else None


def _pci(parts: _Parts, function: Node) -> tuple[str, str, str, str]:
    dell = inner(function, *_DELL)
    if isinstance(dell, dict):
        return pci_ids(*(text(dell, key) for key in ("PCIVendorID", "PCIDeviceID", "PCISubVendorID", "PCISubDeviceID")))
    tree, device = parts.tree, parts.device
    functions = tree.members(device, "PCIeFunctions", asked=False) or list(
        tree.linked(device, "Links", "PCIeFunctions")
    )
    for one in functions:
        ids = pci_ids(*(text(one, key) for key in ("VendorId", "DeviceId", "SubsystemVendorId", "SubsystemId")))
        if ids[0]:
            return ids
    return ("", "", "", "")


def _ports(parts: _Parts, hosts: list[tuple[str, Node]]) -> tuple[NicPort, ...]:
    """Read the ports in their order."""
    ports = sorted(parts.ports, key=lambda one: natural(_id(one)))
    known = sorted(((_id(each), _goes_out(each), each) for each in parts.functions), key=lambda row: natural(row[0]))
    found = []
    for one, place in zip(ports, _numbers(ports), strict=True):
        port = _id(one)
        mine = [row for row in known if (row[1] == port if row[1] else row[0] == port or row[0].startswith(f"{port}-"))]
        functions = [each for _, _, each in mine]
        names = [name for name, _, _ in mine] or [port]
        meant = {*names, port}
        hosted = [each for name, each in hosts if name in meant]
        found.append(
            NicPort(
                fqdd=names[0],
                number=place,
                macs=_macs(one, functions, hosted),
                link=_link(one, hosted),
                speed_mbps=_speed(one, hosted),
            )
        )
    return tuple(found)


def _goes_out(function: Node) -> str:
    """Return the id of the port that a function is linked to; empty where it tells none, and its own id begins with the port's."""
    for key in ("PhysicalPortAssignment", "PhysicalNetworkPortAssignment"):
        linked = text(function, "Links", key, "@odata.id") or text(function, key, "@odata.id")
        if linked:
            return linked.rstrip("/").rpartition("/")[2]
    return ""


def _numbers(ports: list[Node]) -> list[int]:
    """Return the numbers of the ports from 1: the last ones of their ids where these tell them apart, else their order."""
    lasts = [int(found[1]) if (found := _LAST.search(_id(one))) else None for one in ports]
    known = [one for one in lasts if one is not None]
    if len(set(known)) < len(ports) or max(known, default=0) > len(ports):
        return list(range(1, len(ports) + 1))
    first = 1 - min(known) if min(known, default=1) == 0 else 0
    return [one + first for one in known]


def _macs(port: Node, functions: list[Node], hosted: list[Node]) -> tuple[str, ...]:
    lasting = [inner(one, "Ethernet", "PermanentMACAddress") for one in functions] + [
        one.get("PermanentMACAddress") for one in hosted
    ]
    told = [inner(port, "Ethernet", "AssociatedMACAddresses"), port.get("AssociatedNetworkAddresses")]
    now = [inner(one, "Ethernet", "MACAddress") for one in functions] + [one.get("MACAddress") for one in hosted]
    return macs(*lasting, *told, *now)


def _link(port: Node, hosted: list[Node]) -> Link:
    words = [text(port, "LinkStatus"), *(text(one, "LinkStatus") for one in hosted)]
    return next((_LINKS[word] for one in words if (word := one.lower()) in _LINKS), "unknown")


def _speed(port: Node, hosted: list[Node]) -> int | None:
    raw = port.get("CurrentSpeedGbps")
    if isinstance(raw, (int, float)) and not isinstance(raw, bool) and 0 < raw < float("inf"):
        return round(raw * _MBPS)
    return number(port, "CurrentLinkSpeedMbps") or next(
        (found for one in hosted if (found := number(one, "SpeedMbps"))), None
    )


def _lone(interface: Node) -> Nic:
    """Make an adapter of an interface of the host, where that is all that a BMC tells."""
    name = _id(interface)
    port = NicPort(
        fqdd=name,
        number=1,
        macs=macs(interface.get("PermanentMACAddress"), interface.get("MACAddress")),
        link=_link(interface, []),
        speed_mbps=number(interface, "SpeedMbps"),
    )
    return Nic(fqdd=name, ports=(port,), health=text(interface, "Status", "Health"))


def _id(node: object) -> str:
    return text(node, "Id") or text(node, "@odata.id").rstrip("/").rpartition("/")[2]
