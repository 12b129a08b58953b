"""The out-of-band fabric: access switches for management ports, and their links up to another fabric."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from rackwright.catalog.models import Catalog, ServerModel, SwitchModel
from rackwright.intent.models import Attach, Fabric, Group, Site, Uplink
from rackwright.intent.overlays import SWITCH_ROLES
from rackwright.intent.ranges import expand
from rackwright.plan.cages import Block, Cages, parse_port, port_range
from rackwright.plan.lock import NO_ROOM, Lock
from rackwright.plan.model import Device, End, Layout, Link
from rackwright.plan.pair_entries import link_split
from rackwright.plan.wiring import PortUse, Wiring, cage_count, gbps, host_ports

__all__ = ["wire_oob", "wire_uplinks"]


class _Need(NamedTuple):
    """A management port that wants a cable."""

    attach: int
    device: str
    port: End
    order: int
    """Number of the port on its device, within the attach entry."""
    turn: int
    """Number of the device within the attach entry."""


class _Uplinks(NamedTuple):
    """The uplinks of a fabric as they lie on every pair above: ``chunk`` switches in a block of their own."""

    key: str
    wish: Uplink
    chunk: int
    place: Block
    ports: tuple[str, ...]
    """Those of each switch."""

    def bond(self, what: str, number: int) -> str:
        """Return the key of the bond of link ``number`` to a switch."""
        return f"{self.key}:{what}.{number if self.wish.bond_per_link else 0}"

    def position(self, inner: int, number: int) -> int:
        """Return where link ``number`` of a switch of the pair lies in the block."""
        if self.wish.order == "switches":
            return inner * self.wish.links_per_pair + number
        return number * self.chunk + inner


def wire_oob(key: str, site: Site, catalog: Catalog, lock: Lock, wiring: Wiring) -> None:
    """Wire every management port to as many access switches as that takes."""
    fabric = site.fabrics[key]
    model = catalog.switches[fabric.leaves.model]
    size = cage_count(model)
    stated = fabric.leaves.count if isinstance(fabric.leaves.count, int) else 0
    greatest = fabric.leaves.max if isinstance(fabric.leaves.max, int) else 0
    # The switches' own management ports are wanted too, so their number settles in a few rounds.
    count = max(stated, 1)
    for _ in range(64):
        names = _names(fabric, count)
        needs = list(_needs(key, site, catalog, wiring, names))
        wanted = _switches_needed(key, fabric, needs, names, size, lock)
        if wanted <= count:
            break
        count = wanted
    limit = max(greatest, stated) if fabric.leaves.max != "auto" and fabric.leaves.count != "auto" else count
    if count > limit:
        wiring.wrong(
            ("fabrics", key, "leaves"),
            f"{len(needs)} management ports need {count} {model.name} of {size} access ports; {limit} allowed",
            "raise leaves.count, or set `max: auto`",
        )
        return
    names = _names(fabric, count)
    for index, name in enumerate(names, 1):
        wiring.devices.append(Device(name, "oob", model.key, key, index, fabric=key, unit=index))
    wiring.leaves[key] = tuple((name,) for name in names)
    if _misspread(key, fabric, len(names), wiring):
        return
    _connect(key, fabric, needs, names, size, lock, wiring)
    _reserve(fabric, names, wiring)
    wiring.layouts.append(Layout(key, "l2", 1, 1, count, 0, 0, count, size, 0, 0, size, 0, len(needs), size * count))


def _misspread(key: str, fabric: Fabric, switches: int, wiring: Wiring) -> bool:
    """Report lists of a spread that name a switch which is not there, or none; say whether there are any."""
    listed = [(at, attach.spread) for at, attach in enumerate(fabric.attach) if isinstance(attach.spread, tuple)]
    wrong = [(at, spread) for at, spread in listed if not spread or not all(1 <= n <= switches for n in spread)]
    for at, spread in wrong:
        stranger = next((number for number in spread if not 1 <= number <= switches), 0)
        wiring.wrong(
            ("fabrics", key, "attach", at, "spread"),
            f"spread names switch {stranger} of {switches}" if spread else "spread is an empty list",
            f"use numbers from 1 to {switches}, or raise leaves.count",
        )
    return bool(wrong)


def _names(fabric: Fabric, count: int) -> tuple[str, ...]:
    # Two digits until there are a hundred: a name that stands is never widened.
    return tuple(f"{fabric.leaves.name}{number:02d}" for number in range(1, count + 1))


def _needs(key: str, site: Site, catalog: Catalog, wiring: Wiring, own: tuple[str, ...]) -> Iterator[_Need]:
    """Return every management port, in the order of the attach entries; ``own`` are the switches of this fabric."""
    for index, attach in enumerate(site.fabrics[key].attach):
        words = (attach.switches,) if isinstance(attach.switches, str) else attach.switches or ()
        named = tuple(name for name in own if {"all", key, name} & set(words))
        for turn, (device, ports) in enumerate(_wanted(attach, site, catalog, wiring, named)):
            for order, port in enumerate(ports):
                yield _Need(index, device, port, order, turn)


def _wanted(
    attach: Attach, site: Site, catalog: Catalog, wiring: Wiring, own: tuple[str, ...]
) -> Iterator[tuple[str, list[End]]]:
    """Return (device, ports) of one attach entry; ``own`` are those switches of its fabric that it names."""
    for name in (*_chosen_switches(attach.switches or (), wiring), *own):
        yield name, [End(name, "eth0", interface="eth0")]
    for group in attach.every_group:
        row = site.groups[group]
        model = catalog.servers[row.model]
        for device in wiring.devices:
            if device.group == group and device.role in ("server", "storage"):
                ends = [End(device.name, name, nic=nic, interface=os)
                        for name, nic, os in _ports(attach, row, model, catalog)]  # fmt: skip
                yield device.name, ends
    yield from ((name, [End(name, "mgmt")]) for name in _chosen_pdus(attach, wiring))
    yield from ((name, [End(name, "eth0", interface="eth0")]) for name in _chosen_external(attach, wiring))


def _chosen_switches(words: str | Iterable[str], wiring: Wiring) -> Iterator[str]:
    chosen = (words,) if isinstance(words, str) else tuple(words)
    for device in wiring.devices:
        if device.role in SWITCH_ROLES and ("all" in chosen or device.fabric in chosen or device.name in chosen):
            yield device.name


def _chosen_pdus(attach: Attach, wiring: Wiring) -> Iterator[str]:
    words = attach.pdus
    chosen = () if words is None else (words,) if isinstance(words, str) else tuple(words)
    for device in wiring.devices:
        if device.role == "pdu" and ("all" in chosen or device.group in chosen):
            yield device.name


def _chosen_external(attach: Attach, wiring: Wiring) -> Iterator[str]:
    words = attach.switches
    chosen = () if words is None or isinstance(words, str) else tuple(words)
    for device in wiring.devices:
        if device.role == "external" and (device.group in chosen or device.name in chosen):
            yield device.name


def _ports(attach: Attach, group: Group, model: ServerModel, catalog: Catalog) -> Iterator[tuple[str, str, str]]:
    """Return (port, NIC, operating system name) of every port an entry names."""
    for word in attach.ports:
        if isinstance(word, str):
            for name in expand(word):
                known = group.interfaces.get(name)
                yield name, "", known if isinstance(known, str) else (known[0] if known else name)
            continue
        for nic in word.get("dpu_bmc", ()):
            adapters = sorted({port.adapter for port in host_ports(group, model, nic, catalog)})
            for adapter in adapters:
                yield f"{nic}-{adapter}.bmc", nic, ""


def _switches_needed(
    key: str, fabric: Fabric, needs: list[_Need], names: tuple[str, ...], size: int, lock: Lock
) -> int:
    """Return how many switches hold every port: those held, also for machines that are gone, set aside, and to come."""
    held = lock.view().get(f"{key}.port", {})
    taken = {first + at for first, ports in held.values() for at in range(ports)}
    last = max(taken, default=-1)
    for name, cages in _set_aside(fabric, names).items():
        taken |= {names.index(name) * size + cage - 1 for cage in cages if cage <= size}
    fresh = sum(1 for need in needs if _key(need) not in held)
    return -(-max(last + 1, len(taken) + fresh) // size)


def _key(need: _Need) -> str:
    return f"{need.device}:{need.port.port}"


def _connect(
    key: str, fabric: Fabric, needs: list[_Need], names: tuple[str, ...], size: int, lock: Lock, wiring: Wiring
) -> None:
    """Give every port its place: pinned entries side by side, the rest the next free port."""
    kept = dict(lock.view().get(f"{key}.port", {}))
    aside = _set_aside(fabric, names)
    for name, cages in aside.items():
        for cage in sorted(cages):
            lock.hold(f"{key}.port", f"reserve:{name}:swp{cage}", names.index(name) * size + cage - 1)
    per_device: dict[tuple[int, str], int] = {}
    for need in needs:
        per_device[(need.attach, need.device)] = per_device.get((need.attach, need.device), 0) + 1
    taken = {first for first, _ in kept.values()}
    taken |= {names.index(name) * size + cage - 1 for name, cages in aside.items() for cage in cages}
    following: dict[tuple[int, int], int] = {}
    for need in sorted(needs, key=lambda n: fabric.attach[n.attach].at is None):
        attach = fabric.attach[need.attach]
        if attach.at:
            switch = _rotated(attach, need, per_device[(need.attach, need.device)], len(names))
            position = _stands(attach, kept.get(_key(need)), switch, len(names), size)
            if position == NO_ROOM:
                position = max(following.get((need.attach, switch), 0), switch * size + parse_port(attach.at)[0] - 1)
                while position in taken:
                    position += 1
                following[(need.attach, switch)] = position + 1
                if position // size > switch:
                    wiring.wrong(
                        ("fabrics", key, "attach", need.attach, "at"),
                        f"{_key(need)} finds no port from {attach.at} on: {names[switch]} ends at swp{size}",
                        "start lower, or raise leaves.count",
                    )
                    continue
            # At first two pins on one port are a mistake to be told; later what is new goes round what stands.
            taken |= {position} if kept else set()
            lock.hold(f"{key}.port", _key(need), position)
        else:
            position = lock.take(f"{key}.port", _key(need), limit=len(names) * size)
        if position == NO_ROOM:
            wiring.wrong(
                ("fabrics", key), f"no access port is left for {_key(need)}", "raise leaves.count or set `max: auto`"
            )
            continue
        switch, cage = divmod(position, size)
        name = names[switch]
        kind: Literal["pdu", "management"] = "pdu" if need.port.port == "mgmt" else "management"
        link = wiring.add(
            Link(key, kind, End(name, f"swp{cage + 1}", cage + 1), need.port, 1.0, 0, "cat6", attach=need.attach)
        )
        wiring.lay(name, PortUse(cage + 1, -1, kind, "", 0, 1.0, need.attach, link, need.device))


def _stands(attach: Attach, held: tuple[int, int] | None, switch: int, switches: int, size: int) -> int:
    """Return where a pinned port stands, behind the pin and on a switch that the spread allows; -1 for nowhere.

    Only new ports follow the rotation: it shifts with every machine that comes or goes.
    """
    if held is None:
        return NO_ROOM
    place, cage = divmod(held[0], size)
    allowed = place == switch if isinstance(attach.spread, tuple) else place < switches
    return held[0] if allowed and cage + 1 >= parse_port(attach.at or "swp1")[0] else NO_ROOM


def _rotated(attach: Attach, need: _Need, ports: int, switches: int) -> int:
    """Return the switch, from 0, of a pinned port.

    A listed spread names it. Otherwise the first ports of a machine go one to each switch, and what is left
    over moves on by machine, so that every switch gets its share.
    """
    if isinstance(attach.spread, tuple):
        return attach.spread[need.order % len(attach.spread)] - 1
    whole = ports // switches * switches
    if need.order < whole:
        return need.order % switches
    return (need.turn * (ports - whole) + need.order - whole) % switches


def _set_aside(fabric: Fabric, names: tuple[str, ...]) -> dict[str, set[int]]:
    """Return the ports of each switch that nothing may be plugged into."""
    found: dict[str, set[int]] = {}
    for word, reserve in fabric.reserve.items():
        device, _, span = word.rpartition(":")
        for name in names:
            if not reserve.configure and device in ("", name):
                found.setdefault(name, set()).update(port_range(span))
    return found


def _reserve(fabric: Fabric, names: tuple[str, ...], wiring: Wiring) -> None:
    """Lay out ports that are configured without a cable; a range may name one switch (``oob01:swp42``)."""
    for word, reserve in fabric.reserve.items():
        device, _, ports = word.rpartition(":")
        for name in names:
            if not reserve.configure or (device and device != name):
                continue
            used = {use.cage for use in wiring.ports.get(name, [])}
            for cage in port_range(ports):
                if cage not in used:
                    wiring.lay(name, PortUse(cage, -1, "reserved", "", 0, 1.0, state="reserved"))


def wire_uplinks(key: str, site: Site, catalog: Catalog, lock: Lock, wiring: Wiring) -> None:
    """Wire every out-of-band switch to both leaves of a pair of the upper fabric."""
    fabric = site.fabrics[key]
    uplink = fabric.uplink
    if uplink is None or key not in wiring.leaves or uplink.to not in wiring.leaves:
        return
    upper = catalog.switches[site.fabrics[uplink.to].leaves.model]
    split = link_split(uplink, upper)
    lower = [name for (name,) in wiring.leaves[key]]
    pairs = wiring.leaves[uplink.to]
    laid = max(fabric.leaves.max if isinstance(fabric.leaves.max, int) else 0, len(lower))
    chunk = -(-laid // len(pairs))
    if uplink.at is None and split is not None:
        # Whole cages are laid out: the ends that a splitter has left are room for the next switches.
        cages = -(-(chunk * uplink.links_per_pair + uplink.unused_bonds) // split.ways)
        chunk = (cages * split.ways - uplink.unused_bonds) // uplink.links_per_pair
    chunk = lock.keep(f"{key}.uplink", "chunk", chunk)
    count = chunk * uplink.links_per_pair + uplink.unused_bonds
    place = Cages(uplink.to, upper, lock, wiring).block(f"uplink.{key}", count, split, uplink.at)
    if place is None:
        return
    rows = _Uplinks(key, uplink, chunk, place, _uplink_ports(catalog.switches[fabric.leaves.model], uplink))
    for number, name in enumerate(lower):
        pair, inner = divmod(number, chunk)
        if pair >= len(pairs):
            wiring.wrong(
                ("fabrics", key, "uplink"),
                f"{name} is out-of-band switch {number + 1}; {uplink.to} has room for {chunk * len(pairs)}",
                f"set leaves.max of {key} from the start, so that the room is laid out",
            )
            return
        _wire_uplink(rows, name, inner, pairs[pair], wiring)
    _reserve_uplinks(rows, len(lower), pairs, wiring)


def _reserve_uplinks(rows: _Uplinks, stand: int, pairs: tuple[tuple[str, ...], ...], wiring: Wiring) -> None:
    """Lay out the uplinks of switches still to come, and the bonds that stay without a network."""
    _, uplink, chunk, place, _ = rows
    speed = gbps(uplink.speed)
    for pair, leaves in enumerate(pairs):
        for leaf in leaves:
            for inner in range(max(stand - pair * chunk, 0), chunk):
                for number in range(uplink.links_per_pair):
                    bond = rows.bond(f"reserved.{inner}", number)
                    position = rows.position(inner, number)
                    wiring.lay(leaf, place.use(position, "uplink", speed, bond=bond, state="reserved"))
            for number in range(uplink.unused_bonds):
                position, bond = chunk * uplink.links_per_pair + number, f"{rows.key}:unused.{number}"
                wiring.lay(leaf, place.use(position, "uplink", speed, bond=bond, state="unused-bond"))


def _wire_uplink(rows: _Uplinks, name: str, inner: int, pair: tuple[str, ...], wiring: Wiring) -> None:
    """Wire the switch that is number ``inner`` of its pair: half of its ports to each leaf."""
    key, uplink, _, place, own = rows
    speed = gbps(uplink.speed)
    for side, leaf in enumerate(pair):
        for number in range(uplink.links_per_pair):
            position = rows.position(inner, number)
            port = own[side * (len(own) // 2) + number]
            end = End(name, port, parse_port(port)[0])
            link = wiring.add(Link(key, "uplink", place.end(leaf, position), end, speed, place.lanes, uplink.media))
            wiring.lay(leaf, place.use(position, "uplink", speed, link=link, node=name, bond=rows.bond(name, number)))
            wiring.lay(name, PortUse(end.cage, -1, "uplink", "", 0, speed, -1, link, leaf, "uplink"))


def _uplink_ports(model: SwitchModel, uplink: Uplink) -> tuple[str, ...]:
    """Return the uplink ports of an out-of-band switch: one half a leaf of the pair, in order."""
    word = uplink.ports or model.port_groups[1].ports
    return tuple(f"swp{cage}" for cage in port_range(word))
