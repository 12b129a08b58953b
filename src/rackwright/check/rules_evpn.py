"""The VTEP and its sessions: items 19, 20 and 36 of the validator list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rackwright.check.agreement import shared
from rackwright.check.interfaces import section
from rackwright.check.model import Fabric, FabricRule, FileRule, Path
from rackwright.check.policy import permits
from rackwright.check.view import Neighbor, View
from rackwright.check.view_l3 import address_of, joined, loopbacks, sessions
from rackwright.findings import Finding

__all__ = ["DscpOverVxlan", "EvpnFamily", "EvpnFamilyPeer", "VtepReused", "VtepSource"]

_SOURCE: Path = ("nve", "vxlan", "source", "address")
_UNICAST: Path = ("vrf", "default", "router", "bgp", "address-family", "ipv4-unicast")


class VtepSource(FileRule):
    """The VTEP source is a /32 of the loopback that BGP announces.

    Passes: ``nve.vxlan.source.address`` is on ``lo`` with /32, and the default VRF redistributes
    connected routes (through a route map that lets it out) or announces it as a network; with OSPF below,
    announcing is not judged. Fails: else;
    other VTEPs then have no route to this one.
    """

    id = "NVUE-VTEP-SOURCE"
    item = "nvue.md 8.19"
    title = "VTEP source is not an announced loopback"
    severity = "error"
    remedy = "put the VTEP source on lo as a /32 and announce it in the default VRF"
    source = "nvue.md 8.19, 7b"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look the source up on the loopback and in BGP."""
        if view.vxlan.get("enable") != "on" and not view.vtep:
            return
        if not view.vtep:
            yield self.fail(view, _SOURCE, "VXLAN is on without a source address", expected="a /32 of lo")
            return
        on_lo = view.index.addressed.get("lo", ())
        if f"{view.vtep}/32" not in on_lo:
            yield self.fail(
                view,
                _SOURCE,
                f"the VTEP source {view.vtep} is not a /32 of lo",
                expected=joined(on_lo) or "an address on lo",
                actual=view.vtep,
            )
            return
        unicast = view.section(*_UNICAST)
        by_ospf = view.section("vrf", "default", "router", "ospf").get("enable") == "on"
        if "default" in view.bgp and not by_ospf and not _announced(view, unicast):
            path = (*_UNICAST, "redistribute", "connected")
            named = "route-map" if section(unicast, "redistribute", "connected").get("enable") == "on" else "enable"
            yield self.fail(view, (*path, named), f"BGP does not announce the VTEP source {view.vtep}")


class VtepReused(FabricRule):
    """Each VTEP has a source address of its own.

    Passes: all differ. Fails: every switch whose source another has too; a switch whose source is not on its
    own loopback and belongs to something else: an interface of another switch, a BMC, a PDU.
    """

    id = "NVUE-VTEP-REUSED"
    item = "nvue.md 8.19"
    title = "VTEP source is used twice"
    severity = "error"
    remedy = "give each switch its own VTEP source"
    source = "nvue.md 8.19"

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Group the devices by source, then look for the owners of sources that are not on the own loopback."""
        pairs = ((view.vtep, name) for name, view in fabric.views.items() if view.vtep)
        for address, names in shared(pairs).items():
            for name in names:
                others = joined([other for other in names if other != name])
                yield self.fail(fabric.views[name], _SOURCE, f"{address} is also the VTEP source of {others}")
        sources = Counter(view.vtep for view in fabric.views.values() if view.vtep)
        for name, view in fabric.views.items():
            own = {text.split("/")[0] for text in view.index.addressed.get("lo", ())}
            if sources[view.vtep] == 1 and view.vtep not in own:
                found = sorted({owner for owner in _holders(fabric, view.vtep) if owner.split(":")[0] != name})
                if found:
                    yield self.fail(view, _SOURCE, f"{view.vtep} is the address of {joined(found[:4])}", evidence=found)


class EvpnFamily(FileRule):
    """With EVPN on, the EVPN address family is on in BGP and toward the fabric.

    Passes: the default VRF and at least one of its neighbors have ``l2vpn-evpn``, and every multihoming
    uplink among them has. Fails: the family is off in the VRF, for all neighbors, or for an uplink.
    """

    id = "NVUE-EVPN-FAMILY-OFF"
    item = "nvue.md 8.20"
    title = "EVPN address family is off"
    severity = "error"
    remedy = "set address-family l2vpn-evpn enable on, in the VRF and for the peer group"
    source = "nvue.md 8.20, 3.3"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look at the default VRF and its neighbors."""
        instance = view.bgp.get("default")
        if not view.evpn_enabled or instance is None:
            return
        if section(instance.tree, "address-family", "l2vpn-evpn").get("enable") != "on":
            path = (*instance.path, "address-family", "l2vpn-evpn", "enable")
            yield self.fail(view, path, "EVPN is on, but not in the BGP of the default VRF", expected="on")
        neighbors = list(instance.neighbors.values())
        without = [one for one in neighbors if not _speaks_evpn(one)]
        if len(without) < len(neighbors):
            # Where EVPN runs between loopbacks, the sessions of the links need not speak it.
            between_loopbacks = any(address_of(one.name) is not None and _speaks_evpn(one) for one in neighbors)
            without = [one for one in without if one.name in view.uplinks and not between_loopbacks]
        for path, names in _by_place(without).items():
            reason = f"EVPN is on, but not toward {joined(names[:3])}"
            yield self.fail(view, path, reason, expected="on", evidence=names)


class EvpnFamilyPeer(FabricRule):
    """Both ends of an EVPN session speak EVPN.

    Passes: where one end has ``l2vpn-evpn``, the other has it for that neighbor and in its VRF (a spine
    too). Fails: the end that has not.
    """

    id = "NVUE-EVPN-FAMILY-PEER"
    item = "nvue.md 8.20"
    title = "Neighbor does not speak EVPN"
    severity = "error"
    remedy = "set address-family l2vpn-evpn enable on at this end too"
    source = "nvue.md 8.20, 3.3"
    needs = ("peers", "cables")

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Look at every session from its EVPN side, one finding a place."""
        silent: dict[tuple[str, Path], list[str]] = {}
        for session in sessions(fabric):
            far = session.far
            if far is None or not _speaks_evpn(session.near):
                continue
            if not _speaks_evpn(far):
                silent.setdefault((session.far_view.name, next(iter(_by_place([far])))), []).append(session.label)
            instance = session.far_view.bgp[far.vrf]
            if section(instance.tree, "address-family", "l2vpn-evpn").get("enable") != "on":
                path = (*instance.path, "address-family", "l2vpn-evpn", "enable")
                silent.setdefault((session.far_view.name, path), []).append(session.label)
        for (name, path), labels in silent.items():
            others = joined(sorted({label.split(":")[0] for label in labels})[:4])
            reason = f"{others} speak EVPN to {name}, which does not answer in it"
            yield self.fail(fabric.views[name], path, reason, expected="on", evidence=labels[:8])


class DscpOverVxlan(FileRule):
    """RoCE markings survive VXLAN.

    Passes: a switch with RoCE and VXLAN copies DSCP into the outer header and keeps it on the way out.
    Fails: either action is missing or another.
    """

    id = "NVUE-ROCE-VXLAN-DSCP"
    item = "nvue.md 8.36"
    title = "VXLAN loses the RoCE marking"
    severity = "error"
    remedy = "set nve vxlan encapsulation dscp action copy and decapsulation dscp action preserve"
    source = "nvue.md 8.36, 3.5"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look at both actions."""
        if not view.roce_enabled or view.vxlan.get("enable") != "on":
            return
        for side, wanted in (("encapsulation", "copy"), ("decapsulation", "preserve")):
            found = section(view.vxlan, side, "dscp").get("action")
            if found != wanted:
                path = ("nve", "vxlan", side, "dscp", "action")
                reason = f"RoCE crosses VXLAN, but {side} does not {wanted} DSCP"
                yield self.fail(view, path, reason, expected=wanted, actual=str(found or "not set"))


def _holders(fabric: Fabric, address: str) -> Iterator[str]:
    """Name whoever has an address: interfaces and VRF loopbacks of switches, then managed devices."""
    for name, view in fabric.views.items():
        for interface, texts in view.index.addressed.items():
            if any(text.split("/")[0] == address for text in texts):
                yield f"{name}:{interface}"
        for path, text in loopbacks(view):
            if text.split("/")[0] == address:
                yield f"{name}:{path[1]}"
    for owner, text in fabric.addresses or ():
        if text.split("/")[0] == address:
            yield owner


def _announced(view: View, unicast: dict[str, object]) -> bool:
    """Tell whether the default VRF announces the VTEP source."""
    prefix = f"{view.vtep}/32"
    if prefix in section(unicast, "network"):
        return True
    connected = section(unicast, "redistribute", "connected")
    return connected.get("enable") == "on" and permits(view, str(connected.get("route-map", "")), prefix, "lo")


def _speaks_evpn(neighbor: Neighbor) -> bool:
    """Tell whether a neighbor has the EVPN address family, of its own or from its group."""
    return neighbor.setting("address-family", "l2vpn-evpn", "enable") == "on"


def _by_place(neighbors: list[Neighbor]) -> dict[Path, list[str]]:
    """Group neighbors by where their EVPN family is to be set: the group, or the neighbor where it says it itself."""
    out: dict[Path, list[str]] = {}
    for one in neighbors:
        own = "enable" in section(one.tree, "address-family", "l2vpn-evpn") or not one.group
        base = one.path if own else ("vrf", one.vrf, "router", "bgp", "peer-group", one.group)
        out.setdefault((*base, "address-family", "l2vpn-evpn", "enable"), []).append(one.name)
    return out
