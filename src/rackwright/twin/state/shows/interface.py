"""``nv show interface``: the two-column form of the Interface reference, from 5.11 on."""

from __future__ import annotations

import math
from typing import Any, Final

from rackwright.twin.state.cabling import MANAGEMENT
from rackwright.twin.state.config import at
from rackwright.twin.state.hardware import made_up_mac, port_numbers
from rackwright.twin.state.shows.lldp import neighbors
from rackwright.twin.state.shows.view import Show, View, moment, on

__all__ = [
    "SHOWS",
    "adaptive_routing",
    "below",
    "every",
    "flaps",
    "kind",
    "link",
    "mac",
    "members",
    "mtu",
    "names",
    "on_off_lldp",
    "one",
    "oper_up",
    "physical",
    "router_adaptive_routing",
    "some",
    "speed_word",
    "whole",
]

_NO_TRAFFIC: Final = {
    "in-bytes": "0 Bytes",
    "in-pkts": 0,
    "in-drops": 0,
    "in-errors": 0,
    "out-bytes": "0 Bytes",
    "out-pkts": 0,
    "out-drops": 0,
    "out-errors": 0,
}
"""The twin forwards no packets, so there are none to count."""


def speed_word(gbps: float) -> str:
    """Return a speed as NVUE writes it: ``400G``."""
    return f"{gbps:g}G" if gbps >= 1 else f"{gbps * 1000:g}M"


def names(view: View) -> list[str]:
    """Return every interface: what is configured and exists, and the ports that are not configured.

    A configured port that the model lacks is not there (RN-4309876); a broken-out cage is, without a link of its own.
    """
    real = {f"swp{port.cage.number}" for port in view.machine.ports.values()} | set(view.machine.ports)
    found = dict.fromkeys([MANAGEMENT, "lo"])
    for name in view.config.interfaces:
        if port_numbers(name) is None or name in real:
            found[name] = None
    found |= dict.fromkeys(view.machine.ports)
    return list(found)


def kind(view: View, name: str) -> str:
    """Return the type of an interface."""
    known = view.kinds.get(name)
    if known is None:
        given = at(view.config.interfaces.get(name), "type")
        usual = {"lo": "loopback", MANAGEMENT: "eth"}.get(name, "swp")
        known = view.kinds[name] = str(given) if given else usual
    return known


def one(view: View, name: str) -> dict[str, Any]:
    """Return one interface; raises KeyError when there is none of that name."""
    if name not in names(view):
        raise KeyError(name)
    return whole(view, name)


def whole(view: View, name: str) -> dict[str, Any]:
    """Return an interface that there is."""
    stanza = view.config.interfaces.get(name) or {}
    found: dict[str, Any] = {"type": kind(view, name)}
    if name in view.config.bond_of:
        found["parent"] = view.config.bond_of[name]
    if stanza.get("description"):
        found["description"] = stanza["description"]
    found["link"] = link(view, name)
    if "ip" in stanza or found["type"] in ("swp", "loopback", "eth"):
        found["ip"] = {**(stanza.get("ip") or {}), "vrf": "mgmt" if name == MANAGEMENT else view.config.vrf_of(name)}
    for part in ("bond", "bridge", "vlan", "base-interface"):
        if part in stanza:
            found[part] = stanza[part]
    if at(stanza, "evpn", "multihoming"):
        found["evpn"] = stanza["evpn"]
    if found["type"] in ("swp", "eth"):
        found["lldp"] = {"state": on_off_lldp(view, name), "neighbor": neighbors(view, name)}
    return found


def on_off_lldp(view: View, name: str) -> str:
    """Return whether a port sends LLDP, in the words of its own path."""
    return "enabled" if view.config.lldp and name not in view.config.lldp_off else "disabled"


def oper_up(view: View, name: str) -> bool:
    """Tell whether an interface is up now."""
    what = kind(view, name)
    if what in ("swp", "eth", "bond"):
        return view.line(name).at(view.now)
    # An SVI is up whatever its ports do (RN-4299350).
    return what != "loopback" and view.config.admin_up(name)


def link(view: View, name: str) -> dict[str, Any]:
    """Return ``link`` of an interface."""
    up, what = oper_up(view, name), kind(view, name)
    line = view.line(name)
    admin = name == MANAGEMENT or view.config.admin_up(name)
    comes, goes = line.counts(view.now)
    since = line.since(view.now)
    down = view.layer1.protodown(view.name, name, view.now)
    found: dict[str, Any] = {
        "admin-status": "up" if admin else "down",
        "oper-status": "unknown" if what == "loopback" else "up" if up else "down",
        "oper-status-last-change": "Never"
        if since == -math.inf
        else moment(since).strftime("%Y/%m/%d %H:%M:%S.%f")[:-3],
        "protodown": "enabled" if down else "disabled",
        "mac-address": mac(view, name),
        "mtu": mtu(view, name),
        "state": {"up" if admin else "down": {}},
    }
    found["mac"] = found["mac-address"]
    if down:
        found["protodown-reason"] = "evpn-mh"
    if what in ("swp", "eth"):
        found |= physical(view, name, up=up)
    elif what == "bond" and up:
        state = view.layer1.bond(view.name, view.config.bonds[name], view.now)
        found["speed"] = speed_word(sum(view.layer1.verdict(view.name, port).gbps for port in state.active))
    stats = {"carrier-transitions": comes + goes, "carrier-up-count": comes, "carrier-down-count": goes}
    extra = flaps(view, name)
    if extra:
        stats = {key: value + extra * (2 if key == "carrier-transitions" else 1) for key, value in stats.items()}
    found["stats"] = {**stats, **_NO_TRAFFIC}
    return found


def flaps(view: View, name: str) -> int:
    """Return how often a degraded wire has made a port flap beyond what the links themselves did."""
    plug = view.fabric.plugs.plugged.get((view.name, name))
    return sum(quality.flaps for quality in plug.wire.quality) if plug else 0


def physical(view: View, name: str, *, up: bool) -> dict[str, Any]:
    """Return what a port's link is."""
    verdict = view.layer1.verdict(view.name, name)
    stanza = view.config.interfaces.get(name)
    found: dict[str, Any] = {"duplex": "full"}
    found["auto-negotiate"] = on(
        holds=verdict.negotiated if up else not at(stanza, "link", "speed") or at(stanza, "link", "speed") == "auto"
    )
    if up:
        found |= {"speed": speed_word(verdict.gbps), "fec": verdict.fec}
    breakout = at(stanza, "link", "breakout")
    if breakout:
        found["breakout"] = breakout
    return found


def mtu(view: View, name: str) -> int:
    """Return an interface's MTU; that of eth0 is 1500 and that of lo 65536 (Interface reference)."""
    if name == "lo":
        return 65536
    return 1500 if name == MANAGEMENT else view.config.mtu(name)


def mac(view: View, name: str) -> str:
    """Return an interface's MAC: eth0 has the base address, SVIs too, a bond that of its first member."""
    if name == MANAGEMENT or kind(view, name) == "svi":
        return view.machine.mac
    if name in view.config.bonds and view.config.bonds[name].members:
        return mac(view, view.config.bonds[name].members[0])
    socket = view.fabric.plugs.sockets.get((view.name, name))
    return socket.mac if socket and socket.mac else made_up_mac(view.name, name)


def every(view: View) -> dict[str, Any]:
    """Return all interfaces."""
    return {name: whole(view, name) for name in names(view)}


def some(*kinds: str) -> Show:
    """Return a function for the interfaces of some types (``nv show interface bonds`` and the like)."""

    def show(view: View) -> dict[str, Any]:
        return {name: whole(view, name) for name in names(view) if kind(view, name) in kinds}

    return show


def members(view: View) -> dict[str, Any]:
    """Return the members of bonds."""
    return {name: whole(view, name) for name in names(view) if name in view.config.bond_of}


def below(*path: str) -> Show:
    """Return a function for a part of one interface; raises KeyError where it has none."""

    def show(view: View, name: str) -> Any:
        found = at(one(view, name), *path)
        if found is None:
            raise KeyError(path[-1])
        return found

    return show


def adaptive_routing(view: View, name: str) -> dict[str, Any]:
    """Return whether adaptive routing works on a port.

    Only routed front ports of Spectrum-4 at 200 or 400 Gb/s in the default VRF do it (ECMP page; nvue.md 0.4); where
    it is configured and cannot work the twin says off, which is its own way to show it [assumed].
    """
    one(view, name)
    given = at(view.config.interfaces.get(name), "router", "adaptive-routing") or {}
    wanted = name in view.config.adaptive and at(view.config.tree, "router", "adaptive-routing", "enable") != "off"
    able = (
        "adaptive-routing" in view.machine.model.features
        and name in view.machine.ports
        and name not in view.config.bond_of
        and view.config.domain(name) is None
        and view.config.vrf_of(name) == "default"
        and view.layer1.verdict(view.name, name).gbps in (200, 400)
    )
    return {**given, "enable": on(holds=wanted and able)}


def router_adaptive_routing(view: View) -> dict[str, Any]:
    """Return global adaptive routing; a port that has it turns it on (nvue.md 3.6)."""
    given = at(view.config.tree, "router", "adaptive-routing") or {}
    told = given.get("enable")
    working = told == "on" or (told is None and bool(view.config.adaptive))
    return {**given, "enable": on(holds=working and "adaptive-routing" in view.machine.model.features)}


SHOWS: dict[tuple[str, ...], Show] = {
    ("interface",): every,
    ("interface", "*"): one,
    ("interface", "bonds"): some("bond"),
    ("interface", "bond-members"): members,
    ("interface", "carrier-stats"): every,
    ("interface", "svi"): some("svi"),
    ("interface", "*", "link"): below("link"),
    ("interface", "*", "link", "stats"): below("link", "stats"),
    ("interface", "*", "link", "state"): below("link", "state"),
    ("interface", "*", "link", "protodown-reason"): below("link", "protodown-reason"),
    ("interface", "*", "ip"): below("ip"),
    ("interface", "*", "ip", "address"): below("ip", "address"),
    ("interface", "*", "bond"): below("bond"),
    ("interface", "*", "router", "adaptive-routing"): adaptive_routing,
    ("router", "adaptive-routing"): router_adaptive_routing,
}
