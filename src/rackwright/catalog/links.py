"""References that rows about firmware and BIOS make to other rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rackwright.catalog.models import Catalog

__all__ = ["upkeep_references"]

Reference = tuple[tuple[str | int, ...], str, Sequence[str] | Mapping[str, Any]]
"""Path in the row, the word there, what the word may be."""


def upkeep_references(catalog: Catalog, kind: str, key: str) -> Iterator[Reference]:
    """Yield each reference of a row of ``firmware`` or ``bios``."""
    if kind == "bios":
        profile = catalog.bios[key]
        for at, model in enumerate(profile.models):
            yield ("models", at), model, catalog.servers
        for at, attribute in enumerate(profile.attributes):
            for order, model in enumerate(attribute.models):
                yield ("attributes", at, "models", order), model, catalog.servers
        return
    row = catalog.firmware[key]
    yield ("activation",), row.activation, catalog.activations
    for at, nic in enumerate(row.nics):
        yield ("nics", at), nic, catalog.nics
    for at, barrier in enumerate(row.after):
        yield ("after", at, "component"), barrier.component, catalog.firmware
        for order, model in enumerate(barrier.models):
            yield ("after", at, "models", order), model, catalog.servers
