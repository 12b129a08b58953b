"""Faults as data: what goes wrong, on which switch, at which operation, how often.

The same rules hold over SSH and REST: an operation has one name, whichever wire it comes by.
"""

from __future__ import annotations

import fnmatch
import itertools
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final, Literal

import msgspec

from rackwright.errors import TwinError

__all__ = ["AT_ONCE", "FAULTS", "OPERATIONS", "Fault", "Faults", "When", "read"]

When = Literal["before", "during", "after"]

OPERATIONS: Final = {
    "connect": "a client comes in: SSH before the login, REST with each request's password",
    "stage": "nv config patch or replace, nv set; PATCH or DELETE of a revision's tree",
    "diff": "nv config diff; GET with diff=",
    "apply": "nv config apply; PATCH of a revision to apply",
    "confirm": "nv config apply --confirm-yes; the second PATCH",
    "refuse": "nv config apply --confirm-no; PATCH to confirm_no or confirm_fail",
    "confirm-status": "nv config apply --confirm-status, nv config revision; GET of a revision",
    "save": "nv config save; PATCH of applied to save",
    "show": "nv show, nv config show; GET of a configuration or of state",
    "detach": "nv config detach",
    "sftp": "a file comes or goes",
    "reboot": "reboot; the @reboot action",
    "run": "any other command",
}
"""What a fault may wait for, and what that is on each wire."""

AT_ONCE: Final = {
    "swap-cables": "two cables are swapped: A and B are DEVICE:PORT",
    "cut-link": "a cable is cut: A is DEVICE:PORT",
    "wrong-version": "the switch runs image VALUE",
    "wrong-serial": "the switch has serial number VALUE",
    "full-disk": "nothing can be written",
}
"""Faults that need no operation; with ``at`` they wait for one all the same."""

FAULTS: Final = {
    **AT_ONCE,
    "refuse": "the operation is refused with VALUE as the reason; an apply becomes invalid",
    "stall": "the operation hangs for DURATION s of the twin's clock, or for good",
    "drop": "the connection is cut: before the effect, during or after it",
    "crash-nvued": "nvued dies; after DURATION s it is back, with 0 it never is",
    "reboot": "the switch reboots",
    "lose-management": "nobody gets in for DURATION s, or until a reboot",
    "refuse-auth": "the login is refused (at connect)",
}
"""Every kind of fault."""

ALIASES: Final[dict[str, tuple[str, str, When]]] = {
    "refuse-apply": ("refuse", "apply", "before"),
    "drop-ssh": ("drop", "run", "during"),
    "reboot-during-apply": ("reboot", "apply", "during"),
}
"""Names with the operation in them."""


class Fault(msgspec.Struct, kw_only=True):
    """One rule."""

    kind: str
    device: str = "*"
    """Name of a switch, or a pattern."""
    at: str = ""
    """Operation it waits for; empty: it is there at once."""
    when: When = "before"
    """``during``: after an apply has begun; where the effect is there at once, after it and before the answer."""
    nth: int = 1
    """The first occurrence that it hits, counted a switch, from 1."""
    count: int = 1
    """How many occurrences it hits; 0: all from then on."""
    duration: float | None = None
    """Seconds of the twin's clock; None: for good."""
    value: str = ""
    a: str = ""
    b: str = ""
    command: str = ""
    """Only commands that begin so."""
    id: int = 0


def read(row: Any) -> Fault:
    """Read a fault from a JSON value. Raises :class:`~rackwright.errors.TwinError` when it is none."""
    try:
        fault = msgspec.convert(row, Fault)
    except msgspec.ValidationError as error:
        raise TwinError(f"no fault: {error}; see 'rackwright twin fault --help'") from None
    if fault.kind in ALIASES:
        kind, at, when = ALIASES[fault.kind]
        fault.kind, fault.at = kind, fault.at or at
        if "when" not in row:
            fault.when = when
    if fault.kind not in FAULTS:
        raise TwinError(f"no fault is called {fault.kind!r}: use one of {', '.join([*FAULTS, *ALIASES])}")
    if fault.kind == "refuse-auth":
        fault.at = fault.at or "connect"
    if fault.at and fault.at not in OPERATIONS:
        raise TwinError(f"no operation is called {fault.at!r}: use one of {', '.join(OPERATIONS)}")
    if not fault.at and fault.kind not in AT_ONCE and fault.kind not in ("reboot", "crash-nvued", "lose-management"):
        raise TwinError(f"{fault.kind} waits for an operation: give 'at', one of {', '.join(OPERATIONS)}")
    return fault


class Faults:
    """The rules that are set, and how often each was met."""

    def __init__(self, ids: Iterator[int] | None = None) -> None:
        self._rules: list[Fault] = []
        self._met: dict[tuple[int, str], int] = defaultdict(int)
        self.ids: Iterator[int] = itertools.count(1) if ids is None else ids
        """Rules of switches and BMCs are numbered in one row, so that a number names one of them."""

    def add(self, fault: Fault) -> Fault:
        """Set a rule; it gets an id."""
        fault.id = next(self.ids)
        self._rules.append(fault)
        return fault

    def clear(self, ids: list[int] | None = None) -> int:
        """Take rules away, all of them without ids; returns how many. What they did to a switch stays done."""
        kept = [rule for rule in self._rules if ids is not None and rule.id not in ids]
        gone = len(self._rules) - len(kept)
        self._rules = kept
        return gone

    def rules(self) -> list[Fault]:
        """Return what is set."""
        return list(self._rules)

    def hits(self, device: str, operation: str, when: When, command: str = "") -> Iterator[Fault]:
        """Yield the rules that hit this occurrence of an operation, and count it."""
        for rule in self._rules:
            if rule.at != operation or rule.when != when or not fnmatch.fnmatchcase(device, rule.device):
                continue
            if not command.startswith(rule.command):
                continue
            self._met[rule.id, device] += 1
            met = self._met[rule.id, device]
            if met >= rule.nth and (rule.count == 0 or met < rule.nth + rule.count):
                yield rule
