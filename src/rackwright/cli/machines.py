"""What ``audit`` and ``snapshot`` do with servers: who is meant, and what their BMCs tell, through Nornir."""

from __future__ import annotations

import fnmatch
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final

from rackwright import audit
from rackwright.cli.talk import Talk
from rackwright.drivers.reach import Reach
from rackwright.errors import SecretUnresolved, Unreachable
from rackwright.plan.controllers import BmcSettings, bmc_settings
from rackwright.plan.machines import Machine, machines
from rackwright.plan.workspace import Planned, Workspace
from rackwright.report.words import count
from rackwright.secrets import resolve

if TYPE_CHECKING:
    from rackwright.drivers.redfish.model import Topic

__all__ = ["BMC_JOBS", "Servers", "looked", "of_site"]

BMC_JOBS: Final = 64
"""BMCs asked at the same time, unless ``--jobs`` says otherwise: they are slow and many, and each is asked one thing at a time."""

_CALVIN: Final = "calvin"
"""Factory password of old orders (redfish.md 2.1)."""


@dataclass(frozen=True)
class Servers:
    """The servers of a site and how their BMCs are reached and set."""

    machines: tuple[Machine, ...]
    settings: Mapping[str, BmcSettings]

    @cached_property
    def addresses(self) -> dict[str, str]:
        """Return the address of each BMC, those of adapters too (``gpu01.b3220l-1``); empty: none is known."""
        found = {machine.name: machine.bmc_address for machine in self.machines}
        for machine in self.machines:
            cards = [adapter for adapter in machine.adapters if adapter.bmc_address]
            found |= {f"{machine.name}.{adapter.name}": adapter.bmc_address for adapter in cards}
        return found

    def meant(self, limit: Sequence[str]) -> tuple[str, ...]:
        """Return the BMCs that the patterns of ``--limit`` mean; a server's pattern means those of its adapters too."""
        if not limit:
            return tuple(self.addresses)
        return tuple(
            name for name in self.addresses
            if any(fnmatch.fnmatch(part, pattern) for part in (name, name.partition(".")[0]) for pattern in limit)
        )  # fmt: skip

    def bios(self) -> dict[str, dict[str, str | int | None]]:
        """Return the BIOS values that each server should have."""
        return {
            machine.name: {row.attribute: row.value for row in machine.bios if row.need != "forbidden"}
            for machine in self.machines
        }


def of_site(opened: Workspace, planned: Planned) -> Servers:
    """Return the servers of a planned site."""
    site = opened.loaded.require()
    found = machines(planned.plan, site, opened.loaded.catalog)
    return Servers(found, {machine.name: bmc_settings(site, planned.plan, machine.name) for machine in found})


def looked(
    talk: Talk, way: Reach, names: Sequence[str], topics: Collection[Topic], *, jobs: int,
    wanted: Mapping[str, Mapping[str, object]] | None = None,
) -> dict[str, audit.Evidence]:  # fmt: skip
    """Ask the BMCs that are meant, through Nornir; return the evidence of each, also of those that cannot be reached.

    ``wanted`` are BIOS values by server, with which a registry is read only where it is needed.
    """
    import nornir_tasks

    taken = datetime.now(UTC).isoformat(timespec="seconds")
    asked = [name for name in names if name in way.bmcs]
    found = {
        name: audit.unreached(name, Unreachable(way.bmcs_astray.get(name, "it is not known where it answers"), device=name), taken)
        for name in names if name not in way.bmcs
    }  # fmt: skip
    if asked:
        # Nornir logs a failure with its traceback; ours is told once, as a sentence.
        logging.getLogger("nornir").addHandler(logging.NullHandler())
        nornir = nornir_tasks.nornir_of_bmcs(asked, jobs, talk.counter("asked", len(asked)))
        results = nornir.run(
            task=nornir_tasks.ask_bmc, way=way, topics=topics, taken=taken, factory=_is_factory(way), wanted=wanted
        )
        for name, result in results.items():
            if result.exception is not None:
                raise result.exception
            found[name] = result[0].result
    talk.say(f"asked {count(len(asked), 'BMC')} in {talk.seconds():.1f} s")
    return found


def _is_factory(way: Reach) -> bool:
    """Tell whether the password that BMCs are logged in to with is the one that everybody knows."""
    try:
        return resolve(way.bmc_password, way.resolvers).reveal() == _CALVIN
    except SecretUnresolved:
        return False
