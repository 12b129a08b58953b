"""What ``diff`` and ``push`` with ``--only bmc`` share: what servers should be, what their BMCs tell, and the difference."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import to_builtins
from msgspec.structs import replace

from rackwright import secrets
from rackwright.catalog.models import Catalog
from rackwright.cli import building
from rackwright.cli import machines as servers
from rackwright.cli.reaching import Reach, Wanted, reach
from rackwright.cli.settling import Settling, greeter
from rackwright.cli.talk import Talk
from rackwright.plan.machines import Machine
from rackwright.plan.model import Plan
from rackwright.push.basis import Basis, named, sections

if TYPE_CHECKING:
    from rackwright.push.bmc.changeset import Changeset, ServerChanges, Unread
    from rackwright.push.bmc.reading import Planner

__all__ = ["Aim", "aimed", "compared"]

_BACK_S: Final = 1800
"""Longest that a BMC is waited for which a push that was cut off may have left restarting (redfish.md 2.5)."""


@dataclass(frozen=True)
class Aim:
    """What servers are to become, and the way to their BMCs."""

    plan: Plan
    folder: Path
    """Folder of ``site.yaml``."""
    catalog: Catalog
    machines: Mapping[str, Machine]
    way: Reach
    planner: Planner
    settling: Settling
    asking: int
    """BMCs that are asked at the same time; ``way.jobs`` are those that are changed."""
    sections: Callable[[], Mapping[str, str]] = dict
    """Tells what is made of which part of the site."""

    def basis(self, names: Collection[str]) -> Basis:
        """Return what a push to BMCs is made of: what is cabled to a server decides on nothing of it."""
        release = self.catalog.releases[self.plan.release].model_dump(mode="json")
        images = to_builtins(self.planner.images)
        devices = {}
        for machine in (self.machines[name] for name in names if name in self.machines):
            adapters = tuple(replace(one, ports=()) for one in machine.adapters)
            parts = [replace(machine, adapters=adapters), self.settling.wanted.get(machine.name), release, images]
            devices[machine.name] = named(parts)
        return Basis(devices, dict(self.sections()))


def aimed(
    talk: Talk, site: Path, wanted: Wanted, *, allow_downgrade: bool = False, lift: bool = False, factory: bool = False
) -> Aim:
    """Plan a site in memory and work out what its servers should be and how their BMCs are reached.

    ``lift``: lockdown may be lifted meanwhile. ``factory``: the well-known password of the factory may be tried.
    """
    from rackwright.push.bmc.certificates import authority_name
    from rackwright.push.bmc.reading import Planner

    opened, planned = building.plan_site(talk, site)
    if planned.changed:
        talk.say(f"{opened.lock_path} is behind the site: 'rackwright plan' brings it up to date")
    loaded = opened.loaded
    intent, folder = loaded.require(), opened.file.parent
    meant = servers.of_site(opened, planned)
    found = {machine.name: machine for machine in meant.machines}
    building.chosen(found, wanted.limit)
    addresses = {name: machine.bmc_address for name, machine in found.items()}
    password = secrets.parse(intent.access.bmc)
    way = reach(planned.plan, folder, wanted, bmcs=addresses, bmc_password=password, bmc_user=intent.bmc.user)
    signed = any(one.signed for one in meant.settings.values())
    planner = Planner(
        loaded.catalog, planned.plan.release, loaded.images, allow_downgrade, settings=meant.settings,
        authority=authority_name(way.state) if signed else "", lift=lift,
        absent=frozenset(image.file for image in loaded.images if image.file and not (folder / image.file).is_file()),
        state=way.state, twin=way.twin,
    )  # fmt: skip
    settling = Settling(meant.settings, lift, factory)
    made = partial(sections, intent, loaded.catalog, planned.plan, loaded.images)
    asking = wanted.at_once(servers.BMC_JOBS)
    return Aim(planned.plan, folder, loaded.catalog, found, way, planner, settling, asking, made)


def compared(talk: Talk, aim: Aim, names: Sequence[str] = ()) -> Changeset:
    """Read every server that is meant and compare it with what is intended; who cannot be read is in it too."""
    from rackwright.push.bmc.changeset import Changeset, ServerChanges, Unread

    asked = [name for name in aim.way.bmcs if not names or name in names]
    astray = {name: Unread(name, why) for name, why in aim.way.bmcs_astray.items() if not names or name in names}
    found = {**astray, **_surveyed(talk, aim, asked)}
    order = [name for name in aim.machines if name in found]
    for name in order:
        one = found[name]
        talk.detail(f"{name}: {one.cause if isinstance(one, Unread) else 'read'}")
    read = [one for name in order if isinstance(one := found[name], ServerChanges)]
    unread = [one for name in order if isinstance(one := found[name], Unread)]
    return Changeset.of(aim.plan.name, aim.plan.digest, read, unread)


def _surveyed(talk: Talk, aim: Aim, names: Sequence[str]) -> dict[str, ServerChanges | Unread]:
    """Ask the BMCs through Nornir, as many at the same time as ``--jobs`` says."""
    import nornir_tasks
    from rackwright.push.bmc.submitting import interrupted

    if not names:
        return {}
    # Nornir logs a failure with its traceback; ours is told once, as a sentence.
    logging.getLogger("nornir").addHandler(logging.NullHandler())
    hosts = nornir_tasks.nornir_of_bmcs(names, aim.asking, talk.counter("read", len(names)))
    results = hosts.run(
        task=nornir_tasks.survey_bmc, machines=aim.machines, connect=greeter(aim.way, aim.settling), clock=aim.way.clock,
        planner=aim.planner, heard=_waiting(talk), patience_s=_BACK_S if interrupted(aim.way.state, aim.way.database) else 0,
    )  # fmt: skip
    found = {}
    for name, result in results.items():
        if result.exception is not None:
            raise result.exception
        found[name] = result[0].result
    return found


def _waiting(talk: Talk) -> Callable[[str, str], None]:
    def said(device: str, what: str) -> None:
        talk.say(f"{device}: looking again, since {what}")

    return said
