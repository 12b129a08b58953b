"""The order of a push to BMCs: everything that a run needs, as bytes that lie in its folder; no secret is in it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path as FilePath
from typing import Any, Final, Literal

import msgspec

from rackwright.catalog.firmware import ActivationModel
from rackwright.catalog.models import Catalog
from rackwright.errors import RunChanged
from rackwright.plan.model import Plan
from rackwright.push.apart import apart_from
from rackwright.push.basis import Basis
from rackwright.push.bmc.changeset import Changeset, ServerChanges
from rackwright.push.bmc.model import Step, Way
from rackwright.push.bmc.turns import turns
from rackwright.redfish.versions import same
from rackwright.runs.model import Apart

__all__ = ["Event", "Limits", "Order", "Part", "ServerOrder", "decode", "make_order"]

_RESTART: Final = 1
"""Strength of an activation that a warm restart is enough for."""

Event = Literal["none", "restart", "cycle", "ac"]
"""What an activation asks of the host: nothing, a restart, power off and on, auxiliary power off and on too."""


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One component whose version is to change."""

    component: str
    fqdd: str
    before: str
    wanted: str
    equal: tuple[str, ...] = ()
    """Other spellings of the wanted version."""

    def right(self, version: str) -> bool:
        """Tell whether a version is the wanted one, in whichever spelling."""
        return any(same(version, wanted) for wanted in (self.wanted, *self.equal))

    def known(self, version: str) -> bool:
        """Tell whether a version is one that this push may find: the former or the wanted one."""
        return version == self.before or same(version, self.before) or self.right(version)


class ServerOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, dict=True):
    """What one server is to become."""

    device: str
    tag: str = ""
    """Service tag of the plan; empty: not known."""
    way: Way
    dark: tuple[str, ...] = ()
    """The runs that were cut off while they had its power cut: that it is off is not how it is meant to be."""
    left_off: bool = False
    """It was off by one of them when it was read."""
    parts: tuple[Part, ...] = ()
    bios: dict[str, Any] = {}
    """What the attributes that are to change said before."""
    implied: dict[str, Any] = {}
    """Attributes that the changes bring along; they are not sent, and verified with them."""

    @cached_property
    def of(self) -> Mapping[str, Part]:
        """The parts by FQDD."""
        return {part.fqdd: part for part in self.parts}

    @property
    def steps(self) -> tuple[Step, ...]:
        """What is to be done, in order."""
        return self.way.steps

    @property
    def work(self) -> bool:
        """Tell whether there is anything to do."""
        return bool(self.steps or self.left_off)

    @cached_property
    def attributes(self) -> Mapping[str, Any]:
        """Every BIOS attribute that is to change, with its new value."""
        return {change.attribute: change.new for step in self.steps for change in step.changes}


class Limits(msgspec.Struct, frozen=True, omit_defaults=True):
    """How long things may take, in seconds of the run's clock."""

    login_s: float = 600
    """For a BMC to let us in and to answer; one that restarts takes 3 to 8 min (redfish.md 5, row 13)."""
    idle_s: float = 2100
    """For a session that somebody left at the BMC to end by itself, with a margin: 1800 s after its last use (redfish.md 2.1)."""
    ready_s: float = 1200
    """For a lifecycle controller to take work: it collects the inventory after a start of the host."""
    heed_s: float = 180
    """For a command whose answer was lost to show that it was heard, before it is said again."""
    arrive_s: float = 1200
    """For an image to be fetched and found good, once the BMC took it."""
    graceful_s: float = 300
    """For an operating system to heed a graceful restart or shutdown, before it is forced."""
    boot_s: float = 1200
    """For a forced restart to set waiting jobs going, and for a host to be on."""
    job_s: float = 3600
    """For jobs that run to end."""
    bmc_s: float = 1800
    """For a BMC to come back from its own update (redfish.md 2.5: Dell's own script gives it 30 min)."""
    verify_s: float = 600
    """For the inventory to tell the new versions after the jobs ended."""
    poll_s: float = 20
    """Between two looks at first; as long as it has lasted later on, up to the next."""
    longest_poll_s: float = 60


class Order(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, dict=True):
    """A push, whole."""

    schema: Literal[1] = 1
    site: str
    intent: str
    folder: str
    """The site's folder, below which the files of images lie."""
    servers: tuple[ServerOrder, ...]
    waves: tuple[tuple[str, tuple[str, ...]], ...]
    events: dict[str, Event] = {}
    """Key of an activation -> what it does."""
    self_cycling: tuple[str, ...] = ()
    """Kinds of components after whose job the machine cycles its auxiliary power by itself (redfish.md 2.5: CPLD)."""
    drained_by: str = ""
    """Program that is asked, with the server's name, whether its host is drained; empty: the operator's word stands."""
    limits: Limits = Limits()
    apart: Apart = ()
    """Devices that nobody else may work on meanwhile."""
    basis: Basis | None = None
    """What it was made of; None: not kept."""

    @cached_property
    def of(self) -> Mapping[str, ServerOrder]:
        """The servers by name."""
        return {server.device: server for server in self.servers}

    def encoded(self) -> bytes:
        """Return the bytes that a run keeps."""
        return msgspec.json.encode(self)


def make_order(
    changeset: Changeset,
    plan: Plan,
    catalog: Catalog,
    folder: FilePath,
    *,
    drained_by: str = "",
    limits: Limits | None = None,
) -> Order:
    """Put together what a run needs of a changeset, the plan and the catalog; ``folder`` is the site's."""
    names = [server.device for server in changeset.servers]
    return Order(
        site=changeset.site,
        intent=changeset.intent,
        folder=str(folder.resolve()),
        servers=tuple(map(_server, changeset.servers)),
        waves=turns(plan, names),
        events={key: _event(row) for key, row in catalog.activations.items()},
        self_cycling=tuple(
            key
            for key, kind in catalog.firmware.items()
            if kind.alone and _event(catalog.activations[kind.activation]) == "ac"
        ),
        drained_by=drained_by,
        limits=limits or Limits(),
        apart=apart_from(plan, names),
    )


def _server(changes: ServerChanges) -> ServerOrder:
    sent = {fqdd for step in changes.way.steps for fqdd in step.fqdds}
    parts = (
        Part(component=state.key, fqdd=state.fqdd, before=state.found, wanted=state.wanted or "", equal=state.equal)
        for state in changes.firmware
        if state.fqdd in sent and state.wanted
    )
    attributes = [change for step in changes.way.steps for change in step.changes]
    return ServerOrder(
        device=changes.device,
        tag=changes.tag,
        way=changes.way,
        dark=changes.dark,
        left_off=bool(changes.left_off),
        parts=tuple(parts),
        bios={change.attribute: change.old for change in attributes},
        implied={change.attribute: change.new for change in changes.bios.implied} if attributes else {},
    )


def _event(row: ActivationModel) -> Event:
    if not row.host_down:
        return "none"
    if row.bmc_down:
        return "ac"
    return "restart" if row.strength <= _RESTART else "cycle"


_OTHER: Final = "start a new push, it reads first"


@lru_cache(maxsize=2)
def decode(data: bytes) -> Order:
    """Read the bytes of an order; the last ones are kept, since every server of a run asks.

    Raises :class:`~rackwright.errors.RunChanged` when they are of another version.
    """
    try:
        return msgspec.json.decode(data, type=Order)
    except msgspec.MsgspecError as error:
        raise RunChanged(f"this run was ordered by another version ({error}): {_OTHER}") from None
