"""Every reference site: planned with its lock, rendered, strict against the schema, nothing found, read back alike."""

from __future__ import annotations

import pytest

from rackwright import check
from rackwright.check.planned import of_plan
from rackwright.nvue import document, emit, schema
from rackwright.nvue.tree import leaves
from tests.rendered import INVENTORY, group, rendered

SITES = sorted(folder.name for folder in INVENTORY.iterdir() if (folder / "site.yaml").is_file())
SMALL = [name for name in SITES if not name.startswith("rail-")]
EACH = [pytest.param(name, marks=pytest.mark.xdist_group(group(name))) for name in SITES]


@pytest.mark.parametrize("name", EACH)
def test_the_schema_holds_strictly(name: str) -> None:
    """Every rendered file holds against the 5.12 schema, unknown keys being errors."""
    made, trees, _ = rendered(name)
    strict = schema.load(made.nos)
    wrong = [f"{device}: {found}" for device, one in trees.items() for found in strict.check(one, secrets="stand-in")]
    assert trees
    assert wrong == []


@pytest.mark.parametrize("name", EACH)
def test_no_rule_finds_anything(name: str) -> None:
    """No rule fails on a reference site, and none is in error for want of evidence."""
    made, trees, rows = rendered(name)
    report = check.run(of_plan(made, trees, rows))
    assert [str(found) for found in report.findings if found.status in ("fail", "error")] == []


@pytest.mark.parametrize("name", SMALL)
def test_what_is_printed_reads_back(name: str) -> None:
    """A printed startup.yaml reads back as the tree it was printed from."""
    made, trees, _ = rendered(name)
    for switch in made.switches:
        text = emit.dump(trees[switch.name], model=switch.model, nos=switch.nos)
        back = document.read(text, switch.name)
        assert back.problems == ()
        assert dict(leaves(back.tree)) == dict(leaves(trees[switch.name]))
        assert text.isascii()


@pytest.mark.parametrize("name", SMALL)
def test_a_secret_is_a_reference_that_nvue_refuses(name: str) -> None:
    """No password stands in a file: what does would be refused if applied by hand."""
    made, trees, _ = rendered(name)
    strict = schema.load(made.nos)
    for one in trees.values():
        assert {found.code for found in strict.check(one)} == {"secret"}


def test_every_site_has_its_lock() -> None:
    """A reference site carries its lock; only the one for measuring does not (three megabytes)."""
    assert [name for name in SITES if not (INVENTORY / name / "site.lock").is_file()] == ["rail-8192"]


def test_the_sites_of_the_issue_are_there() -> None:
    """The seven reference sites stand in inventory/, each with a line in its README."""
    wanted = {
        "xe9680-spectrum-x", "r760xa-converged", "xe9680-two-racks", "era-2-8-9-400", "era-2-4-3-200", "rail-1024",
        "rail-8192",
    }  # fmt: skip
    text = (INVENTORY / "README.md").read_text(encoding="utf-8")
    assert wanted <= set(SITES)
    assert [name for name in SITES if name not in text] == []
