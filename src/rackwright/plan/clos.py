"""How many switches a fabric needs: the formulas of fabric.md 3.2, in plain integers.

Radix is counted in ports of the NIC's speed (an SN5600 has 128 at 400G).
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Final, NamedTuple

__all__ = ["Clos", "clos", "parse_ratio", "spines", "split_ports", "uplinks"]

_MORE_LINKS: Final = 4
"""A leaf may have a quarter more uplinks than needed where that saves spines."""


class Clos(NamedTuple):
    """The figures of one plane."""

    tiers: int
    rails_per_leaf: int
    nodes_per_unit: int
    leaves_per_unit: int
    down: int
    """Ports a leaf has for NICs, when its unit is full."""
    up: int
    """Ports a leaf has to the spines; 0 without spines."""
    units: int
    leaves: int
    spines: int
    links_per_pair: int
    """Parallel links between a leaf and a spine."""
    pods: int
    spines_per_pod: int
    superspines: int
    super_links: int
    """Parallel links between a spine and a super-spine of its group."""


def parse_ratio(text: str) -> Fraction:
    """Return ``3:1`` as 3 (down over up); ValueError when it is no ratio of positive numbers."""
    down, _, up = text.partition(":")
    ratio = Fraction(int(down), int(up or "1"))
    if ratio <= 0:
        raise ValueError(text)
    return ratio


def spines(leaves: int, up: int, radix: int, least: int = 1) -> int:
    """Return the smallest s with s | up, leaves x up / s <= radix; 0 when there is none.

    Reproduces NVIDIA's XDR table at radix 144: 1, 2, 4, 8, 18 units of 8 leaves give 4, 8, 18, 36, 72.
    """
    floor = max(least, -(-leaves * up // radix))
    for count in range(floor, up + 1):
        if up % count == 0 and leaves * up // count <= radix:
            return count
    return 0


def uplinks(
    leaves: int, need: int, radix: int, *, most: int, step: int = 1, count: int = 0, more: bool = True
) -> tuple[int, int]:
    """Return the links up of a leaf, ``need`` at least and ``most`` at most, in steps, and the spines they go to; (0, 0): none fit.

    ``count`` spines where it is given. Otherwise as few as there can be: they must divide the links, so a few links ``more`` than
    needed may save many. 53 links want 53 spines, 54 only 9.
    """
    near = need + need // _MORE_LINKS + step if more else need
    tried = range(need, min(most if count else near, most) + 1, step)
    if count:
        return next(((up, count) for up in tried if up % count == 0 and leaves * up // count <= radix), (0, 0))
    above, up = min(((n, up) for up in tried if (n := spines(leaves, up, radix, least=2))), default=(0, 0))
    return up, above


def split_ports(radix: int, ratio: Fraction, multiple: int) -> tuple[int, int]:
    """Return (down, up) ports of a leaf: the most down, a multiple of ``multiple``, that the ratio allows."""
    for down in range(radix // multiple * multiple, 0, -multiple):
        up = down / ratio
        if up.denominator == 1 and down + up <= radix:
            return down, int(up)
    return 0, 0


def clos(
    *, radix: int, rails: int, rails_per_leaf: int, nodes: int, tiers: int, ratio: Fraction, ways: int, count: int = 0,
    more: bool = True,
) -> Clos:  # fmt: skip
    """Return the figures for ``nodes`` machines of ``rails`` NICs; ``ways`` is ports a cage; no spines: it cannot be.

    One tier: no spines, the whole leaf goes down. Two tiers: the leaf is shared by ``ratio``. Three: pods
    of radix / 2 leaves under super-spines. A fabric of less than one unit gets only the up ports it needs, and those that save
    spines unless ``more`` is said to be wrong. ``count`` states the spines of all pods together.
    """
    per_leaf = rails // rails_per_leaf
    if tiers == 1:
        per_unit = radix // rails_per_leaf
        return Clos(1, rails_per_leaf, per_unit, per_leaf, per_unit * rails_per_leaf, 0, 1, per_leaf, 0, 0, 1, 0, 0, 0)
    step = math.lcm(rails_per_leaf, ways)
    down, need = split_ports(radix, ratio, step)
    per_unit = down // rails_per_leaf
    if nodes < per_unit:
        wanted = nodes * rails_per_leaf / ratio
        need = min(need, -(-wanted.numerator // (wanted.denominator * ways)) * ways)
    units = max(1, -(-nodes // per_unit))
    leaves = units * per_leaf
    # A spine of three tiers has half of its ports up.
    ports, pods = (radix, 1) if tiers == 2 else (radix // 2, -(-leaves // (radix // 2)))
    in_pod, over = divmod(count, pods)
    up, in_pod = (0, 0) if over else uplinks(
        leaves if pods == 1 else ports, need, ports, most=radix - down, step=ways, count=in_pod, more=more
    )  # fmt: skip
    group = 0 if tiers == 2 else spines(pods, ports, radix)
    return Clos(
        tiers, rails_per_leaf, per_unit, per_leaf, down, up, units, leaves, in_pod * pods,
        up // in_pod if in_pod else 0, pods, in_pod, in_pod * group, ports // group if group else 0,
    )  # fmt: skip
