"""Stages ``oob``, ``frontend`` and ``backend``: one switch to what is planned, and the gate behind a wave."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import msgspec

from rackwright import diff
from rackwright.bringup.job import Halted, Job, Made, ended
from rackwright.bringup.work import images
from rackwright.drivers.nvue.model import Nvue
from rackwright.nvue.tree import Tree
from rackwright.push.changeset import make
from rackwright.push.contact import Contact
from rackwright.push.leases import LEFT, Leases, held
from rackwright.push.order import DeviceOrder, Limits, Order, decode, make_order, together
from rackwright.push.procedure import Procedure
from rackwright.push.program import Push
from rackwright.push.reading import settled
from rackwright.push.route import Stop
from rackwright.push.waves import waves_of
from rackwright.runs.model import GOOD, Outcome, State, Wave

__all__ = ["gate", "switch"]

_STILL: Final = "- the old DHCP lease of eth0"
_BACK: Final = (
    "those behind would be installed next: look at it over its console, then retry it; or --skip it with a reason"
)


def switch(job: Job) -> Outcome:
    """Bring one switch to what is planned, as ``rackwright push`` does."""
    way, name = job.world.way, job.device
    renewed = images.renewed(job) if job.order.consent.image is not None else None
    if renewed is not None and renewed.state not in GOOD:
        return renewed
    idle, read = job.world.idle, _Read()
    idle.drop(name)
    try:
        ordered = job.ordered(lambda: _order(job, read))
        if ordered.halt is not None:
            return job.failed("read", ordered.halt)
        order = decode(job.kept(ordered))
        contact = Contact(
            order.of[name], way.connect, way.clock, order.limits, session=read.session, idle=idle, stops=read.stops
        )
        if read.session is not None and read.running is not None:
            contact.saw(read.running, read.when)
        read.session = read.running = None
    finally:
        if read.session is not None:
            read.session.close()
    outcome = Procedure(contact, job.context, way.resolvers).run()
    if contact.order.changes.lease:
        outcome = _leases(job).given_back(name, job.context, outcome)
    outcome = job.finished(outcome, ordered)
    return outcome if renewed is None else images.told(job, renewed, outcome)


@dataclass
class _Read:
    """What the first look leaves to the work behind it, in the session in which it was seen."""

    session: Nvue | None = None
    running: Tree | None = None
    when: float = 0.0
    stops: tuple[Stop, ...] = ()


def _order(job: Job, read: _Read) -> Made | Halted:
    world, name = job.world, job.device
    way, patience = world.way, world.patience.first_s

    def connect(device: str) -> Nvue:
        session = way.connect(device, patience_s=patience)
        read.when = way.clock.now()
        return session

    def keep(session: Nvue) -> None:
        read.session = session

    found = settled(
        name, connect, way.clock,
        lambda _, left: job.context.event(f"an apply waits to be confirmed, at most {left:.0f} s"), keep,
    )  # fmt: skip
    if found.running is None:
        return Halted(found.cause, found.remedy, found.passing)
    trees = {name: world.tree(world.switches[name])}
    routes: dict[str, tuple[Stop, ...]] = {}
    changeset = make(
        world.plan.name, world.plan.digest, [found], trees, world.interrupts, routes=routes, held=held(way.leases)
    )  # fmt: skip
    read.running, read.stops = found.running, routes.get(name, ())
    limits = Limits(confirm_s=job.order.consent.confirm_s)
    order = make_order(changeset, trees, world.plan, limits, groups=world.groups)
    device = changeset.devices[0]
    if device.lease:
        _leases(job).owe(name)
    # Of many changes the first are told.
    changes = sorted(device.changes, key=lambda one: one.path != LEFT)
    lines = [f"{one.op} {'.'.join(one.path)}" for one in changes]
    if device.lease and LEFT not in {one.path for one in changes}:
        lines.insert(0, _STILL)
    return Made(order.encoded(), lines, diff.as_tree(device.changes))


def _leases(job: Job) -> Leases:
    return Leases(job.world.way, job.world.idle, job.world.patience.first_s)


# --- the gate ------------------------------------------------------------------------------------


def gate(job: Job) -> Outcome:
    """Open once everything that finished switches should have between them is up, as behind a wave of ``push``."""
    order = _joined(job)
    devices = {job.tasks[name].device: one for name, one in job.before.items()}
    if lost := [name for name in _members(job) if name in devices and images.is_lost(devices[name])]:
        cause = f"not back with the planned version: {', '.join(lost)}"
        return ended(job, "failed", stage="gate", cause=cause, remedy=_BACK)
    outcomes = {
        name: msgspec.structs.replace(devices[name], subject=name) for name in _members(job) if name in order.of
    }
    wave = _wave(order, tuple(outcomes))
    if wave is None:
        return ended(job, "unchanged")
    way = job.world.way
    push = Push(way.connect, way.clock, way.resolvers, job.world.jobs, idle=job.world.idle)
    told = push.opened(job.context, order, wave, outcomes)
    return ended(job, _state(job, told.state), stage=told.stage, cause=told.cause, remedy=told.remedy)


def _state(job: Job, state: State) -> State:
    """Return ``unchanged`` for a gate behind switches none of which was changed."""
    still = state == "done" and all(one.state == "unchanged" for one in job.before.values())
    return "unchanged" if still else state


def _members(job: Job) -> tuple[str, ...]:
    """Return the switches of the wave that this gate is behind."""
    stage, _, number = job.task.name.rpartition("/gate-")
    waves = [members for name, members in job.world.plan.waves if name == stage]
    return waves[int(number) - 1]


def _joined(job: Job) -> Order:
    """Put the orders of the switches that have ended together, in the plan's waves."""
    files = [str(file) for outcome in job.before.values() for file in outcome.detail.get("sent", ())]
    devices = [device for file in files for device in _sent(job.context.folder / file)]
    plan = job.world.plan
    return together(plan.name, plan.digest, devices, plan, Limits(confirm_s=job.order.consent.confirm_s))


@lru_cache(maxsize=1024)
def _sent(file: Path) -> tuple[DeviceOrder, ...]:
    """Read what was sent to a switch; every gate behind it asks, and the file is named by the digest of what it holds."""
    return decode(file.read_bytes()).devices


def _wave(order: Order, members: tuple[str, ...]) -> Wave | None:
    return next((wave for wave in waves_of(order) if members and set(members) <= set(wave.devices)), None)
