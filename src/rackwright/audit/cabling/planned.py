"""A plan's cabling as the values that repairs are found over, and the names by which devices call each other."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from rackwright.audit.cabling.model import Block, Make, Port, Wiring, placed
from rackwright.plan.model import End, Plan

__all__ = ["Cables", "Names", "cables", "wiring"]

_MAC = re.compile(r"[0-9a-f]{12}")


def wiring(plan: Plan) -> Wiring:
    """Return the links of a plan, its parts, and what of it moves as one."""
    links: dict[Port, Port] = {}
    fabrics: dict[Port, str] = {}
    made = {at: part.part for part in plan.assemblies for at in part.links}
    makes: dict[Port, Make] = {}
    for at, link in enumerate(plan.links):
        one, two = _port(link.a), _port(link.b)
        links[one], links[two] = two, one
        fabrics[one] = fabrics[two] = link.fabric
        makes[one] = makes[two] = Make(link.speed_gbps, link.lanes, made.get(at, ""))
    parts: dict[Port, str] = {}
    blocks: list[Block] = []
    for part in plan.assemblies:
        ends = [(plan.links[at].a, plan.links[at].b) for at in part.links]
        parts.update({_port(end): part.id for pair in ends for end in pair})
        blocks += _plugs([one for one, _ in ends])
        blocks += _plugs([two for _, two in ends])
    rigid = frozenset(port for block in blocks for port in block.ports)
    blocks += _cages(plan, {block.ports for block in blocks})
    kinds = {device.name: f"{device.role} {device.model}" for device in plan.devices}
    foreign = frozenset(device.name for device in plan.devices if device.role == "external")
    return Wiring(links, kinds, placed(blocks), parts, rigid, fabrics, makes, foreign)


def _port(end: End) -> Port:
    return Port(end.device, end.port)


def _plugs(ends: list[End]) -> Iterator[Block]:
    """Yield the plug in which several ways of one part end, if they end in one."""
    holes = {(end.device, end.cage) for end in ends}
    if len(ends) > 1 and len(holes) == 1 and ends[0].cage:
        ordered = sorted(ends, key=lambda end: end.sub)
        yield Block("plug", f"swp{ends[0].cage}", tuple(_port(end) for end in ordered))


def _cages(plan: Plan, known: set[tuple[Port, ...]]) -> Iterator[Block]:
    """Yield the cages that are split, planned to be used or not."""
    for switch in plan.switches:
        cages: dict[int, list[tuple[int, Port]]] = defaultdict(list)
        for port in switch.ports:
            if port.sub >= 0:
                cages[port.cage].append((port.sub, Port(switch.name, port.name)))
        for number, subs in cages.items():
            ports = tuple(port for _, port in sorted(subs))
            if len(ports) > 1 and ports not in known:
                yield Block("cage", f"swp{number}", ports)


class Names:
    """Finds a port of ours by what a neighbour says of itself: system name, chassis and port id in any form."""

    def __init__(self, plan: Plan) -> None:
        self._devices = {device.name.lower(): device.name for device in plan.devices}
        self._ports = {(device, name.lower()): port for device, name, port in _port_names(plan) if name}
        self._macs = {
            _digits(mac): Port(device.name, self._ports.get((device.name, name.lower()), name))
            for device in plan.devices
            for name, mac in device.macs
            if _digits(mac)
        }

    def find(self, system: str, chassis: str, ports: tuple[str, ...]) -> Port | None:
        """Return the port that is meant; one of a stranger under its own name; None when nothing tells who it is.

        ``ports`` are the port's id and description, the more telling first. A machine that gives nothing but MACs is
        known by nodes.csv or not at all, and who is not known at all is no stranger: that would be a guess.
        """
        for text in ports:
            known = self._macs.get(_digits(text))
            if known is not None:
                return known
        if _digits(system):
            system, chassis = "", system  # NVUE keys a neighbour without a system name by its chassis id
        name = self._device(system, chassis)
        if name is None:
            return Port(system, ports[0] if ports else "") if system else None
        for text in ports:
            port = self._ports.get((name, text.lower()))
            if port is not None:
                return Port(name, port)
        told = next((text for text in ports if not _MAC.fullmatch(_digits(text))), "")
        return Port(name, told) if told else None

    def _device(self, system: str, chassis: str) -> str | None:
        short = system.lower().partition(".")[0]
        if short in self._devices:
            return self._devices[short]
        by_mac = self._macs.get(_digits(chassis))
        return by_mac.device if by_mac else None


class Cables(NamedTuple):
    """The cabling of a plan as it is judged: made once where many looks share it."""

    wiring: Wiring
    names: Names


def cables(plan: Plan) -> Cables:
    """Return the cabling of a plan."""
    return Cables(wiring(plan), Names(plan))


def _port_names(plan: Plan) -> Iterator[tuple[str, str, str]]:
    """Yield (device, a name, the port of the plan): the system's interface names first, so that port names win."""
    for host in plan.hosts:
        yield from ((host.name, port.name, port.port) for port in host.interfaces if port.port)
    for link in plan.links:
        for end in (link.a, link.b):
            yield end.device, end.interface, end.port
    for link in plan.links:
        for end in (link.a, link.b):
            yield end.device, end.port, end.port


def _digits(text: str) -> str:
    return re.sub(r"[^0-9a-f]", "", text.lower()) if text.count(":") == 5 or text.count("-") == 5 else ""
