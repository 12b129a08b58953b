"""A runner that knows whom it must hear from: a host that is missing is an error, never a success.

Nornir leaves a host that failed out of every later run; a run filtered to that host alone then asks
nobody and reports success (style.md 1.1). This runner refuses that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

from nornir.core.inventory import Host
from nornir.core.task import AggregatedResult, MultiResult, Task

from nornir_tasks.shards import in_processes
from rackwright.errors import IncompleteResult

__all__ = ["CompleteRunner"]


class CompleteRunner:
    """Runs a task on each host in turn, or in several processes, and insists on a result from each expected one.

    ``expected`` are the names it must hear from; ``jobs`` the processes; ``heard`` is called with each
    name when its result is there.
    """

    def __init__(self, expected: Collection[str], jobs: int = 1, heard: Callable[[str], None] | None = None) -> None:
        self.expected = frozenset(expected)
        self.jobs = jobs
        self.heard = heard

    def expecting(self, names: Collection[str]) -> CompleteRunner:
        """Return the same runner for other hosts, to go with a filter."""
        return CompleteRunner(names, self.jobs, self.heard)

    def run(self, task: Task, hosts: Iterable[Host]) -> AggregatedResult:
        """Run the task; raises :class:`~rackwright.errors.IncompleteResult` when an expected host is missing."""
        asked = list(hosts)
        self._insist(
            {host.name for host in asked},
            "not asked at all: it is filtered out, or failed before (nr.data.reset_failed_hosts() lets it back in)",
        )
        result = AggregatedResult(task.name)
        for name, said in self._results(task, asked):
            result[name] = said
            if self.heard:
                self.heard(name)
        self._insist(result.keys(), "asked and gave no result: run it again")
        return result

    def _results(self, task: Task, hosts: list[Host]) -> Iterator[tuple[str, MultiResult]]:
        if self.jobs > 1 and len(hosts) > self.jobs:
            return in_processes(task, hosts, self.jobs)
        return ((host.name, task.copy().start(host)) for host in hosts)

    def _insist(self, there: Collection[str], how: str) -> None:
        missing = sorted(self.expected.difference(there))
        if missing:
            more = f" and {len(missing) - 8} more" if len(missing) > 8 else ""
            raise IncompleteResult(f"{len(missing)} host(s) missing ({', '.join(missing[:8])}{more}): {how}")
