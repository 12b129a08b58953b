"""One apply on one switch, safe to be cut off anywhere: everything is decided by what the switch shows.

Each round looks first. A switch that stands at the goal is done; one on which the goal waits to be confirmed is
examined after a fresh login and then confirmed or rolled back; one on which something else waits is rolled back;
one that stands before the goal gets the configuration. What is not known, since the connection broke, is looked
up in the next round and never sent again blindly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from rackwright import diff, secrets
from rackwright.errors import DeviceRefused, DriverError, SecretUnresolved
from rackwright.nvue.tree import Tree
from rackwright.push.agreement import disagreement
from rackwright.push.contact import MAY_PASS, Contact, Halt, Standing, halt_of, stranger
from rackwright.push.order import DeviceOrder
from rackwright.push.route import Stop
from rackwright.push.sending import resolved
from rackwright.push.vitals import Vitals, missing, should_stay, take
from rackwright.runs.folder import write_private

__all__ = ["Leg"]

_TRIES: Final = 2
"""Applies of one leg: a switch that rebooted in the middle of the first is found as before, and gets a second."""
_ROUNDS: Final = 8
_CONSOLE: Final = "look at it over its console; 'rackwright push SITE' reads it first and goes on"
_AGAIN: Final = "'rackwright push SITE' shows what is left and goes on"


@dataclass
class Leg:
    """The way to one stop of one switch."""

    contact: Contact
    goal: str
    up: Vitals
    """What was up before the first change."""
    resolvers: Sequence[secrets.Resolver]
    stopping: Callable[[], bool]
    told: Callable[..., None]
    """Takes a text, and fields for whoever reads the run's events."""
    mark: Path
    """A file that is there from before an apply is sent until it was seen through, by whichever life."""
    staged: int = 0
    applied: int = 0
    unheard: int = 0
    last: str = ""
    earlier: bool = False
    """An earlier life sent an apply and was cut off, and nobody has seen the switch since."""

    def walk(self) -> Halt | None:
        """Bring the switch to the stop and confirm it; what stands in the way is returned."""
        self.earlier = self.mark.exists()
        halt = self._walked()
        self.mark.unlink(missing_ok=True)
        return halt

    def _walked(self) -> Halt | None:
        for _ in range(_ROUNDS):
            try:
                seen = self._seen()
            except DriverError as error:
                return self._lost(error)
            if not seen.waiting and self._reached(seen):
                return None
            halt = self._turn(seen)
            if halt is not None:
                return halt
        return Halt(self.goal, f"the switch does not keep what it is told{self.last}", _CONSOLE, touched=True)

    def _seen(self) -> Standing:
        """Look where the switch stands; one that what an earlier life applied locks us out of goes back by itself, which is waited for."""
        limits, clock = self.contact.limits, self.contact.clock
        until = clock.now() + limits.confirm_s + limits.margin_s
        while True:
            try:
                seen = self.contact.standing(limits.login_s)
            except DriverError as error:
                if not self.earlier or clock.now() >= until:
                    raise
                self.contact.close()
                # Who refuses us for good is not asked every few seconds: that locks an account.
                clock.sleep(limits.poll_s if isinstance(error, MAY_PASS) else limits.login_s)
            else:
                self.earlier = False
                return seen

    def _reached(self, seen: Standing) -> bool:
        names = list(dict.fromkeys(self.contact.order.changes.legal.values()))
        return bool(seen.at) and names.index(seen.at) >= names.index(self.goal)

    def _turn(self, seen: Standing) -> Halt | None:
        """Take the one step that what is seen asks for; None: look again."""
        if seen.waiting and seen.at == self.goal:
            return self._examine(seen)
        if not seen.at:
            return self._astray(seen)
        if seen.waiting:
            return self._refuse()
        if self.stopping():
            return Halt(self.goal, f"stopped; it stands at {seen.at!r}", _AGAIN, state="cancelled")
        if self.staged >= _TRIES:
            return Halt(self.goal, f"tried {_TRIES} times, it stands at {seen.at!r}{self.last}", _CONSOLE, touched=True)
        return self._forward(seen)

    def _astray(self, seen: Standing) -> Halt:
        """Tell of a switch that stands nowhere on its way; what we applied is taken back, what others did is theirs."""
        first = _first(seen, self.contact.order)
        if seen.waiting and self.applied:
            return self._back(Halt(self.goal, f"what runs after the apply is not what was sent{first}", _AGAIN))
        if seen.waiting:
            return Halt(self.goal, f"an apply of somebody else waits to be confirmed{first}", _THEIRS)
        return Halt(self.goal, f"it runs something else than was shown{first}", _AGAIN, touched=bool(self.applied))

    # --- forward ---------------------------------------------------------------------------------

    def _forward(self, seen: Standing) -> Halt | None:
        """Stage, compare, apply; whether it was applied is looked up in the next round, by a fresh login."""
        self.staged += 1
        try:
            stop = self.contact.next_stop(seen)
            return self._send(stop, resolved(stop.tree, self.resolvers))
        except SecretUnresolved as error:
            return Halt(self.goal, str(error), "hold the secret ready and push again")
        except DeviceRefused as error:
            return self._refused(error)
        except DriverError as error:
            self.last = f" ({error})"
            return None
        finally:
            self.contact.close()

    def _send(self, stop: Stop, tree: Tree) -> Halt | None:
        contact = self.contact
        revision = contact.ask(lambda session: session.stage(tree))
        differs = disagreement(stop.changes, contact.ask(lambda session: session.difference(revision)))
        if differs:
            return Halt(self.goal, f"staged and not applied: {differs}", _AGAIN)
        self._tell_of_apply(stop)
        self.applied += 1
        contact.ask(lambda session: session.apply(revision, confirm_s=contact.limits.confirm_s))
        return None

    def _tell_of_apply(self, stop: Stop) -> None:
        """Say, durably, that an apply is sent: whoever finds this run cut off knows by when the switch has gone back."""
        limits = self.contact.limits
        write_private(self.mark, b"")
        # The apply itself, and the restart of what goes back, take as long as links may take to come up.
        self.told(f"applying {stop.name}", settles_s=limits.confirm_s + limits.settle_s + limits.margin_s)

    def _refused(self, error: DeviceRefused) -> Halt:
        """Tell what the switch said, and where it stands now."""
        halt = halt_of(self.goal, error, touched=True)
        try:
            seen = self.contact.standing(self.contact.limits.login_s)
        except DriverError as lost:
            return _with(halt, f"it cannot be looked at since ({lost})", _CONSOLE)
        if seen.waiting and self.applied:
            return self._back(halt)
        return _with(halt, f"it stands at {seen.at!r}" if seen.at else "what runs now is neither before nor planned")

    # --- examined and confirmed ------------------------------------------------------------------

    def _examine(self, seen: Standing) -> Halt | None:
        """Confirm what waits, once nothing that was up and should stay up is down; else have it taken back."""
        limits = self.contact.limits
        order = self.contact.order
        room = (seen.left_s or limits.confirm_s) - limits.margin_s
        until = self.contact.clock.now() + min(limits.settle_s, room)
        expected = should_stay(self.up, order.changes.changes, seen.running)
        try:
            wrong = stranger(
                self.goal, self.contact.ask(lambda session: session.facts(), looks=True), order, touched=True
            )
            if wrong is not None:
                return self._back(wrong)
            down = self._down(seen, expected)
            while down and self.contact.clock.now() < until and not self.stopping():
                self.contact.clock.sleep(limits.poll_s)
                down = self._down(seen, expected)
        except DriverError as error:
            return self._unheard(error)
        if self.stopping():
            return self._back(Halt(self.goal, "stopped before it was confirmed", _AGAIN, state="cancelled"))
        if down:
            return self._back(Halt(self.goal, f"down since the apply: {_some(down)}", _UP, touched=True))
        return self._confirm()

    def _unheard(self, error: DriverError) -> Halt | None:
        """Look once more where only the connection broke; who goes on not answering is taken back."""
        self.unheard += 1
        if isinstance(error, MAY_PASS) and self.unheard < _TRIES:
            return None
        return self._back(replace(halt_of(self.goal, error, touched=True), deaf=True))

    def _down(self, seen: Standing, expected: Vitals) -> list[str]:
        return missing(expected, self.contact.ask(lambda session: take(session, seen.running), looks=True))

    def _confirm(self) -> Halt | None:
        try:
            self.contact.ask(lambda session: session.confirm())
        except DriverError:
            # Whether it was heard is looked up in the next round.
            self.contact.close()
        return None

    # --- back ------------------------------------------------------------------------------------

    def _refuse(self) -> Halt | None:
        """Refuse an apply of an earlier life that is not the goal."""
        self.told("refusing an apply of an earlier push")
        try:
            self.contact.ask(lambda session: session.rollback())
        except DriverError:
            self.contact.close()
        return None

    def _back(self, halt: Halt) -> Halt:
        """Have the switch take back what waits, now or by its own timer, and look that it did."""
        limits, clock = self.contact.limits, self.contact.clock
        self.told(f"rolling back: {halt.cause}")
        until = clock.now() + limits.confirm_s + limits.margin_s
        while True:
            pause, why = limits.poll_s, "it still waits to be confirmed"
            try:
                self.contact.ask(lambda session: session.rollback())
                seen = self.contact.standing(limits.login_s)
                if not seen.waiting:
                    return _with(
                        halt, f"it went back and stands at {seen.at!r}" if seen.at else "it went back elsewhere"
                    )
            except DriverError as error:
                self.contact.close()
                why = "nor since" if str(error) in halt.cause else f"it cannot be looked at since ({error})"
                # Who refuses us for good is not asked every few seconds: that locks an account.
                pause = limits.poll_s if isinstance(error, MAY_PASS) else limits.login_s
            if clock.now() >= until:
                return _with(halt, f"{why}; its timer of {limits.confirm_s} s must have ended", _CONSOLE)
            clock.sleep(pause)

    def _lost(self, error: DriverError) -> Halt:
        """Tell that a switch does not answer; one that got an apply goes back by itself, which is waited for."""
        halt = halt_of(self.goal, error, touched=bool(self.applied) or self.earlier)
        if self.applied:
            return self._back(replace(halt, deaf=True))
        if not self.earlier:
            return halt
        over = f"not since it was sent an apply, and its timer of {self.contact.limits.confirm_s} s must have ended"
        return replace(_with(halt, over, _CONSOLE), deaf=True)


_THEIRS: Final = "confirm or refuse it on the switch, or let its timer end, then push again"
_UP: Final = "see its support file; mend what is down, or plan it so, and push again"


def _some(items: Sequence[str]) -> str:
    return ", ".join(items[:8]) + (f" and {len(items) - 8} more" if len(items) > 8 else "")


def _with(halt: Halt, what: str, remedy: str = "") -> Halt:
    return replace(halt, cause=f"{halt.cause}; {what}", remedy=remedy or halt.remedy)


def _first(seen: Standing, order: DeviceOrder) -> str:
    """Name the first path that is not as any state of this push has it."""
    known = {(change.op, change.path) for change in order.changes.changes}
    for change in diff.between(seen.running, order.intended):
        if (change.op, change.path) not in known:
            return f", first at {'.'.join(change.path)}"
    return ""
