"""On every reference site: silence as it is, and each rule finds the single mistakes that are made in it."""

from __future__ import annotations

import pytest

from tests.mutations import fabrics, harness

MUTATORS = harness.load()
WANTED = 20

FEW = {
    "CABLE-4X-TO-OLD-SWITCH": "no reference site splits a cage by four toward an SN2201: they use one lane of eight",
    "CABLE-REACH": "NVIDIA's architectures give no racks, so no lengths",
    "MANAGEMENT-MAC-TWICE": "not every reference site has a nodes.csv",
    "NVUE-LOGICAL-PORTS": "no reference switch is so full that one more split is too many",
    "RAIL-SPLIT": "where all switches are joined, no single link cuts a port off",
    "NVUE-ASPATH-IGNORE": "a pair needs it where paths of different ASNs meet, which few references have",
    "NVUE-ASN-PLAN": "one ASN a leaf, and a pair has two leaves",
    "NVUE-AR-ECMP": "a pair has few ECMP groups",
    "NVUE-AR-ENDS": "a pair has few links with adaptive routing",
    "NVUE-AR-PORT": "a pair has few ports that could have it",
    "NVUE-AUTO-BGP": "one ASN a VRF",
    "NVUE-MULTIHOMING-EVERYWHERE": "one switch a VTEP",
    "NVUE-REDISTRIBUTE-LEAK": "one place a VRF",
    "NVUE-ROCE-POOLS": "two pools a switch",
    "NVUE-ROCE-VXLAN-DSCP": "two actions a VTEP",
    "NVUE-RR-CLIENT-EBGP": "one eBGP group a VRF",
    "NVUE-VLAN-WITHOUT-VNI": "one VLAN a network",
    "NVUE-VRF-LOOPBACK-127": "one loopback a VRF",
    "NVUE-VTEP-REUSED": "one source a VTEP",
    "NVUE-WJH-SPECTRUM4": "one setting a switch",
}
"""Rules that have room for fewer than twenty different mistakes on some reference, and why; the made fabrics have."""


SHARES = 4
"""Parts that the rules of a large site are tried in, so that two workers share the time."""


def tried(name: str, count: int, share: slice = slice(None)) -> None:
    """Try rules on one site; fail with every fault, and with every rule that had too little to try."""
    fabric = fabrics.reference(name)
    results = {rule: harness.attempt(fabric, MUTATORS[rule], count) for rule in sorted(MUTATORS)[share]}
    assert [fault for _, faults in results.values() for fault in faults] == []
    few = {rule: made for rule, (made, _) in results.items() if made < count and rule not in FEW}
    assert few == {}


@pytest.mark.parametrize("name", fabrics.SMALL)
def test_the_reference_is_silent(name: str) -> None:
    """Nothing is found in what we render for a reference site."""
    assert harness.noise(fabrics.reference(name)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", fabrics.SMALL)
def test_mistakes_in_a_reference_are_found(name: str) -> None:
    """Twenty single mistakes of each rule in a reference site are found where they are, and nothing else is."""
    tried(name, WANTED)


@pytest.mark.slow
@pytest.mark.parametrize("name", fabrics.LARGE)
def test_a_large_reference_is_silent(name: str) -> None:
    """Nothing is found in a fabric of more than three hundred switches."""
    assert harness.noise(fabrics.reference(name)) == []


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("name", fabrics.LARGE)
def test_mistakes_in_a_large_reference_are_found(name: str, share: int) -> None:
    """Twenty single mistakes of each rule are found there too, each judged in its neighbourhood."""
    tried(name, WANTED, slice(share, None, SHARES))
