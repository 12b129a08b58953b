"""Host cables as blinking shows them: findings of the same kind that LLDP gives, before a server has a system."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

from rackwright.audit.cabling import (
    Diagnosis,
    Port,
    Repair,
    Sight,
    Wiring,
    at_step,
    diagnose,
    elsewhere,
    of_steps,
    path_of,
    together,
    told,
)
from rackwright.audit.cabling.blink import Code, Lights, Reading, read
from rackwright.audit.ledger import Check, Ledger, Proof
from rackwright.audit.wires import HELD
from rackwright.findings import Finding, sort_key
from rackwright.nvue.tree import natural_key

__all__ = ["Blink", "Blinked", "judge"]

_SHOWN: Final = 8
_AGAIN: Final = "see that no server restarts meanwhile, then blink again"
_STRANGER: Final = "see who stands where (rackwright audit --only hardware); then mend the BMC's address or cable, or nodes.csv, and blink again"
_MUTE: Final = "the BMC does not tell the link of the port"
_NEXT: Final = "LLDP proves them once the system stands: rackwright audit --only host,switch"


@dataclass(frozen=True, slots=True)
class Blinked:
    """Everything that is judged."""

    wiring: Wiring
    """All the cabling as planned."""
    plan: Code
    lights: Lights
    blind: Mapping[str, str] = field(default_factory=dict)
    """Switch or server that could not be looked at -> why."""
    unnamed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Server -> its planned ports that no MAC address of nodes.csv finds."""
    absent: frozenset[Port] = frozenset()
    """Switch ports that the switch does not have."""
    left: Mapping[Port, str] = field(default_factory=dict)
    """Switch port that was not blinked on purpose -> why."""
    asked: frozenset[tuple[Port, Port]] = frozenset()
    """Links (switch port, network port) that were to be proven; empty: those that blinked."""
    held: Mapping[Port, str] = field(default_factory=dict)
    """Switch port that its switch itself holds down (protodown) -> why."""
    above: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Switch that holds ports -> the switches to which its planned links are down."""
    heard: Mapping[Port, Sight] = field(default_factory=dict)
    """Switch ports that did not blink, since who is there tells it by LLDP."""
    between: Mapping[Port, Sight] = field(default_factory=dict)
    """What ports hear that are planned to lead to another switch."""
    down: frozenset[tuple[Port, Port]] = frozenset()
    """Other planned links of the switches that were asked, of which no port that was asked is up."""
    standing: frozenset[str] = frozenset()
    """Servers whose other cables prove that they stand where they are planned."""
    strangers: Mapping[str, str] = field(default_factory=dict)
    """Servers whose ports did not blink, since another machine answers at the address of their BMC -> which."""


class Blink(Check):
    """The link of each network port follows the switch port that it is planned to be cabled to.

    Passes for each server all of whose network ports went down in exactly the rounds of their switch ports. Fails with the fewest repairs that
    make it so, and for a dead cable, a network port that never had link, one that is cabled to none of the ports, and
    one that did not come back. Error where a BMC did not answer or two ports followed the same one. Skipped where a BMC
    does not tell the link of a port at all.
    """

    id = "LINK-BLINK"
    title = "network ports follow the switch ports that they are cabled to"
    remedy = "put the cable where the plan has it"
    source = "Port.LinkStatus, EthernetInterface.LinkStatus (Redfish); link state down (Cumulus Linux 5.12)"
    asks = ("nv show interface", "Systems/*/EthernetInterfaces", "Chassis/*/NetworkAdapters/*/Ports")
    again: ClassVar[str] = _AGAIN
    empty: ClassVar[str] = "see that the plan has host links at the switches and servers that were chosen"


def judge(seen: Blinked) -> Proof:
    """Judge what was seen: a pass a server all of whose links are right, what is wrong at its switch, who could not be asked."""
    judge = _Judge(seen)
    return Proof(tuple(sorted(judge.findings(), key=sort_key)), judge.standing())


class _Judge:
    """One blink on its way to findings."""

    def __init__(self, seen: Blinked) -> None:
        self.seen = seen
        self.check = Check.registry[Blink.id]
        self.reading: Reading = read(seen.wiring, seen.plan, seen.lights, seen.heard, seen.between)
        self.diagnosis: Diagnosis = diagnose(self.reading.wiring, self.reading.sights, seen.standing)
        self.moved = {port for repair in self.diagnosis.repairs for pair in repair.moves for port in pair}
        """Holes whose plugs other steps move: a cable is not to be followed from there when that is done."""
        self.ledgers: dict[str, Ledger] = {}
        self.held: dict[str, list[tuple[Port, Port]]] = defaultdict(list)

    def findings(self) -> Iterator[Finding]:
        self._right()
        for steps in together(self.diagnosis.repairs):
            if steps[0].kind == "missing":
                self._dark(steps[0])
            else:
                self._wrong(steps)
        self._held()
        self._odd()
        self._mute()
        self._not_asked()
        if not self.ledgers:
            self._ledger("fabric")
        for ledger in self.ledgers.values():
            yield from ledger.findings()

    def standing(self) -> frozenset[str]:
        links = (self._near(*link) for link in self.diagnosis.right)
        # Where the BMC is another machine's, a system that calls itself by the planned name proves no place of it.
        return frozenset(far.device for _, far in links if far != self.reading.eliminated) - self.seen.strangers.keys()

    def _right(self) -> None:
        """Enter the servers all of whose links are right; what is wrong is entered at the switch."""
        proven = {self._near(*link) for link in self.diagnosis.right}
        of: dict[str, list[tuple[Port, Port]]] = defaultdict(list)
        for link in self.seen.asked or {self._near(*pair) for pair in self.reading.wiring.pairs()}:
            of[link[1].device].append(link)
        for server, links in of.items():
            if not proven.issuperset(links):
                continue
            if many := sum(far != self.reading.eliminated for _, far in links):
                self._ledger(server).right("link", many)
        for near, far in proven:
            if far == self.reading.eliminated:
                self._of(near).skip(
                    f"{near} was never down, since {len(self.seen.plan.numbers)} ports need every other number: {far} is what is left for it",
                    path=near.name, remedy=_NEXT, actual="its port was the one that was never down", evidence=[f"{near} to {far}"],
                )  # fmt: skip

    def _of(self, port: Port) -> Ledger:
        return self._ledger(port.device)

    def _ledger(self, name: str) -> Ledger:
        return self.ledgers.setdefault(name, Ledger(self.check, name))

    def _near(self, one: Port, two: Port) -> tuple[Port, Port]:
        """Return a link from its switch."""
        return (one, two) if one in self.reading.near else (two, one)

    # --- what is wrong ----------------------------------------------------------------------------------------------

    def _wrong(self, steps: Sequence[Repair]) -> None:
        """Enter what is to be done, all steps of it at one device."""
        first = steps[0]
        holes = [first.one, first.two, *_ends(first)]
        subject = next((port for port in holes if port in self.reading.near), first.one)
        path = path_of(first, subject.name)
        proof = "no fewer repairs do" if self.diagnosis.fewest else "fewer repairs were not found, nor excluded"
        for step in steps:
            far = self._near(*step.links[0])[1]
            astray = step.kind == "insert" and far in self.reading.still
            words = told(self.reading.wiring, self.diagnosis, step, self._follow(step) if astray else "")
            lost = step.kind == "insert" and not astray
            freed = [one.two for one in steps if one.blind]
            hint = elsewhere(self.seen.wiring, step.links[0], self._lightless(), freed) if lost else ""
            self._of(subject).wrong(
                at_step(path, step), words.message, expected=words.expected, actual=words.actual, remedy=words.remedy + hint,
                evidence=(*self._shown(_ends(step)), *of_steps(steps), proof),
            )  # fmt: skip

    def _shown(self, ends: list[Port]) -> Iterator[str]:
        """Yield what was seen of some ends."""
        for port in ends[: 2 * _SHOWN]:
            at = self.reading.follows.get(port)
            sight = self.seen.heard.get(port) or self.seen.between.get(port)
            if sight is not None and sight.up is not False:
                yield f"{port} hears {', '.join(map(str, sight.neighbours)) or 'nobody'} by LLDP"
            elif port == self.reading.eliminated:
                yield f"{port} follows no port, and {at} is the only one that was never down"
            elif at is not None:
                yield f"{port} follows {at} ({_turns(self.seen.plan, at)})"
            elif port in self.reading.still:
                yield f"{port} has link and follows none of {len(self.seen.plan.numbers)} ports"
            elif port in self.reading.dark:
                yield f"{port} has no link"
            elif self.seen.lights.ports.get(port) is False:
                yield f"{port} is down"
            elif port in self.reading.unfollowed:
                yield f"{port} is up, and nothing that was asked follows it"

    def _dark(self, repair: Repair) -> None:
        """Tell links that carry nothing apart: a dead cable, a port without link, a cable that ends elsewhere."""
        dead = []
        for link in repair.links:
            near, far = self._near(*link)
            if far in self.reading.still and far not in self.moved:
                self._elsewhere(repair._replace(links=(link,)))
            elif near in self.seen.held:
                self.held[near.device].append((near, far))
            elif self.seen.lights.ports.get(near) and far in self.reading.dark:
                self._of(near).wrong(
                    near.name, f"{near} has link, and {far} never had: the cable in {near} ends at something that was not asked",
                    expected=f"{near} - {far}", actual=f"{near} - unknown",
                    remedy=f"follow the cable from {near}; see that {far} has one, and that its adapter is well (rackwright audit --only hardware)",
                    evidence=self._shown([near, far]),
                )  # fmt: skip
            else:
                dead.append(link)
        if dead:
            self._dead(repair, tuple(dead))

    def _dead(self, repair: Repair, dead: tuple[tuple[Port, Port], ...]) -> None:
        near, _ = self._near(*dead[0])
        words = told(self.reading.wiring, self.diagnosis, repair._replace(one=dead[0][0], two=dead[0][1], links=dead))
        ends = [port for link in dead for port in link]
        hint = elsewhere(self.seen.wiring, dead[0], self._lightless()) if self._is_one(dead) else ""
        both = (
            len(dead) == 1
            and self.seen.lights.ports.get(near) is False
            and self._near(*dead[0])[1] in self.reading.dark
        )
        self._of(near).wrong(
            near.name,
            words.message + (": both ends are dark" if both else ""),
            expected="up",
            actual="down",
            remedy=words.remedy + hint,
            evidence=self._shown(ends),
        )

    def _is_one(self, links: Sequence[tuple[Port, Port]]) -> bool:
        return len(links) == 1 or len({self.seen.wiring.parts.get(link[0], link[0]) for link in links}) == 1

    def _lightless(self) -> Iterator[Sequence[tuple[Port, Port]]]:
        """Yield the links without light at either end, gathered as they are told."""
        for repair in self.diagnosis.repairs:
            if repair.kind not in {"missing", "insert"}:
                continue
            links = [self._near(*link) for link in repair.links]
            dark = [(near, far) for near, far in links if near not in self.seen.held and far not in self.reading.still]
            if dark := [link for link in dark if not self.seen.lights.ports.get(link[0]) or repair.kind == "insert"]:
                yield dark
        yield from ([link] for link in sorted(self.seen.down))

    def _follow(self, repair: Repair) -> str:
        near, far = self._near(*repair.links[0])
        taken = (
            " (free it first: a plug is in it whose other end was not asked)"
            if self.seen.lights.ports.get(near)
            else ""
        )
        return f"follow the cable from {far}, and put it into {near}{taken}"

    def _elsewhere(self, repair: Repair) -> None:
        near, far = self._near(*repair.links[0])
        if self.seen.plan.numbers.get(near) == 0 and self.seen.lights.ports.get(near):
            others = ", ".join(str(port) for port in sorted(self.reading.still - {far}))
            self._of(near).untold(
                near.name, f"{near} is the one port that was never down, and both {far} and {others} follow none",
                remedy="blink one of their switches alone, or audit by LLDP once the systems stand",
            )  # fmt: skip
            return
        self._of(near).wrong(
            near.name, f"{far} has link, but follows none of {len(self.seen.plan.numbers)} ports: its cable ends elsewhere",
            expected=f"{near} - {far}", actual=f"unknown - {far}",
            remedy=self._follow(repair),
            evidence=self._shown([near, far]),
        )  # fmt: skip

    def _held(self) -> None:
        """Tell links whose ports the switch holds down: the cable is not to blame, nor is who it leads to."""
        for device, links in self.held.items():
            shown = ", ".join(f"{near.name} to {far}" for near, far in links[:_SHOWN])
            more = f" and {len(links) - _SHOWN} more" if len(links) > _SHOWN else ""
            late = ", ".join(self.seen.above.get(device, ()))
            why = "; ".join(sorted({self.seen.held[near] for near, _ in links}))
            self._ledger(device).untold(
                "protodown",
                f"{device} holds {len(links)} ports in protodown ({why}){late and f', and its links to {late} are down'}: "
                f"not proven are {shown}{more}",
                remedy=f"{f'see {late}, which it waits for' if late else HELD}; then blink again",
                # Every server is named, so that none is taken for one of which nothing was told.
                evidence=[f"{near} to {far} is held down" for near, far in links],
            )  # fmt: skip

    # --- what cannot be told -------------------------------------------------------------------------------------------

    def _odd(self) -> None:
        for one, two, instead in self.diagnosis.contradictions:
            if one in self.reading.near:
                self._of(one).untold(one.name, f"{one} is told to lead to {two}, and {two} to {instead}")
            else:
                self._of(two).untold(
                    f"{two.name}.{one}", f"{one} and another port both follow {two}: one of them was seen wrongly",
                    evidence=self._shown([one]),
                )  # fmt: skip
        for port, turns in self.reading.gaps.items():
            where = ", ".join(str(turn) for turn in turns)
            self._at(port).untold(
                str(port),
                f"the link of {port} could not be judged in round {where}: it was not told, or not back from the round before",
            )
        for port, turns in self.reading.garbled.items():
            where = ", ".join(str(turn) for turn in turns)
            self._at(port).untold(str(port), f"{port} was down in rounds {where}, which are those of no port")
        for port in sorted(self.reading.lost):
            self._at(port).wrong(
                f"{port}.back", f"{port} was up, and has not come back",
                expected="up", actual="down", remedy="see the port at both ends; audit again in some minutes",
            )  # fmt: skip

    def _at(self, port: Port) -> Ledger:
        """Return the ledger of the switch that a network port is planned to be at."""
        planned = self.seen.wiring.links.get(port)
        return self._of(planned if planned in self.reading.near else port) if planned else self._of(port)

    def _mute(self) -> None:
        """Tell links of which one end never said anything."""
        by: dict[str, list[str]] = defaultdict(list)
        for pair in (*self.diagnosis.unverified, *self.diagnosis.untold):
            near, far = self._near(*pair)
            if far in self.reading.mute or (far not in self.seen.lights.before and not self._known(far)):
                by[near.device].append(f"{near} to {far}")
        for device, links in by.items():
            more = f" and {len(links) - _SHOWN} more" if len(links) > _SHOWN else ""
            self._ledger(device).skip(
                f"{len(links)} links not proven, since {_MUTE}: {', '.join(links[:_SHOWN])}{more}",
                path="mute", remedy=_NEXT, actual=_MUTE, evidence=links,
            )  # fmt: skip

    def _known(self, port: Port) -> bool:
        """Tell whether it is told elsewhere why nothing is known of a network port."""
        return port.device in {*self.seen.blind, *self.seen.strangers} or port.name in self.seen.unnamed.get(
            port.device, ()
        )

    def _not_asked(self) -> None:
        for name, who in self.seen.strangers.items():
            self._ledger(name).wrong(
                "asked", f"another machine answers at the address of the BMC of {name}, whose ports were therefore not blinked: {who}",
                remedy=_STRANGER,
            )  # fmt: skip
        for name, why in self.seen.blind.items():
            lost = sorted({far.device for near, far in self.seen.asked if near.device == name}, key=natural_key)
            links = f"; not proven are its links to {', '.join(lost)}" if lost else ""
            self._ledger(name).untold(
                "asked", f"{name} could not be looked at: {why}{links}", remedy="see to it, then blink again"
            )
        for name, ports in self.seen.unnamed.items():
            self._ledger(name).untold(
                "unnamed", f"no port of {name} has the MAC address of {', '.join(ports)}",
                remedy="rackwright discover fills nodes.csv in; audit --only hardware tells which adapter is missing",
            )  # fmt: skip
        for port in sorted(self.seen.absent):
            far = self.seen.wiring.links.get(port, "its peer")
            message = f"{port.device} has no port {port.name} that could lead to {far}"
            self._of(port).untold(port.name, message, remedy="push its configuration first")
        why_left: dict[tuple[str, str], list[str]] = defaultdict(list)
        for port, why in self.seen.left.items():
            why_left[port.device, why].append(port.name)
        for (device, why), names in why_left.items():
            self._ledger(device).skip(
                f"{len(names)} ports were not blinked: {why}", path=f"left.{names[0]}", remedy=_NEXT
            )


def _ends(repair: Repair) -> list[Port]:
    return list(dict.fromkeys(port for link in repair.links for port in link))


def _turns(plan: Code, port: Port) -> str:
    turns = [str(turn + 1) for turn in range(plan.rounds) if plan.numbers[port] >> turn & 1]
    return f"down in round{'s' if len(turns) > 1 else ''} {', '.join(turns)}"
