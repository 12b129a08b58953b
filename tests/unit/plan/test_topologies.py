"""What is wired to what, topology by topology."""

from __future__ import annotations

from collections import Counter

import pytest

from rackwright import catalog, plan
from rackwright.errors import PlanError
from rackwright.intent.models import Site
from rackwright.plan.lock import LockFile
from rackwright.plan.model import Plan
from tests.sites import Mapping, site

CATALOG = catalog.load()


def planned(wish: Mapping) -> Plan:
    """Return the plan of a site."""
    return plan.build(Site.model_validate(wish), catalog=CATALOG)[0]


def refused(wish: Mapping) -> str:
    """Return what the planner says about a wish it cannot serve."""
    with pytest.raises(PlanError) as caught:
        planned(wish)
    return "\n".join(str(problem) for problem in caught.value.problems)


def rails_of(made: Plan) -> dict[tuple[str, int], str]:
    """Return the leaf of every (machine, rail)."""
    return {(link.b.device, link.rail): link.a.device for link in made.links if link.kind == "host" and link.rail}


@pytest.mark.parametrize(
    ("topology", "gpus", "leaves", "spines"),
    [("single-switch", 16, 1, 0), ("pure-rail", 32, 2, 0), ("rail-optimized", 64, 8, 4), ("tor-clos", 64, 8, 4)],
)
def test_counts(topology: str, gpus: int, leaves: int, spines: int) -> None:
    """Each topology takes the leaves and spines that the formulas give."""
    made = planned(site(topology, gpus, gpus))
    own = [device for device in made.devices if device.fabric == "backend"]
    assert Counter(device.role for device in own) == Counter(leaf=leaves, spine=spines) - Counter()


def test_a_rail_has_one_leaf_in_a_unit() -> None:
    """NIC r of every machine of a unit goes to one leaf (fabric.md 3.1)."""
    found = rails_of(planned(site("rail-optimized", 64, 64)))
    for rail in range(1, 9):
        first = {leaf for (node, r), leaf in found.items() if r == rail and int(node[3:]) <= 32}
        assert len(first) == 1


def test_all_nics_of_a_machine_meet_on_its_top_of_rack() -> None:
    """In a ToR-wired Clos one leaf takes every NIC of a machine."""
    found = rails_of(planned(site("tor-clos", 20, 20)))
    by_node: dict[str, set[str]] = {}
    for (node, _), leaf in found.items():
        by_node.setdefault(node, set()).add(leaf)
    assert {len(leaves) for leaves in by_node.values()} == {1}


def test_which_rails_share_a_leaf_is_the_sites_choice() -> None:
    """``rail_order`` puts rails r and r + 4 on one leaf where it says so."""
    wish = site("rail-optimized", 4, 32)
    wish["fabrics"]["backend"]["rail_order"] = [[1, 5], [2, 6], [3, 7], [4, 8]]
    found = rails_of(planned(wish))
    assert found[("gpu01", 1)] == found[("gpu01", 5)]
    assert found[("gpu01", 1)] != found[("gpu01", 2)]


def test_planes_share_nothing() -> None:
    """Two planes have switches of their own and split the NICs of a machine between them."""
    wish = site("pure-rail", 4, 8)
    wish["fabrics"]["backend"] |= {"planes": 2, "rails_per_leaf": 2}
    made = planned(wish)
    sides = {device.name: device.plane for device in made.devices if device.fabric == "backend"}
    assert Counter(sides.values()) == Counter({1: 2, 2: 2})
    assert all(sides[link.a.device] == link.plane for link in made.links if link.fabric == "backend")
    assert Counter(link.plane for link in made.links if link.b.device == "gpu01" and link.rail) == Counter({1: 4, 2: 4})


def test_three_tiers_reach_every_spine_of_the_pod() -> None:
    """A leaf has one link to each spine of its pod; a spine reaches its own group of super-spines."""
    wish = site("rail-optimized", 40, 1200)
    wish["fabrics"]["backend"]["tiers"] = 3
    wish["fabrics"]["frontend"]["leaves"] = {"model": "sn5600", "name": "fe"}
    del wish["fabrics"]["frontend"]["isl"]
    made = planned(wish)
    up = {link.a.device for link in made.links if link.kind == "fabric" and link.b.device == "be001"}
    assert len(up) == 64
    assert {device.role for device in made.devices if device.name in up} == {"spine"}
    layout = next(item for item in made.layouts if item.fabric == "backend")
    assert layout.superspines == 128


def test_a_cage_of_eight_disables_its_neighbour() -> None:
    """100G out of an SN5600 splits a cage by eight: only odd cages, the next one disabled (nvue.md 3.2)."""
    made = planned(site())
    leaf = next(switch for switch in made.switches if switch.name == "fe01")
    eights = [cage.number for cage in leaf.cages if cage.breakout == "8x"]
    assert eights
    assert all(number % 2 for number in eights)
    assert {number + 1 for number in eights} == {cage.number for cage in leaf.cages if cage.breakout == "disabled"}


def test_pairs_and_spines_appear_when_a_pair_is_outgrown() -> None:
    """A front end that one pair cannot hold becomes leaf pairs under spines, every leaf on every spine."""
    wish = site("rail-optimized", 400, 400)
    wish["fabrics"]["frontend"]["leaves"] = {"model": "sn5600", "name": "fe"}
    del wish["fabrics"]["frontend"]["isl"]
    made = planned(wish)
    leaves = [d.name for d in made.devices if d.fabric == "frontend" and d.role == "leaf"]
    spines = [d.name for d in made.devices if d.fabric == "frontend" and d.role == "spine"]
    assert len(leaves) > 2
    assert spines
    pairs = {
        (link.b.device, link.a.device) for link in made.links if link.kind == "fabric" and link.fabric == "frontend"
    }
    assert pairs == {(leaf, spine) for leaf in leaves for spine in spines}


def test_stated_spines_are_kept() -> None:
    """A stated number of spines is what the pairs get, each leaf on each of them, however few the hosts need."""
    wish = site("pure-rail", 4, 4, mgmt=8)
    wish["fabrics"]["frontend"]["leaves"] = {"model": "sn5600", "count": 8, "name": "fe"}
    wish["fabrics"]["frontend"]["spines"] = {"model": "sn5600", "count": 12, "name": "top"}
    del wish["fabrics"]["frontend"]["isl"]
    found = Counter(
        (link.b.device, link.a.device) for link in planned(wish).links
        if link.kind == "fabric" and link.fabric == "frontend"
    )  # fmt: skip
    assert found == {(f"fe{leaf:02d}", f"top{spine:02d}"): 1 for leaf in range(1, 9) for spine in range(1, 13)}


def test_both_ports_of_a_bond_end_on_the_two_leaves_of_a_pair() -> None:
    """A multihomed machine has the same bond, with the same segment id, on both leaves."""
    made = planned(site())
    by_leaf = {
        switch.name: {bond.peer: (bond.name, bond.es_id, bond.es_mac) for bond in switch.bonds if bond.peer}
        for switch in made.switches
        if switch.name.startswith("fe")
    }
    assert by_leaf["fe01"] == by_leaf["fe02"]


def test_out_of_band_switches_follow_the_ports() -> None:
    """48 access ports a switch: 40 machines with two controllers each take more than one."""
    made = planned(site("rail-optimized", 40, 40))
    needs = sum(1 for link in made.links if link.fabric == "oob" and link.kind == "management")
    switches = [device for device in made.devices if device.role == "oob"]
    assert len(switches) == -(-needs // 48)


IMPOSSIBLE = [
    ("too many for one switch", site("single-switch", 17, 17), "17 machines do not fit a single-switch"),
    ("rails that do not divide", site("pure-rail") | {}, "rails_per_leaf 3 does not divide the 8 rails"),
    ("too little memory", site(), "needs more than 1692 GB"),
    ("too small a pool", site(), "pools.loopback"),
    ("more out-of-band switches than allowed", site("rail-optimized", 40, 40), "management ports need"),
]


def test_impossible_wishes_carry_the_numbers() -> None:
    """What cannot be planned is said with the figures in it, and with what to do."""
    wishes = {name: wish for name, wish, _ in IMPOSSIBLE}
    wishes["rails that do not divide"]["fabrics"]["backend"]["rails_per_leaf"] = 3
    wishes["too little memory"]["groups"]["gpu"]["memory_gb"] = 1024
    wishes["too small a pool"]["pools"]["loopback"] = "10.255.0.0/31"
    wishes["more out-of-band switches than allowed"]["fabrics"]["oob"]["leaves"] |= {"count": 1, "max": 1}
    for name, wish, words in IMPOSSIBLE:
        assert words in refused(wish), name


def test_growth_beyond_what_was_laid_out_is_refused() -> None:
    """Spines laid out for 40 machines cannot serve 400 without recabling: the planner says so."""
    wish = site("rail-optimized", 40, 40)
    _, lock = plan.build(Site.model_validate(wish), catalog=CATALOG)
    wish["groups"]["gpu"] |= {"count": 400, "max": 400}
    outcome = plan.attempt(Site.model_validate(wish), lock.file(), catalog=CATALOG)
    assert outcome.plan is None
    assert any("exceed the 40 that backend was laid out for" in str(problem) for problem in outcome.problems)


def test_every_leaf_pair_has_segments_of_its_own() -> None:
    """Segment ids are counted anew on each pair, so each pair has its own segment MAC (nvue.md 3.4)."""
    wish = site("rail-optimized", 400, 400)
    wish["fabrics"]["frontend"]["leaves"] = {"model": "sn5600", "name": "fe"}
    del wish["fabrics"]["frontend"]["isl"]
    seen: dict[tuple[str, int], set[str]] = {}
    for switch in planned(wish).switches:
        for bond in switch.bonds:
            if bond.es_id:
                seen.setdefault((bond.es_mac, bond.es_id), set()).add(bond.peer)
    assert seen
    assert [hosts for hosts in seen.values() if len(hosts) > 1] == []


def test_links_between_a_pair_follow_the_machines_that_count() -> None:
    """``isl.for`` counts the machines that stand, or those laid out for (the default)."""
    wish = site("pure-rail", 4, 8)
    del wish["fabrics"]["backend"]
    wish["networks"]["gpu"] = {"vlan": 900, "vrf": "GPU", "subnet": "192.168.0.0/24"}
    front = wish["fabrics"]["frontend"]
    front["topology"] = "converged-pair"
    front["attach"].insert(0, {"group": "gpu", "nic": "b3140h", "native": "gpu", "spread": "alternate"})
    for counted, links in (("max", 32), ("count", 16)):
        front["isl"] = {"links": "auto", "for": counted}
        assert sum(1 for link in planned(wish).links if link.kind == "isl") == links


def test_spines_over_pairs_are_few_and_stay() -> None:
    """A few uplinks more save spines that an awkward number would want; another target later moves none of them."""
    wish = site("rail-optimized", 1024, 1024)
    wish["fabrics"] = {"frontend": wish["fabrics"]["frontend"]}
    wish["fabrics"]["frontend"]["leaves"] = {"model": "sn5600", "name": "fe"}
    del wish["fabrics"]["frontend"]["isl"]
    made, lock = plan.build(Site.model_validate(wish), catalog=CATALOG)
    layout = made.layouts[0]
    assert layout.spines <= layout.leaves
    assert (layout.leaves * layout.up_gbps / 400) / layout.spines > 64
    wish["groups"]["gpu"] |= {"count": 600, "max": 600}
    later, _ = plan.build(Site.model_validate(wish), lock.file(), catalog=CATALOG)
    assert [link for link in made.links if link.kind == "fabric"] == [k for k in later.links if k.kind == "fabric"]


def partial_unit(**backend: object) -> Mapping:
    """Return the wish of 62 machines on eight leaves, whose 62 links up only 31 spines divide."""
    wish = site("rail-optimized", 62, 62)
    wish["fabrics"]["backend"] |= {"rails_per_leaf": 1, **backend}
    return wish


def spines_of(made: Plan) -> int:
    """Return the number of spines of the back end."""
    return sum(device.role == "spine" and device.fabric == "backend" for device in made.devices)


def test_links_that_save_spines_are_laid_where_nothing_stands() -> None:
    """Four spines carry what 31 would; a site that stands on 31 by an older lock keeps them, as one on four keeps those."""
    wish = Site.model_validate(partial_unit())
    made, lock = plan.build(wish, catalog=CATALOG)
    assert spines_of(made) == 4
    assert spines_of(plan.build(wish, lock.file(), catalog=CATALOG)[0]) == 4
    older = LockFile(pools={"backend.shape": {"target": (62, 0)}})
    stands, kept = plan.build(wish, older, catalog=CATALOG)
    assert spines_of(stands) == 31
    assert kept.file().pools["backend.shape"] == older.pools["backend.shape"]


def test_stated_spines_of_rails_take_links_to_divide() -> None:
    """An operator who has eight spines says so; a number that no leaf can be spread over names those that can."""
    assert spines_of(planned(partial_unit(spines={"model": "sn5600", "count": 8}))) == 8
    assert "use one of 4, 8, 16, 31, 32, 62, 64" in refused(partial_unit(spines={"model": "sn5600", "count": 5}))


@pytest.mark.parametrize(
    ("topology", "count", "backend", "remedy"),
    [
        ("single-switch", 17, {}, "choose rail-optimized"),
        ("pure-rail", 129, {"rails_per_leaf": 1}, "choose rail-optimized"),
        ("pure-rail", 65, {"rails_per_leaf": 2}, "fewer rails on a leaf"),
        ("rail-optimized", 1025, {"tiers": 2}, "say tiers: 3"),
        ("rail-optimized", 65537, {}, "a fabric of its own"),
    ],
)
def test_what_does_not_fit_is_told_what_would(topology: str, count: int, backend: Mapping, remedy: str) -> None:
    """A remedy that the schema refuses, or that is taken already, sends the operator in a circle."""
    wish = site(topology, 1, count)
    wish["fabrics"]["backend"] |= backend
    assert f"{count} machines do not fit" in refused(wish)
    assert remedy in refused(wish)


@pytest.mark.parametrize("ratio", ["200:1", "1:200"])
def test_a_ratio_that_no_leaf_can_have_is_told(ratio: str) -> None:
    """Dividing by no machine at all was a traceback."""
    assert f"no leaf of 128 ports is shared {ratio} by whole machines" in refused(partial_unit(oversubscription=ratio))


def test_a_number_of_leaves_that_does_not_follow_is_told() -> None:
    """Rails a leaf and target give the leaves of a rail fabric: another number in the site is a misunderstanding."""
    wish = site()
    wish["fabrics"]["backend"]["leaves"]["count"] = 4
    assert "4 leaves are stated; pure-rail with 4 rails a leaf has 2" in refused(wish)


def test_a_reserved_range_may_not_shut_down_what_is_in_use() -> None:
    """``reserve`` over cabled ports is refused unless it leaves their state alone."""
    wish = site()
    wish["fabrics"]["frontend"]["reserve"] = {"swp1-2": {"admin": "down"}}
    assert "reserve swp1-2 would shut down" in refused(wish)
    wish["fabrics"]["frontend"]["reserve"] = {"swp1-2": {"admin": "none"}}
    assert planned(wish)


def a_vlan_a_rail(wish: Mapping) -> Mapping:
    """Give the rails of a site a VLAN each."""
    wish["networks"]["rails"] = {"style": "vlan-per-rail", "vlan": 901, "pool": "10.192.0.0/12", "mtu_bytes": 9000}
    return wish


def test_the_gateway_of_a_vlan_a_rail_is_on_its_leaf() -> None:
    """What hosts send to other rails goes to an address that the leaf of the rail has."""
    made = planned(a_vlan_a_rail(site()))
    gateways = {svi.gateway.partition("/")[0] for switch in made.switches for svi in switch.svis if switch.vrr}
    told = {part.gateway for host in made.hosts for part in host.interfaces if part.rail}
    assert len(told) == 8
    assert told <= gateways


@pytest.mark.parametrize("change", [{"topology": "rail-optimized", "rails_per_leaf": 2}, {"planes": 2}])
def test_a_vlan_a_rail_over_several_leaves_is_refused(change: Mapping) -> None:
    """No VLAN runs from leaf to leaf of a routed fabric, so one subnet on two of them would be two islands."""
    wish = a_vlan_a_rail(site(gpus=4, most=40 if "topology" in change else 8))
    wish["fabrics"]["backend"] |= change
    found = plan.attempt(Site.model_validate(wish), catalog=CATALOG).problems
    assert [one.path for one in found if one.severity == "error"] == ["fabrics.backend.attach.0.network"]


def test_a_vrf_of_rails_is_refused() -> None:
    """Rails are routed in the default VRF, where adaptive routing works; another one would be left out in silence."""
    wish = site()
    wish["networks"]["rails"]["vrf"] = "GPU"
    assert "rails of backend are routed in the default VRF" in refused(wish)


def test_out_of_band_switches_are_counted_with_the_ports_that_stay_held() -> None:
    """Ports of machines that are gone and ports set aside are no room: `max: auto` adds a switch for what is new."""
    wish = site(gpus=4, most=4, mgmt=8)
    wish["groups"]["old"] = {"model": "r660", "count": 12}
    wish["fabrics"]["oob"]["attach"].append({"group": "old", "ports": ["bmc"]})
    first = plan.attempt(Site.model_validate(wish), catalog=CATALOG)
    del wish["groups"]["old"], wish["fabrics"]["oob"]["attach"][-1]
    wish["groups"]["new"] = {"model": "r660", "count": 12}
    wish["fabrics"]["oob"]["attach"].append({"group": "new", "ports": ["bmc"]})
    assert sum(1 for device in planned(wish).devices if device.role == "oob") == 1
    after = plan.attempt(Site.model_validate(wish), first.lock.file(), catalog=CATALOG)
    assert after.plan, after.problems
    assert sum(1 for device in after.plan.devices if device.role == "oob") == 2
    wish["fabrics"]["oob"]["reserve"] = {"swp37-48": {"admin": "down"}}
    assert sum(1 for device in planned(wish).devices if device.role == "oob") == 2
