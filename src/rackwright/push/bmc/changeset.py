"""A changeset of servers: which firmware and BIOS settings a push would change, in which restarts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any, Final, Literal

import msgspec

from rackwright.diff.bmc.model import BiosState, FirmwareState
from rackwright.diff.bmc.settings import Settings
from rackwright.documents import canonical_json, digest
from rackwright.errors import StalePlan
from rackwright.push.bmc.model import Step, Way
from rackwright.push.kept import Kept, Unread, read, refuse_other_intent, refuse_other_site, refuse_unseen

__all__ = ["Changeset", "ServerChanges", "Unread", "load", "refuse_stale"]

_ANEW: Final = "look again with 'rackwright diff SITE --only bmc --against running -o FILE'"
_ALLOWED: Final = frozenset({"downgrade", "order-unknown"})
"""Reasons of a refusal that ``--allow-downgrade`` takes away."""
_LIFT: Final = frozenset({"unlock", "lock"})
"""Kinds of settings of a lockdown that is lifted meanwhile, by ``--lift-lockdown``."""


class ServerChanges(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one server has before it."""

    device: str
    model: str
    tag: str = ""
    """Service tag of the plan; empty: not known."""
    firmware: tuple[FirmwareState, ...] = ()
    """Every component, right or not."""
    bios: BiosState
    way: Way
    settings: Settings = Settings()
    """What the BMC itself is to be set to: a run of its own before the way, and one for lockdown after it."""
    dark: tuple[str, ...] = ()
    """The runs that were cut off while they had its power cut, newest first: that it is off is not how it is meant to be."""
    off: bool = False
    """The host is off."""

    @property
    def work(self) -> bool:
        """Tell whether a push of firmware and BIOS has anything to do."""
        return bool(self.way.steps or self.left_off)

    @property
    def left_off(self) -> str:
        """Return the run that was cut off and left the host off, which is switched on; empty: none did."""
        return self.dark[0] if self.off and self.dark else ""

    @property
    def before(self) -> str:
        """Digest of what was found."""
        return digest(canonical_json([_found(self.firmware), {**self._old(), **dict(self.bios.pending)}]))

    @property
    def planned(self) -> str:
        """Digest of what is intended."""
        wanted = {state.subject: state.wanted for state in self.firmware}
        return digest(canonical_json([wanted, sorted({*self.bios.compliant, *self._old()}), self.bios.profile]))

    def _old(self) -> dict[str, Any]:
        return {change.attribute: change.old for change in (*self.bios.changes, *self.bios.staged)}


class Changeset(Kept, frozen=True, kw_only=True):
    """What a push would do."""

    domain: Literal["bmc"] = "bmc"
    servers: tuple[ServerChanges, ...] = ()
    found: dict[str, str] = msgspec.field(default_factory=dict)
    """Server -> digest of what was found."""

    @classmethod
    def of(cls, site: str, intent: str, servers: Iterable[ServerChanges], unread: Iterable[Unread] = ()) -> Changeset:
        """Put together what was read of each server."""
        listed = tuple(servers)
        found = {server.device: server.before for server in listed}
        return cls(site=site, intent=intent, servers=listed, found=found, unread=tuple(unread))

    @property
    def changed(self) -> tuple[ServerChanges, ...]:
        """The servers that have anything before them: firmware, BIOS, or settings of the BMC."""
        return tuple(server for server in self.servers if server.work or server.settings.changes)

    @property
    def refused(self) -> tuple[ServerChanges, ...]:
        """The servers of which something cannot be brought to what is intended."""
        return tuple(server for server in self.servers if server.way.refused or server.settings.problems)


def load(path: FilePath) -> Changeset:
    """Read a kept changeset.

    Raises :class:`~rackwright.errors.DocumentError` when the file cannot be read as one of this version.
    """
    return read(path, Changeset, what="changeset of BMCs", anew=_ANEW)


def refuse_stale(kept: Changeset, now: Changeset) -> None:
    """Refuse a kept changeset that no longer says what a push would do.

    A component or attribute that is as intended by now, since an earlier push of this file came that far, is no reason.
    Raises :class:`~rackwright.errors.StalePlan`, naming the server and the component.
    """
    refuse_other_site(kept, now)
    refuse_other_intent(kept, now, anew=_ANEW)
    today = {server.device: server for server in now.servers}
    refuse_unseen((was.device for was in kept.servers), today, anew=_ANEW)
    for was in kept.servers:
        found = today.get(was.device)
        if found is not None and kept.found.get(was.device) != was.before:
            raise StalePlan(f"{was.device}: the changeset was edited; {_ANEW}")
        if found is not None and (moved := _moved(was, found)):
            raise StalePlan(f"{was.device}: {moved} since the changeset was written; {_ANEW}")
        if found is not None and (unshown := _unshown(was, found)):
            raise StalePlan(f"{was.device}: {unshown}; {_ANEW}")


def _moved(was: ServerChanges, now: ServerChanges) -> str:
    """Say what is neither as it was nor as it was to be; empty: nothing."""
    wanted = {state.subject: state for state in was.firmware}
    if {name: state.wanted for name, state in wanted.items()} != {
        state.subject: state.wanted for state in now.firmware
    }:
        return "the versions that are intended have changed"
    for state in now.firmware:
        before = wanted[state.subject]
        if state.found != before.found and state.verdict not in ("compliant", "staged"):
            return f"{state.name} ({state.subject}) has gone from {before.found or 'none'} to {state.found or 'none'}"
    known = {change.attribute: (change.old, change.new) for change in (*was.bios.changes, *was.bios.staged)}
    for change in now.bios.changes:
        if (change.old, change.new) != known.get(change.attribute, ()):
            return f"the BIOS attribute {change.attribute} or what it should be has changed"
    # Both come only where lockdown may be lifted for this push, which a look never does.
    lifted = _LIFT if {change.kind for change in now.settings.changes} >= _LIFT else frozenset[str]()
    for setting in now.settings.changes:
        if setting not in was.settings.changes and setting.kind not in lifted:
            return f"{setting.name} of the BMC or what it should be has changed"
    return ""


def _unshown(was: ServerChanges, now: ServerChanges) -> str:
    """Say what would be done that was not shown: the files of images are no part of the intent; empty: nothing."""
    shown = {(step.component, _sent(step)) for step in was.way.steps}
    known = {component for component, _ in shown}
    # Refused until it is allowed for this push, which a look never does.
    allowed = {row.component for row in was.way.refused if row.reason in _ALLOWED}
    brought = [step for step in now.way.steps if step.kind != "restart" and step.component not in allowed]
    for step in brought:
        if step.component not in known:
            return f"{step.component} would be brought in, which was not shown"
        if not step.staged and (step.component, _sent(step)) not in shown:
            return f"the image of {step.component} is another one than was shown"
    if not any(step.component in allowed for step in now.way.steps) and now.way.restarts > was.way.restarts:
        return f"the host would be restarted {now.way.restarts} times instead of {was.way.restarts}"
    return ""


def _sent(step: Step) -> tuple[str, ...]:
    """Return what is sent, wherever it is listed."""
    image = step.image
    return (image.version, image.file, image.url, image.sha256) if image else ()


def _found(firmware: Iterable[FirmwareState]) -> Mapping[str, Sequence[str]]:
    return {f"{state.key} {state.subject}": [state.fqdd, state.found, state.verdict] for state in firmware}
