"""Every reference site below 300 switches: pushed, read back by every way, pushed again, and led back to where it was."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from rackwright import secrets
from rackwright.cli import main
from rackwright.cli.reaching import Wanted, reach
from rackwright.plan import workspace
from rackwright.push.digests import digest_of
from rackwright.render import switch_tree
from rackwright.twin import process

pytestmark = pytest.mark.slow(30)

SITES = Path(__file__).resolve().parents[2] / "inventory"
RATE = 30.0
"""A switch has 180 s of it for a login and 600 to be confirmed: six seconds and twenty on a busy machine."""
WHOLE = "RACKWRIGHT_LARGE"
"""Set, rail-1024 is pushed whole; it takes minutes. Without, this part of it: a pod's leaves, spines and their switches."""
PART = {"rail-1024": ("be001", "be002", "be-spine0[12]", "oob01")}


@pytest.fixture
def rack(request, tmp_path):
    """Return a factory-fresh twin, in a process of its own, of the site that is asked for."""
    name = request.param
    site = Path(shutil.copytree(SITES / name, tmp_path / name, ignore=shutil.ignore_patterns(".rackwright")))
    plan = workspace.planned(workspace.open_site(site)).plan
    trees = {switch.name: switch_tree(switch) for switch in plan.switches}
    held = {ref.name for tree in trees.values() for ref in secrets.references(tree)}
    limit = () if os.environ.get(WHOLE) else PART.get(name, ())
    state = site / ".rackwright"
    pid = process.detach(process.Spec(plan=plan, state=str(state), rate=RATE, secrets=tuple(sorted(held))))
    try:
        wanted = Wanted(twin=True, limit=limit)
        yield SimpleNamespace(
            site=site, plan=plan, trees=trees, state=state, limit=limit, names=_names(plan, site, wanted)
        )
    finally:
        process.down(state)
        while os.waitpid(pid, os.WNOHANG)[0] != pid:
            time.sleep(0.01)


def _names(plan, site, wanted):
    return list(reach(plan, site, wanted).endpoints)


def push(rack, *words):
    """Push what is meant of the rack; return exit code and the answer."""
    limit = [word for pattern in rack.limit for word in ("--limit", pattern)]
    argv = ["push", rack.site, "--twin", "--yes", "--allow-disruption", "--json", "--quiet", *limit, *words]
    result = CliRunner().invoke(main, [*map(str, argv)])
    assert result.stdout, result.output
    answer = json.loads(result.stdout)
    assert result.exit_code == 0, [device for device in answer["devices"] if device["state"] == "failed"][:3]
    return answer


def applied(rack):
    """Return what each switch runs, asked past everything that is under test."""
    return {
        name: digest_of(process.request(rack.state, {"op": "tree", "device": name})["applied"]) for name in rack.names
    }


def read_back(rack, transport):
    """Return what each switch says that it runs, over one of the wires."""
    way = reach(rack.plan, rack.site, Wanted(twin=True, transport=transport, limit=rack.limit))

    def one(name):
        session = way.connect(name)
        try:
            return name, digest_of(session.running())
        finally:
            session.close()

    with ThreadPoolExecutor(8) as pool:
        return dict(pool.map(one, rack.names))


def another(build, folder):
    """Return a copy of a build in which every switch is in another time zone."""
    made = Path(shutil.copytree(build, folder))
    for file in made.glob("devices/*/startup.yaml"):
        text = re.sub(r"      timezone: .*\n", "", file.read_text())
        assert text.count("\n    system:\n") == 1, file
        file.write_text(text.replace("\n    system:\n", "\n    system:\n      timezone: Europe/Berlin\n"))
    return made


@pytest.mark.parametrize(
    "rack",
    ["xe9680-spectrum-x", "xe9680-two-racks", "r760xa-converged", "era-2-8-9-400", "era-2-4-3-200", "rail-1024"],
    indirect=True,
)
def test_there_and_back(rack, tmp_path):
    """plan -> push -> read back = plan; a second push changes nothing; another build and back again is where it began."""
    build = tmp_path / "build"
    assert CliRunner().invoke(main, ["render", str(rack.site), "--out", str(build)]).exit_code == 0
    want = {name: digest_of(rack.trees[name]) for name in rack.names}
    count = len(rack.names)
    assert push(rack)["changed"] == count
    assert applied(rack) == want
    for transport in ("ssh", "rest"):
        assert read_back(rack, transport) == want, transport
    again = push(rack)
    assert (again["changed"], again["unchanged"]) == (0, count)
    assert push(rack, "--build", another(build, tmp_path / "other"))["changed"] == count
    assert not set(applied(rack).items()) & set(want.items())
    assert push(rack, "--build", build)["changed"] == count
    assert applied(rack) == want
