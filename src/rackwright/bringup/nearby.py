"""The part of a plan around one device: what its cables are judged by, without looking at every other cable of the site."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from functools import cached_property

import msgspec

from rackwright.plan.model import Device, Plan, Switch

__all__ = ["Nearby"]


class Nearby:
    """A plan looked up by device; the tables are made once."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def of(self, device: str) -> Plan:
        """Return the plan with the links of a device, and of the switches that a server is cabled to.

        Every device keeps its name, so that a neighbour from the other end of the site is no stranger; MACs, networks and
        ports are those of the devices at these links.
        """
        switches = self._switches
        own = self._links[device]
        reach = (
            {device} if device in switches else {device, *(self._far(at, device) for at in own)} & {device, *switches}
        )
        meant = sorted({at for name in reach for at in self._links[name]})
        ends = {end.device for at in meant for end in (self._plan.links[at].a, self._plan.links[at].b)} | {device}
        numbers = {at: number for number, at in enumerate(meant)}
        parts = sorted({part for at in meant for part in self._parts[at]})
        assemblies = (self._plan.assemblies[at] for at in parts)
        return msgspec.structs.replace(
            self._plan,
            links=tuple(self._plan.links[at] for at in meant),
            assemblies=tuple(
                msgspec.structs.replace(part, links=tuple(numbers[at] for at in part.links))
                for part in assemblies
                if numbers.keys() >= set(part.links)
            ),
            devices=self._devices(ends),
            switches=tuple(switch for name, switch in switches.items() if name in ends),
            hosts=tuple(host for host in self._plan.hosts if host.name in ends),
        )

    def _far(self, at: int, device: str) -> str:
        link = self._plan.links[at]
        return link.b.device if link.a.device == device else link.a.device

    def _devices(self, near: Collection[str]) -> tuple[Device, ...]:
        found = list(self._nameless)
        for name in near:
            if name in self._place:
                found[self._place[name]] = self._plan.devices[self._place[name]]
        return tuple(found)

    @cached_property
    def _switches(self) -> dict[str, Switch]:
        return {switch.name: switch for switch in self._plan.switches}

    @cached_property
    def _place(self) -> dict[str, int]:
        return {device.name: at for at, device in enumerate(self._plan.devices)}

    @cached_property
    def _nameless(self) -> tuple[Device, ...]:
        return tuple(msgspec.structs.replace(device, macs=()) for device in self._plan.devices)

    @cached_property
    def _links(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = defaultdict(list)
        for at, link in enumerate(self._plan.links):
            for name in {link.a.device, link.b.device}:
                found[name].append(at)
        return found

    @cached_property
    def _parts(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = defaultdict(list)
        for number, part in enumerate(self._plan.assemblies):
            for at in part.links:
                found[at].append(number)
        return found
