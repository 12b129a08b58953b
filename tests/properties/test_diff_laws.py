"""Laws of the diff, over any trees: nothing to itself, and applied it arrives."""

from hypothesis import given
from hypothesis import strategies as st

from rackwright import diff
from rackwright.diff.changes import flatten
from rackwright.nvue import commands, ranges
from rackwright.nvue.tree import Tree, count, equal_leaf, leaves, put
from rackwright.push.digests import digest_of
from rackwright.render import nvue
from tests.unit.render.nvue_switches import ALL

KEYS = st.sampled_from(
    [
        "interface",
        "swp1",
        "swp2",
        "swp1s0",
        "swp1s1",
        "swp10",
        "link",
        "breakout",
        "2x",
        "4x",
        "type",
        "bond",
        "member",
        "a",
        "b",
    ]
)
LEAVES = st.one_of(st.integers(0, 9), st.sampled_from(["on", "off", "auto", "1", "swp1s0"]), st.builds(dict))
TREES = st.recursive(
    st.dictionaries(KEYS, LEAVES, max_size=4), lambda below: st.dictionaries(KEYS, st.one_of(LEAVES, below), max_size=4),
    max_leaves=12,
)  # fmt: skip

SWITCHES = st.sampled_from([nvue.tree(make()) for make in ALL.values()])


@st.composite
def edited(draw: st.DrawFn) -> tuple[Tree, Tree]:
    """Return a switch's tree and a copy with leaves taken away, changed and added."""
    tree = draw(SWITCHES)
    every = sorted(leaves(tree), key=lambda item: item[0])
    # A masked leaf never differs, so changing one would change nothing.
    seen = [item for item in every if item[1] != "*"]
    chosen = draw(st.lists(st.sampled_from(seen), max_size=12, unique_by=lambda item: item[0]))
    gone = {path for path, _ in chosen[::2]}
    other: Tree = {}
    for path, leaf in every:
        if path not in gone:
            put(other, path, "changed" if path in {path for path, _ in chosen} and leaf != {} else leaf)
    for number in range(draw(st.integers(0, 3))):
        put(other, ("interface", f"swp{number + 60}", "description"), "new")
    return tree, other


def same(one: Tree, two: Tree) -> bool:
    """Say whether two trees have equal leaves at equal paths."""
    left, right = dict(leaves(ranges.expand(one))), dict(leaves(ranges.expand(two)))
    return left.keys() == right.keys() and all(equal_leaf(left[path], right[path]) for path in left)


@given(TREES)
def test_no_tree_differs_from_itself(tree):
    """The diff of a tree with itself is empty."""
    assert diff.between(tree, tree) == ()


@given(TREES, TREES)
def test_applied_it_arrives(running, intended):
    """The diff applied to running gives intended."""
    assert same(diff.apply(running, diff.between(running, intended)), intended)


@given(TREES, TREES)
def test_it_is_the_difference_of_the_leaves(running, intended):
    """Whatever is walked together or skipped, what is found are the leaves that one side has, or has otherwise."""
    old, new = flatten(ranges.expand(running)), flatten(ranges.expand(intended))
    differs = {path for path in old.keys() | new.keys() if path not in old or path not in new}
    differs |= {path for path in old.keys() & new.keys() if not equal_leaf(old[path], new[path])}
    found = diff.between(running, intended)
    assert sorted(change.path for change in found) == sorted(differs)
    assert all((change.old, change.new) == (old.get(change.path), new.get(change.path)) for change in found)


@given(TREES, TREES)
def test_a_digest_names_what_does_not_differ(one, two):
    """Two trees have one digest exactly where nothing is between them, also after one was changed in place."""
    assert (digest_of(one) == digest_of(two)) == (diff.between(one, two) == ())
    before = digest_of(one)
    one["system"] = {"hostname": "another"}
    assert digest_of(one) != before


@given(TREES, TREES)
def test_applies_lose_nothing(running, intended):
    """The applies together are the changes, each once."""
    changes = diff.between(running, intended)
    assert sorted(id(change) for group in diff.order(changes) for change in group) == sorted(map(id, changes))


@given(edited())
def test_laws_hold_on_switches(pair):
    """On real configurations the diff arrives, apply by apply."""
    running, intended = pair
    changes = diff.between(running, intended)
    state = running
    for group in diff.order(changes):
        state = diff.apply(state, group)
    assert same(state, intended)


@given(edited())
def test_commands_name_every_change(pair):
    """Each added or changed leaf has its own set command, and each removed one lies below an unset one."""
    running, intended = pair
    changes = diff.between(running, intended)
    lines = diff.as_commands(changes, running, staged=False)
    assert sum(line.startswith("nv set ") for line in lines) == sum(change.op != "-" for change in changes)
    unset = [line for line in lines if line.startswith("nv unset ")]
    for change in changes:
        if change.op == "-":
            assert any(f"{commands.unset_line(change.path)} ".startswith(f"{line} ") for line in unset)


@given(edited())
def test_order_of_keys_is_irrelevant(pair):
    """A tree with its keys in another order has the same diff."""
    running, intended = pair

    def turned(tree):
        return {key: turned(tree[key]) if isinstance(tree[key], dict) else tree[key] for key in reversed(tree)}

    assert diff.between(turned(running), turned(intended)) == diff.between(running, intended)
    assert count(turned(running)) == count(running)
