"""BGP and BFD sessions over the links: who faces whom, and since when they talk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import ip_interface
from typing import Any, NamedTuple

from rackwright.twin.state.config import Neighbor, VrfBgp
from rackwright.twin.state.layer1 import Layer1
from rackwright.twin.state.machine import Machine
from rackwright.twin.state.sessions import Agreement, agree
from rackwright.twin.state.timeline import NEVER, Timeline, Track, both, delayed

__all__ = ["Control", "Side"]

Place = tuple[str, str, str]
"""Switch, VRF and neighbour."""


class Side(NamedTuple):
    """One end of a session as its switch has it configured, with what it faces."""

    switch: str
    vrf: VrfBgp
    neighbor: Neighbor
    peer: str
    """Device at the other end; empty: none."""
    peer_vrf: str
    peer_name: str
    """The neighbour of ours in the other's configuration, or the port of an external router."""
    peer_asn: int
    agreement: Agreement


_ALONE = Agreement(False, "nobody at the other end")


class Control:
    """Every session of the rack."""

    def __init__(self, layer1: Layer1, routers: Mapping[tuple[str, str], tuple[VrfBgp, Neighbor]]) -> None:
        self.layer1 = layer1
        self.machines = layer1.machines
        self._routers = routers
        self.tracks: dict[frozenset[Place], Track] = {}
        self._sides: dict[Place, tuple[tuple[Any, ...], Side]] = {}
        self._lines: dict[Place, tuple[list[Timeline], Timeline]] = {}
        self._known: dict[str, set[frozenset[Place]]] = {}

    def sides(self, switch: str) -> dict[tuple[str, str], Side]:
        """Return the ends that a switch has, by VRF and neighbour."""
        machine = self.machines[switch]
        return {
            (vrf, name): self.side(machine, bgp, neighbor)
            for vrf, bgp in machine.config.bgp.items()
            for name, neighbor in bgp.neighbors.items()
        }

    def side(self, machine: Machine, bgp: VrfBgp, neighbor: Neighbor) -> Side:
        """Return one end that a switch has."""
        place = (machine.name, bgp.vrf, neighbor.name)
        facing = self._facing(machine, bgp, neighbor)
        other = self.machines.get(facing[0]) if facing else None
        key = (machine.revision, facing, other.revision if other else 0)
        known = self._sides.get(place)
        if known is None or known[0] != key:
            known = self._sides[place] = (key, self._side(machine, bgp, neighbor, facing))
        return known[1]

    def _side(self, machine: Machine, bgp: VrfBgp, neighbor: Neighbor, place: Place | None) -> Side:
        ours = (bgp, neighbor)
        if place is None:
            return Side(machine.name, bgp, neighbor, "", "", "", 0, _ALONE)
        device, vrf, name = place
        theirs = self._routers.get((device, name)) if not vrf else self._end(device, vrf, name)
        asn = theirs[0].asn if theirs else 0
        return Side(machine.name, bgp, neighbor, device, vrf, name, asn, agree(ours, theirs))

    def _end(self, device: str, vrf: str, name: str) -> tuple[VrfBgp, Neighbor] | None:
        bgp = self.machines[device].config.bgp.get(vrf)
        neighbor = bgp.neighbors.get(name) if bgp else None
        return (bgp, neighbor) if bgp and neighbor else None

    def _facing(self, machine: Machine, bgp: VrfBgp, neighbor: Neighbor) -> Place | None:
        """Return the switch, VRF and neighbour at the other end; an external router has no VRF."""
        if not neighbor.unnumbered:
            return self._facing_address(machine, bgp, neighbor)
        # An unnumbered session runs in the VRF of its interface: in another VRF's BGP it finds nobody.
        if machine.config.vrf_of(neighbor.name) != bgp.vrf:
            return None
        far = self.layer1.far(machine.name, neighbor.name)
        if far is None:
            return None
        other = self.machines.get(far.device)
        if other is None:
            return (far.device, "", far.port) if (far.device, far.port) in self._routers else None
        return far.device, other.config.vrf_of(far.port), far.port

    def _facing_address(self, machine: Machine, bgp: VrfBgp, neighbor: Neighbor) -> Place | None:
        owner = self._owners().get(neighbor.name)
        if owner is None or owner[0] == machine.name:
            return None
        device, vrf = owner
        for address in self._own_addresses(machine, bgp, neighbor):
            if self._end(device, vrf, address) is not None:
                return device, vrf, address
        return device, vrf, ""

    def _owners(self) -> dict[str, tuple[str, str]]:
        return {
            address.partition("/")[0]: (machine.name, machine.config.vrf_of(name))
            for machine in self.machines.values()
            for name in machine.config.interfaces
            for address in machine.config.addresses(name)
        }

    def _own_addresses(self, machine: Machine, bgp: VrfBgp, neighbor: Neighbor) -> list[str]:
        """Return the addresses that a numbered session may come from: the update source, or the connected one."""
        if neighbor.update_source:
            source = neighbor.update_source
            given = machine.config.addresses(source) or (source,)
            return [address.partition("/")[0] for address in given]
        connected = self.connected_to(machine, bgp.vrf, neighbor.name)
        return [connected[1]] if connected else []

    def connected_to(self, machine: Machine, vrf: str, address: str) -> tuple[str, str] | None:
        """Return the interface, and our address on it, whose network holds an address."""
        wanted = ip_interface(address).ip
        for name in machine.config.interfaces:
            if machine.config.vrf_of(name) != vrf or name == "lo":
                continue
            for own in machine.config.addresses(name):
                if wanted in ip_interface(own).network:
                    return name, own.partition("/")[0]
        return None

    def rejudge(self, switches: Iterable[str], now: float) -> None:
        """Note from when each session of some switches can work, or cannot any more."""
        for switch in switches:
            keys: set[frozenset[Place]] = set()
            for side in self.sides(switch).values():
                key = _key(side)
                keys.add(key)
                self.tracks.setdefault(key, Track()).put(now, holds=side.agreement.works)
            for gone in self._known.get(switch, set()) - keys:
                self.tracks[gone].put(now, holds=False)
            self._known[switch] = keys

    def line(self, side: Side) -> Timeline:
        """Return when a session is established; a numbered one that is not connected hangs on routes, not on this."""
        track = self.tracks.get(_key(side))
        if not side.agreement.works or track is None:
            return NEVER
        machine, other = self.machines[side.switch], self.machines.get(side.peer)
        parts = [track.line, machine.frr.line, machine.power.line]
        parts += [other.frr.line, other.power.line] if other else []
        parts += self._under(machine, side)
        place = (side.switch, side.vrf.vrf, side.neighbor.name)
        known = self._lines.get(place)
        if known is None or known[0] != parts:
            known = self._lines[place] = (parts, delayed(both(*parts), self.layer1.times["bgp"]))
        return known[1]

    def _under(self, machine: Machine, side: Side) -> list[Timeline]:
        if side.neighbor.unnumbered:
            return [self.layer1.port_line(machine.name, side.neighbor.name)]
        connected = self.connected_to(machine, side.vrf.vrf, side.neighbor.name)
        return [self.layer1.port_line(machine.name, connected[0])] if connected else []

    def routed(self, side: Side) -> bool:
        """Tell whether a session runs between addresses that are not on one link, so that it needs a route."""
        return not side.neighbor.unnumbered and (
            self.connected_to(self.machines[side.switch], side.vrf.vrf, side.neighbor.name) is None
        )


def _key(side: Side) -> frozenset[Place]:
    return frozenset({(side.switch, side.vrf.vrf, side.neighbor.name), (side.peer, side.peer_vrf, side.peer_name)})
