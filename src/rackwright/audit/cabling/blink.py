"""Cabling proven by blinking: switch ports go down in a code, and the link of each network port tells where its cable ends.

Every port has a number of its own; in round k those ports are down whose number has bit k. A network port (NIC) that is up
before and whose link follows spells the number of the switch port that it is cabled to, so that as many rounds are
enough as the count of ports has bits: 6 for 64 ports, 10 for 1,024. What is seen becomes the same sights that LLDP
gives, and the same search finds the fewest repairs.

Pure: links planned, links seen, repairs out. See ``docs/design/blink.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rackwright.audit.cabling.model import Port

__all__ = ["Code", "Lights", "code"]


@dataclass(frozen=True, slots=True)
class Code:
    """Which ports are down in which round."""

    numbers: Mapping[Port, int]
    """Switch port -> its number; 0 is never down, and is given only where the rounds do not suffice for all otherwise."""
    rounds: int
    """``ceil(log2(ports))``; one for a single port."""

    def down(self, turn: int) -> frozenset[Port]:
        """Return the ports that are down in a round, which count from 0."""
        return frozenset(port for port, number in self.numbers.items() if number >> turn & 1)


def code(ports: Iterable[Port]) -> Code:
    """Give each port a number of its own, in as few rounds as can tell them all apart."""
    ordered = sorted(set(ports))
    rounds = max(1, (len(ordered) - 1).bit_length()) if ordered else 0
    first = 0 if len(ordered) == 1 << rounds else 1
    return Code({port: number for number, port in enumerate(ordered, first)}, rounds)


@dataclass(frozen=True, slots=True)
class Lights:
    """What was seen of links; None: it was not told."""

    ports: Mapping[Port, bool | None]
    """Switch port -> whether it was up before the first round."""
    before: Mapping[Port, bool | None]
    """Network port of a server, as the plan names it -> whether it was up before the first round."""
    turns: tuple[Mapping[Port, bool | None], ...]
    """The same in each round."""
    after: Mapping[Port, bool | None] = field(default_factory=dict)
    """The same after all ports were brought back."""
