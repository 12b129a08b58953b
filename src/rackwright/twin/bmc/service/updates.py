"""Images come in: pushed in one request or two, or fetched by the BMC, from loopback alone (redfish.md 2.5)."""

from __future__ import annotations

import ipaddress
from typing import Any, Final
from urllib.parse import urlsplit

from rackwright.twin.bmc.service.bmc import Bmc
from rackwright.twin.bmc.service.bodies import HEAD_BYTES
from rackwright.twin.bmc.service.call import Call, Upload
from rackwright.twin.bmc.service.envelope import Answer, Denied, base
from rackwright.twin.bmc.service.views import jobs
from rackwright.twin.bmc.service.views.shape import ROOT
from rackwright.twin.bmc.service.views.update import INVENTORY

__all__ = ["accepted", "fetch", "fetched", "install", "push", "pushed", "simple_update", "upload"]

_LIMIT_S: Final = 30.0
_PROTOCOLS: Final = ("HTTP", "HTTPS")
_UPON: Final = {"Now": "Immediate", "NowAndReboot": "Immediate", "NextReboot": "OnReset"}


def pushed(call: Call) -> Upload:
    """Return the image that came with a request. Raises :class:`Denied` when none did."""
    if call.upload is None:
        raise Denied(415, base("UnsupportedMediaType"))
    return call.upload


def accepted(bmc: Bmc, job: str) -> Answer:
    """Return the answer that a job was made: the task that follows it."""
    path = f"{ROOT}/TaskService/Tasks/{job}"
    return Answer(202, bmc.done().body, {"Location": path})


def _targets(given: Any) -> list[str]:
    if given is None:
        return []
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise Denied(400, base("PropertyValueTypeError", str(given), "Targets", related=("#/Targets",)))
    return [one.rstrip("/").rpartition("/")[2] for one in given]


def upload(bmc: Bmc, call: Call) -> Answer:
    """Take an image in one multipart request."""
    image = pushed(call)
    when = str(image.parameters.get("@Redfish.OperationApplyTime", "Immediate"))
    made = bmc.machine.firmware.upload(image.head, image.name, when, _targets(image.parameters.get("Targets")))
    return accepted(bmc, made.id)


def push(bmc: Bmc, call: Call) -> Answer:
    """Take an image to the inventory, from where SimpleUpdate installs it: the two steps of old builds."""
    image = pushed(call)
    row = bmc.machine.firmware.push(image.head, image.name or "image.exe")
    return Answer(201, bmc.done("SYS414").body, {"Location": f"{INVENTORY}/{row}"})


def simple_update(bmc: Bmc, call: Call) -> Answer:
    """Install what was pushed before, or fetch an image."""
    body = call.object()
    uri = call.text("ImageURI", "UpdateService.SimpleUpdate")
    when = str(body.get("@Redfish.OperationApplyTime", "Immediate"))
    if uri.startswith(INVENTORY):
        return accepted(bmc, bmc.machine.firmware.install(uri.rpartition("/")[2], when).id)
    parts = urlsplit(uri)
    protocol = str(body.get("TransferProtocol", parts.scheme)).upper()
    if protocol not in _PROTOCOLS:
        raise Denied(
            400, base("ActionParameterValueNotInList", protocol, "TransferProtocol", "UpdateService.SimpleUpdate")
        )
    if not parts.scheme:
        uri = f"{protocol.lower()}://{uri}"
        parts = urlsplit(uri)
    made = bmc.machine.firmware.start(parts.path.rpartition("/")[2], when, _targets(body.get("Targets")))
    bmc.beside(fetched(bmc, made.id, uri))
    return accepted(bmc, made.id)


def install(bmc: Bmc, call: Call) -> Answer:
    """Install images that were pushed before, by Dell's own action."""
    body = call.object()
    when = _UPON.get(str(body.get("InstallUpon")))
    rows = body.get("SoftwareIdentityURIs")
    if when is None or not isinstance(rows, list) or not rows:
        raise Denied(
            400, base("ActionParameterMissing", "DellUpdateService.Install", "InstallUpon and SoftwareIdentityURIs")
        )
    made = [bmc.machine.firmware.install(str(one).rpartition("/")[2], when) for one in rows]
    return Answer(202, bmc.done().body, {"Location": f"{jobs.DELL}/{made[0].id}"})


# --- fetching -------------------------------------------------------------------------------------------


async def fetched(bmc: Bmc, job: str, uri: str) -> None:
    """Fetch the image of a job and give it to the machine."""
    data = await fetch(uri)
    bmc.settle()
    if not any(one.id == job and one.open for one in bmc.machine.queue.all()):
        return
    if data is None:
        bmc.machine.firmware.lose(job)
    else:
        bmc.machine.firmware.deliver(job, data)
    bmc.moved()


async def fetch(uri: str) -> bytes | None:
    """Return the first part of what lies at an address; None when nothing can be had, and from anywhere but loopback.

    A twin stays on its machine: an address elsewhere is one that the emulated BMC has no way to.
    """
    import aiohttp

    if not _local(urlsplit(uri).hostname or ""):
        return None
    limit = aiohttp.ClientTimeout(total=_LIMIT_S)
    try:
        async with aiohttp.ClientSession(timeout=limit) as session, session.get(uri, ssl=False) as answer:
            if answer.status != 200:
                return None
            return await answer.content.read(HEAD_BYTES)
    except (TimeoutError, aiohttp.ClientError, ValueError):
        return None


def _local(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
