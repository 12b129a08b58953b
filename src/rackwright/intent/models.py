"""What the operator writes in ``site.yaml``, as frozen values.

Every key is optional unless a site cannot be meant without it. A field's docstring is the help
that ``rackwright explain`` and the JSON Schema show.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from rackwright.intent.host_models import Hosts
from rackwright.intent.ranges import LIMIT
from rackwright.intent.section import Intent, Key, Reference
from rackwright.intent.server_models import BiosIntent, BiosOverride, Bmc, BmcAccount, FirmwareIntent

__all__ = [
    "Aaa",
    "Access",
    "Attach",
    "Bgp",
    "BiosIntent",
    "BiosOverride",
    "Bmc",
    "BmcAccount",
    "ExplicitLink",
    "External",
    "Fabric",
    "FirmwareIntent",
    "Group",
    "Hosts",
    "Intent",
    "Isl",
    "Leaves",
    "Network",
    "NodeRow",
    "Pools",
    "RackIntent",
    "Reserve",
    "Services",
    "Site",
    "SiteInfo",
    "Spines",
    "Uplink",
    "VrfIntent",
]

VlanId = Annotated[int, Field(ge=1, le=4094)]


class SiteInfo(Intent):
    """Who the site is."""

    name: Key
    """Name of the site; part of generated documents."""
    schema_version: Literal[1] = Field(1, alias="schema")
    """Version of this file's shape."""
    release: Key
    """Validated release, a key of the catalog."""
    nodes: str | None = None
    """CSV beside this file with service tags and MAC addresses by position."""
    conventions: Key = "rackwright"
    """House style, a key of the catalog."""
    domain: str = ""
    """DNS domain of every name."""
    timezone: str = "Etc/UTC"
    """Time zone of switches and hosts."""


class Access(Intent):
    """Who may log in, and with what; values are references, never secrets."""

    ssh_keys: tuple[str, ...] = ()
    """Public key files beside this file."""
    user: str = "cumulus"
    """Administrator of the switches."""
    switch: Reference = "secret:switch_hash"
    """Password hash of the switches' administrator."""
    bmc: Reference = "secret:bmc"
    """Password of the BMCs."""


class Services(Intent):
    """What serves the site while it is brought up, and after."""

    bootstrap: str | None = None
    """Address of the laptop that serves DHCP, ZTP and time on day 0."""
    then: str | None = None
    """Role that takes over."""
    ntp: tuple[str, ...] = ()
    """Roles, names or addresses of time servers."""
    dns: tuple[str, ...] = ()
    """Roles, names or addresses of name servers."""
    syslog: tuple[str, ...] = ()
    """Roles, names or addresses of log servers."""


class Group(Intent):
    """Equal machines."""

    model: Key
    """Server or storage model, a key of the catalog."""
    gpu: str | None = None
    """GPU model."""
    memory_gb: int | None = Field(None, ge=1)
    """Host memory in GB."""
    count: int = Field(1, ge=0, le=LIMIT)
    """Machines that stand now."""
    max: int | None = Field(None, ge=0, le=LIMIT)
    """Build-out target that ports, spines and pools are laid out for."""
    names: str | tuple[str, ...] | None = None
    """Names as a range pattern, e.g. ``su-[01-03]-node-[01-04]``, or a list; made from the group's name when absent."""
    absent: tuple[str, ...] = ()
    """Machines taken out; what they held stays theirs."""
    interfaces: dict[str, tuple[str, ...] | str] = Field(default_factory=dict)
    """Operating system names of ports by NIC key, e.g. ``b3220l: [eth1, eth2]``; ranges ``eth[3-10]`` allowed."""
    nics: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    """Adapters by NIC key where they differ from the model's."""

    @property
    def patterns(self) -> tuple[str, ...]:
        """The patterns of its names, in order; none where they are made up."""
        return (self.names,) if isinstance(self.names, str) else self.names or ()

    @property
    def target(self) -> int:
        """Build-out target: machines that stand, or more to come."""
        return max(self.count, self.max or 0)


class Pools(Intent):
    """Where numbers come from."""

    loopback: str = "10.255.0.0/20"
    """Loopback addresses of switches: a prefix, or first-last."""
    vtep: str | None = None
    """VTEP addresses; the loopback itself when absent."""
    asn: str = "4200000000-4200065535"
    """Private ASNs, first-last."""


class Network(Intent):
    """A network: a VLAN, or the addressing of the rails."""

    vlan: VlanId | None = None
    vni: int | None = Field(None, ge=1, le=16777215)
    vrf: str | None = None
    subnet: str | None = None
    """IPv4 prefix of the VLAN."""
    gateway: str | None = None
    """Fabric whose leaves carry the anycast gateway, an address of somebody else, or ``none``."""
    gateway_address: str | None = None
    """Address of the anycast gateway on the leaves; the first of the subnet when absent."""
    leaf_addresses: tuple[str, ...] = ()
    """Address of each leaf in the VLAN, in order; by the house style when absent."""
    mtu_bytes: int | None = Field(None, ge=552, le=9216)
    """MTU of the hosts; the fabric carries 50 bytes more over VXLAN."""
    pxe: bool = False
    """Servers boot from it."""
    relay: str | tuple[str, ...] | None = None
    """DHCP relay target: ``bootstrap``, a role, or addresses."""
    style: Literal["vlan", "p2p-31", "vlan-per-rail"] = "vlan"
    """``p2p-31``: a routed /31 a NIC; ``vlan-per-rail``: one VLAN and subnet a rail."""
    pool: str | None = None
    """Prefix that rails are cut from."""
    first_host: int | None = None
    """Offset of the first host address in the subnet."""


class VrfIntent(Intent):
    """A VRF and what leaks between it and others."""

    l3vni: int | None = Field(None, ge=1, le=16777215)
    l3vlan: VlanId | None = None
    loopbacks: tuple[str, ...] = ()
    """Loopback address of each leaf that has the VRF, in order, fabric after fabric by name."""
    import_: tuple[str, ...] = Field((), alias="import")
    """VRFs whose routes are imported."""
    mark: str | None = None
    """Community set on what leaves this VRF, so that it is not imported twice."""
    relay: tuple[str, ...] = ()
    """DHCP relay servers of this VRF."""


class Leaves(Intent):
    """The switches that hosts attach to."""

    model: Key
    count: int | Literal["auto"] = "auto"
    max: int | Literal["auto"] | None = None
    name: Key
    """Name stem: ``be`` gives be01, be02."""
    loopbacks: tuple[str, ...] = ()
    """Loopback address of each leaf, in order; from ``pools.loopback`` when absent."""


class Spines(Intent):
    """The switches above the leaves."""

    model: Key | None = None
    """Switch model; that of the leaves when absent."""
    count: int | Literal["auto"] = "auto"
    """How many; as many as the build-out target needs when ``auto``."""
    name: Key | None = None
    """Name stem; made from the leaves' when absent."""
    media: str | None = None
    """Medium of the links below; that of the machines when absent, ``dr4`` where theirs is copper."""


class Isl(Intent):
    """Links between the two switches of a pair."""

    links: int | Literal["auto"] = "auto"
    speed: str = "400g"
    media: str = "dac"
    ratio: str = "1:1"
    """Links a switch against its GPU ports, with ``links: auto``."""
    for_: Literal["count", "max"] = Field("max", alias="for")
    at: str | None = None
    """First cage."""


class Attach(Intent):
    """What attaches to the leaves of a fabric, and how."""

    group: str | None = None
    groups: tuple[str, ...] = ()
    """Several groups one after the other."""
    switches: str | tuple[str, ...] | None = None
    """Management ports of switches: ``all``, fabrics or names."""
    pdus: str | tuple[str, ...] | None = None
    """Management ports of PDUs: ``all`` or racks."""
    nic: str | None = None
    adapters: tuple[Annotated[int, Field(ge=1)], ...] = ()
    """Which adapters of that NIC, by number; all when absent."""
    adapter_ports: tuple[Annotated[int, Field(ge=1)], ...] = ()
    """Which ports of each adapter, by number, e.g. one for each plane; all when absent."""
    ports: tuple[str | dict[str, tuple[str, ...]], ...] = ()
    """Ports of each machine: ``bmc``, ``lom1``, ``{dpu_bmc: [b3220l]}``, or operating system names."""
    network: str | None = None
    """Routed network of the ports (rails)."""
    native: str | None = None
    """Untagged network."""
    tagged: tuple[str, ...] = ()
    bond: Literal["lacp", "none"] = "none"
    spread: Literal["both", "alternate", "serpentine", "rotate"] | tuple[int, ...] = "both"
    """How the ports of one machine lie over the leaves: one port on each (both), in turn, 1 2 2 1, or as listed."""
    media: str = "dac"
    speed: str | None = None
    """Speed of one port, e.g. ``100g``; the NIC's greatest when absent."""
    at: str | None = None
    """First port: ``swp25s0``; the next free cages when absent."""
    split: str | None = None
    """Breakout of the cages: ``2x``, ``4x``, ``8x``."""
    bonds: int | None = Field(None, ge=1)
    """Bonds of each machine; one when absent."""
    unused_bonds: int = Field(0, ge=0)
    """Bonds laid out behind the last one and left without a network."""
    lacp_bypass: bool | None = None
    segment: int | None = Field(None, ge=1, le=16777215)
    """Id of the Ethernet segment at the first port; the next ports count on. By the house style when absent."""
    order: Literal["links", "machines"] | None = None
    """How ports follow one another in the block: the first link of every machine, then the second, or machine by
    machine; bonded ports run by links and single ones by machines when absent."""

    @property
    def every_group(self) -> tuple[str, ...]:
        """The groups that it names, in order."""
        return ((self.group,) if self.group else ()) + self.groups


class External(Intent):
    """Links to switches of others."""

    name: Key
    vrf: str | None = None
    links_per_leaf: int = Field(2, ge=1)
    speed: str = "100g"
    media: str = "dr1"
    peering: Literal["unnumbered", "none"] = "unnumbered"
    peer_asn: int | None = None
    """ASN of the peer; ``external`` when absent."""
    peers: tuple[str, ...] = ()
    """Names of the peer switches; links go to them in turn."""
    peer_ports: str | None = None
    """First port on each peer, e.g. ``swp29``."""
    at: tuple[str, ...] = ()
    """Cages or first sub-ports to use."""
    split: str | None = None
    links_per_cage: int | None = Field(None, ge=1)
    """Links of one block; shared out evenly over ``at`` when absent."""
    advertise: str | None = None
    """Prefix that alone is announced."""
    description: str | None = None


class Uplink(Intent):
    """Links of the out-of-band switches up to another fabric."""

    to: str
    links_per_pair: int = Field(1, ge=1)
    speed: str = "100g"
    media: str = "dr1"
    at: str | None = None
    """First port on the upper switch."""
    split: str | None = None
    bond_per_link: bool = False
    """Upper side: one bond a link instead of one a switch."""
    segment: int | None = Field(None, ge=1, le=16777215)
    """Id of the Ethernet segment at the first port; the next ports count on. By the house style when absent."""
    order: Literal["links", "switches"] = "links"
    """How ports follow one another on the upper switch: the first link of every switch, then the second, or switch by
    switch."""
    ports: str | None = None
    """Ports on the out-of-band switch, e.g. ``swp49-52``."""
    unused_bonds: int = Field(0, ge=0)


class Reserve(Intent):
    """Ports set aside."""

    configure: bool = False
    """Write the port as if it were in use."""
    admin: Literal["up", "down", "none"] = "down"


class ExplicitLink(Intent):
    """A link that follows no rule."""

    a: str
    """``device:port``."""
    b: str


RAIL_TOPOLOGIES: Final = ("single-switch", "tor-clos", "pure-rail", "rail-optimized")
"""Fabrics of rails: scale-out, routed."""
PAIR_TOPOLOGIES: Final = ("evpn-pair", "converged-pair")
"""Fabrics of leaf pairs with EVPN multihoming, whose leaves are VTEPs."""


class Bgp(Intent):
    """BGP of a fabric where it departs from the default."""

    asn: int | None = Field(None, ge=1, le=4294967295)
    """One ASN for every leaf; one each when absent."""
    isl: Literal["ibgp-unnumbered", "ebgp-unnumbered"] = "ebgp-unnumbered"
    ttl_hops: int = Field(0, ge=0, le=254)
    bfd: bool = True


class Fabric(Intent):
    """One fabric."""

    topology: Literal["single-switch", "tor-clos", "pure-rail", "rail-optimized", "evpn-pair", "converged-pair", "l2"]
    leaves: Leaves
    spines: Spines = Spines()
    superspines: Spines = Spines()
    tiers: Literal[1, 2, 3] | None = None
    """Tiers of switches; the least that fits when absent."""
    planes: int = Field(1, ge=1)
    rails_per_leaf: int | None = Field(None, ge=1)
    rail_order: tuple[tuple[int, ...], ...] = ()
    """Which rails share a leaf, e.g. ``[[1, 5], [2, 6], [3, 7], [4, 8]]``."""
    oversubscription: str = "1:1"
    """Down to up, e.g. ``3:1``."""
    adaptive_routing: bool | None = None
    isl: Isl | None = None
    attach: tuple[Attach, ...] = ()
    external: tuple[External, ...] = ()
    uplink: Uplink | None = None
    reserve: dict[str, Reserve] = Field(default_factory=dict)
    """Ports by range, on every leaf."""
    spare: dict[str, str] = Field(default_factory=dict)
    """Cages split and left up, by range: ``swp43-58: 2x``."""
    per_switch: tuple[str, ...] = ()
    """Out of band: the subnet of each switch, in order; ``192.168.200.3/24`` gives its own address too."""
    links: tuple[ExplicitLink, ...] = ()
    bgp: Bgp | None = None

    @property
    def family(self) -> Literal["rails", "pair", "oob"]:
        """Which kind of wiring and of switches its topology asks for."""
        return "rails" if self.topology in RAIL_TOPOLOGIES else "pair" if self.topology in PAIR_TOPOLOGIES else "oob"


class RackIntent(Intent):
    """A rack and what stands in it."""

    model: Key
    pdu: str | None = None
    feeds: tuple[str, ...] = ()
    """Feed of each PDU."""
    survive: Literal["none", "one-pdu", "one-feed"] = "none"
    place: tuple[str, ...] = ()
    """``gpu[1-4]@2``: from unit 2 upwards, one above the other."""


class Aaa(Intent):
    """Log-in beyond the local users."""

    order: tuple[str, ...] = ()
    ldap: dict[str, Any] = Field(default_factory=dict)
    """``base_dn``, ``bind_dn``, ``secret: secret:NAME``, ``servers: [..]`` in order of priority; as NVUE has them ``port``,
    ``scope``, ``version``, ``vrf``, ``timeout_bind_s``, ``timeout_search_s``, ``ssl: {mode, port, cert_verify}``."""


class NodeRow(Intent):
    """One row of nodes.csv: a machine by its name."""

    name: str
    service_tag: str = ""
    macs: tuple[tuple[str, str], ...] = ()
    """(port, MAC): ``bmc``, ``lom1``, ``b3140h-1``, ``eth0`` ..."""
    line: int = 0


class Site(Intent):
    """The whole site file."""

    site: SiteInfo
    access: Access = Access()
    bmc: Bmc = Bmc()
    firmware: FirmwareIntent = FirmwareIntent()
    bios: BiosIntent = BiosIntent()
    services: Services = Services()
    hosts: Hosts = Hosts()
    groups: dict[Key, Group] = Field(default_factory=dict)
    roles: dict[Key, tuple[str, ...]] = Field(default_factory=dict)
    """Role to machines or groups."""
    pools: Pools = Pools()
    networks: dict[Key, Network] = Field(default_factory=dict)
    vrfs: dict[Key, VrfIntent] = Field(default_factory=dict)
    fabrics: dict[Key, Fabric] = Field(default_factory=dict)
    racks: dict[Key, RackIntent] = Field(default_factory=dict)
    """Racks by name or range ``r[001-256]``."""
    aaa: Aaa = Aaa()
    rows: tuple[NodeRow, ...] = Field((), exclude=True)
    """Rows of nodes.csv; never written in site.yaml."""
    armoured: tuple[tuple[str, str], ...] = Field((), exclude=True)
    """(file, public key) of the mirrors; never written in site.yaml."""

    def bridged(self, network: str) -> frozenset[str]:
        """Return the fabrics whose switches have the VLAN of a network: they attach it, or carry its gateway."""
        found: set[str] = set()
        for key, fabric in self.fabrics.items():
            own = fabric.family == "oob" and network in (key, "oob")
            listed = any(network in (entry.native, entry.network, *entry.tagged) for entry in fabric.attach)
            if own or listed or self.networks[network].gateway == key:
                found |= {key} | ({fabric.uplink.to} if fabric.uplink else set())
        return frozenset(found)

    def apart(self, one: str, other: str) -> bool:
        """Say whether no switch has the VLANs of both networks, so that these may have one number."""
        fabrics = self.bridged(one), self.bridged(other)
        return all(fabrics) and not fabrics[0] & fabrics[1]
