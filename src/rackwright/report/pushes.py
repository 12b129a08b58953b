"""Changesets and pushes as text and JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from rackwright.diff import as_tree
from rackwright.diff.changes import flatten, is_masked, is_secret
from rackwright.nvue.ranges import compress
from rackwright.nvue.tree import Tree
from rackwright.push.changeset import Changeset, DeviceChanges, Unread
from rackwright.push.groups import Group, groups
from rackwright.push.impact import Impact
from rackwright.push.leases import BY_HAND
from rackwright.report.words import count, some
from rackwright.runs import Outcome, Report

__all__ = [
    "behind",
    "changeset_lines",
    "impact_lines",
    "outcome_lines",
    "outcome_value",
    "pushed",
    "secret_lines",
    "unread_lines",
    "what_changes",
]


def what_changes(changeset: Changeset) -> str:
    """Say in a line how much a push would change."""
    changed = changeset.changed
    verb = "differs" if len(changed) == 1 else "differ"
    parts = [f"{count(len(changed), 'switch')} of {len(changeset.devices)} {verb}"] if changed else []
    parts += ["no difference"] if changeset.devices and not changed else []
    alike = groups(changed)
    if len(alike) < len(changed):
        parts.append(count(len(alike), "set") + " of changes")
    unsaved = sum(device.unsaved for device in changeset.devices)
    parts += [f"{count(unsaved, 'switch')} with unsaved configuration"] if unsaved else []
    leased = sum(device.lease and not device.steps for device in changeset.devices)
    parts += [f"{count(leased, 'switch')} with an old DHCP lease to be given back"] if leased else []
    parts += [f"{count(len(changeset.unread), 'switch')} could not be read"] if changeset.unread else []
    return ", ".join(parts) or "no switch"


def unread_lines(devices: Iterable[Unread]) -> Iterator[str]:
    """Tell which devices could not be read, and why."""
    for unread in devices:
        yield f"{unread.device}: {_with_remedy(unread.cause, unread.remedy)}"


def _with_remedy(cause: str, remedy: str) -> str:
    """Add what to do, unless the cause ends in it, as most messages do."""
    return cause if not remedy or remedy in cause else f"{cause}; {remedy}"


def changeset_lines(changeset: Changeset, *, colour: bool = False) -> Iterator[str]:
    """Print what would change: switches that change alike once, with their names, then what it interrupts."""
    for group in groups(changeset.changed):
        yield _head(group)
        for device in changeset.changed:
            if device.device in group.devices:
                yield from impact_lines(device)
        yield from as_tree(group.first.changes, colour=colour).splitlines()
        yield ""
    for device in changeset.devices:
        if device.unsaved and not device.steps:
            yield f"{device.device}: runs as planned and would not boot so; it is to be saved"
    if owing := [device.device for device in changeset.devices if device.lease]:
        yield (
            f"! {some(owing, 32)}: eth0 leaves DHCP; its old lease is given back behind the save, since the address would go with it "
            f"(RN-4377862): '{BY_HAND}', proven by a fresh login; where sudo asks for a password, it is the secret switch_password"
        )


def secret_lines(changeset: Changeset, intended: Mapping[str, Tree]) -> Iterator[str]:
    """Tell which secrets go to switches with what changes there, though nobody can see whether they differ."""
    found: dict[str, list[str]] = {}
    for device in changeset.changed:
        shown = {change.path for change in device.changes}
        for path, leaf in flatten(intended.get(device.device, {})).items():
            if path not in shown and (is_secret(path) or is_masked(path, leaf)):
                found.setdefault(".".join(path), []).append(device.device)
    for leaf_path, names in found.items():
        yield f"! {some(names, 8)}: {leaf_path} is written too; a switch hides what it has, so whether it changes cannot be told"


def _head(group: Group) -> str:
    number, applies = len(group.devices), count(len(group.first.steps), "apply", "applies")
    alike = f"{count(number, 'switch')} alike: " if number > 1 else ""
    return f"{alike}{some(group.devices, 32)} ({count(len(group.first.changes), 'change')} in {applies})"


def impact_lines(device: DeviceChanges) -> Iterator[str]:
    """Tell what pushing to one switch interrupts, and who is behind it."""
    impact = device.impact
    for item in impact.interruptions:
        ports = f" on {compress(item.ports)}" if item.ports else ""
        yield f"! {device.device}: {item.kind}{ports}: {'; '.join(item.reasons)}"
    if impact and (words := behind(impact)):
        yield f"! {device.device}: behind it are {words}"


def behind(impact: Impact) -> str:
    """Say who is behind the ports that a push interrupts; empty: nobody."""
    parts = []
    if impact.gpus:
        rails = ", ".join(map(str, impact.rails))
        parts.append(f"{count(len(impact.gpus), 'GPU')} on {'rail' if len(impact.rails) == 1 else 'rails'} {rails}")
    if impact.hosts:
        parts.append(f"{count(len(impact.hosts), 'host')} ({some(impact.hosts, 4)})")
    if impact.fabric_links:
        parts.append(count(impact.fabric_links, "fabric link"))
    return ", ".join(parts)


def pushed(outcomes: Sequence[Outcome]) -> str:
    """Count how a push ended: ``0 changed, 5 unchanged``."""
    by: Counter[str] = Counter(outcome.state for outcome in outcomes)
    parts = [f"{by['done']} changed", f"{by['unchanged']} unchanged"]
    parts += [f"{by[state]} {state}" for state in ("failed", "skipped", "cancelled") if by[state]]
    return ", ".join(parts)


def outcome_lines(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Print how each device ended; what was left alone because nothing differed is counted only."""
    for outcome in outcomes:
        if outcome.state == "unchanged":
            continue
        where = f" at {outcome.stage}" if outcome.stage else ""
        why = f": {outcome.cause}" if outcome.cause else ""
        yield f"{outcome.subject}: {outcome.state}{where}{why}"
        if outcome.remedy and outcome.remedy not in outcome.cause:
            yield f"  remedy: {outcome.remedy}"
        for kind in ("backup", "support", "profile", "inventory"):
            if outcome.state != "done" and outcome.detail.get(kind):
                yield f"  {kind}: {outcome.detail[kind]}"


def outcome_value(report: Report | None, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return how a push ended for JSON, switch by switch."""
    by: Counter[str] = Counter(outcome.state for outcome in outcomes)
    return {
        "run": report.run if report else "",
        "changed": by["done"],
        "unchanged": by["unchanged"],
        "failed": by["failed"],
        "skipped": by["skipped"],
        "cancelled": by["cancelled"],
        "devices": [msgspec.to_builtins(outcome) for outcome in outcomes],
        "gates": [msgspec.to_builtins(gate) for gate in report.gates.values()] if report else [],
    }
