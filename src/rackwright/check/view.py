"""Looking things up in one tree: each index is built once, on first use.

Forty rules over a switch of 1,500 leaves have to cost little more than one walk of it, so rules
loop over the few things they speak of (`view.bonds`, `view.neighbors`), never over the leaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from rackwright.check.hardware import Hardware, from_switch, hardware
from rackwright.check.interfaces import (
    Bond,
    Breakout,
    BridgePort,
    Index,
    Interface,
    Segment,
    Svi,
    index,
    number,
    section,
)
from rackwright.check.model import Device, Path, Tree
from rackwright.check.spans import Span, span_of
from rackwright.errors import SchemaUnknown
from rackwright.nvue.schema import Schema, Violation, load

__all__ = ["Bgp", "Neighbor", "View", "Vni"]


@dataclass(frozen=True, slots=True)
class Neighbor:
    """A BGP neighbor with what it inherits from its peer group; ``group`` is empty without one."""

    vrf: str
    name: str
    tree: Tree
    group: str
    group_tree: Tree

    @property
    def path(self) -> Path:
        """Give the path of the neighbor."""
        return ("vrf", self.vrf, "router", "bgp", "neighbor", self.name)

    def setting(self, *keys: str) -> object:
        """Give a leaf of the neighbor, else of its peer group, else None."""
        for tree in (self.tree, self.group_tree):
            found = section(tree, *keys[:-1]).get(keys[-1])
            if found is not None:
                return found
        return None


@dataclass(frozen=True, slots=True)
class Bgp:
    """The BGP instance of one VRF; ASN and router id fall back to the global ones."""

    vrf: str
    tree: Tree
    enabled: bool
    asn: str
    router_id: str
    groups: Mapping[str, Tree]
    neighbors: Mapping[str, Neighbor]

    @property
    def path(self) -> Path:
        """Give the path of the instance."""
        return ("vrf", self.vrf, "router", "bgp")


@dataclass(frozen=True, slots=True)
class Vni:
    """One VLAN-to-VNI mapping of a bridge domain."""

    bridge: str
    vlan: int
    vni: int

    @property
    def legal(self) -> bool:
        """Tell whether the VNI is one (1-16777215, nvue.md 8.4); a switch maps nothing by another."""
        return 0 < self.vni < 1 << 24

    @property
    def path(self) -> Path:
        """Give the path of the mapping."""
        return ("bridge", "domain", self.bridge, "vlan", str(self.vlan), "vni", str(self.vni))


class View:
    """One device, seen through indexes."""

    def __init__(self, device: Device) -> None:
        """Remember the device; nothing is read yet."""
        self.device = device
        self.name = device.name
        self.tree = device.tree

    @cached_property
    def hardware(self) -> Hardware | None:
        """Give what the catalog knows about the switch model; None when the model is unknown."""
        row = self.device.switch
        return from_switch(row) if row is not None else hardware(self.device.model)

    @cached_property
    def schema(self) -> Schema | None:
        """Give the schema of the device's NOS version; None when there is none."""
        try:
            return load(self.device.nos)
        except SchemaUnknown:
            return None

    @cached_property
    def violations(self) -> tuple[Violation, ...]:
        """Give what the schema says about the tree; a secret reference stands in for its value."""
        return tuple(self.schema.check(self.tree, secrets="stand-in")) if self.schema else ()

    @cached_property
    def index(self) -> Index:
        """Give every index about interfaces, from one pass."""
        return index(self.tree)

    @property
    def interfaces(self) -> Mapping[str, Interface]:
        """Give every interface by name."""
        return self.index.interfaces

    @property
    def breakouts(self) -> Mapping[int, Breakout]:
        """Give the breakout of each cage that states one, by cage number."""
        return self.index.breakouts

    @property
    def subports(self) -> Mapping[str, Interface]:
        """Give every configured sub-port by name."""
        return self.index.subports

    @property
    def bonds(self) -> Mapping[str, Bond]:
        """Give every bond by name."""
        return self.index.bonds

    @property
    def bonds_of(self) -> Mapping[str, list[str]]:
        """Give the bonds that claim each member port."""
        return self.index.bonds_of

    @property
    def bridge_ports(self) -> Mapping[str, BridgePort]:
        """Give every interface that is in a bridge domain."""
        return self.index.bridge_ports

    @property
    def svis(self) -> Mapping[str, Svi]:
        """Give every VLAN interface by name."""
        return self.index.svis

    @property
    def segments(self) -> Mapping[str, Segment]:
        """Give every Ethernet segment by interface name."""
        return self.index.segments

    @property
    def uplinks(self) -> list[str]:
        """Give the interfaces marked as multihoming uplinks."""
        return self.index.uplinks

    @cached_property
    def addresses(self) -> Mapping[str, tuple[Span, ...]]:
        """Give the addresses of every interface that has one, without link-local ones and 127/8."""
        read = {name: tuple(map(span_of, texts)) for name, texts in self.index.addressed.items()}
        kept = {name: tuple(span for span in spans if span and not span.local) for name, spans in read.items()}
        return {name: spans for name, spans in kept.items() if spans}

    @cached_property
    def bridges(self) -> Mapping[str, Tree]:
        """Give every bridge domain by name."""
        return {name: section(body) for name, body in section(self.tree, "bridge", "domain").items()}

    @cached_property
    def bridge_vlans(self) -> Mapping[str, frozenset[int]]:
        """Give the VLAN ids of every bridge domain."""
        return {
            name: frozenset(vlan for vlan in map(number, section(body, "vlan")) if vlan is not None)
            for name, body in self.bridges.items()
        }

    @cached_property
    def vnis(self) -> tuple[Vni, ...]:
        """Give every VLAN-to-VNI mapping."""
        return tuple(
            Vni(bridge, number(vlan) or 0, number(vni) or 0)
            for bridge, body in self.bridges.items()
            for vlan, entry in section(body, "vlan").items()
            for vni in section(entry, "vni")
        )

    @cached_property
    def vrfs(self) -> Mapping[str, Tree]:
        """Give every VRF by name."""
        return {name: section(body) for name, body in section(self.tree, "vrf").items()}

    @cached_property
    def bgp(self) -> Mapping[str, Bgp]:
        """Give the BGP instance of each VRF that has one."""
        common = section(self.tree, "router", "bgp")
        return {
            name: _bgp(name, section(body, "router", "bgp"), common)
            for name, body in self.vrfs.items()
            if section(body, "router", "bgp")
        }

    @cached_property
    def neighbors(self) -> tuple[Neighbor, ...]:
        """Give every BGP neighbor of every VRF."""
        return tuple(item for instance in self.bgp.values() for item in instance.neighbors.values())

    @property
    def evpn(self) -> Tree:
        """Give the global EVPN settings."""
        return section(self.tree, "evpn")

    @property
    def evpn_enabled(self) -> bool:
        """Tell whether EVPN is on."""
        return self.evpn.get("enable") == "on"

    @property
    def multihoming(self) -> Tree:
        """Give the global EVPN multihoming settings."""
        return section(self.tree, "evpn", "multihoming")

    @property
    def vxlan(self) -> Tree:
        """Give the VXLAN settings."""
        return section(self.tree, "nve", "vxlan")

    @property
    def vtep(self) -> str:
        """Give the VTEP source address, empty without one."""
        return str(section(self.vxlan, "source").get("address", ""))

    @property
    def roce(self) -> Tree:
        """Give the RoCE settings."""
        return section(self.tree, "qos", "roce")

    @property
    def roce_enabled(self) -> bool:
        """Tell whether RoCE is on."""
        return self.roce.get("enable") == "on"

    @property
    def roce_mode(self) -> str:
        """Give the RoCE mode; ``lossless`` is what NVUE takes when only ``enable`` is given (nvue.md 3.5)."""
        return str(self.roce.get("mode", "lossless")) if self.roce_enabled else ""

    def section(self, *path: str) -> Tree:
        """Give the mapping at a path of the tree, or an empty one."""
        return section(self.tree, *path)

    def mtu(self, name: str) -> int:
        """Give the MTU of an interface in bytes: its own, else its bond's, else 9216 (nvue.md 3.2)."""
        for owner in (name, *self.bonds_of.get(name, ())):
            stated = number(self.index.links.get(owner, {}).get("mtu"))
            if stated is not None:
                return stated
        return 9216


def _bgp(vrf: str, tree: Tree, common: Tree) -> Bgp:
    """Read one BGP instance, its neighbors joined with their peer groups."""
    groups = {name: section(body) for name, body in section(tree, "peer-group").items()}
    neighbors = {}
    for name, body in section(tree, "neighbor").items():
        config = section(body)
        group = str(config.get("peer-group", ""))
        neighbors[name] = Neighbor(vrf, name, config, group, groups.get(group, {}))
    return Bgp(
        vrf,
        tree,
        tree.get("enable", common.get("enable")) == "on",
        str(tree.get("autonomous-system", common.get("autonomous-system", ""))),
        str(tree.get("router-id", common.get("router-id", ""))),
        groups,
        neighbors,
    )
