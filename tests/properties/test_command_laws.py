"""The printed commands do what the changes say: run against a small `nv` of the tests, they arrive."""

import copy
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackwright import diff
from rackwright.nvue import schema
from rackwright.nvue.commands import set_lines
from rackwright.nvue.tree import Tree, get, leaves, put
from rackwright.render import nvue
from tests.unit.render.nvue_switches import ALL

SCHEMA = schema.load("5.12.1")
TREES = {kind: nvue.tree(make()) for kind, make in ALL.items()}


def run(tree: Tree, lines: list[str]) -> dict[tuple[str, ...], object]:
    """Run `nv set` and `nv unset` commands against a tree and return the leaves that are left."""
    state = copy.deepcopy(tree)
    for line in lines:
        _, verb, *words = shlex.split(line)
        if verb == "set":
            put(state, *assignment(words))
        elif verb == "unset":
            remove(state, words)
    return {path: str(leaf) for path, leaf in leaves(state)}


def assignment(words: list[str]) -> tuple[list[str], object]:
    """Split the words of a set command into path and value, as the schema has it."""
    if words[-2] == "secret" and SCHEMA.kind(words[:-2]) == "leaf":
        return words[:-2], {"secret": words[-1]}
    if SCHEMA.kind(words[:-1]) == "leaf":
        return words[:-1], words[-1]
    return words, {}


def remove(tree: Tree, path: list[str]) -> None:
    """Remove a node that must be there, and the mappings that it leaves empty."""
    holder = get(tree, *path[:-1])
    assert path[-1] in holder, f"unset of what is not there: {path}"
    del holder[path[-1]]
    if not holder and path[:-1]:
        remove(tree, path[:-1])


def texts(tree: Tree) -> dict[tuple[str, ...], object]:
    """Return the leaves of a tree as a command line would leave them."""
    return {path: str(leaf) for path, leaf in leaves(tree)}


@pytest.mark.parametrize("kind", sorted(TREES))
def test_a_switch_by_its_commands(kind):
    """The `nv set` list of a switch, run on an empty one, makes its tree."""
    assert run({}, set_lines(TREES[kind])) == texts(TREES[kind])


@pytest.mark.parametrize("known", [True, False], ids=["running-known", "changes-only"])
@pytest.mark.parametrize("one", sorted(TREES))
@pytest.mark.parametrize("two", sorted(TREES))
def test_from_any_switch_to_any_other(one, two, known):
    """The commands of a diff turn one switch into a quite different one, and unset nothing that is not there."""
    running, intended = TREES[one], TREES[two]
    changes = diff.between(running, intended)
    lines = diff.as_commands(changes, running if known else None, staged=False)
    assert run(running, lines) == expected(running, intended)


def expected(running: Tree, intended: Tree) -> dict[tuple[str, ...], object]:
    """Return the intended leaves, but for secrets that are masked on one side: those stay as they were."""
    found = texts(intended)
    masked = ("system", "aaa", "user", "cumulus", "hashed-password")
    for path, leaf in leaves(running):
        both = get(intended, *masked) is not None
        if both and path[: len(masked)] == masked and get(intended, *masked) != get(running, *masked):
            for key in [key for key in found if key[: len(masked)] == masked]:
                del found[key]
            found[path] = str(leaf)
    return found


@given(st.sampled_from(sorted(TREES)), st.data())
def test_any_leaves_taken_away_come_back(kind, data):
    """With any leaves gone from the running switch, the commands set exactly those."""
    intended = TREES[kind]
    every = sorted(path for path, _ in leaves(intended) if "hashed-password" not in path)
    gone = set(data.draw(st.lists(st.sampled_from(every), min_size=1, max_size=8)))
    running: Tree = {}
    for path, leaf in leaves(intended):
        if path not in gone:
            put(running, path, leaf)
    lines = diff.as_commands(diff.between(running, intended), running, staged=False)
    assert len([line for line in lines if line.startswith("nv set ")]) == len(gone)
    assert run(running, lines) == texts(intended)
