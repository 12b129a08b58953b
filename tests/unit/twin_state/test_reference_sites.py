"""Every reference site, configured as rendered and cabled as planned, comes up wholly."""

from __future__ import annotations

import ipaddress

import pytest

from tests.unit.twin_state.racks import Rack

SITES = ("xe9680-spectrum-x", "xe9680-two-racks", "r760xa-converged", "era-2-8-9-400", "era-2-4-3-200")


@pytest.fixture(scope="module", params=SITES)
def rack(request) -> Rack:
    return Rack(request.param)


def test_every_link_is_up_at_its_speed(rack):
    """A right configuration leaves a link down, or at another speed than planned."""
    assert not rack.down()
    for link in rack.plan.links:
        if link.a.device in rack.fabric.machines:
            found = rack.show(link.a.device, f"interface {link.a.port} link")
            assert found["speed"] == f"{link.speed_gbps:g}G", link


def test_every_session_is_established(rack):
    """A right configuration leaves a BGP session down."""
    assert not rack.broken()


def test_who_is_heard_is_who_is_planned(rack):
    """LLDP tells of another neighbour than the plan has, or misses one."""
    names = {switch.name for switch in rack.plan.switches}
    for link in rack.plan.links:
        if link.a.device in names and link.b.device in names:
            assert rack.heard(link.a.device, link.a.port) == [(link.b.device, link.b.port)]
            assert rack.heard(link.b.device, link.b.port) == [(link.a.device, link.a.port)]


def test_every_vtep_has_every_other_for_each_vni(rack):
    """A VTEP misses another in a VNI that both have."""
    vteps = {switch.name: switch.vtep.partition("/")[0] for switch in rack.plan.switches if switch.vtep}
    for switch in rack.plan.switches:
        if not switch.vtep:
            continue
        found = rack.show(switch.name, "evpn vni")
        assert set(found) == {str(vlan.vni) for vlan in switch.vlans if vlan.vni}
        others = {vtep for name, vtep in vteps.items() if name != switch.name}
        assert all(set(row["remote-vtep"]) == others for row in found.values())


def test_each_segment_is_on_its_members_and_one_forwards(rack):
    """An Ethernet segment misses a member, or has no forwarder, or two."""
    segments: dict[str, list[dict]] = {}
    for switch in rack.plan.switches:
        if any(bond.es_id for bond in switch.bonds):
            # A spare port has its bond already and no cable yet.
            cabled = {bond.name for bond in switch.bonds if rack.fabric.layer1.far(switch.name, bond.members[0])}
            for esi, row in rack.show(switch.name, "evpn multihoming esi").items():
                if row["local-interface"] in cabled:
                    segments.setdefault(esi, []).append(row["flags"])
                else:
                    assert "oper-up" not in row["flags"]
    for flags in segments.values():
        local = [row for row in flags if "local" in row]
        assert len(local) == 2
        assert all("oper-up" in row and "remote" in row and "ready-for-bgp" in row for row in local)
        assert sum("designated-forward" in row for row in local) == 1


def test_vnis_of_segments_are_the_same_on_all_members(rack):
    """Members of a segment differ in VNIs where the plan has none that differ."""
    for switch in rack.plan.switches:
        if any(bond.es_id for bond in switch.bonds):
            rows = rack.show(switch.name, "evpn multihoming bgp-info esi")
            assert not any(row["inconsistent-vni-count"] for row in rows.values())


def test_every_l3vni_is_up_and_reaches_its_peers(rack):
    """A layer 3 VNI is down, or a VRF does not hear of the same VRF elsewhere."""
    for switch in rack.plan.switches:
        for vrf in switch.vrfs:
            if vrf.l3vni:
                assert rack.show(switch.name, f"vrf {vrf.name} evpn")["state"] == "up"
                assert rack.show(switch.name, f"vrf {vrf.name} evpn nexthop-vtep")


def test_macs_are_where_the_hosts_are(rack):
    """A MAC of nodes.csv is learned on another port than its host is cabled to."""
    known = {(device.name, port): mac for device in rack.plan.devices for port, mac in device.macs}
    for link in rack.plan.links:
        if link.a.device not in rack.fabric.machines or link.kind != "management":
            continue
        mac = known.get((link.b.device, link.b.port))
        if mac is None:
            continue
        table = rack.show(link.a.device, "bridge domain br_default mac-table").values()
        assert [row["interface"] for row in table if row["mac"] == mac.lower()] == [link.a.port]


def test_the_fabric_carries_full_frames(rack):
    """A packet of the full MTU does not get from one VTEP to another, or a larger one does."""
    vteps = [switch for switch in rack.plan.switches if switch.vtep]
    for one in vteps:
        for two in vteps:
            if one is not two:
                address = ipaddress.ip_interface(two.vtep).ip
                assert "1 received" in rack.run(one.name, f"ping -M do -c 1 -s 9188 {address}")
                assert "message too long" in rack.run(one.name, f"ping -M do -c 1 -s 9189 {address}")


def test_nothing_is_up_on_a_rack_that_is_not_configured():
    """A factory-fresh switch has VLANs, sessions or sub-ports; or its whole ports are down before ZTP."""
    rack = Rack("xe9680-spectrum-x", configured=False)
    rack.later()
    assert rack.heard("oob01", "swp1") == []
    assert rack.oper("oob01", "swp1") == "up"
    assert rack.show("be01", "system")["hostname"] == "cumulus"
    with pytest.raises(KeyError):
        rack.show("be01", "interface swp1s0")
    with pytest.raises(KeyError):
        rack.show("fe01", "vrf default router bgp neighbor")
