"""Pinned ports, several bonds a machine, a VLAN a rail: what a design with given ports needs."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from rackwright import catalog, plan
from rackwright.errors import PlanError
from rackwright.intent.models import Site
from rackwright.plan.model import Plan, Switch

CATALOG = catalog.load()
Wish = dict[str, Any]


def planned(wish: Wish) -> Plan:
    """Return the plan of a wish."""
    return plan.build(Site.model_validate(wish), catalog=CATALOG)[0]


def refused(wish: Wish) -> list[tuple[str, str]]:
    """Return (path, sentence) of what the planner says against a wish."""
    with pytest.raises(PlanError) as caught:
        planned(wish)
    return [(found.path, found.expected or str(found)) for found in caught.value.problems if found.severity == "error"]


def leaf(made: Plan, name: str = "core-01") -> Switch:
    """Return a switch by name."""
    return next(switch for switch in made.switches if switch.name == name)


def test_one_sub_port_is_not_laid_out_twice(wish: Wish) -> None:
    """Two entries pinned onto each other are a problem at the later one, told once for both leaves."""
    wish["fabrics"]["core"]["attach"][2]["at"] = "swp1s2"
    found = refused(wish)
    assert [path for path, _ in found] == ["fabrics.core.attach.2"]
    assert "core-01:swp1s2 is laid out twice" in found[0][1]
    assert "15 more like it" in found[0][1]


def test_one_cage_is_not_split_in_two_ways(wish: Wish) -> None:
    """A cage of four ports cannot give ports of 400G as well."""
    wish["fabrics"]["core"]["attach"][1]["at"] = "swp3"
    assert any("core-01:swp3 is wanted in two ways" in sentence for _, sentence in refused(wish))


def test_a_cage_beside_an_eightfold_split_is_not_used(wish: Wish) -> None:
    """What is pinned on the cage that an 8x split shuts off is a problem."""
    wish["fabrics"]["core"]["external"][0] |= {"at": ["swp58", "swp63"], "split": "4x"}
    assert any("shut off by the 8x split of swp57" in sentence for _, sentence in refused(wish))


def test_what_is_pinned_later_is_held_before_others_are_laid_out(wish: Wish) -> None:
    """An entry without `at` takes free cages, also when a later entry, the links between leaves or spares are pinned."""
    entries = wish["fabrics"]["core"]["attach"]
    first = entries[0]
    del first["at"]
    entries[1]["at"] = "swp1"
    wish["fabrics"]["core"]["isl"]["at"] = "swp25"
    wish["groups"]["gpu"]["max"] = 8
    wish["fabrics"]["core"]["spare"] = {"swp17-18": "2x"}
    made = planned(wish)
    cages = {
        link.a.cage for link in made.links if link.a.device == "core-01" and link.b.device == "su-01-node-01"
        and link.kind == "host" and link.b.nic == "b3220l"
    }  # fmt: skip
    assert cages == {19}


@pytest.mark.parametrize(("bonds", "members"), [(None, [3]), (1, [3]), (3, [1, 1, 1])])
def test_bonds_is_the_number_of_bonds_of_a_machine(wish: Wish, bonds: int | None, members: list[int]) -> None:
    """Three ports a leaf make one bond of three, or three of one."""
    entry = wish["fabrics"]["core"]["attach"][3]
    entry["bonds"] = bonds
    held = [bond for bond in leaf(planned(wish)).bonds if bond.peer == "storage-01"]
    assert [len(bond.members) for bond in held] == members


def test_bonds_that_do_not_divide_the_ports_are_refused(wish: Wish) -> None:
    """Three ports a leaf do not make two equal bonds; the answer says which numbers do."""
    wish["fabrics"]["core"]["attach"][3]["bonds"] = 2
    found = refused(wish)
    assert found[0][0] == "fabrics.core.attach.3.bonds"
    assert "2 bonds do not divide the 3 ports" in found[0][1]


def with_a_vlan_a_rail(wish: Wish) -> Wish:
    """Give each rail of the GPU network a VLAN and a subnet of its own."""
    wish["networks"]["gpu"] = {
        "style": "vlan-per-rail", "vlan": 900, "vrf": "GPU", "pool": "192.168.96.0/19", "gateway": "core",
    }  # fmt: skip
    wish["vrfs"].pop("GPU")
    return wish


def test_each_rail_of_a_pair_has_its_vlan(wish: Wish) -> None:
    """VLAN, VNI, gateway and access port follow the rail, on both leaves, for machines to come as well."""
    made = planned(with_a_vlan_a_rail(wish))
    for name in ("core-01", "core-02"):
        switch = leaf(made, name)
        rails = [vlan for vlan in switch.vlans if vlan.id >= 900]
        assert [(vlan.id, vlan.vni) for vlan in rails] == [(900 + r, 4900 + r) for r in range(8)]
        assert {svi.vlan for svi in switch.svis if svi.vrf == "GPU"} == set(range(900, 908))
        for port in switch.ports:
            if port.rail:
                assert port.access == 899 + port.rail
        laid_out = {port.access for port in switch.ports if port.kind == "host" and not port.bond}
        assert len(laid_out) == 4


def test_machines_and_switches_agree_on_the_subnet_of_a_rail(wish: Wish) -> None:
    """The address of a rail at the machine lies in the subnet whose gateway its access VLAN has."""
    made = planned(with_a_vlan_a_rail(wish))
    gateways = {svi.vlan: svi.gateway for svi in leaf(made).svis}
    host = next(network for network in made.hosts if network.name == "su-01-node-01")
    rails = [face for face in host.interfaces if face.rail]
    assert len(rails) == 8
    for face in rails:
        assert face.gateway == gateways[899 + face.rail].partition("/")[0]


def test_rails_counted_into_another_vlan_are_refused(wish: Wish) -> None:
    """Eight rails from VLAN 195 on run into VLAN 200."""
    with_a_vlan_a_rail(wish)["networks"]["gpu"]["vlan"] = 195
    assert any("gpu-6 takes VLAN 200, which is that of oob" in sentence for _, sentence in refused(wish))


def test_names_beyond_the_target_lay_nothing_out(wish: Wish) -> None:
    """A pattern may give more names than `max`: ports are laid out for `max` machines."""
    wish["groups"]["gpu"]["max"] = 8
    lone = [port.cage for port in leaf(planned(wish)).ports if port.kind == "host" and not port.bond]
    assert max(lone) == 19


def test_links_per_cage_opens_the_next_block(wish: Wish) -> None:
    """Twelve external links, four a cage: two pinned cages, the third is the next free odd one."""
    wish["fabrics"]["core"]["external"][0]["links_per_cage"] = 4
    wish["groups"]["support"] |= {"count": 4}
    found = [link.a for link in planned(wish).links if link.kind == "external" and link.a.device == "core-01"]
    assert [(end.cage, end.sub) for end in found] == [(cage, sub) for cage in (61, 63, 53) for sub in range(4)]


def with_two_dpus(wish: Wish) -> Wish:
    """Give the supports two DPUs: the first in band, the second to storage."""
    wish["groups"]["support"] |= {"nics": {"b3220l": 2}, "interfaces": {"b3220l": "eth[1-4]"}}
    entries = wish["fabrics"]["core"]["attach"]
    entries[2]["adapters"] = [1]
    entries.append({"group": "support", "nic": "b3220l", "adapters": [2], "bond": "lacp", "native": "storage"})
    wish["groups"]["gpu"]["max"] = 8
    return wish


def test_two_entries_of_one_machine_are_two_bonds(wish: Wish) -> None:
    """Each attach entry makes bonds of its own ports alone, with its own network; adapters are told apart by number."""
    made = planned(with_two_dpus(wish))
    bonds = [bond for bond in leaf(made).bonds if bond.peer == "support-01"]
    assert [(len(bond.members), bond.access, bond.untagged) for bond in bonds] == [(1, 500, 0), (1, 0, 300)]
    host = next(network for network in made.hosts if network.name == "support-01")
    assert [bond.members for bond in host.bonds] == [("eth1", "eth2"), ("eth3", "eth4")]
    assert {link.b.port for link in made.links if link.b.device == "support-01" and link.kind == "host"} == {
        "b3220l-1.1", "b3220l-1.2", "b3220l-2.1", "b3220l-2.2",
    }  # fmt: skip


def test_each_bond_of_a_machine_is_a_bond_of_the_host_with_addresses_of_its_own(wish: Wish) -> None:
    """Three segments on the leaves are three bonds of two ports on the host, not one of six, of which LACP takes two."""
    made = planned(wish)
    host = next(host for host in made.hosts if host.name == "storage-01")
    cable = {link.b.interface: (link.a.device, link.a.port) for link in made.links if link.b.device == host.name}
    bonds = {bond.members[0]: bond for name in ("core-01", "core-02") for bond in leaf(made, name).bonds}
    assert [bond.name for bond in host.bonds] == ["bond0", "bond1", "bond2"]
    for bond in host.bonds:
        ends = [cable[member] for member in bond.members]
        assert [switch for switch, _ in ends] == ["core-01", "core-02"]
        assert len({bonds[port].es_id for _, port in ends}) == 1
    held = [bond.address for bond in host.bonds] + [part.address for part in host.interfaces if part.vlan]
    assert all(held)
    assert len(held) == len(set(held)) == 6
    assert [bool(bond.gateway) for bond in host.bonds] == [True, False, False]


def test_two_bonded_entries_in_one_network_have_two_addresses(wish: Wish) -> None:
    """Adapter 1 and adapter 2 of a machine are two bonds of it in one network."""
    wish["groups"]["support"] |= {"nics": {"b3220l": 2}, "interfaces": {"b3220l": "eth[1-4]"}}
    entry = wish["fabrics"]["core"]["attach"].pop(2)
    del entry["at"], wish["fabrics"]["core"]["attach"][2]["at"]
    wish["fabrics"]["core"]["attach"] += [entry | {"adapters": [1]}, entry | {"adapters": [2]}]
    host = next(host for host in planned(wish).hosts if host.name == "support-01")
    assert len({bond.address for bond in host.bonds}) == 2
    assert len({part.address for part in host.interfaces if part.vlan}) == 2


def test_what_is_not_pinned_keeps_clear_of_the_cage_that_an_uplink_shuts_off(wish: Wish) -> None:
    """Uplinks at swp55, split by eight, take swp56 as well: an entry without `at` is not laid there."""
    del wish["fabrics"]["core"]["attach"][2]["at"]
    ports = {port.cage for port in leaf(planned(wish)).ports if port.peer.startswith("support")}
    assert not ports & {55, 56}


def policies(wish: Wish) -> tuple[set[str], set[str]]:
    """Return the names of lists that a leaf has, and those that its route maps and other lists refer to."""
    core = leaf(planned(wish))
    rules = [rule for policy in core.route_maps for rule in policy.rules]
    assert len(core.prefix_lists) == len({policy.name for policy in core.prefix_lists})
    assert len(core.community_lists) == len({name for name, _ in core.community_lists})
    held = {policy.name for policy in core.prefix_lists} | {name for name, _ in core.community_lists}
    return held, {name for rule in rules for name in (rule.prefix_list, rule.community_list) if name}


def test_every_list_that_a_route_map_names_is_there_once(wish: Wish) -> None:
    """A relay of a network, a spoke that imports nothing, a second hub, a second way out: every list is there, once."""
    changed = copy.deepcopy(wish)
    changed["networks"]["inband"]["relay"] = ["192.168.200.2"]
    changed["networks"]["relay"] = {"vlan": 201, "vrf": "OOB2", "subnet": "192.168.200.0/24", "gateway": "core"}
    changed["vrfs"] = {}
    changed["fabrics"]["oob"].pop("per_switch")
    held, named = policies(changed)
    assert named <= held
    del wish["vrfs"]["OOB"]["import"]
    wish["vrfs"]["WAY"] = {"import": ["INBAND"], "mark": "11:12"}
    out = {"name": "way", "vrf": "WAY", "links_per_leaf": 1, "advertise": "10.0.0.0/28", "at": ["swp63s6"]}
    wish["fabrics"]["core"]["external"].append(out)
    held, named = policies(wish)
    assert named <= held
    assert {"11-11", "11-12", "OOB_PREFIXES"} <= held
    told = [policy.rules[0][2:] for policy in leaf(planned(wish)).prefix_lists if policy.name.endswith("_WAY")]
    assert told == [("10.0.0.0/28", 28)]


def management(outcome: plan.Outcome) -> dict[tuple[str, str], tuple[str, str]]:
    """Return the out-of-band port of each management port."""
    assert outcome.plan, outcome.problems
    return {(k.b.device, k.b.port): (k.a.device, k.a.port) for k in outcome.plan.links if k.kind == "management"}


@pytest.mark.parametrize(
    ("group", "change"), [("gpu", {"count": 12}), ("support", {"count": 9, "names": "support-[01-09]"})]
)
def test_management_ports_that_stand_do_not_rotate_on(wish: Wish, group: str, change: Wish) -> None:
    """Every machine more shifts the rotation over the out-of-band switches: only new ports follow it."""
    first = plan.attempt(Site.model_validate(wish), catalog=CATALOG)
    wish["groups"][group] |= change
    after = plan.attempt(Site.model_validate(wish), first.lock.file(), catalog=CATALOG)
    assert management(first).items() < management(after).items()


def test_a_pinned_entry_that_runs_past_its_switch_is_told(wish: Wish) -> None:
    """It ended in a traceback on the last switch, and on the next switch otherwise."""
    wish["groups"]["storage"] |= {"count": 6, "names": "storage-[01-06]"}
    told = refused(wish)
    assert any(path == "fabrics.oob.attach.2.at" and "ends at swp48" in said for path, said in told), told
