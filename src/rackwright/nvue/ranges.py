"""Range keys of NVUE: ``swp1-3,swp5s0-1`` in, plain names out, and back.

``nv config show`` groups keys of equal content into ranges, so trees are compared only after
expansion (nvue.md 4.2). Ranges are expanded only in the maps that take them: a prefix list named
``spine-1`` or an LDAP name ``dc=a,dc=b`` is no range.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, cast

import msgspec

from rackwright.nvue.tree import Path, Tree, is_mapping, natural_key

__all__ = ["RANGE_MAPS", "Expansion", "Overlap", "compress", "expand", "expand_key", "expand_traced"]

MAX_NAMES: Final = 4096
"""Longest range that is expanded; there are 4,094 VLANs, and no switch has more of anything."""

RANGE_MAPS: Final[tuple[tuple[Path, str], ...]] = (
    (("interface",), "NVIDIA ERA exports: swp1-3,52-53"),
    (("interface", "*", "bond", "member"), "NVIDIA ERA exports: spine_bond, swp49-52"),
    (("interface", "*", "bridge", "domain", "*", "vlan"), "5.12 guide, VLAN-aware bridge mode: vlan 10,20-30"),
    (("bridge", "domain", "*", "vlan"), "5.12 guide, VLAN-aware bridge mode: vlan 10,20"),
    (("vrf", "*", "router", "bgp", "neighbor"), "NVIDIA ERA exports: swp61s0-5,swp63s0-5"),
    (("bridge", "domain", "*", "stp", "vlan"), "VLAN ids as keys, as in bridge domain vlan [inferred]"),
    (("interface", "*", "bridge", "domain", "*", "stp", "vlan"), "VLAN ids as keys [inferred]"),
    (("qos", "egress-scheduler", "*", "traffic-class"), "guide, PTP and QoS: traffic-class 0-5,7 mode dwrr"),
    (("qos", "egress-shaper", "*", "traffic-class"), "traffic classes as keys, as in egress-scheduler [inferred]"),
    (("qos", "congestion-control", "*", "traffic-class"), "traffic classes as keys [inferred]"),
    (("qos", "egress-queue-mapping", "*", "switch-priority"), "switch priorities as keys [inferred]"),
    (("qos", "pfc", "*", "switch-priority"), "switch priorities as keys [inferred]"),
    (("qos", "remark", "*", "switch-priority"), "switch priorities as keys [inferred]"),
    (("qos", "traffic-pool", "*", "switch-priority"), "switch priorities as keys [inferred]"),
    (("qos", "mapping", "*", "pcp"), "priorities as keys [inferred]"),
    (("qos", "mapping", "*", "dscp"), "code points as keys [inferred]"),
    (("interface", "*", "telemetry", "histogram", "egress-buffer", "traffic-class"), "traffic classes [inferred]"),
    (("interface", "*", "telemetry", "histogram", "ingress-buffer", "priority-group"), "priority groups [inferred]"),
    (("service", "dhcp-relay", "*", "interface"), "interface names as keys, as in interface [inferred]"),
    (("service", "dhcp-relay6", "*", "interface", "upstream"), "interface names as keys [inferred]"),
    (("service", "dhcp-relay6", "*", "interface", "downstream"), "interface names as keys [inferred]"),
)
"""The maps whose keys may be ranges, each with where that is known from; ``*`` is any key."""

_ITEM: Final = re.compile(r"(.*?)(0|[1-9][0-9]*)(?:-(0|[1-9][0-9]*))?")
_NAME: Final = re.compile(r"(.*?)(0|[1-9][0-9]*)")


@lru_cache(maxsize=8192)
def expand_key(key: str) -> tuple[str, ...]:
    """Expand one range key into the names it stands for, in its order and without repeats.

    A bare number or range goes on with the prefix before it (``swp1,4-6``). What is no legal
    range, a falling one or one over 4,096 names included, comes back as it is.
    """
    if "," not in key and "-" not in key:
        return (key,)
    names: dict[str, None] = {}
    prefix = ""
    for item in key.split(","):
        found = _ITEM.fullmatch(item)
        if found is None or found[1].endswith("-"):
            names[item] = None
            continue
        lead, first, last = found.groups()
        prefix = lead or prefix
        low, high = int(first), int(last if last is not None else first)
        if high < low or high - low + len(names) > MAX_NAMES:
            return (key,)
        names.update((f"{prefix}{number}", None) for number in range(low, high + 1))
    return (key,) if "" in names else tuple(names)


def compress(names: Iterable[str]) -> str:
    """Write names as one range key, the way NVUE does: ``swp1-3,5,swp1s0-1``.

    :func:`expand_key` gives the same set back. A name with a comma, or one that itself reads as a
    range (``rack1-2``), has no such form and must not be given.
    """
    numbers: dict[str, list[int]] = {}
    for name in set(names):
        found = _NAME.fullmatch(name)
        if found is None or found[1].endswith("-"):
            numbers.setdefault(name, [])
        else:
            numbers.setdefault(found[1], []).append(int(found[2]))
    items: list[str] = []
    for prefix in sorted(numbers, key=natural_key):
        lead = prefix
        if not numbers[prefix]:
            items.append(prefix)
        for low, high in _runs(sorted(numbers[prefix])):
            items.append(f"{lead}{low}" if low == high else f"{lead}{low}-{high}")
            lead = ""
    return ",".join(items)


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


class Overlap(msgspec.Struct, frozen=True):
    """Two range keys that set the same leaf to different values (nvue.md 8.7)."""

    path: Path
    first: Path
    second: Path
    first_value: Any
    second_value: Any


class Expansion(msgspec.Struct, frozen=True):
    """A tree without ranges; for each expanded path the path that it was written at."""

    tree: Tree
    origins: Mapping[Path, Path]
    overlaps: tuple[Overlap, ...]


class _Rules:
    """One node of the trie over :data:`RANGE_MAPS`."""

    def __init__(self) -> None:
        self.below: dict[str, _Rules] = {}
        self.ranged = False

    @property
    def open(self) -> bool:
        """Tell whether there are rules for every key."""
        return "*" in self.below

    def step(self, key: str) -> _Rules | None:
        """Go down one key."""
        return self.below.get(key) or self.below.get("*")


def _trie() -> _Rules:
    root = _Rules()
    for path, _source in RANGE_MAPS:
        node = root
        for key in path:
            node = node.below.setdefault(key, _Rules())
        node.ranged = True
    return root


_ROOT: Final = _trie()


def expand(tree: Mapping[str, Any]) -> Tree:
    """Expand all range keys and merge what they share; where they differ, the later one wins.

    What holds no range is not copied but shared with ``tree``: one that is changed in place must have no other holder.
    The names of one range share nothing.
    """
    return _shared(tree, _ROOT)


def _shared(node: Mapping[str, Any], rules: _Rules) -> Tree:
    """Expand one mapping; only a map that has a range is copied."""
    if rules.ranged and any(expand_key(key) != (key,) for key in node):
        out: Tree = {}
        for key, value in node.items():
            mine = _below(key, value, rules)
            for name in expand_key(key):
                _lay({name: mine}, out)
        return out
    if not rules.open and rules.below.keys().isdisjoint(node):
        return cast("Tree", node)
    return {key: _below(key, value, rules) for key, value in node.items()}


def _below(key: str, value: Any, rules: _Rules) -> Any:
    below = rules.step(key) if is_mapping(value) else None
    return value if below is None else _shared(value, below)


def _lay(node: Mapping[str, Any], out: Tree) -> None:
    """Lay a copy of one mapping over another, in place."""
    for key, value in node.items():
        there = out.get(key)
        if is_mapping(value) and (there is None or isinstance(there, dict)):
            if there is None:
                there = out[key] = {}
            _lay(value, there)
        else:
            out[key] = value


def expand_traced(tree: Mapping[str, Any]) -> Expansion:
    """Expand all range keys, and tell where each node came from and which keys contradict."""
    work = _Work()
    out: Tree = {}
    work.node(tree, _ROOT, out, (), ())
    return Expansion(out, work.origins, tuple(work.overlaps))


class _Work:
    """What an expansion collects on its way."""

    def __init__(self) -> None:
        self.origins: dict[Path, Path] = {}
        self.overlaps: list[Overlap] = []

    def node(self, node: Mapping[str, Any], rules: _Rules | None, out: Tree, path: Path, raw: Path) -> None:
        """Expand one mapping into ``out``, which may hold what earlier ranges put there."""
        for key, value in node.items():
            written = (*raw, key)
            for name in expand_key(key) if rules is not None and rules.ranged else (key,):
                below = rules.step(name) if rules is not None else None
                self._entry(name, value, below, out, (*path, name), written)

    def _entry(self, name: str, value: Any, rules: _Rules | None, out: Tree, path: Path, written: Path) -> None:
        there = out.get(name)
        if isinstance(value, Mapping) and (there is None or isinstance(there, dict)):
            target = out.setdefault(name, {})
            self.origins.setdefault(path, written)
            self.node(value, rules, target, path, written)
            return
        if name in out and there != value:
            self.overlaps.append(Overlap(path, self.origins[path], written, there, value))
        out[name] = value
        self.origins[path] = written
