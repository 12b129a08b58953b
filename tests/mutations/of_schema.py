"""Mutations of one leaf or key for items 1 to 7."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from rackwright.check import Device, Fabric, View
from rackwright.nvue.ranges import expand_traced
from tests.mutations.model import Apply, Edit, Mutation, mutator, rename, set_leaf


def interfaces(fabric: Fabric) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Give every interface of every device as (device, name, body)."""
    for device, item in fabric.devices.items():
        for name, body in item.tree.get("interface", {}).items():
            yield device, name, body


def splits(fabric: Fabric) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Give every breakout as (device, cage's interface, mode, body)."""
    for device, name, body in interfaces(fabric):
        for mode, inner in body.get("link", {}).get("breakout", {}).items():
            yield device, name, mode, inner


@mutator("NVUE-PATH-UNKNOWN")
def newer_paths(fabric: Fabric) -> Iterator[Mutation]:
    """Write an interface's address and VRF as NVUE 5.15 has them."""
    for device, name, _ in interfaces(fabric):
        path = ("interface", name, "ipv4")
        yield Mutation(
            "NVUE-PATH-UNKNOWN", device, ".".join(path), set_leaf(device, (*path, "dhcp-client"), {}), name="5.15 path"
        )
    for device in fabric.devices:
        yield Mutation(
            "NVUE-PATH-UNKNOWN",
            device,
            "system.ntp",
            set_leaf(device, ("system", "ntp", "state"), "enabled"),
            name="ntp",
        )


@mutator("NVUE-YAML-DAMAGE")
def damaged(fabric: Fabric) -> Iterator[Mutation]:
    """Turn the type of an interface into what a YAML 1.1 reader makes of a word."""
    for device, name, _ in interfaces(fabric):
        path = ("interface", name, "type")
        for value in (True, None):
            yield Mutation("NVUE-YAML-DAMAGE", device, ".".join(path), set_leaf(device, path, value), name=str(value))


@mutator("NVUE-WRONG-WORD")
def words(fabric: Fabric) -> Iterator[Mutation]:
    """Write the type of an interface wrong, and its state as a word where a presence belongs."""
    for device, name, body in interfaces(fabric):
        path = ("interface", name, "type")
        yield Mutation("NVUE-WRONG-WORD", device, ".".join(path), set_leaf(device, path, "ethernet"), name="type")
        if "up" in body.get("link", {}).get("state", {}):
            state = ("interface", name, "link", "state")
            yield Mutation("NVUE-WRONG-WORD", device, ".".join(state), set_leaf(device, state, "up"), name="state")


@mutator("NVUE-OUT-OF-RANGE")
def ranges(fabric: Fabric) -> Iterator[Mutation]:
    """Set a threshold of 1 to 100 to 101 on every port that is not split."""
    for device, name, body in interfaces(fabric):
        if name.startswith("swp") and "breakout" not in body.get("link", {}):
            path = ("interface", name, "router", "adaptive-routing", "link-utilization-threshold")
            yield Mutation("NVUE-OUT-OF-RANGE", device, ".".join(path), set_leaf(device, path, 101), name="101")


@mutator("NVUE-KEY-FORM")
def key_forms(fabric: Fabric) -> Iterator[Mutation]:
    """Write breakouts as before 5.4, and interfaces as other systems name them."""
    for device, name, mode, _ in splits(fabric):
        if mode in ("2x", "4x"):
            path, new = ("interface", name, "link", "breakout", mode), f"{mode}{800 // int(mode[0])}G"
            yield Mutation(
                "NVUE-KEY-FORM", device, ".".join((*path[:-1], new)), rename(device, path, new), name="before 5.4"
            )
    for device in fabric.devices:
        for port in range(1, 25):
            path = ("interface", f"Ethernet1/{port}")
            yield Mutation(
                "NVUE-KEY-FORM", device, ".".join(path), set_leaf(device, (*path, "type"), "swp"), name="other system"
            )


@mutator("NVUE-NAME-LIMIT")
def limits(fabric: Fabric) -> Iterator[Mutation]:
    """Give an interface a description of 256 characters."""
    for device, name, _ in interfaces(fabric):
        path = ("interface", name, "description")
        yield Mutation("NVUE-NAME-LIMIT", device, ".".join(path), set_leaf(device, path, "x" * 256), name="256")


@mutator("NVUE-RANGE-OVERLAP")
def overlaps(fabric: Fabric) -> Iterator[Mutation]:
    """Set the type of one interface by a range key as well, differently and earlier in the file."""
    for device, name, body in interfaces(fabric):
        if isinstance(body.get("type"), str) and name[-1].isdigit() and name[-2].isalpha():
            path = f"interface.{name}.type"
            yield Mutation("NVUE-RANGE-OVERLAP", device, path, overlapped(device, name), name="range key")


def overlapped(device: str, name: str) -> Apply:
    """Make a mutation that puts a contradicting range key before all interfaces."""

    def apply(fabric: Fabric) -> Fabric:
        given = fabric.devices[device]
        tree = {"interface": {f"{name}-{name[-1]}": {"type": "other"}, **given.tree["interface"]}}
        found = expand_traced(tree)
        changed: Device = replace(given, conflicts=found.overlaps)
        out = replace(fabric, devices={**fabric.devices, device: changed})
        out.__dict__["views"] = {**fabric.views, device: View(changed)}
        return out

    return Edit(("range key", device, name), apply)
