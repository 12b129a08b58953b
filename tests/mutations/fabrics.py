"""The fabrics that mutations are tried on: one made in code, the reference sites, and NVIDIA's exports."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from rackwright import check
from rackwright.check import Fabric
from tests.mutations import example

INVENTORY = Path(__file__).resolve().parents[2] / "inventory"
SMALL = ("xe9680-spectrum-x", "r760xa-converged", "xe9680-two-racks", "era-2-8-9-400", "era-2-4-3-200")
"""Reference sites of a rack or two; the others are tried in ``make test`` only."""
LARGE = ("rail-1024",)
VERY_LARGE = ("rail-8192",)
"""Mutated in a part of it: see ``large.part_of``."""


@cache
def made() -> Fabric:
    """Give the fabric that is made in code."""
    return example.fabric()


@cache
def reference(name: str) -> Fabric:
    """Plan and render a reference site."""
    from rackwright import intent, plan, render
    from rackwright.check.planned import of_plan

    loaded = intent.load(INVENTORY / name)
    assert loaded.site is not None, [str(item) for item in loaded.problems]
    planned, _ = plan.build(loaded.site, None, catalog=loaded.catalog)
    return of_plan(planned, {row.name: render.switch_tree(row) for row in planned.switches}, loaded.catalog)


@cache
def exports(shared: Callable[..., Path], family: str) -> Fabric:
    """Read NVIDIA's exports of one reference architecture."""
    folder = shared("data", "era", family, "exported-configurations")
    files = sorted(folder.glob("*.yaml"))
    return check.load_files(files, model={path.stem: "sn2201" if "oob" in path.stem else "sn5600" for path in files})
