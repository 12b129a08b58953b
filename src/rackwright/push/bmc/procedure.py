"""The work on one server, in steps that a journal keeps: look, keep, then send, restart and verify, and see that the host is on.

A step that was cut off is done again, and begins by looking. What a later life needs to know of an earlier one are the
jobs that were there before, and whether somebody may have spoken since: it stands in a step of its own before each
command that must not be given twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from rackwright.errors import DriverError
from rackwright.push.bmc import ending
from rackwright.push.bmc.activation import Activation, ended_badly, host_on, in_words, ready
from rackwright.push.bmc.checks import against_restart, objection, undrained
from rackwright.push.bmc.contact import AGAIN, Contact, Seen, halt_of
from rackwright.push.bmc.darkness import cutting, lit
from rackwright.push.bmc.ending import End
from rackwright.push.bmc.keeping import Kept, found_before, kept
from rackwright.push.bmc.model import Step
from rackwright.push.bmc.order import Event, Order
from rackwright.push.bmc.remedies import remedy_of
from rackwright.push.bmc.sending import Sender, Sent, settled
from rackwright.push.contact import Halt
from rackwright.redfish.inventory import Job
from rackwright.runs.model import Context, Outcome

__all__ = ["Look", "Procedure"]

T = TypeVar("T")

_CYCLE: Final = (
    "put it in force by a power cycle of the server ('rackwright push SITE --only bmc' plans it), then audit"
)


_DEAD: Final = (
    "see whether it answers; if not, pull the cords of the server for a minute, then push again: it reads first"
)
_LOG: Final = "read the Lifecycle log about it, then push again: it reads first and does what is left"
_WORDS: Final = {"install": "install {}", "stage": "stage {}", "settings": "BIOS settings {}", "restart": "restart {}"}


class Look(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the first look brought, as the journal keeps it."""

    power: str = ""
    halt: Halt | None = None


class _Before(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was so before a command that must not be given twice, and which life was about to give it."""

    life: str
    jobs: tuple[str, ...] = ()
    reset_at: str = ""
    halt: Halt | None = None


class _Ended(msgspec.Struct, frozen=True, omit_defaults=True):
    """How jobs ended, in the BMC's words."""

    halt: Halt | None = None
    words: str = ""
    badly: bool = False


@dataclass
class Procedure:
    """The work on one server."""

    contact: Contact
    context: Context
    whole: Order
    sent: dict[int, str] = field(default_factory=dict)
    """Number of a step -> the job that carries it."""
    seen: Seen | None = None
    """What showed that the last step came into force; None: nothing did, or something was done since."""
    life: str = field(default_factory=lambda: uuid.uuid4().hex)
    """A resumed run has another one: what this one has not begun itself, an earlier may have."""
    found: str = ""
    """Power of the host before the first change of the run."""
    looked: bool = False
    """This life has looked for the first time, not an earlier one."""

    def __post_init__(self) -> None:
        """Name the steps, and have it told what is waited for."""
        self.contact.told = self._tell
        self._names = _names(self.contact.order.steps)

    def run(self) -> Outcome:
        """Bring the server to what is intended, and tell how it ended."""
        order = self.contact.order
        try:
            if not order.work:
                return ending.untouched(order.device, order.way)
            look = self._step("look", self._look, Look)
            if look.halt is not None:
                return ending.outcome(order, look.halt, None, None)
            self.found = look.power
            saved = self._step("keep", lambda: kept(self.contact, self.context.folder, look.power), Kept)
            halt = saved.halt or self._steps()
            finish = ending.Finish(self.contact, look.power, tuple(self.sent.values()), halt, self._tell, self.seen)
            end = self._step("end", lambda: self._finished(finish), End)
            return ending.outcome(order, halt, saved, end)
        finally:
            self.contact.leave()

    def _step(self, name: str, work: Callable[[], Any], kind: type[T]) -> T:
        return msgspec.convert(self.context.step(name, lambda: msgspec.to_builtins(work())), kind)

    def _tell(self, text: str) -> None:
        self.context.event(text, device=self.contact.device)

    # --- the first look --------------------------------------------------------------------------

    def _look(self) -> Look:
        self.looked = True
        try:
            halt = ready(self.contact, "look")
            if halt is not None:
                return Look(halt=halt)
            seen = self.contact.first()
            power = found_before(self.context.folder, self.contact.device) or self._meant(seen.power)
            return Look(power, objection(self.contact, seen, self.whole))
        except DriverError as error:
            return Look(halt=halt_of("look", error))

    def _meant(self, power: str) -> str:
        """Return how the host is meant to be: that one is off whose power a run of ours cut, and was cut off itself, is our own doing."""
        dark = self.contact.order.dark
        if not dark or power not in ("Off", "PoweringOff"):
            return power
        self._tell(f"off since run {dark[0]} was cut off while it had its power cut: it is switched on in the end")
        return "On"

    def _finished(self, finish: ending.Finish) -> End:
        end = finish.go()
        if end.power == "On":
            self._lit()
        return end

    def _lit(self) -> None:
        lit(self.context.folder, self.contact.device, self.contact.order.dark)

    # --- step by step ----------------------------------------------------------------------------

    def _steps(self) -> Halt | None:
        for number, step in enumerate(self.contact.order.steps):
            name, self.seen = self._names[number], None
            if self.context.cancelled():
                return Halt(name, "stopped before it", AGAIN, state="cancelled")
            try:
                halt = self._restart(name, step) if step.kind == "restart" else self._send(name, number, step)
            except DriverError as error:
                halt = halt_of(name, error, touched=True)
            if halt is not None:
                return halt
        return None

    def _send(self, name: str, number: int, step: Step) -> Halt | None:
        before = self._step(f"before {name}", self._before, _Before)

        def work() -> Sent:
            sender = Sender(
                self.contact, name, step, Path(self.whole.folder), {*before.jobs, *self.sent.values()},
                before.life == self.life, self._tell,
            )  # fmt: skip
            return sender.send()

        sent = self._step(name, work, Sent)
        if sent.job:
            self.sent[number] = sent.job
        if sent.halt is not None or step.kind != "install":
            return sent.halt
        ended = self._step(f"follow {name}", lambda: self._follow(name, step, sent.job), _Ended)
        return ended.halt

    def _before(self, restart: str = "") -> _Before:
        """Note what is so before a command: the jobs; before a restart the last one, and that nothing stands against it."""
        if not restart:
            return _Before(self.life, tuple(job.id for job in self.contact.jobs()))
        reset_at = self.contact.host().reset_at
        return _Before(self.life, reset_at=reset_at, halt=self._against(restart))

    def _against(self, name: str) -> Halt | None:
        """Look at what a restart must not meet; that an earlier life was told that the host is drained says nothing of now."""
        halt = None if self.looked else undrained(name, self.whole, self.contact.device)
        return halt or against_restart(name, self.contact.conditions())

    def _follow(self, name: str, step: Step, job: str) -> _Ended:
        """Follow what is applied at once to its own end, over a restart of the BMC too; then see its version."""
        contact = self.contact
        contact.restarted = True
        try:
            contact.wait(contact.limits.bmc_s, lambda: not any(one.open for one in contact.jobs() if one.id == job))
            jobs = [one for one in contact.jobs() if one.id == job]
            halt = ready(contact, name)
        except DriverError as error:
            cause = f"{step.component}: the BMC did not come back within {contact.limits.bmc_s / 60:.0f} min ({error})"
            return _Ended(halt=Halt(name, cause, _DEAD, touched=True))
        if halt is not None:
            return _Ended(halt=halt)
        return self._verified(name, (step,), _Ended(words=in_words(jobs), badly=bool(ended_badly(jobs))))

    def _restart(self, name: str, step: Step) -> Halt | None:
        mine = [
            (number, one)
            for number, one in enumerate(self.contact.order.steps)
            if one.group == step.group and one.kind != "restart"
        ]
        jobs = frozenset(self.sent[number] for number, _ in mine if number in self.sent)
        steps = tuple(one for _, one in mine)
        before = self._step(f"before {name}", lambda: self._before(name), _Before)
        if before.halt is not None:
            return before.halt

        def work() -> _Ended:
            fresh = before.life == self.life
            event = self.whole.events.get(step.activation, "restart")
            # What cycles its power by itself, once its job ran, needs a restart for the job and mostly no more.
            alone = event == "ac" and all(one.component in self.whole.self_cycling for one in steps)
            halt, ours = self._go(name, "restart" if alone else event, jobs, before, steps, fresh=fresh)
            ended = _Ended(halt=halt, words=in_words(ended_badly(ours) or ours), badly=bool(ended_badly(ours)))
            if not alone or ended.halt or ended.badly or self._waited(steps):
                return ended
            # Another restart: the first one would be taken for it, and what must not be met may have come up since.
            again = self._before(name)
            halt = again.halt or self._go(name, "ac", frozenset(), again, steps, fresh=True)[0]
            return _Ended(halt=halt, words=ended.words)

        ended = self._step(name, work, _Ended)
        if ended.halt is not None:
            return ended.halt
        cut = self.whole.events.get(step.activation) == "ac"
        return self._step(f"verify {name}", lambda: self._verified(name, steps, ended, cut=cut), _Ended).halt

    def _go(
        self, name: str, event: Event, jobs: Collection[str], before: _Before, steps: tuple[Step, ...], *, fresh: bool
    ) -> tuple[Halt | None, Sequence[Job]]:
        """Restart the host; return what stands in the way, and how our jobs were last seen."""
        go = Activation(
            self.contact, name, event, jobs, before.reset_at, fresh,
            lambda: self._in_force(steps, self.contact.look()), self._tell,
            lambda: self._against(name), self._cutting,
        )  # fmt: skip
        return go.go() or self._back(name), go.seen

    def _cutting(self) -> None:
        """Leave word that a host which is meant to be on is off by our doing."""
        if self.found not in ("Off", "PoweringOff"):
            cutting(self.context.folder, self.contact.device)

    def _waited(self, steps: tuple[Step, ...]) -> bool:
        """Tell whether what was written comes into force by itself within a while."""
        contact = self.contact
        return contact.wait(contact.limits.verify_s, lambda: self._in_force(steps, contact.look()))

    def _back(self, name: str) -> Halt | None:
        """Wait until the host is on and the lifecycle controller takes work again."""
        try:
            if not host_on(self.contact):
                return Halt(name, "the host does not come on after its restart", ending.ON, touched=True)
            self._lit()
        except DriverError as error:
            return halt_of(name, error, touched=True)
        return ready(self.contact, name)

    # --- verified --------------------------------------------------------------------------------

    def _in_force(self, steps: tuple[Step, ...], seen: Seen) -> bool:
        return all(settled(self.contact, step, seen) for step in steps)

    def _shown(self, steps: tuple[Step, ...]) -> bool:
        seen = self.contact.look()
        self.seen = seen if self._in_force(steps, seen) else None
        return self.seen is not None

    def _verified(self, name: str, steps: tuple[Step, ...], ended: _Ended, *, cut: bool = False) -> _Ended:
        """Read versions and attributes until they are as intended; the word of a job is no proof. ``cut``: the power was cycled."""
        contact, limits = self.contact, self.contact.limits
        contact.restarted = True
        try:
            patience = limits.heed_s if ended.badly else limits.verify_s
            if contact.wait(patience, lambda: self._shown(steps)):
                return _well(name, ended)
            seen = contact.look()
            if self._in_force(steps, seen):
                # It came into force between the last two looks: nothing is wrong, so nothing can be named.
                self.seen = seen
                return _well(name, ended)
            wrong = ending.wrong(contact, steps, seen)
        except DriverError as error:
            return _Ended(halt=halt_of(name, error, touched=True))
        said = f" ({ended.words})" if ended.words else ""
        well = _LOG if cut else _CYCLE
        remedy = remedy_of(ended.words) if ended.badly else well if ended.words else AGAIN
        return _Ended(halt=Halt(name, f"{wrong}{said}", remedy, touched=True))


def _well(name: str, ended: _Ended) -> _Ended:
    """Return what is as intended as well done, unless a job said otherwise: its word is heard too."""
    if not ended.badly:
        return ended
    cause = f"everything is as intended, but a job did not end well: {ended.words}"
    return _Ended(halt=Halt(name, cause, _LOG, touched=True))


def _names(steps: Sequence[Step]) -> tuple[str, ...]:
    """Return the names of the steps, each another one: a journal is read by them."""
    names = [
        _WORDS[step.kind].format(step.component if step.kind in ("install", "stage") else step.group) for step in steps
    ]
    return tuple(
        f"{name} {' '.join(step.fqdds)}" if names.count(name) > 1 else name
        for name, step in zip(names, steps, strict=True)
    )
