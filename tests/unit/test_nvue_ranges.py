"""Range keys: expanded where a map takes them, compressed as NVUE writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackwright.nvue import ranges


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("swp1", ["swp1"]),
        ("swp1-3", ["swp1", "swp2", "swp3"]),
        ("swp1-2,swp5s0-1", ["swp1", "swp2", "swp5s0", "swp5s1"]),
        ("swp1,4-5", ["swp1", "swp4", "swp5"]),
        ("swp2-3,12-13", ["swp2", "swp3", "swp12", "swp13"]),
        ("vlan100,200,300", ["vlan100", "vlan200", "vlan300"]),
        ("bond1s0-1,bond2s0", ["bond1s0", "bond1s1", "bond2s0"]),
        ("spine_bond,swp1-2", ["spine_bond", "swp1", "swp2"]),
        ("200,300-302", ["200", "300", "301", "302"]),
        ("swp1-2,swp2-3", ["swp1", "swp2", "swp3"]),
        ("swp51.10-11", ["swp51.10", "swp51.11"]),
        # what only looks like a range
        ("spine-1", ["spine-1"]),
        ("spine-1,spine-2,swp1-2", ["spine-1", "spine-2", "swp1", "swp2"]),
        ("bgp-leaf", ["bgp-leaf"]),
        ("dc=example,dc=org", ["dc=example", "dc=org"]),
        ("acl-default-dos", ["acl-default-dos"]),
        ("swp3-1", ["swp3-1"]),
        ("swp1-", ["swp1-"]),
        ("swp1,", ["swp1,"]),
        ("swp1,,swp2", ["swp1,,swp2"]),
        ("swp1-999999999", ["swp1-999999999"]),
        ("leaf01-03", ["leaf01-03"]),
    ],
)
def test_a_key_expands_to_its_names(key, names):
    """Ranges, lists and bare continuations expand; what is no legal range stays as it is."""
    assert list(ranges.expand_key(key)) == names


@pytest.mark.parametrize(
    ("names", "key"),
    [
        (["swp3", "swp1", "swp2"], "swp1-3"),
        (["swp1", "swp4", "swp5", "swp10"], "swp1,4-5,10"),
        (["swp1s0", "swp1s1", "swp2s0", "swp64"], "swp64,swp1s0-1,swp2s0"),
        (["spine_bond", "swp1", "swp2"], "spine_bond,swp1-2"),
        (["200", "300", "301"], "200,300-301"),
        (["eth0", "lo"], "eth0,lo"),
        (["spine-1", "spine-2"], "spine-1,spine-2"),
        ([], ""),
    ],
)
def test_names_compress_to_one_key(names, key):
    """Neighbours become ranges, each prefix is written once, order follows the names."""
    assert ranges.compress(names) == key


NAMES = st.one_of(
    st.builds("swp{}".format, st.integers(1, 130)),
    st.builds("swp{}s{}".format, st.integers(1, 66), st.integers(0, 7)),
    st.builds("vlan{}".format, st.integers(1, 4094)),
    st.sampled_from(["lo", "eth0", "spine_bond", "bond_a", "leaf01", "rack-1"]),
)


@given(st.sets(NAMES, min_size=1, max_size=60))
def test_compressing_and_expanding_lose_no_name(names):
    """The names of a compressed key are the names that went in."""
    assert set(ranges.expand_key(ranges.compress(names))) == names


def test_only_maps_that_take_ranges_are_expanded():
    """An interface key is a range, a prefix list or user of the same look is not."""
    tree = {
        "interface": {"swp1-2": {"type": "swp"}, "bond1": {"bond": {"member": {"swp49-50": {}}}}},
        "bridge": {"domain": {"br_default": {"vlan": {"10,20-21": {}}}}},
        "router": {"policy": {"prefix-list": {"rack1-2": {"type": "ipv4"}}}},
        "system": {"aaa": {"user": {"ops1-2": {"role": "x"}}}},
        "vrf": {"default": {"router": {"bgp": {"neighbor": {"swp1-2": {"type": "unnumbered"}}}}}},
    }
    assert ranges.expand(tree) == {
        "interface": {
            "swp1": {"type": "swp"},
            "swp2": {"type": "swp"},
            "bond1": {"bond": {"member": {"swp49": {}, "swp50": {}}}},
        },
        "bridge": {"domain": {"br_default": {"vlan": {"10": {}, "20": {}, "21": {}}}}},
        "router": tree["router"],
        "system": tree["system"],
        "vrf": {
            "default": {
                "router": {"bgp": {"neighbor": {"swp1": {"type": "unnumbered"}, "swp2": {"type": "unnumbered"}}}}
            }
        },
    }


def test_expansion_shares_nothing():
    """Two ports of one range get two mappings, so changing one leaves the other alone."""
    tree = ranges.expand({"interface": {"swp1-2": {"link": {"state": {"up": {}}}}}})
    tree["interface"]["swp1"]["link"]["mtu"] = 1500
    assert tree["interface"]["swp2"] == {"link": {"state": {"up": {}}}}


def test_the_names_of_a_range_share_nothing():
    """What an expanded tree says of one port can be changed and says nothing of another."""
    tree = ranges.expand({"interface": {"swp1-2": {"link": {"state": {"up": {}}}}, "swp1": {"description": "x"}}})
    tree["interface"]["swp1"]["link"]["state"]["down"] = {}
    assert tree["interface"] == {
        "swp1": {"link": {"state": {"up": {}, "down": {}}}, "description": "x"},
        "swp2": {"link": {"state": {"up": {}}}},
    }


def test_what_holds_no_range_is_not_copied():
    """A tree without ranges is expanded by looking for them: what can hold none is the same object afterwards."""
    tree = {"interface": {"swp1": {"link": {"mtu": 9216}}, "swp2-3": {"type": "swp"}}, "system": {"hostname": "leaf-1"}}
    found = ranges.expand(tree)
    assert found["system"] is tree["system"]
    assert ranges.expand(found) == found
    assert list(tree["interface"]) == ["swp1", "swp2-3"]


def test_overlapping_ranges_that_differ_are_reported():
    """Two keys that set one leaf differently are named with both values and places; agreeing ones are not."""
    expansion = ranges.expand_traced(
        {
            "interface": {
                "swp1-2": {"link": {"mtu": 9216}, "type": "swp"},
                "swp2": {"link": {"mtu": 1500}, "type": "swp"},
            }
        }
    )
    (found,) = expansion.overlaps
    assert found.path == ("interface", "swp2", "link", "mtu")
    assert (found.first[1], found.second[1]) == ("swp1-2", "swp2")
    assert (found.first_value, found.second_value) == (9216, 1500)
    assert expansion.tree["interface"]["swp1"]["link"]["mtu"] == 9216


def test_a_value_over_a_mapping_is_an_overlap():
    """A key that one range gives a value and another gives keys below is reported too."""
    tree = {"interface": {"swp1-2": {"ip": {"vrf": "mgmt"}}, "swp1": {"ip": "x"}}}
    assert [item.path for item in ranges.expand_traced(tree).overlaps] == [("interface", "swp1", "ip")]


def test_every_expanded_path_knows_where_it_was_written():
    """The origin of a node is the range key that first set it."""
    origins = ranges.expand_traced({"interface": {"swp1-2": {"type": "swp"}, "swp2": {"description": "x"}}}).origins
    assert origins["interface", "swp2"] == ("interface", "swp1-2")
    assert origins["interface", "swp2", "description"] == ("interface", "swp2", "description")


def test_traffic_classes_are_ranges_too():
    """The guide sets the scheduler of classes 0-5,7 in one command."""
    tree = {"qos": {"egress-scheduler": {"default-global": {"traffic-class": {"0-1,7": {"mode": "dwrr"}}}}}}
    classes = ranges.expand(tree)["qos"]["egress-scheduler"]["default-global"]["traffic-class"]
    assert classes == {"0": {"mode": "dwrr"}, "1": {"mode": "dwrr"}, "7": {"mode": "dwrr"}}


def test_each_range_map_names_its_source():
    """Whoever adds a map says where it is known from."""
    assert all(source for _path, source in ranges.RANGE_MAPS)
