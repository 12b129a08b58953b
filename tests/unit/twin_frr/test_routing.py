"""An applied NVUE tree as FRR's configuration."""

import pytest

from rackwright.twin.dataplane import NotEmulated
from rackwright.twin.frr.routing import frr_conf

BGP = {"enable": "on", "autonomous-system": 65001, "router-id": "10.0.0.1"}


def conf(tree):
    """Return the lines of a switch called leaf01."""
    return frr_conf("leaf01", tree).splitlines()


def with_bgp(vrf, **rest):
    """Return a tree with global BGP and one VRF's."""
    return {"router": {"bgp": BGP}, "vrf": {vrf: {"router": {"bgp": {"enable": "on", **rest}}}}}


def test_a_switch_without_routing_has_only_its_name():
    """An empty tree gives the three lines that every switch has."""
    assert conf({}) == ["frr defaults datacenter", "hostname leaf01", "service integrated-vtysh-config", "end"]


def test_an_unnumbered_neighbour_takes_its_group():
    """Type unnumbered is FRR's `interface`; the group carries remote-as, BFD with all three timers, and TTL security."""
    group = {
        "remote-as": "external",
        "bfd": {"enable": "on", "detect-multiplier": 3, "min-rx-interval": 300, "min-tx-interval": 300},
        "ttl-security": {"hops": 1},
    }
    tree = with_bgp(
        "default",
        **{"peer-group": {"underlay": group}, "neighbor": {"swp1": {"type": "unnumbered", "peer-group": "underlay"}}},
    )
    lines = conf(tree)
    assert "router bgp 65001" in lines
    assert " bgp router-id 10.0.0.1" in lines
    assert " neighbor underlay remote-as external" in lines
    assert " neighbor underlay bfd 3 300 300" in lines
    assert " neighbor underlay ttl-security hops 1" in lines
    assert " neighbor swp1 interface peer-group underlay" in lines


def test_a_vrf_has_its_own_asn_rd_and_type_5_routes():
    """What stands in a VRF is printed below that VRF, with what it gives to EVPN; the L3VNI stands at the VRF."""
    tree = with_bgp(
        "RED",
        **{
            "autonomous-system": 65002,
            "router-id": "10.0.0.2",
            "rd": "10.0.0.2:5001",
            "address-family": {
                "ipv4-unicast": {
                    "enable": "on",
                    "redistribute": {"connected": {"enable": "on"}},
                    "route-export": {"to-evpn": {"enable": "on"}},
                    "route-import": {"from-vrf": {"enable": "on", "list": {"BLUE": {}}, "route-map": "LEAK"}},
                }
            },
        },
    )
    tree["vrf"]["RED"]["evpn"] = {"enable": "on", "vni": {"5001": {}}}
    lines = conf(tree)
    assert lines[lines.index("vrf RED") + 1] == " vni 5001"
    below = lines[lines.index("router bgp 65002 vrf RED") :]
    for line in (
        " bgp router-id 10.0.0.2", "  redistribute connected", "  import vrf BLUE", "  import vrf route-map LEAK",
        "  advertise ipv4 unicast", "  rd 10.0.0.2:5001",
    ):  # fmt: skip
        assert line in below


def test_policy_is_printed_in_the_order_of_its_numbers():
    """Rules go by number, not by text: 9 stands before 10; actions are a value in lists and a presence in maps."""
    rules = {
        "10": {"action": "permit", "match": {"10.0.0.0/8": {"max-prefix-len": 31}}},
        "9": {"action": "deny", "match": {"10.1.0.0/16": {}}},
    }
    maps = {"10": {"action": {"permit": {}}, "match": {"interface": "lo", "type": "ipv4"}}}
    tree = {"router": {"policy": {"prefix-list": {"P": {"rule": rules}}, "route-map": {"M": {"rule": maps}}}}}
    lines = conf(tree)
    assert lines[3:5] == ["ip prefix-list P seq 9 deny 10.1.0.0/16", "ip prefix-list P seq 10 permit 10.0.0.0/8 le 31"]
    assert lines[5:8] == ["route-map M permit 10", " match interface lo", "exit"]


def test_a_segment_and_an_uplink_are_told_to_frr():
    """A bond's segment gives id, system MAC and preference; what the segment leaves out comes from the switch."""
    tree = {
        "evpn": {"multihoming": {"enable": "on", "startup-delay": 5, "segment": {"mac-address": "44:38:39:ff:00:01"}}},
        "interface": {
            "bond1": {"evpn": {"multihoming": {"segment": {"enable": "on", "local-id": 7, "df-preference": 100}}}},
            "swp9": {"evpn": {"multihoming": {"uplink": "on"}}},
        },
    }
    lines = conf(tree)
    assert "evpn mh startup-delay 5" in lines
    at = lines.index("interface bond1")
    assert lines[at + 1 : at + 4] == [
        " evpn mh es-df-pref 100", " evpn mh es-id 7", " evpn mh es-sys-mac 44:38:39:ff:00:01",
    ]  # fmt: skip
    assert lines[lines.index("interface swp9") + 1] == " evpn mh uplink"


@pytest.mark.parametrize(
    ("tree", "named"),
    [
        ({"router": {"ospf": {"enable": "on"}}}, "ospf"),
        (with_bgp("default", **{"dynamic-neighbor": {"enable": "on"}}), "dynamic-neighbor"),
        (with_bgp("default", neighbor={"swp1": {"password": "x"}}), "password"),
        ({"vrf": {"RED": {"ptp": {}}}}, "ptp"),
    ],
)
def test_what_has_no_translation_is_refused_by_name(tree, named):
    """A routing object that FRR would silently not get is refused, so that no test passes on a line that is missing."""
    with pytest.raises(NotEmulated, match=named):
        frr_conf("leaf01", tree)


def test_a_vrf_that_is_a_namespace_says_so():
    """zebra keeps the namespace in its configuration: left out, the next reload takes the VRF and its VNIs away."""
    tree = {"vrf": {"RED": {"evpn": {"enable": "on", "vni": {"5001": {}}}}}}
    lines = frr_conf("leaf01", tree, vrf_namespaces=True).splitlines()
    assert lines[lines.index("vrf RED") : lines.index("exit-vrf")] == ["vrf RED", " vni 5001", " netns /run/netns/RED"]
    assert not any("netns" in line for line in conf(tree))
