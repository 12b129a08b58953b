"""The way of one switch from what runs to what is planned: the applies it takes, and what is sent in each.

Each apply leads to a stop, a legal configuration in which the switch may be left: ``breakouts``, where cages
are split as planned and all else is as before, and ``planned``. Where a cage that is in use is split anew or
joined, what hangs on it has to go in an apply of its own first (5.12 guide, Switch Port Attributes, "Remove a
Breakout Port"): that stop is ``cleared``, and it is not there otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, Literal

import msgspec

from rackwright import diff
from rackwright.diff.changes import flatten, is_masked, is_secret
from rackwright.errors import SecretUnresolved
from rackwright.nvue.applies import ahead, is_breakout
from rackwright.nvue.ranges import expand
from rackwright.nvue.tree import Leaf, Path, Tree, get, put
from rackwright.push.digests import digest_of

__all__ = ["Stop", "StopName", "route", "way"]

StopName = Literal["cleared", "breakouts", "planned"]

_NVSEC: Final = "$nvsec$"
_SUB_PORT: Final = re.compile(r"(swp\d+)s\d+")


class Stop(msgspec.Struct, frozen=True):
    """One apply: the whole configuration after it, secrets as references, and the changes that it makes."""

    name: StopName
    tree: Tree
    changes: tuple[diff.Change, ...]

    @property
    def digest(self) -> str:
        """Digest of the configuration after it."""
        return digest_of(self.tree)


def route(
    running: Mapping[str, Any], intended: Tree, changes: tuple[diff.Change, ...] | None = None
) -> tuple[Stop, ...]:
    """Return the applies that lead from ``running`` to ``intended``; none when nothing differs.

    Seen from a stop, the rest of the way is the same, so that whoever finds a switch at one goes on from there.
    ``changes`` is what differs, where that is known already.
    Raises :class:`~rackwright.errors.SecretUnresolved` where a secret that the switch masks would have to be sent.
    """
    return tuple(way(running, intended, changes))


def way(running: Mapping[str, Any], intended: Tree, changes: tuple[diff.Change, ...] | None = None) -> Iterator[Stop]:
    """Yield the applies of :func:`route` one by one: who takes one at a time is asked for no more."""
    here = expand(running)
    if changes is None:
        changes = diff.between(here, intended)
    trees: list[tuple[StopName, Tree]] = [*_on_the_way(here, intended, changes), ("planned", intended)]
    for name, tree in trees:
        made = changes if len(trees) == 1 else diff.between(here, tree)
        if made:
            yield Stop(name, tree, made)
        here = tree


def _on_the_way(running: Tree, intended: Tree, changes: tuple[diff.Change, ...]) -> list[tuple[StopName, Tree]]:
    """Return the stops before the last: none when no cage is split, joined or shut."""
    first = ahead([change.path for change in changes], [change.path for change in changes if change.op == "+"])
    if not first or all(is_breakout(change.path) for change in changes):
        return []
    planned = flatten(intended)
    cages = frozenset(path[1] for path in first)
    splits = tuple(change for change in changes if change.path in first)
    split = frozenset(cage for cage in cages if get(running, "interface", cage, "link", "breakout"))
    goes = frozenset(change.path for change in changes if change.op == "-")
    hidden = _holders(changes)

    def hangs(path: Path, leaf: Leaf) -> bool:
        # The whole of a sub-port goes, also what is planned for it: the guide unsets it before its cage changes.
        return _is_split(path, leaf, split) or (path in goes and not is_breakout(path) and _named(path, leaf, cages))

    known = _without(running, lambda path, _leaf: path in goes and any(path[: len(top)] == top for top in hidden))
    cleared = _without(known, hangs)
    found: list[tuple[StopName, Tree]] = []
    if flatten(cleared) != flatten(known):
        found.append(("cleared", _sendable(cleared, planned)))
    found.append(("breakouts", _sendable(diff.apply(cleared, splits), planned)))
    return found


def _is_split(path: Path, leaf: Leaf, cages: frozenset[str]) -> bool:
    return any(found[1] in cages for found in _sub_ports(path, leaf))


def _named(path: Path, leaf: Leaf, cages: frozenset[str]) -> bool:
    return any(name in cages for name in _words(path, leaf)) or _is_split(path, leaf, cages)


def _sub_ports(path: Path, leaf: Leaf) -> Iterable[re.Match[str]]:
    return (found for name in _words(path, leaf) if (found := _SUB_PORT.fullmatch(name)))


def _words(path: Path, leaf: Leaf) -> Path:
    return (*path, leaf) if isinstance(leaf, str) else path


def _holders(changes: Iterable[diff.Change]) -> tuple[Path, ...]:
    """Name what goes and holds a secret: every apply sends the whole, and a mask cannot be sent, so it goes first."""
    return tuple(
        change.path[:-1]
        for change in changes
        if change.op == "-"
        and (is_secret(change.path) or is_masked(change.path, change.old) or _keyed_by_secret(change.path))
    )


def _keyed_by_secret(path: Path) -> bool:
    return any(key.startswith(_NVSEC) for key in path)


def _without(tree: Tree, drop: Callable[[Path, Leaf], bool]) -> Tree:
    kept: Tree = {}
    for path, leaf in flatten(tree).items():
        if not drop(path, leaf):
            put(kept, path, leaf)
    return kept


def _sendable(tree: Tree, planned: Mapping[Path, Leaf]) -> Tree:
    """Put the planned references where the switch shows masks; the planned secret is what comes next in any case."""
    sent: Tree = {}
    for path, leaf in flatten(tree).items():
        value = planned.get(path) if is_masked(path, leaf) or is_secret(path) else leaf
        if value is None:
            raise SecretUnresolved(
                f"{'.'.join(path)} is masked by the switch and not in the plan, so it cannot be sent again: "
                "take it off the switch by hand, or plan it"
            )
        put(sent, path, dict(value) if isinstance(value, Mapping) else value)
    return sent
