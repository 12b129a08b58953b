"""The BMC of a BlueField-3: what its paths offer and what changes it (captured tree BF-24.10-10, redfish.md 2.5)."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from rackwright.twin.bmc.service import actions as do
from rackwright.twin.bmc.service.bmc import Bmc
from rackwright.twin.bmc.service.call import Call
from rackwright.twin.bmc.service.envelope import Answer, Denied, base
from rackwright.twin.bmc.service.routing import Route
from rackwright.twin.bmc.service.updates import fetched, pushed
from rackwright.twin.bmc.service.views import accounts, dpu, jobs, root
from rackwright.twin.bmc.service.views.shape import ROOT

__all__ = ["ROUTES", "add_account", "change_account", "delete_account", "reset_system", "simple_update", "upload"]

_PROTOCOLS: Final = ("HTTP", "HTTPS")


def _task(bmc: Bmc, job: str) -> Answer:
    return Answer(202, dpu.task(bmc, job), {"Location": f"{ROOT}/TaskService/Tasks/{job}/Monitor"})


def upload(bmc: Bmc, call: Call) -> Answer:
    """Take an image whole."""
    image = pushed(call)
    targets = [str(one).rpartition("/")[2] for one in image.parameters.get("Targets") or ()]
    when = str(image.parameters.get("@Redfish.OperationApplyTime", "Immediate"))
    return _task(bmc, bmc.machine.firmware.upload(image.head, image.name, when, targets).id)


def simple_update(bmc: Bmc, call: Call) -> Answer:
    """Fetch an image over HTTP; SCP, which needs an exchange of keys first, is not emulated."""
    uri = call.text("ImageURI", "UpdateService.SimpleUpdate")
    protocol = str(call.object().get("TransferProtocol", urlsplit(uri).scheme)).upper()
    if protocol == "SCP":
        raise Denied(501, base("NotSupportedByTwin", "an update over SCP: use HTTP, HTTPS or multipart"))
    if protocol not in _PROTOCOLS:
        raise Denied(400, base("ActionParameterValueNotInList", protocol, "TransferProtocol", "SimpleUpdate"))
    if not urlsplit(uri).scheme:
        uri = f"{protocol.lower()}://{uri}"
    targets = [str(one).rpartition("/")[2] for one in call.object().get("Targets") or ()]
    made = bmc.machine.firmware.start(urlsplit(uri).path.rpartition("/")[2], "Immediate", targets)
    bmc.beside(fetched(bmc, made.id, uri))
    return _task(bmc, made.id)


def change_account(bmc: Bmc, call: Call, key: str) -> Answer:
    """Change an account."""
    found = dpu.account_of(bmc, key)
    if found is None:
        raise Denied(404, base("ResourceMissingAtURI", call.path))
    do.known(call.object(), do.ACCOUNT)
    wanted = {name: value for name, value in call.object().items() if name in do.ACCOUNT}
    if not wanted:
        raise Denied(400, base("NoOperation"))
    bmc.machine.accounts.change(found.id, wanted)
    return Answer(204)


def add_account(bmc: Bmc, call: Call) -> Answer:
    """Make an account."""
    role = str(call.object().get("RoleId", "ReadOnly"))
    made = bmc.machine.accounts.add(call.text("UserName"), call.text("Password"), role)
    return Answer(201, dpu.account(bmc, made.user), {"Location": f"{ROOT}/AccountService/Accounts/{made.user}"})


def delete_account(bmc: Bmc, call: Call, key: str) -> Answer:
    """Take an account away."""
    found = dpu.account_of(bmc, key)
    if found is None:
        raise Denied(404, base("ResourceMissingAtURI", call.path))
    bmc.machine.accounts.delete(found.id)
    return Answer(204)


def reset_system(bmc: Bmc, call: Call) -> Answer:  # noqa: ARG001 - every action takes the BMC
    """Refuse: what a reset of the card's own processor does to a host is told by no source of ours."""
    raise Denied(501, base("NotSupportedByTwin", f"{call.path}: reset the host"))


_S: Final = "/Systems/Bluefield"
_M: Final = "/Managers/Bluefield_BMC"
_C: Final = "/Chassis/Card1"

ROUTES: Final = (
    Route("", dpu.service_root),
    Route("/SessionService", dpu.bare(accounts.session_service)),
    Route("/SessionService/Sessions", dpu.bare(accounts.sessions), post=do.log_in),
    Route("/SessionService/Sessions/*", dpu.bare(accounts.session), delete=do.log_out),
    Route(
        "/AccountService",
        dpu.bare(accounts.account_service, "AccountLockoutCounterResetAfter", "LocalAccountAuth", "Status"),
    ),
    Route("/AccountService/Roles", dpu.bare(accounts.roles)),
    Route("/AccountService/Roles/*", dpu.bare(accounts.role)),
    Route("/EventService", dpu.bare(root.event_service, "Description")),
    Route("/EventService/Subscriptions", dpu.bare(root.subscriptions, "Description"), post=do.subscribe),
    Route("/EventService/Subscriptions/*", dpu.bare(root.subscription), delete=do.unsubscribe),
    Route("/AccountService/Accounts", dpu.accounts, post=add_account),
    Route("/AccountService/Accounts/*", dpu.account, patch=change_account, delete=delete_account),
    Route("/Systems", dpu.systems),
    Route(_S, dpu.system),
    Route(f"{_S}/ResetActionInfo", dpu.reset_info),
    Route(f"{_S}/Actions/ComputerSystem.Reset", post=reset_system),
    Route(f"{_S}/Bios", dpu.bios),
    Route(f"{_S}/Oem/Nvidia", dpu.nvidia),
    Route("/Chassis", dpu.chassis_list),
    Route(_C, dpu.card),
    Route(f"{_C}/NetworkAdapters", dpu.adapters),
    Route(f"{_C}/NetworkAdapters/*", dpu.adapter),
    Route(f"{_C}/NetworkAdapters/*/Ports", dpu.ports),
    Route(f"{_C}/NetworkAdapters/*/Ports/*", dpu.port),
    Route("/Managers", dpu.managers),
    Route(_M, dpu.manager),
    Route(f"{_M}/Actions/Manager.Reset", post=do.reset_manager),
    Route(f"{_M}/EthernetInterfaces", dpu.interfaces),
    Route(f"{_M}/EthernetInterfaces/*", dpu.interface),
    Route("/UpdateService", dpu.update_service),
    Route("/UpdateService/FirmwareInventory", dpu.inventory),
    Route("/UpdateService/FirmwareInventory/*", dpu.item),
    Route("/UpdateService/SoftwareInventory", dpu.software),
    Route("/UpdateService/update", post=upload),
    Route("/UpdateService/update-multipart", post=upload),
    Route("/UpdateService/Actions/UpdateService.SimpleUpdate", post=simple_update),
    Route("/TaskService", dpu.bare(jobs.task_service, "Description", "TaskAutoDeleteTimeoutMinutes")),
    Route("/TaskService/Tasks", dpu.tasks),
    Route("/TaskService/Tasks/*", dpu.task),
    Route("/TaskService/Tasks/*/Monitor", dpu.task),
)
