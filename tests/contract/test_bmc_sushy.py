"""OpenStack's client sushy, with its Dell extension, drives the emulated BMC as it drives a real one."""

from __future__ import annotations

import warnings

import pytest

from tests.bmcs import twin_of, until


@pytest.fixture
def twin(tmp_path):
    """Run a twin of one server."""
    with twin_of(tmp_path, ("gpu01",)) as running:
        yield running


@pytest.fixture
def root(twin):
    """Return sushy's view of the service, logged in with a session that is ended."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import sushy
        from sushy import auth

        client = twin.client()
        login = auth.SessionAuth(client.user, client.password)
        verify = str(twin.state / "twin" / "ca.pem")
        made = sushy.Sushy(f"https://{client.host}:{client.port}/redfish/v1", auth=login, verify=verify)
        yield made
        login.close()
        made._conn._session.close()


@pytest.fixture(autouse=True)
def own_certificates(monkeypatch):
    """Keep requests from trusting somebody else's authorities in the place of the twin's."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def test_sushy_reads_who_it_is(root):
    """System, chassis, manager and their numbers are what sushy expects of a Dell."""
    system = root.get_system("/redfish/v1/Systems/System.Embedded.1")
    assert system.power_state.value == "On"
    assert system.sku == system.json["SKU"]
    assert system.memory_summary.size_gib == 2048
    assert len(system.processors.get_members()) == 10
    assert root.get_chassis_collection().get_members()[0].chassis_type.value == "RackMount"
    assert root.get_manager("/redfish/v1/Managers/iDRAC.Embedded.1").manager_type.value == "BMC"
    assert [
        one.raid_type.value for storage in system.storage.get_members() for one in storage.volumes.get_members()
    ] == ["RAID1"]


def test_sushy_sets_the_boot_device_and_resets(root, twin):
    """Boot once from CD with a medium in the drive: the host boots that image, once."""
    import sushy

    system = root.get_system("/redfish/v1/Systems/System.Embedded.1")
    drive = next(one for one in system.virtual_media.get_members() if sushy.VirtualMediaType.CD in one.media_types)
    drive.insert_media("http://127.0.0.1/os.iso")
    drive.refresh()
    assert (drive.inserted, drive.image) == (True, "http://127.0.0.1/os.iso")
    system.set_system_boot_options(sushy.BootSource.CD, enabled=sushy.BootSourceOverrideEnabled.ONCE)
    system.reset_system(sushy.ResetType.FORCE_RESTART)
    until(lambda: ("Cd", "http://127.0.0.1/os.iso") in twin.deeds("boot"))
    system.refresh(force=True)
    assert system.boot.enabled.value == "Disabled"
    drive.eject_media()
    drive.refresh()
    assert not drive.inserted


def test_sushy_changes_the_bios(root, twin):
    """An attribute that sushy sets for the next reset is in force after it, by one job."""
    import sushy

    system = root.get_system("/redfish/v1/Systems/System.Embedded.1")
    bios = system.bios
    assert bios.attributes["SriovGlobalEnable"] == "Disabled"
    bios.set_attributes({"SriovGlobalEnable": "Enabled"}, apply_time=sushy.ApplyTime.ON_RESET)
    bios.refresh(force=True)
    assert bios.pending_attributes == {"SriovGlobalEnable": "Enabled"}
    system.reset_system(sushy.ResetType.FORCE_RESTART)
    until(lambda: ("SriovGlobalEnable", "Enabled") in twin.deeds("bios"))
    bios.refresh(force=True)
    assert bios.attributes["SriovGlobalEnable"] == "Enabled"
    assert bios.get_attribute_registry().registry_entries.attributes


def test_sushy_lists_firmware(root):
    """The software inventory names the BIOS with its version and that it can be updated."""
    found = {one.identity: one for one in root.get_update_service().firmware_inventory.get_members()}
    bios = next(one for name, one in found.items() if name.startswith("Installed-159-"))
    assert bios.version in bios.identity
    assert bios.updateable is True


def test_sushys_dell_extension_knows_the_machine(root, twin):
    """The Dell part of sushy finds the iDRAC's readiness and its jobs, and clears the queue.

    Its profile export asks for password hashes in a word that a captured iDRAC 7.10 does not offer either.
    """
    manager = root.get_manager("/redfish/v1/Managers/iDRAC.Embedded.1")
    dell = manager.get_oem_extension("Dell")
    assert dell.lifecycle_service.is_idrac_ready()
    assert dell.job_collection.get_unfinished_jobs() == []
    dell.job_service.delete_jobs()
    assert until(lambda: [job for job in twin.whole()["deeds"] if job["kind"] == "clear-queue"])
