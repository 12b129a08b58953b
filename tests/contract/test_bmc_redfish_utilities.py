"""DMTF's redfish_utilities drives the emulated BMC: inventory, power, boot, media, BIOS, logs, accounts, updates."""

from __future__ import annotations

import pytest

from rackwright.twin.bmc.machine.image import Image, dump
from tests.bmcs import SYSTEM, twin_of, until


@pytest.fixture
def twin(tmp_path, monkeypatch):
    """Run a twin of one server; requests trusts the twin's authority and nobody else's."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    with twin_of(tmp_path, ("gpu01",)) as running:
        yield running


@pytest.fixture
def context(twin):
    """Return a client of DMTF's library with a session that is ended."""
    import redfish

    client = twin.client()
    made = redfish.redfish_client(
        base_url=f"https://{client.host}:{client.port}",
        username=client.user,
        password=client.password,
        cafile=str(twin.state / "twin" / "ca.pem"),
        timeout=20,
        max_retry=1,
    )
    made.login(auth="session")
    yield made
    made.logout()
    until(lambda: twin.whole()["sessions"] == 0)


def test_it_reads_the_inventory(context):
    """Processors, memory, drives and cards are found by somebody else's walk through the tree."""
    import redfish_utilities

    (chassis,) = redfish_utilities.get_system_inventory(context)
    found = {name: len(rows) for name, rows in chassis.items() if isinstance(rows, list)}
    assert found["Processors"] == 10
    assert found["Memory"] == 32
    assert found["Drives"] == 2
    assert found["NetworkAdapters"] == 10


def test_it_reads_the_firmware(context):
    """Every row of the inventory is told with its version."""
    import redfish_utilities

    rows = redfish_utilities.get_firmware_inventory(context)
    assert any(row["Id"].startswith("Installed-25227-") for row in rows)
    assert all(row["Version"] for row in rows)


def test_it_stages_the_bios(context, twin):
    """It stages without a job, as on a real iDRAC (redfish.md 3.2): what is pending is shown and not in force."""
    import redfish_utilities

    redfish_utilities.set_system_bios(context, {"SriovGlobalEnable": "Enabled"})
    current, pending = redfish_utilities.get_system_bios(context)
    assert [current["SriovGlobalEnable"], pending["SriovGlobalEnable"]] == ["Disabled", "Enabled"]
    assert twin.whole()["jobs"] == []


def test_it_boots_from_media_and_resets(context, twin):
    """It puts a medium in, boots from it once, and takes it out again."""
    import redfish_utilities

    redfish_utilities.insert_virtual_media(context, "http://127.0.0.1/os.iso")
    assert [one["Image"] for one in redfish_utilities.get_virtual_media(context) if one["Inserted"]] == [
        "http://127.0.0.1/os.iso"
    ]
    redfish_utilities.set_system_boot(context, ov_target="Cd", ov_enabled="Once")
    assert redfish_utilities.get_system_boot(context)["BootSourceOverrideTarget"] == "Cd"
    redfish_utilities.system_reset(context, reset_type="ForceRestart")
    until(lambda: ("Cd", "http://127.0.0.1/os.iso") in twin.deeds("boot"))
    redfish_utilities.eject_virtual_media(context, "1")
    assert twin.client().get(f"{SYSTEM}/VirtualMedia/1")["Inserted"] is False


def test_it_reads_logs_and_changes_an_account(context):
    """The logs are found, and a password is changed by the account's user."""
    import redfish_utilities

    assert redfish_utilities.get_log_entries(context, log_service_id="Lclog") == []
    redfish_utilities.modify_user(context, "root", new_password="quite another")
    assert [one["UserName"] for one in redfish_utilities.get_users(context)] == ["root"]


# redfish_utilities opens the file and never closes it.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_it_pushes_an_image(context, twin, tmp_path):
    """Its multipart push makes one job, and the image is written once."""
    import redfish_utilities

    image = tmp_path / "diagnostics.exe"
    image.write_bytes(dump(Image(version="4301A99", software_ids=("25806",))))
    answer = redfish_utilities.multipart_push_update(context, str(image))
    assert answer.status == 202
    until(lambda: twin.deeds("activate"))
    assert twin.deeds("flash") == [("Diagnostics.Embedded.1:LC.Embedded.1", "4301A99")]
