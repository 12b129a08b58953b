"""The tables of BGP at a moment: what each switch brings in, hears and prefers, per connected group of speakers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from rackwright.twin.state.control import Control, Side
from rackwright.twin.state.origins import Origins, group_alike
from rackwright.twin.state.policy import permitted
from rackwright.twin.state.routes import Direction, Node, Result, Speaker, spread
from rackwright.twin.state.timeline import NEVER, Timeline

__all__ = ["EVPN", "FAMILIES", "IPV4", "Group", "Rib"]

IPV4 = "ipv4-unicast"
EVPN = "l2vpn-evpn"
FAMILIES = (IPV4, EVPN)


@dataclass(frozen=True, slots=True)
class Group:
    """The tables of one address family for speakers that are connected with each other, while nothing changes."""

    result: Result
    atoms: tuple[tuple[str, ...], ...]
    """Prefixes of each atom; in EVPN the one switch whose routes they are."""
    weights: tuple[tuple[int, int], ...]
    """(number of prefixes, atoms that have so many as bits)."""
    begin: float
    end: float
    _named: dict[Node, dict[str, tuple[Direction, Direction | None]]] = field(default_factory=dict, repr=False)

    def count(self, bits: int) -> int:
        """Return how many prefixes a set of atoms has."""
        return sum(number * (bits & mask).bit_count() for number, mask in self.weights)

    def prefixes(self, bits: int) -> list[str]:
        """Return the prefixes of a set of atoms."""
        return [text for index, atom in enumerate(self.atoms) if bits >> index & 1 for text in atom]

    def holds(self, node: Node, prefix: str) -> bool:
        """Tell whether a speaker has a prefix, its own included."""
        table = self.result.tables.get(node)
        return table is not None and any(
            prefix in atom for index, atom in enumerate(self.atoms) if table.known >> index & 1
        )

    def ways(self, node: Node, name: str) -> tuple[Direction | None, Direction | None]:
        """Return the incoming and the outgoing way of one neighbour of a speaker."""
        named = self._named.get(node)
        if named is None:
            out = {way.key: way for way in self.result.outgoing.get(node, ())}
            heard = self.result.incoming.get(node, ())
            named = self._named[node] = {way.name_at(node): (way, out.get(way.key)) for way in heard}
        return named.get(name, (None, None))


class Rib:
    """The routing tables of the rack, computed when asked for and kept until something they hang on changes."""

    def __init__(self, control: Control) -> None:
        self.control = control
        self.machines = control.machines
        self.origins = Origins(control.layer1)
        self._part: dict[str, frozenset[str]] = {}
        self._groups: dict[tuple[frozenset[str], str], Group] = {}
        self._ends: dict[str, dict[tuple[str, str], tuple[Side, Timeline]]] = {}
        self._ways: dict[tuple[str, str, str, str], tuple[Side, Side | None, tuple[Direction, ...]]] = {}

    def changed(self, switches: Iterable[str], near: Iterable[str] = ()) -> None:
        """Look anew at the sessions of some switches, and drop what was computed of them and of those ``near``."""
        for switch in switches:
            peers = {side.peer for side, _ in self._ends.pop(switch, {}).values()}
            for side in self.control.sides(switch).values():
                peers.add(side.peer)
                self._refresh(side.peer, side.peer_vrf, side.peer_name)
            for peer in peers:
                self._drop(peer)
            self._drop(switch)
        for device in near:
            self.origins.forget(device)
            self._drop(device)

    def _refresh(self, switch: str, vrf: str, name: str) -> None:
        """Look anew at one neighbour of a switch whose sessions are known."""
        known = self._ends.get(switch)
        bgp = self.machines[switch].config.bgp.get(vrf) if known is not None else None
        if known is not None and bgp is not None and name in bgp.neighbors:
            side = self.control.side(self.machines[switch], bgp, bgp.neighbors[name])
            known[vrf, name] = (side, self.control.line(side))

    def _drop(self, device: str) -> None:
        self.origins.forget(device)
        part = self._part.get(device)
        if part is not None:
            for name in part:
                self._part.pop(name, None)
            for family in FAMILIES:
                self._groups.pop((part, family), None)

    def ends(self, switch: str) -> dict[tuple[str, str], tuple[Side, Timeline]]:
        """Return each session end of a switch with when it is established."""
        known = self._ends.get(switch)
        if known is None:
            known = {key: (side, self.control.line(side)) for key, side in self.control.sides(switch).items()}
            self._ends[switch] = known
        return known

    def part(self, switch: str) -> frozenset[str]:
        """Return the switches that are joined with one by sessions that are configured to work."""
        known = self._part.get(switch)
        if known is not None:
            return known
        found, todo = {switch}, [switch]
        while todo:
            for side, line in self.ends(todo.pop()).values():
                if line is not NEVER and side.peer in self.machines and side.peer not in found:
                    found.add(side.peer)
                    todo.append(side.peer)
        part = frozenset(found)
        self._part.update(dict.fromkeys(part, part))
        return part

    def group(self, switch: str, family: str, now: float) -> Group:
        """Return the tables of one family around a switch at a moment."""
        part = self.part(switch)
        known = self._groups.get((part, family))
        if known is not None and known.begin <= now < known.end:
            return known
        found = self._groups[part, family] = self._compute(part, family, now)
        return found

    def established(self, side: Side, now: float) -> bool:
        """Tell whether a session is up at a moment."""
        if not self.control.line(side).at(now):
            return False
        if not self.control.routed(side):
            return True
        ways = ((side.switch, side.neighbor.name), (side.peer, side.peer_name))
        return all(self.reaches(switch, address, now) for switch, address in ways)

    def reaches(self, switch: str, address: str, now: float) -> bool:
        """Tell whether a switch has a host route to an address in its default VRF."""
        return self.group(switch, IPV4, now).holds((switch, "default"), f"{address}/32")

    def _compute(self, part: frozenset[str], family: str, now: float) -> Group:
        sides, end = self._up(part, family, now)
        nodes: dict[Node, int] = {
            (switch, vrf): bgp.asn for switch in part for vrf, bgp in self.machines[switch].config.bgp.items()
        }
        nodes |= {(side.peer, side.peer_vrf): side.peer_asn for side in sides if side.peer not in self.machines}
        # The other end may have lost its BGP at this very moment, while ours has still to notice.
        sides = [side for side in sides if (side.peer, side.peer_vrf) in nodes]
        brought, until = self.origins.brought(nodes, now, evpn=family == EVPN)
        maps = self._maps(sides, family)
        atoms, bits = group_alike(brought, [(self.machines[switch].config.tree, name) for switch, name in maps])
        masks = {
            (switch, name): sum(
                1 << i for i, atom in enumerate(atoms) if permitted(self.machines[switch].config.tree, name, atom[:1])
            )
            for switch, name in maps
        }
        speakers: dict[Node, Speaker] = {
            node: Speaker(asn, self._router_id(node), bits.get(node, 0)) for node, asn in nodes.items()
        }
        result = spread(speakers, self._directions(sides, family, masks))
        weights: dict[int, int] = {}
        for index, atom in enumerate(atoms):
            weights[len(atom)] = weights.get(len(atom), 0) | 1 << index
        texts = tuple(tuple(prefix.text for prefix in atom) for atom in atoms)
        return Group(result, texts, tuple(weights.items()), now, min(end, until))

    def _up(self, part: frozenset[str], family: str, now: float) -> tuple[list[Side], float]:
        """Return the session ends that are up and speak a family, and when that can change."""
        found, end = [], math.inf
        for switch in part:
            for side, line in self.ends(switch).values():
                if line is NEVER:
                    continue
                end = min(end, line.following(now))
                if not line.at(now) or family not in side.agreement.families:
                    continue
                if not self.control.routed(side) or (family == EVPN and self.established(side, now)):
                    found.append(side)
        return found, end

    def _router_id(self, node: Node) -> tuple[int, ...]:
        machine = self.machines.get(node[0])
        return machine.router_id if machine else (0,)

    def _maps(self, sides: Iterable[Side], family: str) -> list[tuple[str, str]]:
        """Return the route maps that sessions use, with the switch that defines each."""
        found = {
            (side.switch, name): None
            for side in sides
            for name in (side.neighbor.families[family].outbound, side.neighbor.families[family].inbound)
            if name and family == IPV4
        }
        return list(found)

    def _directions(self, sides: Iterable[Side], family: str, masks: dict[tuple[str, str], int]) -> Iterator[Direction]:
        for side in sides:
            known_there = self.ends(side.peer) if side.peer in self.machines else {}
            far = known_there[side.peer_vrf, side.peer_name][0] if known_there else None
            place = (side.switch, side.vrf.vrf, side.neighbor.name, family)
            known = self._ways.get(place)
            if known is None or known[0] is not side or known[1] is not far:
                known = self._ways[place] = (side, far, tuple(_ways(side, far, family)))
            if not masks:
                yield from known[2]
                continue
            for way in known[2]:
                yield way._replace(allowed=_allowed(way, side, far, family, masks))


def _ways(side: Side, far: Side | None, family: str) -> Iterator[Direction]:
    """Yield what goes out over a session end; over one with a router of others, what comes in too."""
    near = side.neighbor.families[family]
    own, other = (side.switch, side.vrf.vrf), (side.peer, side.peer_vrf)
    key = frozenset({(*own, side.neighbor.name), (*other, side.peer_name)})
    theirs = far.neighbor.families[family] if far else None
    yield Direction(own, other, key, _EVERYTHING, theirs.allowas_in if theirs else False, near.reflects)
    if far is None:
        yield Direction(other, own, key, _EVERYTHING, near.allowas_in)


def _allowed(way: Direction, side: Side, far: Side | None, family: str, masks: dict[tuple[str, str], int]) -> int:
    near = side.neighbor.families[family]
    if way.sender != (side.switch, side.vrf.vrf):
        return masks.get((side.switch, near.inbound), _EVERYTHING)
    allowed = masks.get((side.switch, near.outbound), _EVERYTHING)
    return allowed & masks.get((side.peer, far.neighbor.families[family].inbound), _EVERYTHING) if far else allowed


_EVERYTHING = -1
"""Every atom, as bits."""
