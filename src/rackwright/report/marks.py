"""How states and stages are shown where there is little room: one sign a state, two letters a stage; colour only adds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

__all__ = ["COLOURS", "ENDED", "LETTERS", "SIGNS", "WORST_FIRST", "Mark", "letters"]

Mark = Literal[
    "pending", "waiting", "running", "asks", "paused", "done", "unchanged", "waived", "failed", "skipped", "cancelled"
]
"""How a task, a device or a run is; ``asks``: an operator has to answer."""

SIGNS: Final[Mapping[Mark, str]] = {
    "pending": ".", "waiting": ":", "running": ">", "asks": "?", "paused": "|", "done": "+", "unchanged": "=",
    "waived": "~", "failed": "!", "skipped": "-", "cancelled": "x",
}  # fmt: skip
"""One ASCII sign a state: a serial console shows it."""

COLOURS: Final[Mapping[Mark, str]] = {
    "pending": "bright_black", "waiting": "bright_black", "running": "cyan", "asks": "magenta", "paused": "magenta",
    "done": "green", "unchanged": "green", "waived": "yellow", "failed": "red", "skipped": "yellow",
    "cancelled": "yellow",
}  # fmt: skip

ENDED: Final[frozenset[Mark]] = frozenset({"done", "unchanged", "waived", "failed", "skipped", "cancelled"})

_BY_WEIGHT: Final[tuple[Mark, ...]] = (
    "failed", "asks", "running", "cancelled", "skipped", "paused", "waiting", "pending", "waived", "done", "unchanged",
)  # fmt: skip
WORST_FIRST: Final[Mapping[Mark, int]] = {mark: rank for rank, mark in enumerate(_BY_WEIGHT)}
"""Of a device's tasks, the one that says most comes first."""

LETTERS: Final[Mapping[str, str]] = {
    "oob": "OB", "frontend": "FE", "bmc": "BM", "hardware": "HW", "head": "HD", "backend": "BE", "fabric": "FA",
    "firmware": "FW", "os": "OS", "cabling": "CB", "stack": "ST", "accept": "AC", "handover": "HO",
}  # fmt: skip


def letters(stage: str) -> str:
    """Return the two letters of a stage."""
    return LETTERS.get(stage, stage[:2].upper())
