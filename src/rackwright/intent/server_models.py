"""What servers run beneath their operating system, as ``site.yaml`` says it: BMCs, firmware, BIOS."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from rackwright.intent.section import Intent, Key, Reference

__all__ = ["BiosIntent", "BiosOverride", "Bmc", "BmcAccount", "FirmwareIntent"]


class BmcAccount(Intent):
    """An account of a BMC beside its administrator's."""

    user: Key
    """Its name, e.g. that of the monitoring."""
    password: Reference
    """Its password."""
    role: Literal["Administrator", "Operator", "ReadOnly"] = "Administrator"


class Bmc(Intent):
    """How the BMCs themselves are set; time servers and time zone are those of the site."""

    user: Key = "root"
    """Administrator, whose password is ``access.bmc``."""
    service_account: BmcAccount | None = None
    """One more account, made where it is not."""
    lockdown: bool | None = None
    """System lockdown: on as the last step, off as the first; left as it is when absent."""
    certificate: Literal["pinned", "signed"] = "pinned"
    """``pinned``: its own certificate, known by its fingerprint; ``signed``: one by the authority ``bmc-ca``."""


class FirmwareIntent(Intent):
    """Firmware versions that the site chooses itself, and the images that it has."""

    versions: dict[Key, str | dict[Key, str]] = Field(default_factory=dict)
    """Version by kind of component, or below it by group, server model or NIC model; comes before the release's."""
    reason: str = ""
    """Why these versions; shown wherever one of them is told."""
    images: tuple[str, ...] = ()
    """Image catalogues beside this file: ``images.yaml``, or a Dell ``Catalog.xml``, ``package.xml`` or package as zip."""


class BiosOverride(Intent):
    """One attribute of the BIOS where this site departs from a profile."""

    attribute: Key
    value: str | int | None = None
    need: Literal["required", "if-present", "forbidden", "free"] = "required"
    """``free``: the attribute is left as it is."""
    groups: tuple[str, ...] = ()
    """Groups that it holds for; every machine when neither groups nor models are given."""
    models: tuple[str, ...] = ()
    """Server models that it holds for."""
    reason: Annotated[str, Field(min_length=1)]
    """Why."""


class BiosIntent(Intent):
    """What the BIOS of the servers should say."""

    profiles: dict[Key, Key] = Field(default_factory=dict)
    """Profile by group or server model, ``none`` for no profile; the catalog's for the model when absent."""
    overrides: tuple[BiosOverride, ...] = ()
    """Single attributes, over the profile."""
