"""A reference site, planned with its lock and rendered, kept until another one is asked for: the largest takes 20 s."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from rackwright import intent, plan
from rackwright.catalog.models import Catalog
from rackwright.nvue.tree import Tree
from rackwright.plan import lock_text
from rackwright.plan.model import Plan
from rackwright.render.nvue import tree

INVENTORY = Path(__file__).resolve().parents[1] / "inventory"


@lru_cache(maxsize=1)
def rendered(name: str) -> tuple[Plan, dict[str, Tree], Catalog]:
    """Return the plan of a reference site and the tree of each of its switches."""
    loaded = intent.load(INVENTORY / name)
    kept = lock_text.read(INVENTORY / name / "site.lock")
    made, lock = plan.build(loaded.require(), kept, catalog=loaded.catalog, keys=loaded.keys)
    assert kept is None or not lock.changed, "inventory/*/site.lock is stale: run `rackwright plan` on the site"
    return made, {switch.name: tree(switch) for switch in made.switches}, loaded.catalog


def group(name: str) -> str:
    """Return the xdist group of the tests of a site: one worker plans it, and no other."""
    return f"site-{name}"
