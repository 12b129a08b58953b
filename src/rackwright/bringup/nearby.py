"""The cabling around one device: what its cables are judged by, without looking at every other cable of the site."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import cached_property
from threading import Lock

from rackwright.audit.cabling import Cables, Matching, cables
from rackwright.plan.model import Plan

__all__ = ["Nearby"]


class Nearby:
    """The cabling of a plan looked up by device; the tables are made once."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._switches = frozenset(switch.name for switch in plan.switches)
        self._lock = Lock()

    def of(self, device: str) -> Cables:
        """Return the cabling with the links of a device, and of the switches that a server is cabled to.

        Names, cages and parts are those of the whole site, so that a neighbour from its other end is no stranger.
        """
        with self._lock:  # a hundred tasks look at once: the first makes the tables
            whole, at = self._tables
        links = dict(at.get(device, {}))
        if device not in self._switches:
            for name in dict.fromkeys(port.device for port in links):
                if name in self._switches:
                    links |= at[name]
        return whole._replace(wiring=replace(whole.wiring, links=links))

    @cached_property
    def _tables(self) -> tuple[Cables, dict[str, Matching]]:
        """The cabling of the plan, and device -> its planned links, both directions."""
        whole = cables(self._plan)
        found: dict[str, Matching] = defaultdict(dict)
        for one, two in whole.wiring.pairs():
            for device in {one.device, two.device}:
                found[device] |= {one: two, two: one}
        return whole, dict(found)
