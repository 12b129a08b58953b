"""First contact with factory-fresh BMCs through the command; no secret of it gets anywhere but to the BMC."""

import json
import secrets as chance
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from rackwright.cli import main
from rackwright.cli.twins import spec_of
from rackwright.drivers.redfish.probing import shown
from rackwright.plan import workspace
from rackwright.twin.bmc.standins import make_images
from rackwright.twin.process import Background
from tests.canary import Canary, watched

pytestmark = [pytest.mark.slow(30), pytest.mark.xdist_group("bmc-canary")]

SITE = Path(__file__).resolve().parents[2] / "inventory" / "xe9680-two-racks"
SERVERS = ("gpu01", "gpu02")
RATE = 3000.0
BMC = """
bmc:
  service_account: {user: watch, password: "secret:bmc_watch", role: ReadOnly}
  lockdown: true
  certificate: signed
"""


def authority(state):
    """Make a site's authority; return its key in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "authority of the site")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=30))
    (state / "bmc-ca.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*form).decode()


def keep(folder, name, value):
    (folder / name).touch(mode=0o600)
    (folder / name).write_text(value)


@pytest.fixture
def rack(tmp_path):
    """Return a twin whose BMCs have a password that only ``bmc_factory`` knows."""
    site = Path(shutil.copytree(SITE, tmp_path / "site", ignore=shutil.ignore_patterns(".rackwright")))
    (site / "site.yaml").write_text((site / "site.yaml").read_text() + BMC)
    opened = workspace.open_site(site)
    with Background(spec_of(opened, workspace.planned(opened).plan, rate=RATE, only=SERVERS)) as twin:
        make_images(site, opened.loaded.images, opened.loaded.catalog)
        state = site / ".rackwright"
        folder = state / "twin" / "secrets"
        held = {
            "bmc_factory": (folder / "bmc").read_text(), "bmc": f"new-{chance.token_hex(8)}",
            "bmc_watch": f"watch-{chance.token_hex(8)}", "bmc_ca_key": authority(state),
        }  # fmt: skip
        for name, value in held.items():
            keep(folder, name, value)
        yield SimpleNamespace(site=site, state=state, ask=twin.ask, folder=folder, secrets=held, seen=[])


def rw(rack, *words):
    """Run a command line in this process; keep all that it says."""
    limits = [word for name in SERVERS for word in ("--limit", name)]
    result = CliRunner().invoke(main, [*map(str, words), *limits, "--json"])
    assert not (result.exception and not isinstance(result.exception, SystemExit)), result.output
    rack.seen += [result.stdout, result.stderr]
    return SimpleNamespace(code=result.exit_code, data=json.loads(result.stdout or "null"), talk=result.stderr)


def words(told):
    """Return what was really done to a BMC."""
    return [f"{deed['kind']} {deed['what']}" for deed in told["deeds"]]


def leaks(rack, watch):
    """Return where any of the secrets is: what was said, files, logs, arguments, exceptions."""
    found = []
    for name, value in rack.secrets.items():
        lines = [line for line in value.splitlines() if not line.startswith("---")]
        for line in lines[:2]:
            canary = Canary(line)
            found += [f"{name}: said, {form}" for form in canary.found_in("\n".join(rack.seen))]
            found += [f"{name}: {place}" for place in watch.leaks(canary)]
            found += [f"{name}: {place}" for place in canary.in_folder(rack.site, but=[rack.folder])]
    return found


def diff(rack, *words):
    return rw(rack, "diff", rack.site, "--only", "bmc", "--against", "running", "--twin", *words)


def changes(answer):
    return {
        one["device"]: [change["kind"] for change in one.get("settings", {}).get("changes", [])]
        for one in answer.data["servers"]
    }


def test_first_contact_and_no_leak(rack):
    """A fresh BMC is not brought to its settings by one push, a second one changes something, a session is left, or a secret leaks."""
    before = {one["device"]: one for one in json.loads((rack.state / "twin.json").read_text())["bmcs"]}
    fingerprints = {name: shown(before[name]["host"], before[name]["redfish_port"], 10) for name in SERVERS}
    with watched() as watch:
        found = diff(rack)
        kinds = changes(found)
        assert set(kinds) == set(SERVERS), found.talk
        assert kinds["gpu01"][:2] == ["password", "account"]
        assert kinds["gpu01"][-1] == "lock"
        assert "certificate" in kinds["gpu01"]
        pushed = rw(rack, "push", rack.site, "--only", "bmc", "--twin", "--yes", "--allow-disruption")
        assert pushed.code == 0, (pushed.talk, pushed.data)
        told = {name: rack.ask("bmc", device=name) for name in SERVERS}
        assert all(one["sessions"] == 0 for one in told.values()), (pushed.talk, pushed.data)
        assert all("attribute Lockdown.1.SystemLockdown" in words(one) for one in told.values())
        again = diff(rack)
        assert all(not left for left in changes(again).values()), (pushed.talk, again.talk, changes(again))
        wrong = rack.secrets["bmc"]
        keep(rack.folder, "bmc", "wrong-password-of-nobody")
        keep(rack.folder, "bmc_factory", "another-wrong-password")
        refused = diff(rack)
        assert refused.code == 1
        keep(rack.folder, "bmc", wrong)
    for name in SERVERS:
        assert shown(before[name]["host"], before[name]["redfish_port"], 10) not in ("", fingerprints[name])
    assert leaks(rack, watch) == []
    assert watch.log, "the ear heard nothing at all: it proves nothing"
