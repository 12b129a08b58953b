"""The tasks of a bring-up and what each hangs on: from the plan to a graph, pure.

Every device has a line of its own through the stages, so that one bad server stops nobody else. Switches go in the
plan's waves, one ahead of each wave and a gate behind it. What needs others hangs on as little of them as it can: a BMC on
the switch that it is cabled to, an installation on the gates of its own networks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import msgspec

from rackwright.errors import RunError
from rackwright.plan.model import Plan
from rackwright.push.order import joined
from rackwright.runs.model import Graph, Task

__all__ = ["STAGES", "Scope", "canary_of", "graph_of", "interruptions"]

STAGES: Final = (
    "oob", "frontend", "bmc", "hardware", "head", "backend", "fabric", "firmware", "os", "cabling", "stack", "accept",
    "handover",
)  # fmt: skip
"""The stages in their order; design.md has the words."""

SWITCHED: Final = ("oob", "frontend", "backend")
"""Stages that set switches: those of the plan's waves."""
FABRIC: Final = "fabric/gate"
BLINK: Final = "cabling/blink"
HANDOVER: Final = "handover/site"

_POWER: Final = frozenset({"firmware", "os", "stack", "head"})
"""Stages that restart a server."""
_IMAGES: Final = frozenset({"firmware", "os"})
"""Stages that fetch images from the server of images."""
_SYSTEM: Final = frozenset({"head", "os", "stack"})
"""Stages that need an operating system on the server."""


@dataclass(frozen=True)
class Scope:
    """What a bring-up is about."""

    plan: Plan
    servers: tuple[str, ...]
    """The servers that have a BMC, in the order of the plan."""
    models: Mapping[str, str] = field(default_factory=dict)
    """Server -> model: one of a model goes ahead with firmware."""
    only: frozenset[str] = frozenset(STAGES)
    limit: frozenset[str] | None = None
    """The devices that are meant; None: all."""
    asks: Mapping[str, str] = field(default_factory=dict)
    """Stage -> the question that an operator answers before it."""
    systems: bool = True
    """Operating systems can be reached; False: ``head``, ``os`` and ``stack`` are not planned."""
    power: Mapping[str, int] = field(default_factory=dict)
    """Rack -> servers that may restart in it at the same time; one that is not in it has no limit."""
    images: int = 16
    """Servers that may be fed with images at the same time."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Device -> tag of the workers that reach it; one that is not in it may be reached by any."""

    @cached_property
    def roles(self) -> dict[str, tuple[str, ...]]:
        """Roles of each device, but those whose members stand in for each other in numbers."""
        return {one.name: tuple(role for role in one.roles if role != "k8s-worker") for one in self.plan.devices}

    @cached_property
    def racks(self) -> dict[str, str]:
        """Rack of each device that has a place."""
        return {one.device: one.rack for one in self.plan.placements}

    @cached_property
    def heads(self) -> frozenset[str]:
        """Head nodes: what runs on them serves the others."""
        return frozenset(name for name in self.servers if "bcm-head" in self.roles.get(name, ()))

    @cached_property
    def groups(self) -> Mapping[str, str]:
        """Switch -> name of the fabrics that are cabled together and its own is one of."""
        return joined(self.plan)

    @cached_property
    def cabled(self) -> dict[str, tuple[str, ...]]:
        """Server -> switches that its planned host links end at."""
        found: dict[str, dict[str, None]] = {}
        for link in self.plan.links:
            if link.kind == "host":
                found.setdefault(link.b.device, {})[link.a.device] = None
        return {name: tuple(switches) for name, switches in found.items()}

    @cached_property
    def way_in(self) -> dict[str, str]:
        """Device -> switch that its management port is cabled to."""
        return {link.b.device: link.a.device for link in self.plan.links if link.kind == "management"} | {
            link.b.device: link.a.device
            for link in self.plan.links
            if link.kind in {"management", "host"} and link.b.port == "bmc"
        }

    @cached_property
    def stage_of(self) -> dict[str, str]:
        """Switch -> the stage that sets it."""
        return {name: stage for stage, members in self.plan.waves for name in members}


def graph_of(scope: Scope) -> Graph:
    """Return the tasks of a bring-up, in the order of the stages, with their limits.

    Raises :class:`~rackwright.errors.RunError` where nothing is left to do.
    """
    tasks = [task for made in (_switches(scope), _checks(scope), _servers(scope), _ends(scope)) for task in made]
    tasks = _asking(_kept(tasks, scope), scope)
    if not any(task.device for task in tasks):
        raise RunError("nothing is left to bring up: see --only and --limit")
    ranked = sorted(tasks, key=lambda task: STAGES.index(task.stage))
    used = {name for task in ranked for name in task.takes}
    limits = {f"power {rack}": most for rack, most in scope.power.items()}
    limits |= {f"role {role}": 1 for roles in scope.roles.values() for role in roles} | {"images": scope.images}
    return Graph(tasks=tuple(ranked), limits={name: most for name, most in limits.items() if name in used})


def interruptions(stages: Collection[str], *, blinks: bool) -> tuple[str, ...]:
    """Return what tasks of some stages may interrupt, in words; empty: what they do interrupts nothing.

    ``blinks``: cables are proven by ports that go down.
    """
    links = {*SWITCHED, "cabling"} if blinks else {*SWITCHED}
    rows = (("restarts hosts", _POWER), ("interrupts links", links), ("restarts BMCs", {"bmc"}))
    return tuple(words for words, some in rows if not some.isdisjoint(stages))


def canary_of(scope: Scope, server: str) -> str:
    """Return the server that goes ahead of this one with firmware; empty for that one itself, and for one of its kind alone."""
    model = scope.models.get(server, "")
    meant = (name for name in scope.servers if scope.limit is None or name in scope.limit)
    first = next((name for name in meant if scope.models.get(name, "") == model), server)
    return "" if not model or first == server else first


# --- switches ------------------------------------------------------------------------------------


def _switches(scope: Scope) -> Iterator[Task]:
    """Yield the switches of each wave and the gate behind it."""
    behind: dict[str, str] = {}
    before: dict[str, tuple[str, ...]] = {}
    way_in: list[str] = []
    for gate, members in _waves(scope):
        stage = gate.partition("/")[0]
        groups = dict.fromkeys(scope.groups[name] for name in members)
        needed = tuple(dict.fromkeys([*way_in, *(behind[group] for group in groups if group in behind)]))
        first, *rest = members
        for name in members:
            ahead = (f"{stage}/{first}",) if name in rest else ()
            yield _task(scope, stage, name, after=(*needed, *ahead))
        names = tuple(f"{stage}/{name}" for name in members)
        earlier = tuple(dict.fromkeys(name for group in groups for name in before.get(group, ())))
        yield Task(name=gate, stage=stage, after=needed, settled=(*names, *earlier))
        for group in groups:
            behind[group] = gate
            before[group] = (*before.get(group, ()), *names)
        if stage == "oob":
            way_in.append(gate)


def _checks(scope: Scope) -> Iterator[Task]:
    """Yield the look at each switch once its own fabric stands, and the look at all cables between them."""
    names = [name for name in scope.stage_of if scope.limit is None or name in scope.limit]
    last = {scope.groups[name]: gate for gate, members in _waves(scope) for name in members}
    for name in names:
        # The last gate of its fabrics has ended only when every wave before it has.
        yield _task(
            scope, "fabric", name, after=(f"{scope.stage_of[name]}/{name}",), settled=(last[scope.groups[name]],)
        )
    if names:
        yield Task(name=FABRIC, stage="fabric", settled=tuple(f"fabric/{name}" for name in names))


def _gates(scope: Scope, switches: Iterable[str]) -> tuple[str, ...]:
    """Return the gates of the waves of some switches."""
    wanted = frozenset(switches)
    return tuple(gate for gate, members in _waves(scope) if not wanted.isdisjoint(members))


def _waves(scope: Scope) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield (gate, members) of each wave that has any that is meant."""
    numbers: dict[str, int] = {}
    for stage, every in scope.plan.waves:
        numbers[stage] = numbers.get(stage, 0) + 1
        members = tuple(name for name in every if scope.limit is None or name in scope.limit)
        if members:
            yield f"{stage}/gate-{numbers[stage]}", members


# --- servers -------------------------------------------------------------------------------------


def _servers(scope: Scope) -> Iterator[Task]:
    names = [name for name in scope.servers if scope.limit is None or name in scope.limit]
    for name in names:
        yield from _line(scope, name)
    if names:
        systems = [f"{stage}/{name}" for name in names for stage in _before_cabling(scope, name)]
        switches = dict.fromkeys(switch for name in names for switch in scope.cabled.get(name, ()))
        looks = (f"fabric/{switch}" for switch in switches)
        yield Task(name=BLINK, stage="cabling", settled=(*systems, *looks))


def _before_cabling(scope: Scope, name: str) -> tuple[str, ...]:
    """Return the stages of a server that its links must not be disturbed by."""
    return ("hardware", "firmware", "head" if name in scope.heads else "os")


def _line(scope: Scope, name: str) -> Iterator[Task]:
    """Yield the tasks of one server, each behind the one before."""
    at = scope.way_in.get(name, "")
    before = (f"{scope.stage_of[at]}/{at}",) if at in scope.stage_of else _gates(scope, _first_oob(scope))
    for stage in ("bmc", "hardware", "head", "firmware", "os", "cabling", "stack", "accept", "handover"):
        if (stage == "head") is not (name in scope.heads) and stage in {"head", "os", "stack"}:
            continue
        yield _task(scope, stage, name, after=before, settled=tuple(_beside(scope, stage, name)))
        before = (f"{stage}/{name}",)


def _first_oob(scope: Scope) -> tuple[str, ...]:
    return tuple(name for stage, members in scope.plan.waves if stage == "oob" for name in members)


def _beside(scope: Scope, stage: str, name: str) -> Iterator[str]:
    """Yield what a server's stage waits for without falling with it."""
    if stage in {"os", "head"}:
        yield from _gates(scope, (one for one in scope.cabled.get(name, ()) if scope.stage_of.get(one) == "frontend"))
    if stage == "os":
        yield from (f"head/{head}" for head in sorted(scope.heads))
    if stage == "firmware" and (ahead := canary_of(scope, name)):
        yield f"firmware/{ahead}"
    if stage == "cabling":
        yield BLINK
    if stage == "accept":
        yield FABRIC


# --- the end -------------------------------------------------------------------------------------


def _ends(scope: Scope) -> Iterator[Task]:
    """Yield the acceptance of switches, and the one gate at the end."""
    names = [name for name in scope.stage_of if scope.limit is None or name in scope.limit]
    cabled = {switch: [] for switch in names}  # type: dict[str, list[str]]
    for server, switches in scope.cabled.items():
        for switch in switches:
            if switch in cabled and server in scope.servers:
                cabled[switch].append(f"cabling/{server}")
    for name in names:
        yield _task(scope, "accept", name, after=(f"fabric/{name}",), settled=(FABRIC, *cabled[name]))
    servers = [name for name in scope.servers if scope.limit is None or name in scope.limit]
    every = [*(f"accept/{name}" for name in names), *(f"handover/{name}" for name in servers)]
    yield Task(name=HANDOVER, stage="handover", settled=tuple(every))


def _task(
    scope: Scope, stage: str, device: str, *, after: Iterable[str] = (), settled: Iterable[str] = ()
) -> Task:  # fmt: skip
    takes: dict[str, int] = {}
    rack = scope.racks.get(device, "")
    if stage in _POWER:
        takes |= {f"power {rack}": 1} if rack in scope.power else {}
        takes |= {f"role {role}": 1 for role in scope.roles.get(device, ())}
    if stage in _IMAGES:
        takes["images"] = 1
    return Task(
        name=f"{stage}/{device}", stage=stage, device=device, after=tuple(after), settled=tuple(settled), takes=takes,
        reach=scope.tags.get(device, ""),
    )  # fmt: skip


# --- what is left out ----------------------------------------------------------------------------


def _kept(tasks: Sequence[Task], scope: Scope) -> list[Task]:
    """Leave out the stages that are not meant; what hung on one of their tasks hangs on what that hung on."""
    stages = scope.only if scope.systems else scope.only - _SYSTEM
    known = {task.name: task for task in tasks}
    kept = {task.name for task in tasks if task.stage in stages}
    # A gate over devices none of which are left has nothing to look at; the blink looks at those that come after it.
    kept -= {
        task.name for task in tasks
        if not task.device and task.name in kept - {BLINK} and not any(name in kept for name in task.settled)
    }  # fmt: skip
    reached: dict[tuple[str, str], tuple[str, ...]] = {}

    def through(name: str, kind: str) -> tuple[str, ...]:
        if name in kept:
            return (name,)
        if name not in known:
            return ()
        if (name, kind) not in reached:
            reached[name, kind] = ()
            task = known[name]
            # Not through what a gate looks over: everything would hang on everything.
            under = task.after if kind == "after" or not task.device else (*task.after, *task.settled)
            reached[name, kind] = _several(through(one, kind) for one in under)
        return reached[name, kind]

    found = []
    for task in tasks:
        if task.name in kept:
            after = _several(through(one, "after") for one in task.after)
            late = [one for one in task.after if one not in kept]
            settled = _several(through(one, "settled") for one in (*task.settled, *late))
            settled = tuple(one for one in settled if one not in after and one != task.name)
            found.append(msgspec.structs.replace(task, after=after, settled=settled))
    return found


def _several(parts: Iterable[Collection[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for part in parts for name in part))


def _asking(tasks: list[Task], scope: Scope) -> list[Task]:
    """Put an operator's gate before each stage that is to have one."""
    stages = {task.stage for task in tasks}
    if strangers := [stage for stage in scope.asks if stage not in stages]:
        raise RunError(f"no task is of the stage {strangers[0]}: it cannot have a gate")
    asked: list[Task] = []
    for stage, question in scope.asks.items():
        own = {task.name for task in tasks if task.stage == stage}
        before = [one for task in tasks if task.stage == stage for one in (*task.after, *task.settled)]
        earlier = tuple(name for name in dict.fromkeys(before) if name not in own)
        name = f"{stage}/ask"
        asked.append(Task(name=name, stage=stage, settled=earlier, question=question))
        tasks = [
            msgspec.structs.replace(task, after=(name, *task.after)) if task.stage == stage else task for task in tasks
        ]
    return [*asked, *tasks]
