"""The gate behind a wave: what two finished switches should have between them is up, or the next wave waits.

A link or session between two switches that this wave did not touch is no reason: it was so before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from rackwright.push.order import Neighbours
from rackwright.push.vitals import PORTS, Vitals
from rackwright.runs.model import GOOD, Outcome

__all__ = ["PROTODOWN", "asked", "behind", "down", "fewest", "finished", "tellers", "words"]

PROTODOWN: Final = "in protodown"
"""What is said of a port that its switch holds down."""


def finished(outcomes: Mapping[str, Outcome], earlier: frozenset[str]) -> frozenset[str]:
    """Return who of a wave is as planned, and those of earlier ones."""
    return earlier.union(name for name, outcome in outcomes.items() if outcome.state in GOOD)


def behind(
    neighbours: Iterable[Neighbours], outcomes: Mapping[str, Outcome], earlier: frozenset[str]
) -> tuple[Neighbours, ...]:
    """Return what a wave may have brought up: it changed one end, or what an end needs; the rest is finished or earlier."""
    done = {name for name, outcome in outcomes.items() if outcome.state == "done"}
    there = finished(outcomes, earlier)
    return tuple(
        pair
        for pair in neighbours
        if pair.a in there
        and pair.b in there
        and not done.isdisjoint((pair.a, pair.b, *pair.needs))
        and (not pair.needs or not there.isdisjoint(pair.needs))
    )


def fewest(pairs: Iterable[Neighbours]) -> frozenset[str]:
    """Name few switches that have an end of each pair: while that end is down, the other need not be asked."""
    steps = sorted(pairs, key=lambda pair: len(tellers(pair)))
    counts = Counter(name for pair in steps for name in tellers(pair))
    chosen: set[str] = set()
    for pair in steps:
        if chosen.isdisjoint(tellers(pair)):
            chosen.add(max(tellers(pair), key=counts.__getitem__))
    return frozenset(chosen)


def tellers(pair: Neighbours) -> tuple[str, ...]:
    """Name who says whether a pair is up: both ends of a link, the one end of a session."""
    return (pair.a,) if pair.kind == "session" else (pair.a, pair.b)


def asked(pairs: Iterable[Neighbours]) -> dict[str, frozenset[str]]:
    """Return what who tells of the pairs is to be asked for: VRFs with their sessions, and the ports; see :func:`~rackwright.push.vitals.take`."""
    found: dict[str, set[str]] = {}
    for pair in pairs:
        for name in tellers(pair):
            found.setdefault(name, set()).add(pair.vrf if pair.kind == "session" else PORTS)
    return {name: frozenset(kinds) for name, kinds in found.items()}


def down(pairs: Iterable[Neighbours], now: Mapping[str, Vitals | None]) -> tuple[Neighbours, ...]:
    """Return those that are not up at an end that was asked; what has an end that is not as planned, None here, is not asked for."""
    return tuple(
        pair
        for pair in pairs
        if not any(name in now and now[name] is None for name in (pair.a, pair.b))
        and not all(_is_up(pair, name, now[name]) for name in tellers(pair) if name in now)
    )


def _is_up(pair: Neighbours, name: str, vitals: Vitals | None) -> bool:
    if vitals is None:
        return False
    if pair.kind == "session":
        return (pair.vrf, pair.a_name) in vitals.sessions
    return (pair.a_name if name == pair.a else pair.b_name) in vitals.ports


def words(pair: Neighbours, now: Mapping[str, Vitals | None], there: frozenset[str]) -> str:
    """Name what lies between two switches; where one holds its end down, say why, and who it waits for."""
    if pair.kind == "session":
        return f"BGP of {pair.a} with {pair.b} over {pair.a_name}"
    held = [
        f"{device} holds {port} {PROTODOWN}: {why}"
        for device, port in ((pair.a, pair.a_name), (pair.b, pair.b_name))
        for name, why in (now.get(device) or Vitals()).held
        if name == port
    ]
    late = [name for name in pair.needs if name not in there]
    if held and late:
        held.append(f"above it {', '.join(late)} did not become as planned")
    link = f"the link {pair.a} {pair.a_name} - {pair.b} {pair.b_name}"
    return f"{link} ({'; '.join(held)})" if held else link
