"""On every reference site: silence as it is, and each rule finds the single mistakes that are made in it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rackwright.check import Fabric
from rackwright.check.planned import of_plan
from rackwright.check.view_l3 import asn_of
from tests.mutations import fabrics, harness
from tests.mutations.large import part_of
from tests.mutations.of_routing import leaves_of, neighbours_in_plan
from tests.mutations.places import inner_ports, speakers
from tests.rendered import group, rendered

MUTATORS = harness.load()
WANTED = 20


def has_macs(fabric: Fabric) -> bool:
    """Say whether a nodes.csv tells any MAC."""
    return bool(fabric.macs)


def nearly_full(fabric: Fabric) -> bool:
    """Say whether a switch is split so far that one more split by eight, six ports more at the most, is too many."""
    for view in fabric.views.values():
        cages = view.hardware.cages if view.hardware else {}
        splits = [view.breakouts.get(cage) for cage in cages]
        ports = sum(1 if split is None or split.ways is None else split.ways for split in splits)
        if view.breakouts and view.hardware and ports + 6 > view.hardware.max_logical_ports:
            return True
    return False


def two_ways(fabric: Fabric) -> bool:
    """Say whether a switch reaches a third one through two neighbors of different ASNs."""
    nearby = {
        view.name: {fabric.far_ends[view.name, port][0] for port in inner_ports(fabric, view)}
        for view in speakers(fabric)
    }
    asn = {name: asn_of(fabric.views[name]) for name in nearby}
    for name, ways in nearby.items():
        through: dict[str, set[str]] = {}
        for way in (one for one in ways if asn[one] != asn[name]):
            for third in nearby[way] - {name}:
                through.setdefault(third, set()).add(asn[way])
        if any(len(asns) > 1 and asn[third] != asn[name] for third, asns in through.items()):
            return True
    return False


def leaves_by_ebgp(fabric: Fabric) -> bool:
    """Say whether two leaves of one fabric speak eBGP only; over iBGP all share one ASN, as they must."""
    return len(leaves_of(fabric)) > 1 and any(True for _ in neighbours_in_plan(fabric))


APPLIES: dict[str, Callable[[Fabric], bool]] = {
    "MANAGEMENT-MAC-TWICE": has_macs,
    "NVUE-ASN-PLAN": leaves_by_ebgp,
    "NVUE-ASPATH-IGNORE": two_ways,
    "NVUE-LOGICAL-PORTS": nearly_full,
}
"""Rules that have nothing to look at on some site, and when they have; every other rule applies to every site."""

SHARES = 2
"""Parts that the rules of a large site are tried in, so that two workers share the time."""


def tried(fabric: Fabric, share: slice = slice(None)) -> None:
    """Try rules on one site; fail with every fault, and with every rule that had too little to try, or more than none."""
    results = {rule: harness.attempt(fabric, MUTATORS[rule], WANTED) for rule in sorted(MUTATORS)[share]}
    assert [fault for _, faults in results.values() for fault in faults] == []
    wanted = {rule: WANTED if APPLIES.get(rule, bool)(fabric) else 0 for rule in results}
    assert {rule: made for rule, (made, _) in results.items()} == wanted


def test_what_does_not_apply_is_a_rule() -> None:
    """A rule that was renamed would be excused for nothing."""
    assert sorted(set(APPLIES) - set(MUTATORS)) == []


def test_every_reference_is_tried() -> None:
    """A site of the inventory that nobody mutates is a site that nobody tries."""
    sites = {path.parent.name for path in fabrics.INVENTORY.glob("*/site.yaml")}
    assert sites == {*fabrics.SMALL, *fabrics.LARGE, *fabrics.VERY_LARGE}


@pytest.mark.parametrize("name", fabrics.SMALL)
def test_a_mutation_is_one_leaf_or_one_link(name: str) -> None:
    """What is written is one value, never a tree; a key is taken away or renamed, a link or a row is changed."""
    fabric = fabrics.reference(name)
    edits = [item.apply.what for each in MUTATORS.values() for one in each for item in one.make(fabric)]
    written = [what for what in edits if what[0] == "set"]
    assert {what[0] for what in edits} == {
        "set",
        "drop",
        "rename",
        "link",
        "new link",
        "no link",
        "row",
        "range key",
    } - (set() if fabric.addresses or fabric.macs else {"row"})
    assert [what for what in written if isinstance(what[3], dict) and what[3]] == []


@pytest.mark.parametrize("name", fabrics.SMALL)
def test_the_reference_is_silent(name: str) -> None:
    """Nothing is found in what we render for a reference site."""
    assert harness.noise(fabrics.reference(name)) == []


@pytest.mark.slow(20)
@pytest.mark.parametrize("name", fabrics.SMALL)
def test_mistakes_in_a_reference_are_found(name: str) -> None:
    """Twenty different mistakes of each rule in a reference site are found where they are, and nothing else is."""
    tried(fabrics.reference(name))


@pytest.mark.slow
@pytest.mark.parametrize("name", fabrics.LARGE)
def test_a_large_reference_is_silent(name: str) -> None:
    """Nothing is found in a fabric of more than three hundred switches."""
    assert harness.noise(fabrics.reference(name)) == []


@pytest.mark.slow(30)
@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("name", fabrics.LARGE)
def test_mistakes_in_a_large_reference_are_found(name: str, share: int) -> None:
    """Twenty different mistakes of each rule are found there too, each judged in its neighbourhood."""
    tried(fabrics.reference(name), slice(share, None, SHARES))


@pytest.mark.slow(50)
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.xdist_group(group(name))) for name in fabrics.VERY_LARGE]
)
def test_mistakes_in_a_very_large_reference_are_found(name: str) -> None:
    """Twenty different mistakes of each rule are found in an evenly spread part of 3,296 switches."""
    tried(part_of(of_plan(*rendered(name))))
