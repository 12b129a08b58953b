"""Leaf pairs with EVPN multihoming: front end, converged pair, and more pairs under spines as it grows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rackwright.catalog.models import Breakout, Catalog, SwitchModel
from rackwright.intent.models import External, Fabric, Site
from rackwright.plan.cages import Block, block, counted_port, parse_port, pin, port_range
from rackwright.plan.clos import parse_ratio, spines
from rackwright.plan.lock import Lock
from rackwright.plan.model import Device, End, Layout, Link
from rackwright.plan.pair_entries import ONE_LANE, Entry, resolve_entry, sides, uplink_split
from rackwright.plan.wiring import PortUse, Wiring, breakout, cage_count, gbps, host_end

__all__ = ["wire_pair"]

_SPARE_CAGES = 6
"""Cages kept for external links and out-of-band uplinks when leaf pairs are counted."""
_MORE_LINKS = 4
"""A leaf may have a quarter more uplinks than needed where that saves spines."""


class _Pairs(NamedTuple):
    """How a fabric is cut into leaf pairs."""

    pairs: int
    chunk: dict[str, int]
    """Machines of an entry on one pair."""
    up: int
    """Uplinks of a leaf; 0: one pair with links between its leaves."""
    spines: int


def wire_pair(key: str, site: Site, catalog: Catalog, lock: Lock, wiring: Wiring) -> None:
    """Wire one EVPN fabric: hosts, links between the leaves or to spines, external links."""
    fabric = site.fabrics[key]
    model = catalog.switches[fabric.leaves.model]
    entries = [
        entry
        for index, attach in enumerate(fabric.attach)
        if (entry := resolve_entry(key, index, attach, site, catalog, model, lock, wiring)) is not None
    ]
    pairs = _pairs(key, fabric, entries, model, lock, wiring)
    if pairs is None:
        return
    leaves = _leaves(key, fabric, pairs, wiring)
    wiring.leaves[key] = leaves
    _pin(key, fabric, entries, pairs, model, lock)
    _pin_uplinks(key, site, model, lock)
    for entry in entries:
        _wire_entry(key, entry, pairs.chunk[entry.key], leaves, model, lock, wiring)
    if pairs.pairs == 1:
        _wire_isl(key, fabric, entries, leaves[0], model, lock, wiring)
    else:
        _wire_spines(key, fabric, pairs, leaves, model, lock, wiring)
    for index, external in enumerate(fabric.external):
        _wire_external(key, index, external, leaves[0], model, lock, wiring)
    _set_aside(fabric, leaves, wiring)
    stand = sum(1 for fabric_key, _ in wiring.places if fabric_key == key)
    wiring.layouts.append(_layout(key, fabric, entries, pairs, stand))


def _pin(key: str, fabric: Fabric, entries: Sequence[Entry], pairs: _Pairs, model: SwitchModel, lock: Lock) -> None:
    """Hold every pinned cage of a leaf first, so that the order of entries does not matter."""
    for entry in entries:
        if entry.attach.at:
            count = entry.per_leaf * pairs.chunk[entry.key] + entry.attach.unused_bonds
            pin(key, entry.key, count, entry.split, lock, entry.attach.at)
    if fabric.isl and fabric.isl.at and pairs.pairs == 1:
        pin(key, "isl", _isl_links(fabric, entries), _isl_split(fabric, model), lock, fabric.isl.at)
    for external in fabric.external:
        split = _external_split(external, model)
        for number, (at, count) in enumerate(_external_blocks(external)):
            if at:
                pin(key, f"external.{external.name}.{number}", count, split, lock, at)
    for word in fabric.spare:
        cages = port_range(word)
        lock.hold(f"{key}.cage", f"spare@{word}", cages[0] - 1, len(cages))


def _pin_uplinks(key: str, site: Site, model: SwitchModel, lock: Lock) -> None:
    """Hold the first pinned cage of the out-of-band uplinks, with the one it shuts off.

    How many follow is known when those switches are counted.
    """
    for name, other in site.fabrics.items():
        if other.uplink is not None and other.uplink.to == key and other.uplink.at:
            held = f"uplink.{name}@{other.uplink.at}"
            if held not in lock.view().get(f"{key}.cage", {}):
                split = uplink_split(other.uplink, model)
                size = 2 if split is not None and split.disables_next else 1
                lock.hold(f"{key}.cage", held, parse_port(other.uplink.at)[0] - 1, size)


def _pairs(
    key: str, fabric: Fabric, entries: Sequence[Entry], model: SwitchModel, lock: Lock, wiring: Wiring
) -> _Pairs | None:
    """Return the least number of pairs that takes every machine of the build-out target; as many as stand at least."""
    stated = fabric.leaves.count
    laid = {name: number for name, (number, _) in lock.view().get(f"{key}.shape", {}).items()}
    kept, standing = laid.get("pairs", 0), (laid.get("up", 0), laid.get("spines", 0))
    single = stated == 2 or (fabric.isl is not None and stated == "auto" and _fits(entries, 1, model))
    if not kept and (single or _stands_alone(key, lock)):
        if single:
            return _one_pair(key, entries, lock, wiring)
        _outgrown(key, stated, entries, wiring)
        return None
    wanted = stated // 2 if isinstance(stated, int) else 0
    ratio, radix = parse_ratio(fabric.oversubscription), 2 * cage_count(model)
    for count in range(max(wanted, kept, 2), radix):
        chunk = {name: -(-machines // count) for name, machines in _machines(entries).items()}
        down = sum(entry.per_leaf * chunk[entry.key] * entry.speed for entry in entries)
        need = max(-(-int(down) // int(400 * ratio)), 2)
        up, above = _upwards(fabric, 2 * count, need, radix, standing)
        if up and _cages(entries, count) + -(-up // 2) + _SPARE_CAGES <= cage_count(model):
            if wanted not in (0, count):
                _miscounted(key, 2 * wanted, 2 * count, entries, wiring, standing=kept == count)
                return None
            for name, number in (("pairs", count), ("up", up), ("spines", above)):
                lock.keep(f"{key}.shape", name, number)
            chunk = {name: lock.keep(f"{key}.chunk", name, size) for name, size in chunk.items()}
            return _Pairs(count, chunk, up, above)
    wiring.wrong(
        ("fabrics", key),
        f"{sum(len(e.names) for e in entries)} machines do not fit leaf pairs under two tiers of {model.name}"
        f" at {fabric.oversubscription}",
        f"keep to what {standing[1]} spines and {standing[0]} links a leaf carry, or remove site.lock and recable"
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


def _one_pair(key: str, entries: Sequence[Entry], lock: Lock, wiring: Wiring) -> _Pairs | None:
    """Return one pair, or None when more machines would move the links of those that stand.

    Where a machine has several links on a leaf, its second lies behind the first ones of all.
    """
    chunk = _machines(entries)
    for entry in entries:
        if entry.attach.bond == "lacp" and entry.per_leaf > 1:
            laid = lock.keep(f"{key}.chunk", entry.key, chunk[entry.key])
            if chunk[entry.key] > laid:
                wiring.wrong(
                    ("fabrics", key, "attach", entry.number),
                    f"{chunk[entry.key]} machines exceed the {laid} that {entry.key} was laid out for: the links of"
                    f" those that stand would move, since each has {entry.per_leaf} on a leaf",
                    f"keep max at {laid} and attach what is new as a group of its own, or remove site.lock and recable",
                )
                return None
            chunk[entry.key] = laid
    return _Pairs(1, chunk, 0, 0)


def _outgrown(key: str, stated: int | str, entries: Sequence[Entry], wiring: Wiring) -> None:
    """Say that a fabric which stands as one pair cannot become several without moving what stands."""
    machines = len({name for entry in entries for name in entry.names})
    why = f"{stated} leaves are stated" if stated != "auto" else f"{machines} machines up to max want more"
    wiring.wrong(
        ("fabrics", key, "leaves"),
        f"{key} was laid out as one pair and {why}: machines would move to other pairs, and the links between the"
        " leaves to spines",
        "state `count: 2` and put what is new on a fabric of its own, or remove site.lock and take the recabling",
    )


def _miscounted(key: str, stated: int, count: int, entries: Sequence[Entry], wiring: Wiring, *, standing: bool) -> None:
    """Say that another number of leaves than the stated one follows."""
    machines = len({name for entry in entries for name in entry.names})
    wiring.wrong(
        ("fabrics", key, "leaves", "count"),
        f"{stated} leaves are stated; {key} "
        + (f"was laid out with {count}" if standing else f"takes {count} for {machines} machines up to max"),
        f"state {count} or auto" + (", or remove site.lock and take the recabling" if standing else ""),
    )


def _upwards(fabric: Fabric, leaves: int, need: int, radix: int, standing: tuple[int, int]) -> tuple[int, int]:
    """Return the uplinks of a leaf, ``need`` at least, and the spines they go to; (0, 0) when no number fits.

    What once stood (``standing``) is kept: other numbers would move every link. A few links more than needed
    may save many spines, since the spines must divide the links: 53 links want 53 spines, 54 only 9.
    """
    stated = fabric.spines.count
    if standing[0]:
        up, above = standing
        fits = need <= up and leaves * up // above <= radix and stated in ("auto", above)
        return standing if fits else (0, 0)
    if isinstance(stated, int) and stated > 0:
        up = -(-need // stated) * stated
        return (up, stated) if leaves * up // stated <= radix else (0, 0)
    near = range(need, min(need + need // _MORE_LINKS + 2, radix))
    above, up = min(((n, up) for up in near if (n := spines(leaves, up, radix, least=2))), default=(0, 0))
    return up, above


def _fits(entries: Sequence[Entry], count: int, model: SwitchModel) -> bool:
    return _cages(entries, count) + _SPARE_CAGES < cage_count(model)


def _cages(entries: Sequence[Entry], count: int) -> int:
    """Return the cages that the machines of one of ``count`` pairs take on a leaf."""
    total = 0
    for entry in entries:
        ways = int(entry.split.mode.removesuffix("x"))
        ports = entry.per_leaf * max(-(-len(entry.names) // count), 1) + entry.attach.unused_bonds
        total += -(-ports // ways) * (2 if entry.split.disables_next else 1)
    return total


def _leaves(key: str, fabric: Fabric, pairs: _Pairs, wiring: Wiring) -> tuple[tuple[str, ...], ...]:
    """Add the switches and return the leaf names pair by pair."""
    width = max(2, len(str(2 * pairs.pairs)))
    stem, found = fabric.leaves.name, []
    for pair in range(pairs.pairs):
        names = tuple(f"{stem}{2 * pair + side + 1:0{width}d}" for side in (0, 1))
        found.append(names)
        for side, name in enumerate(names):
            wiring.devices.append(
                Device(name, "leaf", fabric.leaves.model, key, 2 * pair + side + 1, fabric=key, unit=pair + 1)
            )
    above = fabric.spines.name or f"{stem}-spine"
    for number in range(pairs.spines):
        name = f"{above}{number + 1:02d}"
        model = fabric.spines.model or fabric.leaves.model
        wiring.devices.append(Device(name, "spine", model, key, number + 1, fabric=key))
    return tuple(found)


def _wire_entry(
    key: str, entry: Entry, chunk: int, leaves: tuple[tuple[str, ...], ...], model: SwitchModel, lock: Lock,
    wiring: Wiring,
) -> None:  # fmt: skip
    """Wire every machine of an entry and lay out the places of those to come."""
    count = entry.per_leaf * chunk + entry.attach.unused_bonds
    place = block(key, entry.key, count, entry.split, model, lock, wiring, entry.attach.at)
    if place is None:
        return
    standing = {device.name for device in wiring.devices if device.role in ("server", "storage")}
    for name in entry.names:
        slot = lock.take(f"{key}.slot.{entry.key}", name)
        pair, inner = divmod(slot, chunk)
        if pair >= len(leaves):
            wiring.wrong(
                ("fabrics", key, "attach", entry.number),
                f"{name} is machine {slot + 1} of {entry.key} and {len(leaves)} pair(s) of {chunk} are laid out",
                "set max from the start, or free machines that are gone with `rackwright plan --free`",
            )
            return
        if name in standing:
            wiring.places[(key, name)] = pair
        _wire_machine(key, entry, name, name in standing, inner, chunk, leaves[pair], place, wiring)
    for pair_leaves in leaves:
        for number in range(entry.attach.unused_bonds):
            for leaf in pair_leaves:
                position = entry.per_leaf * chunk + number
                wiring.lay(leaf, place.use(position, "host", entry.speed, attach=entry.number,
                                           bond=f"unused.{entry.key}.{number}", state="unused-bond"))  # fmt: skip


def _wire_machine(
    key: str, entry: Entry, name: str, stands: bool, inner: int, chunk: int, pair: tuple[str, ...], place: Block,
    wiring: Wiring,
) -> None:  # fmt: skip
    bonded = entry.attach.bond == "lacp"
    seen = [0, 0]
    for port, side in zip(entry.ports, sides(entry), strict=True):
        number = seen[side]
        seen[side] += 1
        # Bonded links run link by link over the machines, single ones machine by machine (as NVIDIA's maps do).
        position = number * chunk + inner if bonded else inner * entry.per_leaf + number
        bond = f"{name}.{entry.key}.{number * (entry.attach.bonds or 1) // entry.per_leaf}" if bonded else ""
        link, rail = -1, 0 if bonded else entry.ports.index(port) + 1
        if stands:
            link = wiring.add(
                Link(key, "host", place.end(pair[side], position), host_end(name, port), entry.speed,
                     entry.split.lanes_per_port, entry.attach.media, rail, 0, entry.number)
            )  # fmt: skip
        wiring.lay(
            pair[side],
            place.use(position, "host" if stands else "reserved", entry.speed, attach=entry.number, link=link,
                      node=name, bond=bond, state="used" if stands else "reserved", rail=rail),
        )  # fmt: skip


def _isl_links(fabric: Fabric, entries: Sequence[Entry]) -> int:
    """Return the links between the leaves: as stated, or by ratio to the GPU ports of a leaf."""
    isl = fabric.isl
    if isl is not None and isl.links != "auto":
        return isl.links
    single = [entry for entry in entries if entry.attach.bond == "none"]
    now = isl is not None and isl.for_ == "count"
    ports = sum(entry.per_leaf * (entry.standing if now else len(entry.names)) for entry in single) or 8
    return int(-(-ports // parse_ratio(isl.ratio if isl else "1:1")))


def _isl_speed(fabric: Fabric) -> float:
    return gbps(fabric.isl.speed) if fabric.isl else 400.0


def _isl_split(fabric: Fabric, model: SwitchModel) -> Breakout | None:
    speed = _isl_speed(fabric)
    return breakout(model, speed, max(int(speed) // 100, 1))


def _wire_isl(
    key: str, fabric: Fabric, entries: Sequence[Entry], pair: tuple[str, ...], model: SwitchModel, lock: Lock,
    wiring: Wiring,
) -> None:  # fmt: skip
    """Wire the two leaves of a single pair to each other, like port to like port."""
    speed, split = _isl_speed(fabric), _isl_split(fabric, model)
    count = _isl_links(fabric, entries)
    place = block(key, "isl", count, split, model, lock, wiring, fabric.isl.at if fabric.isl else None)
    if place is None:
        return
    media = fabric.isl.media if fabric.isl else "dac"
    for position in range(count):
        ends = [place.end(leaf, position) for leaf in pair]
        link = wiring.add(Link(key, "isl", ends[0], ends[1], speed, place.lanes, media))
        for leaf, other in zip(pair, reversed(pair), strict=True):
            wiring.lay(leaf, place.use(position, "isl", speed, link=link, node=other))


def _wire_spines(
    key: str, fabric: Fabric, pairs: _Pairs, leaves: tuple[tuple[str, ...], ...], model: SwitchModel, lock: Lock,
    wiring: Wiring,
) -> None:  # fmt: skip
    """Wire every leaf of many pairs to every spine."""
    speed, split = _isl_speed(fabric), _isl_split(fabric, model)
    media = fabric.spines.media or (fabric.isl.media if fabric.isl else "dr4")
    place = block(key, "spines", pairs.up, split, model, lock, wiring)
    if place is None:
        return
    each = pairs.up // pairs.spines
    above = Block(1, 0, place.mode, place.lanes, 1)
    stem = fabric.spines.name or f"{fabric.leaves.name}-spine"
    names = [f"{stem}{spine + 1:02d}" for spine in range(pairs.spines)]
    for number, leaf in enumerate(name for pair in leaves for name in pair):
        for position in range(pairs.up):
            spine, lane = divmod(position, each)
            name, top = names[spine], number * each + lane
            link = wiring.add(
                Link(key, "fabric", above.end(name, top), place.end(leaf, position), speed, place.lanes, media)
            )
            wiring.lay(name, above.use(top, "fabric", speed, link=link, node=leaf))
            wiring.lay(leaf, place.use(position, "fabric", speed, link=link, node=name))


def _external_split(external: External, model: SwitchModel) -> Breakout | None:
    speed = gbps(external.speed)
    lanes = 1 if external.media in ONE_LANE else max(int(speed) // 100, 1)
    return breakout(model, speed, lanes, external.split)


def _external_blocks(external: External) -> list[tuple[str | None, int]]:
    """Return (pin, links) of each block of an external entry; what no pin is given for takes the next free cages."""
    pins: list[str | None] = [*external.at]
    links = external.links_per_leaf
    each = external.links_per_cage or -(-links // max(len(pins), 1))
    number = max(-(-links // each), len(pins))
    return [(pins[at] if at < len(pins) else None, each) for at in range(number)]


def _wire_external(
    key: str, index: int, external: External, pair: tuple[str, ...], model: SwitchModel, lock: Lock, wiring: Wiring
) -> None:
    """Wire the links to switches of others; they go to the peers in turn, port after port."""
    speed, split = gbps(external.speed), _external_split(external, model)
    peers = external.peers or (external.name,)
    known = {device.name for device in wiring.devices}
    wiring.devices += [Device(peer, "external", "", group=external.name) for peer in peers if peer not in known]
    blocks = _external_blocks(external)
    per_cage = blocks[0][1]
    places = [
        block(key, f"external.{external.name}.{n}", count, split, model, lock, wiring, at)
        for n, (at, count) in enumerate(blocks)
    ]
    stem, first = counted_port(external.peer_ports or "")
    turn = 0
    for leaf in pair:
        for number in range(external.links_per_leaf):
            place = places[number // per_cage]
            if place is None:
                continue
            peer, step = peers[turn % len(peers)], turn // len(peers)
            port = f"{stem}{int(first) + step}" if first else f"to-{leaf}-{number + 1}"
            turn += 1
            position = number % per_cage
            link = wiring.add(
                Link(key, "external", place.end(leaf, position), End(peer, port), speed, place.lanes, external.media,
                     attach=index)
            )  # fmt: skip
            wiring.lay(leaf, place.use(position, "external", speed, attach=index, link=link, node=peer))


def _set_aside(fabric: Fabric, leaves: tuple[tuple[str, ...], ...], wiring: Wiring) -> None:
    """Lay out spare cages: split, up, without a stanza for their sub-ports."""
    for ports, mode in fabric.spare.items():
        for leaf in (name for pair in leaves for name in pair):
            for cage in port_range(ports):
                lanes = 8 // int(mode.removesuffix("x"))
                wiring.lay(leaf, PortUse(cage, -1, "spare", mode, lanes, 0.0, state="spare"))


def _layout(key: str, fabric: Fabric, entries: Sequence[Entry], pairs: _Pairs, stand: int) -> Layout:
    target = len({name for entry in entries for name in entry.names})
    down = sum(entry.per_leaf * pairs.chunk[entry.key] * entry.speed for entry in entries)
    up = 400.0 * (pairs.up or _isl_links(fabric, entries))
    return Layout(
        key, fabric.topology, 2 if pairs.spines else 1, 1, 2 * pairs.pairs, pairs.spines, 0, pairs.pairs,
        max(pairs.chunk.values(), default=0), pairs.up // pairs.spines if pairs.spines else 0, 0, down, up, stand,
        target,
    )  # fmt: skip
