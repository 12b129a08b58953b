"""Whether a packet of some size gets from a switch to an address: the MTU of every hop, underlay and overlay."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Final, NamedTuple

from rackwright.twin.dataplane import NotEmulated
from rackwright.twin.state.rib import IPV4
from rackwright.twin.state.routes import Node
from rackwright.twin.state.shows.view import View

__all__ = ["Walk", "ping", "walk"]

HEADERS: Final = 28
"""IPv4 and ICMP headers, in bytes."""
VXLAN: Final = 50
"""What VXLAN puts around a packet, in bytes (nvue.md 3.2)."""
LONGEST: Final = 16
"""Hops after which a path is no path."""


class Walk(NamedTuple):
    """What became of a packet."""

    arrives: bool
    reason: str = ""
    """Why not; empty when it arrives."""
    mtu_bytes: int = 0
    """The MTU that was too small; 0: none was."""


def walk(view: View, vrf: str, address: str, size: int) -> Walk:
    """Follow a packet of ``size`` bytes, IP header included, and its answer's way is taken to be the same.

    Of equal next hops all are followed and the worst counts: a check of the whole path must see the one bad link
    that a hash may miss.
    """
    return _from(view, view.name, vrf, address, size, LONGEST)


def _from(view: View, switch: str, vrf: str, address: str, size: int, left: int) -> Walk:
    wanted = IPv4Address(address)
    config = view.fabric.machines[switch].config
    if left == 0:
        return Walk(False, "time to live exceeded")
    connected, _ = view.fabric.rib.origins.connected(switch, vrf, view.now)
    nets = [(IPv4Network(row.text), row.interface) for row in connected]
    holding = [(net, name) for net, name in nets if wanted in net]
    if holding:
        net, name = max(holding, key=lambda row: row[0].prefixlen)
        own = {one.partition("/")[0] for n in config.interfaces for one in config.addresses(n)}
        if net.prefixlen == 32 or address in own:
            return Walk(True)
        return _local(view, switch, name, address, size)
    remote = _overlay(view, switch, vrf, wanted)
    if remote:
        return _underlay(view, switch, remote, size)
    hops = _next_hops(view, switch, vrf, wanted)
    if not hops:
        return Walk(False, "network unreachable")
    walks = [_over(view, switch, hop, address, size, left) for hop in hops]
    return next((row for row in walks if not row.arrives), Walk(True))


def _over(view: View, switch: str, interface: str, address: str, size: int, left: int) -> Walk:
    wrong = _too_big(view, switch, interface, size)
    if wrong:
        return wrong
    far = view.layer1.far(switch, interface)
    if far is None or far.device not in view.fabric.machines:
        return Walk(far is not None, "" if far else "host unreachable")
    return _from(view, far.device, view.fabric.machines[far.device].config.vrf_of(far.port), address, size, left - 1)


def _too_big(view: View, switch: str, interface: str, size: int) -> Walk | None:
    """Compare a packet with the MTU of both ends of a link: the sender's refuses, the receiver's drops."""
    here = view.fabric.machines[switch].config.mtu(interface)
    far = view.layer1.far(switch, interface)
    there = far.mtu_bytes if far else 0
    if far is not None and far.device in view.fabric.machines:
        there = view.fabric.machines[far.device].config.mtu(far.port)
    least = min(here, there) if there else here
    return Walk(False, "message too long" if size > here else "no answer", least) if size > least else None


def _local(view: View, switch: str, interface: str, address: str, size: int) -> Walk:
    """Reach a host on a connected network: over the port itself, or over the bridge to where its MAC is."""
    config = view.fabric.machines[switch].config
    if not interface.startswith("vlan"):
        wrong = _too_big(view, switch, interface, size)
        up = view.layer1.port_line(switch, interface).at(view.now)
        return wrong or Walk(up, "" if up else "host unreachable")
    if size > config.mtu(interface):
        return Walk(False, "message too long", config.mtu(interface))
    vlan = int(interface[4:])
    for row in view.fabric.layer2.learned(switch, view.now):
        if row.address == address and row.vlan == vlan:
            members = config.bonds[row.interface].members if row.interface in config.bonds else (row.interface,)
            return next(filter(None, (_too_big(view, switch, port, size) for port in members)), Walk(True))
    number = config.vlans.get(vlan, 0)
    found = view.fabric.overlay.vni(switch, number, view.now) if number else None
    for remote in found.remote if found else ():
        if remote.address == address:
            vteps = [remote.vtep] if remote.vtep else _members(view, switch, remote.esi)
            return _underlay(view, switch, vteps[0], size) if vteps else Walk(False, "host unreachable")
    return Walk(False, "host unreachable")


def _members(view: View, switch: str, esi: str) -> list[str]:
    segment = view.fabric.overlay.segments(switch, view.now).get(esi)
    return list(segment.peers) if segment else []


def _underlay(view: View, switch: str, vtep: str, size: int) -> Walk:
    return _from(view, switch, "default", vtep, size + VXLAN, LONGEST)


def _overlay(view: View, switch: str, vrf: str, wanted: IPv4Address) -> str:
    """Return the VTEP behind which an address of a VRF is; empty: it is not in the overlay."""
    best, length = "", -1
    for name, (vtep, theirs) in view.fabric.overlay.with_vrf(switch, vrf, view.now).items():
        for prefix in view.fabric.overlay.announced(name, theirs, view.now):
            net = IPv4Network(prefix)
            if wanted in net and net.prefixlen > length:
                best, length = vtep, net.prefixlen
    return best


def _next_hops(view: View, switch: str, vrf: str, wanted: IPv4Address) -> list[str]:
    if vrf not in view.fabric.machines[switch].config.bgp:
        return []
    group = view.fabric.rib.group(switch, IPV4, view.now)
    node: Node = (switch, vrf)
    table = group.result.tables.get(node)
    best, chosen = -1, -1
    for index, atom in enumerate(group.atoms):
        if table is None or not table.known >> index & 1:
            continue
        for prefix in atom:
            length = int(prefix.partition("/")[2])
            if length > best and wanted in IPv4Network(prefix):
                best, chosen = length, index
    if chosen < 0:
        return []
    ways = group.result.incoming[node]
    return [way.name_at(node) for way in ways if group.result.equal(way) >> chosen & 1]


def ping(view: View, vrf: str, words: tuple[str, ...]) -> str:
    """Print what iputils' ping prints; ``-M do``, ``-s``, ``-c``, ``-W``, ``-i``, ``-q`` and ``-I VRF`` are known."""
    options, address = _options(words)
    vrf = options.get("-I", vrf)
    size = int(options.get("-s", "56"))
    count = int(options.get("-c", "4"))
    found = walk(view, vrf, address, size + HEADERS)
    head = f"PING {address} ({address}) {size}({size + HEADERS}) bytes of data.\n"
    lines = ""
    if found.arrives:
        lines = "".join(
            f"{size + 8} bytes from {address}: icmp_seq={n} ttl=64 time=0.300 ms\n" for n in range(1, count + 1)
        )
    elif found.reason == "message too long" and options.get("-M") == "do":
        lines = f"ping: local error: message too long, mtu={found.mtu_bytes}\n" * count
    received = count if found.arrives else 0
    loss = 0 if found.arrives else 100
    tail = f"{count} packets transmitted, {received} received, {loss}% packet loss, time {count - 1}ms\n"
    return f"{head}{lines}\n--- {address} ping statistics ---\n{tail}"


def _options(words: tuple[str, ...]) -> tuple[dict[str, str], str]:
    found: dict[str, str] = {}
    rest = list(words)
    while rest and rest[0].startswith("-"):
        flag = rest.pop(0)
        if flag in ("-q", "-n"):
            continue
        if flag not in ("-M", "-s", "-c", "-W", "-i", "-I", "-w") or not rest:
            raise NotEmulated(f"ping {flag}")
        found[flag] = rest.pop(0)
    if len(rest) != 1:
        raise NotEmulated(f"ping {' '.join(words)}")
    try:
        IPv4Address(rest[0])
    except ValueError:
        raise NotEmulated(f"ping {rest[0]}: names are not resolved") from None
    return found, rest[0]
