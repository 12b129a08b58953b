"""The shipped folders are found in a checkout and in an installed package."""

import pytest

from rackwright import assets
from rackwright.errors import AssetsMissing


def test_a_checkout_serves_its_own_live_folders(repository):
    """In a checkout the templates are the ones that git tracks, not a copy."""
    assert assets.root() == repository
    assert assets.folder("templates") == repository / "templates"


def test_an_installed_package_serves_what_it_carries(tmp_path, monkeypatch):
    """Folders below the package win over whatever stands two folders up."""
    package = tmp_path / "lib" / "site-packages" / "rackwright"
    (package / "_assets" / "templates").mkdir(parents=True)
    (tmp_path / "lib" / "templates").mkdir()
    monkeypatch.setattr(assets, "_HERE", package)
    assert assets.root() == package / "_assets"


def test_missing_folders_are_named_with_both_places(tmp_path, monkeypatch):
    """Without templates in either place the message names both and the remedy."""
    monkeypatch.setattr(assets, "_HERE", tmp_path / "a" / "rackwright")
    with pytest.raises(AssetsMissing, match=r"neither .*_assets nor .*: reinstall rackwright"):
        assets.root()


def test_a_folder_that_is_not_shipped_is_named():
    """Asking for a folder that this version does not carry says which."""
    with pytest.raises(AssetsMissing, match="playbooks-of-yore/ is not among the shipped folders"):
        assets.folder("playbooks-of-yore")
