"""A site brought up through the command: from the factory to accepted, again without a change, and steered from outside."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from rackwright.cli import main
from rackwright.twin import process

pytestmark = [pytest.mark.slow(60), pytest.mark.xdist_group("bringup")]

ROOT = Path(__file__).resolve().parents[2]
RACKWRIGHT = Path(sys.executable).parent / "rackwright"
RATE = 240
YES = ("--twin", "--yes", "--allow-disruption")
SWITCHES = ("oob01", "fe01", "fe02", "be01", "be02")


def rw(*words, good=(0,)):
    """Run our command to its end; its answer as JSON is the last line."""
    done = subprocess.run([RACKWRIGHT, *map(str, words)], capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode in good, (words, done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return SimpleNamespace(code=done.returncode, out=done.stdout, err=done.stderr)


def answer(done):
    return json.loads(done.out.splitlines()[-1])


@contextlib.contextmanager
def twin(place, *words):
    site = place / "site"
    shutil.copytree(ROOT / "inventory/xe9680-spectrum-x", site, ignore=shutil.ignore_patterns(".rackwright"))
    rw("twin", "up", site, "--detach", "--rate", RATE, *words)
    try:
        yield site
    finally:
        rw("twin", "down", site)


@pytest.fixture(scope="module")
def rack(tmp_path_factory):
    """A site whose firmware is as planned but for one server, brought up once."""
    words = ("--bmcs", "planned", "--old", "gpu02", "--installed")
    with twin(tmp_path_factory.mktemp("bringup"), *words) as site:
        yield SimpleNamespace(site=site, first=answer(rw("bringup", site, *YES, "--json")))


def test_site_from_the_factory_ends_accepted_device_by_device(rack):
    """A device that is not accepted, or a stage that did nothing where there was something to do, is not brought up."""
    states = {name: task["state"] for name, task in rack.first["tasks"].items()}
    assert rack.first["state"] == "done"
    assert set(rack.first["accepted"].values()) == {"accepted"}
    assert states["firmware/gpu02"] == "done"
    assert all(
        states[f"{stage}/{name}"] == "done"
        for stage, name in (("oob", "oob01"), ("frontend", "fe01"), ("backend", "be02"))
    )
    assert all(states[f"stack/{name}"] == "done" for name in ("gpu01", "gpu02"))


def test_same_command_again_changes_nothing(rack):
    """Who runs it twice, to be sure, must not restart a rack."""
    again = answer(rw("bringup", rack.site, *YES, "--json"))
    assert {task["state"] for task in again["tasks"].values()} == {"unchanged"}
    assert set(again["accepted"].values()) == {"accepted"}
    # Nothing was done by this run: the certificate says who did what stands there.
    certificate = certified(rack.site, again, "gpu02")
    (first,) = [one for one in certificate["earlier"] if one["run"] == rack.first["run"]]
    assert (certificate["changes"], certificate["restarts"]) == (0, 0)
    assert (first["changes"], first["restarts"]) == tuple(
        certified(rack.site, rack.first, "gpu02")[word] for word in ("changes", "restarts")
    )
    assert first["changes"] > 0


def certified(site, run, name):
    """The certificate of one device, as its run left it."""
    return json.loads((site / ".rackwright/runs" / run["run"] / "record/nodes" / f"{name}.json").read_text())


def test_certificate_of_a_server_tells_what_runs_on_it(rack):
    """It names another version than the emulated machine has, leaves one out, or does not say which checks it stands on."""
    status = process.request(rack.site / ".rackwright", {"op": "status"})
    for name in ("gpu01", "gpu02", "mgmt01"):
        found = certified(rack.site, rack.first, name)
        versions = found["versions"]
        assert versions["iDRAC firmware"] == status["bmcs"][name]["version"]
        assert versions["BIOS"] == status["bmcs"][name]["bios"]
        assert versions["Running kernel"] == status["hosts"][name]["kernel"]
        assert {"CPLD", "Ubuntu", "OFED", "DOCA metapackage", "Power Supply.Slot.1"} <= versions.keys()
        assert "not known" not in versions.values()
        results = {check["check"]: check["result"] for check in found["checks"]}
        assert {results[check] for check in ("FIRMWARE-VERSIONS", "HOST-VERSIONS", "BIOS-SETTINGS")} == {"passed"}
        assert sum(check.get("passed", 0) for check in found["checks"]) == found["passed"]
        assert all(check["why"] for check in found["checks"] if check["result"] == "skipped")
    versions = certified(rack.site, rack.first, "gpu01")["versions"]
    own = status["bmcs"]["gpu01.b3220l-1"]["version"]
    assert {"GPU driver", "Fabric Manager", "DCGM"} <= versions.keys()
    assert any(name.startswith("BlueField-3 firmware (b3140h-1, ") for name in versions)
    assert versions["b3220l-1: BMC"] == own


def test_certificate_of_a_switch_tells_what_runs_on_it(rack):
    """Its NOS, and the checks that it passed."""
    status = process.request(rack.site / ".rackwright", {"op": "status"})
    for name in SWITCHES:
        found = certified(rack.site, rack.first, name)
        assert found["versions"] == {"Cumulus Linux": status["devices"][name]["version"]}
        results = {check["check"]: check["result"] for check in found["checks"]}
        assert {results[check] for check in ("NOS-VERSION", "CONFIG-DRIFT", "LINK-CABLING")} == {"passed"}
    page = rack.site / ".rackwright/runs" / rack.first["run"] / "record/nodes/fe01.html"
    assert "CONFIG-DRIFT" in page.read_text()


def test_switches_that_left_dhcp_gave_their_leases_back(rack):
    """Cumulus Linux 5.12 drops the static address when the old lease ends: a day later nobody gets in (RN-4377862)."""
    for name in SWITCHES:
        assert rw("twin", "log", rack.site, "--device", name).out.count("dhclient -r") == 1


def test_links_are_watched_from_the_end_of_a_bring_up_on(rack):
    """Its blink and its restarts took links down: 46 cables were to be cleaned for it. What goes down behind it is told."""
    audit = ("audit", rack.site, "--twin", "--only", "switch", "--check", "LINK-FLAPS", "--json")
    found = json.loads(rw(*audit).out)["findings"]
    states = {one["subject"]: one["status"] for one in found if one["check"] == "LINK-FLAPS"}
    assert states == dict.fromkeys(SWITCHES, "pass")
    rw("twin", "fault", rack.site, "cut-link", "be01:swp1s0")
    rw("twin", "clear", rack.site)
    found = json.loads(rw(*audit, good=(4,)).out)["findings"]
    assert [(one["subject"], one["path"]) for one in found if one["status"] == "fail"] == [("be01", "swp1s0")]


def test_order_and_evidence_of_every_task_lie_in_the_runs_folder(rack):
    """A record that names files which are not there proves nothing."""
    run = rack.site / ".rackwright/runs" / rack.first["run"]
    record = json.loads((run / "record/record.json").read_text())
    tasks = [task for device in record["devices"] for task in device["tasks"]]
    named = [file["name"] for task in tasks for file in (*task.get("sent", ()), *task.get("evidence", ()))]
    assert {name.partition("/")[0] for name in named} >= {"orders", "evidence"}
    assert [name for name in named if not (run / name).is_file()] == []


def test_only_one_device_is_touched_where_one_is_meant(rack):
    """--limit gpu03 must leave the switches alone, also in what it says."""
    found = answer(rw("bringup", rack.site, *YES, "--limit", "gpu03", "--json"))
    assert {name.partition("/")[2] for name in found["tasks"]} == {"gpu03", "blink", "site"}


@pytest.mark.parametrize(
    ("limit", "where"),
    [(("gpu03",), "10 host links on 4 switches"), (("be01",), ""), ((), "48 host links on 4 switches")],
)
def test_no_more_links_are_announced_to_go_down_than_do(rack, limit, where):
    """With --limit, all links of the site are announced, and so are those of storage nodes, whose cables no blink proves."""
    words = [word for name in limit for word in ("--limit", name)]
    said = rw("bringup", rack.site, "--twin", *words, "--only", "backend,cabling", good=(3,)).out
    lines = [line for line in said.splitlines() if line.startswith("cabling: ports of")]
    assert [line.partition("ports of ")[2].partition(" go down")[0] for line in lines] == [where] * bool(where)


def test_another_machine_that_answers_is_not_announced_to_be_wiped(rack):
    """Before it asks, it says of a stranger's system that it is wiped and installed, which would be refused when its turn comes."""
    rw("twin", "fault", rack.site, "swap-machine", "--device", "gpu03", "--value", "STRANGE1")
    try:
        said = rw(
            "bringup", rack.site, "--twin", "--only", "os,stack", "--limit", "gpu03", "--installer", "http", good=(3,)
        ).out
    finally:
        rw("twin", "clear", rack.site)
    (line,) = [line for line in said.splitlines() if line.startswith("not known yet: host of gpu03")]
    assert "STRANGE1 answers" in line
    assert "it fails there, and is not wiped" in line
    assert "installed from http" not in line


def test_without_consent_nothing_is_begun_and_the_stages_are_shown(rack):
    """A rack is not restarted by a command that somebody only wanted to look at."""
    before = list((rack.site / ".rackwright/runs").iterdir())
    shown = rw("bringup", rack.site, "--twin", good=(3,))
    assert "handover/site" in shown.out
    assert "\n0 to be changed, 21 as planned, 0 not known yet\n" in shown.out
    assert "each change: " in shown.out
    assert (rack.site / ".rackwright/bringup-changes.txt").stat().st_mode & 0o777 == 0o600
    assert "nothing was begun" in shown.err
    refused = rw("bringup", rack.site, "--twin", "--yes", good=(1,))
    assert "--allow-disruption" in refused.err
    assert list((rack.site / ".rackwright/runs").iterdir()) == before


def until(site, word, limit_s=60):
    """Wait until the status of the bring-up says a word."""
    end = time.monotonic() + limit_s
    while word not in (said := CliRunner().invoke(main, ["bringup", str(site), "--status"]).output):
        assert time.monotonic() < end, said
        time.sleep(0.1)
    return said


def test_operator_asks_approves_retries_and_skips_from_another_process(tmp_path):
    """A gate that opens by itself, a retry that is not heard or a skip without its reason make the run a stranger's."""
    with twin(tmp_path, "--bmcs", "planned", "--hosts", "none") as site:
        rw("twin", "fault", site, "gpu-lost", "--device", "gpu01")
        rw("twin", "fault", site, "gpu-lost", "--device", "gpu02")
        words = ("--only", "bmc,hardware,firmware", "--gate", "firmware", "--limit", "gpu01", "--limit", "gpu02")
        with subprocess.Popen([RACKWRIGHT, "bringup", site, *YES, *words, "--json"], stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.DEVNULL) as child:  # fmt: skip
            try:
                until(site, "firmware/ask asks")
                refused = rw("bringup", site, "--skip", "hardware/gpu01", good=(2,))
                assert "--reason" in refused.err
                rw("bringup", site, "--skip", "firmware/gpu01", "--reason", "waits for a part", good=(0, 1))
                rw("twin", "clear", site)
                rw("bringup", site, "--retry", "hardware/gpu02")
                rw("bringup", site, "--approve", "firmware")
                last = json.loads(child.communicate(timeout=200)[0].splitlines()[-1])
            finally:
                child.kill()
        states = {name: task["state"] for name, task in last["tasks"].items()}
        assert states["hardware/gpu01"] == "failed"
        assert states["hardware/gpu02"] == "unchanged"
        assert states["firmware/gpu02"] in {"done", "unchanged"}
        assert states["firmware/gpu01"] in {"waived", "skipped"}
        told = rw("bringup", site, "--pause", good=(1,))
        assert "no bring-up is under way" in told.err
