"""Head nodes of Base Command Manager that contradict one another, told before there is a plan.

What a pair needs is that of the BCM 11 Administrator Manual, chapter 15 (High Availability): two head nodes, alike; an address that
the active one has, inside and outside; a cable between them for the heartbeat; power control of both, for a failover by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Final

from rackwright.findings import Problem, Severity, problem
from rackwright.intent.host_models import BcmPair
from rackwright.intent.models import Site
from rackwright.plan.model import Device, DhcpScope, HostNetwork
from rackwright.plan.pools import parse_range

__all__ = ["judge"]

_PLACE: Final = ("hosts", "bcm", "pair")
_ROLE: Final = ("roles", "bcm-head")
_MOST: Final = 2


def judge(
    site: Site, devices: Sequence[Device], hosts: Sequence[HostNetwork], scopes: Sequence[DhcpScope]
) -> Iterator[Problem]:
    """Return what no pair of head nodes can be, and what makes one worth less as a warning."""
    bcm = site.hosts.bcm
    heads = [device for device in devices if "bcm-head" in device.roles]
    used = site.hosts.installer == "bcm" or bcm.package is not None
    if site.hosts.installer == "bcm" and not any(scope.pxe for scope in scopes):
        message = "BCM is to provision the hosts, and no network is there to boot from"
        yield _wrong(("hosts", "installer"), message, "write pxe: true at the network that the hosts are in")
    if len(heads) > _MOST:
        message = f"{len(heads)} machines have the role bcm-head, and BCM has one head node or a pair"
        yield _wrong(_ROLE, message, "leave two of them")
    elif bcm.pair is not None and len(heads) < _MOST:
        message = f"a pair of head nodes is described, and {len(heads)} machine has the role bcm-head"
        yield _wrong(_PLACE, message, "name two machines in roles.bcm-head, or remove pair")
    elif bcm.pair is None and used and len(heads) == _MOST:
        message = f"two head nodes stand, and no address is theirs together: hosts would speak to {heads[0].name} alone"
        yield _wrong(_ROLE, message, "add hosts: {bcm: {pair: {address: ADDRESS}}}, or leave one", "warning")
    if bcm.pair is not None and len(heads) == _MOST:
        yield from _alike(heads)
        yield from _shared(bcm.pair, heads, devices, {host.name: host for host in hosts}, scopes)
        yield from _failover(bcm.pair, site)


def _alike(heads: Sequence[Device]) -> Iterator[Problem]:
    first, second = heads
    if first.model != second.model:
        message = (
            f"{first.name} is a {first.model} and {second.name} a {second.model}: the second is cloned from the first"
        )
        yield _wrong(_ROLE, message, "use two machines of one model", "warning")
    for head in heads:
        if not head.management:
            message = (
                f"{head.name} has no BMC in the plan: a failover by itself turns the other head node off by its BMC"
            )
            yield _wrong(_ROLE, message, "cable its bmc port, or make failovers by hand", "warning")


def _shared(
    pair: BcmPair, heads: Sequence[Device], devices: Sequence[Device], hosts: Mapping[str, HostNetwork],
    scopes: Sequence[DhcpScope],
) -> Iterator[Problem]:  # fmt: skip
    address, place = IPv4Address(pair.address), (*_PLACE, "address")
    both = set.intersection(*({at.network for at in _addresses(hosts.get(head.name))} for head in heads))
    if not any(address in network for network in both):
        where = ", ".join(sorted(str(network) for network in both)) or "none"
        message = f"{address} is in no network that both {heads[0].name} and {heads[1].name} are in ({where})"
        yield _wrong(place, message, "use a free address of their in-band network")
    holders = _holders(devices, hosts, scopes)
    if pair.address in holders:
        yield _wrong(place, f"{address} is {holders[pair.address]}'s", "use an address that nobody has")
    for scope in scopes:
        if scope.first and IPv4Address(scope.first) <= address <= IPv4Address(scope.last):
            message = f"{address} is among those that DHCP gives away ({scope.first} to {scope.last})"
            yield _wrong(place, message, f"use a free address of {scope.subnet} outside that range")
    if pair.external == pair.address:
        message = f"{address} is inside and outside: BCM gives the active head node two addresses"
        yield _wrong((*_PLACE, "external"), message, "use an address of your users' network, or remove it")


def _failover(pair: BcmPair, site: Site) -> Iterator[Problem]:
    if pair.failover is None:
        message = "nothing but the in-band network tells the head nodes of one another"
        remedy = "lay a cable between them and add failover: SUBNET, e.g. 10.50.0.0/30"
        yield _wrong(_PLACE, message, remedy, "warning")
        return
    own, place = IPv4Network(pair.failover), (*_PLACE, "failover")
    if len(list(own.hosts())) < _MOST:
        yield _wrong(place, f"{own} has no two addresses", "use a /30, or a /31")
    taken = {f"network {name}": network.subnet or network.pool for name, network in site.networks.items()}
    taken |= {"the loopbacks": site.pools.loopback, "the VTEPs": site.pools.vtep}
    for who, subnet in taken.items():
        if subnet and _meets(own, subnet):
            yield _wrong(
                place, f"{own} overlaps {who} ({subnet})", "use a subnet that is nowhere else: it is one cable"
            )


def _meets(own: IPv4Network, pool: str) -> bool:
    """Say whether a subnet lies on a pool, which is a prefix or ``first-last``."""
    if "-" not in pool:
        return IPv4Network(pool).overlaps(own)
    room = parse_range(pool)
    return room.first <= int(own.broadcast_address) and int(own.network_address) < room.first + room.size


def _addresses(host: HostNetwork | None) -> Iterator[IPv4Interface]:
    if host is not None:
        told = [*(part.address for part in host.bonds), *(part.address for part in host.interfaces)]
        yield from (IPv4Interface(address) for address in told if address)


def _holders(
    devices: Sequence[Device], hosts: Mapping[str, HostNetwork], scopes: Sequence[DhcpScope]
) -> dict[str, str]:
    found = {str(at.ip): name for name, host in hosts.items() for at in _addresses(host)}
    found |= {device.management.partition("/")[0]: device.name for device in devices if device.management}
    return found | {scope.gateway: f"the gateway of {scope.network}" for scope in scopes if scope.gateway}


def _wrong(path: tuple[str, ...], message: str, remedy: str, severity: Severity = "error") -> Problem:
    return problem("plan.bcm", message, path=path, remedy=remedy, severity=severity)
