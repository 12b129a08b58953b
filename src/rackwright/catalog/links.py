"""References that rows about firmware, BIOS and steps of hosts make to other rows, and the graph of the steps."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from rackwright.catalog import graph
from rackwright.catalog.models import Catalog

__all__ = ["graph_faults", "step_references", "upkeep_references"]

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


def step_references(catalog: Catalog, kind: str, key: str) -> Iterator[Reference]:
    """Yield each reference of a row of ``steps``, ``facts`` or ``thresholds``; components are of a release, and asked for there."""
    if kind == "thresholds":
        yield from ((("gpus", at), gpu, catalog.gpus) for at, gpu in enumerate(catalog.thresholds[key].gpus))
        return
    if kind == "facts":
        yield ("step",), catalog.facts[key].step, catalog.steps
        return
    for at, edge in enumerate(catalog.steps[key].after):
        yield ("after", at, "step"), edge.step, catalog.steps


def graph_faults(
    catalog: Catalog, shipped: Catalog, own: Collection[str]
) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Yield (path in the site's rows, message, remedy) of a circle of steps, or of a shipped law that is turned.

    ``own`` are the steps that the site's files write.
    """
    circle = graph.circle(catalog.steps)
    if circle:
        step = next((name for name in circle if name in own), circle[0])
        message = f"steps stand behind each other in a circle: {' behind '.join(circle)}"
        yield ("steps", step, "after"), message, "take one of these out of an after"
        return
    for step, edge in graph.turned(catalog.steps, shipped.steps):
        at = step if step in own or edge.step not in own else edge.step
        live = " and live" if edge.needs == "live" else ""
        message = f"{edge.step} must stand before {step}{live}: {edge.reason}"
        remedy = f"add {{step: {edge.step}, needs: {edge.needs}, ...}} to the after of {step}, or remove what turns it"
        yield ("steps", at, "after"), message, remedy
