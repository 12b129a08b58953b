"""Mutations of VLANs, VNIs, VLAN interfaces and PXE bonds."""

from __future__ import annotations

from collections.abc import Iterator

from rackwright.check import Fabric, View
from rackwright.check.interfaces import section
from tests.mutations.model import Mutation, mutator
from tests.mutations.places import UNUSED_VLANS, dropping, pairs, renaming, setting, shared_bonds, vteps

BRIDGE = ("bridge", "domain")


def bridged(fabric: Fabric) -> Iterator[View]:
    """Give the switches with VLANs."""
    return (view for view in fabric.views.values() if any(view.bridge_vlans.values()))


@mutator(
    "NVUE-VLAN-NOT-IN-BRIDGE",
    together=("NVUE-SEGMENT-MEMBERS", "NVUE-PXE-BOND", "NVUE-VLAN-ENDS"),
    why="the other switch of the segment, or the other end of the link, keeps its VLAN, which may be the PXE VLAN",
)
def wrong_vlan(fabric: Fabric) -> Iterator[Mutation]:
    """Put a port into a VLAN that its bridge does not have."""
    rule = "NVUE-VLAN-NOT-IN-BRIDGE"
    for view in bridged(fabric):
        for port in view.bridge_ports.values():
            for key, vlan in (("access", port.access), ("untagged", port.untagged)):
                if vlan is not None:
                    yield setting(rule, view, (*port.path, key), UNUSED_VLANS[0])
            for vlan in sorted(port.vlans or ()):
                yield renaming(rule, view, (*port.path, "vlan", str(vlan)), str(UNUSED_VLANS[1]))


@mutator("NVUE-VLAN-RESERVED")
def reserved_vlan(fabric: Fabric) -> Iterator[Mutation]:
    """Add a VLAN of the reserved range to a bridge."""
    for view in bridged(fabric):
        for name in view.bridges:
            for vlan in range(3725, 4000, 11):
                yield setting("NVUE-VLAN-RESERVED", view, (*BRIDGE, name, "vlan", str(vlan)), {})


@mutator("NVUE-VNI-TWICE", together=("NVUE-VNI-MAP-DIFFERS",), why="the other switches keep the VNI")
def second_vni(fabric: Fabric) -> Iterator[Mutation]:
    """Give a VLAN a second VNI, or the VNI of another VLAN."""
    rule = "NVUE-VNI-TWICE"
    for view in vteps(fabric):
        for one in view.vnis:
            for extra in range(4):
                yield setting(rule, view, (*one.path[:-1], str(900001 + extra)), {})
            for other in view.vnis:
                if other.vlan != one.vlan:
                    yield renaming(rule, view, one.path, str(other.vni))


@mutator("NVUE-VNI-MAP-DIFFERS")
def other_vni(fabric: Fabric) -> Iterator[Mutation]:
    """Give a VLAN another VNI on one switch."""
    for view, other in pairs(fabric):
        common = {one.vlan for one in other.vnis}
        for one in view.vnis:
            for shift in range(4):
                if one.vlan in common:
                    yield renaming("NVUE-VNI-MAP-DIFFERS", view, one.path, str(910001 + one.vlan + shift * 5000))


@mutator(
    "NVUE-L3VNI-PLACE",
    together=("NVUE-L3VNI-DIFFERS", "NVUE-SERVICE-INTERFACE"),
    why="the other switches keep the L3VNI; a relay names the interface that its VLAN makes",
)
def taken_l3vni(fabric: Fabric) -> Iterator[Mutation]:
    """Give a VRF the VNI of a VLAN, or its L3VNI a VLAN of the bridge."""
    rule = "NVUE-L3VNI-PLACE"
    for view in vteps(fabric):
        for vrf, body in view.vrfs.items():
            for vni in section(body, "evpn", "vni"):
                for one in view.vnis:
                    yield renaming(rule, view, ("vrf", vrf, "evpn", "vni", vni), str(one.vni))
                    yield setting(rule, view, ("vrf", vrf, "evpn", "vlan"), one.vlan)


@mutator("NVUE-L3VNI-DIFFERS")
def other_l3vni(fabric: Fabric) -> Iterator[Mutation]:
    """Give a VRF another L3VNI on one switch."""
    for view, other in pairs(fabric):
        for vrf, body in view.vrfs.items():
            for vni in section(body, "evpn", "vni"):
                for shift in range(10):
                    if section(other.vrfs.get(vrf), "evpn", "vni"):
                        path = ("vrf", vrf, "evpn", "vni", vni)
                        yield renaming("NVUE-L3VNI-DIFFERS", view, path, str(920001 + shift))


@mutator(
    "NVUE-PXE-BOND",
    together=("NVUE-SEGMENT-MEMBERS", "CABLE-SUBNETS-DIFFER"),
    why="the other switch of the segment keeps its native VLAN, the host the subnet of it",
)
def bond_that_cannot_boot(fabric: Fabric) -> Iterator[Mutation]:
    """Turn LACP bypass off where hosts boot, or carry another VLAN untagged."""
    rule = "NVUE-PXE-BOND"
    for view in fabric.views.values():
        bypass = [name for name, bond in view.bonds.items() if bond.config.get("lacp-bypass") == "on"]
        for name in bypass if len(bypass) > 1 else ():
            path = ("interface", name, "bond", "lacp-bypass")
            yield setting(rule, view, path, "off")
            yield dropping(rule, view, path)
            port = view.bridge_ports[name]
            if port.untagged is not None:
                yield setting(rule, view, (*port.path, "untagged"), "none")
                yield dropping(rule, view, (*port.path, "untagged"))


@mutator(
    "NVUE-SVI-ADDRESS-TWICE",
    together=("NVUE-SVI-DIFFERS", "NVUE-SVI-GATEWAY-PLACE", "CABLE-SUBNETS-DIFFER"),
    why="another prefix length moves the subnet away from the gateway, the partner and the hosts",
)
def taken_address(fabric: Fabric) -> Iterator[Mutation]:
    """Give an SVI the address of its partner, or the shared one, with several prefix lengths."""
    rule = "NVUE-SVI-ADDRESS-TWICE"
    for view, other in pairs(fabric):
        for name, svi in view.svis.items():
            twin = other.svis.get(name)
            if not svi.addresses or twin is None:
                continue
            path = ("interface", name, "ip", "address", svi.addresses[0])
            for text in (*twin.addresses, *svi.virtual):
                yield renaming(rule, view, path, text)
                host, _, length = text.partition("/")
                for more in (25, 26, 27):
                    if int(length) != more:
                        yield renaming(rule, view, path, f"{host}/{more}")


@mutator("NVUE-SVI-DIFFERS")
def other_svi(fabric: Fabric) -> Iterator[Mutation]:
    """Give an SVI another gateway, VRF or gateway MAC on one switch."""
    rule = "NVUE-SVI-DIFFERS"
    for view, other in pairs(fabric):
        for name, svi in view.svis.items():
            base = ("interface", name, "ip")
            if name not in other.svis:
                continue
            for text in svi.virtual:
                network, _, length = text.partition("/")
                stem = network.rpartition(".")[0]
                for host in (77, 78, 79):
                    yield renaming(rule, view, (*base, "vrr", "address", text), f"{stem}.{host}/{length}")
                yield setting(rule, view, (*base, "vrr", "mac-address"), "00:00:5e:00:01:63")
            for vrf in view.vrfs:
                if vrf not in (svi.vrf, "default", "mgmt"):
                    yield setting(rule, view, (*base, "vrf"), vrf)


@mutator("NVUE-VLAN-WITHOUT-VNI")
def local_vlan(fabric: Fabric) -> Iterator[Mutation]:
    """Take the VNI of a VLAN away on one switch."""
    rule = "NVUE-VLAN-WITHOUT-VNI"
    for view, other in pairs(fabric):
        common = {one.vlan for one in other.vnis}
        for one in view.vnis:
            if one.vlan in common:
                yield dropping(rule, view, one.path, at=one.path[:-2])


@mutator(
    "NVUE-VLAN-WITHOUT-VNI",
    together=("NVUE-KEY-FORM", "NVUE-OUT-OF-RANGE"),
    why="the key is no VNI, whatever it was for",
)
def no_vni_at_all(fabric: Fabric) -> Iterator[Mutation]:
    """Give a VLAN a VNI that cannot be: past the ends of the range, or a word."""
    rule = "NVUE-VLAN-WITHOUT-VNI"
    for view, other in pairs(fabric):
        common = {one.vlan for one in other.vnis}
        for one in (each for each in view.vnis if each.vlan in common):
            for key in ("0", "16777216", f"vni{one.vni}", f"{one.vni}.0", "none", "auto"):
                yield renaming(rule, view, one.path, key, at=one.path[:-2])


@mutator(
    "NVUE-SVI-GATEWAY-PLACE", together=("NVUE-SVI-DIFFERS",), why="the other switches keep the gateway and the VRF"
)
def gateway_elsewhere(fabric: Fabric) -> Iterator[Mutation]:
    """Take the gateway from another subnet, or name a VRF that is not there."""
    rule = "NVUE-SVI-GATEWAY-PLACE"
    for view in fabric.views.values():
        for name, svi in view.svis.items():
            base = ("interface", name, "ip")
            for text in svi.virtual:
                for byte in range(4):
                    yield renaming(rule, view, (*base, "vrr", "address", text), f"203.0.113.{byte + 1}/24")
            for vrf in ("NOWHERE", "LOST"):
                yield setting(rule, view, (*base, "vrf"), vrf)


@mutator(
    "NVUE-SEGMENT-MEMBERS",
    together=("NVUE-PXE-BOND", "NVUE-MTU-ENDS", "NVUE-VLAN-ENDS", "CABLE-SUBNETS-DIFFER"),
    why="the native VLAN is the PXE VLAN; the far end has another VLAN and its subnet, or a greater MTU",
)
def unlike_members(fabric: Fabric) -> Iterator[Mutation]:
    """Treat a host of a segment otherwise on one of its switches."""
    rule = "NVUE-SEGMENT-MEMBERS"
    for view, name in shared_bonds(fabric):
        yield setting(rule, view, ("interface", name, "bond", "mode"), "static")
        yield setting(rule, view, ("interface", name, "link", "mtu"), 9100)
        for member in view.bonds[name].members if name in view.bonds else ():
            yield setting(rule, view, ("interface", member, "link", "mtu"), 1500)
        port = view.bridge_ports.get(name)
        if port is None:
            continue
        spare = sorted(view.bridge_vlans[port.bridge] - {port.access, port.untagged} - (port.vlans or frozenset()))
        for vlan in spare[:2]:
            key = "access" if port.access is not None else "untagged"
            yield setting(rule, view, (*port.path, key), vlan)
            if port.vlans is not None and port.access is None:
                yield setting(rule, view, (*port.path, "vlan", str(vlan)), {}, at=(*port.path, "vlan"))


def bridged_on(fabric: Fabric, view: View, name: str) -> bool:
    """Say whether a port, or a member of a bond, is cabled to a bridge port of another switch."""
    members = view.bonds[name].members if name in view.bonds else (name,)
    ends = [end for member in members if (end := fabric.far_ends.get((view.name, member))) and end[0] in fabric.views]
    return any(
        {port, *fabric.views[far].bonds_of.get(port, ())} & set(fabric.views[far].bridge_ports) for far, port, _ in ends
    )


@mutator(
    "NVUE-VLAN-ENDS",
    together=("NVUE-SEGMENT-MEMBERS", "NVUE-VLAN-NOT-IN-BRIDGE", "NVUE-PXE-BOND"),
    why="the upper end is a bond of a segment; the VLAN is in no bridge, or the one that hosts boot from",
)
def unlike_ends(fabric: Fabric) -> Iterator[Mutation]:
    """Give one end of a link that two switches bridge another untagged VLAN, or other tagged ones."""
    rule = "NVUE-VLAN-ENDS"
    for view in fabric.views.values():
        for port in (one for one in view.bridge_ports.values() if bridged_on(fabric, view, one.interface.name)):
            key = "access" if port.access is not None else "untagged"
            for vlan in (*sorted(view.bridge_vlans[port.bridge] - {port.access, port.untagged}), *UNUSED_VLANS[:20]):
                yield setting(rule, view, (*port.path, key), vlan)
            for vlan in sorted(port.vlans or ()):
                yield dropping(rule, view, (*port.path, "vlan", str(vlan)), at=(*port.path, "vlan"))
