"""Addresses of everything: apart from each other, stable, and problems with numbers when pools are small."""

from __future__ import annotations

import ipaddress

import pytest

from rackwright.catalog.models import Catalog, Conventions, ServerModel
from rackwright.intent.models import Site
from rackwright.plan.addresses import allocate, oob_network, with_management
from rackwright.plan.lock import Lock
from rackwright.plan.model import Device, End, Layout, Link

CATALOG = Catalog(
    servers={"box": ServerModel(key="box", name="box", source="test")},
    conventions={
        "rackwright": Conventions(key="rackwright", name="r", source="test"),
        "era": Conventions(key="era", name="e", source="test", leaf_addresses="after-gateway", management="dhcp"),
    },
)

NETWORKS = {
    "oob": {"vlan": 200, "vrf": "OOB", "subnet": "10.10.0.0/22", "gateway": "front"},
    "inband": {"vlan": 300, "vrf": "INBAND", "subnet": "10.20.0.0/22", "pxe": True},
    "storage": {"vlan": 500, "vrf": "INBAND", "subnet": "10.20.8.0/22"},
    "gpu": {"vlan": 900, "vrf": "GPU", "subnet": "192.168.110.0/24"},
    "rails": {"style": "p2p-31", "pool": "10.200.0.0/16"},
}
FABRICS = {
    "back": {
        "topology": "rail-optimized",
        "leaves": {"model": "sn", "name": "be"},
        "attach": [{"group": "gpu", "nic": "n", "network": "rails"}],
    },
    "front": {
        "topology": "evpn-pair",
        "leaves": {"model": "sn", "name": "fe"},
        "attach": [
            {"group": "gpu", "nic": "f", "bond": "lacp", "native": "inband", "tagged": ["storage"]},
            {"group": "gpu", "nic": "g", "native": "gpu"},
        ],
    },
    "oob": {"topology": "l2", "leaves": {"model": "m", "name": "oob"}, "attach": [{"group": "gpu", "ports": ["bmc"]}]},
}


def site(*, networks=None, fabrics=None, **more) -> Site:
    wish = {
        "site": {"name": "t", "release": "r", **more.pop("info", {})},
        "networks": NETWORKS | (networks or {}),
        "fabrics": FABRICS | (fabrics or {}),
        **more,
    }
    return Site.model_validate(wish)


SWITCHES = [
    Device("be01", "leaf", "sn", fabric="back", unit=1), Device("be02", "leaf", "sn", fabric="back", unit=1),
    Device("sp01", "spine", "sn", fabric="back"), Device("sp02", "spine", "sn", fabric="back"),
    Device("fe01", "leaf", "sn", fabric="front", unit=1), Device("fe02", "leaf", "sn", fabric="front", unit=1),
    Device("oob01", "oob", "m", fabric="oob"),
]  # fmt: skip


def machines(count):
    return [Device(f"gpu{n:04d}", "server", "box", group="gpu", index=n) for n in range(1, count + 1)]


def wires(names, *, rails=2, planes=1):
    """Return rails, a bond, two GPU ports and the management ports of some machines."""
    links = []
    for name in names:
        for plane in range(1, planes + 1):
            for rail in range(1, rails + 1):
                end = End(name, f"n-{(rail - 1) * planes + plane}", nic="n")
                lane = plane if planes > 1 else 0
                links.append(
                    Link(
                        "back", "host", End(f"be{rail:02d}", f"swp{int(name[-4:])}"), end, 400, 4, "dac", rail, lane, 0
                    )
                )
        for number in (1, 2):
            links.append(Link("front", "host", End(f"fe0{number}", "swp1"), End(name, f"f-1.{number}", nic="f"), 200,
                              2, "dac", 0, 0, 0))  # fmt: skip
            links.append(Link("front", "host", End(f"fe0{number}", "swp9"), End(name, f"g-{number}", nic="g"), 400,
                              4, "dac", number, 0, 1))  # fmt: skip
        links += [
            Link("oob", "management", End("oob01", "swp1"), End(name, word), 1, 0, "cat6", attach=0)
            for word in ("bmc", "lom1", "f-1.bmc")
        ]
    links.append(Link("oob", "management", End("oob01", "swp48"), End("fe01", "eth0"), 1, 0, "cat6", attach=0))
    return links


def layout(*, per_unit=4, most=8):
    return Layout("back", "rail-optimized", 2, 1, 2, 2, 0, 1, per_unit, 1, 1, 0, 0, 0, most)


def plan(count=3, *, wish=None, lock=None, names=None, **more):
    devices = [*SWITCHES, Device("r1-pdu1", "pdu", "p", group="r1"), *machines(count)]
    chosen = names or [item.name for item in machines(count)]
    devices = [item for item in devices if item.role != "server" or item.name in chosen]
    places = {("back", name): int(name[-4:]) - 1 for name in chosen}
    shape = more.pop("shape", layout(most=max(8, count)))
    return allocate(
        wish or site(), devices, wires(chosen, **more), CATALOG, lock or Lock(), places=places, layouts=[shape]
    )


def flat(found) -> list[str]:
    """Return every address that a machine or switch holds."""
    pairs = [text for pair in found.rails.values() for text in (pair.host, pair.switch)]
    maps = (found.controllers, found.hosts, found.svis, found.loopbacks)
    return pairs + [text for values in maps for text in values.values()]


def test_no_address_is_given_twice():
    """Controllers, hosts, leaves, loopbacks and both ends of every rail are all different."""
    found, problems = plan(7)
    every = [text.partition("/")[0] for text in flat(found)]
    assert problems == []
    assert len(every) == len(set(every))
    gateways = {subnet.gateway.partition("/")[0] for subnet in found.subnets.values()}
    assert not gateways & set(every)


def test_every_address_lies_in_its_subnet():
    """An address carries the length of the prefix it was taken from."""
    found, _ = plan(4)
    for (key, _, _), address in found.hosts.items():
        assert ipaddress.IPv4Interface(address).network == ipaddress.IPv4Network(found.subnets[key].prefix)
    for (key, _), address in found.svis.items():
        assert ipaddress.IPv4Interface(address).network == ipaddress.IPv4Network(found.subnets[key].prefix)


def test_a_bond_has_one_address_and_ports_without_a_bond_one_each():
    """In-band is on the bond, storage on its tag, the GPU network on each port, the LOM out of band."""
    found, _ = plan(1)
    mine = {(key, port) for key, name, port in found.hosts if name == "gpu0001"}
    assert mine == {("inband", ""), ("storage", ""), ("gpu", "g-1"), ("gpu", "g-2"), ("oob", "lom1")}


def test_controllers_are_the_bmcs_and_the_ports_of_switches():
    """BMC, DPU BMC and eth0 are controllers; an uncabled switch has an address all the same, a machine not."""
    found, _ = plan(1)
    assert {key for key in found.controllers if key[0] == "gpu0001"} == {("gpu0001", "bmc"), ("gpu0001", "f-1.bmc")}
    assert ("oob01", "eth0") in found.controllers
    assert ("r1-pdu1", "mgmt") not in found.controllers
    assert found.management["gpu0001"] == found.controllers[("gpu0001", "bmc")]


def test_growth_moves_nothing():
    """Adding machines, in the middle too, leaves every address that was given."""
    lock = Lock()
    before, _ = plan(lock=lock, names=["gpu0001", "gpu0003"], count=3)
    after, _ = plan(6, lock=Lock(lock.file()))
    for name in ("controllers", "hosts", "svis", "rails", "loopbacks", "asns"):
        old, new = getattr(before, name), getattr(after, name)
        assert {key: new[key] for key in old} == old, name


def test_removal_frees_nothing_by_itself():
    """An address of a machine that is gone goes to nobody else."""
    lock = Lock()
    before, _ = plan(2, lock=lock)
    kept = Lock(lock.file())
    after, _ = plan(3, lock=kept, names=["gpu0002", "gpu0003"])
    gone = {text for key, text in before.hosts.items() if key[1] == "gpu0001"}
    assert not gone & set(after.hosts.values())


def test_equal_input_gives_equal_addresses():
    """Two plans from nothing are the same."""
    assert plan(5)[0] == plan(5)[0]


def test_a_subnet_that_is_too_small_says_how_many_are_needed_and_what_would_do():
    """300 machines do not fit 165 places of a /24; a /23 has room."""
    small = site(networks={"inband": {"vlan": 300, "vrf": "INBAND", "subnet": "10.20.0.0/24"}})
    _, problems = plan(300, wish=small)
    found = [item for item in problems if item.path == "networks.inband"]
    assert len(found) == 1
    assert "networks.inband 10.20.0.0/24 has 165 addresses for machines, 300 needed" in found[0].message
    assert found[0].remedy.startswith("use a /23")
    bigger = site(networks={"inband": {"vlan": 300, "vrf": "INBAND", "subnet": "10.20.0.0/23"}})
    assert not [item for item in plan(300, wish=bigger)[1] if item.path == "networks.inband"]


def test_pools_of_numbers_that_are_too_small_are_problems():
    """Six routed switches and five ASNs do not fit two loopbacks and three ASNs."""
    tight = site(pools={"loopback": "10.255.0.0/30", "asn": "65000-65002"})
    messages = {item.path: item for item in plan(1, wish=tight)[1]}
    assert messages["pools.loopback"].message == "pools.loopback 10.255.0.0/30 has 2 addresses, 6 needed"
    assert messages["pools.loopback"].remedy == "use a /29"
    assert messages["pools.asn"].message == "pools.asn 65000-65002 has 3 numbers, 5 needed"


def test_what_the_site_pins_is_given_to_nobody():
    """A bootstrap, a server and a relay inside the first hosts of a subnet are stepped over."""
    wish = site(
        services={"bootstrap": "10.10.0.10", "dns": ["10.20.0.11"]},
        networks={"inband": {"vlan": 300, "vrf": "INBAND", "subnet": "10.20.0.0/22", "relay": "10.20.0.10"}},
    )
    found, problems = plan(3, wish=wish)
    every = {text.partition("/")[0] for text in flat(found)}
    assert not every & {"10.10.0.10", "10.20.0.10", "10.20.0.11"}
    assert problems == []
    assert found.hosts[("inband", "gpu0001", "")] == "10.20.0.12/22"


def test_a_bootstrap_address_that_a_device_already_holds_is_a_problem():
    """The lock keeps the device's address; the operator chooses another for the laptop."""
    lock = Lock()
    before, _ = plan(1, lock=lock)
    taken = before.controllers[("fe01", "eth0")].partition("/")[0]
    _, problems = plan(1, lock=Lock(lock.file()), wish=site(services={"bootstrap": taken}))
    assert [item.path for item in problems] == ["services.bootstrap"]
    assert "fe01" in problems[0].message


@pytest.mark.parametrize("word", ["ntp", "dns", "syslog", "ldap"])
def test_a_server_of_others_does_not_have_the_address_of_a_device(word):
    """Every server that the site writes by its address is looked at as the bootstrap host is."""
    lock = Lock()
    before, _ = plan(1, lock=lock)
    taken = before.controllers[("fe01", "eth0")].partition("/")[0]
    change = {"aaa": {"ldap": {"servers": [taken]}}} if word == "ldap" else {"services": {word: [taken]}}
    _, problems = plan(1, lock=Lock(lock.file()), wish=site(**change))
    assert [item.path for item in problems] == ["aaa.ldap.servers.0" if word == "ldap" else f"services.{word}.0"]
    assert f"{taken} is the address of fe01" in problems[0].message
    assert plan(1, wish=site(**change))[1] == []


def test_a_gateway_of_others_may_serve():
    """A router of others at the gateway's address answers for time as well."""
    wish = site(services={"ntp": ["10.20.0.1"]}, networks={"inband": NETWORKS["inband"] | {"gateway": "10.20.0.1"}})
    assert plan(1, wish=wish)[1] == []


def test_a_pinned_address_among_the_leases_is_a_problem():
    """The laptop must not lie where the DHCP server gives addresses to strangers."""
    _, problems = plan(1, wish=site(services={"bootstrap": "10.10.3.0"}))
    assert [item.path for item in problems] == ["networks.oob.subnet"]
    assert "range of dynamic leases" in problems[0].message


@pytest.mark.parametrize(
    "words", [{"services": {"ntp": ["10.10.3.180"]}}, {"aaa": {"ldap": {"servers": ["10.10.3.180"]}}}]
)
def test_a_pinned_address_late_among_the_leases_ends_them(words):
    """A server that stands at the end of a subnet is leased to nobody; the lock has nothing to keep for it."""
    lock = Lock()
    found, problems = plan(1, wish=site(**words), lock=lock)
    assert problems == []
    assert (found.subnets["oob"].first, found.subnets["oob"].last) == ("10.10.2.191", "10.10.3.179")
    assert not [key for key in lock.file().pools["networks.oob"] if key.startswith("pinned")]


def test_an_ldap_server_early_among_the_leases_is_a_problem():
    """A directory is looked at as a time server is."""
    _, problems = plan(1, wish=site(aaa={"ldap": {"servers": ["10.10.3.0", "ldap.example.org"]}}))
    assert [item.path for item in problems] == ["networks.oob.subnet"]
    assert "aaa.ldap.servers 10.10.3.0 lies in the range of dynamic leases" in problems[0].message


def test_overlapping_prefixes_of_one_vrf_are_a_problem_and_of_two_are_not():
    """Storage inside in-band meets it; the GPU network has a table of its own."""
    wish = site(networks={"storage": {"vlan": 500, "vrf": "INBAND", "subnet": "10.20.2.0/24"}})
    _, problems = plan(1, wish=wish)
    assert [item.path for item in problems] == ["networks.storage.subnet"]
    assert "overlaps networks.inband.subnet 10.20.0.0/22" in problems[0].message
    apart = site(networks={"gpu": {"vlan": 900, "vrf": "GPU", "subnet": "10.20.0.0/24"}})
    assert plan(1, wish=apart)[1] == []


def test_leaves_carry_the_gateway_where_the_site_says():
    """Out of band the named fabric's leaves; in-band, without a word, those of the fabric that attaches it."""
    found, _ = plan(1)
    assert {leaf for key, leaf in found.svis if key == "oob"} == {"fe01", "fe02"}
    assert {leaf for key, leaf in found.svis if key == "inband"} == {"fe01", "fe02"}
    assert found.svis[("inband", "fe01")] == "10.20.3.254/22"
    assert found.gateway("inband") == "10.20.0.1/22"


def test_era_leaves_follow_the_gateway():
    """With the conventions of NVIDIA's reference architectures the leaves are .2 and .3."""
    wish = site(
        info={"conventions": "era"},
        networks={"gpu": {"vlan": 900, "vrf": "GPU", "subnet": "192.168.110.0/24", "first_host": 11}},
    )
    found, _ = plan(1, wish=wish)
    assert [found.svis[("gpu", leaf)] for leaf in ("fe01", "fe02")] == ["192.168.110.2/24", "192.168.110.3/24"]
    assert found.hosts[("gpu", "gpu0001", "g-1")] == "192.168.110.11/24"


def test_a_network_without_a_gateway_has_none():
    """gateway: none gives hosts addresses and leaves nothing; an address is taken as it stands."""
    wish = site(
        networks={
            "gpu": {"vlan": 900, "vrf": "GPU", "subnet": "192.168.110.0/24", "gateway": "none"},
            "storage": {"vlan": 500, "vrf": "INBAND", "subnet": "10.20.8.0/22", "gateway": "10.20.8.10"},
        }
    )
    found, _ = plan(1, wish=wish)
    assert found.gateway("gpu") == ""
    assert found.gateway("storage") == "10.20.8.10/22"
    assert not [key for key in found.svis if key[0] in ("gpu", "storage")]
    assert found.hosts[("storage", "gpu0001", "")] == "10.20.8.11/22"


def test_each_out_of_band_switch_may_have_a_subnet_of_its_own():
    """What is cabled to oob01 has an address in its subnet, and the switch one too."""
    oob = FABRICS["oob"] | {"per_switch": ["192.168.200.0/24"]}
    found, problems = plan(1, wish=site(info={"conventions": "era"}, fabrics={"oob": oob}))
    assert problems == []
    assert found.controller_subnets[("gpu0001", "bmc")] == "oob@oob01"
    assert found.svis[("oob@oob01", "oob01")] == "192.168.200.2/24"
    missing = FABRICS["oob"] | {"per_switch": ["192.168.200.0/24"], "leaves": {"model": "m", "name": "oob"}}
    devices = [*SWITCHES, Device("oob02", "oob", "m", fabric="oob")]
    _, problems = allocate(site(fabrics={"oob": missing}), devices, [], CATALOG, Lock(), places={}, layouts=[])
    assert [item.path for item in problems] == ["fabrics.oob.per_switch"]


def test_management_comes_by_dhcp_where_the_conventions_say():
    """Switches keep no static address then; machines and the reservation do."""
    found, _ = plan(1)
    devices = [*SWITCHES, *machines(1)]
    static = {item.name: item.management for item in with_management(devices, found, static=True)}
    by_dhcp = {item.name: item.management for item in with_management(devices, found, static=False)}
    assert static["fe01"] == found.management["fe01"]
    assert by_dhcp["fe01"] == ""
    assert by_dhcp["gpu0001"] == static["gpu0001"] != ""


def test_leaves_have_asns_of_their_own_and_spines_share_one():
    """RFC 7938; a fabric may give all its leaves one number instead."""
    found, _ = plan(1)
    assert found.asns["sp01"] == found.asns["sp02"]
    leaves = [found.asns[name] for name in ("be01", "be02", "fe01", "fe02", "sp01")]
    assert len(set(leaves)) == 5
    one = FABRICS["front"] | {"bgp": {"asn": 4260394788}}
    stated, _ = plan(1, wish=site(fabrics={"front": one}))
    assert stated.asns["fe01"] == stated.asns["fe02"] == 4260394788


def test_spines_of_two_pods_and_of_two_planes_differ():
    """A leaf must not see the spines of another pod as its own, nor planes mix."""
    devices = [
        Device("a", "spine", "sn", fabric="back", unit=1), Device("b", "spine", "sn", fabric="back", unit=2),
        Device("c", "spine", "sn", fabric="back", unit=1, plane=2),
        Device("s", "superspine", "sn", fabric="back"), Device("t", "superspine", "sn", fabric="back"),
    ]  # fmt: skip
    found, _ = allocate(site(), devices, [], CATALOG, Lock(), places={}, layouts=[])
    assert len({found.asns[name] for name in "abcs"}) == 4
    assert found.asns["s"] == found.asns["t"]


def test_vteps_are_the_loopbacks_unless_they_have_a_pool():
    """Only leaves of EVPN fabrics have one."""
    found, _ = plan(1)
    assert found.vteps == {name: found.loopbacks[name].removesuffix("/32") for name in ("fe01", "fe02")}
    own, _ = plan(1, wish=site(pools={"vtep": "10.255.16.0/24"}))
    assert own.vteps == {"fe01": "10.255.16.1", "fe02": "10.255.16.2"}
    run, _ = plan(1, wish=site(pools={"loopback": "172.16.176.11-172.16.176.20"}))
    assert run.loopbacks["be01"] == "172.16.176.11/32"


def test_a_rail_is_one_prefix_and_a_pair_is_a_31():
    """All of rail r lies in one block; the switch end is even, the host end follows it."""
    found, _ = plan(6)
    for (_, port), pair in found.rails.items():
        host, switch = ipaddress.IPv4Interface(pair.host), ipaddress.IPv4Interface(pair.switch)
        assert host.network == switch.network
        assert host.ip == switch.ip + 1
        assert int(switch.ip) % 2 == 0
        assert host.ip in ipaddress.IPv4Network(pair.block)
        assert pair.rail == int(port[-1])
    assert len({pair.block for pair in found.rails.values()}) == 2
    assert found.rail_blocks[("rails", 0, 1)] == "10.200.0.0/17"


def test_the_machines_of_one_unit_are_one_prefix_of_a_rail():
    """Units of three machines are laid on fours: machines 4-6 of rail 1 share a /29."""
    found, _ = plan(6, shape=layout(per_unit=3))
    second = [ipaddress.IPv4Interface(found.rails[(f"gpu{n:04d}", "n-1")].host).ip for n in (4, 5, 6)]
    assert all(ip in ipaddress.IPv4Network("10.200.0.8/29") for ip in second)


def test_planes_have_blocks_of_their_own():
    """Two planes of two rails are four blocks."""
    found, _ = plan(2, planes=2)
    assert sorted(found.rail_blocks) == [("rails", 1, 1), ("rails", 1, 2), ("rails", 2, 1), ("rails", 2, 2)]
    assert len(set(found.rail_blocks.values())) == 4
    every = [text for pair in found.rails.values() for text in (pair.host, pair.switch)]
    assert len(every) == len(set(every))


def test_a_rail_pool_is_measured_against_the_build_out_target():
    """64 machines in units of 32 need 128 addresses a rail; a /25 gives two rails 64 each."""
    wish = site(networks={"rails": {"style": "p2p-31", "pool": "10.200.0.0/25"}})
    found, problems = plan(2, wish=wish, shape=layout(per_unit=32, most=64))
    assert found.rails == {}
    assert "gives each of 2 rails 64 addresses; 64 machines need 128 a rail" in problems[0].message
    assert problems[0].remedy == "use a /24"
    fits = site(networks={"rails": {"style": "p2p-31", "pool": "10.200.0.0/24"}})
    assert plan(2, wish=fits, shape=layout(per_unit=32, most=64))[1] == []


def test_growth_of_rails_moves_no_block():
    """The cut of the pool is kept: later machines and a greater target leave every /31."""
    lock = Lock()
    before, _ = plan(2, lock=lock)
    after, _ = plan(8, lock=Lock(lock.file()), shape=layout(per_unit=4, most=64))
    assert {key: after.rails[key] for key in before.rails} == before.rails


def test_two_fabrics_do_not_share_a_rail_pool():
    """Their blocks would lie on each other, so each asks for a network of its own."""
    wish = site(fabrics={"other": FABRICS["back"]})
    links = wires(["gpu0001"])
    links.append(Link("other", "host", End("x", "swp1"), End("gpu0001", "n-9", nic="n"), 400, 4, "dac", 1, 0, 0))
    _, problems = allocate(
        wish, [*SWITCHES, *machines(1)], links, CATALOG, Lock(), places={("back", "gpu0001"): 0}, layouts=[layout()]
    )
    assert [item.path for item in problems] == ["networks.rails"]


def test_a_vlan_a_rail_is_a_subnet_a_rail():
    """VLANs count on from the network's own; each rail's leaf has its gateway."""
    wish = site(networks={"rails": {"style": "vlan-per-rail", "vlan": 901, "vrf": "GPU2", "pool": "10.200.0.0/16"}})
    found, problems = plan(2, wish=wish)
    assert problems == []
    rails = [found.subnets[f"rails-{rail}"] for rail in (1, 2)]
    assert [(item.vlan, item.prefix, item.rail) for item in rails] == [
        (901, "10.200.0.0/17", 1), (902, "10.200.128.0/17", 2),
    ]  # fmt: skip
    assert found.hosts[("rails-2", "gpu0001", "n-2")] == "10.200.128.10/17"
    assert {key for key in found.svis if key[0].startswith("rails")} == {("rails-1", "be01"), ("rails-2", "be02")}


@pytest.mark.parametrize(
    ("word", "path"),
    [("10.20.0.5/22", "networks.inband.subnet"), ("10.20.0.0/31", "networks.inband.subnet")],
)
def test_a_subnet_that_is_none_is_a_problem_and_no_traceback(word, path):
    """Host bits set and prefixes too long are told at the subnet."""
    wish = site(networks={"inband": {"vlan": 300, "vrf": "INBAND", "subnet": word}})
    _, problems = plan(1, wish=wish)
    assert path in {item.path for item in problems}


def test_pools_that_are_none_are_problems():
    """Words that are no pool are told where they stand."""
    wish = site(
        pools={"loopback": "many", "asn": "x-y"}, networks={"rails": {"style": "p2p-31", "pool": "10.200.0.1/16"}}
    )
    _, problems = plan(1, wish=wish)
    assert {item.path for item in problems} == {"pools.loopback", "pools.asn", "networks.rails.pool"}


def test_the_out_of_band_network_is_found_by_native_by_name_or_is_oob():
    """In that order; a site without one has none."""
    wish = site(networks={"lights": {"vlan": 7}}, fabrics={"lights": FABRICS["oob"]})
    assert oob_network(wish, "oob", 0) == "oob"
    assert oob_network(wish, "lights", 0) == "lights"
    native = FABRICS["oob"] | {"attach": [{"group": "gpu", "ports": ["bmc"], "native": "gpu"}]}
    assert oob_network(site(fabrics={"oob": native}), "oob", 0) == "gpu"
    assert oob_network(Site.model_validate({"site": {"name": "t", "release": "r"}}), "x") == ""
