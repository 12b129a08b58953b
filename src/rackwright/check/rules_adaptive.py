"""Adaptive routing and MTU, what a packet meets on its way: items 35 and 37 of the validator list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from rackwright.check.agreement import grouped, outliers
from rackwright.check.interfaces import Interface, number
from rackwright.check.model import Fabric, FabricRule, FileRule, Need, Path
from rackwright.check.rules_physical import gbps, port_lanes
from rackwright.check.view import View
from rackwright.check.view_l3 import joined
from rackwright.findings import Finding

__all__ = ["AdaptiveEcmp", "AdaptiveEnds", "AdaptivePort", "MtuEnds", "MtuVxlan"]

AR_GREATEST_GBPS = 400
"""Adaptive routing of 5.12 works on 200G and 400G links, not on 800G (nvue.md 3.6)."""
VXLAN_BYTES = 50
"""What VXLAN adds to a frame (nvue.md 3.2)."""


class AdaptivePort(FileRule):
    """Adaptive routing is on ports that can do it.

    Passes: a routed front-panel port of at most 400G in the default VRF of a Spectrum-4 switch. Fails: 800G, a bond
    or a member of one, an SVI, a sub-interface, a bridge port, another VRF, or another ASIC.
    """

    id = "NVUE-AR-PORT"
    item = "nvue.md 8.35"
    title = "Adaptive routing on a port that cannot do it"
    severity = "error"
    remedy = "take adaptive routing off here, or make it a routed 200G or 400G port of the default VRF"
    source = "nvue.md 8.35, 3.6"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look at the switch, then at every port with adaptive routing."""
        able = view.hardware is None or "adaptive-routing" in view.hardware.features
        if not able and view.section("router", "adaptive-routing").get("enable") == "on":
            reason = f"{view.device.model} has no adaptive routing"
            yield self.fail(view, ("router", "adaptive-routing", "enable"), reason, expected="off")
        for name, entry in view.index.adaptive.items():
            reason = _cannot_adapt(view, entry) if able else f"{view.device.model} has no adaptive routing"
            if reason:
                yield self.fail(view, _adaptive_path(name), reason, expected="off", actual="on")


class AdaptiveEcmp(FileRule):
    """Adaptive routing is on all ports of an ECMP group or on none.

    Passes: the ports of the neighbors of one peer group of a VRF agree. Fails: the ports that differ from most of their
    group (those without it, where both are equally many); mixed groups misroute.
    """

    id = "NVUE-AR-ECMP"
    item = "nvue.md 8.35"
    title = "Adaptive routing on part of an ECMP group"
    severity = "error"
    remedy = "turn adaptive routing on on every port of the group"
    source = "RN-3835635, nvue.md 3.6"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Compare the ports of each peer group, VRF by VRF."""
        ports = (((one.vrf, one.group), one.name) for one in view.neighbors if one.name in view.interfaces)
        for (_, group), names in grouped(ports).items():
            values = {name: name in view.index.adaptive for name in names}
            without = [name for name, on in values.items() if not on]
            for name in outliers(values, without):
                state = "on" if values[name] else "off"
                reason = (
                    f"adaptive routing is {state} on {name}, unlike other ports of group {group or 'without a name'}"
                )
                yield self.fail(
                    view, _adaptive_path(name), reason, expected="off" if values[name] else "on", actual=state
                )


class AdaptiveEnds(FabricRule):
    """Adaptive routing is on at both ends of a link between switches.

    Passes: both ends or none. Fails: the end without it.
    """

    id = "NVUE-AR-ENDS"
    item = "nvue.md 8.35"
    title = "Adaptive routing at one end of a link"
    severity = "error"
    remedy = "turn adaptive routing on at both ends"
    source = "nvue.md 8.35, 3.6"
    needs: ClassVar[tuple[Need, ...]] = ("peers", "cables")

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Follow the cable of every port with adaptive routing."""
        for name, view in fabric.views.items():
            for port in view.index.adaptive:
                far = fabric.far_ends.get((name, port))
                if far is None or far[0] not in fabric.views:
                    continue
                far_view = fabric.views[far[0]]
                if far[1] not in far_view.index.adaptive:
                    reason = f"{far[1]} has no adaptive routing, {name}:{port} at the other end has"
                    yield self.fail(far_view, _adaptive_path(far[1]), reason, expected="on", evidence=(far[2].label,))


class MtuEnds(FabricRule):
    """Both ends of a link carry the same frames.

    Passes: two switch ends of equal MTU, a switch end of at least its host's MTU. Fails: the smaller end.
    """

    id = "NVUE-MTU-ENDS"
    item = "nvue.md 8.37"
    title = "MTU of the ends of a link differs"
    severity = "error"
    remedy = "give both ends the same MTU; at a host, at least the host's"
    source = "nvue.md 8.37, 3.2"
    needs: ClassVar[tuple[Need, ...]] = ("peers", "cables")

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Look at every cabled front-panel port, a bond once."""
        told: set[tuple[str, Path]] = set()
        for (name, port), (far_name, far_port, cable) in sorted(fabric.far_ends.items(), key=lambda item: item[0]):
            view = fabric.views.get(name)
            if view is None or port not in view.interfaces:
                continue
            mine = view.mtu(port)
            theirs = _far_mtu(fabric, far_name, far_port)
            key = (name, _mtu_path(view, port))
            if theirs is None or mine >= theirs or key in told:
                continue
            told.add(key)
            reason = f"{port} carries {mine} bytes, {far_name}:{far_port} sends up to {theirs}"
            yield self.fail(view, key[1], reason, expected=str(theirs), actual=str(mine), evidence=(cable.label,))


class MtuVxlan(FileRule):
    """Frames of hosts fit the fabric with VXLAN around them.

    Passes: host MTU (and the MTU of the VNIs, where stated) plus 50 bytes is at most the MTU of each link to
    the fabric. Fails: the link that is too small; hosts count where the cabling says what they are.
    """

    id = "NVUE-MTU-VXLAN"
    item = "nvue.md 8.37"
    title = "Fabric MTU is too small for VXLAN"
    severity = "error"
    remedy = "give links to the fabric 50 bytes more than hosts and VNIs have, 9216 by default"
    source = "nvue.md 8.37, 3.2"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Compare what comes in with each port that has an EVPN session."""
        if view.vxlan.get("enable") != "on" or not view.vnis:
            return
        inner = max((_host_mtu(view, fabric), number(view.vxlan.get("mtu")) or 0))
        if not inner:
            return
        for one in view.neighbors:
            speaks = one.setting("address-family", "l2vpn-evpn", "enable") == "on"
            if one.vrf != "default" or one.name not in view.interfaces or not speaks:
                continue
            mtu = view.mtu(one.name)
            if inner + VXLAN_BYTES > mtu:
                reason = f"{one.name} carries {mtu} bytes, {inner} and VXLAN need {inner + VXLAN_BYTES}"
                expected = str(inner + VXLAN_BYTES)
                yield self.fail(view, _mtu_path(view, one.name), reason, expected=expected, actual=str(mtu))


def _adaptive_path(name: str) -> Path:
    """Give the path that turns adaptive routing of a port on."""
    return ("interface", name, "router", "adaptive-routing", "enable")


def _cannot_adapt(view: View, entry: Interface) -> str:
    """Say why a port cannot do adaptive routing, or nothing."""
    name = entry.name
    if entry.role not in ("swp", "sub-port"):
        return f"{name} is no front-panel port ({entry.role})"
    if name in view.bonds_of:
        return f"{name} is a member of {joined(view.bonds_of[name])}"
    if name in view.bridge_ports:
        return f"{name} is a bridge port"
    vrf = view.index.vrf_of.get(name, "default")
    if vrf != "default":
        return f"{name} lies in VRF {vrf}"
    speed = _speed(view, name)
    return f"{name} runs at {speed:g}G" if speed is not None and speed > AR_GREATEST_GBPS else ""


def _speed(view: View, name: str) -> float | None:
    """Give the speed of a port in Gb/s: as stated, else what its lanes carry; None when the model is unknown."""
    stated = gbps(view.index.links.get(name, {}).get("speed"))
    lanes = port_lanes(view, name)
    return stated if stated is not None or lanes is None else float(lanes[1] * lanes[0].lane_gbps)


def _far_mtu(fabric: Fabric, device: str, port: str) -> int | None:
    """Give the MTU in bytes at the far end of a cable, switch or host; None when it is not known."""
    view = fabric.views.get(device)
    if view is not None:
        return view.mtu(port) if port in view.interfaces else None
    host = fabric.hosts.get((device, port))
    return host.mtu_bytes if host else None


def _host_mtu(view: View, fabric: Fabric) -> int:
    """Give the greatest MTU in bytes of the hosts on bridged ports of a switch; 0 when none is known."""
    ports = [name for name in (*view.index.swps, *view.subports) if name in view.bridge_ports or name in view.bonds_of]
    ends = [fabric.far_host(view.name, name) for name in ports] if fabric.hosts else []
    return max((end.mtu_bytes or 0 for end in ends if end is not None), default=0)


def _mtu_path(view: View, name: str) -> Path:
    """Give where the MTU of a port is stated: on itself, or on its bond."""
    bonds = [bond for bond in view.bonds_of.get(name, ()) if "mtu" not in view.index.links.get(name, {})]
    return ("interface", bonds[0] if bonds else name, "link", "mtu")
