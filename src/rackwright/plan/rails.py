"""The scale-out topologies: single switch, ToR-wired Clos, pure rail, rail-optimised; any planes, tiers 1-3.

The rules are fabric.md 3.1 (rail r of every machine goes to the leaf of rail r) and 3.2 (counts). Ports are
laid out for the build-out target: machine slot s, rail r has one place whatever stands today.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import count

from rackwright.catalog.models import Breakout, Catalog, SwitchModel
from rackwright.intent.models import Attach, Fabric, Site
from rackwright.plan.cages import Block
from rackwright.plan.clos import Clos, clos, parse_ratio, split_ports
from rackwright.plan.lock import NO_ROOM, Lock, recable
from rackwright.plan.model import Device, Layout, Link
from rackwright.plan.nodes import group_names
from rackwright.plan.switch_model import Role
from rackwright.plan.wiring import HostPort, Wiring, breakout, cage_count, host_end, host_ports

__all__ = ["wire_rails"]

_FLAT = ("single-switch", "pure-rail")


@dataclass(frozen=True)
class _Asked:
    """What is asked of one fabric."""

    key: str
    fabric: Fabric
    attach: Attach
    switch: SwitchModel
    ports: tuple[HostPort, ...]
    split: Breakout
    rails: int
    per_leaf: int
    """Rails of one leaf."""
    target: int

    @property
    def radix(self) -> int:
        """Ports of NIC speed of one switch."""
        return cage_count(self.switch) * self.split.ways


@dataclass(frozen=True)
class _Frame(_Asked):
    """What stays the same while one fabric is wired."""

    shape: Clos
    order: tuple[tuple[int, ...], ...]
    """Rails of each leaf of a unit, in port order."""
    block: Block
    """The cages of every switch: ports are counted through from the first."""


def wire_rails(key: str, site: Site, catalog: Catalog, lock: Lock, wiring: Wiring) -> None:
    """Wire one scale-out fabric: its leaves, spines, super-spines and every NIC of its groups."""
    frame = _frame(key, site, catalog, lock, wiring)
    if frame is None or not _rails_alone(frame, site, wiring):
        return
    slots = _slots(frame, lock, wiring)
    # A machine taken out keeps its slot until it is freed, and so its leaves stand.
    held = lock.view().get(f"{key}.slot", {}).values()
    units = sorted({slot // frame.shape.nodes_per_unit for slot, _ in held})
    awaited = _awaited(frame, site, lock)
    for plane in range(1, frame.fabric.planes + 1):
        _switches(frame, plane, units, wiring)
        for node, slot in slots.items():
            _wire_node(frame, plane, node, slot, wiring)
        _reserve_down(frame, plane, units, slots, awaited, wiring)
        _wire_up(frame, plane, units, wiring)
    wiring.layouts.append(_layout(frame, units, len(slots)))


def _frame(key: str, site: Site, catalog: Catalog, lock: Lock, wiring: Wiring) -> _Frame | None:
    fabric = site.fabrics[key]
    switch = catalog.switches[fabric.leaves.model]
    attach = fabric.attach[0]
    group = site.groups[attach.every_group[0]]
    ports = host_ports(
        group, catalog.servers[group.model], attach.nic or "", catalog, attach.adapters, attach.adapter_ports
    )
    rails = len(ports) // fabric.planes
    split = breakout(switch, ports[0].gbps, ports[0].lanes, attach.split) if ports else None
    if split is None or rails == 0 or len(ports) % fabric.planes:
        wiring.wrong(
            ("fabrics", key, "attach", 0),
            f"{len(ports)} ports of {attach.nic} do not spread over {fabric.planes} plane(s) of {switch.name}",
            "name a NIC whose ports the switch can split to and whose number the planes divide",
        )
        return None
    per_leaf = rails if fabric.topology in ("single-switch", "tor-clos") else (fabric.rails_per_leaf or 1)
    if rails % per_leaf:
        wiring.wrong(
            ("fabrics", key, "rails_per_leaf"),
            f"rails_per_leaf {per_leaf} does not divide the {rails} rails of {attach.nic}",
            f"use one of {', '.join(str(n) for n in range(1, rails + 1) if rails % n == 0)}",
        )
        return None
    target = sum(site.groups[group].target for entry in fabric.attach for group in entry.every_group)
    asked = _Asked(key, fabric, attach, switch, ports, split, rails, per_leaf, target)
    order = _rail_order(asked, wiring)
    shape = _shape(asked, lock, wiring)
    if shape is None or order is None or not _count_agrees(asked, shape, wiring):
        return None
    return _Frame(**vars(asked), shape=shape, order=order, block=Block(1, 0, split.mode, split.lanes_per_port, 1))


def _rails_alone(frame: _Frame, site: Site, wiring: Wiring) -> bool:
    """Say whether a VLAN a rail lies on one leaf: nothing carries it from leaf to leaf of a routed fabric."""
    name, leaves = frame.attach.network, frame.shape.units * frame.fabric.planes
    if not name or site.networks[name].style != "vlan-per-rail" or leaves == 1:
        return True
    wiring.wrong(
        ("fabrics", frame.key, "attach", 0, "network"),
        f"networks.{name} has a VLAN a rail, and each rail of {frame.key} lies on {leaves} leaves that share no VLAN:"
        " its machines would not reach each other",
        f"use `style: p2p-31` for networks.{name}, or put the rails on a converged pair",
    )
    return False


def _count_agrees(asked: _Asked, shape: Clos, wiring: Wiring) -> bool:
    """Say whether a stated number of leaves is the one that follows; the operator may have meant another fabric."""
    fabric, each = asked.fabric, shape.leaves
    stated = fabric.leaves.count
    if stated in ("auto", each, each * fabric.planes):
        return True
    wiring.wrong(
        ("fabrics", asked.key, "leaves", "count"),
        f"{stated} leaves are stated; {fabric.topology} with {shape.rails_per_leaf} rails a leaf has {each}"
        + (" in each plane" if fabric.planes > 1 else ""),
        "leave count out, or change rails_per_leaf",
    )
    return False


def _rail_order(asked: _Asked, wiring: Wiring) -> tuple[tuple[int, ...], ...] | None:
    """Return the rails that share each leaf; neighbours by default, every rail exactly once."""
    fabric, rails, per_leaf = asked.fabric, asked.rails, asked.per_leaf
    if not fabric.rail_order:
        return tuple(tuple(range(first, first + per_leaf)) for first in range(1, rails + 1, per_leaf))
    named = sorted(rail for leaf in fabric.rail_order for rail in leaf)
    if named != list(range(1, rails + 1)) or any(len(leaf) != per_leaf for leaf in fabric.rail_order):
        wiring.wrong(
            ("fabrics", asked.key, "rail_order"),
            f"rail_order must name each of the rails 1 to {rails} once, {per_leaf} to a leaf",
            f"write {rails // per_leaf} lists of {per_leaf}",
        )
        return None
    return fabric.rail_order


def _shape(asked: _Asked, lock: Lock, wiring: Wiring) -> Clos | None:
    """Return the figures for the build-out target, or None after saying why it cannot be."""
    key, fabric, target = asked.key, asked.fabric, asked.target
    ratio, flat = parse_ratio(fabric.oversubscription), fabric.topology in _FLAT
    if not flat and not split_ports(asked.radix, ratio, math.lcm(asked.per_leaf, asked.split.ways))[0]:
        wiring.wrong(
            ("fabrics", key, "oversubscription"),
            f"no leaf of {asked.radix} ports is shared {fabric.oversubscription} by whole machines of {asked.per_leaf} ports",
            "state a ratio nearer to 1:1",
        )
        return None
    # What was first laid out is kept: a later, greater target would move spines and recable.
    held = lock.view().get(f"{key}.shape", {})
    # A lock that does not say so is from when a leaf had exactly the links up that it needs.
    more = flat or not held or "more" in held
    if more and not flat:
        lock.keep(f"{key}.shape", "more", 1)
    laid = lock.keep(f"{key}.shape", "target", target)
    tries = (1,) if flat else (fabric.tiers,) if fabric.tiers else (2, 3)
    room = 0
    for tiers in tries:
        figures = partial(
            clos, radix=asked.radix, rails=asked.rails, rails_per_leaf=asked.per_leaf, nodes=max(laid, 1), tiers=tiers,
            ratio=ratio, ways=asked.split.ways, more=more,
        )  # fmt: skip
        shape = figures()
        room = _room(shape, asked.radix)
        if max(laid, target) <= room and (tiers == 1 or shape.spines):
            if _holds(shape, target, ratio):
                return _stated_spines(asked, shape, figures, lock, wiring)
            wiring.wrong(
                ("fabrics", key),
                f"{target} machines exceed the {laid} that {key} was laid out for: spines and links would move",
                f"keep max at {laid}, or {recable(f'{key}.shape')}",
            )
            return None
    wiring.wrong(
        ("fabrics", key),
        f"{target} machines do not fit a {fabric.topology} of {asked.switch.name}: "
        + (
            f"it takes {room}" if max(laid, target) > room else "the links up of a leaf divide over no number of spines"
        ),
        "; ".join(("lower count or max", *_wider(asked))),
    )
    return None


def _wider(asked: _Asked) -> Iterator[str]:
    """Yield what takes more machines."""
    if asked.fabric.topology == "pure-rail" and asked.per_leaf > 1:
        yield "or put fewer rails on a leaf (rails_per_leaf)"
    if asked.fabric.topology in _FLAT:
        yield "or choose rail-optimized, whose leaves hang on spines"
    elif asked.fabric.tiers == 2:
        yield "or say tiers: 3"
    else:
        yield "or put what is more on a fabric of its own"


def _stated_spines(
    asked: _Asked, shape: Clos, figures: Callable[..., Clos], lock: Lock, wiring: Wiring
) -> Clos | None:  # fmt: skip
    """Return the shape with the spines that the site states, or None after saying why they cannot be.

    ``figures`` gives the shape for a number of spines.
    """
    key, fabric = asked.key, asked.fabric
    stated = shape.spines if fabric.spines.count == "auto" else fabric.spines.count
    if stated != shape.spines:
        fits = [s for s in range(2, asked.radix * shape.pods + 1) if shape.spines and figures(count=s).spines]
        if stated not in fits:
            wiring.wrong(
                ("fabrics", key, "spines", "count"),
                f"{stated} spines are stated; {shape.leaves} leaves with {shape.up} links up each, the same to every"
                f" spine, take {shape.spines}",
                f"use one of {', '.join(map(str, fits))}" if fits else "leave count out",
            )
            return None
        shape = figures(count=stated)
    tops = fabric.superspines.count
    if tops not in ("auto", shape.superspines):
        wiring.wrong(
            ("fabrics", key, "superspines", "count"),
            f"{tops} super-spines are stated; {shape.tiers} tiers of this size have {shape.superspines}",
            "leave count out",
        )
        return None
    laid = lock.view().get(f"{key}.shape", {}).get("spines")
    if stated and (laid or fabric.spines.count != "auto") and lock.keep(f"{key}.shape", "spines", stated) != stated:
        wiring.wrong(
            ("fabrics", key, "spines"),
            f"{key} was laid out with {laid[0] if laid else 0} spines, {stated} are wanted: every link would move",
            f"keep the number, or {recable(f'{key}.shape/spines', f'wishes/fabrics.{key}')}",
        )
        return None
    return shape


def _holds(shape: Clos, target: int, ratio: Fraction) -> bool:
    """Return whether a laid-out shape serves ``target`` machines without a new link."""
    if shape.tiers == 1:
        return True
    busiest = min(target, shape.nodes_per_unit) * shape.rails_per_leaf
    return target <= shape.units * shape.nodes_per_unit and shape.up * ratio >= busiest


def _room(shape: Clos, radix: int) -> int:
    """Return how many machines the topology takes at most."""
    if shape.tiers == 1:
        return shape.nodes_per_unit
    leaves = radix if shape.tiers == 2 else radix * (radix // 2)
    return leaves // shape.leaves_per_unit * shape.nodes_per_unit


def _slots(frame: _Frame, lock: Lock, wiring: Wiring) -> dict[str, int]:
    """Return the slot of every machine, from 0; a machine keeps the slot it once had."""
    room = frame.shape.units * frame.shape.nodes_per_unit
    slots: dict[str, int] = {}
    wanted = {group for entry in frame.fabric.attach for group in entry.every_group}
    for device in wiring.devices:
        if device.group in wanted and device.role in ("server", "storage"):
            slot = lock.take(f"{frame.key}.slot", device.name, limit=room)
            if slot == NO_ROOM:
                wiring.wrong(
                    ("fabrics", frame.key),
                    f"no slot is left for {device.name}: {frame.key} has {room}",
                    "free the slots of machines that are gone with `rackwright plan --free`",
                )
                continue
            slots[device.name] = slot
            wiring.places[(frame.key, device.name)] = slot
    return slots


def _leaf(frame: _Frame, plane: int, unit: int, leaf: int) -> str:
    number = unit * frame.shape.leaves_per_unit + leaf
    return _name(frame, frame.fabric.leaves.name, plane, number, frame.shape.leaves)


def _spine(frame: _Frame, plane: int, number: int) -> str:
    stem = frame.fabric.spines.name or f"{frame.fabric.leaves.name}-spine"
    return _name(frame, stem, plane, number, frame.shape.spines)


def _super(frame: _Frame, plane: int, number: int) -> str:
    stem = frame.fabric.superspines.name or f"{frame.fabric.leaves.name}-super"
    return _name(frame, stem, plane, number, frame.shape.superspines)


def _name(frame: _Frame, stem: str, plane: int, number: int, count: int) -> str:
    """Return the name of one of ``count`` switches, counted from 0; several planes stand in it."""
    between = "" if frame.fabric.planes == 1 else f"-p{plane}-"
    return f"{stem}{between}{number + 1:0{max(2, len(str(count)))}d}"


def _lane(frame: _Frame, plane: int) -> int:
    """Return the plane of a device or link; 0 where there is one alone."""
    return plane if frame.fabric.planes > 1 else 0


def _switches(frame: _Frame, plane: int, units: list[int], wiring: Wiring) -> None:
    """Add the leaves of the units that are in use, and the spines laid out for the target."""
    fabric, shape = frame.fabric, frame.shape
    rows: list[tuple[str, Role, str, int]] = []
    groups: list[tuple[str, ...]] = []
    for unit in units:
        names = tuple(_leaf(frame, plane, unit, leaf) for leaf in range(shape.leaves_per_unit))
        groups.append(names)
        rows += [(name, "leaf", fabric.leaves.model, unit + 1) for name in names]
    spine = fabric.spines.model or fabric.leaves.model
    per_pod = shape.spines_per_pod or 1
    rows += [(_spine(frame, plane, n), "spine", spine, n // per_pod + 1) for n in range(shape.spines)]
    top = fabric.superspines.model or spine
    rows += [(_super(frame, plane, n), "superspine", top, 0) for n in range(shape.superspines)]
    for index, (name, role, model, unit) in enumerate(rows, 1):
        lane = _lane(frame, plane)
        wiring.devices.append(
            Device(name, role, model, group=frame.key, index=index, fabric=frame.key, plane=lane, unit=unit)
        )
    wiring.leaves[frame.key] = wiring.leaves.get(frame.key, ()) + tuple(groups)


def _wire_node(frame: _Frame, plane: int, node: str, slot: int, wiring: Wiring) -> None:
    """Wire every rail of one machine in one plane.

    The rails of a machine that share a leaf lie side by side, so one splitter serves one machine.
    """
    shape, block, lane = frame.shape, frame.block, _lane(frame, plane)
    unit, place = divmod(slot, shape.nodes_per_unit)
    for leaf, rails in enumerate(frame.order):
        name = _leaf(frame, plane, unit, leaf)
        for offset, rail in enumerate(rails):
            port = frame.ports[(rail - 1) * frame.fabric.planes + plane - 1]
            position = place * shape.rails_per_leaf + offset
            link = wiring.add(
                Link(
                    frame.key,
                    "host",
                    block.end(name, position),
                    host_end(node, port),
                    port.gbps,
                    block.lanes,
                    frame.attach.media,
                    rail,
                    lane,
                    0,
                )
            )
            wiring.lay(name, block.use(position, "host", float(port.gbps), attach=0, link=link, node=node))


def _awaited(frame: _Frame, site: Site, lock: Lock) -> dict[int, str]:
    """Return, by slot, the machines that hold one or will take it: those to come take the lowest free ones in turn."""
    held = {name: slot for name, (slot, _) in lock.view().get(f"{frame.key}.slot", {}).items()}
    groups = {group for entry in frame.fabric.attach for group in entry.every_group}
    names = (name for key in site.groups if key in groups for name in group_names(key, site.groups[key], lock))
    taken = set(held.values())
    free = (slot for slot in count() if slot not in taken)
    coming = zip(free, (name for name in names if name not in held), strict=False)
    return {slot: name for name, slot in held.items()} | dict(coming)


def _reserve_down(
    frame: _Frame, plane: int, units: list[int], slots: dict[str, int], awaited: Mapping[int, str], wiring: Wiring
) -> None:
    """Lay out the ports of machines still to come, so that growth changes no breakout."""
    shape, speed = frame.shape, float(frame.ports[0].gbps)
    taken = set(slots.values())
    for unit in units:
        first = unit * shape.nodes_per_unit
        last = min(first + shape.nodes_per_unit, max(frame.target, max(taken, default=-1) + 1))
        for slot in range(first, last):
            if slot in taken:
                continue
            for leaf in range(shape.leaves_per_unit):
                name = _leaf(frame, plane, unit, leaf)
                for offset in range(shape.rails_per_leaf):
                    position = (slot - first) * shape.rails_per_leaf + offset
                    node = awaited.get(slot, "")
                    wiring.lay(
                        name, frame.block.use(position, "reserved", speed, attach=0, state="reserved", node=node)
                    )


def _wire_up(frame: _Frame, plane: int, units: list[int], wiring: Wiring) -> None:
    """Wire leaves to spines and spines to super-spines."""
    shape = frame.shape
    if shape.tiers == 1:
        return
    ways = frame.split.ways
    base = -(-shape.down // ways) * ways
    pod_leaves = shape.leaves if shape.tiers == 2 else frame.radix // 2
    for unit in units:
        for leaf in range(shape.leaves_per_unit):
            number = unit * shape.leaves_per_unit + leaf
            pod, inside = divmod(number, pod_leaves)
            name = _leaf(frame, plane, unit, leaf)
            for position in range(shape.up):
                spine, lane = divmod(position, shape.links_per_pair)
                above = _spine(frame, plane, pod * shape.spines_per_pod + spine)
                _fabric_link(
                    frame, plane, (above, inside * shape.links_per_pair + lane), (name, base + position), wiring
                )
    if shape.tiers == 3:
        pods = sorted(
            {(u * shape.leaves_per_unit + n) // pod_leaves for u in units for n in range(shape.leaves_per_unit)}
        )
        _wire_supers(frame, plane, pods, wiring)


def _wire_supers(frame: _Frame, plane: int, pods: list[int], wiring: Wiring) -> None:
    """Wire spine j of every pod to the super-spines of group j."""
    shape = frame.shape
    half = frame.radix // 2
    group = shape.superspines // shape.spines_per_pod
    for pod in pods:
        for spine in range(shape.spines_per_pod):
            name = _spine(frame, plane, pod * shape.spines_per_pod + spine)
            for position in range(group * shape.super_links):
                above, lane = divmod(position, shape.super_links)
                top = _super(frame, plane, spine * group + above)
                _fabric_link(frame, plane, (top, pod * shape.super_links + lane), (name, half + position), wiring)


def _fabric_media(frame: _Frame) -> str:
    """Return the medium between tiers: the two halves of a leaf's cage go to two spines, which copper cannot."""
    stated, hosts = frame.fabric.spines.media, frame.attach.media
    return stated or ("dr4" if hosts in ("dac", "lacc") else hosts)


def _fabric_link(frame: _Frame, plane: int, above: tuple[str, int], below: tuple[str, int], wiring: Wiring) -> None:
    block, gbps = frame.block, frame.ports[0].gbps
    link = wiring.add(
        Link(
            frame.key,
            "fabric",
            block.end(*above),
            block.end(*below),
            gbps,
            block.lanes,
            _fabric_media(frame),
            0,
            _lane(frame, plane),
        )
    )
    wiring.lay(above[0], block.use(above[1], "fabric", float(gbps), link=link, node=below[0]))
    wiring.lay(below[0], block.use(below[1], "fabric", float(gbps), link=link, node=above[0]))


def _layout(frame: _Frame, units: list[int], nodes: int) -> Layout:
    shape, speed = frame.shape, frame.ports[0].gbps
    return Layout(
        frame.key, frame.fabric.topology, shape.tiers, frame.fabric.planes, len(units) * shape.leaves_per_unit,
        shape.spines, shape.superspines, len(units), shape.nodes_per_unit, shape.links_per_pair, shape.rails_per_leaf,
        shape.down * speed, shape.up * speed, nodes, frame.target,
    )  # fmt: skip
