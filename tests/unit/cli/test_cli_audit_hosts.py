"""`rackwright audit --only host` and `snapshot --only host`: exit codes, folders, and what is said to whom."""

from __future__ import annotations

import json
import shutil

import pytest

from rackwright import audit
from rackwright.audit import hosts
from rackwright.audit.hosts import questions as asked
from tests.unit.audit_hosts import healthy_host as healthy

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture
def site(tmp_path):
    """Return a site of one's own."""
    folder = tmp_path / "site"
    shutil.copytree(healthy.SITES / "xe9680-spectrum-x", folder)
    return folder


@pytest.fixture
def taken(tmp_path):
    """Return a function that writes what hosts print, a file a command, and names the folder."""

    def written(made, below="hosts"):
        for name, told in made.said.items():
            place = tmp_path / "taken" / below / name
            place.mkdir(parents=True)
            for question, text in told.items():
                (place / hosts.file_name(question)).write_text(text)
        return tmp_path / "taken"

    return written


@pytest.mark.parametrize("below", ["hosts", ""])
def test_outputs_collected_elsewhere_are_judged(rackwright, site, taken, below):
    """Folders of files by command exit 0 when all is right, wherever they lie in the folder."""
    folder = taken(healthy.rack("xe9680-spectrum-x", "gpu01", "gpu02"), below)
    result = rackwright("audit", site, "--only", "host", "--snapshot", folder)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1].startswith("2 hosts judged by ")
    one = rackwright("audit", site, "--only", "host", "--limit", "gpu01", "--snapshot", folder / below / "gpu01")
    assert one.exit_code == 0, one.output
    assert one.stdout.splitlines()[-1].startswith("1 host judged by ")


def test_findings_of_hosts_exit_4(rackwright_json, site, taken):
    """A wrong driver is 4, with expected and actual."""
    made = healthy.rack("xe9680-spectrum-x", "gpu01")
    made.said["gpu01"]["ofed_info -s"] = "OFED-internal-24.10-1.1.4.0:\n"
    code, value = rackwright_json("audit", site, "--check", "HOST-VERSIONS", "--snapshot", taken(made), "--quiet")
    (wrong,) = [item for item in value["findings"] if item["status"] == "fail"]
    assert code == 4
    assert (wrong["subject"], wrong["path"], wrong["expected"], wrong["actual"]) == (
        "gpu01",
        "ofed",
        "25.1.0",
        "24.10-1.1.4.0",
    )


def test_what_was_kept_is_read_again(rackwright, site, tmp_path):
    """Evidence of hosts lies beside that of their BMCs, and a snapshot without --only judges what it holds."""
    made = healthy.rack("xe9680-spectrum-x", "gpu01")
    audit.write(tmp_path / "kept" / hosts.FOLDER, made.evidence().values())
    result = rackwright("audit", site, "--snapshot", tmp_path / "kept")
    assert result.exit_code == 0, result.output
    assert "HOST-CABLING" in result.stdout
    assert "holds no switch: switches are not judged" in result.stderr


def test_a_folder_without_hosts_is_no_pass(rackwright, site, tmp_path):
    """Nothing in a folder, or a host that it does not hold, is an error."""
    (tmp_path / "kept").mkdir()
    result = rackwright("audit", site, "--only", "host", "--snapshot", tmp_path / "kept")
    assert result.exit_code == 1
    assert "holds no evidence of these devices" in result.stderr


def test_a_named_host_that_a_folder_lacks_is_no_pass(rackwright, site, taken):
    """Of the hosts of a folder those that it holds are judged, and the others are told; one that is named is an error without evidence."""
    made = healthy.rack("xe9680-spectrum-x", "gpu01", "gpu03")
    words = ("audit", site, "--only", "host", "--snapshot", taken(made))
    whole = rackwright(*words)
    assert (whole.exit_code, "holds nothing of gpu02" in whole.stderr) == (0, True)
    named = rackwright(*words, "--limit", "gpu01", "--limit", "gpu02")
    assert named.exit_code == 1
    assert "gpu02" in named.stdout


def test_hosts_and_switches_together_tell_a_wrong_cable_once(rackwright_json, site, taken):
    """Both ends of a cable are laid together, and one finding is made of it."""
    made = healthy.rack("xe9680-spectrum-x", "gpu01")
    ports = {port.interface: (port.peer, port.peer_port) for port in made.wanted["gpu01"].ports}
    ports["rail1"], ports["rail3"] = ports["rail3"], ports["rail1"]
    made.said["gpu01"][asked.LLDP] = healthy.lldp(ports)
    folder = taken(made)
    shows = {"nv show interface": {"swp64": {"link": {"oper-status": "down"}}}}
    answers = tuple(audit.Answer(question, value) for question, value in shows.items())
    audit.write(folder, [audit.Evidence("be01", answers=answers)])
    code, value = rackwright_json(
        "audit", site, "--only", "host,switch", "--check", "LINK-CABLING", "--check", "HOST-CABLING", "--limit", "be01",
        "--limit", "gpu01", "--snapshot", folder, "--quiet",
    )  # fmt: skip
    assert code in {1, 4}
    assert [item["check"] for item in value["findings"] if item["status"] == "fail"] == ["LINK-CABLING"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--run-benchmarks",), "go with --only host"),
        (("--only", "host", "--support-bundle"), "goes with --keep"),
        (("--only", "host", "--snapshot", "x", "--run-benchmarks"), "hosts that can be asked"),
        (("--only", "host", "--limit", "xx*"), "no device is called"),
    ],
)
def test_a_wrong_command_line_is_told(rackwright, site, words, told):
    """Usage errors are 2 and say what goes with what."""
    result = rackwright("audit", site, *words)
    assert result.exit_code == 2
    assert told in " ".join(result.stderr.split())


def test_hosts_that_do_not_answer_are_told_and_kept(rackwright, site, tmp_path, monkeypatch):
    """A host without a way to it is an error with what to do; a snapshot says so and exits 1."""
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    result = rackwright("snapshot", site, "--only", "host", "--limit", "gpu01", "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "gpu01: " in result.stdout
    assert json.loads((tmp_path / "out" / "hosts" / "gpu01.json").read_text())["error"]
