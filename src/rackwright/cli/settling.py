"""What ``push --only bmc`` does around firmware and BIOS: how the BMCs themselves are set before, lockdown after."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from rackwright.cli.reaching import Reach
from rackwright.cli.talk import Talk
from rackwright.plan.controllers import BmcSettings

if TYPE_CHECKING:
    from rackwright.push.bmc.changeset import Changeset
    from rackwright.push.bmc.meeting import Greeter
    from rackwright.runs import Event, Outcome, Report

__all__ = ["Settling", "greeter", "settled"]


@dataclass(frozen=True)
class Settling:
    """How BMCs are to be set, and what is allowed for it."""

    wanted: Mapping[str, BmcSettings] = field(default_factory=dict)
    lift: bool = False
    """``--lift-lockdown``."""
    well_known: bool = False
    """``--factory-login``."""


def greeter(way: Reach, settling: Settling) -> Greeter:
    """Return what opens sessions with BMCs, new ones by the password that they were delivered with."""
    from rackwright.push.bmc.meeting import Greeter, factory_password

    return Greeter(way, factory_password(way.resolvers, default=settling.well_known))


def settled(
    talk: Talk, way: Reach, found: Changeset, settling: Settling, part: Literal["first", "last"],
    watch: Callable[[Event], None],
) -> dict[str, Outcome]:  # fmt: skip
    """Make the settings that were shown and agreed to, of ``part``; return the servers that did not end well: of them nothing else may be done."""
    from rackwright.push.bmc.settling import SettlingOrder, Target, submit_settings
    from rackwright.report.pushes import outcome_lines, pushed
    from rackwright.runs.model import GOOD

    targets = tuple(
        Target(
            device=one.device, tag=one.tag, wanted=settling.wanted[one.device], changes=one.settings.changes
        )
        for one in found.servers if one.settings.changes
    )  # fmt: skip
    order = SettlingOrder(
        site=found.site, targets=targets, part=part, lift=settling.lift, well_known=settling.well_known
    )
    report = submit_settings(order, way, jobs=way.jobs, on_event=watch)
    if report is None:
        return {}
    outcomes = list(report.outcomes.values())
    for line in (*outcome_lines(outcomes), f"set: {pushed(outcomes)}"):
        talk.say(line)
    _say_gates(talk, report)
    return {name: outcome for name, outcome in report.outcomes.items() if outcome.state not in GOOD}


def _say_gates(talk: Talk, report: Report) -> None:
    for gate in report.gates.values():
        if gate.state != "done":
            talk.error(f"{gate.subject}: nothing else was begun: {gate.cause}; {gate.remedy}")
