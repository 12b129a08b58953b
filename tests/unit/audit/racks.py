"""Planned racks with what their switches answer when all is well; made once, handed out as copies."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from rackwright import audit, catalog
from rackwright import plan as planner
from rackwright.findings import Finding
from rackwright.intent.models import Site as Intent
from rackwright.nvue.tree import Tree
from rackwright.plan import workspace
from rackwright.render import switch_tree
from tests.sites import site
from tests.unit.audit import healthy

SITES = Path(__file__).resolve().parents[3] / "inventory"


@dataclass(frozen=True)
class Rack:
    """A site, and the answers of its switches to be changed: ``said[switch][question]``."""

    site: audit.Site
    trees: dict[str, Tree]
    said: dict[str, dict[str, Any]]
    errors: dict[str, str] = field(default_factory=dict)

    def evidence(self) -> dict[str, audit.Evidence]:
        """Return the answers as evidence; switches in ``errors`` were not reached."""
        found = {name: healthy.as_evidence(name, answers) for name, answers in self.said.items()}
        return found | {name: audit.Evidence(name, error=why) for name, why in self.errors.items()}

    def judged(self, *checks: str, **more: Any) -> tuple[Finding, ...]:
        """Judge it."""
        return audit.judge(
            self.site.plan, self.evidence(), catalog=self.site.catalog,
            intended=lambda switch: self.trees[switch.name], checks=checks, **more,
        )  # fmt: skip


@lru_cache(maxsize=8)
def _rack(name: str) -> Rack:
    if name == "clos":
        rows = catalog.load()
        made, _ = planner.build(Intent.model_validate(site("rail-optimized", 64, 64)), catalog=rows)
    else:
        opened = workspace.open_site(SITES / name)
        rows, made = opened.loaded.catalog, workspace.planned(opened).plan
    found = audit.Site(made, rows)
    trees = {switch.name: switch_tree(switch) for switch in made.switches}
    return Rack(found, trees, healthy.answers(found, lambda switch: trees[switch.name]))


def rack(name: str = "xe9680-spectrum-x") -> Rack:
    """Return a rack whose answers may be changed: a reference site, or ``clos``, 64 servers behind leaves and spines."""
    made = _rack(name)
    return replace(made, said=copy.deepcopy(made.said), errors={})
