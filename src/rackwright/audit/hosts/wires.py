"""Interfaces and cables: each rail's MAC address, name and address, its switch by LLDP, its speed, its light and bits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Final

from rackwright.audit.cabling import (
    Diagnosis,
    Names,
    Port,
    Repair,
    Sight,
    Wiring,
    at_step,
    cables,
    diagnose,
    of_steps,
    path_of,
    together,
    told,
)
from rackwright.audit.hosts import parsers
from rackwright.audit.hosts.alike import Alike
from rackwright.audit.hosts.limits import limit
from rackwright.audit.hosts.model import SHOWN, HostCheck, HostLook, HostView, RackCheck, listed
from rackwright.audit.hosts.parsers.links import Face, Physical
from rackwright.audit.hosts.questions import ADDRESSES, LLDP, RDMA_STATE
from rackwright.audit.hosts.wanted import WantedPort
from rackwright.audit.ledger import Ledger, Untold
from rackwright.plan.model import Plan

__all__ = ["HostCabling", "HostInterfaces", "HostLinks", "LinkQuality", "host_sights"]

_WELL: Final = "no issue was observed"
_UP: Final[Mapping[str, bool]] = {"UP": True, "DOWN": False, "LOWERLAYERDOWN": False}


class HostInterfaces(HostCheck):
    """Each planned port is the interface of its name, by MAC address, with its address and MTU: rail r is the NIC of rail r.

    Fails on a MAC address that no interface has, on another name (two exchanged names are one finding), address, MTU or bond. Ports whose
    MAC address nodes.csv does not tell are looked for by name.
    """

    id = "HOST-INTERFACES"
    title = "rails and bonds are the planned interfaces, by MAC address, with their addresses"
    remedy = "netplan apply, or push the host; if the MAC address is unknown, compare nodes.csv with the server"
    source = "the plan's interfaces; ip -j -d address (iproute2)"
    asks: ClassVar[tuple[str, ...]] = (ADDRESSES,)

    def applies(self, view: HostView) -> bool:
        """Only hosts with cables."""
        return bool(view.wanted.ports)

    def judge(self, view: HostView, ledger: Ledger) -> None:
        """Enter each port, then each bond."""
        faces, exchanged = view.faces, self._exchanged(view)
        for one, two in exchanged:
            message = f"{one.interface} and {two.interface} are exchanged: each has the MAC address of the other"
            ledger.wrong(one.port, message, expected=f"{one.interface} is {one.mac}", actual=f"{one.interface} is {two.mac}",
                         remedy="exchange their MAC addresses in nodes.csv if the cables are right, else netplan apply")  # fmt: skip
        crossed = {port.port for pair in exchanged for port in pair}
        for port in view.wanted.ports:
            if port.port not in crossed:
                self._port(port, view.seats[port.port].face, ledger)
        for bond in view.wanted.network.bonds:
            self._lies(bond.name, faces.get(bond.name), bond.address, bond.mtu_bytes, ledger)

    def _port(self, port: WantedPort, face: Face | None, ledger: Ledger) -> None:
        if face is None:
            mark = port.mac or port.interface
            message = f"{port.interface or port.port}: no interface has {mark}"
            ledger.wrong(port.port, message, expected=mark, actual="absent")
            return
        if port.interface and port.interface not in (face.name, *face.names):
            message = f"{port.mac} is {face.name}, not {port.interface}"
            ledger.wrong(f"{port.port}.name", message, expected=port.interface, actual=face.name)
        if port.bond:
            if face.master == port.bond:
                ledger.right("interface")
            else:
                message = f"{face.name} is in {face.master or 'no bond'}, not in {port.bond}"
                ledger.wrong(f"{port.port}.bond", message, expected=port.bond, actual=face.master or "none")
            return
        self._lies(port.interface or face.name, face, port.address, port.mtu_bytes, ledger)

    @staticmethod
    def _lies(name: str, face: Face | None, address: str, mtu: int, ledger: Ledger) -> None:
        """Compare address and MTU of an interface."""
        if face is None:
            ledger.wrong(name, f"there is no {name}", expected=name, actual="absent")
            return
        right = True
        if address and address not in face.addresses:
            actual = ", ".join(face.addresses) or "none"
            ledger.wrong(
                f"{name}.address", f"{name} has the address {actual}, not {address}", expected=address, actual=actual
            )
            right = False
        if mtu and face.mtu != mtu:
            ledger.wrong(
                f"{name}.mtu", f"{name} has an MTU of {face.mtu}, not {mtu}", expected=str(mtu), actual=str(face.mtu)
            )
            right = False
        if right:
            ledger.right("interface")

    @staticmethod
    def _exchanged(view: HostView) -> list[tuple[WantedPort, WantedPort]]:
        by_name = {port.interface: port for port in view.wanted.ports if port.mac}
        found = []
        for port in by_name.values():
            face = view.seats[port.port].face
            other = by_name.get(face.name) if face else None
            far = view.seats[other.port].face if other else None
            if other and far and other is not port and far.name == port.interface and port.interface < other.interface:
                found.append((port, other))
        return found


class HostLinks(HostCheck):
    """Each planned port has a link at the planned speed, and its RDMA port is active as Ethernet.

    Fails on a link that is down, slower or faster, on an RDMA port that is not active, and on one that is InfiniBand.
    """

    id = "HOST-LINKS"
    title = "links of hosts run at the planned speed, RDMA ports are active"
    remedy = "see the cable, the far port, and speed and FEC at both ends"
    source = "the plan's links; ethtool, ibv_devinfo (rdma-core)"
    asks: ClassVar[tuple[str, ...]] = ("ethtool {interface}", RDMA_STATE)

    def applies(self, view: HostView) -> bool:
        """Only hosts with cables."""
        return bool(view.wanted.ports)

    def judge(self, view: HostView, ledger: Ledger) -> None:
        """Enter each port."""
        states: dict[str, tuple[str, str]] = {}
        if view.stack.ofed.owner == "host" and view.stack.bluefield.adapters:
            try:
                states = {port.device: (port.state, port.layer) for port in view.read(RDMA_STATE, parsers.ibv_devinfo)}
            except Untold as error:
                ledger.untold("rdma", str(error))
        with Alike(ledger) as alike:
            for port in view.wanted.ports:
                self._speed(view, port, alike)
                if port.bluefield is not None and states:
                    self._rdma(view, port, states, alike)

    @staticmethod
    def _speed(view: HostView, port: WantedPort, alike: Alike) -> None:
        name = view.seats[port.port].name or port.port
        try:
            speed = view.of_port(port, "speed", parsers.ethtool_speed)
        except Untold as error:
            alike.untold(name, "speed", "the speed of {} is not told", error)
            return
        expected, where = f"{port.speed_gbps:g}G", f"{port.peer} {port.peer_port}"
        if not speed or view.is_down(port):
            alike.wrong(name, "link", f"{{}} to {where} is down", expected=expected, actual="down")
        elif speed == port.speed_gbps:
            alike.right("link")
        else:
            message = f"{{}} to {where} runs at {speed:g}G, not {expected}"
            alike.wrong(name, "link", message, expected=expected, actual=f"{speed:g}G")

    @staticmethod
    def _rdma(view: HostView, port: WantedPort, states: dict[str, tuple[str, str]], alike: Alike) -> None:
        seat = view.seats[port.port]
        if not seat.rdma or seat.rdma not in states:
            name = seat.name or port.port
            alike.untold(
                name, "rdma", "the RDMA device of {} is not told", seat.rdma or "ibdev2netdev does not list it"
            )
            return
        state, layer = states[seat.rdma]
        if layer != "Ethernet":
            remedy = "set LINK_TYPE of the port to Ethernet (step bluefield_config)"
            alike.wrong(seat.name, "rdma", f"{{}}: its RDMA port is {layer or 'of no link layer'}", expected="Ethernet",
                        actual=layer, remedy=remedy)  # fmt: skip
        elif state != "PORT_ACTIVE":
            alike.wrong(seat.name, "rdma", f"{{}}: its RDMA port is {state}", expected="PORT_ACTIVE", actual=state)
        else:
            alike.right("port")


class LinkQuality(HostCheck):
    """Bits and light of each link that is up, as the adapter measures them.

    Passes when the bit error rate after correction is at most the limit, and light, current and temperature are within the module's own
    limits. Fails beyond; what mlxlink itself recommends is a warning. Copper has no light. Links that are down are HOST-LINKS'.
    """

    id = "HOST-LINK-QUALITY"
    title = "bit errors and light of hosts' links"
    remedy = "clean both ends, reseat, then replace the cable or module"
    source = "mlxlink -m -c -e --json (MFT; AmBER); the thresholds of the catalog"
    asks: ClassVar[tuple[str, ...]] = ("mlxlink -d {device} -m -c -e --json",)

    def applies(self, view: HostView) -> bool:
        """Only adapters of NVIDIA, where their tools are on the host."""
        return view.stack.ofed.owner == "host" and any(port.nvidia for port in view.wanted.ports)

    def judge(self, view: HostView, ledger: Ledger) -> None:
        """Enter each port that is up."""
        with Alike(ledger) as alike:
            for port in view.wanted.ports:
                if not port.nvidia:
                    continue
                name = view.seats[port.port].name or port.port
                if view.is_down(port):
                    alike.skip(name, "down", "{}: no link")
                    continue
                try:
                    self._one(view, port, view.of_port(port, "link", parsers.mlxlink), alike)
                except Untold as error:
                    alike.untold(name, "link", "bits and light of {} are not told", error)

    @staticmethod
    def _one(view: HostView, port: WantedPort, link: Physical, alike: Alike) -> None:
        name = view.seats[port.port].name or port.port
        row = limit(view.look.catalog, "bit-errors")
        most, rate, module = row.most if row else None, link.effective_ber, f"module {link.part} {link.serial}".rstrip()
        if rate is None:
            alike.untold(
                name, "ber", "the bit error rate of {} is not told", f"its state is {link.state or 'not told'}"
            )
        elif most is not None and rate > most:
            message = f"{{}}: {rate:g} of the bits are wrong after correction"
            evidence = [f"raw {link.raw_ber}", f"FEC {link.fec}", module]
            alike.wrong(name, "ber", message, expected=f"at most {most:g}", actual=f"{rate:g}", evidence=evidence)
        else:
            alike.right("link")
        for what, reading in link.readings.items():
            if reading.outside:
                shown, span = (
                    ", ".join(f"{value:g}" for value in reading.outside),
                    f"{reading.low:g} to {reading.high:g}",
                )
                message = f"{{}}: {what} is {shown}, outside of {span}"
                alike.wrong(name, what, message, expected=span, actual=shown, evidence=[module])
        advice = link.recommendation.strip()
        if advice and not advice.lower().startswith(_WELL) and advice.upper() != "N/A":
            alike.wrong(name, "advice", f"{{}}: mlxlink says: {advice}",
                        severity="warning", remedy=advice)  # fmt: skip


def host_sights(plan: Plan, look: HostLook) -> dict[Port, Sight]:
    """Return what each cabled port of the hosts that told their neighbours sees, for the proof of the cabling."""
    names = Names(plan)
    found: dict[Port, Sight] = {}
    for view in look.views.values():
        if view.reached and view.wanted.ports:
            try:
                found.update(_sights(view, names))
            except Untold:
                continue
    return found


def _sights(view: HostView, names: Names) -> Iterator[tuple[Port, Sight]]:
    neighbours = view.read(LLDP, parsers.lldp)
    for port in view.wanted.ports:
        seat = view.seats[port.port]
        own = (port.interface, seat.name, *(seat.face.names if seat.face else ()))
        seen = [
            names.find(one.system, one.chassis, one.ports)
            for one in neighbours
            if one.interface in own and one.interface
        ]
        up = _UP.get(seat.face.state) if seat.face else None
        yield Port(view.name, port.port), Sight(up, tuple(port for port in seen if port is not None))


class HostCabling(RackCheck):
    """Each cable joins what the plan joins, as the host's end sees it: rail r is on its switch and port, by MAC address and LLDP.

    Passes when each neighbour is the planned one. Fails with the fewest repairs, as LINK-CABLING does with the switches' end; where
    switches are judged in the same look both ends are laid together and told there. Error where lldpd does not answer, or hears
    nothing on a link that is up.
    """

    id = "HOST-CABLING"
    title = "cables of hosts join what the plan joins"
    remedy = "put the cable where the plan has it"
    source = "lldpd (lldpctl -f json); the plan's links"
    asks: ClassVar[tuple[str, ...]] = (LLDP, ADDRESSES)

    def applies(self, view: HostView) -> bool:
        """Only hosts with cables."""
        return bool(view.wanted.ports)

    def judge_all(self, look: HostLook, views: list[HostView]) -> Iterator[Ledger]:
        """Yield a ledger a host."""
        ledgers = {view.name: Ledger(self, view.name) for view in views}
        planned, names = look.cables or cables(look.plan)
        sights: dict[Port, Sight] = {}
        for view in views:
            try:
                sights.update(_sights(view, names))
            except Untold as error:
                ledgers[view.name].untold(
                    "lldp", str(error), remedy="systemctl status lldpd (step lldp), then audit again"
                )
        found = diagnose(planned, {**look.switches, **sights})
        for pair in found.right:
            for device in {port.device for port in pair} & ledgers.keys():
                ledgers[device].right("cable")
        self._repairs(look, planned, found, ledgers)
        self._silent(look, found, sights, ledgers)
        for ledger in ledgers.values():
            if ledger.empty:
                ledger.skip("nothing of its cables is told at this end: they are told at the other, or are down")
            yield ledger

    @staticmethod
    def _repairs(look: HostLook, planned: Wiring, found: Diagnosis, ledgers: dict[str, Ledger]) -> None:
        elsewhere: dict[str, int] = {}
        seen = {port.device for port in look.switches}
        for steps in together(found.repairs):
            ends = [port for step in steps for link in step.links for port in link]
            holes = [port for step in steps for port in (step.one, step.two)]
            subject = next((port for port in (*holes, *ends) if port.device in ledgers), None)
            if steps[0].kind == "missing" or subject is None:
                continue
            if look.told_by_switches and any(port.device in seen for port in ends):
                elsewhere[subject.device] = elsewhere.get(subject.device, 0) + len(steps)
                continue
            for step in steps:
                _told(planned, found, step, subject, ledgers[subject.device], of_steps(steps))
        for device, number in elsewhere.items():
            ledgers[device].skip(f"{number} of its cables are wrong: LINK-CABLING tells them", path="elsewhere")

    @staticmethod
    def _silent(look: HostLook, found: Diagnosis, sights: Mapping[Port, Sight], ledgers: dict[str, Ledger]) -> None:
        deaf: dict[str, list[str]] = {}
        for pair in (*found.unverified, *found.untold):
            for port in pair:
                if port.device in ledgers and port in sights and sights[port].up:
                    view = look.views[port.device]
                    deaf.setdefault(port.device, []).append(view.seats[port.name].name or port.name)
        for device, interfaces in deaf.items():
            message = f"{listed(interfaces)} up, and no neighbour is heard"
            ledgers[device].untold(
                "deaf", message, remedy="see whether LLDP runs on the switch; it may have no configuration yet"
            )
        for one, two in found.one_sided:
            if two.device in ledgers and sights[two].up:
                message = f"{two} hears nothing of {one}, which hears it"
                ledgers[two.device].wrong(two.name, message, severity="warning",
                                          remedy=f"see whether LLDP runs on {one.device}")  # fmt: skip
        for one, two, instead in found.contradictions:
            if one.device in ledgers:
                message = f"{one} sees {two}, but {two} is at {instead}"
                ledgers[one.device].untold(
                    one.name, message, remedy="LLDP keeps a neighbour for its hold time: wait two minutes"
                )


def _told(
    planned: Wiring, found: Diagnosis, repair: Repair, subject: Port, ledger: Ledger, steps: Sequence[str]
) -> None:
    words = told(planned, found, repair)
    ends = [port for link in repair.links for port in link] or [repair.one]
    shown = [f"{port} sees {found.seen[port]}" for port in ends[: 2 * SHOWN] if port in found.seen]
    proof = "no fewer repairs do" if found.fewest else "fewer repairs were not found, nor excluded"
    path = path_of(repair, subject.name)
    ledger.wrong(
        at_step(path, repair), words.message, expected=words.expected, actual=words.actual, remedy=words.remedy,
        evidence=(*shown, *steps, proof),
    )  # fmt: skip
