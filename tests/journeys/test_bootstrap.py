"""Switches that are not yet what they should be: another version, new hardware. Over the wire of the emulated rack, through the command."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from rackwright import secrets
from rackwright.cli import main
from rackwright.plan import workspace
from rackwright.push.digests import digest_of
from rackwright.render import switch_tree
from rackwright.runs.folder import private
from rackwright.serve.tokens import Tokens
from rackwright.twin.process import Background, Spec
from tests.canary import Canary

SITES = Path(__file__).resolve().parents[2] / "inventory"
RATE = 300.0
"""An installation takes nine emulated minutes: two seconds."""
COMMAND = [sys.executable, "-c", "from rackwright.cli import main; main()"]
YES = ("--yes", "--allow-disruption")
PUSH = (*YES, "--confirm-within", "1h")
"""Twelve seconds to confirm: enough for a busy machine to log in and look."""


def rw(*words):
    """Run a command line in this process; return its exit code, stdout as JSON, and stderr."""
    result = CliRunner().invoke(main, [*map(str, words), "--json"])
    assert not (result.exception and not isinstance(result.exception, SystemExit)), result.output
    return SimpleNamespace(code=result.exit_code, data=json.loads(result.stdout or "null"), talk=result.stderr)


def plan_of(site):
    return workspace.planned(workspace.open_site(site)).plan


def planned(site):
    return {switch.name: digest_of(switch_tree(switch)) for switch in plan_of(site).switches}


@pytest.fixture
def rack(tmp_path):
    """Return a factory-fresh twin of a small rack, an image, and what there is to ask it."""
    site = Path(
        shutil.copytree(SITES / "r760xa-converged", tmp_path / "site", ignore=shutil.ignore_patterns(".rackwright"))
    )
    shutil.rmtree(site / ".rackwright", ignore_errors=True)
    plan = plan_of(site)
    names = {ref.name for one in plan.switches for ref in secrets.references(switch_tree(one))}
    image = tmp_path / "cumulus-linux-5.12.1-mlx-amd64.bin"
    image.write_bytes(b"an image of the NOS\n" * 20_000)
    spec = Spec(plan=plan, state=str(site / ".rackwright"), rate=RATE, secrets=(*sorted(names), "switch_password"))
    with Background(spec) as twin:
        yield SimpleNamespace(site=site, ask=twin.ask, image=image, names=[switch.name for switch in plan.switches])


def versions(rack):
    return {name: one["version"] for name, one in rack.ask("status")["devices"].items()}


def runs(rack):
    return {name: digest_of(rack.ask("tree", device=name)["applied"]) for name in rack.names}


def installs(rack):
    return [
        line["device"] for line in rack.ask("log", device="")["lines"] if line["command"].startswith("onie-install")
    ]


def test_a_wrong_version_gets_its_nos(rack):
    """Factory-fresh switches of another version get the image and the configuration with one command; the others get the configuration alone; nothing is done twice."""
    for name in ("core01", "oob01"):
        rack.ask("fault", kind="wrong-version", device=name, value="5.9.2")
    digest = hashlib.sha256(rack.image.read_bytes()).hexdigest()
    words = ("push", rack.site, "--twin", "--install", rack.image, "--image-sha256", digest, *PUSH)
    done = rw(*words)
    assert done.code == 0, done.talk
    assert set(versions(rack).values()) == {"5.12.1"}
    assert runs(rack) == planned(rack.site)
    assert sorted(installs(rack)) == ["core01", "oob01"]
    assert "core01: installing Cumulus Linux 5.12.1 over 5.9.2" in done.talk
    again = rw(*words)
    assert (again.code, again.data["changed"]) == (0, 0)
    assert len(installs(rack)) == 2


def test_nothing_is_installed_unasked(rack):
    """Without a yes it is shown; without --allow-disruption, with another SHA-256 or under a name that tells no version it is refused."""
    rack.ask("fault", kind="wrong-version", device="core01", value="5.9.2")
    install = ("push", rack.site, "--twin", "--install")
    other = shutil.copy(rack.image, rack.image.with_name("image.bin"))
    shown = rw(*install, rack.image)
    assert (shown.code, shown.data) == (3, [{"device": "core01", "runs": "5.9.2", "to": "5.12.1"}])
    assert "--allow-disruption" in rw(*install, rack.image, "--yes").talk
    assert "fetch it again" in rw(*install, rack.image, "--image-sha256", "0" * 64, *YES).talk
    assert "keep the name" in rw(*install, other, *YES).talk
    assert installs(rack) == []
    assert versions(rack)["core01"] == "5.9.2"


def test_another_machine_is_not_wiped(rack):
    """Where another serial number answers than planned, nothing is staged, and the others go on."""
    for name in ("core01", "oob01"):
        rack.ask("fault", kind="wrong-version", device=name, value="5.9.2")
    rack.ask("fault", kind="wrong-serial", device="core01", value="STRANGE1")
    done = rw("push", rack.site, "--twin", "--install", rack.image, *PUSH)
    assert done.code == 1
    ended = {one["subject"]: (one["state"], one.get("cause", "")) for one in done.data["devices"]}
    assert ended["core01"] == ("failed", "serial STRANGE1 answers where KVWSBQ4 is planned")
    assert ended["oob01"][0] == "done"
    assert installs(rack) == ["oob01"]


def test_cut_off_it_is_found_again(rack):
    """A connection that breaks while the image is staged fails that switch, its partner is not begun, and a second run converges; no secret is left."""
    for name in rack.names:
        rack.ask("fault", kind="wrong-version", device=name, value="5.9.2")
    rack.ask("fault", kind="drop", device="core01", at="run", when="during", command="onie-install")
    words = ("push", rack.site, "--twin", "--install", rack.image, *PUSH)
    first = rw(*words)
    assert first.code == 1
    assert "core01" in first.talk + json.dumps(first.data)
    assert rw(*words).code == 0
    assert set(versions(rack).values()) == {"5.12.1"}
    assert runs(rack) == planned(rack.site)
    state = rack.site / ".rackwright"
    for path in (state / "twin" / "secrets").iterdir():
        assert Canary(path.read_text()).in_folder(state, but=[state / "twin" / "secrets"]) == []


@pytest.mark.parametrize("moment", ["onie-install", "reboot"])
def test_killed_it_is_found_again(rack, moment):
    """Killed -9 while the image is staged or after the reboot was asked for, a later run looks first and converges."""
    rack.ask("fault", kind="wrong-version", device="oob01", value="5.9.2")
    if moment == "onie-install":
        rack.ask("fault", kind="stall", device="oob01", at="run", when="before", command="onie-install", duration=1200)
    words = ["push", str(rack.site), "--twin", "--install", str(rack.image), "--limit", "oob01", *PUSH]
    with subprocess.Popen([*COMMAND, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as killed:
        wait(lambda: killed.poll() is not None or begun(rack, moment))
        assert killed.poll() is None
        killed.kill()
    wait(lambda: rack.ask("status")["devices"]["oob01"]["nvued"])
    assert rw(*words).code == 0
    assert versions(rack)["oob01"] == "5.12.1"
    assert runs(rack)["oob01"] == planned(rack.site)["oob01"]


def begun(rack, moment):
    """Say whether the switch is at that moment."""
    if moment == "reboot":
        return not rack.ask("status")["devices"]["oob01"]["powered"]
    return any(line["command"].startswith("sha256sum") for line in rack.ask("log", device="oob01")["lines"])


def wait(there, limit_s=60):
    until = time.monotonic() + limit_s
    while not there():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_full_disk_is_told(rack):
    """A switch without room for the image says so, keeps what it runs, and holds none of our files."""
    rack.ask("fault", kind="wrong-version", device="oob01", value="5.9.2")
    rack.ask("fault", kind="full-disk", device="oob01")
    done = rw("push", rack.site, "--twin", "--install", rack.image, "--limit", "oob01", *PUSH)
    assert done.code == 1
    assert done.data["devices"][0]["stage"] == "install"
    assert installs(rack) == []
    assert versions(rack)["oob01"] == "5.9.2"


def test_a_machine_is_replaced(rack):
    """Another machine in a switch's place is refused until replace writes it down; then it gets NOS and configuration and is audited; nodes.csv changes in that row alone."""
    assert rw("push", rack.site, "--twin", *PUSH).code == 0
    nodes = rack.site / "nodes.csv"
    before = nodes.read_text().splitlines()
    rack.ask("fault", kind="wrong-serial", device="core01", value="NEW0001")
    rack.ask("fault", kind="wrong-version", device="core01", value="5.9.2")
    words = ("replace", rack.site, "core01", "--serial", "NEW0001", "--twin", "--install", rack.image)
    shown = rw(*words, "--mac", "eth0=02-00-00-00-00-AA")
    assert (shown.code, nodes.read_text().splitlines()) == (3, before)
    assert "--yes" in shown.talk
    done = rw(*words, "--mac", "eth0=02-00-00-00-00-AA", *YES)
    assert done.code == 0, done.talk + json.dumps(done.data)
    after = nodes.read_text().splitlines()
    assert [line for line in after if line not in before] == ["core01,NEW0001,,,,02:00:00:00:00:aa,,,,,,,,,,"]
    assert len(after) == len(before)
    assert versions(rack)["core01"] == "5.12.1"
    assert runs(rack) == planned(rack.site)
    assert {row["column"]: row["new"] for row in done.data["nodes"]["changes"]} == {
        "service_tag": "NEW0001", "eth0": "02:00:00:00:00:aa",
    }  # fmt: skip
    again = rw(*words, *YES)
    assert (again.code, again.data["push"]["changed"]) == (0, 0)
    assert nodes.read_text().splitlines() == after


def test_replacing_forgets_the_first_boot(rack):
    """Recorded only, the machine's addresses go and its first boot may begin anew; a serial number that another machine has is refused."""
    tokens = Tokens(private(rack.site / ".rackwright" / "serve"))
    token = tokens.issue("oob01")
    tokens.end("oob01", token, "provisioned")
    words = ("replace", rack.site, "oob01", "--twin", "--record-only", "--yes", "--serial")
    refused = rw(*words, "KVWSBQ4")
    assert refused.code == 1
    assert "core01 service_tag has" in refused.talk
    done = rw(*words, "NEW0002")
    assert done.code == 0, done.talk
    assert "\noob01,NEW0002,,,,,,,,,,,,,,\n" in (rack.site / "nodes.csv").read_text()
    assert tokens.issue("oob01")
