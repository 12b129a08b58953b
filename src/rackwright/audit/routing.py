"""Sessions between switches, and the ways that they share load over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final, NamedTuple

import msgspec

from rackwright.audit.evidence import RUNNING, SHOW
from rackwright.audit.ledger import Ledger, Untold
from rackwright.audit.links import speed_gbps
from rackwright.audit.model import INTERFACES, DeviceCheck, Look, Site, View
from rackwright.nvue.tree import get, natural_key
from rackwright.plan.model import Switch
from rackwright.plan.switch_model import BgpNeighbor, BgpVrf, PeerGroup, Port

__all__ = ["AdaptiveRouting", "BfdSessions", "BgpSessions", "Session"]

BFD: Final = 'vtysh -c "show bfd peers json"'
"""5.12 has no NVUE show for BFD (it came in 5.15)."""
AR_GBPS: Final = frozenset({200.0, 400.0})
"""Speeds at which 5.12 routes adaptively (nvue.md 0.4)."""


class Session(NamedTuple):
    """One planned session."""

    vrf: str
    neighbor: BgpNeighbor
    group: PeerGroup
    own_asn: int


def _sessions(switch: Switch) -> Iterator[Session]:
    for vrf in switch.vrfs:
        bgp = vrf.bgp or BgpVrf()
        groups = {group.name: group for group in bgp.groups}
        for neighbor in bgp.neighbors:
            group = groups.get(neighbor.group, PeerGroup(neighbor.group, "external"))
            yield Session(vrf.name, neighbor, group, bgp.asn or (switch.bgp.asn if switch.bgp else 0))


def _summary(vrf: str) -> str:
    return f"{SHOW}vrf {vrf} router bgp neighbor"


class BgpSessions(DeviceCheck):
    """Each planned BGP session is established, with the right peer and all address families.

    Passes when a planned neighbour is established, its ASN is that of the planned device, and IPv4 unicast and, where
    planned, EVPN are exchanged. Fails otherwise. A neighbour that nobody planned is a warning.
    """

    id = "BGP-SESSIONS"
    title = "BGP sessions are established with the planned peers and families"
    remedy = "see the link first (LINK-STATE), then ASN and families at both ends; push the planned configuration"
    source = "nvue.md 3.3, 8.25; nv show vrf V router bgp neighbor (Cumulus Linux 5.12)"
    asks: ClassVar[tuple[str, ...]] = (_summary("{vrf}"),)

    def applies(self, switch: Switch, site: Site) -> bool:  # noqa: ARG002 - the signature of all checks
        """Only switches with planned sessions are looked at."""
        return any(True for _ in _sessions(switch))

    def questions(self, switch: Switch, site: Site) -> Iterator[str]:  # noqa: ARG002 - as above
        """Ask each VRF that has sessions."""
        yield from dict.fromkeys(_summary(session.vrf) for session in _sessions(switch))

    def judge(self, view: View, ledger: Ledger) -> None:
        """Enter each planned session."""
        planned: dict[str, set[str]] = defaultdict(set)
        for session in _sessions(view.switch):
            planned[session.vrf].add(session.neighbor.name)
            told = view.tree(_summary(session.vrf)).get(session.neighbor.name)
            path = f"{session.vrf}.{session.neighbor.name}"
            shown = [f"{_summary(session.vrf)}: {session.neighbor.name} {msgspec.json.encode(told).decode()}"]
            wrong = list(_session(view, session, told if isinstance(told, dict) else {}))
            for what, expected, actual in wrong:
                peer = session.neighbor.peer or "its peer"
                ledger.wrong(
                    f"{path}.{what}", f"BGP {session.neighbor.name} to {peer}: {what} is {actual}, not {expected}",
                    expected=expected, actual=actual, evidence=shown,
                )  # fmt: skip
            if not wrong:
                ledger.right("session")
        for vrf, names in planned.items():
            for name in sorted(set(view.tree(_summary(vrf))) - names, key=natural_key):
                ledger.wrong(
                    f"{vrf}.{name}", f"BGP {name} in {vrf} is no planned neighbour", severity="warning",
                    expected="none", actual=name, remedy="remove it, or plan it",
                )  # fmt: skip


def _session(view: View, session: Session, told: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    state = str(told.get("state", "absent"))
    if state != "established":
        yield "state", "established", state
        return
    expected = _remote_as(view.look, session)
    remote = told.get("remote-as")
    if expected and str(remote) != expected:
        yield "remote-as", expected, str(remote)
    families = told.get("address-family")
    wished = ["ipv4-unicast"] * (session.group.ipv4 or not session.group.evpn) + ["l2vpn-evpn"] * session.group.evpn
    for family in wished:
        if not isinstance(families, dict) or not families.get(family):
            yield family, "exchanged", "not negotiated"


def _remote_as(look: Look, session: Session) -> str:
    """Return the ASN that the peer must have; empty where the plan does not say."""
    peer = look.site.switches.get(session.neighbor.peer)
    if session.group.remote_as == "internal":
        return str(session.own_asn)
    if peer is not None:
        vrf = next((vrf for vrf in peer.vrfs if vrf.name == session.vrf), None)
        asn = (vrf.bgp.asn if vrf and vrf.bgp else 0) or (peer.bgp.asn if peer.bgp else 0)
        return str(asn or "")
    return session.group.remote_as if session.group.remote_as.isdigit() else ""


class BfdSessions(DeviceCheck):
    """Each session that is to be watched by BFD is, and BFD sees it up.

    Passes when BFD holds a session to each such neighbour and it is up. Fails when there is none or it is down. Asked by
    vtysh, which only SSH reaches: over the API it is skipped, since nobody promised to tell it there.
    """

    id = "BFD-SESSIONS"
    title = "BFD watches the BGP sessions"
    remedy = "see the link and the BFD settings of both ends"
    source = "nvue.md 3.3; vtysh (FRR of Cumulus Linux 5.12; NVUE shows BFD only from 5.15)"
    asks: ClassVar[tuple[str, ...]] = (BFD,)

    def applies(self, switch: Switch, site: Site) -> bool:  # noqa: ARG002 - the signature of all checks
        """Only switches with a session under BFD are looked at."""
        return any(session.group.bfd for session in _sessions(switch))

    def needs(self, view: View) -> Iterable[str]:
        """Return nothing where it cannot be asked, which is told once and no error."""
        return () if self._barred(view) else super().needs(view)

    def judge(self, view: View, ledger: Ledger) -> None:
        """Enter each session that BFD is to watch."""
        if self._barred(view):
            number = sum(session.group.bfd for session in _sessions(view.switch))
            ledger.skip(
                f"BFD of {number} session{'s' if number > 1 else ''} not told: NVUE {view.switch.nos} shows none and the API runs no vtysh; "
                "--transport ssh asks for it",
                remedy="audit with --transport ssh",
            )
            return
        by_name: dict[object, list[dict[str, Any]]] = defaultdict(list)
        for peer in self._peers(view):
            for key in {peer.get("interface"), peer.get("peer")}:
                by_name[key].append(peer)
        for session in _sessions(view.switch):
            if not session.group.bfd:
                continue
            name = session.neighbor.name
            found = by_name.get(name, [])
            status = str(found[0].get("status")) if found else "absent"
            if status == "up":
                ledger.right("session")
            else:
                ledger.wrong(
                    f"{session.vrf}.{name}", f"BFD to {session.neighbor.peer or name} on {name} is {status}",
                    expected="up", actual=status, evidence=[msgspec.json.encode(peer).decode() for peer in found],
                )  # fmt: skip

    @staticmethod
    def _barred(view: View) -> bool:
        answer = view.evidence.by_question().get(BFD) if view.evidence else None
        return answer is not None and answer.barred

    @staticmethod
    def _peers(view: View) -> list[dict[str, Any]]:
        try:
            value = msgspec.json.decode(str(view.answer(BFD)))
        except msgspec.DecodeError as error:
            raise Untold(f"{BFD}: no JSON came ({error})") from error
        if not isinstance(value, list):
            raise Untold(f"{BFD}: no list of peers came")
        return [peer for peer in value if isinstance(peer, dict)]


class AdaptiveRouting(DeviceCheck):
    """Adaptive routing is on at every port of an ECMP group, at both ends, at a speed that it works at.

    Passes when the switch has it on and each planned port has it on, runs at 200G or 400G, and so has its far end. Fails at
    each port that breaks a group: mixed groups misroute. Where no port is planned to have it (a pure rail has no ECMP) it
    does not apply, but a switch that has it on all the same is wrong.
    """

    id = "ADAPTIVE-ROUTING"
    title = "adaptive routing covers whole ECMP groups"
    remedy = "push the planned configuration to both ends; run these links at 400G (breakout 2x)"
    source = "nvue.md 0.4, 3.6, 8.35; RN-3835635 (groups with and without it misroute)"
    asks: ClassVar[tuple[str, ...]] = (f"{SHOW}router adaptive-routing", RUNNING, INTERFACES)

    def applies(self, switch: Switch, site: Site) -> bool:  # noqa: ARG002 - the signature of all checks
        """Only switches that are planned to route adaptively are looked at."""
        return switch.adaptive_routing and any(_adaptive(port) for port in switch.ports)

    def judge(self, view: View, ledger: Ledger) -> None:
        """Enter the switch and each port of its groups."""
        whole = view.show("router adaptive-routing").get("enable")
        if whole == "on":
            ledger.right("setting")
        else:
            ledger.wrong("enable", "adaptive routing is off", expected="on", actual=str(whole or "not told"))
        for port in view.switch.ports:
            if _adaptive(port):
                wrong = list(_port(view, port))
                for what, expected, actual in wrong:
                    ledger.wrong(
                        f"{port.name}.{what}",
                        f"{port.name} to {port.peer} breaks its ECMP group: {what} is {actual}, not {expected}",
                        expected=expected, actual=actual,
                    )  # fmt: skip
                if not wrong:
                    ledger.right("setting")


def _adaptive(port: Port) -> bool:
    return port.adaptive_routing and port.link >= 0


def _port(view: View, port: Port) -> Iterator[tuple[str, str, str]]:
    here = _enabled(view, port.name)
    if here != "on":
        yield "adaptive-routing", "on", here
    speed = speed_gbps(view.link(port.name).get("speed"))
    if speed is not None and speed not in AR_GBPS:
        yield "speed", "200G or 400G", f"{speed:g}G"
    far = view.look.views.get(port.peer)
    if far is not None and far.reached and not far.why_not(RUNNING):
        there = _enabled(far, port.peer_port)
        if there != "on":
            yield "far end", "on", there


def _enabled(view: View, port: str) -> str:
    return str(get(view.running, "interface", port, "router", "adaptive-routing", "enable", default="off"))
