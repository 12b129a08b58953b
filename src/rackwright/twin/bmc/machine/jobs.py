"""The job queue of an iDRAC: one job, the three collections that show it, and the actions of DellJobService (redfish.md 2.2, 2.3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from rackwright.twin.bmc.machine.bench import Bench
from rackwright.twin.bmc.machine.messages import worded
from rackwright.twin.bmc.machine.refusal import Refusal

__all__ = ["MOST_JOBS", "TERMINAL", "Job", "Queue", "job_words", "task_words"]

MOST_JOBS: Final = 256
"""JobService's limit [C]."""
TERMINAL: Final = frozenset({"Completed", "CompletedWithErrors", "Failed", "RebootCompleted", "RebootFailed"})
_TASKS: Final = {
    "New": ("New", "OK"),
    "Downloading": ("Running", "OK"),
    "Downloaded": ("Running", "OK"),
    "Scheduling": ("Starting", "OK"),
    "Scheduled": ("Starting", "OK"),
    "Waiting": ("Pending", "OK"),
    "Running": ("Running", "OK"),
    "RebootPending": ("Pending", "OK"),
    "Completed": ("Completed", "OK"),
    "RebootCompleted": ("Completed", "OK"),
    "CompletedWithErrors": ("Exception", "Critical"),
    "Failed": ("Exception", "Critical"),
    "RebootFailed": ("Exception", "Critical"),
}
"""DellJob's word -> TaskState and TaskStatus: ``Scheduled`` shows as ``Starting`` (sushy fixture task.json), the rest [assumed]."""
_JOBS: Final = {
    "New": "New",
    "Downloading": "Running",
    "Downloaded": "Running",
    "Scheduling": "New",
    "Scheduled": "Pending",
    "Waiting": "Pending",
    "Running": "Running",
    "RebootPending": "Pending",
    "Completed": "Completed",
    "RebootCompleted": "Completed",
    "CompletedWithErrors": "Exception",
    "Failed": "Exception",
    "RebootFailed": "Exception",
}
"""DellJob's word -> JobService's: ``CompletedWithErrors`` is ``Exception``, Critical (R750 tree); the rest [assumed]."""


@dataclass(slots=True)
class Job:
    """One job."""

    id: str
    kind: str
    """Dell's JobType: ``BIOSConfiguration``, ``FirmwareUpdate``, ``RebootNoForce``, ``ExportConfiguration``, ..."""
    name: str
    created: float
    target: str = ""
    """FQDD that it works on; empty: none."""
    settings_uri: str = ""
    state: str = "New"
    message_id: str = "JCP000"
    args: tuple[str, ...] = ()
    percent: int | None = 0
    started: float | None = None
    ended: float | None = None
    run: Callable[[Job], float] | None = None
    """What is done when the host is in POST; returns how many seconds that takes, after which :attr:`finish` is called."""
    finish: Callable[[Job], None] | None = None
    delayed: bool = True
    """It waits for a reset of the host."""
    stuck: bool = False
    odd: str = ""
    """Another word is shown instead of the state, and no percent or messages, until the job has ended (fault, row 11)."""
    critical: bool = False
    """Completed, and Critical all the same (fault, row 9)."""
    task_from: float = 0.0
    task_gone: bool = False
    output: str = ""
    """What an export wrote."""
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def open(self) -> bool:
        """Tell whether it may still do something."""
        return self.state not in TERMINAL

    @property
    def text(self) -> str:
        """Its message in words."""
        return worded(self.message_id, self.args)[1]


def task_words(job: Job) -> tuple[str, str]:
    """Return TaskState and TaskStatus of a job."""
    if job.odd and job.open:
        return job.odd, "OK"
    state, status = _TASKS[job.state]
    return state, "Critical" if job.critical else status


def job_words(job: Job) -> tuple[str, str]:
    """Return JobService's JobState and JobStatus of a job."""
    state = _JOBS[job.state]
    return state, "Critical" if job.critical or state == "Exception" else "OK"


class Queue:
    """All jobs of one iDRAC, oldest first."""

    def __init__(self, bench: Bench, *, numbered: bool = False) -> None:
        self._bench = bench
        self._numbered = numbered
        self._jobs: dict[str, Job] = {}
        self._last = 0
        self.full = False
        """A fault says that nothing fits in."""
        self.gone_until = 0.0
        """JID_CLEARALL_FORCE restarts a data manager: until then no system is shown."""

    def all(self) -> list[Job]:
        """Return every job, oldest first."""
        return list(self._jobs.values())

    def find(self, job: str) -> Job:
        """Return a job. Raises :class:`Refusal` 404."""
        if job not in self._jobs:
            raise Refusal(404, "SYS403", [job])
        return self._jobs[job]

    def tasks(self) -> list[Job]:
        """Return the jobs that TaskService still shows: it deletes them ten minutes after their end."""
        now = self._bench.now()
        return [
            job for job in self._jobs.values() if not job.task_gone and job.task_from <= now and not self._old(job, now)
        ]

    def _old(self, job: Job, now: float) -> bool:
        return job.ended is not None and now - job.ended > self._bench.timings.task_kept

    def task(self, job: str) -> Job:
        """Return a job as TaskService knows it. Raises :class:`Refusal` 404 when it does not."""
        for one in self.tasks():
            if one.id == job:
                return one
        raise Refusal(404, "SYS403", [job])

    def open(self, target: str = "", kind: str = "") -> list[Job]:
        """Return the open jobs, of one target or one kind where given."""
        return [
            one for one in self._jobs.values() if one.open and target in ("", one.target) and kind in ("", one.kind)
        ]

    def check_room(self) -> None:
        """Raise :class:`Refusal` when no job fits in; jobs that have ended make room only when they are deleted."""
        if self.full or len(self._jobs) >= MOST_JOBS:
            raise Refusal(400, "JCP014")

    def add(self, kind: str, name: str, **rest: object) -> Job:
        """Make a job; it is ``New``. Raises :class:`Refusal` when none fits in, while the iDRAC is being updated or settings are applied (JCP030)."""
        self.check_room()
        if any(job.open and job.facts.get("updates-bmc") for job in self._jobs.values()):
            raise Refusal(400, "JCP048" if kind == "FirmwareUpdate" else "JCP030")
        if kind == "FirmwareUpdate" and any(job.state == "Running" for job in self.open(kind="BIOSConfiguration")):
            raise Refusal(400, "JCP030")
        job = Job(self._next_id(kind), kind, name, self._bench.now(), **rest)  # type: ignore[arg-type] # fields of Job by name
        job.args = (job.id,)
        self._jobs[job.id] = job
        self._bench.log("JCP027", job.id)
        return job

    def _next_id(self, kind: str) -> str:
        """Return an id: they rise, and none comes back. ``JID_`` and a number of twelve digits on an iDRAC, 0, 1, 2 elsewhere."""
        if self._numbered:
            self._last += 1
            return str(self._last - 1)
        self._last = max(self._last + 1, int(self._bench.schedule.clock.date(self._bench.now()) * 100))
        return f"{'RID' if kind.startswith('Reboot') else 'JID'}_{self._last}"

    def end(self, job: Job, state: str, message_id: str, *args: object) -> None:
        """End a job."""
        job.state, job.message_id, job.args = state, message_id, tuple(str(one) for one in args)
        job.percent, job.ended = 100, self._bench.now()
        self._bench.log(message_id, *args)

    def schedule(self, job: Job) -> None:
        """Have a job wait for the reset of the host, after a moment of scheduling; a stuck one never gets further (PR30)."""

        def done() -> None:
            if job.state in {"New", "Scheduling", "Downloaded"}:
                job.state, job.message_id, job.args = "Scheduled", "JCP001", ()
                if job.stuck:
                    job.message_id, job.percent = "PR30", 1

        job.state = "Scheduling" if job.state == "New" else job.state
        self._bench.schedule.after(self._bench.timings.scheduling, done)

    def due(self) -> list[Job]:
        """Return the jobs that run when the host comes into POST: updates first, configuration after them [assumed]."""
        waiting = [
            job for job in self._jobs.values() if job.state == "Scheduled" and job.delayed and not job.stuck and job.run
        ]
        return sorted(waiting, key=lambda job: job.kind != "FirmwareUpdate")

    def delete(self, job: str) -> None:
        """Delete one job. Raises :class:`Refusal` when it runs."""
        self._bench.met("job-delete")
        found = self.find(job)
        if found.state in {"Running", "Downloading"}:
            raise Refusal(400, "JCP015")
        del self._jobs[job]
        if found.finish is not None and found.open:
            found.facts["deleted"] = "yes"
            found.finish(found)
        self._bench.log("SUP020")

    def delete_quietly(self, job: str) -> None:
        """Take a job away that was never really there: its image was refused."""
        del self._jobs[job]

    def clear(self, job: str) -> None:
        """DeleteJobQueue: one job, ``JID_CLEARALL`` or ``JID_CLEARALL_FORCE`` (which restarts a data manager, redfish.md 2.3)."""
        if job not in {"JID_CLEARALL", "JID_CLEARALL_FORCE"}:
            self.delete(job)
            return
        self._bench.met("job-delete")
        force = job == "JID_CLEARALL_FORCE"
        running = [one for one in self._jobs.values() if one.state in {"Running", "Downloading"}]
        if running and not force:
            raise Refusal(400, "JCP015")
        gone, self._jobs = self._jobs, {}
        for one in gone.values():
            if one.finish is not None and one.open:
                one.facts["deleted"] = "yes"
                one.finish(one)
        if force:
            self.gone_until = self._bench.now() + self._bench.timings.clear_all
        self._bench.deed("clear-queue", job)
