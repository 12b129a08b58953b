"""An applied NVUE tree as the data plane reads it: parsed once an apply, with NVUE's own defaults filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from rackwright.twin.state.hardware import port_numbers

__all__ = ["Bond", "Family", "Neighbor", "SwitchConfig", "VrfBgp", "at", "parse"]

Tree = Mapping[str, Any]

DEFAULT_MTU: Final = 9216
"""MTU of an interface that NVUE configures (nvue.md 3.2)."""
UNCONFIGURED_MTU: Final = 1500
"""MTU of a port that no configuration names (Interface reference: ports that are down show 1500)."""
DEFAULT_DF_PREFERENCE: Final = 32767
"""nvue.md 3.4."""
_EMPTY: Final[dict[str, Any]] = {}


def at(tree: Any, *path: str) -> Any:
    """Return what stands at a path of nested mappings; None where there is nothing."""
    for key in path:
        # Nearly all are plain dicts, and to ask an abstract class costs ten times as much.
        if type(tree) is not dict and not isinstance(tree, Mapping):
            return None
        tree = tree.get(key)
    return tree


def _map(tree: Any, *path: str) -> Tree:
    found = at(tree, *path)
    return found if isinstance(found, Mapping) else _EMPTY


def _on(value: Any, default: str = "off") -> bool:
    return (default if value is None else value) in ("on", "enabled", "enable")


@dataclass(frozen=True, slots=True)
class Bond:
    """A bond as it is configured."""

    name: str
    members: tuple[str, ...]
    mode: str
    bypass: bool
    es_mac: str = ""
    esi: str = ""
    """Ethernet segment identifier; empty: none."""
    df_preference: int = DEFAULT_DF_PREFERENCE


@dataclass(frozen=True, slots=True)
class Family:
    """One address family of a neighbour."""

    inbound: str = ""
    outbound: str = ""
    allowas_in: bool = False
    reflects: bool = False


@dataclass(frozen=True, slots=True)
class Neighbor:
    """A BGP neighbour with what its peer group gives it."""

    name: str
    unnumbered: bool
    remote_as: str
    families: Mapping[str, Family]
    bfd: bool
    bfd_timers: tuple[int, int, int]
    ttl_hops: int
    multihop: int
    update_source: str
    group: str
    shutdown: bool


@dataclass(frozen=True, slots=True)
class VrfBgp:
    """BGP of one VRF."""

    vrf: str
    asn: int
    router_id: str
    neighbors: Mapping[str, Neighbor]
    families: frozenset[str]
    connected: bool
    connected_map: str
    static: bool
    to_evpn: bool
    leak_from: tuple[str, ...]
    leak_map: str
    aspath_ignore: bool
    multipaths: int


@dataclass(frozen=True, slots=True)
class SwitchConfig:
    """Everything of an applied tree that links, sessions and the overlay hang on."""

    tree: Tree
    hostname: str
    interfaces: Mapping[str, Tree]
    breakouts: Mapping[int, tuple[str, int]]
    bonds: Mapping[str, Bond]
    bond_of: Mapping[str, str]
    bgp: Mapping[str, VrfBgp]
    vlans: Mapping[int, int]
    """VLAN of the bridge -> VNI, 0: none."""
    vtep: str
    evpn: bool
    multihoming: bool
    startup_delay: float | None
    l3vnis: Mapping[str, int]
    """VRF -> L3VNI."""
    uplinks: tuple[str, ...]
    adaptive: frozenset[str]
    lldp: bool
    lldp_off: frozenset[str] = field(default_factory=frozenset)

    def admin_up(self, port: str) -> bool:
        """Tell whether a port is up by will.

        A stanza is up unless it says down (Interface reference: applied ``state up``), and so is a member of a bond.
        Without a stanza a port is down once the switch has been configured (RN-4030380) and up before that,
        because front ports stay up until ZTP ends (RN-4403755).
        """
        stanza = self.interfaces.get(port)
        if stanza is None:
            return port in self.bond_of or not any(port_numbers(name) for name in self.interfaces)
        return "down" not in _map(stanza, "link", "state")

    def mtu(self, port: str) -> int:
        """Return the MTU in bytes; a member has its bond's (nvue.md 3.2: set MTU on the bond, members inherit)."""
        name = self.bond_of.get(port, port)
        stanza = self.interfaces.get(name)
        if stanza is None:
            return DEFAULT_MTU if port in self.bond_of else UNCONFIGURED_MTU
        return int(at(stanza, "link", "mtu") or DEFAULT_MTU)

    def domain(self, name: str) -> Tree | None:
        """Return the bridge stanza of a port or bond; None: it is no bridge port."""
        found = at(self.interfaces.get(name), "bridge", "domain", "br_default")
        return found if isinstance(found, Mapping) else None

    def port_vlans(self, name: str) -> tuple[int, tuple[int, ...]]:
        """Return the untagged VLAN (0: none) and the tagged ones of a bridge port.

        A port that names no VLAN has all of the bridge's (nvue.md 3.2).
        """
        domain = self.domain(name)
        if domain is None:
            return 0, ()
        if domain.get("access"):
            return int(domain["access"]), ()
        untagged = domain.get("untagged", at(self.tree, "bridge", "domain", "br_default", "untagged") or 1)
        given = domain.get("vlan")
        wanted = [int(vlan) for vlan in given] if isinstance(given, Mapping) and "all" not in given else self.vlans
        native = int(untagged) if str(untagged).isdecimal() else 0
        return native, tuple(sorted(vlan for vlan in wanted if vlan in self.vlans and vlan != native))

    def vrf_of(self, interface: str) -> str:
        """Return the VRF of an interface."""
        return str(at(self.interfaces.get(interface), "ip", "vrf") or "default")

    def addresses(self, interface: str) -> tuple[str, ...]:
        """Return the addresses of an interface that are written as prefixes."""
        given = _map(self.interfaces.get(interface), "ip", "address")
        return tuple(address for address in given if "/" in address)


def parse(tree: Tree) -> SwitchConfig:
    """Read an applied tree."""
    interfaces = _map(tree, "interface")
    bonds = {bond.name: bond for bond in _bonds(tree, interfaces)}
    vlans = {
        int(vlan): next((int(vni) for vni in _map(row, "vni")), 0)
        for vlan, row in _map(tree, "bridge", "domain", "br_default", "vlan").items()
        if str(vlan).isdecimal()
    }
    vxlan = _map(tree, "nve", "vxlan")
    delay = at(tree, "evpn", "multihoming", "startup-delay")
    return SwitchConfig(
        tree=tree,
        hostname=str(at(tree, "system", "hostname") or "cumulus"),
        interfaces=interfaces,
        breakouts=dict(_breakouts(interfaces)),
        bonds=bonds,
        bond_of={member: bond.name for bond in bonds.values() for member in bond.members},
        bgp=dict(_bgp(tree)),
        vlans=vlans,
        vtep=str(at(vxlan, "source", "address") or "") if _on(vxlan.get("enable")) else "",
        evpn=_on(at(tree, "evpn", "enable")),
        multihoming=_on(at(tree, "evpn", "multihoming", "enable")),
        startup_delay=None if delay is None else float(delay),
        l3vnis={
            name: int(vni)
            for name, row in _map(tree, "vrf").items()
            if name != "default" and _on(at(row, "evpn", "enable"))
            for vni in list(_map(row, "evpn", "vni"))[:1]
        },
        uplinks=tuple(n for n, row in interfaces.items() if _on(at(row, "evpn", "multihoming", "uplink"))),
        adaptive=frozenset(n for n, r in interfaces.items() if _on(at(r, "router", "adaptive-routing", "enable"))),
        lldp=_on(at(tree, "service", "lldp", "state"), "enabled"),
        lldp_off=frozenset(n for n, row in interfaces.items() if at(row, "lldp", "state") == "disabled"),
    )


def _breakouts(interfaces: Mapping[str, Tree]) -> Iterator[tuple[int, tuple[str, int]]]:
    for name, stanza in interfaces.items():
        numbers = port_numbers(name)
        if numbers is None or numbers[1] >= 0:
            continue
        for mode, row in _map(stanza, "link", "breakout").items():
            yield numbers[0], (mode, int(at(row, "lanes-per-port") or 0))


def _bonds(tree: Tree, interfaces: Mapping[str, Tree]) -> Iterator[Bond]:
    shared = _map(tree, "evpn", "multihoming", "segment")
    multihoming = _on(at(tree, "evpn", "multihoming", "enable"))
    for name, stanza in interfaces.items():
        row = stanza.get("bond")
        if not isinstance(row, Mapping):
            continue
        segment = _map(stanza, "evpn", "multihoming", "segment")
        mac = str(segment.get("mac-address") or shared.get("mac-address") or "").lower()
        esi = _esi(segment, mac) if multihoming and segment and _on(segment.get("enable"), "on") else ""
        preference = segment.get("df-preference", shared.get("df-preference", DEFAULT_DF_PREFERENCE))
        yield Bond(
            name,
            tuple(_map(row, "member")),
            str(row.get("mode") or "lacp"),
            _on(row.get("lacp-bypass")),
            mac if esi else "",
            esi,
            int(preference) if str(preference).isdecimal() else DEFAULT_DF_PREFERENCE,
        )


def _esi(segment: Tree, mac: str) -> str:
    """Return the identifier: 03, the MAC, three bytes of local-id; or the ten bytes as given (nvue.md 3.4)."""
    if segment.get("identifier"):
        return str(segment["identifier"]).lower()
    number = segment.get("local-id")
    if not mac or not str(number).isdecimal():
        return ""
    tail = f"{int(str(number)):06x}"
    return f"03:{mac}:{tail[:2]}:{tail[2:4]}:{tail[4:]}"


def _bgp(tree: Tree) -> Iterator[tuple[str, VrfBgp]]:
    shared = _map(tree, "router", "bgp")
    if not _on(shared.get("enable")):
        return
    for name, row in _map(tree, "vrf").items():
        bgp = _map(row, "router", "bgp")
        asn = bgp.get("autonomous-system", shared.get("autonomous-system"))
        if not _on(bgp.get("enable")) or not str(asn).isdecimal():
            continue
        ipv4 = _map(bgp, "address-family", "ipv4-unicast")
        leak = _map(ipv4, "route-import", "from-vrf")
        families = {"ipv4-unicast"} if _on(ipv4.get("enable"), "on") else set()
        families |= {"l2vpn-evpn"} if _on(at(bgp, "address-family", "l2vpn-evpn", "enable")) else set()
        yield (
            name,
            VrfBgp(
                vrf=name,
                asn=int(str(asn)),
                router_id=str(bgp.get("router-id") or shared.get("router-id") or ""),
                neighbors={key: _neighbor(key, value, bgp) for key, value in _map(bgp, "neighbor").items()},
                families=frozenset(families),
                connected=_on(at(ipv4, "redistribute", "connected", "enable")),
                connected_map=str(at(ipv4, "redistribute", "connected", "route-map") or ""),
                static=_on(at(ipv4, "redistribute", "static", "enable")),
                to_evpn=_on(at(ipv4, "route-export", "to-evpn", "enable")),
                leak_from=tuple(_map(leak, "list")) if _on(leak.get("enable")) else (),
                leak_map=str(leak.get("route-map") or ""),
                aspath_ignore=_on(at(bgp, "path-selection", "multipath", "aspath-ignore")),
                multipaths=int(at(ipv4, "multipaths", "ebgp") or 64),
            ),
        )


def _neighbor(name: str, row: Tree, bgp: Tree) -> Neighbor:
    group = str(row.get("peer-group") or "")
    base = _map(bgp, "peer-group", group)

    def told(*path: str) -> Any:
        own = at(row, *path)
        return at(base, *path) if own is None else own

    families: dict[str, Family] = {}
    for family, default in (("ipv4-unicast", "on"), ("l2vpn-evpn", "off")):
        if _on(told("address-family", family, "enable"), default):
            where = ("address-family", family)
            families[family] = Family(
                str(told(*where, "policy", "inbound", "route-map") or ""),
                str(told(*where, "policy", "outbound", "route-map") or ""),
                _on(told(*where, "aspath", "allow-my-asn", "enable")),
                _on(told(*where, "route-reflector-client")),
            )
    timers = tuple(int(told("bfd", key) or low) for key, low in _BFD_TIMERS)
    return Neighbor(
        name=name,
        unnumbered=str(row.get("type") or "numbered") == "unnumbered",
        remote_as=str(told("remote-as") or ""),
        families=families,
        bfd=_on(told("bfd", "enable")),
        bfd_timers=(timers[0], timers[1], timers[2]),
        ttl_hops=int(told("ttl-security", "hops") or 0) if _on(told("ttl-security", "enable"), "on") else 0,
        multihop=int(told("multihop-ttl") or 0) if str(told("multihop-ttl")).isdecimal() else 0,
        update_source=str(told("update-source") or ""),
        group=group,
        shutdown=_on(told("shutdown")),
    )


_BFD_TIMERS: Final = (("detect-multiplier", 3), ("min-rx-interval", 300), ("min-tx-interval", 300))
"""NVUE's BFD defaults (5.12 schema)."""
