"""Cables as rows: links, assemblies, labels; a splitter is one part with its ends."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import msgspec

from rackwright.plan.model import Assembly, End, Link
from rackwright.render.slices import Slices, natural, number

__all__ = [
    "Cable",
    "Connector",
    "Label",
    "assemblies",
    "cables",
    "cabling",
    "common_end",
    "connectors",
    "labels",
    "labels_csv",
    "table",
]

LEAST_WAYS: Final = 4


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


class Label(msgspec.Struct, frozen=True, gc=False):
    """One label on one end of a cable; the order of the fields is that of ``labels.csv``."""

    cable: str
    end: str
    """``A``, or ``B`` with the way of a splitter."""
    rack: str
    unit: str
    device: str
    port: str
    far: str
    """What is at the other end, all of it for the common end of a splitter."""
    part: str
    length_m: str


def table(columns: Sequence[str], rows: Iterable[Iterable[object]]) -> bytes:
    """Print a CSV with a header, LF line ends and as few quotes as can be."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode()


def cables(slices: Slices) -> list[Cable]:
    """Return every link as a row, sorted by fabric in the order of the plan, then by the ``a`` end and its port."""
    order = {name: place for place, name in enumerate(dict.fromkeys(link.fabric for link in slices.plan.links))}
    links = slices.plan.links
    indexes = sorted(range(len(links)), key=lambda index: _sort_key(links[index], order))
    return [_cable(slices, index, links[index]) for index in indexes]


def _sort_key(link: Link, order: dict[str, int]) -> tuple[object, ...]:
    return (order[link.fabric], natural(link.a.device), natural(link.a.port), natural(link.b.device))


def _cable(slices: Slices, index: int, link: Link) -> Cable:
    assembly = slices.assembly.get(index)
    a_rack, a_unit = slices.where(link.a.device)
    b_rack, b_unit = slices.where(link.b.device)
    way = _way(assembly, slices.plan.links, index) if assembly and assembly.ways > 1 else ""
    name = assembly.id if assembly else ""
    return Cable(
        a_device=link.a.device,
        a_port=link.a.port,
        b_device=link.b.device,
        b_port=link.b.port,
        speed_gbps=number(link.speed_gbps),
        lanes=link.lanes,
        media=link.media,
        part=assembly.part if assembly else "",
        assembly=name,
        way=way,
        length_m=number(assembly.length_m) if assembly else "",
        a_side=assembly.a_side if assembly else "",
        a_rack=a_rack,
        a_u=a_unit,
        b_rack=b_rack,
        b_u=b_unit,
        label=f"{name}/{way}" if way else name,
        fabric=link.fabric,
        kind=link.kind,
        rail=str(link.rail or ""),
        plane=str(link.plane or ""),
    )


def _way(assembly: Assembly, links: Sequence[Link], index: int) -> str:
    ends = enumerate(connectors(assembly, links), 1)
    return next(str(way) for way, end in ends if index in end.links)


def cabling(rows: Iterable[Cable]) -> bytes:
    """Print ``cabling.csv``: one row a link."""
    return table(Cable.__struct_fields__, map(msgspec.structs.astuple, rows))


def common_end(assembly: Assembly, links: Sequence[Link]) -> tuple[str, str]:
    """Return device and port (``swp5``) of the common end of an assembly."""
    device, _, cage = assembly.a.rpartition(":")
    if cage.isdigit():
        return device, f"swp{cage}"
    ends = (end for index in assembly.links for end in (links[index].a, links[index].b))
    return device, next((end.port for end in ends if end.device == device), cage)


class Connector(NamedTuple):
    """One B end of a part; a straight twin-port cable carries several links in one."""

    device: str
    port: str
    """The port, or the cage where several of its sub-ports are served."""
    links: tuple[int, ...]


def connectors(assembly: Assembly, links: Sequence[Link]) -> list[Connector]:
    """Return the B ends in use, in the order of the links."""
    device = assembly.a.rpartition(":")[0]
    found: dict[tuple[str, int | str], list[tuple[End, int]]] = {}
    for index in assembly.links:
        link = links[index]
        end = link.b if device == link.a.device else link.a
        found.setdefault((end.device, end.cage or end.port), []).append((end, index))
    return [
        Connector(
            ends[0][0].device,
            ends[0][0].port if len(ends) == 1 else f"swp{ends[0][0].cage}",
            tuple(index for _, index in ends),
        )
        for ends in found.values()
    ]


def assemblies(slices: Slices) -> bytes:
    """Print ``assemblies.csv``: one row a part, all its ends in it."""
    plan = slices.plan
    most = max([LEAST_WAYS, *(assembly.ways for assembly in plan.assemblies)])
    columns = ["assembly", "part", "ways", "used", "length_m", "a_device", "a_port", "a_side", "a_rack", "a_u"]
    columns += [f"b{way}_{word}" for way in range(1, most + 1) for word in ("device", "port")]
    return table(columns, (_assembly_row(slices, assembly, most) for assembly in slices.assemblies))


def _assembly_row(slices: Slices, assembly: Assembly, most: int) -> list[object]:
    links = slices.plan.links
    device, port = common_end(assembly, links)
    ends = connectors(assembly, links)
    row: list[object] = [assembly.id, assembly.part, assembly.ways, len(ends), number(assembly.length_m)]
    row += [device, port, assembly.a_side, *slices.where(device)]
    for end in ends:
        row += [end.device, end.port]
    return row + [""] * (2 * (most - len(ends)))


def labels(slices: Slices) -> list[Label]:
    """Return a label for every end of every assembly, unused ways of a splitter included, by cable."""
    return [label for assembly in slices.assemblies for label in _labels(slices, assembly)]


def _labels(slices: Slices, assembly: Assembly) -> list[Label]:
    links = slices.plan.links
    device, port = common_end(assembly, links)
    ends = connectors(assembly, links)
    part, length = assembly.part, number(assembly.length_m)
    near = f"{port} {assembly.a_side}".rstrip()
    far = " + ".join(f"{end.device} {end.port}" for end in ends)
    split = assembly.ways > 1
    made = [Label(assembly.id, "A", *slices.where(device), device, near, far, part, length)]
    for way, end in enumerate(ends, 1):
        name = f"B{way}" if split else "B"
        back = f"{device} {near} way {way}" if split else f"{device} {near}"
        made.append(Label(assembly.id, name, *slices.where(end.device), end.device, end.port, back, part, length))
    for way in range(len(ends) + 1, assembly.ways + 1):
        # The free tails hang where the used ones go; a label keeps them from being taken for faults.
        rack, unit = slices.where(ends[0].device) if ends else ("", "")
        made.append(Label(assembly.id, f"B{way}", rack, unit, "", "not used", f"{device} {near}", part, length))
    return made


def labels_csv(rows: Iterable[Label]) -> bytes:
    """Print ``labels.csv``: one row an end."""
    return table(Label.__struct_fields__, map(msgspec.structs.astuple, rows))
