"""Following the newest run of a site: its graph, and what it tells, read from its folder while others work on it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from rackwright import runs
from rackwright.errors import RunError
from rackwright.report.board import Board
from rackwright.report.estimates import Estimate, Estimator, earlier_seconds
from rackwright.report.places import RackPlace
from rackwright.runs.folder import Events, RunFolder, runs_of
from rackwright.runs.model import Event, Graph

__all__ = ["Following", "stage_times"]

_EARLIER: Final = 3
"""Earlier runs that are asked how long things take."""
_ESTIMATE_S: Final = 1.0


def stage_times(state_dir: Path, run: str = "") -> dict[str, float]:
    """Return how long a task of each stage took in the last few runs before ``run`` (or of all), in s of wall time."""

    def boards() -> Iterator[Board]:
        left = _EARLIER
        for folder in runs_of(state_dir):
            if left and (not run or folder.run < run):
                try:
                    board = Board(runs.graph(state_dir, folder.run))
                except RunError:
                    continue
                left -= 1
                for event in folder.events().fresh():
                    board.hear(event)
                yield board

    return earlier_seconds(boards())


class Following:
    """The board of the newest run; :meth:`poll` brings it up to date."""

    def __init__(
        self,
        state_dir: Path,
        racks_of: Callable[[Iterable[str]], Iterable[RackPlace]] = lambda _devices: (),
        *,
        site: str = "",
        run: str = "",
        heard: Callable[[Event], None] = lambda _event: None,
    ) -> None:
        """Follow the runs below ``state_dir``, or ``run`` alone; ``heard`` gets each event that is new from now on."""
        self._state_dir = state_dir
        self._racks_of = racks_of
        self._site = site
        self._only = run
        self._heard = heard
        self._events: Events | None = None
        self._passed_over: set[str] = set()
        self.board = Board(Graph(tasks=()), site=site)
        self._estimator = Estimator(self.board.graph)
        self._fresh = False
        self._estimate = Estimate(0.0)
        self._estimated_at = 0.0
        self._estimated_of: Board | None = None

    def poll(self) -> bool:
        """Read what was told since the last time, and turn to a newer run; say whether anything is new."""
        turned = self._turn()
        before = self.board.heard
        for event in self._events.fresh() if self._events else ():
            self.board.hear(event)
            if self._fresh:
                self._heard(event)
        # What a run told before anybody followed it is no news.
        self._fresh = True
        return turned or self.board.heard != before

    def estimate(self) -> Estimate:
        """Return how long the run still takes, from now on; worked out once a second."""
        now = time.time()
        if now - self._estimated_at >= _ESTIMATE_S or self._estimated_of is not self.board:
            self._estimate = self._estimator.estimate(self.board, now)
            self._estimated_at, self._estimated_of = now, self.board
        return self._estimate

    def _turn(self) -> bool:
        """Turn to the newest run that has a graph, if it is another one."""
        newest = self._newest()
        while newest is not None and newest.run != self.board.run:
            try:
                graph = runs.graph(self._state_dir, newest.run)
            except RunError:
                # A push goes in waves and has no graph: its own command shows it.
                if self._only:
                    raise
                self._passed_over.add(newest.run)
                newest = self._newest()
                continue
            self._take(newest, graph)
            return True
        return False

    def _take(self, newest: RunFolder, graph: Graph) -> None:
        earlier = stage_times(self._state_dir, newest.run)
        devices = dict.fromkeys(task.device for task in graph.tasks if task.device)
        self.board = Board(graph, self._racks_of(devices), run=newest.run, site=self._site)
        self._estimator = Estimator(graph, earlier)
        self._events = newest.events()

    def _newest(self) -> RunFolder | None:
        if self._only:
            return RunFolder.found(self._state_dir, self._only)
        return next((one for one in runs_of(self._state_dir) if one.run not in self._passed_over), None)
