"""A site's folder as one value."""

from rackwright.documents import dump
from rackwright.plan import lock_text, workspace
from tests.sites import site


def test_warnings_of_one_place_have_one_order(tmp_path):
    """Warnings about one key come in the order in which they are found, in every process."""
    wish = site() | {"racks": {"r1": {"model": "ar3307"}}}
    (tmp_path / "site.yaml").write_text(dump(wish), encoding="utf-8")
    opened = workspace.open_site(tmp_path)
    for found in (workspace.planned(opened).warnings, workspace.trouble(opened)):
        told = [one.message.split()[2] for one in found if "in no rack" in one.message]
        assert told == sorted(told)
        assert len(told) == 5


def test_what_is_freed_is_planned_until_nothing_more_is(tmp_path):
    """Fewer machines let leaves go, which let addresses go: one call gives all of it back, and the plan that follows."""
    for machines in (100, 20):
        (tmp_path / "site.yaml").write_text(dump(site("rail-optimized", machines, 100)), encoding="utf-8")
        opened = workspace.open_site(tmp_path)
        grown = workspace.planned(opened)
        lock_text.write(opened.lock_path, grown.lock)
    freed = workspace.planned(workspace.open_site(tmp_path), free=True)
    lock_text.write(opened.lock_path, freed.lock)
    after = workspace.planned(workspace.open_site(tmp_path))
    assert (after.plan, after.changed, after.unused) == (freed.plan, False, ())
    assert [made.plan.layouts[0].leaves for made in (grown, freed)] == [16, 4]
    assert set(grown.unused) < set(freed.freed)
