"""Bridge, EVPN, VXLAN and QoS (nvue.md 3.2, 3.4, 3.5)."""

from __future__ import annotations

from typing import Any

from rackwright.nvue.tree import merge
from rackwright.plan.model import Switch
from rackwright.render.nvue.v5_12.neutral import neutral

__all__ = ["bridge", "evpn", "nve", "qos"]

Tree = dict[str, Any]


def bridge(switch: Switch) -> Tree:
    """Return the bridge domain with its VLANs and their VNIs; nothing on a switch without VLANs."""
    if not switch.vlans:
        return {}
    domain: Tree = {"vlan": {str(vlan.id): {"vni": {str(vlan.vni): {}}} if vlan.vni else {} for vlan in switch.vlans}}
    if switch.bridge_type:
        domain["type"] = switch.bridge_type
    return {"domain": {"br_default": domain}}


def evpn(switch: Switch) -> Tree:
    """Return the EVPN switch and multihoming with its timers (seconds)."""
    found: Tree = {"enable": "on"} if switch.evpn else {}
    if switch.multihoming:
        names = ("startup-delay", "mac-holdtime", "neighbor-holdtime")
        found["multihoming"] = {"enable": "on", **dict(zip(names, switch.multihoming_timers, strict=False))}
    return found


def nve(switch: Switch) -> Tree:
    """Return the VXLAN tunnel endpoint; nothing on a switch without a VTEP."""
    if not switch.vtep:
        return {}
    vxlan: Tree = {
        "enable": "on",
        "source": {"address": switch.vtep.partition("/")[0]},
        "flooding": {"enable": "on", "head-end-replication": {"evpn": {}}},
    }
    if switch.arp_suppress:
        vxlan["arp-nd-suppress"] = "on"
    if switch.dscp_copy:
        # RoCE markings must survive the tunnel (nvue.md 3.5).
        vxlan["encapsulation"] = {"dscp": {"action": "copy"}}
        vxlan["decapsulation"] = {"dscp": {"action": "preserve"}}
    return {"vxlan": vxlan}


def qos(switch: Switch) -> Tree:
    """Return RoCE with its memory pools (percent), and the PFC watchdog's own settings."""
    found: Tree = merge({}, neutral(switch.system.extra).get("qos", {}))
    if switch.roce:
        found["roce"] = {"enable": "on", "mode": switch.roce}
    if switch.roce_pools:
        found["traffic-pool"] = {pool: {"memory-percent": percent} for pool, percent in switch.roce_pools}
    return found
