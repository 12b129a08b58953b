"""The formulas of a Clos against every published table (fabric.md 3.1, 3.2)."""

from __future__ import annotations

from fractions import Fraction

import pytest

from rackwright.plan.clos import clos, parse_ratio, spines, split_ports

SN5600 = 128
"""Ports of 400G of an SN5600."""


@pytest.mark.parametrize(("units", "expected"), [(1, 4), (2, 8), (4, 18), (8, 36), (18, 72)])
def test_spines_of_the_superpod_xdr_table(units: int, expected: int) -> None:
    """NVIDIA's SuperPOD XDR table: radix 144, eight leaves a unit, 72 ports up."""
    assert spines(units * 8, 72, 144) == expected


@pytest.mark.parametrize(
    ("nodes", "units", "leaves", "spine_count", "links"),
    [(32, 1, 4, 2, 32), (64, 2, 8, 4, 16), (128, 4, 16, 8, 8), (256, 8, 32, 16, 4), (512, 16, 64, 32, 2),
     (1024, 32, 128, 64, 1)],
)  # fmt: skip
def test_two_tiers_of_the_table(nodes: int, units: int, leaves: int, spine_count: int, links: int) -> None:
    """The table of 32 to 1,024 machines of eight NICs, two rails a leaf."""
    shape = clos(radix=SN5600, rails=8, rails_per_leaf=2, nodes=nodes, tiers=2, ratio=Fraction(1), ways=2)
    assert (shape.units, shape.leaves, shape.spines, shape.links_per_pair) == (units, leaves, spine_count, links)
    assert shape.leaves * shape.up == shape.spines * shape.links_per_pair * shape.leaves


@pytest.mark.parametrize(
    ("gpus", "leaves", "spine_count", "supers"), [(16384, 256, 256, 128), (65536, 1024, 1024, 512)]
)
def test_three_tiers(gpus: int, leaves: int, spine_count: int, supers: int) -> None:
    """Leaves and spines are G / 64, super-spines G / 128."""
    shape = clos(radix=SN5600, rails=8, rails_per_leaf=2, nodes=gpus // 8, tiers=3, ratio=Fraction(1), ways=2)
    assert (shape.leaves, shape.spines, shape.superspines) == (leaves, spine_count, supers)
    assert shape.pods * shape.super_links <= SN5600


@pytest.mark.parametrize(
    ("rails_per_leaf", "nodes", "gpus"), [(1, 128, 1024), (2, 64, 512), (4, 32, 256), (8, 16, 128)]
)
def test_pure_rail_and_single_switch(rails_per_leaf: int, nodes: int, gpus: int) -> None:
    """Without spines k leaves take R / (8 / k) machines and k x R GPUs; one leaf takes R / 8."""
    shape = clos(radix=SN5600, rails=8, rails_per_leaf=rails_per_leaf, nodes=1, tiers=1, ratio=Fraction(1), ways=2)
    assert (shape.nodes_per_unit, shape.nodes_per_unit * 8, shape.spines) == (nodes, gpus, 0)


@pytest.mark.parametrize("rails_per_leaf", [1, 2, 4, 8])
@pytest.mark.parametrize("nodes", [1, 7, 32, 33, 200, 1000])
@pytest.mark.parametrize("ratio", ["1:1", "2:1", "3:1", "7:1", "3:2"])
def test_no_switch_is_overfull(rails_per_leaf: int, nodes: int, ratio: str) -> None:
    """Whatever the wish, down + up of a leaf and the links of a spine stay within the radix."""
    wish = parse_ratio(ratio)
    shape = clos(radix=SN5600, rails=8, rails_per_leaf=rails_per_leaf, nodes=nodes, tiers=2, ratio=wish, ways=2)
    assert shape.down + shape.up <= SN5600
    assert shape.spines >= 2
    assert shape.leaves * shape.links_per_pair <= SN5600
    used = min(nodes, shape.nodes_per_unit) * rails_per_leaf
    assert shape.up * wish >= used


@pytest.mark.parametrize(
    ("nodes", "rails_per_leaf", "tiers", "ratio", "up", "spine_count"),
    [(8, 1, 2, "1:1", 8, 2), (33, 1, 2, "1:1", 36, 3), (37, 1, 2, "1:1", 42, 3), (62, 1, 2, "1:1", 64, 4), (100, 4, 2, "2:1", 44, 4),
     (17, 2, 3, "1:1", 36, 3)],
)  # fmt: skip
def test_a_few_links_more_save_spines(nodes, rails_per_leaf, tiers, ratio, up, spine_count) -> None:
    """Spines divide a leaf's links: by the least links 62 machines would have 31 spines where four carry them."""
    shape = clos(
        radix=SN5600, rails=8, rails_per_leaf=rails_per_leaf, nodes=nodes, tiers=tiers, ratio=parse_ratio(ratio), ways=2
    )
    assert (shape.up, shape.spines) == (up, spine_count)
    assert shape.leaves * shape.links_per_pair <= SN5600


@pytest.mark.parametrize(("count", "up"), [(4, 64), (31, 62), (62, 62), (5, 0), (3, 0)])
def test_stated_spines_take_the_least_links_that_they_divide(count, up) -> None:
    """More spines than needed are the operator's to choose; a number that no leaf can be spread over evenly is none."""
    shape = clos(radix=SN5600, rails=8, rails_per_leaf=1, nodes=62, tiers=2, ratio=Fraction(1), ways=2, count=count)
    assert (shape.up, shape.spines) == (up, count if up else 0)


def test_split_ports_keeps_the_ratio() -> None:
    """A leaf at 3:1 has three ports down for each port up."""
    assert split_ports(128, Fraction(3), 2) == (96, 32)


@pytest.mark.parametrize("text", ["", "x:1", "0:1", "1:0", "-1:1"])
def test_a_wrong_ratio_is_refused(text: str) -> None:
    """A ratio is two positive numbers."""
    with pytest.raises((ValueError, ZeroDivisionError)):
        parse_ratio(text)
