"""Cables that a run did not prove: no fault was seen, and no proof, so that whoever is accepted is told of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from rackwright.plan.model import Link, Plan
from rackwright.report.words import count, some

if TYPE_CHECKING:
    from rackwright.report.records import TaskRecord

__all__ = ["Unproven", "cables_of", "number", "unproven", "unproven_lines"]

CABLING: Final = "cabling"
"""The stage that proves the cables of servers."""
_ACCEPT: Final = "accept"
_HEARD: Final = "HOST-CABLING"
"""What a system hears proves its rails, whoever looked at them before."""
_GROUPS: Final = 8
_SHOWN: Final = 4


class Unproven(msgspec.Struct, frozen=True):
    """Cables of one device of which one reason is why they are not verified."""

    cables: tuple[str, ...]
    """``oob01 swp9 to gpu05 bmc``."""
    why: str
    how: str
    """How to find out; empty: nothing is known that would tell."""


def cables_of(plan: Plan) -> dict[str, tuple[Link, ...]]:
    """Return the planned cables of each server: its host links and its management cables."""
    servers = {device.name for device in plan.devices if device.role == "server"}
    found: dict[str, tuple[Link, ...]] = {}
    for link in plan.links:
        if link.b.device in servers and link.kind in {"host", "management"}:
            found[link.b.device] = (*found.get(link.b.device, ()), link)
    return found


def unproven(device: str, cables: Sequence[Link], tasks: Sequence[TaskRecord]) -> tuple[Unproven, ...]:
    """Return the cables of a device that a run did not prove.

    Rails are proven by the stage ``cabling``, or by what the system heard at the acceptance; management cables by the later of these two. Of who
    was neither looked at nor left out on purpose nothing is said here: its verdict does.
    """
    proof = next((task for task in tasks if task.stage == CABLING), None)
    acceptance = next((task for task in tasks if task.stage == _ACCEPT), None)
    if proof is None and acceptance is None:
        return ()
    rails = frozenset(_named(link) for link in cables if link.kind == "host")
    others = tuple(_named(link) for link in cables if link.kind != "host")
    how = f"rackwright bringup --only cabling --limit {device}"
    found: list[Unproven] = []
    if not (acceptance and _heard(acceptance)):
        found += _told(proof, rails) if proof else ()
        if rails and (why := _left_out(proof, acceptance)):
            found.append(Unproven(tuple(sorted(rails)), why, how))
    judge = acceptance if acceptance and acceptance.checks else proof
    if judge is not None and judge.state == "waived" and others:
        found.append(Unproven(others, _waived(judge), how))
    elif judge is not None:
        found += _told(judge, rails, among=False)
    return tuple(found)


def number(found: Iterable[Unproven]) -> int:
    """Count the cables."""
    return sum(len(one.cables) for one in found)


def unproven_lines(by: Mapping[str, Sequence[Unproven]]) -> Iterator[str]:
    """Print what is not verified, device -> cables, those of one reason in a line, with how to find out."""
    groups: dict[tuple[str, str], dict[str, list[str]]] = {}
    for device, found in by.items():
        for one in found:
            # The same reason of other devices differs by their names alone.
            key = one.why, one.how.replace(device, "{}")
            groups.setdefault(key, {}).setdefault(device, []).extend(one.cables)
    for (why, how), devices in list(groups.items())[:_GROUPS]:
        cables = [cable for own in devices.values() for cable in own]
        which = f" ({', '.join(cables)})" if len(cables) <= _SHOWN else ""
        names = list(devices)
        limit = "".join(f" --limit {name}" for name in names) if len(names) <= _SHOWN else ""
        told = how.replace(" --limit {}", limit)
        yield f"not verified: {count(len(cables), 'cable')} of {some(names)}{which}: {why}{told and '; ' + told}"
    if len(groups) > _GROUPS:
        yield f"not verified: cables for {len(groups) - _GROUPS} more reasons, see the record"


def _named(link: Link) -> str:
    return f"{link.a.device} {link.a.port} to {link.b.device} {link.b.port}"


def _told(task: TaskRecord, rails: frozenset[str], *, among: bool = True) -> Iterator[Unproven]:
    """Yield what a task left unproven among the rails, or among the others."""
    for one in task.unproven:
        if mine := tuple(cable for cable in one.cables if (cable in rails) is among):
            yield Unproven(mine, one.why, one.how)


def _heard(acceptance: TaskRecord) -> bool:
    checks = (one for one in acceptance.checks if one.check == _HEARD)
    return any(one.passed and not (one.failed or one.errors) for one in checks)


def _left_out(proof: TaskRecord | None, acceptance: TaskRecord | None) -> str:
    """Say why nobody looked at the rails; empty where somebody did, or where the verdict says it."""
    if proof is not None:
        return _waived(proof) if proof.state == "waived" else ""
    # An acceptance that tells no checks was made by an older program.
    return "this run had no stage cabling" if acceptance is not None and acceptance.checks else ""


def _waived(task: TaskRecord) -> str:
    return f"{task.stage} was left out{': ' + task.cause if task.cause else ''}"
