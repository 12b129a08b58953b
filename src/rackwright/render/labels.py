"""Labels: one for every end of every part, the free ways of a splitter included."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from rackwright.render.cables import lines
from rackwright.render.parts import Part
from rackwright.render.slices import Slices, number

__all__ = ["Label", "labels_csv", "labels_of", "lines_of"]


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


def lines_of(slices: Slices, parts: Iterable[Part]) -> bytes:
    """Print the labels of some parts as rows of ``labels.csv``, without its header."""
    return _lines(label for part in parts for label in labels_of(slices, part))


def labels_of(slices: Slices, part: Part) -> list[Label]:
    """Return the labels of one part: its common end, then the others."""
    assembly, ends, near = part.assembly, part.connectors, part.near
    key, length = assembly.part, number(assembly.length_m)
    far = " + ".join([f"{end.device} {end.port}" for end in ends])
    split = assembly.ways > 1
    back = f"{part.device} {near}"
    made = [Label(assembly.id, "A", *slices.where(part.device), part.device, near, far, key, length)]
    used = {end.way: end for end in ends}
    # The free tails hang in the rack where the used ones go; a label keeps them from being taken for faults.
    rack = slices.where(ends[0].device)[0] if ends else ""
    for way in range(1, assembly.ways + 1):
        end = used.get(way)
        name, text = (f"B{way}", f"{back} way {way}") if split else ("B", back)
        if end is None:
            made.append(Label(assembly.id, name, rack, "", "", "not used", back, key, length))
        else:
            made.append(Label(assembly.id, name, *slices.where(end.device), end.device, end.port, text, key, length))
    return made


def labels_csv(rows: Iterable[Label]) -> bytes:
    """Print ``labels.csv``: one row an end."""
    return lines([Label.__struct_fields__]) + _lines(rows)


def _lines(rows: Iterable[Label]) -> bytes:
    return lines(map(msgspec.structs.astuple, rows))
