"""What ``bringup`` shows before it is begun: the devices of its tasks are read, as ``diff --against running`` reads them."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

import msgspec

from rackwright.cli.machines import BMC_JOBS
from rackwright.cli.talk import Talk

if TYPE_CHECKING:
    from rackwright.bringup.order import Consent
    from rackwright.bringup.world import World
    from rackwright.drivers.reach import Reach
    from rackwright.push.bmc.changeset import Changeset as Servers
    from rackwright.push.bmc.changeset import ServerChanges
    from rackwright.push.changeset import Changeset as Switches
    from rackwright.push.changeset import Unread
    from rackwright.push.hosts.changeset import Changeset as Hosts
    from rackwright.report.foresights import Foresight
    from rackwright.runs import Graph

_Kind = Literal["endpoints", "bmcs", "hosts"]
_T = TypeVar("_T")

__all__ = ["FILE", "foreseen", "shown"]

FILE: Final = "bringup-changes.txt"
"""The whole text, in ``SITE/.rackwright``; each look writes it anew."""
_KNOCKS: Final = 128
"""Doors that are knocked at together; it costs next to nothing."""
_KNOCK_S: Final = 3.0
_SHUT: Final = "somebody answers there: unless the planned machine lets us in by then it fails there, and is not wiped"


def shown(talk: Talk, world: World, graph: Graph, consent: Consent) -> tuple[list[str], dict[str, Any]]:
    """Read the devices, keep the whole text in a file, and return the summary as lines and as a value."""
    from rackwright.drivers import keeping
    from rackwright.report.foresights import foresight_lines, foresight_value, whole_lines

    found = foreseen(talk, world, graph, consent)
    path = world.way.state / FILE
    keeping.keep(path, ("\n".join(whole_lines(found)) + "\n").encode())
    lines = [*foresight_lines(found), f"each change: {path}"]
    return lines, {"changes": foresight_value(found, str(path))}


def foreseen(talk: Talk, world: World, graph: Graph, consent: Consent) -> Foresight:
    """Read every device that a task of the run would change, and compare it with what is planned; nothing is changed."""
    from rackwright.bringup.stages import SWITCHED, Scope
    from rackwright.report.foresights import Foresight

    stages: dict[str, dict[str, None]] = {}
    for task in graph.tasks:
        if task.device:
            stages.setdefault(task.stage, {})[task.device] = None

    def of(*words: str) -> list[str]:
        return list(dict.fromkeys(name for word in words for name in stages.get(word, ())))

    switches = _switches(talk, world, of(*SWITCHED))
    servers = _servers(talk, world, consent, of("bmc", "firmware", "handover"), stages.keys())
    hosts, silent = _hosts(talk, world, of("head", "stack"))
    scope = Scope(world.plan, tuple(world.machines))
    unseen = {name: world.tree(world.switches[name]) for name in of(*SWITCHED)} if world.way.transport == "ssh" else {}
    asked = of("head", "os")
    hung = _hung(world, consent, asked)
    met = {one.device for one in hosts.unread}.intersection(asked, world.way.hosts).difference(silent, consent.wipe)
    return Foresight(
        switches, servers, hosts, behind=scope.way_in, asides=tuple(_asides(world, consent, stages, hung)),
        trees=unseen, bare=_bare(consent, stages.keys()),
        hung={**hung, **_lacking(world, consent, asked), **dict.fromkeys(met, _SHUT)},
    )  # fmt: skip


def _switches(talk: Talk, world: World, names: list[str]) -> Switches:
    from nornir_tasks import Build
    from rackwright.cli import pushing
    from rackwright.push.changeset import Changeset

    if not names:
        return Changeset(site=world.plan.name, intent=world.plan.digest)
    way, dark = _lit(talk, world, names)
    trees = {name: world.tree(world.switches[name]) for name in names}
    build = Build(world.plan, world.catalog, world.overlays)
    found = pushing.compared(talk, pushing.Aim(world.plan, trees, way, build))
    return msgspec.structs.replace(found, unread=(*found.unread, *dark))


def _servers(talk: Talk, world: World, consent: Consent, names: list[str], stages: Collection[str]) -> Servers:
    from rackwright.cli import servers
    from rackwright.cli.settling import Settling
    from rackwright.push.bmc.changeset import Changeset

    plan = world.plan
    if not names:
        return Changeset(site=plan.name, intent=plan.digest)
    planner = replace(
        world.planner(allow_downgrade=consent.allow_downgrade), settings=world.settings, authority=world.authority,
        lift=consent.lift_lockdown,
    )  # fmt: skip
    settling = Settling(world.settings, consent.lift_lockdown, consent.factory_login)
    way, dark = _lit(talk, world, names, "bmcs")
    aim = servers.Aim(plan, world.folder, world.catalog, world.machines, way, planner, settling, BMC_JOBS)
    found = servers.compared(talk, aim)
    meant = (_meant(one, stages) for one in found.servers)
    return Changeset.of(plan.name, plan.digest, meant, (*found.unread, *dark))


def _meant(found: ServerChanges, stages: Collection[str]) -> ServerChanges:
    """Leave out what the stages of this run do not touch."""
    from rackwright.push.bmc.model import Way

    parts = {last for stage, last in (("bmc", False), ("handover", True)) if stage in stages}
    way = found.way if "firmware" in stages else Way(machine=found.device)
    changes = found.settings.changes
    if {change.kind for change in changes} == {"unlock", "lock"} and not way.steps:
        changes = ()  # it would be lifted for firmware and BIOS alone
    changes = tuple(change for change in changes if change.last in parts)
    told = changes or (found.settings.locked and way.steps)
    settings = msgspec.structs.replace(
        found.settings, changes=changes, problems=found.settings.problems if told else ()
    )
    return msgspec.structs.replace(found, settings=settings, way=way)


def _hosts(talk: Talk, world: World, names: list[str]) -> tuple[Hosts, Collection[str]]:
    """Return what is before hosts, and at whose door nobody answers."""
    from rackwright.cli import hosts
    from rackwright.push.hosts.changeset import Changeset

    if not names:
        return Changeset(site=world.plan.name, intent=world.plan.digest), ()
    way, dark = _lit(talk, world, names, "hosts")
    found = hosts.compared(talk, hosts.Aim(world.plan, world.folder, world.stacks, world.variables, way, world.lacks))
    return msgspec.structs.replace(found, unread=(*found.unread, *dark)), {one.device for one in dark}


def _lit(talk: Talk, world: World, names: Collection[str], kind: _Kind = "endpoints") -> tuple[Reach, list[Unread]]:
    """Return the way to those who are meant and answer at their port, and who does not.

    Each of a thousand devices that are still dark would cost a session's patience; a knock takes seconds for all of them.
    """
    from rackwright.push.changeset import Unread

    dark = _dark(talk, _doors(world.way, kind, names))
    lit = frozenset(names) - dark.keys()
    return _only(world.way, lit, names), [Unread(name, why) for name, why in dark.items()]


def _doors(way: Reach, kind: _Kind, names: Collection[str]) -> dict[str, tuple[str, int]]:
    """Return where each of the devices listens."""
    if kind == "bmcs":
        return {name: (one.host, one.redfish_port) for name, one in way.bmcs.items() if name in names}
    if kind == "hosts":
        return {name: (one.host, one.ssh_port) for name, one in way.hosts.items() if name in names}
    rest = way.transport == "rest"
    return {
        name: (one.host, one.rest_port if rest else one.ssh_port)
        for name, one in way.endpoints.items()
        if name in names
    }


def _dark(talk: Talk, doors: Mapping[str, tuple[str, int]]) -> dict[str, str]:
    """Return at whose door nobody answers, and why."""
    import nornir_tasks

    if not doors:
        return {}
    # A device that is not there is no failure here, and Nornir would log it as one.
    logging.getLogger("nornir").addHandler(logging.NullHandler())
    knocks = nornir_tasks.nornir_of_bmcs(doors, min(_KNOCKS, len(doors)), talk.counter("knocked at", len(doors)))
    told = knocks.run(task=nornir_tasks.knock, doors=doors, wait_s=_KNOCK_S)
    return {name: told[name][0].result for name in doors if told[name][0].result}


def _only(way: Reach, lit: Collection[str], names: Collection[str]) -> Reach:
    """Return the way to ``lit``; of those who are meant and have no address the reason stays in it."""

    def meant(known: Mapping[str, _T], some: Collection[str]) -> dict[str, _T]:
        return {name: one for name, one in known.items() if name in some}

    return replace(
        way, endpoints=meant(way.endpoints, lit), bmcs=meant(way.bmcs, lit), hosts=meant(way.hosts, lit),
        astray=meant(way.astray, names), bmcs_astray=meant(way.bmcs_astray, names),
        hosts_astray=meant(way.hosts_astray, names),
    )  # fmt: skip


def _bare(consent: Consent, stages: Collection[str]) -> str:
    if not {"head", "os"} & set(stages):
        return ""
    if consent.installer:
        return f"unless an operating system answers by then, it is wiped and installed from {consent.installer}"
    return "unless an operating system answers by then, it fails there: --installer would wipe it and install one"


def _hung(world: World, consent: Consent, names: Collection[str]) -> dict[str, str]:
    """Say of servers from which a system has let us in that they are not taken for bare ones."""
    from rackwright.push.hosts.bare import BareTarget, let_in

    if not consent.installer:
        return {}
    targets = [BareTarget(name, world.machines[name].service_tag) for name in names if name not in consent.wipe]
    seen = {target.device: let_in(world.way, target) for target in targets}
    return {
        name: f"an operating system let us in on {at}: where none answers by then it fails there and is not wiped (--wipe {name} allows it)"
        for name, at in seen.items()
        if at
    }


def _lacking(world: World, consent: Consent, names: Collection[str]) -> dict[str, str]:
    """Say of servers that cannot be installed what is against it."""
    return {
        name: f"it cannot be installed: {'; '.join(why)}; where no system answers by then it fails there"
        for name in names
        if consent.installer and (why := world.lacks.get(name))
    }


def _asides(
    world: World, consent: Consent, stages: Mapping[str, Collection[str]], hung: Collection[str]
) -> Iterator[str]:
    from rackwright.report.words import count

    if {"head", "os"} & set(stages) and "stack" not in stages:
        yield f"os: whether an operating system answers is asked when its turn comes; {_bare(consent, stages)}"
        if hung:
            more = f" and {len(hung) - 1} more" if len(hung) > 1 else ""
            yield f"os: never wiped, since a system has let us in there before: {next(iter(hung))}{more}; --wipe NAME allows it"
    if consent.image is not None:
        yield f"switches that run another version than {world.plan.nos} are installed anew first (--install), and set whole"
    if "cabling" in stages and consent.proof == "blink":
        servers = stages["cabling"]
        ends = [link.a.device for link in world.plan.links if link.kind == "host" and link.b.device in servers]
        if ends:
            where = f"{count(len(ends), 'host link')} on {count(len(set(ends)), 'switch', 'switches')}"
            yield f"cabling: ports of {where} go down in turns for seconds and come back; --proof lldp takes none down"
