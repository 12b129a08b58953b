"""Tasks over the BIOS and firmware of a server: two tell what would be done, two do it. What changes a server is a run."""

from __future__ import annotations

from threading import Lock
from typing import Literal

import msgspec
from nornir.core.task import Result, Task

from nornir_tasks.bmc_inventory import way_of
from nornir_tasks.build import Build
from rackwright.push.bmc.changeset import Changeset, ServerChanges, Unread
from rackwright.push.bmc.order import make_order
from rackwright.push.bmc.reading import Planner, survey

__all__ = ["bios_apply", "bios_changes", "firmware_apply", "firmware_changes"]

_ONE_ENGINE = Lock()


def bios_changes(task: Task) -> Result:
    """Return what would be done to the BIOS settings of a server, its :class:`~rackwright.push.bmc.changeset.ServerChanges`."""
    return _told(task, _surveyed(task, "bios"))


def firmware_changes(task: Task, allow_downgrade: bool = False) -> Result:
    """Return the same about its firmware; a downgrade is refused unless it is allowed."""
    return _told(task, _surveyed(task, "firmware", allow_downgrade=allow_downgrade))


def bios_apply(task: Task, allow_disruption: bool = False, dry_run: bool | None = None) -> Result:
    """Bring the BIOS settings of one server to what its site plans; return its :class:`~rackwright.runs.Outcome`.

    Runs of one process take turns. A dry run, and one that would restart the host without ``allow_disruption``, only tells.
    """
    return _applied(task, _surveyed(task, "bios"), allow=allow_disruption, dry=task.is_dry_run(dry_run))


def firmware_apply(
    task: Task, allow_disruption: bool = False, allow_downgrade: bool = False, dry_run: bool | None = None
) -> Result:
    """Bring the firmware of one server to what its site plans, as :func:`bios_apply` does its settings."""
    found = _surveyed(task, "firmware", allow_downgrade=allow_downgrade)
    return _applied(task, found, allow=allow_disruption, dry=task.is_dry_run(dry_run))


def _surveyed(
    task: Task, part: Literal["bios", "firmware"], *, allow_downgrade: bool = False
) -> ServerChanges | Unread:
    build: Build = task.host["rackwright"]
    images, way = build.loaded.images if build.loaded else (), way_of(task)
    planner = Planner(build.catalog, build.plan.release, images, allow_downgrade, part, state=way.state, twin=way.twin)
    return survey(build.machines[task.host.name], way.bmc, way.clock, planner, lambda _device, _jobs: None)


def _told(task: Task, found: ServerChanges | Unread) -> Result:
    steps = () if isinstance(found, Unread) else found.way.steps
    text = msgspec.json.format(msgspec.json.encode(steps), indent=1).decode() if steps else ""
    return Result(task.host, result=found, diff=text, changed=False, failed=isinstance(found, Unread))


def _applied(task: Task, found: ServerChanges | Unread, *, allow: bool, dry: bool) -> Result:
    told = _told(task, found)
    refused = not isinstance(found, Unread) and bool(found.way.restarts) and not allow
    if isinstance(found, Unread) or dry or refused or not found.work:
        told.failed = told.failed or (refused and not dry)
        return told
    from rackwright.push.bmc.submitting import submit

    build, way = task.host["rackwright"], way_of(task)
    changeset = Changeset.of(build.plan.name, build.plan.digest, [found])
    with _ONE_ENGINE:
        report = submit(make_order(changeset, build.plan, build.catalog, way.state.parent), way, jobs=1)
    outcome = report.outcomes[task.host.name]
    done = outcome.state in {"done", "unchanged"}
    return Result(task.host, result=outcome, diff=told.diff, changed=outcome.state == "done", failed=not done)
