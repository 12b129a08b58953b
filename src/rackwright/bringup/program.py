"""A bring-up as the durable engine runs it: its graph is in its order, and each task has its work here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final

from rackwright.bringup.held import edited
from rackwright.bringup.job import Job, Part
from rackwright.bringup.order import Order, decode
from rackwright.bringup.stages import BLINK, FABRIC, HANDOVER
from rackwright.bringup.work import cables, ends, looks, servers, switches, systems
from rackwright.bringup.world import World
from rackwright.errors import SiteChanged
from rackwright.runs.model import Context, Graph, Outcome, Task

__all__ = ["NAME", "VERSION", "Bringup"]

NAME: Final = "bringup"
VERSION: Final = "4"
"""Raised by hand whenever the steps of a task change their names or values."""

_PAUSE_S: Final = 60.0
"""Of the clock, between two tries: each of them waits for its device by itself."""

Work = Callable[[Job], Outcome]

_SWITCHES: Final[Mapping[str, Work]] = {
    "oob": switches.switch,
    "frontend": switches.switch,
    "backend": switches.switch,
    "fabric": looks.standing,
    "accept": looks.accepted_switch,
}
_SERVERS: Final[Mapping[str, Work]] = {
    "bmc": servers.settings,
    "hardware": looks.hardware,
    "head": systems.head,
    "firmware": servers.firmware,
    "os": systems.installed,
    "cabling": cables.cables,
    "stack": systems.stack,
    "accept": looks.accepted_server,
    "handover": servers.locked,
}
_GATES: Final[Mapping[str, Work]] = {
    FABRIC: looks.between,
    BLINK: cables.seen,
    HANDOVER: ends.handed_over,
}


@dataclass
class Bringup:
    """The program; what it needs of the world is given to it."""

    world: World
    name: str = field(default=NAME, init=False)
    version: str = field(default=VERSION, init=False)

    def graph(self, order: bytes) -> Graph:
        """Return the tasks of the order. Raises :class:`~rackwright.errors.SiteChanged` where it was made of another site."""
        return self._meant(order).graph

    def task(self, context: Context, order: bytes, task: Task, before: Mapping[str, Outcome]) -> Outcome:
        """Do one task."""
        return self._tried(Job(self.world, context, self._meant(order), task, before, _tasks(order)))

    def _meant(self, order: bytes) -> Order:
        whole = decode(order)
        if why := edited(whole, self.world):
            raise SiteChanged(f"{why}: start a new bring-up, it reads first")
        return whole

    def _tried(self, job: Job) -> Outcome:
        """Do a task, and once more where its device was not there and nothing of it was changed, as often as was agreed to."""
        work, context, most = _work_of(job.task, self.world), job.context, job.order.consent.tries
        for number in range(1, most + 1):
            # A journal is read by the names of its steps: those of another try have a word before them.
            again: Any = context if number == 1 else Part(context, f"try {number}, ")
            outcome = work(replace(job, context=again))
            if outcome.state != "failed" or not outcome.detail.get("passing") or number == most or context.cancelled():
                break
            context.event(f"tried again in {_PAUSE_S:.0f} s, for time {number + 1} of {most}: {outcome.cause}")
            context.sleep(_PAUSE_S)
        return outcome


def _work_of(task: Task, world: World) -> Work:
    if not task.device:
        return _GATES.get(task.name, switches.gate)
    return (_SWITCHES if task.device in world.switches else _SERVERS)[task.stage]


@lru_cache(maxsize=2)
def _tasks(order: bytes) -> Mapping[str, Task]:
    return {task.name: task for task in decode(order).graph.tasks}
