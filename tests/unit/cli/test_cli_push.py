"""The verb that changes switches, as far as it goes without any."""

import json
import shutil
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from rackwright import runs
from rackwright.cli import hosts as hosts_cli
from rackwright.cli import main, pushing, servers
from rackwright.cli.installing import image_of
from rackwright.cli.reaching import reach
from rackwright.cli.verbs import push as verb
from rackwright.errors import DocumentError, RunBusy, RunChanged
from rackwright.plan import workspace
from rackwright.push import program, submitting
from rackwright.push.bmc import program as bmc
from rackwright.push.bmc import settling
from rackwright.push.changeset import Changeset, DeviceChanges
from rackwright.push.hosts import bare
from rackwright.push.hosts import program as hosts
from rackwright.push.installs import program as installs
from rackwright.runs import Report, Status
from rackwright.runs.folder import RunFolder, private
from rackwright.runs.model import Wave

SITE = Path(__file__).resolve().parents[3] / "inventory" / "xe9680-spectrum-x"


@pytest.fixture
def site(tmp_path):
    return Path(shutil.copytree(SITE, tmp_path / "site", ignore=shutil.ignore_patterns(".rackwright")))


def run(*words):
    return CliRunner().invoke(main, [*map(str, words)])


@pytest.mark.parametrize(("text", "said"), [("10", "no time with a unit"), ("10x", "no time"), ("60s", "too short")])
def test_a_time_needs_its_unit(site, text, said):
    """A time without a unit, or too short to look at a switch in, is a usage error."""
    found = run("push", site, "--confirm-within", text)
    assert found.exit_code == 2
    assert said in found.stderr


def test_the_twin_must_be_up(site):
    """Without a twin, --twin says how to start it."""
    found = run("push", site, "--twin", "--yes")
    assert found.exit_code == 1
    assert "rackwright twin up" in found.stderr


def test_who_cannot_be_read_is_told(site, monkeypatch):
    """Switches that nobody can log in to failed at reading, exit code 1; nothing was pushed, and the state folder is private."""
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    found = run("push", site, "--yes", "--json", "--limit", "be*")
    assert found.exit_code == 1
    value = json.loads(found.stdout)
    assert [(one["subject"], one["state"], one["stage"]) for one in value["devices"]] == [
        ("be01", "failed", "read"), ("be02", "failed", "read"),
    ]  # fmt: skip
    assert value["run"] == ""
    assert (site / ".rackwright").stat().st_mode & 0o777 == 0o700


def status(state):
    """Return where a run is."""
    run, of = "20261128-030001-abc", {"program": "push"}
    holder = "pid 7 on here since now" if state == "running" else ""
    report = Report(run=run, state="done", outcomes={}, gates={}, **of) if state == "done" else None
    return Status(run=run, version="1", state=state, begun="", devices=1, holder=holder, report=report, **of)


@pytest.mark.parametrize(
    ("cut_off", "latest", "code", "said"),
    [
        ("", None, 0, "no push was cut off: there is nothing to go on with; without --resume a new one begins"),
        ("", status("done"), 0, "no push was cut off (run 20261128-030001-abc ended done): there is nothing"),
        ("", status("running"), 1, "run 20261128-030001-abc was not cut off: it is held by pid 7 on here since now"),
        ("push", status("done"), None, ""),
        # What goes before a push is begun anew, for it looks first.
        ("install", status("done"), None, ""),
    ],
)  # fmt: skip
def test_resume_touches_nothing_where_nothing_was_cut_off(site, monkeypatch, cut_off, latest, code, said):
    """A yes to what goes on is none to a new push: it is said that there is nothing to go on with, exit code 0."""
    (site / ".rackwright").mkdir(exist_ok=True)
    monkeypatch.setattr(runs, "cut_off", lambda _, program, **__: status("interrupted") if program == cut_off else None)
    monkeypatch.setattr(runs, "listed", lambda *_, **__: [latest] if latest else [])

    def aimed(*_):
        raise DocumentError("it goes on")

    monkeypatch.setattr(pushing, "aimed", aimed)
    found = run("push", site, "--resume", "--yes", "--json")
    assert (found.exit_code, said in found.stderr) == (code, True) or (code is None and "it goes on" in found.stderr)
    assert code != 0 or json.loads(found.stdout)["devices"] == []


def test_a_push_that_is_held_is_told_behind_a_newer_one(site, monkeypatch):
    """Another switch was pushed to meanwhile: that one ended, and the first is paused and not cut off."""
    (site / ".rackwright").mkdir(exist_ok=True)
    held = msgspec.structs.replace(status("running"), run="20261128-020001-abc")
    monkeypatch.setattr(runs, "listed", lambda *_, **__: [status("done"), held])
    found = run("push", site, "--resume", "--yes")
    assert found.exit_code == 1
    assert "run 20261128-020001-abc was not cut off: it is held by pid 7" in found.stderr


def test_a_push_that_was_overtaken_is_told(site, monkeypatch):
    """Who asks to go on learns that one was cut off, which run is in its way and which devices are as it left them; nothing is done."""
    (site / ".rackwright").mkdir(exist_ok=True)
    monkeypatch.setattr(runs, "listed", lambda *_, **__: [status("done")])
    monkeypatch.setattr(runs, "left_over", lambda *_, **__: (status("interrupted"), "20261128-040001-abc", ("fe01",)))
    found = run("push", site, "--resume", "--yes")
    assert found.exit_code == 1
    assert (
        "run 20261128-030001-abc was cut off and cannot go on, since run 20261128-040001-abc has worked on its devices; fe01: as it left it"
        in found.stderr
    )


ASIDE = "postgresql://rw@db.example/rw"


@pytest.mark.parametrize(("only", "module", "words"), [
    ("switch", pushing, ("--database", ASIDE)), ("bmc", servers, ("--database", ASIDE)), ("host", hosts_cli, ("--database", ASIDE)),
    ("switch", pushing, ()), ("switch", pushing, None),
])  # fmt: skip
def test_a_push_keeps_its_journal_where_it_is_told(site, monkeypatch, only, module, words):
    """Beside a bring-up in a PostgreSQL a push to another device is begun there too, so that each sees what the other has in hand."""
    seen = []

    def aimed(_talk, _site, wanted, *_, **__):
        assert "postgresql" not in repr(wanted)
        seen.append(reach(workspace.planned(workspace.open_site(site)).plan, site, wanted).database)
        raise DocumentError("it would go on")

    monkeypatch.setattr(module, "aimed", aimed)
    if words is None:
        monkeypatch.setenv("RACKWRIGHT_DATABASE", ASIDE)
    run("push", site, "--only", only, "--yes", *(words or ()))
    assert seen == [None if words == () else ASIDE]


def test_what_was_cut_off_is_looked_for_where_it_is_told(site, monkeypatch):
    """Of a push whose journal is elsewhere nobody says that there is none: which database it is in is said."""
    (site / ".rackwright").mkdir(exist_ok=True)
    asked = []

    def refuse(_state, *, database):
        asked.append(database)
        raise RunBusy("its journal is in another one")

    monkeypatch.setattr(runs, "refuse_other_database", refuse)
    found = run("push", site, "--resume", "--yes", "--database", ASIDE)
    assert (found.exit_code, asked) == (1, [ASIDE])
    assert "its journal is in another one" in found.stderr


def test_programs_that_can_be_gone_on_with_are_called_as_they_are():
    """A push is looked for by the names under which its runs are kept."""
    assert [names[1:] for names in verb._RUNS.values()] == [
        (program.NAME, installs.NAME), (bmc.NAME, settling.NAME), (hosts.NAME, bare.NAME),
    ]  # fmt: skip


def test_a_build_of_another_site_is_refused(site, tmp_path):
    """A build folder of another site is not pushed to this one's switches."""
    other = tmp_path / "other"
    shutil.copytree(SITE.parent / "xe9680-two-racks", other, ignore=shutil.ignore_patterns(".rackwright"))
    assert run("render", other, "--out", tmp_path / "out").exit_code == 0
    found = run("push", site, "--build", tmp_path / "out", "--yes")
    assert found.exit_code == 1
    assert "is a build of 'xe9680-two-racks'" in found.stderr


def test_diff_against_running_stands_alone(site, tmp_path):
    """--against running takes a site and no second build; reaching switches goes with it only."""
    assert run("diff", site, tmp_path, "--against", "running").exit_code == 2
    assert run("diff", site, site, "--twin").exit_code == 2
    assert run("diff", site, site, "-o", tmp_path / "x").exit_code == 2


def test_what_is_only_saved_is_shown_and_agreed_to(site, monkeypatch):
    """A switch that runs as planned and would not boot so is something to do: shown, exit code 3, and nothing is saved without a yes."""
    unsaved = DeviceChanges(device="be01", before="d", planned="d", unsaved=True)

    def compared(_talk, aim, _names=()):
        return Changeset(site=aim.plan.name, intent=aim.plan.digest, devices=(unsaved,))

    monkeypatch.setattr(pushing, "compared", compared)
    monkeypatch.setattr(submitting, "submit", lambda *_, **__: pytest.fail("a switch is changed and nobody agreed"))
    for words in (("push", site), ("diff", site, "--against", "running")):
        found = run(*words)
        assert found.exit_code == 3
        assert "be01: runs as planned and would not boot so; it is to be saved" in found.stdout


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("cumulus-linux-5.12.1-mlx-amd64.bin", True),
        ("5.12.1.bin", True),
        ("cumulus-linux-5.12.10-mlx-amd64.bin", False),
        ("cumulus-linux-5.12.1.2-mlx-amd64.bin", False),
        ("cumulus-linux-15.12.1-mlx-amd64.bin", False),
    ],
)
def test_the_image_of_another_version_is_refused(tmp_path, name, good):
    """A version that only begins with the planned one, or ends in it, is another: switches would be wiped for it."""
    path = tmp_path / name
    path.write_bytes(b"image")
    if good:
        assert image_of(path, "", "5.12.1").nos == "5.12.1"
    else:
        with pytest.raises(DocumentError, match=r"is Cumulus Linux 5\.12\.1"):
            image_of(path, "", "5.12.1")


def test_what_takes_the_place_of_a_push_that_cannot_go_on_is_no_wider(site, monkeypatch):
    """A push of one switch that was cut off by another version of ours is followed by one of that switch: of the others nothing was meant."""
    record = {"program": "push", "version": "0", "engine": "0", "jobs": 1, "waves": (Wave("backend 1", ("be01",)),)}
    folder = RunFolder.made(private(site / ".rackwright"), b"order", **record)
    asked = []

    def compared(_talk, aim, names=()):
        asked.append(list(names))
        return Changeset(site=aim.plan.name, intent=aim.plan.digest)

    def resume(run, *_, **__):
        raise RunChanged(f"run {run} was begun by push 0")

    monkeypatch.setattr(pushing, "compared", compared)
    monkeypatch.setattr(submitting, "interrupted", lambda *_: folder.run)
    monkeypatch.setattr(submitting, "resume", resume)
    assert run("push", site, "--resume", "--yes").exit_code == 0
    assert asked == [["be01"]]


@pytest.mark.parametrize(("stood", "again"), [(1.0, False), (60.0, True)])
def test_what_stood_at_a_question_is_looked_at_again(site, monkeypatch, stood, again):
    """Others push too: of a switch that had nothing before it nobody says a minute later that it is as intended."""
    now, ordered = [100.0], []

    def compared(_talk, aim, _names=()):
        alike = [DeviceChanges(device=name, before="1", planned="1") for name in ("be01", "fe01")]
        first = msgspec.structs.replace(alike[0], unsaved=True)
        return Changeset(site=aim.plan.name, intent=aim.plan.digest, devices=(first, alike[1]))

    def asked(*_, **__):
        now[0] += stood

    def submit(order, *_, **__):
        ordered.append({name: device.again for name, device in order.of.items()})
        return Report(run="r", program="push", state="done", outcomes={}, gates={})

    monkeypatch.setattr(pushing, "compared", compared)
    monkeypatch.setattr(verb, "agreed", asked)
    monkeypatch.setattr(verb.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(submitting, "submit", submit)
    run("push", site)
    assert ordered == [{"be01": False, "fe01": again}]
