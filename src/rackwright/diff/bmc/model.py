"""How a server's firmware and BIOS stand against what they should be."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from rackwright.catalog.firmware import Backend

__all__ = ["BiosChange", "BiosProblem", "BiosState", "Cycle", "FirmwareState", "FirmwareVerdict"]

FirmwareVerdict = Literal["compliant", "behind", "ahead", "different", "unpinned", "unknown", "missing", "staged"]
"""``different``: another version, and which is newer cannot be told; ``unknown``: the BMC shows the component and no version;
``staged``: the wanted version waits for a restart."""


Cycle = Literal["", "power", "ac"]


class FirmwareState(msgspec.Struct, frozen=True, kw_only=True):
    """One component of one server, or the lack of it."""

    key: str
    """Kind of component: ``bios``, ``bluefield-firmware``."""
    name: str
    subject: str
    """What it is in the words of the plan: ``bios``, ``b3140h-3``, ``cx6dx-1.2`` where each port has firmware of its own; the FQDD where
    several of one kind are not told apart. No two states of a server have the same."""
    adapter: str = ""
    """The adapter that carries it; empty: the server's own component."""
    verdict: FirmwareVerdict
    fqdd: str = ""
    """Empty: missing."""
    found: str = ""
    wanted: str | None = None
    equal: tuple[str, ...] = ()
    backend: Backend = "bmc"
    source: str = ""
    """What the wanted version stands on."""
    evidence: str = ""
    """URI of the row that told the version."""
    job: str = ""
    """Id of the open job that is about this component."""
    cycle: Cycle = ""
    """What the job that brought it asks for: the host's power off and on, the auxiliary power too; empty: what is usual."""
    why: str = ""
    """One sentence; empty where the verdict says it all."""


class BiosChange(msgspec.Struct, frozen=True, kw_only=True):
    """One attribute to be set."""

    attribute: str
    old: Any
    new: Any
    reason: str = ""
    source: str = ""


class BiosProblem(msgspec.Struct, frozen=True, kw_only=True):
    """One attribute that cannot be brought to its value, and what to do."""

    attribute: str
    message: str
    remedy: str
    absent: bool = False
    """This BIOS does not show the attribute; another version of it may."""


class BiosState(msgspec.Struct, frozen=True, kw_only=True):
    """The BIOS of one server against its profile."""

    profile: str
    known: bool = True
    """False: the BMC did not tell the settings."""
    changes: tuple[BiosChange, ...] = ()
    """To be staged together."""
    implied: tuple[BiosChange, ...] = ()
    """Brought by the changes themselves, through a dependency: not sent, and verified with them."""
    compliant: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    """Wished for where present, and not there: hidden or not known to this BIOS."""
    problems: tuple[BiosProblem, ...] = ()
    staged: tuple[BiosChange, ...] = ()
    """Changes that wait for a restart already."""
    pending: tuple[tuple[str, Any], ...] = ()
    """Everything that is staged at the BMC, also what is not ours."""
    job: str = ""
    """Id of the open job that will apply what is staged."""
