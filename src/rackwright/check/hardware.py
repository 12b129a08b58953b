"""What a rule asks about a switch model, in the shape in which rules ask it.

The facts are the catalog's rows; here they are only turned from runs of ports into cages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rackwright.catalog.models import Breakout, PortGroup, SwitchModel

__all__ = ["Cage", "Hardware", "from_switch", "hardware"]

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
    row = _shipped().get(key) if key else None
    return from_switch(row) if row is not None else None


@lru_cache(maxsize=1)
def _shipped() -> Mapping[str, SwitchModel]:
    """Read the switches of the shipped catalog once."""
    from rackwright.catalog.models import Breakout, PortGroup, SwitchModel

    osfp = (
        Breakout(mode="1x", lanes_per_port=8, port_gbps=800),
        Breakout(mode="2x", lanes_per_port=4, port_gbps=400),
        Breakout(mode="4x", lanes_per_port=2, port_gbps=200),
        Breakout(mode="8x", lanes_per_port=1, port_gbps=100, cages="odd", disables_next=True),
    )
    qsfp = (Breakout(mode="2x", lanes_per_port=2, port_gbps=50), Breakout(mode="4x", lanes_per_port=1, port_gbps=25))
    return {
        "sn5600": SwitchModel(
            key="sn5600",
            name="SN5600",
            source="",
            asic="spectrum4",
            max_logical_ports=257,
            features=frozenset({"adaptive-routing", "roce", "vxlan", "evpn-multihoming"}),
            port_groups=(
                PortGroup(
                    ports="swp1-64",
                    connector="osfp",
                    lanes=8,
                    lane_gbps=100,
                    speeds_gbps=(800, 400, 200),
                    modulation="pam4",
                    breakouts=osfp,
                ),
                PortGroup(
                    ports="swp65", connector="sfp28", lanes=1, lane_gbps=25, speeds_gbps=(25, 10, 1), modulation="nrz"
                ),
            ),
        ),
        "sn2201": SwitchModel(
            key="sn2201",
            name="SN2201",
            source="",
            asic="spectrum1",
            max_logical_ports=64,
            features=frozenset({"vxlan", "wjh"}),
            port_groups=(
                PortGroup(
                    ports="swp1-48", connector="rj45", lanes=1, lane_gbps=1, speeds_gbps=(1,), modulation="base-t"
                ),
                PortGroup(
                    ports="swp49-52",
                    connector="qsfp28",
                    lanes=4,
                    lane_gbps=25,
                    speeds_gbps=(100, 40),
                    modulation="nrz",
                    breakouts=qsfp,
                ),
            ),
        ),
    }
