"""Timelines: when something is so, put together from when other things are."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from rackwright.twin.state.memo import Memo, Period
from rackwright.twin.state.timeline import ALWAYS, NEVER, Timeline, Track, both, delayed, either, negated

LINES = st.lists(st.integers(0, 50), unique=True, max_size=8).map(lambda turns: Timeline(tuple(sorted(turns))))
MOMENTS = st.integers(-1, 60)


@given(st.lists(LINES, max_size=4), MOMENTS)
def test_both_and_either_are_what_the_parts_say(parts, moment):
    """A line put together of others says at some moment something else than they do."""
    assert both(*parts).at(moment) == all(part.at(moment) for part in parts)
    assert either(*parts).at(moment) == any(part.at(moment) for part in parts)


@given(LINES, MOMENTS)
def test_negated_is_the_opposite(line, moment):
    """The opposite of a line agrees with it at some moment."""
    assert negated(line).at(moment) != line.at(moment)
    assert negated(negated(line)) == line


@given(LINES, st.integers(0, 9), MOMENTS)
def test_delayed_holds_once_it_has_held_for_so_long(line, seconds, moment):
    """What needs time to come is there too early, or stays when it should be gone."""
    expected = all(line.at(moment - back) for back in range(seconds + 1))
    assert delayed(line, seconds).at(moment) == expected


def test_counts_say_how_often_it_came_and_went():
    """The carrier counters are not the turns of the line."""
    line = Timeline((1, 2, 3))
    assert [line.counts(moment) for moment in (0, 1, 2, 9)] == [(0, 0), (1, 0), (1, 1), (2, 1)]
    assert (line.since(2.5), line.following(2.5), line.since(0), line.following(9)) == (2, 3, -math.inf, math.inf)


def test_a_pause_ends_by_itself_and_outlasts_what_is_said_in_it():
    """A restart is cut short by an apply that comes in the middle of it."""
    track = Track(holds=True)
    track.pause(10, 30)
    track.put(20, holds=True)
    assert [track.line.at(moment) for moment in (9, 10, 39, 40)] == [True, False, False, True]


def test_a_pause_of_what_is_not_so_changes_nothing():
    """A service that never ran comes up because it was restarted."""
    track = Track()
    track.pause(10, 30)
    assert track.line == NEVER


def test_what_was_foreseen_is_forgotten_when_it_ends():
    """A link that was to come up comes up though its cable was pulled in the meantime."""
    track = Track()
    track.put(0, holds=True, starting=10)
    track.put(5, holds=False)
    assert not track.line.at(20)
    track.put(30, holds=True)
    assert track.line.at(30)
    assert both(ALWAYS, track.line) == track.line


def test_an_outage_that_takes_no_time_is_one():
    """A switch that is switched off and on in one moment has never been off."""
    track = Track(holds=True)
    track.put(5, holds=False)
    track.put(5, holds=True)
    assert not delayed(track.line, 3).at(7)
    assert track.line.counts(6) == (2, 1)


def test_a_memo_keeps_while_nothing_can_turn():
    """A value is computed again though nothing can have changed, or kept though something can."""
    period, asked = Period(), []
    memo = Memo(period)

    def ask(now: float) -> int:
        return memo.get("key", now, lambda: asked.append(now) or len(asked))

    period.begin(until=10)
    assert [ask(1), ask(1), ask(2), ask(11), ask(12), ask(90)] == [1, 1, 2, 3, 3, 3]
    period.begin(until=10)
    assert ask(91) == 4
