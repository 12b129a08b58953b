"""What a host's ports see: the computed fabric as it is plugged and configured, or the plan where there is none to ask."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from rackwright.plan.model import Link, Plan
from rackwright.twin.state import Fabric

__all__ = ["NOTHING", "FabricWires", "Far", "PlannedWires", "Wires"]


class Far(NamedTuple):
    """The other end of a cable, as a port sees it now."""

    up: bool = False
    gbps: float = 0
    heard: bool = False
    """LLDP of the other end has come in."""
    system: str = ""
    """Name that the other end tells by LLDP."""
    port: str = ""
    chassis: str = ""
    """MAC address that the other end tells."""
    errors: float = 0.0
    """Bit error rate after correction, at this end."""


NOTHING = Far()


class Wires(Protocol):
    """Who knows what the ports of hosts see."""

    def far(self, host: str, port: str) -> Far:
        """Return what a port sees; nothing where it is not cabled."""


class PlannedWires:
    """Every cable is where the plan has it, and up: there are no switches to ask."""

    def __init__(self, plan: Plan) -> None:
        self._ends: dict[tuple[str, str], tuple[Link, int]] = {}
        for link in plan.links:
            for side, end in enumerate((link.a, link.b)):
                self._ends[end.device, end.port] = (link, side)

    def far(self, host: str, port: str) -> Far:
        """Return what a port sees."""
        found = self._ends.get((host, port))
        if found is None:
            return NOTHING
        link, side = found
        other = (link.b, link.a)[side]
        return Far(up=True, gbps=link.speed_gbps, heard=True, system=other.device, port=other.port)


class FabricWires:
    """The computed data plane."""

    def __init__(self, fabric: Fabric) -> None:
        self._fabric = fabric

    def far(self, host: str, port: str) -> Far:
        """Return what a port sees."""
        fabric, layer1 = self._fabric, self._fabric.layer1
        plug, other = fabric.plugs.plugged.get((host, port)), layer1.far(host, port)
        if plug is None or other is None:
            return NOTHING
        now, line = fabric.clock.now(), layer1.port_line(host, port)
        up = line.at(now)
        machine = fabric.machines.get(other.device)
        if machine is None:
            talks = other.talks and other.speaks
            system, chassis = other.device, other.mac
        else:
            talks = machine.config.lldp and other.port not in machine.config.lldp_off
            system, chassis = machine.hostname, machine.mac
        return Far(
            up=up,
            gbps=layer1.verdict(host, port).gbps if up else 0,
            heard=up and talks and now - line.since(now) >= fabric.times["lldp"],
            system=system,
            port=other.interface if machine is None else other.port,
            chassis=chassis,
            errors=plug.wire.quality[plug.side].effective_ber,
        )
