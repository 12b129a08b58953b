"""Where devices answer and how we log in: by the site's own addresses, or by what its twin says."""

import json
import os
import shutil

import click
import pytest
from click.testing import CliRunner

from rackwright.cli.reaching import Wanted, reach, reaching
from rackwright.drivers.clock import WallClock
from rackwright.drivers.reach import JOBS
from rackwright.errors import DriverError, SecretUnresolved, TwinError
from tests.plans import rails


@pytest.fixture
def plan():
    return rails(nodes=2)


@pytest.fixture(autouse=True)
def _no_agent(monkeypatch):
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.delenv("RACKWRIGHT_SECRET_SWITCH_PASSWORD", raising=False)


def twin_json(folder, **values):
    state = folder / ".rackwright"
    state.mkdir(mode=0o700, exist_ok=True)
    told = {
        "pid": os.getpid(), "state": str(state), "kind": "emulated", "rate": 60.0, "control": "twin/control.sock", "ca": "twin/ca.pem",
        "identity": "twin/id_ed25519", "known_hosts": "twin/known_hosts",
        "devices": [{"device": "be01", "host": "127.1.0.1", "ssh_port": 2222, "rest_port": 8765, "user": "cumulus"}],
    }  # fmt: skip
    (state / "twin.json").write_text(json.dumps(told | values), encoding="utf-8")


def test_the_options_become_one_argument():
    """A verb gets what was asked for as one value, and its own arguments as they are."""
    seen = []

    @click.command()
    @click.argument("site")
    @reaching
    def command(site, wanted):
        seen.append((site, wanted))

    line = ["s", "--twin", "--limit", "be01", "--limit", "fe*", "--jobs", "7", "--transport", "rest"]
    result = CliRunner().invoke(command, line)
    assert result.exit_code == 0, result.output
    assert seen == [("s", Wanted(twin=True, limit=("be01", "fe*"), jobs=7, transport="rest"))]
    shown = CliRunner().invoke(command, ["--help"]).output
    assert (
        shown.index("--twin") < shown.index("--trust-on-first-use") < shown.index("--identity") < shown.index("--jobs")
    )


def test_a_number_that_was_said_holds_for_every_kind_of_device():
    """Who says the number that is usual for switches gets it, and not the one that is usual for BMCs or hosts."""
    assert [Wanted(jobs=JOBS).at_once(usual) for usual in (JOBS, 64)] == [JOBS, JOBS]
    assert [Wanted().at_once(usual) for usual in (JOBS, 64)] == [JOBS, 64]


def test_the_site_goes_to_management_addresses(plan, tmp_path):
    """Endpoints are the management addresses without their prefix, on the ports of real switches."""
    way = reach(plan, tmp_path, Wanted())
    first = plan.switches[0].name
    address = next(device.management for device in plan.devices if device.name == first)
    assert way.endpoints[first].host == address.partition("/")[0]
    assert (way.endpoints[first].ssh_port, way.endpoints[first].rest_port) == (22, 8765)
    assert isinstance(way.clock, WallClock)
    assert (tmp_path / ".rackwright").stat().st_mode & 0o777 == 0o700
    assert not way.login


def test_a_switch_without_an_address_is_named(plan, tmp_path):
    """It is not left out in silence: it is astray, with a remedy."""
    import msgspec

    name = plan.switches[0].name
    devices = tuple(
        msgspec.structs.replace(device, management="") if device.name == name else device for device in plan.devices
    )
    way = reach(msgspec.structs.replace(plan, devices=devices), tmp_path, Wanted())
    assert name not in way.endpoints
    with pytest.raises(DriverError, match="no management address"):
        way.connect(name)
    with pytest.raises(DriverError, match="no switch of this plan"):
        way.connect("nobody")


def test_limit_means_devices_or_is_refused(plan, tmp_path):
    """Only what is meant is reached; a pattern that means nobody is a usage error."""
    name = plan.switches[0].name
    assert set(reach(plan, tmp_path, Wanted(limit=(name,))).endpoints) == {name}
    with pytest.raises(click.BadParameter, match="nobody"):
        reach(plan, tmp_path, Wanted(limit=("nobody*",)))


@pytest.mark.parametrize("twin", [False, True])
def test_what_limit_leaves_out_can_be_looked_at_and_not_worked_on(plan, tmp_path, monkeypatch, twin):
    """Beside what is pushed a switch may have to be asked; the way to push to it is not there."""
    names = [switch.name for switch in plan.switches]
    told = [{"device": name, "host": f"127.1.0.{at}"} for at, name in enumerate(names, 1)]
    twin_json(tmp_path, devices=told)
    way = reach(plan, tmp_path, Wanted(twin=twin, limit=(names[0],)))
    seen = []
    monkeypatch.setattr("rackwright.drivers.nvue.connect.connect", lambda endpoint, **_: seen.append(endpoint.device))
    for name in names:
        way.beside(name)
    assert seen == names
    with pytest.raises(DriverError, match="outside of --limit"):
        way.connect(names[1])


def test_a_password_comes_from_the_environment_or_a_private_file(plan, tmp_path, monkeypatch):
    """The secret switch_password logs in; a file that others may read is refused."""
    folder = tmp_path / ".rackwright/secrets"
    folder.mkdir(parents=True)
    (folder / "switch_password").write_text("from-file\n", encoding="ascii")
    (folder / "switch_password").chmod(0o644)
    with pytest.raises(SecretUnresolved, match="chmod 600"):
        reach(plan, tmp_path, Wanted())
    (folder / "switch_password").chmod(0o600)
    assert reach(plan, tmp_path, Wanted()).login.password.reveal() == "from-file"
    monkeypatch.setenv("RACKWRIGHT_SECRET_SWITCH_PASSWORD", "from-env")
    assert reach(plan, tmp_path, Wanted()).login.password.reveal() == "from-env"


def test_the_agent_is_asked_only_where_there_is_one(plan, tmp_path, monkeypatch):
    """Without SSH_AUTH_SOCK no agent is offered, so that 'nothing to log in with' can be said."""
    assert not reach(plan, tmp_path, Wanted()).login.agent
    monkeypatch.setenv("SSH_AUTH_SOCK", "/nowhere")
    assert reach(plan, tmp_path, Wanted()).login.agent


def test_the_twin_says_where_it_answers(plan, tmp_path):
    """Endpoints, key, pins, CA and clock are those of twin.json, relative to the state folder."""
    twin_json(tmp_path)
    way = reach(plan, tmp_path, Wanted(twin=True))
    state = tmp_path / ".rackwright"
    assert way.endpoints["be01"].host == "127.1.0.1"
    assert way.login.identity == state / "twin/id_ed25519"
    assert (way.trust.known_hosts, way.trust.ca) == (state / "twin/known_hosts", state / "twin/ca.pem")
    assert not way.trust.first_use
    assert way.clock.rate == 60
    missing = [switch.name for switch in plan.switches if switch.name != "be01"]
    assert sorted(way.astray) == sorted(missing)


@pytest.mark.parametrize(
    ("values", "why"), [(None, "is not up"), ({"pid": 2**22 + 1}, "has ended"), ({"rate": "fast"}, "cannot be read")]
)
def test_a_twin_that_is_not_up_is_told_with_the_command(plan, tmp_path, values, why):
    """What to type is in the message."""
    if values is not None:
        twin_json(tmp_path, **values)
    with pytest.raises(TwinError, match=f"{why}.*rackwright twin up {tmp_path} --detach"):
        reach(plan, tmp_path, Wanted(twin=True))


def test_a_copied_site_has_no_twin(plan, tmp_path):
    """A twin.json that was made for another folder is refused by the name of that folder, and a symlink to the own one is not."""
    site, copied, link = tmp_path / "site", tmp_path / "copied", tmp_path / "link"
    site.mkdir()
    twin_json(site)
    shutil.copytree(site, copied)
    link.symlink_to(site)
    with pytest.raises(TwinError, match=f"of the twin of {site}, not of this folder.*twin up {copied} --detach"):
        reach(plan, copied, Wanted(twin=True))
    assert reach(plan, link, Wanted(twin=True)).twin


def test_bmcs_have_endpoints_of_their_own(plan, tmp_path):
    """A BMC answers at port 443 as root; one without an address, or outside of --limit, is told and not left out in silence."""
    known = {"gpu01": "10.0.0.1", "gpu02": ""}
    way = reach(plan, tmp_path, Wanted(), bmcs=known)
    assert (way.bmcs["gpu01"].host, way.bmcs["gpu01"].redfish_port, way.bmcs["gpu01"].user) == ("10.0.0.1", 443, "root")
    with pytest.raises(DriverError, match="no management address"):
        way.bmc("gpu02")
    only = reach(plan, tmp_path, Wanted(limit=("gpu01",)), bmcs=known)
    assert (set(only.bmcs), set(only.endpoints), set(only.bmcs_astray)) == ({"gpu01"}, set(), set())
    with pytest.raises(DriverError, match="outside of --limit"):
        only.bmc("gpu02")


def test_a_bmc_without_a_password_is_refused_before_it_is_asked(plan, tmp_path):
    """The secret that the site names is wanted when a session is opened, and named when it is nowhere."""
    from rackwright.errors import AuthRefused
    from rackwright.secrets import SecretRef

    way = reach(plan, tmp_path, Wanted(), bmcs={"gpu01": "127.0.0.1"}, bmc_password=SecretRef("rack_bmc"))
    with pytest.raises(AuthRefused, match="RACKWRIGHT_SECRET_RACK_BMC"):
        way.bmc("gpu01")


def test_the_twin_says_where_its_bmcs_answer(plan, tmp_path):
    """Host, port and user are those of twin.json; a BMC that it has not is astray."""
    told = {"device": "gpu01", "host": "127.136.0.1", "redfish_port": 8443, "user": "root"}
    twin_json(tmp_path, bmcs=[told])
    way = reach(plan, tmp_path, Wanted(twin=True), bmcs={"gpu01": "10.0.0.1", "gpu02": "10.0.0.2"})
    assert (way.bmcs["gpu01"].host, way.bmcs["gpu01"].redfish_port) == ("127.136.0.1", 8443)
    assert set(way.bmcs_astray) == {"gpu02"}
