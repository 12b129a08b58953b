"""Where mutators find something to make wrong: places in the trees of a good fabric."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rackwright.check import Fabric, View
from rackwright.check.interfaces import section
from tests.mutations.model import Mutation, drop, rename, set_leaf

Path = tuple[str, ...]

UNUSED_VLANS = range(3101, 3161)
"""VLANs that no site uses and the switch does not reserve."""


def setting(rule: str, view: View, path: Path, value: Any, at: Path | None = None, name: str = "") -> Mutation:
    """Make the mutation that sets one leaf; the finding is expected at ``at``, else at the leaf."""
    told = name or f"set to {value}"
    return Mutation(rule, view.name, ".".join(at or path), set_leaf(view.name, path, value), name=told)


def dropping(rule: str, view: View, path: Path, at: Path | None = None) -> Mutation:
    """Make the mutation that takes one leaf away; the finding is expected at ``at``, else at the leaf."""
    return Mutation(rule, view.name, ".".join(at or path), drop(view.name, path), name="taken away")


def renaming(rule: str, view: View, path: Path, new: str, at: Path | None = None) -> Mutation:
    """Make the mutation that gives the last key of a path another name; expected at the new path, or at ``at``."""
    where = ".".join(at or (*path[:-1], new))
    return Mutation(rule, view.name, where, rename(view.name, path, new), name=f"renamed to {new}")


NOT_ON = (True, False, None, "enabled", "yes", "On", "on ")
"""What a YAML 1.1 reader, another release or a slip of the hand makes of ``on``; none of them is ``on``."""
DAMAGED = ("NVUE-YAML-DAMAGE", "NVUE-WRONG-WORD")
"""The rules that say so of the word itself."""


def others_of(found: list[View], position: int, most: int = 12) -> list[View]:
    """Give the views that come after one in a ring, ``most`` of them: of a thousand, a dozen show it."""
    return [found[(position + step) % len(found)] for step in range(1, min(most, len(found) - 1) + 1)]


def vteps(fabric: Fabric) -> Iterator[View]:
    """Give the switches with a VTEP."""
    return (view for view in fabric.views.values() if view.vtep)


def pairs(fabric: Fabric) -> Iterator[tuple[View, View]]:
    """Give each VTEP with the one after it."""
    found = list(vteps(fabric))
    for position, view in enumerate(found if len(found) > 1 else []):
        yield view, found[(position + 1) % len(found)]


def speakers(fabric: Fabric) -> Iterator[View]:
    """Give the switches that speak BGP."""
    return (view for view in fabric.views.values() if view.bgp)


def neighbor_ports(view: View) -> list[str]:
    """Give the interfaces of a switch that carry a BGP session of the default VRF."""
    return [one.name for one in view.neighbors if one.vrf == "default" and one.name in view.interfaces]


def inner_ports(fabric: Fabric, view: View) -> list[str]:
    """Give those of them whose other end is a switch of the fabric."""
    return [name for name in neighbor_ports(view) if fabric.far_ends.get((view.name, name), ("",))[0] in fabric.views]


def segment_bonds(view: View) -> list[str]:
    """Give the bonds of a switch that are Ethernet segments."""
    return [name for name, one in view.segments.items() if one.enabled]


def shared_bonds(fabric: Fabric) -> Iterator[tuple[View, str]]:
    """Give the segment bonds whose segment is on more than one switch."""
    count: dict[str, int] = {}
    for view in fabric.views.values():
        for one in view.segments.values():
            count[one.esi] = count.get(one.esi, 0) + 1
    for view in fabric.views.values():
        for name, one in view.segments.items():
            if one.enabled and count[one.esi] > 1:
                yield view, name


def bgp_groups(view: View, vrf: str = "default") -> list[str]:
    """Give the peer groups of a VRF that have neighbors."""
    instance = view.bgp.get(vrf)
    return sorted({one.group for one in instance.neighbors.values() if one.group}) if instance else []


def group_path(vrf: str, group: str, *keys: str) -> Path:
    """Give a path in a peer group."""
    return ("vrf", vrf, "router", "bgp", "peer-group", group, *keys)


def leaf(view: View, path: Path) -> Any:
    """Give the value at a path, or None."""
    return section(view.tree, *path[:-1]).get(path[-1])
