"""One host as the work on it sees it: a session that lies between words, and is ended before what breaks it.

A session that lay there proves nothing of whether it still stands. What is asked in one is asked again by a fresh login where that changes
nothing, and where it is certain that nothing was sent; a word that was sent is never given twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, TypeVar

from rackwright.drivers.clock import Clock
from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.hosts.batches import GATHER_S, Batches
from rackwright.drivers.hosts.model import Ask, Heard, Host, HostFacts, Play, Played
from rackwright.drivers.redfish.model import Redfish
from rackwright.errors import AuthRefused, DriverError, Unreachable
from rackwright.push.contact import MAY_PASS, Halt
from rackwright.push.hosts.causes import AGAIN
from rackwright.push.hosts.order import Limits
from rackwright.push.idle import Sessions
from rackwright.secrets import Resolver

__all__ = ["GOES_BY", "Contact", "Way", "asked", "batches_of", "halt_of", "pause"]

T = TypeVar("T")

GOES_BY: Final = (*MAY_PASS, AuthRefused)
"""What a host answers with while it goes down or comes up; pam_nologin lets nobody but root in meanwhile."""
_SHARE: Final = 0.1
"""Of what was waited already: so much of it is lost at most by a look that comes late."""


class Way(Protocol):
    """How hosts are reached; ``rackwright.drivers.reach.Reach`` is one."""

    @property
    def clock(self) -> Clock:
        """The clock that the hosts live by."""

    @property
    def resolvers(self) -> tuple[Resolver, ...]:
        """Where secrets are looked for."""

    @property
    def twin(self) -> bool:
        """They are the emulated ones."""

    @property
    def database(self) -> str | None:
        """What keeps the journal, where that is not SQLite in the state folder."""

    @property
    def state(self) -> Path:
        """``SITE/.rackwright``."""

    @property
    def answered(self) -> Path:
        """Where it is kept whose operating system let us in."""

    def host(self, device: str) -> Host:
        """Open a session with a host."""

    def host_endpoint(self, device: str) -> Endpoint:
        """Return where a host answers."""

    def play(self, play: Play, *, heard: Heard | None = None, ask: Ask | None = None) -> Played:
        """Play a playbook on hosts; ``ask`` asks one of the twin, where no Ansible runs, in a session that is there already."""

    def bmc(self, device: str) -> Redfish:
        """Open a session with the BMC of a host."""


@dataclass(frozen=True)
class Contact:
    """The way to one host."""

    device: str
    way: Way
    limits: Limits
    idle: Sessions[Host] | None = field(default=None, repr=False)
    """Where its session lies between words; None: each word has one of its own."""

    @property
    def clock(self) -> Clock:
        """The clock that the host lives by."""
        return self.way.clock

    def ask(self, question: Callable[[Host], T], *, looks: bool = False) -> T:
        """Ask once, see :func:`asked`."""
        return asked(self.way.host, self.idle, self.device, question, looks=looks)

    def drop(self) -> None:
        """End the session that lies there: the next word needs a fresh login."""
        if self.idle is not None:
            self.idle.drop(self.device)

    def patiently(self, question: Callable[[Host], T], patience_s: float) -> T:
        """Ask until there is an answer, or the time is over; only for questions that change nothing."""
        begun = self.clock.now()
        while True:
            try:
                return self.ask(question, looks=True)
            except MAY_PASS:
                if self.clock.now() >= begun + patience_s:
                    raise
            self._pause(begun)

    def facts(self, patience_s: float = 0) -> HostFacts:
        """Read who answers."""
        return self.patiently(lambda session: session.facts(), patience_s)

    def other_boot(self, before: str, patience_s: float) -> str:
        """Wait until it answers on another boot than ``before``, and return that; empty when the time is over first."""
        begun = self.clock.now()
        while True:
            try:
                now = self.facts().boot_id
            except GOES_BY:
                now = ""
            if now and now != before:
                return now
            if self.clock.now() >= begun + patience_s:
                return ""
            self._pause(begun)

    def _pause(self, begun: float) -> None:
        pause(self.clock, begun, self.limits.poll_s, self.limits.slowest_s)


def asked(
    connect: Callable[[str], Host], idle: Sessions[Host] | None, device: str, question: Callable[[Host], T], *, looks: bool = False
) -> T:  # fmt: skip
    """Ask a host, in the session that lies there or in a fresh one, which lies there afterwards; after an error it is ended.

    ``looks``: the question changes nothing, so that it is put again, by a fresh login, where the session that lay there does not answer it.
    Another is one command, and is given again only where it never left.
    """
    left = idle.take(device) if idle is not None else None
    if left is not None:
        try:
            return _answered(left, idle, device, question)
        except MAY_PASS as error:
            # That the session was over before anything was sent is certain of this one alone.
            if not looks and not isinstance(error, Unreachable):
                raise
    return _answered(connect(device), idle, device, question)


def _answered(session: Host, idle: Sessions[Host] | None, device: str, question: Callable[[Host], T]) -> T:
    well = False
    try:
        answer = question(session)
        well = True
    finally:
        if well and idle is not None:
            idle.leave(device, session)
        else:
            session.close()
    return answer


def pause(clock: Clock, begun: float, poll_s: float, slowest_s: float) -> None:
    """Wait for the next look at what has been waited for since ``begun``: the longer that is, the less a second counts."""
    clock.sleep(max(poll_s, min(slowest_s, _SHARE * (clock.now() - begun))))


def batches_of(way: Way, run: Callable[[Play], Played], jobs: int, gather_s: float | None) -> Batches:
    """Return where hosts that want the same meet; ``gather_s``: how long the first one waits for others, None: as the way has it.

    On the twin no Ansible runs: nobody shares a play, and none keeps a processor busy that others would have to wait for.
    """
    if way.twin:
        return Batches(run, expected=jobs, gather_s=gather_s or 0.0, at_once=jobs)
    return Batches(run, expected=jobs, gather_s=GATHER_S if gather_s is None else gather_s)


def halt_of(stage: str, error: DriverError, *, touched: bool = False) -> Halt:
    """Return what a driver's error means for the work on a host."""
    return Halt(stage, str(error), error.remedy or AGAIN, touched=touched, passing=error.passing and not touched)
