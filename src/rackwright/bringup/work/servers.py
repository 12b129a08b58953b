"""Stages ``bmc``, ``firmware`` and ``handover``: a server's BMC as it is to be set, its firmware and BIOS, lockdown last."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, Literal

import msgspec

from rackwright.bringup.ahead import Turn
from rackwright.bringup.job import Halted, Job, Made, ended
from rackwright.bringup.work import systems
from rackwright.diff.bmc.settings import LOCKDOWN, Settings, attributes_of, settings_changes
from rackwright.drivers.redfish.model import Topic
from rackwright.errors import DeviceRefused, DriverError
from rackwright.push.bmc.changeset import Changeset, ServerChanges
from rackwright.push.bmc.contact import AGAIN, Contact, Held
from rackwright.push.bmc.meeting import FIRST_A_PASSWORD, Met, factory_password, meet
from rackwright.push.bmc.model import Step
from rackwright.push.bmc.order import decode, make_order
from rackwright.push.bmc.procedure import Procedure
from rackwright.push.bmc.reading import survey
from rackwright.push.bmc.settling import Settle, SettlingOrder, Target
from rackwright.push.changeset import Unread
from rackwright.push.identity import CABLING, stranger
from rackwright.redfish.reading import marks
from rackwright.runs.model import Outcome

__all__ = ["firmware", "locked", "settings"]

_TOPICS: Final[frozenset[Topic]] = frozenset({"system", "settings"})
_UNTOUCHED: Final = frozenset({"", "read", "plan", "look"})
"""Steps at which a server is left before anything of it was changed."""
_LEFT: Final = frozenset({"skipped", "waived", "cancelled"})


# --- the BMC itself ------------------------------------------------------------------------------


def settings(job: Job) -> Outcome:
    """Set the BMC of one server: password, accounts, time, certificate."""
    return _set(job, "first")


def locked(job: Job) -> Outcome:
    """Set what comes after everything else: lockdown, where the site asks for it."""
    return _set(job, "last")


def _set(job: Job, part: Literal["first", "last"]) -> Outcome:
    held: list[Met] = []
    try:
        ordered = job.ordered(lambda: _settling(job, part, held))
        if ordered.halt is not None:
            return job.failed("read", ordered.halt)
        data = job.kept(ordered)
        if not ordered.changes:
            return job.finished(ended(job, "unchanged"), ordered)
        settle = Settle(job.world.way, next(iter(held), None))
        return job.finished(settle.device(job.context, data, job.device), ordered)
    finally:
        for met in held:
            met.session.close()


def _settling(job: Job, part: Literal["first", "last"], held: list[Met]) -> Made | Halted:
    world, consent, name = job.world, job.order.consent, job.device
    wanted = world.settings[name]
    try:
        # Nothing but lockdown is set last: where the site asks for none there is nothing to look for.
        found = _compared(job, held) if part == "first" or wanted.lockdown else Settings()
    except DriverError as error:
        return Halted(str(error), error.remedy or AGAIN, error.passing)
    mine = tuple(change for change in found.changes if change.last is (part == "last"))
    if mine and found.problems:
        return Halted(found.problems[0])
    target = Target(device=name, tag=world.machines[name].service_tag, wanted=wanted, changes=mine)
    order = SettlingOrder(
        site=world.plan.name, targets=(target,), part=part, lift=consent.lift_lockdown,
        well_known=consent.factory_login,
    )  # fmt: skip
    return Made(msgspec.json.encode(order), [str(change) for change in mine])


def _compared(job: Job, held: list[Met]) -> Settings:
    """Log in, with the factory's password where the BMC still has it, and compare how it is set; the session is held."""
    world, consent = job.world, job.order.consent
    factory = factory_password(world.way.resolvers, default=consent.factory_login)
    met = meet(world.way, job.device, factory=factory, patience_s=world.patience.first_s)
    held.append(met)
    try:
        resources: Any = met.session.read(_TOPICS)
        held[-1] = met._replace(told=resources, at=world.way.clock.now())
    except DeviceRefused as error:
        if error.message_id not in FIRST_A_PASSWORD:
            raise
        resources = {}
    if another := stranger(marks(resources).service_tag, world.machines[job.device].service_tag):
        raise DriverError(another, device=job.device, remedy=CABLING)
    wanted = world.settings[job.device]
    authority = world.authority if wanted.signed else ""
    lift = consent.lift_lockdown and bool(wanted.lockdown)
    return settings_changes(
        resources, wanted, factory=met.factory, authority=authority, lift=lift,
        work=lift and attributes_of(resources).get(LOCKDOWN) == "Enabled" and _renewed(job, met),
    )  # fmt: skip


def _renewed(job: Job, met: Met) -> bool:
    """Tell whether this run changes firmware or BIOS settings of a server, which its lockdown has to be lifted for."""
    world, name = job.world, job.device
    if all(task.device != name or task.stage != "firmware" for task in job.tasks.values()):
        return False
    planner = world.planner(allow_downgrade=job.order.consent.allow_downgrade)
    planner = replace(planner, settings=world.settings)
    found = planner.changes(world.machines[name], met.session.read(planner.topics), factory=met.factory)
    return bool(found.way.steps)


# --- firmware and BIOS ---------------------------------------------------------------------------


def firmware(job: Job) -> Outcome:
    """Bring the firmware and BIOS of one server to what is intended, with the fewest restarts."""
    halt = _canary(job)
    if halt is not None:
        return ended(job, "skipped", stage="canary", cause=halt.cause, remedy=halt.remedy)
    if (roles := _roles(job)) and (
        lost := job.context.step("partners", lambda: job.world.ahead.missing(roles, again=job.context.number > 1))
    ):
        return ended(job, "skipped", stage="partners", cause=lost, remedy=f"bring it up, then retry {job.task.name}")
    if not _unled(job):
        return _brought(job)
    ahead, kind = job.world.ahead, job.world.machines[job.device].model
    said = job.context.step(
        "one goes ahead", lambda: msgspec.to_builtins(ahead.turn(kind, job.device, again=job.context.number > 1))
    )
    turn = msgspec.convert(said, Turn)
    if turn.broken:
        return ended(job, "skipped", stage="canary", cause=turn.broken, remedy=f"mend it, then retry {job.task.name}")
    if not turn.mine:
        return _brought(job)
    outcome: Outcome | None = None
    try:
        outcome = _brought(job)
        return outcome
    finally:
        ahead.ended(kind, job.device, outcome, changed=outcome is not None and outcome.stage not in _UNTOUCHED)


def _roles(job: Job) -> list[str]:
    """Return the roles of a server of which one at a time may be away."""
    return [limit for limit in job.task.takes if limit.startswith("role ")]


def _unled(job: Job) -> bool:
    """Tell whether the server that was to go ahead of its kind was never begun, and so says nothing about an image."""
    led = [job.before[name] for name in job.task.settled if job.tasks[name].stage == job.task.stage]
    return any(one.state in _LEFT or (one.state == "failed" and one.stage in _UNTOUCHED) for one in led)


def _brought(job: Job) -> Outcome:
    way = job.world.way
    held: list[Held] = []
    try:
        ordered = job.ordered(lambda: _order(job, held))
        if ordered.halt is not None:
            return job.failed("read", ordered.halt)
        whole = decode(job.kept(ordered))
        lived = whole.of[job.device].way.restarts > 0 and systems.lives(job)
        contact = Contact(whole.of[job.device], way.bmc, way.clock, whole.limits, held=held.pop() if held else None)
        outcome = _told(Procedure(contact, job.context, whole).run())
        outcome = systems.back(job, outcome) if lived else outcome
        if outcome.stage == "back":
            job.world.ahead.away(
                _roles(job), f"{job.device}, which stands in for it, did not come back: {outcome.cause}"
            )
        return job.finished(outcome, ordered)
    finally:
        for one in held:
            one.session.close()


def _canary(job: Job) -> Halted | None:
    """Say that the server which went ahead of its kind was changed and not brought to its firmware."""
    for name in job.task.settled:
        ahead = job.before[name]
        if job.tasks[name].stage == job.task.stage and ahead.state == "failed" and ahead.stage not in _UNTOUCHED:
            cause = f"{job.tasks[name].device}, which went ahead of its kind, failed at {ahead.stage}: {ahead.cause}"
            return Halted(cause, f"mend it and retry {name}, or skip {name} with a reason; then retry this one too")
    return None


def _order(job: Job, held: list[Held]) -> Made | Halted:
    world, consent = job.world, job.order.consent
    planner = world.planner(allow_downgrade=consent.allow_downgrade)
    greeter = world.greeter(well_known=consent.factory_login)

    def heard(_device: str, what: str) -> None:
        job.context.event(f"looking again, since {what}")

    found = survey(
        world.machines[job.device], greeter, world.way.clock, planner, heard,
        patience_s=world.patience.back_s, keep=held.append,
    )  # fmt: skip
    if isinstance(found, Unread):
        return Halted(found.cause, found.remedy, found.passing)
    changeset = Changeset.of(world.plan.name, world.plan.digest, [found])
    order = make_order(changeset, world.plan, world.catalog, world.folder, drained_by=consent.drained_by)
    return Made(order.encoded(), list(_lines(found)))


def _lines(found: ServerChanges) -> list[str]:
    on = (
        [f"~ power: off since run {found.left_off} was cut off while it had its power cut -> on"]
        if found.left_off
        else []
    )
    return [*on, *(line for step in found.way.steps for line in _step(step))]


def _step(step: Step) -> list[str]:
    if step.kind == "restart":
        return [f"restart ({step.activation})"]
    if step.changes:
        return [f"~ BIOS {change.attribute}: {change.old} -> {change.new}" for change in step.changes]
    version = step.image.version if step.image else "?"
    return [f"~ {step.component}: -> {version}"]


def _told(outcome: Outcome) -> Outcome:
    """Name the versions that were found at the end, as the record takes them."""
    parts = outcome.detail.get("components")
    if not parts:
        return outcome
    versions = {fqdd: part["now"] for fqdd, part in parts.items()}
    return msgspec.structs.replace(outcome, detail={**outcome.detail, "versions": versions})
