"""The emulated rack: every switch and every BMC of a plan with its servers, in one event loop."""

from __future__ import annotations

import asyncio
import errno
import fnmatch
import hashlib
import itertools
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

from rackwright.errors import TwinError
from rackwright.plan.model import Device, Plan
from rackwright.twin import planes
from rackwright.twin.authority import Authority
from rackwright.twin.bmc.service.fleet import REDFISH_PORT, Fleet, Planned
from rackwright.twin.box import Box
from rackwright.twin.clock import TwinClock
from rackwright.twin.dataplane import Housed
from rackwright.twin.engine import Identity
from rackwright.twin.engine.trees import Tree
from rackwright.twin.faults import Fault, Faults
from rackwright.twin.hosts.park import HOST_PORT, Hosts, Park
from rackwright.twin.hosts.wires import FabricWires, PlannedWires
from rackwright.twin.journal import Journal
from rackwright.twin.server import Server
from rackwright.twin.sockets import bound, claimed
from rackwright.twin.state import Fabric
from rackwright.twin.state.hardware import made_up_mac

__all__ = ["REST_PORT", "SSH_PORT", "Rack", "Wish"]

SSH_PORT: Final = 2222
REST_PORT: Final = 8765
_SWITCHES: Final = frozenset({"leaf", "spine", "superspine", "oob"})
_BLOCKS: Final = range(65, 255)


@dataclass(frozen=True)
class Wish:
    """How a twin is to be."""

    rate: float = 60.0
    """Emulated seconds in a real one."""
    latency_ms: float = 0.0
    """Delay of what is sent, each way, in real ms."""
    kind: str = "emulated"
    startup: Mapping[str, Tree] = field(default_factory=dict)
    """Configuration that a switch comes up with; the factory's without."""
    only: frozenset[str] | None = None
    """Switches that answer; the others are part of the fabric and cannot be reached."""
    bmcs: Mapping[str, Planned] = field(default_factory=dict)
    """BMCs that answer."""
    hosts: Hosts | None = None
    """How the operating systems of the servers are whose BMC answers; None: there are none."""


_Doors: TypeAlias = dict[str, socket.socket]
_Pairs: TypeAlias = dict[str, tuple[str, tuple[socket.socket, socket.socket]]]
"""Switch -> its address and the sockets of SSH and REST there."""


class Rack:
    """A twin: boxes, servers, data plane, faults, log."""

    def __init__(self, plan: Plan, folder: Path, wish: Wish) -> None:
        self.plan = plan
        self.folder = folder
        self.wish = wish
        self.clock = TwinClock(wish.rate)
        self.faults = Faults()
        self.fleet: Fleet | None = None
        self.park: Park | None = None
        self.boxes: dict[str, Box] = {}
        self.servers: dict[str, Server] = {}
        self._claim: socket.socket | None = None
        """Held for as long as the block of addresses is this twin's."""
        self._plane: Any = None
        self._struck: list[str] = []
        self._authority: Authority | None = None
        self._agent: Any = None
        self.journal = Journal()
        self.first_boot: Callable[[Box, str], Awaitable[None]] | None = None
        """What ZTP is to do when a switch boots a new image (see :class:`~rackwright.twin.box.Box`); None: nothing."""

    async def start(self) -> None:
        """Bring every switch up and have it answer; its files lie in ``folder``."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.journal = Journal(self.folder / "log")
        self._authority = Authority(self.folder)
        switches = [device for device in self.plan.devices if device.role in _SWITCHES]
        reachable = [one for one in switches if self.wish.only is None or one.name in self.wish.only]
        if not reachable:
            # Nobody can look at the fabric: a thousand BMCs come up without the switches between them.
            switches = []
        else:
            self._plane = planes.make(self.wish.kind, self.plan, self.clock, self.folder)
        if isinstance(self._plane, Housed):
            await self._open_house()
        sockets, doors, ways = self._bind([device.name for device in reachable], list(self.wish.bmcs), self._servers())
        for device in switches:
            startup = self.wish.startup.get(device.name)
            box = Box(_identity(device, self.plan), self._plane, self.clock, self.faults, self.journal, startup)
            box.first_boot, box.recable = self.first_boot, self._recable
            self.boxes[device.name] = box
            if device.name in sockets:
                self.servers[device.name] = self._serve(box, *sockets[device.name])
            await box.settle()
        # A switch of real FRR knows its own links alone: there what is cabled is up.
        lit = getattr(self._plane, "lit", None)
        self.fleet = Fleet(self.clock, self.journal, self.faults, self.wish.latency_ms / 1000, lit)
        await self.fleet.start(self.wish.bmcs, doors, self._authority)
        if self.wish.hosts is not None:
            self.park = Park(
                self.plan, self.clock, self.journal, self.faults, self.wish.latency_ms / 1000, self.folder.parent
            )
            wires = FabricWires(self._plane) if isinstance(self._plane, Fabric) else PlannedWires(self.plan)
            await self.park.start(self.wish.hosts, ways, self.fleet, wires, self._authority)
            if isinstance(self._plane, Fabric):
                self._plane.talks = self.park.speaks
        self._write_known_hosts()

    def _servers(self) -> list[str]:
        """Name the servers that have an operating system: those whose own BMC answers."""
        known = self.wish.bmcs.items() if self.wish.hosts is not None else ()
        return [name for name, planned in known if planned.kind == "idrac"]

    async def _open_house(self) -> None:
        """Bring up a data plane with doors of its own, and what answers inside it."""
        from rackwright.twin.frr.door import Agent

        folder = self.folder / "agent"
        folder.mkdir(mode=0o755, exist_ok=True)
        self._agent = Agent(folder, lambda: self.boxes)
        await self._agent.start()
        await asyncio.to_thread(self._plane.start)

    def _serve(self, box: Box, address: str, sockets: tuple[socket.socket, socket.socket]) -> Server:
        assert self._authority is not None  # noqa: S101 - start() makes it before it serves
        server = Server(
            box,
            address,
            sockets,
            host_key=self._authority.host_key(),
            operator=self._authority.operator,
            certificate=self._authority.certificate(box.name, address),
            latency_s=self.wish.latency_ms / 1000,
            house=self._plane if isinstance(self._plane, Housed) else None,
        )
        box.reach = server.reach
        return server

    async def stop(self) -> None:
        """End everything; the files of the twin stay for whoever started it to remove."""
        if self._claim is not None:
            self._claim.close()
        if self.park is not None:
            await self.park.stop()
        if self.fleet is not None:
            await self.fleet.stop()
        for server in self.servers.values():
            await server.close()
        for box in self.boxes.values():
            await box.close()
        if self._agent is not None:
            self._agent.close()
        close = getattr(self._plane, "close", None)
        if close is not None:
            await asyncio.to_thread(close)
        self.journal.close()

    async def strike(self, fault: Fault) -> None:
        """Do at once what a fault without an operation does, on every switch that it names."""
        if fault.kind in ("swap-cables", "cut-link"):
            self._recable(fault)
            return
        hit = [box for name, box in self.boxes.items() if fnmatch.fnmatchcase(name, fault.device)]
        if not hit:
            raise TwinError(f"no switch of the twin is called {fault.device!r}")
        for box in hit:
            await box.settle()
            await box.strike(fault)

    def _recable(self, fault: Fault) -> None:
        try:
            if fault.kind == "swap-cables":
                self._plane.swap(fault.a, fault.b)
            else:
                self._plane.cut(fault.a)
        except AttributeError:
            raise TwinError(f"this data plane cannot do {fault.kind}") from None
        except (LookupError, ValueError) as error:
            raise TwinError(f"{fault.kind}: {error}") from None
        self._struck.append(" ".join(word for word in (fault.kind, fault.a, fault.b) if word))

    async def mend(self) -> list[str]:
        """Undo what faults did to cables, disks, images and serial numbers; returns what was undone."""
        mended, self._struck = self._struck, []
        restore = getattr(self._plane, "restore", None)
        if restore is not None:
            restore()
        for device in self.plan.devices:
            box = self.boxes.get(device.name)
            if box is not None:
                done = await box.mend(_identity(device, self.plan))
                mended += [f"{what} of {device.name}" for what in done]
        return mended

    def cabling(self) -> list[list[str]]:
        """List the cables as they are plugged: two ends and the state."""
        listed = getattr(self._plane, "cabling", None)
        return [list(row) for row in listed()] if listed is not None else []

    def devices(self) -> list[dict[str, Any]]:
        """Return the endpoints of every switch that answers."""
        return [
            {"device": name, "host": server.address, "ssh_port": SSH_PORT, "rest_port": REST_PORT, "user": "cumulus"}
            for name, server in self.servers.items()
        ]

    def _write_known_hosts(self) -> None:
        lines = [f"[{one.address}]:{SSH_PORT} {one.host_key_line}\n" for one in self.servers.values()]
        hosts = self.park.known_hosts() if self.park is not None else ""
        (self.folder / "known_hosts").write_text("".join(lines) + hosts, encoding="utf-8")

    def hosts(self) -> list[dict[str, Any]]:
        """Return the endpoints of every operating system that answers, or will."""
        return self.park.endpoints() if self.park is not None else []

    def bmcs(self) -> list[dict[str, Any]]:
        """Return the endpoints of every BMC that answers."""
        return self.fleet.endpoints() if self.fleet is not None else []

    def _bind(self, names: list[str], bmcs: list[str], hosts: list[str]) -> tuple[_Pairs, _Doors, _Doors]:
        """Find a block of 127/8 in which every address is free, so that twins can stand side by side.

        BMCs stand behind the switches, hosts behind the BMCs.
        """
        first = hashlib.sha256(str(self.folder).encode()).digest()[0] % len(_BLOCKS)
        for block in itertools.chain(_BLOCKS[first:], _BLOCKS[:first]):
            claim = claimed(f"127.{block}.255.255")
            if claim is None:
                continue
            held: _Pairs = {}
            doors: _Doors = {}
            ways: _Doors = {}
            addresses = _addresses(block)
            try:
                for name in names:
                    address = next(addresses)
                    held[name] = (address, _pair(address))
                for name in bmcs:
                    doors[name] = bound(next(addresses), REDFISH_PORT)
                for name in hosts:
                    ways[name] = bound(next(addresses), HOST_PORT)
            except OSError as error:
                for sock in (
                    claim,
                    *(one for _, pair in held.values() for one in pair),
                    *doors.values(),
                    *ways.values(),
                ):
                    sock.close()
                if error.errno != errno.EADDRINUSE:
                    raise
                continue
            self._claim = claim
            return held, doors, ways
        raise TwinError("no block of addresses is free in 127.65.0.0 to 127.254.255.255: end another twin")


def _addresses(block: int) -> Iterator[str]:
    return (f"127.{block}.{high}.{low}" for high in range(256) for low in range(1, 255))


def _pair(address: str) -> tuple[socket.socket, socket.socket]:
    ssh = bound(address, SSH_PORT)
    try:
        return ssh, bound(address, REST_PORT)
    except OSError:
        ssh.close()
        raise


def _identity(device: Device, plan: Plan) -> Identity:
    macs = dict(device.macs)
    return Identity(
        name=device.name,
        model=device.model,
        serial=device.serial or made_up_mac(device.name, "serial").replace(":", "").upper(),
        mac=macs.get("eth0") or made_up_mac(device.name, "eth0"),
        management=device.management,
        nos=plan.nos or "5.12.1",
    )
