"""What is plugged into what: the plan's cables, and what a fault makes of them.

A wire is one connection of the plan with a plug at each side; a socket is a port of a device. A splitter is
several wires of one part. Swapping the plugs of two sockets is what a technician's mistake does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from rackwright.catalog.models import CableModel, Catalog
from rackwright.plan.model import End, Link, Plan
from rackwright.twin.state.hardware import cages, family, port_numbers

__all__ = ["MANAGEMENT", "Address", "Cabling", "CablingError", "Plug", "Quality", "Socket", "Wire"]

Address = tuple[str, str]
"""Device and port."""


MANAGEMENT: Final = "eth0"
"""The management port of a switch: up whenever the switch has power."""


class CablingError(ValueError):
    """A fault that cannot be: a port that is not there, a plug that does not fit."""


class Quality(NamedTuple):
    """How well a wire carries bits."""

    raw_ber: float = 1e-8
    """Before FEC; the PHY page shows 1E-7 on a link whose FEC corrects all of it."""
    effective_ber: float = 0.0
    rx_dbm: float = -0.64
    """As on the transceiver page's example."""
    flaps: int = 0


@dataclass(slots=True)
class Socket:
    """A place for a plug: a port of a switch, or of a host."""

    device: str
    port: str
    cage: int
    switch: bool
    """A front port of a switch; eth0 of a switch is a host port, it needs no configuration to be up."""
    connector: str
    gbps: float
    lanes: int
    mtu_bytes: int = 0
    interface: str = ""
    mac: str = ""
    talks: bool = True
    """Somebody behind it sends LLDP when all is well."""
    alive: bool = True
    speaks: bool = True
    """LLDP is not turned off."""
    speaks_lacp: bool = True


@dataclass(slots=True)
class Wire:
    """A cable, or one way of a splitter."""

    index: int
    link: Link
    part: CableModel | None
    part_key: str
    planned_part: str
    ends: list[Address | None]
    demand: tuple[int, int]
    """Lanes that each plug wants of the port it is in."""
    planned: tuple[Address, Address]
    broken: bool = False
    module: list[bool] = field(default_factory=lambda: [True, True])
    """Whether each side's transceiver is there."""
    quality: list[Quality] = field(default_factory=lambda: [Quality(), Quality()])


class Plug(NamedTuple):
    """A side of a wire."""

    wire: Wire
    side: int

    @property
    def other(self) -> Address | None:
        """Where the other side is plugged; None: nowhere."""
        return self.wire.ends[1 - self.side]


class Cabling:
    """Every socket, every wire and which plug is in which socket."""

    def __init__(self, plan: Plan, catalog: Catalog, macs: Mapping[Address, str]) -> None:
        self.sockets: dict[Address, Socket] = {}
        self.wires: list[Wire] = []
        self.plugged: dict[Address, Plug] = {}
        self.ports_of: dict[str, list[str]] = {}
        """Device -> its ports that have a socket."""
        self._catalog = catalog
        self._models = {switch.name: catalog.switches[switch.model] for switch in plan.switches}
        self._hosts = dict(_host_interfaces(plan))
        self._roles = {device.name: device.role for device in plan.devices}
        self._macs = macs
        parts = {index: assembly.part for assembly in plan.assemblies for index in assembly.links}
        for index, link in enumerate(plan.links):
            self._lay(index, link, parts.get(index, ""))

    def _lay(self, index: int, link: Link, part_key: str) -> None:
        part = self._catalog.cables.get(part_key)
        demand = (self._demand(link, link.a), self._demand(link, link.b))
        planned = ((link.a.device, link.a.port), (link.b.device, link.b.port))
        wire = Wire(index, link, part, part_key, part_key, list(planned), demand, planned)
        self.wires.append(wire)
        for side, end in enumerate((link.a, link.b)):
            where = planned[side]
            if where not in self.sockets:
                self._add(where, self._socket(link, end, side, part))
            self.plugged[where] = Plug(wire, side)

    def _demand(self, link: Link, end: End) -> int:
        if end.sub >= 0 or end.device not in self._models or end.port == MANAGEMENT:
            return link.lanes
        cage = cages(self._models[end.device]).get(end.cage)
        return cage.lanes if cage else link.lanes

    def _socket(self, link: Link, end: End, side: int, part: CableModel | None) -> Socket:
        model = self._models.get(end.device)
        switch = model is not None and end.port != MANAGEMENT
        connector = "rj45" if part is None else (part.a_connector, part.b_connector)[side]
        if switch and model is not None and end.cage in cages(model):
            connector = cages(model)[end.cage].connector
        name, mtu_bytes = self._hosts.get((end.device, end.port), ("", 0))
        return Socket(
            end.device,
            end.port,
            end.cage,
            switch,
            connector,
            link.speed_gbps,
            link.lanes,
            mtu_bytes,
            name or end.interface or end.port,
            self._macs.get((end.device, end.port), ""),
            self._talks(end),
        )

    def _talks(self, end: End) -> bool:
        """Tell whether an end sends LLDP: switches, systems of hosts and routers do; BMCs and PDUs do not [assumed]."""
        silent = end.port.rpartition(".")[2] in ("bmc", "mgmt") or self._roles.get(end.device) == "pdu"
        return end.device in self._models or not silent

    def socket(self, where: Address) -> Socket:
        """Return a socket; a free front port of a switch is one too. Raises :class:`CablingError`."""
        found = self.sockets.get(where)
        if found is None:
            found = self._add(where, self._free(where))
        return found

    def _add(self, where: Address, socket: Socket) -> Socket:
        self.sockets[where] = socket
        self.ports_of.setdefault(where[0], []).append(where[1])
        return socket

    def wires_of(self, device: str) -> list[Wire]:
        """Return the wires that are plugged into a device."""
        plugs = (self.plugged.get((device, port)) for port in self.ports_of.get(device, ()))
        return [plug.wire for plug in plugs if plug is not None]

    def _free(self, where: Address) -> Socket:
        device, port = where
        numbers = port_numbers(port)
        model = self._models.get(device)
        if model is None or numbers is None or numbers[0] not in cages(model):
            raise CablingError(f"{device} has no port {port}")
        cage = cages(model)[numbers[0]]
        return Socket(device, port, cage.number, True, cage.connector, cage.lanes * cage.lane_gbps, cage.lanes)

    def swap(self, one: Address, two: Address) -> tuple[Wire, ...]:
        """Change over the plugs of two sockets (one of them may be empty) and return the wires that moved.

        Raises :class:`CablingError` when a plug does not fit where it would go.
        """
        first, second = self.socket(one), self.socket(two)
        if one == two:
            raise CablingError(f"{one[0]} {one[1]} cannot be swapped with itself")
        if family(first.connector) != family(second.connector):
            raise CablingError(f"a plug of {one[0]} {one[1]} ({first.connector}) does not fit {two[0]} {two[1]}")
        plugs = (self.plugged.pop(one, None), self.plugged.pop(two, None))
        if plugs == (None, None):
            raise CablingError(f"nothing is plugged into {one[0]} {one[1]} nor {two[0]} {two[1]}")
        for plug, where in zip(plugs, (two, one), strict=True):
            if plug is not None:
                self.plugged[where] = plug
                plug.wire.ends[plug.side] = where
        return tuple(plug.wire for plug in plugs if plug is not None)

    def unplug(self, where: Address) -> Wire:
        """Pull a plug out and let it hang; return its wire."""
        plug = self.plug(where)
        del self.plugged[where]
        plug.wire.ends[plug.side] = None
        return plug.wire

    def plug(self, where: Address) -> Plug:
        """Return what is plugged into a socket; raises :class:`CablingError` when it is empty."""
        self.socket(where)
        found = self.plugged.get(where)
        if found is None:
            raise CablingError(f"nothing is plugged into {where[0]} {where[1]}")
        return found

    def refit(self, where: Address, part_key: str) -> Wire:
        """Put another part of the catalog in place of a wire's own; an empty key takes this side's transceiver out."""
        plug = self.plug(where)
        if not part_key:
            plug.wire.module[plug.side] = False
            return plug.wire
        part = self._catalog.cables.get(part_key)
        if part is None:
            raise CablingError(f"the catalog has no cable {part_key}")
        plug.wire.part, plug.wire.part_key = part, part_key
        return plug.wire

    def restore(self) -> tuple[Wire, ...]:
        """Cable everything as planned and heal every host; return the wires that were touched."""
        touched = [wire for wire in self.wires if not _as_planned(wire)]
        for wire in touched:
            for where in wire.ends:
                if where is not None:
                    self.plugged.pop(where, None)
        for wire in touched:
            wire.ends[:] = wire.planned
            wire.broken = False
            wire.module[:] = [True, True]
            wire.quality[:] = [Quality(), Quality()]
            wire.part_key = wire.planned_part
            wire.part = self._catalog.cables.get(wire.part_key)
            for side in (0, 1):
                self.plugged[wire.planned[side]] = Plug(wire, side)
        return tuple(touched)

    def listed(self) -> Iterator[tuple[str, str, str]]:
        """Yield (end, end, part) of every wire; an end that hangs is empty."""
        for wire in self.wires:
            one, two = ("" if where is None else f"{where[0]}:{where[1]}" for where in wire.ends)
            yield one, two, wire.part_key


def _as_planned(wire: Wire) -> bool:
    healthy = not wire.broken and all(wire.module) and wire.quality == [Quality(), Quality()]
    return healthy and tuple(wire.ends) == wire.planned and wire.part_key == wire.planned_part


def _host_interfaces(plan: Plan) -> Iterator[tuple[Address, tuple[str, int]]]:
    """Yield (host, port) with the interface's name in the operating system and its MTU, 0: not known."""
    for host in plan.hosts:
        bonds = {bond.name: bond.mtu_bytes for bond in host.bonds}
        for interface in host.interfaces:
            if interface.port:
                mtu_bytes = interface.mtu_bytes or bonds.get(interface.bond, 0)
                yield (host.name, interface.port), (interface.name, mtu_bytes)
