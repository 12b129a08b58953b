"""What the switches say they see, made into one matching: each port has at most one cable.

LLDP is what each side claims. Claims that agree make a link; a claim that the far side does not deny makes one
too; claims that deny each other make none, and are told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from rackwright.audit.cabling.model import Matching, Port, Sight, Wiring

__all__ = ["Seen", "resolve"]

Pair = tuple[Port, Port]


@dataclass
class Seen:
    """The matching that claims make, and what they leave open."""

    matching: Matching = field(default_factory=dict)
    plan: Matching = field(default_factory=dict)
    """The planned links that something can be said about, both directions."""
    dark: list[Pair] = field(default_factory=list)
    """Planned links that are down at both ends' knowledge, and at neither end another cable is seen."""
    unverified: list[Pair] = field(default_factory=list)
    untold: list[Pair] = field(default_factory=list)
    one_sided: list[Pair] = field(default_factory=list)
    contradictions: list[tuple[Port, Port, Port]] = field(default_factory=list)
    taken: list[Pair] = field(default_factory=list)


def resolve(wiring: Wiring, sights: Mapping[Port, Sight]) -> Seen:
    """Return what is known of each planned link and of each cable that is no planned one."""
    seen = Seen()
    claims = dict(_claims(wiring, sights))
    _agree(seen, claims)
    for one, two in sorted(claims.items(), key=lambda item: (wiring.links.get(item[0]) != item[1], item)):
        _single(seen, one, two, claims, sights)
    denied = {port for port, _, _ in seen.contradictions}
    for one, two in wiring.pairs():
        if one in seen.matching or two in seen.matching:
            seen.plan[one], seen.plan[two] = two, one
        elif one not in sights and two not in sights:
            seen.untold.append((one, two))
        elif one not in denied and two not in denied:
            _nothing(seen, (one, two), sights)
    _close(seen, sights)
    return seen


def _claims(wiring: Wiring, sights: Mapping[Port, Sight]) -> Iterator[Pair]:
    """Yield what each port sees: the planned port if it is among several, else one of ours, else a stranger."""
    for port, sight in sights.items():
        planned = wiring.links.get(port)
        if not sight.neighbours:
            continue
        if planned is not None and planned.device in wiring.foreign:
            ours = [found for found in sight.neighbours if found.device in wiring.kinds]
            if ours:
                yield port, ours[0]
            continue
        ranked = sorted(sight.neighbours, key=lambda found: (found != planned, found.device not in wiring.kinds, found))
        yield port, ranked[0]


def _agree(seen: Seen, claims: Mapping[Port, Port]) -> None:
    for one, two in claims.items():
        if claims.get(two) == one and one not in seen.matching and two not in seen.matching:
            seen.matching[one], seen.matching[two] = two, one


def _single(seen: Seen, one: Port, two: Port, claims: Mapping[Port, Port], sights: Mapping[Port, Sight]) -> None:
    """Take a claim that only one side makes, unless the other side is known to be elsewhere."""
    if seen.matching.get(one) == two:
        return
    denied = seen.matching.get(two) or (claims.get(two) if two in claims else None)
    if denied is not None or one in seen.matching:
        seen.contradictions.append((one, two, denied if denied is not None else seen.matching[one]))
        return
    seen.matching[one], seen.matching[two] = two, one
    if two in sights:
        seen.one_sided.append((one, two))


def _nothing(seen: Seen, pair: Pair, sights: Mapping[Port, Sight]) -> None:
    """Sort a planned link of which an end was looked at and none sees any neighbour."""
    ends = [sights[port] for port in pair if port in sights]
    if any(end.up is False for end in ends):
        seen.dark.append(pair)
    elif any(end.up is None for end in ends) or len(ends) > 1:
        # Two switches that are up and hear nothing of each other: whose cable it is cannot be told.
        seen.untold.append(pair)
    else:
        seen.unverified.append(pair)


def _close(seen: Seen, sights: Mapping[Port, Sight]) -> None:
    """Join the two silent ends of a chain: when all other cables of it are told, the silent one is what is left."""
    for start in sorted(seen.plan):
        if start in seen.matching or _dark(start, sights):
            continue
        port = start
        while True:
            port = seen.plan[port]
            if port not in seen.matching:
                break
            port = seen.matching[port]
            if port not in seen.plan:
                break
        if (
            port in seen.plan
            and port not in seen.matching
            and port != seen.plan[start]
            and _may_meet(start, port, sights)
        ):
            seen.matching[start], seen.matching[port] = port, start
            seen.taken.append((start, port))


def _may_meet(one: Port, two: Port, sights: Mapping[Port, Sight]) -> bool:
    return not _dark(two, sights) and not all(port in sights and sights[port].astray for port in (one, two))


def _dark(port: Port, sights: Mapping[Port, Sight]) -> bool:
    return port in sights and sights[port].up is False and not sights[port].astray
