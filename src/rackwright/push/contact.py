"""One switch as the work on it sees it: a session that is opened anew where it broke, and where the switch stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal, TypeVar

import msgspec

from rackwright.drivers.clock import Clock
from rackwright.drivers.nvue.model import Facts, Nvue
from rackwright.errors import DeviceRefused, DeviceTimeout, DriverError, LostMidCommand, Unreachable
from rackwright.nvue.tree import Tree
from rackwright.push.digests import digest_of
from rackwright.push.idle import Idle
from rackwright.push.order import DeviceOrder, Limits
from rackwright.push.reading import Connect
from rackwright.push.route import Stop, way

__all__ = ["MAY_PASS", "Contact", "Halt", "Standing", "halt_of", "stranger"]

_FACTORY_NAME: Final = "cumulus"
"""Hostname of the default startup.yaml (nvue.md 3.1)."""

_MEND: Final = "mend what the switch refuses, then push again"
_AGAIN: Final = "'rackwright push SITE' reads it anew and goes on"

_CABLING: Final = "see the cabling and the serials of the plan; 'rackwright replace' takes another machine into it"
_FULL: Final = "No space left on device"
_FREE: Final = "free space on the switch ('df -h' there shows where it went), then push again"

_LASTS_S: Final = 60.0
"""How long what was seen is as good as seen now, nothing having been sent since."""

MAY_PASS: Final = (Unreachable, DeviceTimeout, LostMidCommand)
"""Errors that a switch gives while it restarts, and that pass."""

T = TypeVar("T")


class Halt(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why the work on a switch goes no further."""

    stage: str
    cause: str
    remedy: str = ""
    state: Literal["failed", "cancelled"] = "failed"
    touched: bool = False
    """The switch was asked to change something, so what it says about itself is worth keeping."""
    passing: bool = False
    """Nothing was asked of it, and what is in the way may go by."""
    deaf: bool = False
    """It did not answer any more after an apply of ours: what was applied may lock out."""


class Standing(msgspec.Struct, frozen=True):
    """Where a switch stands: at which legal state, and whether an apply waits to be confirmed."""

    at: str
    """``before``, ``cleared``, ``breakouts`` or ``planned``; empty: at none of them."""
    waiting: bool
    left_s: float
    running: Tree


@dataclass
class Contact:
    """The way to one switch; one session at a time."""

    order: DeviceOrder
    connect: Connect
    clock: Clock
    limits: Limits
    session: Nvue | None = field(default=None, repr=False)
    """Given: left by somebody who spoke to the switch a moment ago."""
    idle: Idle | None = field(default=None, repr=False)
    """Where the session is left in the end; None: it is ended."""
    stops: tuple[Stop, ...] = field(default=(), repr=False)
    """The way from ``before``, where it is known already: who stands at a stop has the next one before it."""
    _given: bool = field(default=False, init=False, repr=False)
    _seen: tuple[Standing, float] | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self._given = self.session is not None

    @property
    def device(self) -> str:
        """Name of the switch."""
        return self.order.changes.device

    def open(self) -> Nvue:
        """Return the session, opened if there is none."""
        if self.session is None:
            self.session = self.connect(self.device)
        return self.session

    def close(self) -> None:
        """End the session, so that the next word needs a fresh login."""
        if self.session is not None:
            self.session.close()
        self.session = self._seen = None
        self._given = False

    def saw(self, running: Tree, when: float) -> None:
        """Know what was read at that time in the session that was given, no apply having waited there."""
        self._seen = (Standing(self.order.changes.legal.get(digest_of(running), ""), False, 0.0, running), when)

    def end(self) -> None:
        """Leave the session to whoever asks next, or end it."""
        if self.session is not None and self.idle is not None:
            self.idle.leave(self.device, self.session)
            self.session = None
        self.close()

    def ask(self, question: Callable[[Nvue], T], *, looks: bool = False) -> T:
        """Ask once; after an error of the wire the session is not used again.

        ``looks``: the question changes nothing, so that it is put again, by a fresh login, where a session that was given does not answer it.
        """
        if not looks:
            self._seen = None
        try:
            answer = question(self.open())
        except MAY_PASS:
            again = looks and self._given
            self.close()
            if not again:
                raise
            return question(self.open())
        self._given = False
        return answer

    def patiently(self, question: Callable[[Nvue], T], patience_s: float) -> T:
        """Ask until there is an answer, or the time is over; only for questions that change nothing."""
        until = self.clock.now() + patience_s
        while True:
            try:
                return self.ask(question, looks=True)
            except MAY_PASS:
                if self.clock.now() >= until:
                    raise
                self.clock.sleep(self.limits.poll_s)

    def standing(self, patience_s: float = 0) -> Standing:
        """Look where the switch stands; what was seen in this session is not looked for again until something is sent."""
        if self._seen is not None and self.clock.now() - self._seen[1] < _LASTS_S:
            return self._seen[0]
        begun = self.clock.now()
        seen = self.patiently(self._standing, patience_s)
        self._seen = (seen, begun) if not seen.waiting else None
        return seen

    def next_stop(self, seen: Standing) -> Stop:
        """Return the apply that a switch which stands at a state of the way has before it."""
        names = ["before", *(stop.name for stop in self.stops)]
        if self.stops and seen.at in names[:-1]:
            return self.stops[names.index(seen.at)]
        return next(way(seen.running, self.order.intended))

    def _standing(self, session: Nvue) -> Standing:
        confirm = session.confirmation()
        running = session.running()
        at = self.order.changes.legal.get(digest_of(running), "")
        return Standing(at, confirm.state == "waiting", confirm.left_s, running)


def stranger(stage: str, facts: Facts, order: DeviceOrder, *, touched: bool = False) -> Halt | None:
    """Say why what answers is not the planned switch, or not fit for its configuration; None when it is."""
    cause, remedy = "", _CABLING
    known = order.serial and facts.serial
    if known and facts.serial != order.serial:
        cause = f"serial {facts.serial} answers where {order.serial} is planned"
    elif not known and facts.hostname not in (order.changes.device, _FACTORY_NAME, ""):
        cause = f"a switch that calls itself {facts.hostname} answers"
    elif facts.version and facts.version != order.nos:
        cause = f"it runs Cumulus Linux {facts.version}, the configuration is for {order.nos}"
        remedy = f"'rackwright push SITE --install IMAGE' brings it to {order.nos} first"
    return Halt(stage, cause, remedy, touched=touched) if cause else None


def halt_of(stage: str, error: DriverError, *, touched: bool = False) -> Halt:
    """Return what a driver's error means for the work."""
    remedy = error.remedy or (_MEND if isinstance(error, DeviceRefused) else _AGAIN)
    if _FULL in str(error):
        remedy = _FREE
    return Halt(stage, str(error), remedy, touched=touched, passing=error.passing and not touched)
