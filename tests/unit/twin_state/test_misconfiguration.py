"""Each kind of misconfiguration shows as exactly that, and nothing else changes."""

from __future__ import annotations

import copy

import pytest

from tests.unit.twin_state.racks import Rack

SITE = "xe9680-spectrum-x"


@pytest.fixture
def rack() -> Rack:
    return Rack(SITE)


def stanza(rack: Rack, switch: str, interface: str) -> dict:
    """Return an interface's stanza to change it."""
    return rack.trees[switch]["interface"].setdefault(interface, {"type": "swp"})


def settings(rack: Rack, switch: str, interface: str, **link) -> None:
    """Set something of a link and apply."""
    stanza(rack, switch, interface).setdefault("link", {}).update({k.replace("_", "-"): v for k, v in link.items()})
    rack.apply(switch)
    rack.later()


# --- configuration of links -------------------------------------------------------------------------------


def test_admin_down_is_seen_at_both_ends(rack):
    """A port that is shut down shows up, or its peer does."""
    settings(rack, "fe01", "swp7s0", state={"down": {}})
    assert rack.show("fe01", "interface swp7s0 link")["admin-status"] == "down"
    assert rack.down() == {("fe01", "swp7s0"), ("fe02", "swp7s0")}


def test_a_wrong_breakout_takes_the_subports_away(rack):
    """A cage that is split otherwise keeps its links or its sub-ports."""
    stanza(rack, "be01", "swp1")["link"]["breakout"] = {"4x": {"lanes-per-port": "2"}}
    rack.apply("be01")
    rack.later()
    assert {("be01", "swp1s0"), ("be01", "swp1s1")} == rack.down()
    assert "swp1s3" in rack.show("be01", "interface")
    del stanza(rack, "be01", "swp1")["link"]["breakout"]
    rack.apply("be01")
    rack.later()
    with pytest.raises(KeyError):
        rack.show("be01", "interface swp1s0")


def test_a_forced_speed_keeps_a_pam4_link_down(rack):
    """A forced 400G between NVIDIA parts comes up (RN-3877516)."""
    settings(rack, "be01", "swp1s0", speed="400G")
    assert rack.down() == {("be01", "swp1s0")}


def test_fec_off_keeps_a_pam4_link_down(rack):
    """A 400G link without RS-FEC comes up."""
    settings(rack, "fe01", "swp7s0", fec="off")
    assert rack.down() == {("fe01", "swp7s0"), ("fe02", "swp7s0")}


def test_different_mtus_leave_the_link_up_and_large_packets_lost(rack):
    """A differing MTU takes the link down, or no check of packets can see it."""
    vtep = rack.trees["fe02"]["nve"]["vxlan"]["source"]["address"]
    settings(rack, "fe02", "swp7s0", mtu=1500)
    assert not rack.down()
    assert rack.show("fe02", "interface swp7s0 link")["mtu"] == 1500
    assert " 0% packet loss" in rack.run("fe01", f"ping -M do -c 1 -s 1472 {vtep}")
    assert "100% packet loss" in rack.run("fe01", f"ping -M do -c 1 -s 8972 {vtep}")


def test_a_port_that_is_not_there_is_taken_in_silence(rack):
    """A configured swp99 has a state, or breaks something (RN-4309876)."""
    stanza(rack, "be01", "swp99")["ip"] = {"address": {"192.0.2.1/31": {}}}
    rack.apply("be01")
    rack.later()
    with pytest.raises(KeyError):
        rack.show("be01", "interface swp99")
    assert "swp99" not in rack.show("be01", "interface")
    assert not rack.down()


def test_a_port_without_a_stanza_is_down_once_the_switch_is_configured(rack):
    """An unset interface stays up (RN-4030380)."""
    del rack.trees["oob01"]["interface"]["swp1"]
    rack.apply("oob01")
    rack.later()
    assert rack.down() == {("oob01", "swp1")}


def test_the_name_that_is_heard_is_the_configured_one(rack):
    """LLDP tells the planned name of a switch that is configured with another."""
    rack.trees["fe02"]["system"]["hostname"] = "wrong"
    rack.apply("fe02")
    assert rack.heard("fe01", "swp7s0") == [("wrong", "swp7s0")]


def test_lldp_that_is_off_is_off_both_ways(rack):
    """A switch with LLDP off is heard, or hears."""
    rack.trees["fe02"].setdefault("service", {})["lldp"] = {"state": "disabled"}
    rack.apply("fe02")
    assert rack.heard("fe01", "swp7s0") == []
    assert rack.heard("fe02", "swp7s0") == []


# --- BGP ------------------------------------------------------------------------------------------------


def bgp(rack: Rack, switch: str) -> dict:
    """Return the default VRF's BGP to change it."""
    return rack.trees[switch]["vrf"]["default"]["router"]["bgp"]


ISL = {(s, "default", f"swp{c}s{n}") for s in ("fe01", "fe02") for c in (7, 8, 9, 10) for n in (0, 1)}


@pytest.mark.parametrize("remote_as", ["internal", 64512])
def test_a_wrong_remote_as_keeps_all_sessions_of_the_group_down(rack, remote_as):
    """Sessions come up though one end expects another AS."""
    bgp(rack, "fe01")["peer-group"]["underlay"]["remote-as"] = remote_as
    rack.apply("fe01")
    rack.later()
    assert rack.broken() == ISL
    assert rack.show("fe02", "vrf default router bgp neighbor swp7s0")["state"] == "active"


def test_a_session_needs_both_ends(rack):
    """A session is up that only one end has."""
    del bgp(rack, "fe01")["neighbor"]["swp7s0"]
    rack.apply("fe01")
    rack.later()
    assert rack.broken() == {("fe02", "default", "swp7s0")}
    bgp(rack, "fe01")["neighbor"]["swp7s0"] = {"type": "unnumbered", "peer-group": "underlay"}
    rack.apply("fe01")
    rack.later(1)
    assert ("fe01", "default", "swp7s0") in rack.broken()
    rack.later(5)
    assert not rack.broken()


def test_an_address_family_is_spoken_only_by_both(rack):
    """EVPN is spoken though one end has it off, or the session goes down with it."""
    bgp(rack, "fe01")["peer-group"]["underlay"]["address-family"]["l2vpn-evpn"]["enable"] = "off"
    rack.apply("fe01")
    rack.later()
    assert not rack.broken()
    assert set(rack.show("fe02", "vrf default router bgp neighbor swp7s0")["address-family"]) == {"ipv4-unicast"}
    assert rack.show("fe02", "evpn vni 10300")["remote-vtep"] == {}


def test_evpn_needs_the_family_in_the_vrf_too(rack):
    """EVPN is spoken though the VRF has it off (nvue.md 3.3)."""
    del bgp(rack, "fe02")["address-family"]["l2vpn-evpn"]
    rack.apply("fe02")
    rack.later()
    assert rack.show("fe01", "evpn vni 10300")["remote-vtep"] == {}


def test_a_vtep_that_is_not_announced_is_no_vtep(rack):
    """EVPN routes are used whose next hop cannot be reached."""
    bgp(rack, "fe02")["address-family"]["ipv4-unicast"].pop("redistribute")
    rack.apply("fe02")
    rack.later()
    assert rack.show("fe01", "evpn vni 10300")["remote-vtep"] == {}
    assert not rack.broken()


def test_a_map_that_is_not_defined_lets_nothing_through(rack):
    """A redistribution with an undefined route map announces something."""
    bgp(rack, "fe02")["address-family"]["ipv4-unicast"]["redistribute"]["connected"]["route-map"] = "NOWHERE"
    rack.apply("fe02")
    rack.later()
    row = rack.show("fe01", "vrf default router bgp neighbor swp7s0")["address-family"]["ipv4-unicast"]
    assert row["rx-prefix"] == 0


def test_a_router_of_others_expects_the_planned_as(rack):
    """The campus talks to a switch with a wrong AS."""
    edge = next(name for name in rack.trees["fe01"]["vrf"]["INBAND"]["router"]["bgp"]["neighbor"])
    rack.trees["fe01"]["vrf"]["INBAND"]["router"]["bgp"]["autonomous-system"] = 64999
    rack.apply("fe01")
    rack.later()
    assert ("fe01", "INBAND", edge) in rack.broken()


def test_bfd_is_up_where_both_ask_for_it(rack):
    """BFD is up that one end has off, or BGP falls with it."""
    assert '"status": "down"' not in rack.fabric.run("fe01", ("sudo", "vtysh", "-c", "show bfd peers json"))
    bgp(rack, "fe01")["peer-group"]["underlay"]["bfd"]["enable"] = "off"
    rack.apply("fe01")
    rack.later()
    assert not rack.broken()
    assert '"status": "up"' not in rack.fabric.run("fe02", ("vtysh", "-c", "show bfd peers json"))


# --- overlay --------------------------------------------------------------------------------------------


def test_a_vni_on_one_side_only_has_no_peer(rack):
    """A VTEP is a peer in a VNI that it does not have."""
    rack.trees["fe02"]["bridge"]["domain"]["br_default"]["vlan"]["300"]["vni"] = {"10999": {}}
    rack.apply("fe02")
    rack.later()
    assert rack.show("fe01", "evpn vni 10300")["remote-vtep"] == {}
    assert rack.show("fe02", "evpn vni 10999")["remote-vtep"] == {}
    assert set(rack.show("fe01", "evpn vni 10200")["remote-vtep"])


def test_a_vni_that_is_also_a_layer_3_one_is_not_made(rack):
    """A number is layer 2 and layer 3 VNI at once (nvue.md 3.4)."""
    rack.trees["fe01"]["vrf"]["INBAND"]["evpn"]["vni"] = {"10300": {}}
    rack.apply("fe01")
    rack.later()
    with pytest.raises(KeyError):
        rack.show("fe01", "evpn vni 10300")
    assert rack.show("fe01", "vrf INBAND evpn")["state"] == "down"


def test_given_route_targets_must_meet(rack):
    """A VNI imports what its route targets do not name."""
    rack.trees["fe02"]["evpn"]["vni"] = {"10300": {"route-target": {"export": {"1:1": {}}}}}
    rack.apply("fe02")
    rack.later()
    assert rack.show("fe01", "evpn vni 10300")["remote-vtep"] == {}
    assert rack.show("fe02", "evpn vni 10300")["remote-vtep"]


def test_members_with_different_vlans_are_inconsistent(rack):
    """A bond with another VLAN on one member is not seen as such."""
    domain = rack.trees["fe02"]["interface"]["bond1s0"]["bridge"]["domain"]["br_default"]
    domain["vlan"] = {}
    domain["access"] = 300
    rack.apply("fe02")
    rack.later()
    rows = rack.show("fe01", "evpn multihoming bgp-info esi")
    assert [row["inconsistent-vni-count"] for row in rows.values() if row["inconsistent-vni-count"]] == [1]


def test_the_higher_preference_forwards(rack):
    """The forwarder is not who has the higher preference."""
    esi = next(iter(rack.show("fe01", "evpn multihoming esi")))
    assert "designated-forward" in rack.show("fe01", f"evpn multihoming esi {esi}")["flags"]
    bond = rack.show("fe02", f"evpn multihoming esi {esi}")["local-interface"]
    segment = rack.trees["fe02"]["interface"][bond]["evpn"]["multihoming"]["segment"]
    segment["df-preference"] = 60000
    rack.apply("fe02")
    rack.later()
    assert "non-designated-forward" in rack.show("fe01", f"evpn multihoming esi {esi}")["flags"]
    assert "designated-forward" in rack.show("fe02", f"evpn multihoming esi {esi}")["flags"]


def test_members_that_differ_in_the_mac_are_two_segments(rack):
    """Bonds with different segment MACs are one segment."""
    segment = rack.trees["fe02"]["interface"]["bond1s0"]["evpn"]["multihoming"]["segment"]
    segment["mac-address"] = "44:38:39:ff:00:99"
    rack.apply("fe02")
    rack.later()
    rows = rack.show("fe01", "evpn multihoming esi")
    lonely = [row for row in rows.values() if row.get("local-interface") == "bond1s0"]
    assert "remote" not in lonely[0]["flags"]
    assert "03:44:38:39:ff:00:99:00:00:0a" in rows


def test_a_bond_that_is_down_leaves_its_segment_to_the_peer(rack):
    """A segment whose bond is down is announced, or its hosts are lost."""
    mac = next(mac for mac, row in rack.show("fe01", "evpn vni 10300 mac").items() if row.get("interface") == "bond1s0")
    rack.fabric.cut("fe01:swp1s0")
    rack.later()
    assert rack.oper("fe01", "bond1s0") == "down"
    row = rack.show("fe01", "evpn vni 10300 mac")[mac]
    assert (row["type"], row["esi"][:2]) == ("remote", "03")
    esi = row["esi"]
    assert "remote" not in rack.show("fe02", f"evpn multihoming esi {esi}")["flags"]
    assert "designated-forward" in rack.show("fe02", f"evpn multihoming esi {esi}")["flags"]


def test_without_uplinks_the_segments_are_held_down(rack):
    """A leaf that is cut off from the fabric keeps its hosts' bonds up (nvue.md 3.4)."""
    for cage in (7, 8, 9, 10):
        for sub in (0, 1):
            rack.fabric.cut(f"fe01:swp{cage}s{sub}")
    link = rack.show("fe01", "interface bond1s0 link")
    assert (link["oper-status"], link["protodown"]) == ("down", "enabled")
    assert rack.oper("fe01", "swp1s0") == "down"
    assert rack.show("fe01", "evpn multihoming")["uplink-active"] == 0
    rack.later(10)
    rack.fabric.restore()
    rack.later(60)
    assert rack.oper("fe01", "bond1s0") == "down"
    assert rack.show("fe01", "evpn multihoming")["startup-delay-timer"].startswith("00:02:0")
    rack.later(200)
    assert rack.oper("fe01", "bond1s0") == "up"


# --- RoCE and adaptive routing ----------------------------------------------------------------------------


def test_the_roce_mode_shows_in_all_it_sets(rack):
    """A lossy switch shows PFC or a lossless pool."""
    rack.trees["be01"]["qos"]["roce"]["mode"] = "lossy"
    rack.apply("be01")
    found = rack.show("be01", "qos roce")
    assert found["mode"] == "lossy"
    assert found["pfc"] == {
        "pfc-priority": "-",
        "rx-enabled": "disabled",
        "tx-enabled": "disabled",
        "cable-length": 100,
    }
    assert {row["name"] for row in found["pool"].values()} == {"lossy-default-ingress", "lossy-default-egress"}
    assert rack.show("be01", "interface swp1s0 qos pfc-watchdog")["state"] == "disabled"
    rack.trees["be01"]["qos"]["roce"]["enable"] = "off"
    rack.apply("be01")
    assert rack.show("be01", "qos roce") == {"enable": "off"}


def test_pools_are_as_they_are_set():
    """The pools of the ERA are not 10 and 90 percent."""
    rack = Rack("era-2-8-9-400")
    found = rack.show("core-01", "qos roce")["pool"]
    assert (found["0"]["size"], found["1"]["size"], found["3"]["size"]) == ("10%", "90%", "inf")
    assert rack.show("core-01", "qos traffic-pool roce-lossless")["memory-percent"] == 90


def test_counters_grow_by_what_a_test_declares(rack):
    """RoCE counters are made up."""
    assert rack.show("be01", "interface swp1s0 qos roce counters")["tx-stats"]["tx-ecn-stats"] == {
        "ecn-marked-packets": 0
    }
    rack.fabric.count("be01:swp1s0", tx_ecn=12, rx_pause=3)
    found = rack.show("be01", "interface swp1s0 qos roce counters")
    assert found["tx-stats"]["tx-ecn-stats"] == {"ecn-marked-packets": 12}
    assert found["rx-stats"]["rx-pfc-stats"]["pause-packets"] == 3


def test_adaptive_routing_works_only_where_the_asic_does_it():
    """Adaptive routing is shown at work on a whole 800G cage, a bond member, an SVI or an SN2201 (nvue.md 0.4)."""
    rack = Rack("xe9680-spectrum-x")
    tree = rack.trees["be01"]
    on = {"adaptive-routing": {"enable": "on"}}
    tree["interface"]["swp1s0"]["router"] = on
    tree["interface"]["swp40"] = {"type": "swp", "router": on}
    rack.trees["oob01"]["interface"]["swp1"]["router"] = on
    rack.trees["fe01"]["interface"]["swp1s0"]["router"] = on
    for name in ("be01", "oob01", "fe01"):
        rack.apply(name)
    rack.later()
    assert rack.show("be01", "router adaptive-routing")["enable"] == "on"
    assert rack.show("be01", "interface swp1s0 router adaptive-routing")["enable"] == "on"
    for switch, port in (("be01", "swp40"), ("oob01", "swp1"), ("fe01", "swp1s0"), ("be01", "swp1s1")):
        assert rack.show(switch, f"interface {port} router adaptive-routing")["enable"] == "off"


# --- services ---------------------------------------------------------------------------------------------


def test_time_needs_a_server_that_answers(rack):
    """A switch is synchronized with a server that is away."""
    assert rack.show("be01", "system date-time")["system-clock-synchronized"] == "yes"
    server = next(iter(rack.trees["be01"]["service"]["ntp"]["mgmt"]["server"]))
    assert f"*{server}" in rack.run("be01", "ntpq -pn")
    rack.fabric.dead_servers.add(server)
    assert rack.show("be01", "system date-time")["system-clock-synchronized"] == "no"


def test_a_wrong_version_and_a_wrong_serial_show(rack):
    """A switch of another version or serial number shows the planned one."""
    rack.fabric.set_version("be01", "5.11.0")
    rack.fabric.set_serial("be01", "OTHER")
    assert rack.show("be01", "system")["product-release"] == "5.11.0"
    assert rack.run("be01", "decode-syseeprom -e") == "OTHER\n"
    assert rack.show("be01", "platform")["serial-number"] == "OTHER"


def test_trees_that_are_applied_are_not_changed(rack):
    """The data plane writes into the configuration of the switch."""
    before = copy.deepcopy(rack.trees)
    for switch in rack.trees:
        rack.fabric.applied(switch, rack.trees[switch], frozenset())
        rack.show(switch, "interface")
    assert rack.trees == before
