"""VLANs, VNIs and the PXE VLAN: items 16, 17, 18 and 24 of the validator list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import ClassVar

from rackwright.check.agreement import grouped, outliers
from rackwright.check.interfaces import Bond, BridgePort, Svi, number, section
from rackwright.check.model import Fabric, FabricRule, FileRule, Need, Path
from rackwright.check.parts import PartRule
from rackwright.check.view import View
from rackwright.check.view_l3 import joined
from rackwright.findings import Finding

__all__ = [
    "L3VniDiffers",
    "L3VniPlace",
    "PxeBond",
    "VlanEnds",
    "VlanNotInBridge",
    "VlanReserved",
    "VniMapDiffers",
    "VniTwice",
]

RESERVED_INTERNAL = (3725, 3999)
"""VLANs that Cumulus Linux keeps for itself unless told otherwise (nvue.md 3.1)."""
RESERVED_L3VNI = (4000, 4064)
"""VLANs of the L3VNI pool, used only with MLAG (nvue.md 3.1)."""


class VlanNotInBridge(FileRule):
    """Every VLAN that a port or a VLAN interface uses is a VLAN of its bridge.

    Passes: access, untagged and tagged VLANs and SVIs name VLANs of the bridge domain (VLAN 1 and the
    bridge's own untagged VLAN are always there). Fails: a VLAN that the bridge does not have, or a
    port that is both an access port and a trunk. A native VLAN that is missing in the port's own
    list is right: the switch adds it untagged (NVIDIA's exports do so).
    """

    id = "NVUE-VLAN-NOT-IN-BRIDGE"
    item = "nvue.md 8.16"
    title = "VLAN is not in the bridge"
    severity = "error"
    remedy = "add the VLAN to the bridge domain, or correct the port"
    source = "nvue.md 8.16, 3.2"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look at every bridge port and every SVI."""
        vlans = {name: _bridge_vlans(view, name) for name in {*view.bridges, "br_default"}}
        for port in view.bridge_ports.values():
            have = vlans.get(port.bridge, frozenset({1}))
            used = [("access", port.access), ("untagged", port.untagged)]
            for key, vlan in used:
                if vlan is not None and vlan not in have:
                    yield self._missing(view, (*port.path, key), port.interface.name, vlan, port.bridge)
            for vlan in sorted((port.vlans or frozenset()) - have):
                yield self._missing(view, (*port.path, "vlan", str(vlan)), port.interface.name, vlan, port.bridge)
            if port.access is not None and (port.untagged is not None or port.vlans):
                yield self.fail(
                    view,
                    (*port.path, "access"),
                    f"{port.interface.name} is an access port of VLAN {port.access} and a trunk at once",
                    expected="either access, or untagged and vlan",
                )
        for svi in view.svis.values():
            if svi.vlan is not None and svi.vlan not in vlans.get(svi.base, frozenset({1})):
                yield self._missing(view, _svi_vlan_path(svi), svi.interface.name, svi.vlan, svi.base)

    def _missing(self, view: View, path: Path, name: str, vlan: int, bridge: str) -> Finding:
        """Say that a bridge does not have a VLAN."""
        return self.fail(
            view, path, f"{name} uses VLAN {vlan}, which {bridge} does not have", expected=f"VLAN {vlan} in {bridge}"
        )


class VlanEnds(FabricRule):
    """Both ends of a bridged link between two switches carry the same VLANs.

    Passes: ends (a bond, where the port is in one) with the same untagged VLAN and the same tagged ones, inherited
    ones included. Fails: both ends where they differ; a bond once.
    """

    id = "NVUE-VLAN-ENDS"
    item = "nvue.md 8.22"
    title = "VLANs of the ends of a link differ"
    severity = "error"
    remedy = "give both ends the same untagged VLAN and the same list of tagged ones"
    source = "nvue.md 8.22, 3.2"
    needs: ClassVar[tuple[Need, ...]] = ("peers", "cables")

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Look at every cabled port that is in a bridge, on both sides."""
        told: set[tuple[str, Path]] = set()
        for (name, port), (far_name, far_port, cable) in sorted(fabric.far_ends.items(), key=lambda item: item[0]):
            mine, theirs = _bridged(fabric, name, port), _bridged(fabric, far_name, far_port)
            if mine is None or theirs is None:
                continue
            for (path, what, value), (_, _, other) in zip(
                _carried(fabric.views[name], mine), _carried(fabric.views[far_name], theirs), strict=True
            ):
                if value != other and (name, path) not in told:
                    told.add((name, path))
                    reason = f"{what} of {mine.interface.name} is {value}, that of {far_name}:{theirs.interface.name} {other}"
                    yield self.fail(
                        fabric.views[name], path, reason, expected=other, actual=value, evidence=(cable.label,)
                    )


class VlanReserved(FileRule):
    """No VLAN lies in a range that the switch keeps for itself.

    Passes: VLANs outside 3725-3999 (or the range that is configured instead) and, with MLAG, outside
    the L3VNI pool. Fails: a bridge VLAN or the VLAN of an L3VNI inside one.
    """

    id = "NVUE-VLAN-RESERVED"
    item = "nvue.md 8.16"
    title = "VLAN is reserved"
    severity = "error"
    remedy = "take a VLAN outside the reserved range, or move system.global.reserved.vlan"
    source = "nvue.md 8.16, 3.1"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look at the VLANs of the bridges and of the L3VNIs."""
        used: list[tuple[int, Path, bool]] = [
            (vlan, ("bridge", "domain", name, "vlan", str(vlan)), True)
            for name in view.bridges
            for vlan in sorted(_stated_vlans(view, name))
        ]
        for name, body in view.vrfs.items():
            vlan = number(section(body, "evpn").get("vlan"))
            if vlan is not None:
                used.append((vlan, ("vrf", name, "evpn", "vlan"), False))
        internal = _range(view.section("system", "global", "reserved", "vlan", "internal").get("range"))
        first, last = internal or RESERVED_INTERNAL
        pool = _l3vni_pool(view)
        for vlan, path, in_bridge in used:
            if first <= vlan <= last:
                yield self.fail(view, path, f"VLAN {vlan} lies in the reserved range {first}-{last}")
            elif in_bridge and pool and pool[0] <= vlan <= pool[1]:
                yield self.fail(view, path, f"VLAN {vlan} lies in the L3VNI pool {pool[0]}-{pool[1]}, which MLAG uses")


class VniTwice(FileRule):
    """VLANs and VNIs of a switch map one to one.

    Passes: each VLAN has at most one VNI, each VNI one VLAN. Fails: a VLAN with two, a VNI on two VLANs.
    """

    id = "NVUE-VNI-TWICE"
    item = "nvue.md 8.17"
    title = "VLAN and VNI are not one to one"
    severity = "error"
    remedy = "give each VLAN one VNI of its own"
    source = "nvue.md 8.17"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Group the map both ways."""
        known = [item for item in view.vnis if item.vni and item.vlan]
        for (_, vlan), items in grouped(((item.bridge, item.vlan), item) for item in known).items():
            for item in items if len(items) > 1 else ():
                yield self.fail(
                    view,
                    item.path,
                    f"VLAN {vlan} has {len(items)} VNIs",
                    actual=", ".join(str(one.vni) for one in items),
                )
        for vni, items in grouped((item.vni, item) for item in known).items():
            vlans = sorted({item.vlan for item in items})
            for item in items if len(vlans) > 1 else ():
                yield self.fail(
                    view, item.path, f"VNI {vni} is on VLANs {', '.join(map(str, vlans))}", expected="one VLAN a VNI"
                )


class VniMapDiffers(PartRule):
    """A VLAN has the same VNI on every VTEP.

    Passes: equal maps where VLANs are in common. Fails: the switch whose VNI is not the majority's;
    of a pair, the one that leaves its own numbering (VNI minus VLAN), else both. Two fabrics that no cable
    joins may number alike.
    """

    id = "NVUE-VNI-MAP-DIFFERS"
    item = "nvue.md 8.17"
    title = "VNI map differs between VTEPs"
    severity = "error"
    remedy = "give the VLAN the same VNI on every VTEP"
    source = "nvue.md 8.17"

    def among(self, views: Mapping[str, View]) -> Iterator[Finding]:
        """Compare the VNI of each VLAN over all devices that map it."""
        maps: dict[int, dict[str, int]] = {}
        odd: set[tuple[int, str]] = set()
        for name, view in views.items():
            # A VNI that cannot be maps nothing: NVUE-VLAN-WITHOUT-VNI says so.
            legal = [item for item in view.vnis if item.legal]
            usual = Counter(item.vni - item.vlan for item in legal).most_common(1)
            for item in legal:
                maps.setdefault(item.vlan, {}).setdefault(name, item.vni)
                if item.vni - item.vlan != usual[0][0]:
                    odd.add((item.vlan, name))
        for vlan, values in sorted(maps.items()):
            for name in outliers(values, [device for device in values if (vlan, device) in odd]):
                view = views[name]
                item = next(one for one in view.vnis if one.vlan == vlan)
                others = sorted({value for device, value in values.items() if device != name} - {item.vni})
                yield self.fail(
                    view,
                    item.path,
                    f"VLAN {vlan} has VNI {item.vni} here and {joined(others)} elsewhere",
                    expected=joined(others),
                    actual=str(item.vni),
                    evidence=(f"{device}: {value}" for device, value in sorted(values.items())),
                )


class L3VniPlace(FileRule):
    """Each VRF has one L3VNI that nothing else uses.

    Passes: one L3VNI a VRF, not an L2VNI, its VLAN outside the bridge and its own, none on the default
    VRF. Fails: anything else (NVUE then does not create the L2VNI, or routes go nowhere).
    """

    id = "NVUE-L3VNI-PLACE"
    item = "nvue.md 8.18"
    title = "L3VNI is not its VRF's own"
    severity = "error"
    remedy = "give the VRF an L3VNI and a VLAN that no other VRF, VLAN or bridge uses"
    source = "nvue.md 8.18, 3.4"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look at every VRF with EVPN settings."""
        vnis = [(vrf, vni) for vrf, body in view.vrfs.items() for vni in section(body, "evpn", "vni")]
        vlans = [(vrf, number(section(body, "evpn").get("vlan"))) for vrf, body in view.vrfs.items()]
        layer2 = {str(item.vni): item.vlan for item in view.vnis}
        for vrf, vni in vnis:
            reason = self._wrong_vni(vrf, vni, vnis, layer2)
            if reason:
                yield self.fail(view, ("vrf", vrf, "evpn", "vni", vni), reason)
        bridged = {vlan for name in view.bridges for vlan in _bridge_vlans(view, name)}
        for vrf, vlan in vlans:
            if vlan is None:
                continue
            path = ("vrf", vrf, "evpn", "vlan")
            twins = [other for other, used in vlans if used == vlan and other != vrf]
            if vlan in bridged:
                yield self.fail(view, path, f"VLAN {vlan} of the L3VNI of {vrf} is also in a bridge")
            elif twins:
                yield self.fail(view, path, f"VLAN {vlan} is the L3VNI's of {vrf} and of {joined(twins)}")

    def _wrong_vni(self, vrf: str, vni: str, vnis: list[tuple[str, str]], layer2: dict[str, int]) -> str:
        """Say what is wrong with one L3VNI, or nothing."""
        own = [other for owner, other in vnis if owner == vrf]
        twins = [owner for owner, other in vnis if other == vni and owner != vrf]
        if vrf == "default":
            return f"the default VRF cannot have an L3VNI ({vni})"
        if vni in layer2:
            return f"L3VNI {vni} of {vrf} is also the VNI of VLAN {layer2[vni]}"
        if twins:
            return f"L3VNI {vni} is {vrf}'s and {joined(twins)}'s"
        return f"{vrf} has {len(own)} L3VNIs: {joined(own)}" if len(own) > 1 else ""


class L3VniDiffers(FabricRule):
    """A VRF has the same L3VNI on every VTEP.

    Passes: equal L3VNIs. Fails: the switch that differs from the majority (both of a pair): type-5
    routes are then imported into nothing.
    """

    id = "NVUE-L3VNI-DIFFERS"
    item = "nvue.md 8.18"
    title = "L3VNI differs between VTEPs"
    severity = "error"
    remedy = "give the VRF the same L3VNI on every VTEP"
    source = "nvue.md 8.18, 3.4"

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Compare the L3VNI of each VRF over all devices that have it."""
        values: dict[str, dict[str, str]] = {}
        for name, view in fabric.views.items():
            for vrf, body in view.vrfs.items():
                vnis = section(body, "evpn", "vni")
                if len(vnis) == 1:
                    values.setdefault(vrf, {})[name] = next(iter(vnis))
        for vrf, per_device in sorted(values.items()):
            for name in outliers(per_device):
                mine = per_device[name]
                yield self.fail(
                    fabric.views[name],
                    ("vrf", vrf, "evpn", "vni", mine),
                    f"{vrf} has L3VNI {mine} here and another elsewhere",
                    actual=mine,
                    evidence=(f"{device}: {vni}" for device, vni in sorted(per_device.items())),
                )


class PxeBond(FileRule):
    """A server that boots over the network reaches its PXE VLAN before it speaks LACP.

    Passes: a bond toward such a server has LACP bypass on and the PXE VLAN untagged. Which bonds
    these are, the hosts say where they are known, and the file itself: a native VLAN whose bonds mostly have
    bypass is a PXE VLAN, and a bond with bypass has a native VLAN. Fails: a bond without bypass, or
    with another native VLAN than its hosts boot from.
    """

    id = "NVUE-PXE-BOND"
    item = "nvue.md 8.24"
    title = "Server bond cannot boot over the network"
    severity = "error"
    remedy = "set bond.lacp-bypass on and make the PXE VLAN the bond's untagged VLAN"
    source = "nvue.md 8.24, 3.4"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look at every LACP bond of a bridge."""
        natives = {name: _native(view, name) for name in view.bonds}
        bypass = {name for name, bond in view.bonds.items() if bond.config.get("lacp-bypass") == "on"}
        booting = Counter(natives[name] for name in bypass if natives[name] is not None)
        waiting = Counter(vlan for name, vlan in natives.items() if name not in bypass)
        pxe_vlans = {vlan for vlan, count in booting.items() if count >= waiting[vlan]}
        for name, bond in view.bonds.items():
            if bond.config.get("mode") == "static":
                continue
            wanted = _pxe_host(view, fabric, bond)
            if (wanted or natives[name] in pxe_vlans) and name not in bypass:
                path: Path = ("interface", name, "bond", "lacp-bypass")
                yield self.fail(view, path, f"{name} boots servers but LACP bypass is off", expected="on")
            if wanted and natives[name] not in wanted:
                yield self._tagged(view, name, f"VLAN {joined(sorted(wanted))}", str(natives[name] or "none"))
            elif not wanted and name in bypass and natives[name] is None:
                yield self._tagged(view, name, "a native VLAN", "none")

    def _tagged(self, view: View, name: str, expected: str, actual: str) -> Finding:
        """Say that the PXE VLAN does not arrive untagged."""
        port = view.bridge_ports.get(name)
        key = "access" if port and port.access is not None else "untagged"
        path = (*port.path, key) if port else ("interface", name, "bridge")
        return self.fail(view, path, f"{name} does not carry its PXE VLAN untagged", expected=expected, actual=actual)


def _pxe_host(view: View, fabric: Fabric, bond: Bond) -> set[int]:
    """Give the native VLANs that the hosts behind a bond boot from; none where nothing is known of them."""
    # A port that two bonds claim is a finding of its own and says nothing about either.
    own = [member for member in bond.members if len(view.bonds_of[member]) == 1]
    ends = (fabric.far_host(view.name, member) for member in own)
    return {end.native_vlan for end in ends if end is not None and end.pxe and end.native_vlan is not None}


def _native(view: View, name: str) -> int | None:
    """Give the VLAN that a bridge port carries untagged, where it states one."""
    port = view.bridge_ports.get(name)
    if port is None:
        return None
    return port.access if port.access is not None else port.untagged


def _stated_vlans(view: View, bridge: str) -> frozenset[int]:
    """Give the VLANs that a bridge lists."""
    return view.bridge_vlans.get(bridge, frozenset())


def _bridge_vlans(view: View, bridge: str) -> frozenset[int]:
    """Give the VLANs that a bridge has: those listed, its untagged one, and VLAN 1, which is always there."""
    untagged = number(view.bridges.get(bridge, {}).get("untagged"))
    return _stated_vlans(view, bridge) | {1} | ({untagged} if untagged is not None else set())


def _bridged(fabric: Fabric, device: str, port: str) -> BridgePort | None:
    """Give the bridge port that a cabled port is, or is a member of; None where it is in no bridge."""
    view = fabric.views.get(device)
    owners = () if view is None else (port, *view.bonds_of.get(port, ()))
    return next((view.bridge_ports[name] for name in owners if name in view.bridge_ports), None) if view else None


def _carried(view: View, port: BridgePort) -> tuple[tuple[Path, str, str], ...]:
    """Give what a bridge port carries: (path, what it is, value) of its untagged and of its tagged VLANs."""
    own = port.access if port.access is not None else port.untagged
    untagged = own if own is not None else number(view.bridges.get(port.bridge, {}).get("untagged")) or 1
    listed = _stated_vlans(view, port.bridge) if port.vlans is None else port.vlans
    tagged = () if port.access is not None else sorted(set(listed) - {untagged})
    key = "access" if port.access is not None else "untagged"
    return (
        ((*port.path, key), "the untagged VLAN", str(untagged)),
        ((*port.path, "vlan"), "the list of tagged VLANs", joined(tagged) or "none"),
    )


def _svi_vlan_path(svi: Svi) -> Path:
    """Give the path that says an SVI's VLAN: its ``vlan`` leaf, or the interface whose name says it."""
    own = ("vlan",) if "vlan" in svi.interface.tree else ()
    return (*svi.interface.path, *own)


def _range(text: object) -> tuple[int, int] | None:
    """Read ``4064-4094``; None when there is none."""
    first, _, last = str(text or "").partition("-")
    return (int(first), int(last)) if first.isdecimal() and last.isdecimal() else None


def _l3vni_pool(view: View) -> tuple[int, int] | None:
    """Give the pool of L3VNI VLANs when MLAG uses it."""
    if not view.section("mlag"):
        return None
    stated = view.section("system", "global", "reserved", "vlan", "l3-vni-vlan")
    first, last = number(stated.get("begin")), number(stated.get("end"))
    return (first or RESERVED_L3VNI[0], last or RESERVED_L3VNI[1])
