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
KINDS = ("switchd-restart", "frr-restart", "port-flap", "management", "marked", "none")
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
# What may be taken away or changed, by whom who knows switches; what is not here carries traffic, or lets somebody in.
HARMLESS = (
    "interface.*.description",
    "interface.*.telemetry.**",
    "interface.*.link.state.down",
    "service.dns.**",
    "service.ntp.**",
    "service.snmp-server.**",
    "service.syslog.**",
    "service.lldp.tx-interval",
    "service.lldp.tx-hold-multiplier",
    "system.aaa.user.*.full-name",
    "system.config.auto-save.state",
    "system.hostname",
    "system.message.**",
    "system.reboot.mode",
    "system.snmp-server.**",
    "system.telemetry.**",
    "system.timezone",
    "system.wjh.**",
    "vrf.*.router.bgp.neighbor.*.description",
    "evpn.multihoming.startup-delay",
)
# What may be added besides, beside what is in use: one more of a kind, or what a switch takes for granted.
ADDED = (
    "bridge.domain.*.vlan.**",
    "interface.*.type",
    "interface.*.link.state.up",
    "interface.*.evpn.multihoming.uplink",
    "interface.*.ip.address.*",
    "interface.*.ip.vrr.address.*",
    "interface.*.bridge.domain.*.vlan.*",
    "service.dhcp-relay.*.interface.*",
    "service.dhcp-relay.*.server.*",
    "system.aaa.role.*.**",
    "system.aaa.user.*.ssh.authorized-key.**",
    "vrf.*.loopback.ip.address.*",
    "router.policy.*.*.**",
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
def wanted(path: tuple[str, ...]) -> str:
    """Return the class that taking a leaf away must have; ``marked`` is any but none."""
    found = {kind for pattern, kind in CLASSES if fits(pattern, path)}
    if path[:2] == ("vrf", "mgmt"):
        return "marked"
    if found:
        return found.pop()
    return "none" if any(fits(pattern, path) for pattern in HARMLESS) else "marked"


def agrees(kind: str, found: str) -> bool:
    """Say whether a class that was found is the one that is wanted."""
    return found != "none" if kind == "marked" else found == kind


def without(tree: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """Return a tree without one leaf, its emptied mappings gone too; only the mappings above it are copied."""
    key, *rest = path
    below = without(tree[key], tuple(rest)) if rest else {}
    return {name: below if name == key else held for name, held in tree.items() if name != key or below}


def mutations(tree: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield every leaf with its class; of a port that is shut, only what interrupts the rest of the switch too."""
    shut = {name for name, item in tree.get("interface", {}).items() if "down" in item.get("link", {}).get("state", {})}
    for path, _ in leaves(tree):
        kind = wanted(path)
        if path[0] != "interface" or path[1] not in shut or kind != "marked":
            yield path, kind


def few(items: list[Any], count: int = WANTED) -> list[Any]:
    """Take ``count`` items, evenly spread."""
    return items if len(items) <= count else [items[n * len(items) // count] for n in range(count)]


@pytest.mark.parametrize("name", FABRICS)
def test_42_each_single_leaf_has_its_class(name, shared):
    """Taking one leaf away is one change at its path with the class that item 42 gives it; what carries traffic is marked.

    Putting it back is marked too, but where it is one more of a kind. Every fabric has twenty leaves at least whose
    change interrupts something, and twenty that do not.
    """
    found = [(kind, pair, path) for pair in trees(name, shared) for path, kind in mutations(pair[0])]
    cases = {kind: [case for case in found if case[0] == kind] for kind in KINDS}
    for kind, (tree, twin), path in chain.from_iterable(map(few, cases.values())):
        (back,) = diff.between(tree, without(twin, path))
        assert (back.op, back.path, agrees(kind, back.disruption.kind)) == ("-", path, True), (path, kind)
        (there,) = diff.between(without(twin, path), tree)
        assert (there.op, there.path) == ("+", path)
        if kind not in ("marked", "none", "port-flap"):
            assert there.disruption.kind == kind, path
    assert min(len(cases["none"]), len(found) - len(cases["none"])) >= WANTED


@pytest.mark.parametrize("name", FABRICS)
def test_42_every_leaf_of_every_switch_is_judged(name, shared):
    """Each leaf of each configuration is removed, changed and added by itself: whatever is not harmless by name is marked."""
    for tree, _ in trees(name, shared):
        for path, kind in mutations(tree):
            less = without(tree, path)
            for op, judged in (("-", diff.Trees(tree, less)), ("~", diff.Trees(tree, tree))):
                assert agrees(kind, diff.classify(path, op, judged).kind), (op, path, kind)
            added = diff.classify(path, "+", diff.Trees(less, tree)).kind
            free = added == "none" and not any(fits(pattern, path) for pattern in (*HARMLESS, *ADDED))
            # The last leaf of an entry takes the entry along, which is new when it comes back.
            assert not free or entry_gone(path, less), ("+", path)


def entry_gone(path: tuple[str, ...], less: dict[str, Any]) -> bool:
    """Say whether a whole entry went with its only leaf."""
    node: Any = less
    for key in path[:-1]:
        if key not in node:
            return True
        node = node[key]
    return False


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
