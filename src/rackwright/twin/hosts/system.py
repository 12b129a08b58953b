"""The state of one operating system: what lies on its disk, what runs since the boot, what its adapters hold."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from rackwright.plan.model import HostNetwork
from rackwright.twin.bmc.machine.hardware import Gpu, Nic

__all__ = ["DUE", "MARKER", "Board", "Boot", "Card", "Disk", "Runtime", "System"]

MARKER: Final = "/etc/rackwright/installed.json"
"""What an installation leaves at its end."""
DUE: Final = "/var/lib/rackwright/restart"
"""The boot in which a restart became due."""


class Board(Protocol):
    """The server under an operating system."""

    @property
    def service_tag(self) -> str:
        """As its firmware tells it."""

    @property
    def gpus(self) -> tuple[Gpu, ...]:
        """The GPUs that are there."""

    @property
    def nics(self) -> tuple[Nic, ...]:
        """The adapters that are there."""

    def firmware(self, nic: Nic) -> tuple[str, str]:
        """Return what runs on an adapter and what lies on its flash."""

    def flash(self, nic: Nic, version: str) -> None:
        """Write an adapter's firmware; in force after the next cold boot."""


@dataclass(slots=True)
class Disk:
    """What survives a restart."""

    name: str
    release: str = "24.04"
    packages: dict[str, str] = field(default_factory=dict)
    """Name -> Debian version."""
    held: set[str] = field(default_factory=set)
    files: dict[str, str] = field(default_factory=dict)
    """Path -> text."""
    enabled: set[str] = field(default_factory=set)
    """Units that start at boot."""
    built: set[tuple[str, str, str]] = field(default_factory=set)
    """DKMS: module, version, kernel."""
    cmdline: tuple[str, ...] = ()
    """What the boot loader adds for the next boot."""
    sysctl: dict[str, str] = field(default_factory=dict)
    runtime: Runtime | None = None
    """What every boot tells the BlueField adapters."""
    network: HostNetwork = field(default_factory=lambda: HostNetwork(""))
    booted_cold: bool = False


@dataclass(frozen=True, slots=True)
class Runtime:
    """How ports of BlueFields mark and pause."""

    interfaces: tuple[str, ...]
    trust: str
    pfc: str
    tos: int
    held: str = ""
    """All else that the management service is told, as one text: compared, not understood."""


@dataclass(slots=True)
class Boot:
    """What runs since the last boot."""

    id: str
    since: float
    """Second of the twin's clock."""
    kernel: str
    cmdline: tuple[str, ...] = ()
    modules: set[str] = field(default_factory=set)
    active: set[str] = field(default_factory=set)
    """Units that run."""
    driver: str = ""
    """Version of the GPU driver that is loaded; empty: none."""
    sysctl: dict[str, str] = field(default_factory=dict)
    runtime: Runtime | None = None
    log: list[str] = field(default_factory=list)
    """Lines of the kernel's log beside the usual ones."""


@dataclass(slots=True)
class Card:
    """One BlueField as MFT's tools see it."""

    now: dict[str, str] = field(default_factory=dict)
    """Parameter -> live value."""
    next: dict[str, str] = field(default_factory=dict)
    """Parameter -> value from the next start of the card on, where it is another one."""

    def start(self) -> None:
        """Take into force what waits."""
        self.now |= self.next
        self.next = {}


@dataclass(slots=True)
class System:
    """One operating system on one board."""

    board: Board
    disk: Disk
    boot: Boot
    cards: dict[str, Card]
    """Adapter of the plan -> card; they are the board's and survive another installation."""
    refused: dict[str, str] = field(default_factory=dict)
    """Pattern of packages that cannot be installed -> what apt says."""
    deed: Callable[[str, str], None] = lambda _kind, _what: None
    """Is told what was really done; never on a trial."""
    trial: bool = False
    """A copy that is only tried on: nothing of the board may change."""
    flashed: dict[str, str] = field(default_factory=dict)
    """On a trial: what would have been written to adapters."""

    def tried(self) -> System:
        """Return a copy on which a role may be tried; the board stays as it is."""
        return System(
            self.board,
            copy.deepcopy(self.disk),
            copy.deepcopy(self.boot),
            copy.deepcopy(self.cards),
            self.refused,
            trial=True,
        )

    @property
    def restart_due(self) -> bool:
        """Tell whether something waits for a restart since this boot."""
        return self.disk.files.get(DUE, "").strip() == self.boot.id

    def note_restart(self) -> None:
        """Note that a restart is due."""
        self.disk.files[DUE] = f"{self.boot.id}\n"

    def firmware(self, nic: Nic) -> tuple[str, str]:
        """Return what runs on an adapter and what lies on its flash."""
        running, flash = self.board.firmware(nic)
        return running, self.flashed.get(nic.adapter, flash)

    def flash(self, nic: Nic, version: str) -> None:
        """Write an adapter's firmware."""
        if self.trial:
            self.flashed[nic.adapter] = version
        else:
            self.board.flash(nic, version)
