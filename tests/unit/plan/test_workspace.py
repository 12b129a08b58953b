"""A site's folder as one value."""

from rackwright.documents import dump
from rackwright.plan import workspace
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
