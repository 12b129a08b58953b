"""The cabling around one device: what its cables are judged by, without looking at every other cable of the site."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
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
        _, at = self._made()
        if device in self._switches:
            return self.around([device])
        # In the order of the links, so that what is told has the same order every time.
        cabled = (port.device for port in at.get(device, ()) if port.device in self._switches)
        return self.around(dict.fromkeys([device, *cabled]))

    def around(self, devices: Iterable[str]) -> Cables:
        """Return the cabling with the links of some devices alone, and the names of the whole site."""
        whole, at = self._made()
        links: Matching = {}
        for device in devices:
            links |= at.get(device, {})
        return whole._replace(wiring=replace(whole.wiring, links=links))

    def _made(self) -> tuple[Cables, dict[str, Matching]]:
        with self._lock:  # a hundred tasks look at once: the first makes the tables
            return self._tables

    @cached_property
    def _tables(self) -> tuple[Cables, dict[str, Matching]]:
        """The cabling of the plan, and device -> its planned links, both directions."""
        whole = cables(self._plan)
        found: dict[str, Matching] = defaultdict(dict)
        for one, two in whole.wiring.pairs():
            for device in {one.device, two.device}:
                found[device] |= {one: two, two: one}
        return whole, dict(found)
