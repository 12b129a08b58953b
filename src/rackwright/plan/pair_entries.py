"""What attaches to a leaf pair, resolved: which ports of which machines, in which split, under which name in the lock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rackwright.catalog.models import Breakout, Catalog, SwitchModel
from rackwright.intent.models import Attach, External, Site, Uplink
from rackwright.plan.cages import Cages, runs
from rackwright.plan.nodes import group_names
from rackwright.plan.wiring import HostPort, breakout, gbps, host_ports

__all__ = ["Entry", "link_split", "resolve_entry", "sides"]

_ONE_LANE = ("dr1", "fr1")
"""Media of one PAM4 lane."""


class Entry(NamedTuple):
    """One attach entry, resolved."""

    number: int
    attach: Attach
    key: str
    ports: tuple[HostPort, ...]
    names: tuple[str, ...]
    """Every machine up to the build-out target."""
    standing: int
    """Machines that stand now."""
    split: Breakout
    speed: float

    @property
    def by_link(self) -> bool:
        """The first link of every machine comes first, then the second of every one."""
        return self.attach.order == "links" if self.attach.order else self.attach.bond == "lacp"

    @property
    def per_leaf(self) -> int:
        """Ports of one machine on the fuller leaf."""
        leaves = sides(self)
        return max(leaves.count(0), leaves.count(1))


def resolve_entry(cages: Cages, index: int, attach: Attach, site: Site, catalog: Catalog) -> Entry | None:
    """Return an attach entry with its ports and machines, or None after saying why the switch cannot serve it."""
    groups = attach.every_group
    first = site.groups[groups[0]]
    model = catalog.servers[first.model]
    ports = host_ports(first, model, attach.nic or "", catalog, attach.adapters, attach.adapter_ports)
    speed = gbps(attach.speed) if attach.speed else float(ports[0].gbps if ports else 0)
    lanes = 1 if attach.media in _ONE_LANE else ports[0].lanes if ports else 0
    split = breakout(cages.model, speed, lanes, attach.split)
    if not ports or split is None:
        cages.wiring.wrong(
            ("fabrics", cages.fabric, "attach", index),
            f"{cages.model.name} has no split that gives {speed:g}G on {lanes} lane(s) for {attach.nic}",
            "name another NIC, media or split",
        )
        return None
    names = tuple(name for group in groups for name in group_names(group, site.groups[group], cages.lock))
    standing = sum(site.groups[group].count for group in groups)
    entry = Entry(index, attach, _entry_key(cages, attach, names), ports, names, standing, split, speed)
    if attach.bond == "lacp" and entry.per_leaf % (attach.bonds or 1):
        cages.wiring.wrong(
            ("fabrics", cages.fabric, "attach", index, "bonds"),
            f"{attach.bonds} bonds do not divide the {entry.per_leaf} ports that a machine has on a leaf",
            f"use one of {', '.join(str(n) for n in range(1, entry.per_leaf + 1) if entry.per_leaf % n == 0)}",
        )
        return None
    return entry


def _entry_key(cages: Cages, attach: Attach, names: Sequence[str]) -> str:
    """Return the name that the block of an entry has in the lock.

    That is the one where its machines have their slots, so that a group more or less in an entry moves none.
    """
    chosen = "".join([f".{number}" for number in attach.adapters] + [f".p{port}" for port in attach.adapter_ports])
    nic, pin = f"{attach.nic}{chosen}", f"@{runs(attach.at)[0].word}" if attach.at else ""
    own, key, view = f"{'+'.join(attach.every_group)}.{nic}", cages.fabric, cages.lock.view()
    held = view.get(f"{key}.cage", {})
    if f"{own}{pin}" in held:
        return own
    for pool in sorted(view):
        name = pool.removeprefix(f"{key}.slot.")
        if name != pool and name.partition(".")[2] == nic and f"{name}{pin}" in held and view[pool].keys() & set(names):
            return name
    return own


def sides(entry: Entry) -> list[int]:
    """Return the leaf (0 or 1) of each port of a machine."""
    total, spread = len(entry.ports), entry.attach.spread
    if isinstance(spread, tuple):
        return [spread[at % len(spread)] - 1 for at in range(total)]
    if spread == "serpentine":
        return [(0, 1, 1, 0)[at % 4] for at in range(total)]
    if spread in ("alternate", "rotate"):
        return [at % 2 for at in range(total)]
    return [at * 2 // max(total, 2) for at in range(total)]


def link_split(wish: External | Uplink, model: SwitchModel) -> Breakout | None:
    """Return the split of a leaf's cages for links that leave the fabric: to others, or to out-of-band switches."""
    speed = gbps(wish.speed)
    lanes = 1 if wish.media in _ONE_LANE else max(int(speed) // 100, 1)
    return breakout(model, speed, lanes, wish.split)
