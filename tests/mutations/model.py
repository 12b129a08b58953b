"""One mutation: a single leaf or link made wrong, and the finding that must come of it.

A mutator belongs to one rule and makes as many distinct mutations as the given fabric has room for.
The harness (``tests/mutations/harness.py``) takes twenty of them, spread evenly, and holds that the
rule fires at the stated path, that nothing fires but the rule and what is listed in ``together``,
and that the unmutated fabric is silent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from rackwright.check import Cable, Device, Fabric, View

Maker = Callable[[Fabric], Iterator["Mutation"]]

MUTATORS: dict[str, list[Mutator]] = {}
"""The mutators of each rule id, filled by importing ``tests/mutations/of_*.py``."""


@dataclass(frozen=True)
class Edit:
    """One change of a fabric; ``what`` names the leaf or link and what becomes of it, alike only for the same change."""

    what: tuple[Any, ...]
    run: Callable[[Fabric], Fabric] = field(compare=False, repr=False)

    def __call__(self, fabric: Fabric) -> Fabric:
        """Give the fabric with the change."""
        return self.run(fabric)


Apply = Edit


@dataclass(frozen=True)
class Mutation:
    """A mistake: where it is made, how, and which rule must say so at which path (parts joined by ``.``)."""

    rule: str
    device: str
    path: str
    apply: Apply
    together: frozenset[str] = frozenset()
    subject: str = ""
    """Whom the finding is about, when it is not ``device``."""
    name: str = ""

    def __str__(self) -> str:
        """Name the mutation for a message."""
        return f"{self.rule} at {self.device}:{self.path} ({self.name})"


@dataclass(frozen=True)
class Mutator:
    """A maker of mutations for one rule; ``together`` are rules that must or may fire with it, and why."""

    rule: str
    make: Maker
    together: frozenset[str]
    why: str


def mutator(rule: str, *, together: tuple[str, ...] = (), why: str = "") -> Callable[[Maker], Maker]:
    """Register a maker; the mutations it makes inherit ``together``."""

    def register(make: Maker) -> Maker:
        MUTATORS.setdefault(rule, []).append(Mutator(rule, make, frozenset(together), why))
        return make

    return register


def changed(tree: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """Copy a tree with one node set; only the nodes above it are copied."""
    head, *rest = path
    below = tree.get(head)
    return {**tree, head: changed(below if isinstance(below, dict) else {}, tuple(rest), value) if rest else value}


def without(tree: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """Copy a tree without one node; a map that this leaves empty stays, as NVUE keeps it."""
    head, *rest = path
    if not rest:
        return {key: value for key, value in tree.items() if key != head}
    return {**tree, head: without(tree[head], tuple(rest))}


def with_tree(fabric: Fabric, name: str, tree: dict[str, Any]) -> Fabric:
    """Copy a fabric with another tree for one device, keeping the views of the others."""
    device: Device = replace(fabric.devices[name], tree=tree)
    out = replace(fabric, devices={**fabric.devices, name: device})
    # The views of untouched devices are values of their trees: building them again would only cost time.
    out.__dict__["views"] = {**fabric.views, name: View(device)}
    return out


def set_leaf(device: str, path: tuple[str, ...], value: Any) -> Apply:
    """Make a mutation that sets one leaf of one device."""
    return Edit(
        ("set", device, path, value),
        lambda fabric: with_tree(fabric, device, changed(fabric.devices[device].tree, path, value)),
    )


def drop(device: str, path: tuple[str, ...]) -> Apply:
    """Make a mutation that removes one node of one device."""
    return Edit(
        ("drop", device, path), lambda fabric: with_tree(fabric, device, without(fabric.devices[device].tree, path))
    )


def rename(device: str, path: tuple[str, ...], new: str) -> Apply:
    """Make a mutation that renames the last key of a path of one device."""

    def apply(fabric: Fabric) -> Fabric:
        tree = fabric.devices[device].tree
        body: Any = tree
        for key in path:
            body = body[key]
        return with_tree(fabric, device, changed(without(tree, path), (*path[:-1], new), body))

    return Edit(("rename", device, path, new), apply)


def set_cable(position: int, **fields: Any) -> Apply:
    """Make a mutation that changes one link."""

    def apply(fabric: Fabric) -> Fabric:
        cables = list(fabric.cables or ())
        cable: Cable = replace(cables[position], **fields)
        cables[position] = cable
        return with_cables(fabric, tuple(cables))

    return Edit(("link", position, tuple(fields.items())), apply)


def with_cables(fabric: Fabric, cables: tuple[Cable, ...]) -> Fabric:
    """Copy a fabric with other links, keeping the views."""
    out = replace(fabric, cables=cables)
    out.__dict__["views"] = fabric.views
    return out
