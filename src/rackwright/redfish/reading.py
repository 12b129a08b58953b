"""Resources of a BMC -> one Inventory, for every vendor by the same path: the links of the resources themselves.

What is missing, null or says that it does not know becomes empty, and never a value. What is linked and was not told stands
in ``untold``; so does what the driver asked for in vain.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from rackwright.redfish import adapters, hardware
from rackwright.redfish.inventory import Bios, Dimm, Inventory, Nic, Resources, Software
from rackwright.redfish.jobs import job, jobs, local_time
from rackwright.redfish.registry import Registry
from rackwright.redfish.software import software
from rackwright.redfish.tree import Node, Tree, inner, macs, text

__all__ = ["inventory", "job", "jobs", "marks", "ports", "registry"]

_ROOT = "/redfish/v1"
_KINDS = (
    ("bluefield", re.compile(r"bluefield")),
    ("idrac", re.compile(r"\bdell\b|integrated dell remote access|idrac")),
    ("hpe", re.compile(r"\bhpe?\b|hewlett|\bilo\b|proliant")),
    ("lenovo", re.compile(r"lenovo|xclarity|thinksystem")),
    ("supermicro", re.compile(r"super ?micro")),
    ("nvidia", re.compile(r"nvidia")),
)
"""In this order: a BlueField calls itself NVIDIA too."""
_LOCKDOWN = "Lockdown.1.SystemLockdown"
_PASSWORDS = re.compile(r"(password|secret|passphrase)$", re.IGNORECASE)
_MIB_A_GIB = 1024
_HARDWARE = ("Processors", "Memory", "Storage", "EthernetInterfaces")
_LESS_LIKELY = re.compile(r"HGX|Baseboard", re.IGNORECASE)
"""A system of the GPU baseboard beside the host's (NVIDIA)."""


@dataclass(slots=True)
class _Machine:
    """The resources from which everything else is reached."""

    root: Node
    systems: list[Node]
    chassis: list[Node]
    managers: list[Node]
    asked: bool
    """Whether the hardware was asked for: what is linked and missing then is a gap."""

    @property
    def system(self) -> Node:
        """The host itself."""
        return next(
            (one for one in self.systems if not _LESS_LIKELY.search(text(one, "Id"))),
            self.systems[0] if self.systems else {},
        )

    def told(self, key: str) -> str:
        """Return what the host tells or, where it does not, a baseboard beside it."""
        return next((word for one in (self.system, *self.systems) if (word := text(one, key))), "")

    @property
    def manager(self) -> Node:
        """The BMC that speaks."""
        linked = text(self.root, "Links", "ManagerProvidingService", "@odata.id")
        return next(
            (one for one in self.managers if linked and text(one, "@odata.id") == linked),
            next(
                (one for one in self.managers if text(one, "ManagerType") == "BMC"),
                self.managers[0] if self.managers else {},
            ),
        )


def inventory(resources: Resources) -> Inventory:
    """Read everything that the resources tell of a machine; never raises for what a BMC wrote."""
    tree = Tree(resources)
    machine = _machine(tree)
    system, manager = machine.system, machine.manager
    kind = _kind(machine)
    processors = _of_systems(tree, machine, "Processors", "Processor")
    dimms = hardware.dimms(_of_systems(tree, machine, "Memory", "Memory"))
    devices, slots = _pcie(tree, machine)
    nics = adapters.nics(tree, machine.chassis, machine.systems, (devices, slots), asked=machine.asked)
    controllers = hardware.storages(tree, machine.systems, asked=machine.asked)
    rows = software(tree)
    return Inventory(
        model=machine.told("Model"),
        manufacturer=machine.told("Manufacturer"),
        service_tag=_tag(machine, kind),
        bmc_kind=kind,
        bmc_version=text(manager, "FirmwareVersion"),
        bmc_macs=_bmc_macs(tree, machine),
        bmc_reset=local_time(manager.get("LastResetTime")) if manager else "",
        bios_version=text(system, "BiosVersion"),
        power=text(system, "PowerState"),
        memory_mib=_memory(system, dimms),
        lockdown=_lockdown(tree, machine),
        cpus=hardware.cpus(processors),
        dimms=dimms,
        gpus=hardware.gpus(tree, processors, _videos(tree, machine), devices),
        nics=_with_rows(nics, rows),
        drives=hardware.drives(tree, controllers),
        volumes=hardware.volumes(tree, controllers),
        psus=hardware.psus(tree, machine.chassis, asked=machine.asked),
        psu_redundancy=hardware.psu_redundancy(tree, machine.chassis),
        software=rows,
        jobs=jobs(tree),
        bios=_bios(tree, machine),
        untold=tree.untold(),
    )


def ports(resources: Resources) -> Inventory:
    """Read the power and the network adapters with their ports, and nothing else: what a look at links asks for again and again."""
    tree = Tree(resources)
    machine = _machine(tree)
    nics = adapters.nics(tree, machine.chassis, machine.systems, ([], []), asked=machine.asked)
    return Inventory(power=text(machine.system, "PowerState"), nics=nics)


def marks(resources: Resources) -> Inventory:
    """Read what tells a machine from its equals, its service tag and the MAC addresses of its BMC, and nothing else of it."""
    tree = Tree(resources)
    machine = _machine(tree)
    return Inventory(service_tag=_tag(machine, _kind(machine)), bmc_macs=_bmc_macs(tree, machine))


def registry(resources: Resources, bios: Bios | None) -> Registry:
    """Return the attribute registry of a machine's BIOS; an empty one when it was not read."""
    return Registry.of(Tree(resources).at(bios.registry) if bios is not None and bios.registry else {})


def _machine(tree: Tree) -> _Machine:
    root = tree.at(_ROOT)
    systems = tree.members(root, "Systems") or tree.of_type("ComputerSystem")
    if not systems:
        tree.gap(text(root, "Systems", "@odata.id") or f"{_ROOT}/Systems", "no computer system is told")
    asked = tree.named(root, "Chassis") or any(tree.named(one, key) for one in systems for key in _HARDWARE)
    return _Machine(
        root=root,
        systems=systems,
        chassis=tree.members(root, "Chassis", asked=asked) or tree.of_type("Chassis"),
        managers=tree.members(root, "Managers") or tree.of_type("Manager"),
        asked=asked,
    )


def _kind(machine: _Machine) -> str:
    """Say whose BMC it is, from what the service root, the host and the manager call themselves."""
    root, system, manager = machine.root, machine.system, machine.manager
    words = [
        text(root, "Vendor"),
        text(root, "Product"),
        text(system, "Manufacturer"),
        text(system, "Model"),
        text(manager, "Id"),
    ]
    words += [word for node in (root, system, manager) for word in _keys(node.get("Oem"))]
    clues = " ".join(words).lower()
    return next((kind for kind, pattern in _KINDS if pattern.search(clues)), "other" if clues.strip() else "")


def _keys(raw: Any) -> Iterable[str]:
    return (str(key) for key in raw) if isinstance(raw, Mapping) else ()


def _tag(machine: _Machine, kind: str) -> str:
    if kind == "idrac":
        tags = (
            text(machine.system, "SKU"),
            text(machine.root, "Oem", "Dell", "ServiceTag"),
            text(machine.root, "ServiceIdentification"),
        )
        return next((tag for tag in tags if tag), "")
    return machine.told("SerialNumber")


def _bmc_macs(tree: Tree, machine: _Machine) -> tuple[str, ...]:
    """Return the addresses of the BMC's own interfaces; a VLAN of one and the way to the host are none of them."""
    interfaces = tree.members(machine.manager, "EthernetInterfaces", asked=False)
    real = [
        one
        for one in interfaces
        if text(one, "EthernetInterfaceType") in {"", "Physical"}
        and not text(one, "Id").startswith(("tmfifo", "usb", "hostusb", "vlan"))
    ]
    told = [each for one in real for each in (one.get("PermanentMACAddress"), one.get("MACAddress"))]
    return macs(*told, inner(machine.root, "Oem", "Dell", "ManagerMACAddress"))


def _memory(system: Node, dimms: tuple[Dimm, ...]) -> int | None:
    """Return the memory in MiB, of the modules or of the summary, whichever tells more: a module may not be told."""
    gib = inner(system, "MemorySummary", "TotalSystemMemoryGiB")
    summary = (
        round(gib * _MIB_A_GIB)
        if isinstance(gib, (int, float)) and not isinstance(gib, bool) and 0 < gib < float("inf")
        else 0
    )
    return max(summary, sum(one.capacity_mib for one in dimms)) or None


def _lockdown(tree: Tree, machine: _Machine) -> bool | None:
    holders = tree.linked(machine.manager, "Links", "Oem", "Dell", "DellAttributes")
    for one in (*holders, *tree.of_type("DellAttributes")):
        word = text(one, "Attributes", _LOCKDOWN)
        if word in {"Enabled", "Disabled"}:
            return word == "Enabled"
    return None


def _of_systems(tree: Tree, machine: _Machine, collection: str, kind: str) -> list[Node]:
    """Return what stands in the host and, for GPUs, in a baseboard beside it, which repeats the host's own parts."""
    found = {_uri(one): tree.members(one, collection, asked=machine.asked) for one in machine.systems}
    own = found.get(_uri(machine.system), [])
    beside = [one for members in found.values() for one in members if members is not own]
    gpus = [one for one in beside if text(one, "ProcessorType") == "GPU"]
    return (own + gpus if own else beside) or tree.of_type(kind)


def _uri(node: Node) -> str:
    return text(node, "@odata.id").rstrip("/")


def _videos(tree: Tree, machine: _Machine) -> list[Node]:
    return [
        one
        for system in machine.systems
        for one in tree.members(system, "Links", "Oem", "Dell", "DellVideoCollection", asked=False)
    ]


def _pcie(tree: Tree, machine: _Machine) -> tuple[list[Node], list[Node]]:
    """Return the PCIe devices and the slots; both are listed below a chassis, devices also below the host."""
    holders = (*machine.chassis, *machine.systems)
    devices = [one for holder in holders for one in tree.members(holder, "PCIeDevices", asked=False)]
    devices = devices or tree.of_type("PCIeDevice")
    for one in machine.chassis:
        devices += tree.members(one, "Oem", "Hpe", "Links", "Devices", asked=False)
    slots: list[Node] = []
    for one in machine.chassis:
        raw = tree.follow(one.get("PCIeSlots")).get("Slots")
        slots += [slot for slot in raw if isinstance(slot, Mapping)] if isinstance(raw, list) else []
    return list({id(one): one for one in devices}.values()), slots


def _with_rows(nics: tuple[Nic, ...], rows: tuple[Software, ...]) -> tuple[Nic, ...]:
    """Give adapters that do not tell their PCI ids or their model those of their row in the firmware inventory."""

    def completed(nic: Nic) -> Nic:
        places = (nic.fqdd, *(port.fqdd for port in nic.ports))
        mine = [one for one in rows if one.fqdd in places or one.fqdd.startswith(f"{nic.fqdd}-")]
        pci = next((one.pci for one in mine if one.pci[0]), nic.pci)
        model = next((adapters.without_mac(one.name) for one in mine if one.name), nic.model)
        return msgspec.structs.replace(nic, pci=nic.pci if nic.pci[0] else pci, model=nic.model or model)

    return tuple(map(completed, nics))


def _bios(tree: Tree, machine: _Machine) -> Bios | None:
    node = tree.follow(machine.system.get("Bios"))
    node = node or next(
        (one for one in tree.of_type("Bios") if "@Redfish.Settings" in one or "AttributeRegistry" in one), {}
    )
    current = _attributes(node)
    if not current and not isinstance(node.get("Attributes"), Mapping):
        return None
    staged = _attributes(tree.follow(inner(node, "@Redfish.Settings", "SettingsObject")))
    if staged.keys() >= current.keys():
        # Some vendors repeat all attributes there; what is in force already is not staged.
        staged = {name: value for name, value in staged.items() if name not in current or current[name] != value}
    return Bios(attributes=current, pending=staged, registry=_registry_uri(tree, machine, node))


def _attributes(node: Node) -> dict[str, Any]:
    """Return the attributes of a Bios without the ones that are passwords."""
    raw = node.get("Attributes")
    if not isinstance(raw, Mapping):
        return {}
    return {
        str(name): value
        for name, value in raw.items()
        if isinstance(value, (str, int, float)) and not (isinstance(value, str) and _password(str(name)))
    }


@lru_cache(1 << 14)
def _password(name: str) -> bool:
    return bool(_PASSWORDS.search(name))


def _registry_uri(tree: Tree, machine: _Machine, bios: Node) -> str:
    """Find the registry that a Bios names, in the list of registries; the version in its name is not the file's (redfish.md 2.2)."""
    name = text(bios, "AttributeRegistry").partition(".")[0].lower()
    for one in tree.linked(tree.follow(machine.root.get("Registries")), "Members"):
        known = (text(one, "Registry") or text(one, "Id")).lower()
        if known.startswith(name) if name else "bios" in known and "attribute" in known:
            return _location(one)
    inside = text(bios, "@odata.id").rstrip("/") + "/"
    found = tree.uris_of_type("AttributeRegistry")
    return next((uri for uri in found if uri.startswith(inside) or "bios" in uri.rpartition("/")[2].lower()), "")


def _location(entry: Node) -> str:
    """Return where a registry's file is, in English when there is a choice."""
    raw = entry.get("Location")
    places = [one for one in raw if isinstance(one, Mapping)] if isinstance(raw, list) else []
    for one in sorted(places, key=lambda place: text(place, "Language") != "en"):
        uri = text(one, "Uri") or text(one, "Uri", "extref") or text(one, "Uri", "@odata.id")
        if uri:
            return uri.rstrip("/")
    return ""
