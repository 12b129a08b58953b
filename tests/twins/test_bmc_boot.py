"""Media, one boot, secure boot and power over the wire of an emulated iDRAC."""

import shutil
from pathlib import Path

import pytest

from rackwright.cli.twins import spec_of
from rackwright.drivers.reach import to_twin
from rackwright.errors import DeviceRefused, DeviceTimeout
from rackwright.plan import workspace
from rackwright.push.bmc import boot
from rackwright.twin.process import Background

pytestmark = pytest.mark.xdist_group("bmc-boot")

SITE = Path(__file__).resolve().parents[2] / "inventory" / "xe9680-two-racks"
URL = "http://10.10.0.5/installer.iso"


@pytest.fixture(scope="module")
def rack(tmp_path_factory):
    site = Path(
        shutil.copytree(SITE, tmp_path_factory.mktemp("b") / "site", ignore=shutil.ignore_patterns(".rackwright"))
    )
    opened = workspace.open_site(site)
    with Background(spec_of(opened, workspace.planned(opened).plan, rate=6000.0, only=("mgmt01",))) as twin:
        yield to_twin(site / ".rackwright", (), bmcs=["mgmt01"]), twin


@pytest.fixture
def session(rack):
    made = rack[0].bmc("mgmt01")
    yield made
    rack[1].ask("clear", ids=None)
    made.eject()
    made.close()


def media_deeds(rack):
    """Return what was done to the virtual drives, in order; the other tests of this machine did some too."""
    return [deed["what"] for deed in rack[1].ask("bmc", device="mgmt01")["deeds"] if deed["kind"] == "media"]


def test_to_an_installer_and_back(rack, session):
    """A server does not boot once from an image, or the image stays in."""
    way, name = rack[0], "mgmt01"
    before = len(media_deeds(rack))
    boot.power_off(session, name, way.clock)
    assert session.power() == "Off"
    assert boot.insert(session, name, URL)
    boot.insert(session, name, URL)
    boot.boot_from(session, name, "Cd")
    boot.boot_from(session, name, "Cd")
    assert (session.boot().target, session.boot().enabled) == ("Cd", "Once")
    boot.power_on(session, name, way.clock)
    boot.went_up(session, name, "Cd", way.clock)
    boot.eject(session, name)
    boot.eject(session, name)
    assert not any(one.inserted for one in session.media())
    assert media_deeds(rack)[before:] == ["insert", "eject"]


def test_another_image(session):
    """An image that is in keeps another one out."""
    boot.insert(session, "mgmt01", URL)
    boot.insert(session, "mgmt01", URL + "2")
    assert [one.image for one in session.media() if one.inserted] == [URL + "2"]


@pytest.mark.parametrize("fault", ["not-inserted"])
def test_media_faults(rack, session, fault):
    """A drive that says yes and stays empty is believed."""
    rack[1].ask("fault", device="mgmt01", kind=fault, at="media-insert", count=0)
    with pytest.raises(DeviceRefused):
        boot.insert(session, "mgmt01", URL)


def test_override_ignored(rack, session):
    """A host that ignores its override is waited for without end, or told again."""
    way = rack[0]
    rack[1].ask("fault", device="mgmt01", kind="boot-ignored", at="boot", value="stays", count=0)
    boot.power_off(session, "mgmt01", way.clock)
    boot.boot_from(session, "mgmt01", "Pxe")
    boot.power_on(session, "mgmt01", way.clock)
    with pytest.raises(DeviceTimeout, match="did not boot from Pxe"):
        boot.went_up(session, "mgmt01", "Pxe", way.clock, boot.BootLimits(boot_s=900))


def test_secure_boot(rack, session):
    """Secure boot is not staged, or is staged twice."""
    job = boot.secure_boot(session, "mgmt01", on=True)
    assert job
    assert boot.secure_boot(session, "mgmt01", on=True) == ""
    with pytest.raises(DeviceRefused, match=job):
        boot.boot_from(session, "mgmt01", "Cd")
    session.delete_job(job)
