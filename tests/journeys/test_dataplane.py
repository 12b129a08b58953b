"""The commands over real FRR: switches that are namespaces, reached through real OpenSSH."""

import json
import os
import subprocess
import sys

import pytest
import yaml

from tests.twins import frr

pytestmark = [pytest.mark.slow(50), pytest.mark.xdist_group("dataplane")]

CHECKS = ("LINK-CABLING", "LINK-STATE", "BGP-SESSIONS", "BFD-SESSIONS", "CONFIG-DRIFT", "CONFIG-UNSAVED", "NOS-VERSION")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Return a site folder whose twin is up on namespaces; it is down, and nothing left, at the end."""
    frr.require("sshd")
    folder = tmp_path_factory.mktemp("rails")
    (folder / "site.yaml").write_text(yaml.safe_dump(frr.RAILS), encoding="utf-8")
    # A real second is four: what waits on real daemons beside other work must not run out of the emulated minutes of a gate.
    rackwright("twin", "up", folder, "--dataplane", "frr", "--rate", "4", "--detach")
    try:
        yield folder
    finally:
        rackwright("twin", "down", folder)
        assert not (folder / ".rackwright" / "twin.json").exists()


def rackwright(*words, codes=(0,)):
    """Run a verb and return its finished process; its exit code must be one of those expected."""
    run = subprocess.run(
        [sys.executable, "-c", "from rackwright.cli import main; main()", *map(str, words)],
        capture_output=True, text=True, timeout=300, check=False, env={**os.environ, "NO_COLOR": "1"},
    )  # fmt: skip
    assert run.returncode in codes, f"{words} ended with {run.returncode}\n{run.stdout[-3000:]}\n{run.stderr[-3000:]}"
    return run


def audited(folder, *codes):
    """Audit what real daemons can tell, and return the findings that are wrong or were not judged."""
    chosen = [word for check in CHECKS for word in ("--check", check)]
    run = rackwright("audit", folder, "--twin", "--only", "switch", *chosen, "--json", codes=codes)
    return [item for item in json.loads(run.stdout)["findings"] if item["status"] in ("fail", "error")]


@pytest.fixture(scope="module")
def pushed(site):
    """Return what the first push of the rack said, whichever test comes first."""
    said = rackwright("push", site, "--twin", "--yes", "--allow-disruption").stdout
    frr.gone(lambda: audited(site, 0, 1, 4), 60)
    return said


def test_push_and_audit_work_on_real_daemons_as_on_the_computed_twin(site, pushed):
    """The same push brings FRR and the kernel up, says 0 changed when asked again, and the same audit finds nothing."""
    assert "4 changed" in pushed
    assert "0 changed, 4 unchanged" in rackwright("push", site, "--twin", "--yes").stdout
    frr.gone(lambda: audited(site, 0, 1, 4), 60)


@pytest.mark.usefixtures("pushed")
def test_a_plug_in_the_wrong_port_is_found_over_the_wire(site):
    """After two cables are swapped, lldpd's own words lead to the one swap that repairs it."""
    rackwright("twin", "fault", site, "swap-cables", "leaf01:swp1s0", "leaf01:swp1s1")
    try:
        found = frr.eventually(lambda: [item for item in audited(site, 0, 1, 4) if "swap" in item["remedy"]], 60)
        assert any("swp1s0" in str(item) and "swp1s1" in str(item) for item in found)
    finally:
        rackwright("twin", "clear", site)
    frr.gone(lambda: audited(site, 0, 1, 4), 60)


def test_a_plain_ssh_session_is_real_openssh_with_the_switch_inside(site):
    """`ssh` shows the namespace's own interfaces, and `nv` the twin's configuration of that switch."""
    state = site / ".rackwright"
    twin = json.loads((state / "twin.json").read_text(encoding="utf-8"))
    leaf = next(item for item in twin["devices"] if item["device"] == "leaf01")
    words = [
        "-v",
        "-F",
        "none",
        "-i",
        state / twin["identity"],
        "-o",
        f"UserKnownHostsFile={state / twin['known_hosts']}",
    ]
    words += [
        "-o",
        "StrictHostKeyChecking=yes",
        "-o",
        "BatchMode=yes",
        "-p",
        leaf["ssh_port"],
        f"cumulus@{leaf['host']}",
    ]
    run = subprocess.run(
        ["ssh", *map(str, words), "ip -br link show lo; nv config show -o json; lldpctl -f json"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "remote software version OpenSSH" in run.stderr
    assert run.stdout.startswith("lo ")
    assert '"hostname"' in run.stdout
    assert '"lldp"' in run.stdout
