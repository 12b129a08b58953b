"""Laws of the engine's own trees and ranges."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rackwright.twin.engine.ranges import expanded, names_of, regrouped, written
from rackwright.twin.engine.trees import compare, laid_over, taken_away, undo
from rackwright.twin.texts import plain
from rackwright.twin.texts.output import to_yaml
from rackwright.twin.texts.reading import _Loader, _tree, read_document

NAMES = st.one_of(
    st.builds("swp{}".format, st.integers(1, 12)),
    st.builds("swp{}s{}".format, st.integers(1, 4), st.integers(0, 3)),
    st.builds("bond{}".format, st.integers(1, 6)),
    st.builds("vlan{}".format, st.integers(98, 103)),
    st.sampled_from(["lo", "eth0", "peerlink", "leaf01", "br-1x"]),
)
LEAVES = st.one_of(
    st.integers(0, 3), st.sampled_from(["on", "off", "4", "1e3", "44:38:39:22:01:12", "", "a: b", "*"]), st.just({})
)
WORDS = st.sampled_from(["link", "state", "up", "mtu", "ip", "type", "vlan", "10"])
TREES = st.recursive(
    st.dictionaries(WORDS, LEAVES, max_size=3),
    lambda below: st.dictionaries(WORDS, st.one_of(LEAVES, below), max_size=3),
    max_leaves=8,
)
CONFIGS = st.fixed_dictionaries(
    {
        "interface": st.dictionaries(NAMES, TREES, max_size=8),
        "vrf": st.dictionaries(
            st.sampled_from(["default", "RED"]),
            st.fixed_dictionaries(
                {
                    "router": st.fixed_dictionaries(
                        {"bgp": st.fixed_dictionaries({"neighbor": st.dictionaries(NAMES, TREES, max_size=5)})}
                    )
                }
            ),
        ),
    }
)


@given(CONFIGS)
def test_what_is_regrouped_can_be_expanded(tree):
    """`nv config show` says the same as the configuration that it groups."""
    assert expanded(regrouped(tree)) == tree


@given(st.sets(NAMES, min_size=1))
def test_names_written_as_a_range_come_back(names):
    """A range key stands for exactly the names that it was written for."""
    assert set(names_of(written(names))) == names


@given(TREES, TREES)
def test_a_difference_leads_from_one_tree_to_the_other(old, new):
    """What is unset and then set makes the old tree the new one; without a difference they are one."""
    step = compare(old, new)
    assert undo(old, step) == new
    assert bool(step) == (old != new)


@given(TREES)
def test_nothing_laid_over_changes_nothing(tree):
    """An empty patch is none, and a tree laid over itself is itself."""
    assert laid_over(tree, {}) == tree
    assert undo(tree, compare(tree, tree)) == tree


@given(TREES, TREES)
def test_a_patch_sets_what_it_says(base, over):
    """After a patch every leaf of it is there, and laying it over again changes nothing."""
    once = laid_over(base, over)
    assert not compare(once, laid_over(once, over))


@given(TREES)
def test_everything_can_be_taken_away(tree):
    """Unsetting all that is there leaves nothing."""
    assert taken_away(tree, dict.fromkeys(tree)) == {}


@given(CONFIGS)
def test_yaml_that_is_written_is_read_back(tree):
    """What `nv config show` prints, `nv config replace` reads as the same tree, bare on and MAC addresses included."""
    text = to_yaml([{"header": {"version": "x"}}, {"set": tree}])
    assert read_document(text, "file").tree == tree


def test_guide_example_of_grouping():
    """What bonds have in common stands under their range, the rest under each name (Config-Commands, nv config show)."""
    bond = {"bond": {"lacp-bypass": "on"}, "link": {"mtu": 9000}, "type": "bond"}
    tree = {
        "interface": {
            "bond1": {**bond, "bridge": {"domain": {"br_default": {"access": 10}}}},
            "bond2": bond,
            "bond3": bond,
        }
    }
    shown = regrouped(tree)["interface"]
    assert shown["bond1"] == {"bridge": {"domain": {"br_default": {"access": 10}}}}
    assert shown["bond1-3"] == bond


PLAIN = """# a comment
- header:
    version: Cumulus Linux 5.12.1
    rev-id: 1.0
- set:
    interface:
      'swp1':
        link:
          mtu: 9216
          breakout:
            2x: {lanes-per-port: '4'}
      swp2:
        description: "to be-spine01 swp1"
    vlan:
      '10': {}
      20: {}
    on: off
    empty:
"""


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN.replace("{lanes-per-port: '4'}", "{}"),
        "set:\n  a: 0x10\n  b: 1_0\n  c: 1e3\n  d: .5\n  e: -1\n  f: +1\n  g: 010\n  h: 1.50\n  i: 1.\n",
        "set:\n  a: yes\n  b: null\n  c: ~\n  d: true\n  e: Null\n  f: =\n  g: <<\n",
        "set:\n  a:\n    b: 1\n  a2: c # no\n  d: 'it''s'\n  e: \"a\\nb\"\n",
        "set:\n  a: &x {b: 1}\n  c: *x\n  d: |\n    text\n  e: [1, 2]\n",
        "set:\n    a:\n      b: 1\n    c: 2\n",
        "- set:\n    a: 1\n  unset:\n    b:\n",
        "set:\n  a: 44:38:39:22:01:12\n  b: 65101:10\n  c: 10.0.0.1/24\n  d: a: b\n",
        "set:\n  a: 1\n  a: 2\n",
        "set:\n  a: one\n    two\n",
        "---\nset: {}\n",
        "set:\r\n  a: 1\r\n",
        "set:\n\ta: 1\n",
        "set:\n  ? long\n  : 1\n",
        "",
    ],
)
def test_the_quick_reader_reads_what_yaml_reads(text):
    """What the quick reader takes it reads as the whole of YAML does; the rest it leaves alone."""
    quick = plain.read(text)
    try:
        whole = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError:
        whole = None
    if quick is not None and quick != {}:
        listed = [_tree(item) for item in whole] if isinstance(whole, list) else _tree(whole)
        assert quick == listed
        assert repr(quick) == repr(listed)


def test_a_rendered_file_is_of_the_plain_part(golden_startup):
    """What Rackwright renders is read quickly: otherwise hundreds of switches would wait for libyaml."""
    assert plain.read(golden_startup) is not None


@pytest.fixture
def golden_startup():
    """Return a rendered startup.yaml."""
    return (Path(__file__).parents[1] / "golden/nvue/evpn-leaf.startup.yaml").read_text()
