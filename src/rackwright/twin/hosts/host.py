"""One emulated host: the server of its BMC underneath, a disk that is bare or installed, and what runs while it is up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from rackwright.plan.model import HostNetwork
from rackwright.twin.bmc.machine.hardware import Gpu, Nic
from rackwright.twin.bmc.machine.idrac import Machine
from rackwright.twin.bmc.machine.software import Component
from rackwright.twin.clock import TwinClock
from rackwright.twin.faults import Faults
from rackwright.twin.hosts.booting import booted
from rackwright.twin.hosts.commands import Desk, factory
from rackwright.twin.hosts.faces import faces
from rackwright.twin.hosts.system import Card, Disk, System
from rackwright.twin.hosts.wires import Wires

__all__ = ["Deed", "Host", "Iron"]

_FROM_DISK: Final = frozenset({"Hdd", "None"})


class Deed(NamedTuple):
    """One thing that was really done to a host."""

    at: float
    kind: str
    """``boot``, ``down``, ``install``, ``package``, ``play``, ``restart``, ``reset``."""
    what: str = ""


class Iron:
    """The server as its operating system sees it; firmware of adapters is the same that the BMC tells."""

    def __init__(self, machine: Machine, flashed: Callable[[str, str], None]) -> None:
        self.machine = machine
        self._flashed = flashed
        """Is told adapter and version when firmware was written: a card with a BMC of its own shows it too."""

    @property
    def service_tag(self) -> str:
        """As its firmware tells it."""
        return self.machine.service_tag

    @property
    def gpus(self) -> tuple[Gpu, ...]:
        """The GPUs that are there."""
        return self.machine.hardware.gpus

    @property
    def nics(self) -> tuple[Nic, ...]:
        """The adapters that are there."""
        return self.machine.hardware.nics

    def firmware(self, nic: Nic) -> tuple[str, str]:
        """Return what runs on an adapter and what lies on its flash."""
        one = self._component(nic)
        return (one.version, one.staged or one.version) if one is not None else ("", "")

    def flash(self, nic: Nic, version: str) -> None:
        """Write an adapter's firmware; in force after the next cold boot."""
        one = self._component(nic)
        if one is not None:
            self.machine.firmware.flash_from_host(one.fqdd, version)
            self._flashed(nic.adapter, version)

    def _component(self, nic: Nic) -> Component | None:
        known = self.machine.firmware.components
        return known.get(f"{nic.fqdd}-1") or known.get(nic.ports[0].fqdd)


class Host:
    """A host; ``machine`` makes the server underneath when somebody asks for the first time."""

    def __init__(
        self,
        name: str,
        machine: Callable[[], Machine],
        network: HostNetwork,
        clock: TwinClock,
        faults: Faults,
        wires: Wires,
        disk: Disk | None,
    ) -> None:
        self.name = name
        self.network = network
        """As the plan has it: what an installation writes."""
        self.disk = disk
        """None: bare."""
        self.up = disk is not None
        self.cold = False
        """The next boot comes after a loss of power."""
        self.installing = ""
        """What an installer is at; empty: none is at work."""
        self.life = 0
        """Rises whenever what runs ends."""
        self.deeds: list[Deed] = []
        self.accounts: dict[str, tuple[str, ...]] = {}
        """User -> public keys; who installed it says so."""
        self.refused: dict[str, str] = {}
        """Pattern of packages -> what apt says instead of installing them; empty: that their dependencies are unmet."""
        self.changed: Callable[[], None] = lambda: None
        """Told when it comes up or goes down, so that its door follows."""
        self.follow: Callable[[], None] = lambda: None
        """Told when something of the server underneath is due later."""
        self.flashed: Callable[[str, str], None] = lambda _adapter, _version: None
        """Is told adapter and version when its tools wrote firmware."""
        self.install: Callable[[str, str], None] = lambda _target, _image: None
        """Begins an installation from what was booted."""
        self._machine = machine
        self._clock = clock
        self._faults = faults
        self._wires = wires
        self._system: System | None = None

    # --- what runs ------------------------------------------------------------------------------------

    @property
    def machine(self) -> Machine:
        """The server underneath."""
        return self._machine()

    @property
    def state(self) -> str:
        """Return how it stands, in a word."""
        if self.installing:
            return "installing"
        return "up" if self.up else "bare" if self.disk is None else "down"

    @property
    def speaks(self) -> bool:
        """Tell whether its lldpd runs; nobody who was not asked anything yet has one."""
        return self.up and self._system is not None and "lldpd" in self._system.boot.active

    def system(self) -> System | None:
        """Return what runs; None while nothing does."""
        self.machine.tick()
        if not self.up or self.disk is None:
            return None
        if self._system is None:
            self._system = self._start(0.0, cold=True)
        return self._system

    def _start(self, now: float, *, cold: bool) -> System:
        assert self.disk is not None  # noqa: S101 - asked by whoever starts
        iron = Iron(self.machine, self.flashed)
        cards = self._system.cards if self._system is not None else {}
        boot = booted(self.disk, cards, now, cold=cold)
        system = System(iron, self.disk, boot, cards, self.refused, self.deed)
        for face in faces(system, self._wires):
            if face.bluefield and face.nic.adapter not in cards:
                cards[face.nic.adapter] = Card(now=factory(face))
        return system

    def desk(self, system: System) -> Desk:
        """Return what its commands look at."""
        return Desk(
            system,
            self._wires,
            self._clock.now(),
            model=self.machine.hardware.key,
            again=self._restart,
            reset=self._reset,
        )

    def deed(self, kind: str, what: str = "") -> None:
        """Write down that something was really done."""
        self.deeds.append(Deed(self._clock.now(), kind, what))

    # --- what it does to the server underneath --------------------------------------------------------

    def _restart(self) -> None:
        """Restart the operating system: it stops its services, then resets the server."""
        life, machine = self.life, self.machine
        self.deed("restart")

        def due() -> None:
            if self.life == life:
                machine.host.restart()

        machine.tick()
        machine.bench.schedule.after(machine.bench.timings.shutdown, due)
        self.follow()

    def _reset(self, adapter: str) -> None:
        if self._system is not None and adapter in self._system.cards:
            self._system.cards[adapter].start()
            self.deed("reset", adapter)

    # --- what the server underneath does to it --------------------------------------------------------

    def own(self, machine: Machine) -> None:
        """Put it onto the server underneath."""
        before = machine.host.cold

        def cold() -> None:
            before()
            self.cold = True

        machine.host.cold = cold
        machine.host.on_boot = self._booted
        machine.host.on_down = self._down

    def _down(self) -> None:
        self.life += 1
        self.installing = ""
        if self.up:
            self.deed("down")
        self.up = False
        self.changed()

    def _booted(self, target: str, image: str) -> None:
        cold, self.cold = self.cold, False
        hit = {fault.kind for fault in self._faults.hits(self.name, "host-boot", "before")}
        if "no-boot" in hit:
            self.machine.host.phase = "starting-os"
            self.deed("stuck", target)
            return
        if target not in _FROM_DISK:
            self.cold = cold
            self.install(target, image)
            return
        self.from_disk(cold=cold)

    def from_disk(self, *, cold: bool = False) -> None:
        """Start what is on the disk; nothing on a bare one."""
        if self.disk is None:
            return
        self._system = self._start(self._clock.now(), cold=cold)
        self.up = True
        self.deed("boot", "cold" if cold else "warm")
        self.changed()

    # --- what tests ask -------------------------------------------------------------------------------

    def told(self) -> dict[str, Any]:
        """Tell how it stands."""
        system = self._system if self.up else None
        return {
            "state": self.state,
            "installing": self.installing,
            "kernel": system.boot.kernel if system else "",
            "boot": system.boot.id if system else "",
            "restart_due": bool(system and system.restart_due),
        }

    def whole(self) -> Mapping[str, Any]:
        """Tell everything: packages, cards, deeds."""
        system = self.system()
        return {
            **self.told(),
            "packages": dict(self.disk.packages) if self.disk else {},
            "held": sorted(self.disk.held) if self.disk else [],
            "cards": dict(self._cards(system)) if system else {},
            "driver": system.boot.driver if system else "",
            "gpus": len(self.machine.hardware.gpus),
            "deeds": [one._asdict() for one in self.deeds],
        }

    @staticmethod
    def _cards(system: System) -> Iterator[tuple[str, dict[str, Any]]]:
        for nic in system.board.nics:
            if nic.adapter in system.cards:
                running, flash = system.firmware(nic)
                card = system.cards[nic.adapter]
                yield nic.adapter, {"running": running, "flash": flash, "now": dict(card.now), "next": dict(card.next)}
