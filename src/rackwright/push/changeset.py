"""A changeset of switches: what a push would do to which of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path as FilePath
from typing import Any, Final, Literal

import msgspec

from rackwright import diff, secrets
from rackwright.diff.changes import is_secret
from rackwright.errors import StalePlan
from rackwright.nvue.tree import Leaf, Path, Tree
from rackwright.push.digests import digest_of
from rackwright.push.impact import Impact, Interrupts, impact_of
from rackwright.push.kept import Kept, Unread, read, refuse_other_intent, refuse_other_site, refuse_unseen
from rackwright.push.leases import is_owed
from rackwright.push.reading import Reading
from rackwright.push.route import Stop, StopName, route

__all__ = ["Changeset", "DeviceChanges", "Step", "Unread", "load", "make", "refuse_stale"]

_ANEW: Final = "look again with 'rackwright diff SITE --against running -o FILE'"


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One apply: the state that it leads to, and the digest of that."""

    name: StopName
    digest: str


class DeviceChanges(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one switch has before it."""

    device: str
    before: str
    """Digest of what was running."""
    planned: str
    """Digest of what is intended."""
    steps: tuple[Step, ...] = ()
    """The applies it takes, in order."""
    changes: tuple[diff.Change, ...] = ()
    """What differs, leaf by leaf; secrets are hidden, references stand as they are."""
    unsaved: bool = False
    """What runs is not what it would boot with."""
    impact: Impact = Impact()
    lease: bool = False
    """It leaves DHCP, or has left it, and gives its old lease back once it is done."""

    @property
    def legal(self) -> dict[str, str]:
        """Digest -> name of each state that the switch may be found in."""
        return {self.before: "before", **{step.digest: step.name for step in self.steps}, self.planned: "planned"}


class Changeset(Kept, frozen=True, kw_only=True):
    """What a push would do."""

    domain: Literal["switch"] = "switch"
    devices: tuple[DeviceChanges, ...] = ()

    @property
    def changed(self) -> tuple[DeviceChanges, ...]:
        """The switches that have anything before them."""
        return tuple(device for device in self.devices if device.steps)


def make(
    site: str,
    intent: str,
    readings: Iterable[Reading],
    intended: Mapping[str, Tree],
    interrupts: Interrupts,
    *,
    routes: dict[str, tuple[Stop, ...]] | None = None,
    held: Collection[str] = (),
) -> Changeset:
    """Compare what was read with what is intended, switch by switch; ``routes`` gets the way of each that has one.

    ``held`` are those that an earlier run left with a DHCP lease to be given back.
    """
    devices, unread = [], []
    for reading in readings:
        if reading.running is None:
            unread.append(Unread(reading.device, reading.cause, reading.remedy, reading.passing))
        else:
            made, stops = _device(reading, reading.running, intended[reading.device], interrupts)
            if is_owed(reading.running, made.changes, marked=reading.device in held):
                made = msgspec.structs.replace(made, lease=True)
            devices.append(made)
            if routes is not None and stops:
                routes[reading.device] = stops
    return Changeset(site=site, intent=intent, devices=tuple(devices), unread=tuple(unread))


def _device(
    reading: Reading, running: Tree, intended: Tree, interrupts: Interrupts
) -> tuple[DeviceChanges, tuple[Stop, ...]]:
    before, planned = digest_of(running), digest_of(intended)
    if before == planned:  # which says that there is no difference, and costs a third of looking for one
        return DeviceChanges(device=reading.device, before=before, planned=planned, unsaved=reading.unsaved), ()
    changes = diff.between(running, intended)
    stops = route(running, intended, changes)
    made = DeviceChanges(
        device=reading.device,
        before=before,
        planned=planned,
        steps=tuple(Step(stop.name, planned if stop.name == "planned" else stop.digest) for stop in stops),
        changes=tuple(map(_shown, changes)),
        unsaved=reading.unsaved,
        impact=impact_of(reading.device, [change for stop in stops for change in stop.changes], interrupts),
    )
    return made, stops


def _shown(change: diff.Change) -> diff.Change:
    old, new = _without_secret(change.path, change.old), _without_secret(change.path, change.new)
    return change if old is change.old and new is change.new else msgspec.structs.replace(change, old=old, new=new)


def _without_secret(path: Path, leaf: Leaf) -> Any:
    open_secret = is_secret(path) and leaf is not None and not secrets.is_mapping(leaf)
    return "*" if open_secret or (isinstance(leaf, str) and leaf.startswith("$nvsec$")) else leaf


def load(path: FilePath) -> Changeset:
    """Read a kept changeset.

    Raises :class:`~rackwright.errors.DocumentError` when the file cannot be read as one of this version.
    """
    return read(path, Changeset, what="changeset of switches", anew=_ANEW)


def refuse_stale(kept: Changeset, now: Changeset) -> None:
    """Refuse a kept changeset that no longer says what a push would do.

    A switch that stands at one of its own stops, since an earlier push of this file came that far, is no reason.
    Raises :class:`~rackwright.errors.StalePlan`, naming the switch and the path.
    """
    refuse_other_site(kept, now)
    today = {device.device: device for device in now.devices}
    refuse_unseen((was.device for was in kept.devices), today, anew=_ANEW)
    for was in kept.devices:
        found = today.get(was.device)
        if found is not None:
            _refuse_stale(was, found)
    refuse_other_intent(kept, now, anew=_ANEW)


def _refuse_stale(was: DeviceChanges, now: DeviceChanges) -> None:
    if was.planned != now.planned:
        what = "what is intended has changed since the changeset was written"
    elif now.before not in was.legal:
        what = "it runs something else than when the changeset was written"
    else:
        return
    raise StalePlan(f"{was.device}: {what}, first at {_first(was, now)}; {_ANEW}")


def _first(was: DeviceChanges, now: DeviceChanges) -> str:
    """Name the first path at which two lists of changes differ."""
    one = {change.path: (change.op, change.old, change.new) for change in was.changes}
    two = {change.path: (change.op, change.old, change.new) for change in now.changes}
    return next((".".join(path) for path in {**one, **two} if one.get(path) != two.get(path)), "a secret")
