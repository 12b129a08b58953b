"""What was seen, matched with the plan's cabling: cells of nodes.csv, and what cannot be told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from rackwright.audit.discovery.leases import Lease
from rackwright.audit.discovery.seen import Heard, Seen
from rackwright.intent.node_edits import TAG
from rackwright.plan.model import Plan

__all__ = ["Discovery", "Unclear", "discovered"]

_FACTORY: Final = "cumulus"
"""Hostname of the default startup.yaml (nvue.md 3.1)."""
_ASK: Final = "unplug all but one and run it again, or write it into nodes.csv by hand"
_SEE: Final = "see the cable, or correct the plan"


class Unclear(msgspec.Struct, frozen=True):
    """Something seen that no cell can be made of."""

    place: str
    """Switch and port."""
    text: str
    remedy: str


class Discovery(msgspec.Struct, frozen=True):
    """What was found out."""

    wishes: dict[str, dict[str, str]]
    """Name -> column of nodes.csv -> value."""
    sources: dict[tuple[str, str], str]
    """(name, column) -> where it was seen."""
    unclear: tuple[Unclear, ...]
    silent: tuple[str, ...]
    """Ports with a planned machine behind them at which nothing was seen."""


def discovered(plan: Plan, seen: Sequence[Seen], leases: Sequence[Lease], *, prefix: str = "idrac-") -> Discovery:
    """Match what switches and leases show with what the plan has behind each port.

    ``prefix`` is what stands before the service tag in the hostname that a BMC sends with its request for an address.
    """
    return _Match(plan, seen, leases, prefix).made()


class _Match:
    """The work of one match."""

    def __init__(self, plan: Plan, seen: Sequence[Seen], leases: Sequence[Lease], prefix: str) -> None:
        self._seen = {one.device: one for one in seen}
        self._leases = {lease.mac: lease for lease in leases}
        self._prefix = prefix
        self._known = {mac.lower(): (device.name, port) for device in plan.devices for port, mac in device.macs}
        self._places = dict(_places(plan))
        self._wishes: dict[str, dict[str, str]] = {}
        self._sources: dict[tuple[str, str], str] = {}
        self._unclear: list[Unclear] = []
        self._twice = self._behind_two_ports()

    def made(self) -> Discovery:
        for device, one in self._seen.items():
            if one.hostname not in (device, _FACTORY, ""):
                text = f"a switch that calls itself {one.hostname} answers at the address of {device}"
                self._unclear.append(Unclear(device, text, _SEE))
                continue
            self._wish(device, TAG, one.serial, f"{device} says so")
            self._wish(device, "eth0", one.eth0, f"{device} says so")
        silent = [
            f"{switch} {port}" for (switch, port), end in self._places.items() if not self._port(switch, port, *end)
        ]
        self._tags()
        return Discovery(self._wishes, self._sources, tuple(self._unclear), tuple(silent))

    def _wish(self, name: str, column: str, value: str, source: str) -> None:
        if value and (name, column) not in self._sources:
            self._wishes.setdefault(name, {})[column] = value
            self._sources[name, column] = source

    def _behind_two_ports(self) -> dict[str, tuple[str, ...]]:
        """Find addresses that are learned at two ports with machines behind them: both cannot be."""
        where: dict[str, list[str]] = {}
        for switch, port in self._places:
            for mac in self._learned(switch, port):
                where.setdefault(mac, []).append(f"{switch} {port}")
        twice = {mac: tuple(places) for mac, places in where.items() if len(places) > 1}
        for mac, places in twice.items():
            self._unclear.append(Unclear(places[0], f"{mac} is seen at {' and '.join(places)}", _ASK))
        return twice

    def _learned(self, switch: str, port: str) -> tuple[str, ...]:
        return self._seen[switch].table.get(port, ()) if switch in self._seen else ()

    def _port(self, switch: str, port: str, name: str, column: str) -> bool:
        """Look at one port behind which one machine is planned; returns whether anything was seen there."""
        place = f"{switch} {port}"
        macs = [mac for mac in self._learned(switch, port) if mac not in self._twice]
        heard = self._seen[switch].heard.get(port, ()) if switch in self._seen else ()
        for one in heard:
            self._judge_name(place, name, column, one)
        # What is known to be another port of the very machine is no candidate: a BMC may share its port.
        rest = [mac for mac in macs if self._known.get(mac, ("", ""))[0] != name or self._known[mac] == (name, column)]
        rest = self._narrowed(rest, name, column, heard)
        if len(rest) == 1:
            self._wish(name, column, rest[0], f"learned at {place}")
        elif len(rest) > 1:
            what = f"{len(rest)} addresses ({', '.join(rest[:4])}) where {name} {column} is planned"
            self._unclear.append(Unclear(place, what, _ASK))
        elif not macs:
            self._by_lldp(place, name, column, heard)
        return bool(macs or heard or switch not in self._seen)

    def _narrowed(self, macs: list[str], name: str, column: str, heard: Sequence[Heard]) -> list[str]:
        """Keep, of several addresses, the one that something else speaks for."""
        if len(macs) < 2:
            return macs
        spoken = [mac for mac in macs if self._known.get(mac) == (name, column)]
        spoken = spoken or [one.mac for one in heard if one.exact and one.mac in macs]
        spoken = spoken or [mac for mac in macs if column == "bmc" and self._tag_of(mac)]
        return spoken if len(spoken) == 1 else macs

    def _by_lldp(self, place: str, name: str, column: str, heard: Sequence[Heard]) -> None:
        """Take what a neighbour says of itself where nothing was learned: the port's own address, or a switch's chassis."""
        good = [one for one in heard if one.mac and (one.exact or column == one.port == "eth0")]
        if len(good) == 1:
            self._wish(name, column, good[0].mac, f"LLDP at {place}")

    def _judge_name(self, place: str, name: str, column: str, one: Heard) -> None:
        if one.name not in (name, _FACTORY, one.mac, ""):
            text = f"{one.name} {one.port} calls itself so where {name} {column} is planned"
            self._unclear.append(Unclear(place, text, _SEE))

    # --- service tags ----------------------------------------------------------------------------

    def _tag_of(self, mac: str) -> str:
        lease = self._leases.get(mac)
        host = lease.hostname if lease else ""
        return host[len(self._prefix) :].upper() if self._prefix and host.lower().startswith(self._prefix) else ""

    def _tags(self) -> None:
        """Take a machine's service tag from the hostname of its BMC's lease."""
        behind = {wanted["bmc"]: name for name, wanted in self._wishes.items() if "bmc" in wanted}
        behind |= {mac: name for mac, (name, port) in self._known.items() if port == "bmc"}
        for mac, name in behind.items():
            self._wish(name, TAG, self._tag_of(mac), f"hostname of the lease of {mac}")


def _places(plan: Plan) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """Yield (out-of-band switch, port) -> (machine, its port) of every management cable."""
    switches: Mapping[str, str] = {device.name: device.role for device in plan.devices}
    ends: Iterable[tuple[tuple[str, str], tuple[str, str]]] = (
        ((one.device, one.port), (two.device, two.port))
        for link in plan.links
        if link.kind == "management"
        for one, two in ((link.a, link.b), (link.b, link.a))
    )
    for here, there in ends:
        if switches.get(here[0]) == "oob" and here[1].startswith("swp"):
            yield here, there
