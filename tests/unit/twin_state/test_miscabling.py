"""Each kind of miscabling shows as exactly that, and nothing else changes."""

from __future__ import annotations

import pytest

from rackwright.twin.state.cabling import CablingError
from tests.unit.twin_state.racks import Rack


@pytest.fixture
def rack() -> Rack:
    return Rack("xe9680-spectrum-x")


def test_two_swapped_cables_between_switches_show_each_other(rack):
    """Swapped inter-switch links show the planned neighbours, or go down though everything else agrees."""
    one = rack.heard("fe01", "swp7s0") + rack.heard("fe01", "swp7s1")
    rack.fabric.swap("fe01:swp7s0", "fe01:swp7s1")
    rack.later()
    assert rack.heard("fe01", "swp7s0") + rack.heard("fe01", "swp7s1") == one[::-1]
    assert not rack.down()
    assert not rack.broken()


def test_two_swapped_hosts_are_heard_and_learned_where_they_are_plugged(rack):
    """Swapped hosts are heard where they were planned."""
    before = (rack.heard("be01", "swp1s0"), rack.heard("be01", "swp2s1"))
    rack.fabric.swap("be01:swp1s0", "be01:swp2s1")
    rack.later()
    assert (rack.heard("be01", "swp2s1"), rack.heard("be01", "swp1s0")) == before
    assert not rack.down()


def test_swapping_at_the_host_end_is_the_same_mistake_seen_from_there(rack):
    """A swap of two NICs of one host does not show on the leaves."""
    link = next(link for link in rack.plan.links if link.a.device == "be01" and link.b.device == "gpu01")
    other = next(link for link in rack.plan.links if link.a.device == "be02" and link.b.device == "gpu01")
    rack.fabric.swap(f"gpu01:{link.b.port}", f"gpu01:{other.b.port}")
    rack.later()
    assert rack.heard("be01", link.a.port) == [("gpu01", f"rail{other.rail}")]
    assert rack.heard("be02", other.a.port) == [("gpu01", f"rail{link.rail}")]


def test_a_cable_moved_to_a_free_port_leaves_its_place_dark(rack):
    """A cable moved to another port still shows where it was planned."""
    free = next(n for n in range(1, 49) if ("oob01", f"swp{n}") not in rack.fabric.plugs.sockets)
    rack.fabric.swap("oob01:swp1", f"oob01:swp{free}")
    rack.later()
    assert rack.oper("oob01", "swp1") == "down"
    assert ("oob01:" + f"swp{free}", "gpu01:bmc", "cat6-rj45") in rack.fabric.cabling()


def test_a_cut_cable_takes_down_its_link_and_nothing_else(rack):
    """A broken cable stays up, or takes others with it."""
    rack.fabric.cut("fe01:swp7s0")
    rack.later(0)
    assert rack.down() == {("fe01", "swp7s0"), ("fe02", "swp7s0")}
    assert rack.broken() == {("fe01", "default", "swp7s0"), ("fe02", "default", "swp7s0")}
    assert rack.show("fe01", "vrf default router bgp neighbor swp7s0")["state"] == "idle"
    stats = rack.show("fe01", "interface swp7s0 link stats")
    assert (stats["carrier-up-count"], stats["carrier-down-count"]) == (1, 1)


def test_an_unplugged_end_hangs(rack):
    """A plug that was pulled is still listed in its port."""
    rack.fabric.unplug("be01:swp1s0")
    rack.later()
    assert rack.oper("be01", "swp1s0") == "down"
    assert ("", "gpu01:b3140h-1", "dac-osfp-2xqsfp112") in rack.fabric.cabling()


def test_a_part_of_the_wrong_speed_gives_no_link(rack):
    """A 200G splitter where a 400G one belongs gives a link."""
    rack.fabric.refit("be01:swp1s0", "dac-osfp-4xqsfp112")
    rack.later()
    assert rack.down() == {("be01", "swp1s0")}
    assert rack.show("be01", "platform transceiver")["swp1"]["vendor-pn"] == "dac-osfp-4xqsfp112"


def test_a_missing_transceiver_is_missing(rack):
    """A cage without a transceiver is listed with one, or its link is up."""
    end = next(link.a for link in rack.plan.links if link.kind == "uplink")
    rack.fabric.refit(f"{end.device}:{end.port}", "")
    rack.later()
    assert rack.oper(end.device, end.port) == "down"
    assert f"swp{end.cage}" not in rack.show(end.device, "platform transceiver") or end.sub >= 0


def test_a_bad_link_tells_its_error_rates_and_light(rack):
    """A degraded link shows the figures of a good one, or goes down."""
    end = next(link.a for link in rack.plan.links if link.kind == "uplink")
    rack.fabric.degrade(f"{end.device}:{end.port}", raw_ber=3e-4, effective_ber=2e-9, rx_dbm=-14.2, flaps=7)
    found = rack.show(end.device, f"interface {end.port} link phy-detail")
    assert (found["raw-ber"], found["effective-ber"]) == ("3E-4", "2E-9")
    light = rack.show(end.device, f"interface {end.port} transceiver")["ch-1-rx-power"]
    assert light.endswith("-14.20 dBm")
    assert rack.show(end.device, f"interface {end.port} link stats")["carrier-down-count"] == 7
    assert rack.oper(end.device, end.port) == "up"


def test_a_dead_host_takes_down_its_links(rack):
    """A host without power keeps its links up."""
    ports = {(e.device, e.port) for link in rack.plan.links for e in (link.a,) if link.b.device == "gpu02"}
    rack.fabric.host("gpu02", alive=False)
    rack.later()
    assert rack.down() == ports


def test_a_host_without_lldp_is_up_and_not_heard(rack):
    """A host that sends no LLDP is heard, or its link is down."""
    rack.fabric.host("gpu01", lldp=False)
    rack.later()
    assert rack.heard("be01", "swp1s0") == []
    assert not rack.down()


def test_a_host_before_its_system_is_up_comes_through_lacp_bypass(rack):
    """A server that PXE-boots is cut off, or its segment is announced while it is bypassed (nvue.md 3.4)."""
    rack.fabric.host("gpu01", lacp=False)
    rack.later()
    assert rack.oper("fe01", "bond1s0") == "up"
    flags = next(
        row["flags"]
        for row in rack.show("fe01", "evpn multihoming esi").values()
        if row.get("local-interface") == "bond1s0"
    )
    assert "oper-up" in flags
    assert "ready-for-bgp" not in flags
    assert "remote" not in flags


def test_restore_heals_everything(rack):
    """Something of a fault stays behind."""
    before = rack.fabric.cabling()
    rack.fabric.swap("be01:swp1s0", "be02:swp3s0")
    rack.fabric.cut("fe01:swp7s0")
    rack.fabric.refit("be01:swp2s0", "dac-osfp-4xqsfp112")
    rack.fabric.degrade("be01:swp2s1")
    rack.fabric.host("gpu03", alive=False, lldp=False)
    rack.fabric.count("be01:swp1s0", tx_ecn=5)
    rack.later()
    rack.fabric.restore()
    rack.later()
    assert rack.fabric.cabling() == before
    assert not rack.down()
    assert not rack.broken()


@pytest.mark.parametrize(
    ("one", "two"),
    [("be01:swp99s0", "be01:swp1s0"), ("oob01:swp1", "fe01:swp1s0"), ("nobody", "x"), ("be01:swp1s0", "be01:swp1s0")],
)
def test_what_cannot_be_plugged_is_refused(rack, one, two):
    """A plug goes into a port that is not there or too small for it, and something moves."""
    before = rack.fabric.cabling()
    with pytest.raises(CablingError):
        rack.fabric.swap(one, two)
    assert rack.fabric.cabling() == before
