"""Items 14 and 42 of the validator list on every fabric: what must be staged, what interrupts, and silence elsewhere."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from rackwright import diff
from rackwright.nvue.tree import leaves
from tests.mutations import fabrics

WANTED = 20
KINDS = ("switchd-restart", "frr-restart", "port-flap", "management", "none")
SITES = sorted(path.parent.name for path in fabrics.INVENTORY.glob("*/site.yaml"))
FABRICS = ["made", "export 2-8-9-400", "export 2-4-3-200", *(name for name in SITES if name in fabrics.SMALL)]

# Written down anew, not read from the table under test: (pattern with * for one key and ** for any rest, class).
CLASSES = (
    ("evpn.multihoming.enable", "switchd-restart"),
    ("router.adaptive-routing.**", "switchd-restart"),
    ("interface.*.router.adaptive-routing.**", "switchd-restart"),
    ("router.bgp.enable", "frr-restart"),
    ("router.bgp.autonomous-system", "frr-restart"),
    ("vrf.*.router.bgp.enable", "frr-restart"),
    ("vrf.*.router.bgp.autonomous-system", "frr-restart"),
    ("interface.*.link.breakout.**", "port-flap"),
    ("interface.eth0.**", "management"),
    ("system.control-plane.acl.**", "management"),
)
HARMLESS = (
    "interface.*.description",
    "interface.*.link.mtu",
    "interface.*.telemetry.**",
    "interface.*.evpn.multihoming.uplink",
    "router.policy.**",
    "service.**",
    "system.hostname",
    "system.timezone",
    "bridge.domain.*.vlan.**",
    "vrf.*.router.bgp.address-family.**",
)


@cache
def trees(name: str, shared: Callable[..., Path]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return the trees of a fabric's switches, each twice: what is the same object would not be compared."""
    if name == "made":
        fabric = fabrics.made()
    elif name.startswith("export "):
        fabric = fabrics.exports(shared, name.removeprefix("export "))
    else:
        fabric = fabrics.reference(name)
    return [(device.tree, copy.deepcopy(device.tree)) for device in fabric.devices.values()]


def fits(pattern: str, path: tuple[str, ...]) -> bool:
    """Say whether a path is one that a pattern speaks of."""
    keys = pattern.removesuffix(".**").split(".")
    longer = len(path) > len(keys)
    if len(path) < len(keys) or (longer and not pattern.endswith(".**")):
        return False
    return all(key in ("*", name) for key, name in zip(keys, path, strict=False))


@cache
def wanted(path: tuple[str, ...]) -> str | None:
    """Return the class that a change at a path must have; None where the test says nothing about it."""
    if path[:2] == ("vrf", "mgmt"):
        return None
    found = {kind for pattern, kind in CLASSES if fits(pattern, path)}
    if found:
        return found.pop()
    return "none" if any(fits(pattern, path) for pattern in HARMLESS) else None


def without(tree: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """Return a tree without one leaf, its emptied mappings gone too; only the mappings above it are copied."""
    key, *rest = path
    below = without(tree[key], tuple(rest)) if rest else {}
    return {name: below if name == key else held for name, held in tree.items() if name != key or below}


def mutations(tree: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield every leaf whose class the test knows."""
    for path, _ in leaves(tree):
        kind = wanted(path)
        if kind is not None:
            yield path, kind


def few(items: list[Any], count: int = WANTED) -> list[Any]:
    """Take ``count`` items, evenly spread."""
    return items if len(items) <= count else [items[n * len(items) // count] for n in range(count)]


@pytest.mark.parametrize("name", FABRICS)
def test_42_each_single_leaf_has_its_class(name, shared):
    """Taking one leaf away, or putting it back, is one change at its path with the class that item 42 gives it.

    Every fabric has twenty leaves at least whose change interrupts something, and twenty that do not.
    """
    found = [(kind, pair, path) for pair in trees(name, shared) for path, kind in mutations(pair[0])]
    cases = {kind: [case for case in found if case[0] == kind] for kind in KINDS}
    for kind, (tree, twin), path in chain.from_iterable(map(few, cases.values())):
        there = diff.between(without(twin, path), tree)
        back = diff.between(tree, without(twin, path))
        assert [(change.op, change.path, change.disruption.kind) for change in there] == [("+", path, kind)]
        assert [(change.op, change.path, change.disruption.kind) for change in back] == [("-", path, kind)]
    assert min(len(cases["none"]), len(found) - len(cases["none"])) >= WANTED


def splits(tree: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], list[tuple[str, ...]]]]:
    """Yield each leaf that splits a cage, with the leaves of its sub-ports."""
    for path, _ in leaves(tree):
        if path[0] == "interface" and path[2:4] == ("link", "breakout"):
            subs = [name for name in tree["interface"] if name.startswith(f"{path[1]}s")]
            yield path, [("interface", name, *below) for name in subs for below, _ in leaves(tree["interface"][name])]


@pytest.mark.parametrize("name", FABRICS)
def test_14_a_split_and_a_leaf_of_its_port_are_staged(name, shared):
    """A split that comes with one leaf on a sub-port is found out and staged; the same split alone is not."""
    cases = [(pair, cut, below) for pair in trees(name, shared) for cut, subs in splits(pair[0]) for below in subs[:1]]
    assert len(cases) >= WANTED or name == "made"
    for (tree, twin), cut, below in few(cases):
        alone = diff.between(without(twin, cut), tree)
        both = diff.between(without(without(twin, cut), below), tree)
        assert diff.order(alone) == (alone,)
        first, rest = diff.order(both)
        assert ([change.path for change in first], [change.path for change in rest]) == ([cut], [below])


@pytest.mark.parametrize("name", FABRICS)
def test_14_is_silent_without_a_split(name, shared):
    """A leaf of a sub-port that changes by itself needs no stages."""
    cases = [(pair, below) for pair in trees(name, shared) for _, subs in splits(pair[0]) for below in subs]
    for (tree, twin), below in few(cases):
        changes = diff.between(without(twin, below), tree)
        assert diff.order(changes) == (changes,)
