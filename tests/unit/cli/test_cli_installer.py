"""``push --only host --installer``: what it refuses, and that nothing is wiped by one word too few."""

from __future__ import annotations

import shutil

import pytest

from rackwright.cli.verbs.init import copy_site
from tests.conftest import ROOT


@pytest.fixture
def bare(tmp_path):
    """Return a site with hosts of which everything is known that an installation needs."""
    copy_site(ROOT / "inventory/xe9680-spectrum-x", tmp_path / "site")
    shutil.rmtree(tmp_path / "site/.rackwright", ignore_errors=True)
    return tmp_path / "site"


def test_it_goes_with_hosts(rackwright, bare):
    """The option is taken for switches or BMCs, where it would do nothing."""
    for only in ("switch", "bmc"):
        result = rackwright("push", bare, "--only", only, "--installer", "http")
        assert result.exit_code == 2
        assert "goes with --only host" in result.stderr


def test_a_medium_that_is_none(rackwright, bare):
    """A file's name is taken for a URL that a BMC could reach."""
    result = rackwright("push", bare, "--only", "host", "--installer", "ubuntu.iso")
    assert result.exit_code == 2
    assert "URL of an ISO" in result.stderr


def test_nothing_is_wiped_by_one_word_too_few(rackwright, bare):
    """A disk is wiped without a yes, without --allow-disruption, or where the new host could not be known."""
    words = ("push", bare, "--only", "host", "--installer", "http", "--limit", "gpu01")
    asked = rackwright(*words)
    assert asked.exit_code == 3
    assert "gpu01: wiped and installed" in asked.stdout + asked.stderr
    assert "gpu02" not in asked.stdout + asked.stderr
    allowed = rackwright(*words, "--yes")
    assert allowed.exit_code == 1
    assert "--allow-disruption" in allowed.stderr
    known = rackwright(*words, "--yes", "--allow-disruption")
    assert known.exit_code == 1
    assert "--trust-on-first-use" in known.stderr
    assert not (bare / ".rackwright/serve").exists()
    assert not (bare / ".rackwright/runs").exists()
