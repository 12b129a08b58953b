"""Route leaking between VRFs and what is announced outside: derived from ``vrfs`` and ``external``."""

from __future__ import annotations

from typing import NamedTuple

from rackwright.plan.model import Device, PeerGroup, PrefixList, RouteMap, RouteMapRule
from rackwright.plan.switches.frame import Frame

__all__ = ["Leak", "Policy", "leak_policy"]


class Leak(NamedTuple):
    """What one VRF takes from others."""

    imports: tuple[str, ...]
    route_map: str
    export_stub: bool = False
    import_stub: bool = False


class Policy(NamedTuple):
    """The policy objects of a leaf."""

    leaks: dict[str, Leak]
    outbound: dict[str, str]
    """External entry -> route map on what it is told."""
    prefix_lists: tuple[PrefixList, ...]
    route_maps: tuple[RouteMap, ...]
    community_lists: tuple[tuple[str, str], ...]
    default_groups: tuple[PeerGroup, ...] = ()


def leak_policy(frame: Frame, device: Device) -> Policy:
    """Return the policy of a leaf."""
    leaks = {name: Leak(vrf.import_, "") for name, vrf in frame.site.vrfs.items() if vrf.import_}
    outbound: dict[str, str] = {}
    lists: list[PrefixList] = []
    maps: list[RouteMap] = []
    for external in frame.fabric(device).external:
        if external.advertise:
            name = f"TO_{external.name.upper()}"
            lists.append(PrefixList(name, ((10, "permit", external.advertise, 32),), type="ipv4"))
            maps.append(RouteMap(name, (RouteMapRule(10, "permit", prefix_list=name, type="ipv4"),)))
            outbound[external.name] = name
    return Policy(leaks, outbound, tuple(lists), tuple(maps), ())
