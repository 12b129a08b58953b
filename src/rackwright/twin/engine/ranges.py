"""Range keys as nvued reads and writes them: ``swp1-3,52`` stands for four ports.

``nv config show`` factors what several keys have in common out to a range key and leaves the rest under the single
names (Config-Commands, example of ``nv config show``: ``bond1`` beside ``bond1-3``; NVIDIA's ERA exports alike).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from rackwright.twin.engine.trees import Path, Tree, flat

__all__ = ["READ_AS_RANGES", "WRITTEN_AS_RANGES", "expanded", "names_of", "order", "regrouped", "written"]

READ_AS_RANGES: Final[tuple[Path, ...]] = (
    ("interface",),
    ("interface", "*", "bond", "member"),
    ("interface", "*", "bridge", "domain", "*", "vlan"),
    ("bridge", "domain", "*", "vlan"),
    ("bridge", "domain", "*", "stp", "vlan"),
    ("vrf", "*", "router", "bgp", "neighbor"),
    ("qos", "*", "*", "traffic-class"),
    ("qos", "*", "*", "switch-priority"),
)
"""Maps whose keys may be ranges on input (NVUE-CLI, command help: "swp1-2,5-6"; VLAN-aware-Bridge-Mode: vlan 10,20-30)."""

WRITTEN_AS_RANGES: Final[tuple[Path, ...]] = (
    ("interface",),
    ("interface", "*", "bond", "member"),
    ("vrf", "*", "router", "bgp", "neighbor"),
)
"""Maps that ``nv config show`` regroups: those that are seen regrouped in NVIDIA's ERA exports."""

_MOST: Final = 4096


def _below(patterns: tuple[Path, ...], key: str) -> tuple[Path, ...]:
    """Return what is left of the patterns one key further down."""
    return tuple(pattern[1:] for pattern in patterns if pattern and pattern[0] in ("*", key))


@lru_cache(maxsize=65536)
def _split(name: str) -> tuple[str, int] | None:
    """Cut a name before its last number: ``swp1s0`` is (``swp1s``, 0); None without a plain one."""
    digits = len(name) - len(name.rstrip("0123456789"))
    if not digits or (digits > 1 and name[-digits] == "0"):
        return None
    return name[:-digits], int(name[-digits:])


@lru_cache(maxsize=65536)
def order(name: str) -> tuple[tuple[int, int | str], ...]:
    """Sort key under which ``swp2`` stands before ``swp10``."""
    parts: list[tuple[int, int | str]] = []
    word = ""
    for letter in name:
        if word and word[-1].isdecimal() != letter.isdecimal():
            parts.append((0, int(word)) if word.isdecimal() else (1, word))
            word = ""
        word += letter
    if word:
        parts.append((0, int(word)) if word.isdecimal() else (1, word))
    return tuple(parts)


@lru_cache(maxsize=8192)
def names_of(key: str) -> tuple[str, ...]:
    """Return the names that a range key stands for; a key that is no range stands for itself."""
    if "," not in key and "-" not in key:
        return (key,)
    found: list[str] = []
    lead = ""
    for item in key.split(","):
        head, dash, last = item.rpartition("-")
        start = _split(head) if dash and last.isdecimal() else None
        if start is None:
            single = _split(item)
            if single is not None and not single[0] and lead:
                item = f"{lead}{item}"  # noqa: PLW2901 - the item as it is meant, with the prefix before it
            elif single is not None:
                lead = single[0]
            found.append(item)
            continue
        prefix, first = start
        lead = prefix or lead
        if not first <= int(last) < first + _MOST:
            return (key,)
        found += [f"{lead}{number}" for number in range(first, int(last) + 1)]
    return tuple(found)


def written(names: Iterable[str]) -> str:
    """Write names as one key: ``swp1-3,52`` for four ports."""
    byprefix: dict[str, list[int]] = defaultdict(list)
    odd = []
    for name in sorted(names, key=order):
        cut = _split(name)
        if cut is None:
            odd.append(name)
        else:
            byprefix[cut[0]].append(cut[1])
    return ",".join([*odd, *(f"{lead}{','.join(_runs(numbers))}" for lead, numbers in byprefix.items())])


def _runs(numbers: list[int]) -> Iterator[str]:
    first = last = numbers[0]
    for number in [*numbers[1:], -1]:
        if number == last + 1:
            last = number
            continue
        yield str(first) if first == last else f"{first}-{last}"
        first = last = number


def expanded(tree: Mapping[str, Any], patterns: tuple[Path, ...] = READ_AS_RANGES) -> Tree:
    """Return a tree with every range key written out; where two keys name one thing, what stands later wins."""
    ranges = () in patterns
    result: Tree = {}
    for key, value in tree.items():
        below = _below(patterns, key)
        if isinstance(value, Mapping) and value and below:
            value = expanded(value, below)  # noqa: PLW2901 - the value with what is below it written out
        for name in names_of(key) if ranges else (key,):
            there = result.get(name)
            result[name] = _both(there, value) if isinstance(there, dict) and isinstance(value, dict) else value
    return result


def _both(first: Tree, second: Tree) -> Tree:
    merged = dict(first)
    for key, value in second.items():
        below = merged.get(key)
        merged[key] = _both(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def regrouped(tree: Mapping[str, Any], patterns: tuple[Path, ...] = WRITTEN_AS_RANGES) -> Tree:
    """Return a tree as ``nv config show`` groups it; :func:`expanded` undoes it."""
    grouped: Tree = {}
    for key, value in tree.items():
        below = _below(patterns, key)
        grouped[key] = regrouped(value, below) if below and isinstance(value, Mapping) else value
    return _grouped(grouped) if () in patterns else grouped


def _kind(name: str) -> str:
    """Ports group with ports and bonds with bonds, as the exports show."""
    return name.rstrip("0123456789s")


def _grouped(entries: Mapping[str, Any]) -> Tree:
    """Factor out the leaves that several keys of one kind have alike."""
    holders: dict[tuple[str, Path, str], list[str]] = defaultdict(list)
    values: dict[tuple[str, Path, str], Any] = {}
    for name, value in entries.items():
        if not isinstance(value, Mapping) or _split(name) is None:
            continue
        for leaf, content in flat(value) if value else [((), {})]:
            mark = (_kind(name), leaf, repr(content))
            holders[mark].append(name)
            values[mark] = content
    groups: dict[str, Tree] = {
        name: value for name, value in entries.items() if not isinstance(value, Mapping) or _split(name) is None
    }
    for mark, names in holders.items():
        node = groups.setdefault(written(names), {})
        *parents, last = mark[1] or ("",)
        for key in parents:
            node = node.setdefault(key, {})
        if last:
            node[last] = values[mark]
    return {key: groups[key] for key in sorted(groups, key=order)}
