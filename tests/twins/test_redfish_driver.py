"""The Redfish driver and the emulated BMCs, which share nothing but the wire."""

from __future__ import annotations

from contextlib import closing

import pytest

from rackwright.drivers.reach import to_twin
from rackwright.drivers.redfish.queue import found_job
from rackwright.drivers.redfish.wire import Wire
from rackwright.errors import DeviceRefused, LostMidCommand
from rackwright.redfish.reading import inventory
from rackwright.twin.bmc.machine.image import Image, dump
from tests.bmcs import SYSTEM, twin_of, until

COMPLIANCE = ("system", "hardware", "firmware", "bios", "jobs")


@pytest.fixture(scope="module")
def twin(tmp_path_factory):
    """Run a twin of a few BMCs; each test that leaves something behind has its own."""
    with twin_of(tmp_path_factory.mktemp("driver"), ("gpu0[1-4]*", "mgmt01")) as running:
        yield running


@pytest.fixture
def reach(twin):
    return to_twin(twin.state, (), bmcs=[one["device"] for one in twin.described["bmcs"]])


@pytest.fixture
def asked(monkeypatch):
    """Count what goes over the wire."""
    seen: list[tuple[str, str]] = []
    ask = Wire.ask

    def counted(self, method, path, *rest, **more):
        seen.append((method, path))
        return ask(self, method, path, *rest, **more)

    monkeypatch.setattr(Wire, "ask", counted)
    return seen


def sessions(twin, device):
    return len(twin.client(device).get("/redfish/v1/SessionService/Sessions")["Members"])


def drop_answer(twin, device, at):
    twin.fault("drop", device, at=at, when="after")


@pytest.mark.parametrize(("device", "requests"), [("gpu01", 19), ("mgmt01", 19), ("gpu01.b3220l-1", 12)])
def test_a_machine_is_read_in_so_many_requests(twin, reach, asked, device, requests):
    """Inventory and compliance of an XE9680 with eight GPUs and ten adapters, of an R660, and of a card's own BMC."""
    with closing(reach.bmc(device)) as redfish:
        resources = redfish.read(COMPLIANCE)
    assert "#errors" not in resources
    assert not inventory(resources).untold
    assert (len(asked), len(set(asked))) == (requests, requests), asked
    assert sessions(twin, device) == 0


def test_a_bios_job_is_followed_to_its_end(twin, reach):
    """Staged, reset, completed, read back; and nothing is left in the queue or of a session."""
    with closing(reach.bmc("gpu02")) as redfish:
        job = redfish.stage_bios({"SriovGlobalEnable": "Enabled", "ProcVirtualization": "Enabled"})
        assert redfish.job(job).open
        redfish.reset("GracefulRestart")
        until(lambda: not redfish.job(job).open)
        assert redfish.job(job).state == "done"
        assert redfish.get(f"{SYSTEM}/Bios")["Attributes"]["SriovGlobalEnable"] == "Enabled"
    assert sessions(twin, "gpu02") == 0


def test_the_job_of_a_lost_upload_is_found(twin, reach, tmp_path):
    """The BMC took the image and the connection broke: it is not sent again, and the queue tells which job it became."""
    image = tmp_path / "bios.EXE"
    image.write_bytes(
        dump(Image(version="2.9.9", software_ids=("159",), fqdds=("BIOS.*",), models=("xe9680",)), size=1 << 20)
    )
    with closing(reach.bmc("gpu03")) as redfish:
        before = redfish.jobs()
        drop_answer(twin, "gpu03", "update")
        with pytest.raises(LostMidCommand, match="MultipartUpload"):
            redfish.push_image(image, at="reset")
        found = found_job(before, redfish.jobs(), "FirmwareUpdate")
        assert found is not None
        assert found.open
        until(lambda: redfish.job(found.id).state == "scheduled")
        redfish.delete_job(found.id)
        assert redfish.jobs() == before
    assert sessions(twin, "gpu03") == 0


def test_a_login_whose_answer_was_lost_leaves_no_session(twin, reach):
    """The BMC made a session that nobody got; it is gone when we are."""
    drop_answer(twin, "gpu04", "login")
    with closing(reach.bmc("gpu04", patience_s=60)) as redfish:
        assert redfish.power() == "On"
        assert sessions(twin, "gpu04") == 1
    assert sessions(twin, "gpu04") == 0


def test_a_machine_that_says_no_is_quoted(twin, reach):
    """Refusals of the emulated machine come with id and remedy, and the session ends all the same."""
    with closing(reach.bmc("gpu04")) as redfish:
        with pytest.raises(DeviceRefused, match="Nonsense") as caught:
            redfish.stage_bios({"Nonsense": "Enabled"})
        assert caught.value.message_id
        assert caught.value.remedy
    assert sessions(twin, "gpu04") == 0
