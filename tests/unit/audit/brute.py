"""The fewest repairs by trying them all: a breadth-first search from both ends, which knows nothing of chains and rings."""

from __future__ import annotations

from itertools import combinations

from rackwright.audit.cabling import Matching, Port, Wiring
from tests.unit.audit import small

Key = frozenset[tuple[Port, Port]]
Move = tuple[tuple[Port, Port], ...]


def moved(matching: Matching, move: Move) -> Matching:
    """Return the matching in which each named hole holds what the other held."""
    name = {one: two for pair in move for one, two in (pair, pair[::-1])}
    return {name.get(one, one): name.get(two, two) for one, two in matching.items()}


def moves(wiring: Wiring, seen: Matching) -> list[Move]:
    """Return all that hands can do: two devices of a kind none of whose links is right, two blocks, two plugs."""
    ports = sorted({*wiring.links, *seen})
    alone = [((one, two),) for one, two in combinations(ports, 2)]
    blocks = [
        tuple(zip(one.ports, two.ports, strict=True))
        for one, two in combinations(small.blocks(wiring), 2)
        if len(one.ports) == len(two.ports)
    ]
    of = {device: [port for port in ports if port.device == device] for device in wiring.kinds}
    lost = [
        device
        for device, own in of.items()
        if sum(port in seen for port in own) > 1
        and all(wiring.links.get(port) != seen[port] for port in own if port in seen)
    ]
    devices = [
        tuple((Port(one, name), Port(two, name)) for name in sorted({p.name for p in [*of[one], *of[two]]}))
        for one, two in combinations(lost, 2)
        if wiring.kinds[one] == wiring.kinds[two]
    ]
    return [*devices, *blocks, *alone]


def reachable_in(wiring: Wiring, seen: Matching, most: int) -> bool:
    """Say whether the plan can be reached in ``most`` moves or fewer."""
    all_moves = moves(wiring, seen)
    fronts = [{frozenset(seen.items())}, {frozenset(wiring.links.items())}]
    known = [set(fronts[0]), set(fronts[1])]
    if known[0] & known[1]:
        return True
    for step in range(most):
        side = step % 2
        fronts[side] = {
            frozenset(moved(dict(state), move).items()) for state in fronts[side] for move in all_moves
        } - known[side]
        known[side] |= fronts[side]
        if known[0] & known[1]:
            return True
    return False
