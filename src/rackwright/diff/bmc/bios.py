"""The BIOS of one server against its profile, in the light of its own attribute registry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from rackwright.diff.bmc.model import BiosChange, BiosProblem, BiosState
from rackwright.diff.bmc.settings import LIFT
from rackwright.plan.machines import Machine, WantedAttribute
from rackwright.redfish.inventory import Bios, Inventory, Job
from rackwright.redfish.registry import Registry, Resolution, Trouble

__all__ = ["bios_state"]

_ABSENT: Final = frozenset({"unknown", "absent", "hidden"})
"""Troubles that mean that the attribute is not there to be set."""


def bios_state(machine: Machine, told: Inventory, registry: Registry | None) -> BiosState:
    """Return what must be set, what is right, and what cannot be had.

    Without a registry nothing can be known beforehand of ranges and dependencies: an attribute that the machine shows is compared, one
    that it does not show is a problem.
    """
    bios = told.bios
    if bios is None or not bios.attributes:
        return BiosState(profile=machine.bios_profile, known=False)
    wanted = {row.attribute: row for row in machine.bios if row.need != "forbidden"}
    wishes = {name: _typed(row.value, bios.attributes.get(name)) for name, row in wanted.items()}
    resolution = registry.resolve(bios.attributes, wishes) if registry else _unread(bios.attributes, wishes)
    problems, absent = _troubles(resolution.problems, wanted)
    problems += _forbidden(machine.bios, bios)
    changes = _changes(resolution.changes, wanted, bios)
    job = _job(told.jobs)
    staged = tuple(change for change in changes if job and bios.pending.get(change.attribute) == change.new)
    return BiosState(
        profile=machine.bios_profile,
        changes=tuple(change for change in changes if change not in staged),
        implied=tuple(_changes(resolution.implied, wanted, bios)),
        compliant=resolution.already,
        absent=absent,
        problems=tuple(problems),
        staged=staged,
        pending=tuple(sorted(bios.pending.items())),
        job=job,
    )


def _typed(value: str | int | None, there: Any) -> Any:
    """Return a number for an attribute that holds numbers, whichever way it was written."""
    if isinstance(there, int) and not isinstance(there, bool) and isinstance(value, str) and value.isdigit():
        return int(value)
    return value


def _unread(current: Mapping[str, Any], wishes: Mapping[str, Any]) -> Resolution:
    return Resolution(
        changes={name: value for name, value in wishes.items() if name in current and current[name] != value},
        already=tuple(name for name, value in wishes.items() if current.get(name) == value),
        problems=tuple(
            Trouble(
                attribute=name,
                kind="unknown",
                said=f"the BIOS of this machine shows no attribute {name}, and its registry was not told",
                remedy="take it out of the profile of this model, or mark it if-present",
            )
            for name in wishes
            if name not in current
        ),
    )


def _troubles(
    troubles: Iterable[Trouble], wanted: Mapping[str, WantedAttribute]
) -> tuple[list[BiosProblem], tuple[str, ...]]:
    """Part what is in the way from what is merely not there and was wished for where present."""
    problems: list[BiosProblem] = []
    absent: list[str] = []
    for trouble in troubles:
        if trouble.kind in _ABSENT and wanted[trouble.attribute].need == "if-present":
            absent.append(trouble.attribute)
        else:
            problems.append(
                BiosProblem(
                    attribute=trouble.attribute,
                    message=trouble.said,
                    remedy=LIFT if trouble.kind == "locked" else trouble.remedy,
                    absent=trouble.kind in _ABSENT,
                )
            )
    return problems, tuple(absent)


def _forbidden(rows: Iterable[WantedAttribute], bios: Bios) -> list[BiosProblem]:
    """Report what must not stand there; what should stand there instead is not ours to guess."""
    found = []
    for row in rows:
        if row.need != "forbidden" or row.attribute not in bios.attributes:
            continue
        value = bios.attributes[row.attribute]
        if row.value is None or value == _typed(row.value, value):
            message = f"{row.attribute} is {value}, which must not be" + (f": {row.reason}" if row.reason else "")
            remedy = (
                f"write the value that it should have: bios: overrides: [{{attribute: {row.attribute}, value: ...}}]"
            )
            found.append(BiosProblem(attribute=row.attribute, message=message, remedy=remedy))
    return found


def _changes(values: Mapping[str, Any], wanted: Mapping[str, WantedAttribute], bios: Bios) -> list[BiosChange]:
    return [
        BiosChange(
            attribute=name,
            old=bios.attributes.get(name),
            new=value,
            reason=wanted[name].reason,
            source=wanted[name].source,
        )
        for name, value in values.items()
    ]


def _job(jobs: Iterable[Job]) -> str:
    """Return the open job that will apply BIOS settings."""
    return next((job.id for job in jobs if job.open and "bios" in job.kind.lower()), "")
