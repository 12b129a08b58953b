"""Mutations of route policy."""

from __future__ import annotations

from collections.abc import Iterator

from rackwright.check import Fabric, View
from rackwright.check.interfaces import section
from rackwright.check.policy import references, sorted_rules
from tests.mutations.model import Mutation, mutator
from tests.mutations.places import dropping, renaming, setting, speakers

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
                for port in ("swp63s7", "swp64s7", "swp62s7") if "permit" in section(line, "action") else ():
                    yield setting(rule, view, (*base, "interface"), port)
        for number in range(10):
            base = (*POLICY, "route-map", "DEAD", "rule", str(number + 1))
            yield setting(
                rule,
                view,
                base,
                {"action": {"permit": {}}, "match": {"interface": "swp64s7"}},
                at=(*base, "match", "interface"),
            )


@mutator(
    "NVUE-REDISTRIBUTE-LEAK",
    together=("NVUE-LOCK-OUT", "NVUE-SERVICE-VRF", "CABLE-MISSING"),
    why="eth0 outside VRF mgmt is no way in; a port with an address should be cabled",
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
    """Give the cages of a switch that nothing is said of, besides their state."""
    return [
        name
        for name, entry in view.index.swps.items()
        if set(entry.tree) <= {"type", "link", "description"} and entry.port.cage not in view.breakouts
    ]


@mutator("NVUE-VRF-LOOPBACK-127")
def no_localhost(fabric: Fabric) -> Iterator[Mutation]:
    """Give a VRF a loopback address and no 127/8."""
    rule = "NVUE-VRF-LOOPBACK-127"
    for view in fabric.views.values():
        for vrf, body in view.vrfs.items():
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
