"""Sheets for the hands: labels and pull sheets by rack, the face of every switch."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from rackwright.catalog.models import Catalog
from rackwright.nvue.tree import natural_key
from rackwright.plan.model import Device, Placement, Rack, Switch
from rackwright.render.cables import Cable
from rackwright.render.elevation import elevation
from rackwright.render.faceplate import faceplate, port_rows
from rackwright.render.files import File
from rackwright.render.inputs import Inputs
from rackwright.render.labels import Label, labels_of
from rackwright.render.printing import Printer
from rackwright.render.runs import NO_RACK, Runs
from rackwright.render.slices import Slices

__all__ = ["Sheets"]


class Sheets:
    """The sheets of one build; cables and labels are dealt out to racks once."""

    def __init__(self, runs: Runs, slices: Slices, catalog: Catalog, inputs: Inputs, printer: Printer) -> None:
        """Keep what the sheets are made from."""
        self._runs = runs
        self._slices = slices
        self._catalog = catalog
        self._inputs = inputs
        self._printer = printer

    def files(self) -> Iterator[File]:
        """Yield the labels, a page for each rack, a page for each switch."""
        runs, inputs = self._runs, self._inputs
        for rack in self._racks():
            name = rack.name if rack else NO_RACK
            values = [rack, *self._stands(rack), runs.digest(runs.by_rack.get(name, ()))]
            # Labels say besides which ways of a part are free, which its cables tell, but of a part without one.
            bare = runs.bare_digest(runs.bare.get(name, ()))
            page, sheet = (inputs.of_values(found, templates="docs") for found in (values, [values, bare]))
            yield File(f"docs/racks/{name}.html", page, partial(self._rack, rack))
            yield File(f"labels/{name}.html", sheet, partial(self._sheet, name))
        for switch in self._slices.plan.switches:
            said = inputs.of_values([runs.digest(runs.by_switch[switch.name])], templates="docs")
            face = inputs.of_switch(switch, said)
            yield File(f"docs/faceplates/{switch.name}.html", face, partial(self._face, switch))

    def _stands(self, rack: Rack | None) -> tuple[list[Placement], list[Device | None]]:
        """Return what stands in a rack and hangs in it: the places, and the devices that its drawing tells about."""
        places = self._slices.in_rack.get(rack.name, []) if rack else []
        names = [*(place.device for place in places), *(rack.pdus if rack else ())]
        return places, [self._slices.device.get(name) for name in names]

    def _racks(self) -> Iterator[Rack | None]:
        yield from self._slices.plan.racks
        if NO_RACK in self._runs.by_rack or NO_RACK in self._runs.bare:
            yield None

    def _rack(self, rack: Rack | None) -> bytes:
        name = rack.name if rack else NO_RACK
        near = name if rack else ""
        pulls = [_pull(cable, near) for cable in self._runs.in_order(self._runs.by_rack.get(name, ()))]
        pulls.sort(key=lambda pull: (-int(pull.unit or 0), natural_key(pull.device), natural_key(pull.port)))
        return self._printer.print(
            "docs/rack.html.j2",
            site=self._slices.plan.name,
            name=name if rack else "no rack",
            elevation=elevation(self._slices, [rack]) if rack else None,
            pulls=pulls,
            style=False,
        )

    def _sheet(self, name: str) -> bytes:
        marks = (label for part in self._runs.parts(name) for label in labels_of(self._slices, part))
        here = [label for label in marks if (label.rack or NO_RACK) == name]
        # Device by device from the top, as one walks along with the printed sheet.
        here.sort(
            key=lambda label: (-int(label.unit or 0), natural_key(label.device), natural_key(label.port), label.cable)
        )
        rows = [_printed(label) for label in here]
        return self._printer.print("docs/labels.html.j2", site=self._slices.plan.name, name=name, labels=rows)

    def _face(self, switch: Switch) -> bytes:
        cables = self._runs.in_order(self._runs.by_switch[switch.name])
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
    return _Pull(*near[:3], f"{far[1]} {far[2]}", place, cable.end, cable.part, length, cable.a_side)


def _printed(label: Label) -> tuple[str, ...]:
    place = f"{label.rack} U{label.unit}" if label.unit else label.rack
    part = f"{label.part} {label.length_m} m" if label.length_m else label.part
    small = ", ".join(word for word in (place, part) if word)
    return (label.cable, label.end, label.device, label.port, label.far, small)


def _place(rack: str, unit: str, here: str) -> str:
    where = "this rack" if rack == here else rack or "no rack"
    return f"{where} U{unit}" if unit else where
