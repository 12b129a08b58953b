"""Links become parts: which cable, how long, with which ends.

Links that leave one cage (or one side of a twin-port cage) in the same way are one part. Ids come from
the cage, so they stay when anything else of the site changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rackwright.catalog.models import CableModel, Catalog
from rackwright.findings import Problem, Severity, problem
from rackwright.plan.lengths import Hall
from rackwright.plan.model import Assembly, Device, End, Link, Placement, Rack
from rackwright.plan.parts import SINGLE_LAMBDA, Connectors, Shelf, Want
from rackwright.plan.wiring import PortUse

__all__ = ["assemble"]


class _Told(NamedTuple):
    """The worst case of a fault that many cables share."""

    rank: float
    message: str
    remedy: str
    severity: Severity
    cases: int


@dataclass
class _Bench:
    """What all cages are assembled with."""

    links: Sequence[Link]
    connectors: Connectors
    shelf: Shelf
    hall: Hall
    far: dict[tuple[str, str, int], int]
    """(device, port or empty, cage) -> links that end there."""
    told: dict[tuple[tuple[str, ...], str], _Told] = field(default_factory=dict)
    cuts: dict[tuple[Want, float], tuple[CableModel | None, float]] = field(default_factory=dict)
    """(what is wanted, metres needed) -> the row and the length to order."""
    awaited: Mapping[tuple[str, int], Sequence[PortUse]] = field(default_factory=dict)
    """(switch, cage) -> its ports that are laid out for machines which do not stand."""

    def tell(
        self, link: Link, kind: str, message: str, remedy: str, *, rank: float = 0, severity: Severity = "error"
    ) -> None:
        """Keep one fault a place and kind, with the worst case in words and the number of cases."""
        key = (_path(link), kind)
        held = self.told.get(key)
        cases = held.cases + 1 if held else 1
        if held and held.rank >= rank:
            self.told[key] = held._replace(cases=cases)
        else:
            self.told[key] = _Told(rank, message, remedy, severity, cases)


def assemble(
    links: Sequence[Link], devices: Sequence[Device], placements: Sequence[Placement], racks: Sequence[Rack],
    catalog: Catalog, *, row: Mapping[str, int] | None = None, rooms: Sequence[Placement] = (),
    ports: Mapping[str, Sequence[PortUse]] | None = None,
) -> tuple[tuple[Assembly, ...], list[Problem]]:  # fmt: skip
    """Return the parts that make the links, switch by switch and cage by cage; ``row`` as for :class:`Hall`.

    A splitter is as long as the machines to come ask for that will hang on it: ``rooms`` says where they will stand,
    ``ports`` what each port of a switch is laid out for.
    A part that the catalog does not have leaves an assembly with an empty ``part``: the link is there.
    """
    far: dict[tuple[str, str, int], int] = {}
    cages: dict[tuple[str, str, int], list[int]] = {}
    for index, link in enumerate(links):
        cages.setdefault(_hole(link.a), []).append(index)
        hole = _hole(link.b)
        far[hole] = far.get(hole, 0) + 1
    hall = Hall(devices, (*placements, *rooms), racks, row=row)
    bench = _Bench(links, Connectors(list(devices), catalog), Shelf(catalog), hall, far, awaited=_awaited(ports or {}))
    order = {device.name: at for at, device in enumerate(devices)}
    made: list[Assembly] = []
    for hole in sorted(cages, key=lambda at: (order.get(at[0], len(order)), at[2], at[1])):
        made += _cage(bench, hole, cages[hole])
    return tuple(made), [_problem(path, kind, told) for (path, kind), told in bench.told.items()]


def _awaited(ports: Mapping[str, Sequence[PortUse]]) -> dict[tuple[str, int], list[PortUse]]:
    """Return, by switch and cage, the ports that are laid out for a machine which does not stand."""
    found: dict[tuple[str, int], list[PortUse]] = {}
    for switch, uses in ports.items():
        for use in uses:
            if use.state == "reserved" and use.node:
                found.setdefault((switch, use.cage), []).append(use)
    return found


def _hole(end: End) -> tuple[str, str, int]:
    """Return the connector that an end sits in: the cage of a switch port, the port of anything else."""
    return (end.device, "" if end.cage else end.port, end.cage)


def _cage(bench: _Bench, hole: tuple[str, str, int], indexes: list[int]) -> list[Assembly]:
    """Return the parts of one cage."""
    if len(indexes) == 1:
        return [assembly for assembly, _ in _part(bench, hole, indexes)]
    flat = [found for bundle in _bundles(bench, indexes) for found in _part(bench, hole, bundle)]
    _one_module(bench, bench.links[indexes[0]], [row for _, row in flat if row])
    if len({assembly.id for assembly, _ in flat}) < len(flat):
        return [_renamed(bench, assembly) for assembly, _ in flat]
    return [assembly for assembly, _ in flat]


def _bundles(bench: _Bench, indexes: list[int]) -> Iterator[list[int]]:
    """Cut the links of a cage into bundles that one kind of part can make."""
    bundles: dict[tuple[object, ...], list[int]] = {}
    for index in sorted(indexes, key=lambda at: bench.links[at].a.sub):
        link = bench.links[index]
        kind = (link.media, bench.connectors.of(link.b), link.speed_gbps, link.lanes)
        bundles.setdefault(kind, []).append(index)
    yield from bundles.values()


def _part(bench: _Bench, hole: tuple[str, str, int], bundle: list[int]) -> list[tuple[Assembly, CableModel | None]]:
    """Return the parts of one bundle: one, or one a side."""
    first = bench.links[bundle[0]]
    hole_b = _hole(first.b)
    together = len(bundle) == 1 or all(_hole(bench.links[index].b) == hole_b for index in bundle)
    want = Want(
        first.media, bench.connectors.of(first.a), bench.connectors.of(first.b), first.speed_gbps, first.lanes,
        max(bench.links[bundle[-1]].a.sub, 0) + 1, together and bench.far[hole_b] == len(bundle),
    )  # fmt: skip
    rows = bench.shelf.fitting(want)
    if not rows:
        _no_part(bench, first, want)
        return [(_assembly(bench, hole, [index], "", None), None) for index in bundle]
    if want.media in SINGLE_LAMBDA and all(row.way_gbps > want.gbps for row in rows):
        rate = f"{rows[0].way_gbps:g}"
        bench.tell(
            first, "rate",
            f"{want.media} is one wavelength of {rate}G: {_name(first.a)} to {_name(first.b)} cannot run at {want.gbps:g}G",
            f"write speed: {rate}g, or take another media",
        )  # fmt: skip
    made: list[tuple[Assembly, CableModel | None]] = []
    for side, inside in _sides(bench, bundle, rows[0]):
        row, length = _cut(bench, inside, rows, want)
        made.append((_assembly(bench, hole, inside, side, row, length), row))
        whole = row.ways == 1 or len(inside) == row.ways
        if not whole:
            _note_unused(bench, first, row, len(inside))
    return made


def _sides(bench: _Bench, bundle: list[int], row: CableModel) -> Iterator[tuple[str, list[int]]]:
    """Yield (side, links) of each part that a bundle needs."""
    if row.a_sides == 1:
        yield "", bundle
        return
    half = bench.connectors.lanes(bench.links[bundle[0]].a) // 2
    parts: dict[tuple[str, int], list[int]] = {}
    for index in bundle:
        link = bench.links[index]
        parts.setdefault((_side(half, link), max(link.a.sub, 0) // row.ways), []).append(index)
    for (side, _), inside in sorted(parts.items()):
        yield side, inside


def _side(half: int, link: Link) -> str:
    """Return A for the first half of the lanes of a twin-port cage, B for the second."""
    return "B" if half and max(link.a.sub, 0) * link.lanes >= half else "A"


def _cut(bench: _Bench, bundle: list[int], rows: Sequence[CableModel], want: Want) -> tuple[CableModel, float | None]:
    """Return the row and the length to order; the row is the first that is long enough."""
    need, longest = -1.0, bench.links[bundle[0]]
    for index in bundle:
        link = bench.links[index]
        metres = bench.hall.needed_m(link.a.device, link.b.device)
        if metres is None:
            return rows[0], None
        if metres > need:
            need, longest = metres, link
    full = rows[0].ways <= len(bundle)
    for metres in (need,) if full else sorted({need, *_later(bench, bundle, rows[0], need)}, reverse=True):
        kept = bench.cuts.get((want, metres))
        if kept is None:
            kept = bench.cuts[want, metres] = _row_for(rows, metres)
        if kept[0] is not None:
            return kept[0], kept[1]
        if metres > need:
            _too_short_later(bench, longest, metres, rows, want)
    if not any(row.lengths_m for row in rows):
        return rows[0], need
    _too_short(bench, longest, need, rows, want)
    return rows[0], need


def _later(bench: _Bench, bundle: list[int], row: CableModel, need: float) -> Iterator[float]:
    """Yield the greater metres that machines to come on other ways of a part need: for them it would be changed."""
    first = bench.links[bundle[0]]
    half = bench.connectors.lanes(first.a) // 2 if row.a_sides > 1 else 0

    def part(sub: int) -> tuple[bool, int]:
        return (sub * first.lanes >= half, sub // row.ways) if half else (False, 0)

    same = part(max(first.a.sub, 0))
    for use in bench.awaited.get((first.a.device, first.a.cage), ()):
        metres = bench.hall.needed_m(first.a.device, use.node) if part(max(use.sub, 0)) == same else None
        if metres and metres > need:
            yield metres


def _too_short_later(bench: _Bench, link: Link, metres: float, rows: Sequence[CableModel], want: Want) -> None:
    """Warn of a splitter that will not reach the machines to come on its other ways."""
    longest = max((length for row in rows for length in row.lengths_m), default=0)
    if longest:
        bench.tell(
            link, "later",
            f"machines to come on the splitter at {link.a.device}:{link.a.port} stand {metres:g} m away,"
            f" {want.media} reaches {longest:g} m",
            "place them nearer, or choose a medium that reaches them before the cable is bought",
            rank=metres, severity="warning",
        )  # fmt: skip


def _row_for(rows: Sequence[CableModel], need: float) -> tuple[CableModel | None, float]:
    """Return the first row that is long enough and its shortest length that is; no row when none is."""
    for row in rows:
        fitting = [length for length in row.lengths_m if length >= need]
        if fitting and row.a_sides == rows[0].a_sides:
            return row, min(fitting)
    return None, need


def _assembly(
    bench: _Bench, hole: tuple[str, str, int], bundle: list[int], side: str, row: CableModel | None,
    length: float | None = None,
) -> Assembly:  # fmt: skip
    device, port, cage = hole
    name = f"swp{cage}" if cage else port
    if row is None:
        # No part is known to make it, so it is one with no other link of its cage.
        first = bench.links[bundle[0]]
        name, length = first.a.port, bench.hall.needed_m(first.a.device, first.b.device)
    return Assembly(
        f"{device}-{name}{side}", row.key if row else "", length, f"{device}:{cage or port}", side, tuple(bundle),
        row.ways if row else 1,
    )  # fmt: skip


def _renamed(bench: _Bench, assembly: Assembly) -> Assembly:
    """Name a part by its first sub-port, where the cage alone does not tell it from others."""
    end = bench.links[assembly.links[0]].a
    return Assembly(
        f"{end.device}-{end.port}", assembly.part, assembly.length_m, assembly.a, assembly.a_side, assembly.links,
        assembly.ways,
    )  # fmt: skip


def _one_module(bench: _Bench, link: Link, rows: Sequence[CableModel]) -> None:
    """Say when a cage would have to hold two modules: two copper parts, or two kinds of optic."""
    if len(rows) < 2 or (all(row.a_sides > 1 for row in rows) and len({row.a_optic for row in rows}) == 1):
        return
    names = " and ".join(sorted({row.key for row in rows}))
    bench.tell(
        link,
        "module",
        f"{link.a.device}:swp{link.a.cage} would hold {len(rows)} parts ({names}); one connector takes one",
        "use a fibre media, or lay the links out so that whole cages go the same way",
    )


def _no_part(bench: _Bench, link: Link, want: Want) -> None:
    if want.b == "qsfp28" and want.lanes == 1 and want.media not in SINGLE_LAMBDA:
        bench.tell(
            link,
            "lambda",
            f"{_name(link.b)} is QSFP28 and {_name(link.a)} one PAM4 lane of {want.gbps:g}G: "
            f"{want.media} cannot join them, only a single-lambda optic can",
            f"use media: {' or '.join(SINGLE_LAMBDA)}",
        )
        return
    others = bench.shelf.other_media(want, 0)
    bench.tell(
        link,
        "part",
        f"the catalog has no {want.media} part from {want.a or 'an unknown connector'} to "
        f"{want.b or 'an unknown connector'} for {want.gbps:g}G on {want.lanes} lane(s): "
        f"{_name(link.a)} to {_name(link.b)}",
        (f"use media: {' or '.join(others)}, or " if others else "") + "add the part in a catalog file of the site",
        severity="warning",
    )


def _too_short(bench: _Bench, link: Link, need: float, rows: Sequence[CableModel], want: Want) -> None:
    reach = max(length for row in rows for length in row.lengths_m)
    others = bench.shelf.other_media(want, need)
    bench.tell(
        link,
        "reach",
        f"no {want.media} is long enough: {need:g} m needed from {_name(link.a)} to {_name(link.b)}, "
        f"{want.media} reaches {reach:g} m",
        f"use media: {' or '.join(others)}" if others else "stand the devices nearer to each other",
        rank=need,
    )


def _note_unused(bench: _Bench, link: Link, row: CableModel, used: int) -> None:
    bench.tell(
        link,
        f"ways.{row.key}",
        f"{row.key} at {link.a.device}:swp{link.a.cage} has {row.ways - used} of {row.ways} ends without a link",
        "leave them for growth, or let more machines share the cage",
        severity="info",
    )


def _name(end: End) -> str:
    return f"{end.device}:{end.port}"


def _path(link: Link) -> tuple[str, ...]:
    """Return the place in the site file that chose the media of a link."""
    top = ("fabrics", link.fabric)
    if link.kind == "external" and link.attach >= 0:
        return (*top, "external", str(link.attach), "media")
    if link.attach >= 0:
        return (*top, "attach", str(link.attach), "media")
    if link.kind in ("uplink", "isl"):
        return (*top, link.kind, "media")
    return top


def _problem(path: tuple[str, ...], kind: str, told: _Told) -> Problem:
    more = f" (and {told.cases - 1} more like it)" if told.cases > 1 else ""
    return problem(
        f"plan.cables.{kind}", told.message + more, path=path, remedy=told.remedy, severity=told.severity,
        source="validated-design.md, cables and optics",
    )  # fmt: skip
