"""What the rules are told of a plan: the host end of a link is what the plan means."""

from pathlib import Path

import pytest

from rackwright import intent, plan
from rackwright.check.planned import of_plan
from rackwright.plan.model import Plan

SITES = Path(__file__).resolve().parents[3] / "inventory"


@pytest.fixture(scope="module")
def planned() -> tuple[Plan, intent.Loaded]:
    """Return the plan of the smallest reference site, and the site."""
    loaded = intent.load(SITES / "xe9680-spectrum-x")
    return plan.build(loaded.require(), catalog=loaded.catalog)[0], loaded


def test_a_host_end_says_what_the_plan_says(planned):
    """Speed, connector, MTU, native VLAN, bond, rail and PXE of a port come out under their own names."""
    made, loaded = planned
    hosts = of_plan(made, {}, loaded.catalog).hosts
    rail, front = hosts["gpu01", "b3140h-2"], hosts["gpu01", "b3220l-1.1"]
    assert (rail.nic, rail.speed_gbps, rail.lanes, rail.connector) == ("b3140h", 400, 4, "qsfp112")
    assert (rail.rail, rail.fabric, rail.mtu_bytes, rail.native_vlan, rail.pxe) == (2, "backend", 9000, None, False)
    assert (front.native_vlan, front.pxe, front.rail, front.fabric) == (300, True, None, "frontend")
    bonds = {bond.name for switch in made.switches if switch.name == "fe01" for bond in switch.bonds}
    assert front.bond in bonds


def test_a_rail_is_where_its_links_end(planned):
    """Rails 1 to 4 are on the first leaf of the pair, 5 to 8 on the second."""
    made, loaded = planned
    rails = of_plan(made, {}, loaded.catalog).rails
    assert rails == {("backend", rail): frozenset({"be01" if rail < 5 else "be02"}) for rail in range(1, 9)}
