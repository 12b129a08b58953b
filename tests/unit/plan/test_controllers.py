"""What a site wants of its BMCs."""

from pathlib import Path

import pytest

from rackwright import intent
from rackwright.plan import workspace
from rackwright.plan.controllers import bmc_settings

INVENTORY = Path(__file__).resolve().parents[3] / "inventory"


def settings(name, device):
    opened = workspace.open_site(INVENTORY / name)
    return bmc_settings(opened.loaded.require(), workspace.planned(opened).plan, device)


def test_of_a_reference_site():
    """Time servers are names of roles, or addresses that the BMC's network does not reach, or something is set that nobody asked for."""
    found = settings("xe9680-two-racks", "gpu01")
    assert found.ntp == ("10.10.0.40",)
    assert (found.user, found.password, found.timezone) == ("root", "secret:bmc", "Etc/UTC")
    assert (found.service_user, found.lockdown, found.signed) == ("", None, False)


def test_names_outside():
    """Time servers outside of the site are dropped."""
    assert settings("era-2-8-9-400", "su-01-node-01").ntp[0] == "0.cumulusnetworks.pool.ntp.org"


@pytest.fixture
def written(tmp_path):
    """Return a function that reads a site whose ``bmc:`` is given."""

    def write(text):
        source = (INVENTORY / "xe9680-two-racks" / "site.yaml").read_text()
        (tmp_path / "site.yaml").write_text(source + text)
        for name in ("nodes.csv", "ops.pub", "images.yaml"):
            (tmp_path / name).write_bytes((INVENTORY / "xe9680-two-racks" / name).read_bytes())
        return intent.load(tmp_path / "site.yaml")

    return write


def test_everything_said(written):
    """What stands below bmc: is not read."""
    loaded = written(
        "bmc:\n  user: admin\n  service_account: {user: watch, password: 'secret:watch', role: ReadOnly}\n"
        "  lockdown: true\n  certificate: signed\n"
    )
    site = loaded.require()
    assert (site.bmc.user, site.bmc.service_account.role, site.bmc.lockdown) == ("admin", "ReadOnly", True)


def test_a_secret_in_the_open(written):
    """A password that stands in the site file is taken, or printed."""
    loaded = written("bmc: {service_account: {user: watch, password: canary-in-the-open}}\n")
    problems = [str(problem) for problem in loaded.problems]
    assert any("reference to a secret" in problem for problem in problems), problems
    assert not any("canary" in problem for problem in problems)
