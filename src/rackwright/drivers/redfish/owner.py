"""The BMC itself: restarts, its attributes, its accounts, the profile of its server (redfish.md 2.1, 2.2, 2.6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from rackwright.drivers.redfish.model import Readiness
from rackwright.drivers.redfish.places import Places, dig, link
from rackwright.drivers.redfish.queue import Queue
from rackwright.drivers.redfish.reader import Reader
from rackwright.drivers.redfish.session import ROOT
from rackwright.errors import DeviceRefused, DeviceTimeout
from rackwright.secrets import Secret

__all__ = ["add_account", "change_settings", "export_profile", "readiness", "restart_bmc", "set_password"]

_ENDED: Final = frozenset({"done", "done-with-errors", "failed"})
_RUNS: Final = frozenset({"New", "Starting", "Running", "Pending"})
"""Words of a task (DSP0268, TaskState) that say that it has not ended."""
_EXPORT_S: Final = 15
"""Between two looks at an export, which takes a minute or more: longer than where a BMC is busy for a moment."""
_FIRST_FREE: Final = 3
"""Slot 1 of an iDRAC is reserved, slot 2 is root (redfish.md 2.1)."""


def readiness(places: Places) -> Readiness:
    """Ask the lifecycle controller whether it takes work; a BMC that has none always does."""
    service = link(places.manager, "Links", "Oem", "Dell", "DellLCService")
    if not service:
        return Readiness(ready=True, said="this BMC has no lifecycle controller to ask")
    found = places.session.ask(service.rstrip("/") + "/Actions/DellLCService.GetRemoteServicesAPIStatus", {})
    found = found if isinstance(found, dict) else {}
    lifecycle = str(found.get("LCStatus") or "")
    return Readiness(
        ready=lifecycle == "Ready",
        lifecycle=lifecycle,
        server=str(found.get("ServerStatus") or ""),
        said=str(found.get("Status") or ""),
    )


def restart_bmc(places: Places) -> None:
    """Restart the BMC."""
    action = places.action(places.manager, "Manager.Reset")
    if not action:
        raise places.no("restart", "cut its power")
    kinds = dig(places.manager, "Actions", "#Manager.Reset", "ResetType@Redfish.AllowableValues")
    kind = "GracefulRestart" if not isinstance(kinds, list) or "GracefulRestart" in kinds else str(kinds[0])
    places.session.send("POST", action, {"ResetType": kind})


def change_settings(places: Places, attributes: Mapping[str, Any]) -> None:
    """Set attributes by their Dell names, each in the set that holds it, one request a set."""
    sets = dig(places.manager, "Links", "Oem", "Dell", "DellAttributes")
    left = dict(attributes)
    for reference in sets if isinstance(sets, list) else ():
        if not left:
            return
        uri = link(reference)
        told, seen = places.session.fetch(uri)
        known = dig(told, "Attributes")
        ours = {name: value for name, value in left.items() if isinstance(known, dict) and name in known}
        if ours:
            secrets = tuple(str(value) for name, value in ours.items() if "assword" in name)
            places.session.patch(uri, {"Attributes": ours}, seen=seen, secrets=secrets)
        left = {name: value for name, value in left.items() if name not in ours}
    if left:
        raise places.no(f"attribute {', '.join(sorted(left))}", "look for its name in the BMC's own list")


def export_profile(places: Places, queue: Queue) -> str:
    """Return the server configuration profile in JSON; the BMC leaves passwords out of it."""
    action = places.action(
        places.manager, "OemManager.ExportSystemConfiguration", "OemManager.v1_0_0.ExportSystemConfiguration"
    )
    if not action:
        raise places.no("server configuration profile", "keep what 'rackwright snapshot' reads in its place")
    body = {"ExportFormat": "JSON", "ShareParameters": {"Target": "ALL"}}
    session = places.session
    answer = session.send("POST", action, body)
    job = queue.made(answer)
    task = session.path(answer.header("Location") or f"{ROOT}/TaskService/Tasks/{job}")
    until = session.clock.now() + session.limits.settle_s
    while True:
        told = _told(places, task)
        if not _is_profile(told) and told.get("TaskState") not in _RUNS:
            # How it ended says its job. Once that has ended the profile is there, or never will be.
            state = queue.one(job)
            told = _told(places, task) if state.state in _ENDED else told
            if state.state in _ENDED and not _is_profile(told):
                raise DeviceRefused(
                    f"{session.device} exports no profile: {state.word} {state.message}".rstrip(),
                    device=session.device,
                    message_id=state.message_id,
                )
        if _is_profile(told):
            return msgspec.json.format(msgspec.json.encode(told), indent=1).decode()
        if session.clock.now() > until:
            raise DeviceTimeout(f"{session.device} still exports its profile", device=session.device)
        session.clock.sleep(_EXPORT_S)


def _told(places: Places, task: str) -> Mapping[str, Any]:
    """Return what a task tells, the profile once it has turned into that (redfish.md 2.6); empty where there is none yet."""
    try:
        found = places.session.get(task)
    except DeviceRefused as error:
        if error.status == 404:
            return {}
        raise
    return found if isinstance(found, dict) else {}


def _is_profile(told: Mapping[str, Any]) -> bool:
    return "SystemConfiguration" in told


# --- accounts ----------------------------------------------------------------------------------------------------------


def set_password(places: Places, reader: Reader, user: str, password: str) -> None:
    """Change the password of an account that exists."""
    session = places.session
    own = user == session.endpoint.user
    # Who must change the password first may do nothing else, not even list the accounts.
    uri = session.account if own and session.account else _account(places, reader, user)
    session.patch(uri, {"Password": password}, secrets=(password,))
    if own:
        session.changed_password(Secret(password))


def add_account(places: Places, reader: Reader, user: str, password: str, role: str) -> None:
    """Make an account: a free slot of an iDRAC, a new resource elsewhere."""
    session = places.session
    accounts = _accounts(places, reader)
    wanted = {"UserName": user, "Password": password, "RoleId": role, "Enabled": True}
    there = next((account for account in accounts if account.get("UserName") == user), None)
    if there is not None:
        if there.get("RoleId") != role or there.get("Enabled") is False:
            session.patch(link(there), wanted, secrets=(password,))
        return
    slots = [account for account in accounts if account.get("UserName") == "" and _number(account) >= _FIRST_FREE]
    if slots:
        session.patch(link(min(slots, key=_number)), wanted, secrets=(password,))
        return
    session.send("POST", _collection(places), wanted, secrets=(password,))


def _account(places: Places, reader: Reader, user: str) -> str:
    for account in _accounts(places, reader):
        if account.get("UserName") == user:
            return link(account)
    raise places.no(f"account {user}", "make it first")


def _accounts(places: Places, reader: Reader) -> list[dict[str, Any]]:
    return reader.members(_collection(places))


def _collection(places: Places) -> str:
    return (link(places.session.root, "AccountService") or ROOT + "/AccountService").rstrip("/") + "/Accounts"


def _number(account: Mapping[str, Any]) -> int:
    digits = str(account.get("Id") or "")
    return int(digits) if digits.isdigit() else 0
