"""Parts with their ends: an assembly of the plan, its common end and the connectors at the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rackwright.plan.model import Assembly, End, Link

__all__ = ["Connector", "Part", "part_of"]


class Connector(NamedTuple):
    """One B end of a part; a straight twin-port cable carries several links in one."""

    way: int
    """Which end of a splitter it is, from 1: the lanes behind the sub-port say so, whatever hangs on the others."""
    device: str
    port: str
    """The port, or the cage where several of its sub-ports are served."""
    cage: int
    """0 at a host."""
    links: tuple[int, ...]


class Part(NamedTuple):
    """A part: what it is, its common end, and its B ends in use in the order of the links."""

    assembly: Assembly
    device: str
    port: str
    """The whole cage: ``swp5``."""
    connectors: tuple[Connector, ...]

    @property
    def near(self) -> str:
        """Port and side of the common end, e.g. ``swp5 A``."""
        return f"{self.port} {self.assembly.a_side}".rstrip()


def part_of(assembly: Assembly, links: Sequence[Link]) -> Part:
    """Return a part with its ends."""
    device, _, cage = assembly.a.rpartition(":")
    found: dict[tuple[int, str, int | str], list[tuple[End, int]]] = {}
    port = ""
    for index in assembly.links:
        link = links[index]
        near, far = (link.a, link.b) if device == link.a.device else (link.b, link.a)
        port = near.port
        # Both sides of a cage have as many ways: on side B they begin anew.
        way = max(near.sub, 0) % assembly.ways + 1
        found.setdefault((way, far.device, far.cage or far.port), []).append((far, index))
    connectors = tuple([_connector(way, ends) for (way, _, _), ends in found.items()])
    return Part(assembly, device, f"swp{cage}" if cage.isdigit() else port or cage, connectors)


def _connector(way: int, ends: Sequence[tuple[End, int]]) -> Connector:
    first, index = ends[0]
    if len(ends) == 1:
        return Connector(way, first.device, first.port, first.cage, (index,))
    return Connector(way, first.device, f"swp{first.cage}", first.cage, tuple([index for _, index in ends]))
