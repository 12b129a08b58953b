"""What the parts of one machine share: its schedule, the faults that are set, its deeds and its logs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Final, NamedTuple

from rackwright.twin.bmc.machine.faults import AT_ONCE
from rackwright.twin.bmc.machine.messages import worded
from rackwright.twin.bmc.machine.refusal import Refusal
from rackwright.twin.bmc.machine.schedule import Schedule
from rackwright.twin.faults import Fault, Faults, When

__all__ = ["Bench", "Deed", "LogEntry", "Timings"]

_LATER: Final[tuple[When, ...]] = ("during", "after")


_BY_ITSELF: Final = frozenset({"bios-run", "flash", "activate", "boot"})
"""Operations that nobody asks for at that moment, so that nobody can be refused."""


@dataclass(frozen=True, slots=True)
class Timings:
    """How long things take, in seconds of the twin's clock.

    The iDRAC's restart is within the 3 to 8 minutes of redfish.md 5 row 13; everything else is [assumed].
    """

    post: float = 180.0
    os_boot: float = 90.0
    shutdown: float = 40.0
    """An operating system's graceful shutdown."""
    off: float = 5.0
    bmc_dark: float = 180.0
    """The restarting BMC refuses connections."""
    bmc_starting: float = 120.0
    """It answers 503 after that (RAC0768)."""
    lc_settle: float = 60.0
    """Until the Lifecycle Controller is ready after a restart of the BMC."""
    clear_all: float = 120.0
    """Systems.Members is empty after JID_CLEARALL_FORCE (redfish.md 2.3 item 8: about 2 min)."""
    drain: float = 30.0
    """Without power in a virtual AC cycle."""
    scheduling: float = 5.0
    """From New to Scheduled."""
    downloading: float = 20.0
    configuring: float = 60.0
    """A BIOS configuration job in POST."""
    profile: float = 30.0
    """Export or preview of a configuration profile."""
    graceful_limit: float = 300.0
    """After which an unanswered graceful request is given up."""
    task_kept: float = 600.0
    """Tasks are deleted ten minutes after their end (redfish.md 2.2)."""


class Deed(NamedTuple):
    """Something that was really done to the machine, for tests to count."""

    at: float
    kind: str
    """``flash``, ``activate``, ``bios``, ``power-on``, ``power-off``, ``reset``, ``ac-cycle``, ``bmc-restart``, ``boot``, ``media``, ..."""
    what: str = ""
    """FQDD, attribute, reset type, image."""
    value: str = ""


class LogEntry(NamedTuple):
    """One line of the Lifecycle log or of the system event log."""

    number: int
    at: float
    severity: str
    message_id: str
    text: str
    args: tuple[str, ...] = ()


@dataclass(slots=True)
class Bench:
    """One machine's shared things."""

    name: str
    schedule: Schedule
    faults: Faults
    timings: Timings
    deeds: list[Deed] = field(default_factory=list)
    lifecycle_log: list[LogEntry] = field(default_factory=list)
    event_log: list[LogEntry] = field(default_factory=list)
    strike: Callable[[Fault], None] = lambda _: None
    """Does at once what a fault does; the machine's own."""
    check_settled: Callable[[], None] = lambda: None
    """Refuses work while the Lifecycle Controller is not settled."""
    locked: Callable[[], bool] = lambda: False
    """Whether System Lockdown is on."""
    _striking: set[int] = field(default_factory=set)
    clock_offset: float = 0.0
    """Seconds that the BMC's own clock is off by."""
    utc_offset_minutes: int = -360
    """Offset of the BMC's zone; a captured iDRAC stood at -05:00, so clients must not take UTC for granted."""

    def now(self) -> float:
        """Return the moment on the twin's clock."""
        return self.schedule.now()

    def date(self, at: float | None = None, *, naive: bool = False) -> str:
        """Return a moment as the BMC writes it: with its local offset, or without any as in jobs (redfish.md 2.1 Time)."""
        moment = self.now() if at is None else at
        zone = timezone(timedelta(minutes=self.utc_offset_minutes))
        when = datetime.fromtimestamp(self.schedule.clock.date(moment) + self.clock_offset, zone).replace(microsecond=0)
        return (when.replace(tzinfo=None) if naive else when).isoformat()

    def deed(self, kind: str, what: str = "", value: str = "") -> None:
        """Write down that something was really done."""
        self.deeds.append(Deed(self.now(), kind, what, value))

    def log(self, message_id: str, *args: object) -> None:
        """Add a line to the Lifecycle log."""
        words = tuple(str(one) for one in args)
        severity, text, _ = worded(message_id, words)
        entry = LogEntry(len(self.lifecycle_log) + 1, self.now(), severity, message_id, text, words)
        self.lifecycle_log.append(entry)

    def event(self, text: str, severity: str = "OK") -> None:
        """Add a line to the system event log."""
        self.event_log.append(LogEntry(len(self.event_log) + 1, self.now(), severity, "", text))

    def met(self, operation: str) -> dict[str, Fault]:
        """Count an occurrence of an operation and return the faults that hit it, by kind.

        Faults that need no operation happen here, before the effect, or just after it. Raises :class:`Refusal` where a fault refuses it.
        """
        hit = {fault.kind: fault for fault in self.faults.hits(self.name, operation, "before")}
        for when in _LATER:
            for fault in self.faults.hits(self.name, operation, when):
                self.schedule.after(0, partial(self.strike, fault))
        for fault in hit.values():
            if fault.kind in AT_ONCE and fault.id not in self._striking:
                # A fault may cause the operation that it waits for: a restart at each restart happens once a restart.
                self._striking.add(fault.id)
                try:
                    self.strike(fault)
                finally:
                    self._striking.discard(fault.id)
        refused = hit.get("refuse")
        if refused is not None and operation not in _BY_ITSELF:
            raise Refusal(int(refused.a or 400), refused.value or "SYS446")
        return hit
