"""Mutations of the VTEP, the EVPN sessions and multihoming."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from rackwright.check import Fabric, View
from rackwright.check.interfaces import section
from rackwright.check.view_l3 import loopbacks
from tests.mutations.model import Mutation, mutator
from tests.mutations.places import (
    DAMAGED,
    NOT_ON,
    bgp_groups,
    dropping,
    group_path,
    inner_ports,
    neighbor_ports,
    others_of,
    pairs,
    renaming,
    segment_bonds,
    setting,
    shared_bonds,
    vteps,
)

SOURCE = ("nve", "vxlan", "source", "address")
DEFAULT = ("vrf", "default", "router", "bgp")
CONNECTED = (*DEFAULT, "address-family", "ipv4-unicast", "redistribute", "connected")
FAMILY = ("address-family", "l2vpn-evpn", "enable")
EVPN = ("evpn", "enable")
MULTIHOMING = ("evpn", "multihoming", "enable")


@mutator(
    "NVUE-VTEP-SOURCE",
    together=("NVUE-POLICY-DEAD",),
    why="a prefix list that holds the loopback may be the only one of its rule",
)
def vtep_elsewhere(fabric: Fabric) -> Iterator[Mutation]:
    """Take the VTEP source from somewhere else, or announce it no more."""
    rule = "NVUE-VTEP-SOURCE"
    for view in vteps(fabric):
        for last in range(12):
            yield setting(rule, view, SOURCE, f"203.0.113.{last + 1}")
        yield dropping(rule, view, SOURCE)
        if section(view.tree, *CONNECTED).get("enable") == "on":
            yield setting(rule, view, (*CONNECTED, "enable"), "off")
            yield dropping(rule, view, (*CONNECTED, "enable"))
        for length in (24, 25, 26, 27, 28, 29, 30, 31):
            path = ("interface", "lo", "ip", "address", f"{view.vtep}/32")
            yield renaming(rule, view, path, f"{view.vtep}/{length}", at=SOURCE)


@mutator("NVUE-VTEP-REUSED", together=("NVUE-VTEP-SOURCE",), why="the address is another switch's loopback")
def vtep_of_another(fabric: Fabric) -> Iterator[Mutation]:
    """Take the VTEP source of another switch."""
    found = list(vteps(fabric))
    for position, view in enumerate(found):
        for other in others_of(found, position):
            yield setting("NVUE-VTEP-REUSED", view, SOURCE, other.vtep)


@mutator("NVUE-VTEP-REUSED", together=("NVUE-VTEP-SOURCE",), why="the address is not on the switch's own loopback")
def vtep_of_something_else(fabric: Fabric) -> Iterator[Mutation]:
    """Take an address that is no VTEP's: another switch's interface or VRF loopback, a BMC, a PDU."""
    everybody = list(fabric.views.values())
    listed = fabric.addresses or ()
    for view in vteps(fabric):
        own = {text.partition("/")[0] for texts in view.index.addressed.values() for text in texts}
        own |= {text.partition("/")[0] for _, text in loopbacks(view)}
        taken = [
            text.partition("/")[0]
            for other in others_of(everybody, everybody.index(view), 4)
            for text in (*itertools.chain(*other.index.addressed.values()), *(text for _, text in loopbacks(other)))
        ]
        taken += [text.partition("/")[0] for owner, text in listed[:: max(1, len(listed) // 8)]]
        for address in dict.fromkeys(taken):
            # A shared gateway or an address by DHCP says nothing about whose it is.
            if address not in own and address[0].isdigit() and address not in {one.vtep for one in vteps(fabric)}:
                yield setting("NVUE-VTEP-REUSED", view, SOURCE, address)


def evpn_groups(view: View) -> list[str]:
    """Give the peer groups that speak EVPN."""
    groups = view.bgp["default"].groups if "default" in view.bgp else {}
    return [name for name in bgp_groups(view) if section(groups[name], *FAMILY[:-1]).get("enable") == "on"]


@mutator(
    "NVUE-EVPN-FAMILY-OFF",
    together=("NVUE-EVPN-FAMILY-PEER", "NVUE-MULTIHOMING-UPLINK"),
    why="the other end waits for EVPN; an uplink mark without EVPN marks nothing",
)
def family_off(fabric: Fabric) -> Iterator[Mutation]:
    """Turn the EVPN family off: in the VRF, in a group, toward one uplink."""
    rule = "NVUE-EVPN-FAMILY-OFF"
    for view in fabric.views.values():
        if not view.evpn_enabled or "default" not in view.bgp:
            continue
        yield setting(rule, view, (*DEFAULT, *FAMILY), "off")
        yield dropping(rule, view, (*DEFAULT, *FAMILY))
        for group in evpn_groups(view):
            yield setting(rule, view, group_path("default", group, *FAMILY), "off")
            yield dropping(rule, view, group_path("default", group, *FAMILY))
        for name in neighbor_ports(view):
            if name in view.uplinks:
                yield setting(rule, view, (*DEFAULT, "neighbor", name, *FAMILY), "off")


@mutator(
    "NVUE-EVPN-FAMILY-PEER",
    together=("NVUE-EVPN-FAMILY-OFF", "NVUE-MULTIHOMING-UPLINK"),
    why="an end that has EVPN on and does not speak it is wrong by itself",
)
def deaf_neighbor(fabric: Fabric) -> Iterator[Mutation]:
    """Turn the EVPN family off at one end of a session inside the fabric."""
    rule = "NVUE-EVPN-FAMILY-PEER"
    for view in fabric.views.values():
        inner = set(inner_ports(fabric, view))
        if not inner or not evpn_groups(view):
            continue
        yield setting(rule, view, (*DEFAULT, *FAMILY), "off")
        yield dropping(rule, view, (*DEFAULT, *FAMILY))
        for group in evpn_groups(view):
            yield setting(rule, view, group_path("default", group, *FAMILY), "off")
        for one in view.bgp["default"].neighbors.values():
            if one.name in inner and one.group in evpn_groups(view):
                yield setting(rule, view, (*one.path, *FAMILY), "off")


@mutator("NVUE-ROCE-VXLAN-DSCP")
def marking_lost(fabric: Fabric) -> Iterator[Mutation]:
    """Let VXLAN lose the DSCP."""
    rule = "NVUE-ROCE-VXLAN-DSCP"
    for view in vteps(fabric):
        if not view.roce_enabled:
            continue
        for side, actions in (("encapsulation", ("derive", "set")), ("decapsulation", ("derive", "copy"))):
            path = ("nve", "vxlan", side, "dscp", "action")
            for action in actions:
                yield setting(rule, view, path, action)
            for end in (5, 4, 3):
                yield dropping(rule, view, path[:end], at=path)


@mutator(
    "NVUE-SEGMENT-IDENTITY",
    together=("NVUE-SEGMENT-ONE-SIDED", "NVUE-SEGMENT-MEMBERS"),
    why="the other switch of the segment is then alone, or finds the wrong bond",
)
def broken_identity(fabric: Fabric) -> Iterator[Mutation]:
    """Take the local id or the MAC of a segment away, give it a neighbor's id, or a second identity."""
    rule = "NVUE-SEGMENT-IDENTITY"
    for view in fabric.views.values():
        bonds = segment_bonds(view)
        for position, name in enumerate(bonds):
            base = ("interface", name, "evpn", "multihoming", "segment")
            one = view.segments[name]
            yield dropping(rule, view, (*base, "local-id"))
            yield setting(rule, view, (*base, "identifier"), "00:00:00:00:00:00:00:00:00:01")
            if one.mac and not section(view.multihoming, "segment"):
                yield dropping(rule, view, (*base, "mac-address"))
            twin = view.segments[bonds[position - 1]]
            if len(bonds) > 1 and twin.mac == one.mac:
                yield setting(rule, view, (*base, "local-id"), twin.local_id)


@mutator(
    "NVUE-MULTIHOMING-SETTINGS",
    together=("NVUE-MULTIHOMING-EVERYWHERE",),
    why="the other VTEPs keep multihoming on",
)
def clashing_setting(fabric: Fabric) -> Iterator[Mutation]:
    """Turn multihoming off, or something on that does not go with it."""
    rule = "NVUE-MULTIHOMING-SETTINGS"
    for view in fabric.views.values():
        if not segment_bonds(view):
            continue
        yield setting(rule, view, MULTIHOMING, "off")
        yield dropping(rule, view, MULTIHOMING)
        yield setting(rule, view, ("nve", "vxlan", "arp-nd-suppress"), "off")
        yield setting(rule, view, ("evpn", "dad", "enable"), "on")
        yield setting(rule, view, ("evpn", "route-advertise", "default-gateway"), "on")
        yield setting(rule, view, ("evpn", "multihoming", "startup-delay"), 0)
        yield setting(rule, view, ("mlag", "init-delay"), 10, at=("mlag",))
        for one in view.vnis:
            path = ("evpn", "vni", str(one.vni), "route-advertise", "default-gateway")
            yield setting(rule, view, path, "on")
        for name in segment_bonds(view)[:6]:
            yield setting(
                rule, view, ("interface", name, "bond", "mlag", "id"), 7, at=("interface", name, "bond", "mlag")
            )


@mutator(
    "NVUE-MULTIHOMING-UPLINK",
    together=("NVUE-BOND-MEMBER-CONFIGURED", "CABLE-MISSING"),
    why="a member of a bond has no settings of its own; a marked port is in use and should be cabled",
)
def wrong_uplink(fabric: Fabric) -> Iterator[Mutation]:
    """Take the mark of an uplink away, or mark a port of a bond."""
    rule = "NVUE-MULTIHOMING-UPLINK"
    for view in fabric.views.values():
        for name in view.uplinks if segment_bonds(view) else ():
            path = ("interface", name, "evpn", "multihoming", "uplink")
            yield setting(rule, view, path, "off")
            yield dropping(rule, view, path)
        for name in segment_bonds(view):
            for member in view.bonds[name].members:
                yield setting(rule, view, ("interface", member, "evpn", "multihoming", "uplink"), "on")


@mutator(
    "NVUE-MULTIHOMING-EVERYWHERE", together=("NVUE-MULTIHOMING-SETTINGS",), why="the segments of the switch stand there"
)
def off_on_one(fabric: Fabric) -> Iterator[Mutation]:
    """Turn multihoming off on one of several VTEPs."""
    rule = "NVUE-MULTIHOMING-EVERYWHERE"
    for view, _ in pairs(fabric):
        if view.multihoming.get("enable") == "on":
            yield setting(rule, view, MULTIHOMING, "off")
            yield dropping(rule, view, MULTIHOMING)
            yield setting(rule, view, EVPN, "off")
            yield dropping(rule, view, EVPN)


@mutator(
    "NVUE-MULTIHOMING-EVERYWHERE",
    together=("NVUE-MULTIHOMING-SETTINGS", *DAMAGED),
    why="the segments of the switch stand there; the word itself is wrong too",
)
def not_quite_on(fabric: Fabric) -> Iterator[Mutation]:
    """Write the word that turns multihoming or EVPN on so that it does not."""
    for view, _ in pairs(fabric):
        for path in (MULTIHOMING, EVPN) if view.multihoming.get("enable") == "on" else ():
            for word in NOT_ON:
                yield setting("NVUE-MULTIHOMING-EVERYWHERE", view, path, word)


@mutator("NVUE-SEGMENT-ONE-SIDED")
def lonely_segment(fabric: Fabric) -> Iterator[Mutation]:
    """Give a segment another id or another MAC on one of its switches."""
    rule = "NVUE-SEGMENT-ONE-SIDED"
    for view, name in shared_bonds(fabric):
        one = view.segments[name]
        base = one.path
        yield setting(rule, view, (*base, "local-id"), 900001)
        if len(segment_bonds(view)) > 2 and one.mac:
            yield setting(rule, view, (*base, "mac-address"), "44:38:39:ff:77:77")
