"""Rendered configurations in a guest whose kernel has bonds, VRF devices and VLAN filtering: the form of Cumulus Linux."""

import re

import pytest

from rackwright.twin.frr import Guest, cache, prepare
from tests.twins import frr

pytestmark = [pytest.mark.slow(100), pytest.mark.xdist_group("guest")]

GPU01, GPU02 = "10.20.0.10", "10.20.0.11"


@pytest.fixture(scope="module")
def pair():
    """Return the converged pair, its segments known to both leaves."""
    frr.require("qemu-system-x86_64", "mmdebstrap")
    with frr.lab(frr.MULTIHOMED, Guest(prepare(cache()))) as lab:
        # Asked cheaply while it settles: an emulated processor takes seconds for all that an audit asks.
        told = "vtysh -c 'show evpn es' | grep -c LR || :"
        for leaf in ("leaf01", "leaf02"):
            frr.eventually(lambda leaf=leaf: lab.sh(leaf, told).strip() == "2", 90)
        yield lab


def test_a_converged_pair_is_built_as_cumulus_builds_it(pair):
    """One VLAN-aware bridge, one VXLAN device with a tunnel id a VLAN, VRF devices, bonds of LACP; every EVPN check passes."""
    assert pair.plane.features.whole
    links = pair.sh("leaf01", "ip -br link")
    for name in ("br_default", "vxlan48", "INBAND", "vlan300@br_default", "vlan300-v0@vlan300"):
        assert re.search(rf"^{re.escape(name)}\b", links, re.MULTILINE), links
    assert re.search(r"300\s+10300", pair.sh("leaf01", "bridge vlan tunnelshow dev vxlan48"))
    wanted = {"EVPN-VNIS", "EVPN-SEGMENTS", "EVPN-MAC-VRF", "EVPN-L3VNIS"}
    assert pair.passed(*wanted) >= wanted


def test_a_host_on_two_leaves_sees_one_partner(pair):
    """Both legs of the host's bond are in one aggregator with the segment's MAC as their partner."""
    # LACP agrees with one leaf after the other.
    frr.eventually(lambda: "Number of ports: 2" in pair.sh("gpu01", "cat /proc/net/bonding/*"), 60)
    said = pair.sh("gpu01", "cat /proc/net/bonding/*")
    assert "Partner Mac Address: 44:38:39:ff:00:01" in said


def test_a_multihomed_host_survives_the_loss_of_a_leaf(pair, record_property):
    """With one leaf's links gone the host is still reached at full MTU; what was lost meanwhile is counted."""
    assert "3 received, 0% packet loss" in pair.ping("gpu01", GPU02, source=GPU01)
    pair.sh("gpu01", f"ping -n -i 0.2 -w 12 -I {GPU01} {GPU02} >/run/loss 2>&1 &")
    try:
        pair.plane.power("leaf01", on=False)
        frr.eventually(lambda: "1 received" in pair.ping("gpu01", GPU02, source=GPU01, count=1), 30)
        counted = r"(\d+) packets transmitted, (\d+) received"
        lost = frr.eventually(lambda: re.search(counted, pair.sh("gpu01", "cat /run/loss")), 30)
        sent, received = map(int, lost.groups())
        record_property("seconds without an answer", (sent - received) * 0.2)
        assert received >= sent // 3
        assert "3 received, 0% packet loss" in pair.ping("gpu01", GPU02, source=GPU01)
    finally:
        pair.plane.power("leaf01", on=True)
