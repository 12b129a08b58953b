"""The work on one host, in steps that a journal keeps: look, then stage by stage play, restart where that is due, prove.

A step that was cut off is done again. Roles look before they change anything, so that a stage may be played twice; a restart
is asked for once, and whoever takes the run over sees by the boot id whether it took place.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import msgspec

from rackwright.drivers.hosts import answered
from rackwright.drivers.hosts.batches import Batches
from rackwright.drivers.hosts.model import HostFacts, Play, Target
from rackwright.errors import DriverError
from rackwright.plan.stack_model import Reboot
from rackwright.push.contact import Halt
from rackwright.push.draining import busy
from rackwright.push.hosts.causes import AGAIN, cause_of, sentence
from rackwright.push.hosts.contact import Contact, halt_of
from rackwright.push.hosts.losing import lost, unasked
from rackwright.push.hosts.order import HostOrder, Order, StageOrder
from rackwright.push.hosts.restarting import Restart
from rackwright.push.identity import stranger
from rackwright.runs.model import Context, Outcome, State
from rackwright.secrets import Secret

__all__ = ["Before", "Done", "Look", "Noted", "Playbooks", "Procedure", "Restarted"]

T = TypeVar("T")
Word = Literal["main", "verify"]

_IDENTITY: Final = "see the service tags of nodes.csv, the address of the host and where it stands"
_LOST: Final = frozenset({"", "died", "restarted", "cut-off", "unreachable"})
"""Kinds of a play that tell nothing of what it looked at."""
_STOPPED: Final = "'rackwright push SITE --only host' goes on from here"


@dataclass(frozen=True)
class Playbooks:
    """What is played: on the host, and as its proof; None where there is no proof to play."""

    main: Path
    verify: Path | None = None


class Look(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the first look brought, as the journal keeps it."""

    facts: HostFacts | None = None
    halt: Halt | None = None


class Before(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which boot ran before a stage, and which life saw it."""

    life: str
    boot_id: str = ""
    halt: Halt | None = None


class Done(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a play ended on this host."""

    halt: Halt | None = None
    kind: str = ""
    changed: tuple[str, ...] = ()
    """Roles that changed something, in order."""
    tasks: int = 0
    """Tasks that changed something."""


class Noted(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether the host noted that a restart is due."""

    due: bool = False
    halt: Halt | None = None


class Restarted(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a restart ended."""

    halt: Halt | None = None


@dataclass
class Procedure:
    """The work on one host."""

    contact: Contact
    context: Context
    order: HostOrder
    whole: Order
    playbooks: Playbooks
    batches: Batches
    secrets: Mapping[str, Secret] = field(default_factory=dict, repr=False)
    life: str = field(default_factory=lambda: uuid.uuid4().hex)
    """A resumed run has another one: what this one has not begun itself, an earlier may have."""
    looked: bool = False
    """This life has looked for the first time, not an earlier one."""
    changed: list[str] = field(default_factory=list)
    restarts: list[Reboot] = field(default_factory=list)

    def run(self) -> Outcome:
        """Bring the host to what is intended, and tell how it ended."""
        if not self.order.stages:
            return Outcome(subject=self.order.device, state="unchanged")
        look = self._step("look", self._look, Look)
        if look.halt is not None:
            return self._outcome(look.halt, None)
        for number, stage in enumerate(self.order.stages, 1):
            name = f"stage {number}"
            if self.context.cancelled():
                halt: Halt | None = Halt(stage.steps[0], "stopped before it", _STOPPED, state="cancelled")
            else:
                halt = self._stage(name, stage)
            if halt is not None:
                return self._outcome(halt, stage)
        return self._outcome(None, None)

    def _step(self, name: str, work: Callable[[], Any], kind: type[T]) -> T:
        return msgspec.convert(self.context.step(name, lambda: msgspec.to_builtins(work())), kind)

    def _tell(self, text: str) -> None:
        self.context.event(text, device=self.contact.device)

    # --- the first look --------------------------------------------------------------------------

    def _look(self) -> Look:
        self.looked = True
        try:
            facts = self.contact.facts(self.contact.limits.login_s)
        except DriverError as error:
            return Look(halt=halt_of("look", error))
        wrong = stranger(facts.service_tag, self.order.tag)
        if wrong:
            return Look(facts, Halt("look", wrong, _IDENTITY))
        answered.note(self.contact.way.answered, self.order.device, self.order.tag)
        restarts = any(stage.reboot != "none" for stage in self.order.stages)
        return Look(facts, self._undrained("look") if restarts else None)

    def _undrained(self, stage: str, *, touched: bool = False) -> Halt | None:
        """Return that the host is not drained, as the operator's program says; None when it is, or nobody is to be asked."""
        said = busy(self.whole.drained_by, self.order.device) if self.whole.drained_by else ""
        return Halt(stage, f"drained: {said}", f"drain the host, {AGAIN}", touched=touched) if said else None

    # --- one stage -------------------------------------------------------------------------------

    def _stage(self, name: str, stage: StageOrder) -> Halt | None:
        before = self._step(f"{name}: before", self._before, Before)
        if before.halt is not None:
            return before.halt
        done = self._step(f"{name}: play", lambda: self._played(stage, "main", before), Done)
        self.changed += done.changed
        if done.halt is not None:
            return done.halt
        noted = self._step(f"{name}: restart due", lambda: self._noted(stage, before), Noted)
        if noted.halt is not None:
            return noted.halt
        due = stage.restart(done.changed, noted=noted.due)
        if due == "none":
            proof = self._proof(f"{name}: prove", stage, before)
            due = stage.asking.get(proof.stage, "none") if proof is not None else "none"
            if proof is None or due in ("none", "warm"):
                return proof
            # Nothing was changed now, and yet it is not in force: the power cycle of an earlier push is outstanding.
            self._tell(f"{proof.stage} is not in force: {proof.cause.splitlines()[0]}")
        if due == "warm" and self._waits(name, stage, done, before):
            due = "cold"
        return self._restarted(name, stage, due, before) or self._proof(f"{name}: prove again", stage, before)

    def _waits(self, name: str, stage: StageOrder, done: Done, before: Before) -> bool:
        """Tell whether an earlier push, or an earlier life of this one, left what only a power cycle brings."""
        left = tuple(step for step, kind in stage.asking.items() if kind == "cold" and step not in done.changed)
        if not left or self.playbooks.verify is None:
            return False
        part = StageOrder(steps=left)
        seen = self._step(f"{name}: what power brings", lambda: self._played(part, "verify", before), Done)
        return seen.halt is not None and seen.kind not in _LOST

    def _noted(self, stage: StageOrder, before: Before) -> Noted:
        try:
            facts = self.contact.facts(self.contact.limits.blip_s)
        except DriverError as error:
            return Noted(halt=halt_of("restart", error, touched=True))
        return Noted(
            facts.restart_due, unasked(stage.steps, before.boot_id, facts.boot_id, watched=before.life == self.life)
        )

    def _before(self) -> Before:
        try:
            return Before(self.life, self.contact.facts(self.contact.limits.login_s).boot_id)
        except DriverError as error:
            return Before(self.life, halt=halt_of("look", error, touched=bool(self.changed)))

    def _restarted(self, name: str, stage: StageOrder, due: Reboot, before: Before) -> Halt | None:
        self.restarts.append(due)
        asks = next((step for step, kind in stage.asking.items() if kind == due), stage.steps[-1])

        def against() -> Halt | None:
            # That an earlier life was told that the host is drained says nothing of now.
            return None if self.looked else self._undrained(asks, touched=True)

        def work() -> Restarted:
            fresh = before.life == self.life
            go = Restart(
                self.contact, asks, due, before.boot_id, fresh, self.order.macs, self._tell, self.context.folder, against
            )  # fmt: skip
            return Restarted(go.go())

        return self._step(f"{name}: restart", work, Restarted).halt

    def _proof(self, name: str, stage: StageOrder, before: Before) -> Halt | None:
        if self.playbooks.verify is None:
            return None
        return self._step(name, lambda: self._played(stage, "verify", before, other_boot=True), Done).halt

    # --- one play --------------------------------------------------------------------------------

    def _played(self, stage: StageOrder, word: Word, before: Before, *, other_boot: bool = False) -> Done:
        book = self.playbooks.main if word == "main" else self.playbooks.verify
        assert book is not None  # noqa: S101 - asked by whoever proves
        try:
            endpoint = self.contact.way.host_endpoint(self.order.device)
            target = Target(endpoint, stage.steps, self.order.variables)
            result = self.batches.ask(Play(book, (target,), secrets=self.secrets))
        except DriverError as error:
            return Done(halt_of(stage.steps[0], error))
        changed = tuple(dict.fromkeys(change.role for change in result.changes if change.role))
        if result.well:
            return Done(changed=changed, tasks=len(result.changes))
        if result.state == "failed":
            kind, remedy = cause_of(result)
            return Done(Halt(result.role or stage.steps[0], sentence(result), remedy, touched=True), kind, changed)
        kind, halt = lost(self.contact, result, "" if other_boot else before.boot_id, stage.steps[0])
        return Done(halt, kind, changed)

    # --- the end ---------------------------------------------------------------------------------

    def _outcome(self, halt: Halt | None, stage: StageOrder | None) -> Outcome:
        order = self.order
        played = order.stages[: order.stages.index(stage)] if stage is not None else order.stages if not halt else ()
        detail: dict[str, Any] = {
            "done": [step for one in played for step in one.steps],
            "changed": list(dict.fromkeys(self.changed)),
            "restarts": list(self.restarts),
        }
        if halt is not None:
            state: State = halt.state
            detail |= {"passing": True} if halt.passing and not self.changed else {}
            return Outcome(
                subject=order.device,
                state=state,
                stage=halt.stage,
                cause=halt.cause,
                remedy=halt.remedy or AGAIN,
                detail=detail,
            )
        moved = bool(self.changed or self.restarts)
        return Outcome(subject=order.device, state="done" if moved else "unchanged", detail=detail)
