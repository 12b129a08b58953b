"""A bring-up before whoever watches: begun or gone on with, and told how it ended."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from click import UsageError

from rackwright.cli.answer import ERROR, FINDINGS, FINE, Answer
from rackwright.cli.consenting import nothing_cut_off
from rackwright.cli.talk import Talk
from rackwright.errors import RackwrightError, RunChanged, SiteChanged

if TYPE_CHECKING:
    from rackwright.bringup.held import Held
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
        """Raise RunChanged where a new bring-up in the place of what was cut off would do more than that: nobody asked for it."""
        from rackwright import runs

        if not run:
            return
        known = {task.name for task in runs.graph(self.world.way.state, run).tasks}
        more = [task.name for task in graph.tasks if task.name not in known]
        if more:
            raise RunChanged(
                f"run {run} cannot go on, and a new one would also do {', '.join(more[:_FEW])}{' ...' if len(more) > _FEW else ''}, which "
                "it did not: begin it without --resume, with --only and --limit as you mean it"
            )

    def tell_of_cut_off(self, words: Sequence[tuple[str, str]] = ()) -> None:
        """Say that there is a bring-up which could go on, and what it holds back, to whoever begins another with ``words``."""
        for run, by in ((self.cut_off(), ""), self.overtaken()):
            if run:
                self._tell_of(run, by, words)

    def _tell_of(self, run: str, by: str, words: Sequence[tuple[str, str]]) -> None:
        from rackwright.bringup.held import held_back

        goes = "could go on with --resume"
        if by:
            goes = f"cannot go on, since run {by} has worked on its devices"
        elif self._is_of_another_site(run):
            goes = "cannot go on, since the site has changed"
        self.talk.say(f"run {run} was cut off and {goes}; this is a new one")
        left = [one for one in held_back(self.world.way.state, run) if one.living or one.words not in words]
        if left:
            self.talk.error(f"run {run} holds back what this one does not:")
        for line in self._held_lines(left):
            self.talk.error(line)
        self.talk.say(f"its record: {self._record_of(run)}")

    def _is_of_another_site(self, run: str) -> bool:
        from rackwright.bringup.held import edited
        from rackwright.bringup.submitting import ordered

        order = ordered(self.world.way.state, run)
        return order is not None and bool(edited(order, self.world))

    def cut_off(self) -> str:
        """Return the newest bring-up, if it was cut off and nobody works on it; empty otherwise."""
        from rackwright import runs
        from rackwright.bringup.submitting import interrupted

        runs.refuse_other_database(self.world.way.state, database=self.database)
        return interrupted(self.world.way.state, self.database)

    def overtaken(self) -> tuple[str, str]:
        """Return the newest bring-up, if it was cut off, and the later run that worked on one of its devices; empty otherwise."""
        from rackwright.bringup.submitting import overtaken

        return overtaken(self.world.way.state, self.database)

    def nothing_cut_off(self) -> Answer:
        """Say that there is no bring-up to go on with; raise RunBusy where one is being worked on.

        One that a later run has overtaken is no reason to begin another in its place: what it held back is told.
        """
        from rackwright.bringup.submitting import living

        run, by = self.overtaken()
        if run:
            return self._refused(run, f"run {by} has worked on its devices since, and what it would go on from is past")
        nothing_cut_off(self.talk, "bring-up", living(self.world.way.state, self.database))
        return Answer(FINE, {"run": "", "state": "", "tasks": {}})

    def resumed(self, run: str) -> Answer | None:
        """Go on with the bring-up that was cut off; None when only a new one can, and nothing speaks against that.

        One of another site is no stand-in for it, nor is any where an operator held something back.
        """
        from rackwright.bringup.held import held_back

        try:
            return self._answer(self._gone_on(run))
        except SiteChanged as why:
            return self._refused(run, str(why))
        except RunChanged as why:
            if held_back(self.world.way.state, run):
                return self._refused(run, str(why))
            self.talk.say(f"{why}; nothing was held back in it: reading first")
            return None

    def _gone_on(self, run: str) -> Report:
        from rackwright import runs
        from rackwright.bringup.submitting import resume
        from rackwright.cli.watching import going_on

        state = self.world.way.state
        with self._watching(runs.graph(state, run), run) as heard:
            heard.past(runs.events(state, run))
            return resume(
                run, self.world, database=self.database, tags=self.tags, on_event=going_on(self.talk, run, heard)
            )

    def _refused(self, run: str, why: str) -> Answer:
        """Say why nothing goes on, what a new bring-up would not hold back by itself, and the command that begins it."""
        from rackwright import runs
        from rackwright.bringup.held import doors, held_back

        state = self.world.way.state
        held = held_back(state, run)
        words = [word for one in held if not one.living for word in one.words]
        later = [one for one in held if one.living]
        if later:
            # What is told to a living run comes too late for what has begun by then.
            gates = {one.words[1] for one in held if one.words[:1] == ("--gate",)}
            words += [
                word for stage in doors(runs.graph(state, run)) if stage not in gates for word in ("--gate", stage)
            ]
        begin = self._command("bringup", *(("--twin",) if self.world.way.twin else ()), *words)
        self.talk.error(f"error: run {run} cannot go on, and nothing was begun: {why}")
        if held:
            self.talk.error("a new bring-up does not hold back by itself what this one does:")
        for line in self._held_lines(held):
            self.talk.error(line)
        self.talk.error(f"a new one reads first, and shows what it would do: {begin}")
        if later:
            self.talk.error(
                "  before its first stages it asks: say again there what is told to a living run, then --approve each of them"
            )
        self.talk.error(f"the record of what {run} did: {self._record_of(run)}")
        value = {"run": run, "error": why, "held": [[one.what, one.said] for one in held], "begin": begin}
        return Answer(ERROR, value)

    def _held_lines(self, held: Iterable[Held]) -> Iterator[str]:
        for one in held:
            said = self._command("bringup", *one.words) + ", once it is begun" if one.living and one.words else one.said
            yield f"  {one.what}{f': {said}' if said else ''}"

    def _record_of(self, run: str) -> str:
        from rackwright.runs.whereabouts import named

        place = ("--database", named(self.database)) if self.database else ()
        return f"'{self._command('report', '--run', run, *place)}' keeps it"

    def _command(self, verb: str, *words: str) -> str:
        """Return a command as it is typed."""
        return shlex.join(["rackwright", verb, str(self.world.folder), *words])

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
        from rackwright.report.unproven import unproven_lines

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
        lines = [*ended_lines(report, self._graph(report)), *unproven_lines(kept.not_verified), kept.headline]
        lines += [f"record: {kept.page}"]
        orders = self.world.way.state / "runs" / report.run / files.ORDERS
        lines += [f"what was to be changed, by stage and device: {orders}"] if orders.is_dir() else []
        value = {
            **ended_value(report), "record": str(kept.record), "accepted": kept.verdicts,
            "not_verified": kept.not_verified, "signed": kept.signed,
        }  # fmt: skip
        if report.state == "done":
            self._look_again()
        done = f"the bring-up itself ended {report.state}, and its record is {kept.record}"
        return Answer(code, value, lines, streamed=True, done=done)

    def _look_again(self) -> None:
        from rackwright.cli.auditing import look_again

        try:
            look_again(self.world.way, self.world.audited)
        except (RackwrightError, OSError) as error:
            # It is done: without this look the next audit judges no link on which the run has worked.
            self.talk.error(f"warning: the links could not be looked at once more: {error}")

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
    return End(talk, world).begun(bringing.order_for(world, graph, wish, wanted), jobs)
