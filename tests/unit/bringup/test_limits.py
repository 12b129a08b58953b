"""Watts of a rack as counts of servers that restart at once."""

from __future__ import annotations

import msgspec
import pytest

from rackwright import catalog as catalogs
from rackwright.bringup.limits import restarts
from rackwright.plan.model import Device, Placement, Plan, Rack

WATTS = 2000
CATALOG = catalogs.load()


def rack(servers, pdus, *, survive="none"):
    """Return a plan with one rack of servers that draw ``WATTS`` from two supplies each, and a catalog that says so."""
    row = CATALOG.servers["r660"].model_copy(update={"power_w": WATTS, "power_supplies": 2})
    catalog = CATALOG.model_copy(update={"servers": {**CATALOG.servers, "r660": row}})
    names = [f"s{number}" for number in range(1, servers + 1)]
    feeds = tuple("ab"[at % 2] for at in range(pdus))
    one = Rack(name="r1", model="ar3307", height_u=52, pdus=(), feeds=feeds, pdu_watts=6000, survive=survive)
    fields = dict.fromkeys(Plan.__struct_fields__, ())
    made = Plan(**{**fields, "name": "x", "release": "", "nos": "", "digest": "", "racks": (one,),
                   "devices": tuple(Device(name=name, role="server", model="r660") for name in names),
                   "placements": tuple(Placement(name, "r1", at, 1) for at, name in enumerate(names, 1))})  # fmt: skip
    return made, catalog, names


@pytest.mark.parametrize(
    ("servers", "pdus", "survive", "most"),
    [(10, 2, "none", 6), (10, 2, "one-pdu", 3), (10, 4, "none", 10), (2, 2, "none", 2)],
)
def test_as_many_restart_at_once_as_no_pdu_is_over_its_rating_with(servers, pdus, survive, most):
    """One more and a breaker trips: 12 kW of two PDUs are six servers of 2 kW, three where one PDU may be lost."""
    plan, catalog, names = rack(servers, pdus, survive=survive)
    found = restarts(plan, catalog, names)
    assert found.get("r1", servers) == most


def test_operators_cap_holds_where_it_is_lower_and_where_nothing_is_known():
    """Who says two at a time means two, also in a rack whose PDUs have no rating."""
    plan, catalog, names = rack(10, 2)
    assert restarts(plan, catalog, names, 2) == {"r1": 2}
    unrated = msgspec.structs.replace(plan, racks=(msgspec.structs.replace(plan.racks[0], pdu_watts=0),))
    assert restarts(unrated, catalog, names) == {}
    assert restarts(unrated, catalog, names, 2) == {"r1": 2}


def test_rack_that_cannot_bear_one_still_goes_one_by_one():
    """A limit of nothing would stop the rack for ever; what cannot be borne is the plan's to tell."""
    plan, catalog, names = rack(4, 2)
    small = msgspec.structs.replace(plan, racks=(msgspec.structs.replace(plan.racks[0], pdu_watts=100),))
    assert restarts(small, catalog, names) == {"r1": 1}
