"""Leaf pairs with EVPN multihoming: front end, converged pair, and more pairs under spines as it grows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import NamedTuple

from rackwright.catalog.models import Breakout, Catalog
from rackwright.intent.models import External, Fabric, Site
from rackwright.plan.cages import Block, Cages, counted_port, parse_port, port_range, ways_of
from rackwright.plan.clos import parse_ratio, uplinks
from rackwright.plan.lock import Lock, recable
from rackwright.plan.model import Device, End, Layout, Link
from rackwright.plan.pair_entries import Entry, link_split, resolve_entry, sides
from rackwright.plan.wiring import PortUse, Wiring, breakout, cage_count, gbps, host_end

__all__ = ["wire_pair"]

_SPARE_CAGES = 6
"""Cages kept for external links and out-of-band uplinks when leaf pairs are counted."""


class _Pairs(NamedTuple):
    """How a fabric is cut into leaf pairs."""

    pairs: int
    chunk: dict[str, int]
    """Machines of an entry on one pair."""
    up: int
    """Uplinks of a leaf; 0: one pair with links between its leaves."""
    spines: int


class _Frame(NamedTuple):
    """What stays the same while one fabric is wired."""

    key: str
    fabric: Fabric
    cages: Cages
    """Those of a leaf."""
    entries: tuple[Entry, ...]
    lock: Lock
    wiring: Wiring


class _Row(NamedTuple):
    """An attach entry as it lies on every pair: ``chunk`` machines in a block of its own."""

    entry: Entry
    chunk: int
    place: Block


def wire_pair(key: str, site: Site, catalog: Catalog, lock: Lock, wiring: Wiring) -> None:
    """Wire one EVPN fabric: hosts, links between the leaves or to spines, external links."""
    fabric = site.fabrics[key]
    cages = Cages(key, catalog.switches[fabric.leaves.model], lock, wiring)
    entries = [resolve_entry(cages, index, attach, site, catalog) for index, attach in enumerate(fabric.attach)]
    frame = _Frame(key, fabric, cages, tuple(entry for entry in entries if entry is not None), lock, wiring)
    pairs = _pairs(frame)
    if pairs is None:
        return
    leaves = _switches(frame, pairs)
    wiring.leaves[key] = leaves
    _pin(frame, pairs)
    _pin_uplinks(frame, site)
    for entry in frame.entries:
        _wire_entry(frame, entry, pairs.chunk[entry.key], leaves)
    if pairs.pairs == 1:
        _wire_isl(frame, leaves[0])
    else:
        _wire_spines(frame, pairs, leaves)
    for index, external in enumerate(fabric.external):
        _wire_external(frame, index, external, leaves[0])
    _set_aside(frame, leaves)
    wiring.layouts.append(_layout(frame, pairs))


def _pin(frame: _Frame, pairs: _Pairs) -> None:
    """Hold every pinned cage of a leaf first, so that the order of entries does not matter."""
    fabric, cages = frame.fabric, frame.cages
    for entry in frame.entries:
        if entry.attach.at:
            count = entry.per_leaf * pairs.chunk[entry.key] + entry.attach.unused_bonds
            cages.pin(entry.key, count, entry.split, entry.attach.at)
    if fabric.isl and fabric.isl.at and pairs.pairs == 1:
        cages.pin("isl", _isl_links(frame), _isl_split(frame), fabric.isl.at)
    for external in fabric.external:
        split = link_split(external, cages.model)
        for number, (at, count) in enumerate(_external_blocks(external)):
            if at:
                cages.pin(f"external.{external.name}.{number}", count, split, at)
    for word in (part.strip() for words in fabric.spare for part in words.split(",")):
        run = port_range(word)
        frame.lock.hold(f"{frame.key}.cage", f"spare@{word}", run[0] - 1, len(run))


def _pin_uplinks(frame: _Frame, site: Site) -> None:
    """Hold the first pinned cage of the out-of-band uplinks, with the one it shuts off.

    How many follow is known when those switches are counted.
    """
    pool = f"{frame.key}.cage"
    for name, other in site.fabrics.items():
        if other.uplink is not None and other.uplink.to == frame.key and other.uplink.at:
            held = f"uplink.{name}@{other.uplink.at}"
            if held not in frame.lock.view().get(pool, {}):
                split = link_split(other.uplink, frame.cages.model)
                size = split.cages_for(1) if split is not None else 1
                frame.lock.hold(pool, held, parse_port(other.uplink.at)[0] - 1, size)


def _pairs(frame: _Frame) -> _Pairs | None:
    """Return the least number of pairs that takes every machine of the build-out target; as many as stand at least."""
    key, fabric, entries, model, lock = frame.key, frame.fabric, frame.entries, frame.cages.model, frame.lock
    stated = fabric.leaves.count
    laid = {name: number for name, (number, _) in lock.view().get(f"{key}.shape", {}).items()}
    kept, standing = laid.get("pairs", 0), (laid.get("up", 0), laid.get("spines", 0))
    single = stated == 2 or (fabric.isl is not None and stated == "auto" and _fits_one(frame))
    if not kept and (single or _stands_alone(key, lock)):
        if single:
            return _one_pair(frame)
        _outgrown(frame, stated)
        return None
    wanted = stated // 2 if isinstance(stated, int) else 0
    ratio, radix = parse_ratio(fabric.oversubscription), 2 * cage_count(model)
    machines = _machines(entries)
    # A pair takes for good what it was laid out for: more machines take more pairs.
    full = {name: size for name, (size, _) in lock.view().get(f"{key}.chunk", {}).items() if name in machines}
    for count in range(max(wanted, kept, 2, *(-(-machines[name] // size) for name, size in full.items())), radix):
        chunk = {name: -(-number // count) for name, number in machines.items()}
        down = sum(entry.per_leaf * chunk[entry.key] * entry.speed for entry in entries)
        need = max(-(-int(down) // int(400 * ratio)), 2)
        up, above = _upwards(fabric, 2 * count, need, radix, standing)
        # Who states the number of leaves says how much room is left on them.
        spare = 0 if count == wanted else _SPARE_CAGES
        if up and _cages(entries, count) + -(-up // 2) + spare <= cage_count(model):
            if wanted not in (0, count):
                _miscounted(frame, wanted, count, kept, next((n for n in full if full[n] * wanted < machines[n]), ""))
                return None
            for name, number in (("pairs", count), ("up", up), ("spines", above)):
                lock.keep(f"{key}.shape", name, number)
            chunk = {name: lock.keep(f"{key}.chunk", name, size) for name, size in chunk.items()}
            return _Pairs(count, chunk, up, above)
    frame.wiring.wrong(
        ("fabrics", key),
        f"{sum(len(e.names) for e in entries)} machines do not fit leaf pairs under two tiers of {model.name}"
        f" at {fabric.oversubscription}",
        f"keep to what {standing[1]} spines and {standing[0]} links a leaf carry, or {_anew(key)}"
        if standing[0]
        else "allow more oversubscription, e.g. `oversubscription: 3:1`, or cut the fabric in two",
    )
    return None


def _machines(entries: Sequence[Entry]) -> dict[str, int]:
    """Return the machines up to the build-out target of each block, one at least."""
    found: dict[str, int] = {}
    for entry in entries:
        found[entry.key] = max(found.get(entry.key, 0) + len(entry.names), 1)
    return found


def _stands_alone(key: str, lock: Lock) -> bool:
    """Say whether the fabric was laid out as one pair, whose leaves are linked to each other."""
    return any(held.partition("@")[0] == "isl" for held in lock.view().get(f"{key}.cage", {}))


def _one_pair(frame: _Frame) -> _Pairs | None:
    """Return one pair, or None when more machines would move the links of those that stand.

    Where a machine has several links on a leaf, its second lies behind the first ones of all.
    """
    chunk = _machines(frame.entries)
    for entry in frame.entries:
        if entry.by_link and entry.per_leaf > 1:
            laid = frame.lock.keep(f"{frame.key}.chunk", entry.key, chunk[entry.key])
            if chunk[entry.key] > laid:
                frame.wiring.wrong(
                    ("fabrics", frame.key, "attach", entry.number),
                    f"{chunk[entry.key]} machines exceed the {laid} that {entry.key} was laid out for: the links of"
                    f" those that stand would move, since each has {entry.per_leaf} on a leaf",
                    f"keep max at {laid} and attach what is new as a group of its own,"
                    f" or {recable(f'{frame.key}.chunk/{entry.key}')}",
                )
                return None
            chunk[entry.key] = laid
    return _Pairs(1, chunk, 0, 0)


def _every_machine(frame: _Frame) -> int:
    """Return the number of machines up to the build-out target."""
    return len({name for entry in frame.entries for name in entry.names})


def _outgrown(frame: _Frame, stated: int | str) -> None:
    """Say that a fabric which stands as one pair cannot become several without moving what stands."""
    why = f"{stated} leaves are stated" if stated != "auto" else f"{_every_machine(frame)} machines up to max want more"
    frame.wiring.wrong(
        ("fabrics", frame.key, "leaves"),
        f"{frame.key} was laid out as one pair and {why}: machines would move to other pairs, and the links between the"
        " leaves to spines",
        "state `count: 2` and put what is new on a fabric of its own,"
        f" or {recable(*(f'{frame.key}.{pool}' for pool in ('cage', 'chunk')), *_stating(frame.key, stated != 'auto'))}",
    )


def _miscounted(frame: _Frame, wanted: int, pairs: int, kept: int, full: str) -> None:
    """Say that another number of leaves than the stated one follows; ``full`` is a block that takes no more on a pair."""
    size = frame.lock.view().get(f"{frame.key}.chunk", {}).get(full, (0, 0))[0]
    takes = f"takes {2 * pairs} for {_every_machine(frame)} machines up to max"
    if kept == pairs:
        takes = f"was laid out with {2 * pairs}"
    elif full:
        takes = f"takes {2 * pairs}, since each pair was laid out for {size} of {full} and {_machines(frame.entries)[full]} are wanted up to max"
    remedy = f"state {2 * pairs} or auto"
    if kept:
        remedy += f", which moves nothing that stands, or {_anew(frame.key, stated=kept == pairs)}"
    frame.wiring.wrong(
        ("fabrics", frame.key, "leaves", "count"), f"{2 * wanted} leaves are stated; {frame.key} {takes}", remedy
    )


def _anew(key: str, *, stated: bool = False) -> str:
    """Return the consent to lay out the pairs of a fabric as if it were new; ``stated``: by another number than before."""
    return recable(*(f"{key}.{pool}" for pool in ("cage", "chunk", "shape")), *_stating(key, stated))


def _stating(key: str, stated: bool) -> tuple[str, ...]:
    return (f"wishes/fabrics.{key}",) if stated else ()


def _upwards(fabric: Fabric, leaves: int, need: int, radix: int, standing: tuple[int, int]) -> tuple[int, int]:
    """Return the uplinks of a leaf, ``need`` at least, and the spines they go to; (0, 0) when no number fits.

    What once stood (``standing``) is kept: other numbers would move every link.
    """
    stated = fabric.spines.count
    if standing[0]:
        up, above = standing
        fits = need <= up and leaves * up // above <= radix and stated in ("auto", above)
        return standing if fits else (0, 0)
    return uplinks(leaves, need, radix, most=radix - 1, count=0 if stated == "auto" else max(stated, 0))


def _fits_one(frame: _Frame) -> bool:
    return _cages(frame.entries, 1) + _SPARE_CAGES < cage_count(frame.cages.model)


def _cages(entries: Sequence[Entry], count: int) -> int:
    """Return the cages that the machines of one of ``count`` pairs take on a leaf."""
    total = 0
    for entry in entries:
        ports = entry.per_leaf * max(-(-len(entry.names) // count), 1) + entry.attach.unused_bonds
        total += entry.split.cages_for(ports)
    return total


def _switches(frame: _Frame, pairs: _Pairs) -> tuple[tuple[str, ...], ...]:
    """Add the switches and return the leaf names pair by pair."""
    key, fabric, devices = frame.key, frame.fabric, frame.wiring.devices
    width = max(2, len(str(2 * pairs.pairs)))
    found = []
    for pair in range(pairs.pairs):
        names = tuple(f"{fabric.leaves.name}{2 * pair + side + 1:0{width}d}" for side in (0, 1))
        found.append(names)
        for side, name in enumerate(names):
            devices.append(
                Device(name, "leaf", fabric.leaves.model, key, 2 * pair + side + 1, fabric=key, unit=pair + 1)
            )
    for number, name in enumerate(_spines(fabric, pairs), 1):
        devices.append(Device(name, "spine", fabric.spines.model or fabric.leaves.model, key, number, fabric=key))
    return tuple(found)


def _spines(fabric: Fabric, pairs: _Pairs) -> list[str]:
    """Return the names of the spines."""
    stem = fabric.spines.name or f"{fabric.leaves.name}-spine"
    return [f"{stem}{number:02d}" for number in range(1, pairs.spines + 1)]


def _wire_entry(frame: _Frame, entry: Entry, chunk: int, leaves: tuple[tuple[str, ...], ...]) -> None:
    """Wire every machine of an entry and lay out the places of those to come."""
    key, wiring = frame.key, frame.wiring
    count = entry.per_leaf * chunk + entry.attach.unused_bonds
    place = frame.cages.block(entry.key, count, entry.split, entry.attach.at)
    if place is None:
        return
    row = _Row(entry, chunk, place)
    standing = {device.name for device in wiring.devices if device.role in ("server", "storage")}
    for name in entry.names:
        slot = frame.lock.take(f"{key}.slot.{entry.key}", name)
        pair, inner = divmod(slot, chunk)
        if pair >= len(leaves):
            wiring.wrong(
                ("fabrics", key, "attach", entry.number),
                f"{name} is machine {slot + 1} of {entry.key} and {len(leaves)} pair(s) of {chunk} are laid out",
                f"free machines that are gone with `rackwright plan --free`, or state leaves.count: {2 * pair + 2}",
            )
            return
        if name in standing:
            wiring.places[(key, name)] = pair
        _wire_machine(frame, row, name, leaves[pair], inner, stands=name in standing)
    for pair_leaves in leaves:
        for number in range(entry.attach.unused_bonds):
            for leaf in pair_leaves:
                position = entry.per_leaf * chunk + number
                wiring.lay(leaf, place.use(position, "host", entry.speed, attach=entry.number,
                                           bond=f"unused.{entry.key}.{number}", state="unused-bond"))  # fmt: skip


def _wire_machine(frame: _Frame, row: _Row, name: str, pair: tuple[str, ...], inner: int, *, stands: bool) -> None:
    """Wire the machine that is number ``inner`` of its pair, or lay out its place."""
    entry, chunk, place = row
    bonded = entry.attach.bond == "lacp"
    seen = [0, 0]
    for port, side in zip(entry.ports, sides(entry), strict=True):
        number = seen[side]
        seen[side] += 1
        position = number * chunk + inner if entry.by_link else inner * entry.per_leaf + number
        bond = f"{name}.{entry.key}.{number * (entry.attach.bonds or 1) // entry.per_leaf}" if bonded else ""
        link, rail = -1, 0 if bonded else entry.ports.index(port) + 1
        plane = 0 if bonded or len(entry.attach.adapter_ports) != 1 else port.port
        if stands:
            link = frame.wiring.add(
                Link(frame.key, "host", place.end(pair[side], position), host_end(name, port), entry.speed,
                     entry.split.lanes_per_port, entry.attach.media, rail, plane, entry.number)
            )  # fmt: skip
        frame.wiring.lay(
            pair[side],
            place.use(position, "host" if stands else "reserved", entry.speed, attach=entry.number, link=link,
                      node=name, bond=bond, state="used" if stands else "reserved", rail=rail),
        )  # fmt: skip


def _isl_links(frame: _Frame) -> int:
    """Return the links between the leaves: as stated, or by ratio to the GPU ports of a leaf."""
    isl = frame.fabric.isl
    if isl is not None and isl.links != "auto":
        return isl.links
    single = [entry for entry in frame.entries if entry.attach.bond == "none"]
    now = isl is not None and isl.for_ == "count"
    ports = sum(entry.per_leaf * (entry.standing if now else len(entry.names)) for entry in single) or 8
    return int(-(-ports // parse_ratio(isl.ratio if isl else "1:1")))


def _isl_speed(frame: _Frame) -> float:
    return gbps(frame.fabric.isl.speed) if frame.fabric.isl else 400.0


def _isl_split(frame: _Frame) -> Breakout | None:
    speed = _isl_speed(frame)
    return breakout(frame.cages.model, speed, max(int(speed) // 100, 1))


def _wire_isl(frame: _Frame, pair: tuple[str, ...]) -> None:
    """Wire the two leaves of a single pair to each other, like port to like port."""
    isl, wiring = frame.fabric.isl, frame.wiring
    speed, count = _isl_speed(frame), _isl_links(frame)
    place = frame.cages.block("isl", count, _isl_split(frame), isl.at if isl else None)
    if place is None:
        return
    media = isl.media if isl else "dac"
    for position in range(count):
        ends = [place.end(leaf, position) for leaf in pair]
        link = wiring.add(Link(frame.key, "isl", ends[0], ends[1], speed, place.lanes, media))
        for leaf, other in zip(pair, reversed(pair), strict=True):
            wiring.lay(leaf, place.use(position, "isl", speed, link=link, node=other))


def _wire_spines(frame: _Frame, pairs: _Pairs, leaves: tuple[tuple[str, ...], ...]) -> None:
    """Wire every leaf of many pairs to every spine."""
    fabric, wiring, speed = frame.fabric, frame.wiring, _isl_speed(frame)
    media = fabric.spines.media or (fabric.isl.media if fabric.isl else "dr4")
    place = frame.cages.block("spines", pairs.up, _isl_split(frame))
    if place is None:
        return
    each = pairs.up // pairs.spines
    above = Block(1, 0, place.mode, place.lanes, 1)
    names = _spines(fabric, pairs)
    for number, leaf in enumerate(name for pair in leaves for name in pair):
        for position in range(pairs.up):
            spine, lane = divmod(position, each)
            name, top = names[spine], number * each + lane
            link = wiring.add(
                Link(frame.key, "fabric", above.end(name, top), place.end(leaf, position), speed, place.lanes, media)
            )
            wiring.lay(name, above.use(top, "fabric", speed, link=link, node=leaf))
            wiring.lay(leaf, place.use(position, "fabric", speed, link=link, node=name))


def _external_blocks(external: External) -> list[tuple[str | None, int]]:
    """Return (pin, links) of each block of an external entry; what no pin is given for takes the next free cages."""
    pins: list[str | None] = [*external.at]
    links = external.links_per_leaf
    each = external.links_per_cage or -(-links // max(len(pins), 1))
    number = max(-(-links // each), len(pins))
    return [(pins[at] if at < len(pins) else None, each) for at in range(number)]


def _wire_external(frame: _Frame, index: int, external: External, pair: tuple[str, ...]) -> None:
    """Wire the links to switches of others; they go to the peers in turn, port after port."""
    wiring, speed, split = frame.wiring, gbps(external.speed), link_split(external, frame.cages.model)
    peers = external.peers or (external.name,)
    known = {device.name for device in wiring.devices}
    strangers = [peer for peer in dict.fromkeys(peers) if peer not in known]
    wiring.devices += [Device(peer, "external", "", group=external.name) for peer in strangers]
    blocks = _external_blocks(external)
    per_cage = blocks[0][1]
    places = [
        frame.cages.block(f"external.{external.name}.{n}", count, split, at) for n, (at, count) in enumerate(blocks)
    ]
    stem, first = counted_port(external.peer_ports or "")
    turns = cycle(peers)
    steps: dict[str, int] = {}
    for leaf in pair:
        for number in range(external.links_per_leaf):
            place = places[number // per_cage]
            if place is None:
                continue
            peer = next(turns)
            step = steps[peer] = steps.get(peer, -1) + 1
            port = f"{stem}{int(first) + step}" if first else f"to-{leaf}-{number + 1}"
            position = number % per_cage
            link = wiring.add(
                Link(frame.key, "external", place.end(leaf, position), End(peer, port), speed, place.lanes,
                     external.media, attach=index)
            )  # fmt: skip
            wiring.lay(leaf, place.use(position, "external", speed, attach=index, link=link, node=peer))


def _set_aside(frame: _Frame, leaves: tuple[tuple[str, ...], ...]) -> None:
    """Lay out spare cages: split, up, without a stanza for their sub-ports."""
    for ports, mode in frame.fabric.spare.items():
        for leaf in (name for pair in leaves for name in pair):
            for cage in port_range(ports):
                frame.wiring.lay(leaf, PortUse(cage, -1, "spare", mode, 8 // ways_of(mode), 0.0, state="spare"))


def _layout(frame: _Frame, pairs: _Pairs) -> Layout:
    stand = sum(1 for fabric, _ in frame.wiring.places if fabric == frame.key)
    down = sum(entry.per_leaf * pairs.chunk[entry.key] * entry.speed for entry in frame.entries)
    up = 400.0 * (pairs.up or _isl_links(frame))
    return Layout(
        frame.key, frame.fabric.topology, 2 if pairs.spines else 1, 1, 2 * pairs.pairs, pairs.spines, 0, pairs.pairs,
        max(pairs.chunk.values(), default=0), pairs.up // pairs.spines if pairs.spines else 0, 0, down, up, stand,
        _every_machine(frame),
    )  # fmt: skip
