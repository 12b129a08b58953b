"""The repairs lead to the plan, and are the fewest: compared with a search that tries everything."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from rackwright.audit import cabling
from rackwright.audit.cabling import Matching, Port
from tests.unit.audit import brute, small

MODELS = {"rails": small.rails(), "splitters": small.splitters(), "clos": small.clos()}


@st.composite
def tangles(draw: st.DrawFn, most: int = 4) -> tuple[str, Matching]:
    """Draw a model and what up to ``most`` exchanges of plugs, cages or devices make of it."""
    name = draw(st.sampled_from(sorted(MODELS)))
    wiring = MODELS[name]
    ports, devices = sorted(wiring.links), sorted(wiring.kinds)
    matching = dict(wiring.links)
    for _ in range(draw(st.integers(0, most))):
        level = draw(st.sampled_from(["plug", "cage", "device"]))
        if level == "plug":
            pairs = (tuple(draw(st.permutations(ports))[:2]),)
        elif level == "cage":
            one, two = draw(st.permutations(small.blocks(wiring)))[:2]
            pairs = tuple(zip(one.ports, two.ports, strict=True))
        else:
            one, two = draw(st.permutations(devices))[:2]
            alike = wiring.kinds[one] == wiring.kinds[two]
            pairs = tuple((port, Port(two, port.name)) for port in ports if port.device == one) if alike else ()
        matching = brute.moved(matching, pairs)
    return name, matching


@settings(max_examples=150)
@given(tangles())
def test_no_fewer_repairs_do(tangle):
    """Exchanged plugs, cages and devices, laid over each other, are repaired by as few steps as any search finds."""
    name, matching = tangle
    wiring = MODELS[name]
    diagnosis = cabling.diagnose(wiring, small.sights(wiring, matching))
    assert cabling.apply(diagnosis) == wiring.links
    number = len(diagnosis.repairs)
    assert diagnosis.fewest or number > 4
    if diagnosis.fewest and number:
        assert not brute.reachable_in(wiring, matching, number - 1)


@settings(max_examples=150)
@given(tangles(), st.sets(st.integers(0, 7), max_size=3))
@example(("clos", dict(MODELS["clos"].links)), {0, 1, 2})
def test_the_advice_leads_to_the_plan_with_cables_gone(tangle, gone):
    """With dead cables among the exchanged ones the steps, done in order, still give the plan and nothing else."""
    name, matching = tangle
    wiring = MODELS[name]
    cables = sorted({tuple(sorted(pair)) for pair in matching.items()})
    for number in gone:
        for port in cables[number % len(cables)]:
            matching.pop(port, None)
    diagnosis = cabling.diagnose(wiring, small.sights(wiring, matching))
    assert cabling.apply(diagnosis) == wiring.links
    assert not diagnosis.contradictions


@given(st.sampled_from(sorted(MODELS)))
def test_the_right_cabling_has_no_repair(name):
    """Nothing is told of what is as planned."""
    wiring = MODELS[name]
    diagnosis = cabling.diagnose(wiring, small.sights(wiring, dict(wiring.links)))
    assert diagnosis.repairs == ()
    assert len(diagnosis.right) == len(wiring.links) // 2


def test_the_search_that_tries_everything_sees_a_detour():
    """The witness itself tells one exchange from two, so that it can convict."""
    wiring = MODELS["clos"]
    crossed = brute.moved(dict(wiring.links), ((Port("be1", "swp1s0"), Port("be1", "swp1s1")),))
    assert not brute.reachable_in(wiring, crossed, 0)
    assert brute.reachable_in(wiring, crossed, 1)
    twice = brute.moved(crossed, ((Port("be2", "swp1s0"), Port("be2", "swp1s1")),))
    assert not brute.reachable_in(wiring, twice, 1)
