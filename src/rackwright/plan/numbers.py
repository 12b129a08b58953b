"""Loopbacks, VTEPs and ASNs of switches.

ASNs follow RFC 7938: each leaf its own, the spines of a cluster one, the tier above one more. The spines
of two pods must differ, or a leaf would see its path through both as a loop and drop it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address
from types import MappingProxyType

from rackwright.findings import Problem, problem
from rackwright.intent.models import Site
from rackwright.plan.address_model import Allocator
from rackwright.plan.model import Device
from rackwright.plan.pools import Range, parse_asns, parse_range, text

__all__ = ["asn_key", "number_switches"]

_ROUTED = ("leaf", "spine", "superspine")


def number_switches(
    site: Site, devices: Sequence[Device], lock: Allocator
) -> tuple[dict[str, str], dict[str, str], dict[str, int], list[Problem]]:
    """Return loopbacks (/32), VTEPs (no length) and ASNs by switch, and what the pools cannot hold."""
    problems: list[Problem] = []
    switches = [device for device in devices if device.role in _ROUTED]
    loopbacks = _addresses(
        site.pools.loopback, "loopback", [s.name for s in switches], lock, problems, _written(site, switches)
    )
    leaves = [
        s.name for s in switches if s.role == "leaf" and s.fabric in site.fabrics
        and site.fabrics[s.fabric].family == "pair"
    ]  # fmt: skip
    if site.pools.vtep:
        vteps = _addresses(site.pools.vtep, "vtep", leaves, lock, problems)
    else:
        vteps = {name: loopbacks[name] for name in leaves if name in loopbacks}
    asns = _asns(site, switches, lock, problems)
    return {name: f"{address}/32" for name, address in loopbacks.items()}, vteps, asns, problems


def _addresses(
    pool: str, name: str, switches: Sequence[str], lock: Allocator, problems: list[Problem],
    written: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, str]:  # fmt: skip
    """Return the address of each switch: as ``written``, else the next of the pool."""
    path = ("pools", name)
    try:
        room = parse_range(pool)
    except ValueError as error:
        problems.append(_wrong(path, str(error), "write a prefix, or first-last"))
        return {}
    found = dict(written)
    for switch, address in written.items():
        index = int(IPv4Address(address)) - room.first
        if 0 <= index < room.size:
            lock.hold(f"pools.{name}", switch, index)
    for switch in [switch for switch in switches if switch not in written]:
        index = lock.take(f"pools.{name}", switch, limit=room.size)
        if index >= 0:
            found[switch] = text(room.first + index)
    if len(found) < len(switches):
        need = 32 - (len(switches) + 1).bit_length()
        problems.append(
            _wrong(path, f"pools.{name} {pool} has {room.size:,} addresses, {len(switches):,} needed", f"use a /{need}")
        )
    return found


def _written(site: Site, switches: Iterable[Device]) -> dict[str, str]:
    """Return the loopbacks that the site gives leaves, by their place in the fabric."""
    return {
        device.name: address.partition("/")[0]
        for device in switches
        if device.role == "leaf" and device.fabric in site.fabrics
        for at, address in enumerate(site.fabrics[device.fabric].leaves.loopbacks, 1)
        if at == device.index
    }


def asn_key(device: Device) -> str:
    """Return what shares an ASN: the leaf itself, the spines of a plane and pod, the super-spines of a plane."""
    if device.role == "leaf":
        return device.name
    plane = f".p{device.plane}" if device.plane else ""
    if device.role == "superspine":
        return f"{device.fabric}{plane}.superspines"
    pod = f".pod{device.unit}" if device.unit else ""
    return f"{device.fabric}{plane}{pod}.spines"


def _asns(site: Site, switches: Iterable[Device], lock: Allocator, problems: list[Problem]) -> dict[str, int]:
    try:
        room = parse_asns(site.pools.asn)
    except ValueError as error:
        problems.append(_wrong(("pools", "asn"), str(error), "write first-last, e.g. 4200000000-4200065535"))
        return {}
    found: dict[str, int] = {}
    keys: set[str] = set()
    refused = False
    for device in switches:
        own = _stated(site, device)
        if own:
            found[device.name] = own
            continue
        key = asn_key(device)
        keys.add(key)
        index = lock.take("pools.asn", key, limit=room.size)
        refused = refused or index < 0
        if index >= 0:
            found[device.name] = room.first + index
    if refused:
        problems.append(_few_asns(site.pools.asn, room, len(keys)))
    return found


def _few_asns(pool: str, room: Range, needed: int) -> Problem:
    return _wrong(
        ("pools", "asn"),
        f"pools.asn {pool} has {room.size:,} numbers, {needed:,} needed",
        f"end it at {room.first + needed - 1} or later",
    )


def _stated(site: Site, device: Device) -> int:
    """Return the ASN that the site gives to every leaf of a fabric; 0 for none."""
    fabric = site.fabrics.get(device.fabric)
    if device.role != "leaf" or fabric is None or fabric.bgp is None:
        return 0
    return fabric.bgp.asn or 0


def _wrong(path: Sequence[str], message: str, remedy: str) -> Problem:
    return problem("plan.addresses", message, path=path, remedy=remedy)
