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


def test_an_overlay_that_no_switch_takes_is_told(tmp_path):
    """A file for a device or a role that the plan does not have, and a folder that is read by nobody, are warnings."""
    (tmp_path / "site.yaml").write_text(dump(site()), encoding="utf-8")
    for folder in ("overlay", "overlays"):
        (tmp_path / folder).mkdir()
    for name in ("device-be01.yml", "device-be09.yml", "role-leaf.yaml", "role-spine.yaml", "site.yaml"):
        (tmp_path / "overlays" / name).write_text("set: {system: {timezone: Europe/Berlin}}\n", encoding="utf-8")
    opened = workspace.open_site(tmp_path)
    for found in (workspace.planned(opened).warnings, workspace.trouble(opened)):
        told = [(one.location.file, one.message) for one in found if one.location and "/overlay" in one.location.file]
        assert told == [
            (str(tmp_path / "overlay"), "nothing is read from overlay/"),
            (str(tmp_path / "overlays/device-be09.yml"), "no switch of the plan takes this file: none is called be09"),
            (
                str(tmp_path / "overlays/role-spine.yaml"),
                "no switch of the plan takes this file: none has the role spine",
            ),
        ]
