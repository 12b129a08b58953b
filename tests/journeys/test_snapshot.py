"""A rack is collected once and judged elsewhere: with its site, without one, and nothing secret travels."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from rackwright.cli import main
from rackwright.plan import workspace
from rackwright.render import switch_tree
from rackwright.secrets import variable
from rackwright.twin.bmc.service.plans import Bmcs
from rackwright.twin.process import Background, Spec

pytestmark = pytest.mark.xdist_group("snapshot-twin")

SITES = Path(__file__).resolve().parents[2] / "inventory"
NAMES = frozenset({"gpu01", "gpu01.b3220l-1", "mgmt01", "mgmt02"})


@pytest.fixture(scope="module")
def rack(tmp_path_factory):
    """Return a twin of one switch and some BMCs, its site and its BMCs' password."""
    ignored = shutil.ignore_patterns(".rackwright")
    site = Path(
        shutil.copytree(SITES / "xe9680-spectrum-x", tmp_path_factory.mktemp("snapshot") / "site", ignore=ignored)
    )
    opened = workspace.open_site(site)
    plan = workspace.planned(opened).plan
    bmcs = Bmcs(
        site=opened.loaded.require().model_dump_json(), catalog=opened.loaded.catalog.model_dump_json(), only=NAMES,
    )  # fmt: skip
    secrets = tuple(sorted({"bmc", *(switch.system.password for switch in plan.switches if switch.system.password)}))
    spec = Spec(
        plan=plan, state=str(site / ".rackwright"), rate=600, only=frozenset({"be01"}), secrets=secrets, bmcs=bmcs,
        startup={switch.name: switch_tree(switch) for switch in plan.switches},
    )  # fmt: skip
    with Background(spec):
        twin = json.loads((site / ".rackwright/twin.json").read_bytes())
        yield SimpleNamespace(
            site=site,
            password=(site / ".rackwright/twin/secrets/bmc").read_text().strip(),
            ends={one["device"]: f"{one['host']}:{one['redfish_port']}" for one in twin["bmcs"]},
        )


def run(*words, env=None):
    """Run the command; return the exit code, what JSON it printed, and all that it said."""
    result = CliRunner().invoke(main, [*map(str, words), "--json"], env=env)
    return result.exit_code, json.loads(result.stdout) if result.stdout.startswith("{") else {}, result.output


def wrong(value):
    """Return what is wrong or could not be told, as (check, subject, path)."""
    return {
        (one["check"], one["subject"], one["path"]) for one in value["findings"] if one["status"] in {"fail", "error"}
    }


def limits(*names):
    return [part for name in names for part in ("--limit", name)]


def test_a_snapshot_of_a_site_is_judged_without_the_rack(rack, tmp_path):
    """What was collected from switches and BMCs gives the same verdict as looking, in another folder and with nobody to ask."""
    out = tmp_path / "taken"
    names = limits("be01", "gpu01", "mgmt01", "mgmt02")
    code, told, output = run("snapshot", rack.site, "--twin", "-o", out, *names)
    assert (code, told["lost"]) == (0, {}), output
    assert set(told["devices"]) == {"be01", *NAMES}
    moved = Path(shutil.copytree(rack.site, tmp_path / "elsewhere", ignore=shutil.ignore_patterns(".rackwright")))
    words = ("--only", "hardware,firmware,bios", *limits("gpu01", "mgmt01", "mgmt02"))
    _, live, _ = run("audit", rack.site, "--twin", *words)
    code, again, _ = run("audit", moved, "--snapshot", out, *words)
    assert code == 4
    # Links come up in their own time, and between the one look and the other.
    others, now = ({one for one in wrong(value) if one[0] != "NIC-LINKS"} for value in (again, live))
    assert others == now
    assert ("BIOS-SETTINGS", "gpu01", "SysProfile") in others
    assert not [one for one in others if one[0].startswith(("NIC", "SERVER", "MACHINE"))]


def test_everything_is_judged_of_what_a_snapshot_holds(rack, tmp_path):
    """Without --only a snapshot of BMCs judges servers, and says that no switch is in it."""
    out = tmp_path / "taken"
    assert run("snapshot", rack.site, "--twin", "--only", "bmc", "-o", out, *limits("mgmt01"))[0] == 0
    _, value, output = run("audit", rack.site, "--snapshot", out, *limits("mgmt01"))
    assert {one["subject"] for one in value["findings"]} == {"mgmt01"}
    _, _, output = run("audit", rack.site, "--snapshot", out, *limits("mgmt01", "be01"))
    assert "holds no switch" in output


def test_bmcs_at_addresses_are_collected_and_judged_by_a_release(rack, tmp_path):
    """No site at all: addresses, a password in the environment, certificates met first, and one that nobody answers at."""
    out, env = tmp_path / "taken", {variable("bmc"): rack.password}
    gone = f"{rack.ends['gpu01'].partition(':')[0]}:9"
    refused = run("snapshot", rack.ends["gpu01"], "-o", out, env=env)
    assert refused[0] == 1
    assert "trust" in refused[2]
    code, told, output = run(
        "snapshot", rack.ends["gpu01"], rack.ends["mgmt01"], gone, "-o", out, "--trust-on-first-use", env=env
    )
    assert code == 1, output
    assert set(told["devices"]) == {rack.ends["gpu01"], rack.ends["mgmt01"]}
    assert set(told["lost"]) == {gone}
    code, value, _ = run("audit", "--snapshot", out, "--release", "dell-nvidia-1.3", "--only", "firmware,hardware")
    assert code == 1
    assert ("BMC-REACHED", gone, "") in wrong(value)
    assert ("FIRMWARE-VERSIONS", rack.ends["gpu01"], "bluefield-firmware") in wrong(value)
    unjudged = {
        one["check"] for one in value["findings"] if one["status"] == "skipped" and "not judged" in one["message"]
    }
    assert {"MACHINE-IDENTITY", "NIC-RAILS", "NIC-LINKS"} <= unjudged


def test_a_wrong_password_is_told_and_kept_nowhere(rack, tmp_path):
    """A password that is refused is one device lost, with what to do; it is in no file and no line."""
    out, secret = tmp_path / "taken", "not-the-one-8823"
    code, told, output = run(
        "snapshot", rack.ends["mgmt02"], "-o", out, "--trust-on-first-use", env={variable("bmc"): secret}
    )
    assert code == 1
    assert set(told["lost"]) == {rack.ends["mgmt02"]}
    assert secret not in output
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


def test_no_secret_is_in_a_snapshot(rack, tmp_path):
    """The password of the BMCs and the hashes that an iDRAC tells of it are in no file, nor in what was said."""
    out = tmp_path / "taken"
    _, _, output = run("snapshot", rack.site, "--twin", "--only", "bmc", "-o", out, *limits("gpu01", "mgmt01"))
    files = {path.name: path.read_bytes() for path in out.iterdir()}
    assert set(files) == {"gpu01.json", "gpu01.b3220l-1.json", "mgmt01.json"}
    assert not [name for name, data in files.items() if rack.password.encode() in data]
    assert rack.password not in output
    attributes = next(
        answer["value"]["Attributes"] for answer in json.loads(files["mgmt01.json"])["answers"]
        if answer["question"].endswith("DellAttributes/iDRAC.Embedded.1")
    )  # fmt: skip
    told = {
        key: value
        for key, value in attributes.items()
        if key.endswith(("SHA256Password", "PasswordSalt", "IPMIKey")) and value
    }
    assert set(told.values()) <= {"*"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("snapshot", "192.0.2.1", "--twin", "-o", "x"), "go with a site"),
        (("snapshot", "192.0.2.1", "--only", "switch", "-o", "x"), "go with a site"),
        (("snapshot", "192.0.2.1"), "Missing option '-o'"),
        (("audit", "--release", "dell-nvidia-1.3"), "without a site"),
        (("audit", "--snapshot", "x", "--model", "xe9680"), "without a site"),
    ],
)
def test_what_does_not_go_together_is_told(words, told):
    """Options that mean nothing with each other are usage errors."""
    result = CliRunner().invoke(main, list(words))
    assert result.exit_code == 2
    assert told in " ".join(result.output.split())
