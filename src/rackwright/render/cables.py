"""Cables as rows: ``cabling.csv`` a row a link, ``assemblies.csv`` a row a part."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from rackwright.plan.model import Link
from rackwright.render.parts import Part
from rackwright.render.slices import Slices, natural, number

__all__ = ["Cable", "assemblies", "cables", "cabling", "table"]

LEAST_WAYS: Final = 4
"""``assemblies.csv`` always has columns for so many B ends, so that its header is the same for most sites."""


class Cable(msgspec.Struct, frozen=True, gc=False):
    """One row of ``cabling.csv``; the order of the fields is the order of its columns, a contract."""

    a_device: str
    a_port: str
    b_device: str
    b_port: str
    speed_gbps: str
    lanes: int
    media: str
    part: str
    assembly: str
    way: str
    length_m: str
    a_side: str
    a_rack: str
    a_u: str
    b_rack: str
    b_u: str
    label: str
    fabric: str
    kind: str
    rail: str
    plane: str


def table(columns: Sequence[str], rows: Iterable[Iterable[object]]) -> bytes:
    """Print a CSV with a header, LF line ends and as few quotes as can be."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode()


def cables(slices: Slices) -> list[Cable]:
    """Return every link as a row, sorted by fabric in the order of the plan, then by the ``a`` end and its port."""
    ways = {
        index: (part, way)
        for part in slices.parts
        for way, connector in enumerate(part.connectors, 1)
        for index in connector.links
    }
    links = slices.plan.links
    return [_cable(slices, links[index], *ways.get(index, (None, 0))) for index in _ordered(links)]


def _ordered(links: Sequence[Link]) -> list[int]:
    """Return the indexes of the links as rows stand in the table: by fabric, ``a`` device and ``a`` port."""
    fabrics = {name: place for place, name in enumerate(dict.fromkeys(link.fabric for link in links))}
    devices = _ranks({link.a.device for link in links})
    ports = _ranks({link.a.port for link in links})
    # One number a link: a large site sorts tens of thousands.
    keys = [
        (fabrics[link.fabric] * len(devices) + devices[link.a.device]) * len(ports) + ports[link.a.port]
        for link in links
    ]
    return sorted(range(len(links)), key=keys.__getitem__)


def _ranks(names: set[str]) -> dict[str, int]:
    return {name: rank for rank, name in enumerate(sorted(names, key=natural))}


def _cable(slices: Slices, link: Link, part: Part | None, number_: int) -> Cable:
    assembly = part.assembly if part else None
    name = assembly.id if assembly else ""
    way = str(number_) if assembly and assembly.ways > 1 else ""
    # By place and not by name: this is called once a link, and keywords would cost a third more.
    return Cable(
        link.a.device, link.a.port, link.b.device, link.b.port, number(link.speed_gbps), link.lanes, link.media,
        assembly.part if assembly else "", name, way, number(assembly.length_m) if assembly else "",
        assembly.a_side if assembly else "", *slices.where(link.a.device), *slices.where(link.b.device),
        f"{name}/{way}" if way else name, link.fabric, link.kind, str(link.rail or ""), str(link.plane or ""),
    )  # fmt: skip


def cabling(rows: Iterable[Cable]) -> bytes:
    """Print ``cabling.csv``: one row a link."""
    return table(Cable.__struct_fields__, map(msgspec.structs.astuple, rows))


def assemblies(slices: Slices) -> bytes:
    """Print ``assemblies.csv``: one row a part, all its ends in it."""
    most = max([LEAST_WAYS, *(part.assembly.ways for part in slices.parts)])
    columns = ["assembly", "part", "ways", "used", "length_m", "a_device", "a_port", "a_side", "a_rack", "a_u"]
    columns += [f"b{way}_{word}" for way in range(1, most + 1) for word in ("device", "port")]
    return table(columns, (_assembly_row(slices, part, most) for part in slices.parts))


def _assembly_row(slices: Slices, part: Part, most: int) -> list[object]:
    assembly, ends = part.assembly, part.connectors
    row: list[object] = [assembly.id, assembly.part, assembly.ways, len(ends), number(assembly.length_m)]
    row += [part.device, part.port, assembly.a_side, *slices.where(part.device)]
    for end in ends:
        row += [end.device, end.port]
    return row + [""] * (2 * (most - len(ends)))
