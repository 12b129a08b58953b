"""Mutations of addresses: inside a switch, between switches, along a cable; and of the VRFs that hold them."""

from __future__ import annotations

from collections.abc import Iterator

from rackwright.check import Fabric, View
from rackwright.check.interfaces import section
from rackwright.check.rules_addresses import _served
from rackwright.check.spans import Span, span_of
from tests.mutations.model import Mutation, mutator
from tests.mutations.places import UNUSED_VLANS, inner_ports, neighbor_ports, renaming, setting

LENGTHS = (30, 28, 24)
NOWHERE = ("NOSUCH", "LOST", "GONE", "mgnt", "Default")


def address(name: str, text: str) -> tuple[str, ...]:
    """Give the path of an address of an interface."""
    return ("interface", name, "ip", "address", text)


def places(view: View) -> Iterator[tuple[str, str, Span]]:
    """Give every address of a switch with its VRF and interface, loopbacks aside."""
    for name, spans in view.addresses.items():
        for span in spans:
            if not span.host:
                yield view.index.vrf_of.get(name, "default"), name, span


@mutator(
    "NVUE-SUBNET-TWICE",
    together=(
        "NVUE-ADDRESS-TWICE",
        "NVUE-SVI-ADDRESS-TWICE",
        "NVUE-SVI-DIFFERS",
        "MANAGEMENT-ADDRESS-TWICE",
        "CABLE-SUBNETS-DIFFER",
        "NVUE-REDISTRIBUTE-LEAK",
        "NVUE-ASN-PLAN",
        "NVUE-POLICY-DEAD",
        "NVUE-IDENTITY-TWICE",
    ),
    why="an address that a port should not have may be another switch's too, and is not what its cable needs",
)
def subnet_again(fabric: Fabric) -> Iterator[Mutation]:
    """Give an interface the address of another one of its VRF, or one of a subnet around it."""
    rule = "NVUE-SUBNET-TWICE"
    for view in fabric.views.values():
        known = list(places(view))
        for position, (vrf, name, span) in enumerate(known):
            near = [known[(position + step) % len(known)][1:] for step in range(1, min(4, len(known)))]
            ports = [other for other, _ in near if view.index.vrf_of.get(other, "default") == vrf]
            ports += [port for port in neighbor_ports(view)[:4] if vrf == "default"]
            for port in sorted({*ports} - {name}):
                for text in dict.fromkeys((span.text, *(f"{span.plain}/{length}" for length in LENGTHS))):
                    yield setting(rule, view, address(port, text), {})
        # An unnumbered port has no address to lose: what it is given here is that of the loopback, and more.
        for span in (one for one in view.addresses.get("lo", ()) if one.host and one.version == 4):
            for port in neighbor_ports(view)[:8]:
                for length in (31, *LENGTHS):
                    yield setting(rule, view, address(port, f"{span.plain}/{length}"), {})


@mutator(
    "NVUE-ADDRESS-TWICE",
    together=(
        "NVUE-SUBNET-TWICE",
        "CABLE-SUBNETS-DIFFER",
        "NVUE-REDISTRIBUTE-LEAK",
        "NVUE-ASN-PLAN",
        "NVUE-POLICY-DEAD",
    ),
    why="a port with another switch's address is in a subnet that its own cable is not in",
)
def address_of_another(fabric: Fabric) -> Iterator[Mutation]:
    """Give a routed port an address of the switch at the other end of its cable."""
    rule = "NVUE-ADDRESS-TWICE"
    for view in fabric.views.values():
        for port in inner_ports(fabric, view)[:8]:
            other, far, _ = fabric.far_ends[view.name, port]
            known = fabric.views[other].addresses
            for span in (*known.get(far, ()), *known.get("lo", ())):
                for length in (31, *LENGTHS) if span.version == 4 else ():
                    yield setting(rule, view, address(port, f"{span.plain}/{length}"), {})


def on_a_cable(fabric: Fabric) -> Iterator[tuple[View, str, Span, str]]:
    """Give each interface with one address that serves a cable, where the far end has one too, and one of that end."""
    for (device, port), (far, far_port, _) in fabric.far_ends.items():
        view, peer = fabric.views.get(device), fabric.views.get(far)
        served = _served(view, port) if view else None
        if view is None or served is None or len(served[1]) != 1 or served[1][0].version != 4:
            continue
        there = _served(peer, far_port) if peer else None
        host = fabric.hosts.get((far, far_port))
        theirs = [span.text for span in there[1]] if there else list((host.addresses if host else None) or ())
        if theirs and (host or port in view.addresses):
            yield view, served[0], served[1][0], theirs[0]


@mutator(
    "CABLE-SUBNETS-DIFFER",
    together=(
        "NVUE-LOCK-OUT",
        "NVUE-POLICY-DEAD",
        "NVUE-REDISTRIBUTE-LEAK",
        "NVUE-ADDRESS-TWICE",
        "NVUE-SVI-DIFFERS",
        "NVUE-SVI-GATEWAY-PLACE",
    ),
    why="gateways are in the subnet that an interface left, other VTEPs still have it; no prefix list knows the new one",
)
def subnet_apart(fabric: Fabric) -> Iterator[Mutation]:
    """Take the address of one end of a cable from another subnet, or give a switch that of its host."""
    rule = "CABLE-SUBNETS-DIFFER"
    for view, port, span, theirs in on_a_cable(fabric):
        for text in ("203.0.113.4", "198.51.100.8"):
            new = f"{text}/{span.text.partition('/')[2]}"
            yield renaming(rule, view, address(port, span.text), new)
        host = span_of(theirs)
        if port != "eth0" and host and host.ip != span.ip:
            yield renaming(rule, view, address(port, span.text), theirs)


@mutator(
    "NVUE-VRF-UNDEFINED",
    together=(
        "NVUE-NEIGHBOR-INTERFACE",
        "NVUE-LOCK-OUT",
        "NVUE-SERVICE-VRF",
        "NVUE-AR-PORT",
        "NVUE-REDISTRIBUTE-LEAK",
        "NVUE-BOND-MEMBER-CONFIGURED",
        "NVUE-AR-ECMP",
        "NVUE-MULTIHOMING-UPLINK",
        "NVUE-ADDRESS-TWICE",
        "NVUE-POLICY-DEAD",
        "NVUE-ASN-PLAN",
    ),
    why="a port that leaves its VRF leaves its session, its services and its adaptive routing",
)
def nowhere(fabric: Fabric) -> Iterator[Mutation]:
    """Put an interface into a VRF that is not there, or import the routes of one."""
    rule = "NVUE-VRF-UNDEFINED"
    for view in fabric.views.values():
        for name in [*neighbor_ports(view)[:3], *list(view.addresses)[:3]]:
            for vrf in NOWHERE if name not in view.svis else ():
                yield setting(rule, view, ("interface", name, "ip", "vrf"), vrf)
        for instance in view.bgp.values():
            for family in ("ipv4-unicast", "ipv6-unicast"):
                base = (*instance.path, "address-family", family, "route-import", "from-vrf", "list")
                for vrf in NOWHERE:
                    yield setting(rule, view, (*base, vrf), {})


def with_distinguishers(fabric: Fabric) -> list[View]:
    """Give the switches that state the route distinguisher of a VRF."""
    return [view for view in fabric.views.values() if any("rd" in one.tree for one in view.bgp.values())]


@mutator("NVUE-RD-TWICE")
def distinguisher_again(fabric: Fabric) -> Iterator[Mutation]:
    """Give a VRF the distinguisher of another one of its switch."""
    for view in with_distinguishers(fabric):
        stated = {vrf: str(one.tree["rd"]) for vrf, one in view.bgp.items() if "rd" in one.tree}
        for vrf in sorted({*view.vrfs, "mgmt", "SPARE1", "SPARE2", "SPARE3"}):
            for other, rd in stated.items():
                if other != vrf:
                    yield setting("NVUE-RD-TWICE", view, ("vrf", vrf, "router", "bgp", "rd"), rd)


@mutator("NVUE-SERVICE-INTERFACE", together=("NVUE-SERVICE-VRF",), why="a relay may be in a VRF that leads nowhere")
def relay_nowhere(fabric: Fabric) -> Iterator[Mutation]:
    """Let a DHCP relay listen on a VLAN interface that is not there."""
    rule = "NVUE-SERVICE-INTERFACE"
    for view in fabric.views.values():
        for vrf in sorted({*view.section("service", "dhcp-relay"), "default"}):
            base = ("service", "dhcp-relay", vrf)
            for name in section(view.tree, *base, "interface"):
                yield renaming(rule, view, (*base, "interface", name), "vlan3199_l3" if "_" in name else "vlan3198")
            for vlan in UNUSED_VLANS[:10]:
                yield setting(rule, view, (*base, "interface", f"vlan{vlan}"), {})
                yield setting(rule, view, (*base, "gateway-interface", f"vlan{vlan}"), {})
