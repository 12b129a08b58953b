"""How changes are printed: a tree, commands, JSON; never with a secret in it."""

import json
import shlex

import pytest

from rackwright import diff
from rackwright.nvue import commands

RUNNING = {
    "interface": {
        "swp1": {"type": "swp", "link": {"state": {"up": {}}, "mtu": 1500}},
        "swp2": {"type": "swp", "link": {"state": {"up": {}}, "mtu": 1500}},
        "bond1": {"type": "bond", "bond": {"member": {"swp1": {}}, "mode": "lacp"}},
    },
    "vrf": {"RED": {"table": "auto", "loopback": {"ip": {"address": {"10.0.0.1/32": {}}}}}},
}
INTENDED = {
    "interface": {
        "swp1": {"type": "swp", "link": {"state": {"up": {}}, "mtu": 9216}},
        "swp2": {"type": "swp", "link": {"state": {"up": {}}, "mtu": 9216}},
    },
    "router": {"bgp": {"enable": "on"}},
}


def test_the_tree_groups_what_changes_alike():
    """Ports that change alike stand under one range key; the mark is in the first column, the class behind."""
    text = diff.as_tree(diff.between(RUNNING, INTENDED))
    lines = text.splitlines()
    assert "  interface" in lines
    assert any(line.startswith("~   swp1-2 link mtu: 1500 -> 9216  ! traffic-loss: ") for line in lines)
    assert any(line.startswith("+ router bgp enable: on  ! frr-restart: ") for line in lines)
    assert lines[lines.index("  vrf RED") + 1].startswith("-   loopback ip address 10.0.0.1/32  ! traffic-loss: ")
    assert {line[0] for line in lines} == {" ", "+", "~", "-"}


def test_a_presence_that_stays_is_set_again():
    """Where all keys below a presence go, the commands set it again, and the tree shows what goes."""
    changes = diff.between({"vrf": {"RED": {"table": "auto"}}}, {"vrf": {"RED": {}}})
    assert diff.as_commands(changes, staged=False) == ["nv unset vrf RED table", "nv set vrf RED"]
    (line,) = diff.as_tree(changes).splitlines()
    assert line.startswith("- vrf RED table: auto  ! ")


def test_a_value_that_becomes_a_mapping_stands_beside_it():
    """Where a value gives way to keys of the same name, both lines are printed."""
    lines = diff.as_tree(diff.between({"a": 1, "b": 2}, {"a": {"x": 1, "y": 2}, "b": 2})).splitlines()
    assert [line.partition("  ! unknown: ")[0] for line in lines] == ["- a: 1", "+ a x: 1", "+ a y: 2"]


def test_no_changes_print_nothing():
    """Without changes every form is empty."""
    assert diff.as_tree(()) == ""
    assert diff.as_commands(()) == []
    assert diff.as_json(()) == "[]"


def test_colours_are_asked_for():
    """The tree is plain unless colours are asked for; then each mark has its own."""
    changes = diff.between(RUNNING, INTENDED)
    assert "\x1b" not in diff.as_tree(changes)
    coloured = diff.as_tree(changes, colour=True)
    assert all(code in coloured for code in ("\x1b[31m-", "\x1b[32m+", "\x1b[33m~"))


def test_commands_make_the_change():
    """The commands set what is added or changed, unset what goes, and name nothing else."""
    lines = diff.as_commands(diff.between(RUNNING, INTENDED))
    assert "nv set interface swp1 link mtu 9216" in lines
    assert "nv set router bgp enable on" in lines
    assert "nv unset interface bond1 bond member swp1" in lines
    assert len(lines) == len(diff.between(RUNNING, INTENDED)) + 1
    assert lines[-1] == "nv config apply -y"


def test_unset_goes_before_set():
    """Within an apply what goes is unset before anything is set."""
    words = [line.split()[1] for line in diff.as_commands(diff.between(RUNNING, INTENDED), staged=False)]
    assert words == sorted(words, key=["unset", "set"].index)


def test_what_goes_as_a_whole_is_unset_as_a_whole():
    """With the running tree at hand, a VRF or a bond that goes takes one command."""
    lines = diff.as_commands(diff.between(RUNNING, INTENDED), RUNNING)
    assert [line for line in lines if "unset" in line] == ["nv unset interface bond1", "nv unset vrf RED"]


def test_a_port_that_was_up_is_never_unset_whole():
    """RN-4030380: unsetting a whole physical port leaves it admin down, so its parts are unset one by one."""
    running = {"interface": {"swp1": {"type": "swp", "description": "x", "link": {"state": {"up": {}}, "mtu": 9000}}}}
    lines = diff.as_commands(diff.between(running, {}), running)
    assert "nv unset interface swp1" not in lines
    assert "nv unset interface swp1 link" in lines
    down = {"interface": {"swp1": {"type": "swp", "link": {"state": {"down": {}}}}}}
    assert diff.as_commands(diff.between(down, {}), down, staged=False) == ["nv unset interface swp1"]


def test_breakouts_are_staged():
    """Sub-ports go, an apply, the split goes, an apply, then the rest and the last apply: the order that NVUE needs."""
    running = {
        "interface": {
            "swp1": {"type": "swp", "link": {"breakout": {"2x": {"lanes-per-port": "4"}}}},
            "swp1s0": {"type": "swp", "link": {"state": {"up": {}}}},
        }
    }
    intended = {"interface": {"swp1": {"type": "swp", "link": {"state": {"up": {}}}}}}
    changes = diff.between(running, intended)
    assert diff.as_commands(changes, running) == [
        "nv unset interface swp1s0",
        "nv config apply -y",
        "nv unset interface swp1 link breakout",
        "nv config apply -y",
        "nv set interface swp1 link state up",
        "nv config apply -y",
    ]
    assert "nv config apply -y" not in diff.as_commands(changes, running, staged=False)


def test_a_presence_that_gives_way_is_not_shown():
    """A presence that gets keys below it was never taken away: no command unsets it, no line says so."""
    changes = diff.between({"vrf": {"RED": {}}}, {"vrf": {"RED": {"table": "auto"}}})
    assert diff.as_commands(changes, staged=False) == ["nv set vrf RED table auto"]
    (line,) = diff.as_tree(changes).splitlines()
    assert line.startswith("+ vrf RED table: auto  ! ")


@pytest.mark.parametrize("form", [diff.as_tree, diff.as_json])
def test_secrets_are_never_shown(form):
    """A hash that changes is shown as a secret, a reference by its name."""
    path = ("system", "aaa", "user", "cumulus", "hashed-password")

    def tree(value):
        return {"system": {"aaa": {"user": {"cumulus": {"hashed-password": value}}}}}

    text = form(diff.between(tree("$6$old"), tree("$6$new")))
    assert "$6$" not in text
    assert "***" in text
    assert "secret:switch_hash" in form(diff.between({}, tree({"secret": "switch_hash"})))
    assert path[-1] in text


def test_commands_carry_no_secret():
    """A secret that is set stands in the commands by name; a value that is seen does not appear."""
    tree = {"system": {"aaa": {"user": {"cumulus": {"hashed-password": "$6$seen"}}}}}
    lines = diff.as_commands(diff.between({}, tree), staged=False)
    assert lines == ["nv set system aaa user cumulus hashed-password secret hidden"]


def test_json_has_every_field():
    """Each object has op, path and values, and the disruption where there is one."""
    found = json.loads(diff.as_json(diff.between(RUNNING, INTENDED)))
    bgp = next(item for item in found if item["path"][0] == "router")
    assert bgp["op"] == "+"
    assert bgp["new"] == "on"
    assert bgp["disruption"]["kind"] == "frr-restart"
    mtu = next(item for item in found if item["path"][-1] == "mtu")
    assert (mtu["old"], mtu["new"], mtu["disruption"]["kind"]) == (1500, 9216, "traffic-loss")
    named = {"interface": {"swp1": {"description": "a"}}}, {"interface": {"swp1": {"description": "b"}}}
    assert "disruption" not in json.loads(diff.as_json(diff.between(*named)))[0]


def test_commands_quote_for_a_shell():
    """A text with blanks is one word to the shell, so the printed line can be pasted."""
    tree = {"interface": {"swp1": {"description": "uplink to core"}}}
    (line,) = diff.as_commands(diff.between({}, tree), staged=False)
    assert shlex.split(line)[-1] == "uplink to core"
    assert [line] == commands.set_lines(tree)
