"""The bill of materials: machines, adapters, cables, optics and fibres, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from rackwright.catalog.models import CableModel, Catalog, Row
from rackwright.nvue.tree import natural_key
from rackwright.plan.model import Assembly
from rackwright.render.cables import table
from rackwright.render.slices import Slices, number

__all__ = ["Item", "bill", "bill_csv"]

_ORDER: Final = ("server", "storage", "switch", "adapter", "rack", "pdu", "cable", "optic", "fibre")


class Item(msgspec.Struct, frozen=True):
    """One line of the bill; the order of the fields is that of ``bom.csv``."""

    kind: str
    key: str
    """Key of the catalog."""
    part: str
    """Ordering number; empty when no source gives it."""
    description: str
    length_m: str
    count: int
    used_for: str


def bill(slices: Slices, catalog: Catalog) -> list[Item]:
    """Return every part to have, by kind and key.

    A twin-port transceiver that holds both sides of a cage is counted once, and so is the connector
    of a cable that ends on several sub-ports of one cage.
    """
    items = [*_machines(slices, catalog), *_racks(slices, catalog), *_cables(slices, catalog)]
    return sorted(items, key=lambda item: (_ORDER.index(item.kind), natural_key(item.key), float(item.length_m or 0)))


def bill_csv(items: list[Item]) -> bytes:
    """Print ``bom.csv``."""
    return table(Item.__struct_fields__, map(msgspec.structs.astuple, items))


def _machines(slices: Slices, catalog: Catalog) -> Iterator[Item]:
    kinds = {"server": "server", "storage": "storage", "pdu": "pdu"}
    counts = Counter((kinds.get(d.role, "switch"), d.model) for d in slices.plan.devices if d.role != "external")
    shelves: dict[str, Mapping[str, Row]] = {"switch": catalog.switches, "pdu": catalog.pdus}
    adapters: Counter[str] = Counter()
    for (kind, key), count in counts.items():
        row = shelves.get(kind, catalog.servers).get(key)
        yield Item(kind, key, "", row.name if row else "not in the catalog", "", count, "")
        server = catalog.servers.get(key)
        for slot in server.nics if server else ():
            adapters[slot.nic] += slot.count * count
    for key, count in adapters.items():
        nic = catalog.nics.get(key)
        yield Item("adapter", key, "", nic.name if nic else "not in the catalog", "", count, "fitted in the servers")


def _racks(slices: Slices, catalog: Catalog) -> Iterator[Item]:
    for key, count in Counter(rack.model for rack in slices.plan.racks).items():
        row = catalog.racks.get(key)
        yield Item("rack", key, "", row.name if row else "not in the catalog", "", count, "")


def _cables(slices: Slices, catalog: Catalog) -> Iterator[Item]:
    counts: Counter[tuple[str, str, str]] = Counter()
    optics: dict[str, set[tuple[str, int | str]]] = {}
    fibres: Counter[tuple[str, str]] = Counter()
    for assembly in slices.plan.assemblies:
        length = number(assembly.length_m)
        counts[assembly.part, length, _use(slices, assembly)] += 1
        model = catalog.cables.get(assembly.part)
        if model and (model.a_optic or model.b_optic):
            _add_optics(slices, assembly, model, optics)
            fibres[model.fibre or "", length] += 1
    for (key, length, use), count in counts.items():
        model = catalog.cables.get(key)
        number_, name = (model.part or "", model.name) if model else ("", "not in the catalog")
        yield Item("cable", key, number_, name, length, count, use)
    for key, ends in optics.items():
        yield Item("optic", key, "", key, "", len(ends), "")
    for (key, length), count in fibres.items():
        if key:
            yield Item("fibre", key, "", key, length, count, "")


def _use(slices: Slices, assembly: Assembly) -> str:
    if not assembly.links:
        return "spare"
    link = slices.plan.links[assembly.links[0]]
    return f"{link.fabric} {link.kind}"


def _add_optics(
    slices: Slices, assembly: Assembly, model: CableModel, optics: dict[str, set[tuple[str, int | str]]]
) -> None:
    if model.a_optic:
        # Two cables on the sides A and B of one cage share its twin-port transceiver.
        side = "" if model.a_sides > 1 else assembly.a_side
        optics.setdefault(model.a_optic, set()).add((assembly.a, side))
    if model.b_optic:
        near, found = assembly.a.rpartition(":")[0], optics.setdefault(model.b_optic, set())
        for index in assembly.links:
            link = slices.plan.links[index]
            far = link.b if link.a.device == near else link.a
            found.add((far.device, far.cage or far.port))
