"""What the driver does to a BMC: BIOS staged with one job, images once and in a stream, jobs wherever they are, power, boot, media, accounts."""

from contextlib import closing

import msgspec
import pytest
from aiohttp import web

from rackwright.drivers.clock import ScaledClock
from rackwright.drivers.limits import Limits
from rackwright.drivers.redfish.connect import connect
from rackwright.drivers.redfish.queue import found_job
from rackwright.drivers.trust import Trust
from rackwright.errors import DeviceRefused, DeviceTimeout, LostMidCommand
from rackwright.redfish.inventory import Job
from rackwright.secrets import Secret
from tests.lone_api import Authority
from tests.lone_bmc import EXPAND, ROOT, SESSIONS, lone_bmc, said

LIMITS = Limits(connect_s=5, login_s=5, answer_s=5, busy_s=60, settle_s=600, pause_s=2)
SYSTEM, MANAGER, CHASSIS = f"{ROOT}/Systems/S", f"{ROOT}/Managers/M", f"{ROOT}/Chassis/C"
BIOS, SETTINGS, DRIVE = f"{SYSTEM}/Bios", f"{SYSTEM}/Bios/Settings", f"{SYSTEM}/VirtualMedia/1"
DELL = f"{MANAGER}/Oem/Dell"
QUEUE, TASKS, UPDATES = f"{DELL}/Jobs", f"{ROOT}/TaskService/Tasks", f"{ROOT}/UpdateService"
RESET = f"{SYSTEM}/Actions/ComputerSystem.Reset"
INSERT, EJECT = (f"{DRIVE}/Actions/VirtualMedia.{word}Media" for word in ("Insert", "Eject"))
UPLOAD, PULL = f"{UPDATES}/MultipartUpload", f"{UPDATES}/Actions/UpdateService.SimpleUpdate"


def at(uri):
    return {"@odata.id": uri}


def collection(uri, *members):
    return {uri: {**at(uri), "Members": [at(member) for member in members]}}


def resources():
    """A small iDRAC, its links as redfish.md 2.2 has them."""
    found = {
        ROOT: {
            **at(ROOT), "Links": {"Sessions": at(SESSIONS)}, "Oem": {"Dell": {}}, "ProtocolFeaturesSupported": {"ExpandQuery": EXPAND},
            "Systems": at(f"{ROOT}/Systems"), "Managers": at(f"{ROOT}/Managers"), "Chassis": at(f"{ROOT}/Chassis"),
            "UpdateService": at(UPDATES), "JobService": at(f"{ROOT}/JobService"), "Tasks": at(f"{ROOT}/TaskService"),
            "AccountService": at(f"{ROOT}/AccountService"),
        },
        SYSTEM: {
            **at(SYSTEM), "Bios": at(BIOS), "PowerState": "On", "VirtualMedia": at(f"{SYSTEM}/VirtualMedia"), "@odata.etag": 'W/"1"',
            "Boot": {"BootSourceOverrideTarget": "None", "BootSourceOverrideEnabled": "Disabled"},
            "Links": {"ManagedBy": [at(MANAGER)], "Chassis": [at(CHASSIS)]}, "Actions": {"#ComputerSystem.Reset": {"target": RESET}},
        },
        MANAGER: {
            **at(MANAGER), "Actions": {
                "#Manager.Reset": {"target": f"{MANAGER}/Actions/Manager.Reset", "ResetType@Redfish.AllowableValues": ["GracefulRestart"]},
                "Oem": {"#OemManager.ExportSystemConfiguration": {"target": f"{MANAGER}/Actions/Oem/Export"}},
            },
            "Links": {"Oem": {"Dell": {
                "Jobs": at(QUEUE), "DellJobService": at(f"{DELL}/DellJobService"), "DellLCService": at(f"{DELL}/DellLCService"),
                "DellAttributes": [at(f"{DELL}/DellAttributes/iDRAC"), at(f"{DELL}/DellAttributes/System")],
            }}},
        },
        CHASSIS: {**at(CHASSIS), "Actions": {"Oem": {"#DellOemChassis.ExtendedReset": {"target": f"{CHASSIS}/Actions/AC"}}}},
        BIOS: {**at(BIOS), "@Redfish.Settings": {"SettingsObject": at(SETTINGS), "SupportedApplyTimes": ["OnReset"]}},
        SETTINGS: {
            **at(SETTINGS), "@odata.etag": '"7"', "Actions": {"Oem": {
                "DellManager.v1_0_0#DellManager.ClearPending": {"target": f"{SETTINGS}/Actions/Oem/DellManager.ClearPending"},
            }},
        },
        UPDATES: {
            **at(UPDATES), "MultipartHttpPushUri": UPLOAD, "Actions": {"#UpdateService.SimpleUpdate": {
                "target": PULL, "@Redfish.OperationApplyTimeSupport": {"SupportedValues": ["Immediate", "OnReset"]},
            }},
        },
        DRIVE: {
            **at(DRIVE), "Id": "1", "MediaTypes": ["CD", "DVD"], "Inserted": False, "Image": None,
            "Actions": {"#VirtualMedia.InsertMedia": {"target": INSERT}, "#VirtualMedia.EjectMedia": {"target": EJECT}},
        },
        f"{DELL}/DellAttributes/iDRAC": {**at(f"{DELL}/DellAttributes/iDRAC"), "Attributes": {"NTPConfigGroup.1.NTPEnable": "Disabled"}},
        f"{DELL}/DellAttributes/System": {**at(f"{DELL}/DellAttributes/System"), "Attributes": {"ServerTopology.1.RackName": ""}},
        f"{ROOT}/AccountService/Accounts/1": {**at(f"{ROOT}/AccountService/Accounts/1"), "Id": "1", "UserName": ""},
        f"{ROOT}/AccountService/Accounts/2": {**at(f"{ROOT}/AccountService/Accounts/2"), "Id": "2", "UserName": "root", "RoleId": "Administrator"},
        f"{ROOT}/AccountService/Accounts/3": {**at(f"{ROOT}/AccountService/Accounts/3"), "Id": "3", "UserName": ""},
    }  # fmt: skip
    for name in ("Systems/S", "Managers/M", "Chassis/C"):
        found |= collection(f"{ROOT}/{name[:-2]}", f"{ROOT}/{name}")
    found |= collection(f"{SYSTEM}/VirtualMedia", DRIVE) | collection(QUEUE) | collection(TASKS)
    found |= collection(
        f"{ROOT}/AccountService/Accounts", *(f"{ROOT}/AccountService/Accounts/{number}" for number in (1, 2, 3))
    )
    return found


@pytest.fixture
def bmc(tmp_path):
    authority = Authority(tmp_path)
    with lone_bmc(authority.context(), resources=resources()) as made:
        yield made


@pytest.fixture
def redfish(bmc, tmp_path):
    trust = Trust(tmp_path, ca=tmp_path / "ca.pem")
    made = connect(bmc.endpoint, password=Secret("right"), trust=trust, clock=ScaledClock(2000), limits=LIMITS)
    with closing(made):
        yield made
    assert not bmc.sessions


def add_job(bmc, name, state="Scheduled", kind="BIOSConfiguration", collection_uri=QUEUE, **more):
    uri = f"{collection_uri}/{name}"
    bmc.resources[uri] = {
        **at(uri), "@odata.type": "#DellJob.v1_5_0.DellJob", "Id": name, "JobState": state, "JobType": kind, **more,
    }  # fmt: skip
    bmc.resources[collection_uri]["Members"].append(at(uri))


def made(job, status=202):
    return lambda _: web.Response(status=status, headers={"Location": f"{TASKS}/{job}"})


def refuse(message_id, status=400):
    return lambda _: web.json_response(said(message_id), status=status)


def bodies(bmc, method, path):
    return [body for how, where, body in bmc.asked if (how, where) == (method, path)]


# --- BIOS -----------------------------------------------------------------------------------------------------------


def test_bios_is_staged_in_one_request_with_one_job(bmc, redfish):
    """All attributes in one PATCH for the next reset, with the ETag of what is there; the job is the one that it names."""
    bmc.override[f"PATCH {SETTINGS}"] = made("JID_1")
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
    bmc.override[f"POST {QUEUE}"] = made("JID_2", 201)
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
        return refuse(message_id, status)(_) if len(tries) < 2 else made("JID_6")(_)

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

    bmc.override[f"PATCH {SETTINGS}"] = made("JID_7")
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
    bmc.override[f"POST {PULL}"] = made("JID_9")
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


# --- power, boot, media ---------------------------------------------------------------------------------------------


def test_a_host_that_is_there_already_is_left_alone(bmc, redfish):
    """On when it is on is nothing; and when somebody else was faster the refusal is no error."""
    redfish.reset("On")
    assert not bodies(bmc, "POST", RESET)

    def faster(_):
        bmc.resources[SYSTEM]["PowerState"] = "Off"
        return web.json_response(said("PSU501"), status=409)

    bmc.override[f"POST {RESET}"] = faster
    redfish.reset("ForceOff")
    assert redfish.power() == "Off"
    with pytest.raises(DeviceRefused, match="PSU501"):
        redfish.reset("ForceRestart")


def test_auxiliary_power_and_the_bmc_itself(bmc, redfish):
    """ExtendedReset comes back on; the BMC is restarted in the one way that it offers."""
    for action in (f"{CHASSIS}/Actions/AC", f"{MANAGER}/Actions/Manager.Reset"):
        bmc.override[f"POST {action}"] = lambda _: web.Response(status=204)
    redfish.ac_cycle()
    redfish.restart_bmc()
    assert bodies(bmc, "POST", f"{CHASSIS}/Actions/AC") == [{"ResetType": "PowerCycle", "FinalPowerState": "On"}]
    assert bodies(bmc, "POST", f"{MANAGER}/Actions/Manager.Reset") == [{"ResetType": "GracefulRestart"}]


def test_a_boot_override_is_looked_at(bmc, redfish):
    """Set once in UEFI mode; one that the BMC took and did not keep is an error (row 34)."""

    async def keep(request):
        bmc.resources[SYSTEM]["Boot"] |= (await request.json())["Boot"]
        return web.Response(status=200)

    bmc.override[f"PATCH {SYSTEM}"] = keep
    redfish.boot_once("Cd")
    assert (redfish.boot().target, redfish.boot().enabled, redfish.boot().mode) == ("Cd", "Once", "UEFI")
    bmc.override[f"PATCH {SYSTEM}"] = lambda _: web.Response(status=200)
    with pytest.raises(DeviceRefused, match="pending BIOS job"):
        redfish.boot_once("Pxe")
    with pytest.raises(DeviceRefused, match="HttpDev1Uri"):
        redfish.boot_once("UefiHttp", uri="http://h/boot.efi")


@pytest.fixture
def drive(bmc):
    """A drive that keeps what is put in; an image more than one is refused."""
    state = bmc.resources[DRIVE]

    async def put(request):
        if state["Inserted"]:
            return web.json_response(said("VRM0012", "already"), status=400)
        state.update(Inserted=True, Image=(await request.json())["Image"])
        return web.Response(status=204)

    def out(_):
        state.update(Inserted=False, Image=None)
        return web.Response(status=204)

    bmc.override |= {f"POST {INSERT}": put, f"POST {EJECT}": out}
    return state


def test_media_replace_what_was_there(bmc, redfish, drive):
    """Another image is put out first; the same one stays; ejecting nothing is nothing."""
    redfish.eject()
    assert not bodies(bmc, "POST", EJECT)
    assert redfish.insert("http://h/a.iso") == "1"
    assert redfish.insert("http://h/a.iso") == "1"
    assert bmc.count("POST") == 2
    redfish.insert("http://h/b.iso")
    assert [(one.name, one.image, one.inserted) for one in redfish.media()] == [("1", "http://h/b.iso", True)]
    redfish.eject()
    assert not redfish.media()[0].inserted


def test_media_that_are_not_in_are_an_error(bmc, redfish, drive):
    """204 and nothing inserted is tried once more and then told (row 33)."""
    bmc.override[f"POST {INSERT}"] = lambda _: web.Response(status=204)
    with pytest.raises(DeviceRefused, match=r"reach http://h/a\.iso"):
        redfish.insert("http://h/a.iso")
    assert len(bodies(bmc, "POST", INSERT)) == 2


# --- the BMC itself -------------------------------------------------------------------------------------------------


def test_readiness_is_the_lifecycle_controllers(bmc, redfish):
    """Ready is what it says of itself; a question that is a POST may be asked again."""
    action = f"{DELL}/DellLCService/Actions/DellLCService.GetRemoteServicesAPIStatus"
    answers = [
        web.json_response(said("SYS518"), status=503),
        web.json_response({"LCStatus": "Ready", "ServerStatus": "OutOfPOST"}),
    ]
    bmc.override[f"POST {action}"] = lambda _: answers.pop(0)
    assert (redfish.readiness().ready, answers) == (True, [])
    bmc.override[f"POST {action}"] = lambda _: web.json_response({"LCStatus": "InUse"})
    assert not redfish.readiness().ready


def test_attributes_go_to_the_set_that_holds_them(bmc, redfish):
    """One PATCH a set; a name that no set has is refused by name."""
    redfish.change_settings({"NTPConfigGroup.1.NTPEnable": "Enabled", "ServerTopology.1.RackName": "a1"})
    sent = [(path.rpartition("/")[2], body["Attributes"]) for how, path, body in bmc.asked if how == "PATCH"]
    assert sent == [
        ("iDRAC", {"NTPConfigGroup.1.NTPEnable": "Enabled"}),
        ("System", {"ServerTopology.1.RackName": "a1"}),
    ]
    with pytest.raises(DeviceRefused, match=r"No\.1\.Such"):
        redfish.change_settings({"No.1.Such": "x"})


def test_a_profile_is_what_its_task_becomes(bmc, redfish):
    """The task is looked at until it is the profile; a job that fails says why."""
    bmc.override[f"POST {MANAGER}/Actions/Oem/Export"] = made("JID_1")
    add_job(bmc, "JID_1", "Running", "ExportConfiguration")
    looks = []

    def task(_):
        looks.append(1)
        profile = {"SystemConfiguration": {"Model": "PowerEdge R750"}}
        return web.json_response({"Id": "JID_1", "TaskState": "Running"} if len(looks) < 3 else profile)

    bmc.override[f"GET {TASKS}/JID_1"] = task
    assert '"PowerEdge R750"' in redfish.export_profile()
    bmc.resources[f"{QUEUE}/JID_1"] |= {"JobState": "Failed", "Message": "No licence.", "MessageId": "SYS055"}
    looks.clear()
    bmc.override[f"GET {TASKS}/JID_1"] = lambda _: web.json_response({"TaskState": "Exception"})
    with pytest.raises(DeviceRefused, match="No licence"):
        redfish.export_profile()


def test_accounts_of_an_idrac_are_slots(bmc, redfish):
    """A new account takes the first free slot from the third on; one that exists stays; a service without slots gets a POST."""
    accounts = f"{ROOT}/AccountService/Accounts"
    redfish.add_account("rackwright", "pw")
    wanted = {"UserName": "rackwright", "Password": "pw", "RoleId": "Administrator", "Enabled": True}
    assert bodies(bmc, "PATCH", f"{accounts}/3") == [wanted]
    redfish.add_account("root", "pw")
    assert bmc.count("PATCH") == 1
    bmc.resources[f"{accounts}/3"]["UserName"] = "other"
    redfish.add_account("rackwright", "pw")
    assert bodies(bmc, "POST", accounts) == [wanted]


def test_a_changed_password_is_the_one_of_the_next_login(bmc, redfish):
    """After our own password changed, a session that ends is renewed with the new one."""

    async def change(request):
        bmc.password = (await request.json())["Password"]
        bmc.sessions.clear()
        return web.Response(status=200)

    bmc.override[f"PATCH {ROOT}/AccountService/Accounts/2"] = change
    redfish.set_password("root", "fresh")
    assert redfish.power() == "On"
    with pytest.raises(DeviceRefused, match="nobody"):
        redfish.set_password("nobody", "x")


def test_a_password_that_must_change_is_changed_without_looking_around(bmc, tmp_path):
    """Who must change the password first may do nothing else: the account is the one that the BMC named."""
    account = f"{ROOT}/AccountService/Accounts/2"

    def named(request):
        info = {"MessageId": "Base.1.12.PasswordChangeRequired", "Message": "Change it", "MessageArgs": [account]}
        bmc.sessions[f"{SESSIONS}/1"] = "t"
        return web.json_response(
            {"@Message.ExtendedInfo": [info]}, status=201, headers={"X-Auth-Token": "t", "Location": f"{SESSIONS}/1"}
        )

    bmc.override[f"POST {SESSIONS}"] = named
    bmc.override[f"GET {ROOT}/AccountService/Accounts"] = refuse("PasswordChangeRequired", 403)
    trust = Trust(tmp_path, ca=tmp_path / "ca.pem")
    with closing(connect(bmc.endpoint, password=Secret("right"), trust=trust, limits=LIMITS)) as session:
        session.set_password("root", "fresh")
    assert bodies(bmc, "PATCH", account) == [{"Password": "fresh"}]
