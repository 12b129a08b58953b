"""Cables as the switches see them: who is where, and what is dark."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final, NamedTuple, TypedDict

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
    elsewhere,
    of_steps,
    path_of,
    together,
    told,
)
from rackwright.audit.evidence import FACTS
from rackwright.audit.learned import TABLE, claims
from rackwright.audit.ledger import Ledger
from rackwright.audit.model import INTERFACES, FabricCheck, Look, Site, View
from rackwright.findings import Severity
from rackwright.nvue.tree import natural_key
from rackwright.plan.model import Switch

__all__ = ["CABLED", "HELD", "Cabling", "Known", "LinkState", "known", "sights", "standing", "unheard"]

Link = tuple[Port, Port]

_SHOWN = 8

_FACTORY = "cumulus"
"""How every Cumulus switch calls itself until it is configured (5.12 guide): several of them are not one."""

_NAMELESS = "the far end is a switch that has no configuration yet, and no name"
_ELSEWHERE = "what is to be told of the cables of this switch is told at their other ends"
_UNTOLD = "no cable of this switch can be told by LLDP: what is dark is told by LINK-STATE"
HELD = (
    "EVPN multihoming holds the ports of its bonds for its startup delay after a start, and while no uplink is up: wait, "
    "see the uplinks, then the log of the switch"
)
"""What to do about ports that a switch holds down."""

_Link = TypedDict(
    "_Link",
    {
        "oper-status": Any, "admin-status": Any, "state": Any, "protodown": Any, "protodown-reason": Any,
        "speed": Any, "auto-negotiate": Any, "fec": Any,
    },
    total=False,
)  # fmt: skip
_Chassis = TypedDict("_Chassis", {"system-name": Any, "chassis-id": Any}, total=False)


class _End(TypedDict, total=False):
    name: Any
    description: Any


class _Neighbour(TypedDict, total=False):
    chassis: _Chassis
    port: _End


class _Lldp(TypedDict, total=False):
    neighbor: dict[str, _Neighbour]


_Row = TypedDict("_Row", {"mac": Any, "interface": Any, "entry-type": Any}, total=False)


class _Interface(TypedDict, total=False):
    link: _Link
    lldp: _Lldp


CABLED: Final[Mapping[str, Any]] = {FACTS: Any, INTERFACES: dict[str, _Interface], TABLE: dict[str, _Row]}
"""What the checks that see cables look at (LINK-CABLING, LINK-STATE, LINK-SPEED), for who holds it of many switches."""


def sights(look: Look, names: Names) -> dict[Port, Sight]:
    """Return what every port of every switch that answered sees."""
    found: dict[Port, Sight] = {}
    for view in _asked(look):
        planned = [port.name for port in view.switch.ports if port.link >= 0]
        behind = claims(view, names)
        for name in {*planned, *view.interfaces}:
            if name.startswith("swp") or name == "eth0":
                sight = _sight(view, name, names)
                learned = () if sight.neighbours or sight.up is False else behind.get(name, ())
                found[Port(view.name, name)] = sight._replace(neighbours=learned) if learned else sight
    return found


class Known(NamedTuple):
    """Planned links of which a look tells something, in both directions."""

    right: frozenset[Link]
    wrong: frozenset[Link]
    """Those that a finding is about."""


def known(look: Look) -> Known:
    """Return which planned links are proven, and which are wrong, dark or denied."""
    wires = _Wires.of(look)
    found, links = wires.diagnosis, wires.wiring.links
    denied = [(port, links[port]) for ports in found.contradictions for port in ports if port in links]
    repaired = [link for repair in found.repairs for link in repair.links]
    return Known(_both(found.right), _both([*repaired, *denied]))


def standing(look: Look) -> frozenset[str]:
    """Return the devices with a link that is proven: they stand where they are planned."""
    return frozenset(port.device for link in _Wires.of(look).diagnosis.right for port in link)


def _both(links: Iterable[Link]) -> frozenset[Link]:
    return frozenset(way for one, two in links for way in ((one, two), (two, one)))


def unheard(look: Look) -> tuple[Link, ...]:
    """Return the planned links that are not known to be down, and of which nobody said by LLDP where they end."""
    found = _Wires.of(look)
    return tuple(found.near(*pair) for pair in (*found.diagnosis.unverified, *found.diagnosis.untold))


def _asked(look: Look) -> list[View]:
    return [view for view in look.views.values() if view.reached and not view.why_not(INTERFACES)]


def _sight(view: View, name: str, names: Names) -> Sight:
    status = view.link(name).get("oper-status")
    interface = view.interfaces.get(name)
    lldp = interface.get("lldp") if isinstance(interface, dict) else None
    neighbours = lldp.get("neighbor") if isinstance(lldp, dict) else None
    seen = [_neighbour(key, value, names) for key, value in neighbours.items()] if isinstance(neighbours, dict) else []
    up = {"up": True, "down": False}.get(status) if isinstance(status, str) else None
    return Sight(up, tuple(port for port in seen if port is not None))


def _neighbour(key: str, value: Any, names: Names) -> Port | None:
    """Read one neighbour in whichever form it names its port: interface name, MAC, or a text of its own."""
    chassis = _mapping(value, "chassis")
    port = _mapping(value, "port")
    ids = tuple(text for text in (port.get("name"), port.get("description")) if isinstance(text, str) and text)
    return names.find(str(chassis.get("system-name") or key), str(chassis.get("chassis-id") or ""), ids)


def _mapping(value: Any, key: str) -> Mapping[str, Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


class _Wires:
    """The cabling of one look, diagnosed once for both checks."""

    def __init__(self, look: Look) -> None:
        self.wiring, names = look.cables or cables(look.plan)
        seen = sights(look, names)
        seen |= self._hosts(look, {port.device for port in seen})
        self.nameless = {
            port
            for port, sight in seen.items()
            for far in sight.neighbours
            if far.device.lower() == _FACTORY and self._leads_to_a_switch(look, port)
        }
        """Ports towards a switch that see one without a name yet: which one it is cannot be told."""
        self.sights = {
            port: sight._replace(neighbours=()) if port in self.nameless else sight for port, sight in seen.items()
        }
        self.diagnosis: Diagnosis = diagnose(self.wiring, self.sights, look.standing)

    def _hosts(self, look: Look, asked: Collection[str]) -> dict[Port, Sight]:
        """Return what hosts see of cables whose other end is, or should be, at a switch that was asked."""
        ends = {port: {far.device for far in sight.neighbours} for port, sight in look.hosts.items()}
        return {
            port: sight
            for port, sight in look.hosts.items()
            if not ends[port].isdisjoint(asked)
            or (port in self.wiring.links and self.wiring.links[port].device in asked)
        }

    def _leads_to_a_switch(self, look: Look, port: Port) -> bool:
        planned = self.wiring.links.get(port)
        return _FACTORY not in self.wiring.kinds and planned is not None and planned.device in look.site.switches

    @classmethod
    def of(cls, look: Look) -> _Wires:
        """Return the wires of a look; the look keeps them."""
        found = look.kept.get("wires")
        if not isinstance(found, cls):
            found = look.kept["wires"] = cls(look)
        return found

    def near(self, one: Port, two: Port) -> tuple[Port, Port]:
        """Return a link from the end that was asked."""
        return (one, two) if one in self.sights or two not in self.sights else (two, one)


class _WiresCheck(FabricCheck):
    abstract: ClassVar[bool] = True
    asks: ClassVar[tuple[str, ...]] = (INTERFACES,)

    def applies(self, switch: Switch, site: Site) -> bool:  # noqa: ARG002 - the signature of all checks
        """Every switch with a cable is looked at."""
        return any(port.link >= 0 for port in switch.ports)

    def _ledgers(self, look: Look) -> dict[str, Ledger]:
        return {view.name: Ledger(self, view.name) for view in _asked(look) if self.applies(view.switch, look.site)}


class Cabling(_WiresCheck):
    """Each cable that LLDP or a learned MAC address shows joins what the plan joins.

    Passes when every link whose far end tells who it is is the planned one. Where machines have management cables, that is also told by
    the MAC addresses of nodes.csv that the switch learned at ports where nobody speaks. Fails with the fewest repairs that make it so,
    one finding each: two devices exchanged, whole cages, plugs, a plug in a wrong hole, a cable too many, a stranger.
    Error where claims contradict each other or two switches are up and hear nothing. Skipped are links to machines that
    say nothing by LLDP and whose MAC address was not learned (a server before its system stands), and to networks that are not ours.
    """

    id = "LINK-CABLING"
    title = "cables join what the plan joins"
    remedy = "put the cable where the plan has it"
    source = "LLDP and forwarding table of Cumulus Linux 5.12; neighbours change late there (RN-4100629)"

    def questions(self, switch: Switch, site: Site) -> Iterator[str]:
        """Yield the interfaces, and the forwarding table where machines have management cables."""
        yield from self.asks
        if switch.name in site.learning:
            yield TABLE

    def needs(self, view: View) -> Iterable[str]:  # noqa: ARG002 - the signature of all checks
        """Return the interfaces: a table that is refused proves nothing, and LLDP is judged all the same."""
        return self.asks

    def judge(self, look: Look) -> Iterator[Ledger]:
        """Yield a ledger a switch."""
        wires, ledgers = _Wires.of(look), self._ledgers(look)
        found = wires.diagnosis
        for pair in found.right:
            for device in {port.device for port in pair} & ledgers.keys():
                ledgers[device].right("link")
        hints = _Hints(look, wires, set(ledgers))
        for steps in together(found.repairs):
            if steps[0].kind != "missing":
                self._repair(wires, steps, ledgers, hints)
        for one, two, instead in found.contradictions:
            ledgers[one.device].untold(
                one.name,
                f"{one} sees {two}, but {two} is at {instead}",
                remedy="LLDP keeps a neighbour for its hold time: wait two minutes and audit again",
            )
        for one, two in found.one_sided:
            if wires.sights[two].up and two.device in ledgers and two not in wires.nameless:
                self._deaf(ledgers[two.device], one, two)
        self._silent(wires, ledgers, look.site.learning)
        elsewhere = _told_elsewhere(found)
        for name in [name for name, ledger in ledgers.items() if ledger.empty]:
            ledgers[name].skip(_ELSEWHERE if name in elsewhere else _UNTOLD)
        yield from ledgers.values()

    def _repair(self, wires: _Wires, steps: Sequence[Repair], ledgers: Mapping[str, Ledger], hints: _Hints) -> None:
        """Enter what is to be done, all steps of it at one device."""
        holes = [port for step in steps for port in (step.one, step.two, *_ends(step))]
        subject = next((port for port in holes if port.device in ledgers), None)
        ledger = ledgers[subject.device] if subject else next(iter(ledgers.values()))
        path = path_of(steps[0], (subject or holes[0]).name)
        proof = "no fewer repairs do" if wires.diagnosis.fewest else "fewer repairs were not found, nor excluded"
        for step in steps:
            words = told(wires.wiring, wires.diagnosis, step)
            ends = _ends(step)[: 2 * _SHOWN]
            shown = [f"{port} sees {wires.diagnosis.seen[port]}" for port in ends if port in wires.diagnosis.seen]
            hint = hints.of(step.links, [one.two for one in steps if one.blind]) if step.kind == "insert" else ""
            ledger.wrong(
                at_step(path, step), words.message, expected=words.expected, actual=words.actual, remedy=words.remedy + hint,
                evidence=(*shown, *of_steps(steps), proof),
            )  # fmt: skip

    def _deaf(self, ledger: Ledger, one: Port, two: Port) -> None:
        ledger.wrong(
            two.name,
            f"{two} hears nothing of {one}, which hears it",
            severity="warning",
            remedy=f"see whether LLDP runs on {one.device}, and whether the cable carries both ways",
        )

    def _silent(self, wires: _Wires, ledgers: Mapping[str, Ledger], learning: Collection[str]) -> None:
        silent: dict[str, list[Link]] = defaultdict(list)
        deaf: dict[str, list[Link]] = defaultdict(list)
        nameless: dict[str, list[Link]] = defaultdict(list)
        for pairs, lists in ((wires.diagnosis.unverified, silent), (wires.diagnosis.untold, deaf)):
            for pair in pairs:
                near, far = wires.near(*pair)
                if near.device in ledgers:
                    where = nameless if {near, far} & wires.nameless else lists
                    where[near.device].append((near, far))
        for device, links in nameless.items():
            ledgers[device].skip(
                f"{_counted(links)} not verified: {_NAMELESS}", path="nameless", actual=_NAMELESS,
                remedy="push its configuration, then audit again", evidence=[f"{near} to {far}" for near, far in links],
            )  # fmt: skip
        for device, links in silent.items():
            why = "the far end says nothing by LLDP"
            why += ", and no MAC address of nodes.csv is learned there" if device in learning else ""
            ledgers[device].skip(
                f"{_counted(links)} not verified: {why}", path="silent", actual=why,
                evidence=[f"{near} to {far}" for near, far in links],
            )  # fmt: skip
        for device, links in deaf.items():
            known = [link for link in links if wires.sights.get(link[0], Sight(None)).up is not None]
            if known:
                ledgers[device].untold(
                    "silent",
                    f"{_counted(known)} up, and neither switch hears the other",
                    remedy="see whether LLDP runs on both",
                )


def _ends(repair: Repair) -> list[Port]:
    return [port for link in repair.links for port in link]


def _told_elsewhere(found: Diagnosis) -> set[str]:
    """Return the devices whose cables have a finding; it is entered at one end alone."""
    repaired = [link for repair in found.repairs if repair.kind != "missing" for link in repair.links]
    return {port.device for ports in (*repaired, *found.untold, *found.contradictions) for port in ports}


def _counted(links: list[Link]) -> str:
    shown = ", ".join(f"{near.name} to {far}" for near, far in links[:_SHOWN])
    more = f" and {len(links) - _SHOWN} more" if len(links) > _SHOWN else ""
    return f"{len(links)} link{'s' if len(links) > 1 else ''} ({shown}{more})"


class LinkState(_WiresCheck):
    """Each planned link is up.

    Passes for links that are up. Fails for one that is shut by configuration or protocol at its port, for a port that the
    switch does not have (its breakout is not applied), and for cables without light, gathered: a device all of whose links
    are dark, a part all of whose ways are, single ones. A link that is down because its cable is elsewhere is
    LINK-CABLING's.
    """

    id = "LINK-STATE"
    title = "planned links are up"
    remedy = "see why the port is down at both ends"
    source = "nv show interface: link.oper-status, admin-status, protodown (Cumulus Linux 5.12)"
    severity: ClassVar[Severity] = "error"

    def judge(self, look: Look) -> Iterator[Ledger]:
        """Yield a ledger a switch."""
        wires, ledgers = _Wires.of(look), self._ledgers(look)
        reasons = {
            port: reason
            for name, ledger in ledgers.items()
            for port, reason in self._ports(look.views[name], ledger, wires.wiring)
        }
        elsewhere = {
            port
            for repair in wires.diagnosis.repairs
            if repair.kind != "missing"
            for link in repair.links
            for port in link
        }
        hints = _Hints(look, wires, set(ledgers))
        for repair in wires.diagnosis.repairs:
            if repair.kind == "missing":
                self._dark(wires, repair, reasons, ledgers, hints)
                elsewhere.update(port for link in repair.links for port in link)
        for name, ledger in ledgers.items():
            view = look.views[name]
            left = [port.name for port in view.cabled if self._left(view, port.name, reasons)]
            crossed = [port for port in left if Port(name, port) in elsewhere]
            for port in left:
                if port not in crossed:
                    ledger.wrong(port, f"{port} is down", expected="up", actual="down")
            if crossed and ledger.empty:
                ledger.skip(f"{len(crossed)} ports are down for their cables")
        yield from ledgers.values()

    @staticmethod
    def _left(view: View, port: str, reasons: Mapping[Port, str]) -> bool:
        return not view.is_up(port) and Port(view.name, port) not in reasons

    def _ports(self, view: View, ledger: Ledger, planned: Wiring) -> Iterator[tuple[Port, str]]:
        """Enter the ports of a switch, and yield those that are down for a reason that it tells itself."""
        for port in view.cabled:
            link = view.link(port.name)
            reason = _reason(view, port.name, link)
            if reason:
                yield Port(view.name, port.name), reason
                ledger.wrong(
                    port.name, f"{port.name} to {planned.links.get(Port(view.name, port.name), 'its peer')} {reason}",
                    expected="up", actual=reason,
                    remedy=HELD if "protodown" in reason else "push the planned configuration",
                )  # fmt: skip
            elif link.get("oper-status") == "up":
                ledger.right("link")
            elif link.get("oper-status") != "down":
                ledger.untold(port.name, f"{port.name}: the switch does not tell whether it is up")
                yield Port(view.name, port.name), "untold"

    def _dark(
        self, wires: _Wires, repair: Repair, reasons: Mapping[Port, str], ledgers: Mapping[str, Ledger],
        hints: _Hints,
    ) -> None:  # fmt: skip
        links = tuple(link for link in repair.links if not any(port in reasons for port in link))
        if not links:
            return
        words = told(wires.wiring, wires.diagnosis, repair._replace(one=links[0][0], two=links[0][1], links=links))
        near = wires.near(*links[0])[0]
        ledgers[near.device].wrong(
            near.name,
            words.message,
            expected="up",
            actual="down",
            remedy=words.remedy + hints.of(links),
            evidence=[f"{wires.near(*link)[0]} is down" for link in links[:_SHOWN]],
        )


class _Hints:
    """What else may be the cause of a dark cable, where no switch can tell."""

    def __init__(self, look: Look, wires: _Wires, asked: set[str]) -> None:
        self._wiring = wires.wiring
        self._unseen = look.site.switches.keys() - asked
        self._dark = [one.links for one in wires.diagnosis.repairs if one.kind in {"missing", "insert"}]

    def of(self, links: tuple[Link, ...], freed: Sequence[Port] = ()) -> str:
        """Name a switch that was not looked at, or where else the plugs of a cable may be; ``freed`` are holes that were freed before."""
        unseen = sorted({port.device for link in links for port in link} & self._unseen, key=natural_key)
        if unseen:
            return f"; {', '.join(unseen[:_SHOWN])} was not looked at: it may not be configured, or hold its port down, which comes first"
        parts = {self._wiring.parts.get(link[0], link[0]) for link in links}
        return elsewhere(self._wiring, links[0], self._dark, freed) if len(parts) == 1 else ""


def _reason(view: View, name: str, link: Mapping[str, Any]) -> str:
    """Say why a port is down, if the switch says it."""
    if name not in view.interfaces:
        return "is a port that the switch does not have: its breakout is not applied"
    state = link.get("state")
    if link.get("admin-status") == "down" or (isinstance(state, dict) and "down" in state):
        return "is shut by configuration"
    if link.get("protodown") in {"enabled", "on"}:
        return f"is held down by a protocol (protodown: {link.get('protodown-reason', 'no reason given')})"
    return ""
