"""Tasks that look at switches and change nothing: one asks, one asks and judges.

nr = reaching(nornir_of_site("my-site"), "my-site")
for name, result in nr.run(task=audit_nvue, checks=["ROCE"]).items():
    print(name, result.failed)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from nornir.core.task import Result, Task

from nornir_tasks.build import Build
from nornir_tasks.connection import CONNECTION
from rackwright import audit
from rackwright.drivers.clock import Clock
from rackwright.drivers.nvue.model import Nvue
from rackwright.errors import DriverError
from rackwright.render import switch_tree

__all__ = ["Way", "ask_nvue", "audit_nvue"]


class Way(Protocol):
    """How switches are reached; ``rackwright.cli.reaching.Reach`` is one."""

    @property
    def clock(self) -> Clock:
        """The clock that the switches live by."""

    def connect(self, device: str) -> Nvue:
        """Open a session with a switch."""


def ask_nvue(task: Task, way: Way | None = None, checks: Sequence[str] = (), taken: str = "") -> Result:
    """Ask one switch what the checks need, in one session, and return its :class:`~rackwright.audit.Evidence`.

    One that cannot be reached has evidence too: why. ``checks`` are ids, all when empty; ``way`` is that of
    :func:`~nornir_tasks.connection.reaching` when none is given.
    """
    way = way or _prepared(task)
    build: Build = task.host["rackwright"]
    name = task.host.name
    asked = audit.questions(build.audited.switches[name], build.audited, checks)
    try:
        session = way.connect(name)
    except DriverError as error:
        return Result(task.host, result=audit.unreached(name, error, taken), failed=True)
    try:
        return Result(task.host, result=audit.collect(session, name, asked, clock=way.clock, taken=taken))
    finally:
        session.close()


def _prepared(task: Task) -> Way:
    options = task.host.connection_options.get(CONNECTION)
    if options is None or not options.extras:
        raise DriverError(f"{task.host.name}: no way to it; prepare Nornir with nornir_tasks.reaching(nornir, site)")
    way: Way = options.extras["reach"]
    return way


def audit_nvue(task: Task, way: Way | None = None, checks: Sequence[str] = (), taken: str = "") -> Result:
    """Ask one switch and return the findings about it alone; failed when one is wrong or could not be told.

    What takes several switches to see (a cable between two) is judged from this end. ``rackwright audit`` sees both.
    """
    build: Build = task.host["rackwright"]
    name = task.host.name
    evidence: audit.Evidence = task.run(ask_nvue, way=way, checks=checks, taken=taken)[0].result
    findings = audit.judge(
        build.plan, {name: evidence}, catalog=build.catalog, names=[name], checks=checks,
        intended=lambda switch: switch_tree(switch, build.overlays),
    )  # fmt: skip
    return Result(task.host, result=findings, failed=any(item.status in {"fail", "error"} for item in findings))
