"""What ``diff --against running`` and ``push`` share: what is intended, what runs, and the difference of the two."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rackwright.cli import building
from rackwright.cli.reaching import Reach, Wanted, reach
from rackwright.cli.talk import Talk
from rackwright.errors import DocumentError
from rackwright.nvue.tree import Tree
from rackwright.plan.model import Plan
from rackwright.push.basis import Basis, named, sections
from rackwright.push.changeset import Changeset, make
from rackwright.push.impact import Interrupts
from rackwright.push.leases import held
from rackwright.push.reading import Reading

if TYPE_CHECKING:
    from nornir_tasks import Build

__all__ = ["Aim", "aimed", "compared", "has_work", "unseen"]


@dataclass(frozen=True)
class Aim:
    """What switches are to become, and the way to them."""

    plan: Plan
    """The plan of the site, or of the build that is pushed."""
    trees: Mapping[str, Tree]
    """What is intended, by switch; secrets as references."""
    way: Reach
    build: Build
    """The site as Nornir's tasks need it."""
    sections: Callable[[], Mapping[str, str]] = dict
    """Tells what is made of which part of the site."""
    folder: Path | None = None
    """The build folder that is pushed; None: the site as it is."""

    def basis(self, names: Collection[str]) -> Basis:
        """Return what a push to switches is made of."""
        known = {switch.name: switch.nos for switch in self.plan.switches}
        serials = {device.name: device.serial for device in self.plan.devices}
        devices = {name: named([self.trees[name], known[name], serials[name]]) for name in names if name in self.trees}
        return Basis(devices, dict(self.sections()), str(self.folder.resolve()) if self.folder else "")


def aimed(talk: Talk, site: Path, wanted: Wanted, folder: Path | None = None) -> Aim:
    """Plan and render a site in memory, or take what a build folder of it holds; nothing is written."""
    from nornir_tasks import Build
    from rackwright.render.site_overlays import of_site

    opened, planned = building.plan_site(talk, site)
    if planned.changed:
        talk.say(f"{opened.lock_path} is behind the site: 'rackwright plan' brings it up to date")
    build = Build(planned.plan, opened.loaded.catalog, of_site(opened.loaded.overlays, opened.file.parent))
    plan = planned.plan if folder is None else building.plan_of_build(folder)
    if plan.name != planned.plan.name:
        raise DocumentError(f"{folder} is a build of {plan.name!r} and not of {planned.plan.name!r}: name another one")
    way = reach(plan, opened.file.parent, wanted)
    names = (*way.endpoints, *way.astray)
    if folder is not None:
        return Aim(plan, _built(folder, names), way, build, folder=folder)
    loaded = opened.loaded
    made = partial(sections, loaded.require(), loaded.catalog, plan, loaded.images)
    return Aim(plan, _rendered(build, names), way, build, made)


def _rendered(build: Build, names: Sequence[str]) -> dict[str, Tree]:
    from rackwright.render import switch_tree

    meant = frozenset(names)
    return {one.name: switch_tree(one, build.overlays) for one in build.plan.switches if one.name in meant}


def _built(folder: Path, names: Sequence[str]) -> dict[str, Tree]:
    from rackwright.diff.folders import read

    return {name: read(folder / "devices" / name / "startup.yaml") for name in names}


def unseen(aim: Aim) -> Mapping[str, Tree]:
    """Return the trees that are sent whole, with secrets that nobody can compare: over SSH; over REST only what differs is sent."""
    return aim.trees if aim.way.transport == "ssh" else {}


def has_work(found: Changeset) -> bool:
    """Tell whether a push would do anything: one that runs as planned may have to be saved, or to give its old DHCP lease back."""
    return any(device.steps or device.unsaved or device.lease for device in found.devices)


def compared(talk: Talk, aim: Aim, names: Sequence[str] = ()) -> Changeset:
    """Read every switch that is meant and compare it with what is intended; who cannot be read is in it too."""
    astray = {
        name: Reading(device=name, cause=why) for name, why in aim.way.astray.items() if not names or name in names
    }
    asked = [name for name in aim.way.endpoints if not names or name in names]
    found = {**astray, **_read(talk, aim, asked)}
    order = [switch.name for switch in aim.plan.switches if switch.name in found]
    for name in order:
        talk.detail(f"{name}: {found[name].cause or 'read'}")
    readings = [found[name] for name in order]
    return make(
        aim.plan.name, aim.plan.digest, readings, aim.trees, Interrupts(aim.plan), held=held(aim.way.leases)
    )  # fmt: skip


def _read(talk: Talk, aim: Aim, names: Sequence[str]) -> dict[str, Reading]:
    """Ask the switches through Nornir, as many at the same time as ``--jobs`` says."""
    import nornir_tasks

    if not names:
        return {}
    # Nornir logs a failure with its traceback; ours is told once, as a sentence.
    logging.getLogger("nornir").addHandler(logging.NullHandler())
    runner = nornir_tasks.CompleteThreads(names, aim.way.jobs, talk.counter("read", len(names)))
    hosts = nornir_tasks.nornir_of(aim.build).filter(filter_func=lambda host: host.name in frozenset(names))
    results = hosts.with_runner(runner).run(task=nornir_tasks.read_nvue, way=aim.way, waits=_waiting(talk))
    return {name: _reading(name, result[0]) for name, result in results.items()}


def _reading(name: str, result: object) -> Reading:
    error = getattr(result, "exception", None)
    if error is not None:
        raise error
    found = getattr(result, "result", None)
    return found if isinstance(found, Reading) else Reading(device=name, cause="it gave no result")


def _waiting(talk: Talk) -> Callable[[str, float], None]:
    def said(device: str, seconds: float) -> None:
        talk.say(f"{device}: an apply waits to be confirmed; looking again until it has ended, at most {seconds:.0f} s")

    return said
