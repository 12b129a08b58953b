"""Every emulated BMC of a plan: one process, one address each, no task or thread of its own."""

from __future__ import annotations

import asyncio
import fnmatch
import hashlib
import json
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from rackwright.errors import TwinError
from rackwright.twin.authority import Authority
from rackwright.twin.bmc.machine.faults import read_fault
from rackwright.twin.bmc.machine.settings import GROUPS
from rackwright.twin.bmc.service.app import App
from rackwright.twin.bmc.service.bmc import Bmc
from rackwright.twin.bmc.service.faults import AT_ONCE, WireFaults
from rackwright.twin.bmc.service.faults import read as read_wire
from rackwright.twin.bmc.service.listener import Listener
from rackwright.twin.bmc.service.routes import routes
from rackwright.twin.clock import TwinClock
from rackwright.twin.faults import Fault, Faults
from rackwright.twin.journal import Journal

__all__ = ["REDFISH_PORT", "Fleet", "Planned"]

REDFISH_PORT: Final = 8443
_SOON_S: Final = 2.0
"""Seconds of the twin's clock after which a BMC that cannot be reached is looked at again."""
_LEAST_S: Final = 0.005
_MOST_S: Final = 0.25


class Planned(NamedTuple):
    """A BMC that is to be."""

    kind: str
    """``idrac`` or ``bluefield``."""
    user: str
    """Its administrator."""
    make: Callable[[TwinClock, Faults], Any]
    """Makes its machine."""
    server: str = ""
    """Server in which the card of a DPU's BMC sits."""


class Fleet:
    """The BMCs of one twin."""

    def __init__(
        self,
        clock: TwinClock,
        journal: Journal,
        beside: Faults,
        latency_s: float,
        lit: Callable[[str, str], bool] | None = None,
    ) -> None:
        self.wire = WireFaults(beside.ids)
        """What goes wrong between a client and a BMC."""
        self.faults = Faults(beside.ids)
        """What goes wrong in a machine."""
        self.bmcs: dict[str, Bmc] = {}
        self.listeners: dict[str, Listener] = {}
        self.users: dict[str, str] = {}
        self._cards: dict[str, list[str]] = {}
        self._clock = clock
        self._journal = journal
        self._latency_s = latency_s
        self._lit = lit
        """Tells whether a port of a server (device, port) has link; None: nobody computes that, and what is cabled is up."""
        self.on_made: Callable[[str, Any], None] = lambda _name, _machine: None
        """Is given the machine of a BMC when it is made; whoever emulates hosts hooks in here."""
        self._alarms: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._authority: Authority | None = None
        self._closed = False

    async def start(
        self, plans: Mapping[str, Planned], sockets: Mapping[str, socket.socket], authority: Authority
    ) -> None:
        """Serve BMCs on bound sockets; those without one exist and cannot be reached."""
        self._authority = authority
        for name, planned in plans.items():
            if planned.server:
                self._cards.setdefault(planned.server, []).append(name)
            make = partial(self._made, name, planned)
            bmc = Bmc(name, planned.kind, make, self._clock, self.wire, self._journal)
            bmc.spawn = self._spawn
            self.users[name] = planned.user
            self.bmcs[name] = bmc
            sock = sockets.get(name)
            if sock is None:
                continue
            certificate = partial(authority.certificate, name, sock.getsockname()[0])
            listener = Listener(App(bmc, routes(planned.kind)), sock, certificate, self._latency_s)
            self.listeners[name] = listener
            bmc.shown = partial(getattr, listener, "certificate")
            bmc.changed = lambda name=name: self._follow(name)
            await listener.reach(on=True)

    def _made(self, name: str, planned: Planned) -> Any:
        """Make the machine of a BMC, with what ties it to others and to its door."""
        machine = planned.make(self._clock, self.faults)
        if planned.kind == "idrac":
            machine.certificate.replaced = lambda pem, key: self._renew(name, pem, key)
            lit = self._lit
            if lit is not None:
                machine.link_up = lambda port: lit(name, port.plan_port)
            own = machine.host.cold

            def cold() -> None:
                own()
                for card in self._cards.get(name, ()):
                    self.bmcs[card].machine.firmware.host_power_cycled()

            machine.host.cold = cold
        self.on_made(name, machine)
        return machine

    def _renew(self, name: str, pem: str, key: str) -> None:
        """Have a BMC show the certificate that was put into it."""
        listener = self.listeners.get(name)
        if listener is not None and self._authority is not None:
            listener.own(self._authority.keep(name, pem, key))

    async def stop(self) -> None:
        """End everything."""
        self._closed = True
        for alarm in self._alarms.values():
            alarm.cancel()
        for task in [*self._tasks]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for listener in self.listeners.values():
            await listener.close()

    def endpoints(self) -> list[dict[str, Any]]:
        """Return where each BMC that answers does so."""
        return [
            {"device": name, "host": one.address, "redfish_port": one.port, "user": self.users[name]}
            for name, one in self.listeners.items()
        ]

    # --- following the machines -----------------------------------------------------------------------

    def follow(self, name: str) -> None:
        """Look again when something of a machine is due that nobody asked for over the wire."""
        if name in self.listeners:
            self._follow(name)

    def _follow(self, name: str) -> None:
        """Open or close the door of a BMC as its machine says, and look again when something is due."""
        if self._closed:
            return
        bmc, listener = self.bmcs[name], self.listeners[name]
        if not bmc.made:
            return
        machine = bmc.machine
        machine.tick()
        there = machine.bmc.state != "dark"
        if there != listener.open:
            self._spawn(listener.reach(on=there))
        alarm = self._alarms.pop(name, None)
        if alarm is not None:
            alarm.cancel()
        due = machine.next_due()
        if there and due is None:
            return
        now = self._clock.now()
        wait = self._clock.real(max(0.0, due - now)) if due is not None else _MOST_S
        if not there:
            wait = min(wait, _MOST_S, max(_LEAST_S, self._clock.real(_SOON_S)))
        self._alarms[name] = asyncio.get_running_loop().call_later(max(wait, _LEAST_S), self._follow, name)

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- faults ---------------------------------------------------------------------------------------

    def named(self, pattern: str) -> list[str]:
        """Return the BMCs that a pattern names. Raises :class:`~rackwright.errors.TwinError` for none."""
        hit = [name for name in self.bmcs if fnmatch.fnmatchcase(name, pattern)]
        if not hit:
            raise TwinError(f"no BMC of the twin is called {pattern!r}")
        return hit

    def strike(self, fault: Fault) -> None:
        """Do at once what a fault without an operation does."""
        for name in self.named(fault.device):
            bmc = self.bmcs[name]
            if fault.kind == "bad-certificate":
                self._spoil(name, fault.value)
            else:
                bmc.settle()
                bmc.machine.strike(fault)
            if name in self.listeners:
                self._follow(name)

    def _spoil(self, name: str, how: str) -> None:
        listener = self.listeners.get(name)
        if listener is None or self._authority is None:
            raise TwinError(f"{name} does not answer in this twin, so it shows no certificate")
        listener.use(self._authority.spoiled(name, listener.address, how))

    def mend(self) -> list[str]:
        """Undo what faults did; returns what was undone."""
        mended: list[str] = []
        for name, bmc in self.bmcs.items():
            listener = self.listeners.get(name)
            done = list(bmc.machine.mend() or ()) if bmc.made else []
            mended += [f"{what} of {name}" for what in done]
            if listener is not None:
                listener.use()
                self._follow(name)
        return mended

    # --- what tests ask -------------------------------------------------------------------------------

    def told(self, names: Iterable[str]) -> dict[str, Any]:
        """Tell how BMCs stand."""
        return {name: self._one(name) for name in names}

    def _one(self, name: str) -> dict[str, Any]:
        bmc, listener = self.bmcs[name], self.listeners.get(name)
        told: dict[str, Any] = {"kind": bmc.kind, "host": listener.address if listener else ""}
        if not bmc.made:
            return {
                **told,
                "state": "not asked yet" if listener else "no address",
                "requests": {},
                "sessions": 0,
                "opened": 0,
            }
        bmc.settle()
        machine = bmc.machine
        return {
            **told,
            "model": machine.hardware.model,
            "serial": machine.service_tag,
            "state": machine.bmc.state if listener else "no address",
            "power": machine.power,
            "version": machine.bmc_version,
            "bios": machine.bios_version,
            "sessions": len(bmc.sessions),
            "opened": bmc.sessions.opened,
            "jobs": [f"{one.id} {one.state}" for one in machine.open_jobs()],
            "requests": dict(bmc.requests),
        }

    def fault(self, row: Mapping[str, Any]) -> int:
        """Set a fault of a BMC, or do it where it waits for nothing; returns its number, 0 for one that is done.

        Raises :class:`~rackwright.errors.TwinError` when it is none.
        """
        fault = read_wire(row)
        if fault is not None:
            if fault.kind in AT_ONCE:
                self.strike(fault)
                return 0
            return self.wire.add(fault).id
        fault = read_fault(row)
        if fault.at:
            return self.faults.add(fault).id
        self.strike(fault)
        return 0

    def whole(self, name: str) -> dict[str, Any]:
        """Tell everything of one BMC. Raises :class:`~rackwright.errors.TwinError` for a name that is none."""
        if name not in self.bmcs:
            raise TwinError(f"no BMC of the twin is called {name!r}")
        bmc = self.bmcs[name]
        machine = bmc.machine
        told = self._one(name)
        return {
            **told,
            "deeds": [one._asdict() for one in machine.bench.deeds],
            "session_ids": [one.id for one in bmc.sessions],
            "firmware": {one.id: one.version for one in machine.firmware.inventory()},
            "digest": _digest(machine),
        }


def _digest(machine: Any) -> str:
    """Return a digest of what lasts of a machine: versions, BIOS, attributes; equal when nothing of it changed."""
    # The BMC of a DPU has neither BIOS nor attributes.
    own = (
        []
        if not hasattr(machine, "bios")
        else [
            sorted(machine.bios.values.items(), key=lambda pair: pair[0]),
            sorted(machine.bios.pending.items()),
            [sorted(machine.settings.group(group).items()) for group in GROUPS],
        ]
    )
    state = [
        sorted((one.id, one.version) for one in machine.firmware.inventory()),
        *own,
        [(one.id, one.user, one.role, one.enabled) for one in machine.accounts.all()],
        machine.power,
    ]
    return hashlib.sha256(json.dumps(state, default=str).encode()).hexdigest()[:16]
