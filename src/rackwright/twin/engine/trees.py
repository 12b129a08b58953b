"""Configuration trees as nvued keeps them: laid over, taken away, compared.

Written for the twin alone: the code that is tried on the twin has its own, and a mistake there must not be repeated here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

__all__ = [
    "Difference",
    "Path",
    "Tree",
    "changed_paths",
    "compare",
    "flat",
    "laid_over",
    "picked",
    "taken_away",
    "undo",
]

Tree: TypeAlias = dict[str, Any]
Path: TypeAlias = tuple[str, ...]

ONE_OF = (
    ("link", "state"),
    ("vrr", "state"),
    ("link", "breakout"),
    ("rule", "*", "action"),
)
"""Ends of paths below which one presence replaces another: a link is up or down, a rule permits or denies.

The 5.12 guide sets them by one command each (``nv set interface swp1 link state down``).
"""


class Difference(NamedTuple):
    """What leads from one tree to another: first ``unset`` (its leaves are None), then ``set``."""

    unset: Tree
    set: Tree

    def __bool__(self) -> bool:
        """Tell whether there is any difference."""
        return bool(self.unset or self.set)


def _is_one_of(path: Path) -> bool:
    return any(
        len(path) >= len(end) and all(want in ("*", have) for want, have in zip(end, path[-len(end) :], strict=True))
        for end in ONE_OF
    )


def laid_over(base: Mapping[str, Any], over: Mapping[str, Any], path: Path = ()) -> Tree:
    """Return ``base`` with ``over`` set on it; a None takes the node away (NVUE-API: unset is a null)."""
    result: Tree = {} if over and _is_one_of(path) else dict(base)
    for key, value in over.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            below = base.get(key)
            result[key] = laid_over(below if isinstance(below, Mapping) else {}, value, (*path, key))
        else:
            result[key] = value
    return result


def taken_away(base: Mapping[str, Any], gone: Mapping[str, Any], *, prune: bool = False) -> Tree:
    """Return ``base`` without the nodes that ``gone`` ends at; ``prune`` takes emptied parents too."""
    result: Tree = dict(base)
    for key, value in gone.items():
        if key not in result:
            continue
        below = result[key]
        if isinstance(value, Mapping) and value and isinstance(below, Mapping):
            left = taken_away(below, value, prune=prune)
            if left or not prune:
                result[key] = left
            else:
                del result[key]
        else:
            del result[key]
    return result


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> Difference:
    """Say what leads from ``old`` to ``new``."""
    unset: Tree = {}
    fresh: Tree = {}
    for key, before in old.items():
        after = new.get(key)
        if key not in new:
            unset[key] = None
        elif isinstance(before, Mapping) and isinstance(after, Mapping):
            below = compare(before, after)
            if below.unset:
                unset[key] = below.unset
            if below.set:
                fresh[key] = below.set
        elif before != after:
            fresh[key] = after
    fresh.update({key: value for key, value in new.items() if key not in old})
    return Difference(unset, fresh)


def undo(base: Mapping[str, Any], step: Difference) -> Tree:
    """Return the tree that a difference leads to; no rule of one-of applies to a computed difference."""
    return _merged(taken_away(base, step.unset), step.set)


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> Tree:
    result: Tree = dict(base)
    for key, value in over.items():
        below = result.get(key)
        result[key] = _merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return result


def flat(tree: Mapping[str, Any], path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every leaf with its path; an empty mapping is a leaf."""
    for key, value in tree.items():
        if isinstance(value, Mapping) and value:
            yield from flat(value, (*path, key))
        else:
            yield (*path, key), value


def changed_paths(old: Mapping[str, Any], new: Mapping[str, Any], path: Path = ()) -> list[Path]:
    """List the leaves that two trees do not have alike, those of removed parts included."""
    found: list[Path] = []
    for key in (*old, *(key for key in new if key not in old)):
        before, after, here = old.get(key, _NONE), new.get(key, _NONE), (*path, key)
        if before is after or before == after:
            continue
        if isinstance(before, Mapping) and isinstance(after, Mapping) and before and after:
            found += changed_paths(before, after, here)
            continue
        sides = [dict(flat({key: side}, path)) for side in (before, after) if side is not _NONE]
        found += dict.fromkeys(one for side in sides for one in side)
    return found


_NONE = object()


def picked(tree: Any, path: Path, default: Any = None) -> Any:
    """Return the node at a path, or ``default``."""
    for key in path:
        if not isinstance(tree, Mapping) or key not in tree:
            return default
        tree = tree[key]
    return tree
