"""Media, one boot, secure boot and power, each looked at afterwards."""

import pytest

from rackwright.drivers.redfish.model import Boot
from rackwright.errors import DeviceRefused, DeviceTimeout
from rackwright.push.bmc import boot
from rackwright.redfish.inventory import Job
from tests.unit.push.bmcs import Box, Clock, Session

URL = "http://10.0.0.5/installer.iso"


@pytest.fixture
def box():
    return Box(sessions=1)


@pytest.fixture
def session(box):
    return Session(box, "gpu01")


def refuse(message_id):
    def hook(box):
        raise DeviceRefused("gpu01: no", device="gpu01", message_id=message_id)

    return hook


def test_media_once(box, session):
    """An image that is in is put in again, or one that is out is thrown out again."""
    assert boot.insert(session, "gpu01", URL) == "CD"
    assert boot.insert(session, "gpu01", URL) == "CD"
    assert boot.insert(session, "gpu01", URL + "2") == "CD"
    boot.eject(session, "gpu01")
    boot.eject(session, "gpu01")
    assert box.said == ["insert", "insert", "eject"]


@pytest.mark.parametrize(("message_id", "word"), [("RAC0904", "cannot reach the image"), ("SYS446", "ISO or IMG")])
def test_media_refused(box, session, message_id, word):
    """A refusal of the virtual drive has no remedy, or is tried again."""
    box.hooks["insert"] = refuse(message_id)
    with pytest.raises(DeviceRefused, match=word) as caught:
        boot.insert(session, "gpu01", URL)
    assert caught.value.message_id == message_id
    assert box.said == ["insert"]


def test_media_that_did_not_come(box, session):
    """A drive that says yes and holds nothing is believed."""
    box.hooks["insert"] = lambda box: None
    with pytest.raises(DeviceRefused, match="it is not"):
        boot.insert(session, "gpu01", URL)
    box.media["CD"] = URL
    box.hooks["eject"] = lambda box: None
    with pytest.raises(DeviceRefused, match="does not give up"):
        boot.eject(session, "gpu01")


def test_boot_once(box, session):
    """The override is set twice, or set over an open BIOS job, with which it collides."""
    box.jobs = (Job(id="JID_7", kind="BIOSConfiguration", state="scheduled"),)
    with pytest.raises(DeviceRefused, match="JID_7"):
        boot.boot_from(session, "gpu01", "Cd")
    box.jobs = (Job(id="JID_7", kind="BIOSConfiguration", state="done"),)
    boot.boot_from(session, "gpu01", "Cd")
    boot.boot_from(session, "gpu01", "Cd")
    assert box.said == ["boot"]


def test_boot_once_from_another_address(box, session):
    """An override that stands already boots what somebody else named."""
    for number in (1, 2):
        boot.boot_from(session, "gpu01", "UefiHttp", uri=f"http://10.0.0.5/{number}.efi")
    assert box.said == ["boot", "boot"]


def test_boot_that_does_not_hold(box, session):
    """An override that is taken and not set is believed."""
    box.hooks["boot"] = lambda box: None
    with pytest.raises(DeviceRefused, match="took the boot override UefiHttp and has none"):
        boot.boot_from(session, "gpu01", "UefiHttp", uri="http://10.0.0.5/boot.efi")


def test_boot_ignored(box, session):
    """A server that ignores the override is waited for without end, or set again."""
    clock = Clock()
    box.boot = Boot(target="Pxe", enabled="Once", mode="UEFI")
    with pytest.raises(DeviceTimeout, match="did not boot from Pxe within 600 s"):
        boot.went_up(session, "gpu01", "Pxe", clock, boot.BootLimits(boot_s=600))
    assert 600 <= clock.now() < 610
    assert box.said == []
    box.boot = Boot(target="None", enabled="Disabled")
    boot.went_up(session, "gpu01", "Pxe", clock)


def test_secure_boot(box, session):
    """Secure boot that is on or staged is staged again."""
    assert boot.secure_boot(session, "gpu01", on=False) == ""
    assert boot.secure_boot(session, "gpu01", on=True) == "JID_1"
    assert boot.secure_boot(session, "gpu01", on=True) == ""
    assert box.pending == {"SecureBoot": "Enabled"}
    box.bios, box.pending = {}, {}
    with pytest.raises(DeviceRefused, match="no BIOS attribute SecureBoot"):
        boot.secure_boot(session, "gpu01", on=True)


def test_power(box, session):
    """Power that is as wanted is switched, or a shutdown that the host ignores is waited for without end."""
    clock = Clock()
    boot.power_on(session, "gpu01", clock)
    assert box.said == []
    boot.power_off(session, "gpu01", clock)
    assert (box.said, box.power) == (["GracefulShutdown"], "Off")
    boot.power_on(session, "gpu01", clock)
    box.hooks["GracefulShutdown"] = lambda box: None
    boot.power_off(session, "gpu01", clock)
    assert (box.said[-2:], box.power) == (["GracefulShutdown", "ForceOff"], "Off")
    box.hooks["On"] = lambda box: None
    with pytest.raises(DeviceTimeout, match="not on within"):
        boot.power_on(session, "gpu01", clock)
