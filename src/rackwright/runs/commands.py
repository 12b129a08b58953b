"""What an operator tells a living run: lines that any process appends, and the fleet takes up one after the other.

``runs/RUN/commands.jsonl`` is on the disk before :func:`told` returns. The fleet journals each command with
the place in the file where it ended, so that a resumed run neither misses one nor obeys it twice.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from rackwright.errors import RunError
from rackwright.runs.folder import RunFolder, now
from rackwright.runs.leases import locked
from rackwright.runs.model import Command, Graph, Task
from rackwright.runs.redaction import Redactor

__all__ = ["Stops", "graph_of", "meant", "refuse_wrong", "since", "told"]

_FILE: Final = "commands.jsonl"
_WHOLE_RUN: Final = frozenset({"pause", "go", "cancel"})
_WITH_REASON: Final = frozenset({"skip"})


def graph_of(state_dir: Path, run: str) -> Graph:
    """Return what a run of a graph does, or raise :class:`~rackwright.errors.RunError` when there is none."""
    return RunFolder.found(state_dir, run).graph()


def told(state_dir: Path, run: str, command: Command) -> None:
    """Append ``command`` to the run's commands, durably; see :func:`rackwright.runs.tell`."""
    folder = RunFolder.found(state_dir, run)
    refuse_wrong(folder.graph(), command)
    reason = Redactor().text(command.reason)
    line = msgspec.json.encode(msgspec.structs.replace(command, at=command.at or now(), reason=reason)) + b"\n"
    try:
        if command.kind == "cancel" and not command.task:
            folder.ask_to_stop()
        _append(state_dir, folder.path / _FILE, line)
    except OSError as error:
        raise RunError(f"{folder.path / _FILE} cannot be written ({error}): the run was not told") from error


def _append(state_dir: Path, path: Path, line: bytes) -> None:
    # Several machines may share the folder, and not every network file system appends in one piece.
    with locked(state_dir, "commands"):
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            cut = size and os.pread(descriptor, 1, size - 1) != b"\n"
            os.write(descriptor, b"\n" + line if cut else line)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def since(folder: Path, offset: int) -> Iterator[tuple[Command, int]]:
    """Yield the commands behind ``offset``, each with the offset behind it; half a line is left out."""
    path = folder / _FILE
    if not path.exists():
        return
    with path.open("rb") as stream:
        stream.seek(offset)
        for line in stream:
            if not line.endswith(b"\n"):
                return
            offset += len(line)
            try:
                command = msgspec.json.decode(line, type=Command)
            except msgspec.DecodeError:
                continue
            yield command, offset


class Stops:
    """Who was asked to end, as the file of commands says by now; looked up between steps, so it must be cheap."""

    def __init__(self, folder: RunFolder, graph: Graph) -> None:
        """Know nothing of the commands yet."""
        self._folder = folder
        self._graph = graph
        self._path = folder.path / _FILE
        self._offset = 0
        self._last: dict[str, int] = {}
        self._guard = threading.Lock()

    def asked(self, task: str, offset: int) -> bool:
        """Say whether the run, or ``task`` by a command behind ``offset``, was asked to end."""
        if self._folder.asked_to_stop():
            return True
        with self._guard:
            if self._path.exists() and self._path.stat().st_size > self._offset:
                for command, place in since(self._folder.path, self._offset):
                    if command.kind in {"cancel", "skip"}:
                        self._last |= dict.fromkeys(meant(self._graph.tasks, command.task), place)
                    self._offset = place
            return self._last.get(task, 0) > offset


def meant(tasks: tuple[Task, ...], word: str) -> list[str]:
    """Return the names of the tasks that ``word`` means: a task, else all of a device, else all of a stage."""
    for what in ("name", "device", "stage"):
        if found := [task.name for task in tasks if word and getattr(task, what) == word]:
            return found
    return []


def refuse_wrong(graph: Graph, command: Command) -> None:
    """Raise :class:`~rackwright.errors.RunError` for a command that means nothing in a graph, or lacks its reason."""
    if command.kind in _WITH_REASON and not command.reason.strip():
        raise RunError(f"who lets {command.task} be skipped gives a reason: it stands in the record")
    if not command.task and command.kind in _WHOLE_RUN:
        return
    names = meant(graph.tasks, command.task)
    if not names:
        raise RunError(f"the run has no task, device or stage {command.task!r}: see its status for what it has")
    if command.kind in {"approve", "refuse"}:
        asked = [task.name for task in graph.tasks if task.question]
        if not set(asked) & set(names):
            raise RunError(f"{command.task} asks nothing: {', '.join(asked) or 'no task of this run'} does")
