"""From a tangle to the repairs, in order, each with the links that it is about."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping

from rackwright.audit.cabling.model import Diagnosis, Matching, Port, Repair, Sight, Wiring, natural
from rackwright.audit.cabling.search import Exchange, fewest, ground
from rackwright.audit.cabling.seen import Seen, resolve
from rackwright.audit.cabling.tangle import Strand, Tangle

__all__ = ["apply", "diagnose"]

Pair = tuple[Port, Port]

_FAR: tuple[str, ...] = ("server", "storage", "pdu", "external")


def diagnose(wiring: Wiring, sights: Mapping[Port, Sight], standing: Iterable[str] = ()) -> Diagnosis:
    """Judge what the switches see: which links are right, and the fewest repairs that make the others so.

    ``sights`` holds every port of every switch that could be asked, also those that see nothing; ``standing`` devices that are known to stand
    where they are planned, by links that are not among these.
    """
    seen = resolve(wiring, sights)
    tangle = Tangle(seen.plan, seen.matching)
    known = dict(seen.matching)
    strands = tangle.strands(sorted({*seen.plan, *seen.matching}))
    wrong = [strand for strand in strands if strand.cost]
    place = ground(wiring, tangle, standing)
    plan = fewest(place, tangle, wrong)
    done = [
        (frozenset(port for pair in one.pairs for port in pair), [_large(wiring, tangle, one)])
        for one in plan.exchanges
    ]
    sure = _sure(known, plan.exchanges)
    touched = {port for strand in wrong for port in strand.nodes}
    touched |= {port for exchange in plan.exchanges for pair in exchange.pairs for port in pair}
    touched |= {tangle.seen[port] for port in touched if port in tangle.seen}
    done += [
        (frozenset(strand.nodes), list(_small(wiring, tangle, strand, sure)))
        for strand in tangle.strands(sorted(touched))
        if strand.cost
    ]
    repairs = [step for steps in _joined(done) for step in _numbered(steps)]
    repairs += _missing(wiring, seen)
    return Diagnosis(
        right=tuple((one, two) for one, two in seen.plan.items() if one < two and known.get(one) == two),
        repairs=tuple(repairs),
        fewest=plan.proven,
        unverified=tuple(seen.unverified),
        untold=tuple(seen.untold),
        one_sided=tuple(seen.one_sided),
        contradictions=tuple(seen.contradictions),
        taken=tuple(seen.taken) if len(seen.taken) > 1 else (),
        seen=known,
    )


def _joined(done: Iterable[tuple[frozenset[Port], list[Repair]]]) -> list[list[Repair]]:
    """Put what moves the same plugs into one list: the later step is right only when the earlier one is done."""
    found: list[tuple[frozenset[Port], list[Repair]]] = []
    for ports, steps in done:
        mine = [one for one in found if not one[0].isdisjoint(ports)]
        found = [one for one in found if one[0].isdisjoint(ports)]
        found.append((ports.union(*(one[0] for one in mine)), [step for one in mine for step in one[1]] + steps))
    return [steps for _, steps in found]


def _numbered(steps: list[Repair]) -> Iterator[Repair]:
    large = any(step.kind in {"exchange", "cage"} for step in steps)
    for at, step in enumerate(steps, 1):
        yield step._replace(step=(at, len(steps)), large=large)


def _sure(known: Iterable[Port], exchanges: Iterable[Exchange]) -> set[Port]:
    """Return the holes whose plug was seen, where exchanges have put them: a cage is moved with what nobody sees in it."""
    sure = set(known)
    for exchange in exchanges:
        for one, two in exchange.pairs:
            if (one in sure) != (two in sure):
                sure ^= {one, two}
    return sure


def _large(wiring: Wiring, tangle: Tangle, exchange: Exchange) -> Repair:
    """Make an exchange of devices, cages or plugs in the tangle and tell it."""
    before = {port: tangle.seen.get(port) for pair in exchange.pairs for port in pair}
    about = {
        _ordered(port, tangle.plan[port])
        for port, there in before.items()
        if port in tangle.plan and tangle.plan[port] != there
    }
    tangle.swap(exchange.pairs)
    one, two = exchange.pairs[0]
    other = None
    fars = [wiring.links.get(port) for port in (one, two)]
    if exchange.kind == "cage" and fars[0] is not None and fars[1] is not None:
        other = (fars[0], fars[1])
    return Repair(exchange.kind, one, two, exchange.pairs, other, tuple(sorted(about)))


def _small(wiring: Wiring, tangle: Tangle, strand: Strand, sure: Container[Port]) -> Iterator[Repair]:
    """Put one chain or ring right, plug by plug; no hole of ``sure`` holds a plug that nobody sees."""
    links = tuple(sorted({_ordered(port, tangle.plan[port]) for port in strand.nodes if port in tangle.plan}))
    crowd = Counter(port.device for port in strand.nodes)
    while True:
        ready = [(one, two) for one, two in links if tangle.seen.get(one) != two]
        steps = [step for pair in ready for step in _steps(tangle, pair) if _fits(wiring, tangle, step[0])]
        if not steps:
            break
        best = min(steps, key=lambda step: _preference(wiring, tangle, step, crowd))
        holes, other = best
        if _full(tangle, holes):
            yield Repair("swap", *natural(*holes), (holes,), other, links)
        else:
            yield Repair("move", *holes, (holes,), other, links, blind=holes[1] not in sure)
        tangle.swap([holes])
    for one in (port for pair in ready for port in pair):
        if (far := tangle.seen.get(one)) is not None:
            yield Repair("remove", one, far, links=(_ordered(one, far),))
            del tangle.seen[one], tangle.seen[far]
    for one, two in ready:
        yield Repair("insert", one, two, links=((one, two),))
        tangle.seen[one], tangle.seen[two] = two, one
    for one in strand.nodes:
        far = tangle.seen.get(one)
        if far is not None and one not in tangle.plan and far not in tangle.plan and one < far:
            yield Repair("remove", one, far, links=((one, far),))
            del tangle.seen[one], tangle.seen[far]


def _steps(tangle: Tangle, link: Pair) -> Iterator[tuple[Pair, Pair | None]]:
    """Yield the ways to make one link right with one movement: at its one end, or at its other."""
    one, two = link
    there, back = tangle.seen.get(one), tangle.seen.get(two)
    here = (back, one) if back is not None else None
    yonder = (there, two) if there is not None else None
    if yonder:
        yield yonder, here
    if here:
        yield here, yonder


def _fits(wiring: Wiring, tangle: Tangle, holes: Pair) -> bool:
    """Tell whether a plug can go where it is to go: what joins two switches has no end for a machine, nor the other way round."""
    return _full(tangle, holes) or not _crosses(wiring, holes)


def _crosses(wiring: Wiring, holes: Pair) -> bool:
    kinds = [wiring.kinds.get(port.device, "") for port in holes]
    return all(kinds) and len({kind.startswith(_FAR) for kind in kinds}) > 1


def _full(tangle: Tangle, pair: Pair) -> bool:
    return all(port in tangle.seen for port in pair)


def _preference(
    wiring: Wiring, tangle: Tangle, step: tuple[Pair, Pair | None], crowd: Counter[str]
) -> tuple[object, ...]:
    """Prefer plugs that can be moved alone, of one device, of the device that most is wrong at, of a leaf to a spine to a machine."""
    (one, two), _ = step
    kinds = [wiring.kinds.get(port.device, "") for port in (one, two)]
    return (
        _crosses(wiring, (one, two)),
        # Of two that change places the far ends are told too.
        not wiring.rigid.isdisjoint((one, two)) and not _full(tangle, (one, two)),
        one.device != two.device,
        not all(kinds),
        -max(crowd[one.device], crowd[two.device]) if one.device == two.device else 0,
        any(kind.startswith(_FAR) for kind in kinds),
        any(kind.startswith(("spine", "superspine")) for kind in kinds),
        min(one, two),
        max(one, two),
    )


def _missing(wiring: Wiring, seen: Seen) -> Iterator[Repair]:
    """Gather links without light: a device of which all are, a part of which all are, single ones."""
    alive = {port.device for pair in seen.unverified for port in pair} | {port.device for port in seen.matching}
    left = dict.fromkeys(seen.dark)
    for device, pairs in sorted(_by(seen.dark, _devices), key=lambda item: (-len(item[1]), item[0])):
        mine = [pair for pair in pairs if pair in left]
        if len(mine) > 1 and device not in alive:
            yield _insert(mine)
            for pair in mine:
                del left[pair]
    size = Counter(wiring.parts.get(one) for one, _ in wiring.pairs()) if left else {}
    for part, pairs in _by(left, lambda pair: [wiring.parts.get(pair[0], "")]):
        if part and len(pairs) == size[part]:
            yield _insert(pairs)
        else:
            yield from (_insert([pair]) for pair in pairs)


def _devices(pair: Pair) -> list[str]:
    """Return the devices of a link, each once: an out-of-band switch may carry its own management port."""
    return list(dict.fromkeys(port.device for port in pair))


def _by(pairs: Iterable[Pair], keys: Callable[[Pair], Iterable[str]]) -> list[tuple[str, list[Pair]]]:
    found: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        for key in keys(pair):
            found[key].append(pair)
    return list(found.items())


def _insert(pairs: Iterable[Pair]) -> Repair:
    links = tuple(sorted(pairs))
    return Repair("missing", *links[0], links=links)


def _ordered(one: Port, two: Port) -> Pair:
    return (one, two) if one < two else (two, one)


def apply(diagnosis: Diagnosis) -> Matching:
    """Return the matching after all repairs, for who wants to see that they lead to the plan."""
    matching = dict(diagnosis.seen)
    for repair in diagnosis.repairs:
        repair.apply(matching)
    return matching
