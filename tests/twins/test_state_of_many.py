"""The computed data plane of 293 switches and 23,173 cables: right, and in CPU seconds."""

from __future__ import annotations

import time

import pytest

from tests.unit.twin_state.racks import Rack, plan_of

CPU_SECONDS = 30.0
"""For the whole rack from nothing, on a machine that others use too; it takes about a quarter of that."""
CPU_SECONDS_A_CHANGE = 0.2


@pytest.fixture(scope="module")
def rack() -> Rack:
    plan_of("rail-1024")
    begin = time.process_time()
    rack = Rack("rail-1024", own_trees=False)
    fabric, now = rack.fabric, rack.clock.now()
    assert all(fabric.layer1.line(wire).at(now) for wire in fabric.plugs.wires)
    sides = [side for name in fabric.machines for side in fabric.control.sides(name).values()]
    assert len(sides) == 18546
    assert all(fabric.rib.established(side, now) for side in sides)
    assert time.process_time() - begin < CPU_SECONDS
    return rack


def test_a_leaf_has_every_rail_over_every_spine(rack):
    """Prefixes or equal next hops are others than counted: 128 leaves of 64 rails, 64 spines."""
    row = rack.show("be001", "vrf default router bgp neighbor swp33s0")["address-family"]["ipv4-unicast"]
    assert row["rx-prefix"] == 127 * 65 + 1
    routes = rack.show("be001", "vrf default router rib ipv4 route")
    assert len(routes["10.255.0.2/32"]["route-entry"]["1"]["via"]) == 64


def test_a_front_end_leaf_has_every_vtep(rack):
    """A VTEP of 20 misses another."""
    assert {len(row["remote-vtep"]) for row in rack.show("fe01", "evpn vni").values()} == {19}


def test_a_change_costs_only_what_it_touches(rack):
    """An apply on one leaf of 128 computes the whole rack anew."""
    tree = rack.trees["be001"]
    begin = time.process_time()
    for _ in range(20):
        rack.fabric.applied("be001", tree, frozenset())
        rack.show("be002", "interface swp1s0")
    assert (time.process_time() - begin) / 20 < CPU_SECONDS_A_CHANGE


def test_what_a_push_asks_of_each_switch_takes_milliseconds(rack):
    """Reading interfaces, neighbours and sessions of a settled rack takes seconds a switch."""
    rack.show("be001", "vrf default router bgp neighbor")
    names = [name for name in rack.fabric.machines if name.startswith(("be0", "be-"))][:40]
    begin = time.process_time()
    for name in names:
        rack.show(name, "interface")
        rack.show(name, "vrf default router bgp neighbor")
        rack.run(name, "lldpctl -f json")
    assert (time.process_time() - begin) / len(names) < CPU_SECONDS_A_CHANGE
