"""In which applies a set of changes goes to a switch.

NVUE refuses an apply that splits a cage and configures its sub-ports (:mod:`rackwright.nvue.applies`), and wants sub-ports gone
before their split goes. So there are up to three applies: what hangs on ports that go, the splits,
the rest. The states in between are legal configurations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from rackwright.diff.changes import Change
from rackwright.nvue.applies import is_breakout
from rackwright.nvue.tree import Path

__all__ = ["order"]

_SUB_PORT = re.compile(r"(swp\d+)s\d+")


def order(changes: Iterable[Change]) -> tuple[tuple[Change, ...], ...]:
    """Group changes into the applies they need, in order; empty ones are left out."""
    steps = tuple(changes)
    breakouts = tuple(change for change in steps if is_breakout(change.path))
    cages = frozenset(change.path[1] for change in breakouts)
    clear = tuple(change for change in steps if change.op == "-" and _hangs_on(change, cages))
    taken = {id(change) for change in (*clear, *breakouts)}
    rest = tuple(change for change in steps if id(change) not in taken)
    return tuple(group for group in (clear, breakouts, rest) if group)


def _hangs_on(change: Change, cages: frozenset[str]) -> bool:
    """Tell whether a change names a cage that is split or joined, or a sub-port of it, as key or as value."""
    if not cages or is_breakout(change.path):
        return False
    named: Path = (*change.path, *(leaf for leaf in (change.old, change.new) if isinstance(leaf, str)))
    return any(_cage_of(name) in cages for name in named)


def _cage_of(name: str) -> str:
    found = _SUB_PORT.fullmatch(name)
    return found[1] if found else name
