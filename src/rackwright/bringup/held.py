"""What an operator held back in a bring-up: no other one may begin it in its place without being told."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from rackwright.bringup.order import Order, decode
from rackwright.bringup.world import World
from rackwright.errors import RunError
from rackwright.runs.commands import since
from rackwright.runs.folder import RunFolder
from rackwright.runs.model import Command, Graph

__all__ = ["Held", "doors", "edited", "held_back", "told_to"]


class Held(msgspec.Struct, frozen=True):
    """One thing that a bring-up holds back."""

    what: str
    words: tuple[str, ...] = ()
    """The options that say the same to another bring-up; empty: none does."""
    living: bool = False
    """They are said to one that was begun, not when it is begun."""

    @property
    def said(self) -> str:
        """The options as they are typed."""
        return shlex.join(self.words)


def held_back(state: Path, run: str) -> tuple[Held, ...]:
    """Return what a run holds back: how it was begun, its gates, and what it was told since, heeded or not."""
    folder = RunFolder.found(state, run)
    graph = folder.graph()
    commands = [command for command, _ in since(folder.path, 0)]
    return (*_begun(folder), *_gates(graph, commands), *told_to(graph, commands), *_ending(folder))


def doors(graph: Graph) -> tuple[str, ...]:
    """Return the stages that have a task which hangs on nothing: with a gate before each of them nothing begins."""
    return tuple(dict.fromkeys(task.stage for task in graph.tasks if not (task.after or task.settled)))


def edited(order: Order, world: World) -> str:
    """Say that a run is of another site than there is now, with the parts where the order tells them; empty: it is of this one."""
    before, here = order.sections, world.sections if order.sections else {}
    parts = ", ".join(name for name in {**before, **here} if before.get(name) != here.get(name))
    if not parts and order.intent == world.plan.digest:
        return ""
    return f"the site has changed since it was begun{f' ({parts})' if parts else ''}"


def told_to(graph: Graph, commands: Iterable[Command]) -> Iterator[Held]:
    """Yield the pause, skips and cancels that a run was told and that nobody took back."""
    paused: Command | None = None
    left: dict[str, Command] = {}
    tasks = {task.name for task in graph.tasks}
    for one in commands:
        if one.kind in {"pause", "go"}:
            paused = one if one.kind == "pause" else None
        elif one.kind in {"skip", "cancel"} and one.task:
            left[one.task] = one
        elif one.kind == "retry" and (one.task in tasks or left.get(one.task, one).kind == "cancel"):
            # Of a device or a stage, a retry takes no skip back.
            left.pop(one.task, None)
    if paused is not None:
        yield Held(f"{_who(paused)} paused it", ("--pause",), living=True)
    for name, one in left.items():
        did = "skipped" if one.kind == "skip" else "cancelled"
        reason = ("--reason", one.reason) if one.reason else ()
        yield Held(
            f"{_who(one)} {did} {name}", (f"--{one.kind}", name, *reason) if did == "skipped" else (), living=True
        )


def _begun(folder: RunFolder) -> Iterator[Held]:
    try:
        order = decode(folder.order())
    except RunError:
        order = None
    if order is None or order.words is None:
        yield Held("another version began it, and did not keep with which options")
        return
    for option, value in order.words:
        if option != "--gate":
            yield Held("it was begun so", (option, value))


def _gates(graph: Graph, commands: Iterable[Command]) -> Iterator[Held]:
    answers = {one.task: one for one in commands if one.kind in {"approve", "refuse"}}
    did = {"approve": "approved", "refuse": "refused"}
    for task in (task for task in graph.tasks if task.question):
        answer = answers.get(task.name)
        said = f", which {_who(answer)} {did[answer.kind]}" if answer else ", which nobody has answered"
        yield Held(f"a gate before {task.stage}{said}", ("--gate", task.stage))


def _ending(folder: RunFolder) -> Iterator[Held]:
    if folder.asked_to_stop():
        yield Held("it was asked to end (--cancel or Ctrl-C)")


def _who(command: Command) -> str:
    return command.who or "an operator"
