"""Stage ``cabling``: every cable of every server is where it is planned, seen together and told one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import lru_cache
from threading import Lock
from typing import Final

import msgspec

from rackwright import audit
from rackwright.audit.cabling import Port
from rackwright.bringup import blinking, concerns, files
from rackwright.bringup.job import Halted, Job, ended
from rackwright.bringup.work import plugs
from rackwright.bringup.work.looks import CABLES, look_at
from rackwright.drivers import keeping
from rackwright.findings import Finding, finding
from rackwright.runs.model import GOOD, Outcome

__all__ = ["cables", "seen"]

_ONE_BLINK: Final = Lock()
_BLINK: Final = "'--proof blink' proves them without a system"
_AGAIN: Final = "see what cabling/blink told of its switches, then retry"


class _Seen(msgspec.Struct, frozen=True):
    """What one look at the cables of some servers found."""

    servers: tuple[str, ...]
    findings: tuple[Finding, ...]
    evidence: tuple[str, ...] = ()
    about: dict[str, tuple[int, ...]] = {}
    """Server -> places of the findings that concern it, so that no server goes through those of all others."""
    managed: tuple[Finding, ...] = ()
    """What was found about management cables, which no proof of the others says anything of; places count on through these."""
    standing: tuple[str, ...] = ()
    """Servers with a cable, no management cable, that is where it is planned: they stand in their own places."""


def seen(job: Job) -> Outcome:
    """Look at the cables of all servers together: blink, or ask the switches whom they hear."""
    bad = {job.tasks[task].device for task, one in job.before.items() if one.state not in GOOD}
    # Where nothing goes before, as with --only cabling, all are looked at: blinks of single servers would meet at the switches.
    good = [name for name in job.world.machines if f"cabling/{name}" in job.tasks and name not in bad]
    told = job.context.step("look", lambda: _kept(job, _looked(job, good)))
    if left := concerns.unpacked(told.get("left", ())):
        # No server's to mend, so that none of them would tell it.
        return job.judged(left, [plugs.LOOK])
    return ended(job, "unchanged", servers=len(told["servers"]), findings=len(told["findings"]))


def cables(job: Job) -> Outcome:
    """Tell what the look found about the cables of one server; one that it did not see is looked at alone."""
    told = msgspec.convert(job.context.step("look", lambda: msgspec.to_builtins(_of(job))), _Seen)
    world = job.world
    mine, managed = (
        [one for one in every if job.device in concerns.servers(one, world.peers, world.machines)]
        for every in (told.findings, told.managed)
    )
    if not any(one.status in {"pass", "fail", "error"} for one in told.findings):
        mine = [*told.findings]
    if not mine and job.order.consent.proof == "blink" and _is_cabled(job):
        return job.failed("judge", Halted("nothing that was seen tells where its cables end", _AGAIN))
    outcome = job.judged([*mine, *managed], told.evidence)
    unproven = "; ".join(one.message for one in (*mine, *managed) if one.status == "skipped")
    return msgspec.structs.replace(outcome, cause=unproven) if outcome.state in GOOD else outcome


def _is_cabled(job: Job) -> bool:
    """Tell whether a server has links that a blink proves."""
    return any(link.kind == "host" and link.b.device == job.device for link in job.world.plan.links)


def _of(job: Job) -> _Seen:
    path = job.context.folder / plugs.LOOK
    # Who is tried again was mended: what was seen before that says nothing of it.
    if job.context.number == 1 and path.is_file():
        found = _read(path.read_bytes())
        if job.device in found.about:
            first = len(found.findings)
            mine = tuple(found.findings[at] for at in found.about[job.device] if at < first)
            managed = tuple(found.managed[at - first] for at in found.about[job.device] if at >= first)
            own = {near.device for near, _ in job.world.managed.get(job.device, ())}
            evidence = [file for file in found.evidence if plugs.of(file) in {"", *own}]
            return _Seen((job.device,), mine, (*evidence, plugs.LOOK), managed=managed)
    found = _looked(job, [job.device])
    alone = f"{plugs.LOOK.removesuffix('.json')}/{job.device}.json"
    keeping.keep(job.context.folder / alone, msgspec.json.encode(found))
    return msgspec.structs.replace(found, evidence=(*found.evidence, alone))


@lru_cache(maxsize=1)
def _read(data: bytes) -> _Seen:
    """Read what was kept of the look; every server asks, and gets what the first one read."""
    return msgspec.json.decode(data, type=_Seen)


def _kept(job: Job, found: _Seen) -> object:
    about: dict[str, list[int]] = {name: [] for name in found.servers}
    for at, one in enumerate((*found.findings, *found.managed)):
        for name in concerns.servers(one, job.world.peers, about):
            about[name].append(at)
    kept = msgspec.structs.replace(found, about={name: tuple(places) for name, places in about.items()})
    keeping.keep(job.context.folder / plugs.LOOK, msgspec.json.encode(kept))
    left = [one for one in found.findings if one.path == blinking.LEFT]
    return {
        "servers": found.servers, "findings": [one.id for one in (*found.findings, *found.managed) if one.status == "fail"],
        "left": concerns.packed(left),
    }  # fmt: skip


def _looked(job: Job, names: Sequence[str]) -> _Seen:
    if not names:
        return _Seen((), ())
    told: Callable[[Job, Sequence[str], Collection[str]], _Seen]
    told = _blinked if job.order.consent.proof == "blink" else _heard
    # Who is tried again was mended a moment ago.
    plugged = plugs.Plugs(job, names, lambda name: look_at(job, name, CABLES), anew=job.context.number > 1)
    seen = told(job, names, plugged.standing)
    managed = tuple(plugged.found(seen.findings, lambda: seen.standing))
    return msgspec.structs.replace(seen, managed=managed, evidence=(*seen.evidence, *plugged.kept))


def _blinked(job: Job, names: Sequence[str], standing: Collection[str]) -> _Seen:
    # Servers that are tried again at the same time blink in turn: an apply that waits is refused to the next.
    with _ONE_BLINK:
        way, plan = job.world.way, job.world.plan
        proof = blinking.blink(way, plan, names, say=job.context.event, standing=standing)
    return _Seen(tuple(names), proof.found, standing=tuple(sorted(proof.standing)))


def _heard(job: Job, names: Sequence[str], standing: Collection[str]) -> _Seen:
    """Ask the switches at the near ends, and judge who is heard where."""
    world, wanted = job.world, frozenset(names)
    switches = dict.fromkeys(
        link.a.device for link in world.plan.links
        if link.kind == "host" and link.b.device in wanted and link.a.device in world.way.endpoints
    )  # fmt: skip
    evidence = {name: look_at(job, name, CABLES) for name in switches}
    proof, unheard = audit.heard(world.plan, evidence, catalog=world.catalog, checks=CABLES, standing=standing)
    kept = tuple(files.evidence(job.context.folder, job.task.stage, one) for one in evidence.values())
    hosts = {(link.b.device, link.b.port) for link in world.plan.links if link.kind == "host"}
    silent: dict[str, list[tuple[Port, Port]]] = defaultdict(list)
    for near, far in unheard:
        if far.device in wanted and far in hosts:
            silent[far.device].append((near, far))
    answered = {name for name, one in evidence.items() if not one.error}
    return _Seen(
        tuple(names), (*proof.found, *(_silent(name, links, answered) for name, links in silent.items())), kept,
        standing=tuple(sorted(proof.standing & world.machines.keys())),
    )  # fmt: skip


def _silent(name: str, links: Sequence[tuple[Port, Port]], answered: Collection[str]) -> Finding:
    """Say of a server whose links no switch hears where they end that they are not verified: that is no proof."""
    away = sorted({near.device for near, _ in links} - set(answered))
    quiet = [(near, far) for near, far in links if near.device in answered]
    told = [f"no LLDP came in at {_named(near for near, _ in quiet)}"] if quiet else []
    told += [f"{', '.join(away)} could not be looked at"] if away else []
    remedy = (
        f"{_BLINK}; LLDP does once lldpd runs on {name}: 'rackwright bringup --only head,stack' first, then this again"
    )
    return finding(
        "LINK-CABLING", name, f"{len(links)} of its links not verified: {'; '.join(told)}", path="silent", status="error",
        expected="LLDP that says who is there", actual="nothing",
        remedy=remedy if quiet else f"see why {', '.join(away)} does not answer, then retry",
        evidence=[f"{near} to {far}: nothing heard" for near, far in links],
    )  # fmt: skip


def _named(ports: Iterable[Port]) -> str:
    """Name ports, each switch once: ``be01 swp1s0, swp1s1 and be02 swp1s0``."""
    by: dict[str, list[str]] = defaultdict(list)
    for port in ports:
        by[port.device].append(port.name)
    return " and ".join(f"{device} {', '.join(names)}" for device, names in by.items())
