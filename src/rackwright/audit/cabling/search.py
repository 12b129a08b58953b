"""The fewest repairs of a tangle: devices exchanged first, whole cages and plugs next, single plugs last.

Exchanging two devices, two cages or two plugs is one repair each. An exchange of single plugs before one of cages is an
exchange of other single plugs after it, so the order loses nothing: it is enough to choose the large exchanges, and what
is left costs what its chains and rings say (:mod:`rackwright.audit.cabling.tangle`).

The choice is greedy, then a search tries to beat it with every number of large exchanges that could; where that would
take too long, the answer says that it is not proven.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from rackwright.audit.cabling.model import Block, Port, Wiring, placed
from rackwright.audit.cabling.tangle import Strand, Tangle

__all__ = ["Exchange", "Ground", "Plan", "fewest", "ground"]

BUDGET: Final = 20_000
"""How many exchanges are tried to beat the greedy answer, for one knot of the tangle."""

_EVERY_PAIR: Final = 24
"""Up to so many blocks in a knot each pair of equal blocks is tried; beyond, those that put at least one link right."""

_SUBPORT: Final = re.compile(r"(swp\d+)s\d+")
_ROLES: Final = ("leaf", "oob", "spine", "superspine", "server", "storage")


class Exchange(NamedTuple):
    """Two devices, cages or plugs that change places; ``pairs`` are their ports, one by one."""

    kind: Literal["exchange", "cage"]
    """``exchange`` for devices, ``cage`` for cages and plugs of several ways."""
    pairs: tuple[tuple[Port, Port], ...]


class Plan(NamedTuple):
    """The large exchanges to make, and whether there is no way with fewer repairs."""

    exchanges: tuple[Exchange, ...]
    proven: bool


class Ground(NamedTuple):
    """What may be exchanged as a whole, looked up by port."""

    planned: Mapping[Port, Sequence[tuple[Block, int]]]
    """Port -> the blocks it is in, and where in each."""
    strays: Mapping[Port, Sequence[tuple[Block, int]]]
    """The same of ports that are in no planned block."""
    ports: dict[str, tuple[Port, ...]]
    """Device -> its ports, of devices that may stand in each other's place."""
    kinds: dict[str, str]

    def places(self, port: Port) -> Sequence[tuple[Block, int]]:
        """Return the blocks that a port is in, and where in each."""
        return self.planned.get(port) or self.strays.get(port, ())


def ground(wiring: Wiring, tangle: Tangle, standing: Iterable[str] = ()) -> Ground:
    """Find the blocks, and the devices that may have been exchanged: none of their links that was seen is right.

    ``standing`` are devices that have a right link which is not looked at here.
    """
    count: Counter[str] = Counter()
    right = set(standing)
    ports: dict[str, set[Port]] = defaultdict(set)
    for port in {*tangle.plan, *tangle.seen}:
        ports[port.device].add(port)
        if port in tangle.seen:
            count[port.device] += 1
            if tangle.plan.get(port) == tangle.seen[port]:
                right.add(port.device)
    movable = {device for device, number in count.items() if number > 1 and device not in right}
    kinds = {device: wiring.kinds[device] for device in movable if device in wiring.kinds}
    strays = placed(_strays(wiring, tangle))
    return Ground(wiring.places, strays, {device: tuple(ports[device]) for device in kinds}, kinds)


def _strays(wiring: Wiring, tangle: Tangle) -> Iterator[Block]:
    """Yield the cages that hold a cable and are not planned to."""
    cages: dict[tuple[str, str], list[Port]] = defaultdict(list)
    for port in tangle.seen:
        cage = _SUBPORT.fullmatch(port.name)
        if cage and port not in wiring.places and port.device in wiring.kinds:
            cages[port.device, cage[1]].append(port)
    for (_, name), ports in cages.items():
        if len(ports) > 1:
            yield Block("cage", name, tuple(sorted(ports)))


def fewest(ground: Ground, tangle: Tangle, strands: Sequence[Strand]) -> Plan:
    """Return the large exchanges after which the fewest repairs are left in all; the tangle stays as it is."""
    found: list[Exchange] = []
    proven = True
    for knot in _knots(ground, tangle, strands):
        plan = _Knot(ground, tangle, knot).solve()
        found += plan.exchanges
        proven &= plan.proven
    return Plan(tuple(found), proven)


def _knots(ground: Ground, tangle: Tangle, strands: Sequence[Strand]) -> list[list[Port]]:
    """Gather the strands that one exchange could touch together; each gathering is solved by itself."""
    leader = list(range(len(strands)))
    strand_of = {port: at for at, strand in enumerate(strands) for port in strand.nodes}

    def find(at: int) -> int:
        while leader[at] != at:
            leader[at] = leader[leader[at]]
            at = leader[at]
        return at

    groups: dict[object, list[int]] = defaultdict(list)
    for port, at in strand_of.items():
        for block, _ in ground.places(port):
            groups[block].append(at)
        if port.device in ground.kinds:
            groups[port.device].append(at)
    for number, exchange in enumerate(_voted(ground, tangle, strand_of)):
        groups[number] = [strand_of[port] for pair in exchange.pairs for port in pair if port in strand_of]
    for touched in groups.values():
        for at in touched[1:]:
            leader[find(at)] = find(touched[0])
    knots: dict[int, list[Port]] = defaultdict(list)
    for at, strand in enumerate(strands):
        knots[find(at)] += strand.nodes
    return list(knots.values())


def _voted(ground: Ground, tangle: Tangle, ports: Iterable[Port]) -> list[Exchange]:
    """Return the exchanges that would put at least one link right by themselves, devices only from two links on."""
    devices: Counter[tuple[str, str]] = Counter()
    blocks: dict[tuple[Block, Block], None] = {}
    for port in ports:
        wanted, there = tangle.plan.get(port), tangle.seen.get(port)
        if wanted is None or there is None or wanted == there:
            continue
        if wanted.name == there.name and ground.kinds.get(wanted.device, "") == ground.kinds.get(there.device, None):
            devices[min(wanted.device, there.device), max(wanted.device, there.device)] += 1
        for one, at in ground.places(wanted):
            for two, other in ground.places(there):
                if at == other and one != two and len(one.ports) == len(two.ports):
                    blocks[min(one, two), max(one, two)] = None
    found = [_devices(ground, *pair) for pair, votes in devices.items() if votes > 1 and pair[0] != pair[1]]
    found += [_blocks(*pair) for pair in blocks]
    return sorted(found, key=lambda exchange: _preference(ground, exchange))


def _devices(ground: Ground, one: str, two: str) -> Exchange:
    names = sorted({port.name for device in (one, two) for port in ground.ports[device]})
    return Exchange("exchange", tuple((Port(one, name), Port(two, name)) for name in names))


def _blocks(one: Block, two: Block) -> Exchange:
    return Exchange("cage", tuple(zip(one.ports, two.ports, strict=True)))


def _preference(ground: Ground, exchange: Exchange) -> tuple[object, ...]:
    """Order exchanges that do the same: devices first, then on one device, then by name."""
    one, two = exchange.pairs[0]
    return (exchange.kind != "exchange", one.device != two.device, _rank(ground, one.device), exchange.pairs)


def _rank(ground: Ground, device: str) -> int:
    role = ground.kinds.get(device, "").partition(" ")[0]
    return _ROLES.index(role) if role in _ROLES else len(_ROLES)


class _Knot:
    """One gathering of strands, and the search over it."""

    def __init__(self, ground: Ground, tangle: Tangle, ports: list[Port]) -> None:
        self.ground = ground
        self.tangle = tangle
        self.ports = ports
        self.budget = BUDGET
        self.best: tuple[Exchange, ...] = ()
        self.fewest = 0

    def solve(self) -> Plan:
        self.fewest = self._rest()
        done = self._greedy()
        for exchange in reversed(done):
            self.tangle.swap(exchange.pairs)
        candidates = self._candidates() if self.fewest > 1 else []
        largest = max((len(exchange.pairs) for exchange in candidates), default=1)
        if largest > 1:
            self._deepen([], candidates, largest)
        return Plan(self.best, self.budget > 0)

    def _rest(self) -> int:
        # An exchange may pull a right link into the knot: its other end belongs to what is counted.
        return self.tangle.cost(self._around())

    def _around(self) -> set[Port]:
        found = set(self.ports)
        for port in self.ports:
            for block, _ in self.ground.places(port):
                found.update(block.ports)
        return found

    def _greedy(self) -> list[Exchange]:
        done: list[Exchange] = []
        while True:
            gains = [(self.tangle.gain(exchange.pairs), exchange) for exchange in self._voted()]
            top = max((gain for gain, _ in gains), default=0)
            if top < 2:
                break
            exchange = next(exchange for gain, exchange in gains if gain == top)
            self.tangle.swap(exchange.pairs)
            done.append(exchange)
        total = len(done) + self._rest()
        if total < self.fewest:
            self.fewest, self.best = total, tuple(done)
        return done

    def _voted(self) -> list[Exchange]:
        return _voted(self.ground, self.tangle, self.ports)

    def _candidates(self) -> list[Exchange]:
        """Return the exchanges that the search tries: all that touch the knot while these are few."""
        voted = self._voted()
        blocks = sorted({block for port in self.ports for block, _ in self.ground.places(port)})
        if len(blocks) > _EVERY_PAIR:
            return voted
        pairs = [
            _blocks(one, two)
            for at, one in enumerate(blocks)
            for two in blocks[at + 1 :]
            if len(one.ports) == len(two.ports)
        ]
        devices = sorted({port.device for port in self.ports if port.device in self.ground.kinds})
        whole = [
            _devices(self.ground, one, two)
            for at, one in enumerate(devices)
            for two in devices[at + 1 :]
            if self.ground.kinds[one] == self.ground.kinds[two]
        ]
        return [*whole, *pairs]

    def _deepen(self, done: list[Exchange], candidates: Sequence[Exchange], largest: int) -> None:
        """Try one more exchange after ``done``, as long as that could still beat the best."""
        left = self._rest()
        if len(done) + left < self.fewest:
            self.fewest, self.best = len(done) + left, tuple(done)
        if len(done) + -(-left // largest) >= self.fewest:
            return
        for exchange in candidates:
            if self.budget <= 0:
                return
            self.budget -= 1
            self.tangle.swap(exchange.pairs)
            self._deepen([*done, exchange], candidates, largest)
            self.tangle.swap(exchange.pairs)
