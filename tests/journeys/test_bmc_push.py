"""Servers as delivered brought to firmware and BIOS through the command: seen, agreed to, done once, and audited."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from click.testing import CliRunner

from rackwright.cli import main
from rackwright.cli.twins import spec_of
from rackwright.plan import workspace
from rackwright.twin.bmc.standins import make_images
from rackwright.twin.process import Background
from tests.canary import Canary

pytestmark = [pytest.mark.slow(30), pytest.mark.xdist_group("bmc-push")]

SITES = Path(__file__).resolve().parents[2] / "inventory"
RATE = 1500.0
LARGE = os.environ.get("RACKWRIGHT_LARGE") == "1"
YES = ("--yes", "--allow-disruption")
NAMES = ["xe9680-spectrum-x", *(["r760xa-converged", "xe9680-two-racks"] if LARGE else [])]


def rw(*words):
    """Run a command line in this process; return its exit code, stdout as JSON, and stderr."""
    result = CliRunner().invoke(main, [*map(str, words), "--json"])
    assert not (result.exception and not isinstance(result.exception, SystemExit)), result.output
    return SimpleNamespace(code=result.exit_code, data=json.loads(result.stdout or "null"), talk=result.stderr)


def push(site, *words):
    return rw("push", site, "--only", "bmc", "--twin", *words)


def diff(site, *words):
    return rw("diff", site, "--only", "bmc", "--against", "running", "--twin", *words)


def copied(name, folder):
    return Path(shutil.copytree(SITES / name, folder / name, ignore=shutil.ignore_patterns(".rackwright")))


@pytest.fixture(params=NAMES)
def rack(request, tmp_path):
    """Return the twin of a reference site whose servers are as delivered, and what there is to ask it."""
    site = copied(request.param, tmp_path)
    opened = workspace.open_site(site)
    plan = workspace.planned(opened).plan
    # Without switches between them what is cabled is up; with some, links would be down until these are pushed.
    with Background(msgspec.structs.replace(spec_of(opened, plan, rate=RATE), only=frozenset())) as twin:
        make_images(site, opened.loaded.images, opened.loaded.catalog)
        servers = [device.name for device in plan.devices if device.role == "server"]
        yield SimpleNamespace(site=site, ask=twin.ask, servers=servers)


def deeds(rack, name):
    return rack.ask("bmc", device=name)["deeds"]


def restarts(found):
    """Return how often a host went down: asked for, less the AC cycles that a CPLD does by itself in the restart for its job."""
    asked = Counter(f"{deed['kind']} {deed['what']}".split()[0] for deed in found if deed["kind"] == "ac-cycle")
    again = sum(deed["kind"] == "reset" and deed["what"] in ("GracefulRestart", "ForceRestart", "On") for deed in found)
    own = sum(deed["kind"] == "flash" and deed["what"].startswith("CPLD") for deed in found)
    return again + asked["ac-cycle"] - own


def edited(site, old, new):
    """Change the site file in one place."""
    text = (site / "site.yaml").read_text()
    assert text.count(old) == 1
    (site / "site.yaml").write_text(text.replace(old, new))
    assert rw("plan", site).code == 0


def test_from_delivered_to_audited(rack, tmp_path):
    """diff shows what push then does, in as many restarts; audit is content; a second push changes nothing; a stale one is refused."""
    kept = tmp_path / "changes.json"
    shown = diff(rack.site, "-o", kept)
    assert shown.code == 3, shown.talk
    ways = {server["device"]: server["way"] for server in shown.data["servers"]}
    assert set(ways) == set(rack.servers)
    assert shown.data["rack"]["restarts"] == sum(way["restarts"] for way in ways.values())

    # Nothing is restarted unless that was allowed.
    refused = push(rack.site, "--changes", kept, "--yes")
    assert (refused.code, "--allow-disruption" in refused.talk) == (1, True)
    assert not [
        deed for name in rack.servers for deed in deeds(rack, name) if deed["kind"] in ("image", "reset", "flash")
    ]

    done = push(rack.site, "--changes", kept, *YES)
    assert done.code == 0, (done.talk, done.data)
    assert {one["state"] for one in done.data["devices"]} == {"done"}
    for name, way in ways.items():
        found = deeds(rack, name)
        flashed = Counter(deed["what"] for deed in found if deed["kind"] == "flash")
        assert set(flashed.values()) == {1}, (name, flashed)
        assert restarts(found) == way["restarts"], (name, [(deed["kind"], deed["what"]) for deed in found])
        told = rack.ask("bmc", device=name)
        assert (told["power"], told["sessions"], told["jobs"]) == ("On", 0, [])

    audited = rw("audit", rack.site, "--twin", "--only", "firmware,bios,hardware")
    assert audited.code == 0, audited.talk
    again = push(rack.site, "--yes")
    assert (again.code, again.data["changed"], again.data["unchanged"]) == (0, 0, len(rack.servers))
    left = [server for server in ways.values() if server["left"]]
    assert bool(left) == ("left to HOSTS" in again.talk)
    # What was reviewed is done: that it differs from then is no reason to refuse it.
    assert push(rack.site, "--changes", kept, "--yes").data["changed"] == 0

    secret = Canary((rack.site / ".rackwright" / "twin" / "secrets" / "bmc").read_text().strip())
    assert not secret.in_folder(rack.site / ".rackwright" / "runs")
    assert not secret.found_in(
        json.dumps([shown.data, done.data, audited.data]) + shown.talk + done.talk + audited.talk
    )

    edited(rack.site, "idrac: 7.20.60.50", "idrac: 7.20.30.00")
    stale = push(rack.site, "--changes", kept, *YES)
    assert (stale.code, "intent has changed" in stale.talk) == (1, True), stale.talk
    older = push(rack.site, *YES)
    assert (older.code, "--allow-downgrade" in older.talk) == (1, True), older.talk


def test_lockdown_is_lifted_for_bios_alone_where_that_is_allowed(tmp_path):
    """A locked rack, brought in once, could never be given a BIOS setting or firmware again: lockdown was lifted for settings of BMCs only."""
    site = copied("xe9680-spectrum-x", tmp_path)
    override = "bmc: {lockdown: true}\nbios:\n  overrides: [{attribute: LogicalProc, value: Disabled, reason: test}]\nservices:"
    edited(site, "services:", override)
    opened = workspace.open_site(site)
    spec = spec_of(opened, workspace.planned(opened).plan, rate=RATE, bmcs="planned")
    with Background(msgspec.structs.replace(spec, only=frozenset({"mgmt01", "mgmt02"}))) as twin:
        only = ("--limit", "mgmt0[12]")
        twin.ask("fault", kind="lockdown", device="mgmt01")
        locked = push(site, *only, *YES)
        causes = {one["subject"]: one.get("cause", "") for one in locked.data["devices"]}
        assert (locked.code, "lockdown is on" in causes["mgmt01"], causes["mgmt02"]) == (1, True, ""), locked.talk
        assert "--lift-lockdown" in locked.talk
        kinds = {deed["kind"] for deed in twin.ask("bmc", device="mgmt01")["deeds"]}
        assert not kinds & {"staged", "reset", "ac-cycle", "image"}, kinds

        def is_as_planned():
            audited = rw("audit", site, "--twin", "--only", "bmc", *only)
            assert audited.code == 0, audited.talk

        lifted = push(site, *only, *YES, "--lift-lockdown")
        assert (lifted.code, lifted.data["changed"], lifted.data["unchanged"]) == (0, 1, 1), lifted.talk
        is_as_planned()
        edited(site, "value: Disabled", "value: Enabled")
        stages = ("--only", "bmc,firmware,handover")
        brought = CliRunner().invoke(main, ["bringup", str(site), "--twin", *stages, *only, *YES, "--lift-lockdown"])
        assert brought.exit_code == 0, brought.output
        is_as_planned()
