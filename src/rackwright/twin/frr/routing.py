"""An applied NVUE tree as the configuration of FRR.

Cumulus Linux configures FRR from NVUE in the same words (guide, FRRouting); what stands here is that translation for
the paths that Rackwright renders. A path below ``router`` or ``vrf.*.router`` that is not known is refused: a twin
that drops a line would prove nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rackwright.twin.dataplane import NotEmulated

__all__ = ["at", "frr_conf", "is_on"]

Tree = Mapping[str, Any]

KNOWN: Final = {
    "router": {"adaptive-routing", "bgp", "policy", "vrr"},
    "policy": {"community-list", "prefix-list", "route-map"},
    "vrf": {"evpn", "loopback", "router", "table"},
    "bgp": {
        "address-family", "autonomous-system", "enable", "neighbor", "path-selection", "peer-group", "rd", "router-id",
    },
    "peer": {"address-family", "bfd", "peer-group", "remote-as", "ttl-security", "type", "update-source"},
    "ipv4-unicast": {"enable", "multipaths", "policy", "redistribute", "route-export", "route-import"},
}  # fmt: skip
"""What is translated, by the kind of object; ``adaptive-routing`` and ``vrr`` are no part of FRR."""

_COMMANDS: Final = {"ipv4-unicast": "ipv4 unicast", "l2vpn-evpn": "l2vpn evpn"}


def frr_conf(hostname: str, tree: Tree, *, vrf_namespaces: bool = False) -> str:
    """Return the text of ``frr.conf`` for one switch; ``vrf_namespaces``: a VRF is a network namespace (``zebra -n``).

    Raises :class:`~rackwright.twin.dataplane.NotEmulated` for a routing object that has no translation.
    """
    lines = ["frr defaults datacenter", f"hostname {hostname}", "service integrated-vtysh-config"]
    _known("router", at(tree, "router"))
    lines += _policy(at(tree, "router", "policy"))
    for name, vrf in sorted(at(tree, "vrf").items()):
        _known("vrf", vrf)
        if name not in ("default", "mgmt"):
            # zebra writes the namespace into its own configuration, so a reload without it would take the VRF away.
            lines += _vrf(name, vrf, f" netns /run/netns/{name}" if vrf_namespaces else "")
    lines += _multihoming(tree)
    own = at(tree, "router", "bgp")
    for name, vrf in sorted(at(tree, "vrf").items(), key=lambda item: (item[0] != "default", item[0])):
        lines += _statics(name, at(vrf, "router", "static"))
        if is_on(at(vrf, "router", "bgp")) and is_on(own):
            lines += _bgp(name, at(vrf, "router", "bgp"), own, evpn=is_on(at(tree, "evpn")))
    return "\n".join([*lines, "end", ""])


def at(tree: Tree, *path: str) -> Tree:
    """Return the mapping at a path, or an empty one."""
    node: Any = tree
    for key in path:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node if isinstance(node, Mapping) else {}


def is_on(node: Tree) -> bool:
    """Tell whether an object is enabled."""
    return node.get("enable") == "on"


def _known(kind: str, node: Tree) -> None:
    strange = sorted(set(node) - KNOWN[kind])
    if strange:
        raise NotEmulated(f"{kind}: no translation to FRR of {', '.join(strange)}")


# --- policy ------------------------------------------------------------------------------------------


def _policy(policy: Tree) -> list[str]:
    _known("policy", policy)
    lines: list[str] = []
    for name, item in policy.get("prefix-list", {}).items():
        for number, rule in _numbered(item):
            for prefix, bounds in rule["match"].items():
                most = f" le {bounds['max-prefix-len']}" if "max-prefix-len" in bounds else ""
                least = f" ge {bounds['min-prefix-len']}" if "min-prefix-len" in bounds else ""
                lines.append(f"ip prefix-list {name} seq {number} {rule['action']} {prefix}{least}{most}")
    for name, item in policy.get("community-list", {}).items():
        for number, rule in _numbered(item):
            words = " ".join(rule["community"])
            lines.append(f"bgp community-list standard {name} seq {number} {rule['action']} {words}")
    for name, item in policy.get("route-map", {}).items():
        for number, rule in _numbered(item):
            lines += [f"route-map {name} {next(iter(rule['action']))} {number}", *_map_rule(rule), "exit"]
    return lines


def _numbered(item: Tree) -> list[tuple[str, Tree]]:
    return sorted(at(item, "rule").items(), key=lambda rule: int(rule[0]))


_MATCHES: Final = {
    "community-list": "match community {}",
    "interface": "match interface {}",
    "ip-prefix-list": "match ip address prefix-list {}",
}


def _map_rule(rule: Tree) -> Iterator[str]:
    for key, value in at(rule, "match").items():
        if key != "type":
            yield " " + _MATCHES[key].format(value)
    for community in at(rule, "set", "community"):
        yield f" set community {community}"


# --- VRFs and multihoming ----------------------------------------------------------------------------


def _vrf(name: str, vrf: Tree, namespace: str) -> list[str]:
    vnis = [f" vni {vni}" for vni in at(vrf, "evpn", "vni")]
    return [f"vrf {name}", *vnis, *([namespace] if namespace else []), "exit-vrf"]


def _multihoming(tree: Tree) -> list[str]:
    whole = at(tree, "evpn", "multihoming")
    if not is_on(whole):
        return []
    names = {"startup-delay": "startup-delay", "mac-holdtime": "mac-holdtime", "neighbor-holdtime": "neigh-holdtime"}
    lines = [f"evpn mh {word} {whole[key]}" for key, word in names.items() if key in whole]
    for port, item in at(tree, "interface").items():
        segment = at(item, "evpn", "multihoming", "segment")
        inner = []
        if is_on(segment):
            shared = segment.get("mac-address", at(whole, "segment").get("mac-address"))
            preference = segment.get("df-preference", at(whole, "segment").get("df-preference"))
            inner = [f" evpn mh es-df-pref {preference}"] if preference else []
            inner += [f" evpn mh es-id {segment['local-id']}", f" evpn mh es-sys-mac {shared}"]
        if at(item, "evpn", "multihoming").get("uplink") == "on":
            inner.append(" evpn mh uplink")
        if inner:
            lines += [f"interface {port}", *inner, "exit"]
    return lines


def _statics(vrf: str, statics: Tree) -> list[str]:
    behind = "" if vrf == "default" else f" vrf {vrf}"
    words = {"blackhole": "blackhole", "reject": "reject"}
    return [
        f"ip route {prefix} {words.get(via, via)}{behind}" for prefix in statics for via in at(statics[prefix], "via")
    ]


# --- BGP ---------------------------------------------------------------------------------------------


def _bgp(vrf: str, bgp: Tree, own: Tree, *, evpn: bool) -> list[str]:
    _known("bgp", bgp)
    asn = bgp.get("autonomous-system", own.get("autonomous-system"))
    lines = [f"router bgp {asn}" + ("" if vrf == "default" else f" vrf {vrf}")]
    lines.append(f" bgp router-id {bgp.get('router-id', own.get('router-id'))}")
    # NVUE of 5.12 does not wait for a policy on eBGP sessions: FRR's own default in the datacenter profile.
    lines.append(" no bgp ebgp-requires-policy")
    if at(bgp, "path-selection", "multipath").get("aspath-ignore") == "on":
        lines.append(" bgp bestpath as-path multipath-relax")
    for name, group in at(bgp, "peer-group").items():
        lines += [f" neighbor {name} peer-group", *_peer(name, group)]
    for name, peer in at(bgp, "neighbor").items():
        how = " interface" if peer.get("type") == "unnumbered" else ""
        group = f" peer-group {peer['peer-group']}" if "peer-group" in peer else ""
        lines += [f" neighbor {name}{how}{group}", *_peer(name, peer)]
    families = at(bgp, "address-family")
    lines += _ipv4(at(families, "ipv4-unicast"), bgp)
    if is_on(at(families, "l2vpn-evpn")) or (vrf != "default" and _to_evpn(families)):
        lines += _evpn(vrf, bgp, families, evpn=evpn)
    return [*lines, "exit"]


def _peer(name: str, peer: Tree) -> Iterator[str]:
    _known("peer", peer)
    if "remote-as" in peer:
        yield f" neighbor {name} remote-as {peer['remote-as']}"
    bfd = at(peer, "bfd")
    if is_on(bfd):
        timers = [str(bfd[key]) for key in ("detect-multiplier", "min-rx-interval", "min-tx-interval") if key in bfd]
        yield f" neighbor {name} bfd" + (" " + " ".join(timers) if len(timers) == 3 else "")
    if "hops" in at(peer, "ttl-security"):
        yield f" neighbor {name} ttl-security hops {at(peer, 'ttl-security')['hops']}"
    if "update-source" in peer:
        yield f" neighbor {name} update-source {peer['update-source']}"


def _members(bgp: Tree, family: str) -> Iterator[tuple[str, Tree]]:
    for kind in ("peer-group", "neighbor"):
        for name, peer in at(bgp, kind).items():
            found = at(peer, "address-family", family)
            if found:
                yield name, found


def _ipv4(family: Tree, bgp: Tree) -> list[str]:
    _known("ipv4-unicast", family)
    lines = [" address-family ipv4 unicast"]
    connected = at(family, "redistribute", "connected")
    if is_on(connected):
        lines.append(
            "  redistribute connected" + (f" route-map {connected['route-map']}" if "route-map" in connected else "")
        )
    lines += [f"  maximum-paths {at(family, 'multipaths')['ebgp']}"] if "ebgp" in at(family, "multipaths") else []
    leaks = at(family, "route-import", "from-vrf")
    if is_on(leaks):
        lines += [f"  import vrf {name}" for name in at(leaks, "list")]
        lines += [f"  import vrf route-map {leaks['route-map']}"] if "route-map" in leaks else []
    for name, peer in _members(bgp, "ipv4-unicast"):
        lines.append(f"  {'' if is_on(peer) else 'no '}neighbor {name} activate")
        for way in ("inbound", "outbound"):
            policy = at(peer, "policy", way)
            if "route-map" in policy:
                lines.append(f"  neighbor {name} route-map {policy['route-map']} {way.removesuffix('bound')}")
    return [*lines, " exit-address-family"]


def _to_evpn(families: Tree) -> bool:
    return is_on(at(families, "ipv4-unicast", "route-export", "to-evpn"))


def _evpn(vrf: str, bgp: Tree, families: Tree, *, evpn: bool) -> list[str]:
    lines = [" address-family l2vpn evpn"]
    lines += [f"  neighbor {name} activate" for name, peer in _members(bgp, "l2vpn-evpn") if is_on(peer)]
    if vrf == "default" and evpn:
        lines.append("  advertise-all-vni")
    if vrf != "default" and _to_evpn(families):
        lines.append("  advertise ipv4 unicast")
    if "rd" in bgp:
        lines.append(f"  rd {bgp['rd']}")
    return [*lines, " exit-address-family"]
