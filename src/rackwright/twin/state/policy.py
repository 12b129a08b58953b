"""Prefixes and what prefix lists, community lists and route maps say of them (nvue.md 3.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from ipaddress import IPv4Network, ip_interface
from typing import Any, NamedTuple

from rackwright.twin.state.config import at

__all__ = ["Prefix", "apply_map", "network_of", "permitted"]


class Prefix(NamedTuple):
    """A prefix with what a route map may match or set."""

    text: str
    interface: str = ""
    """Where it is connected; empty for one that was learned."""
    communities: frozenset[str] = frozenset()


@lru_cache(maxsize=65536)
def network_of(address: str) -> str:
    """Return the network of an address with prefix length, as a prefix."""
    return str(ip_interface(address).network)


@lru_cache(maxsize=65536)
def _network(text: str) -> IPv4Network:
    return IPv4Network(text, strict=False)


def permitted(tree: Mapping[str, Any], name: str, prefixes: Iterable[Prefix]) -> list[Prefix]:
    """Return what a route map lets through, with what it sets; no name: all of it."""
    if not name:
        return list(prefixes)
    kept = [apply_map(tree, name, prefix) for prefix in prefixes]
    return [prefix for prefix in kept if prefix is not None]


def apply_map(tree: Mapping[str, Any], name: str, prefix: Prefix) -> Prefix | None:
    """Return the prefix as a route map leaves it; None: denied.

    A map that is not defined denies everything, as FRR does with the name of a map that there is not; so does the
    end of a map.
    """
    rules = at(tree, "router", "policy", "route-map", name, "rule")
    for number in sorted(rules or {}, key=int):
        rule = rules[number]
        if not _matches(tree, at(rule, "match") or {}, prefix):
            continue
        if "permit" not in (at(rule, "action") or {}):
            return None
        given = at(rule, "set", "community")
        return prefix._replace(communities=frozenset(given)) if given else prefix
    return None


def _matches(tree: Mapping[str, Any], match: Mapping[str, Any], prefix: Prefix) -> bool:
    if match.get("interface") and match["interface"] != prefix.interface:
        return False
    name = match.get("ip-prefix-list")
    if name and not _in_prefix_list(tree, str(name), prefix.text):
        return False
    name = match.get("community-list")
    return not name or _in_community_list(tree, str(name), prefix.communities)


def _in_prefix_list(tree: Mapping[str, Any], name: str, text: str) -> bool:
    found = _network(text)
    rules = at(tree, "router", "policy", "prefix-list", name, "rule") or {}
    for number in sorted(rules, key=int):
        for given, limits in (at(rules[number], "match") or {}).items():
            if _covers(given, limits, found):
                return bool(rules[number].get("action") == "permit")
    return False


def _covers(given: str, limits: Any, found: IPv4Network) -> bool:
    if given == "any":
        return True
    network = _network(given)
    least = int(at(limits, "min-prefix-len") or network.prefixlen)
    most = int(at(limits, "max-prefix-len") or (32 if at(limits, "min-prefix-len") else network.prefixlen))
    return found.subnet_of(network) and least <= found.prefixlen <= most


def _in_community_list(tree: Mapping[str, Any], name: str, communities: frozenset[str]) -> bool:
    rules = at(tree, "router", "policy", "community-list", name, "rule") or {}
    for number in sorted(rules, key=int):
        if set(at(rules[number], "community") or {}) <= communities:
            return bool(rules[number].get("action") == "permit")
    return False
