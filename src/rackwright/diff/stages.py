"""In which applies a set of changes goes to a switch: breakouts first (nvue.md 8.14, 3.2, RN-3362113).

NVUE refuses an apply that splits a cage and configures its sub-ports, and wants sub-ports gone
before their split goes. So there are up to three applies: what hangs on ports that go, the splits,
the rest. The states in between are legal configurations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from rackwright.diff.changes import Change
from rackwright.nvue.tree import Path

__all__ = ["dependents", "disruptive", "is_breakout", "order", "stages"]

_SUB_PORT = re.compile(r"(swp\d+)s\d+")


def is_breakout(change: Change) -> bool:
    """Tell whether a change splits a cage, joins it, or shuts it for its neighbour."""
    return change.path[:1] == ("interface",) and change.path[2:4] == ("link", "breakout")


def order(changes: Iterable[Change]) -> tuple[tuple[Change, ...], ...]:
    """Group changes into the applies they need, in order; empty ones are left out."""
    steps = tuple(changes)
    cages = _cages(steps)
    clear = tuple(change for change in steps if change.op == "-" and _hangs_on(change, cages))
    breakouts = tuple(change for change in steps if is_breakout(change))
    taken = {id(change) for change in (*clear, *breakouts)}
    rest = tuple(change for change in steps if id(change) not in taken)
    return tuple(group for group in (clear, breakouts, rest) if group)


def stages(changes: Iterable[Change]) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """Split changes into ``(breakouts, rest)``: the two states after "before" that a switch may be found in.

    The first holds the removal of what hangs on the ports that go, and the splits; it is empty when no
    cage is touched. Where it removes something that way, :func:`order` says how to apply it in turn.
    """
    steps = tuple(changes)
    cages = _cages(steps)
    first = [change for change in steps if is_breakout(change) or (change.op == "-" and _hangs_on(change, cages))]
    # Removals before splits; sorting is stable, so paths stay in their order.
    first.sort(key=is_breakout)
    taken = {id(change) for change in first}
    return tuple(first), tuple(change for change in steps if id(change) not in taken)


def dependents(changes: Iterable[Change]) -> tuple[Change, ...]:
    """List the changes that cannot go in one apply with the breakouts among them (nvue.md 8.14).

    Empty: no cage is touched, or nothing that hangs on one changes with it, and one apply will do.
    """
    steps = tuple(changes)
    cages = _cages(steps)
    return tuple(change for change in steps if _hangs_on(change, cages))


def disruptive(changes: Iterable[Change]) -> tuple[Change, ...]:
    """List the changes that interrupt something, so that a flag and commit-confirm are needed (nvue.md 8.42)."""
    return tuple(change for change in changes if change.disruption.kind != "none")


def _cages(changes: Iterable[Change]) -> frozenset[str]:
    return frozenset(change.path[1] for change in changes if is_breakout(change))


def _hangs_on(change: Change, cages: frozenset[str]) -> bool:
    """Tell whether a change names a cage that is split or joined, or a sub-port of it, as key or as value."""
    if not cages or is_breakout(change):
        return False
    named: Path = (*change.path, *(leaf for leaf in (change.old, change.new) if isinstance(leaf, str)))
    return any(_cage_of(name) in cages for name in named)


def _cage_of(name: str) -> str:
    found = _SUB_PORT.fullmatch(name)
    return found[1] if found else name
