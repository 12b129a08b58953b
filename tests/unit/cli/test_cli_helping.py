"""What a worker says of the runs it helps with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from rackwright import runs
from rackwright.cli import recording
from rackwright.cli.helping import Help
from rackwright.cli.talk import Talk
from rackwright.errors import RecordError
from tests.unit.cli.test_cli_report import brought, planned
from tests.unit.runs.toytasks import Tasks, order

AT = "2026-11-27T13:00:00.000Z"


@pytest.fixture
def ended(tmp_path):
    """Return a site, and the report of a run of it in which one task failed."""
    (tmp_path / "world").mkdir()
    state = tmp_path / ".rackwright"
    given = order(("bmc/a1", {}), ("bmc/a2", {}), ("os/a1", {"after": ["bmc/a1"]}), fails={"bmc/a1": 1})
    with runs.opened(state, programs=[Tasks(tmp_path / "world")]) as engine:
        return tmp_path, engine.run("tasks", given)


def helped(site, database=None):
    """Return what a worker of the site says with."""
    return Help(Talk(), None, site / ".rackwright", site, database)


def test_worker_says_what_it_takes_over_and_what_failed(ended, capsys):
    """The screen of a run whose process died is dark: what happens is told by the worker, or by nobody."""
    site, report = ended
    heard = helped(site).begins(report.run)
    for event in runs.events(site / ".rackwright", report.run):
        heard(event)
    heard(runs.Event(at=AT, kind="run", text="goes on after pid 7 on aisle", subject="os/a1"))
    said = capsys.readouterr().err
    assert f"helping with run {report.run}" in said
    assert "bmc/a1 failed" in said
    assert "look at its cable" in said
    assert "os/a1 goes on after pid 7 on aisle" in said
    assert "bmc/a2" not in said


def test_worker_says_how_a_run_ended_and_who_keeps_the_record(ended, capsys, monkeypatch):
    """A rack that was finished without a record was not handed over: who can make it is told, or makes it."""
    site, report = ended
    helped(site).ended(report, "pid 7 on aisle")
    said = capsys.readouterr().err
    assert f"run {report.run} ended failed: 1 done, 1 failed, 1 skipped" in said
    assert "pid 7 on aisle keeps its record" in said

    def cannot(*_args, **_options):
        raise RecordError("no room")

    monkeypatch.setattr(recording, "keep", cannot)
    helped(site, "postgresql://me:pass-word@db/rack").ended(report, "")
    said = capsys.readouterr().err
    assert "could not be kept: no room" in said
    assert f"rackwright report {site} --run {report.run} --database postgresql://me@db/rack" in said
    assert "pass-word" not in said


def test_worker_keeps_the_record_once(ended, capsys, monkeypatch):
    """Two workers see the end of one run: the second must not write over what the first one signed or handed on."""
    site, report = ended
    kept = []

    def keep(_talk, _plan, state, run, **_options):
        kept.append(run)
        (state / "runs" / run / "record").mkdir()
        (state / "runs" / run / "record/record.json").touch()

    monkeypatch.setattr(recording, "keep", keep)
    for _ in range(2):
        helped(site).ended(report, "")
    assert kept == [report.run]
    assert "its record is kept: " in capsys.readouterr().err


def test_record_can_be_kept_by_the_worker_and_made_again_by_whoever_has_the_folder(planned_site, rackwright, tmp_path):
    """Who finished a rack hands it over; and a database that is away, or was not named, is told and does not stop the report."""
    site = Path(shutil.copytree(planned_site, tmp_path / "my-site"))
    state = site / ".rackwright"
    report = brought(site)
    Help(Talk(), planned(site), state, site).ended(report, "")
    folder = state / "runs" / report.run
    accepted = json.loads((folder / "record/record.json").read_text())["devices"]
    kept = folder / "run.json"
    kept.write_text(json.dumps(json.loads(kept.read_text()) | {"database": "postgresql://me@db/rack"}))
    for path in state.glob("journal.sqlite*"):
        path.unlink()
    result = rackwright("report", site, "--run", report.run)
    assert f"the journal of {report.run} is in postgresql://me@db/rack" in result.stderr
    assert (result.exit_code, json.loads((folder / "record/record.json").read_text())["devices"]) == (0, accepted)
