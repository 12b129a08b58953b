"""The tree as nv set commands, and back."""

import pytest

from rackwright.nvue import commands, ranges, schema


def test_one_command_a_leaf():
    """A presence ends with its path, a value stands last, ports are in natural order."""
    tree = {
        "interface": {"swp10": {"link": {"state": {"up": {}}}}, "swp2": {"link": {"mtu": 9216}}},
        "evpn": {"enable": "on"},
    }
    assert commands.set_lines(tree) == [
        "nv set evpn enable on",
        "nv set interface swp2 link mtu 9216",
        "nv set interface swp10 link state up",
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a b", "'a b'"),
        ("it's", "'it'\"'\"'s'"),
        ("#1", "'#1'"),
        ("a\nb", "'a\nb'"),
        ("*", "'*'"),
        ("$6$x", "'$6$x'"),
        ("", "''"),
    ],
)
def test_values_are_quoted_for_the_shell(value, shown):
    """Blanks, quotes, hashes, dollars and line breaks survive a POSIX shell."""
    tree = {"interface": {"swp1": {"description": value}}}
    assert commands.set_lines(tree) == [f"nv set interface swp1 description {shown}"]
    assert commands.tree_from_commands("\n".join(commands.set_lines(tree)), schema.load()) == tree


def test_unset_names_the_node():
    """Removing a node takes its path only."""
    assert (
        commands.unset_line(("interface", "swp1", "link", "breakout", "2x"))
        == "nv unset interface swp1 link breakout 2x"
    )


def test_commands_are_read_back_into_a_tree():
    """The schema tells values from keys and numbers from texts; ranges stay until they are expanded."""
    text = """
# a comment
nv set interface swp1-2 link state up
nv set interface swp1-2 link mtu 9216
nv set interface swp1 link breakout 2x lanes-per-port 4
nv set vrf RED evpn vni 4001
nv set router bgp autonomous-system 65001
nv config apply
"""
    tree = ranges.expand(commands.tree_from_commands(text, schema.load()))
    assert tree == {
        "interface": {
            "swp1": {"link": {"state": {"up": {}}, "mtu": 9216, "breakout": {"2x": {"lanes-per-port": "4"}}}},
            "swp2": {"link": {"state": {"up": {}}, "mtu": 9216}},
        },
        "vrf": {"RED": {"evpn": {"vni": {"4001": {}}}}},
        "router": {"bgp": {"autonomous-system": 65001}},
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nv set interface swp1 nonsense on", "no such path"),
        ("nv set evpn enable", "one value is wanted"),
        ("nv set evpn enable on on", "one value is wanted"),
        ("nv set system hostname 'leaf", "quote is never closed"),
    ],
)
def test_a_command_that_fits_nowhere_is_refused(text, words):
    """A command that the schema cannot place is an error that quotes it."""
    with pytest.raises(ValueError, match=words):
        commands.tree_from_commands(text, schema.load())
