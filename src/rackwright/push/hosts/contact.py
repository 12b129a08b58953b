"""One host as the work on it sees it: sessions that are opened for a word and closed, since between words it restarts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeVar

from rackwright.drivers.clock import Clock
from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.hosts.batches import GATHER_S, Batches
from rackwright.drivers.hosts.model import Heard, Host, HostFacts, Play, Played
from rackwright.drivers.redfish.model import Redfish
from rackwright.errors import AuthRefused, DriverError
from rackwright.push.contact import MAY_PASS, Halt
from rackwright.push.hosts.causes import AGAIN
from rackwright.push.hosts.order import Limits
from rackwright.secrets import Resolver

__all__ = ["GOES_BY", "Contact", "Way", "batches_of", "halt_of"]

T = TypeVar("T")

GOES_BY: Final = (*MAY_PASS, AuthRefused)
"""What a host answers with while it goes down or comes up; pam_nologin lets nobody but root in meanwhile."""


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
    def state(self) -> Path:
        """``SITE/.rackwright``."""

    @property
    def answered(self) -> Path:
        """Where it is kept whose operating system let us in."""

    def host(self, device: str) -> Host:
        """Open a session with a host."""

    def host_endpoint(self, device: str) -> Endpoint:
        """Return where a host answers."""

    def play(self, play: Play, *, heard: Heard | None = None) -> Played:
        """Play a playbook on hosts."""

    def bmc(self, device: str) -> Redfish:
        """Open a session with the BMC of a host."""


@dataclass(frozen=True)
class Contact:
    """The way to one host."""

    device: str
    way: Way
    limits: Limits

    @property
    def clock(self) -> Clock:
        """The clock that the host lives by."""
        return self.way.clock

    def ask(self, question: Callable[[Host], T]) -> T:
        """Ask once, in a session of its own."""
        session = self.way.host(self.device)
        try:
            return question(session)
        finally:
            session.close()

    def patiently(self, question: Callable[[Host], T], patience_s: float) -> T:
        """Ask until there is an answer, or the time is over; only for questions that change nothing."""
        until = self.clock.now() + patience_s
        while True:
            try:
                return self.ask(question)
            except MAY_PASS:
                if self.clock.now() >= until:
                    raise
            self.clock.sleep(self.limits.poll_s)

    def facts(self, patience_s: float = 0) -> HostFacts:
        """Read who answers."""
        return self.patiently(lambda session: session.facts(), patience_s)

    def other_boot(self, before: str, patience_s: float) -> str:
        """Wait until it answers on another boot than ``before``, and return that; empty when the time is over first."""
        until = self.clock.now() + patience_s
        while True:
            try:
                now = self.ask(lambda session: session.facts()).boot_id
            except GOES_BY:
                now = ""
            if now and now != before:
                return now
            if self.clock.now() >= until:
                return ""
            self.clock.sleep(self.limits.poll_s)


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
