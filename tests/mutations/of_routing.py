"""Mutations of BGP: identities, neighbors, paths and timers."""

from __future__ import annotations

from collections.abc import Iterator

from rackwright.check import Fabric, View
from rackwright.check.agreement import grouped
from rackwright.check.interfaces import section
from rackwright.check.view_l3 import asn_of, components, loopbacks, remote_as
from tests.mutations.model import Mutation, mutator
from tests.mutations.places import (
    DAMAGED,
    bgp_groups,
    dropping,
    group_path,
    inner_ports,
    leaf,
    neighbor_ports,
    others_of,
    setting,
    speakers,
)

DEFAULT = ("vrf", "default", "router", "bgp")
ASN = ("router", "bgp", "autonomous-system")
ROUTER_ID = ("router", "bgp", "router-id")


@mutator(
    "NVUE-BGP-INCOMPLETE",
    together=(
        "NVUE-EVPN-FAMILY-OFF",
        "NVUE-EVPN-FAMILY-PEER",
        "NVUE-MULTIHOMING-UPLINK",
        "NVUE-TIMERS-ASYMMETRIC",
        "NVUE-AR-ECMP",
        "NVUE-ASPATH-IGNORE",
        "NVUE-REMOTE-AS",
    ),
    why="a neighbor without its group lacks the group's settings; a switch without ASN is not the expected one",
)
def nameless(fabric: Fabric) -> Iterator[Mutation]:
    """Take the router id, the ASN, a remote ASN or a neighbor's group away."""
    rule = "NVUE-BGP-INCOMPLETE"
    for view in speakers(fabric):
        own_id = any("router-id" not in one.tree for one in view.bgp.values())
        own_asn = any("autonomous-system" not in one.tree for one in view.bgp.values())
        for path, needed in ((ROUTER_ID, own_id), (ASN, own_asn)):
            if needed and leaf(view, path) is not None:
                yield dropping(rule, view, path)
                yield setting(rule, view, path, "none")
        for vrf in view.bgp:
            for group in bgp_groups(view, vrf):
                yield dropping(rule, view, group_path(vrf, group, "remote-as"))
        for one in view.neighbors:
            if one.group and "remote-as" not in one.tree:
                yield dropping(rule, view, (*one.path, "peer-group"), at=(*one.path, "remote-as"))


@mutator(
    "NVUE-IDENTITY-TWICE",
    together=("NVUE-VTEP-SOURCE", "NVUE-POLICY-DEAD"),
    why="the loopback of a switch is its VTEP source",
)
def twin(fabric: Fabric) -> Iterator[Mutation]:
    """Give a switch the router id or a loopback of another."""
    rule = "NVUE-IDENTITY-TWICE"
    everybody = list(speakers(fabric))
    for position, view in enumerate(everybody):
        for other in others_of(everybody, position):
            taken = leaf(other, ROUTER_ID)
            # A switch whose VRFs all state their own router id does not use the global one.
            used = [one for one in view.bgp.values() if "router-id" not in one.tree]
            if taken is None or not used:
                continue
            yield setting(rule, view, ROUTER_ID, taken)
            mine = dict(loopbacks(view))
            for path, text in loopbacks(other):
                if path in mine or not section(view.tree, *path[:-1]):
                    continue
                yield setting(rule, view, path, {}, name=f"also has {text}")
                for length in range(24, 32):
                    yield setting(rule, view, (*path[:-1], f"{text.split('/')[0]}/{length}"), {})


@mutator(
    "NVUE-REMOTE-AS",
    together=("NVUE-ASN-PLAN", "NVUE-RR-CLIENT-EBGP", "NVUE-ASPATH-IGNORE"),
    why="ASNs that move make leaves equal or paths unequal",
)
def wrong_remote(fabric: Fabric) -> Iterator[Mutation]:
    """Expect another ASN of a neighbor inside the fabric."""
    rule = "NVUE-REMOTE-AS"
    for view in speakers(fabric):
        inner = inner_ports(fabric, view)
        instance = view.bgp.get("default")
        for name in inner if instance else ():
            one = instance.neighbors[name]
            opposite = "external" if remote_as(one) == "internal" else "internal"
            yield setting(rule, view, (*one.path, "remote-as"), opposite)
            yield setting(rule, view, (*one.path, "remote-as"), 64999)
        for group in {instance.neighbors[name].group for name in inner} - {""} if instance else ():
            yield setting(rule, view, group_path("default", group, "remote-as"), 64998)


@mutator(
    "NVUE-AUTO-BGP",
    together=("NVUE-REMOTE-AS", "NVUE-ASPATH-IGNORE", "NVUE-ASN-PLAN", "NVUE-RR-CLIENT-EBGP"),
    why="a word is another ASN than the neighbors expect",
)
def computed_asn(fabric: Fabric) -> Iterator[Mutation]:
    """Let the switch compute its ASN, everywhere or in one VRF."""
    for view in speakers(fabric):
        for word in ("leaf", "spine"):
            yield setting("NVUE-AUTO-BGP", view, ASN, word)
            for vrf in sorted({*view.bgp, *view.vrfs, "mgmt"}):
                yield setting("NVUE-AUTO-BGP", view, ("vrf", vrf, "router", "bgp", "autonomous-system"), word)


@mutator(
    "NVUE-NEIGHBOR-INTERFACE",
    together=(
        "NVUE-BOND-MEMBER-CONFIGURED",
        "NVUE-MULTIHOMING-UPLINK",
        "NVUE-AR-PORT",
        "NVUE-VLAN-NOT-IN-BRIDGE",
        "NVUE-SERVICE-VRF",
    ),
    why="a port that leaves its role is also no uplink and no port for adaptive routing",
)
def unfit_port(fabric: Fabric) -> Iterator[Mutation]:
    """Take IPv6 or the VRF of a neighbor's interface away, or put it into the bridge."""
    rule = "NVUE-NEIGHBOR-INTERFACE"
    for view in speakers(fabric):
        for one in view.neighbors:
            if one.name not in view.interfaces:
                continue
            base = ("interface", one.name)
            yield setting(rule, view, (*base, "ip", "ipv6", "enable"), "off", at=one.path)
            other = "mgmt" if one.vrf == "default" else "default"
            yield setting(rule, view, (*base, "ip", "vrf"), other, at=one.path)
            yield setting(rule, view, (*base, "bridge", "domain", "br_default", "access"), 1, at=one.path)


@mutator("NVUE-ASPATH-IGNORE")
def one_path_only(fabric: Fabric) -> Iterator[Mutation]:
    """Turn multipath over different ASNs off where two neighbors lead to a third switch."""
    rule = "NVUE-ASPATH-IGNORE"
    path = (*DEFAULT, "path-selection", "multipath", "aspath-ignore")
    nearby = {
        view.name: {fabric.far_ends[view.name, name][0] for name in inner_ports(fabric, view)}
        for view in speakers(fabric)
    }
    asn = {name: asn_of(fabric.views[name]) for name in nearby}
    for view in speakers(fabric):
        ways = [name for name in nearby[view.name] if asn[name] != asn[view.name]]
        thirds = [{far for far in nearby[name] if asn[far] != asn[view.name]} for name in ways]
        meet = set.intersection(*thirds) if len({asn[name] for name in ways}) > 1 else set()
        if meet and leaf(view, path) == "on":
            yield setting(rule, view, path, "off")
            yield dropping(rule, view, path)


@mutator("NVUE-RR-CLIENT-EBGP")
def client_outside(fabric: Fabric) -> Iterator[Mutation]:
    """Make an eBGP neighbor a route reflector client."""
    rule = "NVUE-RR-CLIENT-EBGP"
    for view in speakers(fabric):
        for vrf, instance in view.bgp.items():
            for group, body in instance.groups.items():
                for family in ("ipv4-unicast", "l2vpn-evpn"):
                    keys = ("address-family", family, "route-reflector-client")
                    if str(body.get("remote-as", "internal")) not in ("internal", asn_of(view, vrf)):
                        yield setting(rule, view, group_path(vrf, group, *keys), "on")
            for one in instance.neighbors.values():
                for family in ("ipv4-unicast", "l2vpn-evpn"):
                    keys = (*one.path, "address-family", family, "route-reflector-client")
                    if remote_as(one) not in ("", "internal", asn_of(view, vrf)):
                        yield setting(rule, view, keys, "on")


def leaves_of(fabric: Fabric) -> list[View]:
    """Give the switches that speak only eBGP and have hosts."""
    return [
        view
        for view in speakers(fabric)
        if neighbor_ports(view)
        and all(remote_as(one) == "external" for one in view.neighbors if one.vrf == "default")
        and (view.vtep or any(fabric.far_host(view.name, name) for name in view.interfaces))
    ]


@mutator(
    "NVUE-ASN-PLAN",
    together=("NVUE-ASPATH-IGNORE", "NVUE-REMOTE-AS"),
    why="paths through the two leaves are no longer different",
)
def shared_asn(fabric: Fabric) -> Iterator[Mutation]:
    """Give a leaf the ASN of another leaf of the same fabric; separate fabrics may share them."""
    for view, other in neighbours_in_plan(fabric):
        for path in (ASN, (*DEFAULT, "autonomous-system")):
            yield setting("NVUE-ASN-PLAN", view, path, int(asn_of(other)), at=path)


@mutator(
    "NVUE-ASN-PLAN",
    together=("NVUE-ASPATH-IGNORE", "NVUE-REMOTE-AS", "NVUE-OUT-OF-RANGE", *DAMAGED),
    why="paths through the two leaves are no longer different; NVUE takes an ASN as a plain number only",
)
def shared_asn_in_another_notation(fabric: Fabric) -> Iterator[Mutation]:
    """Give a leaf the ASN of another leaf, written as other systems write it."""
    for view, other in neighbours_in_plan(fabric):
        asn = int(asn_of(other))
        for text in (f"{asn}", f"AS{asn}", f"as {asn}", f"{asn >> 16}.{asn & 0xFFFF}", f"{asn} ", f"0{asn}"):
            for path in (ASN, (*DEFAULT, "autonomous-system")):
                yield setting("NVUE-ASN-PLAN", view, path, text)


def neighbours_in_plan(fabric: Fabric) -> Iterator[tuple[View, View]]:
    """Give each leaf of a fabric with others of the same fabric."""
    together = {name: place for place, names in enumerate(components(fabric)) for name in names}
    groups = grouped((together[view.name], view) for view in leaves_of(fabric))
    for found in groups.values():
        for position, view in enumerate(found):
            for other in others_of(found, position):
                yield view, other


@mutator("NVUE-TIMERS-ASYMMETRIC")
def other_timers(fabric: Fabric) -> Iterator[Mutation]:
    """Give one end of a session inside the fabric other timers."""
    rule = "NVUE-TIMERS-ASYMMETRIC"
    values = (("bfd", "detect-multiplier", 7), ("bfd", "min-rx-interval", 900), ("timers", "hold", 31))
    for view in speakers(fabric):
        instance = view.bgp.get("default")
        for name in inner_ports(fabric, view) if instance else ():
            one = instance.neighbors[name]
            for section_name, key, value in values:
                yield setting(rule, view, (*one.path, section_name, key), value)
            state = "off" if one.setting("bfd", "enable") == "on" else "on"
            yield setting(rule, view, (*one.path, "bfd", "enable"), state)
