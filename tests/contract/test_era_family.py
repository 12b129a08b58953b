"""Members of NVIDIA's family of designs that nobody here has an export of: each can be said, and is right as far as rules go."""

from __future__ import annotations

from pathlib import Path

import pytest

from rackwright import check
from rackwright.check.planned import of_plan
from rackwright.plan import workspace
from rackwright.render import switch_tree

SITES = Path(__file__).resolve().parents[1] / "family"
NAMES = sorted(path.name for path in SITES.iterdir())


def test_there_are_members_of_every_shape() -> None:
    """One converged pair, a pair and planes, planes with spines, a VLAN a rail."""
    assert NAMES == ["2-4-5-800", "2-8-5-200", "2-8-9-400-64", "2-8-9-800"]


@pytest.mark.parametrize("name", NAMES)
def test_a_member_is_short_and_nothing_in_it_is_wrong(name: str) -> None:
    """At most 150 lines and no overlay give a plan without a problem, and switches that no rule complains of."""
    folder = SITES / name
    assert len((folder / "site.yaml").read_text(encoding="utf-8").splitlines()) <= 150
    assert sorted(path.name for path in folder.iterdir()) == ["catalog", "site.yaml"]
    opened = workspace.open_site(folder)
    made = workspace.planned(opened).plan
    trees = {switch.name: switch_tree(switch) for switch in made.switches}
    report = check.run(of_plan(made, trees, opened.loaded.catalog))
    assert [str(found) for found in report.findings if found.status == "fail"] == []
    assert len(trees) >= 5
