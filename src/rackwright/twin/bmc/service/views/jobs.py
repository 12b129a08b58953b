"""The job queue as its three collections show it: Dell's jobs, JobService and TaskService (redfish.md 2.2)."""

from __future__ import annotations

from typing import Any

from rackwright.twin.bmc.machine.jobs import MOST_JOBS, Job, job_words, task_words
from rackwright.twin.bmc.machine.refusal import Refusal
from rackwright.twin.bmc.service.bmc import Bmc
from rackwright.twin.bmc.service.envelope import Answer
from rackwright.twin.bmc.service.views.shape import MANAGER, ROOT, collection, head, link, status

__all__ = [
    "DELL",
    "dell_job",
    "dell_job_service",
    "dell_jobs",
    "job",
    "job_service",
    "jobs",
    "task",
    "task_service",
    "tasks",
]

DELL = f"{MANAGER}/Oem/Dell/Jobs"
_JOBS = f"{ROOT}/JobService/Jobs"
_TASKS = f"{ROOT}/TaskService/Tasks"
_UNTIMED = "TIME_NA"


def _find(bmc: Bmc, key: str) -> Job | None:
    return next((one for one in bmc.machine.queue.all() if one.id == key), None)


# --- Dell's ---------------------------------------------------------------------------------------------


def dell_jobs(bmc: Bmc) -> dict[str, Any]:
    """List Dell's jobs."""
    paths = [f"{DELL}/{one.id}" for one in bmc.machine.queue.all()]
    return collection(DELL, "DellJobCollection", "JobQueue", paths)


def dell_job(bmc: Bmc, key: str) -> dict[str, Any] | None:
    """Show one of Dell's jobs: its times are naive, and ``TIME_NA`` where there is none."""
    one = _find(bmc, key)
    if one is None:
        return None
    bench = bmc.machine.bench

    def when(at: float | None) -> str:
        return _UNTIMED if at is None else str(bench.date(at, naive=True))

    odd = bool(one.odd) and one.open
    return {
        **head(f"{DELL}/{key}", "DellJob", "v1_5_0", key, one.name, "Job Instance"),
        "ActualRunningStartTime": when(one.started) if one.started is not None else None,
        "ActualRunningStopTime": when(one.ended) if one.started is not None and one.ended is not None else None,
        "CompletionTime": when(one.ended) if one.ended is not None else None,
        "EndTime": _UNTIMED,
        "JobState": one.odd if odd else one.state,
        "JobType": one.kind,
        "Message": None if odd else one.text,
        "MessageArgs": [] if odd else list(one.args),
        "MessageArgs@odata.count": 0 if odd else len(one.args),
        "MessageId": None if odd else one.message_id,
        "PercentComplete": None if odd else one.percent,
        "StartTime": "TIME_NOW" if one.open and one.started is None else when(one.created),
        "TargetSettingsURI": one.settings_uri or None,
    }


def dell_job_service(bmc: Bmc) -> dict[str, Any]:
    """Show DellJobService with the actions on the queue."""
    path = f"{MANAGER}/Oem/Dell/DellJobService"
    actions = f"{path}/Actions/DellJobService"
    return {
        **head(path, "DellJobService", "v1_2_0", "Job Service", "DellJobService"),
        "Actions": {
            "#DellJobService.CreateRebootJob": {
                "RebootJobType@Redfish.AllowableValues": [
                    "GracefulRebootWithForcedShutdown",
                    "GracefulRebootWithoutForcedShutdown",
                    "PowerCycle",
                ],
                "target": f"{actions}.CreateRebootJob",
            },
            "#DellJobService.DeleteJobQueue": {"target": f"{actions}.DeleteJobQueue"},
        },
        "CurrentNumberOfJobs": len(bmc.machine.queue.all()),
        "MaximumNumberOfJobs": MOST_JOBS,
    }


# --- JobService -------------------------------------------------------------------------------------


def job_service(bmc: Bmc) -> dict[str, Any]:
    """Show JobService."""
    return {
        **head(f"{ROOT}/JobService", "JobService", "v1_0_4", "JobService", "Job Service"),
        "DateTime": bmc.machine.bench.date(),
        "Jobs": link(_JOBS),
        "ServiceCapabilities": {"MaxJobs": MOST_JOBS, "MaxSteps": 1, "Scheduling": True},
        "ServiceEnabled": True,
        "Status": status(),
    }


def jobs(bmc: Bmc) -> dict[str, Any]:
    """List the jobs."""
    return collection(_JOBS, "JobCollection", "JobCollection", [f"{_JOBS}/{one.id}" for one in bmc.machine.queue.all()])


def job(bmc: Bmc, key: str) -> dict[str, Any] | None:
    """Show a job in DMTF's words."""
    one = _find(bmc, key)
    if one is None:
        return None
    bench = bmc.machine.bench
    state, health = job_words(one)
    made = {
        **head(f"{_JOBS}/{key}", "Job", "v1_2_1", key, one.name, "A job of this service"),
        "JobState": state,
        "JobStatus": health,
        "PercentComplete": one.percent,
        "StartTime": bench.date(one.created),
        **_messages(bmc, one),
    }
    return made if one.ended is None else {**made, "EndTime": bench.date(one.ended)}


def _messages(bmc: Bmc, one: Job) -> dict[str, Any]:
    if one.odd and one.open:
        return {}
    told = {
        "Message": one.text,
        "MessageArgs": list(one.args),
        "MessageArgs@odata.count": len(one.args),
        "MessageId": bmc.prefixed(one.message_id),
    }
    return {"Messages": [told], "Messages@odata.count": 1}


# --- TaskService ------------------------------------------------------------------------------------


def task_service(bmc: Bmc) -> dict[str, Any]:
    """Show TaskService, which forgets a task ten minutes after its end."""
    minutes = int(bmc.machine.bench.timings.task_kept // 60)
    return {
        **head(f"{ROOT}/TaskService", "TaskService", "v1_2_0", "TaskService", "Task Service"),
        "DateTime": bmc.machine.bench.date(),
        "ServiceEnabled": True,
        "Status": status(),
        "TaskAutoDeleteTimeoutMinutes": minutes,
        "Tasks": link(_TASKS),
    }


def tasks(bmc: Bmc) -> dict[str, Any]:
    """List the tasks."""
    paths = [f"{_TASKS}/{one.id}" for one in bmc.machine.queue.tasks()]
    return collection(_TASKS, "TaskCollection", "Task Collection", paths)


def task(bmc: Bmc, key: str) -> dict[str, Any] | Answer | None:
    """Show a task; one that carries what an export wrote gives that instead, as an iDRAC does with a local share [S]."""
    try:
        one = bmc.machine.queue.task(key)
    except Refusal:
        return None
    if one.output and not one.open:
        return Answer(200, one.output)
    bench = bmc.machine.bench
    state, health = task_words(one)
    odd = bool(one.odd) and one.open
    made = {
        **head(f"{_TASKS}/{key}", "Task", "v1_7_2", key, one.name, "A task of this service"),
        "EndTime": _UNTIMED if one.ended is None else bench.date(one.ended),
        "StartTime": bench.date(one.created),
        "TaskState": state,
        "TaskStatus": health,
        **_messages(bmc, one),
        "Oem": {"Dell": {**(dell_job(bmc, key) or {}), "@odata.type": "#DellJob.v1_5_0.DellJob"}},
    }
    return made if odd else {**made, "PercentComplete": one.percent}
