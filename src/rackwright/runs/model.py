"""What a durable run is made of, without the engine: a program, its waves, the work on one device, a gate.

A program is code with a name and a version set by hand; a run is one program over one order (the bytes of
a changeset, kept in the run's folder by digest). All that a journal keeps are the JSON values that steps
return: no secret may be among them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, Protocol, TypeAlias

import msgspec

__all__ = [
    "GOOD",
    "Context",
    "EndState",
    "Event",
    "Json",
    "Outcome",
    "Program",
    "Report",
    "RunState",
    "State",
    "Status",
    "Wave",
]

Json: TypeAlias = Any
"""A value that JSON holds."""

State = Literal["done", "unchanged", "failed", "skipped", "cancelled"]
"""How the work on one device ended."""

GOOD: Final[frozenset[State]] = frozenset({"done", "unchanged"})
"""The states of a device that needs nothing more."""

EndState = Literal["done", "failed", "cancelled"]
"""How a run ended: ``failed`` when a device or a gate did, or something was skipped."""

RunState = Literal["waiting", "running", "interrupted", "done", "failed", "cancelled"]
"""Where a run is; nobody works on an ``interrupted`` one, it can be resumed."""


class Wave(msgspec.Struct, frozen=True):
    """Devices that may be worked on at the same time, and what must be finished before."""

    name: str
    devices: tuple[str, ...]
    canary: str = ""
    """The one device of this wave that goes first and alone; empty: none."""
    after: tuple[str, ...] | None = None
    """Earlier waves without whose gate this one is not begun; None: all of them."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How the work on one device, or a gate, ended."""

    subject: str
    state: State
    stage: str = ""
    """The step at which it ended, for a failure."""
    cause: str = ""
    """What the device or the check said."""
    remedy: str = ""
    detail: dict[str, Any] = {}


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One line of what a run told; ``kind``: ``run``, ``wave``, ``gate``, ``device``, ``step``, ``note`` or ``fault``."""

    at: str
    """The wall's time, UTC, ISO 8601."""
    kind: str
    text: str
    subject: str = ""
    """The device, or the wave."""
    fields: dict[str, Any] = {}


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended: read back from the journal, the same whoever asks."""

    run: str
    program: str
    state: EndState
    outcomes: dict[str, Outcome]
    """By device, in the order of the waves."""
    gates: dict[str, Outcome]
    """By wave, those that were asked."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Where a run is, as anybody may ask."""

    run: str
    program: str
    version: str
    state: RunState
    begun: str
    """The wall's time, UTC, ISO 8601."""
    devices: int
    ended: dict[str, int] = {}
    """How many devices ended in which state."""
    holder: str = ""
    """Who attends to it: ``pid 4711 on host since …``."""
    cancelling: bool = False
    report: Report | None = None
    """For a run that ended."""


class Context(Protocol):
    """What the work on one device is given; it must be deterministic but for what happens inside steps."""

    run_id: str
    folder: Path
    """The run's folder: artifacts (backups, support bundles) go here, mode 0600."""

    def step(self, name: str, work: Callable[[], Json]) -> Json:
        """Do ``work`` once and journal its value; when resumed, a journalled step gives its value without being done.

        A step that was begun and not journalled is done again: its work looks at the device first.
        """

    def sleep(self, seconds: float) -> None:
        """Wait, durably, on the run's clock."""

    def event(self, text: str, **fields: Json) -> None:
        """Tell whoever is watching."""

    def cancelled(self) -> bool:
        """Say whether the operator asked to stop; asked between steps."""


class Program(Protocol):
    """Code that a run executes."""

    name: str
    version: str
    """Set by hand; a run begun under another version is not resumed, a new one that reads first is started."""

    def waves(self, order: bytes) -> Sequence[Wave]:
        """Read the order and say what is done when."""

    def device(self, context: Context, order: bytes, device: str) -> Outcome:
        """Work on one device, in steps."""

    def gate(self, context: Context, order: bytes, wave: Wave, outcomes: Mapping[str, Outcome]) -> Outcome:
        """Say whether the next wave may begin; ``state`` ``done`` opens it."""
