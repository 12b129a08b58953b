"""Mutations of one link, or of what a port says about its link."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from rackwright.check import Cable, Fabric
from rackwright.check.interfaces import port_name, section
from rackwright.check.links import ends
from rackwright.check.rules_rails import _islands
from tests.mutations.model import Apply, Edit, Mutation, drop, mutator, rename, set_cable, set_leaf, with_cables


def at(fabric: Fabric, device: str, port: str) -> str:
    """Give the path of a port: in the tree of a switch, else the port alone."""
    return f"interface.{port}" if device in fabric.views else port


def numbered(fabric: Fabric) -> Iterator[tuple[int, Cable]]:
    """Give the links with their positions."""
    yield from enumerate(fabric.cables or ())


def added(cable: Cable) -> Apply:
    """Make a mutation that adds a link."""
    return Edit(("new link", cable), lambda fabric: with_cables(fabric, (*(fabric.cables or ()), cable)))


def removed(position: int) -> Apply:
    """Make a mutation that takes a link away."""
    return Edit(
        ("no link", position),
        lambda fabric: with_cables(
            fabric, tuple(cable for place, cable in enumerate(fabric.cables or ()) if place != position)
        ),
    )


@mutator("CABLE-PORT-TWICE")
def two_cables(fabric: Fabric) -> Iterator[Mutation]:
    """Put a second cable, of a test set, into every port that has one."""
    for _, cable in numbered(fabric):
        for device, port in cable.ends:
            extra = Cable(device, port, "test-set", "1")
            yield Mutation("CABLE-PORT-TWICE", device, at(fabric, device, port), added(extra), name=cable.label)


@mutator(
    "CABLE-PORT-ABSENT",
    together=("CABLE-MISSING", "CABLE-DESCRIPTION", "NVUE-AR-ENDS"),
    why="the port that the link left has a session, an uplink or adaptive routing, and no cable",
)
def gone(fabric: Fabric) -> Iterator[Mutation]:
    """Move a link to a sub-port of its cage that no breakout makes."""
    for position, cable in numbered(fabric):
        for (device, port), field in zip(cable.ends, ("a_port", "b_port"), strict=True):
            name = port_name(port)
            view = fabric.views.get(device)
            split = view.breakouts.get(name.cage) if view and name else None
            if name and view and (split is None or (split.ways or 0) < 8):
                new = f"swp{name.cage}s7"
                yield Mutation(
                    "CABLE-PORT-ABSENT",
                    device,
                    f"interface.{new}",
                    set_cable(position, **{field: new}),
                    name=cable.label,
                )


@mutator("CABLE-PORT-IDLE")
def held_down(fabric: Fabric) -> Iterator[Mutation]:
    """Hold a cabled port down."""
    for _, cable in numbered(fabric):
        for device, port in cable.ends:
            if device in fabric.views and port_name(port) and not cable.optional:
                path = ("interface", port, "link", "state")
                is_up = "up" in section(fabric.views[device].tree, *path)
                apply = rename(device, (*path, "up"), "down") if is_up else set_leaf(device, (*path, "down"), {})
                yield Mutation("CABLE-PORT-IDLE", device, ".".join((*path, "down")), apply, name="down")


@mutator("CABLE-MISSING")
def pulled(fabric: Fabric) -> Iterator[Mutation]:
    """Take a host's link away."""
    for position, cable in numbered(fabric):
        for device, port in cable.ends:
            if (device, port) in fabric.hosts:
                yield Mutation("CABLE-MISSING", device, port, removed(position), name=cable.label)


@mutator("CABLE-DESCRIPTION")
def mislabelled(fabric: Fabric) -> Iterator[Mutation]:
    """Describe a port by a device that is somewhere else."""
    names: dict[str, set[str]] = {}
    for (device, _), (far, _, _) in fabric.far_ends.items():
        names.setdefault(device, set()).add(far)
    for (device, port), (far, _, _) in fabric.far_ends.items():
        view = fabric.views.get(device)
        other = min(names[device] - {far}, default="")
        if view is not None and port in view.interfaces and port_name(port) and other:
            path = ("interface", port, "description")
            yield Mutation("CABLE-DESCRIPTION", device, ".".join(path), set_leaf(device, path, f"to {other}"))


@mutator("CABLE-LANE-RATE")
def too_quick(fabric: Fabric) -> Iterator[Mutation]:
    """Plan a link for more than its lanes carry."""
    for position, cable in numbered(fabric):
        one, two = ends(fabric, cable)
        if cable.speed_gbps and one.lanes and one.rates:
            speed = max(one.rates) * one.lanes * 2
            yield Mutation(
                "CABLE-LANE-RATE",
                one.device,
                ".".join(one.path),
                set_cable(position, speed_gbps=speed),
                name=f"{cable.label} at {speed}G",
            )
        if cable.speed_gbps and two.lanes and cable.b_lanes is None and "rj45" not in (two.connector, two.plug):
            yield Mutation(
                "CABLE-LANE-RATE",
                two.device,
                ".".join(two.path),
                set_cable(position, b_lanes=two.lanes * 2),
                name=f"{cable.label} of {two.lanes * 2} lanes",
            )


@mutator("CABLE-LINK-ENDS-DIFFER")
def one_end(fabric: Fabric) -> Iterator[Mutation]:
    """Set FEC at one end of a link between two switches."""
    for _, cable in numbered(fabric):
        if (
            cable.a_device in fabric.views
            and cable.b_device in fabric.views
            and "eth0" not in dict(cable.ends).values()
        ):
            for device, port in cable.ends:
                path = ("interface", port, "link", "fec")
                yield Mutation("CABLE-LINK-ENDS-DIFFER", device, ".".join(path), set_leaf(device, path, "rs"))


@mutator("CABLE-MEDIA")
def two_media(fabric: Fabric) -> Iterator[Mutation]:
    """Put SR4 at one end and DR4 at the other."""
    for position, cable in numbered(fabric):
        device, port = cable.ends[0]
        apply = set_cable(position, a_media="sr4", b_media="dr4")
        yield Mutation("CABLE-MEDIA", device, at(fabric, device, port), apply, name=cable.label)


@mutator("CABLE-PLUG")
def wrong_plug(fabric: Fabric) -> Iterator[Mutation]:
    """Give the cable a plug of another family."""
    for position, cable in numbered(fabric):
        for end, field in zip(ends(fabric, cable), ("a_connector", "b_connector"), strict=True):
            if end.connector:
                plug = "sfp-dd"
                yield Mutation(
                    "CABLE-PLUG", end.device, ".".join(end.path), set_cable(position, **{field: plug}), name=cable.label
                )


@mutator("CABLE-REACH", together=("CABLE-SPLITTER",), why="the other legs of the splitter keep their length")
def too_long(fabric: Fabric) -> Iterator[Mutation]:
    """Make a link a metre longer than its part reaches."""
    for position, cable in numbered(fabric):
        for more in (1.0, 5.0, 1000.0) if cable.reach_m is not None else ():
            device, port = cable.ends[0]
            apply = set_cable(position, length_m=cable.reach_m + more)
            yield Mutation("CABLE-REACH", device, at(fabric, device, port), apply, name=cable.label)


@mutator("CABLE-SPLITTER")
def uneven(fabric: Fabric) -> Iterator[Mutation]:
    """Shorten one leg of a part that makes several links: the odd one, or the last of two, is named."""
    legs: dict[str, list[int]] = {}
    for position, cable in numbered(fabric):
        if cable.assembly and cable.length_m:
            legs.setdefault(cable.assembly, []).append(position)
    cables = fabric.cables or ()
    for places in legs.values():
        for place in places[1:]:
            if len(places) > 2 or place == places[-1]:
                device, port = cables[place].ends[0]
                apply = set_cable(place, length_m=(cables[place].length_m or 0) / 2)
                yield Mutation("CABLE-SPLITTER", device, at(fabric, device, port), apply, name=cables[place].label)


@mutator("CABLE-SPLITTER")
def strange_leg(fabric: Fabric) -> Iterator[Mutation]:
    """Make a link by the splitter of another cage of the same switch."""
    legs: dict[str, list[Cable]] = {}
    by_device: dict[str, list[str]] = {}
    for _, cable in numbered(fabric):
        if cable.assembly:
            legs.setdefault(cable.assembly, []).append(cable)
    for name, members in legs.items():
        if len(members) > 1 and len({leg.a_port for leg in members}) > 1:
            by_device.setdefault(members[0].a_device, []).append(name)
    for position, cable in numbered(fabric):
        other = next((name for name in by_device.get(cable.a_device, ()) if name != cable.assembly), "")
        members = legs.get(other, [])
        if members and port_name(cable.a_port) and cable.b_device not in {leg.b_device for leg in members}:
            near = {one.cage for leg in members if (one := port_name(leg.a_port))}
            mine = port_name(cable.a_port)
            if mine and len(near) == 1 and mine.cage not in near:
                moved = set_cable(position, assembly=other, length_m=members[0].length_m)
                path = at(fabric, cable.a_device, cable.a_port)
                yield Mutation("CABLE-SPLITTER", cable.a_device, path, moved, name=f"{cable.label} by {other}")


MOVED = (
    "CABLE-SUBNETS-DIFFER",
    "CABLE-DESCRIPTION",
    "CABLE-LANE-RATE",
    "CABLE-MISSING",
    "CABLE-PLUG",
    "CABLE-PORT-ABSENT",
    "CABLE-PORT-IDLE",
    "CABLE-PORT-TWICE",
    "CABLE-SPLITTER",
    "NVUE-SEGMENT-TWO-HOSTS",
)
WHY_MOVED = (
    "the port that the link moves to has a cable, a split, a subnet and a description of its own; one part leaves two"
)


@mutator(
    "NVUE-SEGMENT-TWO-HOSTS",
    together=("CABLE-MISSING", "CABLE-DESCRIPTION", "NVUE-SEGMENT-ONE-SIDED", "NVUE-PXE-BOND"),
    why="the host's own port has no cable, the description still names the host, and a foreign device does not boot",
)
def stranger(fabric: Fabric) -> Iterator[Mutation]:
    """Cable one switch of a segment to a foreign device."""
    for position, cable in numbered(fabric):
        view = fabric.views.get(cable.a_device)
        for name in view.bonds_of.get(cable.a_port, ()) if view else ():
            if view and name in view.segments and view.segments[name].enabled and len(view.bonds[name].members) == 1:
                path = ".".join((*view.segments[name].path, "local-id"))
                moved = set_cable(position, b_device="test-set")
                yield Mutation("NVUE-SEGMENT-TWO-HOSTS", cable.a_device, path, moved, name=cable.label)


@mutator("RAIL-LEAF", together=(*MOVED, "RAIL-SPLIT"), why=WHY_MOVED)
def wrong_leaf(fabric: Fabric) -> Iterator[Mutation]:
    """Move a rail port's link to a switch that does not carry the rail."""
    for position, cable in numbered(fabric):
        host = fabric.hosts.get(cable.ends[1])
        leaves = fabric.rails.get((host.fabric, host.rail)) if host and host.rail else None
        for other in sorted(set(fabric.devices) - leaves)[:3] if host and leaves else ():
            for port in (cable.a_port, "swp3", "swp40"):
                moved = set_cable(position, a_device=other, a_port=port)
                yield Mutation(
                    "RAIL-LEAF", cable.b_device, cable.b_port, moved, name=f"{cable.label} to {other}:{port}"
                )


@mutator("RAIL-SPLIT", together=(*MOVED, "RAIL-LEAF"), why=WHY_MOVED)
def cut_off(fabric: Fabric) -> Iterator[Mutation]:
    """Move a rail port's link to a switch that no chain of links joins with the rail."""
    islands = _islands(fabric)
    peers = Counter((host.fabric, host.rail) for host in fabric.hosts.values())
    for position, cable in numbered(fabric):
        host = fabric.hosts.get(cable.ends[1])
        if host is None or not host.rail or cable.a_device not in islands:
            continue
        other = next((name for name, island in islands.items() if island != islands[cable.a_device]), None)
        if other and peers[host.fabric, host.rail] > 2:
            yield Mutation("RAIL-SPLIT", host.device, host.port, set_cable(position, a_device=other), name=cable.label)


@mutator(
    "RAIL-SPLIT",
    together=("RAIL-LEAF", "CABLE-SPLITTER", "CABLE-MISSING"),
    why="what is no switch carries no rail either; one leg of the part leaves the cage of the others",
)
def out_of_the_fabric(fabric: Fabric) -> Iterator[Mutation]:
    """Plug a rail port into something that is no switch of the fabric."""
    peers = Counter((host.fabric, host.rail) for host in fabric.hosts.values())
    for position, cable in numbered(fabric):
        host = fabric.hosts.get(cable.ends[1])
        for far in ("test-set", "old-leaf", "campus2") if host and host.rail else ():
            if host and peers[host.fabric, host.rail] > 2:
                moved = set_cable(position, a_device=far)
                yield Mutation("RAIL-SPLIT", host.device, host.port, moved, name=f"{cable.label} to {far}")


@mutator("MANAGEMENT-ADDRESS-TWICE")
def same_address(fabric: Fabric) -> Iterator[Mutation]:
    """Give a switch the management address of another, and a BMC that of the owner before it."""
    given = [
        (device, address)
        for device, item in fabric.devices.items()
        for address in item.tree.get("interface", {}).get("eth0", {}).get("ip", {}).get("address", {})
        if address != "dhcp"
    ]
    for (_, first), (device, address) in zip(sorted(given), sorted(given)[1:], strict=False):
        path = ("interface", "eth0", "ip", "address", address)
        yield Mutation(
            "MANAGEMENT-ADDRESS-TWICE", device, ".".join((*path[:-1], first)), rename(device, path, first), name="eth0"
        )
    for before, (owner, _) in itertools.pairwise(fabric.addresses or ()):
        device, _, port = owner.partition(":")
        if device not in fabric.devices:
            yield Mutation("MANAGEMENT-ADDRESS-TWICE", device, port, row_of("addresses", owner, before[1]), name=owner)


@mutator("MANAGEMENT-MAC-TWICE")
def same_mac(fabric: Fabric) -> Iterator[Mutation]:
    """Give a port the MAC of the one before it."""
    for before, (owner, _) in itertools.pairwise(fabric.macs or ()):
        device, _, port = owner.partition(":")
        yield Mutation("MANAGEMENT-MAC-TWICE", device, port, row_of("macs", owner, before[1]), name=owner)


def row_of(table: Literal["addresses", "macs"], owner: str, value: str) -> Apply:
    """Make a mutation that changes one row of what the fabric says beside trees and cables."""

    def apply(fabric: Fabric) -> Fabric:
        rows = getattr(fabric, table)
        changed = tuple((name, value if name == owner else text) for name, text in rows)
        out = replace(fabric, **{table: changed})
        out.__dict__["views"] = fabric.views
        return out

    return Edit(("row", table, owner, value), apply)


@mutator(
    "CABLE-4X-TO-OLD-SWITCH",
    together=("CABLE-LANE-RATE", "NVUE-LANES-EXCEEDED"),
    why="the lanes that the older switch cannot use are not those that the cabling means; four times four is too many",
)
def two_lanes(fabric: Fabric) -> Iterator[Mutation]:
    """Give the sub-ports that face an older switch other lanes than one."""
    for (device, port), (far, _, _) in fabric.far_ends.items():
        view, name, peer = fabric.views.get(device), port_name(port), fabric.views.get(far)
        split = view.breakouts.get(name.cage) if view and name else None
        asics = [one.hardware.asic for one in (view, peer) if one and one.hardware]
        if split and split.mode == "4x" and split.lanes == 1 and asics == ["spectrum4", "spectrum1"]:
            path = (*split.path, "lanes-per-port")
            where = ".".join(path)
            yield Mutation("CABLE-4X-TO-OLD-SWITCH", device, where, set_leaf(device, path, "2"), name="2")
            yield Mutation("CABLE-4X-TO-OLD-SWITCH", device, where, set_leaf(device, path, "4"), name="4")
            yield Mutation("CABLE-4X-TO-OLD-SWITCH", device, where, drop(device, path), name="the default")


@mutator(
    "CABLE-4X-TO-OLD-SWITCH",
    together=(*MOVED, "NVUE-SEGMENT-ONE-SIDED", "NVUE-MTU-ENDS", "NVUE-VLAN-ENDS"),
    why="the host has lost its cable, and the port of the older switch has another use, plug and speed",
)
def into_an_old_switch(fabric: Fabric) -> Iterator[Mutation]:
    """Plug the far end of a host's link into an older switch, where the cage is split four times two lanes."""
    old = [name for name, view in fabric.views.items() if view.hardware and view.hardware.asic == "spectrum1"]
    for position, cable in numbered(fabric):
        view, name = fabric.views.get(cable.a_device), port_name(cable.a_port)
        split = view.breakouts.get(name.cage) if view and name else None
        if split is None or split.mode != "4x" or split.lanes == 1 or cable.b_device in fabric.devices:
            continue
        for far in old[:2]:
            for port in ("swp1", "swp40", "swp50", "swp52"):
                moved = set_cable(position, b_device=far, b_port=port)
                where = ".".join((*split.path, "lanes-per-port"))
                yield Mutation(
                    "CABLE-4X-TO-OLD-SWITCH", cable.a_device, where, moved, name=f"{cable.label} to {far}:{port}"
                )
