"""Cables in a room where only links can be seen: what the rounds of a blink show of any cabling."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from rackwright.audit.cabling import Matching, Port
from rackwright.audit.cabling.blink import Code, Lights


@dataclass
class Room:
    """Real cables, which may be others than planned, and what else is the matter with their ends."""

    cables: Matching
    cut: set[Port] = field(default_factory=set)
    """Ends of cables that are dead."""
    dead: set[Port] = field(default_factory=set)
    """Network ports that never have link, whatever is plugged in; the switch's end is up all the same."""
    mute: set[Port] = field(default_factory=set)
    """Network ports whose link the BMC does not tell."""
    missed: set[tuple[int, Port]] = field(default_factory=set)
    """Rounds, from 0, in which a network port is seen the wrong way round."""
    silent: set[tuple[int, Port]] = field(default_factory=set)
    """Rounds in which nothing is told of a network port."""

    def whole(self, port: Port) -> bool:
        far = self.cables.get(port)
        return far is not None and port not in self.cut and far not in self.cut

    def link(self, port: Port, down: Collection[Port]) -> bool | None:
        if port in self.mute:
            return None
        return self.whole(port) and port not in self.dead and self.cables[port] not in down

    def lights(self, plan: Code, nics: Collection[Port]) -> Lights:
        """Return what is seen of the network ports before, in each round, and after."""
        turns = []
        for turn in range(plan.rounds):
            down = plan.down(turn)
            seen = {port: self.link(port, down) for port in nics}
            seen |= {port: not seen[port] for at, port in self.missed if at == turn and seen[port] is not None}
            turns.append({port: light for port, light in seen.items() if (turn, port) not in self.silent})
        still = {port: self.link(port, ()) for port in nics}
        return Lights({port: self.whole(port) for port in plan.numbers}, still, tuple(turns), still)
