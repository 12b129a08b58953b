"""What cabling is judged over: ports, the parts that join them, what was seen, and what repairs it.

A port is (device, name). A matching is a mapping of ports that holds both directions. Nothing here knows a
plan, a wire or a command, so that a repair can be tried out on values.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from rackwright.nvue.tree import natural_key

__all__ = [
    "Block",
    "Diagnosis",
    "Make",
    "Matching",
    "Port",
    "Repair",
    "Sight",
    "Wiring",
    "natural",
    "placed",
    "swap",
    "together",
]


class Port(NamedTuple):
    """A port of a device; also one of a stranger, under the name that it gives itself."""

    device: str
    name: str

    def __str__(self) -> str:
        """Print as ``be01 swp5s0``."""
        return f"{self.device} {self.name}"


Matching = dict[Port, Port]
"""Which port a cable joins to which; both directions are held."""


class Block(NamedTuple):
    """Ports that move together: the plug of a part with several ways, or a whole cage."""

    kind: Literal["plug", "cage"]
    name: str
    """How it is called on its device: ``swp5``."""
    ports: tuple[Port, ...]

    @property
    def device(self) -> str:
        """Name the device it is on."""
        return self.ports[0].device


def placed(blocks: Iterable[Block]) -> dict[Port, list[tuple[Block, int]]]:
    """Look blocks up by port: what is around a port is found without a look at the others of a site."""
    found: dict[Port, list[tuple[Block, int]]] = defaultdict(list)
    for block in blocks:
        for at, port in enumerate(block.ports):
            found[port].append((block, at))
    return dict(found)


class Make(NamedTuple):
    """How a link is planned to be made: what is made for one hardly ever has light in the place of another."""

    speed_gbps: float
    lanes: int
    """At the switch; 0 for RJ45."""
    part: str = ""
    """The part in the catalog; empty where it is not known."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """The cabling as planned."""

    links: Mapping[Port, Port]
    """Every planned link, both directions."""
    kinds: Mapping[str, str] = field(default_factory=dict)
    """Device -> role and model; two devices can stand in each other's place only when these are equal."""
    places: Mapping[Port, Sequence[tuple[Block, int]]] = field(default_factory=dict)
    """Port -> the blocks it is in, and where in each (:func:`placed`)."""
    parts: Mapping[Port, str] = field(default_factory=dict)
    """Port -> the part (cable) that ends in it; a splitter is one part."""
    rigid: frozenset[Port] = frozenset()
    """Ports at the common end of a splitter: what is there cannot be moved alone."""
    fabrics: Mapping[Port, str] = field(default_factory=dict)
    """Port -> the fabric of its link."""
    makes: Mapping[Port, Make] = field(default_factory=dict)
    """Port -> how its link is made."""
    foreign: frozenset[str] = frozenset()
    """Devices that are not ours: what they call themselves and their ports is not known."""

    def pairs(self) -> Iterator[tuple[Port, Port]]:
        """Yield each planned link once."""
        return ((one, two) for one, two in self.links.items() if one < two)


class Sight(NamedTuple):
    """What one port of a switch that was asked saw."""

    up: bool | None
    """Whether its link is up; None: the switch did not tell."""
    neighbours: tuple[Port, ...] = ()
    astray: bool = False
    """Whether a cable with light is in it that ends at none of the ports whose other ends were looked for."""


class Repair(NamedTuple):
    """One thing to do with the hands; ``moves`` are the pairs of ports whose plugs change places."""

    kind: Literal["exchange", "cage", "swap", "move", "insert", "remove", "missing"]
    one: Port
    two: Port
    """The two holes; of an exchange any port of each device, of the last three the ends of a cable.

    ``missing`` is a cable without light where nothing else is wrong; ``insert`` one that is left over by other steps."""
    moves: tuple[tuple[Port, Port], ...] = ()
    other: tuple[Port, Port] | None = None
    """The same repair at the far ends of the same cables."""
    links: tuple[tuple[Port, Port], ...] = ()
    """Planned links that this repair is about."""
    step: tuple[int, int] = (1, 1)
    """Which of how many: what moves the same cables is to be done in this order, and follows each other in a diagnosis."""
    blind: bool = False
    """Whether a plug may be in ``two`` of which nothing is seen, so that it is to be pulled before one is put there."""
    large: bool = False
    """Whether an exchange of devices or cages is one of these steps."""

    def apply(self, matching: Matching) -> None:
        """Do it to a matching, in place."""
        if self.kind in {"insert", "remove", "missing"}:
            for one, two in self.links:
                matching.pop(one, None)
                matching.pop(two, None)
                if self.kind != "remove":
                    matching[one], matching[two] = two, one
            return
        for one, two in self.moves:
            swap(matching, one, two)


def together(repairs: Iterable[Repair]) -> list[tuple[Repair, ...]]:
    """Gather the steps that are to be done one after the other; a repair that stands alone is alone."""
    found: list[list[Repair]] = []
    for repair in repairs:
        if repair.step[0] == 1:
            found.append([])
        found[-1].append(repair)
    return [tuple(steps) for steps in found]


def natural(one: Port, two: Port) -> tuple[Port, Port]:
    """Return two ports in the order in which people count."""
    first, second = sorted((one, two), key=lambda port: (natural_key(port.device), natural_key(port.name)))
    return first, second


def swap(matching: Matching, one: Port, two: Port) -> None:
    """Exchange what is plugged into two holes; either may be empty."""
    first, second = matching.pop(one, None), matching.pop(two, None)
    if first == two:
        # The two holes are the ends of one cable: turned round, it joins what it joined.
        matching[one], matching[two] = two, one
        return
    for hole, far in ((two, first), (one, second)):
        if far is not None:
            matching[hole], matching[far] = far, hole


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What the cabling is, and what repairs it."""

    right: tuple[tuple[Port, Port], ...] = ()
    repairs: tuple[Repair, ...] = ()
    """In the order in which they are to be done; see :func:`together`."""
    fewest: bool = True
    """Whether the number of repairs is proven the smallest."""
    unverified: tuple[tuple[Port, Port], ...] = ()
    """Links that are up, or not looked at from one side, whose far end says nothing."""
    untold: tuple[tuple[Port, Port], ...] = ()
    """Links of which neither end could be asked."""
    one_sided: tuple[tuple[Port, Port], ...] = ()
    """(who sees, who is seen and sees nothing)."""
    contradictions: tuple[tuple[Port, Port, Port], ...] = ()
    """(port, what it sees, what that sees instead)."""
    taken: tuple[tuple[Port, Port], ...] = ()
    """Cables that nobody sees, taken to be what is left over, where others may be left over as well."""
    seen: Mapping[Port, Port] = field(default_factory=dict)
    """The matching that was judged."""
