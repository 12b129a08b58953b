"""Which catalog part joins two connectors, and why none does."""

from __future__ import annotations

from typing import NamedTuple

from rackwright.catalog.models import CableModel, Catalog, SwitchModel
from rackwright.nvue.ranges import expand_key
from rackwright.plan.model import Device, End

__all__ = ["Connectors", "Shelf", "Want"]

SINGLE_LAMBDA = ("dr1", "fr1")
"""Media whose QSFP28 end is one wavelength of 100G, as one PAM4 lane of a split cage needs."""


class Want(NamedTuple):
    """What a part must do: one bundle of equal links out of one connector."""

    media: str
    a: str
    """Connector at the common end."""
    b: str
    """Connector at the far ends; empty: unknown, any will do."""
    gbps: float
    """Of one link."""
    lanes: int
    """Of one link at the common end; 0: does not matter."""
    span: int
    """Sub-ports of the connector from its first to the last one used: the lanes of a free one are passed over."""
    straight: bool
    """All links end in one far connector that holds nothing else."""


class Connectors:
    """What connector each end of a link has."""

    def __init__(self, devices: list[Device], catalog: Catalog) -> None:
        """Look every model up once."""
        self._catalog = catalog
        cages = {key: _cages(model) for key, model in catalog.switches.items()}
        self._switches = {device.name: cages[device.model] for device in devices if device.model in cages}
        self._outside = {device.name for device in devices if device.role == "external"}

    def of(self, end: End) -> str:
        """Return ``osfp``, ``qsfp112``, ``rj45`` ...; empty when it is not known."""
        cages = self._switches.get(end.device)
        if cages is not None:
            return cages[end.cage][0] if end.cage in cages else "rj45"
        if end.nic and not end.port.endswith(".bmc"):
            nic = self._catalog.nics.get(end.nic)
            return nic.connector if nic else ""
        return "" if end.device in self._outside else "rj45"

    def lanes(self, end: End) -> int:
        """Return the lanes of a switch cage; 0 for anything else."""
        return self._switches.get(end.device, {}).get(end.cage, ("", 0))[1]


def _cages(model: SwitchModel) -> dict[int, tuple[str, int]]:
    """Return cage -> (connector, lanes) of a switch model."""
    return {
        int(name.removeprefix("swp")): (group.connector, group.lanes)
        for group in model.port_groups
        for name in expand_key(group.ports)
    }


class Shelf:
    """The cables of the catalog, looked up by what they must do."""

    def __init__(self, catalog: Catalog) -> None:
        """Keep the rows in a fixed order, so that the choice is one."""
        self._rows = [catalog.cables[key] for key in sorted(catalog.cables)]
        self._known: dict[Want, tuple[CableModel, ...]] = {}

    def fitting(self, want: Want) -> tuple[CableModel, ...]:
        """Return the parts that do what is wanted, the best first: straight, then fewest ends left over."""
        found = self._known.get(want)
        if found is None:
            rows = [row for row in self._rows if row.media == want.media and _fits(row, want)]
            found = tuple(sorted(rows, key=lambda row: (not _straight(row, want), row.ways, row.key)))
            self._known[want] = found
        return found

    def other_media(self, want: Want, need_m: float) -> tuple[str, ...]:
        """Return the media that would do and reach far enough, the shortest reach first."""
        reach: dict[str, float] = {}
        for row in self._rows:
            if row.media != want.media and row.lengths_m and _fits(row, want) and max(row.lengths_m) >= need_m:
                reach[row.media] = min(reach.get(row.media, 1e9), max(row.lengths_m))
        return tuple(sorted(reach, key=lambda media: (reach[media], media)))


def _straight(row: CableModel, want: Want) -> bool:
    """Say whether the part carries the whole bundle between two connectors."""
    return (
        want.straight
        and row.a_sides == 1
        and row.ways == 1
        and row.way_gbps >= want.gbps * want.span
        and row.way_lanes >= want.lanes * want.span
    )


def _fits(row: CableModel, want: Want) -> bool:
    if row.a_connector != want.a or want.b not in ("", row.b_connector):
        return False
    if _straight(row, want):
        return True
    # A splitter way must have the lanes of the sub-port: two lanes never run as one.
    if row.way_gbps < want.gbps or (want.lanes and row.way_lanes != want.lanes):
        return False
    return row.a_sides > 1 or row.ways >= want.span
