"""Push as the durable engine runs it: waves, the work on one switch, the gate behind a wave."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from rackwright import secrets
from rackwright.drivers.clock import Clock
from rackwright.drivers.reach import JOBS
from rackwright.errors import DriverError
from rackwright.push.contact import Contact
from rackwright.push.gates import PROTODOWN, asked, behind, down, fewest, finished, tellers, words
from rackwright.push.idle import Idle
from rackwright.push.leases import Leases
from rackwright.push.order import Order, decode
from rackwright.push.procedure import Procedure
from rackwright.push.reading import Connect
from rackwright.push.vitals import Vitals, take
from rackwright.push.waves import waves_of
from rackwright.runs.folder import RunFolder
from rackwright.runs.model import Context, Json, Outcome, Wave

__all__ = ["NAME", "VERSION", "Push"]

NAME: Final = "push"
VERSION: Final = "1"
"""Raised by hand whenever the steps of a switch change their names or values."""

_CONSOLE: Final = "look at them over their consoles, then push again: it reads first"
_MEND: Final = (
    "'rackwright audit SITE --only switch' says what is wrong between them; "
    "once it is mended push again, or go on without with --limit"
)


_LONGER: Final = 1.25
"""A gate's pauses grow by this, to twice the first: what is not up after three looks waits for minutes, as segments after a restart do."""

_WAY_IN: Final = (
    "those behind would be locked out by the same: look in the changes for what they do to eth0, its VRF, addresses and gateway, to ACLs "
    "of the control plane, users and the SSH server; mend it and push again, or try another switch alone with --limit"
)


@dataclass
class Push:
    """The program; what it needs of the world is given to it."""

    connect: Connect
    clock: Clock
    resolvers: Sequence[secrets.Resolver]
    jobs: int = JOBS
    """Switches that a gate asks at the same time."""
    idle: Idle | None = field(default=None, repr=False)
    """Sessions that are left for the next gate; None: each asks over its own."""
    leases: Leases | None = field(default=None, repr=False)
    """What gives old leases back; None: nobody does."""
    name: str = field(default=NAME, init=False)
    version: str = field(default=VERSION, init=False)

    def waves(self, order: bytes) -> Sequence[Wave]:
        """Return the plan's waves, as far as switches of them are in the order."""
        return waves_of(decode(order))

    def device(self, context: Context, order: bytes, device: str) -> Outcome:
        """Bring one switch to what is planned."""
        whole = decode(order)
        contact = Contact(whole.of[device], self.connect, self.clock, whole.limits, idle=self.idle)
        leases = self.leases if whole.of[device].changes.lease else None
        if leases is not None:
            leases.owe(device)
        outcome = Procedure(contact, context, self.resolvers).run()
        return outcome if leases is None else leases.given_back(device, context, outcome)

    def gate(self, context: Context, order: bytes, wave: Wave, outcomes: Mapping[str, Outcome]) -> Outcome:
        """Open once everything that finished switches should have between them is up, within a limit."""
        return self.opened(context, decode(order), wave, outcomes)

    def opened(self, context: Context, whole: Order, wave: Wave, outcomes: Mapping[str, Outcome]) -> Outcome:
        """Return how the gate behind a wave of an order ended."""
        stopping = RunFolder(context.folder).asked_to_stop
        lost = context.step("switches that failed", lambda: self._lost(whole, outcomes))
        if lost:
            cause = f"changed by this push and not back where it was: {', '.join(lost)}"
            return Outcome(subject=wave.name, state="failed", stage="gate", cause=cause, remedy=_CONSOLE)
        deaf = _locked_out(outcomes)
        if deaf:
            cause = (
                f"{', '.join(deaf)} did not answer any more after the apply and went back; nobody of this wave took it"
            )
            return Outcome(subject=wave.name, state="failed", stage="gate", cause=cause, remedy=_WAY_IN)
        names = [one.name for one in waves_of(whole)]
        earlier = frozenset(name for _, members in whole.waves[: names.index(wave.name)] for name in members)
        found = context.step("links and sessions", lambda: self._down(whole, outcomes, earlier, stopping))
        if not found:
            return Outcome(subject=wave.name, state="done")
        # One that a switch holds down is among those that are named: its reason leads on.
        named = [*found[:7], *sorted(found[7:], key=lambda line: PROTODOWN not in line)[:1]]
        more = f" and {len(found) - 8} more" if len(found) > 8 else ""
        cause = f"down between finished switches: {', '.join(named)}{more}"
        return Outcome(subject=wave.name, state="failed", stage="gate", cause=cause, remedy=_MEND)

    def _lost(self, order: Order, outcomes: Mapping[str, Outcome]) -> Json:
        """Name what this wave touched and left neither as before nor as planned: its partner must not go next."""
        touched = (name for name, outcome in outcomes.items() if outcome.detail.get("touched"))
        return [name for name in touched if not self._legal(order, name)]

    def _legal(self, order: Order, device: str) -> bool:
        contact = Contact(order.of[device], self.connect, self.clock, order.limits)
        try:
            seen = contact.standing()
        except DriverError:
            return False
        finally:
            contact.close()
        return bool(seen.at) and not seen.waiting

    def _down(
        self, order: Order, outcomes: Mapping[str, Outcome], earlier: frozenset[str], stopping: Callable[[], bool]
    ) -> Json:
        # What counts is how long they were given, not how long asking them took: a wave may have hundreds.
        waited, pause = 0.0, order.limits.poll_s
        pairs = behind(order.neighbours, outcomes, earlier)
        names = tuple(dict.fromkeys(name for pair in pairs for name in (pair.a, pair.b, *pair.needs)))
        ways = {name: self._left(order, name) for name in names if name in order.of}
        with contextlib.ExitStack() as ends, ThreadPoolExecutor(self.jobs, thread_name_prefix="gate") as threads:
            for contact in ways.values():
                ends.callback(contact.end)
            stand = {name: threads.submit(_as_planned, way) for name, way in ways.items() if name in earlier}
            there = finished(outcomes, earlier - {name for name, answer in stand.items() if not answer.result()})
            pairs = behind(order.neighbours, outcomes, there)

            def look(names: Iterable[str], only: Mapping[str, frozenset[str]]) -> dict[str, Vitals | None]:
                said = {
                    name: threads.submit(_vitals, ways[name], only.get(name), earlier=name in earlier)
                    for name in sorted(names)
                }
                return {name: answer.result() for name, answer in said.items()}

            now: dict[str, Vitals | None] = {}
            while True:
                # All are asked for all at first and at last; while one end of a pair is down, the other need not say so too.
                last = waited >= order.limits.gate_s or stopping()
                whole = last or not now
                only = {} if whole else asked(pairs)
                now = look({name for pair in pairs for name in (pair.a, pair.b)} if whole else fewest(pairs), only)
                near = set(pairs) - set(down(pairs, now))
                now |= look({name for pair in near for name in tellers(pair)} - now.keys(), only)
                pairs = down(pairs, now)
                if not pairs or last:
                    return [words(pair, now, there) for pair in pairs]
                self.clock.sleep(pause)
                waited += pause
                pause = min(_LONGER * pause, 2 * order.limits.poll_s)

    def _left(self, order: Order, name: str) -> Contact:
        """Return the way to a switch, over the session that somebody has left."""
        session = self.idle.take(name) if self.idle is not None else None
        return Contact(order.of[name], self.connect, self.clock, order.limits, session=session, idle=self.idle)


def _locked_out(outcomes: Mapping[str, Outcome]) -> list[str]:
    """Name who did not answer after an apply, where nobody took one: one switch that dies beside others is its own trouble."""
    if any(outcome.state == "done" for outcome in outcomes.values()):
        return []
    return [name for name, outcome in outcomes.items() if outcome.detail.get("deaf")]


def _as_planned(contact: Contact) -> bool:
    """Tell whether a switch of an earlier wave became what was planned: what hangs on another is not asked for."""
    try:
        return contact.standing().at == "planned"
    except DriverError:
        return False


def _vitals(contact: Contact, only: frozenset[str] | None, *, earlier: bool) -> Vitals | None:
    """Return what is up on a switch; None for one of an earlier wave that does not answer any more."""
    try:
        return contact.ask(lambda session: take(session, contact.order.intended, only=only), looks=True)
    except DriverError:
        return None if earlier else Vitals()
