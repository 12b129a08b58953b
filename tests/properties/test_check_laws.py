"""Laws of the check: no tree makes a rule fall over, order has no meaning, an identical device is judged alike."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rackwright.check import RULES, Device, Fabric, run
from rackwright.nvue.tree import leaves
from tests.mutations import example

FABRIC = example.fabric()
JUNK = st.sampled_from([None, True, "", "on", "x", 0, -1, 3.5, [], ["swp1"], {}, {"": {}}, {"swp1": None}, {"x": "y"}])
PLACES = [
    (name, path[:depth])
    for name in ("be-leaf01", "be-spine01", "oob01")
    for path, _ in leaves(FABRIC.devices[name].tree)
    for depth in range(1, len(path) + 1)
]


def spoiled(tree: dict[str, Any], path: tuple[str, ...], junk: Any) -> dict[str, Any]:
    """Copy a tree with one node replaced by anything."""
    head, *rest = path
    if not rest:
        return {**tree, head: junk}
    below = tree.get(head)
    return {**tree, head: spoiled(below if isinstance(below, dict) else {}, tuple(rest), junk)}


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(PLACES), JUNK), min_size=1, max_size=4))
def test_no_tree_makes_a_rule_fall_over(spoils: list) -> None:
    """Whatever a user's file holds, the check answers with findings."""
    devices = dict(FABRIC.devices)
    for (name, path), junk in spoils:
        devices[name] = Device(name, spoiled(devices[name].tree, path, junk), devices[name].model)
    given_fabric = Fabric(devices, FABRIC.cables, FABRIC.hosts, FABRIC.rails, FABRIC.addresses, FABRIC.macs)
    assert run(given_fabric).devices == tuple(sorted(devices))


@settings(max_examples=20)
@given(st.recursive(JUNK, lambda inner: st.dictionaries(st.text(max_size=5), inner, max_size=4), max_leaves=20))
def test_a_tree_of_junk_is_answered(value: Any) -> None:
    """A tree that is no NVUE at all is an error or full of findings, never a pass of every rule."""
    tree = value if isinstance(value, dict) else {"interface": value}
    report = run(Fabric({"x": Device("x", tree, "sn5600")}))
    assert any(item.status in ("error", "fail") for item in report.findings)


def reordered(tree: Any) -> Any:
    """Copy a tree with the keys of every map in another order."""
    return {key: reordered(tree[key]) for key in reversed(tree)} if isinstance(tree, dict) else tree


def test_order_of_keys_has_no_meaning() -> None:
    """The same tree with its keys in another order gives the same verdicts."""
    broken = spoiled(FABRIC.devices["be-leaf01"].tree, ("interface", "swp1", "link", "breakout"), {"4x": {}})
    one = run(Fabric({"be-leaf01": Device("be-leaf01", broken, "sn5600")}))
    two = run(Fabric({"be-leaf01": Device("be-leaf01", reordered(broken), "sn5600")}))
    assert {(item.check, item.path) for item in one.findings} == {(item.check, item.path) for item in two.findings}
    assert one.passes == two.passes


def test_every_rule_is_counted() -> None:
    """Each rule has passed, spoken or said why it could not look; none disappears."""
    report = run(FABRIC)
    said = {item.check for item in report.findings} | {rule for item in report.findings for rule in item.evidence}
    assert {rule.id for rule in RULES} <= said | set(report.passes) | set(report.elsewhere)
