"""A changeset of servers: which firmware and BIOS settings a push would change, in which restarts; a file to be read and kept.

It holds digests of the intent and of what was found, so that a push of a stale one is refused, and no secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any, Final, Literal

import msgspec

from rackwright.diff.bmc.model import BiosState, FirmwareState
from rackwright.diff.bmc.settings import Settings
from rackwright.documents import canonical_json, digest
from rackwright.errors import DocumentError, StalePlan
from rackwright.push.bmc.model import Way
from rackwright.push.changeset import Unread

__all__ = ["Changeset", "ServerChanges", "Unread", "load", "refuse_stale"]

_ANEW: Final = "look again with 'rackwright diff SITE --only bmc --against running -o FILE'"


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


class Changeset(msgspec.Struct, frozen=True, kw_only=True):
    """What a push would do."""

    schema: Literal[1] = 1
    domain: Literal["bmc"] = "bmc"
    site: str
    intent: str
    """Digest of the intent that the plan was made from."""
    servers: tuple[ServerChanges, ...] = ()
    found: dict[str, str] = {}
    """Server -> digest of what was found."""
    unread: tuple[Unread, ...] = ()

    @classmethod
    def of(cls, site: str, intent: str, servers: Iterable[ServerChanges], unread: Iterable[Unread] = ()) -> Changeset:
        """Put together what was read of each server."""
        listed = tuple(servers)
        found = {server.device: server.before for server in listed}
        return cls(site=site, intent=intent, servers=listed, found=found, unread=tuple(unread))

    @property
    def changed(self) -> tuple[ServerChanges, ...]:
        """The servers that have anything before them: firmware, BIOS, or settings of the BMC."""
        return tuple(server for server in self.servers if server.way.steps or server.settings.changes)

    @property
    def refused(self) -> tuple[ServerChanges, ...]:
        """The servers of which something cannot be brought to what is intended."""
        return tuple(server for server in self.servers if server.way.refused or server.settings.problems)

    def encoded(self) -> bytes:
        """Return the file's bytes; equal changesets give equal bytes."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"


def load(path: FilePath) -> Changeset:
    """Read a kept changeset.

    Raises :class:`~rackwright.errors.DocumentError` when the file cannot be read as one of this version.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Changeset)
    except OSError as error:
        raise DocumentError(f"{path} cannot be read ({error.strerror}): {_ANEW}") from error
    except msgspec.MsgspecError as error:
        raise DocumentError(f"{path} is no changeset of BMCs of this version ({error}): {_ANEW}") from error


def refuse_stale(kept: Changeset, now: Changeset) -> None:
    """Refuse a kept changeset that no longer says what a push would do.

    A component or attribute that is as intended by now, since an earlier push of this file came that far, is no reason.
    Raises :class:`~rackwright.errors.StalePlan`, naming the server and the component.
    """
    if kept.site != now.site:
        raise StalePlan(f"the changeset is of the site {kept.site!r}, this is {now.site!r}: name the other folder")
    if kept.intent != now.intent:
        raise StalePlan(f"the intent has changed since the changeset was written; {_ANEW}")
    today = {server.device: server for server in now.servers}
    for was in kept.servers:
        found = today.get(was.device)
        if found is not None and kept.found.get(was.device) != was.before:
            raise StalePlan(f"{was.device}: the changeset was edited; {_ANEW}")
        if found is not None and (moved := _moved(was, found)):
            raise StalePlan(f"{was.device}: {moved} since the changeset was written; {_ANEW}")


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
    return ""


def _found(firmware: Iterable[FirmwareState]) -> Mapping[str, Sequence[str]]:
    return {f"{state.key} {state.subject}": [state.fqdd, state.found, state.verdict] for state in firmware}
