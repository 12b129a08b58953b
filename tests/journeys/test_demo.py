"""``rackwright demo``: what it tells is true of the emulated rack that it leaves behind."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from rackwright.diff import between
from rackwright.diff.folders import read
from rackwright.twin import process

pytestmark = [pytest.mark.slow(70), pytest.mark.xdist_group("demo")]

RACKWRIGHT = Path(sys.executable).parent / "rackwright"


def said(*words, cwd, good):
    """Run our command and return what it printed."""
    done = subprocess.run([RACKWRIGHT, *words], cwd=cwd, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == good, done.stderr[-3000:]
    return done


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The demo as it is shipped, its rack left standing."""
    place = tmp_path_factory.mktemp("demo")
    site = place / "demo/site"
    try:
        done = said("demo", "--keep", "--json", cwd=place, good=0)
        value = json.loads(done.stdout.splitlines()[-1])
        records = [json.loads((place / one["record"]).read_text()) for one in value["rounds"]]
        yield SimpleNamespace(place=place, site=site, value=value, records=records, told=done.stderr)
    finally:
        said("twin", "down", site, cwd=place, good=0)


def test_what_was_planted_was_found_and_nothing_else(demo):
    """A planted fault was not found, was told of another device or cable, or something was found that was not planted."""
    failed = {
        task["task"]: task["cause"] + task["remedy"]
        for device in demo.records[0]["devices"]
        for task in device["tasks"]
        if task["state"] == "failed"
    }
    ((one, other),) = [row["devices"] for row in demo.value["planted"] if row["word"] == "swapped-cables"]
    ((lost,),) = [row["devices"] for row in demo.value["planted"] if row["word"] == "lost-gpu"]
    assert set(failed) == {f"cabling/{one}", f"cabling/{other}", f"hardware/{lost}"}
    (fault,) = [row["fault"] for row in demo.value["planted"] if row["word"] == "swapped-cables"]
    for name in (one, other):
        assert all(end.replace(":", " ") in failed[f"cabling/{name}"] for end in (fault["a"], fault["b"].split(":")[0]))
    assert "7 GPUs, not 8" in failed[f"hardware/{lost}"]


def test_who_was_broken_was_not_accepted_before_it_was_mended(demo):
    """A device that a fault was planted in was accepted all the same, or one that is right was held back."""
    broken = {name for row in demo.value["planted"] for name in row["devices"]}
    verdicts = [{one["device"]: one["verdict"] for one in record["devices"]} for record in demo.records]
    assert {name for name, verdict in verdicts[0].items() if verdict != "accepted"} == broken
    assert set(verdicts[1].values()) == {"accepted"}
    assert len(verdicts) == 2


def test_accepted_switches_run_what_is_planned(demo):
    """A switch that the record calls accepted runs something else than was rendered, or would boot something else."""
    state = demo.site / ".rackwright"
    status = process.request(state, {"op": "status"})["devices"]
    for name, one in status.items():
        tree = process.request(state, {"op": "tree", "device": name})
        assert between(tree["applied"], read(demo.place / "demo/build/devices" / name / "startup.yaml")) == ()
        assert one["saved"]


def test_accepted_servers_have_the_firmware_that_is_told(demo):
    """The record tells versions, or an acceptance, that the emulated BMC or its host does not have."""
    status = process.request(demo.site / ".rackwright", {"op": "status"})
    (old,) = next(row["devices"] for row in demo.value["planted"] if row["word"] == "old-firmware")
    tasks = {task["task"]: task for device in demo.records[1]["devices"] for task in device["tasks"]}
    told = tasks[f"firmware/{old}"]
    assert told["versions"]["iDRAC.Embedded.1-1"] == status["bmcs"][old]["version"]
    assert told["versions"]["BIOS.Setup.1-1"] == status["bmcs"][old]["bios"]
    assert all(one["right"] and one["before"] != one["now"] for one in told["detail"]["components"].values())
    for name, host in status["hosts"].items():
        assert (host["state"], host["restart_due"]) == ("up", False)
        assert status["bmcs"][name]["power"] == "On"
    assert {one["sessions"] for one in status["bmcs"].values()} == {0}


def test_the_report_lies_where_it_was_said(demo):
    """The page that the demo names is not there, lacks a device, or the second run changed what the first had done."""
    page = Path(demo.value["rounds"][1]["record"]).parent / "index.html"
    text = (demo.place / page).read_text()
    assert all(one["device"] in text for one in demo.records[1]["devices"])
    before = {
        task["task"] for device in demo.records[0]["devices"] for task in device["tasks"] if task["state"] == "done"
    }
    after = {
        task["task"] for device in demo.records[1]["devices"] for task in device["tasks"] if task["state"] == "done"
    }
    broken = {name for row in demo.value["planted"] for name in row["devices"]}
    assert {name.partition("/")[2] for name in before & after} <= broken


def test_a_second_audit_finds_nothing(demo):
    """An audit beside the run, asking everything anew, finds something in a rack that was accepted."""
    done = said("audit", demo.site, "--twin", "--json", "--quiet", cwd=demo.place, good=0)
    assert not [
        one
        for one in json.loads(done.stdout)["findings"]
        if one["status"] in {"fail", "error"} and one["severity"] != "info"
    ]


def test_the_rack_of_a_killed_demo_ends_with_the_next(tmp_path):
    """A demo that was killed leaves its emulated rack; the next one takes its folder away, and nobody can end it any more."""
    said("demo", "--render-only", cwd=tmp_path, good=0)
    said("twin", "up", "demo/site", "--detach", "--no-bmcs", cwd=tmp_path, good=0)
    pid = json.loads((tmp_path / "demo/site/.rackwright/twin.json").read_text())["pid"]
    said("demo", "--render-only", cwd=tmp_path, good=0)
    until = time.monotonic() + 10
    while Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes():
        assert time.monotonic() < until
        time.sleep(0.1)


def test_a_fault_that_is_unknown_is_a_usage_error(tmp_path):
    """A misspelt fault is planted nowhere and the demo goes on, or the words that there are, are not told."""
    done = said("demo", "--fault", "swaped-cables", cwd=tmp_path, good=2)
    assert "swapped-cables, lost-gpu, old-firmware and none" in done.stderr
