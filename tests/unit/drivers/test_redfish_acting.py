"""What the driver does to a BMC: BIOS staged with one job, images once and in a stream, jobs wherever they are."""

import msgspec
import pytest
from aiohttp import web

from rackwright.drivers.redfish.queue import found_job
from rackwright.errors import DeviceRefused, DeviceTimeout, LostMidCommand
from rackwright.redfish.inventory import Job
from tests.lone_bmc import ROOT, said
from tests.small_idrac import (
    CHASSIS,
    DELL,
    LIMITS,
    PULL,
    QUEUE,
    SETTINGS,
    TASKS,
    UPDATES,
    UPLOAD,
    add_job,
    bodies,
    logged_in,
    made_job,
    refuse,
    small_idrac,
)


@pytest.fixture
def bmc(tmp_path):
    with small_idrac(tmp_path) as made:
        yield made


@pytest.fixture
def redfish(bmc, tmp_path):
    with logged_in(bmc, tmp_path) as made:
        yield made


# --- BIOS -----------------------------------------------------------------------------------------------------------


def test_bios_is_staged_in_one_request_with_one_job(bmc, redfish):
    """All attributes in one PATCH for the next reset, with the ETag of what is there; the job is the one that it names."""
    bmc.override[f"PATCH {SETTINGS}"] = made_job("JID_1")
    assert redfish.stage_bios({"SysProfile": "PerfOptimized", "SriovGlobalEnable": "Enabled"}) == "JID_1"
    sent = bodies(bmc, "PATCH", SETTINGS)
    assert sent == [{
        "Attributes": {"SysProfile": "PerfOptimized", "SriovGlobalEnable": "Enabled"},
        "@Redfish.SettingsApplyTime": {"ApplyTime": "OnReset"},
    }]  # fmt: skip
    assert next(one["If-Match"] for one in bmc.headers if "If-Match" in one) == '"7"'
    assert not bodies(bmc, "POST", QUEUE)


def test_staged_without_a_job_gets_one(bmc, redfish):
    """200 without a Location and no job in the list: nobody made one, and we do."""
    bmc.override[f"PATCH {SETTINGS}"] = lambda _: web.Response(status=200)
    bmc.override[f"POST {QUEUE}"] = made_job("JID_2", 201)
    assert redfish.stage_bios({"A": "B"}) == "JID_2"
    assert bodies(bmc, "POST", QUEUE) == [{"TargetSettingsURI": SETTINGS}]


def test_staged_already_takes_the_job_that_is_there(bmc, redfish):
    """200 without a Location and a job in the list: it carries what was staged, and none is made (SYS011)."""
    add_job(bmc, "JID_9", "Completed")
    add_job(bmc, "JID_3")
    bmc.override[f"PATCH {SETTINGS}"] = lambda _: web.Response(status=200)
    assert redfish.stage_bios({"A": "B"}) == "JID_3"
    assert not bodies(bmc, "POST", QUEUE)


def test_a_job_told_late_is_found_when_a_second_is_refused(bmc, redfish):
    """The PATCH made a job that the list did not show yet: SYS011 to ours sends us back to the list."""

    def late(_):
        add_job(bmc, "JID_4")
        return web.json_response(said("SYS011"), status=400)

    bmc.override[f"PATCH {SETTINGS}"] = lambda _: web.Response(status=200)
    bmc.override[f"POST {QUEUE}"] = late
    assert redfish.stage_bios({"A": "B"}) == "JID_4"


@pytest.mark.parametrize("message_id", ["SYS011", "BIOS006", "RAC0679", "RAC0773"])
def test_a_job_in_the_way_is_named(bmc, redfish, message_id):
    """A refusal because of another job says which, and leaves it alone."""
    add_job(bmc, "JID_5")
    bmc.override[f"PATCH {SETTINGS}"] = refuse(message_id)
    with pytest.raises(DeviceRefused, match=r"JID_5 \(Scheduled\)") as caught:
        redfish.stage_bios({"A": "B"})
    assert caught.value.message_id == message_id
    assert bmc.count("PATCH") == 1


@pytest.mark.parametrize(("status", "message_id"), [(412, "PreconditionFailed"), (400, "SYS404")])
def test_what_changed_meanwhile_is_fetched_once_more(bmc, redfish, status, message_id):
    """Another ETag than ours: the resource is read again and the patch sent with its new one, once."""
    tries = []

    def stale(_):
        bmc.resources[SETTINGS]["@odata.etag"] = '"8"'
        tries.append(1)
        return refuse(message_id, status)(_) if len(tries) < 2 else made_job("JID_6")(_)

    bmc.override[f"PATCH {SETTINGS}"] = stale
    assert redfish.stage_bios({"A": "B"}) == "JID_6"
    assert [one["If-Match"] for one in bmc.headers if "If-Match" in one] == ['"7"', '"8"']
    tries.clear()
    bmc.override[f"PATCH {SETTINGS}"] = refuse(message_id, status)
    with pytest.raises(DeviceRefused):
        redfish.stage_bios({"A": "B"})
    assert bmc.count("PATCH") == 4


def test_nothing_pending_is_cleared_already(bmc, redfish):
    """Dropping what is not there is no error; what has a job is refused (BIOS011)."""
    action = f"{SETTINGS}/Actions/Oem/DellManager.ClearPending"
    bmc.override[f"POST {action}"] = refuse("RAC1035")
    redfish.clear_pending()
    bmc.override[f"POST {action}"] = refuse("BIOS011")
    with pytest.raises(DeviceRefused, match="BIOS011"):
        redfish.clear_pending()


# --- jobs -----------------------------------------------------------------------------------------------------------


def test_a_job_is_followed_wherever_it_is(bmc, redfish):
    """Dell's queue, the job service, the tasks: the first that has it tells; nowhere is an error with a name."""
    add_job(bmc, "JID_1", "Running")
    bmc.resources[f"{ROOT}/JobService/Jobs"] = {"Members": []}
    add_job(bmc, "JID_2", "Exception", collection_uri=f"{ROOT}/JobService/Jobs")
    bmc.resources[f"{TASKS}/JID_3"] = {
        "Id": "JID_3",
        "TaskState": "Completed",
        "TaskStatus": "Critical",
        "PercentComplete": None,
    }
    states = {name: redfish.job(name).state for name in ("JID_1", "JID_2", "JID_3")}
    assert states == {"JID_1": "running", "JID_2": "failed", "JID_3": "failed"}
    with pytest.raises(DeviceRefused) as caught:
        redfish.job("JID_4")
    assert caught.value.message_id == "ResourceMissing"


def test_a_job_that_was_just_made_may_not_be_told_yet(bmc, redfish):
    """A 404 right after it was made is waited out for a while (row 12)."""
    looks = []

    def late(_):
        looks.append(1)
        if len(looks) == 3:
            add_job(bmc, "JID_7", "New")

    bmc.override[f"PATCH {SETTINGS}"] = made_job("JID_7")
    bmc.override[f"GET {QUEUE}/JID_7"] = late
    redfish.stage_bios({"A": "B"})
    assert redfish.job("JID_7").state == "waiting"
    assert len(looks) == 3


def test_a_monitor_is_not_the_name_of_a_task(bmc, redfish):
    """Where the answer holds the task itself its id counts, not the Location's, which may be a monitor."""
    body = {"@odata.id": f"{TASKS}/5", "@odata.type": "#Task.v1_4_3.Task", "Id": "5"}
    headers = {"Location": f"{ROOT}/TaskService/TaskMonitors/xyz"}
    bmc.override[f"POST {PULL}"] = lambda _: web.json_response(body, status=202, headers=headers)
    assert redfish.pull_image("http://h/x.EXE") == "5"
    elsewhere = {"Location": f"https://elsewhere{TASKS}/6"}
    bmc.override[f"POST {PULL}"] = lambda _: web.Response(status=202, headers=elsewhere)
    with pytest.raises(DeviceRefused, match="another host"):
        redfish.pull_image("http://h/x.EXE")


def test_the_queue_is_read_in_one_request(bmc, redfish):
    """All jobs with one question where the BMC expands."""
    for number in range(5):
        add_job(bmc, f"JID_{number}")
    redfish.jobs()
    asked = len(bmc.asked)
    assert len(redfish.jobs()) == 5
    assert len(bmc.asked) == asked + 1


def test_a_job_is_deleted_over_dells_service_or_as_a_resource(bmc, redfish):
    """DeleteJobQueue where there is one; DELETE of the job where there is none."""
    add_job(bmc, "JID_1")
    action = f"{DELL}/DellJobService/Actions/DellJobService.DeleteJobQueue"
    bmc.override[f"POST {action}"] = lambda _: web.Response(status=200)
    redfish.delete_job("JID_1")
    assert bodies(bmc, "POST", action) == [{"JobID": "JID_1"}]
    del bmc.override[f"POST {action}"]
    redfish.delete_job("JID_1")
    assert ("DELETE", f"{QUEUE}/JID_1", b"") in bmc.asked


def test_the_job_of_a_lost_answer_is_the_new_one():
    """Compared with the queue before: of our kind, not there before, the last one made."""
    before = (Job(id="JID_1", kind="FirmwareUpdate"),)
    after = (
        *before,
        Job(id="JID_9", kind="FirmwareUpdate"),
        Job(id="JID_10", kind="FirmwareUpdate"),
        Job(id="JID_11", kind="X"),
    )
    assert found_job(before, after, "FirmwareUpdate").id == "JID_10"
    assert found_job(before, after).id == "JID_11"
    assert found_job(before, before) is None


# --- images -----------------------------------------------------------------------------------------------------------


def test_an_image_is_uploaded_in_a_stream(bmc, redfish, tmp_path):
    """Two parts as the standard has them, the file byte for byte, with its length told before; never whole in memory."""
    import tracemalloc

    image = tmp_path / 'BIOS "x".EXE'
    image.write_bytes(bytes(range(256)) * 4 * 8192)  # 8 MiB
    seen = {}

    async def take(request):
        seen["length"] = int(request.headers["Content-Length"])
        reader = await request.multipart()
        async for part in reader:
            data = await part.read()
            seen[part.name] = data if part.name == "UpdateParameters" else (part.filename, len(data), data[:300])
        return web.Response(status=202, headers={"Location": f"{TASKS}/JID_8"})

    bmc.override[f"POST {UPLOAD}"] = take
    redfish.power()
    tracemalloc.start()
    assert redfish.push_image(image, at="reset") == "JID_8"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    parameters = msgspec.json.decode(bytes(seen["UpdateParameters"]))
    assert parameters == {"Targets": [], "@Redfish.OperationApplyTime": "OnReset"}
    assert seen["UpdateFile"] == ("BIOS _x_.EXE", 8 << 20, (bytes(range(256)) * 2)[:300])
    assert seen["length"] > 8 << 20
    # The server of this test holds the image; client and server share this process.
    assert peak < 40 << 20


@pytest.mark.parametrize("broken", ["reset", "stall"])
def test_an_upload_that_was_lost_is_not_sent_again(bmc, redfish, tmp_path, broken, monkeypatch):
    """The BMC may have it: the error says look first, and there was one upload."""
    image = tmp_path / "x.EXE"
    image.write_bytes(b"MZ" * 100)
    uploads = []

    async def lose(request):
        import asyncio

        uploads.append(1)
        await request.read()
        if broken == "stall":
            await asyncio.sleep(0.5)
        else:
            request.transport.abort()
        return web.Response()

    bmc.override[f"POST {UPLOAD}"] = lose
    redfish._session.limits = msgspec.structs.replace(LIMITS, upload_s=0.15)
    with pytest.raises(LostMidCommand if broken == "reset" else DeviceTimeout):
        redfish.push_image(image)
    assert uploads == [1]


def test_a_missing_image_is_told_before_anything_is_sent(bmc, redfish, tmp_path):
    """A file that cannot be read is named."""
    with pytest.raises(DeviceRefused, match=r"none\.EXE.*nothing was sent"):
        redfish.push_image(tmp_path / "none.EXE")
    assert not bodies(bmc, "POST", UPLOAD)


def test_an_image_is_fetched_by_the_bmc(bmc, redfish):
    """The scheme is the protocol; a login for the share goes along."""
    bmc.override[f"POST {PULL}"] = made_job("JID_9")
    assert redfish.pull_image("https://h/x.EXE", at="reset", user="u", password="p") == "JID_9"
    assert bodies(bmc, "POST", PULL) == [{
        "ImageURI": "https://h/x.EXE", "TransferProtocol": "HTTPS", "@Redfish.OperationApplyTime": "OnReset",
        "Username": "u", "Password": "p",
    }]  # fmt: skip


def test_what_a_bmc_cannot_is_refused_with_a_way_out(bmc, redfish):
    """No apply at reset, no upload, no AC cycle: each says so and what to do, and nothing is sent."""
    del bmc.resources[UPDATES]["Actions"]["#UpdateService.SimpleUpdate"]["@Redfish.OperationApplyTimeSupport"]
    bmc.resources[CHASSIS]["Actions"] = {}
    with pytest.raises(DeviceRefused, match="next reset"):
        redfish.pull_image("http://h/x", at="reset")
    with pytest.raises(DeviceRefused, match="PDU"):
        redfish.ac_cycle()
    assert bmc.count("POST") == 1
