"""Which task is next: derived from the graph and from what ended and was commanded, and from nothing else.

The fleet journals what it heard, round by round, and hands it to :meth:`Schedule.hears`; the same rounds in the same
order give the same tasks. So a resumed run, a status and a test come to the same place.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Final

import msgspec

from rackwright.errors import RunError
from rackwright.runs.commands import meant
from rackwright.runs.model import GOOD, JOBS, STOPPED, Command, EndState, Graph, Outcome, Report, State, Task
from rackwright.runs.redaction import looks_secret

__all__ = ["Heard", "Schedule", "Start", "checked", "takes"]

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+-]{0,199}")


class Heard(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one round heard; kept in the journal."""

    ended: tuple[Outcome, ...] = ()
    commands: tuple[Command, ...] = ()
    offset: int = 0
    """The place in the file of commands up to which they were heard."""
    stop: bool = False
    """Somebody asked the whole run to stop."""


class Start(msgspec.Struct, frozen=True):
    """One try of a task that begins."""

    task: Task
    number: int
    """Which try it is: 1, and one more after each retry."""
    offset: int
    """The place in the file of commands from which on it may be told to end."""
    before: tuple[Outcome, ...]
    """The outcomes of what it hangs on."""


def takes(task: Task) -> dict[str, int]:
    """Return what a task takes of each limit while it is worked on; a gate takes nothing that it does not name."""
    return task.takes if JOBS in task.takes or not task.device else {**task.takes, JOBS: 1}


class Schedule:
    """Where a run of a graph is."""

    def __init__(self, graph: Graph) -> None:
        """Stand before the first round of ``graph``, which was checked."""
        self.outcomes: dict[str, Outcome] = {}
        self.running: dict[str, Start] = {}
        self.asking: dict[str, Task] = {}
        self.offset = 0
        self.paused = False
        self.stopped = False
        self._graph = graph
        self._tasks = {task.name: task for task in graph.tasks}
        self._place = {task.name: place for place, task in enumerate(graph.tasks)}
        self._takes = {task.name: takes(task) for task in graph.tasks}
        self._behind: dict[str, list[str]] = {name: [] for name in self._tasks}
        for task in graph.tasks:
            for name in {*task.after, *task.settled}:
                self._behind[name].append(task.name)
        self._taken: Counter[str] = Counter()
        self._tries: Counter[str] = Counter()
        self._answers: dict[str, Command] = {}
        self._waiving: dict[str, Command] = {}
        self._ready: dict[str, None] = {}
        self._missing: dict[str, int] = {}
        self._without: list[Outcome] = []
        self._reopened: dict[str, None] = {}
        self._again: dict[str, frozenset[str]] = {}
        """What was made pending again and has not ended yet -> what goes behind it."""
        self._stale: set[str] = set()
        """What is worked on and hangs on something that was made pending again."""
        self._look_again()

    @property
    def over(self) -> bool:
        """Say whether every task ended."""
        return len(self.outcomes) == len(self._tasks)

    def task(self, name: str) -> Task:
        """Return a task by its name."""
        return self._tasks[name]

    def ended_by_itself(self) -> list[Outcome]:
        """Return, once, what ended without having been worked on since the last time."""
        ended, self._without = self._without, []
        return ended

    def pending_again(self) -> list[Task]:
        """Return, once, what an operator made pending again since the last time."""
        again, self._reopened = list(self._reopened), {}
        return [self._tasks[name] for name in again if name not in self.outcomes]

    def report(self, run: str, program: str) -> Report:
        """Return how the run ended; ``cancelled`` when it was stopped before all was done."""
        states = {outcome.state for outcome in self.outcomes.values()}
        bad: EndState = "cancelled" if self.stopped and "cancelled" in states else "failed"
        outcomes = {name: self.outcomes[name] for name in self._tasks}
        return Report(run=run, program=program, state="done" if states <= GOOD else bad, outcomes=outcomes, gates={})

    def begin(self) -> tuple[list[Start], dict[str, str]]:
        """Begin what may begin now; return it, and of what else is ready, which limit it waits for.

        What a limit lacks is kept for the task that waits first; a later one that needs less does not overtake it.
        """
        begun: list[Start] = []
        held: dict[str, str] = {}
        if self.paused or self.stopped:
            return begun, held
        short: set[str] = set()
        self._again = {name: behind for name, behind in self._again.items() if name not in self.outcomes}
        later = frozenset[str]().union(*self._again.values())
        for name in list(self._ready):
            # Only a retry brings it about that something is at work, or comes first, that another must not be beside.
            if name in later or not self._again.get(name, frozenset()).isdisjoint(self.running):
                continue
            lacks = self._lacks(name, short)
            if lacks:
                short.add(lacks)
                held[name] = lacks
                continue
            del self._ready[name]
            self._tries[name] += 1
            self._taken.update(self._takes[name])
            task = self._tasks[name]
            before = tuple(self.outcomes[other] for other in dict.fromkeys((*task.after, *task.settled)))
            self.running[name] = Start(task, self._tries[name], self.offset, before)
            begun.append(self.running[name])
        return begun, held

    def _lacks(self, name: str, short: set[str]) -> str:
        for limit, much in self._takes[name].items():
            if much and (limit in short or self._taken[limit] + much > self._graph.limits[limit]):
                return limit
        return ""

    def hears(self, heard: Heard) -> None:
        """Go one round on: first what ended, then what was commanded, in its order."""
        for outcome in heard.ended:
            self._ends_running(outcome)
        for command in heard.commands:
            self._obeys(command)
        self.offset = max(self.offset, heard.offset)
        if heard.stop:
            self._stops()

    def _ends_running(self, outcome: Outcome) -> None:
        name = outcome.subject
        del self.running[name]
        self._taken.subtract(self._takes[name])
        waiver = self._waiving.pop(name, None)
        stale = name in self._stale
        self._stale.discard(name)
        if stale and waiver is None and not self.stopped:
            self._reopened[name] = None
            self._again[name] = self._closure(name)
            self._look_again()
        elif waiver is not None and outcome.state not in GOOD:
            self._ends([_waived(self._tasks[name], waiver, outcome)])
        else:
            self._ends([outcome], worked=True)

    def _ends(self, outcomes: Iterable[Outcome], *, worked: bool = False) -> None:
        """Let tasks end, those behind become ready, and end skipped what cannot begin any more."""
        queue = deque((outcome, worked) for outcome in outcomes)
        opened: list[str] = []
        while queue:
            outcome, by_work = queue.popleft()
            name = outcome.subject
            if name in self.outcomes:
                continue
            self.outcomes[name] = outcome
            self._without += [] if by_work else [outcome]
            self._ready.pop(name, None)
            self.asking.pop(name, None)
            bad = outcome.state not in GOOD
            for later in self._behind[name]:
                if later in self.outcomes or later in self.running:
                    continue
                self._missing[later] -= 1
                if bad and name in self._tasks[later].after:
                    queue.append((_skipped(self._tasks[later], outcome), False))
                elif not self._missing[later]:
                    opened.append(later)
        self._opens([name for name in opened if name not in self.outcomes])

    def _opens(self, names: Sequence[str]) -> None:
        """Let tasks be ready, in the order of the graph; a question is asked."""
        if not names:
            return
        for name in names:
            task = self._tasks[name]
            if name in self._waiving:
                self._ends([_waived(task, self._waiving.pop(name), None)])
            elif not task.question:
                self._ready[name] = None
            elif name in self._answers:
                self._ends([_answered(task, self._answers.pop(name))])
            else:
                self.asking[name] = task
        self._ready = dict.fromkeys(sorted(self._ready, key=self._place.__getitem__))

    def _obeys(self, command: Command) -> None:
        if command.kind in {"pause", "go"}:
            self.paused = command.kind == "pause"
        elif command.kind == "cancel" and not command.task:
            self._stops()
        elif not self.stopped:
            names = meant(self._graph.tasks, command.task)
            obey = {"cancel": self._cancels, "skip": self._skips, "retry": self._retries}.get(command.kind)
            (obey or self._answers_to)(names, command)

    def _stops(self) -> None:
        self.stopped = True
        left = [task for name, task in self._tasks.items() if name not in self.outcomes and name not in self.running]
        self._ends([Outcome(subject=task.name, state="cancelled", cause=STOPPED) for task in left])

    def _cancels(self, names: Sequence[str], command: Command) -> None:
        cause = _words(command, "stopped it before it began")
        left = [name for name in names if name not in self.outcomes and name not in self.running]
        self._ends([Outcome(subject=name, state="cancelled", cause=cause) for name in left])

    def _skips(self, names: Sequence[str], command: Command) -> None:
        was = {name: self.outcomes[name] for name in names if self._is_bad(name)}
        self._reopens(was)
        for name in names:
            if name in self.running or (name not in self.outcomes and self.waits_for(self._tasks[name])):
                # In its turn: what hangs on it must not begin beside what it hangs on.
                self._waiving[name] = command
            elif name not in self.outcomes:
                waived = _waived(self._tasks[name], command, was.get(name))
                self.outcomes[name] = waived
                self._without.append(waived)
        self._look_again()

    def _retries(self, names: Sequence[str], command: Command) -> None:
        again: set[State] = {"failed", "skipped", "cancelled"}
        if command.task in self._tasks and command.task not in self.running:
            # Who skipped it said why: only its own name takes that back.
            again |= {"waived"}
            self._waiving.pop(command.task, None)
        if wanted := [name for name in names if name in self.outcomes and self.outcomes[name].state in again]:
            self._reopens(wanted, redo=True)
            self._look_again()

    def _answers_to(self, names: Sequence[str], command: Command) -> None:
        for name in names:
            if name in self.asking:
                self._ends([_answered(self._tasks[name], command)])
            elif self._tasks[name].question and name not in self.outcomes:
                self._answers[name] = command

    def _reopens(self, names: Iterable[str], *, redo: bool = False) -> None:
        """Make ended tasks pending, with what was skipped because of them and the gates that refused behind them.

        ``redo``: also what went on without them, since one behind them was waived; what is worked on of it is done once more.
        """
        queue, through = deque(names), set[str]()
        while queue:
            name = queue.popleft()
            if name not in through:
                if self.outcomes.pop(name, None) is None:
                    continue
                self._reopened[name] = None
                self._again[name] = self._closure(name)
            for later in self._behind[name]:
                task = self._tasks[later]
                hangs = name in task.after
                if redo and hangs and later in self.running:
                    self._stale.add(later)
                outcome = self.outcomes.get(later)
                if outcome is None or later in through:
                    continue
                judged = outcome.state == "failed" and not task.device and not task.question
                decided = outcome.state in {"waived", "cancelled"} or (task.question and outcome.state in GOOD)
                if judged or (hangs and (outcome.state == "skipped" or (redo and not decided))):
                    queue.append(later)
                elif redo and hangs and outcome.state in GOOD:
                    through.add(later)
                    queue.append(later)

    def _closure(self, name: str) -> frozenset[str]:
        """Return what goes after a task in the line of its device, and behind the gates that look at it."""
        queue, found = [name], set[str]()
        while queue:
            one = queue.pop()
            behind = {at for at in self._behind[one] if one in self._tasks[at].after or not self._tasks[at].device}
            queue += behind - found
            found |= behind
        return frozenset(found)

    def _look_again(self) -> None:
        """Count anew what each pending task waits for."""
        self._ready.clear()
        self.asking.clear()
        pending = [task for name, task in self._tasks.items() if name not in self.outcomes and name not in self.running]
        for task in pending:
            self._missing[task.name] = sum(name not in self.outcomes for name in {*task.after, *task.settled})
        for task in pending:
            bad = next((name for name in task.after if self._is_bad(name)), "")
            if bad and task.name not in self.outcomes:
                self._ends([_skipped(task, self.outcomes[bad])])
        self._opens([task.name for task in pending if task.name not in self.outcomes and not self._missing[task.name]])

    def _is_bad(self, name: str) -> bool:
        return name in self.outcomes and self.outcomes[name].state not in GOOD

    def waits_for(self, task: Task) -> list[str]:
        """Return the tasks that a pending one still waits for."""
        beside = (name for name in self.running if name in self._again.get(task.name, ()))
        return [name for name in dict.fromkeys((*task.after, *task.settled, *beside)) if name not in self.outcomes]


def checked(graph: Graph, jobs: int) -> Graph:
    """Return a graph that can be run, with the limit of jobs in it, or raise :class:`~rackwright.errors.RunError`."""
    limits = {JOBS: jobs, **graph.limits}
    known = {task.name for task in graph.tasks}
    if not graph.tasks:
        raise RunError("the order names no task: there is nothing to run")
    if len(known) < len(graph.tasks):
        twice = Counter(task.name for task in graph.tasks).most_common(1)[0][0]
        raise RunError(f"two tasks are called {twice}: a name is unique in its run")
    for task in graph.tasks:
        if not _NAME.fullmatch(task.name):
            raise RunError(f"{task.name!r} is no name of a task: letters, digits and ._:/+- name one")
        if looks_secret(task.name):
            raise RunError(f"task {task.name} is called like a secret, and what came of it would be masked: rename it")
        if strangers := sorted({*task.after, *task.settled} - known):
            raise RunError(f"task {task.name} hangs on {strangers[0]}, which is not in the run")
        for limit, much in takes(task).items():
            if not 0 <= much <= limits.get(limit, 0):
                raise RunError(f"task {task.name} takes {much} of {limit}, of which there is {limits.get(limit, 0)}")
    try:
        tuple(TopologicalSorter({task.name: (*task.after, *task.settled) for task in graph.tasks}).static_order())
    except CycleError as error:
        raise RunError(f"these tasks wait for each other: {' -> '.join(error.args[1])}") from error
    return msgspec.structs.replace(graph, limits=limits)


def _skipped(task: Task, because: Outcome) -> Outcome:
    """Return how a task ends that cannot begin: its cause names what failed first, not what was skipped between."""
    detail = because.detail if because.state == "skipped" and "because" in because.detail else {}
    first = detail.get("because", because.subject)
    cause = because.cause if detail else f"{first} ended {because.state}: {because.cause}"
    return Outcome(subject=task.name, state="skipped", cause=cause, remedy=because.remedy, detail={"because": first})


def _waived(task: Task, command: Command, was: Outcome | None) -> Outcome:
    detail = {"who": command.who, "at": command.at, "reason": command.reason}
    if was is not None:
        detail |= {"was": was.state, "cause": was.cause}
    return Outcome(subject=task.name, state="waived", cause=_words(command, "skipped it"), detail=detail)


def _answered(task: Task, command: Command) -> Outcome:
    state: State = "done" if command.kind == "approve" else "failed"
    cause = _words(command, "approved" if state == "done" else "refused")
    detail = {"who": command.who, "at": command.at, "reason": command.reason, "question": task.question}
    return Outcome(subject=task.name, state=state, cause=cause, detail=detail)


def _words(command: Command, did: str) -> str:
    return f"{command.who or 'an operator'} {did}" + (f": {command.reason}" if command.reason else "")
