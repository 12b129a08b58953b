"""Hosts spread over processes: printing is work for the processor, and threads of one process take turns."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from nornir.core.inventory import Host
from nornir.core.task import MultiResult, Result, Task

from rackwright.errors import IncompleteResult

__all__ = ["in_processes"]

_PER_JOB = 8
_FIELDS = ("result", "changed", "diff", "failed", "exception", "severity_level", "name")

_Plain = list[tuple[str, list[dict[str, Any]]]]
_work: list[tuple[Task, list[Host]]] = []


def in_processes(task: Task, hosts: list[Host], jobs: int) -> Iterator[tuple[str, MultiResult]]:
    """Run a task on hosts in forked processes and yield each host's results as they come.

    Must be called before any thread is started. Raises :class:`~rackwright.errors.IncompleteResult` when
    a process dies.
    """
    by_name = {host.name: host for host in hosts}
    step = -(-len(hosts) // (jobs * _PER_JOB))
    context = multiprocessing.get_context("fork")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin, initargs=(task, hosts))
    try:
        waiting: list[Future[_Plain]] = [
            pool.submit(_shard, first, first + step) for first in range(0, len(hosts), step)
        ]
        for done in as_completed(waiting):
            for name, plain in done.result():
                yield name, _rebuilt(task.name, by_name[name], plain)
    except BrokenProcessPool as error:
        raise IncompleteResult("a process ended before its hosts were done: run it again with fewer --jobs") from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin(task: Task, hosts: list[Host]) -> None:
    # Ctrl-C reaches every process of the terminal; the parent alone speaks about it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _work[:] = [(task, hosts)]


def _shard(first: int, last: int) -> _Plain:
    task, hosts = _work[0]
    # Hosts stay where they are: results go back without them, so that nothing but values is sent.
    return [(host.name, [_plain(item) for item in task.copy().start(host)]) for host in hosts[first:last]]


def _plain(result: Result) -> dict[str, Any]:
    return {name: getattr(result, name) for name in _FIELDS}


def _rebuilt(task: str, host: Host, plain: list[dict[str, Any]]) -> MultiResult:
    results = MultiResult(task)
    for fields in plain:
        result = Result(host)
        for name, value in fields.items():
            setattr(result, name, value)
        results.append(result)
    return results
