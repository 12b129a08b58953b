"""What is up on a switch, and what of it should still be up after an apply.

What needs the neighbours too is not asked here: a session or link that a change renegotiates comes back when both
ends are set, and that is for the gate of the wave (:mod:`rackwright.push.gates`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

import msgspec

from rackwright.diff import Change
from rackwright.drivers.nvue.model import Nvue
from rackwright.errors import DeviceRefused
from rackwright.nvue.tree import Tree, get

__all__ = ["PORTS", "Vitals", "missing", "should_stay", "take"]

PORTS: Final = ""
"""Asked for like a VRF, of which none has no name: the ports, ten times as much as the sessions."""

_KINDS: Final = ("swp", "bond", "eth")
# An SVI stays up with all its ports down (RN-4299350), so it says nothing.

_LINK: Final = frozenset({"speed", "auto-negotiate", "fec", "lanes", "breakout"})
_ALL_SESSIONS: Final = frozenset({"enable", "autonomous-system", "router-id"})


class _Link(msgspec.Struct, frozen=True, rename="kebab", gc=False):
    """What is asked of a link; nv show interface of 5.11 and later has oper-status (NVUE reference, Interface)."""

    oper_status: Any = None
    protodown: Any = None
    protodown_reason: Any = "no reason given"


class _Port(msgspec.Struct, frozen=True, gc=False):
    """What is asked of an interface: a tenth of a hundred kilobytes and more."""

    type: Any = None
    link: _Link | None = None


class _Peer(msgspec.Struct, frozen=True, gc=False):
    """What is asked of a BGP neighbour."""

    state: Any = None


class Vitals(msgspec.Struct, frozen=True, omit_defaults=True):
    """Ports with link and BGP sessions that are established, at one moment."""

    ports: frozenset[str] = frozenset()
    sessions: frozenset[tuple[str, str]] = frozenset()
    """(VRF, neighbour)."""
    held: frozenset[tuple[str, str]] = frozenset()
    """(Port, why) of those that the switch itself holds down: protodown."""


def take(session: Nvue, running: Mapping[str, Any], *, only: Collection[str] | None = None) -> Vitals:
    """Ask a switch what is up; ``running`` says in which VRFs there is BGP.

    ``only``: the VRFs whose sessions are asked for, and :data:`PORTS` where the ports are; the rest is then not known to be up.
    """
    shown: dict[str, _Port] = session.show("interface", dict[str, _Port]) if only is None or PORTS in only else {}
    links = {name: item.link for name, item in shown.items() if item.link is not None}
    ports = frozenset(name for name, link in links.items() if link.oper_status == "up" and _counts(name, shown[name]))
    vrfs = [name for name, vrf in get(running, "vrf", default={}).items() if get(vrf, "router", "bgp", "neighbor")]
    vrfs = [name for name in vrfs if only is None or name in only]
    sessions = {(vrf, peer) for vrf in vrfs for peer in _established(session, vrf)}
    return Vitals(ports, frozenset(sessions), frozenset(_held(links)))


def _held(links: Mapping[str, _Link]) -> Iterable[tuple[str, str]]:
    for name, link in links.items():
        if link.protodown in ("enabled", "on"):
            yield name, str(link.protodown_reason)


def _counts(name: str, port: _Port) -> bool:
    return str(port.type or name).startswith(_KINDS)


def _established(session: Nvue, vrf: str) -> list[str]:
    try:
        shown: dict[str, _Peer] | None = session.show(f"vrf {vrf} router bgp neighbor", dict[str, _Peer] | None)
    except DeviceRefused:
        # A VRF in which no BGP runs yet has no such thing to show.
        return []
    return [peer for peer, item in (shown or {}).items() if item.state == "established"]


def should_stay(up: Vitals, changes: Iterable[Change], after: Tree) -> Vitals:
    """Return what of ``up`` an apply of these changes has no right to take down, ``after`` being what is then set."""
    steps = tuple(changes)
    lost = _renegotiated(steps)
    interfaces = get(after, "interface", default={})
    wanted = frozenset(name for name in up.ports if name not in lost and _wanted(interfaces.get(name)))
    ports = wanted - _segments_without_uplink(interfaces, wanted)
    sessions = frozenset(
        (vrf, peer)
        for vrf, peer in up.sessions
        if get(after, "vrf", vrf, "router", "bgp", "neighbor", peer) is not None
        and (peer not in up.ports or peer in ports)
        and not any(_resets(change, vrf, peer, after) for change in steps)
    )
    return Vitals(ports, sessions)


def _renegotiated(changes: Iterable[Change]) -> frozenset[str]:
    """Name the ports whose link depends on the other end from now on, and those that are taken away."""
    found: set[str] = set()
    for change in changes:
        keys = change.path
        if keys[0] != "interface" or len(keys) < 4:
            continue
        if keys[2] == "link" and keys[3] in _LINK:
            found |= {keys[1], *change.disruption.ports}
        elif keys[2] == "bond" and keys[3] in ("mode", "lacp-rate"):
            found.add(keys[1])
    return frozenset(found)


def _segments_without_uplink(interfaces: Mapping[str, Any], ports: frozenset[str]) -> frozenset[str]:
    """Name the Ethernet segments and their members when none of the uplinks stays: the switch holds them down then."""
    uplinks = {name for name, item in interfaces.items() if get(item, "evpn", "multihoming", "uplink") == "on"}
    if not uplinks or uplinks & ports:
        return frozenset()
    bonds = {name: item for name, item in interfaces.items() if get(item, "evpn", "multihoming", "segment")}
    return frozenset(bonds).union(*(get(item, "bond", "member", default={}) for item in bonds.values()))


def _wanted(interface: Any) -> bool:
    """Tell whether an interface has a stanza that does not shut it; without one it goes down (RN-4030380)."""
    return isinstance(interface, Mapping) and get(interface, "link", "state", "down") is None


def _resets(change: Change, vrf: str, peer: str, after: Tree) -> bool:
    """Tell whether a change makes a session depend on what its neighbour is set to."""
    keys = change.path
    if keys[:2] == ("router", "bgp"):
        return True
    if keys[:2] == ("interface", peer):
        return keys[2:3] in (("ip",), ("vrf",)) or keys[2:] == ("type",)
    if keys[:4] != ("vrf", vrf, "router", "bgp"):
        return False
    group = get(after, "vrf", vrf, "router", "bgp", "neighbor", peer, "peer-group")
    below = keys[4:6]
    return below in (("neighbor", peer), ("peer-group", group)) or (len(keys) > 4 and keys[4] in _ALL_SESSIONS)


def missing(expected: Vitals, now: Vitals) -> list[str]:
    """Say, in words, what should be up and is not."""
    ports = sorted(expected.ports - now.ports)
    sessions = sorted(expected.sessions - now.sessions)
    return [*ports, *(f"the BGP session with {peer} in VRF {vrf}" for vrf, peer in sessions)]
