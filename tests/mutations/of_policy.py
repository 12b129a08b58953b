"""Mutations of route policy."""

from __future__ import annotations

from collections.abc import Iterator

from rackwright.check import Fabric, View
from rackwright.check.interfaces import section
from rackwright.check.policy import references, sorted_rules
from tests.mutations.model import Mutation, mutator
from tests.mutations.places import dropping, leaf, renaming, setting, speakers

POLICY = ("router", "policy")


@mutator(
    "NVUE-POLICY-UNDEFINED",
    together=(
        "NVUE-VTEP-SOURCE",
        "NVUE-EVPN-FAMILY-OFF",
        "NVUE-EVPN-FAMILY-PEER",
        "NVUE-MULTIHOMING-UPLINK",
        "NVUE-TIMERS-ASYMMETRIC",
        "NVUE-AR-ECMP",
        "NVUE-REDISTRIBUTE-LEAK",
    ),
    why="a neighbor without its group has none of the group's settings; a prefix list that is not there holds nothing",
)
def wrong_name(fabric: Fabric) -> Iterator[Mutation]:
    """Name a policy, a peer group or an ACL that is not there."""
    rule = "NVUE-POLICY-UNDEFINED"
    for view in fabric.views.values():
        for path, _, _ in references(view):
            yield setting(rule, view, path, "NO_SUCH")
        for one in view.neighbors:
            if one.group:
                yield setting(rule, view, (*one.path, "peer-group"), "no_such")
        for name in ("NO_SUCH", "MISSING"):
            yield setting(
                rule,
                view,
                ("system", "control-plane", "acl", name, "inbound"),
                {},
                at=("system", "control-plane", "acl", name),
            )
        for interface in list(view.subports)[:8]:
            path = ("interface", interface, "acl", "NO_SUCH")
            yield setting(rule, view, (*path, "inbound"), {}, at=path)


@mutator(
    "NVUE-POLICY-DEAD",
    together=("NVUE-VTEP-SOURCE", "NVUE-POLICY-UNDEFINED"),
    why="what nothing lets through is not announced",
)
def dead_rule(fabric: Fabric) -> Iterator[Mutation]:
    """Let a permit match what cannot be."""
    rule = "NVUE-POLICY-DEAD"
    for view in speakers(fabric):
        for name, body in view.section(*POLICY, "prefix-list").items():
            for key, line in sorted_rules(body):
                for text in section(line, "match") if line.get("action") == "permit" else ():
                    base = (*POLICY, "prefix-list", name, "rule", key, "match", text)
                    length = int(text.partition("/")[2] or 0)
                    for shorter in range(max(0, length - 6), length):
                        yield setting(rule, view, (*base, "max-prefix-len"), shorter, at=base)
        for name, body in view.section(*POLICY, "route-map").items():
            for key, line in sorted_rules(body):
                base = (*POLICY, "route-map", name, "rule", key, "match")
                absent = [port for port in (f"swp{cage}s7" for cage in range(50, 65)) if port not in view.interfaces]
                for port in absent[:3] if "permit" in section(line, "action") else ():
                    yield setting(rule, view, (*base, "interface"), port)


@mutator("NVUE-POLICY-DEAD")
def dead_from_the_start(fabric: Fabric) -> Iterator[Mutation]:
    """Write a route map of one rule that matches nothing, where there is none yet that could be made wrong."""
    for view in speakers(fabric):
        for number in range(0 if view.section(*POLICY, "route-map") else 10):
            base = (*POLICY, "route-map", "DEAD", "rule", str(number + 1))
            body = {"action": {"permit": {}}, "match": {"interface": "swp64s7"}}
            yield setting("NVUE-POLICY-DEAD", view, base, body, at=(*base, "match", "interface"))


@mutator(
    "NVUE-REDISTRIBUTE-LEAK",
    together=("NVUE-LOCK-OUT", "NVUE-SERVICE-VRF", "CABLE-MISSING", "NVUE-SUBNET-TWICE"),
    why="eth0 outside VRF mgmt is no way in, and another VRF may reach its subnet; a port with an address should be cabled",
)
def leaking(fabric: Fabric) -> Iterator[Mutation]:
    """Put eth0 into a VRF that announces what it has connected, or take the route map away."""
    rule = "NVUE-REDISTRIBUTE-LEAK"
    for view in speakers(fabric):
        for vrf, instance in view.bgp.items():
            path = (*instance.path, "address-family", "ipv4-unicast", "redistribute", "connected")
            connected = section(view.tree, *path)
            if connected.get("enable") != "on":
                continue
            if "route-map" not in connected:
                yield setting(rule, view, ("interface", "eth0", "ip", "vrf"), vrf, at=(*path, "enable"))
                for name in unused(view) if vrf == "default" else ():
                    address = ("interface", name, "ip", "address", "203.0.113.0/31")
                    yield setting(rule, view, address, {}, at=(*path, "enable"))
            elif any(name.startswith("swp") for name in view.index.addressed):
                yield dropping(rule, view, (*path, "route-map"), at=(*path, "enable"))


def unused(view: View) -> list[str]:
    """Give the cages of a switch that nothing is said of, besides their state, and those that are not named at all."""
    quiet = [
        name
        for name, entry in view.index.swps.items()
        if set(entry.tree) <= {"type", "link", "description"} and entry.port.cage not in view.breakouts
    ]
    cages = view.hardware.cages if view.hardware else ()
    free = [f"swp{cage}" for cage in cages if cage not in view.breakouts and f"swp{cage}" not in view.interfaces]
    return [*quiet, *free]


@mutator("NVUE-REDISTRIBUTE-LEAK")
def leaking_management(fabric: Fabric) -> Iterator[Mutation]:
    """Announce what VRF mgmt has connected."""
    path = ("vrf", "mgmt", "router", "bgp", "address-family", "ipv4-unicast", "redistribute", "connected", "enable")
    for view in speakers(fabric):
        if leaf(view, ("router", "bgp", "enable")) == "on" and "eth0" in view.index.addressed:
            yield setting("NVUE-REDISTRIBUTE-LEAK", view, path, "on")


@mutator("NVUE-REDISTRIBUTE-LEAK")
def importing_all(fabric: Fabric) -> Iterator[Mutation]:
    """Let a VRF import all of another one: no route map, one that holds nothing back, a list of everything."""
    rule = "NVUE-REDISTRIBUTE-LEAK"
    for view in speakers(fabric):
        for instance in view.bgp.values():
            path = (*instance.path, "address-family", "ipv4-unicast", "route-import", "from-vrf", "route-map")
            name = leaf(view, path)
            if name is None:
                continue
            yield dropping(rule, view, path)
            base = (*POLICY, "route-map", name, "rule")
            lines = sorted_rules(view.section(*base[:-1]))
            first = int(lines[0][0])
            for before in (1, 2, 3, first - 1):
                yield setting(rule, view, (*base, str(before), "action", "permit"), {}, at=path)
            for key, line in lines if all("permit" in section(one, "action") for _, one in lines) else ():
                listed = section(line, "match").get("ip-prefix-list")
                if listed:
                    yield dropping(rule, view, (*base, key, "match", "ip-prefix-list"), at=path)
                    yield from widened(view, str(listed), path)


def widened(view: View, listed: str, told: tuple[str, ...]) -> Iterator[Mutation]:
    """Let a prefix list hold everything."""
    rule = "NVUE-REDISTRIBUTE-LEAK"
    base = (*POLICY, "prefix-list", listed, "rule")
    for key, line in sorted_rules(view.section(*base[:-1])):
        for text, bounds in section(line, "match").items() if line.get("action") == "permit" else ():
            if section(bounds).get("max-prefix-len") == 32:
                yield renaming(rule, view, (*base, key, "match", text), "0.0.0.0/0", at=told)


@mutator("NVUE-VRF-LOOPBACK-127")
def no_localhost(fabric: Fabric) -> Iterator[Mutation]:
    """Give a VRF a loopback address and no 127/8."""
    rule = "NVUE-VRF-LOOPBACK-127"
    for view in fabric.views.values():
        for vrf, body in {"mgmt": {}, "LATER": {}, **view.vrfs}.items():
            path = ("vrf", vrf, "loopback", "ip", "address")
            stated = section(body, "loopback", "ip", "address")
            local = [text for text in stated if text.startswith("127.")]
            if vrf == "default":
                continue
            if not stated:
                for last in range(10):
                    yield setting(rule, view, (*path, f"203.0.113.{last + 1}/32"), {}, at=path)
            elif len(local) == 1:
                yield dropping(rule, view, (*path, local[0]), at=path)
                yield renaming(rule, view, (*path, local[0]), "203.0.113.1/32", at=path)
