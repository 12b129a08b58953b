"""BIOS attributes are staged all in one, and there is one job that does it: never none, never two (redfish.md 2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rackwright.drivers.redfish.places import Places, dig, link
from rackwright.drivers.redfish.queue import Queue
from rackwright.errors import DeviceRefused
from rackwright.redfish.inventory import Job

__all__ = ["clear_pending", "stage_bios"]

_KIND: Final = "BIOSConfiguration"
_JOB_OPEN: Final = frozenset({"SYS011", "BIOS006", "RAC0679", "RAC0773"})
"""A configuration job is there already (redfish.md 5, row 5)."""
_NOTHING_PENDING: Final = frozenset({"RAC1035"})


def stage_bios(places: Places, queue: Queue, attributes: Mapping[str, Any]) -> str:
    """Stage attributes for the next reset; return the id of the job, empty at a BMC that needs none."""
    bios = _bios(places)
    settings = _settings(places, bios)
    body: dict[str, Any] = {"Attributes": dict(attributes)}
    times = dig(bios, "@Redfish.Settings", "SupportedApplyTimes")
    if places.dell or (isinstance(times, list) and "OnReset" in times):
        body["@Redfish.SettingsApplyTime"] = {"ApplyTime": "OnReset"}
    try:
        answer = places.session.patch(settings, body)
    except DeviceRefused as error:
        raise _blocked(queue, error) from None
    return queue.made(answer) or _job_of(places, queue, settings)


def clear_pending(places: Places) -> None:
    """Drop what is staged and has no job; nothing when nothing is."""
    settings = places.session.object(_settings(places, _bios(places)))
    action = places.action(settings, "DellManager.ClearPending")
    if not action:
        raise places.no("way to drop what is staged", "reset the server: what is staged is applied then")
    try:
        places.session.send("POST", action, {})
    except DeviceRefused as error:
        if error.message_id not in _NOTHING_PENDING:
            raise


def _bios(places: Places) -> dict[str, Any]:
    uri = link(places.system, "Bios")
    if not uri:
        raise places.no("BIOS settings", "set them at the console")
    return places.session.object(uri)


def _settings(places: Places, bios: Mapping[str, Any]) -> str:
    uri = link(bios, "@Redfish.Settings", "SettingsObject")
    if not uri:
        raise places.no("BIOS settings that can be staged", "set them at the console")
    return uri


def _job_of(places: Places, queue: Queue, settings: str) -> str:
    """Return the job of a PATCH that named none: it is in the queue, or nobody made it and we do (row 6)."""
    if found := _open(queue):
        return found.id
    collection = link(places.manager, "Links", "Oem", "Dell", "Jobs")
    if not collection:
        return ""
    try:
        return queue.made(places.session.send("POST", collection, {"TargetSettingsURI": settings}))
    except DeviceRefused as error:
        # It was made after all, and told late: asking for one more gives SYS011 and no second job.
        if error.message_id in _JOB_OPEN and (found := _open(queue)):
            return found.id
        raise _blocked(queue, error) from None


def _open(queue: Queue) -> Job | None:
    return next((job for job in queue.all() if job.open and job.kind == _KIND), None)


def _blocked(queue: Queue, error: DeviceRefused) -> DeviceRefused:
    """Name the job that is in the way."""
    if error.message_id not in _JOB_OPEN:
        return error
    jobs = ", ".join(f"{job.id} ({job.word})" for job in queue.all() if job.open) or "none that it tells of"
    return DeviceRefused(
        f"{error} Open jobs: {jobs}", device=error.device, remedy=error.remedy, message_id=error.message_id, status=error.status
    )  # fmt: skip
