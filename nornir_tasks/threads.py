"""A runner for what waits on the wire: threads, and a result from every host that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed

from nornir.core.inventory import Host
from nornir.core.task import MultiResult, Task

from nornir_tasks.runner import CompleteRunner
from rackwright.documents import look_through_types

__all__ = ["CompleteThreads"]


class CompleteThreads(CompleteRunner):
    """Runs a task in ``jobs`` threads and insists on a result from each expected host."""

    def __init__(self, expected: Collection[str], jobs: int = 32, heard: Callable[[str], None] | None = None) -> None:
        super().__init__(expected, jobs, heard)

    def expecting(self, names: Collection[str]) -> CompleteThreads:
        """Return the same runner for other hosts, to go with a filter."""
        return CompleteThreads(names, self.jobs, self.heard)

    def _results(self, task: Task, hosts: list[Host]) -> Iterator[tuple[str, MultiResult]]:
        look_through_types()
        pool = ThreadPoolExecutor(max(1, min(self.jobs, len(hosts))), thread_name_prefix="nornir")
        try:
            waiting = {pool.submit(task.copy().start, host): host.name for host in hosts}
            for done in as_completed(waiting):
                yield waiting[done], done.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
