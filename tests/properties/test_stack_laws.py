"""Any graph of steps: the order is one that its edges allow, always the same, with the fewest restarts; a circle is named."""

from __future__ import annotations

import itertools
import random
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackwright import catalog
from rackwright.catalog import graph
from rackwright.catalog.stack import Edge, StepRow
from rackwright.plan.stack import stages
from rackwright.plan.stack_model import Step

KINDS = ("none", "none", "warm", "cold", "fwreset")


def row(key, after=(), reboot="none", rank=50):
    """Make a step that stands behind others, each as (step, needs)."""
    edges = tuple(Edge(step=step, needs=needs, reason=f"{key} after {step}", source="test") for step, needs in after)
    return StepRow(key=key, name=key, source="test", after=edges, reboot=reboot, rank=rank)


@st.composite
def graphs(draw, most=14):
    """Draw steps without a circle: each stands behind some of those drawn before it, under shuffled names."""
    count = draw(st.integers(1, most))
    names = draw(st.permutations([f"s{number:02d}" for number in range(count)]))
    rows = {}
    for at, name in enumerate(names):
        before = draw(st.lists(st.sampled_from(names[:at]), unique=True, max_size=3)) if at else []
        after = [(step, draw(st.sampled_from(("installed", "live")))) for step in before]
        rows[name] = row(name, after, draw(st.sampled_from(KINDS)), draw(st.integers(0, 3)))
    return rows


def holds(rows, order):
    """Say whether an order has every step once, each behind all that it stands behind."""
    place = {step: at for at, step in enumerate(order)}
    return sorted(order) == sorted(rows) and all(
        place[edge.step] < place[step] for step, one in rows.items() for edge in one.after
    )


@given(graphs())
def test_the_order_is_one_that_every_edge_allows(rows):
    """A step came before one that it stands behind, or was lost."""
    assert holds(rows, graph.order(rows))


@given(graphs(), st.randoms(use_true_random=False))
def test_the_order_is_the_same_however_the_rows_are_written(rows, dice):
    """The order of rows or of edges in a file changed the order of the steps."""
    names = list(rows)
    dice.shuffle(names)
    turned = {}
    for name in names:
        edges = list(rows[name].after)
        dice.shuffle(edges)
        turned[name] = rows[name].model_copy(update={"after": tuple(edges)})
    assert graph.order(turned) == graph.order(rows)


@given(graphs())
def test_what_must_be_live_lies_behind_a_restart(rows):
    """A step that needs another one live stood in the same stage, before the restart."""
    stage = graph.levels(rows)
    for step, one in rows.items():
        for edge in one.after:
            apart = 1 if edge.needs == "live" and rows[edge.step].reboot != "none" else 0
            assert stage[step] >= stage[edge.step] + apart


def fewest(rows):
    """Count the restarts of the best course by trying all of them: a state is what is installed and what is live."""
    everything = frozenset(rows)
    start = (frozenset(), frozenset())
    seen, waiting = {start}, deque([(start, 0)])
    while waiting:
        (installed, live), restarts = waiting.popleft()
        if installed == everything and all(rows[step].reboot == "none" or step in live for step in rows):
            return restarts
        steps = [
            (installed | {step}, live)
            for step in everything - installed
            if all(
                edge.step in (live if edge.needs == "live" and rows[edge.step].reboot != "none" else installed)
                for edge in rows[step].after
            )
        ]
        for state in steps:
            if state not in seen:
                seen.add(state)
                waiting.appendleft((state, restarts))  # costs nothing: before everything that costs a restart more
        state = (installed, installed)
        if state not in seen:
            seen.add(state)
            waiting.append((state, restarts + 1))
    raise AssertionError("no course ends")


@given(graphs(most=7))
def test_no_course_restarts_a_host_less_often(rows):
    """Another course of the same steps had fewer restarts."""
    order, stage = graph.order(rows), graph.levels(rows)
    steps = tuple(Step(name=key, title=key, reboot=rows[key].reboot) for key in order)
    ours = sum(one.reboot != "none" for one in stages(steps, stage))
    assert ours == fewest(rows)


@pytest.mark.parametrize("seed", range(60))
def test_the_shipped_steps_with_chance_edges_keep_their_laws(seed):
    """Edges that a site may add to the shipped graph made an order that breaks a shipped law."""
    dice = random.Random(seed)
    shipped = catalog.load().steps
    rows = dict(shipped)
    line = list(graph.order(shipped))
    for _ in range(dice.randint(1, 12)):
        first, second = sorted(dice.sample(range(len(line)), 2))
        edge = Edge(step=line[first], needs=dice.choice(("installed", "live")), reason="chance", source="test")
        step = line[second]
        rows[step] = rows[step].model_copy(update={"after": (*rows[step].after, edge)})
    order = graph.order(rows)
    assert holds(rows, order)
    assert graph.turned(rows, shipped) == ()


@given(graphs(), st.data())
def test_a_circle_is_named(rows, data):
    """An edge back from a step to one that stands behind it was not told as a circle of just such edges."""
    linked = [(step, edge.step) for step, one in rows.items() for edge in one.after]
    if not linked:
        return
    late, early = data.draw(st.sampled_from(linked))
    back = Edge(step=late, reason="back", source="test")
    rows = rows | {early: rows[early].model_copy(update={"after": (*rows[early].after, back)})}
    named = graph.circle(rows)
    assert named[0] == named[-1]
    assert len(named) > 2
    assert all(after in {edge.step for edge in rows[step].after} for step, after in itertools.pairwise(named))
    with pytest.raises(ValueError, match=" behind ".join(named)):
        graph.order(rows)


def test_a_chain_of_a_thousand_steps_is_ordered():
    """A long chain met the limit of recursion."""
    rows = {f"s{n:04d}": row(f"s{n:04d}", [(f"s{n - 1:04d}", "live")] if n else [], "warm") for n in range(1000)}
    assert graph.order(rows) == tuple(sorted(rows))
    assert graph.levels(rows)["s0999"] == 999
