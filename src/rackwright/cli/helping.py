"""What a worker says of the runs it helps with: what it takes over, what fails, how a run ended, and where its record lies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rackwright.cli.talk import Talk
from rackwright.errors import RackwrightError

if TYPE_CHECKING:
    from rackwright.errors import RunChanged
    from rackwright.plan.model import Plan
    from rackwright.runs import Event, Report

__all__ = ["Help"]


@dataclass(frozen=True)
class Help:
    """Tells of the runs of one site, in plain lines."""

    talk: Talk
    plan: Plan
    state: Path
    site: Path
    database: str | None = None

    def begins(self, run: str) -> Callable[[Event], None]:
        """Say which run is helped with; return what hears its events."""
        from rackwright import runs
        from rackwright.report.board import Board
        from rackwright.report.happenings import detail, sentence

        self.talk.say(f"helping with run {run}")
        board = Board(runs.graph(self.state, run), run=run)

        def heard(event: Event) -> None:
            board.hear(event)
            # What went well is told by who began the run; there may be thousands of tasks.
            told = event.kind in {"run", "fault", "command"} or (event.kind == "task" and event.text == "failed")
            if said := sentence(board, event) if told else "":
                self.talk.say(said)
            else:
                self.talk.detail(detail(event))

        return heard

    def left(self, run: str, why: RunChanged) -> None:
        """Say that a run is left to others, and why."""
        self.talk.error(f"run {run} is left to others: {why}")

    def ended(self, report: Report, holder: str) -> None:
        """Say how a run ended; keep its record where ``holder``, the process that began it or went on with it, is no more."""
        states = Counter(outcome.state for outcome in report.outcomes.values())
        counts = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
        self.talk.say(f"run {report.run} ended {report.state}: {counts}")
        if holder:
            self.talk.say(f"{holder} keeps its record")
            return
        try:
            self._keep(report)
        except (RackwrightError, OSError) as error:
            self.talk.error(f"the record of {report.run} could not be kept: {error}")
            self.talk.error(f"keep it with: {self._command(report.run)}")

    def _keep(self, report: Report) -> None:
        from rackwright.cli.recording import keep
        from rackwright.runs.leases import locked

        kept = self.state / "runs" / report.run / "record" / "record.json"
        with locked(self.state, "record"):
            if kept.exists():
                self.talk.say(f"its record is kept: {kept.with_name('index.html')}")
            else:
                keep(self.talk, self.plan, self.state, report.run, report=report, database=self.database)

    def _command(self, run: str) -> str:
        from rackwright.runs.whereabouts import named

        place = named(self.database)
        return f"rackwright report {self.site} --run {run}" + (f" --database {place}" if place else "")
