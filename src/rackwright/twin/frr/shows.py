"""State read back from FRR, the kernel and lldpd, in the shapes of ``nv show -o json``.

The right-hand sides are FRR's and the kernel's own JSON (seen with FRR 8.4 and 10.3); what they do not know
(optics, speed, FEC, counters of the ASIC) is left out, never made up.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from rackwright.twin.dataplane import NotEmulated
from rackwright.twin.frr.lab import Cell
from rackwright.twin.frr.routing import at

__all__ = ["show"]

Tree = Mapping[str, Any]
Made = dict[str, Any]

_LINKS: Final = """
printf '['; ip -j -d -s link show; printf ','; ip -j addr show
for vrf in $(ls /run/netns 2>/dev/null); do
  printf ','; ip -n $vrf -j -d -s link show; printf ','; ip -n $vrf -j addr show
done
printf ']'
"""
_TYPES: Final = {"lo": "loopback", "eth0": "eth"}
_FAMILIES: Final = {"ipv4Unicast": "ipv4-unicast", "l2VpnEvpn": "l2vpn-evpn"}


def show(cell: Cell, tree: Tree, path: tuple[str, ...]) -> Any:
    """Return the state at a path; raises :class:`~rackwright.twin.dataplane.NotEmulated` for what is not translated."""
    for pattern, work in _READERS:
        if len(pattern) == len(path) and all(want in ("*", word) for want, word in zip(pattern, path, strict=True)):
            return work(cell, tree, path)
    raise NotEmulated(f"{' '.join(path)}: not read back from the namespaces of {cell.name}")


def _asked(cell: Cell, command: str) -> Any:
    return json.loads(cell.sh(f"vtysh -c '{command} json'") or "null")


# --- interfaces and LLDP -----------------------------------------------------------------------------


def _interfaces(cell: Cell, tree: Tree, _path: tuple[str, ...]) -> Made:
    answers = json.loads(cell.sh(_LINKS))
    addresses: dict[str, Made] = {
        item["ifname"]: {
            f"{one['local']}/{one['prefixlen']}": {} for one in item["addr_info"] if one["family"] == "inet"
        }
        for listed in answers[1::2]
        for item in listed
    }
    neighbours = _neighbours(cell)
    found: Made = {}
    for item in (one for listed in answers[0::2] for one in listed):
        name = item["ifname"]
        if name.startswith(("swp", "bond", "vlan", "eth", "lo")) and not name.endswith("-v0"):
            found.setdefault(name, _interface(item, at(tree, "interface", name), addresses.get(name, {})))
            if name.startswith(("swp", "eth")):
                found[name]["lldp"] = {"state": "enabled", "neighbor": neighbours.get(name, {})}
    return found


def _interface(item: Tree, configured: Tree, addresses: Made) -> Made:
    name = item["ifname"]
    kind = at(item, "linkinfo").get("info_kind", "")
    up = "LOWER_UP" in item["flags"] and item["operstate"] in ("UP", "UNKNOWN")
    made: Made = {
        "type": _TYPES.get(name) or ("bond" if kind == "bond" else "svi" if name.startswith("vlan") else "swp"),
        "ifindex": item["ifindex"],
        "link": {
            "admin-status": "up" if "UP" in item["flags"] else "down",
            "oper-status": "up" if up else "down",
            "protodown": "enabled" if item.get("proto_down") else "disabled",
            "mtu": item["mtu"],
            "mac-address": item.get("address", ""),
            "state": {"up": {}} if "UP" in item["flags"] else {"down": {}},
        },
        "ip": {"address": addresses},
    }
    if "description" in configured:
        made["description"] = configured["description"]
    if at(configured, "bond"):
        made["bond"] = dict(at(configured, "bond"))
    if "master" in item and kind == "veth" and item["master"].startswith("bond"):
        made["parent"] = item["master"]
    return made


def _neighbours(cell: Cell) -> dict[str, Made]:
    said = json.loads(cell.sh("lldpctl -f json") or "{}")
    listed = said.get("lldp", {}).get("interface", [])
    pairs: Iterator[tuple[str, Any]] = (
        pair for item in (listed if isinstance(listed, list) else [listed]) for pair in item.items()
    )
    found: dict[str, Made] = {}
    for port, item in pairs:
        for system, chassis in at(item, "chassis").items():
            found.setdefault(port, {})[system] = _neighbour(system, chassis, item)
    return found


def _neighbour(system: str, chassis: Tree, item: Tree) -> Made:
    port = at(item, "port")
    return {
        "age": item.get("age", ""),
        "chassis": {
            "chassis-id": at(chassis, "id").get("value", ""),
            "system-name": system,
            "system-description": chassis.get("descr", ""),
        },
        "port": {
            "name": at(port, "id").get("value", ""),
            "type": at(port, "id").get("type", ""),
            "description": port.get("descr", ""),
            "ttl": int(port.get("ttl", 0)),
        },
    }


# --- BGP ---------------------------------------------------------------------------------------------


def _bgp_neighbours(cell: Cell, _tree: Tree, path: tuple[str, ...]) -> Made:
    said = _asked(cell, f"show bgp vrf {path[1]} neighbors")
    return {name: _bgp_neighbour(item) for name, item in said.items() if isinstance(item, dict) and "bgpState" in item}


def _bgp_neighbour(item: Tree) -> Made:
    state = str(item["bgpState"]).lower()
    if state != "established":
        return {"state": state, "address-family": {}}
    stats = at(item, "messageStats")
    return {
        "state": state,
        "remote-as": item["remoteAs"],
        "uptime": item.get("bgpTimerUpMsec", 0),
        "message-stats": {"rx": stats.get("totalRecv", 0), "tx": stats.get("totalSent", 0)},
        "address-family": {
            _FAMILIES[key]: {
                "rx-prefix": one.get("acceptedPrefixCounter", 0),
                "tx-prefix": one.get("sentPrefixCounter", 0),
            }
            for key, one in at(item, "addressFamilyInfo").items()
            # An address family that is configured here and not negotiated has no update group.
            if key in _FAMILIES and "updateGroupId" in one
        },
    }


# --- EVPN --------------------------------------------------------------------------------------------


def _vnis(cell: Cell, tree: Tree, _path: tuple[str, ...]) -> Made:
    vlans = {
        vni: vlan
        for vlan, item in at(tree, "bridge", "domain", "br_default", "vlan").items()
        for vni in at(item, "vni")
    }
    found: Made = {}
    for item in _asked(cell, "show evpn vni detail") or []:
        number = str(item["vni"])
        if item["type"] != "L2":
            continue
        remote = item.get("remoteVteps", item.get("numRemoteVteps", []))
        vteps = [one["ip"] if isinstance(one, dict) else one for one in remote] if isinstance(remote, list) else []
        found[number] = {
            "bridge-domain": "br_default",
            "vlan": int(vlans.get(number, 0)),
            "tenant-vrf": item.get("vrf", item.get("tenantVrf", "")),
            "vxlan-interface": item["vxlanInterface"],
            "local-vtep": item.get("vtepIp", item.get("localVtep", "")),
            "mac-count": item["numMacs"],
            "host-count": item["numArpNd"],
            "remote-vtep-count": len(vteps),
            "remote-vtep": {vtep: {"flood": "HER"} for vtep in vteps},
        }
    return found


def _macs(cell: Cell, _tree: Tree, path: tuple[str, ...]) -> Made:
    found: Made = {}
    for mac, item in (_asked(cell, f"show evpn mac vni {path[2]}") or {}).get("macs", {}).items():
        where = {"interface": "intf", "remote-vtep": "remoteVtep", "esi": "remoteEs"}
        found[mac] = {"type": item["type"], **{key: item[word] for key, word in where.items() if word in item}}
    return found


def _l3vni(cell: Cell, tree: Tree, path: tuple[str, ...]) -> Made:
    configured = dict(at(tree, "vrf", path[1], "evpn"))
    vnis = list(at(configured, "vni"))
    if not vnis:
        return configured
    said = _asked(cell, f"show evpn vni {vnis[0]}") or {}
    known = {"state": str(said.get("state", "down")).lower(), "local-vtep": said.get("localVtepIp", "")}
    return {**configured, **known, "router-mac": said.get("routerMac", "")}


_FLAGS: Final = {
    "local": "local", "remote": "remote", "readyForBgp": "ready-for-bgp", "bridgePort": "bridge-port", "operUp": "oper-up",
    "nexthopGroupActive": "nexthop-group-active", "nonDF": "non-designated-forward",
}  # fmt: skip


def _segments(cell: Cell, _tree: Tree, _path: tuple[str, ...]) -> Made:
    found: Made = {}
    for item in _asked(cell, "show evpn es detail") or []:
        flags = {_FLAGS[flag]: "on" for flag in item.get("flags", []) if flag in _FLAGS}
        if "local" in flags and "non-designated-forward" not in flags:
            flags["designated-forward"] = "on"
        made: Made = {
            "df-preference": item.get("dfPreference", 0),
            "flags": flags,
            "mac-count": item.get("macCount", 0),
            "vni-count": item.get("vniCount", 0),
            "remote-vtep": {
                one["vtep"]: {"df-algorithm": one.get("dfAlgorithm", ""), "df-preference": one.get("dfPreference", 0)}
                for one in item.get("vteps", [])
            },
        }
        if "accessPort" in item:
            made["local-interface"] = item["accessPort"]
        found[item["esi"]] = made
    return found


def _segments_of_bgp(cell: Cell, _tree: Tree, _path: tuple[str, ...]) -> Made:
    return {
        item["esi"]: {
            "inconsistent-vni-count": item.get("inconsistentVniVtepCount", 0),
            "originator-ip": item.get("originatorIp", ""),
            "rd": item.get("rd", ""),
            "remote-vtep": {
                one["vtep_ip"]: {"flags": dict.fromkeys(one.get("flags", []), "on")} for one in item.get("vteps", [])
            },
            "type": dict.fromkeys(item.get("type", []), "on"),
            "vni-count": item.get("vniCount", 0),
        }
        for item in _asked(cell, "show bgp l2vpn evpn es detail") or []
    }


Reader = Callable[[Cell, Tree, tuple[str, ...]], Any]

_READERS: Final[tuple[tuple[tuple[str, ...], Reader], ...]] = (
    (("interface",), _interfaces),
    (("interface", "*"), lambda cell, tree, path: _interfaces(cell, tree, path)[path[1]]),
    (("vrf", "*", "router", "bgp", "neighbor"), _bgp_neighbours),
    (("evpn", "vni"), _vnis),
    (("evpn", "vni", "*"), lambda cell, tree, path: _vnis(cell, tree, path)[path[2]]),
    (("evpn", "vni", "*", "mac"), _macs),
    (("vrf", "*", "evpn"), _l3vni),
    (("evpn", "multihoming", "esi"), _segments),
    (("evpn", "multihoming", "bgp-info", "esi"), _segments_of_bgp),
)
"""Path (``*`` is any word) -> what reads it."""
