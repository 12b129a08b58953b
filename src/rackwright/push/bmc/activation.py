"""Waiting jobs set going by one restart of the host, and followed until each ended for itself.

Everything is decided by what is seen: jobs that run are waited for, jobs that wait for a restart get one, and what has
ended is judged by its own word. A restart whose answer was lost, or that an earlier life may have asked for, is given
time to show before another one is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

from rackwright.drivers.redfish.model import Host
from rackwright.errors import DriverError
from rackwright.push.bmc.contact import AGAIN, Contact, halt_of
from rackwright.push.bmc.order import Event
from rackwright.push.contact import Halt
from rackwright.redfish.inventory import Job

__all__ = ["Activation", "ended_badly", "host_off", "host_on", "in_words", "ready"]

_BAD: Final = frozenset({"done-with-errors", "failed"})
_STARTS: Final = "OSBootStarted"
_RUNS: Final = frozenset({"OSRunning", _STARTS, ""})
"""Words of ``BootProgress`` that do not say that a restart is under way; empty where none is told."""
_LOOK: Final = (
    "look at the job queue over the web page of the BMC and delete the job there, then push again: it reads first"
)
_WORDS: Final = {
    "none": "waiting",
    "restart": "restarting the host",
    "cycle": "cycling the power of the host",
    "ac": "cycling the auxiliary power",
}


@dataclass
class Activation:
    """One restart, and the jobs that it is for."""

    contact: Contact
    stage: str
    event: Event
    jobs: Collection[str]
    """Ids of our jobs that wait for it."""
    reset_at: str
    """When the host was reset for the last time before this restart was first asked for; empty: not told."""
    fresh: bool
    """No earlier life may have asked for the restart."""
    in_force: Callable[[], bool]
    """Look whether everything that this restart is for is right."""
    told: Callable[[str], None]
    against: Callable[[], Halt | None] = lambda: None
    """Look whether something has come up that a restart must not meet, where an earlier life looked and did not restart."""
    cutting: Callable[[], None] = lambda: None
    """Called before the host is shut down to have its power cut."""
    asked: int = 0
    at: float = 0.0
    seen: tuple[Job, ...] = ()
    """Our jobs as they were last seen: once this has gone well they have ended, and do not change any more."""

    def go(self) -> Halt | None:
        """Have the jobs run to their own end; return what stands in the way."""
        contact, limits = self.contact, self.contact.limits
        contact.restarted = True
        self.at = since = contact.clock.now()
        until = since + limits.graceful_s + 2 * limits.boot_s + limits.job_s
        try:
            while contact.clock.now() < until:
                jobs = self._ours()
                if self._over(jobs):
                    return None
                halt = self._turn(jobs)
                if halt is not None:
                    return halt
                # A host that was asked to restart is not through in a moment.
                contact.pause(-math.inf if self.asked else since)
            return Halt(self.stage, f"jobs do not end: {in_words(self._ours())}", _LOOK, touched=True)
        except DriverError as error:
            return halt_of(self.stage, error, touched=True)

    def _ours(self) -> tuple[Job, ...]:
        self.seen = tuple(job for job in self.contact.jobs() if job.id in self.jobs)
        return self.seen

    def _over(self, jobs: Sequence[Job]) -> bool:
        """Tell whether nothing is left to wait for: every job ended, and the restart took place if it was needed."""
        if any(job.open for job in jobs):
            return False
        return bool(self.asked) or bool(ended_badly(jobs)) or self.in_force()

    def _turn(self, jobs: Sequence[Job]) -> Halt | None:
        """Do the one thing that what is seen asks for."""
        now, limits = self.contact.clock.now(), self.contact.limits
        if any(job.state == "running" for job in jobs):
            self.at = now
            return None
        if not self.asked and now - self.at < limits.heed_s and any(job.state == "waiting" for job in jobs):
            # Its image is there: in a moment it is scheduled, or written whatever the host does. A restart would tear that.
            return None
        if not self.asked:
            host = self.contact.host()
            # An earlier life may have asked; and a system on its way up hears of no shutdown, so that it would be forced after minutes.
            waits = not self.fresh or host.progress == _STARTS
            if self._heeded(host):
                self.asked = 1
            elif not waits or now - self.at >= limits.heed_s:
                if not self.fresh and (halt := self.against()) is not None:
                    return halt
                self._ask(host, gently=True, waiting=len(jobs))
        elif self.asked == 1 and self._late(now - self.at):
            self.told("the operating system does not heed it: forced")
            self._ask(self.contact.host(), gently=False, waiting=len(jobs))
        elif self.asked > 1 and now - self.at >= limits.boot_s:
            waiting = in_words([job for job in jobs if job.open])
            return Halt(self.stage, f"still waiting after a forced restart: {waiting}", _LOOK, touched=True)
        return None

    def _late(self, waited_s: float) -> bool:
        """Tell whether the first restart should have shown by now."""
        limits = self.contact.limits
        # Whether it was heeded is asked of the BMC only where that decides.
        if waited_s < min(limits.graceful_s, limits.boot_s):
            return False
        return waited_s >= (limits.boot_s if self._heeded(self.contact.host()) else limits.graceful_s)

    def _heeded(self, host: Host) -> bool:
        """Tell whether the host has been reset since, or is being."""
        if self.reset_at and host.reset_at and host.reset_at != self.reset_at:
            return True
        return bool(self.asked) and host.progress not in _RUNS

    def _ask(self, host: Host, *, gently: bool, waiting: int) -> None:
        """Ask for the restart; harder the second time."""
        contact = self.contact
        if gently:
            jobs = "1 job" if waiting == 1 else f"{waiting} jobs"
            self.told(f"{_WORDS[self.event]}{f' for {jobs}' if waiting else ''}")
        if self.event != "restart":
            self._cut()
        elif host.power == "Off":
            _reset(contact, "On")
        else:
            _reset(contact, "GracefulRestart" if gently else "ForceRestart")
        self.asked += 1
        self.at = contact.clock.now()

    def _cut(self) -> None:
        """Shut the host down, then have its power cut and back."""
        contact = self.contact
        self.cutting()
        host_off(contact)
        # To shut a host down takes minutes, in which a BMC may have begun to write by itself.
        contact.wait(contact.limits.job_s, lambda: not any(job.state == "running" for job in self._ours()))
        if self.event == "ac":
            contact.say(lambda session: session.ac_cycle())
        else:
            _reset(contact, "On")


def ended_badly(jobs: Collection[Job]) -> list[Job]:
    """Return the jobs that ended otherwise than well."""
    return [job for job in jobs if job.state in _BAD]


def in_words(jobs: Collection[Job]) -> str:
    """Say how jobs stand, in the BMC's own words."""
    return "; ".join(
        " ".join(word for word in (job.id, f"{job.name}:", job.word or job.state, job.message_id, job.message) if word)
        for job in jobs
    )


def ready(contact: Contact, stage: str) -> Halt | None:
    """Wait until the lifecycle controller takes work."""
    said = ""

    def over() -> bool:
        nonlocal said
        now = contact.patiently(lambda session: session.readiness())
        said = now.said or now.lifecycle or "not ready"
        return now.ready

    try:
        if contact.wait(contact.limits.ready_s, over):
            return None
    except DriverError as error:
        return halt_of(stage, error)
    return Halt(stage, f"the lifecycle controller does not become ready ({said})", AGAIN)


def host_on(contact: Contact) -> bool:
    """See that the host is on: one that is off, and stays so for a while, is switched on."""
    limits = contact.limits
    power = ""

    def begun() -> bool:
        nonlocal power
        power = contact.power()
        return power != "Off"

    for _ in range(2):
        if contact.wait(limits.heed_s, begun):
            return power == "On" or contact.wait(limits.boot_s, lambda: contact.power() == "On")
        _reset(contact, "On")
    return contact.wait(limits.heed_s, lambda: contact.power() == "On")


def host_off(contact: Contact) -> bool:
    """Shut the host down; an operating system that does not heed it is not waited for."""
    for kind in ("GracefulShutdown", "ForceOff"):
        if contact.power() != "Off":
            _reset(contact, kind)
            contact.wait(contact.limits.graceful_s, lambda: contact.power() == "Off")
    return contact.power() == "Off"


def _reset(contact: Contact, kind: str) -> None:
    contact.say(lambda session: session.reset(kind))
