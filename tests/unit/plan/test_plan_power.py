"""Loads of PDUs in normal running and in the worst case that survive allows."""

from __future__ import annotations

import pytest

from rackwright.catalog.models import Catalog, PduModel, RackModel, ServerModel
from rackwright.intent.models import Site
from rackwright.plan.model import Device
from rackwright.plan.power import loads
from rackwright.plan.racks import place


def rack(survive, feeds, *, watts, supplies, count, rating=17000):
    """Return the rack and the problems of ``count`` equal machines in it."""
    server = ServerModel(key="m", name="m", source="test", height_u=1, power_w=watts, power_supplies=supplies)
    catalog = Catalog(
        servers={"m": server},
        racks={"r48": RackModel(key="r48", name="r48", source="test", height_u=48)},
        pdus={"p": PduModel(key="p", name="p", source="test", power_w=rating)},
    )
    wish = Site.model_validate(
        {
            "site": {"name": "t", "release": "r"},
            "groups": {"m": {"model": "m", "count": count}},
            "racks": {
                "r1": {"model": "r48", "pdu": "p", "feeds": feeds, "survive": survive, "place": [f"m[1-{count}]@1"]}
            },
        }
    )
    devices = [Device(f"m{n:02d}", "server", "m", group="m", index=n) for n in range(1, count + 1)]
    _, racks, problems, _ = place(wish, devices, catalog)
    return racks[0], problems


def test_a_draw_is_split_evenly_over_its_supplies():
    """One machine of 1,000 W with two supplies puts 500 W on a PDU of each feed."""
    assert loads([(1000, 2)], ["a", "a", "b", "b"], "none").normal == (500, 0, 500, 0)


def test_two_supplies_always_meet_two_feeds_and_pdus_fill_alike():
    """Four such machines load four PDUs alike, whatever the order of the feeds."""
    for feeds in (["a", "a", "b", "b"], ["a", "b", "a", "b"]):
        found = loads([(1000, 2)] * 4, feeds, "one-feed")
        assert found.normal == (1000, 1000, 1000, 1000)
        assert found.stranded == ()


@pytest.mark.parametrize("feeds", [["a", "b", "b"], ["a", "a", "b"], ["b", "a", "b", "b"]])
def test_feeds_are_kept_apart_where_one_has_more_pdus(feeds):
    """A PDU more on one feed puts no machine's two supplies on it: each feed carries half."""
    found = loads([(1000, 2)] * 6, feeds, "one-feed")
    assert found.stranded == ()
    assert all({feeds[at] for at in hung} == {"a", "b"} for hung in found.supplies)
    assert sum(watts for watts, feed in zip(found.normal, feeds, strict=True) if feed == "a") == 3000


def test_the_rack_says_where_each_supply_hangs():
    """Loads that are planned can be built: each machine's supplies are told, feeds in turn."""
    made, _ = rack("one-feed", ["a", "b", "b"], watts=1000, supplies=2, count=3)
    assert made.supplies == (("m01", (0, 1)), ("m02", (0, 2)), ("m03", (0, 1)))


def test_one_feed_lost_doubles_the_other():
    """With one-feed, all of a machine's draw moves to the feed that is left."""
    assert loads([(1000, 2)] * 4, ["a", "a", "b", "b"], "one-feed").worst == (2000, 2000, 2000, 2000)


def test_one_pdu_lost_moves_only_what_hung_on_it():
    """Six supplies on four PDUs lie 2, 2, 1, 1; the worst case of a PDU is the loss of a fuller one."""
    found = loads([(6000, 6)], ["a", "b", "c", "d"], "one-pdu")
    assert found.normal == (2000, 2000, 1000, 1000)
    assert found.worst == (3000, 3000, 1500, 1500)
    assert found.causes[0] == (1,)


def test_none_looks_at_normal_running_only():
    """Without survive the worst case is the normal one."""
    found = loads([(900, 1)], ["a", "b"], "none")
    assert found.worst == found.normal == (900, 0)


def test_the_sum_of_all_loads_is_the_draw():
    """Nothing is lost between the devices and the PDUs, in any mix of supplies."""
    draws = [(1200, 2), (700, 1), (6600, 6), (450, 2), (300, 3)]
    assert sum(loads(draws, ["a", "b", "a", "b"], "none").normal) == pytest.approx(sum(d for d, _ in draws), abs=4)


def test_a_pdu_over_its_rating_is_a_problem_with_the_numbers():
    """Two machines of 10 kW on two PDUs of 8 kW: 10,000 W each in normal running."""
    _, problems = rack("none", ["a", "b"], watts=10000, supplies=2, count=2, rating=8000)
    assert [item.path for item in problems] == ["racks.r1.pdu"]
    assert "r1-pdu1 carries 10,000 W in normal running, its rating is 8,000 W" in problems[0].message
    assert "1 more like it" in problems[0].message


def test_what_fits_normally_and_not_after_a_loss_names_what_failed():
    """Two feeds of 12 kW carry 10 kW each, and 20 kW when one fails."""
    found, problems = rack("one-feed", ["a", "b"], watts=10000, supplies=2, count=2, rating=12000)
    assert dict(found.load) == {"r1-pdu1": 10000, "r1-pdu2": 10000}
    assert dict(found.worst) == {"r1-pdu1": 20000, "r1-pdu2": 20000}
    assert [item.path for item in problems] == ["racks.r1.survive"]
    assert "r1-pdu1 would carry 20,000 W when r1-pdu2 fails" in problems[0].message


def test_a_single_supply_does_not_survive():
    """A device with one supply stops with its PDU, and is named."""
    _, problems = rack("one-pdu", ["a", "b"], watts=100, supplies=1, count=1)
    assert len(problems) == 1
    assert "m01 would stop when one PDU fails" in problems[0].message


def test_survive_one_feed_needs_two_feeds():
    """Two PDUs on feed a do not survive the loss of feed a."""
    _, problems = rack("one-feed", ["a", "a"], watts=100, supplies=2, count=1)
    assert any("only feed a" in item.message for item in problems)


def test_watts_that_no_source_gives_are_listed_and_not_counted():
    """The rack names the devices, one warning names the model, and the load is that of the rest."""
    found, problems = rack("one-pdu", ["a", "b"], watts=None, supplies=2, count=2)
    assert found.watts == 0
    assert found.unknown == ("m01 (watts)", "m02 (watts)")
    assert [(item.severity, item.path) for item in problems] == [("warning", "racks.r1.place")]


def test_unknown_supplies_are_taken_as_one_on_each_pdu_and_said():
    """600 W on three PDUs are 200 W each when nobody says how many supplies there are."""
    found, problems = rack("none", ["a", "b", "c"], watts=600, supplies=None, count=1)
    assert [watts for _, watts in found.load] == [200, 200, 200]
    assert [item.severity for item in problems] == ["warning"]
    assert "number of supplies of m" in problems[0].message
