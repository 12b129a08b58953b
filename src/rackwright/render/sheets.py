"""Sheets for the hands: labels and pull sheets by rack, the face of every switch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from typing import Final, NamedTuple

from rackwright.catalog.models import Catalog
from rackwright.plan.model import Rack, Switch
from rackwright.render.cables import Cable
from rackwright.render.elevation import elevation
from rackwright.render.faceplate import faceplate, port_rows
from rackwright.render.files import File
from rackwright.render.inputs import Inputs
from rackwright.render.labels import Label, labels, labels_csv, labels_of
from rackwright.render.parts import Part
from rackwright.render.printing import Printer
from rackwright.render.slices import Slices, natural

__all__ = ["Sheets"]

NO_RACK: Final = "no-rack"
"""File name for what has no place in a rack."""


class Sheets:
    """The sheets of one build; cables and labels are dealt out to racks once."""

    def __init__(
        self, slices: Slices, rows: Sequence[Cable], catalog: Catalog, inputs: Inputs, printer: Printer
    ) -> None:
        """Keep what the sheets are made from; ``rows`` are the cables in the order of ``cabling.csv``."""
        self._slices = slices
        self._rows = rows
        self._catalog = catalog
        self._inputs = inputs
        self._printer = printer

    def files(self) -> Iterator[File]:
        """Yield the labels, a page for each rack, a page for each switch."""
        inputs = self._inputs.of("devices", "links", "assemblies", "placements", "racks")
        yield File("labels/labels.csv", inputs, lambda: labels_csv(labels(self._slices)))
        for rack in self._racks():
            name = rack.name if rack else NO_RACK
            cables, parts = self._cables_by_rack.get(name, []), self._parts_by_rack.get(name, [])
            values = [rack, self._slices.in_rack.get(name, []), cables]
            # What its labels say of a part beyond its cables: the free ways. The links' numbers may shift, so they stay out.
            free = [(part.assembly.id, part.assembly.ways, len(part.connectors)) for part in parts]
            yield File(
                f"docs/racks/{name}.html",
                self._inputs.of_values(values, templates="docs"),
                partial(self._rack, rack, cables),
            )
            yield File(
                f"labels/{name}.html",
                self._inputs.of_values([values, free], templates="docs"),
                partial(self._sheet, name, parts),
            )
        for switch in self._slices.plan.switches:
            cables = self._cables_by_switch.get(switch.name, [])
            inputs = self._inputs.of_switch(switch, self._inputs.of_values(cables, templates="docs"))
            yield File(f"docs/faceplates/{switch.name}.html", inputs, partial(self._face, switch, cables))

    @cached_property
    def _parts_by_rack(self) -> dict[str, list[Part]]:
        found: dict[str, list[Part]] = {}
        where = self._slices.where
        for part in self._slices.parts:
            near = where(part.device)[0]
            found.setdefault(near or NO_RACK, []).append(part)
            for rack in {where(end.device)[0] for end in part.connectors}:
                if rack != near:
                    found.setdefault(rack or NO_RACK, []).append(part)
        return found

    @cached_property
    def _cables_by_rack(self) -> dict[str, list[Cable]]:
        found: dict[str, list[Cable]] = {}
        for cable in self._rows:
            found.setdefault(cable.a_rack or NO_RACK, []).append(cable)
            if cable.b_rack != cable.a_rack:
                found.setdefault(cable.b_rack or NO_RACK, []).append(cable)
        return found

    @cached_property
    def _cables_by_switch(self) -> dict[str, list[Cable]]:
        found: dict[str, list[Cable]] = {switch.name: [] for switch in self._slices.plan.switches}
        for cable in self._rows:
            for device in (cable.a_device, cable.b_device):
                if device in found:
                    found[device].append(cable)
        return found

    def _racks(self) -> Iterator[Rack | None]:
        yield from self._slices.plan.racks
        if NO_RACK in self._cables_by_rack or NO_RACK in self._parts_by_rack:
            yield None

    def _rack(self, rack: Rack | None, cables: Sequence[Cable]) -> bytes:
        name = rack.name if rack else NO_RACK
        near = name if rack else ""
        pulls = [_pull(cable, near) for cable in cables]
        pulls.sort(key=lambda pull: (-int(pull.unit or 0), natural(pull.device), natural(pull.port)))
        return self._printer.print(
            "docs/rack.html.j2",
            site=self._slices.plan.name,
            name=name if rack else "no rack",
            elevation=elevation(self._slices, [rack]) if rack else None,
            pulls=pulls,
            style=False,
        )

    def _sheet(self, name: str, parts: Sequence[Part]) -> bytes:
        marks = (label for part in parts for label in labels_of(self._slices, part))
        here = [label for label in marks if (label.rack or NO_RACK) == name]
        # Device by device from the top, as one walks along with the printed sheet.
        here.sort(key=lambda label: (-int(label.unit or 0), natural(label.device), natural(label.port), label.cable))
        rows = [_printed(label) for label in here]
        return self._printer.print("docs/labels.html.j2", site=self._slices.plan.name, name=name, labels=rows)

    def _face(self, switch: Switch, cables: Sequence[Cable]) -> bytes:
        by_port = {cable.a_port if cable.a_device == switch.name else cable.b_port: cable for cable in cables}
        return self._printer.print(
            "docs/faceplate.html.j2",
            site=self._slices.plan.name,
            switch=switch,
            drawing=faceplate(switch, self._catalog),
            kinds=sorted({port.kind for port in switch.ports}),
            rows=port_rows(switch, by_port),
            style=False,
        )


class _Pull(NamedTuple):
    """One row of a pull sheet: the end in this rack, the far end, the part."""

    unit: str
    device: str
    port: str
    far: str
    place: str
    label: str
    part: str
    length: str
    side: str


def _pull(cable: Cable, rack: str) -> _Pull:
    """Turn a cable so that the end in this rack comes first; a cable within the rack goes from ``a`` to ``b``."""
    a = (cable.a_u, cable.a_device, cable.a_port, cable.a_rack)
    b = (cable.b_u, cable.b_device, cable.b_port, cable.b_rack)
    near, far = (a, b) if cable.a_rack == rack else (b, a)
    length = f"{cable.length_m} m" if cable.length_m else ""
    place = _place(far[3], far[0], rack)
    return _Pull(*near[:3], f"{far[1]} {far[2]}", place, cable.label, cable.part, length, cable.a_side)


def _printed(label: Label) -> tuple[str, ...]:
    unit = f"U{label.unit}" if label.unit else ""
    length = f"{label.length_m} m" if label.length_m else ""
    return (label.cable, label.end, label.rack, unit, label.device, label.port, label.far, label.part, length)


def _place(rack: str, unit: str, here: str) -> str:
    where = "this rack" if rack == here else rack or "no rack"
    return f"{where} U{unit}" if unit else where
