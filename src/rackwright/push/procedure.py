"""The work on one switch, in steps that a journal keeps: look, one step an apply, save; a support file on failure.

A step that was cut off is done again, and begins by looking. What a later life needs to know of an earlier one is
what was up before the first change; everything else is read from the switch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from rackwright import secrets
from rackwright.drivers.nvue.model import Nvue
from rackwright.errors import DriverError
from rackwright.push import artifacts
from rackwright.push.contact import MAY_PASS, Contact, Halt, Standing, halt_of, stranger
from rackwright.push.digests import digest_of
from rackwright.push.leg import Leg
from rackwright.push.vitals import Vitals, take
from rackwright.runs.folder import RunFolder
from rackwright.runs.model import Context, Json, Outcome

__all__ = ["Look", "Procedure"]

_SAVES: Final = 2
_AGAIN = "'rackwright push SITE' reads it anew and shows what is left"


class Look(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the first look brought, as the journal keeps it."""

    at: str = ""
    up: Vitals = Vitals()
    backup: str = ""
    halt: Halt | None = None


@dataclass
class Procedure:
    """The work on one switch."""

    contact: Contact
    context: Context
    resolvers: Sequence[secrets.Resolver]

    def run(self) -> Outcome:
        """Bring the switch to what is planned, and tell how it ended."""
        try:
            if not self.contact.order.work:
                return self._unchanged()
            look = msgspec.convert(self.context.step("look", self._look), Look)
            halt = look.halt or self._legs(look) or self._halted("save", self._save)
            return self._ended(look, halt)
        finally:
            self.contact.end()

    def _legs(self, look: Look) -> Halt | None:
        for step in self.contact.order.changes.steps:
            if self.context.cancelled():
                return Halt(step.name, "stopped before this apply", _AGAIN, state="cancelled")
            halt = self._halted(f"to {step.name}", lambda goal=step.name: self._leg(goal, look.up))
            if halt is not None:
                return halt
        return None

    def _halted(self, name: str, work: Any) -> Halt | None:
        return msgspec.convert(self.context.step(name, lambda: msgspec.to_builtins(work())), Halt | None)

    def _leg(self, goal: str, up: Vitals) -> Halt | None:
        # Inside a step the wish to stop is looked at in the run's folder: the journal is the engine's meanwhile.
        stopping = RunFolder(self.context.folder).asked_to_stop
        mark = self.context.folder / "applies" / self.contact.device
        mark.parent.mkdir(mode=0o700, exist_ok=True)
        return Leg(self.contact, goal, up, self.resolvers, stopping, self._tell, mark).walk()

    def _tell(self, text: str, **fields: Json) -> None:
        self.context.event(text, device=self.contact.device, **fields)

    def _unchanged(self) -> Outcome:
        """Tell of a switch that has nothing before it; one that was shown a while ago is looked at again."""
        halt = self._halted("look", self._looked_again) if self.contact.order.again else None
        return self._ended(Look(), halt) if halt else Outcome(subject=self.contact.device, state="unchanged")

    def _looked_again(self) -> Halt | None:
        try:
            return _astray(self.contact.standing(self.contact.limits.login_s))
        except DriverError as error:
            return halt_of("look", error)

    # --- the first look --------------------------------------------------------------------------

    def _look(self) -> Json:
        try:
            found = self._looked()
        except DriverError as error:
            found = Look(halt=halt_of("look", error))
        return msgspec.to_builtins(found)

    def _looked(self) -> Look:
        contact = self.contact
        seen = contact.standing(contact.limits.login_s)
        facts = contact.patiently(lambda session: session.facts(), contact.limits.login_s)
        wrong = stranger("look", facts, contact.order)
        if wrong is not None:
            return Look(halt=wrong)
        astray = _astray(seen)
        if astray is not None:
            return Look(halt=astray)
        up = contact.patiently(lambda session: take(session, seen.running), contact.limits.login_s)
        kept = artifacts.backup(self.context.folder, contact.device, seen.running, facts.version)
        return Look(seen.at, up, kept)

    # --- the end ---------------------------------------------------------------------------------

    def _save(self) -> Halt | None:
        """Make what runs what the switch boots with, and look at both; what was not heard is said once more."""
        contact = self.contact
        planned = contact.order.changes.planned
        lost = ""
        try:
            for _ in range(_SAVES):
                lost = self._said_save()
                if contact.patiently(_both, contact.limits.login_s) == (planned, planned):
                    return None
                if not lost:
                    break
        except DriverError as error:
            return halt_of("save", error, touched=True)
        return Halt("save", f"what it boots with is not what was planned{lost}", _AGAIN, touched=True)

    def _said_save(self) -> str:
        """Ask for a save; return in words that the answer was lost: whether it was done is looked up."""
        try:
            self.contact.ask(lambda session: session.save())
        except MAY_PASS as error:
            return f" ({error})"
        return ""

    def _ended(self, look: Look, halt: Halt | None) -> Outcome:
        contact = self.contact
        detail: dict[str, Any] = {"backup": look.backup} if look.backup else {}
        detail["changes"] = len(contact.order.changes.changes)
        if halt is None:
            return Outcome(subject=contact.device, state="done", detail=detail)
        if halt.passing:
            detail["passing"] = True
        if halt.deaf:
            detail["deaf"] = True
        if halt.touched:
            detail["touched"] = True
            detail["support"] = self.context.step("support", self._support)
        return Outcome(
            subject=contact.device,
            state=halt.state,
            stage=halt.stage,
            cause=halt.cause,
            remedy=halt.remedy,
            detail=detail,
        )

    def _support(self) -> Json:
        try:
            return self.contact.ask(
                lambda session: artifacts.support(self.context.folder, self.contact.device, session)
            )
        except DriverError as error:
            return f"none: {error}"


def _astray(seen: Standing) -> Halt | None:
    """Say why a switch is none that the push was shown of; None when it is."""
    if seen.at:
        return None
    if seen.waiting:
        cause = "an apply of somebody else waits to be confirmed"
        return Halt("look", cause, "confirm or refuse it on the switch, then push again")
    return Halt("look", "it runs something else than when the push was shown", _AGAIN)


def _both(session: Nvue) -> tuple[str, str]:
    return digest_of(session.running()), digest_of(session.startup())
