"""Changes as a reader wants them: a tree, the commands that make them, or JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, NamedTuple

import msgspec

from rackwright.diff.changes import Change, apply, flatten, is_masked, is_secret
from rackwright.diff.stages import order
from rackwright.nvue.applies import APPLY, is_breakout
from rackwright.nvue.commands import set_lines, unset_line
from rackwright.nvue.ranges import compress, expand
from rackwright.nvue.tree import Leaf, Path, Tree, get, natural_key, put

__all__ = ["as_commands", "as_json", "as_tree"]

_COLOURS = {"+": "\x1b[32m", "~": "\x1b[33m", "-": "\x1b[31m"}
_PLAIN = "\x1b[0m"


# --- tree --------------------------------------------------------------------------------------


class _Line(NamedTuple):
    """One line of the tree: several names of a map that change alike are one range key."""

    path: Path
    change: Change


def as_tree(changes: Iterable[Change], *, colour: bool = False) -> str:
    """Print changes as a tree with ``+ ~ -`` in the first column; empty when there are none.

    Interfaces that change alike stand together under a range key, as NVUE shows them. What a change
    interrupts stands behind it after ``!``. Secrets are never shown.
    """
    return "".join(f"{line}\n" for line in _branch(_lines(_visible(changes)), 0, "", colour))


def _branch(lines: list[_Line], done: int, indent: str, colour: bool) -> Iterator[str]:
    """Print lines that share their first ``done`` keys; what has one way on stands on one line."""
    for _, members in groupby(lines, key=lambda line: line.path[done]):
        group = list(members)
        if len(group) == 1:
            yield _leaf_line(group[0], done, indent, colour)
            continue
        until = max(done + 1, min(_shared(group[0].path, line.path) for line in group))
        until = min(until, *(len(line.path) - 1 for line in group))
        if until <= done:
            # A value gives way to a mapping of its name: both stand where the name does.
            yield from (_leaf_line(line, done, indent, colour) for line in group)
            continue
        yield f"  {indent}{' '.join(group[0].path[done:until])}"
        yield from _branch(group, until, indent + "  ", colour)


def _leaf_line(line: _Line, done: int, indent: str, colour: bool) -> str:
    change = line.change
    text = f"{change.op} {indent}{' '.join(line.path[done:])}{_values(change)}{_note(change)}"
    return f"{_COLOURS[change.op]}{text}{_PLAIN}" if colour else text


def _visible(changes: Iterable[Change], silent: str = "+-") -> list[Change]:
    """Leave out presences that only give way to what is set below them (``-``), or stay when it is gone (``+``)."""
    steps = tuple(changes)
    above = {change.path[:end] for change in steps for end in range(1, len(change.path))}
    return [
        change
        for change in steps
        if not (change.op in silent and change.path in above and {} in (change.old, change.new))
    ]


def _lines(changes: list[Change]) -> list[_Line]:
    groups: dict[tuple[Any, ...], list[Change]] = {}
    for change in changes:
        values = (_shown(change.path, change.old), _shown(change.path, change.new))
        groups.setdefault((change.op, _pattern(change.path), values, change.disruption.kind), []).append(change)
    lines = [_Line(_ranged(group), group[0]) for group in groups.values()]
    return sorted(lines, key=lambda line: (tuple(natural_key(key) for key in line.path), line.change.op))


def _pattern(path: Path) -> Path:
    return (path[0], "*", *path[2:]) if path[0] == "interface" and len(path) > 2 else path


def _ranged(group: list[Change]) -> Path:
    path = group[0].path
    return (path[0], compress(change.path[1] for change in group), *path[2:]) if len(group) > 1 else path


def _shared(one: Path, two: Path) -> int:
    count = 0
    for left, right in zip(one, two, strict=False):
        if left != right:
            break
        count += 1
    return count


def _values(change: Change) -> str:
    texts = [_shown(change.path, leaf) for leaf in (change.old, change.new) if leaf is not None]
    return "" if texts == ["{}"] else f": {' -> '.join(texts)}"


def _shown(path: Path, leaf: Leaf) -> str:
    return "" if leaf is None else str(_open(path, leaf)).replace("\n", "\\n")


def _open(path: Path, leaf: Leaf) -> Leaf:
    """Give a value as it may be shown: references say which secret, other secrets say only that there is one."""
    if isinstance(leaf, Mapping):
        return f"secret:{leaf['secret']}" if is_masked(path, leaf) else "{}"
    return "***" if is_secret(path) and leaf is not None else leaf


def _note(change: Change) -> str:
    kind = change.disruption.kind
    return "" if kind == "none" else f"  ! {kind}: {change.disruption.reason}"


# --- commands ----------------------------------------------------------------------------------


def as_commands(
    changes: Iterable[Change], running: Mapping[str, Any] | None = None, *, staged: bool = True
) -> list[str]:
    """Print changes as ``nv unset`` and ``nv set`` commands, in an order that NVUE takes.

    What hangs on ports that go comes first, then breakouts, then the rest, with an apply behind each
    (``staged``); inside each, ``unset`` before ``set``. With ``running`` a part that goes as a whole is
    unset as a whole. A port that was up is never unset as a whole: that leaves it admin down (RN-4030380).
    A secret stands as ``secret NAME``, which NVUE refuses: it is to be put in by whoever pastes the lines.
    """
    # A presence that stays is set again: whether it outlives what is unset below it no source says.
    steps = _visible(changes, "-")
    whole = _Whole(running, changes) if running is not None else None
    lines: list[str] = []
    for group in order(steps):
        removed = [change.path for change in group if change.op == "-"]
        lines.extend(map(unset_line, whole.collapse(removed) if whole else removed))
        lines.extend(_set_line(change) for change in group if change.op != "-")
        if staged:
            lines.append(APPLY)
    return lines


def _set_line(change: Change) -> str:
    tree: Tree = {}
    # A secret that is seen is replaced by words that NVUE refuses, as it refuses a reference: a mask
    # that it took for the value would lock everyone out.
    seen = isinstance(change.new, str) and is_secret(change.path)
    put(tree, change.path, {"secret": "hidden"} if seen else change.new)
    return set_lines(tree)[0]


class _Whole:
    """Knows which parts of a running tree go as a whole."""

    def __init__(self, running: Mapping[str, Any], changes: Iterable[Change]) -> None:
        steps = tuple(changes)
        self.running = expand(running)
        self.intended = apply(self.running, steps)
        self.cages = {change.path[1] for change in steps if is_breakout(change.path)}

    def collapse(self, removed: list[Path]) -> list[Path]:
        """Replace leaves by the highest nodes that are gone with all their leaves among ``removed``."""
        going = set(removed)
        found: dict[Path, None] = {}
        for path in removed:
            found[next((top for top in self._tops(path) if self._leaves(top) <= going), path)] = None
        return list(found)

    def _tops(self, path: Path) -> list[Path]:
        tops = [path[:end] for end in range(2, len(path)) if get(self.intended, *path[:end]) is None]
        return [top for top in tops if not self._stays_up(top)]

    def _leaves(self, top: Path) -> set[Path]:
        node = get(self.running, *top)
        return {(*top, *path) for path in flatten(node)} if isinstance(node, Mapping) else {top}

    def _stays_up(self, top: Path) -> bool:
        if len(top) != 2 or top[0] != "interface" or not top[1].startswith("swp"):
            return False
        # A sub-port whose cage is joined or split anew is not there afterwards, up or down.
        cage = top[1].rpartition("s")[0]
        return cage not in self.cages and get(self.running, *top, "link", "state", "down") is None


# --- JSON --------------------------------------------------------------------------------------


def as_json(changes: Iterable[Change]) -> str:
    """Print changes as a JSON list, one object a change; secrets are never shown."""
    return msgspec.json.encode([_plain(change) for change in changes]).decode()


def _plain(change: Change) -> dict[str, Any]:
    found: dict[str, Any] = {"op": change.op, "path": list(change.path)}
    for name, leaf in (("old", change.old), ("new", change.new)):
        if leaf is not None:
            found[name] = {} if leaf == {} else _open(change.path, leaf)
    if change.disruption.kind != "none":
        found["disruption"] = change.disruption
    return found
