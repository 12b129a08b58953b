"""No legal order of any steps restarts a host less often than ours: tried out, all of them, under the same rules.

The judge (``tests/way_judge.py``) is a small machine of its own.
"""

from __future__ import annotations

from collections import deque
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rackwright.push.bmc.solving import Group, Item, solve
from tests.way_judge import EVENTS, bound, moves, price

NAMES = "abcdef"


def legal(items, groups):
    """Replay a way on the judge's machine, move by move; return whether each was allowed and all is live at the end."""
    live, waiting = frozenset(), frozenset(item.name for item in items if item.waits)
    for group in groups:
        for name in group.names:
            if name in waiting:
                continue
            allowed = [(a, w) for _, a, w in moves(items, live, waiting) if name in (a | w) - (live | waiting)]
            # A restart makes waiting things live and is no sending; only moves that bring in the one name count.
            allowed = [(a, w) for a, w in allowed if (a | w) - (live | waiting) == {name}]
            if not allowed:
                return False
            live, waiting = allowed[0]
        if group.strength:
            if group.strength != max(item.strength for item in items if item.name in waiting):
                return False
            live, waiting = live | waiting, frozenset()
    return live == {item.name for item in items}


def orders(items):
    """Count the sequences of sendings and restarts that the rules allow, to show that there is something to choose from."""
    found, open_ends = 0, deque([(frozenset(), frozenset(item.name for item in items if item.waits))])
    while open_ends:
        live, waiting = open_ends.popleft()
        found += len(live) == len(items)
        open_ends.extend((after, queue) for _, after, queue in moves(items, live, waiting))
    return found


# --- sets of components ------------------------------------------------------------------------


@st.composite
def item_sets(draw, most=6):
    """Draw components of any strength, some alone, some waiting already, with barriers that make no circle."""
    names = NAMES[: draw(st.integers(1, most))]
    items = []
    for at, name in enumerate(names):
        before = list(names[:at])
        live = frozenset(draw(st.lists(st.sampled_from(before), max_size=2))) if before else frozenset()
        sent = frozenset(draw(st.lists(st.sampled_from(before), max_size=2))) if before else frozenset()
        strength = draw(st.sampled_from([0, 1, 1, 1, 2, 3]))
        items.append(
            Item(name=name, strength=strength, alone=draw(st.integers(0, 4)) == 0, live=live, sent=sent - live)
        )
    waits = draw(
        st.sets(st.sampled_from([item for item in items if item.strength and not item.alone] or [None]), max_size=2)
    )
    held = {item.name for item in waits if item}
    made = [
        Item(name=i.name, strength=i.strength, alone=i.alone, live=i.live, sent=i.sent, waits=i.name in held)
        for i in items
    ]
    return draw(st.permutations(made))


def one(name, strength=1, **more):
    """Make a component in a line."""
    sets = {key: frozenset(value.split()) if isinstance(value, str) else value for key, value in more.items()}
    return Item(name=name, strength=strength, **sets)


SERVER = [
    one("idrac", 0), one("bios", live="idrac"), one("boss", live="idrac"), one("gpu", 3, live="idrac"),
    one("settings", live="idrac", sent="bios"), one("cpld", 3, alone=True, live="idrac bios"),
]  # fmt: skip


@settings(max_examples=400)
@given(item_sets())
@example(SERVER)
@example([one("x"), one("a", alone=True), one("y", live="a")])
@example([one("a", 3), one("b", live="a"), one("c", 3, live="b")])
@example([one("a", 3, waits=True), one("b", 0), one("c", live="b")])
def test_no_legal_order_costs_less(items):
    """The cost of our way (restarts, then AC cycles, then minutes) is the least of all orders that the rules allow."""
    groups = solve(items, EVENTS)
    least = bound(items)
    assert (groups is None) == (least is None)
    if groups is not None:
        assert price(groups) == least


@settings(max_examples=300)
@given(item_sets())
@example(SERVER)
def test_a_way_is_legal_move_by_move(items):
    """What we say can be done one move after the other without breaking a rule, and leaves nothing out."""
    groups = solve(items, EVENTS)
    if groups is not None:
        assert legal(items, groups)
        assert sorted(name for group in groups for name in group.names) == sorted(item.name for item in items)


@settings(max_examples=200)
@given(item_sets())
def test_the_order_of_the_list_changes_no_cost(items):
    """The same components in another order have a way of the same cost."""
    forth, back = solve(items, EVENTS), solve(list(reversed(items)), EVENTS)
    assert (forth is None) == (back is None)
    if forth is not None:
        assert price(forth) == price(back)


def test_a_circle_has_no_way():
    """Components that wait for each other are not ordered."""
    assert solve([one("a", live="b"), one("b", live="a")], EVENTS) is None


def test_what_is_not_there_bars_nothing():
    """A barrier on a component that needs no change is none."""
    assert solve([one("a", live="z", sent="y")], EVENTS) == (Group(("a",), 1),)


def test_there_are_many_orders_to_choose_from():
    """The judge has something to try: a server's set alone has hundreds of legal orders."""
    assert orders(SERVER) > 100


def test_twelve_components_take_no_time():
    """The search stays small where all orders together would not."""
    items = [
        one(name, 1 + at % 3, alone=at % 4 == 0, live=("abcdefghijkl"[at - 5] if at > 6 else ""))
        for at, name in enumerate("abcdefghijkl")
    ]
    assert solve(items, EVENTS) is not None


@pytest.mark.parametrize("name", ["solving.py", "way.py"])
def test_the_planner_is_pure(name):
    """Nothing in it asks a clock, a die or a wire."""
    text = (Path(__file__).resolve().parents[2] / "src" / "rackwright" / "push" / "bmc" / name).read_text()
    for word in ("time", "random", "socket", "requests", "threading", "asyncio"):
        assert f"import {word}" not in text
