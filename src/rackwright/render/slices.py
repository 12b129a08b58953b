"""The plan by device: every look-up that printing needs, made once and in one pass.

A device is given its own links, not the fabric: printing n devices costs n slices, not n plans.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

from rackwright.nvue.tree import natural_key
from rackwright.plan.model import Bond, Device, HostNetwork, Link, Placement, Plan, Port, Rack, Switch
from rackwright.render.parts import Part, part_of

__all__ = ["Slices", "number"]

LEAST_WAYS: Final = 4
"""``assemblies.csv`` always has columns for so many B ends, so that its header is the same for most sites."""

_NOWHERE = ("", "")


@lru_cache(maxsize=4096)
def number(value: float | None) -> str:
    """Print a number without a needless fraction; what is not known prints empty."""
    return "" if value is None else f"{value:.10g}"


@dataclass(frozen=True)
class Slices:
    """Look-ups over one plan; each is built when it is first asked for."""

    plan: Plan

    @cached_property
    def device(self) -> dict[str, Device]:
        """Devices by name."""
        return {device.name: device for device in self.plan.devices}

    @cached_property
    def switch(self) -> dict[str, Switch]:
        """Switches by name."""
        return {switch.name: switch for switch in self.plan.switches}

    @cached_property
    def host(self) -> dict[str, HostNetwork]:
        """Networks of the hosts by name."""
        return {host.name: host for host in self.plan.hosts}

    @cached_property
    def place(self) -> dict[str, Placement]:
        """Placements by device."""
        return {placement.device: placement for placement in self.plan.placements}

    @cached_property
    def links(self) -> dict[str, list[Link]]:
        """Links of each device, in the order of the plan."""
        found: dict[str, list[Link]] = {}
        for link in self.plan.links:
            found.setdefault(link.a.device, []).append(link)
            found.setdefault(link.b.device, []).append(link)
        return found

    @property
    def parts(self) -> list[Part]:
        """Assemblies with their ends, in the order of the plan: that of their common ends."""
        return [self.part(at) for at in range(len(self.plan.assemblies))]

    def part(self, at: int) -> Part:
        """Return one assembly with its ends, by its place in the plan."""
        found = self._parts.get(at)
        if found is None:
            found = self._parts[at] = part_of(self.plan.assemblies[at], self.plan.links)
        return found

    @cached_property
    def _parts(self) -> dict[int, Part]:
        return {}

    @cached_property
    def made_by(self) -> dict[int, int]:
        """The place of the assembly that makes a link, by the link's number."""
        return {index: at for at, assembly in enumerate(self.plan.assemblies) for index in assembly.links}

    def way(self, index: int) -> int:
        """Return which way of its part a link is, from 1."""
        return next(end.way for end in self.part(self.made_by[index]).connectors if index in end.links)

    @cached_property
    def most_ways(self) -> int:
        """The ways of the part with the most, and never less than four."""
        return max([LEAST_WAYS, *(assembly.ways for assembly in self.plan.assemblies)])

    @cached_property
    def in_rack(self) -> dict[str, list[Placement]]:
        """Placements by rack, from the lowest unit up."""
        found: dict[str, list[Placement]] = {rack.name: [] for rack in self.plan.racks}
        for placement in self.plan.placements:
            found.setdefault(placement.rack, []).append(placement)
        for placements in found.values():
            placements.sort(key=lambda placement: (placement.unit, natural_key(placement.device)))
        return found

    @cached_property
    def rack(self) -> dict[str, Rack]:
        """Racks by name."""
        return {rack.name: rack for rack in self.plan.racks}

    @cached_property
    def port(self) -> dict[str, dict[str, Port]]:
        """Ports of each switch by name."""
        return {switch.name: {port.name: port for port in switch.ports} for switch in self.plan.switches}

    @cached_property
    def bond(self) -> dict[str, dict[str, Bond]]:
        """Bonds of each switch by name."""
        return {switch.name: {bond.name: bond for bond in switch.bonds} for switch in self.plan.switches}

    @cached_property
    def splits(self) -> dict[str, dict[int, str]]:
        """Breakouts of each switch by cage, where there are any."""
        return {
            switch.name: {cage.number: cage.breakout for cage in switch.cages if cage.breakout}
            for switch in self.plan.switches
        }

    @cached_property
    def network(self) -> dict[int, str]:
        """Names of the networks by VLAN."""
        return {vlan.id: vlan.network for switch in self.plan.switches for vlan in switch.vlans if vlan.network}

    @cached_property
    def _where(self) -> dict[str, tuple[str, str]]:
        hung = {device.name: (device.group, "") for device in self.plan.devices if device.role == "pdu"}
        return hung | {place.device: (place.rack, str(place.unit)) for place in self.plan.placements}

    def where(self, device: str) -> tuple[str, str]:
        """Return rack and unit of a device, empty where it has no place (a PDU hangs in its rack)."""
        return self._where.get(device, _NOWHERE)
