"""``push --only host --installer``: what it refuses, and that nothing is wiped by one word too few."""

from __future__ import annotations

import shutil

import pytest

from rackwright.cli.verbs.init import copy_site
from rackwright.drivers.hosts import answered
from rackwright.plan.workspace import open_site, planned
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


@pytest.mark.parametrize("verb", [("push", "--only", "host"), ("bringup",)])
def test_who_may_be_wiped_is_not_guessed(rackwright, bare, verb):
    """A name that is none, or one without an installer, is passed over in silence."""
    alone = rackwright(verb[0], bare, *verb[1:], "--wipe", "gpu01")
    assert (alone.exit_code, "--wipe goes with --installer" in alone.stderr) == (2, True)
    strange = rackwright(verb[0], bare, *verb[1:], "--installer", "http", "--wipe", "gpu")
    assert (strange.exit_code, "no server that is meant is called gpu" in strange.stderr) == (2, True)


def test_a_system_that_has_answered_is_told_before_anything_is_asked(rackwright, bare):
    """Who is asked to consent reads that a machine is wiped which would be left alone, or the other way round."""
    plan = planned(open_site(bare)).plan
    tag = next(device.serial for device in plan.devices if device.name == "gpu01")
    answered.note(bare / ".rackwright/answered", "gpu01", tag)
    words = ("push", bare, "--only", "host", "--installer", "http", "--limit", "gpu01")
    asked = rackwright(*words)
    assert "gpu01: left as it is: an operating system let us in on" in asked.stdout + asked.stderr
    assert "--wipe gpu01" in asked.stdout + asked.stderr
    meant = rackwright(*words, "--wipe", "gpu01")
    assert "gpu01: wiped and installed" in meant.stdout + meant.stderr
    words = ("bringup", bare, "--only", "os", "--installer", "http", "--limit", "gpu01", "--trust-on-first-use")
    asked = rackwright(*words)
    assert "never wiped, since a system has let us in there before: gpu01; --wipe NAME" in asked.stdout + asked.stderr
    meant = rackwright(*words, "--wipe", "gpu0?")
    assert "never wiped" not in meant.stdout + meant.stderr


@pytest.mark.parametrize(
    ("only", "more"), [("host", ("--installer", "http")), ("switch", ("--install", "nos.bin")), ("bmc", ("--resume",))]
)
def test_a_reviewed_changeset_is_pushed_alone(rackwright, bare, only, more):
    """A server is wiped, a switch installed or an older run gone on with, of which the changeset says nothing, before it is read."""
    kept = bare / "changes.json"
    kept.write_text("{}")
    agreed = ("--yes", "--allow-disruption", "--trust-on-first-use")
    result = rackwright("push", bare, "--only", only, "--changes", kept, *more, *agreed)
    assert (result.exit_code, f"give {more[0]} in a push of its own" in result.stderr) == (2, True)
    assert not (bare / ".rackwright/runs").exists()


def test_a_medium_that_is_none(rackwright, bare):
    """A file's name is taken for a URL that a BMC could reach."""
    result = rackwright("push", bare, "--only", "host", "--installer", "ubuntu.iso")
    assert result.exit_code == 2
    assert "URL of an ISO" in result.stderr


def test_what_cannot_be_installed_is_not_taken_down_for_it(rackwright, bare, edit):
    """A server whose installer would get no seed is powered off, booted into it and listened to for 45 minutes."""
    words = ("push", bare, "--only", "host", "--installer", "http", "--limit", "gpu0[12]")
    tag = next(device.serial for device in planned(open_site(bare)).plan.devices if device.name == "gpu01")
    edit(bare / "nodes.csv", tag, "")
    asked = rackwright(*words)
    assert "gpu01: left as it is" in asked.stderr
    assert "nodes.csv has no service tag" in asked.stderr
    assert "gpu02: wiped and installed" in asked.stdout + asked.stderr
    assert "gpu01: wiped" not in asked.stdout + asked.stderr
    edit(bare / "site.yaml", "installer: rackwright", "installer: bcm")
    asked = rackwright(*words)
    assert "gpu01, gpu02: left as it is" in asked.stderr
    assert "hosts.installer of the site is bcm" in asked.stderr
    assert "wiped and installed" not in asked.stdout + asked.stderr


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
