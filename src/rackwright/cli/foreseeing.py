"""What ``bringup`` shows before it is begun: the devices of its tasks are read, as ``diff --against running`` reads them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import msgspec

from rackwright.cli.machines import BMC_JOBS
from rackwright.cli.talk import Talk

if TYPE_CHECKING:
    from rackwright.bringup.order import Consent
    from rackwright.bringup.stages import Scope
    from rackwright.bringup.world import World
    from rackwright.drivers.reach import Reach
    from rackwright.push.bmc.changeset import Changeset as Servers
    from rackwright.push.bmc.changeset import ServerChanges
    from rackwright.push.changeset import Changeset as Switches
    from rackwright.push.hosts.changeset import Changeset as Hosts
    from rackwright.report.foresights import Foresight
    from rackwright.runs import Graph

__all__ = ["FILE", "foreseen", "shown"]

FILE: Final = "bringup-changes.txt"
"""The whole text, in ``SITE/.rackwright``; each look writes it anew."""


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
    hosts = _hosts(talk, world, of("head", "stack"))
    scope = Scope(world.plan, tuple(world.machines))
    unseen = {name: world.tree(world.switches[name]) for name in of(*SWITCHED)} if world.way.transport == "ssh" else {}
    return Foresight(
        switches, servers, hosts, behind=scope.way_in, asides=tuple(_asides(world, consent, stages.keys(), scope)),
        trees=unseen, bare=_bare(consent, stages.keys()),
    )  # fmt: skip


def _switches(talk: Talk, world: World, names: list[str]) -> Switches:
    from nornir_tasks import Build
    from rackwright.cli import pushing
    from rackwright.push.changeset import Changeset

    if not names:
        return Changeset(site=world.plan.name, intent=world.plan.digest)
    trees = {name: world.tree(world.switches[name]) for name in names}
    build = Build(world.plan, world.catalog, world.overlays)
    return pushing.compared(talk, pushing.Aim(world.plan, trees, _only(world, names), build), names)


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
    way = _only(world, names)
    aim = servers.Aim(plan, world.folder, world.catalog, world.machines, way, planner, settling, BMC_JOBS)
    found = servers.compared(talk, aim, names)
    meant = (_meant(one, stages) for one in found.servers)
    return Changeset.of(plan.name, plan.digest, meant, found.unread)


def _meant(found: ServerChanges, stages: Collection[str]) -> ServerChanges:
    """Leave out what the stages of this run do not touch."""
    from rackwright.push.bmc.model import Way

    parts = {last for stage, last in (("bmc", False), ("handover", True)) if stage in stages}
    changes = tuple(change for change in found.settings.changes if change.last in parts)
    settings = msgspec.structs.replace(
        found.settings, changes=changes, problems=found.settings.problems if changes else ()
    )
    way = found.way if "firmware" in stages else Way(machine=found.device)
    return msgspec.structs.replace(found, settings=settings, way=way)


def _hosts(talk: Talk, world: World, names: list[str]) -> Hosts:
    from rackwright.cli import hosts
    from rackwright.push.hosts.changeset import Changeset

    if not names:
        return Changeset(site=world.plan.name, intent=world.plan.digest)
    way = _only(world, names)
    return hosts.compared(talk, hosts.Aim(world.plan, world.folder, world.stacks, world.variables, way), names)


def _only(world: World, names: Collection[str]) -> Reach:
    """Return the way without whom nobody asks about: who has no address is told of only where it is meant."""
    way = world.way

    def meant(astray: Mapping[str, str]) -> dict[str, str]:
        return {name: why for name, why in astray.items() if name in names}

    return replace(
        way, astray=meant(way.astray), bmcs_astray=meant(way.bmcs_astray), hosts_astray=meant(way.hosts_astray)
    )


def _bare(consent: Consent, stages: Collection[str]) -> str:
    if not {"head", "os"} & set(stages):
        return ""
    if consent.installer:
        return f"unless an operating system answers by then, it is wiped and installed from {consent.installer}"
    return "unless an operating system answers by then, it fails there: --installer installs one"


def _asides(world: World, consent: Consent, stages: Collection[str], scope: Scope) -> Iterator[str]:
    if {"head", "os"} & set(stages) and "stack" not in stages:
        yield f"os: whether an operating system answers is asked when its turn comes; {_bare(consent, stages)}"
    if consent.image is not None:
        yield f"switches that run another version than {world.plan.nos} are installed anew first (--install), and set whole"
    if "cabling" in stages and consent.proof == "blink":
        links = sum(link.kind == "host" for link in world.plan.links)
        switches = {name for names in scope.cabled.values() for name in names}
        yield (
            f"cabling: ports of {links} host links on {len(switches)} switches go down in turns for seconds and come back; "
            "--proof lldp takes none down"
        )
