"""Rows about firmware and BIOS: how a component is recognised, when its new version is in force, what a BIOS should say.

Which version is right is no fact of these rows: it stands in a release, or is the site's own choice.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from rackwright.catalog.rows import Row

__all__ = ["ActivationModel", "Backend", "Barrier", "BiosAttribute", "BiosProfile", "FirmwareKind"]

Backend = Literal["bmc", "host", "dpu-bmc"]
"""Who brings an image in: the server's BMC, the host's own operating system, or the BMC of a BlueField."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class ActivationModel(Row):
    """What puts new firmware in force, and how long it takes."""

    strength: int = Field(ge=0, le=9)
    """0: no event of the host; of two events the stronger does what the weaker does too."""
    host_down: bool
    """The host is restarted."""
    bmc_down: bool = False
    """The BMC is away for a while, and its sessions end."""
    minutes: float = Field(ge=0)
    """Until the machine is back, in minutes; for the estimate only."""


class Barrier(_Part):
    """A component that must stand before another one."""

    component: str
    """Key of a FirmwareKind."""
    must: Literal["staged", "live"]
    """``staged``: it goes first and may share the restart; ``live``: it is in force before the other is sent."""
    models: tuple[str, ...] = ()
    """Server models that this holds for; empty: all."""
    reason: str
    source: str


class FirmwareKind(Row):
    """One kind of component that carries firmware; the key is that of a release's component."""

    software_ids: tuple[str, ...] = ()
    """Dell's numbers of the kind, as the inventory's id holds them."""
    fqdds: tuple[str, ...] = ()
    """Patterns (``BIOS.Setup.*``) of the component's FQDD."""
    pci: tuple[str, ...] = ()
    """``VENDOR:DEVICE`` or ``VENDOR:DEVICE:SUBVENDOR:SUBDEVICE`` in upper hex."""
    names: tuple[str, ...] = ()
    """Patterns of the printed name, in any case."""
    nics: tuple[str, ...] = ()
    """NIC models whose firmware this is; empty: it is the server's own."""
    activation: str
    """Key of an ActivationModel."""
    sent: Literal["now", "reset"] = "reset"
    """When the BMC applies an image: as soon as it has it, or at the next start of the host."""
    alone: bool = False
    """No other job may wait beside its own."""
    after: tuple[Barrier, ...] = ()
    backend: Backend = "bmc"
    settings: bool = False
    """No firmware: it stands for the settings of the BIOS, which have a place in the order too."""
    optional: bool = False
    """Not every machine of its models has one: that it is missing is no fault."""
    minutes: float = Field(5, ge=0)
    """Sending and applying the image, in minutes; for the estimate only."""


class BiosAttribute(_Part):
    """One attribute of a BIOS and the value that it should have."""

    attribute: str
    value: str | int | None = None
    """``None`` with ``forbidden`` only."""
    need: Literal["required", "if-present", "forbidden"] = "required"
    """``if-present``: not every model or BIOS shows it; ``forbidden``: the value given, or any, must not stand there."""
    models: tuple[str, ...] = ()
    """Server models that this holds for; empty: all of the profile."""
    reason: str
    source: str


class BiosProfile(Row):
    """The BIOS settings of one sort of machine."""

    models: tuple[str, ...] = ()
    """Server models that it is meant for where the site says nothing; a model is in one profile at most."""
    attributes: tuple[BiosAttribute, ...]
    extends: str | None = None
