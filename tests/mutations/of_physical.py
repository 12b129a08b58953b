"""Mutations of ports, breakouts and speeds for items 8 to 12, and of bond members for item 15."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from rackwright.check import Fabric, View
from rackwright.check.interfaces import port_name
from rackwright.check.rules_physical import port_lanes, ways
from tests.mutations.model import Mutation, drop, mutator, rename, set_leaf
from tests.mutations.of_schema import splits

BREAKOUT = ("link", "breakout")


def views(fabric: Fabric) -> Iterator[tuple[str, View]]:
    """Give the views of devices whose model is known and that have interfaces."""
    for name, view in fabric.views.items():
        if view.hardware is not None and view.interfaces:
            yield name, view


@mutator("NVUE-PORT-ABSENT")
def absent_ports(fabric: Fabric) -> Iterator[Mutation]:
    """Configure ports beyond the last one of the model."""
    for device, view in views(fabric):
        last = max(view.hardware.cages) if view.hardware else 0
        for cage in range(last + 1, last + 22):
            path = ("interface", f"swp{cage}")
            if path[1] in view.interfaces:
                continue
            yield Mutation(
                "NVUE-PORT-ABSENT", device, ".".join(path), set_leaf(device, (*path, "type"), "swp"), name="beyond"
            )


@mutator("NVUE-SUBPORT-WITHOUT-BREAKOUT")
def dangling(fabric: Fabric) -> Iterator[Mutation]:
    """Configure the sub-port after the last that each cage has."""
    for device, view in views(fabric):
        for cage in view.hardware.cages if view.hardware else ():
            made = ways(view.breakouts.get(cage))
            if made < 8:
                path = ("interface", f"swp{cage}s{made}")
                yield Mutation(
                    "NVUE-SUBPORT-WITHOUT-BREAKOUT",
                    device,
                    ".".join(path),
                    set_leaf(device, (*path, "type"), "swp"),
                    name="one too many",
                )


@mutator("NVUE-SPLIT-PARENT-USED")
def used_parents(fabric: Fabric) -> Iterator[Mutation]:
    """Put a split cage itself into a VRF."""
    for device, name, mode, _ in splits(fabric):
        if mode in ("2x", "4x", "8x", "disabled"):
            path = ("interface", name, "ip")
            yield Mutation(
                "NVUE-SPLIT-PARENT-USED", device, ".".join(path), set_leaf(device, (*path, "vrf"), "default"), name=mode
            )


@mutator("NVUE-BREAKOUT-NOT-ALLOWED")
def impossible(fabric: Fabric) -> Iterator[Mutation]:
    """Give a cage a second breakout, and a port that does not split its first."""
    for device, name, mode, _ in splits(fabric):
        path = ("interface", name, *BREAKOUT)
        yield Mutation(
            "NVUE-BREAKOUT-NOT-ALLOWED",
            device,
            ".".join((*path, mode)),
            set_leaf(device, (*path, "1x"), {}),
            name="two breakouts",
        )
    for device, view in views(fabric):
        for cage in view.hardware.cages.values() if view.hardware else ():
            if not cage.splits:
                path = ("interface", f"swp{cage.number}", *BREAKOUT, "1x")
                yield Mutation(
                    "NVUE-BREAKOUT-NOT-ALLOWED",
                    device,
                    ".".join(path),
                    set_leaf(device, path, {}),
                    name="does not split",
                )


@mutator("NVUE-NEIGHBOUR-CAGE")
def neighbours(fabric: Fabric) -> Iterator[Mutation]:
    """Take the disabled breakout off the cage beside an 8x split, or make it another one."""
    for device, view in views(fabric):
        for split in view.breakouts.values():
            beside = view.breakouts.get(split.cage + 1)
            if split.mode != "8x" or beside is None or beside.mode != "disabled":
                continue
            path = ("interface", beside.name, *BREAKOUT)
            where = ".".join(path)
            yield Mutation("NVUE-NEIGHBOUR-CAGE", device, where, drop(device, path), name="nothing")
            yield Mutation(
                "NVUE-NEIGHBOUR-CAGE", device, where, drop(device, (*path, "disabled")), name="an empty breakout"
            )
            for mode in ("1x", "2x", "4x"):
                yield Mutation(
                    "NVUE-NEIGHBOUR-CAGE", device, where, rename(device, (*path, "disabled"), mode), name=mode
                )


@mutator(
    "NVUE-LANES-EXCEEDED",
    together=("CABLE-LANE-RATE", "CABLE-4X-TO-OLD-SWITCH", "NVUE-BOND-MEMBER-SPEEDS", "NVUE-AR-PORT"),
    why="lanes that the cage does not have are lanes that neither the cable nor the other members have; eight are 800G",
)
def too_many_lanes(fabric: Fabric) -> Iterator[Mutation]:
    """Double the lanes of the sub-ports."""
    for device, view in views(fabric):
        for split in view.breakouts.values():
            cage = view.hardware.cages.get(split.cage) if view.hardware else None
            if cage is None or not split.ways or split.ways < 2:
                continue
            for lanes in ("2", "4", "8"):
                if split.ways * int(lanes) > cage.lanes:
                    path = (*split.path, "lanes-per-port")
                    yield Mutation(
                        "NVUE-LANES-EXCEEDED", device, ".".join(path), set_leaf(device, path, lanes), name=lanes
                    )


def logical(view: View) -> Iterator[str]:
    """Give the front-panel ports that can have a speed."""
    for name in (*view.index.swps, *view.subports):
        port = port_name(name)
        split = view.breakouts.get(port.cage) if port else None
        if port and (port.sub is not None or split is None):
            yield name


@mutator(
    "NVUE-SPEED-EXCEEDS-LANES",
    together=("NVUE-SPEED-FORCED", "CABLE-LINK-ENDS-DIFFER", "NVUE-BOND-MEMBER-SPEEDS", "NVUE-AR-PORT"),
    why="a speed that is set is a forced one, the far end and the bond's other members do not have it; 800G has no AR",
)
def too_fast(fabric: Fabric) -> Iterator[Mutation]:
    """Set the least speed that the lanes do not carry."""
    for device, view in views(fabric):
        for name in logical(view):
            facts = port_lanes(view, name)
            most = facts[0].lane_gbps * facts[1] if facts else 0
            speed = next((rate for rate in (10, 100, 200, 400, 800) if rate > most), None)
            if facts and speed:
                path = ("interface", name, "link", "speed")
                yield Mutation(
                    "NVUE-SPEED-EXCEEDS-LANES",
                    device,
                    ".".join(path),
                    set_leaf(device, path, f"{speed}G"),
                    name=f"{speed}G over {most}G",
                )


@mutator(
    "NVUE-SPEED-FORCED",
    together=("CABLE-LINK-ENDS-DIFFER",),
    why="the switch at the far end does not force the speed",
)
def forced(fabric: Fabric) -> Iterator[Mutation]:
    """Set the speed that the port has anyway, toward a switch or a known NIC or nothing."""
    for device, view in views(fabric):
        for name in logical(view):
            facts = port_lanes(view, name)
            far = fabric.far_ends.get((device, name))
            foreign = far is not None and far[0] not in fabric.devices and fabric.far_host(device, name) is None
            if facts and facts[0].modulation == "pam4" and not foreign:
                path, speed = ("interface", name, "link", "speed"), f"{facts[0].lane_gbps * facts[1]}G"
                yield Mutation("NVUE-SPEED-FORCED", device, ".".join(path), set_leaf(device, path, speed), name=speed)


@mutator("NVUE-FEC-AUTO", together=("CABLE-LINK-ENDS-DIFFER",), why="the far end does not write it")
def fec_auto(fabric: Fabric) -> Iterator[Mutation]:
    """Write fec auto on every port."""
    for device, view in views(fabric):
        for name in logical(view):
            path = ("interface", name, "link", "fec")
            yield Mutation("NVUE-FEC-AUTO", device, ".".join(path), set_leaf(device, path, "auto"))


@mutator(
    "NVUE-LOGICAL-PORTS",
    together=("NVUE-NEIGHBOUR-CAGE", "NVUE-LANES-EXCEEDED", "CABLE-LANE-RATE"),
    why="a cage that is split into eight also wants its neighbour's lanes, and lanes that were stated for four",
)
def crowded(fabric: Fabric) -> Iterator[Mutation]:
    """Split one more cage by eight, where that is more than the ASIC keeps."""
    for device, view in views(fabric):
        most = view.hardware.max_logical_ports if view.hardware else 0
        cages = view.hardware.cages if view.hardware else {}
        total = sum(1 if (one := view.breakouts.get(cage)) is None else one.ways or 0 for cage in cages)
        for split in view.breakouts.values():
            if split.cage % 2 and split.ways and 1 < split.ways < 8 and total - split.ways + 8 > most:
                yield Mutation(
                    "NVUE-LOGICAL-PORTS", device, "interface", rename(device, split.path, "8x"), name=split.name
                )


@mutator("NVUE-BOND-MEMBER-MISSING")
def ghosts(fabric: Fabric) -> Iterator[Mutation]:
    """Add a member that the switch does not have to every bond."""
    for device, view in views(fabric):
        for bond in view.bonds:
            for member in ("swp99", "swp99s1"):
                path = ("interface", bond, "bond", "member", member)
                yield Mutation("NVUE-BOND-MEMBER-MISSING", device, ".".join(path), set_leaf(device, path, {}))


@mutator(
    "NVUE-BOND-MEMBER-TWICE",
    together=("NVUE-BOND-MEMBER-SPEEDS",),
    why="the second bond may have members of another speed",
)
def shared(fabric: Fabric) -> Iterator[Mutation]:
    """Add the member of each bond to the bond after it in the file."""
    for device, view in views(fabric):
        bonds = list(view.bonds.values())
        for one, two in itertools.pairwise(bonds):
            for member in one.members[:1]:
                path = ("interface", two.interface.name, "bond", "member", member)
                yield Mutation("NVUE-BOND-MEMBER-TWICE", device, ".".join(path), set_leaf(device, path, {}))


@mutator("NVUE-BOND-MEMBER-CONFIGURED")
def own_settings(fabric: Fabric) -> Iterator[Mutation]:
    """Put a bond member into a VRF by itself."""
    for device, view in views(fabric):
        for member in view.bonds_of:
            if member in view.interfaces and port_name(member):
                path = ("interface", member, "ip")
                yield Mutation(
                    "NVUE-BOND-MEMBER-CONFIGURED", device, ".".join(path), set_leaf(device, (*path, "vrf"), "default")
                )


@mutator("NVUE-BOND-MEMBER-SPEEDS")
def mixed(fabric: Fabric) -> Iterator[Mutation]:
    """Add a free port of another speed to every bond."""
    for device, view in views(fabric):
        cages = view.hardware.cages.values() if view.hardware else ()
        free = [
            f"swp{cage.number}"
            for cage in cages
            if f"swp{cage.number}" not in view.interfaces and cage.number not in view.index.subports_of
        ]
        for bond in view.bonds.values():
            first = port_lanes(view, bond.members[0]) if bond.members else None
            for name in free:
                facts = port_lanes(view, name)
                if first and facts and facts[0].lane_gbps * facts[1] != first[0].lane_gbps * first[1]:
                    path = ("interface", bond.interface.name, "bond", "member", name)
                    yield Mutation("NVUE-BOND-MEMBER-SPEEDS", device, ".".join(path), set_leaf(device, path, {}))
                    break
