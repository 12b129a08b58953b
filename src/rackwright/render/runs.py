"""The links of a site in runs, each with a digest of all that its rows say, which costs a tenth of making the rows.

A table about the whole site is a string of runs, one a switch. A run whose digest stands still is cut out of the
file as it lies (:mod:`rackwright.render.folder`), and its rows are never made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cached_property
from typing import Final, NamedTuple

import msgspec

from rackwright.nvue.tree import natural_key
from rackwright.plan.model import Assembly
from rackwright.render.cables import Cable, row_of
from rackwright.render.parts import Part
from rackwright.render.slices import Slices

__all__ = ["NO_RACK", "Run", "Runs"]

NO_RACK: Final = "no-rack"
"""Stands for the rack of what has no place in one."""

_encode = msgspec.msgpack.Encoder().encode


class Run(NamedTuple):
    """What starts at one switch: links of one fabric as they stand in the table, or assemblies."""

    device: str
    numbers: tuple[int, ...]
    """Places in the plan."""
    digest: bytes
    """Names everything that the rows of the run say about links, parts and places."""


class Runs:
    """The runs of one plan; the numbers of links and assemblies, which shift, are in no digest."""

    def __init__(self, slices: Slices) -> None:
        """Work nothing out yet."""
        self._slices = slices
        self._links = slices.plan.links

    @cached_property
    def said(self) -> list[bytes]:
        """What the rows of each link are made from: the link, its part with every end of it, the places of both ends."""
        parts: list[tuple[object, ...] | None] = [None] * len(self._links)
        for assembly in self._slices.plan.assemblies:
            kept = self._kept(assembly)
            for number in assembly.links:
                parts[number] = kept
        where = self._slices.where
        return [
            _encode((link, part, where(link.a.device), where(link.b.device)))
            for link, part in zip(self._links, parts, strict=True)
        ]

    def _kept(self, assembly: Assembly) -> tuple[object, ...]:
        fields = (assembly.id, assembly.part, assembly.length_m, assembly.a, assembly.a_side, assembly.ways)
        if len(assembly.links) == 1:
            return fields
        return (*fields, [(self._links[number].a, self._links[number].b) for number in assembly.links])

    @cached_property
    def links(self) -> list[Run]:
        """The links by fabric in the order of the plan, then by the device they start at, then by its port."""
        found: dict[tuple[str, str], list[int]] = {}
        fabrics: dict[str, int] = {}
        for number, link in enumerate(self._links):
            found.setdefault((link.fabric, link.a.device), []).append(number)
            fabrics.setdefault(link.fabric, len(fabrics))
        ordered = sorted(found, key=lambda key: (fabrics[key[0]], natural_key(key[1])))
        return [Run(key[1], tuple(found[key]), self.digest(found[key])) for key in ordered]

    @cached_property
    def assemblies(self) -> list[Run]:
        """The assemblies in the order of the plan, cut where the device of their common end changes."""
        runs: list[tuple[str, list[int]]] = []
        for number, assembly in enumerate(self._slices.plan.assemblies):
            device = assembly.a.rpartition(":")[0]
            if not runs or runs[-1][0] != device:
                runs.append((device, []))
            runs[-1][1].append(number)
        return [Run(device, tuple(numbers), self._digest_of_parts(numbers)) for device, numbers in runs]

    def _digest_of_parts(self, numbers: Iterable[int]) -> bytes:
        assemblies = self._slices.plan.assemblies
        said = [self.said[link] for number in numbers for link in assemblies[number].links]
        return hashlib.sha256(b"".join(said) + self.bare_digest(numbers)).digest()

    def bare_digest(self, numbers: Iterable[int]) -> bytes:
        """Return what assemblies that make no link say; empty when there are none among ``numbers``."""
        assemblies, where = self._slices.plan.assemblies, self._slices.where
        bare = [assemblies[number] for number in numbers if not assemblies[number].links]
        return _encode([(self._kept(part), where(part.a.rpartition(":")[0])) for part in bare]) if bare else b""

    @cached_property
    def bare(self) -> dict[str, list[int]]:
        """The assemblies that make no link, by the rack of their common end."""
        found: dict[str, list[int]] = {}
        for number, assembly in enumerate(self._slices.plan.assemblies):
            if not assembly.links:
                rack = self._slices.where(assembly.a.rpartition(":")[0])[0]
                found.setdefault(rack or NO_RACK, []).append(number)
        return found

    def digest(self, numbers: Iterable[int]) -> bytes:
        """Return the digest of what some links say, in their order."""
        said = self.said
        return hashlib.sha256(b"".join([said[number] for number in numbers])).digest()

    def by_port(self, run: Run) -> list[int]:
        """Return the links of a run in the order of their ports, as ``cabling.csv`` has them."""
        return sorted(run.numbers, key=lambda number: natural_key(self._links[number].a.port))

    def rows(self, run: Run) -> list[Cable]:
        """Return the links of a run as rows of ``cabling.csv``."""
        return [row_of(self._slices, number) for number in self.by_port(run)]

    def in_order(self, numbers: Iterable[int]) -> list[Cable]:
        """Return any links as rows, in the order of ``cabling.csv``."""
        rank = self._rank
        links = self._links

        def key(number: int) -> tuple[object, ...]:
            link = links[number]
            return rank[link.fabric, link.a.device], natural_key(link.a.port), number

        return [row_of(self._slices, number) for number in sorted(numbers, key=key)]

    @cached_property
    def _rank(self) -> dict[tuple[str, str], int]:
        return {(self._links[run.numbers[0]].fabric, run.device): at for at, run in enumerate(self.links)}

    @cached_property
    def by_rack(self) -> dict[str, list[int]]:
        """The links with an end in each rack, :data:`NO_RACK` among them."""
        found: dict[str, list[int]] = {}
        where = self._slices.where
        for number, link in enumerate(self._links):
            near, far = where(link.a.device)[0], where(link.b.device)[0]
            found.setdefault(near or NO_RACK, []).append(number)
            if far != near:
                found.setdefault(far or NO_RACK, []).append(number)
        return found

    @cached_property
    def by_switch(self) -> dict[str, list[int]]:
        """The links of each switch."""
        found: dict[str, list[int]] = {switch.name: [] for switch in self._slices.plan.switches}
        for number, link in enumerate(self._links):
            for device in {link.a.device, link.b.device}:
                if device in found:
                    found[device].append(number)
        return found

    def parts(self, rack: str) -> list[Part]:
        """Return the parts with an end in a rack, in the order of the plan."""
        made_by = self._slices.made_by
        found = {made_by[number] for number in self.by_rack.get(rack, ()) if number in made_by}
        return [self._slices.part(at) for at in sorted(found.union(self.bare.get(rack, ())))]
