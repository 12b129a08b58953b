"""The plan: every name, port, cable, address, ASN, VNI and watt, as frozen values.

The path: ``Site -> devices -> links -> addresses -> switches, hosts, racks, services -> Plan``.
A :class:`Switch` is the complete slice that one switch needs; nothing else of the fabric has to be
looked up to print its configuration. Values are neutral of the NOS version.
"""

from __future__ import annotations

from typing import Literal

import msgspec

__all__ = [
    "Assembly",
    "Bgp",
    "BgpNeighbor",
    "BgpVrf",
    "Bond",
    "Cage",
    "Device",
    "DhcpScope",
    "DnsRecord",
    "End",
    "HostBond",
    "HostInterface",
    "HostNetwork",
    "Layout",
    "Link",
    "PeerGroup",
    "Placement",
    "Plan",
    "Port",
    "PrefixList",
    "Rack",
    "Relay",
    "RouteMap",
    "RouteMapRule",
    "StaticRoute",
    "Svi",
    "Switch",
    "SystemSettings",
    "Vlan",
    "Vrf",
]

Role = Literal["leaf", "spine", "superspine", "oob", "server", "storage", "pdu", "external"]


class Value(msgspec.Struct, frozen=True, omit_defaults=True):
    """A frozen value; defaults are left out of JSON."""


class Device(Value):
    """A thing with a name: server, storage node, switch, PDU or an external peer."""

    name: str
    role: Role
    model: str
    """Catalog key; empty for an external peer."""
    group: str = ""
    """Group of a server, fabric of a switch, rack of a PDU."""
    index: int = 0
    """Position in its group, from 1."""
    fabric: str = ""
    plane: int = 0
    unit: int = 0
    """Scalable unit or pod of a leaf, from 1; 0 where there is none."""
    management: str = ""
    """Management (eth0 of a switch, BMC of a server) address with prefix length; empty: by DHCP."""
    serial: str = ""
    macs: tuple[tuple[str, str], ...] = ()
    """(port, MAC) from nodes.csv."""
    roles: tuple[str, ...] = ()
    """Roles of the site file that this device carries (``bcm-head``, ``k8s-worker``)."""


class End(Value):
    """One end of a link."""

    device: str
    port: str
    """Name on the device: ``swp1s0``, ``bmc``, ``b3140h-3.1`` (adapter 3, port 1)."""
    cage: int = 0
    """Cage of a switch port, from 1."""
    sub: int = -1
    """Sub-port from 0; -1: the cage is not split."""
    nic: str = ""
    """Key of the NIC model at a host end."""
    interface: str = ""
    """Operating system name at a host end."""


class Link(Value):
    """One connection; ``a`` is the end nearer to the spine, or the switch where the other is none."""

    fabric: str
    kind: Literal["host", "fabric", "isl", "uplink", "external", "management", "pdu"]
    a: End
    b: End
    speed_gbps: float
    lanes: int = 0
    """Lanes at the ``a`` end; 0 for RJ45."""
    media: str = ""
    rail: int = 0
    """Rail from 1; 0: none."""
    plane: int = 0
    attach: int = -1
    """Index of the attach entry of its fabric; -1: none."""


class Assembly(Value):
    """The part that makes one or more links; a splitter is one part with several ends."""

    id: str
    part: str
    """Catalog key of the cable."""
    length_m: float | None
    """Length to order in metres; ``None`` when a rack position is not known."""
    a: str
    """``device:cage`` of the common end."""
    a_side: str
    """Side of a twin-port OSFP: ``A``, ``B`` or empty."""
    links: tuple[int, ...]
    """Indexes into Plan.links, one a way that is used."""
    ways: int = 1


class Cage(Value):
    """A physical port of a switch as it is to be set."""

    number: int
    breakout: str = ""
    """``2x``, ``4x``, ``8x``, ``disabled`` or empty for not split."""
    lanes_per_port: int = 0
    admin: Literal["up", "down", ""] = ""
    """State to write on the cage itself; empty: none."""
    configured: bool = True
    """Whether the cage has a stanza of its own."""


class Port(Value):
    """A logical port of a switch (sub-port, or a cage that is not split)."""

    name: str
    cage: int
    sub: int = -1
    kind: Literal["host", "fabric", "isl", "uplink", "external", "management", "spare", "reserved", "pdu"] = "host"
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


class Bond(Value):
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


class Vlan(Value):
    """A VLAN of the bridge and its VNI (0: none)."""

    id: int
    vni: int = 0
    network: str = ""


class Svi(Value):
    """A VLAN interface."""

    vlan: int
    vrf: str = ""
    address: str = ""
    gateway: str = ""
    """Anycast gateway (VRR) with prefix length."""
    mtu_bytes: int = 0


class BgpNeighbor(Value):
    """A BGP neighbour; unnumbered over an interface, or numbered."""

    name: str
    group: str
    unnumbered: bool = True
    ttl_hops: int = 0
    update_source: str = ""
    peer: str = ""


class PeerGroup(Value):
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


class BgpVrf(Value):
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
    export_stub: bool = False
    import_stub: bool = False
    groups: tuple[PeerGroup, ...] = ()
    neighbors: tuple[BgpNeighbor, ...] = ()
    ecmp_paths: int = 0
    aspath_ignore: bool = False


class Vrf(Value):
    """A VRF; ``default`` is one too."""

    name: str
    l3vni: int = 0
    l3vlan: int = 0
    loopbacks: tuple[str, ...] = ()
    table_auto: bool = False
    bgp: BgpVrf | None = None


class Bgp(Value):
    """Global BGP."""

    asn: int
    router_id: str


class PrefixList(Value):
    """A prefix list: (rule number, action, prefix, greatest length or 0)."""

    name: str
    rules: tuple[tuple[int, str, str, int], ...]
    type: str = ""


class RouteMapRule(Value):
    """A rule of a route map."""

    number: int
    action: Literal["permit", "deny"]
    prefix_list: str = ""
    community_list: str = ""
    interface: str = ""
    type: str = ""
    set_community: str = ""


class RouteMap(Value):
    """A route map."""

    name: str
    rules: tuple[RouteMapRule, ...]


class Relay(Value):
    """DHCP relay of one VRF."""

    vrf: str
    interfaces: tuple[str, ...]
    servers: tuple[str, ...]


class StaticRoute(Value):
    """A static route of one VRF."""

    vrf: str
    prefix: str
    via: str


class SystemSettings(Value):
    """What is set once a switch: users, time, names, services."""

    timezone: str = "Etc/UTC"
    user: str = "cumulus"
    password: str = ""
    """Name of the secret that holds the password hash."""
    password_masked: bool = False
    ssh_keys: tuple[tuple[str, str, str], ...] = ()
    """(name, type, key)."""
    ntp: tuple[str, ...] = ()
    dns: tuple[str, ...] = ()
    syslog: tuple[str, ...] = ()
    service_vrf: str = "mgmt"
    extra: tuple[tuple[str, str], ...] = ()
    """Neutral settings by dotted name, values as JSON text (from the conventions and ``aaa``)."""


class Switch(Value):
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
    origin: tuple[tuple[str, str], ...] = ()
    """(NVUE path prefix or port, the site path or rule it comes from), for ``explain``."""


class HostInterface(Value):
    """One network interface of a host."""

    name: str
    port: str
    """Port of the host, as in :class:`End`."""
    mac: str = ""
    address: str = ""
    gateway: str = ""
    """Next hop of the interface's own routing table; empty: none."""
    routes: tuple[str, ...] = ()
    """Prefixes reached by ``gateway``."""
    mtu_bytes: int = 0
    rail: int = 0
    table: int = 0
    """Routing table for source routing; 0: main."""
    bond: str = ""
    vlan: int = 0
    parent: str = ""


class HostBond(Value):
    """A bond of a host."""

    name: str
    members: tuple[str, ...]
    mode: str = "802.3ad"
    address: str = ""
    gateway: str = ""
    mtu_bytes: int = 0


class HostNetwork(Value):
    """Everything that one host's network needs."""

    name: str
    interfaces: tuple[HostInterface, ...] = ()
    bonds: tuple[HostBond, ...] = ()
    nameservers: tuple[str, ...] = ()
    domain: str = ""


class Placement(Value):
    """Where a device stands: the lowest unit it fills, from 1, and how high it is."""

    device: str
    rack: str
    unit: int
    height_u: int | None


class Rack(Value):
    """A rack, its PDUs and feeds and what it draws."""

    name: str
    model: str
    height_u: int
    pdus: tuple[str, ...] = ()
    pdu_model: str = ""
    feeds: tuple[str, ...] = ()
    """Feed of each PDU."""
    pdu_watts: int = 0
    """Rating of one PDU."""
    survive: str = "none"
    watts: int = 0
    """Sum of what is known."""
    unknown: tuple[str, ...] = ()
    """Devices whose power or height no source gives."""
    load: tuple[tuple[str, int], ...] = ()
    """(PDU, watts in normal running)."""
    worst: tuple[tuple[str, int], ...] = ()
    """(PDU, watts in the worst case that ``survive`` allows)."""


class DhcpScope(Value):
    """A DHCP scope; reservations are (name, MAC, address); MAC may be unknown (empty)."""

    network: str
    subnet: str
    gateway: str
    first: str
    last: str
    reservations: tuple[tuple[str, str, str], ...] = ()
    dns: tuple[str, ...] = ()
    ntp: tuple[str, ...] = ()
    pxe: bool = False
    ztp: bool = False
    """Send option 239 (and 114 for ONIE) on this scope."""
    next_server: str = ""


class DnsRecord(Value):
    """A forward record; the reverse one follows from it."""

    name: str
    address: str


class Layout(Value):
    """The figures of one fabric, as the formulas of fabric.md 3.2 give them."""

    fabric: str
    topology: str
    tiers: int
    planes: int
    leaves: int
    spines: int
    superspines: int
    units: int
    nodes_per_unit: int
    links_per_pair: int
    rails_per_leaf: int
    down_gbps: float
    """Per leaf, when full."""
    up_gbps: float
    nodes: int
    max_nodes: int


class Plan(Value):
    """The whole plan."""

    name: str
    release: str
    nos: str
    digest: str
    """Digest of the intent that it was made from."""
    devices: tuple[Device, ...]
    links: tuple[Link, ...]
    assemblies: tuple[Assembly, ...]
    switches: tuple[Switch, ...]
    hosts: tuple[HostNetwork, ...]
    racks: tuple[Rack, ...]
    placements: tuple[Placement, ...]
    scopes: tuple[DhcpScope, ...]
    dns: tuple[DnsRecord, ...]
    layouts: tuple[Layout, ...]
    waves: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """(stage, devices set together), in order."""
    notes: tuple[str, ...] = ()
    """What could not be counted or is not proven."""
