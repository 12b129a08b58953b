"""The two ends of a link, from the configuration where an end is a switch, from the host facts where it is not."""

from __future__ import annotations

from dataclasses import dataclass

from rackwright.check.model import Cable, Fabric, Path, Tree
from rackwright.check.rules_physical import port_lanes
from rackwright.check.view import View

__all__ = ["LinkEnd", "ends"]

_PAM4_RATES = (10.0, 25.0, 50.0, 100.0)
_NRZ_RATES = (1.0, 10.0, 25.0)
_BASE_T_RATES = (0.01, 0.1, 1.0)


@dataclass(frozen=True, slots=True)
class LinkEnd:
    """One end: lanes and Gb/s a lane that it can run; None and empty are unknown."""

    device: str
    port: str
    view: View | None
    lanes: int | None
    rates: tuple[float, ...]
    connector: str
    media: str
    plug: str
    planned_lanes: int | None

    @property
    def path(self) -> Path:
        """Give the path of the port: in the tree of a switch, else the port alone."""
        return ("interface", self.port) if self.view else (self.port,)

    @property
    def link(self) -> Tree:
        """Give the link settings, empty at a host."""
        return self.view.index.links.get(self.port, {}) if self.view else {}

    @property
    def name(self) -> str:
        """Name the end: ``device:port``."""
        return f"{self.device}:{self.port}"


def ends(fabric: Fabric, cable: Cable) -> tuple[LinkEnd, LinkEnd]:
    """Give both ends of a cable."""
    return (
        _end(fabric, cable.a_device, cable.a_port, (cable.a_media, cable.a_connector, cable.a_lanes)),
        _end(fabric, cable.b_device, cable.b_port, (cable.b_media, cable.b_connector, cable.b_lanes)),
    )


def _end(fabric: Fabric, device: str, port: str, plugged: tuple[str, str, int | None]) -> LinkEnd:
    """Read one end."""
    media, plug, planned = plugged
    view = fabric.views.get(device)
    if view is not None:
        facts = port_lanes(view, port)
        if facts is None:
            return LinkEnd(device, port, view, None, (), "", media, plug, planned)
        cage, lanes = facts
        rates = {"pam4": _PAM4_RATES, "nrz": _NRZ_RATES}.get(cage.modulation, _BASE_T_RATES)
        return LinkEnd(device, port, view, lanes, rates, cage.connector, media, plug, planned)
    host = fabric.hosts.get((device, port))
    if host is None:
        return LinkEnd(device, port, None, None, (), "", media, plug, planned)
    return LinkEnd(device, port, None, host.lanes, host.lane_gbps, host.connector, media, plug, planned)
