"""Which leaves go in an apply ahead of the others: held against what push does, and against what the twin refuses."""

import re
import shlex
from pathlib import Path

import pytest

from rackwright import catalog
from rackwright.diff import between
from rackwright.nvue import schema
from rackwright.nvue.applies import APPLY, in_turn
from rackwright.nvue.commands import set_lines, tree_from_commands
from rackwright.nvue.tree import merge
from rackwright.plan import workspace
from rackwright.push.route import route
from rackwright.render import everything, switch_tree
from rackwright.twin.engine.factory import factory
from rackwright.twin.engine.refusals import refused
from rackwright.twin.engine.trees import laid_over
from rackwright.twin.nv.setting import set_tree

INVENTORY = Path(__file__).resolve().parents[2] / "inventory"
SITES = ["era-2-4-3-200", "era-2-8-9-400", "r760xa-converged", "xe9680-spectrum-x", "xe9680-two-racks"]


@pytest.fixture(scope="module", params=SITES)
def plan(request):
    """Return the plan of a reference site."""
    return workspace.planned(workspace.open_site(INVENTORY / request.param)).plan


def test_a_factory_switch_takes_the_parts_and_not_always_the_whole(plan):
    """The twin refuses no part in its turn, and the whole at once for at least one switch of each site."""
    trees = [switch_tree(switch) for switch in plan.switches]
    for tree in trees:
        here = factory()
        for part in in_turn(tree):
            there = laid_over(here, part)
            assert refused(here, there) == []
            here = there
    assert any(refused(factory(), tree) for tree in trees)


def test_the_parts_are_the_way_of_a_push(plan):
    """From nothing, push stops at the same configurations in the same order; a switch that was cut off between two it brings to the plan."""
    for switch in plan.switches:
        tree = switch_tree(switch)
        stops, parts = route({}, tree), in_turn(tree)
        assert len(stops) == len(parts)
        here = {}
        for stop, part in zip(stops, parts, strict=True):
            here = merge(here, part)
            assert not between(stop.tree, here)
        assert here == tree
        if len(parts) > 1:
            assert [stop.name for stop in route(laid_over(factory(), parts[0]), tree)] == ["planned"]


@pytest.mark.parametrize(
    ("ports", "parts"),
    [
        ({"swp1": {"link": {"breakout": {"2x": {"lanes-per-port": "4"}}}}}, 1),
        ({"swp1": {"link": {"state": {"up": {}}}}}, 1),
        ({"swp1": {"link": {"breakout": {"2x": {}}, "mtu": 9216}}}, 2),
        ({"swp1": {"link": {"breakout": {"disabled": {}}}}, "swp2": {"type": "swp"}}, 2),
        ({}, 1),
    ],
)
def test_one_apply_where_one_does(ports, parts):
    """Breakouts alone, and a switch without any, are one apply; the parts together are the whole."""
    tree = {"interface": ports} if ports else {"system": {"hostname": "be01"}}
    found = in_turn(tree)
    assert len(found) == parts
    assert merge(found[0], found[-1]) == tree
    assert all("interface" not in part or part["interface"] for part in found)


def test_commands_can_be_typed_one_after_the_other(plan):
    """Typed on a factory switch, commands.txt leads to its startup.yaml: the twin refuses none of its applies. Read back, it is the same tree."""
    files = {file.path: file for file in everything(plan, catalog=catalog.load())}
    for switch in plan.switches:
        kept = files[f"devices/{switch.name}/commands.txt"].data.decode()
        text = re.sub(r" secret \S+$", " planted", kept, flags=re.MULTILINE)
        tree = switch_tree(switch)
        assert not between(tree_from_commands(text, schema.load(switch.nos)), tree)
        applied = pending = factory()
        for words in typed(text):
            if words == shlex.split(APPLY):
                assert refused(applied, pending) == []
                applied = pending
            else:
                pending = laid_over(pending, set_tree(words[2:]))
        assert applied is pending
        assert {"\n".join(set_lines(part)) for part in in_turn(tree)} <= {
            part.strip() for part in kept.split(f"{APPLY}\n")
        }


def typed(text):
    """Yield the commands of a text; a quoted value may go over several lines."""
    held = ""
    for line in text.splitlines(keepends=True):
        held += line
        try:
            words = shlex.split(held)
        except ValueError:
            continue
        yield words
        held = ""
