"""What the driver does with the host behind a BMC and with the BMC itself: power, boot, media, settings, accounts."""

from contextlib import closing

import pytest
from aiohttp import web

from rackwright.drivers.redfish.connect import connect
from rackwright.drivers.trust import Trust
from rackwright.errors import DeviceRefused
from rackwright.secrets import Secret
from tests.lone_bmc import ROOT, SESSIONS, said
from tests.small_idrac import (
    CHASSIS,
    DELL,
    DRIVE,
    EJECT,
    INSERT,
    LIMITS,
    MANAGER,
    QUEUE,
    RESET,
    SYSTEM,
    TASKS,
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
    bmc.override[f"POST {MANAGER}/Actions/Oem/Export"] = made_job("JID_1")
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
