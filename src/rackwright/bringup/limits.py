"""How many servers of a rack may restart at the same time: watts of its PDUs as counts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from rackwright.catalog.models import Catalog
from rackwright.plan.model import Plan
from rackwright.plan.power import loads

__all__ = ["restarts"]


def restarts(plan: Plan, catalog: Catalog, servers: Collection[str], cap: int = 0) -> dict[str, int]:
    """Return, by rack, how many of the servers may draw their greatest at once and no PDU is over its rating.

    A server that starts or flashes is taken at its catalog's greatest draw, and so is everything else in the rack, all the time;
    a server that does not restart is taken as off, since nothing tells what it draws then. ``cap`` is the most in any rack
    (0: none). A rack that is not in the answer has no limit: its PDUs' rating or the watts of its servers are not known.
    """
    found = {}
    members: dict[str, list[str]] = {}
    for one in plan.placements:
        members.setdefault(one.rack, []).append(one.device)
    models = {device.name: device.model for device in plan.devices}
    for rack in plan.racks:
        here = members.get(rack.name, [])
        own = [name for name in here if name in servers]
        draws = {name: _draw(models.get(name, ""), catalog, len(rack.feeds)) for name in here}
        most = len(own)
        if rack.pdu_watts and rack.feeds and all(draws[name][0] for name in own):
            rest = [draws[name] for name in here if name not in own]
            most = _most(rest, [draws[name] for name in own], rack.feeds, rack.survive, rack.pdu_watts)
        known = most < len(own)
        if own and (known or cap):
            found[rack.name] = max(1, min(most, cap) if cap else most)
    return found


def _draw(model: str, catalog: Catalog, pdus: int) -> tuple[int, int]:
    row = catalog.servers.get(model) or catalog.switches.get(model)
    return (row.power_w or 0, row.power_supplies or pdus) if row else (0, pdus)


def _most(
    rest: Sequence[tuple[int, int]], own: Sequence[tuple[int, int]], feeds: Sequence[str], survive: str, rating: int
) -> int:
    """Return how many of ``own``, the hungriest first, fit beside ``rest``."""
    ranked: Mapping[int, tuple[int, int]] = dict(enumerate(sorted(own, reverse=True)))
    for count in range(len(own), 0, -1):
        some = [ranked[at] for at in range(count)]
        if max(loads([*rest, *some], feeds, survive).worst, default=0) <= rating:
            return count
    return 0
