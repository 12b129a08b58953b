"""A play on one emulated host: what is told comes as JSON on stdin, what happened goes out as JSON, a line an event.

The words of both sides are those that ``rackwright.drivers.hosts.emulated`` writes and reads. No secret comes with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec

from rackwright.twin.clock import TwinClock
from rackwright.twin.hosts.effects import Done, TaskFailed
from rackwright.twin.hosts.roles import ROLES
from rackwright.twin.hosts.system import System

__all__ = ["COMMAND", "Asked", "played"]

COMMAND: Final = "rackwright-twin-play"
_UNKNOWN: Final = "the twin does not know this role: it has no row in rackwright.twin.hosts.roles"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A play."""

    host: str
    playbook: str
    """``site`` or ``verify``."""
    check: bool
    steps: tuple[str, ...]
    variables: dict[str, Any]
    """The host's own, ``rackwright`` among them."""


async def played(
    asked: Asked, system: System, clock: TwinClock, alive: Callable[[], bool], deed: Callable[[str, str], None]
) -> list[dict[str, Any]]:
    """Play, and return what happened; a play ends where the host does (``alive``). ``deed`` is told of roles that changed the host."""
    told: Mapping[str, Any] = asked.variables["rackwright"]
    target = system.tried() if asked.check else system
    events: list[dict[str, Any]] = []
    bad = False
    for step in asked.steps:
        lines, changed, bad = _step(asked, step, target, told)
        if changed and not asked.check:
            deed("play", step)
            await asyncio.sleep(clock.real(ROLES[step].took_s))
            if not alive():
                return events
        events += lines
        if bad:
            break
    events.append({"kind": "stats", "bad": [asked.host] if bad else [], "seen": [asked.host]})
    return events


def _step(asked: Asked, step: str, system: System, told: Mapping[str, Any]) -> tuple[list[dict[str, Any]], bool, bool]:
    """Play one role; return events, whether it changed anything, and whether it failed."""
    events: list[dict[str, Any]] = []
    changed = False
    try:
        for done in _tasks(asked, step, system, told):
            changed = changed or done.changed
            events.append(_event("changed" if done.changed else "ok", asked.host, step, done))
    except TaskFailed as error:
        done = Done(error.task, error.action)
        events.append({**_event("failed", asked.host, step, done), "text": str(error)})
        return events, changed, True
    if not events:
        events.append(_event("ok", asked.host, step, Done("Look", "ansible.builtin.debug")))
    return events, changed, False


def _tasks(asked: Asked, step: str, system: System, told: Mapping[str, Any]) -> Iterator[Done]:
    role = ROLES.get(step)
    if role is None:
        raise TaskFailed("Play the role", _UNKNOWN)
    for one in role.proves if asked.playbook == "verify" else role.does:
        yield from one(system, told)


def _event(kind: str, host: str, role: str, done: Done) -> dict[str, Any]:
    event = {"kind": kind, "host": host, "role": role, "task": done.task, "action": done.action}
    return {**event, "difference": done.difference} if done.difference else event
