"""Which ports of a machine form one bond: asked where addresses are given and where hosts are configured."""

from __future__ import annotations

from collections.abc import Sequence

from rackwright.plan.model import Link

__all__ = ["bonds_of"]


def bonds_of(links: Sequence[Link], bonds: int) -> list[list[Link]]:
    """Return the links of one machine in one attach entry, bond by bond: each has as many on every leaf."""
    if bonds == 1:
        return [list(links)]
    leaves: dict[str, list[Link]] = {}
    for link in links:
        leaves.setdefault(link.a.device, []).append(link)
    widest = max(len(ports) for ports in leaves.values())
    found: dict[int, list[Link]] = {}
    for link in links:
        number = leaves[link.a.device].index(link) * bonds // widest
        found.setdefault(number, []).append(link)
    return [found[number] for number in sorted(found)]
