"""An applied NVUE tree as objects of the kernel, and the lines that lead from one state to another."""

import pytest

from rackwright.twin.dataplane import NotEmulated
from rackwright.twin.frr.kernel import Features, Object, changes, objects, settle

BARE = Features(vrf=False, bond=False, vlan_filtering=False)
WHOLE = Features(vrf=True, bond=True, vlan_filtering=True)
UP = {"link": {"state": {"up": {}}}, "type": "swp"}


def evpn():
    """Return a switch with one VLAN in a VRF, its VNI, its gateway, an access port and an L3VNI."""
    return {
        "bridge": {"domain": {"br_default": {"vlan": {"10": {"vni": {"10010": {}}}}}}},
        "nve": {"vxlan": {"enable": "on", "source": {"address": "10.0.0.1"}}},
        "interface": {
            "lo": {"ip": {"address": {"10.0.0.1/32": {}}}},
            "swp1": {**UP, "bridge": {"domain": {"br_default": {"access": 10}}}},
            "swp2": UP,
            "vlan10": {
                "type": "svi",
                "vlan": 10,
                "ip": {"vrf": "RED", "address": {"192.168.1.2/24": {}}, "vrr": {"address": {"192.168.1.1/24": {}}}},
            },
        },
        "vrf": {"RED": {"evpn": {"enable": "on", "vni": {"5001": {}}, "vlan": 3001}}},
    }


PORTS = {"swp1": "cable1a", "swp2": "cable2b"}


def text(found):
    """Return every line that makes something."""
    return "\n".join(line for item in found for line in item.make)


def test_the_bare_form_has_a_bridge_a_vlan_and_a_namespace_a_vrf():
    """Without VLAN filtering each VLAN is a bridge in its VRF's namespace, with a VXLAN device and a private macvlan."""
    made = text(objects(evpn(), PORTS, BARE))
    assert "ip netns add RED" in made
    assert "ip -n RED link add vlan10 type bridge stp_state 0" in made
    assert "ip link add vni10010 type vxlan id 10010 dstport 4789 local 10.0.0.1 nolearning" in made
    assert "ip -n RED link add link vlan10 name vlan10-v0 type macvlan mode private" in made
    assert "ip -n RED link set swp1 master vlan10" in made
    assert "vlan_filtering" not in made


def test_the_whole_form_is_that_of_cumulus():
    """With everything at hand there is one bridge, one VXLAN device, VRF devices, and the tunnel id of each VLAN."""
    made = text(objects(evpn(), PORTS, WHOLE))
    assert "ip link add RED type vrf table 1001" in made
    assert "type bridge vlan_filtering 1" in made
    assert "bridge vlan add dev vxlan48 vid 10 tunnel_info id 10010" in made
    assert "bridge vlan add dev vxlan48 vid 3001 tunnel_info id 5001" in made
    assert "bridge vlan add vid 10 dev swp1 pvid untagged" in made
    assert "netns" not in made


def test_a_port_without_a_cable_and_a_split_cage_are_no_devices():
    """Only what is plugged has a device, and a cage that is split is none itself."""
    tree = {"interface": {"swp1": {"link": {"breakout": {"2x": {}}}}, "swp1s0": UP, "swp1s1": UP}}
    found = {item.key for item in objects(tree, {"swp1s0": "cable1a", "swp1": "cable0a"}, BARE)}
    assert found == {("port", "swp1s0"), ("known", "swp1s0"), ("up", "swp1s0")}


def test_a_port_without_state_up_stays_down():
    """Sub-ports are brought up explicitly (nvue.md 3.2)."""
    found = objects({"interface": {"swp1": {"type": "swp"}}}, {"swp1": "cable1a"}, BARE)
    assert {item.key[0] for item in found} == {"port", "known"}
    assert " up" not in text(found)


@pytest.mark.parametrize("features", [BARE, WHOLE])
def test_every_port_has_its_name_and_zebra_knows_it_before_one_comes_up(features):
    """An address that comes with a link whose new name zebra has not heard of is lost: a neighbour is never found."""
    lines = text(objects({"interface": {"swp1": UP, "swp2": UP}}, PORTS, features)).splitlines()
    named, waits, up = ([at for at, line in enumerate(lines) if word in line] for word in (" name ", "vtysh", " up"))
    assert max(named) < min(waits) < min(up)
    assert "^swp1 " in lines[waits[0]]
    assert "^swp2 " in lines[waits[0]]


def test_a_port_that_is_pulled_or_changed_is_waited_for_again():
    """One port fewer, or one made anew, asks zebra once more; equal objects give no line."""
    both = objects({"interface": {"swp1": UP, "swp2": UP}}, PORTS, WHOLE)
    wide = objects(
        {"interface": {"swp1": {**UP, "link": {"state": {"up": {}}, "mtu": 1500}}, "swp2": UP}}, PORTS, WHOLE
    )
    one = objects({"interface": {"swp1": UP, "swp2": UP}}, {"swp1": "cable1a"}, WHOLE)
    assert changes(both, both) == ()
    assert any("vtysh" in line for line in changes(both, wide))
    assert any("vtysh" in line for line in changes(both, one))


@pytest.mark.parametrize(
    ("interface", "named"),
    [
        ({"bond1": {"type": "bond", "bond": {"member": {"swp1": {}}}}}, r"bonds \(bond1\)"),
        (
            {"swp1": {"bridge": {"domain": {"br_default": {"untagged": 1, "vlan": {"20": {}}}}}}},
            r"tagged VLANs \(swp1\)",
        ),
    ],
)
def test_what_the_kernel_cannot_carry_is_refused_by_name(interface, named):
    """Bonds and tagged VLANs are no silent gap of the bare form: they are refused, with the way out."""
    with pytest.raises(NotEmulated, match=f"{named}.*frr-guest"):
        objects({"interface": interface}, {"swp1": "cable1a"}, BARE)


def test_equal_states_need_no_line():
    """An apply that changes nothing touches nothing."""
    found = objects(evpn(), PORTS, BARE)
    assert changes(found, found) == ()


def test_what_stands_on_a_changed_thing_is_made_anew():
    """A bridge that changes takes its ports out first and puts them back; what does not stand on it is left alone."""
    before = objects(evpn(), PORTS, WHOLE)
    tree = evpn()
    tree["nve"]["vxlan"]["source"]["address"] = "10.0.0.9"
    lines = changes(before, objects(tree, PORTS, WHOLE))
    assert any("vxlan48" in line and "local 10.0.0.9" in line for line in lines)
    assert any(line.startswith("bridge vlan add dev vxlan48 vid 10") for line in lines)
    assert not any("swp2" in line for line in lines)


def test_removals_come_first_and_in_reverse():
    """What was made last goes first, and a removal that finds nothing is no failure."""
    one, two = Object(("a",), ("make a",), ("end a",)), Object(("b",), ("make b",), ("end b",), (("a",),))
    assert changes((one, two), ()) == ("end b 2>/dev/null || :", "end a 2>/dev/null || :")
    assert changes((), (one, two)) == ("make a", "make b")


def test_the_bridge_of_an_l3vni_is_shown_to_zebra():
    """Only the bare form needs it: zebra finds the bridge of an L3VNI when it comes up."""
    assert settle(evpn(), BARE) == ("ip -n RED link set vlan3001_l3 down", "ip -n RED link set vlan3001_l3 up")
    assert settle(evpn(), WHOLE) == ()
