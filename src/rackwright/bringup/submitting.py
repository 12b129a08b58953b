"""A bring-up handed to the durable engine: begun, gone on with, helped with, told what an operator wants."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from rackwright import runs, secrets
from rackwright.bringup.held import edited
from rackwright.bringup.order import Order, decode
from rackwright.bringup.program import NAME, Bringup
from rackwright.bringup.world import World
from rackwright.errors import RunChanged, RunError, SiteChanged
from rackwright.push.bmc.certificates import KEY
from rackwright.push.bmc.meeting import factory_password
from rackwright.push.unsettled import server, switch
from rackwright.runs import Event, Report, Status
from rackwright.runs.folder import RunFolder
from rackwright.runs.unsettled import Left
from rackwright.secrets import Secret

if TYPE_CHECKING:
    from rackwright.runs.engine import Engine

__all__ = ["interrupted", "living", "ordered", "overtaken", "resume", "submit", "work"]

OnEvent = Callable[[Event], None]


def submit(
    order: Order, world: World, *, jobs: int, database: str | None = None, tags: Iterable[str] = (),
    on_event: OnEvent | None = None,
) -> Report:  # fmt: skip
    """Bring up what is ordered and return how it ended.

    Raises :class:`~rackwright.errors.SecretUnresolved` before anything is touched when a secret is missing, and
    :class:`~rackwright.errors.RunBusy` when a living process works on one of the devices, or a run that was cut off has left one
    beside them that may still go back, restart or be off by itself.
    """
    with world.idle, _engine(world, order, database, tags, jobs) as engine:
        return engine.run(NAME, order.encoded(), jobs=jobs, apart=order.apart, on_event=on_event)


def resume(
    run: str, world: World, *, database: str | None = None, tags: Iterable[str] = (), on_event: OnEvent | None = None
) -> Report:
    """Go on with a bring-up that was interrupted.

    Raises :class:`~rackwright.errors.RunChanged` when only a new one can go on from there,
    :class:`~rackwright.errors.SiteChanged` where that is for another site.
    """
    folder = RunFolder.found(world.way.state, run)
    folder.refuse_other_rack(world.way.twin)
    order = decode(folder.order())
    if why := edited(order, world):
        raise SiteChanged(why)
    with world.idle, _engine(world, order, database, tags, folder.record().jobs) as engine:
        return engine.resume(run, on_event=on_event)


def work(
    world: World, *, database: str | None, tags: Iterable[str], threads: int, until: threading.Event,
    on_run: Callable[[str], OnEvent] | None = None, on_end: Callable[[Report, str], None] | None = None,
    on_left: Callable[[str, RunChanged], None] | None = None,
) -> None:  # fmt: skip
    """Help with bring-ups that others began, and go on with those whose process died, until told to end.

    ``on_run``, ``on_end`` and ``on_left`` are told of each, see :meth:`rackwright.runs.engine.Engine.work`.
    """
    with world.idle, _engine(world, None, database, tags, threads) as engine:
        engine.work(until, on_run=on_run, on_end=on_end, on_left=on_left)


def interrupted(state: Path, database: str | None = None) -> str:
    """Return the newest bring-up of a site when it was cut off and nobody works on it; empty otherwise."""
    found = runs.cut_off(state, NAME, database=database)
    return found.run if found else ""


def overtaken(state: Path, database: str | None = None) -> tuple[str, str]:
    """Return the newest bring-up of a site that was cut off, and the later run that worked on one of its devices; empty where none did."""
    found = runs.overtaken(state, NAME, database=database)
    return (found[0].run, found[1]) if found else ("", "")


def ordered(state: Path, run: str) -> Order | None:
    """Return the order of a bring-up; None where this version cannot read it."""
    try:
        return decode(RunFolder.found(state, run).order())
    except RunError:
        return None


def living(state: Path, database: str | None = None) -> Status | None:
    """Return the newest bring-up of a site, whatever became of it; None when there is none."""
    return runs.latest(state, NAME, database=database) if state.is_dir() else None


def _engine(world: World, order: Order | None, database: str | None, tags: Iterable[str], threads: int) -> Engine:
    return runs.opened(
        world.way.state, programs=[Bringup(world)], clock=world.way.clock, database=database,
        hide=_hidden(world, order), threads=max(threads, 4), tags=tags, twin=world.way.twin, unsettled=_unsettled(world),
    )  # fmt: skip


def _unsettled(world: World) -> Callable[[Left], str]:
    """Return what says of a device that a run which was cut off left in hand what it still does by itself."""
    of_switch = switch(world.way)
    return lambda left: of_switch(left) if left.device in world.switches else server(left)


def _hidden(world: World, order: Order | None) -> tuple[Secret, ...]:
    """Resolve every secret that the tasks need, so that a missing one is told before the first device."""
    stages = {task.stage for task in order.graph.tasks} if order else set[str]()
    devices = {task.device for task in order.graph.tasks} if order else {*world.switches, *world.machines}
    trees: list[object] = []
    if not order or stages & {"oob", "frontend", "backend"}:
        trees += [world.tree(switch) for name, switch in world.switches.items() if name in devices]
    if not order or stages & {"head", "stack"}:
        trees += [world.variables[name] for name in world.stacks if name in devices]
    found = list(secrets.resolve_all(trees, world.way.resolvers).values())
    wanted = [one for name, one in world.settings.items() if name in devices]
    names = {text for one in wanted for text in (one.password, one.service_password) if text}
    found += [secrets.resolve(secrets.parse(text), world.way.resolvers) for text in sorted(names)]
    if any(one.signed for one in wanted):
        found.append(secrets.resolve(KEY, world.way.resolvers))
    factory = factory_password(world.way.resolvers)
    return (*found, *((factory,) if factory is not None else ()))
