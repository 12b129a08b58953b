"""The overlay: VNIs with their VTEPs, segments with their peers, and that both peers know the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from rackwright.audit.evidence import SHOW
from rackwright.audit.ledger import Ledger
from rackwright.audit.model import DeviceCheck, FabricCheck, Look, Site, View
from rackwright.nvue.tree import get
from rackwright.plan.model import Bond, Switch

__all__ = ["EvpnL3", "EvpnMacVrf", "EvpnSegments", "EvpnVnis", "esi"]

VNIS: Final = f"{SHOW}evpn vni"
SEGMENTS: Final = f"{SHOW}evpn multihoming esi"
SEGMENT_INFO: Final = f"{SHOW}evpn multihoming bgp-info esi"


def esi(bond: Bond) -> str:
    """Return the ESI of a bond: type 3, the MAC, the local id (nvue.md 3.4)."""
    return f"03:{bond.es_mac.lower()}:{bond.es_id >> 16 & 255:02x}:{bond.es_id >> 8 & 255:02x}:{bond.es_id & 255:02x}"


def _has_overlay(switch: Switch) -> bool:
    return switch.evpn and bool(switch.vtep)


def _vteps(look: Look, vni: int, but: str) -> dict[str, str]:
    """Return VTEP -> switch of every other switch that is planned to have a VNI."""
    return {
        switch.vtep: switch.name
        for switch in look.plan.switches
        if switch.name != but and _has_overlay(switch) and any(vlan.vni == vni for vlan in switch.vlans)
    }


class EvpnVnis(DeviceCheck):
    """Each planned VNI is there, in its VLAN, with every other planned VTEP.

    Passes when the VNI is up with the planned VLAN, local VTEP and remote VTEPs. Fails on one that is missing, on a VTEP
    that is missing, and, as a warning, on one that nobody planned.
    """

    id = "EVPN-VNIS"
    title = "each VNI is up with the planned VTEPs"
    remedy = "see the EVPN sessions (BGP-SESSIONS) of both VTEPs, then push the planned configuration to them"
    source = "nvue.md 3.4, 8.17; nv show evpn vni (Cumulus Linux 5.12)"
    asks: ClassVar[tuple[str, ...]] = (VNIS,)

    def applies(self, switch: Switch, site: Site) -> bool:  # noqa: ARG002 - the signature of all checks
        """Only VTEPs with VNIs are looked at."""
        return _has_overlay(switch) and any(vlan.vni for vlan in switch.vlans)

    def judge(self, view: View, ledger: Ledger) -> None:
        """Enter each VNI, and each VTEP of it."""
        told = view.tree(VNIS)
        for vlan in view.switch.vlans:
            if not vlan.vni:
                continue
            vni = told.get(str(vlan.vni))
            if not isinstance(vni, dict):
                ledger.wrong(
                    str(vlan.vni), f"VNI {vlan.vni} (VLAN {vlan.id}) is missing", expected="up", actual="absent"
                )
                continue
            for key, expected in (("vlan", str(vlan.id)), ("local-vtep", view.switch.vtep)):
                actual = str(vni.get(key))
                if actual == expected:
                    ledger.right("VNI value")
                else:
                    ledger.wrong(
                        f"{vlan.vni}.{key}", f"VNI {vlan.vni}: {key} is {actual}, not {expected}", expected=expected,
                        actual=actual,
                    )  # fmt: skip
            self._remotes(view, vlan.vni, vni, ledger)

    @staticmethod
    def _remotes(view: View, vni: int, told: Mapping[str, Any], ledger: Ledger) -> None:
        planned = _vteps(view.look, vni, view.name)
        found = told.get("remote-vtep")
        seen = set(found) if isinstance(found, dict) else set()
        for address, name in planned.items():
            if address in seen:
                ledger.right("VNI value")
            else:
                ledger.wrong(
                    f"{vni}.{address}", f"VNI {vni}: {name} ({address}) is no remote VTEP", expected=address,
                    actual=", ".join(sorted(seen)) or "none",
                )  # fmt: skip
        for address in sorted(seen - set(planned)):
            ledger.wrong(
                f"{vni}.{address}", f"VNI {vni}: {address} is no planned VTEP", severity="warning",
                expected=", ".join(sorted(planned)) or "none", actual=address, remedy="find out who has that address",
            )  # fmt: skip


class EvpnSegments(DeviceCheck):
    """Each Ethernet segment is up on its bond, known with its other switch, and one of them forwards.

    Passes when the segment of each planned bond exists under the planned ESI, is up, local and remote, has the planned
    peers as VTEPs, and exactly one of the switches that could be asked is its designated forwarder. Fails otherwise.
    """

    id = "EVPN-SEGMENTS"
    title = "Ethernet segments have their peers and one forwarder"
    remedy = "see the bond's links at both switches and LACP at the host, then push the planned configuration to both"
    source = "nvue.md 3.4, 8.21, 8.22; nv show evpn multihoming esi (Cumulus Linux 5.12)"
    asks: ClassVar[tuple[str, ...]] = (SEGMENTS,)

    def applies(self, switch: Switch, site: Site) -> bool:  # noqa: ARG002 - the signature of all checks
        """Only switches with segments are looked at."""
        return any(bond.es_id for bond in switch.bonds)

    def judge(self, view: View, ledger: Ledger) -> None:
        """Enter each segment."""
        told = view.tree(SEGMENTS)
        for bond in view.switch.bonds:
            if not bond.es_id or not _cabled(view.switch, bond):
                continue
            name = esi(bond)
            segment = {key.lower(): value for key, value in told.items()}.get(name)
            if not isinstance(segment, dict):
                ledger.wrong(
                    bond.name, f"{bond.name} to {bond.peer}: its segment {name} is not there", expected=name,
                    actual=", ".join(sorted(told)) or "none",
                )  # fmt: skip
                continue
            wrong = [*_segment(view, bond, segment), *_forwarder(view, bond)]
            for what, expected, actual in wrong:
                ledger.wrong(
                    f"{bond.name}.{what}", f"{bond.name} to {bond.peer}: {what} is {actual}, not {expected}",
                    expected=expected, actual=actual, evidence=[f"{SEGMENTS}: {name} {segment}"],
                )  # fmt: skip
            if not wrong:
                ledger.right("segment")
        if ledger.empty:
            ledger.skip("no bond with a segment is cabled")


def _cabled(switch: Switch, bond: Bond) -> bool:
    return any(port.link >= 0 for port in switch.ports if port.name in bond.members)


def _segment(view: View, bond: Bond, told: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    if told.get("local-interface") != bond.name:
        yield "interface", bond.name, str(told.get("local-interface"))
    for flag in ("oper-up", "local", "remote"):
        if get(told, "flags", flag) != "on":
            yield flag, "on", str(get(told, "flags", flag, default="off"))
    peers = {switch.vtep for switch, _ in _peers(view.look, view.name, bond)}
    found = told.get("remote-vtep")
    seen = set(found) if isinstance(found, dict) else set()
    if seen != peers:
        yield "remote-vtep", ", ".join(sorted(peers)) or "none", ", ".join(sorted(seen)) or "none"
    if bond.df_preference and told.get("df-preference") != bond.df_preference:
        yield "df-preference", str(bond.df_preference), str(told.get("df-preference"))


def _peers(look: Look, name: str, bond: Bond) -> list[tuple[Switch, Bond]]:
    """Return the other switches of a segment, each with its bond."""
    members = look.site.segments.get((bond.es_mac, bond.es_id, bond.peer), [])
    return [(switch, other) for switch, other in members if switch.name != name]


def _forwarder(view: View, bond: Bond) -> Iterator[tuple[str, str, str]]:
    """Say which of all switches of a segment forward, told by the first of them, when all of them could be asked."""
    members = [view, *(view.look.views.get(switch.name) for switch, _ in _peers(view.look, view.name, bond))]
    asked = [member for member in members if member is not None and member.reached and not member.why_not(SEGMENTS)]
    if len(asked) < len(members) or len(asked) < 2 or view.name != min(member.name for member in asked):
        return
    forwarding = [
        member.name
        for member in asked
        if get(member.tree(SEGMENTS), esi(bond), "flags", "designated-forward", default="off") == "on"
    ]
    if len(forwarding) != 1:
        yield "designated forwarder", "one switch", ", ".join(forwarding) or "none"


class EvpnMacVrf(FabricCheck):
    """Both switches of a segment know the same VNIs and the same MACs behind it.

    Passes when no segment reports VNIs that differ between its switches, and each MAC that one of them has behind a segment
    is known to the other. Fails on each difference. A peer that could not be asked is not compared with; a VNI that is
    missing is EVPN-VNIS's.
    """

    id = "EVPN-MAC-VRF"
    title = "peers of a segment know the same VNIs and MACs"
    remedy = "compare the VLANs of the bond at both switches, then push the planned configuration to both"
    source = "nvue.md 8.22; nv show evpn multihoming bgp-info esi (inconsistent-vni-count), nv show evpn vni N mac"
    asks: ClassVar[tuple[str, ...]] = (SEGMENT_INFO, VNIS, f"{VNIS} {{vni}} mac")

    def applies(self, switch: Switch, site: Site) -> bool:  # noqa: ARG002 - the signature of all checks
        """Only switches with segments are looked at."""
        return any(bond.es_id and _cabled(switch, bond) for bond in switch.bonds)

    def questions(self, switch: Switch, site: Site) -> Iterator[str]:  # noqa: ARG002 - as above
        """Ask the segments and the MACs of each VNI."""
        yield from (SEGMENT_INFO, VNIS)
        yield from (f"{VNIS} {vlan.vni} mac" for vlan in switch.vlans if vlan.vni)

    def needs(self, view: View) -> Iterator[str]:  # noqa: ARG002 - the signature of all checks
        """Judge the MACs of the VNIs that answered, though others did not."""
        yield from (SEGMENT_INFO, VNIS)

    def judge(self, look: Look) -> Iterator[Ledger]:
        """Yield a ledger for each switch with segments."""
        for view in look.views.values():
            if not view.reached or not self.applies(view.switch, look.site):
                continue
            if any(view.why_not(question) for question in self.needs(view)):
                continue
            ledger = Ledger(self, view.name)
            self._segments(view, ledger)
            self._macs(view, ledger)
            yield ledger

    @staticmethod
    def _segments(view: View, ledger: Ledger) -> None:
        told = {key.lower(): value for key, value in view.tree(SEGMENT_INFO).items()}
        for bond in view.switch.bonds:
            if not bond.es_id or not _cabled(view.switch, bond):
                continue
            number = get(told, esi(bond), "inconsistent-vni-count")
            if number == 0:
                ledger.right("segment")
            elif number is None:
                ledger.untold(bond.name, f"{bond.name}: nothing is told of its segment {esi(bond)}")
            else:
                ledger.wrong(
                    bond.name, f"{bond.name} to {bond.peer}: {number} VNIs differ between the switches of its segment",
                    expected="0", actual=str(number),
                )  # fmt: skip

    @staticmethod
    def _macs(view: View, ledger: Ledger) -> None:
        peers = {
            switch.name for bond in view.switch.bonds if bond.es_id for switch, _ in _peers(view.look, view.name, bond)
        }
        there = view.tree(VNIS)
        for vlan in (vlan for vlan in view.switch.vlans if str(vlan.vni) in there):
            question = f"{VNIS} {vlan.vni} mac"
            why = view.why_not(question)
            if why:
                ledger.untold(f"{vlan.vni}", f"VNI {vlan.vni}: its MACs are not told", evidence=[f"{question}: {why}"])
                continue
            mine = _behind_segments(view.tree(question))
            for name in sorted(peers):
                other = view.look.views.get(name)
                if other is None or not other.reached or other.why_not(question):
                    continue
                for mac in sorted(set(mine) - set(other.tree(question))):
                    ledger.wrong(
                        f"{vlan.vni}.{mac}", f"VNI {vlan.vni}: {mac} behind {mine[mac]} is not known to {name}",
                        expected=f"known to {name}", actual="unknown there",
                    )  # fmt: skip


def _behind_segments(macs: Mapping[str, Any]) -> dict[str, str]:
    return {
        mac: str(value["esi"])
        for mac, value in macs.items()
        if isinstance(value, dict) and value.get("esi") and value.get("type") == "local"
    }


class EvpnL3(DeviceCheck):
    """Each VRF with an L3VNI has it, up.

    Passes when the VNI of the VRF is the planned one and is not told to be down. Fails otherwise.
    """

    id = "EVPN-L3VNIS"
    title = "VRFs have their L3VNI"
    remedy = "push the planned configuration; an L3VNI must differ from every L2VNI and its VLAN stay out of the bridge"
    source = "nvue.md 3.4, 8.18; nv show vrf V evpn (Cumulus Linux 5.12)"
    asks: ClassVar[tuple[str, ...]] = (f"{SHOW}vrf {{vrf}} evpn",)

    def applies(self, switch: Switch, site: Site) -> bool:  # noqa: ARG002 - the signature of all checks
        """Only switches with an L3VNI are looked at."""
        return any(vrf.l3vni for vrf in switch.vrfs)

    def questions(self, switch: Switch, site: Site) -> Iterator[str]:  # noqa: ARG002 - as above
        """Ask each VRF that has one."""
        yield from (f"{SHOW}vrf {vrf.name} evpn" for vrf in switch.vrfs if vrf.l3vni)

    def judge(self, view: View, ledger: Ledger) -> None:
        """Enter each VRF."""
        for vrf in view.switch.vrfs:
            if not vrf.l3vni:
                continue
            told = view.show(f"vrf {vrf.name} evpn")
            seen = told.get("vni")
            vnis = ", ".join(sorted(map(str, seen))) if isinstance(seen, dict) and seen else "none"
            state = str(told.get("state", "up"))
            if vnis == str(vrf.l3vni) and state == "up":
                ledger.right("L3VNI")
            else:
                actual = vnis if state == "up" else f"{vnis}, {state}"
                ledger.wrong(
                    vrf.name, f"VRF {vrf.name}: L3VNI is {actual}, not {vrf.l3vni}", expected=str(vrf.l3vni),
                    actual=actual, evidence=[f"{SHOW}vrf {vrf.name} evpn: {told}"],
                )  # fmt: skip
