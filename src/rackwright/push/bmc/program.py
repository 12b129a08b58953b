"""A push to BMCs as the durable engine runs it: waves, the work on one server, the gate behind a wave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from rackwright.drivers.clock import Clock
from rackwright.errors import DriverError
from rackwright.push.bmc.contact import Connect, Contact
from rackwright.push.bmc.order import Order, decode
from rackwright.push.bmc.procedure import Procedure
from rackwright.push.bmc.turns import UNGUARDED
from rackwright.push.bmc.waves import waves_of
from rackwright.runs.model import GOOD, Context, Json, Outcome, Wave

__all__ = ["NAME", "VERSION", "PushBmc"]

NAME: Final = "push-bmc"
VERSION: Final = "1"
"""Raised by hand whenever the steps of a server change their names or values."""

_MEND: Final = "mend the server that is named, or go on without it with --limit"


@dataclass
class PushBmc:
    """The program; what it needs of the world is given to it."""

    connect: Connect
    clock: Clock
    name: str = field(default=NAME, init=False)
    version: str = field(default=VERSION, init=False)

    def waves(self, order: bytes) -> Sequence[Wave]:
        """Return the order's waves."""
        return waves_of(decode(order))

    def device(self, context: Context, order: bytes, device: str) -> Outcome:
        """Bring one server to what is intended."""
        whole = decode(order)
        return Procedure(Contact(whole.of[device], self.connect, self.clock, whole.limits), context, whole).run()

    def gate(self, context: Context, order: bytes, wave: Wave, outcomes: Mapping[str, Outcome]) -> Outcome:
        """Open unless the canary failed, or a server that was restarted is not on: its partner must not go next."""
        canary = outcomes.get(wave.canary)
        if canary is not None and canary.state not in GOOD:
            cause = f"{wave.canary}, which went ahead, ended {canary.state}: {canary.cause}"
            return Outcome(subject=wave.name, state="failed", stage="gate", cause=cause, remedy=_MEND)
        whole = decode(order)
        changed = [
            name
            for name, outcome in outcomes.items()
            if whole.of[name].work and outcome.detail.get("found") != "Off" and not _aside(wave, outcome)
        ]
        off = context.step("hosts that are not on", lambda: self._off(whole, changed))
        if off:
            cause = f"not on since this push: {', '.join(off)}"
            return Outcome(subject=wave.name, state="failed", stage="gate", cause=cause, remedy=_MEND)
        return Outcome(subject=wave.name, state="done")

    def _off(self, order: Order, names: Sequence[str]) -> Json:
        return [name for name in names if not self._on(order, name)]

    def _on(self, order: Order, device: str) -> bool:
        contact = Contact(order.of[device], self.connect, self.clock, order.limits)
        try:
            return contact.ask(lambda session: session.power()) != "Off"
        except DriverError:
            return False
        finally:
            contact.close()


def _aside(wave: Wave, outcome: Outcome) -> bool:
    """Say that a server was not touched, and that nobody's turn hangs on whether it is on."""
    return wave.name == UNGUARDED and outcome.stage == "look"
