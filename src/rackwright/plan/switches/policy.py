"""Route leaking between VRFs and what is announced outside: derived from ``vrfs`` and ``external``.

A VRF with a ``mark`` is a hub: it imports its spokes and puts the community on what it takes, and each
spoke imports the hub. A spoke refuses what is marked (it came from a spoke), the prefixes of the other
spokes, and its own interfaces.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from rackwright.findings import Problem, problem
from rackwright.intent.models import External, Network, VrfIntent
from rackwright.plan.model import Device, PeerGroup, PrefixList, RouteMap, RouteMapRule
from rackwright.plan.pools import parse_range, text
from rackwright.plan.switches.frame import Frame

__all__ = ["Leak", "Policy", "external_groups", "leak_notes", "leak_policy"]

_ALL = PrefixList("ALL_PREFIXES", ((10, "permit", "0.0.0.0/0", 32),))
_SUMMARY_LENGTH = 24
"""Host routes inside an announced prefix stay at home; its /24s may leave."""


class Leak(NamedTuple):
    """What one VRF takes from others."""

    imports: tuple[str, ...]
    route_map: str


class Policy(NamedTuple):
    """The policy objects of a leaf."""

    leaks: dict[str, Leak]
    outbound: dict[str, str]
    """External entry -> route map on what it is told."""
    prefix_lists: tuple[PrefixList, ...]
    route_maps: tuple[RouteMap, ...]
    community_lists: tuple[tuple[str, str], ...]
    default_groups: tuple[PeerGroup, ...] = ()


def leak_policy(frame: Frame, device: Device, own: Collection[str]) -> Policy:
    """Return the policy of a leaf; ``own`` are the VRFs that it has."""
    taken = {name: tuple(other for other in vrf.import_ if other in own) for name, vrf in frame.site.vrfs.items()}
    leaking = {name: frame.site.vrfs[name] for name, others in taken.items() if others and name in own}
    leaks = {name: Leak(taken[name], f"{name}_FILTER") for name in leaking}
    lists: list[PrefixList] = [_ALL] if leaks else []
    maps: list[RouteMap] = []
    named = {*leaking, *(other for vrf in leaking.values() for other in vrf.import_)}
    hubs = {name: vrf for name, vrf in frame.site.vrfs.items() if vrf.mark and name in named}
    silent = {spoke for vrf in hubs.values() for spoke in vrf.import_} - leaking.keys()
    lists += [_numbered(f"{name}_PREFIXES", _prefixes(frame, device, name)) for name in sorted(silent)]
    for name, vrf in leaking.items():
        lists.append(_numbered(f"{name}_LOCAL_IF", _own(frame, device, name)))
        if vrf.mark:
            maps.append(_hub(name, vrf.mark))
        else:
            lists.append(_numbered(f"{name}_PREFIXES", _prefixes(frame, device, name)))
            maps.append(_spoke(frame, name))
    outbound: dict[str, str] = {}
    for external in frame.fabric(device).external:
        if external.advertise:
            told, summary = _outbound(frame, external, lists)
            outbound[external.name] = told.name
            lists += [summary] if summary not in lists else []
            maps += [told] if told not in maps else []
    for name, (needs, prefixes) in _relay_needs(frame).items():
        sources = tuple(source for source in needs if source in own)
        if name not in leaks and name in own and sources:
            leaks[name] = Leak(sources, f"{name}_RELAY")
            lists.append(_numbered(f"{name}_RELAY", prefixes))
            maps.append(
                RouteMap(f"{name}_RELAY", (RouteMapRule(10, "permit", prefix_list=f"{name}_RELAY", type="ipv4"),))
            )
    marks = tuple((_community_list(frame, vrf.mark), vrf.mark) for vrf in hubs.values() if vrf.mark)
    policy = Policy(leaks, outbound, tuple(lists), tuple(maps), marks)
    return _with_extras(frame, device, policy) if frame.conventions.policy_extras else policy


def _relay_needs(frame: Frame) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return what VRFs must take from each other so that relayed DHCP finds its server and back.

    Only the subnet of the server goes one way and the subnet that asks the other: VRF -> (from, prefixes).
    """
    found: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for name, servers in frame.relays.items():
        asking = frame.site.networks[name]
        for server in servers:
            home = _home(frame, server)
            if home is None or not asking.vrf or not home.vrf or home.vrf == asking.vrf:
                continue
            for taker, giver in ((asking, home), (home, asking)):
                sources, prefixes = found.setdefault(taker.vrf or "", ({}, {}))
                sources[giver.vrf or ""] = None
                held = giver.pool if giver.style == "vlan-per-rail" else giver.subnet
                prefixes[str(ipaddress.ip_network(held or ""))] = None
    return {vrf: (tuple(sources), tuple(prefixes)) for vrf, (sources, prefixes) in sorted(found.items())}


def leak_notes(frame: Frame) -> Iterator[Problem]:
    """Yield a note for each network whose relay opens a way between two VRFs: who may decide must see it."""
    for name, servers in frame.relays.items():
        asking = frame.site.networks[name]
        for server in servers:
            home = _home(frame, server)
            if home is not None and asking.vrf and home.vrf and home.vrf != asking.vrf:
                yield problem(
                    "plan.leak",
                    f"relay of {name} to {server} gives {asking.vrf} a route to {home.subnet} of {home.vrf}, and back:"
                    " every machine on either side can reach the other",
                    path=("networks", name, "relay"),
                    remedy=f"give the server an address in {asking.vrf} where that must not be",
                    severity="warning",
                )


def _home(frame: Frame, server: str) -> Network | None:
    """Return the network whose subnet an address lies in."""
    address = ipaddress.ip_address(server)
    for network in frame.site.networks.values():
        if network.subnet and network.vlan and address in ipaddress.ip_network(network.subnet):
            return network
    return None


def _numbered(name: str, prefixes: Iterable[str]) -> PrefixList:
    return PrefixList(name, tuple((10 * at, "permit", prefix, 32) for at, prefix in enumerate(prefixes, 1)))


def _loopback(frame: Frame, device: Device, vrf: str) -> tuple[str, ...]:
    own = frame.vrf_loopbacks.get((vrf, device.name), "")
    return (f"{own.partition('/')[0]}/32",) if own else ()


def _vlans(frame: Frame, vrf: str) -> list[str]:
    """Return the networks of a VRF, by VLAN."""
    named = [name for name, network in frame.site.networks.items() if network.vrf == vrf and network.vlan]
    return sorted(named, key=lambda name: frame.site.networks[name].vlan or 0)


def _own(frame: Frame, device: Device, vrf: str) -> tuple[str, ...]:
    """Return the leaf's own addresses in a VRF as host routes: loopback, then VLAN by VLAN."""
    keys = (key for name in _vlans(frame, vrf) for _, _, key in frame.segments(name))
    svis = (frame.addresses.svis.get((key, device.name), "") for key in keys)
    return (*_loopback(frame, device, vrf), *(f"{svi.partition('/')[0]}/32" for svi in svis if svi))


def _prefixes(frame: Frame, device: Device, vrf: str) -> tuple[str, ...]:
    """Return what a VRF holds: its subnets, then the leaf's loopback in it."""
    networks = (frame.site.networks[name] for name in _vlans(frame, vrf))
    subnets = (network.pool if network.style == "vlan-per-rail" else network.subnet for network in networks)
    return (*(str(ipaddress.ip_network(subnet)) for subnet in subnets if subnet), *_loopback(frame, device, vrf))


def _hub(name: str, mark: str) -> RouteMap:
    return RouteMap(
        f"{name}_FILTER",
        (
            RouteMapRule(10, "deny", prefix_list=f"{name}_LOCAL_IF", type="ipv4"),
            RouteMapRule(20, "permit", set_community=mark),
        ),
    )


def _community_list(frame: Frame, mark: str) -> str:
    """Return the name of a mark's list: its first half, or all of it where another mark begins alike."""
    first = mark.partition(":")[0]
    alike = {vrf.mark for vrf in frame.site.vrfs.values() if vrf.mark and vrf.mark.partition(":")[0] == first}
    return first if len(alike) == 1 else mark.replace(":", "-")


def _spoke(frame: Frame, name: str) -> RouteMap:
    hubs = [vrf for vrf in frame.site.vrfs[name].import_ if frame.site.vrfs.get(vrf, VrfIntent()).mark]
    marks = [mark for hub in hubs if (mark := frame.site.vrfs[hub].mark)]
    siblings = [spoke for hub in hubs for spoke in frame.site.vrfs[hub].import_ if spoke != name]
    rules = [RouteMapRule(5 + at, "deny", community_list=_community_list(frame, m)) for at, m in enumerate(marks)]
    rules += [
        RouteMapRule(10 + at, "deny", prefix_list=f"{spoke}_PREFIXES", type="ipv4")
        for at, spoke in enumerate(dict.fromkeys(siblings))
    ]
    after = max(15, 10 + len(siblings))
    rules.append(RouteMapRule(after, "deny", prefix_list=f"{name}_LOCAL_IF", type="ipv4"))
    rules.append(RouteMapRule(max(20, after + 1), "permit", prefix_list=_ALL.name, type="ipv4"))
    return RouteMap(f"{name}_FILTER", tuple(rules))


def external_groups(frame: Frame, device: Device) -> dict[str, str]:
    """Return the peer group of each external entry of a leaf.

    Entries that a house style gives one name share the group where they are told the same and are of one ASN; of
    others the first has the name.
    """
    found: dict[str, str] = {}
    shared: dict[str, tuple[int | None, str | None]] = {}
    for external in frame.fabric(device).external:
        name = frame.conventions.external_group.format(name=external.name)
        alike = (external.peer_asn, external.advertise)
        found[external.name] = name if shared.setdefault(name, alike) == alike else f"{name}-{external.name}"
    return found


def _outbound(frame: Frame, external: External, lists: Sequence[PrefixList]) -> tuple[RouteMap, PrefixList]:
    """Return the route map that announces ``advertise`` and the loopback pool, and its prefix list.

    A house style may give all of them one name, which those have that announce what the first does; ``lists`` are
    those of the leaf.
    """
    names = frame.conventions.policy_names
    summary = names.get("summary", "TO_{name}").format(name=external.name.upper())
    told = names.get("outbound", "TO_{name}").format(name=external.name.upper())
    rules = _announced(frame, external)
    if any(known.name == summary and known.rules != rules for known in lists):
        summary, told = (f"{name}_{external.name.upper()}" for name in (summary, told))
    return RouteMap(told, (RouteMapRule(10, "permit", prefix_list=summary, type="ipv4"),)), PrefixList(summary, rules)


def _announced(frame: Frame, external: External) -> tuple[tuple[int, Literal["permit"], str, int], ...]:
    """Return the rules of what an external entry is told: ``advertise``, and the loopback pool where it lies inside."""
    length = ipaddress.IPv4Network(external.advertise or "0.0.0.0/0").prefixlen
    rules: list[tuple[int, Literal["permit"], str, int]] = [
        (10, "permit", external.advertise or "", max(_SUMMARY_LENGTH, length))
    ]
    room = parse_range(frame.site.pools.loopback)
    pool = ipaddress.IPv4Network(_cover((text(room.first), text(room.first + room.size - 1))))
    if pool.subnet_of(ipaddress.IPv4Network(external.advertise or "0.0.0.0/0")):
        rules.append((20, "permit", str(pool), 32))
    return tuple(rules)


def _with_extras(frame: Frame, device: Device, policy: Policy) -> Policy:
    """Add the objects that NVIDIA's exports carry and refer to nowhere."""
    spokes = {name for name in policy.leaks if not frame.site.vrfs.get(name, VrfIntent()).mark}
    # Networks run by VLAN: the lowest one of a spoke is the out-of-band network of these designs.
    oob = next((net.vrf for net in frame.site.networks.values() if net.vrf in spokes), "")
    loopback = _loopback(frame, device, oob) if oob else ()
    lists = [
        *(() if _ALL in policy.prefix_lists else (_ALL,)),
        PrefixList("VTEP_PREFIXES", ((5, "permit", _cover(_vteps(frame, device)), 32),)),
        *([_numbered(f"LOCAL_{oob}_LOOPBACK", loopback)] if loopback else []),
    ]
    block = RouteMap(
        "BLOCK_VTEPS",
        (
            RouteMapRule(10, "deny", prefix_list="VTEP_PREFIXES", type="ipv4"),
            RouteMapRule(20, "permit", prefix_list=_ALL.name, type="ipv4"),
        ),
    )
    named = external_groups(frame, device)
    groups = {named[name]: route_map for name, route_map in policy.outbound.items()}
    return policy._replace(
        prefix_lists=(*policy.prefix_lists, *lists),
        route_maps=(*policy.route_maps, block),
        default_groups=tuple(PeerGroup(name, "external", bfd=True, outbound=told) for name, told in groups.items()),
    )


def _vteps(frame: Frame, device: Device) -> Iterator[str]:
    """Yield the VTEPs that a leaf may have tunnels to, its own among them: those of its fabric."""
    for leaf in (name for pair in frame.leaves[device.fabric] for name in pair):
        if leaf in frame.addresses.vteps:
            yield frame.addresses.vteps[leaf]


def _cover(addresses: Iterable[str]) -> str:
    """Return the smallest prefix that holds every address."""
    numbers = [int(ipaddress.ip_address(address)) for address in addresses] or [0]
    bits = (min(numbers) ^ max(numbers)).bit_length()
    return str(ipaddress.ip_network((min(numbers) >> bits << bits, 32 - bits)))
