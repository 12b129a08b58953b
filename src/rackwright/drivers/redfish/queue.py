"""Jobs, wherever the BMC keeps them: Dell's own queue, the job service, the tasks (redfish.md 2.2, 2.3)."""

from __future__ import annotations

from typing import Any, Final

from rackwright.drivers.redfish.answers import Answer
from rackwright.drivers.redfish.places import Places, link
from rackwright.drivers.redfish.reader import Reader
from rackwright.errors import DeviceRefused
from rackwright.redfish.inventory import Job
from rackwright.redfish.jobs import job as job_of

__all__ = ["Queue", "found_job"]

_YOUNG_S: Final = 30
"""For so long a job that we made may not be told yet (redfish.md 5, row 12; sushy looks three times in 30 s)."""
_LEAST_LOOKS: Final = 3
"""So often it is looked for at least: on a clock that runs fast one look may outlast the bound."""
_PAUSE_S: Final = 5


class Queue:
    """The jobs of one BMC."""

    def __init__(self, places: Places, reader: Reader) -> None:
        self._places = places
        self._session = places.session
        self._reader = reader
        self._made: dict[str, float] = {}

    def all(self) -> tuple[Job, ...]:
        """Read the queue that says most; empty where the BMC has none."""
        for uri in self._places.queues:
            try:
                return tuple(job_of(resource) for resource in self._reader.members(uri))
            except DeviceRefused as error:
                if error.status not in {404, 501}:
                    raise
        return ()

    def one(self, job: str) -> Job:
        """Read one job; one that was just made may take a moment to be told."""
        found, _ = self._look(job)
        return found

    def delete(self, job: str) -> None:
        """Take a job out of the queue."""
        service = link(self._places.manager, "Links", "Oem", "Dell", "DellJobService")
        if service:
            action = service.rstrip("/") + "/Actions/DellJobService.DeleteJobQueue"
            try:
                self._session.send("POST", action, {"JobID": job})
            except DeviceRefused as error:
                if error.status not in {404, 405}:
                    raise
            else:
                return
        _, uri = self._look(job)
        self._session.send("DELETE", uri)

    def made(self, answer: Answer) -> str:
        """Return the id of the job that an answer tells of; empty where it tells of none."""
        body = answer.value if answer.sound else None
        # The Location may be a monitor with a name of its own; the task in the body knows better.
        place = ""
        if isinstance(body, dict) and any(f"#{kind}." in str(body.get("@odata.type")) for kind in ("Task", "Job")):
            place = link(body)
        place = place or (answer.header("Location") if answer.status in {200, 201, 202, 204} else "")
        if not place:
            return ""
        # Looked at, though only its end is used: a job at another host is none of ours.
        job = self._session.path(place).partition("?")[0].rstrip("/").rpartition("/")[2]
        self._made[job] = self._session.clock.now()
        return job

    def _look(self, job: str) -> tuple[Job, str]:
        clock = self._session.clock
        until = self._made.get(job, -_YOUNG_S) + _YOUNG_S
        looks = _LEAST_LOOKS if job in self._made else 0
        while (found := self._once(job)) is None:
            looks -= 1
            if clock.now() > until and looks <= 0:
                device = self._session.device
                raise DeviceRefused(
                    f"{device} has no job {job}: look at its job queue and its inventory", device=device,
                    remedy="look at its job queue and its inventory", message_id="ResourceMissing", status=404,
                )  # fmt: skip
            clock.sleep(_PAUSE_S)
        return found

    def _once(self, job: str) -> tuple[Job, str] | None:
        for collection in self._places.queues:
            uri = f"{collection}/{job}"
            try:
                resource: Any = self._session.object(uri)
            except DeviceRefused as error:
                if error.status not in {404, 501}:
                    raise
                continue
            return job_of({"@odata.id": uri, **resource}), uri
        return None


def found_job(before: tuple[Job, ...], after: tuple[Job, ...], kind: str = "") -> Job | None:
    """Return the job that is there after something was sent and was not before: what became of a POST whose answer was lost.

    ``kind`` is Dell's ``JobType``; jobs of other kinds are other people's. Of several the last one made counts, since ids grow.
    """
    known = {job.id for job in before}
    new = [job for job in after if job.id not in known and (not kind or job.kind == kind)]
    return max(new, key=lambda job: (len(job.id), job.id), default=None)
