"""Exchanged cables of BMCs and of a LOM, which speak no LLDP and do not blink: found by a bring-up of an emulated rack, and gone after the repair."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from rackwright.cli.twins import spec_of
from rackwright.plan import workspace
from rackwright.render import switch_tree
from rackwright.twin.process import Background

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("management-cables")]

ROOT = Path(__file__).resolve().parents[2]
RACKWRIGHT = Path(sys.executable).parent / "rackwright"
BMC = "swap oob01 swp9 with swp11 (or, at the other ends, gpu05 bmc with gpu06 bmc)"
BMCS = f"swap oob01 swp10 with swp12 (or, at the other ends, gpu05 b3220l-1.bmc with gpu06 b3220l-1.bmc)\n{BMC}"
LOM = "swap oob01 swp21 with swp22 (or, at the other ends, mgmt03 bmc with lom1)"


@pytest.fixture(scope="module")
def rack(tmp_path_factory):
    """Two racks whose switches run what is planned, and whose servers have no system."""
    site = tmp_path_factory.mktemp("management") / "site"
    shutil.copytree(ROOT / "inventory/xe9680-two-racks", site, ignore=shutil.ignore_patterns(".rackwright"))
    opened = workspace.open_site(site)
    plan = workspace.planned(opened).plan
    spec = spec_of(opened, plan, rate=240.0, hosts="none")
    trees = {switch.name: switch_tree(switch) for switch in plan.switches}
    with Background(msgspec.structs.replace(spec, startup=trees)) as twin:
        yield SimpleNamespace(site=site, ask=twin.ask)


def bringup(rack, *words):
    """Do some stages; return the last line: task -> how it ended, and what was not verified."""
    words = ("bringup", rack.site, "--twin", "--yes", "--allow-disruption", "--json", *words)
    done = subprocess.run([RACKWRIGHT, *map(str, words)], capture_output=True, text=True, timeout=500, check=False)
    assert done.stdout, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def failed(told, stage="cabling"):
    return {
        name: task["remedy"]
        for name, task in told["tasks"].items()
        if name.startswith(stage) and task["state"] == "failed"
    }


def swap(rack):
    """Exchange the plugs of two BMCs and of their adapters' BMCs, and of a BMC and a LOM; done twice they are where they were."""
    rack.ask("fault", kind="swap-cables", a="oob01:swp9", b="oob01:swp11")
    rack.ask("fault", kind="swap-cables", a="oob01:swp10", b="oob01:swp12")
    rack.ask("fault", kind="swap-cables", a="oob01:swp21", b="oob01:swp22")


def test_exchanged_bmcs_and_lom_fail_their_servers_until_they_are_put_right(rack):
    """Everything answers at its address over a wrong cable: whoever trusts the bring-up pulls the wrong plug one day."""
    told = bringup(rack, "--only", "fabric,cabling")
    assert (failed(told), told["not_verified"]) == ({}, {})
    swap(rack)
    # The rails of both stand where they are planned: nobody is to carry the servers.
    assert failed(bringup(rack, "--only", "cabling")) == {
        "cabling/gpu05": BMCS, "cabling/gpu06": BMCS, "cabling/mgmt03": LOM,
    }  # fmt: skip
    # Acceptance looks for itself, also where nobody looked at the cabling before.
    told = failed(bringup(rack, "--only", "accept", "--limit", "gpu0[57]"), "accept")
    assert "if the 10 other cables of each are right" in told["accept/gpu05"]
    assert (
        "swap oob01 swp9 with swp11, oob01 swp10 with swp12; if not, exchange gpu05 and gpu06" in told["accept/gpu05"]
    )
    assert "swap" not in told.get("accept/gpu07", "")
    swap(rack)
    assert failed(bringup(rack, "--only", "cabling")) == {}
    assert "swap" not in failed(bringup(rack, "--only", "accept", "--limit", "gpu05"), "accept").get("accept/gpu05", "")
