"""Items 14 and 42 of the validator list: what must go first, and what needs a flag."""

import pytest

from rackwright import diff


def port(**below):
    """Return the stanza of a port."""
    return {"type": "swp", **below}


SPLIT = port(link={"breakout": {"2x": {"lanes-per-port": "4"}}})
FOUR = port(link={"breakout": {"4x": {"lanes-per-port": "2"}}})
UP = {"link": {"state": {"up": {}}}}


def paths(changes):
    """Return the paths of changes, dotted, with their op."""
    return [f"{change.op} {'.'.join(change.path)}" for change in changes]


# --- 14: breakout and what hangs on it --------------------------------------------------------------


def test_14_bad_a_split_and_its_ports_in_one_apply():
    """Splitting a cage and configuring its sub-ports, wherever they are named, cannot go in one apply."""
    intended = {
        "interface": {
            "swp1": SPLIT,
            "swp1s0": port(**UP, qos={"pfc-watchdog": {"state": "enable"}}),
            "bond1": {"bond": {"member": {"swp1s1": {}}}},
            "swp9": port(**UP),
        },
        "vrf": {"default": {"router": {"bgp": {"neighbor": {"swp1s0": {"type": "unnumbered"}}}}}},
    }
    changes = diff.between({}, intended)
    first, rest = diff.order(changes)
    assert {
        "+ interface.swp1s0.qos.pfc-watchdog.state",
        "+ interface.bond1.bond.member.swp1s1",
        "+ vrf.default.router.bgp.neighbor.swp1s0.type",
    } <= set(paths(rest))
    assert paths(first) == ["+ interface.swp1.link.breakout.2x.lanes-per-port"]
    assert diff.apply(diff.apply({}, first), rest) == intended


def test_14_good_a_split_alone():
    """A split and nothing else is one apply."""
    changes = diff.between({"interface": {"swp1": port()}}, {"interface": {"swp1": SPLIT}})
    assert diff.order(changes) == (changes,)


def test_14_good_ports_of_a_split_that_stays():
    """Configuring sub-ports of a cage that is split already needs no stages."""
    running = {"interface": {"swp1": SPLIT, "swp10s0": port()}}
    intended = {"interface": {"swp1": SPLIT, "swp1s0": port(**UP), "swp10s0": port(**UP)}}
    changes = diff.between(running, intended)
    assert diff.order(changes) == (changes,)


def test_14_a_name_that_only_begins_alike_does_not_hang_on_it():
    """swp10s0 and swp1000 hang on no split of swp1, so that they are not cleared before it."""
    running = {"interface": {"swp1": port(), "swp1s0": port(), "swp10s0": port(**UP), "swp1000": port()}}
    clear, _ = diff.order(diff.between(running, {"interface": {"swp1": SPLIT}}))[:2]
    assert paths(clear) == ["- interface.swp1s0.type"]


def test_14_empty():
    """No changes need no applies."""
    assert diff.order(()) == ()


def test_ports_that_go_are_cleared_before_their_split():
    """Joining a cage takes three applies: its sub-ports go, then the split, then what is new."""
    running = {
        "interface": {
            "swp1": SPLIT,
            "swp1s0": port(**UP),
            "bond1": {"type": "bond", "bond": {"member": {"swp1s1": {}, "swp5": {}}}},
        }
    }
    intended = {"interface": {"swp1": port(**UP), "bond1": {"type": "bond", "bond": {"member": {"swp5": {}}}}}}
    changes = diff.between(running, intended)
    clear, splits, rest = diff.order(changes)
    assert paths(clear) == [
        "- interface.bond1.bond.member.swp1s1",
        "- interface.swp1s0.link.state.up",
        "- interface.swp1s0.type",
    ]
    assert paths(splits) == ["- interface.swp1.link.breakout.2x.lanes-per-port"]
    assert paths(rest) == ["+ interface.swp1.link.state.up"]


def test_a_split_anew_goes_first():
    """From 2x to 4x both the old and the new split belong to the first apply."""
    changes = diff.between({"interface": {"swp1": SPLIT}}, {"interface": {"swp1": FOUR, "swp1s3": port(**UP)}})
    first, rest = diff.order(changes)
    assert {change.path[4] for change in first} == {"2x", "4x"}
    assert {change.path[1] for change in rest} == {"swp1s3"}


def test_a_cage_shut_for_its_neighbour_goes_first():
    """What was on the cage beside an 8x split is cleared, then it is shut with the split."""
    running = {"interface": {"swp2": port(ip={"address": {"10.0.0.0/31": {}}})}}
    intended = {
        "interface": {
            "swp1": port(link={"breakout": {"8x": {"lanes-per-port": "1"}}}),
            "swp2": port(link={"breakout": {"disabled": {}}}),
        }
    }
    clear, splits = diff.order(diff.between(running, intended))[:2]
    assert paths(clear) == ["- interface.swp2.ip.address.10.0.0.0/31"]
    assert "+ interface.swp2.link.breakout.disabled" in paths(splits)


# --- 42: what needs a flag ---------------------------------------------------------------------------

BAD_42 = [
    ({"evpn": {"multihoming": {"enable": "on"}}}, "switchd-restart"),
    ({"router": {"adaptive-routing": {"enable": "on"}}}, "switchd-restart"),
    ({"interface": {"swp1s0": {"router": {"adaptive-routing": {"enable": "on"}}}}}, "switchd-restart"),
    ({"interface": {"swp1": {"link": {"breakout": {"2x": {"lanes-per-port": "4"}}}}}}, "port-flap"),
    ({"system": {"global": {"reserved": {"vlan": {"internal": {"range": "4064-4094"}}}}}}, "switchd-restart"),
    ({"router": {"bgp": {"enable": "on"}}}, "frr-restart"),
    ({"router": {"bgp": {"autonomous-system": 65001}}}, "frr-restart"),
    ({"vrf": {"RED": {"router": {"bgp": {"autonomous-system": 65001}}}}}, "frr-restart"),
    ({"interface": {"eth0": {"ip": {"address": {"10.0.0.1/24": {}}}}}}, "management"),
    ({"vrf": {"mgmt": {"table": "auto"}}}, "management"),
    ({"system": {"control-plane": {"acl": {"mine": {"inbound": {}}}}}}, "management"),
]


@pytest.mark.parametrize(("tree", "kind"), BAD_42, ids=[f"{n}-{kind}" for n, (_, kind) in enumerate(BAD_42)])
@pytest.mark.parametrize("way", ["there", "back"])
def test_42_bad_each_class_is_named(tree, kind, way):
    """Each class of item 42 is named with its reason and source, when the setting comes and when it goes."""
    changes = diff.between({}, tree) if way == "there" else diff.between(tree, {})
    (change,) = changes
    assert change.disruption.kind == kind
    assert change.disruption.reason
    assert change.disruption.source


def test_42_good_names_and_descriptions():
    """A description, a VLAN, an NTP server and a route map interrupt nothing, and need no flag."""
    intended = {
        "interface": {"swp1": {"description": "x", "bridge": {"domain": {"br_default": {"vlan": {"5": {}}}}}}},
        "service": {"ntp": {"mgmt": {"server": {"10.0.0.5": {}}}}},
        "router": {"policy": {"route-map": {"A": {"rule": {"10": {"action": {"permit": {}}}}}}}},
    }
    assert {change.disruption.kind for change in diff.between({}, intended)} == {"none"}
