"""Tasks over the software of a host: two tell what would be done, one does it. What changes a host is a run."""

from __future__ import annotations

from threading import Lock
from typing import Final

import msgspec
from nornir.core.task import Result, Task

from nornir_tasks.bmc_inventory import way_of
from nornir_tasks.build import Build
from rackwright.push.hosts.changeset import Unread
from rackwright.push.hosts.program import shipped
from rackwright.push.hosts.reading import Surveyor, host_order
from rackwright.render.hosts.variables import anchored, variables

__all__ = ["host_apply", "host_changes", "survey_host"]

_ONE_ENGINE: Final = Lock()


def survey_host(task: Task, surveyor: Surveyor) -> Result:
    """Return a :class:`~rackwright.push.hosts.changeset.HostChanges`, or an ``Unread`` that says why there is none."""
    found = surveyor.survey(task.host.name)
    return Result(task.host, result=found, failed=isinstance(found, Unread))


def host_changes(task: Task) -> Result:
    """Return what would be done to the software of a host, prepared with ``reaching_bmcs(nornir, site, hosts=addresses)``."""
    return _told(survey_host(task, _surveyor(task)))


def host_apply(task: Task, allow_disruption: bool = False, dry_run: bool | None = None) -> Result:
    """Bring the software of one host to what its site plans; return its :class:`~rackwright.runs.Outcome`.

    Runs of one process take turns. A dry run, and one that may restart the host without ``allow_disruption``, only tells.
    """
    from rackwright.push.hosts.order import make_order
    from rackwright.push.hosts.submitting import submit

    surveyor = _surveyor(task)
    told = _told(survey_host(task, surveyor))
    found, dry = told.result, task.is_dry_run(dry_run)
    if isinstance(found, Unread) or not found.stages or dry or (found.restarts and not allow_disruption):
        told.failed = told.failed or (not isinstance(found, Unread) and bool(found.stages) and not dry)
        return told
    build: Build = task.host["rackwright"]
    name = task.host.name
    order = make_order(build.plan, [host_order(found, surveyor.variables[name], surveyor.stacks[name])])
    with _ONE_ENGINE:
        outcome = submit(order, way_of(task), jobs=1).outcomes[name]
    done = outcome.state in {"done", "unchanged"}
    return Result(task.host, result=outcome, diff=told.diff, changed=outcome.state == "done", failed=not done)


def _surveyor(task: Task) -> Surveyor:
    build: Build = task.host["rackwright"]
    stacks = {one.name: one for one in build.stacks if one.name == task.host.name}
    way = way_of(task)
    # Files that the site names lie beside it, wherever the script runs.
    told = {name: anchored(variables(one), way.state.parent.resolve()) for name, one in stacks.items()}
    return Surveyor(way, shipped(), stacks, told, gather_s=0)


def _told(result: Result) -> Result:
    found = result.result
    text = (
        "" if isinstance(found, Unread) else msgspec.json.format(msgspec.json.encode(found.changes), indent=1).decode()
    )
    return Result(result.host, result=found, diff=text if text != "[]" else "", changed=False, failed=result.failed)
