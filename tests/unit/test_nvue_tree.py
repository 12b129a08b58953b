"""Walking, merging and comparing NVUE trees."""

import pytest

from rackwright.nvue import tree

SMALL = {"interface": {"swp1": {"link": {"mtu": 9216, "state": {"up": {}}}, "type": "swp"}}, "evpn": {"enable": "on"}}


def test_leaves_come_in_the_order_of_the_tree():
    """A walk yields every value once, a presence as an empty mapping."""
    assert list(tree.leaves(SMALL)) == [
        (("interface", "swp1", "link", "mtu"), 9216),
        (("interface", "swp1", "link", "state", "up"), {}),
        (("interface", "swp1", "type"), "swp"),
        (("evpn", "enable"), "on"),
    ]
    assert tree.count(SMALL) == 4
    assert tree.count({}) == 0


def test_get_looks_a_path_up():
    """A path that is not there gives the default, also where it runs through a leaf."""
    assert tree.get(SMALL, "interface", "swp1", "link", "mtu") == 9216
    assert tree.get(SMALL, "interface", "swp1", "type", "x", default=7) == 7
    assert tree.get(SMALL, "nothing") is None


def test_merge_makes_a_new_tree():
    """The tree laid over wins at leaves and adds to mappings; neither input is changed."""
    over = {"interface": {"swp1": {"link": {"mtu": 1500}}, "swp2": {}}}
    merged = tree.merge(SMALL, over)
    assert tree.get(merged, "interface", "swp1", "link") == {"mtu": 1500, "state": {"up": {}}}
    assert tree.get(merged, "interface", "swp2") == {}
    tree.put(merged, ("interface", "swp1", "link", "mtu"), 1)
    assert SMALL["interface"]["swp1"]["link"]["mtu"] == 9216
    assert over == {"interface": {"swp1": {"link": {"mtu": 1500}}, "swp2": {}}}


def test_put_makes_the_way():
    """Setting a leaf makes the mappings above it; a presence does not empty what is there."""
    built = {}
    tree.put(built, ("a", "b", "c"), 1)
    tree.put(built, ("a", "b"), {})
    assert built == {"a": {"b": {"c": 1}}}


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [(1, "1", True), ("on", True, True), (False, "off", True), ("on", "off", False), ({}, {}, True), ({}, "", False),
     (9216, 9000, False), (1.0, "1.0", True), ("1", 1.0, False)],
)  # fmt: skip
def test_leaves_are_equal_as_nvue_sees_them(left, right, same):
    """A number equals its text, and a boolean of a YAML 1.1 reader equals on or off."""
    assert tree.equal_leaf(left, right) is same
    assert tree.equal_leaf(right, left) is same


def test_names_sort_as_people_sort_them():
    """Numbers inside names count as numbers."""
    names = ["swp10", "swp2", "swp1s1", "swp1", "lo", "swp1s0", "10.0.0.10/32", "10.0.0.9/32"]
    assert sorted(names, key=tree.natural_key) == [
        "10.0.0.9/32", "10.0.0.10/32", "lo", "swp1", "swp1s0", "swp1s1", "swp2", "swp10",
    ]  # fmt: skip
