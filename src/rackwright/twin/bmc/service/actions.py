"""What changes an iDRAC: each takes the request apart, hands it to the machine and puts the outcome into an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from rackwright.twin.bmc.service.bmc import Bmc
from rackwright.twin.bmc.service.call import Call
from rackwright.twin.bmc.service.envelope import Answer, Denied, base
from rackwright.twin.bmc.service.views import accounts, idrac, jobs
from rackwright.twin.bmc.service.views.shape import ROOT

__all__ = [
    "add_account",
    "change_account",
    "change_attributes",
    "change_manager",
    "change_protocol",
    "change_secure_boot",
    "change_system",
    "change_system_settings",
    "clear_bios",
    "delete_account",
    "delete_job",
    "delete_queue",
    "eject",
    "extended_reset",
    "insert",
    "known",
    "log_in",
    "log_out",
    "make_job",
    "make_reboot_job",
    "readiness",
    "reset_bios",
    "reset_chassis",
    "reset_manager",
    "reset_system",
    "stage_bios",
    "subscribe",
    "unsubscribe",
]

_NOTHING: Final = Answer(204)


def known(body: Mapping[str, Any], names: frozenset[str], locked: frozenset[str] = frozenset()) -> None:
    """Refuse properties that cannot be written."""
    for name in body:
        if name.startswith("@"):
            continue
        related = (f"#/{name}",)
        if name in locked:
            raise Denied(400, base("PropertyNotWritable", name, related=related))
        if name not in names:
            raise Denied(400, base("PropertyUnknown", name, related=related))


# --- sessions -------------------------------------------------------------------------------------------


def log_in(bmc: Bmc, call: Call) -> Answer:
    """Open a session."""
    made = bmc.login(call.text("UserName"), call.text("Password"), call.origin)
    path = f"{accounts.SESSIONS}/{made.id}"
    return Answer(201, accounts.session(bmc, made.id), {"Location": path, "X-Auth-Token": made.token})


def log_out(bmc: Bmc, call: Call, key: str) -> Answer:
    """End a session."""
    found = bmc.sessions.get(key)
    if found is None:
        raise Denied(404, base("ResourceMissingAtURI", call.path))
    bmc.sessions.end(found)
    return bmc.done()


# --- power ----------------------------------------------------------------------------------------------


def reset_system(bmc: Bmc, call: Call) -> Answer:
    """Reset the host."""
    bmc.machine.host.reset(call.text("ResetType", "ComputerSystem.Reset"))
    return _NOTHING


def reset_chassis(bmc: Bmc, call: Call) -> Answer:
    """Reset the host by its chassis, which knows three ways."""
    kind = call.text("ResetType", "Chassis.Reset")
    if kind not in ("On", "ForceOff", "PowerCycle"):
        raise Denied(400, base("ActionParameterValueNotInList", kind, "ResetType", "Chassis.Reset"))
    bmc.machine.host.reset(kind)
    return _NOTHING


def extended_reset(bmc: Bmc, call: Call) -> Answer:
    """Cycle the auxiliary power too: a virtual AC cycle (redfish.md 2.2)."""
    kind = call.text("ResetType", "DellOemChassis.ExtendedReset")
    if kind != "PowerCycle":
        raise Denied(400, base("ActionParameterValueNotInList", kind, "ResetType", "DellOemChassis.ExtendedReset"))
    bmc.machine.ac_cycle(str(call.object().get("FinalPowerState", "On")))
    return _NOTHING


def reset_manager(bmc: Bmc, call: Call) -> Answer:
    """Restart the iDRAC; the answer is the last that it gives."""
    kind = call.object().get("ResetType", "GracefulRestart")
    if kind != "GracefulRestart":
        raise Denied(400, base("ActionParameterValueNotInList", str(kind), "ResetType", "Manager.Reset"))
    bmc.machine.restart_bmc()
    return _NOTHING


# --- the host's settings --------------------------------------------------------------------------------

_BOOT: Final = {
    "BootSourceOverrideEnabled": "enabled",
    "BootSourceOverrideTarget": "target",
    "BootSourceOverrideMode": "mode",
}


def change_system(bmc: Bmc, call: Call) -> Answer:
    """Change the boot override or the asset tag."""
    body = call.object()
    known(
        body,
        frozenset({"Boot", "AssetTag"}),
        frozenset({"Model", "SKU", "SerialNumber", "Manufacturer", "PowerState", "Id", "Name", "BiosVersion", "UUID"}),
    )
    boot = body.get("Boot", {})
    if not isinstance(boot, dict):
        raise Denied(400, base("PropertyValueTypeError", str(boot), "Boot", related=("#/Boot",)))
    for name, value in boot.items():
        if name not in _BOOT:
            raise Denied(400, base("PropertyUnknown", name, related=(f"#/Boot/{name}",)))
        if not isinstance(value, str):
            raise Denied(400, base("PropertyValueTypeError", str(value), name, related=(f"#/Boot/{name}",)))
    if boot:
        bmc.machine.host.set_boot(**{_BOOT[name]: value for name, value in boot.items()})
    if "AssetTag" in body:
        bmc.machine.asset_tag = call.text("AssetTag")
    return bmc.done()


def change_system_settings(bmc: Bmc, call: Call) -> Answer:
    """Change what of the boot override a real one stages for the next reset: its mode, here at once [assumed]."""
    body = call.object()
    known(body, frozenset({"Boot"}))
    boot = body.get("Boot")
    if not isinstance(boot, dict) or set(boot) != {"BootSourceOverrideMode"}:
        raise Denied(400, base("PropertyUnknown", "Boot", related=("#/Boot",)))
    bmc.machine.host.set_boot(mode=str(boot["BootSourceOverrideMode"]))
    return bmc.done()


def change_secure_boot(bmc: Bmc, call: Call) -> Answer:
    """Have secure boot on or off from the next boot."""
    body = call.object()
    known(body, frozenset({"SecureBootEnable"}), frozenset({"SecureBootCurrentBoot", "SecureBootMode"}))
    wanted = body.get("SecureBootEnable")
    if not isinstance(wanted, bool):
        raise Denied(400, base("PropertyValueTypeError", str(wanted), "SecureBootEnable"))
    return _staged(bmc, bmc.machine.set_secure_boot(wanted))


def stage_bios(bmc: Bmc, call: Call) -> Answer:
    """Stage BIOS settings (redfish.md 2.3)."""
    body = call.object()
    known(body, frozenset({"Attributes"}))
    wanted = body.get("Attributes", {})
    when = body.get("@Redfish.SettingsApplyTime")
    if not isinstance(wanted, dict) or (when is not None and not isinstance(when, dict)):
        raise Denied(400, base("PropertyValueTypeError", str(wanted), "Attributes"))
    return _staged(bmc, bmc.machine.bios.stage(wanted, None if when is None else str(when.get("ApplyTime", ""))))


def _staged(bmc: Bmc, outcome: Any) -> Answer:
    done = bmc.done("SYS413")
    if not outcome.job:
        return done
    return Answer(outcome.status, done.body, {"Location": f"{ROOT}/TaskService/Tasks/{outcome.job}"})


def clear_bios(bmc: Bmc, call: Call) -> Answer:  # noqa: ARG001 - every action takes the call
    """Drop what is staged and has no job."""
    bmc.machine.bios.clear()
    return bmc.done()


def reset_bios(bmc: Bmc, call: Call) -> Answer:  # noqa: ARG001 - as above
    """Have the BIOS at its defaults from the next boot."""
    bmc.machine.bios.reset_to_defaults()
    return bmc.done("SYS430")


# --- jobs -----------------------------------------------------------------------------------------------


def make_job(bmc: Bmc, call: Call) -> Answer:
    """Make a job of what is staged."""
    target = call.text("TargetSettingsURI")
    if not target.endswith("/Bios/Settings"):
        raise Denied(400, base("PropertyValueNotInList", target, "TargetSettingsURI", related=("#/TargetSettingsURI",)))
    made = bmc.machine.bios.create_job()
    done = bmc.done("SYS413")
    return Answer(200, done.body, {"Location": f"{jobs.DELL}/{made.id}"})


def delete_job(bmc: Bmc, call: Call, key: str) -> Answer:  # noqa: ARG001 - as above
    """Delete a job."""
    bmc.machine.queue.delete(key)
    return bmc.done()


def delete_queue(bmc: Bmc, call: Call) -> Answer:
    """Delete one job or all."""
    bmc.machine.queue.clear(call.text("JobID", "DellJobService.DeleteJobQueue"))
    return bmc.done("SUP020")


def make_reboot_job(bmc: Bmc, call: Call) -> Answer:
    """Have the host rebooted by a job."""
    made = bmc.machine.create_reboot_job(call.text("RebootJobType", "DellJobService.CreateRebootJob"))
    return Answer(202, bmc.done().body, {"Location": f"{jobs.DELL}/{made.id}"})


# --- the iDRAC's own settings ------------------------------------------------------------------------------


def readiness(bmc: Bmc, call: Call) -> Answer:  # noqa: ARG001 - as above
    """Tell whether the Lifecycle Controller takes work."""
    told = bmc.machine.bmc.status()
    body = {"LCStatus": told.lc, "RTStatus": told.rt, "ServerStatus": told.server, "Status": told.status}
    return Answer(200, {**bmc.done().body, **body})


def change_attributes(bmc: Bmc, call: Call, key: str) -> Answer:
    """Set attributes of the iDRAC; in force at once."""
    if idrac.attributes(bmc, key) is None:
        raise Denied(404, base("ResourceMissingAtURI", call.path))
    wanted = call.object().get("Attributes")
    if not isinstance(wanted, dict):
        raise Denied(400, base("PropertyMissing", "Attributes"))
    bmc.machine.settings.change(key, wanted)
    return bmc.done()


def change_protocol(bmc: Bmc, call: Call) -> Answer:
    """Set NTP in DMTF's way."""
    body = call.object()
    known(body, frozenset({"NTP"}))
    ntp = body.get("NTP") or {}
    wanted: dict[str, Any] = {}
    if "ProtocolEnabled" in ntp:
        wanted["NTPConfigGroup.1.NTPEnable"] = "Enabled" if ntp["ProtocolEnabled"] else "Disabled"
    if "NTPServers" in ntp:
        wanted |= _servers(bmc, ntp["NTPServers"])
    if wanted:
        bmc.machine.settings.change("iDRAC.Embedded.1", wanted)
    return bmc.done()


ACCOUNT: Final = frozenset({"UserName", "Password", "RoleId", "Enabled"})


def _servers(bmc: Bmc, given: Any) -> dict[str, Any]:
    """Return the three time servers as a list changes them: null takes one out, ``{}`` leaves one, a short list ends there."""
    if not isinstance(given, list):
        raise Denied(400, base("PropertyValueTypeError", str(given), "NTPServers", related=("#/NTP/NTPServers",)))
    held = bmc.machine.settings.group("iDRAC")
    names = [f"NTPConfigGroup.1.NTP{n}" for n in (1, 2, 3)]
    now = [str(held.get(name, "")) for name in names]
    told = [now[at] if one == {} else one for at, one in enumerate(given[:3]) if one is not None]
    return dict(zip(names, [*told, "", "", ""], strict=False))


def change_account(bmc: Bmc, call: Call, key: str) -> Answer:
    """Change an account, or fill a free place with one."""
    if accounts.account(bmc, key) is None:
        raise Denied(404, base("ResourceMissingAtURI", call.path))
    body = call.object()
    known(body, ACCOUNT, frozenset({"Locked", "Id", "Name", "AccountTypes"}))
    bmc.machine.accounts.change(key, {name: value for name, value in body.items() if name in ACCOUNT})
    return bmc.done()


def add_account(bmc: Bmc, call: Call) -> Answer:
    """Make an account in the first free place."""
    body = call.object()
    known(body, ACCOUNT)
    made = bmc.machine.accounts.add(call.text("UserName"), call.text("Password"), str(body.get("RoleId", "ReadOnly")))
    path = f"{ROOT}/AccountService/Accounts/{made.id}"
    return Answer(201, accounts.account(bmc, made.id), {"Location": path})


def delete_account(bmc: Bmc, call: Call, key: str) -> Answer:  # noqa: ARG001 - as above
    """Empty the place of an account."""
    bmc.machine.accounts.delete(key)
    return bmc.done()


def change_manager(bmc: Bmc, call: Call) -> Answer:
    """Refuse: the date of an iDRAC comes from NTP, nothing else of it is written here."""
    known(
        call.object(),
        frozenset(),
        frozenset({"DateTime", "FirmwareVersion", "Model", "Id", "Name", "ManagerType", "PowerState"}),
    )
    return bmc.done()


# --- virtual media --------------------------------------------------------------------------------------


def insert(owner: str) -> Any:
    """Return what puts a medium into a drive of ``Systems`` or ``Managers``."""

    def put(bmc: Bmc, call: Call, key: str) -> Answer:
        if not idrac.has_drive(owner, key):
            raise Denied(404, base("ResourceMissingAtURI", call.path))
        image = call.text("Image", "VirtualMedia.InsertMedia")
        body = call.object()
        protected, user = bool(body.get("WriteProtected", True)), str(body.get("UserName") or "")
        bmc.machine.media.insert(key, image, write_protected=protected, user=user)
        return _NOTHING

    return put


def eject(owner: str) -> Any:
    """Return what takes a medium out."""

    def take(bmc: Bmc, call: Call, key: str) -> Answer:
        if not idrac.has_drive(owner, key):
            raise Denied(404, base("ResourceMissingAtURI", call.path))
        bmc.machine.media.eject(key)
        return _NOTHING

    return take


# --- events ---------------------------------------------------------------------------------------------


def subscribe(bmc: Bmc, call: Call) -> Answer:
    """Keep a subscription; no event is ever sent."""
    target = call.text("Destination")
    if urlsplit(target).scheme not in ("http", "https"):
        raise Denied(400, base("PropertyValueFormatError", target, "Destination", related=("#/Destination",)))
    key = str(len(bmc.subscriptions) + 1)
    if call.object().get("Protocol", "Redfish") != "Redfish":
        raise Denied(
            400, base("PropertyValueNotInList", str(call.object()["Protocol"]), "Protocol", related=("#/Protocol",))
        )
    kept = ("Destination", "Context", "Protocol", "EventTypes", "EventFormatType")
    body = {name: value for name, value in call.object().items() if name in kept}
    bmc.subscriptions[key] = {"Context": "", "Protocol": "Redfish", "SubscriptionType": "RedfishEvent", **body}
    path = f"{ROOT}/EventService/Subscriptions/{key}"
    return Answer(201, bmc.done("SYS414").body, {"Location": path})


def unsubscribe(bmc: Bmc, call: Call, key: str) -> Answer:
    """Drop a subscription."""
    if bmc.subscriptions.pop(key, None) is None:
        raise Denied(404, base("ResourceMissingAtURI", call.path))
    return bmc.done()
