"""One small iDRAC, its links as redfish.md 2.2 has them, and a session with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from rackwright.drivers.clock import ScaledClock
from rackwright.drivers.limits import Limits
from rackwright.drivers.redfish.bmc import Bmc
from rackwright.drivers.redfish.connect import connect
from rackwright.drivers.trust import Trust
from rackwright.secrets import Secret
from tests.lone_api import Authority
from tests.lone_bmc import EXPAND, ROOT, SESSIONS, LoneBmc, lone_bmc, said

LIMITS = Limits(connect_s=5, login_s=5, answer_s=5, busy_s=60, settle_s=600, pause_s=2)
SYSTEM, MANAGER, CHASSIS = f"{ROOT}/Systems/S", f"{ROOT}/Managers/M", f"{ROOT}/Chassis/C"
BIOS, SETTINGS, DRIVE = f"{SYSTEM}/Bios", f"{SYSTEM}/Bios/Settings", f"{SYSTEM}/VirtualMedia/1"
DELL = f"{MANAGER}/Oem/Dell"
QUEUE, TASKS, UPDATES = f"{DELL}/Jobs", f"{ROOT}/TaskService/Tasks", f"{ROOT}/UpdateService"
RESET = f"{SYSTEM}/Actions/ComputerSystem.Reset"
INSERT, EJECT = (f"{DRIVE}/Actions/VirtualMedia.{word}Media" for word in ("Insert", "Eject"))
UPLOAD, PULL = f"{UPDATES}/MultipartUpload", f"{UPDATES}/Actions/UpdateService.SimpleUpdate"


def at(uri: str) -> dict[str, Any]:
    return {"@odata.id": uri}


def collection(uri: str, *members: str) -> dict[str, Any]:
    return {uri: {**at(uri), "Members": [at(member) for member in members]}}


def resources() -> dict[str, Any]:
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


@contextmanager
def small_idrac(folder: Path) -> Iterator[LoneBmc]:
    """Start it; its CA is ``ca.pem`` in the folder."""
    with lone_bmc(Authority(folder).context(), resources=resources()) as bmc:
        yield bmc


@contextmanager
def logged_in(bmc: LoneBmc, folder: Path) -> Iterator[Bmc]:
    """Open a session, and look that none is left behind."""
    trust = Trust(folder, ca=folder / "ca.pem")
    with closing(
        connect(bmc.endpoint, password=Secret("right"), trust=trust, clock=ScaledClock(2000), limits=LIMITS)
    ) as redfish:
        yield redfish
    assert not bmc.sessions


def add_job(
    bmc: LoneBmc,
    name: str,
    state: str = "Scheduled",
    kind: str = "BIOSConfiguration",
    collection_uri: str = QUEUE,
    **more: Any,
) -> None:
    uri = f"{collection_uri}/{name}"
    bmc.resources[uri] = {
        **at(uri), "@odata.type": "#DellJob.v1_5_0.DellJob", "Id": name, "JobState": state, "JobType": kind, **more,
    }  # fmt: skip
    bmc.resources[collection_uri]["Members"].append(at(uri))


def made_job(job: str, status: int = 202) -> Callable[[web.Request], web.Response]:
    return lambda _: web.Response(status=status, headers={"Location": f"{TASKS}/{job}"})


def refuse(message_id: str, status: int = 400) -> Callable[[web.Request], web.Response]:
    return lambda _: web.json_response(said(message_id), status=status)


def bodies(bmc: LoneBmc, method: str, path: str) -> list[Any]:
    return [body for how, where, body in bmc.asked if (how, where) == (method, path)]
