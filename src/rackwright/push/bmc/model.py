"""The way of one server to its firmware and BIOS: ordered steps, what shares a restart, what is left to others."""

from __future__ import annotations

from typing import Literal

import msgspec

from rackwright.catalog.images import Image
from rackwright.diff.bmc.model import BiosChange

__all__ = ["SETTINGS", "Left", "Refusal", "Step", "StepKind", "Way"]

SETTINGS = "bios-settings"
"""Stands for the BIOS attributes among the components."""

StepKind = Literal["install", "stage", "settings", "restart"]
"""``install``: sent and applied at once; ``stage``: sent, applied at the restart that follows; ``settings``: BIOS attributes staged likewise;
``restart``: the host goes down once, by the activation that the step names."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do."""

    kind: StepKind
    group: int
    """What is staged and the restart that puts it in force have the same number, from 1; 0: an install, which needs none."""
    component: str = ""
    """Key of the kind of component; ``bios-settings`` for attributes; empty for a restart."""
    fqdds: tuple[str, ...] = ()
    image: Image | None = None
    at: Literal["now", "reset"] = "reset"
    """When the BMC applies what is sent: at once, or at the next start of the host. A ``stage`` that is applied at once is in force after its restart all the same."""
    activation: str = ""
    """Key of an ActivationModel: for a restart what is done, otherwise what the component asks for."""
    changes: tuple[BiosChange, ...] = ()
    """Attributes of a ``settings`` step."""
    staged: bool = False
    """It waits at the BMC already: nothing is sent again."""
    job: str = ""
    """Job that carries what is staged already."""
    minutes: float = 0
    why: str = ""


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """A component that is not as wanted and is brought there by another back-end."""

    component: str
    subjects: tuple[str, ...]
    backend: str
    found: tuple[str, ...] = ()
    wanted: str = ""
    activation: str = ""
    message: str = ""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """What stands between a component and its version."""

    component: str
    reason: Literal[
        "downgrade",
        "order-unknown",
        "no-image",
        "no-file",
        "no-hash",
        "needs",
        "unknown",
        "missing",
        "bios",
        "circle",
        "blocked",
    ]
    message: str
    remedy: str


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is to be done on one server, in order, and what it costs."""

    machine: str
    steps: tuple[Step, ...] = ()
    left: tuple[Left, ...] = ()
    refused: tuple[Refusal, ...] = ()
    compliant: tuple[str, ...] = ()
    """Components that are right."""
    unpinned: tuple[str, ...] = ()
    restarts: int = 0
    """How often the host goes down, power cycles included."""
    ac_cycles: int = 0
    """How many of the restarts take the auxiliary power too."""
    bmc_restarts: int = 0
    minutes: float = 0
