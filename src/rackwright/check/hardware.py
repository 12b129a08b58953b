"""What a rule asks about a switch model, in the shape in which rules ask it.

The facts are the catalog's rows; here they are only turned from runs of ports into cages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from rackwright.catalog import load
from rackwright.catalog.models import Breakout, PortGroup, SwitchModel

__all__ = ["Cage", "Hardware", "from_switch", "hardware", "shipped"]

_RUN = re.compile(r"swp(\d+)(?:-(\d+))?")


@dataclass(frozen=True, slots=True)
class Cage:
    """One cage: electrical lanes, Gb/s a lane, and the splits it allows by NVUE mode."""

    number: int
    connector: str
    lanes: int
    lane_gbps: int
    modulation: str
    speeds_gbps: tuple[int, ...]
    breakouts: Mapping[str, Breakout]

    @property
    def splits(self) -> bool:
        """Tell whether the cage can be split at all."""
        return any(mode not in ("1x", "disabled") for mode in self.breakouts)


@dataclass(frozen=True, slots=True)
class Hardware:
    """One switch model: its cages by number, its limit of logical ports, what its ASIC can do."""

    key: str
    name: str
    asic: str
    cages: Mapping[int, Cage]
    max_logical_ports: int
    features: frozenset[str]

    @property
    def ports(self) -> str:
        """Say which front-panel ports the model has, as a range."""
        return f"swp1-{max(self.cages)}" if self.cages else "none"


def from_switch(row: SwitchModel) -> Hardware:
    """Turn a catalog row into cages."""
    cages = {number: _cage(number, group) for group in row.port_groups for number in _numbers(group.ports)}
    return Hardware(row.key, row.name, row.asic, cages, row.max_logical_ports, row.features)


def _cage(number: int, group: PortGroup) -> Cage:
    """Give one cage of a run, with the splits that its number allows."""
    parity = "odd" if number % 2 else "even"
    splits = {split.mode: split for split in group.breakouts if split.cages in ("all", parity)}
    return Cage(number, group.connector, group.lanes, group.lane_gbps, group.modulation, group.speeds_gbps, splits)


def _numbers(ports: str) -> list[int]:
    """Give the cage numbers of ``swp1-48,swp65``."""
    out: list[int] = []
    for first, last in _RUN.findall(ports):
        out.extend(range(int(first), int(last or first) + 1))
    return out


@lru_cache(maxsize=64)
def hardware(key: str | None) -> Hardware | None:
    """Look a model up in the shipped catalog; None when it is not there (rules then say so)."""
    row = shipped().get(key) if key else None
    return from_switch(row) if row is not None else None


def shipped() -> Mapping[str, SwitchModel]:
    """Give the switches of the shipped catalog."""
    return load().switches
