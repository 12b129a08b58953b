"""The gate behind a wave: what two finished switches should have between them is up, or the next wave waits.

A link or session between two switches that this push did not touch is no reason: it was so before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rackwright.push.order import Neighbours
from rackwright.push.vitals import Vitals
from rackwright.runs.model import Outcome

__all__ = ["between_finished", "down"]


def between_finished(neighbours: Iterable[Neighbours], outcomes: Mapping[str, Outcome]) -> tuple[Neighbours, ...]:
    """Return what should be up by now: both ends are as planned, and at least one was changed by this push."""
    ended = {name: outcome.state for name, outcome in outcomes.items() if outcome.state in ("done", "unchanged")}
    return tuple(
        pair for pair in neighbours if pair.a in ended and pair.b in ended and "done" in (ended[pair.a], ended[pair.b])
    )


def down(pairs: Iterable[Neighbours], now: Mapping[str, Vitals]) -> list[str]:
    """Say which of them are not up; a switch that could not be asked counts as down."""
    return [_words(pair) for pair in pairs if not _is_up(pair, now)]


def _is_up(pair: Neighbours, now: Mapping[str, Vitals]) -> bool:
    a, b = now.get(pair.a, Vitals()), now.get(pair.b, Vitals())
    if pair.kind == "session":
        return (pair.vrf, pair.a_name) in a.sessions
    return pair.a_name in a.ports and pair.b_name in b.ports


def _words(pair: Neighbours) -> str:
    if pair.kind == "session":
        return f"BGP of {pair.a} with {pair.b} over {pair.a_name}"
    return f"the link {pair.a} {pair.a_name} - {pair.b} {pair.b_name}"
