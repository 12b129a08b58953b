"""What was read of one server before anything is changed, and what a push would do to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

from rackwright.catalog.images import Image
from rackwright.catalog.models import Catalog
from rackwright.diff.bmc import bios_state, firmware_states
from rackwright.drivers.clock import Clock
from rackwright.drivers.redfish.model import Topic
from rackwright.errors import DriverError
from rackwright.plan.machines import Machine
from rackwright.push.bmc.activation import in_words
from rackwright.push.bmc.changeset import ServerChanges, Unread
from rackwright.push.bmc.contact import AGAIN, Connect
from rackwright.push.bmc.rules import Rules, rules_of
from rackwright.push.bmc.way import way
from rackwright.redfish import reading

__all__ = ["TOPICS", "Planner", "survey"]

TOPICS: Final[frozenset[Topic]] = frozenset({"system", "hardware", "firmware", "bios", "registry", "jobs"})
"""What a changeset is made of."""

_STEP_S: Final = 15.0
_RUNS_S: Final = 3600.0


@dataclass(frozen=True)
class Planner:
    """What decides on the way of any server of a site."""

    catalog: Catalog
    release: str
    images: tuple[Image, ...] = ()
    allow_downgrade: bool = False
    only: Literal["bios", "firmware"] | None = None
    """What is planned; the other is looked at and left as it is."""

    @cached_property
    def _rules(self) -> dict[str, Rules]:
        return {}

    def changes(self, machine: Machine, resources: Mapping[str, Any]) -> ServerChanges:
        """Return what one server has before it, from what its BMC told."""
        told = reading.inventory(resources)
        firmware = firmware_states(machine, told, self.catalog)
        bios = bios_state(machine, told, reading.registry(resources, told.bios))
        if machine.model not in self._rules:
            made = rules_of(self.catalog, self.release, machine.model, allow_downgrade=self.allow_downgrade)
            self._rules[machine.model] = made
        found = way(
            machine,
            () if self.only == "bios" else firmware,
            None if self.only == "firmware" else bios,
            self.images,
            self._rules[machine.model],
        )
        return ServerChanges(
            device=machine.name, model=machine.model, tag=machine.service_tag, firmware=firmware, bios=bios, way=found
        )


def survey(
    machine: Machine, connect: Connect, clock: Clock, planner: Planner, heard: Callable[[str, str], None]
) -> ServerChanges | Unread:
    """Read one server once no job runs on it any more, and compare it; nothing is done to it meanwhile.

    A push that was killed leaves jobs running: what they bring is not there yet. ``heard`` is told the server and the
    jobs. What the wire or the BMC refuses is told in the value.
    """
    device, until, said = machine.name, clock.now() + _RUNS_S, False
    try:
        while True:
            session = connect(device)
            try:
                running = [job for job in session.jobs() if job.state == "running"]
                if not running:
                    return planner.changes(machine, session.read(TOPICS))
            finally:
                session.close()
            if clock.now() >= until:
                return Unread(device, f"jobs run and do not end: {in_words(running)}", AGAIN)
            if not said:
                heard(device, in_words(running))
                said = True
            clock.sleep(_STEP_S)
    except DriverError as error:
        return Unread(device, str(error), error.remedy or AGAIN)
