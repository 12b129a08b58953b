"""EVPN multihoming: items 21 and 22 of the validator list."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rackwright.check.agreement import grouped, outliers
from rackwright.check.interfaces import Segment, section
from rackwright.check.model import Cable, Fabric, FabricRule, FileRule, Path
from rackwright.check.view import View
from rackwright.check.view_l3 import joined
from rackwright.findings import Finding

__all__ = [
    "MultihomingEverywhere",
    "MultihomingSettings",
    "MultihomingUplinks",
    "SegmentIdentity",
    "SegmentMembers",
    "SegmentOneSided",
]

_IDENTIFIER = re.compile(r"00(:?[0-9a-f]{2}){9}\Z", re.IGNORECASE)
"""A segment identifier is 10 bytes, the first of them 00 (nvue.md 3.4)."""


@dataclass(frozen=True, slots=True)
class _Member:
    """One switch's part in a segment, with the MAC that holds where the bond states none."""

    view: View
    segment: Segment
    mac: str

    @property
    def name(self) -> str:
        """Name the interface."""
        return self.segment.interface.name

    @property
    def esi(self) -> str:
        """Name the segment as the switches compute it; empty when something is missing."""
        if self.segment.identifier:
            return self.segment.identifier.lower()
        return f"{self.mac}/{self.segment.local_id}" if self.mac and self.segment.local_id is not None else ""


class SegmentIdentity(FileRule):
    """An Ethernet segment is a bond with one identity of its own.

    Passes: a bond with a local id and a MAC (its own or the global one), or with a 10-byte identifier
    that begins with 00, unlike any other of the switch. Fails: else, also both at once or another interface.
    """

    id = "NVUE-SEGMENT-IDENTITY"
    item = "nvue.md 8.21"
    title = "Ethernet segment has no identity of its own"
    severity = "error"
    remedy = "give the bond either a local-id of its own (and a mac-address) or an identifier"
    source = "nvue.md 8.21, 3.4"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look at every segment, then at the switch's segments together."""
        members = _members(view)
        for one in members:
            path = one.segment.path
            if one.segment.interface.role != "bond":
                yield self.fail(view, path, f"{one.name} is no bond; multihoming is for bonds")
            for key, reason in _identity_faults(one):
                yield self.fail(view, (*path, key), reason)
        for esi, twins in grouped((one.esi, one) for one in members if one.esi).items():
            names = [one.name for one in twins]
            for one in twins if len(twins) > 1 else ():
                key = "identifier" if one.segment.identifier else "local-id"
                reason = f"{joined(names)} have one segment id ({esi})"
                yield self.fail(view, (*one.segment.path, key), reason, expected="a local-id of its own")


class MultihomingSettings(FileRule):
    """Nothing on a multihoming switch takes multihoming away.

    Passes: multihoming is on where there are segments; ARP suppression is not off, duplicate address
    detection, MLAG, centralised and asymmetric routing are not there, the start delay is not 0. Fails: each of these.
    """

    id = "NVUE-MULTIHOMING-SETTINGS"
    item = "nvue.md 8.21"
    title = "Setting does not go with EVPN multihoming"
    severity = "error"
    remedy = "turn multihoming on, or change the setting that it does not go with"
    source = "nvue.md 8.21, 3.4"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look at the global settings."""
        segments = [one for one in view.segments.values() if one.enabled]
        if segments and view.multihoming.get("enable") != "on":
            reason = f"{len(segments)} bonds are segments, but multihoming is off"
            yield self.fail(view, ("evpn", "multihoming", "enable"), reason, expected="on")
        if not segments and view.multihoming.get("enable") != "on":
            return
        for path, bad, reason in _CLASHES:
            found = section(view.tree, *path[:-1]).get(path[-1])
            if found is not None and str(found) == bad:
                yield self.fail(view, path, reason, actual=bad)
        for path in _mlag(view):
            yield self.fail(view, path, "MLAG and EVPN multihoming exclude each other")
        for vni, body in section(view.evpn, "vni").items():
            if section(body, "route-advertise").get("default-gateway") == "on":
                path = ("evpn", "vni", vni, "route-advertise", "default-gateway")
                yield self.fail(view, path, "centralised routing does not go with multihoming", actual="on")
        for vrf, names in _asymmetric(view).items():
            reason = f"VRF {vrf} routes between {joined(names)} without an L3VNI, so asymmetrically"
            yield self.fail(view, ("vrf", vrf, "evpn", "vni"), reason, expected="an L3VNI")


class MultihomingUplinks(FileRule):
    """The links to the fabric are marked as multihoming uplinks, and only routed links are.

    Passes: a switch with segments marks each EVPN session's port, and each marked port is routed. Fails: no
    uplink at all, an EVPN port without the mark (loops and duplicates of BUM traffic), or a mark on a
    bridge port, a bond member or a port without BGP and address.
    """

    id = "NVUE-MULTIHOMING-UPLINK"
    item = "nvue.md 8.21"
    title = "Multihoming uplink is missing or not routed"
    severity = "error"
    remedy = "set evpn multihoming uplink on for every routed link to the fabric, and only for those"
    source = "nvue.md 8.21, 3.4"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Compare the marks with the sessions."""
        neighbors = {one.name for one in view.neighbors}
        for name in view.uplinks:
            reason = _not_routed(view, name, neighbors)
            if reason:
                yield self.fail(view, ("interface", name, "evpn", "multihoming", "uplink"), reason)
        segments = [one for one in view.segments.values() if one.enabled]
        if not segments:
            return
        ports = [
            one.name
            for one in view.neighbors
            if one.vrf == "default"
            and one.name in view.interfaces
            and one.setting("address-family", "l2vpn-evpn", "enable") == "on"
        ]
        if not view.uplinks and not ports:
            reason = f"{len(segments)} bonds are segments, but no uplink is marked"
            yield self.fail(view, ("evpn", "multihoming", "enable"), reason)
        for name in ports:
            if name not in view.uplinks:
                path = ("interface", name, "evpn", "multihoming", "uplink")
                yield self.fail(view, path, f"{name} goes to the fabric but is no multihoming uplink", expected="on")


class MultihomingEverywhere(FabricRule):
    """When one VTEP has multihoming, all have.

    Passes: on everywhere, or nowhere. Fails: a VTEP with it off, or with EVPN off below it, beside one with it on.
    """

    id = "NVUE-MULTIHOMING-EVERYWHERE"
    item = "nvue.md 8.21"
    title = "Multihoming is off on a VTEP"
    severity = "error"
    remedy = "set evpn multihoming enable on on every VTEP"
    source = "nvue.md 8.21, 3.4"

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Compare the VTEPs."""
        vteps = [view for view in fabric.views.values() if view.vtep and view.vxlan.get("enable") == "on"]
        asked = [view.name for view in vteps if view.multihoming.get("enable") == "on"]
        at_work = [view.name for view in vteps if view.name in asked and view.evpn_enabled]
        for view in vteps if asked else ():
            if view.name not in asked:
                reason = f"multihoming is off here and on on {joined(asked[:4])}"
                yield self.fail(view, ("evpn", "multihoming", "enable"), reason, expected="on")
            elif at_work and view.name not in at_work:
                reason = f"EVPN is off here, and multihoming with it; it is on on {joined(at_work[:4])}"
                yield self.fail(view, ("evpn", "enable"), reason, expected="on")


class SegmentOneSided(FabricRule):
    """An Ethernet segment has all its switches, and a bond that faces segments faces one.

    Passes: each segment is on two switches or more (or, where the cables are known, on every switch
    that its host is cabled to), and the members of a plain bond all end in one segment. Fails: the
    switch that is alone, at the MAC when only that differs; a bond whose members end in different segments.
    """

    id = "NVUE-SEGMENT-ONE-SIDED"
    item = "nvue.md 8.22"
    title = "Ethernet segment is on one switch only"
    severity = "error"
    remedy = "give the bonds of one host the same mac-address and local-id on every switch"
    source = "nvue.md 8.22, 3.4"

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Find the segments with one member, then the bonds that face two."""
        segments = _segments(fabric)
        alone = [found[0] for found in segments.values() if len(found) == 1]
        if len({one.view.name for found in segments.values() for one in found}) > 1:
            waiting = [one for one in alone if not _single_homed(fabric, one)]
            for local_id, group in grouped((one.segment.local_id, one) for one in waiting).items():
                yield from self._alone(local_id, group)
        yield from self._faces_two(fabric, segments)

    def _alone(self, local_id: int | None, group: list[_Member]) -> Iterator[Finding]:
        """Report segments of one local id that did not find each other."""
        values = {one.view.name: one.mac for one in group if not one.segment.identifier}
        if len(values) > 1:
            suspects = [one.view.name for one in group if one.mac != _usual_mac(one.view)]
            for one in group:
                if one.view.name in outliers(values, suspects):
                    reason = f"{one.name} has segment MAC {one.mac}, its partner with local id {local_id} another"
                    yield self.fail(one.view, (*one.segment.path, "mac-address"), reason, actual=one.mac)
            return
        for one in group:
            key = "identifier" if one.segment.identifier else "local-id"
            reason = f"segment {one.esi} of {one.name} is on no other switch"
            yield self.fail(one.view, (*one.segment.path, key), reason, actual=one.esi)

    def _faces_two(self, fabric: Fabric, segments: Mapping[str, list[_Member]]) -> Iterator[Finding]:
        """Report plain bonds whose members end in more than one segment."""
        esi_of = {(one.view.name, one.name): esi for esi, found in segments.items() for one in found}
        for view in fabric.views.values() if fabric.cables else ():
            for name, bond in view.bonds.items():
                ends = [fabric.far_ends.get((view.name, member)) for member in bond.members]
                faced: dict[str, str] = {}
                for far in ends:
                    owners = _owners(fabric, far)
                    if far is not None and len(owners) == 1 and (far[0], owners[0]) in esi_of:
                        faced[esi_of[far[0], owners[0]]] = far[0]
                if len(faced) > 1:
                    reason = f"the members of {name} end in {len(faced)} Ethernet segments"
                    path = ("interface", name, "bond", "member")
                    yield self.fail(view, path, reason, expected="one segment a bond", evidence=sorted(faced))


class SegmentMembers(FabricRule):
    """The switches of a segment, or of an MLAG bond, treat its host alike.

    Passes: the bonds of a segment, or of one MLAG id of a pair, have the same access, native and tagged VLANs, MTU
    (of their member ports too) and LACP mode. Fails: the bond that differs from the majority; of a pair, both.
    """

    id = "NVUE-SEGMENT-MEMBERS"
    item = "nvue.md 8.22"
    title = "Members of an Ethernet segment or MLAG bond disagree"
    severity = "error"
    remedy = "make VLANs, MTU and mode of the bond equal on every switch that has it"
    source = "nvue.md 8.22"

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Compare the bonds of each host, facet by facet."""
        for shared, members in _shared_bonds(fabric).items():
            facets = {view.name: _facets(view, name) for view, name in members}
            if len(facets) < 2:
                continue
            for facet in _FACETS:
                values = {name: found[facet][1] for name, found in facets.items()}
                for name in outliers(values):
                    others = sorted({value for device, value in values.items() if device != name} - {values[name]})
                    yield self.fail(
                        fabric.views[name],
                        facets[name][facet][0],
                        f"{facet} of {shared} is {values[name]} here, {joined(others)} on its other switch",
                        expected=joined(others),
                        actual=values[name],
                    )


_CLASHES: tuple[tuple[Path, str, str], ...] = (
    (("nve", "vxlan", "arp-nd-suppress"), "off", "multihoming needs ARP and ND suppression"),
    (("evpn", "dad", "enable"), "on", "duplicate address detection does not go with multihoming"),
    (("evpn", "route-advertise", "default-gateway"), "on", "centralised routing does not go with multihoming"),
    (("evpn", "multihoming", "startup-delay"), "0", "without a start delay, segments come up before the fabric"),
)
"""Path, value that clashes, reason (nvue.md 3.4)."""

_FACETS = ("access VLAN", "native VLAN", "VLAN list", "MTU", "mode")


def _owners(fabric: Fabric, end: tuple[str, str, Cable] | None) -> list[str]:
    """Give the bonds that claim the port at one end of a cable."""
    return fabric.views[end[0]].bonds_of.get(end[1], []) if end is not None and end[0] in fabric.views else []


def _members(view: View) -> list[_Member]:
    """Give the segments of a switch that are on, with the MAC that holds."""
    common = str(section(view.multihoming, "segment").get("mac-address", ""))
    out = []
    for one in view.segments.values():
        stated = "" if one.mac == "auto" else one.mac
        if one.enabled:
            out.append(_Member(view, one, (stated or common).lower()))
    return out


def _segments(fabric: Fabric) -> dict[str, list[_Member]]:
    """Collect the members of each segment of the fabric, one a switch."""
    out: dict[str, dict[str, _Member]] = {}
    for view in fabric.views.values():
        for one in _members(view):
            if one.esi:
                out.setdefault(one.esi, {}).setdefault(view.name, one)
    return {esi: list(found.values()) for esi, found in out.items()}


def _identity_faults(one: _Member) -> Iterator[tuple[str, str]]:
    """Give what is wrong with the identity of one segment: the leaf and why."""
    segment = one.segment
    if segment.identifier:
        if not _IDENTIFIER.match(segment.identifier):
            yield "identifier", f"{segment.identifier} is not 10 bytes that begin with 00"
        if segment.local_id is not None:
            yield "identifier", f"{one.name} has a local id and an identifier"
        return
    if segment.local_id is None:
        yield "local-id", f"{one.name} is a segment without a local id"
    if not one.mac:
        yield "mac-address", f"{one.name} is a segment without a MAC, of its own or global"


def _mlag(view: View) -> Iterator[Path]:
    """Give every trace of MLAG: the global section, bonds with an MLAG id."""
    if view.section("mlag") and view.section("mlag").get("enable") != "off":
        yield ("mlag",)
    for name, bond in view.bonds.items():
        if section(bond.config, "mlag") and section(bond.config, "mlag").get("enable") != "off":
            yield ("interface", name, "bond", "mlag")


def _asymmetric(view: View) -> dict[str, list[str]]:
    """Give the VRFs that route between stretched VLANs without an L3VNI, with those SVIs."""
    mapped = {item.vlan for item in view.vnis}
    by_vrf = grouped((svi.vrf, name) for name, svi in view.svis.items() if svi.vlan in mapped)
    return {
        vrf: names for vrf, names in by_vrf.items() if len(names) > 1 and not section(view.vrfs.get(vrf), "evpn", "vni")
    }


def _not_routed(view: View, name: str, neighbors: set[str]) -> str:
    """Say why a marked uplink is not a routed port, or nothing."""
    if name in view.bridge_ports:
        return f"the multihoming uplink {name} is a bridge port"
    if name in view.bonds_of:
        return f"the multihoming uplink {name} is a member of {view.bonds_of[name][0]}"
    if name not in neighbors and name not in view.index.addressed:
        return f"the multihoming uplink {name} has no address and no BGP neighbor"
    return ""


def _usual_mac(view: View) -> str:
    """Give the segment MAC that most segments of a switch have."""
    return Counter(one.mac for one in _members(view)).most_common(1)[0][0]


def _single_homed(fabric: Fabric, one: _Member) -> bool:
    """Tell whether the cables say that the host of a segment hangs on this switch alone."""
    members = one.view.bonds[one.name].members if one.name in one.view.bonds else ()
    ends = [end for end in (fabric.far_host(one.view.name, port) for port in members) if end is not None]
    if not ends:
        return False
    # Bonds may have different names on the two switches, so a host's adapter is what its ends have in common.
    adapters = {(end.device, end.nic) for end in ends}
    far = (fabric.far_ends.get(place) for adapter in adapters for place in fabric.ports_of_adapter[adapter])
    bonded = (end for end in far if end is not None and end[0] in fabric.views)
    return {switch for switch, port, _ in bonded if port in fabric.views[switch].bonds_of} <= {one.view.name}


def _shared_bonds(fabric: Fabric) -> dict[str, list[tuple[View, str]]]:
    """Collect the bonds that several switches have of one host: (switch, bond) by what makes them one."""
    out = {f"segment {esi}": [(one.view, one.name) for one in found] for esi, found in _segments(fabric).items()}
    for view in fabric.views.values():
        pair = str(section(view.tree, "mlag").get("mac-address", ""))
        for name, bond in view.bonds.items():
            number = section(bond.config, "mlag").get("id")
            # Without a MAC that is written nobody can say which two switches are a pair.
            if pair not in ("", "auto") and number not in (None, "auto"):
                out.setdefault(f"MLAG bond {number} of {pair.lower()}", []).append((view, name))
    return out


def _facets(view: View, name: str) -> dict[str, tuple[Path, str]]:
    """Give what the switches of a bond must agree on: the path of each facet and its value."""
    port, bond = view.bridge_ports.get(name), view.bonds.get(name)
    base = port.path if port else ("interface", name, "bridge")
    tagged = "none" if port is None else "all" if port.vlans is None else joined(sorted(port.vlans)) or "none"
    narrowest = min((name, *(bond.members if bond else ())), key=view.mtu)
    return {
        "access VLAN": ((*base, "access"), str(port.access if port else None)),
        "native VLAN": ((*base, "untagged"), str(port.untagged if port else None)),
        "VLAN list": ((*base, "vlan"), tagged if port is None or port.access is None else "none"),
        "MTU": (("interface", narrowest, "link", "mtu"), str(view.mtu(narrowest))),
        "mode": (("interface", name, "bond", "mode"), str(bond.config.get("mode", "lacp") if bond else "none")),
    }
