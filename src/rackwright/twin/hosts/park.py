"""Every emulated host of a plan, each on the server of its BMC."""

from __future__ import annotations

import asyncio
import fnmatch
import re
import socket
from collections.abc import Awaitable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from rackwright.errors import TwinError
from rackwright.plan.model import HostNetwork, Plan
from rackwright.twin.authority import Authority
from rackwright.twin.bmc.machine.idrac import Machine
from rackwright.twin.bmc.service.fleet import Fleet
from rackwright.twin.clock import TwinClock
from rackwright.twin.faults import Fault, Faults
from rackwright.twin.hosts.booting import fresh
from rackwright.twin.hosts.door import Door
from rackwright.twin.hosts.faults import AT_ONCE
from rackwright.twin.hosts.host import Host
from rackwright.twin.hosts.wires import Wires
from rackwright.twin.journal import Journal, Line

__all__ = ["HOST_PORT", "Hosts", "Park"]

HOST_PORT: Final = 2222
_DOOR: Final = re.compile(r"http://[0-9.\[\]:a-f]+")


class Hosts(msgspec.Struct, frozen=True, kw_only=True):
    """How the hosts of a twin are to be."""

    state: Literal["bare", "installed"] = "bare"
    user: str = "rackwright"


class Park:
    """The hosts of one twin."""

    def __init__(
        self, plan: Plan, clock: TwinClock, journal: Journal, beside: Faults, latency_s: float, folder: Path
    ) -> None:
        """``folder`` is that of the site's state."""
        self.hosts: dict[str, Host] = {}
        self.doors: dict[str, Door] = {}
        self.faults = Faults(beside.ids)
        self.user = ""
        self.server = ""
        """Scheme, address and port of the boot server; empty: that of the site's ``serve``."""
        self._folder = folder
        self._networks = {network.name: network for network in plan.hosts}
        self._clock = clock
        self._journal = journal
        self._latency_s = latency_s
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    async def start(
        self, wish: Hosts, sockets: Mapping[str, socket.socket], fleet: Fleet, wires: Wires, authority: Authority
    ) -> None:
        """Make a host for every bound socket; each hangs on the BMC of its name."""
        self.user = wish.user
        for name, sock in sockets.items():
            network = self._networks.get(name) or HostNetwork(name)
            disk = fresh(name, network) if wish.state == "installed" else None
            machine = partial(_machine, fleet, name)
            host = Host(name, machine, network, self._clock, self.faults, wires, disk)
            host.follow = partial(fleet.follow, name)
            host.changed = partial(self._changed, name)
            host.install = partial(self._install, name)
            host.flashed = partial(_card_flashed, fleet, name)
            host.accounts = {wish.user: ()} if disk is not None else {}
            self.hosts[name] = host
            self.doors[name] = Door(
                host, wish.user, sock, authority.host_key(), authority.operator, self._clock, self._journal, self.faults,
                self._latency_s,
            )  # fmt: skip
            if host.up:
                await self.doors[name].reach(on=True)
        fleet.on_made = self._made

    def _made(self, name: str, machine: Any) -> None:
        """Put a host onto the server underneath, once that is made."""
        if name in self.hosts and isinstance(machine, Machine):
            self.hosts[name].own(machine)

    def _install(self, name: str, target: str, image: str) -> None:
        """Have an installer work on a host."""
        from rackwright.twin.hosts.installer import Installer

        host = self.hosts[name]
        faults = {fault.kind: fault for fault in self.faults.hits(name, "host-install", "before")}
        note = partial(self._note, name)
        self.spawn(Installer(host, self._clock, self.boot_server, note).run(target, image, faults))

    def _note(self, name: str, operation: str, told: str) -> None:
        self._journal.add(Line(self._clock.now(), name, "host", "installer", operation, told, ""))

    def boot_server(self) -> str:
        """Return where DHCP sends who boots over the network: as told, or the plain door of the site's latest ``serve``."""
        return self.server or _latest(self._folder)

    def _changed(self, name: str) -> None:
        if not self._closed:
            self.spawn(self.doors[name].reach(on=self.hosts[name].up))

    def spawn(self, work: Awaitable[None]) -> None:
        """Run something beside; it ends with the twin."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """End everything."""
        self._closed = True
        for task in [*self._tasks]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for door in self.doors.values():
            await door.close()

    def endpoints(self) -> list[dict[str, Any]]:
        """Return where each host answers, or will."""
        return [
            {"device": name, "host": door.address, "ssh_port": door.port, "user": self.user}
            for name, door in self.doors.items()
        ]

    def speaks(self, name: str) -> bool:
        """Tell whether a machine sends LLDP; one that is none of these hosts does."""
        host = self.hosts.get(name)
        return host is None or host.speaks

    def known_hosts(self) -> str:
        """Return the host keys as known_hosts holds them."""
        return "".join(f"[{door.address}]:{door.port} {door.host_key_line}\n" for door in self.doors.values())

    # --- faults ---------------------------------------------------------------------------------------

    def fault(self, fault: Fault) -> int:
        """Set a fault, or do it where it waits for nothing; returns its number, 0 for one that is done.

        Raises :class:`~rackwright.errors.TwinError` when it names no host.
        """
        hit = [name for name in self.hosts if fnmatch.fnmatchcase(name, fault.device)]
        if not hit:
            raise TwinError(f"no host of the twin is called {fault.device!r}")
        if fault.kind not in AT_ONCE:
            return self.faults.add(fault).id
        for name in hit:
            self.hosts[name].refused[fault.value or "*"] = fault.a
        return 0

    def mend(self) -> list[str]:
        """Undo what faults did; returns what was undone."""
        mended = [f"packages of {name}" for name, host in self.hosts.items() if host.refused]
        for host in self.hosts.values():
            host.refused.clear()
        return mended

    # --- what tests ask -------------------------------------------------------------------------------

    def told(self) -> dict[str, Any]:
        """Tell how hosts stand."""
        return {name: {"host": self.doors[name].address, **host.told()} for name, host in self.hosts.items()}

    def whole(self, name: str) -> dict[str, Any]:
        """Tell everything of one host. Raises :class:`~rackwright.errors.TwinError` for a name that is none."""
        if name not in self.hosts:
            raise TwinError(f"no host of the twin is called {name!r}")
        return {"host": self.doors[name].address, **self.hosts[name].whole()}


def _latest(folder: Path) -> str:
    """Return the door without TLS that the latest ``rackwright serve`` of a site told of in its events."""
    try:
        lines = (folder / "serve" / "events.jsonl").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    for line in reversed(lines):
        if '"serving"' in line:
            found = _DOOR.search(line)
            return found[0] if found else ""
    return ""


def _card_flashed(fleet: Fleet, name: str, adapter: str, version: str) -> None:
    """Have the card's own BMC show what its host wrote."""
    card = fleet.bmcs.get(f"{name}.{adapter}")
    if card is not None:
        card.machine.firmware.flash_from_host(version)


def _machine(fleet: Fleet, name: str) -> Machine:
    machine = fleet.bmcs[name].machine
    assert isinstance(machine, Machine)  # noqa: S101 - a server's own BMC is an iDRAC
    return machine
