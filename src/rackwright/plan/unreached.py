"""Servers that those who are told to ask them have no route to: time, names, logs, and whom a machine boots from."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence

from rackwright.findings import Problem, problem
from rackwright.intent.models import Network, Site
from rackwright.intent.words import is_address
from rackwright.plan.model import DhcpScope
from rackwright.plan.subnets import oob_network

__all__ = ["unreached"]

Named = tuple[str, Network]


def unreached(
    site: Site, servers: Mapping[str, Sequence[str]], relays: Mapping[str, Sequence[str]], scopes: Sequence[DhcpScope]
) -> Iterator[Problem]:
    """Yield a warning for each server in another VRF than those who are told to ask it, where no route leads there.

    ``servers`` are those of the switches, which ask over ``eth0``, by word of ``services``; ``relays`` the DHCP servers
    by network. An address in no subnet of the site is somebody else's to route.
    """
    below = sorted(key for key, fabric in site.fabrics.items() if fabric.family == "oob")
    home = oob_network(site, below[0] if below else "")
    asked: dict[tuple[str, str, str], str] = {}
    for word, listed in servers.items():
        asked |= {(word, server, home): "switches" for server in listed if home and is_address(server)}
    for scope in scopes:
        network = scope.network.partition("@")[0]
        for word, told in (("ntp", scope.ntp), ("dns", scope.dns)):
            for server in told if network in site.networks else ():
                before = asked.get((word, server, network))
                asked[word, server, network] = f"{before} and DHCP clients" if before else "DHCP clients"
    for (word, server, name), who in asked.items():
        there = _home(site, server)
        if there is not None and not _joined(site, relays, (name, site.networks[name]), there):
            yield _told(
                ("services", word),
                f"{who} in {_place(name, site.networks[name])} are told to ask {word} {server}, which is in {_place(*there)}:"
                " no route leads from one to the other",
                f"give the server a port in {name}, e.g. ports: [bmc, lom1]"
                + _leak(site.networks[name].vrf, there[1].vrf),
            )
    yield from _boots(site, relays, scopes)


def _boots(site: Site, relays: Mapping[str, Sequence[str]], scopes: Sequence[DhcpScope]) -> Iterator[Problem]:
    """Judge networks that machines boot from: the bootstrap server is in them, or something relays to it."""
    laptop = site.services.bootstrap or ""
    for scope in scopes if laptop and site.hosts.installer != "bcm" else ():
        name = scope.network.partition("@")[0]
        network = site.networks.get(name)
        if network is None or not network.pxe or relays.get(name) or is_address(network.gateway or ""):
            continue
        vrf = site.vrfs.get(network.vrf or "")
        if (vrf is not None and vrf.relay) or ipaddress.ip_address(laptop) in ipaddress.ip_network(scope.subnet):
            continue
        there = _home(site, laptop)
        yield _told(
            ("networks", name),
            f"machines boot from {_place(name, network)}, and nothing relays what they ask to services.bootstrap {laptop}"
            + (f" in {_place(*there)}" if there else ""),
            f"add relay: bootstrap to {name}, or give the bootstrap server an address in {scope.subnet}",
        )


def _home(site: Site, server: str) -> Named | None:
    """Return the network whose subnet an address lies in."""
    address = ipaddress.ip_address(server)
    for name, network in site.networks.items():
        if network.subnet and network.vlan and address in ipaddress.ip_network(network.subnet):
            return name, network
    return None


def _joined(site: Site, relays: Mapping[str, Sequence[str]], one: Named, other: Named) -> bool:
    """Say whether there may be a route: one VRF, VRFs that take from each other, a relay between the two, or others' routers."""
    ends = (one[1], other[1])
    vrfs = {network.vrf for network in ends}
    if len(vrfs) == 1 or any(is_address(network.gateway or "") for network in ends):
        return True
    outside = {external.vrf for fabric in site.fabrics.values() for external in fabric.external}
    if vrfs <= outside or all(_takes(site, a, b) for a, b in (ends, ends[::-1])):
        return True
    # A relay leaks the subnet of the server and the subnet that asks.
    pairs = ({name, _name(site, server)} for name, listed in relays.items() for server in listed)
    return any({one[0], other[0]} == pair for pair in pairs)


def _takes(site: Site, one: Network, other: Network) -> bool:
    stated = site.vrfs.get(one.vrf or "")
    return stated is not None and other.vrf in stated.import_


def _leak(one: str | None, other: str | None) -> str:
    return f", or let {one} and {other} import each other under vrfs" if one and other else ""


def _name(site: Site, server: str) -> str:
    found = _home(site, server)
    return found[0] if found else ""


def _place(name: str, network: Network) -> str:
    return f"{name} ({network.subnet}, VRF {network.vrf or 'default'})"


def _told(path: tuple[str, ...], message: str, remedy: str) -> Problem:
    return problem("plan.reach", message, path=path, remedy=remedy, severity="warning")
