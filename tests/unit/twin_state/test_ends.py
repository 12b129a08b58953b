"""What a server's end of a cable sees, and whether anybody hears it."""

from __future__ import annotations

import pytest

from tests.unit.twin_state.racks import Rack

NIC = ("gpu01", "b3140h-1")


@pytest.fixture
def rack():
    return Rack("xe9680-two-racks")


def neighbours(rack, port="swp1s0"):
    return sorted(rack.show("be01", f"interface {port} lldp neighbor"))


def test_a_planned_cable_is_lit_at_the_servers_end(rack):
    """A server's port has no link though its switch is configured, or has one without a cable."""
    assert rack.fabric.lit(*NIC)
    assert not rack.fabric.lit("gpu01", "lom2")


def test_a_port_that_is_shut_darkens_its_server_and_nobody_else(rack):
    """The link of a server's port does not follow its switch port, or another one does."""
    rack.trees["be01"]["interface"]["swp1s0"]["link"] = {"state": {"down": {}}}
    rack.apply("be01")
    assert not rack.fabric.lit(*NIC)
    assert rack.fabric.lit("gpu01", "b3140h-2")
    rack.trees["be01"]["interface"]["swp1s0"]["link"] = {"state": {"up": {}}}
    rack.apply("be01")
    rack.later()
    assert rack.fabric.lit(*NIC)


def test_a_swapped_cable_follows_the_port_that_it_is_in(rack):
    """After a swap a server's port follows the port where it is planned."""
    rack.fabric.swap("gpu01:b3140h-1", "gpu02:b3140h-1")
    rack.later()
    rack.trees["be01"]["interface"]["swp1s0"]["link"] = {"state": {"down": {}}}
    rack.apply("be01")
    assert rack.fabric.lit(*NIC)
    assert not rack.fabric.lit("gpu02", "b3140h-1")


def test_rails_are_dark_from_the_factory_and_without_power():
    """A rail has link though no cage is split, or though its leaf is off."""
    rack = Rack("xe9680-two-racks", configured=False)
    rack.later()
    assert not rack.fabric.lit(*NIC)
    assert rack.fabric.lit("mgmt01", "lom1")
    rack = Rack("xe9680-two-racks")
    rack.fabric.power("be01", on=False)
    assert not rack.fabric.lit(*NIC)


def test_a_dead_cable_is_dark_at_both_ends(rack):
    """A broken cable has link at the server."""
    rack.fabric.cut("gpu01:b3140h-1")
    assert not rack.fabric.lit(*NIC)
    assert not rack.fabric.lit("be01", "swp1s0")


def test_who_has_no_system_yet_is_not_heard(rack):
    """A switch hears by LLDP a server whose system does not speak it."""
    assert neighbours(rack) == ["gpu01"]
    rack.fabric.talks = lambda host: host != "gpu01"
    assert neighbours(rack) == []
    assert neighbours(rack, "swp3s0") == ["gpu02"]
