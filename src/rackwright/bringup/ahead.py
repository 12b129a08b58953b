"""Who goes ahead of its kind with firmware, where the one that the graph chose was never begun: whoever is next, alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Condition

import msgspec

from rackwright.runs.model import Outcome

__all__ = ["Ahead", "Turn"]


class Turn(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether a server goes ahead, or why it may not begin."""

    mine: bool = False
    broken: str = ""


@dataclass
class _Kind:
    """What is known of the servers of a model in this process."""

    ahead: str = ""
    """Who goes ahead now; the others wait."""
    proven: bool = False
    broken: str = ""
    """How one that went ahead ended badly, changed; empty: none did."""


class Ahead:
    """The servers that go ahead of their kind in this process; a run that is gone on with begins anew."""

    def __init__(self) -> None:
        """Know of none."""
        self._kinds: dict[str, _Kind] = defaultdict(_Kind)
        self._away: dict[str, str] = {}
        self._changed = Condition()

    def turn(self, kind: str, device: str, *, again: bool = False) -> Turn:
        """Wait until nobody of a kind is ahead; ``again``: somebody asked for another try, whatever went wrong before."""
        with self._changed:
            one = self._kinds[kind]
            self._changed.wait_for(lambda: not one.ahead)
            one.broken = "" if again else one.broken
            if one.broken or one.proven:
                return Turn(broken=one.broken)
            one.ahead = device
            return Turn(mine=True)

    def away(self, roles: Iterable[str], cause: str) -> None:
        """Hold the others of some roles: one of them did not come back."""
        with self._changed:
            self._away |= dict.fromkeys(roles, cause)

    def missing(self, roles: Iterable[str], *, again: bool = False) -> str:
        """Say who of some roles did not come back; ``again``: somebody asked for another try all the same."""
        with self._changed:
            return "" if again else next((self._away[role] for role in roles if role in self._away), "")

    def ended(self, kind: str, device: str, outcome: Outcome | None, *, changed: bool) -> None:
        """Let the others go on; ``outcome`` None: the work was left, and says nothing. ``changed``: the device is not as it was."""
        with self._changed:
            one = self._kinds[kind]
            one.ahead = "" if one.ahead == device else one.ahead
            if outcome is not None:
                one.proven = one.proven or outcome.state == "done"
                bad = outcome.state == "failed" and changed
                one.broken = (
                    f"{device}, which went ahead of its kind, failed at {outcome.stage}: {outcome.cause}" if bad else ""
                )
            self._changed.notify_all()
