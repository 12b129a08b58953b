"""What a fabric's configurations hold, counted from the files that each tool printed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from rackwright.nvue.tree import merge

__all__ = ["Counts", "of_avd", "of_netlab", "of_rackwright"]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SERVER_PORT = re.compile(r"swp\d+")
_EOS = {
    "neighbors": re.compile(r"^   neighbor (?:interface \S+ peer-group|\d\S+ peer group) (\S+)", re.MULTILINE),
    "families": re.compile(r"^   address-family (\S+)\n((?:      .*\n)*)", re.MULTILINE),
    "activated": re.compile(r"^      neighbor (\S+) activate", re.MULTILINE),
    "l2vnis": re.compile(r"^   vxlan vlan \d+ vni \d+$", re.MULTILINE),
    "l3vnis": re.compile(r"^   vxlan vrf \S+ vni \d+$", re.MULTILINE),
    "svis": re.compile(r"^interface Vlan\d+$", re.MULTILINE),
    "server_ports": re.compile(r"^interface Port-Channel\d+$", re.MULTILINE),
}


class Counts(NamedTuple):
    """One fabric in figures, summed over its switches."""

    switches: int = 0
    ipv4_neighbors: int = 0
    """BGP neighbours that exchange IPv4 routes."""
    evpn_neighbors: int = 0
    """BGP neighbours that exchange EVPN routes; the same session may carry both."""
    l2vnis: int = 0
    l3vnis: int = 0
    svis: int = 0
    server_ports: int = 0
    """Bonds towards servers; ports where a tool was given ports."""

    def __add__(self, other: object) -> Counts:
        """Add two parts of a fabric, figure by figure."""
        if not isinstance(other, Counts):
            return NotImplemented
        return Counts(*(mine + its for mine, its in zip(self, other, strict=True)))


def of_rackwright(folder: Path) -> Counts:
    """Count the ``*.yaml`` of our switches."""
    return sum((_of_nvue(yaml.load(path.read_bytes(), _LOADER)) for path in sorted(folder.glob("*.yaml"))), Counts())  # noqa: S506 - a safe loader, in C


def of_netlab(folder: Path) -> Counts:
    """Count ``NODE/MODULE``, the patches that netlab applies one after the other."""
    total = Counts()
    for node in sorted(folder.iterdir()):
        patches = [patch for path in sorted(node.iterdir()) for patch in _documents(path)]
        total += _of_nvue(patches)
    return total


def of_avd(folder: Path) -> Counts:
    """Count the EOS configurations ``*.cfg``."""
    return sum((_of_eos(path.read_text()) for path in sorted(folder.glob("*.cfg"))), Counts())


def _documents(path: Path) -> Iterator[Any]:
    for document in yaml.load_all(path.read_bytes(), _LOADER):
        yield from document or ()


def _of_nvue(parts: Iterable[Mapping[str, Any]]) -> Counts:
    tree: dict[str, Any] = {}
    for part in parts:
        tree = merge(tree, part.get("set") or {})
    interfaces = tree.get("interface", {})
    vrfs = tree.get("vrf", {})
    bgp = [vrf.get("router", {}).get("bgp", {}) for vrf in vrfs.values()]
    neighbors = [(one, neighbor) for one in bgp for neighbor in one.get("neighbor", {}).values()]
    vlans = [vlan for domain in tree.get("bridge", {}).get("domain", {}).values() for vlan in _vlans(domain)]
    return Counts(
        1,
        sum(_carries("ipv4-unicast", one, neighbor) for one, neighbor in neighbors),
        sum(_carries("l2vpn-evpn", one, neighbor) for one, neighbor in neighbors),
        sum(len(vlan.get("vni", {})) for vlan in vlans),
        sum(len(vrf.get("evpn", {}).get("vni", {})) for vrf in vrfs.values()),
        sum(port.get("type") == "svi" and "address" in port.get("ip", {}) for port in interfaces.values()),
        sum(_to_server(name, port) for name, port in interfaces.items()),
    )


def _vlans(domain: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return iter(domain.get("vlan", {}).values())


def _carries(family: str, bgp: Mapping[str, Any], neighbor: Mapping[str, Any]) -> bool:
    group = bgp.get("peer-group", {}).get(neighbor.get("peer-group"), {})
    states = [one.get("address-family", {}).get(family, {}).get("enable") for one in (neighbor, group)]
    # YAML 1.1 reads the bare word that netlab prints as a truth value.
    return any(state in ("on", True) for state in states)


def _to_server(name: str, port: Mapping[str, Any]) -> bool:
    bond = port.get("type") == "bond" or "bond" in port
    return "domain" in port.get("bridge", {}) and (bond or bool(_SERVER_PORT.fullmatch(name)))


def _of_eos(text: str) -> Counts:
    active = {family: set(_EOS["activated"].findall(block)) for family, block in _EOS["families"].findall(text)}
    groups = _EOS["neighbors"].findall(text)
    ipv4, evpn = (sum(group in active.get(family, ()) for group in groups) for family in ("ipv4", "evpn"))
    found = {name: len(_EOS[name].findall(text)) for name in ("l2vnis", "l3vnis", "svis", "server_ports")}
    return Counts(1, ipv4, evpn, **found)
