"""One task in hand: what is known of it, and the words in which it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from rackwright.bringup import concerns, files
from rackwright.bringup.order import Order
from rackwright.bringup.world import World
from rackwright.findings import Finding
from rackwright.runs.model import Context, Outcome, State, Task

__all__ = ["Halted", "Job", "Made", "Ordered", "Part", "ended", "now", "wrong"]

_FIRST: Final = 3
_MOST_CHANGES: Final = 100


class Halted(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a device goes no further."""

    cause: str
    remedy: str = ""
    passing: bool = False
    """Nothing was changed, and what is in the way may go by: it is worth another try."""


class Made(NamedTuple):
    """What a look at a device made: its order, and what that changes."""

    data: bytes
    changes: Sequence[str]
    """A line each, as the record has them."""
    text: str = ""
    """The same with every value, for people; empty: the lines say it all."""


class Ordered(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a look at a device brought: its order, in a file, or why there is none."""

    file: str = ""
    digest: str = ""
    changes: tuple[str, ...] = ()
    """What would change, a line each, the first of many."""
    halt: Halted | None = None


@dataclass(frozen=True)
class Job:
    """A task that is worked on."""

    world: World
    context: Context
    order: Order
    task: Task
    before: Mapping[str, Outcome]
    tasks: Mapping[str, Task]
    """Every task of the run, by name."""

    @property
    def device(self) -> str:
        """Name of the device."""
        return self.task.device

    def read(self, file: str) -> bytes:
        """Return a file of the run's folder."""
        return (self.context.folder / file).read_bytes()

    def ordered(self, make: Callable[[], Made | Halted]) -> Ordered:
        """Look at the device once and keep what is to be done as a file, and once more for people; the journal holds its digest."""

        def work() -> Any:
            made = make()
            if isinstance(made, Halted):
                return msgspec.to_builtins(Ordered(halt=made))
            name, digest = files.order(self.context.folder, self.task.name, made.data)
            if made.changes:
                text = files.changes(self.context.folder, name, made.text or "\n".join(made.changes))
                what = f"{len(made.changes)} change{'s' if len(made.changes) > 1 else ''}"
                self.context.event(f"{what} before it: {self.context.folder / text}", file=text)
            return msgspec.to_builtins(Ordered(name, digest, _some(made.changes)))

        return msgspec.convert(self.context.step("read", work), Ordered)

    def kept(self, ordered: Ordered) -> bytes:
        """Return the bytes of what is to be done."""
        return files.kept(self.context.folder, ordered.file, ordered.digest)

    def finished(self, outcome: Outcome, ordered: Ordered) -> Outcome:
        """Return how a device ended, with what was sent to it and what that changed."""
        detail = {**outcome.detail, "sent": [ordered.file]}
        if outcome.state != "unchanged" and ordered.changes:
            detail["changes"] = list(ordered.changes)
        else:
            detail.pop("changes", None)
        return msgspec.structs.replace(outcome, detail=detail)

    def failed(self, stage: str, halt: Halted, **detail: Any) -> Outcome:
        """Return that the device went no further."""
        detail |= {"passing": True} if halt.passing else {}
        return ended(self, "failed", stage=stage, cause=halt.cause, remedy=halt.remedy, **detail)

    def judged(
        self, found: Sequence[Finding], evidence: Sequence[str], versions: Mapping[str, str] | None = None
    ) -> Outcome:
        """Return how a look ended: well, unless something is wrong or could not be told; ``versions`` are those that it saw."""
        bad = wrong(found)
        told = [one for one in found if one.status in {"fail", "error"}]
        if told:
            self.context.event(f"{len(told)} findings", findings=[msgspec.to_builtins(one) for one in told])
        unproven = concerns.unproven(found, self.device, self.world.machines)
        detail = {
            "evidence": list(evidence), "findings": [msgspec.to_builtins(one) for one in told],
            "passed": sum(one.status == "pass" for one in found), "checks": concerns.counted(found),
            **({"versions": dict(versions)} if versions else {}),
            **({"unproven": unproven} if unproven else {}),
        }  # fmt: skip
        if not bad:
            return Outcome(subject=self.task.name, state="unchanged", detail=detail)
        causes = list(dict.fromkeys(f"{one.check}: {one.message}" for one in bad))
        more = f" and {len(causes) - _FIRST} more" if len(causes) > _FIRST else ""
        cause = "; ".join(causes[:_FIRST]) + more
        # Half of what is to be done to a cycle of cables makes another one: every remedy is told, a line each.
        remedy = "\n".join(dict.fromkeys(one.remedy for one in bad if one.remedy))
        return Outcome(subject=self.task.name, state="failed", stage="judge", cause=cause, remedy=remedy, detail=detail)


class Part:
    """A context in which steps have a word before their names: two procedures in one task."""

    def __init__(self, context: Context, word: str) -> None:
        self._context = context
        self._word = word
        self.run_id: str = context.run_id
        self.folder: Path = context.folder
        self.number = context.number

    def step(self, name: str, work: Callable[[], Any]) -> Any:
        """Do a step under the longer name."""
        return self._context.step(self._word + name, work)

    def sleep(self, seconds: float) -> None:
        """Wait, durably, on the run's clock."""
        self._context.sleep(seconds)

    def event(self, text: str, **fields: Any) -> None:
        """Tell whoever is watching."""
        self._context.event(text, **fields)

    def cancelled(self) -> bool:
        """Say whether the operator asked to stop."""
        return self._context.cancelled()


def ended(job: Job, state: State, *, stage: str = "", cause: str = "", remedy: str = "", **detail: Any) -> Outcome:
    """Return how a task ended."""
    return Outcome(subject=job.task.name, state=state, stage=stage, cause=cause, remedy=remedy, detail=detail)


def wrong(found: Sequence[Finding]) -> list[Finding]:
    """Return the findings that stop a device: what is wrong, and what could not be told; warnings do not."""
    return [one for one in found if one.status in {"fail", "error"} and one.severity == "error"]


def now() -> str:
    """Return the wall's time, ISO 8601 in UTC, as evidence tells it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _some(changes: Sequence[str]) -> tuple[str, ...]:
    more = len(changes) - _MOST_CHANGES
    return tuple(changes) if more <= 0 else (*changes[:_MOST_CHANGES], f"and {more} more, see the order")
