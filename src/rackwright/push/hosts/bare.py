"""The installation of bare servers as the durable engine runs it: look, install, confirm.

Each looks first: a host on which an installation of ours came to its end is left alone, and an installer at work is listened to and not
started anew. Seeds are handed out by ``rackwright serve``, which must run.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final, Literal, Protocol

import msgspec

from rackwright import runs
from rackwright.drivers.hosts import answered
from rackwright.drivers.hosts.installs import FOLDER, Installs
from rackwright.drivers.hosts.progress import ProgressLimits
from rackwright.errors import BootRefused, DriverError, RunChanged
from rackwright.plan.model import Plan
from rackwright.push.apart import apart_from
from rackwright.push.hosts.installing import Installing, Medium, Ways
from rackwright.push.unsettled import server
from rackwright.runs import Event, Report
from rackwright.runs.model import GOOD, Apart, Context, Outcome, Wave

__all__ = ["NAME", "BareOrder", "BareServers", "BareTarget", "BareWay", "decode", "let_in", "make_bare", "submit"]

NAME: Final = "install-host"
VERSION: Final = "2"
"""Raised by hand whenever the steps of a host change their names or values."""

_AGAIN: Final = "see its console by the BMC; run it again, it looks first"
_WIPE: Final = "then run it again. Where all on its disk may be lost, run it with --wipe {}"
_HANGS: Final = f"look at its console by the BMC and restart it: a system that hangs is no empty disk; {_WIPE}"
_OTHER: Final = f"see who answers there, and whether it should let us in (key, host key, sudo); {_WIPE}"
_LIFE: Final = uuid.uuid4().hex
"""Of this process: what an earlier one looked at may be otherwise by now."""


class BareWay(Ways, Protocol):
    """How servers are reached; ``rackwright.drivers.reach.Reach`` is one."""

    @property
    def state(self) -> Path:
        """``SITE/.rackwright``."""

    @property
    def twin(self) -> bool:
        """They are the emulated ones."""

    @property
    def database(self) -> str | None:
        """What keeps the journal, where that is not SQLite in the state folder."""

    @property
    def answered(self) -> Path:
        """Where it is kept whose operating system let us in."""


class _Look(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the first look brought, as the journal keeps it."""

    life: str = ""
    stands: bool = False
    cause: str = ""
    """Why it is not wiped."""
    remedy: str = ""


class _Found(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a step brought, as the journal keeps it."""

    number: int = 0
    """Of the attempt."""
    cause: str = ""
    remedy: str = ""


class BareTarget(msgspec.Struct, frozen=True):
    """One server that is to be installed."""

    device: str
    service_tag: str


class BareOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, dict=True):
    """An installation, whole."""

    schema: Literal[1] = 1
    site: str
    medium: Medium
    targets: tuple[BareTarget, ...]
    limits: ProgressLimits = ProgressLimits()
    wipe: tuple[str, ...] = ()
    """Targets whose disk may be lost although a system has answered from it."""
    apart: Apart = ()
    """Devices that nobody else may work on meanwhile."""

    @cached_property
    def of(self) -> Mapping[str, BareTarget]:
        """The targets by name."""
        return {target.device: target for target in self.targets}

    def encoded(self) -> bytes:
        """Return the bytes that a run keeps."""
        return msgspec.json.encode(self)


@lru_cache(maxsize=4)
def decode(order: bytes) -> BareOrder:
    """Read an order back. Raises :class:`~rackwright.errors.RunChanged` for one of another version."""
    try:
        return msgspec.json.decode(order, type=BareOrder)
    except msgspec.MsgspecError as error:
        raise RunChanged(
            f"the order was written by another version ({error}): start a new one, it looks first"
        ) from None


def make_bare(plan: Plan, names: Sequence[str], medium: Medium, wipe: Sequence[str] = ()) -> BareOrder:
    """Put together the installation of the named servers; ``wipe`` names those that are installed over a system which has answered."""
    tags = {device.name: device.serial for device in plan.devices}
    targets = tuple(BareTarget(name, tags[name]) for name in names)
    return BareOrder(site=plan.name, medium=medium, targets=targets, wipe=tuple(wipe), apart=apart_from(plan, names))


@dataclass
class BareServers:
    """The program; what it needs of the world is given to it."""

    way: BareWay
    forget: Callable[[str], None] | None = None
    """Forgets the pinned key of a host that was installed anew."""
    name: str = field(default=NAME, init=False)
    version: str = field(default=VERSION, init=False)

    def waves(self, order: bytes) -> Sequence[Wave]:
        """Return one wave, one server ahead: what is wrong with a seed or an ISO is wrong for all."""
        members = tuple(decode(order).of)
        return (Wave("install", members, members[0] if len(members) > 1 else ""),)

    def device(self, context: Context, order: bytes, device: str) -> Outcome:
        """Install one server."""
        target, work = decode(order).of[device], self._work(decode(order))
        look = msgspec.convert(
            context.step("look", lambda: msgspec.to_builtins(self._look(work, decode(order), target))), _Look
        )
        if look.stands:
            return Outcome(subject=device, state="unchanged")
        if look.cause:
            return Outcome(subject=device, state="failed", stage="look", cause=look.cause, remedy=look.remedy)
        if context.cancelled():
            return Outcome(subject=device, state="cancelled", stage="look", cause="stopped before it was begun")
        steps: tuple[tuple[str, Callable[[int], int]], ...] = (
            ("begin", lambda _: work.begin(device)),
            ("install", lambda number: self._installed(work, decode(order), target, number, look.life)),
            ("confirm", lambda number: self._confirmed(work, target, number)),
        )  # fmt: skip
        found = _Found()
        for name, step in steps:
            before = found.number
            found = msgspec.convert(context.step(name, lambda: msgspec.to_builtins(_told(step, before))), _Found)  # noqa: B023 - the step is done before the next round
            if found.cause:
                return Outcome(subject=device, state="failed", stage=name, cause=found.cause, remedy=found.remedy)
        return Outcome(subject=device, state="done")

    def gate(self, context: Context, order: bytes, wave: Wave, outcomes: Mapping[str, Outcome]) -> Outcome:  # noqa: ARG002 - the Protocol's signature
        """Open when every server of the wave is a host."""
        lost = [name for name, outcome in outcomes.items() if outcome.state not in GOOD]
        if not lost:
            return Outcome(subject=wave.name, state="done")
        cause = f"not installed: {', '.join(lost)}"
        return Outcome(subject=wave.name, state="failed", stage="gate", cause=cause, remedy=_AGAIN)

    def _look(self, work: Installing, order: BareOrder, target: BareTarget) -> _Look:
        device, tag = target.device, target.service_tag
        try:
            standing = work.stands(device, tag)
            if standing.state == "ours":
                answered.note(self.way.answered, device, tag)
                return _Look(_LIFE, stands=True)
            if device in order.wipe or _at_work(work.installs, device):
                return _Look(_LIFE)
            if standing.state == "other":
                return _Look(_LIFE, cause=f"it is not wiped: {standing.said}", remedy=_OTHER.format(device))
            at = let_in(self.way, target)
        except (BootRefused, DriverError) as error:
            return _Look(_LIFE, cause=str(error), remedy=getattr(error, "remedy", "") or _AGAIN)
        if at:
            cause = f"no operating system answers, and one did on {at}: it is not wiped"
            return _Look(_LIFE, cause=cause, remedy=_HANGS.format(device))
        return _Look(_LIFE)

    def _installed(self, work: Installing, order: BareOrder, target: BareTarget, number: int, life: str) -> int:
        last = work.installs.attempt(target.device)
        if life != _LIFE and last is not None and last.stage == "armed":
            # Cut off before its boot: somebody may have brought the server up since.
            again = self._look(work, order, target)
            if again.stands or again.cause:
                cause = again.cause or f"{target.device}: a host of ours answers by now: it is not wiped"
                raise DriverError(cause, device=target.device, remedy=again.remedy or _AGAIN)
        verdict = work.install(target.device, number)
        if verdict.state == "failed":
            raise DriverError(verdict.sentence, device=target.device, remedy=verdict.remedy)
        return number

    def _confirmed(self, work: Installing, target: BareTarget, number: int) -> int:
        work.confirm(target.device, target.service_tag)
        answered.note(self.way.answered, target.device, target.service_tag)
        return number

    def _work(self, order: BareOrder) -> Installing:
        installs = Installs(self.way.state / "serve" / FOLDER)
        return Installing(self.way, installs, order.medium, order.limits, forget=self.forget)


def let_in(way: BareWay, target: BareTarget) -> str:
    """Return when a system let us in that the last installer has not wiped since; empty where none did.

    Raises :class:`~rackwright.errors.BootRefused` where the record of an attempt cannot be read, and ``DriverError`` for notes.
    """
    folder = way.state / "serve" / FOLDER
    last = Installs(folder).attempt(target.device) if folder.is_dir() else None
    return answered.seen(way.answered, target.device, target.service_tag, since=last.given if last else 0)


def _at_work(installs: Installs, device: str) -> bool:
    """Say whether an installer has its seed and has not come to an end: what was on the disk is gone, and it may answer as a stranger."""
    last = installs.attempt(device)
    return last is not None and last.stage == "given" and not installs.verdict(device).ended


def _told(step: Callable[[int], int], number: int) -> _Found:
    """Do a step; what the wire, the BMC or the installer refuses is its result."""
    try:
        return _Found(step(number))
    except DriverError as error:
        return _Found(cause=str(error), remedy=error.remedy or _AGAIN)
    except BootRefused as error:
        return _Found(cause=str(error), remedy=_AGAIN)


def submit(
    order: BareOrder, way: BareWay, *, jobs: int, on_event: Callable[[Event], None] | None = None,
    forget: Callable[[str], None] | None = None,
) -> Report:  # fmt: skip
    """Install and return how it ended.

    Raises :class:`~rackwright.errors.RunBusy` when a living process works on one of the servers, or one beside them was left
    in the middle.
    """
    program = BareServers(way, forget)
    with runs.opened(
        way.state,
        programs=[program],
        clock=way.clock,
        threads=max(jobs, 1),
        twin=way.twin,
        unsettled=server,
        database=way.database,
    ) as engine:
        return engine.run(NAME, order.encoded(), jobs=jobs, apart=order.apart, on_event=on_event)
