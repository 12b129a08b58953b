"""The plan: every name, port, cable, address, ASN, VNI and watt, as frozen values.

The path: ``Site -> devices -> links -> addresses -> switches, hosts, racks, services -> Plan``. What one
switch needs is in :mod:`rackwright.plan.switch_model`.
"""

from __future__ import annotations

from typing import Literal

from rackwright.plan.switch_model import (
    Bgp,
    BgpNeighbor,
    BgpVrf,
    Bond,
    Cage,
    PeerGroup,
    Port,
    PrefixList,
    Relay,
    Role,
    RouteMap,
    RouteMapRule,
    StaticRoute,
    Svi,
    Switch,
    SystemSettings,
    Value,
    Vlan,
    Vrf,
)

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


class Device(Value, frozen=True):
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


class End(Value, frozen=True):
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


class Link(Value, frozen=True):
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


class Assembly(Value, frozen=True):
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


class HostInterface(Value, frozen=True):
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


class HostBond(Value, frozen=True):
    """A bond of a host."""

    name: str
    members: tuple[str, ...]
    mode: str = "802.3ad"
    address: str = ""
    gateway: str = ""
    mtu_bytes: int = 0


class HostNetwork(Value, frozen=True):
    """Everything that one host's network needs."""

    name: str
    interfaces: tuple[HostInterface, ...] = ()
    bonds: tuple[HostBond, ...] = ()
    nameservers: tuple[str, ...] = ()
    domain: str = ""


class Placement(Value, frozen=True):
    """Where a device stands: the lowest unit it fills, from 1, and how high it is."""

    device: str
    rack: str
    unit: int
    height_u: int | None


class Rack(Value, frozen=True):
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
    supplies: tuple[tuple[str, tuple[int, ...]], ...] = ()
    """(Device, number of the PDU, from 0, that each of its supplies hangs on), where its watts are known."""


class DhcpScope(Value, frozen=True):
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


class DnsRecord(Value, frozen=True):
    """A forward record; the reverse one follows from it."""

    name: str
    address: str


class Layout(Value, frozen=True):
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


class Plan(Value, frozen=True):
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
