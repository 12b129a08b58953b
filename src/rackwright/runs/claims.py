"""What a run keeps from others while it is worked on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Self

import msgspec

from rackwright.runs.model import Apart

__all__ = ["Claim"]

_APART: Final = "must not be worked on beside what is meant here"
"""Why two devices are apart, where nobody kept the reason."""


class Claim(msgspec.Struct, frozen=True):
    """What a run keeps from others: the devices that it works on, and those that nobody may work on meanwhile."""

    devices: frozenset[str] = frozenset()
    apart: dict[str, str] = {}
    """Device -> why nobody may work on it meanwhile."""

    @classmethod
    def of(cls, devices: Iterable[str], apart: Apart) -> Self:
        """Return the claim of a run over devices; ``apart`` as its record keeps it."""
        why = apart if isinstance(apart, dict) else {_APART: tuple(apart)}
        return cls(frozenset(devices), {name: reason for reason, names in why.items() for name in names})

    def against(self, held: Claim) -> str:
        """Say what a run with this claim would have in common with one that is held, up to who holds it; empty: nothing."""
        if both := sorted(self.devices & held.devices):
            return f"works on {both[0]} and"
        if theirs := sorted(self.apart.keys() & held.devices):
            return f"works on {theirs[0]}, which {self.apart[theirs[0]]}; it"
        if mine := sorted(held.apart.keys() & self.devices):
            return f"works on what {mine[0]} may not change beside: {mine[0]} {held.apart[mine[0]]}; it"
        return ""
