"""What is asked of hosts and what comes back, as values: a play and its targets, events, how each host ended, facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import msgspec

from rackwright.drivers.endpoint import Endpoint
from rackwright.secrets import Secret

__all__ = [
    "WELL",
    "Ask",
    "Change",
    "Event",
    "EventKind",
    "Host",
    "HostFacts",
    "HostResult",
    "HostState",
    "Play",
    "Played",
    "Said",
    "Settings",
    "Target",
]

HostState = Literal["ok", "changed", "failed", "unreachable", "lost"]
"""How a host came out of a play; ``lost``: the play ended before this host did, and nobody knows what it did last."""

WELL: Final[frozenset[HostState]] = frozenset({"ok", "changed"})
"""The states of a host on which every task of the play went well."""

EventKind = Literal["task", "ok", "changed", "failed", "unreachable", "skipped", "retry"]


@dataclass(frozen=True)
class Target:
    """One host of a play."""

    endpoint: Endpoint
    steps: tuple[str, ...]
    """Roles, in the order in which they are played on this host."""
    variables: Mapping[str, Any] = field(default_factory=dict)
    """Its own variables; no secret is among them, only the names of secrets."""

    @property
    def name(self) -> str:
        """Name of the host."""
        return self.endpoint.device


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How a play is driven; times in s of the wall's clock."""

    forks: int = 32
    """Hosts on which one task runs at the same time (docs/bench.md, ``hosts``)."""
    job_s: int = 7200
    """After it the whole play is ended."""
    idle_s: int = 2700
    """After it a play that says nothing is ended: one task, a DKMS build among them, may take so long."""
    connect_s: int = 15
    """For SSH to connect."""


@dataclass(frozen=True)
class Play:
    """What is to be played: a playbook on hosts, each with steps of its own."""

    playbook: Path
    targets: tuple[Target, ...]
    check: bool = False
    """Only tell what would change (``--check --diff``)."""
    secrets: Mapping[str, Secret] = field(default_factory=dict, repr=False)
    """Name -> value; a role reads them from files that are gone afterwards."""
    settings: Settings = field(default_factory=Settings)


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened in a play."""

    kind: EventKind
    task: str
    role: str = ""
    host: str = ""
    """Empty where a task begins, for all hosts."""
    text: str = ""


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One task that changed a host, or would."""

    role: str
    task: str
    difference: str = ""
    """As ``--diff`` tells it, cut to a page; empty where the module tells none."""


class HostResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How one host came out of a play."""

    host: str
    state: HostState
    role: str = ""
    """Where it ended, for a failure: the role whose task went wrong, or the last one that was seen."""
    task: str = ""
    action: str = ""
    """Module of that task."""
    message: str = ""
    """What the module said, cut to a page."""
    changes: tuple[Change, ...] = ()
    roles: tuple[str, ...] = ()
    """Roles of which a task was seen, in order."""
    done: tuple[str, ...] = ()
    """Those of them that came to their end."""
    tasks: int = 0
    """Tasks that ran."""

    @property
    def well(self) -> bool:
        """Tell whether every task went well."""
        return self.state in WELL


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """How a play ended."""

    status: Literal["successful", "failed", "canceled", "timeout"]
    hosts: dict[str, HostResult]
    said: str = ""
    """The end of what Ansible printed, where it says what no host does."""
    seconds: float = 0
    """On the wall."""


class Said(msgspec.Struct, frozen=True):
    """What a command left behind on a host."""

    command: tuple[str, ...]
    status: int
    out: str
    err: str


class HostFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who answers, and since when."""

    hostname: str
    boot_id: str
    """Changes with every start of the kernel."""
    service_tag: str = ""
    """Empty where the firmware tells none."""
    os_id: str = ""
    """``ubuntu``."""
    os_version: str = ""
    """``24.04``."""
    os_name: str = ""
    kernel: str = ""
    """As ``uname -r`` prints it."""
    uptime_s: float = 0
    free_bytes: int = 0
    """On the root filesystem, for root."""
    restart_due: bool = False
    """A role noted, in this boot, that only a restart puts in force what it did."""
    installed: str = ""
    """What the installer left as a sign that it came to its end: the digest of that installation's token."""


class Host(Protocol):
    """One session with one host; every method has a limit in time.

    Raised are the errors of ``rackwright.errors``: ``Unreachable`` and ``AuthRefused`` before anything was sent,
    ``DeviceTimeout``, and ``LostMidCommand`` where it is not known whether the host acted.
    """

    def facts(self) -> HostFacts:
        """Read who answers."""

    def run(self, command: Sequence[str], *, sudo: bool = False, limit_s: float = 0) -> Said:
        """Run one program with its arguments, no shell between; whether it only reads is for the caller to know."""

    def read(self, path: str, *, sudo: bool = False) -> str:
        """Return a file's text; ``DeviceRefused`` when there is none."""

    def feed(self, command: str, stdin: bytes, *, limit_s: float) -> bytes:
        """Run a program with what it reads, and return what it printed; ``DeviceRefused`` where it ends badly."""

    def restart(self) -> None:
        """Have the operating system restart; returns at once, and whether it goes down is to be seen by its boot id."""

    def close(self) -> None:
        """End the session; never raises."""


Heard = Callable[[Event], None]
"""Is told what happens while it happens."""

Ask = Callable[[str, Callable[[Host], bytes]], bytes]
"""Asks the named host in some session with it, and returns what it said."""
