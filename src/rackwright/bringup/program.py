"""A bring-up as the durable engine runs it: its graph is in its order, and each task has its work here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from rackwright.bringup.job import Job
from rackwright.bringup.order import decode
from rackwright.bringup.stages import BLINK, FABRIC, HANDOVER
from rackwright.bringup.work import cables, ends, looks, servers, switches, systems
from rackwright.bringup.world import World
from rackwright.errors import RunChanged
from rackwright.runs.model import Context, Graph, Outcome, Task

__all__ = ["NAME", "VERSION", "Bringup"]

NAME: Final = "bringup"
VERSION: Final = "1"
"""Raised by hand whenever the steps of a task change their names or values."""

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
        """Return the tasks of the order."""
        return decode(order).graph

    def task(self, context: Context, order: bytes, task: Task, before: Mapping[str, Outcome]) -> Outcome:
        """Do one task."""
        whole = decode(order)
        if whole.intent != self.world.plan.digest:
            raise RunChanged("the site has changed since this run was begun: start a new bring-up, it reads first")
        return _work_of(task, self.world)(Job(self.world, context, whole, task, before, _tasks(order)))


def _work_of(task: Task, world: World) -> Work:
    if not task.device:
        return _GATES.get(task.name, switches.gate)
    return (_SWITCHES if task.device in world.switches else _SERVERS)[task.stage]


@lru_cache(maxsize=2)
def _tasks(order: bytes) -> Mapping[str, Task]:
    return {task.name: task for task in decode(order).graph.tasks}
