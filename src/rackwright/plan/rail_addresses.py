"""A /31 for every rail link, by formula from the machine's slot.

The pool is cut into equal blocks, one a rail (and plane); a block into parts of a power of two, one a
scalable unit; a part into /31s, one a machine. So one prefix means a rail, one a leaf's machines of a
rail, and a machine keeps its address whatever comes or goes.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rackwright.findings import Problem, problem
from rackwright.intent.models import Site
from rackwright.plan.address_model import Allocator, RailPair
from rackwright.plan.model import Layout, Link
from rackwright.plan.pools import text
from rackwright.plan.subnets import attach_network

__all__ = ["address_rails"]

STYLE = "p2p-31"


class _Shape(NamedTuple):
    """How one pool is cut."""

    pool: str
    base: int
    rails: int
    block: int
    """Addresses of one block."""
    unit: int
    """Links that one unit has room for."""
    per_unit: int
    """Machines of one unit."""
    plane: int
    """The least plane number; planes are counted from it."""

    def prefix(self, plane: int, rail: int) -> str:
        """Return the prefix of a block."""
        length = 33 - self.block.bit_length()
        return f"{text(self.base + self._block(plane, rail))}/{length}"

    def at(self, plane: int, rail: int, slot: int) -> int:
        """Return the even address of a machine's pair, as a number."""
        unit, place = divmod(slot, self.per_unit)
        return self.base + self._block(plane, rail) + 2 * (unit * self.unit + place)

    def _block(self, plane: int, rail: int) -> int:
        return ((plane - self.plane) * self.rails + rail - 1) * self.block


def address_rails(
    site: Site, links: Sequence[Link], lock: Allocator, places: Mapping[tuple[str, str], int],
    layouts: Sequence[Layout],
) -> tuple[dict[tuple[str, str], RailPair], dict[tuple[str, int, int], str], list[Problem]]:  # fmt: skip
    """Return the pair of each (device, port), the prefix of each (network, plane, rail), and problems."""
    problems: list[Problem] = []
    pairs: dict[tuple[str, str], RailPair] = {}
    blocks: dict[tuple[str, int, int], str] = {}
    by_fabric = {layout.fabric: layout for layout in layouts}
    for name, found in _by_network(site, links).items():
        fabrics = sorted({link.fabric for link in found})
        if len(fabrics) > 1:
            problems.append(
                _wrong(
                    ("networks", name),
                    f"networks.{name} is the rail network of {', '.join(fabrics)}: their blocks would lie on each other",
                    "give each fabric a network with a pool of its own",
                )
            )
            continue
        slots = {device: slot for (fabric, device), slot in places.items() if fabric == fabrics[0]}
        shape = _shape(site, name, found, slots, by_fabric.get(fabrics[0]), lock, problems)
        if shape:
            _pair(name, shape, found, slots, pairs, blocks)
    return pairs, blocks, problems


def _by_network(site: Site, links: Sequence[Link]) -> dict[str, list[Link]]:
    wanted = {name for name, network in site.networks.items() if network.style == STYLE}
    found: dict[str, list[Link]] = {}
    chosen: dict[tuple[str, int], str] = {}
    for link in links:
        if link.kind != "host":
            continue
        entry = (link.fabric, link.attach)
        if entry not in chosen:
            chosen[entry] = attach_network(site, link)
        if chosen[entry] in wanted:
            found.setdefault(chosen[entry], []).append(link)
    return found


def _pair(
    name: str, shape: _Shape, links: Sequence[Link], slots: Mapping[str, int],
    pairs: dict[tuple[str, str], RailPair], blocks: dict[tuple[str, int, int], str],
) -> None:  # fmt: skip
    for link in links:
        rail, slot = max(link.rail, 1), slots.get(link.b.device)
        key = (name, link.plane, rail)
        if key not in blocks:
            blocks[key] = shape.prefix(link.plane, rail)
        if slot is not None:
            even = shape.at(link.plane, rail, slot)
            pairs[(link.b.device, link.b.port)] = RailPair(
                f"{text(even + 1)}/31", f"{text(even)}/31", shape.pool, blocks[key], rail, link.a.device, link.a.port
            )


def _shape(
    site: Site, name: str, links: Sequence[Link], slots: Mapping[str, int], layout: Layout | None, lock: Allocator,
    problems: list[Problem],
) -> _Shape | None:  # fmt: skip
    """Return how the pool is cut; the first cut is kept in the lock, so growth moves no block."""
    text_pool = site.networks[name].pool or ""
    path = ("networks", name, "pool")
    try:
        pool = ipaddress.IPv4Network(text_pool)
    except ValueError:
        problems.append(_wrong(path, f"networks.{name}.pool {text_pool!r} is no IPv4 prefix", "write 10.200.0.0/16"))
        return None
    held = f"networks.{name}.shape"
    planes = {link.plane for link in links}
    last = max(slots.values(), default=0)
    per_unit = lock.keep(held, "machines a unit", layout.nodes_per_unit if layout else last + 1)
    rails = lock.keep(held, "rails", _power(max((1, *(link.rail for link in links)))))
    blocks = lock.keep(held, "blocks", rails * _power(max(planes) - min(planes) + 1))
    unit = _power(per_unit)
    block = pool.num_addresses // blocks
    shape = _Shape(text_pool, int(pool.network_address), rails, block, unit, per_unit, min(planes))
    target = max(layout.max_nodes if layout else 0, last + 1)
    whole, part = divmod(target - 1, per_unit)
    need = 2 * (whole * unit + part + 1)
    if need > block:
        length = pool.prefixlen - ((need - 1) // max(block, 1)).bit_length()
        problems.append(
            _wrong(
                path,
                f"networks.{name}.pool {text_pool} gives each of {blocks} rails {block:,} addresses; "
                f"{target:,} machines need {need:,} a rail",
                f"use a /{max(length, 8)}",
            )
        )
        return None
    return shape


def _power(number: int) -> int:
    return 1 << (number - 1).bit_length()


def _wrong(path: Sequence[str], message: str, remedy: str) -> Problem:
    return problem("plan.addresses", message, path=path, remedy=remedy)
