"""What ``diff`` and ``push`` with ``--only host`` share: what hosts should run, what they run, and the difference."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rackwright import secrets
from rackwright.cli import building
from rackwright.cli.machines import of_site
from rackwright.cli.reaching import Reach, Wanted, reach
from rackwright.cli.talk import Talk
from rackwright.plan.install import lacking
from rackwright.plan.model import Plan
from rackwright.plan.stack import stack
from rackwright.plan.stack_model import HostStack
from rackwright.push.basis import Basis, named, sections
from rackwright.render import ansible
from rackwright.render.hosts.variables import anchored, variables
from rackwright.render.slices import Slices

if TYPE_CHECKING:
    from rackwright.push.hosts.changeset import Changeset, HostChanges, Unread

__all__ = ["HOST_JOBS", "Aim", "aimed", "compared"]

HOST_JOBS: Final = 32
"""Hosts that are worked on at the same time, unless ``--jobs`` says otherwise: as many as share a play (docs/bench.md)."""


@dataclass(frozen=True)
class Aim:
    """What hosts are to become, and the way to them and to their BMCs."""

    plan: Plan
    folder: Path
    """Folder of ``site.yaml``."""
    stacks: Mapping[str, HostStack]
    variables: Mapping[str, Mapping[str, Any]]
    """What the playbooks are told, by host."""
    way: Reach
    lacks: Mapping[str, tuple[str, ...]]
    """Why hosts may not be installed, where something is against it."""
    sections: Callable[[], Mapping[str, str]] = dict
    """Tells what is made of which part of the site."""

    def basis(self, names: Collection[str]) -> Basis:
        """Return what a push to hosts is made of."""
        devices = {name: named(self.variables[name]) for name in names if name in self.variables}
        return Basis(devices, dict(self.sections()))


def aimed(talk: Talk, site: Path, wanted: Wanted) -> Aim:
    """Plan a site in memory and work out what its hosts should run and how they are reached."""
    opened, planned = building.plan_site(talk, site)
    if planned.changed:
        talk.say(f"{opened.lock_path} is behind the site: 'rackwright plan' brings it up to date")
    intent, folder = opened.loaded.require(), opened.file.parent
    stacks = {one.name: one for one in stack(planned.plan, intent, opened.loaded.catalog)}
    building.chosen(stacks, wanted.limit)
    facts, _ = ansible.inventory(Slices(planned.plan), stacks.keys())
    addresses = {name: str(facts.get(name, {}).get("ansible_host", "")) for name in stacks}
    bmcs = {machine.name: machine.bmc_address for machine in of_site(opened, planned).machines}
    wanted = replace(wanted, jobs=wanted.at_once(HOST_JOBS))
    way = reach(
        planned.plan, folder, wanted, bmcs=bmcs, bmc_password=secrets.parse(intent.access.bmc), bmc_user=intent.bmc.user,
        hosts=addresses, host_user=intent.hosts.user,
    )  # fmt: skip
    told = {name: anchored(variables(one), folder.resolve()) for name, one in stacks.items()}
    lacks = lacking(planned.plan, intent, opened.loaded.catalog, opened.loaded.keys)
    made = partial(sections, intent, opened.loaded.catalog, planned.plan, opened.loaded.images)
    return Aim(planned.plan, folder, stacks, told, way, lacks, made)


def compared(talk: Talk, aim: Aim, names: Sequence[str] = ()) -> Changeset:
    """Read every host that is meant and compare it with what is intended; who cannot be read is in it too."""
    from rackwright.push.hosts.changeset import Changeset, HostChanges, Unread

    asked = [name for name in aim.way.hosts if not names or name in names]
    astray = {name: Unread(name, why) for name, why in aim.way.hosts_astray.items() if not names or name in names}
    found = {**astray, **_surveyed(talk, aim, asked)}
    order = [name for name in aim.stacks if name in found]
    read = [one for name in order if isinstance(one := found[name], HostChanges)]
    unread = [one for name in order if isinstance(one := found[name], Unread)]
    _say_imageless(talk, aim, read)
    return Changeset.of(aim.plan.name, aim.plan.digest, read, unread)


def _say_imageless(talk: Talk, aim: Aim, read: Sequence[HostChanges]) -> None:
    """Say which hosts may get firmware that nobody named: they would end at it, behind a restart."""
    from rackwright.report.words import some

    names = [
        one.device
        for one in read
        if any(change.role == "bluefield_firmware" for change in one.changes)
        and not aim.variables[one.device]["rackwright"]["bluefield"]["firmware"]["image"]
    ]
    if names:
        stand_in = " (emulated hosts have a stand-in for it there)" if aim.way.twin else ""
        talk.say(
            f"{some(names)}: no firmware image is named: where an adapter runs another version than the release's, and its host has no image of "
            f"that in /var/lib/rackwright/firmware{stand_in}, its host ends there; put the .bin beside the site file and name it in hosts.bluefield.image"
        )


def _surveyed(talk: Talk, aim: Aim, names: Sequence[str]) -> dict[str, HostChanges | Unread]:
    """Ask the hosts through Nornir, as many at the same time as ``--jobs`` says; they share their plays."""
    import nornir_tasks
    from rackwright.push.hosts.program import shipped
    from rackwright.push.hosts.reading import Surveyor

    if not names:
        return {}
    # Nornir logs a failure with its traceback; ours is told once, as a sentence.
    logging.getLogger("nornir").addHandler(logging.NullHandler())
    at_once = min(aim.way.jobs, len(names))
    surveyor = Surveyor(aim.way, shipped(), aim.stacks, aim.variables, at_once)
    hosts = nornir_tasks.nornir_of_bmcs(names, at_once, talk.counter("read", len(names)))
    results = hosts.run(task=nornir_tasks.survey_host, surveyor=surveyor)
    found = {}
    for name, result in results.items():
        if result.exception is not None:
            raise result.exception
        found[name] = result[0].result
    return found
