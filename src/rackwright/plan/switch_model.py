"""Everything that one switch needs to know, neutral of the NOS version.

A :class:`Switch` is the complete slice: nothing else of the fabric has to be looked up to print it.
"""

from __future__ import annotations

from typing import Literal

import msgspec

__all__ = [
    "Bgp",
    "BgpNeighbor",
    "BgpVrf",
    "Bond",
    "Cage",
    "PeerGroup",
    "Port",
    "PortKind",
    "PrefixList",
    "Relay",
    "Role",
    "RouteMap",
    "RouteMapRule",
    "StaticRoute",
    "Svi",
    "Switch",
    "SystemSettings",
    "Value",
    "Vlan",
    "Vrf",
]

Role = Literal["leaf", "spine", "superspine", "oob", "server", "storage", "pdu", "external"]


PortKind = Literal["host", "fabric", "isl", "uplink", "external", "management", "spare", "reserved", "pdu"]
"""What a switch port is for."""


class Value(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A frozen value; defaults are left out of JSON.

    Values are trees, never cycles, so the collector need not walk them: half a million links cost it seconds.
    """


class Cage(Value, frozen=True):
    """A physical port of a switch as it is to be set."""

    number: int
    breakout: str = ""
    """``2x``, ``4x``, ``8x``, ``disabled`` or empty for not split."""
    lanes_per_port: int = 0
    admin: Literal["up", "down", ""] = ""
    """State to write on the cage itself; empty: none."""
    configured: bool = True
    """Whether the cage has a stanza of its own."""


class Port(Value, frozen=True):
    """A logical port of a switch (sub-port, or a cage that is not split)."""

    name: str
    cage: int
    sub: int = -1
    kind: PortKind = "host"
    speed_gbps: float = 0
    admin: Literal["up", "down", ""] = "up"
    description: str = ""
    mtu_bytes: int = 0
    """0: the NOS default."""
    address: str = ""
    """IPv4 with prefix length; empty: none or unnumbered."""
    vrf: str = ""
    bond: str = ""
    access: int = 0
    untagged: int = 0
    tagged: tuple[int, ...] = ()
    multihoming_uplink: bool = False
    pfc_watchdog: bool = False
    adaptive_routing: bool = False
    histogram: bool = False
    peer: str = ""
    peer_port: str = ""
    rail: int = 0
    link: int = -1
    """Index into Plan.links; -1: not cabled."""


class Bond(Value, frozen=True):
    """A bond of a switch; with ``es_id`` an EVPN Ethernet segment."""

    name: str
    members: tuple[str, ...]
    description: str = ""
    mode: str = ""
    lacp_rate: str = ""
    lacp_bypass: bool = False
    mtu_bytes: int = 0
    access: int = 0
    untagged: int = 0
    tagged: tuple[int, ...] = ()
    es_id: int = 0
    es_mac: str = ""
    df_preference: int = 0
    stp_edge: bool = False
    admin: Literal["up", ""] = ""
    peer: str = ""


class Vlan(Value, frozen=True):
    """A VLAN of the bridge and its VNI (0: none)."""

    id: int
    vni: int = 0
    network: str = ""


class Svi(Value, frozen=True):
    """A VLAN interface."""

    vlan: int
    vrf: str = ""
    address: str = ""
    gateway: str = ""
    """Anycast gateway (VRR) with prefix length."""
    mtu_bytes: int = 0


class BgpNeighbor(Value, frozen=True):
    """A BGP neighbour; unnumbered over an interface, or numbered."""

    name: str
    group: str
    unnumbered: bool = True
    ttl_hops: int = 0
    update_source: str = ""
    peer: str = ""


class PeerGroup(Value, frozen=True):
    """A BGP peer group."""

    name: str
    remote_as: str
    """``external``, ``internal`` or a number."""
    ipv4: bool = True
    """Write ipv4-unicast for this group."""
    evpn: bool = False
    bfd: bool = False
    bfd_timers: tuple[int, ...] = ()
    """Multiplier, receive and transmit interval in ms; empty: the NOS defaults."""
    outbound: str = ""
    """Route map on what is sent."""


class BgpVrf(Value, frozen=True):
    """BGP of one VRF."""

    asn: int = 0
    """0: inherits the global ASN without being written."""
    router_id: str = ""
    rd: str = ""
    redistribute_connected: bool = True
    connected_map: str = ""
    evpn: bool = False
    to_evpn: bool = False
    import_from: tuple[str, ...] = ()
    import_map: str = ""
    groups: tuple[PeerGroup, ...] = ()
    neighbors: tuple[BgpNeighbor, ...] = ()
    ecmp_paths: int = 0
    aspath_ignore: bool = False


class Vrf(Value, frozen=True):
    """A VRF; ``default`` is one too."""

    name: str
    l3vni: int = 0
    l3vlan: int = 0
    loopbacks: tuple[str, ...] = ()
    table_auto: bool = False
    bgp: BgpVrf | None = None


class Bgp(Value, frozen=True):
    """Global BGP."""

    asn: int
    router_id: str


class PrefixList(Value, frozen=True):
    """A prefix list: (rule number, action, prefix, greatest length or 0)."""

    name: str
    rules: tuple[tuple[int, str, str, int], ...]
    type: str = ""


class RouteMapRule(Value, frozen=True):
    """A rule of a route map."""

    number: int
    action: Literal["permit", "deny"]
    prefix_list: str = ""
    community_list: str = ""
    interface: str = ""
    type: str = ""
    set_community: str = ""


class RouteMap(Value, frozen=True):
    """A route map."""

    name: str
    rules: tuple[RouteMapRule, ...]


class Relay(Value, frozen=True):
    """DHCP relay of one VRF."""

    vrf: str
    interfaces: tuple[str, ...]
    servers: tuple[str, ...]


class StaticRoute(Value, frozen=True):
    """A static route of one VRF."""

    vrf: str
    prefix: str
    via: str


class SystemSettings(Value, frozen=True):
    """What is set once a switch: users, time, names, services."""

    timezone: str = "Etc/UTC"
    user: str = "cumulus"
    password: str = ""
    """Name of the secret that holds the password hash."""
    ssh_keys: tuple[tuple[str, str, str], ...] = ()
    """(name, type, key)."""
    ntp: tuple[str, ...] = ()
    dns: tuple[str, ...] = ()
    syslog: tuple[str, ...] = ()
    service_vrf: str = "mgmt"
    extra: tuple[tuple[str, str], ...] = ()
    """Neutral settings by dotted name, values as JSON text (from the conventions and ``aaa``)."""


class Switch(Value, frozen=True):
    """Everything that one switch needs to know."""

    name: str
    model: str
    role: Role
    fabric: str
    nos: str
    management: str
    management_gateway: str
    system: SystemSettings
    loopback: str = ""
    cages: tuple[Cage, ...] = ()
    ports: tuple[Port, ...] = ()
    bonds: tuple[Bond, ...] = ()
    bridge_type: str = "vlan-aware"
    """Empty: the bridge type is not written."""
    vlans: tuple[Vlan, ...] = ()
    svis: tuple[Svi, ...] = ()
    vrfs: tuple[Vrf, ...] = ()
    bgp: Bgp | None = None
    vtep: str = ""
    evpn: bool = False
    multihoming: bool = False
    multihoming_timers: tuple[int, ...] = ()
    """Startup delay, MAC and neighbour hold time in s; empty: the NOS defaults."""
    dscp_copy: bool = False
    arp_suppress: bool = False
    vrr: bool = False
    roce: str = ""
    """``lossless`` or empty."""
    roce_pools: tuple[tuple[str, int], ...] = ()
    adaptive_routing: bool = False
    prefix_lists: tuple[PrefixList, ...] = ()
    route_maps: tuple[RouteMap, ...] = ()
    community_lists: tuple[tuple[str, str], ...] = ()
    """(name, community)."""
    relays: tuple[Relay, ...] = ()
    static_routes: tuple[StaticRoute, ...] = ()
    conventions: str = "rackwright"
