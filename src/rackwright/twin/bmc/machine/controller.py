"""The iDRAC itself: whether it answers, its restarts, whether the Lifecycle Controller takes work (redfish.md 2.1, 2.2, 5 row 13)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from rackwright.twin.bmc.machine.bench import Bench
from rackwright.twin.bmc.machine.refusal import Away, Refusal
from rackwright.twin.faults import Fault

__all__ = ["MOST_SESSIONS", "SESSION_TIMEOUT_S", "Controller", "Status"]

MOST_SESSIONS = 8
"""``WebServer.1.MaxNumberOfSessions``; GUI and Redfish share them [C]."""
SESSION_TIMEOUT_S = 1800
"""[C]"""


class Status(NamedTuple):
    """The answer of GetRemoteServicesAPIStatus."""

    lc: str
    """LCStatus; wait for ``Ready``."""
    rt: str
    server: str
    status: str


class Controller:
    """Up, dark (no connection), or starting (503)."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.generation = 1
        """Sessions made in an older one are dead."""
        self.rebooted_at = bench.now()
        self._dark_until = -math.inf
        self._starting_until = -math.inf
        self._lc_until = -math.inf
        self._busy: tuple[float, Refusal] | None = None
        self._updated = False
        self.server_status: Callable[[], str] = lambda: "OutOfPOST"
        """How far the host is; the machine puts the host's own here."""
        self.back: Callable[[], None] | None = None
        """Called when it has come up again."""
        self.going: Callable[[], None] = lambda: None
        """Called when it goes down: what it was writing itself is torn."""

    @property
    def state(self) -> str:
        """Return ``up``, ``starting`` or ``dark``."""
        now = self._bench.now()
        return "dark" if now < self._dark_until else "starting" if now < self._starting_until else "up"

    def gate(self) -> None:
        """Let a request in, or not. Raises :class:`Away` where there is nobody, :class:`Refusal` while it starts or is busy."""
        state = self.state
        if state == "dark":
            raise Away
        if state == "starting":
            raise Refusal(503, "RAC0768" if self._updated else "SYS518", retry_after_s=30)
        if self._busy is not None:
            until, refusal = self._busy
            if self._bench.now() < until:
                raise refusal
            self._busy = None

    def restart(self, *, updated: bool = False, without_power_s: float = 0.0) -> None:
        """Restart: sessions end, nobody answers for minutes; then 503, then the Lifecycle Controller settles."""
        hit = self._bench.met("bmc-restart")
        times, now = self._bench.timings, self._bench.now()
        dark = times.bmc_dark + without_power_s
        lost = hit.get("bmc-lost")
        if lost is not None:
            dark = math.inf if lost.duration is None else dark + lost.duration
        self.going()
        self.generation += 1
        self.rebooted_at = now
        self._updated = updated
        self._dark_until = now + dark
        self._starting_until = self._dark_until + times.bmc_starting
        self._lc_until = max(self._lc_until, self._starting_until + times.lc_settle)
        self._bench.deed("bmc-restart")
        if self.back is not None and not math.isinf(dark):
            self._bench.schedule.after(dark + times.bmc_starting, self.back)

    def next_change(self) -> float | None:
        """Return when it next goes from dark to starting or to up; ``None``: it stays as it is."""
        now = self._bench.now()
        return min((at for at in (self._dark_until, self._starting_until) if now < at < math.inf), default=None)

    def end_sessions(self) -> None:
        """End every session (row 4)."""
        self.generation += 1

    def hold(self, seconds: float | None, refusal: Refusal) -> None:
        """Refuse every request for a while, for good without a time."""
        self._busy = (math.inf if seconds is None else self._bench.now() + seconds, refusal)

    def die(self, seconds: float | None) -> None:
        """Do not answer for a while, for good without a time; sessions end."""
        self.generation += 1
        self._dark_until = math.inf if seconds is None else self._bench.now() + seconds
        self._starting_until = max(self._starting_until, self._dark_until)

    def hold_lifecycle(self, seconds: float | None) -> None:
        """Keep the Lifecycle Controller from being ready (row 23)."""
        self._lc_until = math.inf if seconds is None else self._bench.now() + seconds

    @property
    def ready(self) -> bool:
        """Tell whether the Lifecycle Controller takes work."""
        return self.status().lc == "Ready"

    def status(self) -> Status:
        """Answer GetRemoteServicesAPIStatus; a host that is in POST keeps the Lifecycle Controller in use [assumed]."""
        self._bench.met("ready")
        server = self.server_status()
        settled = self._bench.now() >= self._lc_until
        lc = "Initialized" if not settled else "InUse" if server == "InPOST" else "Ready"
        ready = lc == "Ready"
        return Status(lc, "Ready" if settled else "NotReady", server, "Ready" if ready else "NotReady")

    def check_lifecycle(self) -> None:
        """Raise :class:`Refusal` LC060 where work for the Lifecycle Controller comes before it is settled."""
        if self._bench.now() < self._lc_until:
            raise Refusal(503, "LC060", retry_after_s=30)

    def strike(self, fault: Fault) -> bool:
        """Do what a fault of its own does; says whether it was one."""
        if fault.kind == "busy":
            retry = None if fault.value == "none" else int(fault.value or 30)
            self.hold(fault.duration, Refusal(503, "SYS518", retry_after_s=retry))
        elif fault.kind == "not-ready":
            self.hold(fault.duration, Refusal(400, "SWC0700"))
        elif fault.kind == "expire-sessions":
            self.end_sessions()
        elif fault.kind == "bmc-dead":
            self.die(fault.duration)
        elif fault.kind == "bmc-restart":
            self.restart()
        elif fault.kind == "lc-busy":
            self.hold_lifecycle(fault.duration)
        else:
            return False
        return True

    def mend(self) -> None:
        """Undo what faults did to it."""
        now = self._bench.now()
        if math.isinf(self._dark_until) and self._dark_until > 0 and self.back is not None:
            self._bench.schedule.after(0, self.back)
        self._busy = None
        self._dark_until = min(self._dark_until, now)
        self._starting_until = min(self._starting_until, now)
        self._lc_until = min(self._lc_until, now)
