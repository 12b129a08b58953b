"""Which leaves go to a switch in an apply ahead of the others: breakouts (nvue.md 0.6, 3.2, 7a, 8.14; RN-3362113).

NVUE refuses an apply that splits a cage and configures the QoS of its sub-ports. Whoever applies a configuration, prints it as
commands, or has a switch apply it on its first boot asks here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from rackwright.nvue.tree import Path, Tree, get, leaves, put

__all__ = ["APPLY", "ahead", "in_turn", "is_breakout"]

APPLY: Final = "nv config apply -y"
"""The command of one apply; what it would ask is answered."""


def is_breakout(path: Path) -> bool:
    """Tell whether a path is that of a split: a cage is split, joined, or shut for its neighbour."""
    return path[:1] == ("interface",) and path[2:4] == ("link", "breakout")


def ahead(changed: Collection[Path], added: Collection[Path]) -> frozenset[Path]:
    """Name which of the changed paths go first.

    NVUE gives an interface its type as soon as anything of it is set, so that of a cage goes along where it is ``added``.
    """
    splits = frozenset(path for path in changed if is_breakout(path))
    cages = frozenset(path[1] for path in splits)
    return splits | {
        path for path in added if path[:1] == ("interface",) and path[2:] == ("type",) and path[1] in cages
    }


def in_turn(tree: Tree) -> tuple[Tree, ...]:
    """Part an expanded tree into what a factory switch takes in one apply after the other: breakouts and the rest, or all at once."""
    ports: Mapping[str, Any] = tree.get("interface", {})
    # Only what may hold a breakout is taken apart: a fabric has hundreds of thousands of other leaves.
    cages = {name: port for name, port in ports.items() if get(port, "link", "breakout")}
    held = dict(leaves({"interface": cages})) if cages else {}
    first = ahead(held, held)
    breakouts: Tree = {}
    others: Tree = {}
    for path, leaf in held.items():
        put(breakouts if path in first else others, path, leaf)
    left = {**{name: port for name, port in ports.items() if name not in cages}, **others.get("interface", {})}
    rest = {**tree, "interface": left} if left else {key: below for key, below in tree.items() if key != "interface"}
    return (breakouts, rest) if breakouts and rest else (tree,)
