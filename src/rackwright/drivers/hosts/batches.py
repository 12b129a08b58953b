"""Hosts that want the same played are played together: one Ansible for many, and each asker gets its own answer.

The durable engine works on each host in a thread of its own; an Ansible for each would start and compile the same playbook as
often (docs/bench.md, ``hosts``). The first to ask waits a moment for others, plays for all, and hands the answers out.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from rackwright.drivers.hosts.model import HostResult, Play, Played, Target

__all__ = ["AT_ONCE", "GATHER_S", "MOST", "Batches"]

MOST: Final = 32
"""Hosts in one play: with 16 a host costs as little as with more, and a slow one holds up fewer (docs/bench.md, ``hosts``)."""
GATHER_S: Final = 1.0
"""How long the first one waits for others, on the wall."""
AT_ONCE: Final = max(2, min(8, os.cpu_count() or 2))
"""Plays that run beside each other: each keeps one processor busy."""

_Key = tuple[object, ...]


@dataclass
class _Batch:
    """Targets that go together."""

    play: Play
    targets: list[Target] = field(default_factory=list)
    full: threading.Event = field(default_factory=threading.Event)
    answer: Future[Played] = field(default_factory=Future)


class Batches:
    """Gathers plays; safe for many threads. ``run`` plays one :class:`Play`; ``expected`` is how many may ask at once, ``at_once`` how many plays run."""

    def __init__(
        self, run: Callable[[Play], Played], *, expected: int = MOST, most: int = MOST, gather_s: float = GATHER_S,
        at_once: int = AT_ONCE,
    ) -> None:  # fmt: skip
        self._run = run
        self._most = max(1, min(most, expected))
        self._gather_s = gather_s
        self._lock = threading.Lock()
        self._open: dict[_Key, _Batch] = {}
        self._turn = threading.BoundedSemaphore(at_once)

    def ask(self, play: Play) -> HostResult:
        """Play for one host, together with others that want the same; returns when it is done.

        Raises what ``run`` raises, for each of those who asked.
        """
        (target,) = play.targets
        batch, first = self._join(play, target)
        if first:
            batch.full.wait(self._gather_s)
            self._play(play, batch)
        return batch.answer.result().hosts[target.name]

    def _join(self, play: Play, target: Target) -> tuple[_Batch, bool]:
        key = (play.playbook, play.check, target.steps, tuple(sorted(play.secrets)), play.settings)
        with self._lock:
            batch = self._open.get(key)
            first = batch is None or any(one.name == target.name for one in batch.targets)
            if batch is None or first:
                batch = self._open[key] = _Batch(play)
            batch.targets.append(target)
            if len(batch.targets) >= self._most:
                batch.full.set()
                del self._open[key]
        return batch, first

    def _play(self, play: Play, batch: _Batch) -> None:
        with self._turn:
            with self._lock:
                # Whoever came while another play ran goes along.
                for key in [key for key, one in self._open.items() if one is batch]:
                    del self._open[key]
            with ThreadPoolExecutor(1, thread_name_prefix="play") as thread:
                # What goes wrong is for everybody who asked, and is kept for them by the future.
                done = thread.submit(self._run, _with(play, batch.targets))
        error = done.exception()
        if error is None:
            batch.answer.set_result(done.result())
        else:
            batch.answer.set_exception(error)


def _with(play: Play, targets: list[Target]) -> Play:
    return Play(
        playbook=play.playbook, targets=tuple(targets), check=play.check,
        secrets=play.secrets, settings=play.settings,
    )  # fmt: skip
