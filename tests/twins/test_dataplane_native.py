"""Rendered configurations on real FRR, bridges and lldpd in namespaces of this machine."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rackwright.twin.frr import Local
from tests.twins import frr

pytestmark = [pytest.mark.slow(50), pytest.mark.xdist_group("dataplane")]


@pytest.fixture(scope="module")
def rails():
    """Return the rail site, its sessions established."""
    frr.require()
    with frr.lab(frr.RAILS, Local()) as lab:
        frr.eventually(lambda: not lab.findings("BGP-SESSIONS", "BFD-SESSIONS"))
        yield lab


@pytest.fixture(scope="module")
def overlay():
    """Return the EVPN site, its sessions established and its VNIs known to both leaves."""
    frr.require()
    with frr.lab(frr.OVERLAY, Local()) as lab:
        frr.eventually(lambda: not lab.findings("BGP-SESSIONS", "EVPN-VNIS", "EVPN-L3VNIS"))
        for host in ("red01", "red02", "blue01", "blue02"):
            # Two ports in one subnet: each answers for itself alone.
            lab.sh(host, "sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2")
        yield lab


def test_sessions_converge_and_bfd_watches_them(rails):
    """Every planned BGP session of the rail fabric is established on FRR, and BFD is up on each."""
    assert rails.passed("BGP-SESSIONS", "BFD-SESSIONS") >= {"BGP-SESSIONS", "BFD-SESSIONS"}


def test_a_rail_reaches_every_rail_at_full_mtu(rails):
    """A 9000-byte packet that may not be cut goes from a host's rail to another host over leaf and spine."""
    gpu = {item.name: {one.rail: one.address for one in item.interfaces} for item in rails.plan.hosts}
    source = gpu["gpu01"][1].partition("/")[0]
    for rail in (1, 5):
        target = gpu["gpu02"][rail].partition("/")[0]
        assert "3 received, 0% packet loss" in rails.ping("gpu01", target, source=source)
    assert "0 received" in rails.ping("gpu01", target, source=source, size=8973, count=1)


def test_equal_paths_are_used_together(rails):
    """A leaf has the other leaf's loopback over every one of its links to both spines."""
    other = next(switch for switch in rails.plan.switches if switch.name == "leaf02").loopback.partition("/")[0]
    uplinks = {port.name for port in rails.plan.switches[0].ports if port.kind == "fabric"}

    def used() -> set[str]:
        routes = frr.asked_json(rails, "leaf01", f"show ip route {other}/32").get(f"{other}/32", [])
        return {
            hop["interfaceName"]
            for route in routes
            if route.get("selected")
            for hop in route["nexthops"]
            if hop.get("fib")
        }

    # A session is established a moment before its routes are taken in, and beside others it may blink.
    frr.eventually(lambda: used() == uplinks, 60)
    assert used() == uplinks


def test_bfd_finds_a_dead_path_that_keeps_its_carrier(rails):
    """A link that swallows packets with both ends up is given up by BFD, and comes back."""
    port = next(port.name for port in rails.plan.switches[0].ports if port.kind == "fabric")
    table = f"table netdev hole {{ chain in {{ type filter hook ingress device {port} priority 0; policy drop; }}; }}"
    rails.sh("leaf01", f"nft -f - <<'T'\n{table}\nT")
    try:
        started = time.monotonic()
        found = frr.eventually(lambda: rails.findings("BFD-SESSIONS"), 15)
        assert time.monotonic() - started < 10
        assert {item.subject for item in found} <= {"leaf01", "spine01"}
        assert any(port in str(item) for item in found)
    finally:
        rails.sh("leaf01", "nft delete table netdev hole")
    frr.gone(lambda: rails.findings("BFD-SESSIONS", "BGP-SESSIONS"))


def test_true_lldp_passes_the_cabling_audit(rails):
    """What lldpd of switches and hosts says is the plan: no finding, and the check did judge."""
    frr.gone(lambda: rails.findings("LINK-CABLING"))
    assert "LINK-CABLING" in rails.passed("LINK-CABLING")


def test_what_a_veth_pair_does_not_tell_is_one_error_a_switch(rails):
    """Emulated links have no speed: that is not judged, and neither wrong nor right."""
    found = frr.eventually(lambda: [item for item in rails.findings("LINK-SPEED") if item.path == "speed"])
    assert {item.status for item in rails.findings("LINK-SPEED")} == {"error"}
    assert len({item.subject for item in found}) == len(found)
    assert "LINK-SPEED" not in rails.passed("LINK-SPEED")


@pytest.mark.parametrize(
    ("one", "two", "hint"),
    [
        ("leaf01:swp1s0", "leaf01:swp1s1", r"swap .*leaf01 swp1s0.* with .*swp1s1"),
        ("gpu01:b3140h-1", "gpu02:b3140h-1", r"swap .*gpu01 .*with .*gpu02"),
    ],
)
def test_a_swapped_cable_is_found_with_the_right_advice(rails, one, two, hint):
    """Two plugs exchanged, of one switch or of two hosts, are found by lldpd's own words; one swap repairs it."""
    frr.gone(lambda: rails.findings("LINK-CABLING"))
    rails.plane.swap(one, two)
    try:
        # While lldpd at one end has heard and at the other not, it cannot be told yet.
        # The daemons share the cores with other tests.
        frr.eventually(lambda: any(re.search(hint, item.remedy) for item in rails.findings("LINK-CABLING")), limit_s=90)
        frr.eventually(lambda: {item.status for item in rails.findings("LINK-CABLING")} == {"fail"})
    finally:
        rails.plane.swap(one, two)
    frr.gone(lambda: rails.findings("LINK-CABLING", "BGP-SESSIONS"))


def test_hosts_of_one_vlan_talk_over_the_tunnel_at_full_mtu(overlay):
    """A 9000-byte packet crosses VXLAN between the leaves within a VLAN."""
    assert "3 received, 0% packet loss" in overlay.ping("red01", "192.168.110.13", source="rail1")


def test_hosts_of_two_vlans_talk_through_the_anycast_gateway(overlay):
    """From one VLAN to another the gateway of the own leaf routes, and the tunnel carries the rest, at full MTU."""
    overlay.sh("red01", "ip route add 192.168.111.0/24 via 192.168.110.1 dev rail1")
    overlay.sh("blue02", "ip link set rail1 down; ip route add 192.168.110.0/24 via 192.168.111.1 dev rail2")
    said = overlay.ping("red01", "192.168.111.13", source="rail1")
    # What is flooded before an address is learnt may arrive twice.
    assert "3 received" in said
    assert " 0% packet loss" in said


def test_each_leaf_gives_the_other_its_macs_and_prefixes(overlay):
    """Type 2 for what a leaf has learnt, type 3 for its tunnel, type 5 for the subnets of its VRF."""
    overlay.ping("red01", "192.168.110.13", source="rail1", count=1)
    macs = overlay.plane.show("leaf01", ("evpn", "vni", "10900", "mac"))
    assert {item["type"] for item in macs.values()} == {"local", "remote"}
    routes = overlay.sh("leaf01", "vtysh -c 'show bgp l2vpn evpn route type prefix'")
    assert re.search(r"Route Distinguisher: 10\.255\.0\.2:\d+\n.*\[5\]:\[0\]:\[24\]:\[192\.168\.110\.0\]", routes)
    vnis = overlay.plane.show("leaf01", ("evpn", "vni"))
    assert vnis["10900"]["remote-vtep-count"] == 1


def test_an_apply_changes_what_differs_and_nothing_else(overlay):
    """A VLAN that goes takes its bridge and tunnel along; sessions and the other VLAN stay as they were."""
    before = overlay.plane.show("leaf01", ("vrf", "default", "router", "bgp", "neighbor"))
    tree = overlay.trees["leaf01"]
    less = {
        **tree,
        "bridge": {"domain": {"br_default": {"type": "vlan-aware", "vlan": {}}}},
        "interface": dict(tree["interface"]),
    }
    less["bridge"]["domain"]["br_default"]["vlan"]["900"] = tree["bridge"]["domain"]["br_default"]["vlan"]["900"]
    for name in [name for name, item in tree["interface"].items() if item.get("vlan") == 901]:
        del less["interface"][name]
    for name, item in tree["interface"].items():
        if item.get("bridge", {}).get("domain", {}).get("br_default", {}).get("access") == 901:
            less["interface"][name] = {key: value for key, value in item.items() if key != "bridge"}
    overlay.plane.applied("leaf01", less, frozenset())
    try:
        frr.eventually(lambda: set(overlay.plane.show("leaf01", ("evpn", "vni"))) == {"10900"})
        after = overlay.plane.show("leaf01", ("vrf", "default", "router", "bgp", "neighbor"))
        for name, item in before.items():
            assert after[name]["state"] == "established"
            assert after[name]["uptime"] >= item["uptime"]
    finally:
        overlay.plane.applied("leaf01", tree, frozenset())
    frr.gone(lambda: overlay.findings("EVPN-VNIS", "EVPN-L3VNIS"))


def test_nothing_outlives_the_process_that_holds_the_namespaces():
    """After kill -9 of the twin no daemon, no namespace and no veth of it is left."""
    frr.require()
    program = (
        "import sys, time\nfrom rackwright.twin.frr.lab import Lab\nfrom rackwright.twin.frr import Local\n"
        "lab = Lab(Local()); lab.add(['one', 'two']); lab.cable({'cable0': ('one', 'two')})\n"
        "lab.frr('one', 'hostname one\\n', vrf_namespaces=False); lab.lldpd({'two': 'x'})\n"
        "print(*[cell.pid for cell in lab.cells.values()], flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as child:
        pids = [int(word) for word in child.stdout.readline().split()]
        assert len(pids) == 2
        namespaces = {str(Path(f"/proc/{pid}/ns/net").readlink()) for pid in pids}
        child.send_signal(signal.SIGKILL)
    frr.eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), 10)
    frr.eventually(lambda: not namespaces & _living_namespaces(), 10)


def _living_namespaces():
    found = set()
    for place in Path("/proc").glob("[0-9]*/ns/net"):
        try:
            found.add(str(place.readlink()))
        except OSError:
            continue
    return found
