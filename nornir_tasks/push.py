"""Tasks that go to switches: one reads, one pushes. What changes a switch is a run of the durable engine."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

import msgspec
from nornir.core.task import Result, Task

from nornir_tasks.build import Build
from rackwright.push.changeset import make
from rackwright.push.impact import Interrupts
from rackwright.push.leases import held
from rackwright.push.order import Limits, make_order
from rackwright.push.reading import settled
from rackwright.push.submitting import Way, submit
from rackwright.render import switch_tree

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["push_nvue", "read_nvue"]

_ONE_ENGINE = Lock()


def read_nvue(task: Task, way: Way, waits: Callable[[str, float], None] | None = None) -> Result:
    """Return what a switch runs, as a :class:`~rackwright.push.reading.Reading`; one that cannot be read says why."""
    reading = settled(task.host.name, way.connect, way.clock, waits or (lambda _device, _seconds: None))
    return Result(task.host, result=reading, failed=reading.running is None)


def push_nvue(task: Task, way: Way, allow_disruption: bool = False, dry_run: bool | None = None) -> Result:
    """Bring one switch to what its site plans and return its :class:`~rackwright.runs.Outcome`; a run of its own.

    Runs of one process take turns. For a fleet use ``rackwright push``, which has waves, canaries and gates. A dry
    run, and one that would interrupt something without ``allow_disruption``, only tells the diff.
    """
    build: Build = task.host["rackwright"]
    name = task.host.name
    switch = next(switch for switch in build.plan.switches if switch.name == name)
    intended = {name: switch_tree(switch, build.overlays)}
    reading = settled(name, way.connect, way.clock, lambda _device, _seconds: None)
    changeset = make(
        build.plan.name, build.plan.digest, [reading], intended, Interrupts(build.plan), held=held(way.leases)
    )  # fmt: skip
    if not changeset.devices:
        return Result(task.host, result=reading, failed=True)
    changes = changeset.devices[0]
    text = msgspec.json.format(msgspec.json.encode(changes.changes), indent=1).decode() if changes.steps else ""
    dry = task.is_dry_run(dry_run)
    refused = bool(changes.impact) and not allow_disruption and not dry
    if dry or refused:
        return Result(task.host, result=changes.impact, diff=text, changed=False, failed=refused)
    with _ONE_ENGINE:
        report = submit(make_order(changeset, intended, build.plan, Limits()), way, jobs=1)
    outcome = report.outcomes[name]
    return Result(
        task.host,
        result=outcome,
        diff=text,
        changed=outcome.state == "done",
        failed=outcome.state not in ("done", "unchanged"),
    )
