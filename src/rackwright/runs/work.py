"""The work on one device as the engine runs it: steps journalled one by one, and stopped between two.

Whoever has to stop at once (the lease is lost, the operator leaves, the journal cannot be written) raises
:class:`Stopped`, which no program catches: nothing is journalled, and a resumed run does the step again.
"""

from __future__ import annotations

import contextlib
import errno
import queue
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from rackwright import errors
from rackwright.drivers.clock import Clock, stopwatch
from rackwright.errors import DriverError, RackwrightError, RunBusy, RunChanged, RunError
from rackwright.runs.folder import Events, RunFolder
from rackwright.runs.journal import Journal
from rackwright.runs.leases import Lease
from rackwright.runs.model import Json
from rackwright.runs.redaction import Redactor
from rackwright.runs.steps import TAKEN

__all__ = ["BUG", "OWN", "SELDOM_S", "SOON_S", "Attendance", "Pace", "Stopped", "Work", "failure", "unwritable"]

SOON_S: Final = 0.005
SELDOM_S: Final = 0.25
_ALONE_S: Final = 2.0
"""How seldom a process looks whether others ended something while it knows of none; who has joined is known by the next lease."""

BUG: Final = "this is a fault of Rackwright: report it, with the run's events.jsonl"
"""What to do about what is no error of ours."""

OWN: Final = "rackwright: "
"""What the names of the engine's own steps begin with."""

_CANCELLED: Final = OWN + "cancelled"
_SLEEP: Final = OWN + "sleep"
_SLICE_S: Final = 0.5
_UNWRITABLE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})


class _Bug(RunError):
    """A step raised what is no error of ours."""

    remedy = BUG


class Stopped(BaseException):
    """This process does no more of the work; below ``Exception``, so that nobody journals it as a result."""


class Pace:
    """Looks at the journal often after something happened here, and seldom otherwise."""

    def __init__(self, happened: threading.Event) -> None:
        """Be woken by ``happened``."""
        self._happened = happened
        self._next_s = SOON_S

    def wait(self) -> None:
        """Wait until it is time to look again."""
        if self._happened.wait(self._next_s):
            self._happened.clear()
            self._next_s = SOON_S
        else:
            self._next_s = min(2 * self._next_s, SELDOM_S)


class Attendance:
    """One process attending to one run: what all its threads share."""

    def __init__(self, folder: RunFolder, journal: Journal, lease: Lease, clock: Clock, redactor: Redactor) -> None:
        """Begin to attend to the run in ``folder``."""
        self.folder = folder
        self.journal = journal
        self.lease = lease
        self.clock = clock
        self.redactor = redactor
        self.events: Events = folder.events(redactor)
        self.changed = threading.Event()
        self.device_ended = threading.Event()
        self.alone = False
        """No other process of this journal lives, by the last look."""
        self._fault: BaseException | None = None
        self._leaving = False
        self._hints: set[str] = set()
        self._hands = _Hands()
        self._boxes: set[queue.SimpleQueue[Any]] = set()
        self._busy = 0
        self._guard = threading.Condition()

    @property
    def seldom_s(self) -> float:
        """Time between two looks into the journal for what others ended, in s; what ends here is told at once."""
        return _ALONE_S if self.alone else SELDOM_S

    def fault(self) -> BaseException | None:
        """Return why this process cannot go on, if so."""
        return self._fault or self.journal.fault()

    def stop_at_once(self, fault: BaseException | None = None) -> None:
        """Let every thread leave its work where it is; the first fault is kept."""
        with self._guard:
            self._fault = self._fault or fault
            self._leaving = True
            for box in self._boxes:
                box.put(None)
        self._hands.leave()
        self.changed.set()

    def check(self) -> None:
        """Raise :class:`Stopped` unless this process may go on with the run."""
        if not self.goes_on():
            raise Stopped

    def goes_on(self) -> bool:
        """Say whether this process may go on with the run: nobody asked it to leave, and the lease is its own."""
        if not self._leaving and not self.lease.held():
            self.stop_at_once(RunBusy(TAKEN))
        return not self._leaving

    def aside(self, work: Callable[[], Json]) -> Any:
        """Do ``work`` in a thread that may be left behind; return its value or raise what it raised."""
        box: queue.SimpleQueue[Any] = queue.SimpleQueue()
        with self._guard:
            self._boxes.add(box)
        try:
            self.check()
            self._hands.do(work, box)
            answer = box.get()
        finally:
            with self._guard:
                self._boxes.discard(box)
        if answer is None:
            raise Stopped
        value, error = answer
        if error is not None:
            raise error
        return value

    def body(self, work: Callable[[], Json], identity: str = "") -> Json:
        """Do the whole of one workflow; count it, so that nobody closes the journal below it."""
        with self._guard:
            self._busy += 1
        try:
            self.check()
            value = work()
            self.check()
        except Stopped:
            raise
        except BaseException as error:
            self.stop_at_once(error)
            raise Stopped from error
        else:
            return value
        finally:
            with self._guard:
                self._busy -= 1
                self._hints.add(identity)
                self._guard.notify_all()
            self.device_ended.set()
            if identity == self.folder.run:
                self.changed.set()

    def asked(self, ask: Callable[[], Json]) -> Json:
        """Return what the journal says, as the value of a step; when it cannot be asked, leave and keep nothing."""
        try:
            return ask()
        except Exception as error:
            # No fact about the work, so nothing that may be journalled.
            self.stop_at_once(error)
            raise Stopped from error

    def hints(self) -> set[str]:
        """Return the workflows that ended here and were not seen yet: whoever waits looks at these first."""
        with self._guard:
            return set(self._hints)

    def forget_hints(self, seen: Iterable[str]) -> None:
        """Leave out what was seen."""
        with self._guard:
            self._hints.difference_update(seen)

    def idle(self, seconds: float) -> bool:
        """Wait until no workflow is in hand here, at most ``seconds``."""
        with self._guard:
            return self._guard.wait_for(lambda: not self._busy, timeout=seconds)


class Work:
    """The :class:`~rackwright.runs.model.Context` of one device, or of a run's gates."""

    def __init__(
        self,
        attendance: Attendance,
        identity: str,
        subject: str,
        *,
        stops: Callable[[], bool] | None = None,
        number: int = 1,
    ) -> None:
        """Go on with the workflow ``identity`` where its journal ends; ``stops`` says whether the operator asked to stop."""
        self.run_id = attendance.folder.run
        self.folder: Path = attendance.folder.path
        self.number = number
        self.subject = subject
        self.stage = ""
        self.prefix = ""
        self._attendance = attendance
        self._stops = stops or attendance.folder.asked_to_stop
        self._journal = attendance.journal.steps(identity)
        self._at = 0

    def step(self, name: str, work: Callable[[], Json]) -> Json:
        """Do ``work`` once and journal its value; a journalled step gives its value without being done."""
        self.stage = self.prefix + name
        return self._step(self.stage, work)

    def unseen(self, name: str, work: Callable[[], Json]) -> Json:
        """Do a step of the engine's own, which nobody is told of."""
        return self._step(OWN + name, work)

    def sleep(self, seconds: float) -> None:
        """Wait until ``seconds`` of the run's clock have passed since the first time this was asked."""
        clock = self._attendance.clock
        rate = float(getattr(clock, "rate", 1.0))
        # The wall's time, since no other clock is known to the process that resumes.
        until = self._step(_SLEEP, lambda: time.time() + seconds / rate)
        while (left := until - time.time()) > 0 and not self._stops():
            self._attendance.check()
            clock.sleep(min(left, _SLICE_S) * rate)

    def event(self, text: str, **fields: Json) -> None:
        """Tell whoever is watching; what was told before a resume is not told again. Who lost the run meanwhile tells nothing, and stops here."""
        if not self._replays():
            self._attendance.check()
            self._attendance.events.tell("note", text, self.subject, **fields)

    def cancelled(self) -> bool:
        """Say whether the operator asked to stop; a yes is journalled, so that a resumed run says it too."""
        asked = self._journal.names[self._at] == _CANCELLED if self._replays() else self._stops()
        return bool(asked and self._step(_CANCELLED, lambda: True))

    def told(self, kind: str, text: str, *, subject: str = "", **fields: Json) -> None:
        """Tell what the engine itself has to say about this subject, or another; not again after a resume."""
        if not self._replays():
            self._attendance.events.tell(kind, text, subject or self.subject, **fields)

    def _replays(self) -> bool:
        return self._at < len(self._journal.names)

    def _step(self, name: str, work: Callable[[], Json]) -> Json:
        self._attendance.check()
        replays = self._replays()
        if replays and self._journal.names[self._at] != name:
            recorded = self._journal.names[self._at]
            self._attendance.stop_at_once(
                RunChanged(
                    f"{self.run_id}: {self.subject} is at {name!r}, and its journal at {recorded!r}: the program was "
                    "changed without a new version; start a new run, it reads first"
                )
            )
            raise Stopped
        seen = not replays and not name.startswith(OWN)
        took = stopwatch(self._attendance.clock)
        if seen:
            self._attendance.events.tell("step", name, self.subject, state="begun")
        kept = self._journalled(name, work)
        self._at += 1
        if seen:
            state = "failed" if "error" in kept else "done"
            self._attendance.events.tell("step", name, self.subject, state=state, **took())
        if "error" in kept:
            if seen and kept["error"].get("bug"):
                self._attendance.events.tell("fault", kept["error"]["message"], self.subject, **kept["error"])
            raise _raised(kept["error"])
        return kept["value"]

    def _journalled(self, name: str, work: Callable[[], Json]) -> dict[str, Any]:
        attendance = self._attendance

        def do() -> dict[str, Any]:
            try:
                value = attendance.redactor.value(attendance.aside(work))
                kept: dict[str, Any] = {"value": value}
            except Exception as error:
                if unwritable(error):
                    # Nothing about the device: journalled, it would stand there for ever, however much room there is by then.
                    attendance.stop_at_once(error)
                    raise Stopped from error
                kept = {"error": failure(error, attendance.redactor)}
            # The step may have taken long: what is not ours any more is not journalled.
            attendance.check()
            return kept

        try:
            result = self._journal.value(self._at) if self._replays() else self._journal.done(self._at, name, do)
        except Exception as error:
            # Not the step's: the journal cannot be written, or another process owns the workflow by now.
            attendance.stop_at_once(error)
            raise Stopped from error
        return dict(result)


def unwritable(error: BaseException) -> bool:
    """Tell whether something could not be kept here: no room, no right to write, a disk that fails."""
    ours = isinstance(error, OSError | RunError)
    cause = error if isinstance(error, OSError) else error.__cause__
    return ours and isinstance(cause, OSError) and cause.errno in _UNWRITABLE


def failure(error: Exception, redactor: Redactor) -> dict[str, Any]:
    """Return what is kept of an exception: its class, its words, and for a bug where it happened."""
    kept: dict[str, Any] = {"type": type(error).__name__, "message": str(error)}
    if isinstance(error, DriverError):
        kept |= {"device": error.device, "remedy": error.remedy}
    if not isinstance(error, RackwrightError):
        # A file that is gone, or a wire that breaks, may be nobody's bug.
        kept |= {"traceback": "".join(traceback.format_exception(error)), "bug": not isinstance(error, OSError)}
    masked: dict[str, Any] = redactor.value(kept)
    return masked


def _raised(kept: dict[str, Any]) -> RackwrightError:
    """Return the exception that a journalled failure stands for: the same class when it is one of ours."""
    kind = getattr(errors, kept["type"], None) if kept["type"] in errors.__all__ else None
    if kind is not None and issubclass(kind, DriverError):
        made: RackwrightError = kind(kept["message"], device=kept["device"], remedy=kept["remedy"])
        return made
    if kind is not None:
        ours: RackwrightError = kind(kept["message"])
        return ours
    return (_Bug if kept.get("bug") else RunError)(f"{kept['type']}: {kept['message']}")


class _Hands:
    """Threads that do steps, one at a time each. Daemons: who leaves in a long step does not wait for it, as kill -9 would not."""

    def __init__(self) -> None:
        self._idle: list[queue.SimpleQueue[Any]] = []
        self._left = False

    def do(self, work: Callable[[], Json], box: queue.SimpleQueue[Any]) -> None:
        """Do ``work`` in a thread that is idle, or a new one; its value or what it raised comes into ``box``."""
        try:
            orders = self._idle.pop()
        except IndexError:
            orders = queue.SimpleQueue()
            threading.Thread(target=self._obey, args=(orders,), name="rackwright-step", daemon=True).start()
        orders.put((work, box))

    def leave(self) -> None:
        """Let every thread end that has nothing to do, and the others when they have ended what they do."""
        self._left = True
        with contextlib.suppress(IndexError):
            while True:
                self._idle.pop().put(None)

    def _obey(self, orders: queue.SimpleQueue[Any]) -> None:
        while (order := orders.get()) is not None:
            work, box = order
            answer = _answer(work)
            # Idle before it answers: who hears the answer may have the next step for it.
            self._idle.append(orders)
            box.put(answer)
            del order, work, box, answer
            if self._left:
                self.leave()


def _answer(work: Callable[[], Json]) -> tuple[Json, BaseException | None]:
    try:
        return work(), None
    except BaseException as error:  # noqa: BLE001 - handed over to the thread that asked
        return None, error
