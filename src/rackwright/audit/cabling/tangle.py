"""The matching that is seen laid over the planned one: what is wrong falls into chains and rings.

A port has at most one planned and one seen link, so the union of both is made of chains and rings. A ring of n
planned links is put right by n - 1 swaps of two plugs, and by no fewer: a swap cuts at most one ring in two. A
chain (a hole is empty, or a cable is in a hole that should be) takes as many steps as the more numerous of its links.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from rackwright.audit.cabling.model import Matching, Port, swap

__all__ = ["Strand", "Tangle"]


class Strand(NamedTuple):
    """One chain or ring."""

    nodes: tuple[Port, ...]
    planned: int
    seen: int
    ring: bool

    @property
    def cost(self) -> int:
        """Count the steps that put it right when plugs are moved one by one."""
        return self.planned - 1 if self.ring else max(self.planned, self.seen)


class Tangle:
    """Both matchings; ``seen`` changes as repairs are tried."""

    def __init__(self, plan: Mapping[Port, Port], seen: Mapping[Port, Port]) -> None:
        self.plan = plan
        self.seen: Matching = dict(seen)

    def strand(self, start: Port) -> Strand:
        """Return the chain or ring that a port lies on."""
        ahead, planned, seen, ring = self._walk(start, planned_first=True)
        if ring:
            return Strand((start, *ahead), planned, seen, ring=True)
        behind, more, other, _ = self._walk(start, planned_first=False)
        return Strand((*reversed(behind), start, *ahead), planned + more, seen + other, ring=False)

    def _walk(self, start: Port, *, planned_first: bool) -> tuple[list[Port], int, int, bool]:
        found: list[Port] = []
        steps = [0, 0]
        turn = 0 if planned_first else 1
        port: Port | None = start
        while True:
            port = (self.plan if turn == 0 else self.seen).get(port) if port else None
            if port is None:
                return found, steps[0], steps[1], False
            steps[turn] += 1
            if port == start:
                return found, steps[0], steps[1], True
            found.append(port)
            turn = 1 - turn

    def strands(self, ports: Iterable[Port]) -> list[Strand]:
        """Return the chains and rings that the ports lie on, each once."""
        known: set[Port] = set()
        found = []
        for port in ports:
            if port not in known:
                strand = self.strand(port)
                known.update(strand.nodes)
                found.append(strand)
        return found

    def cost(self, ports: Iterable[Port]) -> int:
        """Count the steps that put right what the ports lie on, plug by plug."""
        return sum(strand.cost for strand in self.strands(ports))

    def swap(self, pairs: Sequence[tuple[Port, Port]]) -> None:
        """Exchange the plugs of each pair of holes; done twice it is undone."""
        for one, two in pairs:
            swap(self.seen, one, two)

    def gain(self, pairs: Sequence[tuple[Port, Port]]) -> int:
        """Say by how many steps an exchange brings the plan nearer; the tangle stays as it is."""
        ports = [port for pair in pairs for port in pair]
        touched = {*ports, *(self.seen[port] for port in ports if port in self.seen)}
        before = self.cost(touched)
        self.swap(pairs)
        after = self.cost(touched)
        self.swap(pairs)
        return before - after
