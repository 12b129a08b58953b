"""Jobs of a BMC's queue, whichever of its collections tells them, brought to one set of states.

The same job reads ``CompletedWithErrors`` in Dell's collection, ``Exception`` in the JobService and ``Completed`` with status
``Critical`` among the tasks (redfish.md 2.2, 2.3, 4). Dell's own words say most and win.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rackwright.redfish.inventory import Job, JobState, Resources
from rackwright.redfish.messages import last_token
from rackwright.redfish.tree import Node, Tree, inner, text

__all__ = ["STATES", "job", "jobs", "local_time", "state"]

STATES: dict[str, JobState] = {
    # DellJob (redfish.md 2.3)
    "new": "waiting",
    "scheduling": "waiting",
    "scheduled": "scheduled",
    "scheduledwitherrors": "scheduled",
    "readyforexecution": "waiting",
    "downloading": "running",
    "downloaded": "waiting",
    "waiting": "waiting",
    "paused": "waiting",
    "running": "running",
    "rebootpending": "waiting",
    "rebootcompleted": "done",
    "rebootfailed": "failed",
    "pendingactivation": "scheduled",
    "completed": "done",
    "completedwitherrors": "done-with-errors",
    "failed": "failed",
    "userintervention": "needs-user",
    # DMTF's words for tasks and jobs
    "starting": "running",
    "suspended": "waiting",
    "interrupted": "waiting",
    "pending": "scheduled",
    "stopping": "running",
    "killed": "failed",
    "exception": "failed",
    "service": "running",
    "cancelling": "running",
    "cancelled": "failed",
    "continue": "running",
    "validating": "running",
    "invalid": "failed",
}
"""A state as a BMC words it, lower case without blanks -> ours; any other word is ``unknown`` and never an end."""

_TARGET = re.compile(r":\s*([A-Za-z]+\.[A-Za-z]+\.[\w:.-]+)")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_FULL = 100


def state(word: str, status: str = "") -> JobState:
    """Return our state of a BMC's word; ``Completed`` with status ``Critical`` has failed (redfish.md 2.5, JCP052)."""
    found = STATES.get(re.sub(r"[\s_-]", "", word).lower(), "unknown")
    return "failed" if found == "done" and status == "Critical" else found


def job(resource: Any) -> Job:
    """Read one DellJob, Job or Task; missing and odd parts are left out, whatever they are."""
    outer: Node = resource if isinstance(resource, Mapping) else {}
    dell = inner(outer, "Oem", "Dell")
    dell = dell if isinstance(dell, Mapping) and text(dell, "JobState") else {}
    messages = [one for one in _listed(outer.get("Messages")) if isinstance(one, Mapping)]
    last = next((one for one in reversed(messages) if text(one, "MessageId")), messages[-1] if messages else {})
    word = text(dell, "JobState") or text(outer, "JobState") or text(outer, "TaskState")
    name = text(outer, "Name") or text(dell, "Name")
    aim = _TARGET.search(name)
    return Job(
        id=text(outer, "Id") or text(outer, "@odata.id").rpartition("/")[2],
        name=name,
        kind=text(outer, "JobType") or text(dell, "JobType"),
        state=state(word, text(outer, "JobStatus") or text(outer, "TaskStatus")),
        word=word,
        message=text(outer, "Message") or text(dell, "Message") or text(last, "Message"),
        message_id=last_token(text(outer, "MessageId") or text(dell, "MessageId") or text(last, "MessageId")),
        percent=_percent(outer.get("PercentComplete")),
        ended=next((at for at in map(local_time, (outer.get("CompletionTime"), outer.get("EndTime"))) if at), ""),
        target=text(outer, "TargetSettingsURI") or text(dell, "TargetSettingsURI") or (aim[1] if aim else ""),
    )


def jobs(resources: Resources | Tree) -> tuple[Job, ...]:
    """Read the jobs of all collections, each once, Dell's words first, in the order of their ids."""
    tree = resources if isinstance(resources, Tree) else Tree(resources)
    found: dict[str, Job] = {}
    for one in _collected(tree):
        read = job(one)
        known = found.get(read.id)
        if read.id and (known is None or known.state == "unknown"):
            found[read.id] = read
    return tuple(found[key] for key in sorted(found))


def _collected(tree: Tree) -> Iterator[Node]:
    """Yield the jobs of Dell's own collection, of the JobService and of the TaskService."""
    root = tree.at("/redfish/v1")
    for manager in tree.members(root, "Managers", asked=False) or tree.of_type("Manager"):
        yield from tree.members(manager, "Links", "Oem", "Dell", "Jobs", asked=False)
    yield from tree.of_type("DellJob")
    for service, collection in (("JobService", "Jobs"), ("Tasks", "Tasks")):
        yield from tree.below(root, service, collection, asked=False)
    yield from tree.of_type("Job")
    yield from tree.of_type("Task")


def local_time(raw: Any) -> str:
    """Return a time to the second in the BMC's own zone, as it is printed; empty for ``TIME_NA``, zeros and what is none."""
    found = _TIME.match(raw) if isinstance(raw, str) else None
    return found[0] if found and not found[0].startswith("0000") else ""


def _percent(raw: Any) -> int | None:
    """Return a percentage; iDRACs tell null and more than 100 (redfish.md 5 row 11)."""
    return min(max(raw, 0), _FULL) if isinstance(raw, int) and not isinstance(raw, bool) else None


def _listed(raw: Any) -> list[Any]:
    return raw if isinstance(raw, list) else []
