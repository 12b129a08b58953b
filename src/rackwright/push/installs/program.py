"""The installation of the NOS as the durable engine runs it: look, install, wait until it is back, verify.

Each step looks at the switch first: one that runs the planned version by now is not installed again, whoever did it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, TypeVar

import msgspec

from rackwright import secrets
from rackwright.drivers.clock import Clock
from rackwright.drivers.nvue.installing import Installation
from rackwright.drivers.nvue.model import Facts, Nvue
from rackwright.errors import DeviceTimeout, DriverError, LostMidCommand, Unreachable
from rackwright.nvue.emit import dump
from rackwright.push import artifacts
from rackwright.push.digests import digest_of
from rackwright.push.installs.order import InstallOrder, Target, decode
from rackwright.push.sending import resolved
from rackwright.runs.model import GOOD, Context, Outcome, Wave

__all__ = ["NAME", "Installs", "Way", "hidden"]

NAME: Final = "install"
VERSION: Final = "1"
"""Raised by hand whenever the steps of a switch change their names or values."""

T = TypeVar("T")

_PASSES: Final = (Unreachable, DeviceTimeout, LostMidCommand)
_CABLING: Final = "see cabling and nodes.csv; 'rackwright replace' takes a new machine over"
_CONSOLE: Final = "look at it over its console; run it again, it looks first"


class Way(Protocol):
    """How switches are reached; ``rackwright.drivers.reach.Reach`` is one."""

    @property
    def clock(self) -> Clock:
        """The clock that the switches live by."""

    @property
    def resolvers(self) -> tuple[secrets.Resolver, ...]:
        """Where secrets are looked for."""

    @property
    def state(self) -> Path:
        """``SITE/.rackwright``."""

    @property
    def twin(self) -> bool:
        """They are the emulated ones."""

    @property
    def database(self) -> str | None:
        """What keeps the journal, where that is not SQLite in the state folder."""

    def connect(self, device: str) -> Nvue:
        """Open a session with a switch."""

    def beside(self, device: str) -> Nvue:
        """Open a session with a switch that may not be meant, to look at it."""

    def install(self, device: str, what: Installation) -> None:
        """Have a switch install a NOS."""


class _Found(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a step brought, as the journal keeps it."""

    cause: str = ""
    remedy: str = ""
    boot_id: str = ""
    backup: str = ""
    done: bool = False
    """The planned version runs."""
    as_planned: bool = False
    """And the planned configuration."""


@dataclass
class Installs:
    """The program; what it needs of the world is given to it."""

    way: Way
    name: str = field(default=NAME, init=False)
    version: str = field(default=VERSION, init=False)

    def waves(self, order: bytes) -> Sequence[Wave]:
        """Return the plan's waves: never both of a pair, one switch ahead of the others of its wave."""
        seen: dict[str, int] = {}
        found: list[Wave] = []
        for stage, members in decode(order).waves:
            seen[stage] = seen.get(stage, 0) + 1
            found.append(Wave(f"{stage} {seen[stage]}", members, members[0] if len(members) > 1 else ""))
        return tuple(found)

    def device(self, context: Context, order: bytes, device: str) -> Outcome:
        """Bring one switch to the planned version."""
        whole = decode(order)
        work = _Work(self.way, whole, whole.of[device], context)
        steps: tuple[tuple[str, Callable[[_Found], _Found]], ...] = (
            ("look", work.look), ("install", work.install), ("come back", work.back),
        )  # fmt: skip
        found, backup = _Found(), ""
        for name, step in steps:
            if context.cancelled() and name != "come back":
                return Outcome(subject=device, state="cancelled", stage=name, cause="stopped before it was begun")
            before = found
            found = msgspec.convert(context.step(name, lambda: msgspec.to_builtins(_told(step, before))), _Found)  # noqa: B023 - the step is done before the next round
            backup = found.backup or backup
            detail = {"backup": backup} if backup else {}
            if found.cause:
                return Outcome(
                    subject=device, state="failed", stage=name, cause=found.cause, remedy=found.remedy, detail=detail
                )
            if found.done and name == "look":
                return Outcome(subject=device, state="unchanged", detail=detail)
        return Outcome(subject=device, state="done", detail={**detail, "as_planned": found.as_planned})

    def gate(self, context: Context, order: bytes, wave: Wave, outcomes: Mapping[str, Outcome]) -> Outcome:  # noqa: ARG002 - the Protocol's signature
        """Open when every switch of the wave is back: its partner would go next."""
        lost = [name for name, outcome in outcomes.items() if outcome.state not in GOOD and outcome.stage != "look"]
        if not lost:
            return Outcome(subject=wave.name, state="done")
        cause = f"not back with the planned version: {', '.join(lost)}"
        return Outcome(subject=wave.name, state="failed", stage="gate", cause=cause, remedy=_CONSOLE)


def _told(step: Callable[[_Found], _Found], before: _Found) -> _Found:
    """Do a step; what the wire or the switch refuses is its result."""
    try:
        return step(before)
    except DriverError as error:
        return _Found(cause=str(error), remedy=error.remedy or _CONSOLE)


@dataclass
class _Work:
    """The steps on one switch."""

    way: Way
    order: InstallOrder
    target: Target
    context: Context

    def look(self, _before: _Found) -> _Found:
        """See who answers, and keep what it runs."""
        facts, running = self._ask(self.order.limits.login_s, lambda session: (session.facts(), session.running()))
        wrong = self._wrong(facts)
        if wrong or facts.version == self.order.image.nos:
            return _Found(cause=wrong, remedy=_CABLING if wrong else "", done=not wrong)
        kept = artifacts.backup(self.context.folder, self.target.device, running, facts.version)
        return _Found(backup=kept)

    def install(self, _before: _Found) -> _Found:
        """Stage the image and the configuration, and reboot; a switch that has the version is left alone."""
        order, target = self.order, self.target
        # An earlier life may have been cut off while the switch was going down.
        facts = self._ask(order.limits.back_s, lambda session: session.facts())
        wrong = self._wrong(facts)
        if wrong or facts.version == order.image.nos:
            return _Found(cause=wrong, remedy=_CABLING if wrong else "")
        startup = dump(resolved(target.intended, self.way.resolvers), model=target.model, nos=order.image.nos)
        self.context.event(f"installing Cumulus Linux {order.image.nos} over {facts.version}", device=target.device)
        path = Path(order.image.path)
        self.way.install(target.device, Installation(path, path.name, order.image.sha256, startup.encode()))
        return _Found(boot_id=facts.boot_id)

    def back(self, before: _Found) -> _Found:
        """Wait until it has booted anew, and verify who it is, what it runs and with which configuration."""
        limits, clock = self.order.limits, self.way.clock
        until = clock.now() + limits.back_s
        while True:
            left = max(0.0, until - clock.now())
            facts = self._ask(left, lambda session: session.facts())
            if self.order.image.nos == facts.version or facts.boot_id != before.boot_id or clock.now() >= until:
                break
            # It still answers while it goes down.
            clock.sleep(limits.poll_s)
        wrong = self._wrong(facts)
        if not wrong and facts.version != self.order.image.nos:
            wrong = f"it came back with Cumulus Linux {facts.version or '(unknown)'} instead of {self.order.image.nos}"
        if wrong:
            return _Found(cause=wrong, remedy=_CONSOLE)
        running = self._ask(limits.login_s, lambda session: session.running())
        return _Found(done=True, as_planned=digest_of(running) == digest_of(self.target.intended))

    def _wrong(self, facts: Facts) -> str:
        """Say why what answers is not the planned machine: its disk would be wiped."""
        if not self.target.serial:
            return "" if facts.hostname in (self.target.device, "cumulus") else f"{facts.hostname!r} answers"
        if facts.serial == self.target.serial:
            return ""
        return f"serial {facts.serial or '(unknown)'} answers where {self.target.serial} is planned"

    def _ask(self, patience_s: float, question: Callable[[Nvue], T]) -> T:
        """Ask in a session of its own, again while the switch is on its way up; only for what changes nothing."""
        clock = self.way.clock
        until = clock.now() + patience_s
        while True:
            try:
                session = self.way.connect(self.target.device)
                try:
                    return question(session)
                finally:
                    session.close()
            except _PASSES:
                if clock.now() >= until:
                    raise
            clock.sleep(self.order.limits.poll_s)


def hidden(order: InstallOrder, resolvers: Sequence[secrets.Resolver]) -> tuple[secrets.Secret, ...]:
    """Resolve every secret of an order, so that a missing one is told before the first switch."""
    return tuple(secrets.resolve_all([target.intended for target in order.targets], resolvers).values())
