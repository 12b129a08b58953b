"""The gate behind a wave: what two finished switches should have between them is up, or the next wave waits.

A link or session between two switches that this wave did not touch is no reason: it was so before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from rackwright.push.order import Neighbours
from rackwright.push.vitals import Vitals
from rackwright.runs.model import GOOD, Outcome

__all__ = ["PROTODOWN", "behind", "down", "finished", "words"]

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


def down(pairs: Iterable[Neighbours], now: Mapping[str, Vitals | None]) -> tuple[Neighbours, ...]:
    """Return those that are not up; what has an end that is not as planned, None here, is not asked for."""
    return tuple(
        pair for pair in pairs if not ((a := now[pair.a]) is None or (b := now[pair.b]) is None or _is_up(pair, a, b))
    )


def _is_up(pair: Neighbours, a: Vitals, b: Vitals) -> bool:
    if pair.kind == "session":
        return (pair.vrf, pair.a_name) in a.sessions
    return pair.a_name in a.ports and pair.b_name in b.ports


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
