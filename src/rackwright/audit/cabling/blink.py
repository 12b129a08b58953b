"""Cabling proven by blinking: switch ports go down in a code, and the link of each network port tells where its cable ends.

Every port has a number of its own; in round k those ports are down whose number has bit k. A network port of a server
(a NIC) that is up before and follows spells the number of the switch port that it is cabled to, so that as many rounds
are enough as the count of ports has bits: 6 for 64 ports, 10 for 1,024. What is spelled becomes the same sights that
LLDP gives, and the same search finds the fewest repairs.

    plan = blink.code(ports)
    reading = blink.read(wiring, plan, lights)
    diagnosis = cabling.diagnose(reading.wiring, reading.sights)

Pure: links planned and links seen go in. See ``docs/design/blink.md``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from rackwright.audit.cabling.model import Port, Sight, Wiring

__all__ = ["Code", "Lights", "Reading", "code", "read"]

_MACHINES: Final = ("server", "storage", "pdu", "external")


@dataclass(frozen=True, slots=True)
class Code:
    """Which ports are down in which round."""

    numbers: Mapping[Port, int]
    """Switch port -> its number; 0 is never down, and is given only where all others are needed too."""
    rounds: int
    """``ceil(log2(ports))``; one for a single port."""

    def down(self, turn: int) -> frozenset[Port]:
        """Return the ports that are down in a round, which count from 0."""
        return frozenset(port for port, number in self.numbers.items() if number >> turn & 1)


def code(ports: Iterable[Port]) -> Code:
    """Give each port a number of its own, in as few rounds as can tell them all apart."""
    ordered = sorted(set(ports))
    rounds = max(1, (len(ordered) - 1).bit_length()) if ordered else 0
    first = 0 if len(ordered) == 1 << rounds else 1
    return Code({port: number for number, port in enumerate(ordered, first)}, rounds)


@dataclass(frozen=True, slots=True)
class Lights:
    """What was seen of links; None: it was not told."""

    ports: Mapping[Port, bool | None]
    """Switch port -> whether it was up before the first round."""
    before: Mapping[Port, bool | None]
    """Network port of a server, as the plan names it -> whether it was up before the first round."""
    turns: tuple[Mapping[Port, bool | None], ...]
    """The same in each round."""
    after: Mapping[Port, bool | None] = field(default_factory=dict)
    """The same after all ports were brought back."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the rounds say of each end."""

    wiring: Wiring
    """The part of the cabling that was looked at."""
    near: frozenset[Port]
    """Its switch ports."""
    sights: Mapping[Port, Sight]
    """What each end sees, for :func:`~rackwright.audit.cabling.diagnose`."""
    follows: Mapping[Port, Port]
    """Network port -> the switch port that it follows."""
    eliminated: Port | None = None
    """The network port that is at number 0 because it is the only one left, and followed nothing."""
    still: frozenset[Port] = frozenset()
    """Network ports that are up and followed none of the ports."""
    dark: frozenset[Port] = frozenset()
    """Network ports that had no link before the first round."""
    mute: frozenset[Port] = frozenset()
    """Network ports whose link nobody told before the first round."""
    gaps: Mapping[Port, tuple[int, ...]] = field(default_factory=dict)
    """Network port -> the rounds, from 1, in which its link was not told."""
    garbled: Mapping[Port, tuple[int, ...]] = field(default_factory=dict)
    """Network port -> the rounds, from 1, in which it was down, which are those of no port that was up."""
    unfollowed: frozenset[Port] = frozenset()
    """Switch ports that are up and that nothing followed."""
    lost: frozenset[Port] = frozenset()
    """Network ports that were up and did not come back."""


def read(
    wiring: Wiring,
    plan: Code,
    lights: Lights,
    heard: Mapping[Port, Sight] | None = None,
    between: Mapping[Port, Sight] | None = None,
) -> Reading:
    """Spell the rounds: which network port follows which switch port, and what cannot be told.

    ``heard`` are switch ports that need no blink, since who is there tells it by LLDP; ``between`` what ports hear that are planned to
    lead to another switch. Of these only the links are looked at with which one of a server is mixed up.
    """
    ports = {number: port for port, number in plan.numbers.items()}
    up = [port for port, light in sorted(lights.before.items()) if light]
    gaps = {port: missing for port in up if (missing := _rounds(lights, port, None))}
    spelled = {port: _number(lights, port) for port in up if port not in gaps}
    lit = {number: port for number, port in ports.items() if lights.ports.get(port) is not False}
    follows = {port: lit[number] for port, number in spelled.items() if number and number in lit}
    heard, between = dict(heard or {}), between or {}
    near = frozenset({*plan.numbers, *heard})
    mine = {port: far for port, far in wiring.links.items() if port in near or far in near}
    mixed = _mixed(wiring, mine, heard, between)
    mine |= {port: wiring.links[port] for port in mixed}
    lldp = heard | {at: between[at] for at in mixed if at in between}
    speaks = {
        port: at for at, sight in lldp.items() for port in sight.neighbours if port in lights.before or at in heard
    }
    still = {port for port, number in spelled.items() if not number and wiring.links.get(port) in near} - speaks.keys()
    last = _last(ports.get(0), still, lights) if all(sight.neighbours for sight in lldp.values()) else None
    if last is not None:
        follows[last] = ports[0]
        still.remove(last)
    dark = {port for port, light in lights.before.items() if light is False}
    there = set(follows.values())
    sights = _spelled(plan, lights, follows)
    # Whoever is up and followed nothing is at none of these ports: that is as good as dark for them.
    sights |= {port: Sight(up=False, astray=port in still) for port in dark | still if port in mine}
    sights |= {port: Sight(True, (at,)) for port, at in (follows | speaks).items()} | lldp
    return Reading(
        replace(wiring, links=mine),
        near | mixed,
        sights,
        follows,
        last,
        frozenset(still),
        frozenset(dark),
        frozenset(port for port, light in lights.before.items() if light is None),
        gaps,
        {port: _rounds(lights, port, False) for port, number in spelled.items() if number and number not in lit},
        frozenset(at for at in plan.numbers if lights.ports.get(at) and at not in there),
        frozenset(port for port in up if lights.after.get(port, True) is False),
    )


def _spelled(plan: Code, lights: Lights, follows: Mapping[Port, Port]) -> dict[Port, Sight]:
    """Return what the ports that blinked see: who followed them."""
    there: dict[Port, list[Port]] = defaultdict(list)
    for port, at in follows.items():
        there[at].append(port)
    return {
        at: Sight(lights.ports.get(at), tuple(sorted(there[at])), astray=bool(lights.ports.get(at)) and not there[at])
        for at in plan.numbers
    }


def _mixed(
    wiring: Wiring, mine: Mapping[Port, Port], heard: Mapping[Port, Sight], between: Mapping[Port, Sight]
) -> frozenset[Port]:
    """Return the ends of links between switches with which a link of a server is mixed up, straight or through others."""
    found: set[Port] = set()
    left = [port for sight in heard.values() for port in sight.neighbours]
    left += [port for port, sight in between.items() if any(far in mine for far in sight.neighbours)]
    while left:
        port = left.pop()
        far = wiring.links.get(port)
        if far is None or port in found or port in mine or not _between(wiring, port, far):
            continue
        found |= {port, far}
        left += [one for end in (port, far) for one in between.get(end, Sight(None)).neighbours]
    return frozenset(found)


def _between(wiring: Wiring, *ports: Port) -> bool:
    return not any(wiring.kinds.get(port.device, "").startswith(_MACHINES) for port in ports)


def _rounds(lights: Lights, port: Port, light: bool | None) -> tuple[int, ...]:
    return tuple(turn for turn, seen in enumerate(lights.turns, 1) if seen.get(port) is light)


def _number(lights: Lights, port: Port) -> int:
    return sum(1 << turn for turn, seen in enumerate(lights.turns) if not seen[port])


def _last(zero: Port | None, still: set[Port], lights: Lights) -> Port | None:
    """Return who is at the port that is never down: the only one that followed nothing, if there is one."""
    if zero is None or lights.ports.get(zero) is False or len(still) != 1:
        return None
    return next(iter(still))
