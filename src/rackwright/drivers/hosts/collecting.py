"""How each host came out of a play, from what was told while it ran; nothing that was asked for may be missing in silence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, cast

import msgspec

from rackwright.drivers.hosts.events import Told
from rackwright.drivers.hosts.model import Change, Event, EventKind, HostResult, HostState

__all__ = ["Collector"]

_UNSEEN: Final = "no task of it was played: the playbook leaves it out, or there is no such role"
_ENDED: Final = "the play ended while this ran"


@dataclass
class _Course:
    """What was told of one host so far."""

    steps: tuple[str, ...]
    roles: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    tasks: int = 0
    bad: Told | None = None


class Collector:
    """Takes events and puts together the results; ``steps`` are the roles that were asked for, by host."""

    def __init__(self, steps: Mapping[str, tuple[str, ...]]) -> None:
        self._of = {name: _Course(roles) for name, roles in steps.items()}
        self._running: Told | None = None
        self._bad: frozenset[str] | None = None
        """Who failed, as Ansible sums it up; None until it did."""
        self._seen: frozenset[str] = frozenset()

    def take(self, told: Told) -> Event | None:
        """Enter one event, and return it as it is shown; None where it is not."""
        if told.kind == "stats":
            self._bad, self._seen = frozenset(told.bad), frozenset(told.seen)
            return None
        if told.kind == "task":
            self._running = told
        elif told.host in self._of:
            told = self._enter(self._of[told.host], told, called=self._is_handler(told))
        return Event(kind=cast("EventKind", told.kind), host=told.host, role=told.role, task=told.task, text=told.text)

    def _is_handler(self, told: Told) -> bool:
        now = self._running
        return now is not None and now.handler and (now.role, now.task) == (told.role, told.task)

    def _enter(self, course: _Course, told: Told, *, called: bool) -> Told:
        told = told if called and told.role in course.roles else _attributed(course, told)
        if told.role and told.role not in course.roles:
            course.roles.append(told.role)
        course.tasks += told.kind in {"ok", "changed", "failed"}
        if told.kind == "changed":
            course.changes.append(Change(role=told.role, task=told.task, difference=told.difference))
        if told.kind in {"failed", "unreachable"}:
            course.bad = told
        return told

    def results(self) -> dict[str, HostResult]:
        """Return how every host ended that was asked for."""
        return {name: self._result(name, course) for name, course in self._of.items()}

    def _result(self, name: str, course: _Course) -> HostResult:
        bad, roles = course.bad, tuple(course.roles)
        summed = self._bad is not None
        # What a rescue caught is no failure: Ansible's own sum says so.
        if bad is not None and (not summed or name in (self._bad or ())):
            state: HostState = "unreachable" if bad.kind == "unreachable" else "failed"
            return _ended(name, course, state, bad, bad.text)
        if not summed or name not in self._seen:
            running = _attributed(course, self._running) if self._running else None
            return _ended(name, course, "lost", running, _ENDED if running else "")
        unseen = [step for step in course.steps if step not in roles]
        if unseen or name in (self._bad or ()):
            told = Told(kind="failed", role=unseen[0] if unseen else "", host=name)
            return _ended(name, course, "failed", told, _UNSEEN)
        return HostResult(
            host=name,
            state="changed" if course.changes else "ok",
            changes=tuple(course.changes),
            roles=roles,
            done=roles,
            tasks=course.tasks,
        )


def _attributed(course: _Course, told: Told) -> Told:
    """Give what a step has other roles do to that step: a helper, or the proof of a step before it."""
    now = course.roles[-1] if course.roles else ""
    if not told.role or not now or told.role == now or not course.steps:
        return told
    if told.role in course.steps and course.steps.index(told.role) > course.steps.index(now):
        return told
    return msgspec.structs.replace(told, role=now, task=f"{told.role}: {told.task}")


def _ended(name: str, course: _Course, state: HostState, at: Told | None, message: str) -> HostResult:
    role = (at.role if at else "") or (course.roles[-1] if course.roles else "")
    return HostResult(
        host=name,
        state=state,
        role=role,
        task=at.task if at else "",
        action=at.action if at else "",
        message=message,
        changes=tuple(course.changes),
        roles=tuple(course.roles),
        done=tuple(one for one in course.roles if one != role),
        tasks=course.tasks,
    )
