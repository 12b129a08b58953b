"""A repair in the words of somebody who stands before the rack."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rackwright.audit.cabling.model import Diagnosis, Port, Repair, Wiring, natural
from rackwright.nvue.tree import natural_key

__all__ = ["EXCHANGED", "Told", "at_step", "elsewhere", "of_steps", "path_of", "told"]

_SUB: re.Pattern[str] = re.compile(r"(swp\d+)s\d+")
EXCHANGED = "device"
"""How the paths of findings begin that tell of two devices in each other's places."""
_MOST = 8
_FEW = 4


class Told(NamedTuple):
    """What is wrong, what to do, how it should be and how it is."""

    message: str
    remedy: str
    expected: str
    actual: str


def told(wiring: Wiring, diagnosis: Diagnosis, repair: Repair, instead: str = "") -> Told:
    """Put a repair into words; ``instead``: another remedy, where more is known."""
    message, remedy = _WORDS[repair.kind](wiring, repair)
    remedy = instead or remedy
    expected = _joined([f"{one} - {two}" for one, two in repair.links]) if repair.kind != "remove" else "no cable"
    actual = _joined(
        [f"{port} - {diagnosis.seen.get(port, 'nothing')}" for one, two in repair.links for port in _near(one, two)]
        if repair.kind != "remove"
        else [f"{one} - {two}" for one, two in repair.links]
    )
    at, steps = repair.step
    if steps > 1:
        astray = 0 if repair.large else _astray(diagnosis, repair)
        if repair.kind in {"swap", "move"} and astray > 1:
            message = f"{astray} cables are one hole further than they belong"
        elif repair.large and at > 1:
            message = f"when that is done, {message}"
        remedy = f"step {at} of {steps}: {remedy}"
    return Told(message + _strange(wiring, diagnosis, repair) + _taken(diagnosis, repair), remedy, expected, actual)


def path_of(repair: Repair, hole: str) -> str:
    """Return the path of a repair's finding: the hole where it is told, of an exchange both devices, whoever's finding it is."""
    if repair.kind != "exchange":
        return hole
    return ".".join((EXCHANGED, *sorted((repair.one.device, repair.two.device), key=natural_key)))


def at_step(path: str, repair: Repair) -> str:
    """Return the path of a step's finding: findings are sorted by it, and steps are to be read in their order."""
    at, steps = repair.step
    return f"{path}.{at:0{len(str(steps))}}" if at > 1 or steps > 9 else path


def of_steps(steps: Sequence[Repair]) -> list[str]:
    """Name all devices that steps are about, for who is told of one step: half of them makes other mistakes."""
    if len(steps) == 1:
        return []
    devices = sorted({port.device for step in steps for link in step.links for port in link}, key=natural_key)
    return [f"the {len(steps)} steps are about {', '.join(devices)}"]


def _astray(diagnosis: Diagnosis, repair: Repair) -> int:
    """Count the cables that are seen where they do not belong."""
    ends = {port for link in repair.links for port in link}
    return len({frozenset((port, diagnosis.seen[port])) for port in ends if port in diagnosis.seen})


def elsewhere(
    wiring: Wiring,
    link: tuple[Port, Port],
    dark: Iterable[Sequence[tuple[Port, Port]]],
    freed: Sequence[Port] = (),
) -> str:
    """Say where the plugs of a dark cable may be, if it is not dead: nobody sees it, so that each place is named and none is chosen.

    ``dark`` are the links without light at any end that was asked, gathered as they are told: one, the ways of a part, all of a device.
    Where an exchange with one of them would have light, it would have been seen. ``freed`` are holes that earlier steps had freed.
    """
    devices = {port.device for port in link}
    others = [found for links in dark if (found := _unfit(wiring, link, links))]
    others.sort(key=lambda links: devices.isdisjoint(port.device for one in links for port in one))
    hint = "; if it is plugged in, a plug of it may be in a port that no cable is planned for"
    if freed:
        hint += f", or be what was pulled from {_joined([str(port) for port in freed])}"
    if others:
        hint += (
            f", or in the place of one that is dark too: {_joined([text for one in others for text in _group(one)])}"
        )
    return hint


def _unfit(wiring: Wiring, link: tuple[Port, Port], links: Iterable[tuple[Port, Port]]) -> list[tuple[Port, Port]]:
    """Return the links with which one could be exchanged by hand, and which are then as dark as it."""
    own = wiring.makes.get(link[0])
    makes = [(other, wiring.makes.get(other[0])) for other in links]
    return [
        other for other, make in makes if own and make and own[:2] != make[:2] and (own.lanes == 0) == (make.lanes == 0)
    ]


def _group(links: Sequence[tuple[Port, Port]]) -> list[str]:
    if len(links) > _FEW:
        shared = sorted(set.intersection(*({port.device for port in link} for link in links)))
        return [f"{len(links)} of {' and '.join(shared)}"]
    return [f"{one} to {two}" if _near(one, two) == (one,) else f"{two} to {one}" for one, two in links]


def _near(one: Port, two: Port) -> tuple[Port, ...]:
    """Return the end from which a link is told: the switch port where there is one."""
    return (one,) if one.name.startswith("swp") or not two.name.startswith("swp") else (two,)


def _strange(wiring: Wiring, diagnosis: Diagnosis, repair: Repair) -> str:
    """Add who of the far ends is no device of the plan, or in another fabric than the hole it sits in."""
    ends = {diagnosis.seen[port] for link in repair.links for port in link if port in diagnosis.seen}
    strangers = sorted({end.device for end in ends if end.device not in wiring.kinds})
    if strangers:
        return f": the plan knows no {_joined(strangers)}"
    crossed = {
        tuple(sorted((wiring.fabrics[port], wiring.fabrics[diagnosis.seen[port]])))
        for link in repair.links
        for port in link
        if port in wiring.fabrics and diagnosis.seen.get(port) in wiring.fabrics
    }
    mixed = sorted(pair for pair in crossed if pair[0] != pair[1])
    return f"; fabrics {mixed[0][0]} and {mixed[0][1]} are mixed" if mixed else ""


def _taken(diagnosis: Diagnosis, repair: Repair) -> str:
    ends = {port for link in repair.links for port in link}
    pairs = [f"{one} to {two}" for one, two in diagnosis.taken if ends & {one, two}]
    return f"; nobody sees {_joined(pairs)}, which are left over as others are" if pairs else ""


def _exchange(wiring: Wiring, repair: Repair) -> tuple[str, str]:
    one, two = sorted((repair.one.device, repair.two.device), key=natural_key)
    whole = f"exchange {one} and {two}: put each in the other's place, or give each the other's name (nodes.csv)"
    near = sorted(
        (natural(wiring.links[a], wiring.links[b]) for a, b in repair.moves if {a, b} <= wiring.links.keys()),
        key=lambda pair: natural_key(str(pair[0])),
    )
    others = sum(port.device == one for port in wiring.makes) - len(near)
    # Management cables are a few of many: with the others unseen they say as little of where a server stands as these of them.
    if others <= 0 or any(make.lanes for pair in near for port in pair if (make := wiring.makes.get(port))):
        return f"{one} and {two} are exchanged: each sees the neighbours of the other", whole
    holes = _joined([_two(*pair) for pair in near])
    return (
        f"{one} and {two} are exchanged, or the cables in {holes.replace(' with ', ' and ')} are: nobody saw the {others} others of each",
        f"if the {others} other cables of each are right (rackwright bringup --only cabling --limit {one} --limit {two} tells), swap {holes}; if not, {whole}",
    )


def _cage(_: Wiring, repair: Repair) -> tuple[str, str]:
    one, two = natural(repair.one, repair.two)
    near = _two(_cage_of(one), _cage_of(two))
    ways = len(repair.moves)
    plug = f"the whole plug or module, with its {ways} ways"
    far = ""
    if repair.other and all(port.name.startswith("swp") for port in repair.other):
        far = f" (or, at the other ends, {_two(*map(_cage_of, natural(*repair.other)))})"
    return f"the cables in {near.replace(' with ', ' and ')} are exchanged", f"swap {near}: {plug}{far}"


def _swap(wiring: Wiring, repair: Repair) -> tuple[str, str]:
    near = _two(*natural(repair.one, repair.two))
    other = repair.other and _two(*natural(*repair.other))
    if not other or not _alike(wiring, repair):
        # At the other ends of cables of two parts each would be put where the other's part belongs.
        where = ""
    elif any(port in wiring.rigid for port in (repair.one, repair.two)) and any(
        p in wiring.rigid for p in repair.other or ()
    ):
        where = f" (at the other ends {other}): single ways of cables that move as a whole, so replace these cables"
    elif repair.one in wiring.rigid or repair.two in wiring.rigid:
        where = f": the ends of the split cable, that is {other}"
    else:
        where = f" (or, at the other ends, {other})"
    return f"the cables in {near.replace(' with ', ' and ')} are exchanged", f"swap {near}{where}"


def _alike(wiring: Wiring, repair: Repair) -> bool:
    """Tell whether the two cables are of one part, so that either makes the link of the other."""
    return len({wiring.makes[port].part for link in repair.links for port in link if port in wiring.makes}) < 2


def _move(wiring: Wiring, repair: Repair) -> tuple[str, str]:
    one, two = repair.one, repair.two
    if one.device in wiring.kinds:
        message = f"the cable that belongs in {two} is in {one}"
    else:
        message = f"the cable that belongs in {two} leads from {wiring.links[two]} to a stranger, {one}"
    target = two.name if one.device == two.device else str(two)
    first = " (free it first if it is taken)" if repair.blind else ""
    return message, f"move the plug in {one} to {target}{first}"


def _insert(wiring: Wiring, repair: Repair) -> tuple[str, str]:
    one, two = (wiring.links[repair.two], wiring.links[repair.one])
    devices = [{port.device for port in link} for link in repair.links]
    shared = sorted(set.intersection(*devices)) if len(devices) > 1 else []
    parts = sorted({wiring.parts[link[0]] for link in repair.links if link[0] in wiring.parts})
    if len(shared) == 1 and len(parts) != 1:
        name = shared[0]
        return (
            f"none of the {len(repair.links)} links of {name} is up",
            f"look at {name}: its power, its adapters or ports, and whether its cables are plugged in",
        )
    which = f" {parts[0]}" if len(parts) == 1 else ""
    if len(repair.links) > 1:
        message = f"none of the {len(repair.links)} ways of the cable{which} is up"
    else:
        message = f"no link between {one} and {two}"
    return message, f"plug in the cable{which} ({one} to {two}), or replace it: it is missing, loose or dead"


def _remove(_: Wiring, repair: Repair) -> tuple[str, str]:
    return (
        f"a cable joins {repair.one} and {repair.two}, where the plan has none",
        f"pull the cable from {repair.one} to {repair.two}",
    )


_WORDS = {
    "exchange": _exchange,
    "cage": _cage,
    "swap": _swap,
    "move": _move,
    "insert": _insert,
    "missing": _insert,
    "remove": _remove,
}


def _two(one: Port, two: Port) -> str:
    """Print two holes: ``be03 swp5s0 with swp5s1``, ``be03 swp5s0 with be04 swp5s0``."""
    return f"{one} with {two.name if one.device == two.device else two}"


def _cage_of(port: Port) -> Port:
    sub = _SUB.fullmatch(port.name)
    return Port(port.device, sub[1]) if sub else port


def _joined(texts: list[str]) -> str:
    more = f" and {len(texts) - _MOST} more" if len(texts) > _MOST else ""
    return ", ".join(texts[:_MOST]) + more
