"""The program that tells NVIDIA's management service an adapter's settings, against a service of ours."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "playbooks/roles/bluefield_runtime/files/rackwright-dms"
PRIORITY = "/interfaces/interface/nvidia/cc/config/priority[id=0..7]/rp_enabled"
GAP = "/interfaces/interface/ethernet/nvidia/config/inter-packet-gap"
RETRANSMISSION = "/interfaces/interface/nvidia/roce/config/adaptive-retransmission"


@pytest.fixture
def adapter(tmp_path):
    """Lay out an adapter, and return a caller of the program, with what the adapter then holds."""
    tools = tmp_path / "tools"
    tools.mkdir()
    text = (ROOT / "tests/lab/tools/dms.py").read_text().replace('"/var/lib/lab"', repr(str(tmp_path)))
    (tools / "dms.py").write_text(text.replace("#!/usr/bin/python3", f"#!{sys.executable}"))
    (tools / "dms.py").chmod(0o755)
    for name in ("dmsd", "dmsc", "ethtool", "ip"):
        (tools / name).symlink_to("dms.py")
    hardware = tmp_path / "hardware.json"
    hardware.write_text(
        json.dumps({"adapters": [{"netdev": "rail1", "bdf": "0000:18:00.0", "running": "32.44.1036", "dms": {}}]})
    )
    file = tmp_path / "bluefield.json"
    wanted = {"ports": [[RETRANSMISSION, "true"]], "congestion": [[PRIORITY, "true"]], "gap": [[GAP, "25"]]}
    file.write_text(json.dumps({"dms": str(tools), **wanted}))
    program = tmp_path / "rackwright-dms"
    program.write_text(PROGRAM.read_text().replace("/run/rackwright-dms.lock", str(tmp_path / "lock")))

    def call(*words):
        environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
        done = subprocess.run(
            [sys.executable, str(program), str(file), *words],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return done.returncode, done.stdout + done.stderr, json.loads(hardware.read_text())["adapters"][0]

    call.tools = tools
    return call


def test_what_differs_is_set_and_what_is_there_stays(adapter):
    """A setting of the profile is not made, or is made again where it is there."""
    code, said, held = adapter("set", "ports", "rail1")
    assert (code, held["dms"]) == (0, {RETRANSMISSION: "true"})
    assert "wanted true" in said
    assert adapter("set", "ports", "rail1")[:2] == (0, "")


def test_eight_priorities_are_eight_settings(adapter):
    """A span of priorities is told as one path, which the service does not know."""
    _, _, held = adapter("set", "congestion", "rail1")
    assert held["dms"] == {PRIORITY.replace("0..7", str(number)): "true" for number in range(8)}


def test_a_link_goes_down_and_up_for_a_new_gap_alone(adapter):
    """The gap is set and not in force, or a link is taken down where nothing changes."""
    assert adapter("set", "gap", "rail1")[2]["bounced"] == ["down", "up"]
    assert adapter("set", "gap", "rail1")[2]["bounced"] == ["down", "up"]


def test_a_comparison_sets_nothing(adapter):
    """``check`` changes the adapter, or says that all is well where it is not."""
    code, said, held = adapter("check", "ports", "rail1")
    assert (code, held["dms"]) == (1, {})
    assert f"{RETRANSMISSION.replace('interface/', 'interface[name=rail1]/', 1)}: nothing, wanted true" in said


def test_an_adapter_that_is_not_there_and_a_service_that_does_not_start_are_told(adapter):
    """A missing port or service ends in a trace, or in waiting."""
    code, said, _ = adapter("set", "ports", "rail9")
    assert code == 1
    assert "no adapter rail9" in said
    (adapter.tools / "dmsd").unlink()
    shutil.copy("/bin/false", adapter.tools / "dmsd")
    code, said, _ = adapter("set", "ports", "rail1")
    assert code == 1
    assert "dmsd does not answer" in said
