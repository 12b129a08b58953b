"""What each BGP speaker brings in: connected routes through their filter, and what it takes from its other VRFs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rackwright.twin.state.config import at
from rackwright.twin.state.hardware import port_numbers
from rackwright.twin.state.layer1 import Layer1
from rackwright.twin.state.outside import default_routes
from rackwright.twin.state.policy import Prefix, network_of, permitted
from rackwright.twin.state.routes import Node

__all__ = ["Origins", "group_alike"]


class Origins:
    """The prefixes that speakers bring in, kept while the ports they hang on stay as they are."""

    def __init__(self, layer1: Layer1) -> None:
        self.layer1 = layer1
        self.machines = layer1.machines
        self._kept: dict[str, dict[str, tuple[float, float, tuple[Prefix, ...]]]] = {}

    def forget(self, device: str) -> None:
        """Drop what is kept of a switch."""
        self._kept.pop(device, None)

    def brought(self, nodes: Iterable[Node], now: float, *, evpn: bool) -> tuple[dict[Node, tuple[Prefix, ...]], float]:
        """Return what each speaker brings in and when that can change.

        In EVPN the routes of one switch are one thing, named by the switch.
        """
        found: dict[Node, tuple[Prefix, ...]] = {}
        end = math.inf
        for node in nodes:
            machine = self.machines.get(node[0])
            if machine is None:
                found[node] = () if evpn else tuple(Prefix(text) for text in default_routes())
            elif evpn:
                speaks = machine.config.evpn and node[1] == "default" and bool(machine.config.vtep)
                found[node] = (Prefix(node[0]),) if speaks else ()
            else:
                found[node], until = self.redistributed(*node, now)
                end = min(end, until)
        return found, end

    def redistributed(self, switch: str, vrf: str, now: float) -> tuple[tuple[Prefix, ...], float]:
        """Return what a VRF's BGP brings in at a moment, and when that can change.

        A VRF takes from another what that one redistributes, through the map of the import (``route-import from-vrf``);
        what the other has learned from neighbours or over EVPN is not taken [assumed].
        """
        known = self._kept.get(switch, {}).get(vrf)
        if known is not None and known[0] <= now < known[1]:
            return known[2], known[1]
        config = self.machines[switch].config
        bgp = config.bgp[vrf]
        kept, end = self._own(switch, vrf, now)
        for other in bgp.leak_from:
            more, until = self._own(switch, other, now)
            end = min(end, until)
            kept += permitted(config.tree, bgp.leak_map, more)
        unique = tuple({prefix.text: prefix for prefix in reversed(kept)}.values())
        self._kept.setdefault(switch, {})[vrf] = (now, end, unique)
        return unique, end

    def _own(self, switch: str, vrf: str, now: float) -> tuple[list[Prefix], float]:
        config = self.machines[switch].config
        bgp = config.bgp.get(vrf)
        if bgp is None:
            return [], math.inf
        found, end = self.connected(switch, vrf, now)
        kept = permitted(config.tree, bgp.connected_map, found) if bgp.connected else []
        if bgp.static:
            kept += [Prefix(prefix) for prefix in at(config.tree, "vrf", vrf, "router", "static") or {}]
        return kept, end

    def connected(self, switch: str, vrf: str, now: float) -> tuple[list[Prefix], float]:
        """Return the connected prefixes of a VRF at a moment, and when that can change.

        An SVI counts whatever its ports do: it stays up with all of them down (RN-4299350).
        """
        config = self.machines[switch].config
        found: list[Prefix] = []
        end = math.inf
        for name in config.interfaces:
            addresses = config.addresses(name)
            if not addresses or name == "eth0" or config.vrf_of(name) != vrf:
                continue
            line = self._line(switch, name)
            if line is not None:
                end = min(end, line.following(now))
                if not line.at(now):
                    continue
            found += [Prefix(network_of(address), name) for address in addresses]
        return found + [Prefix(text, vrf) for text in _loopbacks(config.tree, vrf)], end

    def _line(self, switch: str, name: str) -> Any:
        if port_numbers(name) is not None:
            return self.layer1.port_line(switch, name)
        return self.layer1.bond_line(switch, name) if name in self.machines[switch].config.bonds else None


def _loopbacks(tree: Mapping[str, Any], vrf: str) -> Iterator[str]:
    for address in at(tree, "vrf", vrf, "loopback", "ip", "address") or {}:
        # 127/8 is the VRF's own business and in no table.
        if not address.startswith("127."):
            yield network_of(address)


def group_alike(
    brought: Mapping[Node, tuple[Prefix, ...]], filters: list[tuple[Mapping[str, Any], str]]
) -> tuple[list[tuple[Prefix, ...]], dict[Node, int]]:
    """Group prefixes that the same speakers bring in and every filter treats alike; return the bits of each speaker."""
    owners: dict[Prefix, list[Node]] = {}
    for node, prefixes in brought.items():
        for prefix in prefixes:
            owners.setdefault(prefix._replace(interface=""), []).append(node)
    alike: dict[tuple[Any, ...], tuple[list[Node], list[Prefix]]] = {}
    for prefix, nodes in owners.items():
        verdicts = tuple(bool(permitted(tree, name, (prefix,))) for tree, name in filters)
        alike.setdefault((*nodes, prefix.communities, verdicts), (nodes, []))[1].append(prefix)
    bits: dict[Node, int] = {}
    atoms: list[tuple[Prefix, ...]] = []
    for speakers, members in alike.values():
        for node in speakers:
            bits[node] = bits.get(node, 0) | 1 << len(atoms)
        atoms.append(tuple(members))
    return atoms, bits
