"""Stages ``head``, ``os`` and ``stack``: an operating system of ours on a server, and the software that is planned on it."""

from __future__ import annotations

import math
from contextlib import closing
from dataclasses import replace
from typing import Final

import msgspec

from rackwright.bringup.job import Halted, Job, Made, Part, ended
from rackwright.drivers.hosts import answered
from rackwright.drivers.hosts.model import HostFacts
from rackwright.errors import AuthRefused, DriverError
from rackwright.push.changeset import Unread
from rackwright.push.contact import MAY_PASS
from rackwright.push.hosts.bare import BareServers, make_bare
from rackwright.push.hosts.installing import Medium, nobody
from rackwright.push.hosts.order import make_order
from rackwright.push.hosts.reading import host_order
from rackwright.push.identity import stranger
from rackwright.runs.model import GOOD, Context, Outcome

__all__ = ["back", "head", "installed", "lives", "medium", "stack"]

_NOBODY: Final = (
    "look at its console by the BMC and restart it: a system that is there may not have come up; then retry. Only where its "
    "disk is known to be empty run it again with --installer and 'rackwright serve', or install it by hand: that wipes the disk"
)
"""Nothing that we can ask tells an empty disk from a system that hangs, and an installation cannot be taken back."""
_WAY_IN: Final = "see who answers at its address, and how it is to be logged in to"
_IDENTITY: Final = "see the service tags of nodes.csv, the address of the host and where it stands"
_GONE: Final = "look at its console by the BMC: what was brought to it is in force; once its system answers, retry"
_LACKS: Final = "fill that in ('rackwright discover' finds tags and MAC addresses), or install it by hand"
_OVER_NETWORK: Final = {"http": Medium("UefiHttp"), "pxe": Medium("Pxe")}


def medium(text: str) -> Medium:
    """Return what ``--installer`` means: an ISO's URL, or ``http`` or ``pxe``."""
    return _OVER_NETWORK.get(text) or Medium("Cd", text)


def head(job: Job) -> Outcome:
    """Bring a head node to its system and to its software: the others are served by it."""
    first = installed(job)
    if first.state not in GOOD:
        return first
    then = _stack(job, Part(job.context, "stack, "))
    return then if then.state not in GOOD or then.state == "done" else first


# --- the operating system ------------------------------------------------------------------------


def installed(job: Job) -> Outcome:
    """See that an operating system answers on the very machine that is planned; install one where none does."""
    world, name = job.world, job.device
    said = job.context.step("answers", lambda: _answers(job))
    if said["wrong"]:
        return job.failed("answers", Halted(f"{name}: {said['wrong']}", _IDENTITY))
    if said["answers"]:
        return ended(job, "unchanged", system=said["answers"])
    if said["other"] and name not in job.order.consent.wipe:
        remedy = f"{said['other']}; then retry. Where all on its disk may be lost: --installer and --wipe {name}"
        return job.failed("answers", Halted(f"it cannot be told whether it is bare: {said['cause']}", remedy))
    if not job.order.consent.installer:
        return job.failed("answers", Halted(f"no operating system answers: {said['cause']}", _NOBODY))
    if why := world.lacks.get(name):
        cause = f"no operating system answers, and it cannot be installed: {'; '.join(why)}"
        return job.failed("answers", Halted(cause, _LACKS))
    way = world.way

    def forget(device: str) -> None:
        way.forget_host(device)

    order = make_bare(world.plan, [name], medium(job.order.consent.installer), job.order.consent.wipe)
    ordered = job.ordered(lambda: Made(order.encoded(), [f"+ operating system from {job.order.consent.installer}"]))
    return job.finished(BareServers(way, forget).device(job.context, job.kept(ordered), name), ordered)


def lives(job: Job) -> bool:
    """Say whether the system of a server lets us in, so that it must after a restart, too; one whose disk may be lost need not."""
    way, tag = job.world.way, job.world.machines[job.device].service_tag

    def look() -> bool:
        if job.device not in way.hosts or job.device in job.order.consent.wipe:
            return False
        try:
            with closing(way.host(job.device)) as session:
                return not stranger(session.facts().service_tag, tag)
        except DriverError:
            return False

    return bool(job.context.step("lives", look))


def back(job: Job, outcome: Outcome) -> Outcome:
    """Return how a server ended that was restarted while its system lived: well only when that lets us in again."""
    if outcome.state != "done":
        return outcome
    said = job.context.step("back", lambda: _answers(job))
    if said["answers"]:
        return outcome
    cause = f"its system let us in before it was restarted, and does not since: {said['wrong'] or said['cause']}"
    return msgspec.structs.replace(outcome, state="failed", stage="back", cause=cause, remedy=_GONE)


def _answers(job: Job) -> dict[str, str]:
    """Say what answers, that it is another machine or cannot be looked at, or why nobody does."""
    try:
        facts = _facts(job)
    except DriverError as error:
        other = "" if nobody(error) else error.remedy or _WAY_IN
        return {"answers": "", "wrong": "", "other": other, "cause": str(error)}
    tag = job.world.machines[job.device].service_tag
    wrong = stranger(facts.service_tag, tag)
    if not wrong:
        answered.note(job.world.way.answered, job.device, tag)
    return {"answers": "" if wrong else "an operating system", "wrong": wrong, "other": "", "cause": ""}


def _facts(job: Job) -> HostFacts:
    """Read who answers; a machine that is on its way up must not be taken for a bare one, nor for one that shuts us out.

    Firmware may have restarted it a moment ago: it is silent then, and lets nobody in before it is up (pam_nologin).
    """
    way, patience = job.world.way, job.world.patience
    until, refused = way.clock.now() + patience.boot_s, math.inf
    while True:
        left = until - way.clock.now()
        try:
            with closing(way.host(job.device, patience_s=max(0.0, left))) as session:
                return session.facts()
        except AuthRefused:
            refused = min(refused, way.clock.now() + patience.settle_s)
            if way.clock.now() >= refused:
                raise
        except MAY_PASS:
            if way.clock.now() + patience.poll_s >= until:
                raise
        way.clock.sleep(patience.poll_s)


# --- the software on it --------------------------------------------------------------------------


def stack(job: Job) -> Outcome:
    """Bring the software of one host to what is planned, by the playbooks, with the restarts between their stages."""
    return _stack(job, job.context)


def _stack(job: Job, context: Context) -> Outcome:
    one = replace(job, context=context)
    ordered = one.ordered(lambda: _order(one))
    if ordered.halt is not None:
        return job.failed("read", ordered.halt)
    data = job.kept(ordered)
    return job.finished(job.world.plays.device(context, data, job.device), ordered)


def _order(job: Job) -> Made | Halted:
    world, name = job.world, job.device
    found = world.surveyor.survey(name)
    if isinstance(found, Unread):
        return Halted(found.cause, found.remedy, found.passing)
    work = host_order(found, world.variables[name], world.stacks[name])
    order = make_order(world.plan, [work], drained_by=job.order.consent.drained_by)
    lines = [f"~ {change.role}: {change.task}" for change in found.changes]
    text = "\n".join(f"{line}\n{change.difference}" for line, change in zip(lines, found.changes, strict=True))
    return Made(order.encoded(), lines, text)
