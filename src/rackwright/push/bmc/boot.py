"""What brings a server to its installer: an image in the virtual drive, one boot from it, secure boot, power.

Each is looked at afterwards, is nothing when it is so already, and is never repeated in a loop: a server that does not boot what
it was told is an error with a name (redfish.md 5, rows 33 to 35).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from rackwright.errors import DeviceRefused, DeviceTimeout, DriverError

if TYPE_CHECKING:
    from rackwright.drivers.clock import Clock
    from rackwright.drivers.redfish.model import Redfish

__all__ = ["BootLimits", "Target", "boot_from", "eject", "insert", "power_off", "power_on", "secure_boot", "went_up"]

Target = Literal["Cd", "UefiHttp", "Pxe"]

_WORDS: Final = {
    "RAC0904": "it cannot reach the image: check the URL, its share, and the way from the management network to it",
    "SYS446": "it refuses the image: an ISO or IMG over HTTP, HTTPS, NFS or CIFS is wanted, by an address that it can name",
    "RAC0218": "all its sessions are taken: end those in its web page",
}
_MEDIA: Final = "see in its web page who holds the virtual drive, and whether it reaches the image"
_BOOT: Final = "see its boot order, and its console: the network or the image may not answer"
_PENDING: Final = "a BIOS job is open: the boot override would collide with it; let it finish first"


class BootLimits(msgspec.Struct, frozen=True, omit_defaults=True):
    """How long things may take, in seconds of the BMC's clock."""

    graceful_s: float = 300
    """From a graceful shutdown until the power is off; then it is forced off."""
    power_s: float = 120
    boot_s: float = 1200
    """From power on until the override is used up: XE9680 take ten minutes to their first boot device."""
    poll_s: float = 5


_LIMITS: Final = BootLimits()


# --- virtual media ---------------------------------------------------------------------------------------------------


def insert(session: Redfish, device: str, url: str) -> str:
    """Put an image into the virtual drive and return the drive's name; nothing when it holds that image already.

    Raises :class:`~rackwright.errors.DeviceRefused` when it is not in afterwards.
    """
    there = next((one for one in session.media() if one.inserted and one.image == url), None)
    if there is not None:
        return there.name
    try:
        name = session.insert(url)
    except DeviceRefused as error:
        raise _worded(error, device) from None
    if not any(one.inserted and one.image == url for one in session.media()):
        raise DeviceRefused(
            f"{device} says that the image is in, and it is not; {_MEDIA}", device=device, remedy=_MEDIA
        )
    return name


def eject(session: Redfish, device: str) -> None:
    """Empty the virtual drives; nothing when they are. Raises :class:`~rackwright.errors.DeviceRefused` when one is not."""
    if not any(one.inserted for one in session.media()):
        return
    session.eject()
    left = next((one for one in session.media() if one.inserted), None)
    if left is not None:
        raise DeviceRefused(f"{device} does not give up what is in {left.name}; {_MEDIA}", device=device, remedy=_MEDIA)


# --- boot ------------------------------------------------------------------------------------------------------------


def boot_from(session: Redfish, device: str, target: Target, *, uri: str = "") -> None:
    """Have the next boot, and that alone, go from ``target``; nothing when that is set already, as far as the BMC tells.

    Raises :class:`~rackwright.errors.DeviceRefused` while a BIOS job is open, and when the override does not hold.
    """
    # From where it would fetch what it boots over HTTP is not told: it may be another address than this one.
    if not uri and _set(session, target):
        return
    open_job = next((job for job in session.jobs() if job.open and job.kind == "BIOSConfiguration"), None)
    if open_job is not None:
        raise DeviceRefused(f"{device}: {open_job.id}: {_PENDING}", device=device, remedy=_PENDING)
    try:
        session.boot_once(target, uri=uri)
    except DeviceRefused as error:
        raise _worded(error, device) from None
    if not _set(session, target):
        found = session.boot()
        text = f"{device} took the boot override {target} and has {found.target or 'none'} ({found.enabled or 'unset'})"
        raise DeviceRefused(f"{text}; {_BOOT}", device=device, remedy=_BOOT)


def went_up(session: Redfish, device: str, target: Target, clock: Clock, limits: BootLimits = _LIMITS) -> None:
    """Wait until the override is used up: the server went to boot from ``target``.

    Raises :class:`~rackwright.errors.DeviceTimeout` when it still stands after ``boot_s``: it was ignored, and nothing is tried
    again. That the installer really runs is for whoever serves it to see.
    """
    if not _until(clock, limits.boot_s, limits.poll_s, lambda: not _set(session, target)):
        text = f"{device} did not boot from {target} within {limits.boot_s:g} s: the override still stands; {_BOOT}"
        raise DeviceTimeout(text, device=device, remedy=_BOOT)


def _set(session: Redfish, target: str) -> bool:
    found = session.boot()
    return found.enabled == "Once" and found.target == target


# --- secure boot -----------------------------------------------------------------------------------------------------


def secure_boot(session: Redfish, device: str, *, on: bool) -> str:
    """Stage secure boot on or off for the next reset; return the job, empty when it is so already or staged.

    It is the BIOS attribute ``SecureBoot``, since that shares one job and one reset with others (redfish.md 2.4). Raises
    :class:`~rackwright.errors.DeviceRefused` where the BIOS has no such attribute.
    """
    wanted = "Enabled" if on else "Disabled"
    resources = session.read({"bios"})
    bodies = {uri: body for uri, body in resources.items() if uri.endswith(("/Bios", "/Bios/Settings"))}
    now = _attribute(bodies, "/Bios")
    if now is None:
        remedy = "set it in its BIOS by hand: this BIOS does not tell of it"
        raise DeviceRefused(f"{device} has no BIOS attribute SecureBoot; {remedy}", device=device, remedy=remedy)
    staged = _attribute(bodies, "/Settings")
    if (staged or now) == wanted:
        return ""
    return session.stage_bios({"SecureBoot": wanted})


def _attribute(bodies: dict[str, Any], end: str) -> str | None:
    found = next((body.get("Attributes") or {} for uri, body in bodies.items() if uri.endswith(end)), {})
    value = found.get("SecureBoot")
    return None if value is None else str(value)


# --- power -----------------------------------------------------------------------------------------------------------


def power_off(session: Redfish, device: str, clock: Clock, limits: BootLimits = _LIMITS) -> None:
    """Shut a server down gracefully, by force after a time; nothing when it is off."""
    if session.power() == "Off":
        return
    session.reset("GracefulShutdown")
    if _until(clock, limits.graceful_s, limits.poll_s, lambda: session.power() == "Off"):
        return
    session.reset("ForceOff")
    _powered(session, device, "Off", clock, limits)


def power_on(session: Redfish, device: str, clock: Clock, limits: BootLimits = _LIMITS) -> None:
    """Switch a server on; nothing when it is."""
    if session.power() == "On":
        return
    session.reset("On")
    _powered(session, device, "On", clock, limits)


def _powered(session: Redfish, device: str, wanted: str, clock: Clock, limits: BootLimits) -> None:
    if not _until(clock, limits.power_s, limits.poll_s, lambda: session.power() == wanted):
        remedy = "look at its power supplies and its lifecycle log"
        text = f"{device} is not {wanted.lower()} within {limits.power_s:g} s; {remedy}"
        raise DeviceTimeout(text, device=device, remedy=remedy)


# ---------------------------------------------------------------------------------------------------------------------


def _until(clock: Clock, seconds: float, poll_s: float, there: Callable[[], bool]) -> bool:
    """Look again until it is so, or the time has passed."""
    end = clock.now() + seconds
    while not there():
        if clock.now() >= end:
            return False
        clock.sleep(poll_s)
    return True


def _worded(error: DeviceRefused, device: str) -> DriverError:
    """Return a refusal with what to do, where its id is known better than its words."""
    remedy = _WORDS.get(error.message_id)
    if remedy is None:
        return error
    return DeviceRefused(
        f"{error}; {remedy}", device=device, remedy=remedy, message_id=error.message_id, status=error.status
    )
