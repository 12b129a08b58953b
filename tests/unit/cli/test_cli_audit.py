"""`rackwright audit` over kept evidence: exit codes, options, and what is said to whom."""

from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path

import pytest

from rackwright import audit
from tests.unit.audit.racks import SITES, rack


@pytest.fixture
def site(tmp_path):
    """Return a site of one's own."""
    folder = tmp_path / "site"
    shutil.copytree(SITES / "xe9680-spectrum-x", folder)
    return folder


@pytest.fixture
def snapshot(tmp_path):
    """Return a function that keeps a rack's evidence and names the folder."""

    def kept(made):
        folder = tmp_path / "kept"
        audit.write(folder, made.evidence().values())
        return folder

    return kept


def test_a_right_rack_exits_0(rackwright, site, snapshot):
    """All right is 0, with the table of what was looked at."""
    result = rackwright("audit", site, "--only", "switch", "--snapshot", snapshot(rack()))
    assert result.exit_code == 0, result.output
    assert "LINK-CABLING" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("5 switches judged by ")


def test_a_finding_exits_4_and_tells_the_repair(rackwright, site, snapshot):
    """A crossed cable is 4, and the swap is on stdout."""
    made = rack()
    ports = made.said["be01"]["nv show interface"]
    ports["swp1s0"]["lldp"], ports["swp1s1"]["lldp"] = ports["swp1s1"]["lldp"], ports["swp1s0"]["lldp"]
    result = rackwright("audit", site, "--snapshot", snapshot(made))
    assert result.exit_code == 4
    assert "swap be01 swp1s0 with swp1s1" in result.stdout


def test_what_could_not_be_told_exits_1(rackwright, site, snapshot):
    """A switch that was not reached wins over findings, and the others are judged."""
    made = rack()
    del made.said["be01"]
    made.errors["be01"] = "no route to host"
    made.said["be02"]["facts"]["version"] = "5.9.1"
    result = rackwright("audit", site, "--snapshot", snapshot(made))
    assert result.exit_code == 1
    assert "be01: not judged: DEVICE-REACHED: could not be asked: no route to host" in result.stdout
    assert "runs 5.9.1, not 5.12.1" in result.stdout


def test_one_check_and_one_switch(rackwright_json, site, snapshot):
    """--check and --limit cut what is judged; the JSON holds the findings."""
    code, value = rackwright_json(
        "audit", site, "--check", "roce", "--limit", "be01", "--snapshot", snapshot(rack()), "--quiet"
    )
    assert code == 0
    assert {(item["check"], item["subject"]) for item in value["findings"]} == {
        ("ROCE", "be01"),
        ("DEVICE-REACHED", "be01"),
    }


def test_findings_are_kept_in_a_file(rackwright, site, snapshot, tmp_path):
    """-o keeps all findings as JSON, whatever is printed."""
    out = tmp_path / "findings.json"
    assert rackwright("audit", site, "--snapshot", snapshot(rack()), "-o", out).exit_code == 0
    assert json.loads(out.read_text())["summary"]["pass"] > 50


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--only", "rack"), "rack cannot be audited; there is: switch, hardware, firmware, bios, bmc, host"),
        (("--only", "switch,cooling"), "cooling cannot be audited"),
        (("--check", "NO-SUCH"), "there is no check NO-SUCH; there is: DEVICE-REACHED"),
        (("--check", ""), "there is no check without a name"),
        (("--keep", "a", "--snapshot", "b"), "nobody is asked"),
        (("--limit", "xx*"), "no device is called"),
        (("--only", "switch", "--check", "MACHINE-IDENTITY"), "MACHINE-IDENTITY would not be judged"),
        (("--only", "firmware", "--check", "BIOS-SETTINGS"), "BIOS-SETTINGS would not be judged"),
        (("--only", "bmc", "--check", "BMC-TIME,LINK-STATE"), "LINK-STATE would not be judged"),
        (("--snapshot", ".", "--release", "r", "--check", "LINK-STATE"), "--release judges servers"),
        (("--snapshot", ".", "--release", "r", "--only", "host"), "--release judges servers"),
    ],
)
def test_a_wrong_command_line_is_told(rackwright, site, words, told):
    """Usage errors are 2 and name what there is."""
    result = rackwright("audit", site, *words)
    assert result.exit_code == 2
    assert told in " ".join(result.stderr.split())


def test_an_empty_snapshot_is_no_pass(rackwright, site, tmp_path):
    """A folder without evidence is an error that says how to take some."""
    result = rackwright("audit", site, "--snapshot", tmp_path)
    assert result.exit_code == 1
    assert "holds no evidence" in result.stderr


@pytest.mark.parametrize(("name", "said"), [("gone/findings.json", "there is no folder"), ("", "is a folder")])
def test_findings_that_cannot_be_kept_are_refused_before_anybody_is_asked(rackwright, site, tmp_path, name, said):
    """An audit of an hour was over, and its findings were lost for a misspelt folder."""
    for words in (["audit", site, "--only", "switch"], ["diff", site, "--against", "running"]):
        result = rackwright(*words, "-o", tmp_path / name, "--twin")
        assert (result.exit_code, said in result.stderr) == (2, True), result.output


def test_findings_that_cannot_be_kept_are_shown(rackwright, site, snapshot, monkeypatch, tmp_path):
    """The disk was full at the end: nothing was told, and flaps are told once only."""

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    taken = snapshot(rack())
    monkeypatch.setattr(Path, "write_text", full)
    result = rackwright("audit", site, "--only", "switch", "--snapshot", taken, "-o", tmp_path / "findings.json")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1].startswith("5 switches judged by ")
    assert "findings.json: No space left on device" in result.stderr
