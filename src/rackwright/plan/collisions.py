"""Ports that two wishes claim: what is pinned may lie on something else, and then the site must say which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rackwright.catalog.models import Catalog
from rackwright.findings import Problem, problem
from rackwright.intent.models import Site
from rackwright.plan.cages import port_range
from rackwright.plan.model import Link
from rackwright.plan.wiring import PortUse, Wiring, port_name

__all__ = ["collisions"]

Clash = tuple[str, str, PortUse, PortUse]
"""Port, what is wrong with it, the earlier use, the later use."""


def collisions(site: Site, catalog: Catalog, wiring: Wiring) -> list[Problem]:
    """Return a problem for each two wishes that want one sub-port, split one cage in two ways, or use a disabled cage.

    The two leaves of a pair are laid out alike: what clashes on both is told once, at the later wish.
    """
    told: dict[tuple[tuple[str, ...], str, tuple[str, ...]], tuple[str, int]] = {}
    for device in wiring.devices:
        fabric = site.fabrics.get(device.fabric)
        if fabric is None or (fabric.family == "rails" and not fabric.links):
            continue  # laid out by one formula: nothing there is pinned
        model = catalog.switches[device.model]
        blocking = {split.mode for split in model.port_groups[0].breakouts if split.disables_next}
        for port, what, first, second in _clashes(wiring.ports.get(device.name, ()), blocking):
            path = ("fabrics", device.fabric, *_place(second))
            key = (path, what, _place(first))
            sentence = f"{device.name}:{port} {what} {_word(first)} and for {_word(second)}"
            told[key] = (told[key][0], told[key][1] + 1) if key in told else (sentence, 1)
    return [
        problem(
            "plan.ports",
            sentence + (f" (and {cases - 1} more like it)" if cases > 1 else ""),
            path=path,
            remedy="pin one of them elsewhere with `at`, or leave `at` out to get the next free cages",
        )
        for (path, _, _), (sentence, cases) in told.items()
    ] + [*_set_aside(site, wiring), *_cabled_twice(wiring)]


def _set_aside(site: Site, wiring: Wiring) -> Iterator[Problem]:
    """Yield a problem for each reserved range that would shut down ports in use, or that is of no leaf."""
    for key, fabric in site.fabrics.items():
        leaves = [name for group in wiring.leaves.get(key, ()) for name in group]
        for word, wish in fabric.reserve.items():
            device, _, span = word.rpartition(":")
            if device and device not in leaves:
                yield problem(
                    "plan.ports", f"{device} is no leaf of {key}: nothing is set aside", path=("fabrics", key, "reserve", word),
                    remedy=f"name one of {', '.join(leaves[:4])}, or leave the name out for all" if leaves else "remove it",
                )  # fmt: skip
            cages = set(port_range(span)) if wish.admin == "down" else set()
            hit = [
                (name, use)
                for name in leaves
                if device in ("", name)
                for use in wiring.ports.get(name, ())
                if use.cage in cages and use.link >= 0
            ]
            if hit:
                name, use = hit[0]
                yield problem(
                    "plan.ports",
                    f"reserve {word} would shut down {len(hit)} port(s) in use, the first {name}:"
                    f"{port_name(use.cage, use.sub)} to {use.node}",
                    path=("fabrics", key, "reserve", word),
                    remedy="reserve other ports, or write `admin: none`",
                )


def _cabled_twice(wiring: Wiring) -> Iterator[Problem]:
    """Yield a problem for each two wishes that cable the same ports of machines, or the same eth0."""
    held: dict[tuple[str, str], Link] = {}
    told: dict[tuple[tuple[str, ...], tuple[str, ...]], tuple[str, int]] = {}
    for link in wiring.links:
        if link.kind in ("host", "management", "pdu"):
            other = held.setdefault((link.b.device, link.b.port), link)
            if other is not link:
                sentence = (
                    f"{link.b.device}:{link.b.port} is cabled twice: to {other.a.device} for {'.'.join(_wish(other))}"
                    f" and to {link.a.device}"
                )
                key = (_wish(link), _wish(other))
                told[key] = (told[key][0], told[key][1] + 1) if key in told else (sentence, 1)
    for (path, _), (sentence, cases) in told.items():
        yield problem(
            "plan.ports",
            sentence + (f" (and {cases - 1} more like it)" if cases > 1 else ""),
            path=path,
            remedy="name each port once: machines by `adapters` or `ports`, switches by fabric or name",
        )


def _wish(link: Link) -> tuple[str, ...]:
    return ("fabrics", link.fabric, *(("attach", str(link.attach)) if link.attach >= 0 else ("links",)))


def _clashes(uses: Sequence[PortUse], blocking: set[str]) -> Iterator[Clash]:
    """Yield what clashes on one switch; a cage in two splits is told once, not for each of its sub-ports."""
    ports: dict[tuple[int, int], PortUse] = {}
    cages: dict[int, PortUse] = {}
    for use in uses:
        other = cages.setdefault(use.cage, use)
        if other.mode != use.mode or (use.state == "spare") != (other.state == "spare"):
            yield port_name(use.cage, -1), "is wanted in two ways: for", other, use
            continue
        other = ports.setdefault((use.cage, use.sub), use)
        if other is not use:
            yield port_name(use.cage, use.sub), "is laid out twice: for", other, use
    for cage, use in cages.items():
        above = cages.get(cage - 1)
        if above is not None and above.mode in blocking:
            yield port_name(cage, -1), f"is shut off by the {above.mode} split of swp{cage - 1}: for", above, use


def _place(use: PortUse) -> tuple[str, ...]:
    """Return the place in the fabric's section that laid a port out."""
    if use.kind == "external":
        return ("external", str(use.attach), "at")
    if use.attach >= 0:
        return ("attach", str(use.attach))
    return {"isl": ("isl",), "spare": ("spare",)}.get(use.kind, ())


def _word(use: PortUse) -> str:
    """Name a use in the words of the site file."""
    if use.kind in ("host", "reserved", "external") and use.attach >= 0:
        return f"{'external' if use.kind == 'external' else 'attach'} {use.attach + 1}" + (
            f" ({use.node})" if use.node else ""
        )
    return {"isl": "the links between the leaves", "spare": "spare cages", "uplink": "out-of-band uplinks"}.get(
        use.kind, f"{use.kind} {use.node}".strip()
    )
