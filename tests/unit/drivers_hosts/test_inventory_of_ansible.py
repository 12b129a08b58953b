"""The inventory that the command prints is one that Ansible itself reads."""

import json
import os
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from rackwright.cli import main

SITE = Path(__file__).resolve().parents[3] / "inventory" / "xe9680-spectrum-x"


def test_ansible_reads_the_inventory_that_is_derived_from_the_plan(tmp_path):
    """ansible-inventory finds the hosts, their addresses and users, and the groups by role and step, as they were printed."""
    printed = CliRunner().invoke(main, ["inventory", str(SITE), "--ansible"])
    assert printed.exit_code == 0, printed.output
    (tmp_path / "inventory.yaml").write_text(printed.stdout)
    (tmp_path / "none.cfg").touch()
    words = [sys.executable, "-m", "ansible", "inventory", "-i", str(tmp_path / "inventory.yaml"), "--list"]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_CONFIG": str(tmp_path / "none.cfg"),
    }
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    told = json.loads(CliRunner().invoke(main, ["inventory", str(SITE), "--ansible", "--json"]).stdout)
    assert {
        name: one.get("hosts", []) for name, one in found.items() if name in told and name not in ("_meta", "all")
    } == {name: one["hosts"] for name, one in told.items() if name not in ("_meta", "all")}
    for name, facts in told["_meta"]["hostvars"].items():
        assert facts.items() <= found["_meta"]["hostvars"][name].items()
    server = next(iter(found["servers"]["hosts"]))
    assert found["_meta"]["hostvars"][server]["ansible_user"] == "rackwright"
    assert server in found["step_ofed"]["hosts"]
