"""The table of what each change to a switch interrupts, and of what is known to interrupt nothing.

A row says who says so: a section of nvue.md, a release note, the guide; ``[?]`` where no source speaks and the
safe side is assumed. What no row speaks of is not known to be harmless (:data:`UNKNOWN`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["CLASSES", "NEW", "UNKNOWN", "DisruptionClass", "DisruptionKind", "Newcomer"]

DisruptionKind = Literal[
    "switchd-restart", "frr-restart", "management", "session-reset", "traffic-loss", "port-flap", "unknown", "none"
]
"""``switchd-restart``: every port resets; ``frr-restart``: every BGP session drops; ``management``: the way in may be lost;
``session-reset``: sessions drop; ``traffic-loss``: what a VLAN, a VRF, a gateway, the overlay or a port carries is lost or
takes another way; ``port-flap``: the named ports lose their link; ``unknown``: nobody says that it is harmless."""


@dataclass(frozen=True, slots=True)
class DisruptionClass:
    """One row: ``pattern`` is a path with ``*`` for one key; a trailing ``**`` takes any rest, also none."""

    pattern: str
    kind: DisruptionKind
    reason: str
    source: str
    only: str = "+~-"
    """The kinds of change that the row speaks of."""
    always: bool = False
    """Also where what is touched is new or was unused, and whatever a row of fewer or more keys says."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the pattern; keys of a path may hold dots, those of a pattern do not."""
        return tuple(self.pattern.removesuffix(".**").split("."))

    @property
    def open_end(self) -> bool:
        """Whether more keys may follow."""
        return self.pattern.endswith(".**")


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What nobody can have used before it was there: what is added below it interrupts nothing."""

    pattern: str
    beside: bool = False
    """Only where its like is there already: the first of its kind is a change to what holds it."""
    port: bool = False
    """The last key is a port that has to be unused, be the rest new or not."""


_AR: Final = "NVUE of 5.12 restarts switchd when adaptive routing changes, so every port resets"
_BGP: Final = "turning BGP on or off or changing its ASN restarts FRR, so every session drops"
_CAGE: Final = "splitting or joining a cage takes its ports and a disabled neighbour cage down"
_LINK: Final = "the link renegotiates"
_DOWN: Final = "an interface without its stanza or its admin state goes down"
_IN: Final = "the way in to the switch changes"
_LOGIN: Final = "who may log in changes"
_KERNEL: Final = "Linux bonding driver documentation"
_REF: Final = "nvue.md 0.8, 8.42; NVUE reference, Adaptive Routing"
_BOND: Final = "the kernel takes a port down to move it into or out of a bond"
_SESSION: Final = "the session with this neighbour drops or says other routes"
_GROUP: Final = "the sessions of this peer group drop or say other routes"
_ROUTER_ID: Final = "another router ID resets every session"
_ROUTES: Final = "routes come, go or take another way"
_VRF: Final = "the traffic of this VRF stops or takes another way"
_VNI: Final = "the VRF's way through the overlay changes"
_GATEWAY: Final = "hosts lose or change their default gateway"
_OVERLAY: Final = "the overlay stops or is built anew, and with it all traffic between the switches' VLANs and VRFs"
_SEGMENT: Final = "the Ethernet segment is built anew; until then its hosts are cut off or hear frames twice"
_VLAN: Final = "the traffic of this VLAN stops, or no longer reaches the other switches"
_LO: Final = "sessions, tunnels (the VTEP) and routes hang on this address"
_RELAY: Final = "hosts behind it get no address"
_QUEUES: Final = "buffers and queues are set anew; RoCE is dropped until both ends agree"
_TEXT: Final = "a text for people"
_WATCH: Final = "it watches and carries nothing"
_SERVER: Final = "a service of the switch itself; no traffic goes through it"

CLASSES: Final[tuple[DisruptionClass, ...]] = (
    # --- what restarts, splits or touches the way in: also where it is new ---------------------------------------
    DisruptionClass(
        "evpn.multihoming.enable",
        "switchd-restart",
        "turning EVPN multihoming on or off restarts switchd, so every port resets",
        "nvue.md 0.8, 8.42",
        always=True,
    ),
    DisruptionClass("router.adaptive-routing.**", "switchd-restart", _AR, _REF, always=True),
    DisruptionClass(
        "interface.*.router.adaptive-routing.**", "switchd-restart", _AR, f"nvue.md 3.6; {_REF}", always=True
    ),
    DisruptionClass(
        "system.global.reserved.vlan.**",
        "switchd-restart",
        "switchd reads the reserved VLAN ranges only when it starts",
        "nvue.md 8.42, 3.1",
        always=True,
    ),
    DisruptionClass("router.bgp.enable", "frr-restart", _BGP, "nvue.md 0.8, 8.42", always=True),
    DisruptionClass("router.bgp.autonomous-system", "frr-restart", _BGP, "nvue.md 0.8, 8.42", always=True),
    DisruptionClass("vrf.*.router.bgp.enable", "frr-restart", _BGP, "nvue.md 0.8, 8.42", always=True),
    DisruptionClass("vrf.*.router.bgp.autonomous-system", "frr-restart", _BGP, "nvue.md 0.8, 8.42", always=True),
    DisruptionClass("interface.*.link.breakout.**", "port-flap", _CAGE, "nvue.md 3.2, 8.14, RN-3362113", always=True),
    DisruptionClass("interface.eth0.**", "management", _IN, "nvue.md 8.42, 3.2", always=True),
    DisruptionClass("vrf.mgmt.**", "management", _IN, "nvue.md 8.42", always=True),
    DisruptionClass("system.control-plane.acl.**", "management", _IN, "nvue.md 8.42, 3.7", always=True),
    DisruptionClass("system.ssh-server.**", "management", _IN, "nvue.md 8.39", always=True),
    DisruptionClass("system.api.**", "management", _IN, "nvue.md 8.39", always=True),
    DisruptionClass("system.aaa.authentication-order.**", "management", _LOGIN, "nvue.md 8.39", always=True),
    # --- who may log in ------------------------------------------------------------------------------------------
    DisruptionClass("system.aaa.**", "management", _LOGIN, "nvue.md 8.39, 6.5"),
    DisruptionClass("system.aaa.user.*.full-name", "none", _TEXT, "nvue.md 3.1"),
    DisruptionClass(
        "system.control-plane.**", "management", "what reaches the switch itself changes", "[?] nvue.md 3.7"
    ),
    # --- ports ---------------------------------------------------------------------------------------------------
    DisruptionClass("interface.*.description", "none", _TEXT, "nvue.md 3.2"),
    DisruptionClass("interface.*.telemetry.**", "none", _WATCH, "nvue.md 3.1"),
    DisruptionClass("interface.*.type", "port-flap", _DOWN, "nvue.md 6.2, RN-4030380", "~-"),
    DisruptionClass("interface.*.type", "none", "NVUE says it by itself", "nvue.md 3.2", "+"),
    DisruptionClass("interface.*.link.**", "port-flap", _LINK, "[?] nvue.md 3.2"),
    DisruptionClass("interface.*.link.speed", "port-flap", _LINK, "nvue.md 3.2, RN-3877516"),
    DisruptionClass("interface.*.link.auto-negotiate", "port-flap", _LINK, "nvue.md 3.2"),
    DisruptionClass("interface.*.link.fec", "port-flap", _LINK, "nvue.md 3.2"),
    DisruptionClass("interface.*.link.state.down.**", "port-flap", "the port is taken down", "nvue.md 3.2", "+~"),
    DisruptionClass("interface.*.link.state.down.**", "none", "the port was down", "nvue.md 3.2", "-"),
    DisruptionClass("interface.*.link.state.up.**", "port-flap", _DOWN, "nvue.md 6.2, RN-4030380", "~-"),
    DisruptionClass("interface.*.link.state.up.**", "none", "the port comes up", "nvue.md 3.2", "+"),
    DisruptionClass(
        "interface.*.link.mtu",
        "traffic-loss",
        "frames that are larger than one end takes are dropped",
        "[?] nvue.md 8.37",
    ),
    DisruptionClass("interface.*.bond.member.**", "port-flap", _BOND, _KERNEL),
    DisruptionClass("interface.*.bond.mode", "port-flap", "the bond is built anew", _KERNEL),
    DisruptionClass(
        "interface.*.bond.**",
        "traffic-loss",
        "the bond's members agree anew with the other end",
        "[?] nvue.md 3.2, 8.24",
    ),
    DisruptionClass(
        "interface.*.bridge.**",
        "traffic-loss",
        "what is behind the port leaves or changes its VLANs",
        "nvue.md 3.2, 8.16",
    ),
    DisruptionClass("interface.*.evpn.**", "traffic-loss", _SEGMENT, "nvue.md 3.4, 8.21"),
    DisruptionClass(
        "interface.*.evpn.multihoming.uplink",
        "traffic-loss",
        "Ethernet segments are held down when no uplink is up, and hear frames twice when none is marked",
        "nvue.md 3.4",
        "~-",
    ),
    DisruptionClass("interface.*.evpn.multihoming.uplink", "none", "one uplink more is watched", "nvue.md 3.4", "+"),
    DisruptionClass("interface.*.qos.**", "traffic-loss", _QUEUES, "[?] nvue.md 3.5, 8.32"),
    DisruptionClass(
        "interface.*.acl.**", "traffic-loss", "an ACL lets pass what it did not, or the reverse", "nvue.md 3.7"
    ),
    # --- addresses and gateways ----------------------------------------------------------------------------------
    DisruptionClass("interface.*.ip.**", "traffic-loss", "the interface's part in its VRF changes", "[?] nvue.md 3.2"),
    DisruptionClass(
        "interface.*.ip.address.**", "traffic-loss", "hosts and sessions behind the address lose it", "nvue.md 3.2"
    ),
    DisruptionClass("interface.*.ip.vrf", "traffic-loss", "the interface moves to another VRF", "nvue.md 3.2, 8.23"),
    DisruptionClass("interface.*.ip.vrr.**", "traffic-loss", _GATEWAY, "nvue.md 3.2, 8.23"),
    DisruptionClass("interface.lo.**", "traffic-loss", _LO, "nvue.md 3.2, 8.19"),
    DisruptionClass("interface.lo.ip.address.**", "traffic-loss", _LO, "nvue.md 3.2, 8.19"),
    DisruptionClass("interface.*.vlan", "traffic-loss", "the gateway moves to another VLAN", "nvue.md 3.2, 8.23"),
    DisruptionClass("interface.*.base-interface", "traffic-loss", _GATEWAY, "nvue.md 3.2"),
    DisruptionClass("router.vrr.**", "traffic-loss", _GATEWAY, "nvue.md 3.2"),
    DisruptionClass("system.global.**", "traffic-loss", "the gateways' MAC address changes", "nvue.md 3.2"),
    # --- VLANs and the overlay -----------------------------------------------------------------------------------
    DisruptionClass(
        "bridge.**", "traffic-loss", "all VLANs of the bridge are cut off or flooded anew", "[?] nvue.md 3.2"
    ),
    DisruptionClass("bridge.domain.*.vlan.**", "traffic-loss", _VLAN, "nvue.md 3.4, 8.16, 8.17"),
    DisruptionClass("nve.**", "traffic-loss", _OVERLAY, "nvue.md 3.4, 8.19, 8.36"),
    DisruptionClass("evpn.**", "traffic-loss", _OVERLAY, "nvue.md 3.4, 8.20, 8.21"),
    DisruptionClass("evpn.multihoming.startup-delay", "none", "it counts when the switch starts", "nvue.md 3.4"),
    # --- sessions and routes -------------------------------------------------------------------------------------
    DisruptionClass("router.**", "traffic-loss", _ROUTES, "[?] nvue.md 3.3"),
    DisruptionClass("router.policy.**", "traffic-loss", _ROUTES, "nvue.md 3.3, 8.28"),
    DisruptionClass("router.bgp.**", "session-reset", "sessions drop", "[?] nvue.md 3.3"),
    DisruptionClass("router.bgp.router-id", "session-reset", _ROUTER_ID, "[?] nvue.md 3.3, 8.25"),
    DisruptionClass("vrf.**", "traffic-loss", _VRF, "[?] nvue.md 3.3, 3.4"),
    DisruptionClass("vrf.*.evpn.**", "traffic-loss", _VNI, "nvue.md 3.4, 8.18"),
    DisruptionClass("vrf.*.loopback.**", "traffic-loss", _LO, "nvue.md 6.4, 3.4"),
    DisruptionClass("vrf.*.router.**", "traffic-loss", _ROUTES, "[?] nvue.md 3.3"),
    DisruptionClass("vrf.*.router.bgp.router-id", "session-reset", _ROUTER_ID, "[?] nvue.md 3.3, 8.25"),
    DisruptionClass("vrf.*.router.bgp.neighbor.*.**", "session-reset", _SESSION, "[?] nvue.md 3.3, 8.25"),
    DisruptionClass("vrf.*.router.bgp.neighbor.*.description", "none", _TEXT, "nvue.md 3.3"),
    DisruptionClass("vrf.*.router.bgp.peer-group.*.**", "session-reset", _GROUP, "[?] nvue.md 3.3, 8.20, 8.25"),
    DisruptionClass("vrf.*.router.bgp.peer-group.*.description", "none", _TEXT, "nvue.md 3.3"),
    DisruptionClass("system.forwarding.**", "traffic-loss", "the ASIC hashes or forwards anew", "[?] nvue.md 3.6"),
    # --- what is dropped or refused on the way -------------------------------------------------------------------
    DisruptionClass("qos.**", "traffic-loss", _QUEUES, "[?] nvue.md 3.5, 8.32"),
    DisruptionClass("acl.**", "traffic-loss", "an ACL lets pass what it did not, or the reverse", "nvue.md 3.7"),
    DisruptionClass("acl.*.rule.*.remark", "none", _TEXT, "nvue.md 3.7"),
    DisruptionClass("service.dhcp-relay.**", "traffic-loss", _RELAY, "nvue.md 3.2; [?]"),
    DisruptionClass("service.dhcp-server.**", "traffic-loss", _RELAY, "[?]"),
    # --- what is known to interrupt nothing ----------------------------------------------------------------------
    DisruptionClass("service.ntp.**", "none", _SERVER, "nvue.md 3.1"),
    DisruptionClass("service.dns.**", "none", _SERVER, "nvue.md 3.1"),
    DisruptionClass("service.syslog.**", "none", _SERVER, "nvue.md 3.1"),
    DisruptionClass("service.snmp-server.**", "none", _SERVER, "nvue.md 3.1"),
    DisruptionClass("service.lldp.tx-interval", "none", _WATCH, "nvue.md 3.1"),
    DisruptionClass("service.lldp.tx-hold-multiplier", "none", _WATCH, "nvue.md 3.1"),
    DisruptionClass("system.snmp-server.**", "none", _SERVER, "nvue.md 3.1"),
    DisruptionClass("system.syslog.**", "none", _SERVER, "nvue.md 0.2"),
    DisruptionClass("system.telemetry.**", "none", _WATCH, "nvue.md 3.1, 6.10"),
    DisruptionClass("system.wjh.**", "none", _WATCH, "nvue.md 3.1, 0.9"),
    DisruptionClass("system.message.**", "none", _TEXT, "nvue.md 3.1"),
    DisruptionClass("system.hostname", "none", "telemetry restarts under the new name, nothing else", "nvue.md 6.10"),
    DisruptionClass("system.timezone", "none", _TEXT, "nvue.md 3.1"),
    DisruptionClass("system.reboot.mode", "none", "it counts when the switch is next started", "nvue.md 3.1"),
    DisruptionClass("system.config.auto-save.**", "none", "it says what is kept, not what runs", "nvue.md 3.1, 4.1"),
)
"""Every class. Of two that fit: one for always before others, the worse of two such; else the one with more keys."""

UNKNOWN: Final = DisruptionClass("**", "unknown", "no source says that this interrupts nothing", "[?]")
"""What no row speaks of."""

NEW: Final[tuple[Newcomer, ...]] = (
    Newcomer("interface.*"),
    Newcomer("interface.*.bond.member.*", port=True),
    Newcomer("interface.*.ip.address.*"),
    Newcomer("interface.*.ip.vrr"),
    Newcomer("interface.*.ip.vrr.address.*"),
    # A port without a list of VLANs carries all: the first of a list takes the others away (nvue.md 3.2).
    Newcomer("interface.*.bridge.domain.*.vlan.*", beside=True),
    Newcomer("bridge.domain.*"),
    Newcomer("bridge.domain.*.vlan.*"),
    Newcomer("vrf.*"),
    Newcomer("vrf.*.loopback.ip.address.*"),
    Newcomer("vrf.*.router.bgp.neighbor.*"),
    Newcomer("vrf.*.router.bgp.peer-group.*"),
    Newcomer("router.policy.*.*"),
    Newcomer("acl.*"),
    Newcomer("service.dhcp-relay.*"),
    Newcomer("service.dhcp-relay.*.interface.*"),
    Newcomer("service.dhcp-relay.*.server.*"),
    Newcomer("system.aaa.user.*"),
    Newcomer("system.aaa.user.*.ssh.authorized-key.*"),
    Newcomer("system.aaa.role.*"),
    Newcomer("system.aaa.class.*"),
)
"""What may be added without interrupting anything, as long as it was not there."""
