"""The settings of BMCs as the durable engine makes them: a run of its own before firmware and BIOS, and one for lockdown after them.

Each BMC is looked at first, so a run that was cut off is simply begun again: what is set by now is not set again, and a
password that changed is met by the new login. Only what was shown is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Final, Literal

import msgspec

from rackwright import runs, secrets
from rackwright.diff.bmc.settings import SettingChange, Settings, settings_changes
from rackwright.drivers.redfish.model import Redfish, Topic
from rackwright.errors import DeviceRefused, DriverError, RunChanged
from rackwright.plan.controllers import BmcSettings
from rackwright.push.bmc.certificates import KEY, authority_name
from rackwright.push.bmc.contact import FRESH_S
from rackwright.push.bmc.meeting import FIRST_A_PASSWORD, Met, Way, apply_settings, factory_password, meet
from rackwright.push.identity import CABLING, stranger
from rackwright.redfish import reading
from rackwright.runs.model import GOOD, Context, Json, Outcome, Wave

__all__ = ["NAME", "Settle", "SettlingOrder", "Target", "compared", "submit_settings"]

NAME: Final = "bmc-settings"
VERSION: Final = "1"
"""Raised by hand whenever the steps of a BMC change their names or values."""

_PATIENCE_S: Final = 600
_TOPICS: Final[frozenset[Topic]] = frozenset({"system", "settings"})
_AGAIN: Final = "mend what is named and push again: it looks first"


class Target(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One BMC and what it is to be set to."""

    device: str
    tag: str = ""
    """Service tag of the plan; empty: not known."""
    wanted: BmcSettings
    changes: tuple[SettingChange, ...] = ()
    """What was shown."""


class SettlingOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, dict=True):
    """Settings of BMCs, whole; passwords are references."""

    schema: Literal[1] = 1
    site: str
    targets: tuple[Target, ...]
    part: Literal["first", "last"] = "first"
    """``last``: lockdown alone, when everything else is done."""
    lift: bool = False
    """Lockdown may be lifted meanwhile."""
    well_known: bool = False
    """The well-known password of the factory may be tried."""

    @cached_property
    def of(self) -> Mapping[str, Target]:
        """The targets by name."""
        return {target.device: target for target in self.targets}


@lru_cache(maxsize=2)
def _decode(data: bytes) -> SettlingOrder:
    try:
        return msgspec.json.decode(data, type=SettlingOrder)
    except msgspec.MsgspecError as error:
        raise RunChanged(f"this run was ordered by another version ({error}): start anew, it reads first") from None


def submit_settings(
    order: SettlingOrder, way: Way, *, jobs: int, on_event: Callable[[runs.Event], None] | None = None
) -> runs.Report | None:
    """Make the settings of an order's part and return how it ended; None when there is nothing to do.

    Raises :class:`~rackwright.errors.SecretUnresolved` before anything is touched when a secret is missing, and
    :class:`~rackwright.errors.RunBusy` when a living process works on one of the servers.
    """
    mine = tuple(target for target in order.targets if _part(target.changes, order.part))
    if not mine:
        return None
    order = msgspec.structs.replace(order, targets=mine)
    hide = _hidden(order, way)
    with runs.opened(way.state, programs=[Settle(way)], clock=way.clock, hide=hide, database=way.database) as engine:
        return engine.run(NAME, msgspec.json.encode(order), jobs=jobs, on_event=on_event)


def compared(
    resources: Mapping[str, Any],
    wanted: BmcSettings,
    way: Way,
    *,
    factory: bool,
    lift: bool = False,
    work: bool = False,
) -> Settings:
    """Compare a BMC that was read with how it should be; the site's authority is looked for where it is asked for."""
    authority = authority_name(way.state) if wanted.signed else ""
    return settings_changes(resources, wanted, factory=factory, authority=authority, lift=lift, work=work)


def _part(changes: Sequence[SettingChange], part: str) -> tuple[SettingChange, ...]:
    return tuple(change for change in changes if change.last is (part == "last"))


def _hidden(order: SettlingOrder, way: Way) -> tuple[secrets.Secret, ...]:
    """Resolve every secret of an order, so that a missing one is told before the first BMC."""
    references = {
        change.new for target in order.targets for change in target.changes if change.new.startswith("secret:")
    }
    references |= {target.wanted.password for target in order.targets}
    found = [secrets.resolve(secrets.parse(text), way.resolvers) for text in sorted(references)]
    if any(change.kind == "certificate" for target in order.targets for change in target.changes):
        found.append(secrets.resolve(KEY, way.resolvers))
    factory = factory_password(way.resolvers)
    return (*found, *((factory,) if factory is not None else ()))


@dataclass
class Settle:
    """The program; what it needs of the world is given to it."""

    way: Way
    met: Met | None = None
    """A session that is open with the BMC that is set first: whoever looked at it a moment ago was let in already."""
    name: str = field(default=NAME, init=False)
    version: str = field(default=VERSION, init=False)

    def waves(self, order: bytes) -> Sequence[Wave]:
        """Return one wave; one BMC goes ahead, so that a wrong password is tried on one and not on a rack."""
        whole = _decode(order)
        names = tuple(target.device for target in whole.targets)
        return (Wave(f"settings {whole.part}", names, names[0] if len(names) > 1 else ""),)

    def device(self, context: Context, order: bytes, device: str) -> Outcome:
        """Set one BMC."""
        whole = _decode(order)
        if context.cancelled():
            return Outcome(subject=device, state="cancelled", stage="set", cause="stopped before it was begun")
        told = context.step("set", lambda: self._set(whole, whole.of[device]))
        if told["cause"]:
            return Outcome(
                subject=device, state="failed", stage="set", cause=told["cause"], remedy=told["remedy"],
                detail={"made": told["made"]},
            )  # fmt: skip
        return Outcome(subject=device, state="done" if told["made"] else "unchanged", detail={"made": told["made"]})

    def gate(self, context: Context, order: bytes, wave: Wave, outcomes: Mapping[str, Outcome]) -> Outcome:  # noqa: ARG002 - the Protocol's signature
        """Open unless the BMC that went ahead failed."""
        canary = outcomes.get(wave.canary)
        if canary is not None and canary.state not in GOOD:
            cause = f"{wave.canary}, which went ahead, ended {canary.state}: {canary.cause}"
            return Outcome(subject=wave.name, state="failed", stage="gate", cause=cause, remedy=_AGAIN)
        return Outcome(subject=wave.name, state="done")

    def _set(self, order: SettlingOrder, target: Target) -> Json:
        """Look, set, look again; what the BMC refuses is the result."""
        factory = factory_password(self.way.resolvers, default=order.well_known)
        made: list[str] = []
        try:
            met, self.met = self.met, None
            met = met or meet(self.way, target.device, factory=factory, patience_s=_PATIENCE_S)
            session = met.session
            try:
                fresh = met.told is not None and self.way.clock.now() - met.at <= FRESH_S
                resources = met.told if fresh and met.told is not None else _told(session)
                if wrong := stranger(reading.marks(resources).service_tag, target.tag):
                    return {"made": made, "cause": f"{target.device}: {wrong}", "remedy": CABLING}
                shown = {(change.kind, change.name) for change in target.changes}
                now = compared(
                    resources, target.wanted, self.way, factory=met.factory, lift=order.lift,
                    work=any(kind == "unlock" for kind, _ in shown),
                )  # fmt: skip
                work = [one for one in _part(now.changes, order.part) if (one.kind, one.name) in shown]
                if now.problems and work:
                    return {"made": made, "cause": now.problems[0], "remedy": ""}
                session = apply_settings(
                    self.way, target.device, session, work, factory=factory if met.factory else None
                )
                made = [str(change) for change in work]
            finally:
                session.close()
        except DriverError as error:
            return {"made": made, "cause": str(error), "remedy": error.remedy or _AGAIN}
        return {"made": made, "cause": "", "remedy": ""}


def _told(session: Redfish) -> Mapping[str, Any]:
    """Read how a BMC is set; nothing from one that tells nothing until its password is changed."""
    try:
        return session.read(_TOPICS)
    except DeviceRefused as error:
        if error.message_id in FIRST_A_PASSWORD:
            return {}
        raise
