"""The host behind a BMC: its power, what it boots, what lies in its virtual drives (redfish.md 2.2, 2.6)."""

from __future__ import annotations

from typing import Any, Final

from rackwright.drivers.redfish.model import Boot, Host, Media
from rackwright.drivers.redfish.places import Places, dig, link
from rackwright.drivers.redfish.reader import Reader
from rackwright.errors import DeviceRefused

__all__ = ["ac_cycle", "boot", "boot_once", "eject", "insert", "media", "reset", "state"]

_ENDS: Final = {"On": "On", "ForceOff": "Off", "GracefulShutdown": "Off"}
"""Where a reset leads that is nothing when the host is there already."""
_NO_STATE: Final = frozenset({400, 409})
_TRIES: Final = 2


def state(places: Places) -> Host:
    """Read how far the host is now."""
    found = places.session.object(link(places.system))
    progress = dig(found, "BootProgress", "LastState")
    return Host(
        power=str(found.get("PowerState") or ""),
        reset_at=str(found.get("LastResetTime") or ""),
        progress=str(progress or ""),
    )


def reset(places: Places, kind: str) -> None:
    """Reset the host, unless it is where that leads."""
    action = places.action(places.system, "ComputerSystem.Reset")
    if not action:
        raise places.no("power control", "press the button")
    aim = _ENDS.get(kind)
    if aim and state(places).power == aim:
        return
    try:
        places.session.send("POST", action, {"ResetType": kind})
    except DeviceRefused as error:
        # Somebody else was faster (redfish.md 5, row 35).
        if not aim or error.status not in _NO_STATE or state(places).power != aim:
            raise


def ac_cycle(places: Places) -> None:
    """Cycle the auxiliary power too."""
    action = places.action(places.chassis, "DellOemChassis.ExtendedReset")
    if not action:
        raise places.no("virtual AC cycle", "cut the power at the PDU for a minute")
    places.session.send("POST", action, {"ResetType": "PowerCycle", "FinalPowerState": "On"})


# --- boot --------------------------------------------------------------------------------------------------------------


def boot(places: Places) -> Boot:
    """Read the boot override as it is now."""
    found = places.session.object(link(places.system)).get("Boot")
    found = found if isinstance(found, dict) else {}
    return Boot(
        target=str(found.get("BootSourceOverrideTarget") or ""),
        enabled=str(found.get("BootSourceOverrideEnabled") or ""),
        mode=str(found.get("BootSourceOverrideMode") or ""),
    )


def boot_once(places: Places, target: str, uri: str) -> None:
    """Set a boot override for one boot and look that it is set."""
    wanted: dict[str, Any] = {
        "BootSourceOverrideEnabled": "Once",
        "BootSourceOverrideTarget": target,
        "BootSourceOverrideMode": "UEFI",
    }
    if uri:
        if "HttpBootUri" not in (places.system.get("Boot") or {}):
            raise places.no(
                "boot from a URL that is given here", "set the BIOS attribute HttpDev1Uri, or serve it by DHCP"
            )
        wanted["HttpBootUri"] = uri
    places.session.patch(link(places.system), {"Boot": wanted})
    found = boot(places)
    if found.target != target or found.enabled == "Disabled":
        device = places.session.device
        remedy = "look for a pending BIOS job: an override may wait for it"
        raise DeviceRefused(
            f"the BMC of {device} took the boot override and shows {found.target or 'none'} ({found.enabled}): {remedy}",
            device=device,
            remedy=remedy,
        )


# --- virtual media -----------------------------------------------------------------------------------------------------


def media(places: Places, reader: Reader) -> tuple[Media, ...]:
    """Read the virtual drives."""
    return tuple(
        Media(
            name=str(drive.get("Id") or ""), image=str(drive.get("Image") or ""), inserted=bool(drive.get("Inserted"))
        )
        for drive in _drives(places, reader)
    )


def insert(places: Places, reader: Reader, url: str) -> str:
    """Put an image into the first drive that takes a CD; return its name."""
    drive = next((one for one in _drives(places, reader) if _takes_cd(one)), None)
    action = places.action(drive or {}, "VirtualMedia.InsertMedia")
    if drive is None or not action:
        raise places.no("virtual CD", "put the image on a USB stick")
    name, session = str(drive.get("Id") or ""), places.session
    if drive.get("Inserted") and drive.get("Image") == url:
        return name
    _empty(places, drive)
    for attempt in range(_TRIES):
        try:
            session.send("POST", action, {"Image": url, "Inserted": True, "WriteProtected": True})
        except DeviceRefused:
            if attempt:
                raise
            # Somebody else's may be in by now; that is put out once (redfish.md 5, row 33).
            _empty(places, session.object(link(drive)))
            continue
        found = session.object(link(drive))
        if found.get("Inserted"):
            return name
    raise DeviceRefused(
        f"the BMC of {session.device} took the image and has it not in: look whether it can reach {url}",
        device=session.device,
        remedy=f"look whether it can reach {url}",
    )


def eject(places: Places, reader: Reader) -> None:
    """Empty the virtual drives."""
    for drive in _drives(places, reader):
        _empty(places, drive)


def _empty(places: Places, drive: dict[str, Any]) -> None:
    action = places.action(drive, "VirtualMedia.EjectMedia")
    if drive.get("Inserted") and action:
        places.session.send("POST", action, {})


def _drives(places: Places, reader: Reader) -> list[dict[str, Any]]:
    """Return the drives of the system, since 6.00 of iDRAC; before that the manager had them (RAC0904 there otherwise)."""
    uri = link(places.system, "VirtualMedia") or link(places.manager, "VirtualMedia")
    return reader.members(uri) if uri else []


def _takes_cd(drive: dict[str, Any]) -> bool:
    kinds = dig(drive, "MediaTypes")
    return isinstance(kinds, list) and bool({"CD", "DVD"} & set(kinds))
