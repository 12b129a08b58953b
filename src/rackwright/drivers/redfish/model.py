"""What a session with a BMC offers; every method has a limit in time, and nothing is sent twice blindly."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec

from rackwright.redfish.inventory import Job, Resources

__all__ = ["ALL", "Boot", "Host", "Media", "Readiness", "Redfish", "Topic"]

Topic = Literal[
    "system", "hardware", "firmware", "bios", "registry", "jobs", "settings", "links", "lights", "ports", "supplies", "adapters", "attributes",
]  # fmt: skip
"""What is read together: who it is; processors to power supplies; the software inventory; BIOS settings and what is
staged; the attribute registry of the BIOS; open jobs; the BMC's own attributes, accounts and lockdown; of the hardware
only power, network ports and their links, of these only what the system itself tells, and of that only its ports (the power
is then that of the last reading); the power supplies alone; the network adapters in their slots. Of the settings only the BMC's own attributes."""
ALL: frozenset[Topic] = frozenset({"system", "hardware", "firmware", "bios", "registry", "jobs", "settings"})


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the lifecycle controller takes work (redfish.md 2.2 readiness)."""

    ready: bool
    lifecycle: str = ""
    server: str = ""
    said: str = ""


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """How far a host is, as far as its BMC tells."""

    power: str = ""
    """``On``, ``Off``, ``PoweringOn`` or ``PoweringOff``."""
    reset_at: str = ""
    """``LastResetTime``: only that it is another one than before says something, its value does not (redfish.md 2.1)."""
    progress: str = ""
    """``BootProgress.LastState``."""


class Media(msgspec.Struct, frozen=True, kw_only=True):
    """A virtual drive."""

    name: str
    image: str = ""
    inserted: bool = False


class Boot(msgspec.Struct, frozen=True, kw_only=True):
    """The boot override."""

    target: str = ""
    enabled: str = ""
    """``Disabled``, ``Once`` or ``Continuous``."""
    mode: str = ""


class Redfish(Protocol):
    """One session with one BMC.

    Raised are the errors of ``rackwright.errors``: ``Unreachable`` and ``AuthRefused`` before anything was sent; ``DeviceRefused`` (its ``message_id`` is the last token of
    the BMC's own, its remedy the BMC's resolution); ``DeviceTimeout``; and ``LostMidCommand`` where it is not known whether the BMC acted: read its jobs, never send again blindly.
    """

    def read(self, topics: Collection[Topic] = ALL) -> Resources:
        """Read the resources of some topics in as few requests as the BMC allows; what failed is told under ``#errors``."""

    def get(self, path: str) -> Any:
        """Return the JSON of one resource."""

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Call an action once and return what it answers, None for nothing; never sent again."""

    def readiness(self) -> Readiness:
        """Ask whether the BMC takes work."""

    def jobs(self) -> tuple[Job, ...]:
        """Read the job queue."""

    def job(self, job: str) -> Job:
        """Read one job wherever the BMC keeps it; ``DeviceRefused`` with ``message_id`` ``ResourceMissing`` when it is nowhere."""

    def stage_bios(self, attributes: Mapping[str, Any]) -> str:
        """Stage attributes for the next reset, all in one; return the id of the job that will do it."""

    def clear_pending(self) -> None:
        """Drop what is staged and has no job."""

    def delete_job(self, job: str) -> None:
        """Take a job that is not running out of the queue."""

    def push_image(self, image: Path, *, at: Literal["now", "reset"] = "now") -> str:
        """Upload an update image in a stream; return the id of its job. ``reset``: applied at the next host reset."""

    def pull_image(self, url: str, *, at: Literal["now", "reset"] = "now", user: str = "", password: str = "") -> str:
        """Have the BMC fetch an update image; return the id of its job."""

    def host(self) -> Host:
        """Read how far the host is, in one request."""

    def power(self) -> str:
        """Return ``On``, ``Off``, ``PoweringOn`` or ``PoweringOff``."""

    def reset(self, kind: str) -> None:
        """Reset the host: ``On``, ``ForceOff``, ``GracefulShutdown``, ``GracefulRestart``, ``ForceRestart``, ``PowerCycle``.

        Already being in that state is no error.
        """

    def ac_cycle(self) -> None:
        """Cycle the auxiliary power too, as pulling the cords would (ExtendedReset); the host comes back on."""

    def restart_bmc(self) -> None:
        """Restart the BMC itself; the session ends."""

    def media(self) -> tuple[Media, ...]:
        """Read the virtual drives."""

    def insert(self, url: str) -> str:
        """Put an image into the virtual CD, whatever was there, and look that it is in; return the drive's name."""

    def eject(self) -> None:
        """Empty the virtual drives; nothing when they are."""

    def boot(self) -> Boot:
        """Read the boot override."""

    def boot_once(self, target: str, *, uri: str = "") -> None:
        """Boot once from ``Cd``, ``Pxe`` or ``UefiHttp``, in UEFI mode."""

    def change_settings(self, attributes: Mapping[str, Any]) -> None:
        """Set attributes of the BMC itself by their Dell names (``NTPConfigGroup.1.NTPEnable``)."""

    def export_profile(self) -> str:
        """Return the server configuration profile, secrets left out by the BMC; ``DeviceRefused`` where there is none."""

    def set_password(self, user: str, password: str) -> None:
        """Change the password of an account that exists."""

    def add_account(self, user: str, password: str, role: str = "Administrator") -> None:
        """Make an account; nothing when it exists with that role."""

    def close(self) -> None:
        """End the session at the BMC, whatever happened; never raises."""
