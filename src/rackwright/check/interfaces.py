"""One pass over the ``interface`` map of a tree, giving every index about ports, bonds and bridges.

Every shape error is tolerated here (a mapping that is a string is an empty mapping): the schema
rules speak about shapes, the other rules only about what they can read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from rackwright.check.model import Path, Tree

__all__ = [
    "Bond",
    "Breakout",
    "BridgePort",
    "Index",
    "Interface",
    "PortName",
    "Segment",
    "Svi",
    "index",
    "number",
    "port_name",
    "section",
]

Role = Literal["swp", "sub-port", "bond", "svi", "eth", "loopback", "other"]

_PORT = re.compile(r"swp(\d{1,3})(?:s(\d{1,2}))?\Z")
_EMPTY: Tree = {}


class PortName(NamedTuple):
    """A front-panel port: the cage number and, when the cage is split, the sub-port from 0."""

    cage: int
    sub: int | None

    @property
    def parent(self) -> str:
        """Name the cage's own interface."""
        return f"swp{self.cage}"


@lru_cache(maxsize=8192)
def port_name(name: str) -> PortName | None:
    """Split ``swp3s1`` into cage and sub-port; None when it is no front-panel port."""
    hit = _PORT.match(name)
    if hit is None:
        return None
    return PortName(int(hit[1]), None if hit[2] is None else int(hit[2]))


def section(tree: object, *path: str) -> Tree:
    """Give the mapping at a path, or an empty one when there is none or it is something else."""
    for key in path:
        if type(tree) is not dict:
            return _EMPTY
        tree = tree.get(key)
    return tree if type(tree) is dict else _EMPTY


def number(value: object) -> int | None:
    """Read an integer leaf that may be written as a string; None for anything else."""
    if type(value) is int:
        return value
    if type(value) is str and value.isdecimal():
        return int(value)
    return None


@dataclass(slots=True)
class Interface:
    """One entry of the ``interface`` map."""

    name: str
    role: Role
    tree: Tree
    port: PortName | None = None

    @property
    def path(self) -> Path:
        """Give the path of the entry."""
        return ("interface", self.name)


@dataclass(slots=True)
class Breakout:
    """How a cage is split: ``ways`` sub-ports (1 none, 0 disabled, None not a 5.4+ mode) of ``lanes`` lanes each."""

    cage: int
    name: str
    mode: str
    ways: int | None
    lanes: int | None
    modes: tuple[str, ...]

    @property
    def path(self) -> Path:
        """Give the path of the breakout mode."""
        return ("interface", self.name, "link", "breakout", self.mode)


@dataclass(slots=True)
class Bond:
    """A bond and its members, in the order of the tree."""

    interface: Interface
    members: tuple[str, ...]
    config: Tree


@dataclass(slots=True)
class BridgePort:
    """An interface in a bridge domain; ``vlans`` None means it inherits every VLAN of the bridge."""

    interface: Interface
    bridge: str
    access: int | None
    untagged: int | None
    vlans: frozenset[int] | None
    config: Tree

    @property
    def path(self) -> Path:
        """Give the path of the port's entry in the bridge domain."""
        return ("interface", self.interface.name, "bridge", "domain", self.bridge)


@dataclass(slots=True)
class Svi:
    """A VLAN interface; ``addresses`` are the unique ones, ``virtual`` the VRR ones, as written."""

    interface: Interface
    vlan: int | None
    vrf: str
    addresses: tuple[str, ...]
    virtual: tuple[str, ...]
    base: str


@dataclass(slots=True)
class Segment:
    """An Ethernet segment on an interface (which should be a bond)."""

    interface: Interface
    enabled: bool
    local_id: int | None
    identifier: str
    mac: str
    config: Tree

    @property
    def path(self) -> Path:
        """Give the path of the segment."""
        return ("interface", self.interface.name, "evpn", "multihoming", "segment")

    @property
    def esi(self) -> str:
        """Name the segment: the identifier as given, else MAC and local id; empty when neither is there."""
        if self.identifier:
            return self.identifier.lower()
        return f"{self.mac.lower()}/{self.local_id}" if self.mac and self.local_id is not None else ""


@dataclass(slots=True)
class Index:
    """Everything that one pass over the interfaces gives, each map in the order of the tree."""

    interfaces: dict[str, Interface] = field(default_factory=dict)
    swps: dict[str, Interface] = field(default_factory=dict)
    subports: dict[str, Interface] = field(default_factory=dict)
    subports_of: dict[int, list[Interface]] = field(default_factory=dict)
    breakouts: dict[int, Breakout] = field(default_factory=dict)
    bonds: dict[str, Bond] = field(default_factory=dict)
    bonds_of: dict[str, list[str]] = field(default_factory=dict)
    bridge_ports: dict[str, BridgePort] = field(default_factory=dict)
    svis: dict[str, Svi] = field(default_factory=dict)
    segments: dict[str, Segment] = field(default_factory=dict)
    uplinks: list[str] = field(default_factory=list)
    adaptive: dict[str, Interface] = field(default_factory=dict)
    watchdogs: dict[str, Interface] = field(default_factory=dict)
    links: dict[str, Tree] = field(default_factory=dict)
    addressed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    vrf_of: dict[str, str] = field(default_factory=dict)


def index(tree: Tree) -> Index:
    """Read the ``interface`` map once."""
    out = Index()
    for name, given in section(tree, "interface").items():
        body: Tree = given if type(given) is dict else _EMPTY
        entry = Interface(name, _role(name, body), body, port_name(name))
        out.interfaces[name] = entry
        for key, value in body.items():
            reader = _READERS.get(key)
            if reader is not None and type(value) is dict:
                reader(out, entry, value)
        if entry.port is not None:
            _front_panel(out, entry)
        elif entry.role == "svi":
            out.svis[name] = _svi(entry)
    return out


def _role(name: str, body: Tree) -> Role:
    """Tell what an interface is from its name, and from its ``type`` and ``bond`` where the name is free."""
    port = port_name(name)
    if port is not None:
        return "swp" if port.sub is None else "sub-port"
    if name == "lo":
        return "loopback"
    kind = body.get("type")
    if kind == "bond" or "bond" in body:
        return "bond"
    if kind == "svi" or (name.startswith("vlan") and name[4:].isdecimal()):
        return "svi"
    if kind == "eth" or name.startswith("eth"):
        return "eth"
    return "loopback" if kind == "loopback" else "other"


def _front_panel(out: Index, entry: Interface) -> None:
    """File a front-panel port under its cage."""
    port = entry.port
    if port is None:
        return
    if port.sub is None:
        out.swps[entry.name] = entry
    else:
        out.subports[entry.name] = entry
        out.subports_of.setdefault(port.cage, []).append(entry)


def _read_link(out: Index, entry: Interface, link: Tree) -> None:
    """File the link settings and, on a cage, its breakout."""
    out.links[entry.name] = link
    split = link.get("breakout")
    if entry.port is None or type(split) is not dict or not split:
        return
    modes = tuple(split)
    mode = modes[0]
    lanes = number(section(split, mode).get("lanes-per-port"))
    if entry.port.sub is None:
        out.breakouts[entry.port.cage] = Breakout(entry.port.cage, entry.name, mode, _ways(mode), lanes, modes)


def _ways(mode: str) -> int | None:
    """Give the number of sub-ports of a breakout mode; None when the mode is not one of 5.4 and later."""
    return {"1x": 1, "2x": 2, "4x": 4, "8x": 8, "disabled": 0, "loopback": 1}.get(mode)


def _read_bond(out: Index, entry: Interface, bond: Tree) -> None:
    """File a bond and whose bond each member is."""
    members = tuple(section(bond, "member"))
    out.bonds[entry.name] = Bond(entry, members, bond)
    for member in members:
        out.bonds_of.setdefault(member, []).append(entry.name)


def _read_bridge(out: Index, entry: Interface, bridge: Tree) -> None:
    """File a bridge port."""
    for domain, body in section(bridge, "domain").items():
        config = body if type(body) is dict else _EMPTY
        listed = config.get("vlan")
        vlans = None
        if type(listed) is dict and "all" not in listed:
            vlans = frozenset(vlan for vlan in map(number, listed) if vlan is not None)
        port = BridgePort(entry, domain, number(config.get("access")), number(config.get("untagged")), vlans, config)
        out.bridge_ports[entry.name] = port


def _read_ip(out: Index, entry: Interface, ip: Tree) -> None:
    """File the addresses of an interface and its VRF."""
    addresses = ip.get("address")
    if type(addresses) is dict and addresses:
        out.addressed[entry.name] = tuple(addresses)
    vrf = ip.get("vrf")
    if type(vrf) is str:
        out.vrf_of[entry.name] = vrf


def _read_evpn(out: Index, entry: Interface, evpn: Tree) -> None:
    """File an Ethernet segment or a multihoming uplink."""
    multihoming = section(evpn, "multihoming")
    if multihoming.get("uplink") == "on":
        out.uplinks.append(entry.name)
    config = multihoming.get("segment")
    if type(config) is dict:
        out.segments[entry.name] = Segment(
            entry,
            config.get("enable") == "on",
            number(config.get("local-id")),
            str(config.get("identifier", "")),
            str(config.get("mac-address", "")),
            config,
        )


def _read_router(out: Index, entry: Interface, router: Tree) -> None:
    """File a port with adaptive routing."""
    if section(router, "adaptive-routing").get("enable") == "on":
        out.adaptive[entry.name] = entry


def _read_qos(out: Index, entry: Interface, qos: Tree) -> None:
    """File a port with the PFC watchdog."""
    if section(qos, "pfc-watchdog").get("state") == "enable":
        out.watchdogs[entry.name] = entry


def _svi(entry: Interface) -> Svi:
    """Read a VLAN interface; its VLAN is stated or, as NVUE infers it, in its name."""
    ip = section(entry.tree, "ip")
    named = entry.name[4:] if entry.name.startswith("vlan") else ""
    return Svi(
        entry,
        number(entry.tree.get("vlan", named)),
        str(ip.get("vrf", "default")),
        tuple(section(ip, "address")),
        tuple(section(ip, "vrr", "address")),
        str(entry.tree.get("base-interface", "br_default")),
    )


_READERS: dict[str, Any] = {
    "link": _read_link,
    "bond": _read_bond,
    "bridge": _read_bridge,
    "ip": _read_ip,
    "evpn": _read_evpn,
    "router": _read_router,
    "qos": _read_qos,
}
