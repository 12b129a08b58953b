"""Wishes that contradict each other or the hardware: refused with numbers and a place, never served otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from rackwright import catalog, plan
from rackwright.errors import PlanError
from rackwright.intent.models import Site
from rackwright.plan.model import Plan
from tests.sites import Mapping, site

CATALOG = catalog.load()
Change = Callable[[Mapping], Any]


def planned(change: Change, topology: str = "pure-rail", gpus: int = 4, most: int = 8) -> Plan:
    """Return the plan of a small site after a change."""
    wish = site(topology, gpus, most)
    change(wish)
    return plan.build(Site.model_validate(wish), catalog=CATALOG)[0]


def backend(**words: Any) -> Change:
    """Return a change of the rail fabric."""
    return lambda wish: wish["fabrics"]["backend"].update(words)


def frontend(**words: Any) -> Change:
    """Return a change of the leaf pair."""
    return lambda wish: wish["fabrics"]["frontend"].update(words)


def attach(fabric: str, **words: Any) -> Change:
    """Return a change of an attach entry."""
    return lambda wish: wish["fabrics"][fabric]["attach"][0].update(words)


def inband(**words: Any) -> Change:
    """Return a change of the in-band network."""
    return lambda wish: wish["networks"]["inband"].update(words)


def smaller(wish: Mapping) -> None:
    """Attach machines of two rails beside machines of eight."""
    wish["groups"]["lite"] = {"model": "r760xa", "gpu": "h100-nvl", "memory_gb": 1024, "count": 2}
    wish["fabrics"]["backend"]["attach"][0] = {"groups": ["gpu", "lite"], "nic": "b3140h", "network": "rails"}


def unlike(wish: Mapping) -> None:
    """Attach a second group by another medium."""
    wish["groups"]["more"] = dict(wish["groups"]["gpu"])
    entry = {"group": "more", "nic": "b3140h", "network": "rails", "media": "dr4"}
    wish["fabrics"]["backend"]["attach"].append(entry)


def uplink(**words: Any) -> Change:
    """Return a change of the out-of-band uplink."""
    return lambda wish: wish["fabrics"]["oob"]["uplink"].update(words)


def external(**words: Any) -> Change:
    """Return a change that adds an external entry."""
    return frontend(external=[{"name": "core", "vrf": "INBAND", "peer_asn": 65010, **words}])


def link(a: str, b: str, fabric: str = "frontend") -> Change:
    """Return a change that adds a link of its own."""
    return lambda wish: wish["fabrics"][fabric].update(links=[{"a": a, "b": b}])


def named(group: str) -> Change:
    """Return a change of the names of the GPU machines."""
    return lambda wish: wish["groups"]["gpu"].update(names=group)


def vrfs(**words: Any) -> Change:
    """Return a change that states VRFs."""
    return lambda wish: wish.update(vrfs=words)


def second_pair(wish: Mapping) -> None:
    """Attach ports of the GPU machines that the front end has already to a pair of their own."""
    wish["networks"]["other"] = {"vlan": 600, "vrf": "OTHER", "subnet": "10.60.0.0/20"}
    entry = {"group": "gpu", "nic": "b3220l", "bond": "lacp", "native": "other"}
    wish["fabrics"]["second"] = {
        "topology": "evpn-pair", "leaves": {"model": "sn5600", "count": 2, "name": "se"}, "isl": {"links": 4},
        "attach": [entry],
    }  # fmt: skip


def across(wish: Mapping) -> None:
    """Import a VRF that only a pair of its own has."""
    second_pair(wish)
    wish["fabrics"]["second"]["attach"][0] |= {"group": "mgmt", "nic": "cx6dx"}
    wish["fabrics"]["frontend"]["attach"].pop()
    wish["vrfs"] = {"INBAND": {"import": ["OTHER"]}}


REFUSED: dict[str, tuple[Change, str, str]] = {
    "spread of a third leaf": (attach("frontend", spread=[3]), "fabrics.frontend.attach.0.spread", "switch 3 of 2"),
    "spread of none": (attach("frontend", spread=[]), "fabrics.frontend.attach.0.spread", "empty"),
    "spread of a second access switch": (
        attach("oob", spread=[1, 2], at="swp1"), "fabrics.oob.attach.0.spread", "switch 2 of 1",
    ),
    "spread of no access switch": (attach("oob", spread=[], at="swp1"), "fabrics.oob.attach.0.spread", "empty"),
    "bond on one leaf": (attach("frontend", spread=[1, 1]), "fabrics.frontend.attach.0.spread", "leaf 1 alone"),
    "odd leaves": (frontend(leaves={"model": "sn5600", "name": "fe", "count": 3}), "leaves.count", "3 leaves"),
    "spines over one pair": (frontend(spines={"count": 2}), "fabrics.frontend.spines.count", "2 spines"),
    "no link in a pair": (frontend(isl={"links": 0}), "fabrics.frontend.isl.links", "0 links"),
    "8x on an even cage": (external(at=["swp60"]), "fabrics.frontend", "swp60 takes no 8x"),
    "sub-port that the split lacks": (attach("frontend", at="swp1s7"), "fabrics.frontend", "swp1 has 4 sub-ports"),
    "spare 8x on an even cage": (frontend(spare={"swp42": "8x"}), "fabrics.frontend.spare", "only odd"),
    "two kinds of machine on rails": (smaller, "fabrics.backend.attach.0", "lite has 2 ports"),
    "two media on rails": (unlike, "fabrics.backend.attach.1", "differs from attach 1"),
    "speed of a rail": (attach("backend", speed="200g"), "fabrics.backend.attach.0.speed", "400G, not at 200g"),
    "split of a rail": (attach("backend", split="4x"), "fabrics.backend.attach.0.split", "200G on 2 lane(s)"),
    "other cages above": (backend(spines={"model": "sn2201"}), "fabrics.backend.spines.model", "64 of osfp"),
    "uplink to rails": (uplink(to="backend"), "fabrics.oob.uplink.to", "pure-rail"),
    "uplink too fast": (uplink(speed="400g"), "fabrics.oob.uplink.speed", "100G"),
    "uplink past the end": (uplink(ports="swp49-60"), "fabrics.oob.uplink.ports", "past swp52"),
    "three uplinks a leaf": (uplink(links_per_pair=3), "fabrics.oob.uplink.links_per_pair", "take 6 ports"),
    "one uplink port": (uplink(ports="swp52"), "fabrics.oob.uplink.ports", "take 2 ports"),
    "uplinks on access ports": (uplink(ports="swp47-48"), "fabrics.oob.uplink.ports", "access ports"),
    "relay without an address": (
        inband(gateway="10.20.0.254", relay=["10.9.9.9"]), "networks.inband.relay", "no switch of this site",
    ),
    "relay without a subnet": (inband(subnet=None, relay=["10.10.0.5"]), "networks.inband.relay", "has no subnet"),
    "machines on the gateway": (inband(first_host=1), "networks.inband.first_host", "on the gateway"),
    "machines behind the subnet": (inband(first_host=3900), "networks.inband", "use a /19"),
    "L3VNI that another VRF has by rule": (vrfs(INBAND={"l3vni": 50001}), "vrfs.INBAND.l3vni", "OOB has it by rule"),
    "VLAN of an L3VNI twice": (vrfs(OOB={"l3vlan": 3002}), "vrfs.OOB.l3vlan", "INBAND has it by rule"),
    "VNI of an L3VNI": (inband(vni=50001), "networks.inband.vni", "OOB has it by rule"),
    "one eth0 twice": (link("oob01:swp48", "fe01:eth0", "oob"), "fabrics.oob.links", "cabled twice"),
    "one adapter on two fabrics": (second_pair, "fabrics.second.attach.0", "(and 7 more like it)"),
    "peer ports that no number ends": (external(peer_ports="Ethernet"), "external.0.peer_ports", "ends in no number"),
    "ports set aside on a stranger": (
        frontend(reserve={"fe09:swp60": {"admin": "up"}}), "fabrics.frontend.reserve.fe09:swp60", "fe09 is no leaf",
    ),
    "gateway on rails": (inband(gateway="backend"), "networks.inband.gateway", "pure-rail fabric"),
    "import of a VRF that is elsewhere": (across, "vrfs.INBAND.import.0", "no leaf has both INBAND and OTHER"),
    "one ASN and eBGP": (frontend(bgp={"asn": 65001}), "fabrics.frontend.bgp.asn", "no session comes up"),
    "iBGP without an ASN": (frontend(bgp={"isl": "ibgp-unnumbered"}), "fabrics.frontend.bgp.isl", "one ASN"),
    "iBGP over spines": (
        frontend(bgp={"asn": 65001, "isl": "ibgp-unnumbered"}, leaves={"model": "sn5600", "name": "fe", "count": 4}),
        "fabrics.frontend.bgp.isl", "4 leaves",
    ),
    "one ASN for rails": (backend(bgp={"asn": 65001}), "fabrics.backend.bgp.asn", "refuse each other"),
    "access port past the end": (attach("oob", at="swp49"), "fabrics.oob.attach.0.at", "swp1 to swp48"),
    "peer called like a leaf": (external(peers=["fe01"]), "fabrics.frontend.external.0.peers", "fe01"),
    "external in the underlay": (external(vrf="default"), "fabrics.frontend.external.0.vrf", "switch's own"),
    "network in the underlay": (inband(vrf="default"), "networks.inband.vrf", "switch's own"),
    "VRF like a port": (inband(vrf="eth0"), "networks.inband.vrf", "interface"),
    "VLAN of an L3VNI": (inband(vlan=3001), "networks.inband.vlan", "VLAN 3001"),
    "link past the end": (link("fe01:swp70", "mgmt01:lom2"), "fabrics.frontend.links.0", "no swp70"),
    "link of no number": (link("fe01:swpX", "mgmt01:lom2"), "fabrics.frontend.links.0", "no port swpX"),
    "link of an unsplit cage": (link("fe01:swp60s7", "mgmt01:lom2"), "fabrics.frontend.links.0", "not split"),
    "link of a cabled port": (link("oob01:swp47", "mgmt01:lom1", "oob"), "fabrics.oob.links.0", "has a link"),
    "link to itself": (link("fe01:swp60", "fe01:swp60"), "fabrics.frontend.links.0", "both ends"),
    "machines called like leaves": (named("be[01-08]"), "fabrics.backend.leaves.name", "one name"),
    "machines in other capitals": (named("MGMT[01-08]"), "groups.", "one name"),
    "name too long": (backend(leaves={"model": "sn5600", "name": "b" * 62}), "backend.leaves.name", "64 characters"),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_contradiction_is_refused_where_it_stands(name: str) -> None:
    """Each contradiction is one problem at its key, with the numbers, and never a plan of something else."""
    change, path, words = REFUSED[name]
    with pytest.raises(PlanError) as caught:
        planned(change)
    told = [(found.path, str(found)) for found in caught.value.problems if found.severity == "error"]
    assert any(path in where and words in sentence for where, sentence in told), told


@pytest.mark.parametrize(("stated", "links"), [(4, 16), (8, 8), (16, 4)])
def test_stated_spines_of_a_rail_fabric_are_built(stated: int, links: int) -> None:
    """More spines than needed share each leaf's links evenly."""
    made = planned(backend(spines={"count": stated}), "rail-optimized", 64, 64)
    pairs = Counter((each.a.device, each.b.device) for each in made.links if each.kind == "fabric")
    assert len({above for above, _ in pairs}) == stated
    assert set(pairs.values()) == {links}


@pytest.mark.parametrize("stated", [2, 3, 128])
def test_spines_that_no_leaf_can_share_evenly_are_refused(stated: int) -> None:
    """Two are too few for eight leaves, three do not divide 64 links, 128 are more than the links."""
    with pytest.raises(PlanError, match=f"{stated} spines|cannot|problem") as caught:
        planned(backend(spines={"count": stated}), "rail-optimized", 64, 64)
    assert any("use one of 4, 8, 16, 32, 64" in str(found) for found in caught.value.problems)


def test_spines_that_stand_are_kept() -> None:
    """Another number of spines later would recable every leaf, so it is refused."""
    wish = site("rail-optimized", 64, 64)
    wish["fabrics"]["backend"]["spines"] = {"count": 8}
    lock = plan.build(Site.model_validate(wish), catalog=CATALOG)[1]
    wish["fabrics"]["backend"]["spines"] = {"count": 16}
    outcome = plan.attempt(Site.model_validate(wish), lock.file(), catalog=CATALOG)
    assert any("laid out with 8 spines, 16 are wanted" in str(found) for found in outcome.problems)


def test_a_whole_cage_has_no_sub_port() -> None:
    """An 800G link between leaves is swp5, not swp5s0."""
    made = planned(frontend(isl={"links": 2, "speed": "800g"}))
    assert {end.port.count("s") for link in made.links if link.kind == "isl" for end in (link.a, link.b)} == {1}


def test_two_uplink_ports_go_to_the_two_leaves() -> None:
    """Named ports are shared out over the pair; four of them leave the second of each leaf free."""
    ends = {}
    for ports in ("swp51-52", "swp49-52"):
        made = planned(uplink(ports=ports))
        ends[ports] = {link.b.port: link.a.device for link in made.links if link.kind == "uplink"}
    assert ends == {"swp51-52": {"swp51": "fe01", "swp52": "fe02"}, "swp49-52": {"swp49": "fe01", "swp51": "fe02"}}


def test_a_link_means_the_same_from_either_end() -> None:
    """A machine's port named first has its address and its place on the switch all the same."""
    made = [planned(link(*ends, "oob")) for ends in (("oob01:swp48", "gpu01:lom1"), ("gpu01:lom1", "oob01:swp48"))]
    assert made[0].hosts == made[1].hosts
    assert made[0].links == made[1].links


def test_a_data_port_of_a_link_has_no_address() -> None:
    """A cable between two switches of the site gives neither of its ports a lease."""
    made = planned(link("oob01:swp48", "fe01:swp60", "oob"))
    assert not [entry for scope in made.scopes for entry in scope.reservations if "swp" in entry[0]]


def test_ports_of_a_peer_are_counted_on_as_the_peer_calls_them() -> None:
    """The last number of the name counts: Ethernet1/1, Ethernet1/2."""
    made = planned(external(peer_ports="Ethernet1/1"))
    assert [k.b.port for k in made.links if k.kind == "external"] == [f"Ethernet1/{number}" for number in range(1, 5)]


def test_a_port_of_an_out_of_band_switch_is_in_the_network_of_its_entry() -> None:
    """A LOM in a network of its own is in that VLAN, which the uplink carries tagged beside the fabric's own."""

    def apart(wish: Mapping) -> None:
        wish["networks"]["lom"] = {"vlan": 210, "vrf": "LOM", "subnet": "10.12.0.0/24", "gateway": "frontend"}
        wish["fabrics"]["oob"]["attach"][1] = {"group": "mgmt", "ports": ["lom1"], "native": "lom"}

    made = planned(apart)
    switches = {switch.name: switch for switch in made.switches}
    assert {port.access for port in switches["oob01"].ports if port.peer_port == "lom1"} == {210}
    assert {port.access for port in switches["oob01"].ports if port.peer_port == "bmc"} == {200}
    ends = [switches["oob01"].bonds[0], next(bond for bond in switches["fe01"].bonds if bond.peer == "oob01")]
    assert [(bond.access, bond.untagged, bond.tagged) for bond in ends] == [(0, 200, (210,))] * 2
    assert {210, 200} <= {vlan.id for vlan in switches["fe01"].vlans}
    assert [scope.network for scope in made.scopes if scope.network == "lom"]


def test_two_out_of_band_fabrics_below_one_pair_carry_each_its_own_network() -> None:
    """The bonds to the second one are in its VLAN, as its own side says."""

    def two(wish: Mapping) -> None:
        wish["networks"]["oob2"] = {"vlan": 201, "vrf": "OOB", "subnet": "10.11.0.0/24", "gateway": "frontend"}
        wish["fabrics"]["oob2"] = {
            "topology": "l2", "leaves": {"model": "sn2201", "name": "xo"}, "uplink": {"to": "frontend"},
            "attach": [{"group": "gpu", "ports": ["lom1"]}],
        }  # fmt: skip

    made = planned(two)
    carried = {
        bond.peer or switch.name: bond.access for switch in made.switches for bond in switch.bonds if bond.access
    }
    assert (carried["oob01"], carried["xo01"]) == (200, 201)
    front = next(switch for switch in made.switches if switch.name == "fe01")
    assert {bond.peer: bond.access for bond in front.bonds if bond.peer in ("oob01", "xo01")} == {
        "oob01": 200,
        "xo01": 201,
    }


def test_a_relay_of_a_vrf_may_be_a_role() -> None:
    """The servers of ``vrfs.X.relay`` are addresses on the switch, those in the VRF first."""
    made = planned(vrfs(INBAND={"relay": ["bcm-head"]}))
    own = next(host.bonds[0].address for host in made.hosts if host.name == "mgmt01").partition("/")[0]
    assert {relay.servers for switch in made.switches for relay in switch.relays} == {(own,)}


def test_a_network_on_two_pairs_is_a_warning() -> None:
    """Two pairs that nothing joins are two islands; somebody may join them outside of the site."""
    wish = site()
    second_pair(wish)
    wish["fabrics"]["second"]["attach"][0] |= {"group": "mgmt", "nic": "cx6dx", "native": "inband"}
    wish["fabrics"]["frontend"]["attach"].pop()
    found = plan.attempt(Site.model_validate(wish), catalog=CATALOG)
    assert found.plan
    assert [one.path for one in found.problems if "which nothing joins" in str(one)] == ["networks.inband"]


def idle(change: Change) -> list[tuple[str, str]]:
    """Return (path, severity) of each network of a small site that nothing is in, after a change."""
    wish = site()
    wish["networks"]["extra"] = {"vlan": 700, "vrf": "EXTRA", "subnet": "10.30.0.0/24"}
    change(wish)
    found = plan.attempt(Site.model_validate(wish), catalog=CATALOG)
    assert found.plan, found.problems
    return [(one.path, one.severity) for one in found.problems if one.check == "plan.networks"]


def test_a_network_that_nothing_is_in_is_a_warning() -> None:
    """A network that no port, gateway or service uses is told: the operator meant something by it."""
    assert idle(lambda wish: None) == [("networks.extra", "warning")]
    rails = {"style": "p2p-31", "pool": "10.128.0.0/16"}
    assert idle(lambda wish: wish["networks"].update(extra=rails)) == [("networks.extra", "warning")]


@pytest.mark.parametrize(
    "change",
    [
        lambda wish: wish["networks"].pop("extra"),
        attach("frontend", tagged=["extra"]),
        attach("frontend", native="extra", tagged=["inband"]),
        attach("oob", native="extra"),
        lambda wish: wish["networks"]["extra"].update(gateway="frontend"),
        lambda wish: wish["networks"]["extra"].update(pxe=True),
        lambda wish: wish.update(services={"ntp": ["10.30.0.9"]}),
        lambda wish: wish["networks"]["inband"].update(relay="10.30.0.9"),
        lambda wish: wish["fabrics"]["frontend"].update(
            external=[{"name": "core", "vrf": "INBAND", "peer_asn": 65010, "advertise": "10.30.0.0/16"}]
        ),
    ],
    ids=["none", "tagged", "native", "oob", "gateway", "pxe", "service", "relay", "external"],
)
def test_a_network_that_something_uses_is_none(change: Change) -> None:
    """Ports, a gateway on a leaf, a boot service, a server in it or what a peer announces are uses."""
    assert idle(change) == []


def test_a_leaf_relays_and_imports_only_in_the_vrfs_that_it_has() -> None:
    """A second pair knows nothing of the VRFs of the first: no relay in them, no import from them, no list of them."""

    def two(wish: Mapping) -> None:
        second_pair(wish)
        wish["fabrics"]["second"]["attach"][0] |= {"group": "mgmt", "nic": "cx6dx", "native": "inband"}
        wish["fabrics"]["frontend"]["attach"].pop()
        wish["networks"]["inband"]["relay"] = ["10.10.0.5"]
        wish["vrfs"] = {"INBAND": {"import": ["OOB"]}, "OOB": {"relay": ["10.20.0.5"]}}

    made = planned(two)
    for switch in made.switches:
        own = {vrf.name for vrf in switch.vrfs}
        assert {source for vrf in switch.vrfs if vrf.bgp for source in vrf.bgp.import_from} <= own
        assert {relay.vrf for relay in switch.relays} <= own
    assert {switch.fabric for switch in made.switches if any(relay.vrf == "OOB" for relay in switch.relays)} == {
        "frontend"
    }


def test_vlans_a_rail_may_relay_to_another_vrf() -> None:
    """What leaks towards the server's VRF is the pool of the rails."""

    def rails(wish: Mapping) -> None:
        del wish["fabrics"]["backend"], wish["networks"]["rails"]
        wish["networks"]["gpu"] = {
            "style": "vlan-per-rail", "vlan": 901, "vrf": "GPU", "pool": "10.60.0.0/19", "relay": ["10.10.0.5"],
        }  # fmt: skip
        wish["fabrics"]["frontend"]["attach"].append({"group": "gpu", "nic": "b3140h", "native": "gpu"})

    lists = {policy.name: policy.rules for switch in planned(rails).switches for policy in switch.prefix_lists}
    assert lists["OOB_RELAY"] == ((10, "permit", "10.60.0.0/19", 32),)
