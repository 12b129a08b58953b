"""Two NVUE trees compared as sets of leaves; the differences as values that can be applied.

A tree is taken apart into leaves after range expansion, since NVUE groups names by equal content
(nvue.md 4.2). A presence (``{}``) is a leaf. Laws, held by ``tests/properties/test_diff_laws.py``:
``between(x, x) == ()``, and ``apply(r, between(r, i))`` equals ``i``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, TypeAlias

import msgspec

from rackwright import secrets
from rackwright.diff.disruption import CLEAR, Disruption, Trees, classify
from rackwright.errors import StalePlan
from rackwright.nvue.ranges import expand
from rackwright.nvue.tree import Leaf, Path, Tree, equal_leaf, is_mapping, merge, natural_key, put

__all__ = ["Change", "Op", "apply", "between", "flatten", "is_masked", "is_node", "is_secret", "masked"]

Op = Literal["+", "~", "-"]
"""``+`` only intended has it, ``~`` both have it with different values, ``-`` only running has it."""

SECRET_LEAVES = frozenset({"community-password", "hashed-password", "password", "secret"})
"""Leaves of 5.12 that hold secrets; ``nv config show`` masks them (nvue.md 4.2)."""

_ABSENT: Final = object()
_Difference: TypeAlias = tuple[Op, Path, Leaf, Leaf]

_HOLDERS = frozenset({"ldap", "radius", "tacacs"})


class Change(msgspec.Struct, frozen=True):
    """One leaf that differs, and what setting it right interrupts."""

    op: Op
    path: Path
    old: Leaf = None
    """Value of the running leaf; None for ``+``."""
    new: Leaf = None
    """Value of the intended leaf; None for ``-``."""
    disruption: Disruption = CLEAR


def between(running: Mapping[str, Any], intended: Mapping[str, Any]) -> tuple[Change, ...]:
    """List what must change so that ``running`` becomes ``intended``, in the natural order of paths.

    Both are the inner ``set`` objects; range keys are expanded. ``1`` equals ``"1"``. A secret that
    one side masks or only refers to is no difference: what is not seen cannot have drifted. Two
    references with different names are one.
    """
    before, after = expand(running), expand(intended)
    found: list[_Difference] = []
    _compare(before, after, (), found)
    found.sort(key=lambda item: ([natural_key(key) for key in item[1]], item[0]))
    trees = Trees(before, after)
    return tuple(Change(op, path, was, will, classify(path, op, trees)) for op, path, was, will in found)


def _compare(old: Mapping[str, Any], new: Mapping[str, Any], above: Path, found: list[_Difference]) -> None:
    """Collect what differs below a path; what is the same is not taken apart, which most of a switch is."""
    for key, will in new.items():
        was = old.get(key, _ABSENT)
        if was is will or (type(was) is str and was == will):
            continue
        path = (*above, key)
        before, after = is_node(path, was), is_node(path, will)
        if before and after:
            _compare(was, will, path, found)
        elif before or after or was is _ABSENT:
            found += (("-", at, leaf, None) for at, leaf in _leaves_at(path, was))
            found += (("+", at, None, leaf) for at, leaf in _leaves_at(path, will))
        elif not _same(path, was, will):
            found.append(("~", path, was, will))
    for key in old.keys() - new.keys():
        found += (("-", at, leaf, None) for at, leaf in _leaves_at((*above, key), old[key]))


def _leaves_at(path: Path, value: Any) -> Iterable[tuple[Path, Leaf]]:
    """Return what stands at a path and below it."""
    if not is_node(path, value):
        return () if value is _ABSENT else ((path, value),)
    found: dict[Path, Leaf] = {}
    _flatten(value, path, found)
    return found.items()


def flatten(tree: Mapping[str, Any]) -> dict[Path, Leaf]:
    """Take an expanded tree apart into its leaves; a reference ``{secret: NAME}`` is one leaf."""
    found: dict[Path, Leaf] = {}
    _flatten(tree, (), found)
    return found


def _flatten(node: Mapping[str, Any], above: Path, found: dict[Path, Leaf]) -> None:
    for key, value in node.items():
        path = (*above, key)
        if is_node(path, value):
            _flatten(value, path, found)
        else:
            found[path] = value


def is_node(path: Path, value: Any) -> bool:
    """Tell a mapping that holds leaves from a leaf: a presence and a reference are leaves."""
    return is_mapping(value) and bool(value) and not _is_reference(path, value)


def masked(tree: Mapping[str, Any]) -> Tree:
    """Return a copy of a tree whose secrets are stars: such trees are kept on disk and sent to colleagues."""
    return _masked(tree, ())


def _masked(node: Mapping[str, Any], above: Path) -> Tree:
    found: Tree = {}
    for key, value in node.items():
        path = (*above, key)
        if is_node(path, value):
            found[key] = _masked(value, path)
        else:
            found[key] = "*" if is_secret(path) else value
    return found


def _is_reference(path: Path, value: Mapping[str, Any]) -> bool:
    """Tell a reference from an object whose only leaf happens to be called ``secret`` (LDAP, RADIUS, TACACS)."""
    if "secret" not in value or not secrets.is_mapping(value):
        return False
    return path[-1] not in _HOLDERS and path[-2:-1] != ("server",)


def is_secret(path: Path) -> bool:
    """Tell whether a leaf holds a secret, so that its value is never shown."""
    return path[-1] in SECRET_LEAVES


def is_masked(path: Path, leaf: Leaf) -> bool:
    """Tell whether a leaf hides its value: ``*``, NVUE's ``$nvsec$...``, or our reference."""
    if isinstance(leaf, str):
        return leaf.startswith("$nvsec$") or (leaf == "*" and is_secret(path))
    return isinstance(leaf, Mapping) and secrets.is_mapping(leaf)


def _same(path: Path, one: Leaf, two: Leaf) -> bool:
    if isinstance(one, Mapping) and isinstance(two, Mapping):
        # Two references are seen both: another name is another intent.
        return one == two
    return equal_leaf(one, two) or is_masked(path, one) or is_masked(path, two)


def apply(tree: Mapping[str, Any], changes: Iterable[Change]) -> Tree:
    """Return the tree with the changes made; mappings that a removal leaves empty go with it.

    Raises :class:`~rackwright.errors.StalePlan` when the tree is not the one that the changes were
    made from: nothing is guessed about a switch that somebody else has changed.
    """
    result = merge(expand(tree), {})
    steps = tuple(changes)
    leaves = flatten(result)
    for change in steps:
        _refuse_stale(change, leaves)
    for change in steps:
        if change.op == "-":
            _remove(result, change.path)
    for change in steps:
        if change.op != "-":
            # A copy: the tree must not share its presences and references with the changes.
            put(result, change.path, dict(change.new) if isinstance(change.new, Mapping) else change.new)
    return result


def _refuse_stale(change: Change, leaves: Mapping[Path, Leaf]) -> None:
    there = change.path in leaves
    if there is (change.op != "+") and (not there or _same(change.path, leaves[change.path], change.old)):
        return
    raise StalePlan(
        f"{'.'.join(change.path)} is not what it was when these changes were made: read the switch again and diff anew"
    )


def _remove(tree: Tree, path: Path) -> None:
    trail: list[tuple[Tree, str]] = []
    node: Any = tree
    for key in path:
        trail.append((node, key))
        node = node[key]
    for holder, key in reversed(trail):
        del holder[key]
        if holder:
            break
