"""Cables as rows: ``cabling.csv`` a row a link, ``assemblies.csv`` a row a part."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

import msgspec

from rackwright.render.parts import Part
from rackwright.render.slices import Slices, number

__all__ = [
    "Cable",
    "assembly_columns",
    "assembly_lines",
    "cabling",
    "cabling_lines",
    "lines",
    "row_of",
    "table",
]


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

    @property
    def end(self) -> str:
        """What the label at the end of this link says: the cable, and of a splitter which end."""
        return f"{self.assembly} B{self.way}" if self.way else self.assembly


def lines(rows: Iterable[Iterable[object]]) -> bytes:
    """Print rows of a CSV, with LF line ends and as few quotes as can be."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def table(columns: Sequence[str], rows: Iterable[Iterable[object]]) -> bytes:
    """Print a CSV with a header."""
    return lines([columns]) + lines(rows)


def row_of(slices: Slices, index: int) -> Cable:
    """Return one link as a row, by its number."""
    link = slices.plan.links[index]
    at = slices.made_by.get(index)
    assembly = None if at is None else slices.plan.assemblies[at]
    name = assembly.id if assembly else ""
    way = str(slices.way(index)) if assembly and assembly.ways > 1 else ""
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


def cabling_lines(rows: Iterable[Cable]) -> bytes:
    """Print rows of ``cabling.csv`` without its header."""
    return lines(map(msgspec.structs.astuple, rows))


def assembly_columns(slices: Slices) -> list[str]:
    """Return the header of ``assemblies.csv``: as many B ends as the part with the most ways has."""
    columns = ["assembly", "part", "ways", "used", "length_m", "a_device", "a_port", "a_side", "a_rack", "a_u"]
    return columns + [f"b{way}_{word}" for way in range(1, slices.most_ways + 1) for word in ("device", "port")]


def assembly_lines(slices: Slices, parts: Iterable[Part]) -> bytes:
    """Print rows of ``assemblies.csv`` without its header."""
    return lines(_assembly_row(slices, part, slices.most_ways) for part in parts)


def _assembly_row(slices: Slices, part: Part, most: int) -> list[object]:
    assembly, ends = part.assembly, part.connectors
    row: list[object] = [assembly.id, assembly.part, assembly.ways, len(ends), number(assembly.length_m)]
    row += [part.device, part.port, assembly.a_side, *slices.where(part.device)]
    used = {end.way: (end.device, end.port) for end in ends}
    for way in range(1, most + 1):
        row += used.get(way, ("", ""))
    return row
