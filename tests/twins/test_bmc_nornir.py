"""Users' own Nornir scripts reach BMCs through our connection plugin, and change servers through a run."""

import shutil
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import nornir_tasks
from nornir_tasks.bmcs import BMC_CONNECTION
from rackwright.cli.twins import spec_of
from rackwright.errors import DriverError
from rackwright.plan import workspace
from rackwright.twin.bmc.standins import make_images
from rackwright.twin.process import Background

pytestmark = pytest.mark.xdist_group("bmc-nornir")

SITE = Path(__file__).resolve().parents[2] / "inventory" / "xe9680-two-racks"
NAMES = ("mgmt01", "mgmt02")


@pytest.fixture(scope="module")
def rack(tmp_path_factory):
    """Return the folder of a site whose twin has two servers, and the twin."""
    site = Path(
        shutil.copytree(SITE, tmp_path_factory.mktemp("n") / "site", ignore=shutil.ignore_patterns(".rackwright"))
    )
    opened = workspace.open_site(site)
    with Background(spec_of(opened, workspace.planned(opened).plan, rate=3000.0, only=NAMES)) as twin:
        make_images(site, opened.loaded.images, opened.loaded.catalog)
        yield site, twin


@pytest.fixture
def servers(rack):
    made = nornir_tasks.reaching_bmcs(nornir_tasks.nornir_of_site(rack[0]), rack[0], twin=True)
    yield made
    made.data.reset_failed_hosts()
    made.close_connections()


def of(results, name):
    return results[name][0]


def test_inventory(rack, servers):
    """A BMC is not asked, tells another machine's story, or keeps a session."""
    assert set(servers.inventory.hosts) == set(NAMES)
    results = servers.run(task=nornir_tasks.redfish_inventory)
    assert not results.failed, results
    found = {name: of(results, name).result for name in NAMES}
    plan = servers.inventory.defaults.data["rackwright"].plan
    tags = {device.name: device.serial for device in plan.devices}
    assert {name: one.service_tag for name, one in found.items()} == {name: tags[name] for name in NAMES}
    servers.close_connections()
    assert all(rack[1].ask("bmc", device=name)["sessions"] == 0 for name in NAMES)


def test_changes_change_nothing(rack, servers):
    """What would be done is not told, or is done."""
    before = {name: rack[1].ask("bmc", device=name)["deeds"] for name in NAMES}
    # Another test brings mgmt01 to what is planned, before this one or after it.
    servers = servers.filter(name="mgmt02").with_runner(nornir_tasks.CompleteThreads(["mgmt02"], 1))
    bios = servers.run(task=nornir_tasks.bios_changes)
    firmware = servers.run(task=nornir_tasks.firmware_changes)
    assert not bios.failed, bios
    assert not firmware.failed, firmware
    for name in bios:
        kinds = {step.kind for step in of(bios, name).result.way.steps}
        assert kinds <= {"settings", "restart"}
        assert "settings" not in {step.kind for step in of(firmware, name).result.way.steps}
        assert of(bios, name).diff
        assert not of(bios, name).changed
    dry = servers.run(task=nornir_tasks.bios_apply, dry_run=True)
    refused = servers.run(task=nornir_tasks.bios_apply)
    assert not dry.failed
    assert refused.failed
    assert {name: rack[1].ask("bmc", device=name)["deeds"] for name in NAMES} == before


@pytest.mark.slow
def test_apply_is_a_run(rack, servers):
    """A task does not change its server, changes another, or does it twice."""
    one = servers.filter(name="mgmt01")
    one = one.with_runner(nornir_tasks.CompleteThreads(["mgmt01"], 1))
    before = rack[1].ask("bmc", device="mgmt02")["deeds"]
    done = of(one.run(task=nornir_tasks.bios_apply, allow_disruption=True), "mgmt01")
    assert (done.changed, done.failed, done.result.state) == (True, False, "done"), done.result
    again = of(one.run(task=nornir_tasks.bios_apply, allow_disruption=True), "mgmt01")
    assert (again.changed, again.failed) == (False, False)
    flashed = of(one.run(task=nornir_tasks.firmware_apply, allow_disruption=True), "mgmt01")
    assert (flashed.changed, flashed.failed) == (True, False), flashed.result
    assert rack[1].ask("bmc", device="mgmt02")["deeds"] == before
    assert rack[1].ask("bmc", device="mgmt01")["sessions"] == 0


def test_a_nornir_that_was_not_prepared_is_told_how(servers):
    """The plugin alone does not know the way, and no sentence names the function that does."""
    for host in servers.inventory.hosts.values():
        host.connection_options.pop(BMC_CONNECTION, None)
    for task in (nornir_tasks.redfish_inventory, nornir_tasks.bios_changes):
        failed = servers.run(task=task)
        assert all(isinstance(result.exception, DriverError) for result in failed.values())
        assert "nornir_tasks.reaching_bmcs" in str(next(iter(failed.values())).exception)
        servers.data.reset_failed_hosts()


def test_the_plugin_is_an_entry_point():
    """``InitNornir`` does not find it by name."""
    (found,) = entry_points(group="nornir.plugins.connections", name=BMC_CONNECTION)
    assert found.load() is nornir_tasks.RedfishConnection
