"""The engine: starts a run, goes on with one, helps with others; holds what it attends to and lets it go."""

from __future__ import annotations

import contextlib
import platform
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from rackwright.documents import look_through_types
from rackwright.drivers.clock import Clock, WallClock
from rackwright.errors import RunBusy, RunChanged, RunError
from rackwright.runs import tasks
from rackwright.runs.claims import Claim
from rackwright.runs.fleet import workflows
from rackwright.runs.folder import Record, RunFolder, devices_of, private, runs_of
from rackwright.runs.journal import ENGINE, FLEET, Journal, Limits, Queues, keeping, unkept
from rackwright.runs.leases import Lease, Worker, create_table, is_alive, locked, others, workers
from rackwright.runs.model import Apart, Event, Graph, GraphProgram, Program, Report, Wave
from rackwright.runs.redaction import Redactor
from rackwright.runs.schedule import checked
from rackwright.runs.unsettled import Left, left_in_hand
from rackwright.runs.whereabouts import called, goes_on, lies_elsewhere, named, refuse_elsewhere
from rackwright.runs.work import SELDOM_S, Attendance, Pace
from rackwright.secrets import Secret

__all__ = ["Engine"]

_LEAVE_S: Final = 5.0
_ONE_A_PROCESS: Final = threading.Lock()

OnEvent = Callable[[Event], None]


class Engine:
    """Runs programs durably; made by :func:`rackwright.runs.opened` and used in a ``with``."""

    def __init__(
        self,
        state_dir: Path,
        *,
        programs: Sequence[Program | GraphProgram],
        clock: Clock | None = None,
        database: str | None = None,
        hide: tuple[Secret, ...] = (),
        executor: str = "",
        lease_s: float = 15.0,
        threads: int = 64,
        tags: frozenset[str] = frozenset(),
        twin: bool | None = None,
        unsettled: Callable[[Left], str] | None = None,
    ) -> None:
        """Know what can be run; nothing is opened yet."""
        self._unsettled = unsettled
        self._state_dir = state_dir
        self._programs = {program.name: program for program in programs}
        self._clock = clock or WallClock()
        self._database = database
        self._redactor = Redactor(hide)
        self._executor = executor
        self._lease_s = lease_s
        self._threads = threads
        self._tags = tags
        self._twin = twin
        self._holder = ""

    def __enter__(self) -> Self:
        """Open the journal and take a lease; one engine a process, since DBOS is one."""
        if not _ONE_A_PROCESS.acquire(blocking=False):
            raise RunError("this process has an engine open already: close it first")
        with contextlib.ExitStack() as undo, keeping(f"see to {self._state_dir} and the database", OSError):
            undo.callback(_ONE_A_PROCESS.release)
            private(self._state_dir)
            self._journal = Journal(self._state_dir, self._database, self._redactor)
            undo.callback(self._journal.close)
            create_table(self._journal.engine)
            self._lease = Lease(self._journal.engine, self._state_dir, executor=self._executor, seconds=self._lease_s)
            undo.callback(self._lease.close)
            self._undo = undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the lease back and close every connection."""
        self._undo.close()

    def run(
        self,
        program: str,
        order: bytes,
        *,
        jobs: int = 8,
        limit: Collection[str] | None = None,
        apart: Apart = (),
        on_event: OnEvent | None = None,
    ) -> Report:
        """Run ``program`` over ``order``, ``jobs`` devices at once, and return the report when it ended.

        ``limit`` names the only devices that are worked on, ``apart`` others that nobody may work on meanwhile. Raises
        :class:`~rackwright.errors.RunBusy` when a living process works on one of either, or for a graph on another graph, and where
        a run that was cut off has left one of the others in hand that has not settled.
        """
        code = self._program(program)
        if jobs < 1:
            raise RunError(f"{jobs} devices at once would end never: jobs is at least 1")
        graph, waves = _what(code, order, jobs, limit)
        record = {"program": program, "version": code.version, "engine": ENGINE, "jobs": jobs, "waves": waves}
        record |= {"database": named(self._database), "twin": self._twin, "apart": apart}
        with self._claimed(Claim.of(devices_of(graph, waves), apart), limited=graph is not None):
            folder = RunFolder.made(self._state_dir, order, graph, **record)
            self._lease.attend(folder.run)
        return self._attended(folder, code, on_event)

    def resume(self, run: str, *, on_event: OnEvent | None = None) -> Report:
        """Go on with a run that was interrupted, or give the report of one that ended.

        Raises :class:`~rackwright.errors.RunBusy` when another process holds it or what it claims, as :meth:`run` does, and
        :class:`~rackwright.errors.RunChanged` when its program is another version by now, or a later run has
        worked on its devices: then start a new run, which reads first. Raises :class:`~rackwright.errors.RunError` when it
        works on the other rack, real or emulated.
        """
        folder = RunFolder.found(self._state_dir, run)
        folder.refuse_other_rack(self._twin)
        record = folder.record()
        if lies_elsewhere(record, self._journal, self._database):
            place = called(record.database or "")
            raise RunError(f"the journal of run {run} is in {place}, and here is {called(named(self._database))}")
        report = self._report(run)
        if report is not None:
            return report
        code = self._program(record.program)
        if (record.version, record.engine) != (code.version, ENGINE):
            raise RunChanged(
                f"run {run} was begun by {record.program} {record.version} (engine {record.engine}), and this is "
                f"{code.version} (engine {ENGINE}): start a new run, it reads first"
            )
        with self._claimed(Claim.of(record.devices, record.apart), run, limited=bool(record.graph)):
            if overtaken := self._overtaken(record):
                raise RunChanged(overtaken)
            self._lease.attend(run)
        return self._attended(folder, code, on_event)

    def work(
        self,
        until: threading.Event | None = None,
        *,
        on_run: Callable[[str], OnEvent] | None = None,
        on_end: Callable[[Report, str], None] | None = None,
        on_left: Callable[[str, RunChanged], None] | None = None,
    ) -> None:
        """Help with runs that others began, and go on with those whose process died, until told to end.

        ``on_run`` is called with each run that is helped with, and returns what hears its events; ``on_end`` with its report, and
        with who else holds it by the last look; empty: nobody, so that nobody else tells how it ended. ``on_left`` with a run that this
        process cannot help with, and why.
        """
        ended = until or threading.Event()
        with locked(self._state_dir, "start"):
            refuse_elsewhere(self._state_dir, self._journal, self._database)
        left: set[str] = set()
        while not ended.is_set():
            wanted = (folder for folder in runs_of(self._state_dir) if folder.run not in left)
            folder = next(filter(self._wants_help, wanted), None)
            if folder is None:
                ended.wait(self._lease_s / 3)
                continue
            try:
                heard = on_run(folder.run) if on_run else None
                report = self._attend(folder, self._program(folder.record().program), heard, ended)
            except RunChanged as error:
                # One run that cannot be gone on with must not keep this process from all the others.
                left.add(folder.run)
                if on_left is not None:
                    on_left(folder.run, error)
            else:
                if report is not None and on_end is not None:
                    on_end(report, self._holder)

    def _attend(
        self,
        folder: RunFolder,
        program: Program | GraphProgram,
        on_event: OnEvent | None,
        until: threading.Event | None = None,
    ) -> Report | None:
        """Work on a run until it ended, or until it is time to leave; return its report, if it ended."""
        run = folder.run
        record = folder.record()
        if isinstance(program, GraphProgram):
            # Who knows another site than the order says so before it takes a task, and fails it.
            program.graph(folder.order())
        attendance = Attendance(folder, self._journal, self._lease, self._clock, self._redactor)
        with keeping(_see(run)), contextlib.closing(attendance.events) as events:
            events.skip()
            in_tasks = bool(record.graph)
            bodies = (
                tasks.workflows(attendance, program)
                if isinstance(program, GraphProgram)
                else workflows(attendance, program)
            )
            # A graph's tasks are enqueued when its limits allow, jobs among them.
            limits = Limits(jobs=None if in_tasks else record.jobs, threads=self._threads)
            look_through_types()
            with self._journal.working(run, limits, self._lease.executor, bodies, self._tags if in_tasks else ()):
                try:
                    self._journal.enqueue(FLEET, Queues(run).fleet, run, run)
                    self._watch(attendance, on_event or _nobody, until)
                finally:
                    attendance.stop_at_once()
                    attendance.idle(_LEAVE_S)
                    self._lease.let_go()
            report = self._report(run)
            if report is not None:
                self._journal.forget_queues(run, {task.reach for task in folder.graph().tasks} if in_tasks else ())
        return report

    def _attended(self, folder: RunFolder, program: Program | GraphProgram, on_event: OnEvent | None) -> Report:
        report = self._attend(folder, program, on_event)
        if report is None:
            raise RunError(f"run {folder.run} was left before it ended: resume it")
        return report

    def _watch(self, attendance: Attendance, on_event: OnEvent, until: threading.Event | None) -> None:
        """Hand events over until the run ended; the first Ctrl-C asks for a cancel, the second leaves."""
        asked, slow, next_look, next_question, next_sync = False, False, 0.0, 0.0, 0.0
        run = attendance.folder.run
        pace = Pace(attendance.changed)
        while until is None or not until.is_set():
            try:
                if time.monotonic() >= next_look:
                    if next_look and not slow:
                        self._journal.slow_down(run)
                        slow = True
                    self._take_over(attendance)
                    next_look = time.monotonic() + self._lease_s / 3
                ended = False
                if run in attendance.hints() or time.monotonic() >= next_question:
                    ended = bool(self._journal.ended([run]))
                    next_question = time.monotonic() + attendance.seldom_s
                if ended or time.monotonic() >= next_sync:
                    attendance.events.sync()
                    next_sync = time.monotonic() + SELDOM_S
                for event in attendance.events.fresh():
                    on_event(event)
                if ended:
                    return
                _raise_fault(attendance)
                pace.wait()
            except KeyboardInterrupt:
                if asked:
                    raise
                asked = True
                attendance.folder.ask_to_stop()
                attendance.events.tell("run", "stopping: running steps end first; Ctrl-C again leaves the run as it is")

    def _take_over(self, attendance: Attendance) -> None:
        """Put back into the queues what processes had in hand that are dead."""
        run = attendance.folder.run
        living = others(self._journal.engine, self._state_dir, self._lease.executor)
        self._holder = next((worker.told for worker in living.values() if worker.run == run), "")
        attendance.alone = not living
        orphans = self._journal.orphans(run, frozenset(living) | {self._lease.executor})
        if not orphans:
            return
        gone = {worker.executor: worker for worker in workers(self._journal.engine) if worker.executor not in living}
        for orphan in orphans:
            worker = gone.get(orphan.executor_id or "")
            if worker is not None and not self._lease.take(worker):
                # It woke up a moment ago.
                continue
            self._journal.put_back(orphan)
            attendance.events.tell(
                "run", f"goes on after {worker or orphan.executor_id}", orphan.workflow_id.partition("/")[2]
            )

    def _report(self, run: str) -> Report | None:
        status = self._journal.ended([run]).get(run)
        if status is None:
            return None
        if status.status != "SUCCESS":
            raise RunError(f"run {run} is broken ({status.status}: {status.error}): start a new run, it reads first")
        return msgspec.convert(status.output, Report)

    def _program(self, name: str) -> Program | GraphProgram:
        if name not in self._programs:
            raise RunError(f"no program is called {name!r} here: this process knows {', '.join(self._programs)}")
        return self._programs[name]

    @contextlib.contextmanager
    def _claimed(self, claim: Claim, run: str = "", *, limited: bool) -> Iterator[None]:
        """Hold the site's lock once nobody else has what is claimed, nor has a dead run left anything beside it that still moves."""
        settled: set[Left] = set()
        while True:
            with locked(self._state_dir, "start"):
                refuse_elsewhere(self._state_dir, self._journal, self._database)
                self._refuse_busy(claim, run, limited=limited)
                self._fence_off(claim, run)
                left = [one for one in self._left_beside(claim, run) if one not in settled]
                if not left:
                    yield
                    return
            # Devices are asked without the lock: one that does not answer would keep everybody waiting.
            for one in left:
                if doing := self._moves(one):
                    raise RunBusy(_cut_off(self._state_dir, one, claim.apart[one.device], doing))
            settled.update(left)

    def _left_beside(self, claim: Claim, run: str) -> list[Left]:
        """Return what runs that were cut off left in hand beside a claim, of this rack, real or emulated."""
        if self._unsettled is None or not claim.apart:
            return []
        return left_in_hand(self._state_dir, self._journal, claim.apart.keys(), but=run, twin=self._twin)

    def _moves(self, left: Left) -> str:
        return self._unsettled(left) if self._unsettled is not None else ""

    def _refuse_busy(self, claim: Claim, run: str = "", *, limited: bool) -> None:
        """Raise RunBusy when a living process holds the run, what it claims, or limits that a ``limited`` run would not count."""
        for other, worker in self._held(run).items():
            if other == run:
                raise RunBusy(f"run {run} is held by {worker.told}{_wait(worker)}")
            if why := claim.against(self._claim_of(other)):
                raise RunBusy(f"run {other} {why} is held by {worker.told}{_wait(worker)}")
            if limited and self._is_limited(other):
                raise RunBusy(
                    f"run {other} is held by {worker}, and the limits of both (racks, images, pairs) are for the whole site{_wait(worker)}"
                )

    def _fence_off(self, claim: Claim, run: str) -> None:
        """Take the leases of silent processes elsewhere that would go on beside a claim: whoever wakes finds out before it sends anything more."""
        silent = {
            one.executor: one
            for one in workers(self._journal.engine)
            if one.host != platform.node() and not is_alive(one, self._state_dir)
        }
        if not silent:
            return
        had = {(one.executor, one.run) for one in silent.values() if one.run}
        had |= {(one.executor_id or "", one.workflow_id.partition("/")[0]) for one in self._journal.in_hand()}
        for executor, other in sorted(had):
            worker = silent.get(executor)
            if worker is None or other == run or not claim.against(self._claim_of(other)):
                continue
            if not self._lease.take(worker):
                raise RunBusy(f"run {other} is held by {worker}, which has just woken up: give this command again")

    def _held(self, run: str = "") -> dict[str, Worker]:
        """Return the runs that living processes hold, ``run`` among them only where one attends to it as its own."""
        living = others(self._journal.engine, self._state_dir, self._lease.executor)
        held = {worker.run: worker for worker in living.values() if worker.run}
        if run:
            status = self._journal.of_run(run).get(run)
            if status is not None and status.status == "PENDING" and status.executor_id in living:
                held.setdefault(run, living[status.executor_id])
        for status in self._journal.in_hand():
            # A run whose own process died is held by whoever helps with it.
            other = status.workflow_id.partition("/")[0]
            if other != run and status.executor_id in living:
                held.setdefault(other, living[status.executor_id])
        return held

    def _claim_of(self, run: str) -> Claim:
        try:
            record = RunFolder.found(self._state_dir, run).record()
        except RunError:
            return Claim()
        return Claim.of(record.devices, record.apart)

    def _is_limited(self, run: str) -> bool:
        """Say whether a run is of a graph: who enqueues its tasks counts its limits, and nobody else's."""
        try:
            return bool(RunFolder.found(self._state_dir, run).record().graph)
        except RunError:
            return False

    def _overtaken(self, record: Record) -> str:
        """Say which later run worked on the same devices, if one did: the journal speaks of another state then."""
        for folder in runs_of(self._state_dir):
            if folder.run <= record.run:
                break
            both = sorted(set(record.devices) & set(folder.record().devices))
            if both:
                return (
                    f"run {folder.run} has worked on {both[0]} since {record.run} was interrupted: "
                    "start a new run, it reads first"
                )
        return ""

    def _is_crossed(self, record: Record) -> bool:
        """Say whether a living run works on something that this one claims, or a dead one left it moving: it began while nobody had this one."""
        claim = Claim.of(record.devices, record.apart)
        if any(claim.against(self._claim_of(run)) for run in self._held() if run != record.run):
            return True
        return any(self._moves(left) for left in self._left_beside(claim, record.run))

    def _wants_help(self, folder: RunFolder) -> bool:
        """Say whether there is work in a run that this process can do."""
        record = folder.record()
        code = self._programs.get(record.program)
        if (
            code is None
            or (record.version, record.engine) != (code.version, ENGINE)
            or record.is_of_other_rack(self._twin)
        ):
            return False
        if self._journal.ended([folder.run]) or self._overtaken(record):
            return False
        found = self._journal.unended(folder.run)
        if not found or self._is_crossed(record):
            return False
        if record.graph:
            # What can be done now says nothing about the next moment: who helps stays until the run ended.
            return True
        living = others(self._journal.engine, self._state_dir, self._lease.executor)
        return any(status.status == "ENQUEUED" or status.executor_id not in living for status in found)


def _what(
    program: Program | GraphProgram, order: bytes, jobs: int, limit: Collection[str] | None
) -> tuple[Graph | None, tuple[Wave, ...]]:
    """Return what a program makes of an order: a graph, or waves."""
    if not isinstance(program, GraphProgram):
        return None, _limited(program.waves(order), limit)
    if limit is not None:
        raise RunError(f"{program.name} goes in tasks: what it is limited to stands in its order")
    return checked(program.graph(order), jobs), ()


def _limited(waves: Sequence[Wave], limit: Collection[str] | None) -> tuple[Wave, ...]:
    """Return the waves with only the devices that are wanted; waves without any are left out."""
    known = [device for wave in waves for device in wave.devices]
    wanted = set(known) if limit is None else set(limit)
    if strangers := sorted(wanted - set(known)):
        raise RunError(f"the order has no device {', '.join(strangers)}: it has {', '.join(known) or 'none'}")
    if twice := sorted({device for device in known if known.count(device) > 1}):
        raise RunError(f"{', '.join(twice)} stands in two waves: a device belongs to one")
    made = []
    for wave in waves:
        devices = tuple(device for device in wave.devices if device in wanted)
        canary = wave.canary if wave.canary in devices else ""
        made += [msgspec.structs.replace(wave, devices=devices, canary=canary)] if devices else []
    if not made:
        raise RunError("the order names no device: there is nothing to run")
    return tuple(made)


def _raise_fault(attendance: Attendance) -> None:
    """Raise why this process cannot go on, if so."""
    attendance.goes_on()
    fault = attendance.fault()
    if isinstance(fault, RunError):
        raise fault
    if fault is not None:
        raise unkept(fault, _see(attendance.folder.run)) from fault


def _cut_off(state_dir: Path, left: Left, why: str, doing: str) -> str:
    """Say what a run that was cut off has left moving, why that is in the way, and what is to be done."""
    return (
        f"run {left.run} ({left.program}) was cut off in the step {left.step!r} of {left.device}: {doing}. Nothing was begun, since {left.device} {why}. "
        f"{goes_on(RunFolder.found(state_dir, left.run), left.device)}"
    )


def _wait(worker: Worker) -> str:
    """Say what is left to do while another process has the run; of one that is silent that is told with its name."""
    if worker.left_s <= 0:
        return ""
    return f": wait for it, or press Ctrl-C there (pid {worker.pid} on {worker.host}), then give this command again"


def _see(run: str) -> str:
    return f"see to disk and database, then resume {run}"


def _nobody(_event: Event) -> None:
    """Stand for whoever does not want to be told."""
