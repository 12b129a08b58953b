"""When each link is up: wires judged at every change, and the timelines of power, restarts and protodown over them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from rackwright.twin.state.cabling import MANAGEMENT, Address, Cabling, Socket, Wire
from rackwright.twin.state.config import Bond
from rackwright.twin.state.links import UNJUDGED, Face, Verdict, host_face, judge, switch_face
from rackwright.twin.state.machine import Machine
from rackwright.twin.state.memo import Period
from rackwright.twin.state.timeline import ALWAYS, NEVER, Timeline, Track, both, delayed, either

__all__ = ["BondState", "Layer1"]


class BondState(NamedTuple):
    """A bond at some moment."""

    up: bool
    active: tuple[str, ...]
    """Members that carry traffic."""
    bypassed: bool
    """Up only because LACP bypass lets it (nvue.md 3.4)."""
    partner: str


class Layer1:
    """The links of the whole rack."""

    def __init__(
        self,
        machines: Mapping[str, Machine],
        cabling: Cabling,
        times: Mapping[str, float],
        host_bonds: Mapping[Address, str],
    ) -> None:
        self.host_bonds = host_bonds
        self.machines = machines
        self.cabling = cabling
        self.times = times
        self.verdicts: list[Verdict] = [UNJUDGED] * len(cabling.wires)
        self.tracks = [Track() for _ in cabling.wires]
        self.period = Period()
        self._lines: dict[tuple[int, bool], tuple[int, list[Timeline], Timeline]] = {}
        self._holds: dict[str, tuple[int, Timeline]] = {}
        self._bonds: dict[tuple[str, str], tuple[int, Timeline]] = {}

    def changed(self, now: float) -> None:
        """Say that something was changed: what is kept is looked at anew, and for some time things are under way."""
        delays = [machine.config.startup_delay or 0 for machine in self.machines.values() if machine.config.multihoming]
        # The longest chain: a restart, then the link, a segment's delay, its bond, a session over it.
        self.period.begin(now + max(delays, default=0) + sum(self.times.values()))

    def rejudge(self, wires: Iterable[Wire], now: float, *, starting: Mapping[int, float] | None = None) -> set[str]:
        """Judge wires anew and return the devices that see a difference.

        ``starting`` (wire -> moment) puts off when a link can come up.
        """
        seen: set[str] = set()
        for wire in wires:
            verdict = self._judge(wire)
            before = self.verdicts[wire.index]
            track = self.tracks[wire.index]
            version = track.version
            later = (starting or {}).get(wire.index, now)
            # Another speed, FEC or negotiation is another link: the old one goes down first.
            if verdict.up and before.up and (verdict != before or later > now):
                track.put(now, holds=False)
            track.put(now, holds=verdict.up, starting=later)
            self.verdicts[wire.index] = verdict
            if track.version != version or verdict != before:
                seen.update(where[0] for where in wire.ends if where is not None)
        return seen

    def _judge(self, wire: Wire) -> Verdict:
        if wire.broken:
            return Verdict(False, "the cable is broken")
        if not all(wire.module):
            return Verdict(False, "no transceiver")
        faces = [self._face(where) for where in wire.ends if where is not None]
        if len(faces) < 2:
            return UNJUDGED
        return judge(wire.part, wire.link.speed_gbps, wire.demand, (faces[0], faces[1]))

    def _face(self, where: Address) -> Face:
        socket = self.cabling.sockets[where]
        machine = self.machines.get(where[0])
        if socket.switch and machine is not None:
            return switch_face(machine.config, machine.ports, where[1])
        return host_face(socket.connector, socket.gbps, socket.lanes, socket.mtu_bytes, alive=socket.alive)

    def line(self, wire: Wire, *, held: bool = True) -> Timeline:
        """Return when a link is up; without ``held`` as if no Ethernet segment held it down."""
        known = self._lines.get((wire.index, held))
        if known is not None and known[0] == self.period.number:
            return known[2]
        track, serdes = self.tracks[wire.index], self.verdicts[wire.index].serdes
        parts = [track.line]
        for where in wire.ends:
            machine = None if where is None else self.machines.get(where[0])
            if machine is None or where is None:
                continue
            parts.append(machine.power.line)
            if where[1] != MANAGEMENT:
                parts.append(machine.switchd.line)
                if held and machine.config.multihoming and self._in_segment(machine, where[1]):
                    parts.append(self.hold(machine.name))
        if known is not None and known[1] == parts:
            found = known[2]
        else:
            found = delayed(both(*parts), self.times["settle-serdes" if serdes else "settle-base-t"])
        self._lines[wire.index, held] = (self.period.number, parts, found)
        return found

    def _in_segment(self, machine: Machine, port: str) -> bool:
        bond = machine.config.bonds.get(machine.config.bond_of.get(port, ""))
        return bond is not None and bool(bond.esi)

    def hold(self, name: str) -> Timeline:
        """Return when a switch lets its Ethernet segments be up.

        All of them are protodown while every multihoming uplink is down, and for the startup delay after the first
        uplink is there or FRR has started (nvue.md 3.4; multihoming page on startup-delay). Without any uplink only
        the delay counts.
        """
        known = self._holds.get(name)
        if known is not None and known[0] == self.period.number:
            return known[1]
        machine = self.machines[name]
        uplinks = [self.cabling.plugged.get((name, port)) for port in machine.config.uplinks]
        lines = [self.line(plug.wire, held=False) for plug in uplinks if plug is not None]
        delay = machine.config.startup_delay
        delay = self.times["mh-startup-delay"] if delay is None else delay
        anyone = (either(*lines) if lines else NEVER) if machine.config.uplinks else ALWAYS
        found = delayed(both(machine.power.line, machine.frr.line, anyone), delay)
        self._holds[name] = (self.period.number, found)
        return found

    def protodown(self, name: str, interface: str, now: float) -> bool:
        """Tell whether EVPN multihoming holds a bond or its member down."""
        config = self.machines[name].config
        bond = config.bonds.get(config.bond_of.get(interface, interface))
        return bool(bond and bond.esi) and not self.hold(name).at(now)

    def port_line(self, name: str, port: str) -> Timeline:
        """Return when a port is up."""
        plug = self.cabling.plugged.get((name, port))
        return NEVER if plug is None else self.line(plug.wire)

    def far(self, name: str, port: str) -> Socket | None:
        """Return what a port is cabled to; None: nothing."""
        plug = self.cabling.plugged.get((name, port))
        where = None if plug is None else plug.other
        return None if where is None else self.cabling.sockets[where]

    def verdict(self, name: str, port: str) -> Verdict:
        """Return what was judged of the wire in a port."""
        plug = self.cabling.plugged.get((name, port))
        return UNJUDGED if plug is None else self.verdicts[plug.wire.index]

    def bond_line(self, name: str, bond: str) -> Timeline:
        """Return when a bond is up, as far as its members' links say."""
        known = self._bonds.get((name, bond))
        if known is None or known[0] != self.period.number:
            row = self.machines[name].config.bonds[bond]
            lines = [self.port_line(name, member) for member in self.bond(name, row, None).active]
            found = delayed(either(*lines), self.times["bond"]) if lines else NEVER
            known = self._bonds[name, bond] = (self.period.number, found)
        return known[1]

    def bond(self, name: str, bond: Bond, now: float | None) -> BondState:
        """Return a bond at a moment; None: as if every judged link were up.

        LACP joins the links to one partner; those to another stay out. A member that hears no LACP is up by itself
        when bypass is on, and a static bond asks nobody (nvue.md 3.2, 3.4).
        """
        up = [port for port in bond.members if self._member_up(name, port, now)]
        if bond.mode != "lacp":
            return BondState(bool(up), tuple(up), False, "")
        partners: dict[str, list[str]] = {}
        for port in up:
            partners.setdefault(self._partner(name, port), []).append(port)
        silent = partners.pop("", [])
        if partners:
            best = max(
                partners, key=lambda partner: (len(partners[partner]), -bond.members.index(partners[partner][0]))
            )
            return BondState(True, tuple(partners[best]), False, best)
        if silent and bond.bypass:
            return BondState(True, tuple(silent[:1]), True, "")
        return BondState(False, (), False, "")

    def _member_up(self, name: str, port: str, now: float | None) -> bool:
        if now is None:
            return self.verdict(name, port).up
        return self.port_line(name, port).at(now)

    def _partner(self, name: str, port: str) -> str:
        """Return the LACP partner behind a port; empty: nobody speaks LACP there.

        A bond of a switch says the MAC of its Ethernet segment as its system, so that two switches look like one
        (nvue.md 3.4); local-id is not in LACP.
        """
        far = self.far(name, port)
        if far is None:
            return ""
        other = self.machines.get(far.device)
        if other is None or not far.switch:
            return self.host_bonds.get((far.device, far.port), "") if far.alive and far.speaks_lacp else ""
        bond = other.config.bonds.get(other.config.bond_of.get(far.port, ""))
        if bond is None or bond.mode != "lacp":
            return ""
        return f"es {bond.es_mac}" if bond.es_mac else f"{far.device} {bond.name}"
