"""The way of a server to its firmware and BIOS with the fewest restarts of its host.

``way(machine, states, bios, images, rules)`` is pure: what is right is skipped, what is not ours is left to others by name, what stands in
the way is refused with a remedy, and the rest is put in the order that the rules ask for. ``rack`` adds up.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from rackwright.catalog.firmware import ActivationModel
from rackwright.catalog.images import Image
from rackwright.diff.bmc.model import BiosState, FirmwareState
from rackwright.plan.machines import Machine
from rackwright.push.bmc.model import SETTINGS, Step, Way
from rackwright.push.bmc.rules import Rules, rules_of
from rackwright.push.bmc.solving import Cost, Group, Item, solve
from rackwright.push.bmc.turns import ahead
from rackwright.push.bmc.work import Task, Work, work

__all__ = ["RackSum", "Rules", "rack", "rules_of", "way"]

_CYCLES = {"": 0, "power": 2, "ac": 3}
"""Strength of the activation that a job asks for by itself (SUP0544, SUP0545)."""


class RackSum(msgspec.Struct, frozen=True, kw_only=True):
    """What the ways of many servers come to."""

    servers: int
    """Servers on which something is to be done."""
    restarts: int
    ac_cycles: int
    bmc_restarts: int
    most_restarts: int
    """Of one server."""
    left: int
    refused: int
    turns: int
    """One after the other."""
    minutes: float
    """Of all turns, with so many servers at a time as were given, and one ahead in each."""


def way(
    machine: Machine, states: Sequence[FirmwareState], bios: BiosState | None, images: Sequence[Image], rules: Rules
) -> Way:
    """Return the way of one server; ``bios`` is None where its settings are none of the matter."""
    found = work(machine, states, bios, images, rules)
    groups = solve(_items(found, rules), _events(rules))
    if groups is None:
        groups = _without_circle(found, rules)
    steps = tuple(_steps(found, groups, rules))
    restarts = [rules.activations[step.activation] for step in steps if step.kind == "restart"]
    installs = [rules.activations[step.activation] for step in steps if step.kind == "install"]
    return Way(
        machine=machine.name,
        steps=steps,
        left=tuple(found.left),
        refused=tuple(found.refused),
        compliant=tuple(dict.fromkeys(found.compliant)),
        unpinned=tuple(dict.fromkeys(found.unpinned)),
        restarts=len(restarts),
        ac_cycles=sum(row.bmc_down for row in restarts),
        bmc_restarts=sum(row.bmc_down for row in installs),
        minutes=sum(step.minutes for step in steps),
    )


def rack(turns: Sequence[Sequence[Way]], at_once: int = 1) -> RackSum:
    """Add up the ways of the servers of each turn, in which they are worked on in their order, ``at_once`` of them at a time."""
    working = [[one for one in turn if one.steps] for turn in turns]
    ways = [one for turn in turns for one in turn]
    return RackSum(
        servers=sum(bool(one.steps) for one in ways),
        restarts=sum(one.restarts for one in ways),
        ac_cycles=sum(one.ac_cycles for one in ways),
        bmc_restarts=sum(one.bmc_restarts for one in ways),
        most_restarts=max((one.restarts for one in ways), default=0),
        left=sum(len(one.left) for one in ways),
        refused=sum(len(one.refused) for one in ways),
        turns=sum(bool(turn) for turn in working),
        minutes=sum(_turn(turn, at_once) for turn in working),
    )


def _turn(ways: Sequence[Way], at_once: int) -> float:
    """Return the minutes of a turn: who goes ahead, and then the others."""
    first = ahead([one.machine for one in ways])
    busy = [0.0] * max(1, at_once)
    for one in ways:
        if one.machine != first:
            heapq.heappush(busy, heapq.heappop(busy) + one.minutes)
    return max(busy) + sum(one.minutes for one in ways if one.machine == first)


def _items(found: Work, rules: Rules) -> list[Item]:
    return [
        Item(
            name=task.name,
            strength=_asked(task, rules).strength,
            alone=rules.kinds[task.component].alone,
            live=frozenset(task.live),
            sent=frozenset(task.sent),
            waits=task.waits,
        )
        for task in found.tasks
    ]


def _events(rules: Rules) -> Mapping[int, Cost]:
    return {row.strength: (1, int(row.bmc_down), row.minutes) for row in rules.activations.values() if row.strength}


def _without_circle(found: Work, rules: Rules) -> tuple[Group, ...]:
    """Refuse what waits for itself by way of others, and order the rest."""
    while (groups := solve(_items(found, rules), _events(rules))) is None:
        names = {task.name for task in found.tasks}
        before = {task.name: (task.live | task.sent) & names for task in found.tasks}
        stuck = _stuck(before) or names
        for task in [task for task in found.tasks if task.name in stuck]:
            others = ", ".join(sorted(before[task.name]))
            message = f"{task.component} waits for {others}, and that leads back to it"
            found.refuse(
                task.component, "circle", message, "correct after: in the firmware rows, or needs: of an image"
            )
        found.tasks = [task for task in found.tasks if task.name not in stuck]
    return groups


def _stuck(before: Mapping[str, set[str]]) -> set[str]:
    """Return the names that never come free."""
    left = dict(before)
    while free := [name for name, words in left.items() if not words & left.keys()]:
        for name in free:
            del left[name]
    return set(left)


# --- steps -------------------------------------------------------------------------------------


def _steps(found: Work, groups: Sequence[Group], rules: Rules) -> Iterator[Step]:
    tasks = {task.name: task for task in found.tasks}
    number = 0
    for group in groups:
        members = [tasks[name] for name in group.names]
        if not group.strength:
            yield from (_brought(task, 0, rules) for task in members)
            continue
        number += 1
        yield from (_brought(task, number, rules) for task in members)
        yield _restart(members, number, rules)


def _brought(task: Task, group: int, rules: Rules) -> Step:
    kind = rules.kinds[task.component]
    activation = rules.activations[kind.activation]
    minutes = kind.minutes if task.image is None or task.image.minutes is None else task.image.minutes
    if task.waits:
        minutes = 0.0
    settings = task.component == SETTINGS
    return Step(
        kind="settings" if settings else "stage" if group else "install",
        group=group,
        component=task.component,
        fqdds=tuple(dict.fromkeys(state.fqdd for state in task.states if state.verdict != "compliant")),
        image=task.image,
        at=kind.sent,
        activation=kind.activation,
        changes=task.changes,
        staged=task.waits,
        job=task.job,
        minutes=minutes + (0.0 if group else activation.minutes),
        why=task.why,
    )


def _asked(task: Task, rules: Rules) -> ActivationModel:
    """Return what a task asks for: its kind's activation, or the cycle that its own job named."""
    usual = rules.activation(task.component)
    least = max((_CYCLES[state.cycle] for state in task.states), default=0)
    if least <= usual.strength:
        return usual
    stronger = [row for row in rules.activations.values() if row.strength >= least]
    return min(stronger, key=lambda row: row.strength, default=usual)


def _restart(members: Sequence[Task], group: int, rules: Rules) -> Step:
    """Return the one restart that puts a group in force: of the strongest kind that one of them asks for."""
    strongest: ActivationModel = max((_asked(task, rules) for task in members), key=lambda row: row.strength)
    return Step(
        kind="restart",
        group=group,
        at="now",
        activation=strongest.key,
        minutes=strongest.minutes,
        why=f"puts {', '.join(task.component for task in members)} in force",
    )
