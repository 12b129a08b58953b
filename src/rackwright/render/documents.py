"""The documents of the site: ``docs/design.{html,md}``, ``docs/fabric.svg``, ``docs/racks.svg``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

from rackwright.catalog.models import Catalog
from rackwright.render.bill import Item
from rackwright.render.design import Design, design
from rackwright.render.drawing import Drawing
from rackwright.render.files import File
from rackwright.render.inputs import Inputs
from rackwright.render.printing import Printer
from rackwright.render.slices import Slices

__all__ = ["documents"]

_GUTTER: Final = 24
_SHEET: Final = 1200
_SECTIONS: Final = (
    "name", "release", "nos", "digest", "devices", "links", "assemblies", "switches", "hosts", "racks", "placements",
    "scopes", "layouts", "waves", "notes",
)  # fmt: skip


def documents(
    slices: Slices, catalog: Catalog, items: Callable[[], list[Item]], inputs: Inputs, printer: Printer
) -> Iterator[File]:
    """Yield the documents; all of them print one :class:`~rackwright.render.design.Design`.

    ``items`` gives the bill of materials, which others print too.
    """
    made: Callable[[], Design] = lru_cache(maxsize=1)(lambda: design(slices, catalog, items()))
    of = inputs.of(*_SECTIONS, templates="docs", catalog=True)
    yield File("docs/design.html", of, lambda: printer.print("docs/design.html.j2", design=made(), style=False))
    yield File("docs/design.md", of, lambda: printer.print("docs/design.md.j2", design=made()))
    yield File("docs/fabric.svg", of, lambda: _sheet(printer, "Fabrics", [part.drawing for part in made().fabrics]))
    yield File("docs/racks.svg", of, lambda: _sheet(printer, "Racks", [rack.drawing for rack in made().racks]))


def _sheet(printer: Printer, title: str, drawings: Sequence[Drawing]) -> bytes:
    """Print several drawings on one sheet, side by side while they fit, then in the next row."""
    placed: list[dict[str, Any]] = []
    x = y = row = width = 0
    for drawing in drawings:
        if x and x + drawing.width > _SHEET:
            x, y, row = 0, y + row + _GUTTER, 0
        head = 20
        placed.append({"x": x, "y": y + head, "drawing": drawing, "title_y": y + 14})
        row = max(row, drawing.height + head)
        width = max(width, x + drawing.width)
        x += drawing.width + _GUTTER
    return printer.print(
        "docs/sheet.svg.j2", title=title, placed=placed, width=max(width, 1), height=max(y + row, 1), style=False
    )
