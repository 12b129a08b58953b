"""The cabling around one device: what its cables are judged by, without looking at every other cable of the site."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import cached_property

from rackwright.audit.cabling import Cables, Matching, cables
from rackwright.plan.model import Plan

__all__ = ["Nearby"]


class Nearby:
    """The cabling of a plan looked up by device; the tables are made once."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def of(self, device: str) -> Cables:
        """Return the cabling with the links of a device, and of the switches that a server is cabled to.

        Names, cages and parts are those of the whole site, so that a neighbour from its other end is no stranger.
        """
        links = dict(self._links[device])
        if device not in self._switches:
            for name in dict.fromkeys(port.device for port in links):
                if name in self._switches:
                    links |= self._links[name]
        return self._whole._replace(wiring=replace(self._whole.wiring, links=links))

    @cached_property
    def _whole(self) -> Cables:
        return cables(self._plan)

    @cached_property
    def _switches(self) -> frozenset[str]:
        return frozenset(switch.name for switch in self._plan.switches)

    @cached_property
    def _links(self) -> dict[str, Matching]:
        """Device -> its planned links, both directions."""
        found: dict[str, Matching] = defaultdict(dict)
        for one, two in self._whole.wiring.pairs():
            for device in {one.device, two.device}:
                found[device] |= {one: two, two: one}
        return found
