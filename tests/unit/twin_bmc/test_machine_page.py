"""What the twin's BMCs do is printed, each row with its source."""

from __future__ import annotations

import runpy
from pathlib import Path

from rackwright.twin.bmc.machine.behaviours import BEHAVIOURS

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_says_what_the_code_says():
    """docs/reference/twin-bmc.md is written from the tables (make reference)."""
    pages = runpy.run_path(str(ROOT / "scripts" / "reference.py"))["PAGES"]
    assert (ROOT / "docs/reference/twin-bmc.md").read_text(encoding="utf-8") == pages["twin-bmc.md"]()


def test_every_behaviour_has_its_own_name_and_a_source():
    """Ids are single, and a row without a source says that it is assumed."""
    assert len({row.id for row in BEHAVIOURS}) == len(BEHAVIOURS)
    assert all(row.source and "|" not in row.what + row.source for row in BEHAVIOURS)
