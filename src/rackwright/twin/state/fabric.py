"""The emulated rack's data plane: what the twin's engine and its fault injector call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, Protocol

from rackwright import catalog as catalogs
from rackwright.catalog.models import Catalog
from rackwright.plan.model import Plan
from rackwright.twin.state import outside
from rackwright.twin.state.cabling import Cabling, CablingError, Quality, Wire
from rackwright.twin.state.commands import run
from rackwright.twin.state.control import Control
from rackwright.twin.state.evpn_routes import Route, evpn_routes
from rackwright.twin.state.l2 import Layer2
from rackwright.twin.state.layer1 import Layer1
from rackwright.twin.state.machine import Machine
from rackwright.twin.state.overlay import Overlay
from rackwright.twin.state.rib import Rib
from rackwright.twin.state.shows import answer
from rackwright.twin.state.shows.view import View
from rackwright.twin.state.times import durations

__all__ = ["Clock", "Fabric"]

_TRAFFIC: Final = frozenset(
    {
        "rx-discards",
        "rx-roce-bytes",
        "rx-roce-packets",
        "rx-roce-discards",
        "rx-pause",
        "tx-cnp",
        "tx-ecn",
        "tx-pause",
        "tx-roce-bytes",
        "tx-roce-packets",
        "tx-roce-discards",
        "deadlocks",
    }
)


class Clock(Protocol):
    """A source of the twin's seconds."""

    def now(self) -> float:
        """Return seconds since an arbitrary moment."""


class Fabric:
    """The computed data plane of a plan; it implements :class:`rackwright.twin.dataplane.DataPlane`.

    A place is named ``device:port``. Every switch starts powered, unconfigured and cabled as planned. ``times``
    replaces durations of :mod:`rackwright.twin.state.times` by name.
    """

    slow = False

    def __init__(
        self, plan: Plan, clock: Clock, *, catalog: Catalog | None = None, times: Mapping[str, float] | None = None
    ) -> None:
        catalog = catalog or catalogs.load()
        self.plan = plan
        self.clock = clock
        self.times = {**durations(), **(times or {})}
        now = clock.now()
        devices = {device.name: device for device in plan.devices}
        self.machines = {
            switch.name: Machine(devices[switch.name], catalog.switches[switch.model], now) for switch in plan.switches
        }
        macs = outside.macs(plan)
        macs |= {(machine.name, "eth0"): machine.mac for machine in self.machines.values()}
        self.plugs = Cabling(plan, catalog, macs)
        self.layer1 = Layer1(self.machines, self.plugs, self.times, outside.host_bonds(plan))
        self.control = Control(self.layer1, outside.routers(plan))
        self.rib = Rib(self.control)
        self.layer2 = Layer2(self.layer1, outside.residents(plan, macs))
        self.overlay = Overlay(self.rib, self.layer2)
        self.traffic: dict[tuple[str, str], dict[str, int]] = {}
        self.dead_servers: set[str] = set()
        self._versions: dict[str, str] = {}
        self.talks: Callable[[str], bool] = lambda _: True
        """Whether a machine that is no switch sends LLDP; whoever emulates its operating system hooks in here."""
        self.layer1.rejudge(self.plugs.wires, now)

    # --- what the engine tells and asks -------------------------------------------------------------

    def applied(self, switch: str, tree: Mapping[str, Any], restarted: frozenset[str]) -> None:
        """Take over an applied tree, ranges expanded; ``restarted`` names the services that the apply restarted."""
        now = self.clock.now()
        machine = self.machines[switch]
        cages = machine.settle(tree)
        self.layer1.changed(now)
        for service, track in (
            ("switchd", machine.switchd),
            ("networking", machine.switchd),
            ("frr", machine.frr),
        ):
            if service in restarted:
                track.pause(now, self.times[f"{service}-restart"])
        wires = self.plugs.wires_of(switch)
        later = now + self.times["breakout"]
        starting = {wire.index: later for wire in wires if self._in_cages(wire, switch, cages)}
        self._settled((switch,), self.layer1.rejudge(wires, now, starting=starting), now)

    def power(self, switch: str, *, on: bool) -> None:
        """Tell that a switch goes down or has come up; coming up starts its services anew."""
        now = self.clock.now()
        machine = self.machines[switch]
        if on and not machine.power.line.at(now):
            machine.booted = now
        machine.power.put(now, holds=on)
        self.layer1.changed(now)
        near = {where[0] for wire in self.plugs.wires_of(switch) for where in wire.ends if where is not None}
        self._settled((switch,), near, now)

    def show(self, switch: str, path: tuple[str, ...]) -> Any:
        """Return what ``nv show PATH -o json`` says.

        Raises :class:`~rackwright.twin.dataplane.NotEmulated` for a path that no source describes, and
        :class:`KeyError` for a thing that the switch does not have.
        """
        return answer(self._view(switch), path)

    def run(self, switch: str, argv: tuple[str, ...]) -> str:
        """Return the stdout of a Linux command; raises :class:`~rackwright.twin.dataplane.NotEmulated`."""
        return run(self._view(switch), argv)

    def _view(self, switch: str) -> View:
        return View(self, self.machines[switch], self.clock.now())

    def lit(self, device: str, port: str) -> bool:
        """Tell whether a port of anybody has link now, as its own end sees it."""
        return self.layer1.port_line(device, port).at(self.clock.now())

    # --- what is plugged in, and what a fault makes of it -------------------------------------------

    def cabling(self) -> list[tuple[str, str, str]]:
        """Return (end, end, part) of every cable as it is plugged now; an end that hangs is empty."""
        return list(self.plugs.listed())

    def swap(self, one: str, two: str) -> None:
        """Change over the plugs of two ports, or move one into an empty port."""
        self._recabled(self.plugs.swap(_place(one), _place(two)))

    def unplug(self, end: str) -> None:
        """Pull the plug out of a port."""
        self._recabled([self.plugs.unplug(_place(end))])

    def cut(self, end: str) -> None:
        """Break the cable in a port; it stays plugged."""
        wire = self.plugs.plug(_place(end)).wire
        wire.broken = True
        self._recabled([wire])

    def refit(self, end: str, part: str) -> None:
        """Put another part of the catalog in place of the cable in a port; empty: take the transceiver out."""
        self._recabled([self.plugs.refit(_place(end), part)])

    def degrade(
        self,
        end: str,
        *,
        raw_ber: float = 1e-5,
        effective_ber: float = 0.0,
        rx_dbm: float = Quality().rx_dbm,
        flaps: int = 0,
    ) -> None:
        """Make the link in a port bad as this port sees it: bit error rates, received power, flaps counted."""
        plug = self.plugs.plug(_place(end))
        plug.wire.quality[plug.side] = Quality(raw_ber, effective_ber, rx_dbm, flaps)

    def host(self, name: str, *, alive: bool | None = None, lldp: bool | None = None, lacp: bool | None = None) -> None:
        """Say of a host whether it is on, sends LLDP, and speaks LACP on its bonds (not before its system is up)."""
        sockets = [self.plugs.sockets[name, port] for port in self.plugs.ports_of.get(name, ())]
        if not sockets or name in self.machines:
            raise CablingError(f"there is no host {name}")
        for socket in sockets:
            socket.alive = socket.alive if alive is None else alive
            socket.speaks = socket.speaks if lldp is None else lldp
            socket.speaks_lacp = socket.speaks_lacp if lacp is None else lacp
        self._recabled(self.plugs.wires_of(name))

    def restore(self) -> None:
        """Heal everything: cables, parts, hosts, counters and servers are as planned again."""
        moved = list(self.plugs.restore())
        for socket in self.plugs.sockets.values():
            if not (socket.alive and socket.speaks and socket.speaks_lacp):
                socket.alive = socket.speaks = socket.speaks_lacp = True
                moved += self.plugs.wires_of(socket.device)
        self.traffic.clear()
        self.dead_servers.clear()
        self._versions.clear()
        self._recabled(moved)

    def count(self, end: str, **numbers: int) -> None:
        """Declare traffic that has passed a port, by counter (underscores for hyphens), on top of what was."""
        kept = self.traffic.setdefault(_place(end), {})
        for key, number in numbers.items():
            name = key.replace("_", "-")
            if name not in _TRAFFIC:
                raise KeyError(name)
            kept[name] = kept.get(name, 0) + number

    def set_version(self, switch: str, version: str) -> None:
        """Say which NOS version a switch runs, when it is not the plan's; empty: the plan's."""
        self._versions[switch] = version

    def set_serial(self, switch: str, serial: str) -> None:
        """Say which serial number a switch has, when it is not that of nodes.csv."""
        self.machines[switch].serial = serial

    def version_of(self, switch: str) -> str:
        """Return the NOS version that a switch runs."""
        return self._versions.get(switch) or self.plan.nos

    def evpn_routes(self, switch: str, now: float) -> Iterator[Route]:
        """Yield the EVPN routes that a switch announces."""
        return evpn_routes(self.overlay, switch, now)

    # --- keeping up ----------------------------------------------------------------------------------

    def _recabled(self, wires: Iterable[Wire]) -> None:
        now = self.clock.now()
        moved = list(wires)
        self.layer1.changed(now)
        near = self.layer1.rejudge(moved, now)
        near |= {where[0] for wire in moved for where in (*wire.ends, *wire.planned) if where is not None}
        switches = [name for name in near if name in self.machines]
        self._settled(switches, near, now)

    def _settled(self, switches: Iterable[str], near: Iterable[str], now: float) -> None:
        chosen = list(switches)
        self.control.rejudge(chosen, now)
        self.rib.changed(chosen, [name for name in near if name in self.machines])

    @staticmethod
    def _in_cages(wire: Wire, switch: str, cages: set[int]) -> bool:
        return any(end.device == switch and end.cage in cages for end in (wire.link.a, wire.link.b))


def _place(text: str) -> tuple[str, str]:
    device, colon, port = text.rpartition(":")
    if not colon:
        raise CablingError(f"{text!r} is no place: write device:port")
    return device, port
