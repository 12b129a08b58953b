"""What ``audit`` does between its options and its answer: evidence from devices or a folder, then the verdict."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from rackwright import audit, runs, secrets
from rackwright.audit import hosts, machines
from rackwright.audit.cabling import Port, Sight
from rackwright.cli import acceptance, building
from rackwright.cli import machines as servers
from rackwright.cli.reaching import Wanted, reach
from rackwright.cli.snapshots import held, there
from rackwright.cli.talk import Talk
from rackwright.drivers.reach import LEASES, STATE
from rackwright.errors import DocumentError, DriverError
from rackwright.findings import Finding
from rackwright.nvue.tree import Tree
from rackwright.plan.model import Switch
from rackwright.plan.workspace import Planned, Workspace
from rackwright.push.leases import held as owing
from rackwright.report.words import count, some

if TYPE_CHECKING:
    from nornir_tasks import Build
    from rackwright.drivers.reach import Reach

__all__ = ["Asked", "audited", "collected", "look_again"]

LAST: Final = "evidence"
"""Folder in the site's state that holds the last look at switches."""


@dataclass(frozen=True)
class Asked:
    """What an audit is to look at."""

    checks: tuple[str, ...] = ()
    limits: audit.Limits = field(default_factory=audit.Limits)
    keep: Path | None = None
    snapshot: Path | None = None
    switches: bool = True
    domains: tuple[machines.Domain, ...] = machines.DOMAINS
    """What to judge of servers; empty: nothing."""
    hosts: bool = False
    """The operating systems of servers are meant too."""
    benchmarks: int = 0
    """Level of ``dcgmi diag`` with which benchmarks are run on hosts; 0: none is run."""
    bundle: bool = False
    """Support bundles are fetched from hosts that are not as they should be, into ``keep``."""
    everything: bool = False
    """Nobody said what to look at: what a snapshot or a twin does not hold is passed over, and that is said."""


@dataclass(frozen=True)
class _Scope:
    """A planned site and who is meant."""

    talk: Talk
    opened: Workspace
    planned: Planned
    wanted: Wanted
    asked: Asked
    switches: frozenset[str]
    servers: servers.Servers
    bmcs: tuple[str, ...]
    systems: acceptance.Systems
    hosts: tuple[str, ...]

    @property
    def folder(self) -> Path:
        return self.opened.file.parent


def audited(talk: Talk, folder: Path, wanted: Wanted, asked: Asked) -> tuple[Finding, ...]:
    """Look at the devices of a site, or at a snapshot of them, and judge; the look at switches is kept as the last one."""
    opened, planned = building.plan_site(talk, folder)
    if planned.changed:
        talk.say(f"{opened.lock_path} is behind the site: 'rackwright plan' brings it up to date")
    scope = _scope(talk, opened, planned, wanted, asked)
    with _uncollected():
        return _judged(scope)


def _judged(scope: _Scope) -> tuple[Finding, ...]:
    """Ask and judge everything that is meant."""
    found: tuple[Finding, ...] = ()
    told = _hosts_told(scope) if scope.hosts else {}
    saw: dict[Port, Sight] = {}
    if scope.switches:
        evidence = _switches_told(scope)
        found += _switches(scope, evidence, _hosts_saw(scope, told))
        saw = audit.switch_sights(scope.planned.plan, evidence, scope.opened.loaded.catalog) if told else {}
    if scope.bmcs:
        found += _servers(scope)
    if told:
        found += _hosts(scope, told, saw)
    if scope.asked.bundle and scope.asked.keep:
        bad = {one.subject for one in found if one.check in hosts.CHECKS and one.status in {"fail", "error"}}
        names = [name for name, one in told.items() if name in bad and not one.error]
        acceptance.bundled(scope.talk, scope.systems, names, scope.systems.way(names, scope.wanted), scope.asked.keep)
    return found


def collected(
    talk: Talk, folder: Path, wanted: Wanted, asked: Asked
) -> tuple[list[audit.Evidence], list[audit.Evidence]]:
    """Ask the devices of a site everything that an audit could, and judge nothing; return devices, and hosts."""
    opened, planned = building.plan_site(talk, folder)
    scope = _scope(talk, opened, planned, wanted, asked)
    found: list[audit.Evidence] = []
    if scope.switches:
        found += _looked(talk, _build(scope), reach(planned.plan, scope.folder, _limited(scope)), ()).values()
    if scope.bmcs and (way := _way(scope)):
        found += servers.looked(
            talk, way, scope.bmcs, machines.topics(asked.domains), jobs=wanted.at_once(servers.BMC_JOBS)
        ).values()
    return found, list(_hosts_told(scope).values()) if scope.hosts else []


def _scope(talk: Talk, opened: Workspace, planned: Planned, wanted: Wanted, asked: Asked) -> _Scope:
    """Find out who is meant; raises a usage error for a pattern of ``--limit`` that means nobody."""
    of_site = servers.of_site(opened, planned)
    names = [switch.name for switch in planned.plan.switches] if asked.switches else []
    boards = of_site.meant(wanted.limit) if asked.domains else ()
    systems = [machine.name for machine in of_site.machines] if asked.hosts else []
    if wanted.limit:
        meant = building.chosen([*names, *(of_site.addresses if asked.domains else ()), *systems], wanted.limit)
        names = [name for name in names if name in meant]
        systems = [name for name in systems if name in meant]
    scope = _Scope(
        talk, opened, planned, wanted, asked, frozenset(names), of_site, boards, acceptance.Systems(opened, planned),
        tuple(systems),
    )  # fmt: skip
    return _held(scope) if asked.snapshot else scope


def _held(scope: _Scope) -> _Scope:
    """Leave out what a snapshot holds nothing of, where nobody asked for it by name."""
    folder = scope.asked.snapshot or Path()
    switches, bmcs = there(folder, scope.switches), there(folder, scope.bmcs)
    hosts = acceptance.there(folder, scope.hosts)
    if not switches and not bmcs and not hosts:
        remedy = "take it with 'rackwright snapshot' or 'rackwright audit --keep'"
        raise DocumentError(f"{folder} holds no evidence of these devices: {remedy}")
    # A tree of a server says nothing of the BMCs on its adapters; it tells their firmware itself.
    scope = replace(scope, bmcs=tuple(name for name in scope.bmcs if "." not in name or name in bmcs))
    # A site has thousands of hosts, and a folder often one: only those that it holds are judged, unless they are named or it holds none.
    if scope.asked.everything or (hosts and not scope.wanted.limit):
        scope = _holding(scope, folder, hosts)
    if not scope.asked.everything:
        return scope
    if not switches and scope.switches:
        scope.talk.say(f"{folder} holds no switch: switches are not judged")
    if not bmcs and scope.bmcs:
        scope.talk.say(f"{folder} holds no server: servers are not judged")
    return replace(scope, switches=scope.switches if switches else frozenset(), bmcs=scope.bmcs if bmcs else ())


def _holding(scope: _Scope, folder: Path, hosts: Sequence[str]) -> _Scope:
    """Leave out the hosts that a snapshot does not hold, and say so where it holds others."""
    lacking = [name for name in scope.hosts if name not in set(hosts)]
    if hosts and lacking:
        scope.talk.say(f"{folder} holds nothing of {some(lacking)}: {count(len(lacking), 'host')} not judged")
    return replace(scope, hosts=tuple(hosts))


# --- switches ----------------------------------------------------------------------------------


def _build(scope: _Scope) -> Build:
    from nornir_tasks import Build
    from rackwright.render.site_overlays import of_site

    loaded = scope.opened.loaded
    return Build(scope.planned.plan, loaded.catalog, of_site(loaded.overlays, scope.folder))


def _of(state: Path, *, twin: bool) -> Path:
    # What is kept of a twin's switches goes when the twin goes, and is never taken for that of real ones.
    return state / "twin" if twin else state


def look_again(way: Reach, site: audit.Site) -> None:
    """Look at the links of switches and keep that as the last look: what a run took down is behind it, and what goes down from here on is told."""
    taken = datetime.now(UTC).isoformat(timespec="milliseconds")

    def ask(name: str) -> audit.Evidence:
        questions = audit.questions(site.switches[name], site, ["LINK-FLAPS"])
        try:
            with closing(way.connect(name)) as session:
                return audit.collect(session, name, questions, clock=way.clock, taken=taken)
        except DriverError as error:
            return audit.unreached(name, error, taken)

    last = _of(way.state, twin=way.twin) / LAST
    with ThreadPoolExecutor(way.jobs, thread_name_prefix="look") as threads:
        told = dict(zip(way.endpoints, threads.map(ask, way.endpoints), strict=True))
    audit.write(last, _merged(audit.read(last, told, audit.COMPARED), told))


def _switches_told(scope: _Scope) -> dict[str, audit.Evidence]:
    """Ask the switches, or read what a snapshot holds of them."""
    asked = scope.asked
    if asked.snapshot is None:
        way = reach(scope.planned.plan, scope.folder, _limited(scope))
        evidence = _looked(scope.talk, _build(scope), way, asked.checks)
    else:
        evidence = dict(audit.read(asked.snapshot, scope.switches))
    if asked.keep:
        audit.write(asked.keep, evidence.values())
    return evidence


def _switches(
    scope: _Scope, evidence: Mapping[str, audit.Evidence], hosts: Mapping[Port, Sight]
) -> tuple[Finding, ...]:
    from rackwright.render import switch_tree

    plan, asked, build = scope.planned.plan, scope.asked, _build(scope)
    kept = _of(scope.folder / STATE, twin=scope.wanted.twin)
    last = kept / LAST
    before = audit.read(last, scope.switches, audit.COMPARED)
    if asked.snapshot is None:
        audit.write(last, _merged(before, evidence))
    trees: dict[str, Tree] = {}

    def rendered(switch: Switch) -> Tree:
        if switch.name not in trees:
            trees[switch.name] = switch_tree(switch, build.overlays)
        return trees[switch.name]

    taken = [one.taken for one in before.values()]
    worked = runs.worked(scope.folder / STATE, min(taken, default=""), twin=scope.wanted.twin) if before else {}
    return audit.judge(
        plan, evidence, catalog=scope.opened.loaded.catalog, intended=rendered,
        before=before, limits=asked.limits, names=scope.switches, checks=asked.checks,
        hosts=hosts, worked=worked, leases=owing(kept / LEASES),
    )  # fmt: skip


def _limited(scope: _Scope) -> Wanted:
    """Return the wish with the switches that are meant by name: patterns that mean servers alone are no mistake here."""
    return replace(scope.wanted, limit=tuple(sorted(scope.switches))) if scope.wanted.limit else scope.wanted


def _looked(talk: Talk, build: Build, way: Reach, checks: Sequence[str]) -> dict[str, audit.Evidence]:
    """Ask the switches through Nornir, as many at the same time as ``--jobs`` says."""
    import nornir_tasks
    from rackwright.errors import Unreachable

    taken = datetime.now(UTC).isoformat(timespec="seconds")
    found = {
        name: audit.unreached(name, Unreachable(why, device=name, remedy=""), taken) for name, why in way.astray.items()
    }
    names = list(way.endpoints)
    if names:
        # Nornir logs a failure with its traceback; ours is told once, as a sentence.
        logging.getLogger("nornir").addHandler(logging.NullHandler())
        runner = nornir_tasks.CompleteThreads(names, way.jobs, talk.counter("asked", len(names)))
        hosts = nornir_tasks.nornir_of(build).filter(filter_func=lambda host: host.name in way.endpoints)
        results = hosts.with_runner(runner).run(task=nornir_tasks.ask_nvue, way=way, checks=checks, taken=taken)
        for name, result in results.items():
            if result.exception is not None:
                raise result.exception
            found[name] = result[0].result
    questions = sum(len(item.answers) for item in found.values())
    talk.say(f"asked {count(questions, 'question')} of {count(len(names), 'switch')} in {talk.seconds():.1f} s")
    return found


def _merged(before: Mapping[str, audit.Evidence], now: Mapping[str, audit.Evidence]) -> list[audit.Evidence]:
    """Return what the last look is from here on: a switch that did not answer, or was asked less, keeps what it said, and when."""
    kept = []
    for name, item in now.items():
        answers = {answer.question: answer for answer in (before[name].answers if name in before else ())}
        answers |= {answer.question: answer for answer in item.answers if not answer.error}
        if not item.error:
            compared = any(answer.question in audit.COMPARED for answer in item.answers if not answer.error)
            taken = item.taken if compared or name not in before else before[name].taken
            kept.append(msgspec.structs.replace(item, taken=taken, answers=tuple(answers.values())))
    return kept


# --- servers -----------------------------------------------------------------------------------


@contextmanager
def _uncollected() -> Iterator[None]:
    """Look for no cycles meanwhile: what a rack tells is ten million objects in none, looked through again and again."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def _servers(scope: _Scope) -> tuple[Finding, ...]:
    asked, of_site = scope.asked, scope.servers
    if asked.snapshot is not None:
        evidence = held(asked.snapshot, scope.bmcs)
    else:
        way = _way(scope)
        if way is None:
            return ()
        evidence = servers.looked(
            scope.talk, way, scope.bmcs, machines.topics(asked.domains, asked.checks),
            jobs=scope.wanted.at_once(servers.BMC_JOBS), wanted=of_site.bios(),
        )  # fmt: skip
    if asked.keep:
        audit.write(asked.keep, evidence.values())
    return machines.judge(
        {machine.name: machine for machine in of_site.machines}, evidence, catalog=scope.opened.loaded.catalog, names=scope.bmcs, domains=asked.domains,
        checks=asked.checks, settings=of_site.settings,
    )  # fmt: skip


def _way(scope: _Scope) -> Reach | None:
    """Return how the BMCs are reached; None for a twin that has none, where nobody asked for them by name."""
    addresses = {name: scope.servers.addresses[name] for name in scope.bmcs}
    access = secrets.parse(scope.opened.loaded.require().access.bmc)
    way = reach(
        scope.planned.plan,
        scope.folder,
        replace(scope.wanted, limit=()),
        bmcs=addresses,
        bmc_password=access,
        bmc_user=scope.opened.loaded.require().bmc.user,
    )
    if scope.asked.everything and way.twin and not way.bmcs:
        scope.talk.say("the twin has no BMCs: servers are left out")
        return None
    return way


# --- hosts -------------------------------------------------------------------------------------


def _hosts_told(scope: _Scope) -> dict[str, audit.Evidence]:
    """Ask the hosts, or read what a snapshot holds of them; empty where nobody asked for hosts and a twin has none."""
    asked = scope.asked
    if asked.snapshot is not None:
        return acceptance.held(scope.systems, asked.snapshot, scope.hosts)
    way = scope.systems.way(scope.hosts, scope.wanted)
    if asked.everything and way.twin and not way.hosts:
        scope.talk.say("the twin has no operating systems of servers: hosts are left out")
        return {}
    evidence = acceptance.looked(scope.talk, scope.systems, scope.hosts, way)
    if asked.benchmarks:
        evidence = acceptance.benched(scope.talk, scope.systems, evidence, way, asked.benchmarks)
    if asked.keep:
        acceptance.keep(asked.keep, evidence.values())
    return evidence


def _hosts_saw(scope: _Scope, told: Mapping[str, audit.Evidence]) -> dict[Port, Sight]:
    """Return what hosts see at their ends of cables."""
    plan, catalog = scope.planned.plan, scope.opened.loaded.catalog
    if not told:
        return {}
    return hosts.host_sights(
        plan, hosts.HostLook(scope.systems.wanted, told, plan, catalog, names=frozenset(scope.hosts))
    )


def _hosts(scope: _Scope, told: Mapping[str, audit.Evidence], saw: Mapping[Port, Sight]) -> tuple[Finding, ...]:
    checks = scope.asked.checks
    return hosts.judge(
        scope.systems.wanted, told, scope.planned.plan, scope.opened.loaded.catalog, names=scope.hosts, checks=checks,
        switches=saw, told_by_switches=bool(saw) and (not checks or "LINK-CABLING" in checks),
    )  # fmt: skip
