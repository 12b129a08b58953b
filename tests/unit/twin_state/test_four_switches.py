"""Two leaves and two spines with trees written by hand: what they say against what a person counts."""

from __future__ import annotations

from typing import Any

import pytest

from rackwright.plan.model import Device, End, Link, Plan, Switch, SystemSettings
from rackwright.twin.dataplane import NotEmulated
from rackwright.twin.state import Fabric
from tests.unit.twin_state.racks import Hands

LEAVES, SPINES = ("leaf1", "leaf2"), ("spine1", "spine2")
ASN = {"leaf1": 65101, "leaf2": 65102, "spine1": 65199, "spine2": 65199}


def plan() -> Plan:
    """Return two SN5600 leaves, each with one 400G link to two spines and a 400G host."""
    devices = [Device(name=name, role="leaf", model="sn5600") for name in LEAVES]
    devices += [Device(name=name, role="spine", model="sn5600") for name in SPINES]
    devices += [
        Device(name=f"host{n}", role="server", model="xe9680", macs=(("nic", f"02:00:00:00:00:0{n}"),)) for n in (1, 2)
    ]
    links = [
        Link(
            "f", "fabric", End(spine, f"swp{1 + row}s0", 1 + row, 0), End(leaf, f"swp{33 + col}s0", 33 + col, 0), 400, 4
        )
        for row, leaf in enumerate(LEAVES)
        for col, spine in enumerate(SPINES)
    ]
    links += [
        Link("f", "host", End(f"leaf{n}", "swp1s0", 1, 0), End(f"host{n}", "nic", nic="b3140h"), 400, 4) for n in (1, 2)
    ]
    switches = tuple(
        Switch(name, "sn5600", device.role, "f", "5.12.1", "", "", SystemSettings())
        for device in devices[:4]
        for name in (device.name,)
    )
    return Plan("four", "r", "5.12.1", "", tuple(devices), tuple(links), (), switches, (), (), (), (), (), ())


def tree(name: str) -> dict[str, Any]:
    """Return the tree of one switch: eBGP unnumbered, a loopback, and on a leaf an EVPN access port."""
    number = 1 + (LEAVES + SPINES).index(name)
    leaf = name in LEAVES
    ports = ("swp33s0", "swp34s0") if leaf else ("swp1s0", "swp2s0")
    interfaces: dict[str, Any] = {"lo": {"type": "loopback", "ip": {"address": {f"10.0.0.{number}/32": {}}}}}
    for port in (*ports, *(("swp1s0",) if leaf else ())):
        interfaces[port.partition("s0")[0]] = {"type": "swp", "link": {"breakout": {"2x": {"lanes-per-port": "4"}}}}
        interfaces[port] = {"type": "swp", "link": {"state": {"up": {}}}}
    families = {"ipv4-unicast": {"enable": "on"}, "l2vpn-evpn": {"enable": "on"}}
    bgp = {
        "enable": "on",
        "address-family": {
            "ipv4-unicast": {"enable": "on", "redistribute": {"connected": {"enable": "on"}}},
            "l2vpn-evpn": {"enable": "on"},
        },
        "path-selection": {"multipath": {"aspath-ignore": "on"}},
        "peer-group": {"u": {"remote-as": "external", "address-family": families, "bfd": {"enable": "on"}}},
        "neighbor": {port: {"type": "unnumbered", "peer-group": "u"} for port in ports},
    }
    found: dict[str, Any] = {
        "system": {"hostname": name},
        "interface": interfaces,
        "router": {"bgp": {"enable": "on", "autonomous-system": ASN[name], "router-id": f"10.0.0.{number}"}},
        "vrf": {"default": {"router": {"bgp": bgp}}},
    }
    if leaf:
        interfaces["swp1s0"]["bridge"] = {"domain": {"br_default": {"access": 10}}}
        found["bridge"] = {"domain": {"br_default": {"vlan": {"10": {"vni": {"1010": {}}}}}}}
        found["evpn"] = {"enable": "on"}
        found["nve"] = {"vxlan": {"enable": "on", "source": {"address": f"10.0.0.{number}"}}}
    return found


@pytest.fixture
def four() -> tuple[Fabric, Hands]:
    clock = Hands()
    fabric = Fabric(plan(), clock)
    for name in (*LEAVES, *SPINES):
        fabric.applied(name, tree(name), frozenset())
    clock.at = 100
    return fabric, clock


def counts(fabric: Fabric, switch: str, port: str) -> tuple[int, int, int, int]:
    """Return prefixes received and sent, IPv4 and EVPN."""
    found = fabric.show(switch, ("vrf", "default", "router", "bgp", "neighbor", port))["address-family"]
    four, evpn = found["ipv4-unicast"], found["l2vpn-evpn"]
    return four["rx-prefix"], four["tx-prefix"], evpn["rx-prefix"], evpn["tx-prefix"]


def test_the_counts_are_those_of_a_person(four):
    """Prefix counts are others than counted by hand.

    A leaf hears from each spine that spine's loopback and the other leaf's. It knows four loopbacks and tells all.
    A spine hears from a leaf that leaf's own; the other spine's comes with its own AS in the path and is dropped.
    Each leaf has one type-2 and one type-3 route; a spine has none of its own and passes all on.
    """
    fabric, _ = four
    assert counts(fabric, "leaf1", "swp33s0") == (2, 4, 2, 4)
    assert counts(fabric, "spine1", "swp1s0") == (1, 3, 2, 4)


def test_the_way_to_the_other_leaf_is_over_both_spines(four):
    """The other leaf's loopback has not two next hops, or a spine's not one."""
    fabric, _ = four
    routes = fabric.show("leaf1", ("vrf", "default", "router", "rib", "ipv4", "route"))

    def hops(prefix: str) -> list[str]:
        return [via["interface"] for via in routes[prefix]["route-entry"]["1"]["via"].values()]

    assert sorted(hops("10.0.0.2/32")) == ["swp33s0", "swp34s0"]
    assert hops("10.0.0.3/32") == ["swp33s0"]
    assert hops("10.0.0.1/32") == ["lo"]
    assert set(routes) == {f"10.0.0.{n}/32" for n in (1, 2, 3, 4)}


def test_paths_over_other_ases_are_equal_only_when_the_path_is_ignored(four):
    """Without aspath-ignore the next hops over spines of different ASes stay equal (nvue.md 3.3)."""
    fabric, clock = four
    changed = tree("spine2")
    changed["router"]["bgp"]["autonomous-system"] = 65198
    fabric.applied("spine2", changed, frozenset())
    clock.at += 60
    path = ("vrf", "default", "router", "rib", "ipv4", "route")
    assert len(fabric.show("leaf1", path)["10.0.0.2/32"]["route-entry"]["1"]["via"]) == 2
    changed = tree("leaf1")
    del changed["vrf"]["default"]["router"]["bgp"]["path-selection"]
    fabric.applied("leaf1", changed, frozenset())
    clock.at += 60
    assert len(fabric.show("leaf1", path)["10.0.0.2/32"]["route-entry"]["1"]["via"]) == 1


def test_the_vni_has_the_other_leaf_and_its_host(four):
    """The VNI misses the other VTEP, or the host behind it."""
    fabric, _ = four
    found = fabric.show("leaf1", ("evpn", "vni", "1010"))
    assert (found["remote-vtep"], found["mac-count"], found["vlan"]) == ({"10.0.0.2": {"flood": "HER"}}, 2, 10)
    macs = fabric.show("leaf1", ("evpn", "vni", "1010", "mac"))
    assert macs["02:00:00:00:00:01"]["interface"] == "swp1s0"
    assert macs["02:00:00:00:00:02"]["remote-vtep"] == "10.0.0.2"


def test_route_targets_are_derived_from_as_and_vni(four):
    """The derived route targets are not ASN:VNI."""
    fabric, _ = four
    found = fabric.show("leaf1", ("evpn", "vni", "1010", "bgp-info"))
    assert set(found["export-route-target"]) == {"65101:1010"}
    assert (found["rd"], found["local-vtep"]) == ("10.0.0.1:2", "10.0.0.1")


def test_one_spine_less_is_one_next_hop_less(four):
    """A spine without power keeps carrying routes, or takes the other's with it."""
    fabric, clock = four
    fabric.power("spine1", on=False)
    routes = fabric.show("leaf1", ("vrf", "default", "router", "rib", "ipv4", "route"))
    assert list(routes["10.0.0.2/32"]["route-entry"]["1"]["via"]) == ["1"]
    assert "10.0.0.3/32" not in routes
    assert fabric.show("leaf1", ("evpn", "vni", "1010"))["remote-vtep"]
    fabric.power("spine2", on=False)
    assert fabric.show("leaf1", ("evpn", "vni", "1010"))["remote-vtep"] == {}
    fabric.power("spine1", on=True)
    clock.at += 2
    assert fabric.show("leaf1", ("interface", "swp33s0", "link"))["oper-status"] == "down"
    clock.at += 60
    assert counts(fabric, "leaf1", "swp33s0") == (2, 3, 2, 4)
    assert fabric.show("spine1", ("system",))["uptime"] == "0:01:02"


def test_crossed_spine_cables_are_no_wrong_topology_for_bgp(four):
    """Crossing two leaves' cables at one spine breaks sessions, where only the neighbours' names change."""
    fabric, clock = four
    fabric.swap("spine1:swp1s0", "spine1:swp2s0")
    clock.at += 60
    assert list(fabric.show("spine1", ("interface", "swp1s0", "lldp", "neighbor"))) == ["leaf2"]
    assert counts(fabric, "leaf1", "swp33s0") == (2, 4, 2, 4)


def test_a_cable_between_two_leaves_finds_no_session(four):
    """A spine's cable that ends in the other leaf's host port makes a session, or is not seen for what it is."""
    fabric, clock = four
    fabric.swap("spine1:swp1s0", "leaf2:swp1s0")
    clock.at += 60
    assert list(fabric.show("leaf1", ("interface", "swp33s0", "lldp", "neighbor"))) == ["leaf2"]
    assert list(fabric.show("spine1", ("interface", "swp1s0", "lldp", "neighbor"))) == ["host2"]
    row = fabric.show("leaf1", ("vrf", "default", "router", "bgp", "neighbor", "swp33s0"))
    assert row["state"] == "active"


def test_a_numbered_session_needs_matching_addresses(four):
    """A numbered session comes up between addresses that do not face each other."""
    fabric, clock = four

    def numbered(name: str, port: str, own: str, other: str) -> None:
        changed = tree(name)
        changed["interface"][port]["ip"] = {"address": {own: {}}}
        neighbors = changed["vrf"]["default"]["router"]["bgp"]["neighbor"]
        del neighbors[port]
        neighbors[other] = {"type": "numbered", "peer-group": "u"}
        fabric.applied(name, changed, frozenset())
        clock.at += 60

    def state() -> str:
        return str(fabric.show("leaf1", ("vrf", "default", "router", "bgp", "neighbor", "192.0.2.1"))["state"])

    numbered("leaf1", "swp33s0", "192.0.2.0/31", "192.0.2.1")
    assert state() == "idle"
    numbered("spine1", "swp1s0", "192.0.2.1/31", "192.0.2.9")
    assert state() == "active"
    numbered("spine1", "swp1s0", "192.0.2.1/31", "192.0.2.0")
    assert state() == "established"
    fabric.cut("leaf1:swp33s0")
    assert state() != "established"


def test_a_session_between_loopbacks_needs_a_route(four):
    """A multihop session comes up without a route, or stays when the route is gone."""
    fabric, clock = four
    for name, own, other in (("leaf1", "10.0.0.1", "10.0.0.2"), ("leaf2", "10.0.0.2", "10.0.0.1")):
        changed = tree(name)
        changed["vrf"]["default"]["router"]["bgp"]["neighbor"][other] = {
            "type": "numbered",
            "remote-as": "external",
            "update-source": own,
            "multihop-ttl": 3,
            "address-family": {"ipv4-unicast": {"enable": "off"}, "l2vpn-evpn": {"enable": "on"}},
        }
        fabric.applied(name, changed, frozenset())
    clock.at += 60
    path = ("vrf", "default", "router", "bgp", "neighbor", "10.0.0.2")
    assert fabric.show("leaf1", path)["state"] == "established"
    for spine in SPINES:
        fabric.power(spine, on=False)
    assert fabric.show("leaf1", path)["state"] != "established"


def test_what_no_source_describes_is_refused(four):
    """The twin makes up an answer."""
    fabric, _ = four
    for path in (("interface", "swp1s0", "counters"), ("mlag",), ("interface", "swp1s0", "link", "phy-diag")):
        with pytest.raises(NotEmulated):
            fabric.show("leaf1", path)
    for argv in (("mlxlink", "-d", "x"), ("l1-show", "swp1"), ("lldpctl",), ("vtysh", "-c", "show version"), ()):
        with pytest.raises(NotEmulated):
            fabric.run("leaf1", argv)


def test_a_ping_of_names_and_strange_options_is_refused(four):
    """A ping is answered whose meaning the twin does not know."""
    fabric, _ = four
    for argv in (("ping", "host1"), ("ping", "-R", "10.0.0.2"), ("ping",), ("ping", "-c")):
        with pytest.raises(NotEmulated):
            fabric.run("leaf1", argv)
    assert "network unreachable" not in fabric.run("leaf1", ("ping", "-c", "1", "10.0.0.2"))
    assert "100% packet loss" in fabric.run("leaf1", ("ping", "-c", "1", "203.0.113.1"))
