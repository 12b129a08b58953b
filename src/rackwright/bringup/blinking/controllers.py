"""The links of servers' network ports, as their BMCs tell them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from rackwright.audit.cabling import Port
from rackwright.audit.machines.swaps import Known, Marks
from rackwright.drivers.reach import Reach
from rackwright.drivers.redfish.model import Redfish, Topic
from rackwright.errors import DriverError
from rackwright.plan.model import Device, Plan
from rackwright.redfish.inventory import Inventory
from rackwright.redfish.reading import marks, ports

__all__ = ["Controllers"]

_ON: Final = "On"
_BARE: Final[Topic] = "ports"
"""What tells no power."""
_ERRORS: Final = "#errors"
"""Key under which the driver tells what a BMC did not answer."""


class Controllers:
    """The BMCs of the servers whose links are looked at."""

    def __init__(self, way: Reach, plan: Plan, threads: ThreadPoolExecutor) -> None:
        self._way = way
        self._threads = threads
        self._ports = {device.name: dict(_ports(device)) for device in plan.devices}
        """Server -> MAC address -> port of the plan."""
        self._sessions: dict[str, Redfish] = {}
        self._known: dict[str, frozenset[Port]] = {}
        """Server -> the ports whose links it told; none where its system does not tell them."""
        self._who = Known(
            {one.name: Marks(one.serial.upper(), frozenset(mac.lower() for _, mac in one.macs)) for one in plan.devices}
        )
        self.strangers: dict[str, str] = {}
        """Servers at whose address another machine answers, with which."""
        self.gone: dict[str, str] = {}
        """Servers whose BMC stopped answering, with the reason."""

    def open(self, names: Collection[str]) -> tuple[dict[str, str], dict[str, frozenset[str]]]:
        """Log in and look for the first time; returns who cannot be looked at and why, and the ports that each one has.

        Where another machine answers its links say nothing of the server: it is among neither, but among the strangers.
        """
        asked = sorted(names)
        blind: dict[str, str] = {}
        there: dict[str, frozenset[str]] = {}
        for name, seen in zip(asked, self._threads.map(self._first, asked), strict=True):
            if isinstance(seen, str):
                blind[name] = seen
            else:
                there[name] = frozenset(port.name for port in seen)
        for name in self.strangers:
            blind.pop(name, None)
            there.pop(name, None)
        for name in (*blind, *self.strangers):
            session = self._sessions.pop(name, None)
            if session is not None:
                session.close()
        return blind, there

    def _first(self, name: str) -> str | dict[Port, bool | None]:
        try:
            self._sessions[name] = self._way.bmc(name)
        except DriverError as error:
            return str(error)
        return self._look(name)

    def lights(self, only: Collection[str] | None = None, *, lit: Collection[Port] = ()) -> dict[Port, bool | None]:
        """Return whether each network port that the plan knows has link, of all servers or of some.

        A server that does not answer is not asked again. ``lit``: a server all of whose ports among these have link is not
        asked whether it is on.
        """
        found: dict[Port, bool | None] = {}
        names = sorted(self._sessions if only is None else self._sessions.keys() & only)
        wanted: dict[str, set[Port]] = defaultdict(set)
        for port in lit:
            wanted[port.device].add(port)
        asked = [(name, frozenset(wanted[name])) for name in names]
        for name, seen in zip(names, self._threads.map(lambda one: self._look(*one), asked), strict=True):
            if isinstance(seen, str):
                self.gone[name] = seen
                self._sessions.pop(name).close()
            else:
                found.update(seen)
        return found

    def _look(self, name: str, lit: frozenset[Port] = frozenset()) -> str | dict[Port, bool | None]:
        """Return the links of a server, or why they say nothing.

        What the system tells of its ports is half the requests, and its ports alone half of these; where a port is missing
        there, or its link, all is read.
        """
        known = self._known.get(name, frozenset())
        if known:
            bare = bool(lit) and lit <= known
            seen = self._read(name, _BARE if bare else "lights")
            if bare and not isinstance(seen, str) and not all(map(seen.get, lit)):
                seen = self._off(name) or seen
            if not isinstance(seen, str) and all(seen.get(port) is not None for port in known):
                return seen
        seen = self._read(name, "links")
        if not isinstance(seen, str):
            told = frozenset(port for port, light in seen.items() if light is not None)
            # Never asked for less again where less was not enough.
            self._known[name] = frozenset() if name in self._known else told
        return seen

    def _off(self, name: str) -> str:
        """Return why the links of a server say nothing; empty where it is on."""
        try:
            return _wrong(self._sessions[name].power())
        except DriverError as error:
            return str(error)

    def _read(self, name: str, topic: Topic) -> str | dict[Port, bool | None]:
        try:
            read = self._sessions[name].read({topic})
        except DriverError as error:
            return str(error)
        told = ports(read)
        if name not in self._known and (stranger := self._stranger(name, marks(read), told)):
            self.strangers[name] = stranger
            return stranger
        if topic != _BARE and (wrong := _wrong(told.power)):
            return wrong
        if not told.nics:
            return next(iter((read.get(_ERRORS) or {}).values()), "it does not tell its network adapters")
        return dict(self._links(name, told))

    def _stranger(self, name: str, seen: Inventory, told: Inventory) -> str:
        """Say which machine answers where another one is planned; empty where nothing speaks against the planned one."""
        tag, planned = seen.service_tag.upper(), self._who.planned[name].tag
        macs = frozenset({*seen.bmc_macs, *(mac for nic in told.nics for port in nic.ports for mac in port.macs)})
        other = self._who.who(Marks(tag, macs), "tags" if tag and planned else "macs")
        if other == name or (tag == planned if tag and planned else not other):
            return ""
        of = f"; it is {other} of nodes.csv" if other else ", and nodes.csv has it nowhere"
        if tag and planned:
            return f"service tag {tag} answers where {planned} is planned{of}"
        return f"its MAC addresses are not those of {name}{of}"

    def _links(self, name: str, told: Inventory) -> Iterator[tuple[Port, bool | None]]:
        known = self._ports[name]
        for nic in told.nics:
            for one in nic.ports:
                port = next((known[mac] for mac in one.macs if mac in known), None)
                if port is not None:
                    yield Port(name, port), {"up": True, "down": False}.get(one.link)

    def close(self) -> None:
        """End every session."""
        for session in self._sessions.values():
            session.close()


def _wrong(power: str) -> str:
    return f"it is {power}: power it on" if power and power != _ON else ""


def _ports(device: Device) -> Iterator[tuple[str, str]]:
    """Yield the MAC address and the name of each network port of a server; its BMCs are none."""
    for name, mac in device.macs:
        if mac and name.rpartition(".")[2] not in ("bmc", "mgmt"):
            yield mac.lower(), name
