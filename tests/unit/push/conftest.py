"""A site in memory for pushes to switches: its plan, and switches that are factory-fresh."""

from pathlib import Path

import pytest

from rackwright.plan import workspace
from tests.unit.push.fleet import fleet_of

SITE = Path(__file__).resolve().parents[3] / "inventory" / "xe9680-spectrum-x"


@pytest.fixture(scope="module")
def plan():
    """Return the plan of the site."""
    return workspace.planned(workspace.open_site(SITE)).plan


@pytest.fixture
def fleet(plan, tmp_path):
    """Return its switches, and the folder of its runs."""
    return fleet_of(plan, tmp_path / ".rackwright")
