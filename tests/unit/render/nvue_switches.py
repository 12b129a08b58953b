"""Switches made by hand, one of each kind, small enough to read and complete enough to print everything."""

from rackwright.nvue.emit import dump
from rackwright.plan.model import (
    Bgp,
    BgpNeighbor,
    BgpVrf,
    Bond,
    Cage,
    PeerGroup,
    Port,
    PrefixList,
    Relay,
    RouteMap,
    RouteMapRule,
    StaticRoute,
    Svi,
    Switch,
    SystemSettings,
    Vlan,
    Vrf,
)
from rackwright.render import nvue

SYSTEM = SystemSettings(
    password="switch_hash",
    ssh_keys=(("ops", "ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAIExample"),),
    ntp=("10.10.0.5",),
    dns=("10.10.0.5",),
    syslog=("10.10.0.6",),
)

UNDERLAY = PeerGroup("underlay", "external", bfd=True, bfd_timers=(3, 300, 300))


def startup_yaml(switch: Switch) -> str:
    """Print the startup file of a switch."""
    return dump(nvue.tree(switch), model=switch.model, nos=switch.nos)


def rail_leaf() -> Switch:
    """A leaf with routed /31 host ports, eBGP unnumbered uplinks and adaptive routing."""
    hosts = tuple(
        Port(f"swp1s{sub}", 1, sub, description=f"gpu0{sub + 1} rail 1", address=f"10.200.1.{sub * 2}/31",
             mtu_bytes=9216, pfc_watchdog=True, rail=1)
        for sub in (0, 1)
    )  # fmt: skip
    uplinks = tuple(
        Port(f"swp33s{sub}", 33, sub, kind="fabric", description="sp01 swp1s0", adaptive_routing=True) for sub in (0, 1)
    )
    default = BgpVrf(
        connected_map="CONNECTED",
        groups=(UNDERLAY,),
        neighbors=tuple(BgpNeighbor(port.name, "underlay") for port in uplinks),
        ecmp_paths=128,
        aspath_ignore=True,
    )
    return Switch(
        name="be01", model="sn5600", role="leaf", fabric="backend", nos="5.12.1",
        management="10.10.0.11/24", management_gateway="10.10.0.1", system=SYSTEM, loopback="10.255.0.1/32",
        cages=(Cage(1, "2x", 4), Cage(2, admin="down"), Cage(3, configured=False), Cage(33, "2x", 4)),
        ports=(*hosts, *uplinks),
        vrfs=(Vrf("default", bgp=default),),
        bgp=Bgp(4200000001, "10.255.0.1"),
        roce="lossless", roce_pools=(("default-lossy", 10), ("roce-lossless", 90)), adaptive_routing=True,
        prefix_lists=(PrefixList("RAILS", ((10, "permit", "10.200.0.0/16", 31),), type="ipv4"),),
        route_maps=(
            RouteMap("CONNECTED", (
                RouteMapRule(10, "permit", interface="lo", type="ipv4"),
                RouteMapRule(20, "permit", prefix_list="RAILS", type="ipv4"),
            )),
        ),
    )  # fmt: skip


def spine() -> Switch:
    """A spine: split cages, eBGP unnumbered to every leaf, no bridge."""
    ports = tuple(Port(f"swp{cage}s{sub}", cage, sub, kind="fabric") for cage in (1, 2) for sub in (0, 1))
    bgp = BgpVrf(groups=(UNDERLAY,), neighbors=tuple(BgpNeighbor(port.name, "underlay") for port in ports))
    return Switch(
        name="sp01", model="sn5600", role="spine", fabric="backend", nos="5.12.1",
        management="10.10.0.21/24", management_gateway="10.10.0.1", system=SYSTEM, loopback="10.255.0.9/32",
        cages=(Cage(1, "2x", 4), Cage(2, "2x", 4)), ports=ports, vrfs=(Vrf("default", bgp=bgp),),
        bgp=Bgp(4200000009, "10.255.0.9"), roce="lossless",
    )  # fmt: skip


def evpn_leaf() -> Switch:
    """One of an EVPN multihoming pair: bonds with Ethernet segments, SVIs with anycast gateways, a tenant VRF."""
    bonds = tuple(
        Bond(f"bond1s{sub}", (f"swp1s{sub}",), description=f"gpu0{sub + 1}", mode="lacp", lacp_rate="fast",
             lacp_bypass=True, mtu_bytes=9216, untagged=300, tagged=(300, 500), es_id=10 + sub,
             es_mac="44:38:39:ff:00:01", df_preference=50000, stp_edge=True, admin="up")
        for sub in (0, 1)
    )  # fmt: skip
    ports = (
        Port("swp1s0", 1, 0, bond="bond1s0", pfc_watchdog=True),
        Port("swp1s1", 1, 1, bond="bond1s1", pfc_watchdog=True),
        Port("swp2", 2, kind="isl", description="ISL", multihoming_uplink=True),
        Port("swp3", 3, kind="external", vrf="INBAND"),
    )
    default = BgpVrf(
        evpn=True,
        groups=(PeerGroup("underlay", "internal", evpn=True, bfd=True),),
        neighbors=(BgpNeighbor("swp2", "underlay", ttl_hops=1, update_source="10.255.0.31"),),
    )
    tenant = BgpVrf(
        asn=4200000031, router_id="10.255.0.31", rd="10.255.0.31:50001", evpn=True, to_evpn=True,
        groups=(PeerGroup("core", "65010", outbound="OUT"),), neighbors=(BgpNeighbor("swp3", "core"),),
    )  # fmt: skip
    return Switch(
        name="fe01", model="sn5600", role="leaf", fabric="frontend", nos="5.12.1",
        management="10.10.0.31/24", management_gateway="10.10.0.1", system=SYSTEM, loopback="10.255.0.31/32",
        cages=(Cage(1, "4x", 2), Cage(2), Cage(3)), ports=ports, bonds=bonds,
        vlans=(Vlan(300, 10300, "inband"), Vlan(500, 10500, "storage")),
        svis=(
            Svi(300, "INBAND", "10.20.0.2/22", "10.20.0.1/22", 9216),
            Svi(500, "INBAND", "10.20.8.2/22", "10.20.8.1/22"),
        ),
        vrfs=(
            Vrf("default", bgp=default),
            Vrf("INBAND", 50001, 3001, ("10.255.8.1/32", "127.0.0.1/8"), table_auto=True, bgp=tenant),
        ),
        bgp=Bgp(4200000031, "10.255.0.31"), vtep="10.255.16.1", evpn=True, multihoming=True,
        multihoming_timers=(180, 1080, 1080), dscp_copy=True, arp_suppress=True, vrr=True, roce="lossless",
        prefix_lists=(PrefixList("SITE", ((10, "permit", "10.20.0.0/16", 24),)),),
        route_maps=(RouteMap("OUT", (RouteMapRule(10, "permit", prefix_list="SITE", type="ipv4"),)),),
        relays=(Relay("INBAND", ("vlan300", "vlan3001_l3"), ("10.10.0.5",)),),
    )  # fmt: skip


def oob() -> Switch:
    """An out-of-band switch: access ports, an uplink bond, an SVI and a default route."""
    return Switch(
        name="oob01", model="sn2201", role="oob", fabric="oob", nos="5.12.1",
        management="", management_gateway="", system=SYSTEM,
        cages=(Cage(1), Cage(2), Cage(49), Cage(50)),
        ports=(
            Port("swp1", 1, access=200, description="gpu01 bmc"),
            Port("swp2", 2, access=200),
            Port("swp49", 49, kind="uplink", bond="uplink"),
            Port("swp50", 50, kind="uplink", bond="uplink"),
        ),
        bonds=(Bond("uplink", ("swp49", "swp50"), access=200, admin="up"),),
        vlans=(Vlan(200),), bridge_type="",
        svis=(Svi(200, address="10.10.0.3/22"),),
        static_routes=(StaticRoute("default", "0.0.0.0/0", "10.10.0.1"),),
    )  # fmt: skip


def era_core() -> Switch:
    """A core in the house style of NVIDIA's reference architectures: banners, histograms, LDAP, leaks, communities."""
    extra = (
        ("aaa.ldap.base_dn", '"dc=example,dc=com"'),
        ("aaa.ldap.secret", '"ldap_bind"'),
        ("aaa.ldap.servers", '["10.0.0.2", "10.0.0.3"]'),
        ("aaa.order", '["local", "ldap"]'),
        ("anycast_mac", '"44:38:39:ff:00:ff"'),
        ("banner", '{"post_login": "Welcome\\nto core-01\\n"}'),
        ("histogram", '{"counter": {"bin_min_boundary": 3552, "sample_interval": 1024}}'),
        ("pfc_watchdog.robustness", "3"),
        ("telemetry.enable", "true"),
        ("wjh", '{"enable": true, "triggers": ["l2", "l3"]}'),
    )
    exit_vrf = BgpVrf(
        asn=4200000041, router_id="10.255.0.41", rd="10.255.0.41:5004", evpn=True, to_evpn=True,
        import_from=("INBAND",), import_map="EXIT_FILTER",
    )  # fmt: skip
    return Switch(
        name="core-01", model="sn5600", role="leaf", fabric="core", nos="5.11.0",
        management="", management_gateway="",
        system=SystemSettings(timezone="Etc/Zulu", ntp=("0.pool.ntp.org",), extra=extra),
        loopback="10.255.0.41/32",
        cages=(Cage(55, "8x", 1, admin="up"), Cage(56, "disabled"), Cage(57, admin="down")),
        ports=(
            Port("swp55s0", 55, 0, admin="", histogram=True, bond="bond55s0"),
            Port("swp57", 57, kind="reserved", admin=""),
        ),
        bonds=(Bond("bond55s0", ("swp55s0",), access=200, lacp_bypass=True, es_id=550, es_mac="44:38:39:FF:00:AA"),),
        vlans=(Vlan(200, 4200),), vrfs=(Vrf("EXIT", 5004, 3004, ("10.255.1.5/32",), bgp=exit_vrf), Vrf("INBAND")),
        bgp=Bgp(4200000041, "10.255.0.41"), vtep="10.255.0.41", evpn=True, multihoming=True,
        route_maps=(
            RouteMap("EXIT_FILTER", (
                RouteMapRule(5, "deny", community_list="11"),
                RouteMapRule(20, "permit", set_community="11:11"),
            )),
        ),
        community_lists=(("11", "11:11"),),
    )  # fmt: skip


ALL = {"rail-leaf": rail_leaf, "spine": spine, "evpn-leaf": evpn_leaf, "oob": oob, "era-core": era_core}
"""Every switch by its kind."""
