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
from rackwright.drivers import keeping
from rackwright.drivers.nvue.model import Nvue
from rackwright.errors import DriverError
from rackwright.nvue.tree import Tree
from rackwright.push.changeset import make
from rackwright.push.contact import Contact
from rackwright.push.order import DeviceOrder, Limits, Order, decode, make_order, together
from rackwright.push.procedure import Procedure
from rackwright.push.program import Push
from rackwright.push.reading import settled
from rackwright.push.route import Stop
from rackwright.push.waves import waves_of
from rackwright.runs.model import GOOD, Outcome, State, Wave

__all__ = ["gate", "switch"]

_LEASE: Final = "- interface.eth0.ip.address.dhcp"
_STILL: Final = "- the old DHCP lease of eth0"
_BACK: Final = (
    "those behind would be installed next: look at it over its console, then retry it; or --skip it with a reason"
)
_BY_HAND: Final = "run 'sudo dhclient -r && sudo ifreload -fa' there before the lease ends, then retry"


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
    if outcome.state in GOOD and not {_LEASE, _STILL}.isdisjoint(ordered.changes):
        outcome = _released(job, outcome)
    outcome = job.finished(outcome, ordered)
    return outcome if renewed is None else images.told(job, renewed, outcome)


@dataclass
class _Read:
    """What the first look leaves to the work behind it, in the session in which it was seen."""

    session: Nvue | None = None
    running: Tree | None = None
    when: float = 0.0
    stops: tuple[Stop, ...] = ()


def _released(job: Job, outcome: Outcome) -> Outcome:
    cause = job.context.step("lease", lambda: _let_go(job))
    if cause:
        return msgspec.structs.replace(outcome, state="failed", stage="lease", cause=cause, remedy=_BY_HAND)
    return msgspec.structs.replace(outcome, state="done")


def _held(job: Job) -> Path:
    """Return the file that is there while a switch holds a lease that it no longer wants: whoever comes next sees to it."""
    return job.world.way.state / "leases" / job.device


def _let_go(job: Job) -> str:
    """Have a switch that left DHCP give its lease back; return why it still holds it.

    Cumulus Linux 5.12 drops the static address when the old lease ends (RN-4377862), and a bring-up takes longer than
    a lease. Giving it back may cost the session, so that a fresh login is the proof.
    """
    way, name = job.world.way, job.device
    try:
        way.release(name, job.world.idle.take(name))
    except DriverError as error:
        return f"the old DHCP lease could not be given back: {error}"
    try:
        job.world.idle.leave(name, way.connect(name, patience_s=job.world.patience.first_s))
    except DriverError as error:
        return f"it does not let us in since its old DHCP lease was given back: {error}"
    _held(job).unlink(missing_ok=True)
    return ""


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
    changeset = make(world.plan.name, world.plan.digest, [found], trees, world.interrupts, routes=routes)
    read.running, read.stops = found.running, routes.get(name, ())
    limits = Limits(confirm_s=job.order.consent.confirm_s)
    order = make_order(changeset, trees, world.plan, limits, groups=world.groups)
    changes = [f"{one.op} {'.'.join(one.path)}" for one in changeset.devices[0].changes]
    if _LEASE in changes:
        keeping.keep(_held(job), b"")
    elif _held(job).exists():
        changes.append(_STILL)
    lines = sorted(changes, key=lambda line: line not in (_LEASE, _STILL))
    return Made(order.encoded(), lines, diff.as_tree(changeset.devices[0].changes))


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
