"""The tables about every link of the site, each in pieces: a header, and a run for each switch that links start at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from rackwright.render import air, cables, labels, wiremap
from rackwright.render.cables import Cable
from rackwright.render.files import File, Piece, of_pieces
from rackwright.render.inputs import Inputs
from rackwright.render.parts import Part
from rackwright.render.runs import Run, Runs
from rackwright.render.slices import Slices

__all__ = ["Tables"]

CABLES: Final = ("devices", "links", "assemblies", "placements", "racks")
"""The sections of the plan that a row of a cable is made from."""


class Tables:
    """The tables of one build."""

    def __init__(self, slices: Slices, runs: Runs, inputs: Inputs) -> None:
        """Keep what the tables are made from."""
        self._slices = slices
        self._runs = runs
        self._inputs = inputs

    def files(self) -> Iterator[File]:
        """Yield the tables."""
        of = self._inputs.of
        rows = of(*CABLES)
        yield of_pieces("cabling.csv", rows, self._cabling)
        yield of_pieces("assemblies.csv", rows, self._assemblies)
        yield of_pieces("wiremap.csv", of(*CABLES, "switches"), self._wiremap)
        yield of_pieces("labels/labels.csv", rows, self._labels)
        yield of_pieces("air/topology.json", of("name", "nos", "switches", *CABLES), self._air)

    def _piece(self, run: Run, make: Callable[[], bytes], *said: bytes | str) -> Piece:
        return Piece(self._inputs.of_piece(run.digest, *said), make)

    def _head(self, data: bytes) -> Piece:
        return Piece(self._inputs.of_piece("head", data), lambda: data)

    def _cabling(self) -> Iterator[Piece]:
        yield self._head(cables.cabling(()))
        for run in self._runs.links:
            yield self._piece(run, partial(self._rows, cables.cabling_lines, run))

    def _rows(self, print_: Callable[[list[Cable]], bytes], run: Run) -> bytes:
        return print_(self._runs.rows(run))

    def _wiremap(self) -> Iterator[Piece]:
        yield self._head(wiremap.wiremap(self._slices, ()))
        print_, links = partial(wiremap.wiremap_lines, self._slices), self._slices.plan.links
        networks = str(self._slices.network)
        for run in self._runs.links:
            # Beside the links: the ports and bonds at the near end, the split of each cage at the far one.
            near = self._inputs.switch(run.device) if run.device in self._slices.switch else ""
            far = [wiremap.far_split(self._slices, links[number].b) for number in run.numbers]
            yield self._piece(run, partial(self._rows, print_, run), networks, near, ",".join(far))

    def _parts(self, print_: Callable[[list[Part]], bytes], run: Run) -> bytes:
        return print_([self._slices.part(number) for number in run.numbers])

    def _assemblies(self) -> Iterator[Piece]:
        yield self._head(cables.lines([cables.assembly_columns(self._slices)]))
        most = str(self._slices.most_ways)
        for run in self._runs.assemblies:
            yield self._piece(run, partial(self._parts, partial(cables.assembly_lines, self._slices), run), most)

    def _labels(self) -> Iterator[Piece]:
        yield self._head(labels.labels_csv(()))
        for run in self._runs.assemblies:
            yield self._piece(run, partial(self._parts, partial(labels.lines_of, self._slices), run))

    def _air(self) -> Iterator[Piece]:
        drawn, links = air.Topology(self._slices), self._slices.plan.links
        yield Piece(self._inputs.of("name", "nos", "devices", "switches"), drawn.head)
        between = b""
        for run in self._runs.links:
            ends = [drawn.said(links[number].b.device) for number in run.numbers]
            if any(drawn.holds(links[number]) for number in run.numbers):
                make = partial(self._drawn, drawn, between, run)
                yield self._piece(run, make, between, drawn.said(run.device), b"|".join(ends))
                between = b",\n"
        yield self._head(air.TAIL)

    def _drawn(self, drawn: air.Topology, between: bytes, run: Run) -> bytes:
        return between + drawn.links(self._slices.plan.links[number] for number in self._runs.by_port(run))
