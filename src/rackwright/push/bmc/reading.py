"""What was read of one server before anything is changed, and what a push would do to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

from rackwright.catalog.images import Image
from rackwright.catalog.models import Catalog
from rackwright.diff.bmc import bios_state, firmware_states
from rackwright.diff.bmc.model import BiosState
from rackwright.diff.bmc.settings import Settings, settings_changes
from rackwright.drivers.clock import Clock
from rackwright.drivers.redfish.model import Topic
from rackwright.errors import DriverError
from rackwright.plan.controllers import BmcSettings
from rackwright.plan.machines import Machine
from rackwright.push.bmc.activation import in_words
from rackwright.push.bmc.changeset import ServerChanges, Unread
from rackwright.push.bmc.contact import AGAIN, EVERYTHING, Connect, Held, is_full, packed
from rackwright.push.bmc.darkness import dark_since
from rackwright.push.bmc.meeting import FIRST_A_PASSWORD
from rackwright.push.bmc.model import Way
from rackwright.push.bmc.order import Limits
from rackwright.push.bmc.rules import Rules, rules_of
from rackwright.push.bmc.way import way
from rackwright.push.contact import MAY_PASS
from rackwright.push.identity import CABLING, stranger
from rackwright.redfish import reading
from rackwright.redfish.inventory import Inventory

__all__ = ["TOPICS", "Planner", "survey"]

TOPICS: Final[frozenset[Topic]] = frozenset({"system", "adapters", "firmware", "bios", "registry", "jobs"})
"""What a changeset is made of: of the hardware only what has firmware of its own and is not told by its place alone."""

_OFF: Final = frozenset({"Off", "PoweringOff"})
_STEP_S: Final = 15.0
_RUNS_S: Final = 3600.0
_IDLE_S: Final = Limits().idle_s


@dataclass(frozen=True)
class Planner:
    """What decides on the way of any server of a site."""

    catalog: Catalog
    release: str
    images: tuple[Image, ...] = ()
    allow_downgrade: bool = False
    only: Literal["bios", "firmware"] | None = None
    """What is planned; the other is looked at and left as it is."""
    settings: Mapping[str, BmcSettings] = field(default_factory=dict)
    """What the BMCs themselves are to be set to, by server; one that is not among them is left as it is."""
    authority: str = ""
    """Common name of the site's authority; empty: there is none."""
    lift: bool = False
    """Lockdown may be lifted meanwhile."""
    absent: frozenset[str] = frozenset()
    """Files of images that are not where the site says."""
    state: Path | None = None
    """``SITE/.rackwright``, whose runs tell which hosts are off by our own doing; None: that is not asked."""
    twin: bool = False
    """The servers are the emulated ones."""

    @property
    def topics(self) -> frozenset[Topic]:
        """What has to be read of a server."""
        return TOPICS | {"settings"} if self.settings else TOPICS

    @cached_property
    def _rules(self) -> dict[str, Rules]:
        return {}

    def changes(
        self, machine: Machine, resources: Mapping[str, Any], *, told: Inventory | None = None, factory: bool = False
    ) -> ServerChanges:
        """Return what one server has before it, from what its BMC told; ``factory``: with the factory's password.

        ``told``: the same as values, where somebody has them.
        """
        told = told or reading.inventory(resources)
        firmware = firmware_states(machine, told, self.catalog)
        registry = reading.registry(resources, told.bios)
        if told.lockdown and machine.name in self.settings and registry is not None:
            registry = registry.unlocked()  # lockdown comes off before, or nothing is changed at all
        bios = bios_state(machine, told, registry)
        if machine.model not in self._rules:
            made = rules_of(
                self.catalog, self.release, machine.model, allow_downgrade=self.allow_downgrade, absent=self.absent
            )
            self._rules[machine.model] = made
        found = way(
            machine,
            () if self.only == "bios" else firmware,
            None if self.only == "firmware" else bios,
            self.images,
            self._rules[machine.model],
        )
        return ServerChanges(
            device=machine.name,
            model=machine.model,
            tag=machine.service_tag,
            firmware=firmware,
            bios=bios,
            way=found,
            settings=self._settings(machine, resources, factory=factory, work=bool(found.steps)),
            dark=dark_since(self.state, machine.name, power=told.power, twin=self.twin) if self.state else (),
            off=told.power in _OFF,
        )

    def _settings(
        self, machine: Machine, resources: Mapping[str, Any], *, factory: bool, work: bool = False
    ) -> Settings:
        wanted = self.settings.get(machine.name)
        if wanted is None:
            return Settings()
        return settings_changes(resources, wanted, factory=factory, authority=self.authority, lift=self.lift, work=work)

    def first_of_all(self, machine: Machine) -> ServerChanges:
        """Return what a server has before it whose BMC tells nothing until its password is changed."""
        return ServerChanges(
            device=machine.name,
            model=machine.model,
            tag=machine.service_tag,
            bios=BiosState(profile=machine.bios_profile, known=False),
            way=Way(machine=machine.name),
            settings=self._settings(machine, {}, factory=True),
        )


def survey(
    machine: Machine, connect: Connect, clock: Clock, planner: Planner, heard: Callable[[str, str], None],
    *, patience_s: float = 0, keep: Callable[[Held], None] | None = None,
) -> ServerChanges | Unread:  # fmt: skip
    """Read one server once no job runs on it any more, and compare it; nothing is done to it meanwhile.

    A push that was killed leaves jobs running: what they bring is not there yet; and BMCs that restart, which are waited for
    ``patience_s``; with patience also until a session ends, where all are taken. ``heard`` is told the server and what is waited for. What the wire or the BMC refuses is told in the
    value. ``keep`` has everything read, and gets the session, open, to go on with and to close, where the site's password opened it. A ``connect`` that is a :class:`~rackwright.push.bmc.meeting.Greeter` knows whom the factory's password opened.
    """
    device, begun, said = machine.name, clock.now(), False
    while True:
        try:
            found, waits = _surveyed(machine, connect, clock, planner, keep), "jobs run"
        except DriverError as error:
            if getattr(error, "message_id", "") in FIRST_A_PASSWORD and device in getattr(connect, "fresh", ()):
                return planner.first_of_all(machine)
            found, waits = Unread(device, str(error), error.remedy or AGAIN, error.passing), "it does not answer"
            full = is_full(error) and patience_s > 0
            waits = "all sessions of its BMC are taken, idle ones end" if full else waits
            if not (full or isinstance(error, MAY_PASS)) or clock.now() - begun >= (_IDLE_S if full else patience_s):
                return found
        if isinstance(found, ServerChanges) or clock.now() - begun >= _RUNS_S:
            return found
        if not said:
            heard(device, f"{waits}: {found.cause}")
            said = True
        clock.sleep(_STEP_S)


def _surveyed(
    machine: Machine, connect: Connect, clock: Clock, planner: Planner, keep: Callable[[Held], None] | None
) -> ServerChanges | Unread:
    """Read one server, unless jobs run on it."""
    device, session = machine.name, connect(machine.name)
    with ExitStack() as unless_kept:
        unless_kept.callback(session.close)
        running = [job for job in session.jobs() if job.state == "running"]
        if running:
            return Unread(device, f"jobs run and do not end: {in_words(running)}", AGAIN, passing=True)
        fresh = device in getattr(connect, "fresh", ())
        resources = session.read(planner.topics | (EVERYTHING if keep else frozenset()))
        told, at = reading.inventory(resources), clock.now()
        if another := stranger(told.service_tag, machine.service_tag):
            raise DriverError(another, device=device, remedy=CABLING)
        changes = planner.changes(machine, resources, told=told, factory=fresh)
        if keep is not None and not fresh:
            keep(Held(session, packed(resources), told, at))
            unless_kept.pop_all()
        return changes
