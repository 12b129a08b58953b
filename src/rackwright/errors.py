"""Every exception that Rackwright raises, in one tree.

The tree::

    RackwrightError
    +-- AssetsMissing          a shipped folder is in neither the wheel nor the checkout
    +-- DocumentError          a file cannot be read as YAML, CSV or JSON (carries problems)
    +-- IntentError            the site file is wrong (carries every problem)
    +-- PlanError              the wish cannot be planned (carries every problem)
    |   +-- LockNeedsChange    `--locked` was given and site.lock would change
    +-- CatalogError           a catalog row is wrong
    +-- RenderError            a template is wrong, or the build folder holds what is not ours
    +-- SchemaUnknown          no schema table for that NOS version
    +-- SecretUnresolved       a reference names no secret that can be found
    +-- StalePlan              a kept file no longer matches what it was made from
    +-- IncompleteResult       a fan-out returned fewer hosts than it was asked for
    +-- DriverError            a device was asked and it did not go well (carries which and when)
    |   +-- Unreachable        no connection could be made; nothing was sent
    |   |   +-- NoSession      one was made, and no session came of it: somebody is there
    |   +-- AuthRefused        the device refuses our key or password; nothing was sent
    |   +-- IdentityChanged    another host key or certificate answers than the one that is pinned
    |   +-- IdentityUnknown    no host key or certificate is pinned, and a first contact was not allowed
    |   +-- DeviceRefused      the device said no, in its own words (of a BMC: the id of its message too)
    |   |   +-- NotCarried     the transport in use has no such question; nothing was sent
    |   +-- DeviceTimeout      the device took longer than the limit
    |   +-- LostMidCommand     the connection broke; whether the device acted must be looked up
    +-- RunError               a durable run cannot be started or gone on with
    |   +-- RunBusy            another process holds the run
    |   +-- RunChanged         the run was begun by another version of the program
    |   |   +-- SiteChanged    the run was begun over another site than there is now
    +-- RecordError            a record cannot be made, signed or trusted
    +-- ServeError             what is to be served cannot be
    |   +-- BootRefused        a first boot may not have what it asks for
    +-- TwinError              the emulated rack cannot do that, or is not up

Problems about the operator's input are values (:class:`rackwright.findings.Problem`); an
exception only carries them to the edge. Each message ends with what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from rackwright.findings import Finding

__all__ = [
    "AssetsMissing",
    "AuthRefused",
    "BootRefused",
    "CatalogError",
    "DeviceRefused",
    "DeviceTimeout",
    "DocumentError",
    "DriverError",
    "IdentityChanged",
    "IdentityUnknown",
    "IncompleteResult",
    "IntentError",
    "LockNeedsChange",
    "LostMidCommand",
    "NoSession",
    "NotCarried",
    "PlanError",
    "RackwrightError",
    "RecordError",
    "RenderError",
    "RunBusy",
    "RunChanged",
    "RunError",
    "SchemaUnknown",
    "SecretUnresolved",
    "ServeError",
    "SiteChanged",
    "StalePlan",
    "TwinError",
    "Unreachable",
]


class RackwrightError(Exception):
    """Anything that Rackwright refuses to go on from."""

    def __init__(self, message: str, problems: Sequence[Finding] = ()) -> None:
        """Keep the sentence for the user and the problems that led to it."""
        super().__init__(message)
        self.problems: tuple[Finding, ...] = tuple(problems)


class AssetsMissing(RackwrightError):
    """A shipped folder is in neither the wheel nor the checkout."""


class DocumentError(RackwrightError):
    """A file cannot be read as what it should be."""


class IntentError(RackwrightError):
    """The site file is wrong; carries every problem found."""


class PlanError(RackwrightError):
    """What the site asks for cannot be planned; carries every problem found."""


class LockNeedsChange(PlanError):
    """The lock would change and the caller asked that it must not."""


class CatalogError(RackwrightError):
    """A catalog row is wrong or refers to something that is not there."""


class RenderError(RackwrightError):
    """A template or overlay cannot be printed, or the build folder holds what is not ours."""


class SchemaUnknown(RackwrightError):
    """There is no schema table for that NOS version."""


class SecretUnresolved(RackwrightError):
    """A secret reference names nothing that can be found."""


class StalePlan(RackwrightError):
    """A kept file no longer matches what it was made from."""


class IncompleteResult(RackwrightError):
    """A fan-out returned fewer hosts than it was asked for."""


class DriverError(RackwrightError):
    """A device was asked and it did not go well; ``device`` says which, ``remedy`` what to do."""

    passing: ClassVar[bool] = False
    """It is of a kind that goes by: a device that restarts, a line that breaks."""

    def __init__(self, message: str, *, device: str = "", remedy: str = "") -> None:
        """Keep the sentence, the device it is about and the way out."""
        super().__init__(message)
        self.device = device
        self.remedy = remedy


class Unreachable(DriverError):
    """No connection could be made; nothing was sent."""

    passing = True


class NoSession(Unreachable):
    """A connection was made, and no session came of it: somebody is there, and nothing was sent."""


class AuthRefused(DriverError):
    """The device refuses our key or password; nothing was sent."""


class IdentityChanged(DriverError):
    """Another host key or certificate answers than the one that is pinned."""


class IdentityUnknown(DriverError):
    """No host key or certificate is pinned for the device, and a first contact was not allowed."""


class DeviceRefused(DriverError):
    """The device said no, in its own words."""

    def __init__(
        self, message: str, *, device: str = "", remedy: str = "", message_id: str = "", status: int = 0
    ) -> None:
        """Keep the sentence, and of a BMC the last token of its message's id (``SYS011``) and the HTTP status."""
        super().__init__(message, device=device, remedy=remedy)
        self.message_id = message_id
        self.status = status


class NotCarried(DeviceRefused):
    """The transport in use has no such question; nothing was sent, and asking again gives no more."""


class DeviceTimeout(DriverError):
    """The device took longer than the limit."""

    passing = True


class LostMidCommand(DriverError):
    """The connection broke while a command ran; whether the device acted must be looked up."""

    passing = True


class RunError(RackwrightError):
    """A durable run cannot be started or gone on with."""


class RunBusy(RunError):
    """Another process holds the run or what it would change, or one that died left moving what it must not change beside."""


class RunChanged(RunError):
    """The run was begun by another version of the program."""


class SiteChanged(RunChanged):
    """The run was begun over another site than there is now."""


class RecordError(RackwrightError):
    """A record of a run cannot be made or signed, or what lies there is not what was signed."""


class TwinError(RackwrightError):
    """The emulated rack cannot do that, or is not up."""


class ServeError(RackwrightError):
    """What is to be served cannot be: no door can be opened, or an image is not what it should be."""


class BootRefused(ServeError):
    """A first boot may not have what it asks for: another switch asks, or its token is used, expired or unknown."""
