"""What a route map lets through: prefix lists and route maps of one tree, evaluated for one prefix.

Only what a redistributed connected route can match is evaluated (prefix list, interface, source
protocol); a match on anything else is taken as "may match", so that a finding is never a guess.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network

from rackwright.check.interfaces import number, section
from rackwright.check.model import Path, Tree
from rackwright.check.view import View

__all__ = ["dead_matches", "permits", "permits_all", "references", "sorted_rules"]

Network = IPv4Network | IPv6Network

_UNKNOWN = "may"


def sorted_rules(body: object) -> list[tuple[str, Tree]]:
    """Give the rules of a prefix list or route map in the order of their numbers."""
    rules = section(body, "rule")
    return sorted(((key, section(rules, key)) for key in rules), key=lambda item: number(item[0]) or 0)


def permits(view: View, route_map: str, prefix: str, interface: str) -> bool:
    """Tell whether a route map lets a connected prefix of an interface through; an undefined map lets all through."""
    rules = sorted_rules(view.section("router", "policy", "route-map", route_map))
    if not rules:
        return True
    for _, rule in rules:
        verdict = _matches(view, section(rule, "match"), prefix, interface)
        if verdict == _UNKNOWN:
            return True
        if verdict:
            return "permit" in section(rule, "action")
    return False


def permits_all(view: View, route_map: str) -> bool:
    """Tell whether a route map holds nothing back: no deny before a permit that fits even a network that nobody has.

    A permit with a condition that is not evaluated is none of these; a route map that is not defined is
    another rule's finding.
    """
    for _, rule in sorted_rules(view.section("router", "policy", "route-map", route_map)):
        if "permit" not in section(rule, "action"):
            return False
        if _matches(view, section(rule, "match"), _NOWHERE, "") is True:
            return True
    return False


_NOWHERE = "198.51.100.0/24"
"""A network of RFC 5737, which no site has."""


def _matches(view: View, match: Tree, prefix: str, interface: str) -> bool | str:
    """Tell whether a rule's conditions fit: True, False, or may."""
    unknown = False
    for key, value in match.items():
        if key == "type":
            continue
        if key == "ip-prefix-list":
            fits = _in_prefix_list(view, str(value), prefix)
        elif key == "interface":
            fits = str(value) == interface
        elif key == "source-protocol":
            fits = value == "connected"
        else:
            unknown = True
            continue
        if not fits:
            return False
    return _UNKNOWN if unknown else True


def _in_prefix_list(view: View, name: str, prefix: str) -> bool:
    """Tell whether a prefix list permits a prefix; its first rule that fits decides."""
    network = _network(prefix)
    for _, rule in sorted_rules(view.section("router", "policy", "prefix-list", name)):
        for text, bounds in section(rule, "match").items():
            if network is not None and _covers(text, section(bounds), network):
                return rule.get("action") == "permit"
    return False


def _covers(text: str, bounds: Tree, network: Network) -> bool:
    """Tell whether one line of a prefix list fits a network: equal, or inside with a length in bounds."""
    if text == "any":
        return True
    listed = _network(text)
    if listed is None or listed.version != network.version:
        return False
    inside = (int(network.network_address) >> (network.max_prefixlen - listed.prefixlen)) == (
        int(listed.network_address) >> (network.max_prefixlen - listed.prefixlen)
    )
    least, most = number(bounds.get("min-prefix-len")), number(bounds.get("max-prefix-len"))
    if least is None and most is None:
        return inside and network.prefixlen == listed.prefixlen
    least = listed.prefixlen if least is None else least
    most = network.max_prefixlen if most is None else most
    return inside and least <= network.prefixlen <= most


def _network(text: str) -> Network | None:
    """Read a network; host bits do not matter; None when it is none."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


_LISTS = {
    "ip-prefix-list": "prefix-list",
    "ip-nexthop-list": "prefix-list",
    "community-list": "community-list",
    "large-community-list": "large-community-list",
    "ext-community-list": "ext-community-list",
    "as-path-list": "as-path-list",
}
"""Match keys of a route-map rule that name a list, and the kind of list."""

_POLICY_KEYS = {
    "route-map": "route-map",
    "prefix-list": "prefix-list",
    "aspath-list": "as-path-list",
    "unsuppress-map": "route-map",
    "advertise-map": "route-map",
    "exist-map": "route-map",
    "non-exist-map": "route-map",
    "rib-filter": "route-map",
    "policy": "route-map",
}
"""Leaves under ``vrf.*.router.bgp`` that name a policy, and the kind of policy."""


def references(view: View) -> Iterator[tuple[Path, str, str]]:
    """Give every policy that is named somewhere: the path of the name, the kind, the name."""
    for name in view.section("router", "policy", "route-map"):
        path: Path = ("router", "policy", "route-map", name, "rule")
        for key, rule in sorted_rules(view.section("router", "policy", "route-map", name)):
            for match, value in section(rule, "match").items():
                if match in _LISTS and not isinstance(value, dict):
                    yield (*path, key, "match", match), _LISTS[match], str(value)
    for vrf, instance in view.bgp.items():
        yield from _below(instance.tree, ("vrf", vrf, "router", "bgp"))


def _below(tree: Tree, path: Path) -> Iterator[tuple[Path, str, str]]:
    """Walk the BGP instance of a VRF for names of policies."""
    for key, value in tree.items():
        if type(value) is dict:
            if value:
                yield from _below(value, (*path, key))
        elif key in _POLICY_KEYS and value != "none":
            yield (*path, key), _POLICY_KEYS[key], str(value)


def dead_matches(view: View) -> Iterator[tuple[Path, str]]:
    """Give each permit that can match nothing: its path and why."""
    policy: Path = ("router", "policy")
    for name in view.section(*policy, "prefix-list"):
        for key, rule in sorted_rules(view.section(*policy, "prefix-list", name)):
            for text, bounds in section(rule, "match").items() if rule.get("action") == "permit" else ():
                reason = _dead_line(text, section(bounds))
                if reason:
                    yield (*policy, "prefix-list", name, "rule", key, "match", text), reason
    for name in view.section(*policy, "route-map"):
        for key, rule in sorted_rules(view.section(*policy, "route-map", name)):
            if "permit" not in section(rule, "action"):
                continue
            for match, reason in _dead_conditions(view, section(rule, "match")):
                yield (*policy, "route-map", name, "rule", key, "match", match), reason


def _dead_line(text: str, bounds: Tree) -> str:
    """Say why a line of a prefix list can match nothing, or nothing."""
    listed = _network(text)
    least, most = number(bounds.get("min-prefix-len")), number(bounds.get("max-prefix-len"))
    if listed is None:
        return ""
    if most is not None and most < listed.prefixlen:
        return f"{text} holds no prefix as short as /{most}"
    if least is not None and most is not None and least > most:
        return f"no prefix is at least /{least} and at most /{most}"
    return f"{text} has no /{least}" if least is not None and least > listed.max_prefixlen else ""


def _dead_conditions(view: View, match: Tree) -> Iterator[tuple[str, str]]:
    """Give the conditions of a permit rule that nothing fits."""
    interface = match.get("interface")
    if isinstance(interface, str) and interface != "lo" and interface not in view.interfaces:
        yield "interface", f"interface {interface} is not configured"
    listed = match.get("ip-prefix-list")
    if isinstance(listed, str):
        rules = sorted_rules(view.section("router", "policy", "prefix-list", listed))
        if rules and not any(rule.get("action") == "permit" for _, rule in rules):
            yield "ip-prefix-list", f"prefix list {listed} permits nothing"
