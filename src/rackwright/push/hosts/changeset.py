"""A changeset of hosts: which tasks of which steps would change what, in which restarts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path as FilePath
from typing import Final, Literal

import msgspec

from rackwright.documents import canonical_json, digest
from rackwright.drivers.hosts.model import Change, HostFacts
from rackwright.errors import StalePlan
from rackwright.plan.stack_model import Reboot
from rackwright.push.hosts.order import StageOrder
from rackwright.push.kept import Kept, Unread, read, refuse_other_intent, refuse_other_site, refuse_unseen

__all__ = ["Changeset", "HostChanges", "Problem", "Unread", "load", "refuse_stale"]

_ANEW: Final = "look again with 'rackwright diff SITE --only host --against running -o FILE'"


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a look ahead came to an end."""

    role: str
    kind: str
    """Of :data:`rackwright.push.hosts.causes.Kind`."""
    cause: str
    remedy: str


class HostChanges(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one host has before it."""

    device: str
    model: str = ""
    tag: str = ""
    """Service tag of the plan; empty: not known."""
    facts: HostFacts
    changes: tuple[Change, ...] = ()
    """What ``--check --diff`` tells, task by task."""
    unproven: str = ""
    """Nothing would change, and yet a proof fails: the role, and what it says. A restart is outstanding."""
    stages: tuple[StageOrder, ...] = ()
    """What a push would play: from the first stage that has anything to do."""
    problem: Problem | None = None
    """Why the look ahead does not reach further; a push may come further, where an earlier stage brings what is missing."""

    @property
    def restarts(self) -> tuple[Reboot, ...]:
        """The most restarts that there may be; one that is outstanding is among them, and all from where the look ahead ends."""
        changed = {change.role for change in self.changes}
        ends = self.problem.role if self.problem is not None else ""
        unseen = self.problem is not None and not any(ends in stage.steps for stage in self.stages)
        found: list[Reboot] = []
        for stage in self.stages:
            unseen = unseen or ends in stage.steps
            steps = [step for step in stage.steps if step in changed]
            warm = any(stage.asking.get(step) == "warm" for step in steps)
            found.append(stage.reboot if unseen else stage.restart(steps, noted=warm))
        if found and found[0] == "none" and (self.unproven or self.facts.restart_due):
            found[0] = self.stages[0].reboot
        return tuple(word for word in found if word != "none")

    @property
    def before(self) -> str:
        """Digest of what was found."""
        return digest(canonical_json([[change.role, change.task, change.difference] for change in self.changes]))


class Changeset(Kept, frozen=True, kw_only=True):
    """What a push would do."""

    domain: Literal["host"] = "host"
    hosts: tuple[HostChanges, ...] = ()
    found: dict[str, str] = msgspec.field(default_factory=dict)
    """Host -> digest of what was found."""

    @classmethod
    def of(cls, site: str, intent: str, hosts: Iterable[HostChanges], unread: Iterable[Unread] = ()) -> Changeset:
        """Put together what was read of each host."""
        listed = tuple(hosts)
        found = {host.device: host.before for host in listed}
        return cls(site=site, intent=intent, hosts=listed, found=found, unread=tuple(unread))

    @property
    def changed(self) -> tuple[HostChanges, ...]:
        """The hosts that have anything before them."""
        return tuple(host for host in self.hosts if host.stages)


def load(path: FilePath) -> Changeset:
    """Read a kept changeset.

    Raises :class:`~rackwright.errors.DocumentError` when the file cannot be read as one of this version.
    """
    return read(path, Changeset, what="changeset of hosts", anew=_ANEW)


def refuse_stale(kept: Changeset, now: Changeset) -> None:
    """Refuse a kept changeset that no longer says what a push would do.

    A task that has nothing to change any more, since an earlier push of this file came that far, is no reason.
    Raises :class:`~rackwright.errors.StalePlan`, naming the host and the task.
    """
    refuse_other_site(kept, now)
    refuse_other_intent(kept, now, anew=_ANEW)
    today = {host.device: host for host in now.hosts}
    refuse_unseen((was.device for was in kept.hosts), today, anew=_ANEW)
    for was in kept.hosts:
        found = today.get(was.device)
        if kept.found.get(was.device) != was.before:
            raise StalePlan(f"{was.device}: the changeset was edited; {_ANEW}")
        if found is None:
            continue
        known = frozenset(was.changes)
        for change in found.changes:
            if change not in known:
                moved = f"{change.role}: {change.task!r} would do something else than"
                raise StalePlan(f"{was.device}: {moved} when the changeset was written; {_ANEW}")
        # Without a change a host is restarted all the same: a proof fails, or a restart is outstanding.
        if (found.stages and not was.stages) or (found.restarts and not was.restarts):
            since = found.unproven or (found.problem.cause if found.problem else "a restart is outstanding")
            raise StalePlan(f"{was.device}: {since}, which was not so when the changeset was written; {_ANEW}")
