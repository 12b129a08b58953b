"""Stage ``cabling``: every cable of every server is where it is planned, seen together and told one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from rackwright import audit
from rackwright.bringup import blinking, concerns, files
from rackwright.bringup.job import Halted, Job, ended
from rackwright.bringup.work.looks import CABLES, look_at
from rackwright.findings import Finding
from rackwright.runs.model import GOOD, Outcome

__all__ = ["cables", "seen"]

_FOUND: Final = "findings/cabling.json"
_AGAIN: Final = "see what cabling/blink told of its switches, then retry"


class _Seen(msgspec.Struct, frozen=True):
    """What one look at the cables of some servers found."""

    servers: tuple[str, ...]
    findings: tuple[Finding, ...]
    evidence: tuple[str, ...] = ()
    about: dict[str, tuple[int, ...]] = {}
    """Server -> places of the findings that concern it, so that no server goes through those of all others."""


def seen(job: Job) -> Outcome:
    """Look at the cables of all servers together: blink, or ask the switches whom they hear."""
    good = [
        name for name in job.world.machines
        if any(job.tasks[task].device == name for task in job.before)
        and all(one.state in GOOD for task, one in job.before.items() if job.tasks[task].device == name)
    ]  # fmt: skip
    told = job.context.step("look", lambda: _kept(job, _looked(job, good)))
    return ended(job, "unchanged", servers=len(told["servers"]), findings=len(told["findings"]))


def cables(job: Job) -> Outcome:
    """Tell what the look found about the cables of one server; one that it did not see is looked at alone."""
    told = msgspec.convert(job.context.step("look", lambda: msgspec.to_builtins(_of(job))), _Seen)
    world = job.world
    mine = [one for one in told.findings if job.device in concerns.servers(one, world.peers, world.machines)]
    if not any(one.status in {"pass", "fail", "error"} for one in told.findings):
        mine = [*told.findings]
    if not mine and job.order.consent.proof == "blink" and _is_cabled(job):
        return job.failed("judge", Halted("nothing that was seen tells where its cables end", _AGAIN))
    return job.judged(mine, told.evidence)


def _is_cabled(job: Job) -> bool:
    """Tell whether a server has links that a blink proves."""
    return any(link.kind == "host" and link.b.device == job.device for link in job.world.plan.links)


def _of(job: Job) -> _Seen:
    path = job.context.folder / _FOUND
    if path.is_file():
        found = _read(path.read_bytes())
        if job.device in found.about:
            mine = tuple(found.findings[at] for at in found.about[job.device])
            return _Seen((job.device,), mine, found.evidence)
    return _looked(job, [job.device])


@lru_cache(maxsize=1)
def _read(data: bytes) -> _Seen:
    """Read what was kept of the look; every server asks, and gets what the first one read."""
    return msgspec.json.decode(data, type=_Seen)


def _kept(job: Job, found: _Seen) -> object:
    from rackwright.drivers import keeping

    about: dict[str, list[int]] = {name: [] for name in found.servers}
    for at, one in enumerate(found.findings):
        for name in concerns.servers(one, job.world.peers, about):
            about[name].append(at)
    kept = msgspec.structs.replace(found, about={name: tuple(places) for name, places in about.items()})
    keeping.keep(job.context.folder / _FOUND, msgspec.json.encode(kept))
    return {"servers": found.servers, "findings": [one.id for one in found.findings if one.status == "fail"]}


def _looked(job: Job, names: Sequence[str]) -> _Seen:
    if not names:
        return _Seen((), ())
    told: Callable[[Job, Sequence[str]], _Seen] = _blinked if job.order.consent.proof == "blink" else _heard
    return told(job, names)


def _blinked(job: Job, names: Sequence[str]) -> _Seen:
    found = blinking.blink(job.world.way, job.world.plan, names, say=job.context.event)
    return _Seen(tuple(names), found)


def _heard(job: Job, names: Sequence[str]) -> _Seen:
    """Ask the switches at the near ends, and judge who is heard where."""
    world, wanted = job.world, frozenset(names)
    switches = dict.fromkeys(
        link.a.device for link in world.plan.links
        if link.kind == "host" and link.b.device in wanted and link.a.device in world.way.endpoints
    )  # fmt: skip
    evidence = {name: look_at(job, name, CABLES) for name in switches}
    found = audit.judge(world.plan, evidence, catalog=world.catalog, names=evidence, checks=CABLES)
    kept = tuple(files.evidence(job.context.folder, job.task.stage, one) for one in evidence.values())
    return _Seen(tuple(names), found, kept)
