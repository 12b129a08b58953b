"""A bring-up before whoever watches: begun or gone on with, and told how it ended."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from click import UsageError

from rackwright.cli.answer import ERROR, FINDINGS, FINE, Answer
from rackwright.cli.consenting import gone_on, nothing_cut_off
from rackwright.cli.talk import Talk

if TYPE_CHECKING:
    from rackwright.bringup.order import Order
    from rackwright.bringup.world import World
    from rackwright.runs import Graph, Report

__all__ = ["End", "brought_up"]

_INTERRUPTED: Final = 130
_FEW: Final = 3


@dataclass(frozen=True)
class End:
    """Runs a bring-up before whoever watches, and tells how it ended."""

    talk: Talk
    world: World
    webhook: str = ""
    """Where events are posted as well; empty: nowhere."""
    key: Path | None = None
    """The operator's SSH key, which signs the record."""
    database: str | None = None
    tags: tuple[str, ...] = ()

    def begun(self, order: Order, jobs: int) -> Answer:
        """Begin a bring-up and stay with it."""
        from rackwright.bringup.submitting import submit

        with self._watching(order.graph) as heard:
            report = submit(
                order, self.world, jobs=jobs, database=self.database, tags=self.tags, on_event=heard
            )  # fmt: skip
        return self._answer(report)

    def refuse_narrower(self, run: str, *, asked: bool) -> None:
        """Raise a usage error where what was cut off is asked to go on in another way: it goes on whole, as it was begun."""
        if run and asked:
            raise UsageError(
                f"run {run} goes on as it was begun: leave --only, --limit, --gate, --restarts, --proof, --drained-by and --wipe out, or end it "
                "with --cancel and begin anew without --resume"
            )

    def refuse_wider(self, run: str, graph: Graph) -> None:
        """Raise a usage error where a new bring-up in the place of what was cut off would do more than that: nobody asked for it."""
        from rackwright import runs

        if not run:
            return
        known = {task.name for task in runs.graph(self.world.way.state, run).tasks}
        more = [task.name for task in graph.tasks if task.name not in known]
        if more:
            raise UsageError(
                f"run {run} cannot go on, and a new one would also do {', '.join(more[:_FEW])}{' ...' if len(more) > _FEW else ''}, which "
                "it did not: begin it without --resume, with --only and --limit as you mean it"
            )

    def tell_of_cut_off(self) -> None:
        """Say that there is a bring-up which could go on, to whoever begins another."""
        if run := self.cut_off():
            self.talk.say(f"run {run} was cut off and could go on with --resume; this is a new one")

    def cut_off(self) -> str:
        """Return the newest bring-up, if it was cut off and nobody works on it; empty otherwise."""
        from rackwright import runs
        from rackwright.bringup.submitting import interrupted

        runs.refuse_other_database(self.world.way.state, database=self.database)
        return interrupted(self.world.way.state, self.database)

    def nothing_cut_off(self) -> Answer:
        """Say that there is no bring-up to go on with; raise RunBusy where one is being worked on."""
        from rackwright.bringup.submitting import living

        nothing_cut_off(self.talk, "bring-up", living(self.world.way.state, self.database))
        return Answer(FINE, {"run": "", "state": "", "tasks": {}})

    def resumed(self, run: str) -> Answer | None:
        """Go on with the bring-up that was cut off; None when only a new one can."""
        from rackwright import runs
        from rackwright.bringup.submitting import resume

        state = self.world.way.state

        def go(run: str) -> Report:
            with self._watching(runs.graph(state, run), run) as heard:
                heard.past(runs.events(state, run))
                return resume(run, self.world, database=self.database, tags=self.tags, on_event=heard)

        report = gone_on(self.talk, "bring-up", run, go)
        return self._answer(report) if report else None

    def _watching(self, graph: Graph, run: str = "") -> Any:
        from rackwright.cli.boarding import watching
        from rackwright.report.places import places
        from rackwright.serve.following import stage_times

        racks = places(self.world.plan, [task.device for task in graph.tasks])
        earlier = stage_times(self.world.way.state, run)
        return watching(
            self.talk, graph, racks=racks, run=run, site=self.world.plan.name, earlier=earlier, webhook=self.webhook
        )

    def _answer(self, report: Report) -> Answer:
        from rackwright.bringup import files
        from rackwright.cli.recording import keep
        from rackwright.report.bringups import ended_lines, ended_value

        kept = keep(
            self.talk, self.world.plan, self.world.way.state, report.run, report=report, key=self.key,
            database=self.database,
        )  # fmt: skip
        code = {"done": FINE, "cancelled": _INTERRUPTED}.get(report.state, ERROR)
        if code == FINE and "open" in kept.verdicts.values():
            # Nothing failed, since an operator skipped the acceptance itself: that accepts nobody.
            code = FINDINGS
        if kept.unsigned:
            self.talk.error(f"error: {kept.unsigned}")
            code = ERROR if code in {FINE, FINDINGS} else code
        lines = [*ended_lines(report, self._graph(report)), kept.headline, f"record: {kept.page}"]
        orders = self.world.way.state / "runs" / report.run / files.ORDERS
        lines += [f"what was to be changed, by stage and device: {orders}"] if orders.is_dir() else []
        value = {**ended_value(report), "record": str(kept.record), "accepted": kept.verdicts, "signed": kept.signed}
        return Answer(code, value, lines, streamed=True)

    def _graph(self, report: Report) -> Graph:
        from rackwright import runs

        return runs.graph(self.world.way.state, report.run)


def brought_up(talk: Talk, folder: Path, *, jobs: int) -> Answer:
    """Bring the twin of a site up, all of it, with everything allowed."""
    from rackwright.bringup.order import Consent
    from rackwright.cli import bringing
    from rackwright.cli.reaching import Wanted

    wanted = Wanted(twin=True, jobs=jobs)
    # What there is to warn of was told when the site was rendered.
    world = bringing.opened_world(replace(talk, quiet=True), folder, wanted)
    # Its clock is quick: on a loaded machine a switch that goes back after ten of its minutes would do so before we were heard.
    wish = bringing.Wish(consent=Consent(installer="http", confirm_s=3600))
    graph = bringing.graph_for(talk, world, wanted, wish)
    return End(talk, world).begun(bringing.order_for(world, graph, wish), jobs)
