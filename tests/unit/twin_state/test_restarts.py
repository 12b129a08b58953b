"""Restarts, breakouts and boots take their time on the twin's clock, and their table says from where."""

from __future__ import annotations

import pytest

from rackwright.twin.state import Fabric
from rackwright.twin.state.times import TIMES, durations
from tests.unit.twin_state.racks import Hands, Rack, plan_of

SITE = "xe9680-spectrum-x"


@pytest.fixture
def rack() -> Rack:
    return Rack(SITE)


def test_a_switchd_restart_takes_every_front_port_down_for_a_while(rack):
    """A restart of switchd leaves links up, or takes eth0 with it."""
    rack.apply("fe01", "switchd")
    assert rack.oper("fe01", "swp7s0") == "down"
    assert rack.oper("fe02", "swp7s0") == "down"
    assert rack.oper("fe01", "eth0") == "up"
    rack.later(33)
    assert rack.oper("fe01", "swp7s0") == "down"
    rack.later(2)
    assert rack.oper("fe01", "swp7s0") == "up"
    stats = rack.show("fe01", "interface swp7s0 link stats")
    assert (stats["carrier-up-count"], stats["carrier-down-count"]) == (2, 1)


def test_an_frr_restart_drops_sessions_and_not_links(rack):
    """A restart of FRR takes links down, or leaves sessions up."""
    rack.apply("be01", "frr")
    rack.apply("fe02", "frr")
    neighbor = "vrf default router bgp neighbor swp7s0"
    assert rack.show("fe01", neighbor)["state"] == "active"
    assert rack.show("fe02", neighbor)["state"] == "idle"
    assert rack.oper("fe01", "swp7s0") == "up"
    rack.later(8)
    assert rack.show("fe01", neighbor)["state"] == "established"
    assert rack.show("fe01", neighbor)["uptime"] < 1000


def test_segments_wait_for_the_startup_delay_after_frr(rack):
    """Segments are up at once after a restart of FRR (multihoming page, startup-delay)."""
    rack.apply("fe02", "frr")
    rack.later(10)
    assert rack.oper("fe02", "bond1s0") == "down"
    assert rack.show("fe02", "evpn multihoming")["startup-delay-timer"] == "00:02:55"
    rack.later(180)
    assert rack.oper("fe02", "bond1s0") == "up"


def test_a_startup_delay_that_is_set_counts(rack):
    """The configured startup delay is not the one that runs."""
    rack.trees["fe02"]["evpn"]["multihoming"]["startup-delay"] = 20
    rack.apply("fe02", "frr")
    rack.later(40)
    assert rack.oper("fe02", "bond1s0") == "up"


def test_a_breakout_resets_its_own_cage_only(rack):
    """Splitting a cage touches another, or its ports come up at once."""
    tree = rack.trees["be01"]["interface"]
    del tree["swp1"]["link"]["breakout"]
    rack.apply("be01")
    assert rack.oper("be01", "swp2s0") == "up"
    tree["swp1"]["link"]["breakout"] = {"2x": {"lanes-per-port": "4"}}
    rack.apply("be01")
    rack.later(12)
    assert rack.oper("be01", "swp1s0") == "down"
    rack.later(3)
    assert rack.oper("be01", "swp1s0") == "up"


def test_eight_subports_take_the_next_cage(rack):
    """An 8x breakout leaves the next cage usable (nvue.md 3.2)."""
    tree = rack.trees["be01"]["interface"]
    tree["swp33"] = {"type": "swp", "link": {"breakout": {"8x": {"lanes-per-port": "1"}}}}
    rack.apply("be01")
    ports = rack.show("be01", "interface")
    assert "swp33s7" in ports
    assert "swp34" not in rack.fabric.machines["be01"].ports


def test_a_switch_without_power_takes_its_neighbours_links(rack):
    """A switch that is off is still seen, or is back at once."""
    rack.fabric.power("fe02", on=False)
    assert rack.oper("fe01", "swp7s0") == "down"
    assert rack.oper("oob01", rack_port(rack, "fe02")) == "down"
    rack.later(100)
    rack.fabric.power("fe02", on=True)
    assert rack.oper("fe01", "swp7s0") == "down"
    rack.later(5)
    assert rack.oper("fe01", "swp7s0") == "up"
    assert rack.show("fe02", "system")["uptime"] == "0:00:05"


def rack_port(rack: Rack, device: str) -> str:
    """Return the out-of-band port of a switch's eth0."""
    return next(link.a.port for link in rack.plan.links if (link.b.device, link.b.port) == (device, "eth0"))


def test_an_apply_that_changes_nothing_disturbs_nothing(rack):
    """Applying the same again flaps a link or a session."""
    before = {name: rack.show(name, "interface") for name in rack.trees}
    for name in rack.trees:
        rack.apply(name)
    assert {name: rack.show(name, "interface") for name in rack.trees} == before
    assert not rack.broken()


def test_other_durations_can_be_given():
    """A site's own figures are not used."""
    fabric = Fabric(plan_of(SITE), Hands(), times={"switchd-restart": 90})
    assert fabric.times["switchd-restart"] == 90
    assert durations(switchd_restart=90)["switchd-restart"] == 90
    with pytest.raises(KeyError):
        durations(coffee=1)


def test_each_duration_says_where_it_comes_from():
    """A figure has no source and does not say that it is assumed."""
    assert all(row.source and row.seconds > 0 for row in TIMES.values())
