"""A push that was cut off goes on with what it was begun with, or not at all."""

from pathlib import Path

import pytest
from click import UsageError
from msgspec import json

from rackwright.cli import hosts, pushing, servers
from rackwright.cli.reaching import Wanted
from rackwright.cli.resuming import Asked, build_of, refuse_other_site, refuse_otherwise
from rackwright.cli.talk import Talk
from rackwright.errors import RunError, SiteChanged
from rackwright.push.basis import Basis
from rackwright.push.order import Limits, Order
from rackwright.runs.folder import RunFolder, private
from rackwright.runs.model import Wave

DEVICES = {pushing: ("fe01", "be01"), servers: ("gpu01", "mgmt01"), hosts: ("gpu01", "mgmt01")}
QUIET = Talk(quiet=True)


def aimed(module, site):
    return module.aimed(QUIET, site, Wanted())


def kept(site, devices, basis, *, twin=False, **order):
    """Lay down a run that was cut off."""
    made = Order(site="s", intent="i", devices=(), waves=(), basis=basis, **order)
    record = {"program": "push", "version": "1", "engine": "1", "jobs": 8, "waves": (Wave("w 1", tuple(devices)),)}
    return RunFolder.made(private(site / ".rackwright"), made.encoded(), twin=twin, **record).run


@pytest.mark.parametrize(
    ("module", "old", "new", "section"),
    [
        (pushing, "peer_asn: 65010", "peer_asn: 65013", "fabrics"),
        (servers, "xe9680: 2.7.4", "xe9680: 2.7.3", "firmware"),
        (hosts, "driver_profile: host", "driver_profile: hybrid", "hosts"),
    ],
)
def test_a_push_does_not_go_on_with_what_was_taken_back(site, edit, module, old, new, section):
    """The site said something else of a device when it was begun: going on is refused, with the part that was edited and both ways out."""
    before = aimed(module, site)
    run = kept(site, DEVICES[module], before.basis(DEVICES[module]))
    refuse_other_site(QUIET, before.way, run, aimed(module, site).basis)
    edit(site / "site.yaml", old, new)
    with pytest.raises(SiteChanged) as caught:
        refuse_other_site(QUIET, before.way, run, aimed(module, site).basis)
    said = str(caught.value)
    assert f"run {run} cannot go on, and nothing was begun: the site has changed since it was begun ({section})" in said
    assert "take that back and --resume goes on, or begin a new push without --resume: it reads first" in said
    edit(site / "site.yaml", new, old)
    refuse_other_site(QUIET, before.way, run, aimed(module, site).basis)


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        (pushing, "xe9680: 2.7.4", "xe9680: 2.7.3"),
        (servers, "peer_asn: 65010", "peer_asn: 65013"),
        (hosts, "xe9680: 2.7.4", "xe9680: 2.7.3"),
    ],
)
def test_what_was_edited_elsewhere_is_in_nobodys_way(site, edit, module, old, new):
    """The BIOS of servers is nothing to switches, nor a neighbour's ASN to BMCs."""
    before = aimed(module, site)
    run = kept(site, DEVICES[module], before.basis(DEVICES[module]))
    edit(site / "site.yaml", old, new)
    now = aimed(module, site)
    assert now.basis(()).sections != before.basis(()).sections
    refuse_other_site(QUIET, before.way, run, now.basis)


def test_a_push_of_one_switch_minds_that_one(site, edit):
    """The backend's leaf is as it was, whatever becomes of the frontend."""
    before = aimed(pushing, site)
    run = kept(site, ["be01"], before.basis(["be01"]))
    edit(site / "site.yaml", "peer_asn: 65010", "peer_asn: 65013")
    refuse_other_site(QUIET, before.way, run, aimed(pushing, site).basis)


def test_a_build_that_was_rendered_anew_is_another(site, build, edit):
    """A run of a build folder is held against that folder, and not against the site."""
    before = pushing.aimed(QUIET, site, Wanted(), build)
    run = kept(site, ["fe01"], before.basis(["fe01"]))
    assert build_of(site / ".rackwright", run) == build.resolve()
    edit(site / "site.yaml", "peer_asn: 65010", "peer_asn: 65013")
    refuse_other_site(QUIET, before.way, run, pushing.aimed(QUIET, site, Wanted(), build).basis)
    edit(build / "devices" / "fe01" / "startup.yaml", "65010", "65013")
    with pytest.raises(SiteChanged, match=rf"{build.resolve()} has changed since it was begun, and fe01 would"):
        refuse_other_site(QUIET, before.way, run, pushing.aimed(QUIET, site, Wanted(), build).basis)
    (build / "plan.json").unlink()
    with pytest.raises(
        SiteChanged, match=f"run {run} cannot go on.* it pushes what {build.resolve()} holds, which is not there"
    ):
        build_of(site / ".rackwright", run)


def test_of_a_run_that_kept_nothing_that_is_said(site, capsys):
    """A run of an earlier version goes on as before."""
    aim = aimed(pushing, site)
    refuse_other_site(Talk(), aim.way, kept(site, ["fe01"], None), aim.basis)
    assert "by a version that did not keep what it was made of" in capsys.readouterr().err


def test_another_rack_goes_before_another_site(site):
    """A run of the emulated rack is none of the real one: that is said, whatever was edited."""
    aim = aimed(pushing, site)
    with pytest.raises(RunError, match="was begun on the emulated rack"):
        refuse_other_site(QUIET, aim.way, kept(site, ["fe01"], Basis({"fe01": "other"}), twin=True), aim.basis)


@pytest.mark.parametrize(
    ("asked", "option"),
    [
        ({"confirm_s": 600}, "--confirm-within"), ({"confirm_s": 1200}, ""), ({"jobs": 3}, "--jobs"), ({"jobs": 8}, ""),
        ({"build": Path("elsewhere")}, "--build"), ({"image": Path("nos.bin")}, "--install"), ({"drained_by": "drain"}, "--drained-by"), ({}, ""),
    ],
)  # fmt: skip
def test_what_a_run_cannot_heed_is_refused(tmp_path, asked, option):
    """It goes on as it was begun: what says the same is no contradiction."""
    run = kept(tmp_path, ["fe01"], Basis(), limits=Limits(confirm_s=1200))
    if not option:
        refuse_otherwise(tmp_path / ".rackwright", run, Asked(**asked))
        return
    with pytest.raises(UsageError, match=f"run {run} goes on as it was begun, without {option} as given here"):
        refuse_otherwise(tmp_path / ".rackwright", run, Asked(**asked))


def test_the_options_of_a_resumed_push_are_held_against_its_run(site, rackwright, monkeypatch):
    """--confirm-within as usual is not given; given, it is refused before anybody is asked."""
    from rackwright import runs

    run = kept(site, ["fe01"], Basis(), limits=Limits(confirm_s=1200))
    monkeypatch.setattr(runs, "cut_off", lambda *_, **__: type("Cut", (), {"run": run}))
    monkeypatch.setattr(pushing, "aimed", lambda *_: (_ for _ in ()).throw(RunError("it goes on")))
    assert "it goes on" in rackwright("push", site, "--resume").stderr
    refused = rackwright("push", site, "--resume", "--confirm-within", "10m")
    assert (refused.exit_code, "without --confirm-within as given here" in refused.stderr) == (2, True)


def test_no_value_of_the_site_is_kept(site):
    """What a push was made of is kept as digests alone."""
    basis = aimed(pushing, site).basis(["fe01"])
    assert all(len(text) <= len("sha256:") + 64 for text in (*basis.devices.values(), *basis.sections.values()))
    assert b"65010" not in json.encode(basis)
