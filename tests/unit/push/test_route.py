"""The applies that lead from what runs to what is planned."""

import pytest

from rackwright.diff.changes import flatten, is_secret
from rackwright.push.digests import digest_of
from rackwright.push.route import route
from tests.unit.push.cases import FACTORY, PLANNED, RESPLIT, changed, real
from tests.unit.push.fake import masked
from tests.unit.render.nvue_switches import ALL


def names(stops):
    return [stop.name for stop in stops]


def test_a_factory_switch_is_split_first():
    """From the factory there are three states: before, breakouts, planned."""
    stops = route(masked(FACTORY), PLANNED)
    assert names(stops) == ["breakouts", "planned"]
    assert stops[0].tree["interface"]["swp1"]["link"]["breakout"]
    assert "swp1s0" not in stops[0].tree["interface"]
    assert stops[1].tree == PLANNED


def test_a_cage_in_use_is_cleared_first():
    """What hangs on a cage goes before the cage is split anew, as the guide has it."""
    assert names(route(masked(real(PLANNED)), RESPLIT)) == ["cleared", "breakouts", "planned"]


def test_no_cage_is_touched():
    """Without a breakout one apply is enough, and without a difference none."""
    other = changed(PLANNED, "system", "timezone", to="Etc/UTC")
    assert names(route(masked(real(PLANNED)), other)) == ["planned"]
    assert route(masked(real(PLANNED)), PLANNED) == ()


@pytest.mark.parametrize(("running", "intended"), [(FACTORY, PLANNED), (real(PLANNED), RESPLIT)])
def test_the_rest_of_the_way_is_the_same_from_each_stop(running, intended):
    """A switch that is found at a stop goes on from there to the same stops."""
    stops = route(masked(running), intended)
    for number, stop in enumerate(stops):
        rest = route(masked(stop.tree), intended)
        assert [one.digest for one in rest] == [one.digest for one in stops[number + 1 :]]


def test_a_mask_is_never_sent():
    """Where the switch shows a mask, the planned reference is sent in every apply."""
    for stop in route(masked(FACTORY), PLANNED):
        hidden = [leaf for path, leaf in flatten(stop.tree).items() if is_secret(path)]
        assert hidden == [{"secret": "switch_hash"}]


def test_a_masked_user_that_goes_goes_first():
    """A user who is planned no more goes with the first apply: his password cannot be sent again."""
    running = changed(FACTORY, "system", "aaa", "user", "bob", to={"role": "nvue-admin", "hashed-password": "x"})
    stops = route(masked(running), PLANNED)
    assert names(stops) == ["breakouts", "planned"]
    assert "bob" not in stops[0].tree["system"]["aaa"]["user"]


@pytest.mark.parametrize("kind", sorted(ALL))
def test_every_planned_switch_ends_planned(kind):
    """The last stop is the plan itself, whatever the switch, and the first from nothing splits."""
    from rackwright.render import nvue

    tree = nvue.tree(ALL[kind]())
    stops = route(masked(FACTORY), tree)
    assert stops[-1].tree == tree
    assert stops[-1].digest == digest_of(tree)


def test_a_digest_sees_what_a_diff_sees():
    """Masks, references and numbers as text do not change a digest; a leaf does."""
    assert digest_of(masked(real(PLANNED))) == digest_of(PLANNED)
    assert digest_of(changed(PLANNED, "router", "bgp", "autonomous-system", to="4200000001")) == digest_of(PLANNED)
    assert digest_of(changed(PLANNED, "router", "bgp", "autonomous-system", to=1)) != digest_of(PLANNED)
    assert digest_of({"interface": {"swp1-2": {"type": "swp"}}}) == digest_of(
        {"interface": {"swp1": {"type": "swp"}, "swp2": {"type": "swp"}}}
    )
