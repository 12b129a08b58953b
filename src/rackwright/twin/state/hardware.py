"""The front of a switch: which logical ports there are under a set of breakouts, and what each can do."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from rackwright.catalog.models import PortGroup, SwitchModel

__all__ = ["Cage", "LogicalPort", "cages", "family", "logical_ports", "made_up_mac", "port_numbers"]

_RANGE: Final = re.compile(r"swp(\d+)(?:-(\d+))?")
_PORT: Final = re.compile(r"swp(\d+)(?:s(\d+))?")
_FAMILIES: Final = {"rj45": "rj45", "sfp28": "sfp", "osfp": "osfp"}


class Cage(NamedTuple):
    """A physical port."""

    number: int
    connector: str
    lanes: int
    lane_gbps: int
    modulation: str
    modes: Mapping[str, tuple[int, tuple[int, ...], bool]]
    """Breakout mode -> lanes of a sub-port, other lanes that are taken, whether the next cage goes."""


class LogicalPort(NamedTuple):
    """A port as the operating system has it: a cage that is not split, or a sub-port."""

    name: str
    cage: Cage
    sub: int
    lanes: int

    @property
    def gbps(self) -> int:
        """The greatest speed in Gb/s."""
        return self.lanes * self.cage.lane_gbps


@lru_cache(maxsize=32)
def _cages(groups: tuple[PortGroup, ...]) -> dict[int, Cage]:
    found: dict[int, Cage] = {}
    for group in groups:
        match = _RANGE.fullmatch(group.ports)
        if match is None:
            continue
        first, last = int(match[1]), int(match[2] or match[1])
        modes = {row.mode: (row.lanes_per_port, row.other_lanes, row.disables_next) for row in group.breakouts}
        for number in range(first, last + 1):
            found[number] = Cage(number, group.connector, group.lanes, group.lane_gbps, group.modulation, modes)
    return found


def cages(model: SwitchModel) -> dict[int, Cage]:
    """Return the cages of a model by their number."""
    return _cages(tuple(model.port_groups))


def logical_ports(model: SwitchModel, breakouts: Mapping[int, tuple[str, int]]) -> dict[str, LogicalPort]:
    """Return the logical ports under ``breakouts`` (cage -> mode and lanes a port, 0: the mode's own).

    A mode that the cage does not have makes no port: NVUE takes the line, the ASIC cannot do it. ``8x`` takes the
    next cage away (nvue.md 3.2: the guide says that NVUE disables the next even port itself).
    """
    found: dict[str, LogicalPort] = {}
    taken: set[int] = set()
    known = cages(model)
    for number, cage in known.items():
        mode, lanes = breakouts.get(number, ("1x", 0))
        if number in taken or mode == "disabled":
            continue
        if mode == "1x":
            found[f"swp{number}"] = LogicalPort(f"swp{number}", cage, -1, cage.lanes)
            continue
        own, other, takes_next = cage.modes.get(mode, (0, (), False))
        if not own or (lanes and lanes != own and lanes not in other):
            continue
        if takes_next:
            taken.add(number + 1)
        for sub in range(int(mode[:-1])):
            name = f"swp{number}s{sub}"
            found[name] = LogicalPort(name, cage, sub, lanes or own)
    return found


@lru_cache(maxsize=4096)
def port_numbers(name: str) -> tuple[int, int] | None:
    """Return cage and sub-port (-1: none) of a front port's name; None for any other interface."""
    match = _PORT.fullmatch(name)
    return None if match is None else (int(match[1]), -1 if match[2] is None else int(match[2]))


def family(connector: str) -> str:
    """Return what a plug fits into: every QSFP size is one family, OSFP, SFP and RJ45 are each their own."""
    return "qsfp" if connector.startswith("qsfp") else _FAMILIES.get(connector, connector)


@lru_cache(maxsize=65536)
def made_up_mac(device: str, port: str) -> str:
    """Return a MAC for a port that nodes.csv says none of: real hardware has one, so the twin's has too.

    Locally administered and always the same for the same port; it is nobody's real address.
    """
    digest = hashlib.blake2b(f"{device} {port}".encode(), digest_size=5).hexdigest()
    return "02:" + ":".join(digest[index : index + 2] for index in range(0, 10, 2))
