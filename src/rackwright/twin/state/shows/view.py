"""A switch at the moment of a question."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from rackwright.twin.state.config import SwitchConfig, at
from rackwright.twin.state.machine import Machine
from rackwright.twin.state.timeline import Timeline

if TYPE_CHECKING:
    from rackwright.twin.state.fabric import Fabric

__all__ = ["EPOCH", "Show", "View", "moment", "on"]

EPOCH: Final = datetime(2025, 1, 1, tzinfo=UTC)
"""What the wall clock of every emulated switch says at second 0 of the twin's clock."""


class View:
    """What the functions of ``nv show`` look at."""

    def __init__(self, fabric: Fabric, machine: Machine, now: float) -> None:
        self.fabric = fabric
        self.machine = machine
        self.now = now
        self.name = machine.name
        self.layer1 = fabric.layer1
        self.sizes: dict[str, int] = {}
        """Number of EVPN routes of each switch, once it was counted for this question."""
        self.routes: dict[int, int] = {}
        """Number of EVPN routes of each set of switches that a neighbour was told of, once it was counted for this question."""
        self.kinds: dict[str, str] = {}
        """Type of each interface, once it was looked up for this question."""

    @property
    def config(self) -> SwitchConfig:
        """The applied configuration."""
        return self.machine.config

    def configured(self, *path: str) -> Any:
        """Return what is applied at a path, for things whose operational state is their configuration.

        Raises :class:`KeyError` when nothing is.
        """
        found = at(self.config.tree, *path)
        if found is None:
            raise KeyError(path[-1])
        return found

    def line(self, name: str) -> Timeline:
        """Return when a port, bond or eth0 is up."""
        if name in self.config.bonds:
            return self.layer1.bond_line(self.name, name)
        return self.layer1.port_line(self.name, name)

    def evpn_size(self, switch: str) -> int:
        """Return how many EVPN routes a switch announces now."""
        if switch not in self.sizes:
            self.sizes[switch] = sum(1 for _ in self.fabric.evpn_routes(switch, self.now))
        return self.sizes[switch]

    def age(self, line: Timeline) -> float:
        """Return for how many seconds something has been as it is; since boot, when it never turned."""
        since = line.since(self.now)
        return self.now - (self.machine.booted if since == -math.inf else since)


Show = Callable[..., Any]
"""Takes a view and the words that stood for the wildcards of its path."""


def moment(seconds: float) -> datetime:
    """Return the wall time at a moment of the twin's clock."""
    return EPOCH + timedelta(seconds=seconds)


def on(*, holds: bool) -> str:
    """Return NVUE's word for a fact."""
    return "on" if holds else "off"
