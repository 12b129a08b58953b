"""Stages ``hardware``, ``fabric`` and ``accept``: looks that change nothing, judged by the checks of the audit."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from rackwright import audit
from rackwright.audit import hosts, machines
from rackwright.audit.cabling import Port, Sight
from rackwright.audit.evidence import FACTS
from rackwright.bringup import concerns, files
from rackwright.bringup.job import Halted, Job, now, wrong
from rackwright.bringup.work import plugs
from rackwright.drivers.hosts import answered
from rackwright.drivers.nvue.model import Nvue
from rackwright.errors import DriverError
from rackwright.findings import Finding, finding
from rackwright.push.hosts.installing import nobody
from rackwright.runs.model import GOOD, Outcome

__all__ = ["Seen", "accepted_server", "accepted_switch", "astray", "between", "hardware", "look_at", "standing"]

CABLES: Final = ("LINK-CABLING", "LINK-STATE", "LINK-SPEED")
"""Checks that see cables."""
_LATER: Final = frozenset({"NIC-LINKS", "SERVER-POWER"})
"""Checks of a server's hardware that its cables and its system have a say in: they come with acceptance."""
_STANDING: Final = (
    "DEVICE-IDENTITY", "NOS-VERSION", "ROCE", "CONFIG-DRIFT", "CONFIG-UNSAVED", "BGP-SESSIONS", "BFD-SESSIONS", "EVPN-VNIS",
    "EVPN-L3VNIS",
)  # fmt: skip
"""Checks of a switch that no server has a say in."""

_LOOK: Final = "see why the switches before it failed, then retry"

_BOTH_ENDS: Final = "follow its cable; who is exchanged with it is told where both ends were seen: by fabric/gate, or at the server whose cable it is"

_HEARD: Final = "HOST-CABLING"
_IDENTITY: Final = "MACHINE-IDENTITY"
_OF_SYSTEM: Final = "/hosts"
"""What the folder of a system's evidence ends in."""
_BODY_ALONE: Final = "judged by its BMC alone: no operating system was looked at"

_HARDWARE: Final = tuple(
    name for name, check in machines.CHECKS.items() if check.domain == "hardware" and name not in _LATER
)


class Seen(NamedTuple):
    """What came of one look."""

    found: list[Finding]
    kept: list[str]
    """The files of its evidence."""
    versions: Mapping[str, str] = {}
    """Component -> version, where the look is about versions."""


# --- switches ------------------------------------------------------------------------------------


def standing(job: Job) -> Outcome:
    """Judge one switch by what it says of itself and its neighbours among the switches."""
    return _patiently(job, lambda: _switch(job, _STANDING, (*_STANDING, *CABLES)))


def accepted_switch(job: Job) -> Outcome:
    """Judge one switch by every check; a cable to a server that is wrong is that server's, and told."""
    return _patiently(job, lambda: _switch(job, (), ()))


def between(job: Job) -> Outcome:
    """Judge the cables between the switches by what all of them saw; who saw something wrong is asked again for a while."""
    names = [job.tasks[name].device for name in job.before]
    # Everything that hundreds of switches told would fill gigabytes: what says nothing of cables is left where it lies.
    evidence = dict(audit.parts(job.context.folder / "evidence" / "fabric", names, audit.CABLED))
    kept = {name: f"evidence/fabric/{name}.json" for name in evidence}
    if not evidence:
        return job.failed("judge", Halted("no switch could be looked at", _LOOK))

    def look() -> Seen:
        found = _cables_between(job, evidence)
        for name in {one.subject for one in wrong(found)} & evidence.keys():
            evidence[name] = look_at(job, name, CABLES)
            kept[name] = files.evidence(job.context.folder, "fabric/gate", evidence[name])
        return Seen(found, list(kept.values()))

    return _patiently(job, look)


def _cables_between(job: Job, evidence: Mapping[str, audit.Evidence]) -> list[Finding]:
    world = job.world
    found = audit.judge(world.plan, evidence, catalog=world.catalog, names=evidence, checks=CABLES)
    return [one for one in found if not concerns.servers(one, world.peers, world.machines)]


def _switch(job: Job, checks: Sequence[str], asked: Sequence[str]) -> Seen:
    world, name = job.world, job.device
    told = look_at(job, name, asked)
    wanted = checks or tuple(audit.CHECKS)
    found = audit.judge(
        world.plan, {name: told}, catalog=world.catalog, names=[name],
        checks=[check for check in wanted if check not in CABLES], intended=world.tree, site=world.audited,
    )  # fmt: skip
    if wrong(found):
        near = world.nearby.of(name)
        sights = audit.switch_sights(world.plan, {name: told}, world.catalog, near.names)
        found = tuple(
            astray(name, found, {port: near.wiring.links.get(port) for port in sights}, sights, world.switches)
        )
    if cables := [check for check in wanted if check in CABLES]:
        # Judged over every cable of the site, the cables of one switch cost half a second.
        seen = audit.judge(
            world.plan, {name: told}, catalog=world.catalog, names=[name], checks=cables,
            site=world.audited, cables=world.nearby.of(name),
        )  # fmt: skip
        # Seen from one end, what is to be moved would be a guess.
        known = {one.path for one in found if one.check in CABLES}
        found = (*found, *(one for one in seen if one.check in CABLES and one.path.partition(".")[0] not in known))
    return Seen(list(found), [files.evidence(job.context.folder, job.task.stage, told)], audit.versions(told))


def astray(
    name: str,
    found: Sequence[Finding],
    planned: Mapping[Port, Port | None],
    sights: Mapping[Port, Sight],
    switches: Collection[str],
) -> list[Finding]:
    """Return what is wrong with a switch, its cables that lead elsewhere than to their switch first: what is down with them is a note.

    A port where somebody is heard who does not belong there is told; one that hears nobody, only where something on it is down.
    """
    cables: list[Finding] = []
    proven: set[str] = set()
    down = {word.rstrip(":") for one in wrong(found) for word in one.message.split()}
    for port, sight in sorted(sights.items()):
        far = planned[port]
        if far is None or far.device not in switches or sight.up is not True or far in sight.neighbours:
            continue
        if sight.neighbours:
            proven.add(port.name)
            there = sight.neighbours[0]
            cables.append(_led(name, port, far, f"leads to {there}, not to {far}", str(there)))
        elif port.name in down:
            cables.append(
                _led(name, port, far, f"is up and hears nobody: its cable may end elsewhere than at {far}", "nobody")
            )
    rest = [
        concerns.noted(one) if proven & {word.rstrip(":") for word in one.message.split()} else one for one in found
    ]
    return [*cables, *rest]


def _led(name: str, port: Port, far: Port, what: str, there: str) -> Finding:
    return finding(
        "LINK-CABLING", name, f"{port.name} {what}", path=port.name, expected=f"{port} - {far}", actual=f"{port} - {there}",
        remedy=_BOTH_ENDS, evidence=[f"{port} sees {there}"],
    )  # fmt: skip


def look_at(job: Job, name: str, checks: Collection[str]) -> audit.Evidence:
    """Ask one switch what some checks need, all where none is named."""
    world = job.world
    questions = audit.questions(world.switches[name], world.audited, checks)
    left = world.idle.take(name) if FACTS in questions else None
    if left is not None:
        told = _asked_of(job, left, name, questions)
        if not told.by_question()[FACTS].error:
            return told
    try:
        session = world.way.connect(name)
    except DriverError as error:
        return audit.unreached(name, error, now())
    return _asked_of(job, session, name, questions)


def _asked_of(job: Job, session: Nvue, name: str, questions: Sequence[str]) -> audit.Evidence:
    """Ask a switch in a session, and leave it to the next look."""
    with contextlib.ExitStack() as undo:
        undo.callback(session.close)
        told = audit.collect(session, name, questions, clock=job.world.way.clock, taken=now())
        undo.pop_all()
    job.world.idle.leave(name, session)
    return told


# --- servers -------------------------------------------------------------------------------------


def hardware(job: Job) -> Outcome:
    """Judge the hardware of one server by what its BMC tells: model, memory, GPUs, adapters in their places."""
    return _once(job, lambda: _server(job, [job.device], ("hardware",), _HARDWARE))


def accepted_server(job: Job) -> Outcome:
    """Judge one server by every check of its BMC, those of its adapters' BMCs, and of its operating system."""
    turns = itertools.count()

    def look() -> Seen:
        anew = next(turns) > 0 or job.context.number > 1
        seen = whole()
        plugged = plugs.Plugs(job, [job.device], lambda name: look_at(job, name, CABLES), anew=anew)
        found = plugged.found(seen.found, lambda: _standing(job, seen.found))
        mine = [one for one in found if job.device in concerns.servers(one, job.world.peers, job.world.machines)]
        return seen._replace(found=seen.found + mine, kept=seen.kept + plugged.kept)

    def whole() -> Seen:
        cards = [name for name in job.world.way.bmcs if name.partition(".")[0] == job.device and name != job.device]
        body = _server(job, [job.device, *cards], machines.DOMAINS, ())
        if job.device in job.world.way.hosts and _has_system(job):
            system = _system(job)
            return Seen(body.found + system.found, body.kept + system.kept, {**body.versions, **system.versions})
        return body._replace(versions={**body.versions, hosts.NO_SYSTEM: audit.UNKNOWN})

    outcome = _patiently(job, look)
    if outcome.state in GOOD and not any(f"{_OF_SYSTEM}/" in file for file in outcome.detail["evidence"]):
        return msgspec.structs.replace(outcome, cause=_BODY_ALONE)
    return outcome


def _standing(job: Job, found: Iterable[Finding]) -> frozenset[str]:
    """Return the servers that are known to stand where they are planned: by what this one's system hears, or by this run's ``cabling``."""
    told = {(one.check, one.status) for one in found}
    # A system that calls itself so on another machine proves no place.
    heard = (_HEARD, "pass") in told and (_IDENTITY, "fail") not in told
    return plugs.stood(job) | ({job.device} if heard else set())


def _server(job: Job, names: Sequence[str], domains: Sequence[machines.Domain], checks: Sequence[str]) -> Seen:
    world = job.world
    told = {name: _asked(job, name, domains, checks) for name in names}
    look = machines.MachineLook(
        world.machines, told, world.catalog, frozenset(names), frozenset(domains), frozenset(checks), world.settings,
        apart=world.apart,
    )  # fmt: skip
    try:
        # What was read of a BMC is made values of once, for the checks and for the record.
        found, versions = machines.verdict(look), machines.versions(look) if "firmware" in domains else {}
    finally:
        look.let_go()
    return Seen(
        list(found), [files.evidence(job.context.folder, job.task.stage, one) for one in told.values()], versions
    )


def _asked(job: Job, name: str, domains: Iterable[machines.Domain], checks: Iterable[str]) -> audit.Evidence:
    world = job.world
    try:
        session = world.way.bmc(name, patience_s=world.patience.first_s)
    except DriverError as error:
        return audit.unreached(name, error, now())
    try:
        topics = machines.topics(domains, checks)
        return machines.collect(
            session, name, topics, clock=world.way.clock, taken=now(), factory=False, wanted=world.bios.get(name)
        )
    finally:
        session.close()


def _has_system(job: Job) -> bool:
    """Tell whether a server is to have an operating system: this run planned one, one has let us in before, or somebody answers.

    One that hangs or shuts us out is there to be judged: without it a dead host would be accepted by its BMC.
    """
    if any(f"{stage}/{job.device}" in job.tasks for stage in ("head", "os", "stack")):
        return True
    way = job.world.way
    if answered.seen(way.answered, job.device, job.world.machines[job.device].service_tag):
        return True
    try:
        way.host(job.device).close()
    except DriverError as error:
        return not nobody(error)
    return True


def _system(job: Job) -> Seen:
    world, name = job.world, job.device
    try:
        session = world.way.host(name)
    except DriverError as error:
        told = audit.unreached(name, error, now())
    else:
        try:
            told = hosts.collect(session, world.systems[name], world.catalog, clock=world.way.clock, taken=now())
        finally:
            session.close()
    own, cables = {name: world.systems[name]}, world.nearby.of(name)
    look = hosts.HostLook(own, {name: told}, world.plan, world.catalog, frozenset({name}), cables=cables)
    kept = files.evidence(job.context.folder, f"{job.task.stage}{_OF_SYSTEM}", told)
    return Seen(list(hosts.verdict(look)), [kept], hosts.versions(look))


# --- looking until it is right -------------------------------------------------------------------

_Look = Callable[[], Seen]


def _once(job: Job, look: _Look) -> Outcome:
    return _patiently(job, look, patience_s=0)


def _patiently(job: Job, look: _Look, patience_s: float | None = None) -> Outcome:
    """Look until nothing is wrong or the time is over: sessions come up late, and a host starts for minutes."""
    world = job.world
    clock, limit = world.way.clock, world.patience.settle_s if patience_s is None else patience_s

    def work() -> object:
        until = clock.now() + limit
        while True:
            seen = look()
            if not _stopping(job, seen.found) or clock.now() >= until:
                return {"found": concerns.packed(seen.found), "kept": seen.kept, "versions": dict(seen.versions)}
            clock.sleep(world.patience.poll_s)

    told = job.context.step("look", work)
    found = concerns.unpacked(told["found"])
    # A run that was begun by an older program has none in its journal.
    return job.judged(_mine(job, found), told["kept"], told.get("versions"))


def _stopping(job: Job, found: Sequence[Finding]) -> list[Finding]:
    return wrong(_mine(job, found))


def _mine(job: Job, found: Sequence[Finding]) -> list[Finding]:
    """Make notes of what is wrong with the cables of servers, where a switch is judged."""
    world = job.world
    if job.device not in world.switches:
        return list(found)
    return [concerns.noted(one) if one.check in CABLES and _of_servers(job, one) else one for one in found]


def _of_servers(job: Job, found: Finding) -> bool:
    """Tell whether a finding about cables is for servers to mend, and not one at a port towards another switch."""
    world = job.world
    between = world.peers.get((found.subject, found.path.partition(".")[0])) in world.switches
    return not between and bool(concerns.servers(found, world.peers, world.machines))
