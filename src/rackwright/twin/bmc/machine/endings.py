"""How faults make a job look and end (redfish.md 5 rows 9 to 12, 28); the same for BIOS and update jobs."""

from __future__ import annotations

from collections.abc import Mapping

from rackwright.twin.bmc.machine.jobs import Job, Queue
from rackwright.twin.faults import Fault

__all__ = ["close", "ending", "mark"]


def mark(job: Job, hit: Mapping[str, Fault], now: float) -> None:
    """Put onto a new job what faults make of it (rows 9, 11, 12)."""
    job.stuck = "stuck" in hit
    job.task_gone = "task-gone" in hit
    if "odd-job" in hit:
        job.odd = hit["odd-job"].value or "New"
    if "task-late" in hit:
        job.task_from = now + (hit["task-late"].duration or 0.0)


def ending(job: Job, hit: Mapping[str, Fault]) -> None:
    """Note how faults make a job end (rows 9, 10, 28)."""
    for kind in ("timeout", "errors", "fail", "late", "silent"):
        if kind in hit:
            job.facts["ending"] = kind
            job.facts["said" if kind == "fail" else "left"] = hit[kind].value


def close(queue: Queue, job: Job) -> None:
    """End a job as it was noted: well, with errors, failed, or out of time."""
    how = job.facts.get("ending", "")
    if how == "timeout":
        queue.end(job, "Completed", "JCP052")
        job.critical = True
    elif how == "errors":
        queue.end(job, "CompletedWithErrors", "PR31")
    elif how == "fail":
        queue.end(job, "Failed", job.facts.get("said") or "PR21")
    else:
        queue.end(job, "Completed", "PR19")
