"""The old DHCP lease of a switch whose eth0 left DHCP: given back once the switch is done, and kept in mind until it was.

Cumulus Linux 5.12 drops the static address when the old lease ends (RN-4377862, mended in 5.13), and then nobody gets in. A file from before
the first apply until a fresh login proved that the lease was given back says so to whoever comes next: a run that goes on, a new one, an audit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import msgspec

from rackwright import diff
from rackwright.drivers import keeping
from rackwright.drivers.nvue.model import Nvue
from rackwright.errors import DriverError
from rackwright.nvue.tree import Tree, get
from rackwright.push.idle import Idle
from rackwright.runs.model import GOOD, Context, Outcome

__all__ = ["BY_HAND", "LEFT", "Leases", "Way", "held", "is_owed"]

LEFT: Final = ("interface", "eth0", "ip", "address", "dhcp")
"""What goes from the configuration of a switch that leaves DHCP."""
BY_HAND: Final = "sudo dhclient -r && sudo ifreload -fa"


class Way(Protocol):
    """How switches are reached; ``rackwright.drivers.reach.Reach`` is one."""

    @property
    def leases(self) -> Path:
        """The folder with a file for each switch that holds a lease that it no longer wants."""

    def connect(self, device: str, *, patience_s: float = 0) -> Nvue:
        """Open a session with a switch, waited for as long as that."""

    def release(self, device: str, left: Nvue | None = None) -> None:
        """Have a switch give its old lease back; ``left`` is a session that may break over it."""


def held(folder: Path) -> frozenset[str]:
    """Return the switches that are still to give a lease back."""
    return frozenset(path.name for path in folder.iterdir() if path.name[0] != ".") if folder.is_dir() else frozenset()


def is_owed(running: Tree, changes: Iterable[diff.Change], *, marked: bool) -> bool:
    """Tell whether a lease is to be given back: by a switch that leaves DHCP now, or has left it before and was ``marked``."""
    return any(change.op == "-" and change.path == LEFT for change in changes) or (
        marked and get(running, *LEFT) is None
    )


@dataclass(frozen=True)
class Leases:
    """What gives leases back."""

    way: Way
    idle: Idle
    patience_s: float
    """How long a switch may take until it lets us in again."""

    def owe(self, device: str) -> None:
        """Keep in mind, before anything is sent, that a switch will hold a lease that it no longer wants."""
        keeping.keep(self.way.leases / device, b"")

    def given_back(self, device: str, context: Context, outcome: Outcome) -> Outcome:
        """Have a switch that is done give its lease back, in a step; return how it ended."""
        if outcome.state not in GOOD:
            return outcome
        mark = self.way.leases / device
        cause = context.step("lease", lambda: self._let_go(device))
        if not cause:
            mark.unlink(missing_ok=True)
            return msgspec.structs.replace(outcome, state="done")
        return msgspec.structs.replace(
            outcome, state="failed", stage="lease", cause=cause, detail={**outcome.detail, "touched": True},
            remedy=f"run '{BY_HAND}' there before the lease ends and remove {mark}, or see to the cause, then go on or push again",
        )  # fmt: skip

    def _let_go(self, device: str) -> str:
        """Return why a switch still holds its lease. Giving it back may cost the session, so that a fresh login is the proof."""
        try:
            self.way.release(device, self.idle.take(device))
        except DriverError as error:
            return f"the old DHCP lease could not be given back: {error}"
        try:
            self.idle.leave(device, self.way.connect(device, patience_s=self.patience_s))
        except DriverError as error:
            return f"it does not let us in since its old DHCP lease was given back: {error}"
        return ""
