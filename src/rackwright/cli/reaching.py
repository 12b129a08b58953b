"""Options of the verbs that reach devices, and what they mean: who is meant, where each answers, how to log in.

``@reaching`` gives a verb the options and hands it one :class:`Wanted`; :func:`reach` makes a
:class:`~rackwright.drivers.reach.Reach` of it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from rackwright.cli.building import chosen
from rackwright.cli.params import PLACE
from rackwright.drivers.reach import BMC_PASSWORD, BMC_USER, HOST_USER, JOBS, Reach, state_folder, to_site, to_twin
from rackwright.plan.model import Plan
from rackwright.secrets import SecretRef

if TYPE_CHECKING:
    from rackwright.drivers.nvue.connect import Transport

__all__ = ["Reach", "Wanted", "reach", "reaching", "state_folder"]

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class Wanted:
    """What was asked for on the command line."""

    twin: bool = False
    trust_on_first_use: bool = False
    identity: Path | None = None
    transport: Transport = "ssh"
    limit: tuple[str, ...] = ()
    jobs: int | None = None
    """Devices worked on at the same time; None: nobody said."""
    database: str | None = field(default=None, repr=False)
    """The PostgreSQL that keeps the journal of runs, of a verb that has an option for it; None: SQLite in the site's folder."""

    def at_once(self, usual: int = JOBS) -> int:
        """Return how many devices are worked on at the same time: what was said, else what is usual for their kind."""
        return usual if self.jobs is None else self.jobs


def reaching(command: Command) -> Command:
    """Give a verb the options of reaching devices; it gets them as one argument, ``wanted``."""

    @functools.wraps(command)
    def with_wanted(*args: Any, **kwargs: Any) -> Any:
        own = {name: kwargs.pop(name) for name in Wanted.__dataclass_fields__ if name != "database"}
        return command(*args, **kwargs, wanted=Wanted(**own))

    made: Any = with_wanted
    for option in reversed(_OPTIONS):
        made = option(made)
    return made  # type: ignore[no-any-return]  # what click returns is what it was given


_OPTIONS: Final = (
    click.option("--twin", is_flag=True, help="Go to the emulated rack of this site instead of the real one."),
    click.option("--trust-on-first-use", is_flag=True, help="Pin the host key or certificate of a device met first."),
    click.option("--identity", type=PLACE, metavar="FILE", help="Log in with this private key."),
    click.option("--transport", type=click.Choice(["ssh", "rest"]), default="ssh", show_default=True,
                 help="Speak through the nv command or the NVUE API."),
    click.option("--limit", multiple=True, metavar="PATTERN", help="Only these devices (be01, be-*); may be given again."),
    click.option("--jobs", type=click.IntRange(1, 512), show_default=f"{JOBS}; 64 BMCs, 32 hosts", metavar="N",
                 help="Devices worked on at the same time."),
)  # fmt: skip


def reach(
    plan: Plan,
    site: Path,
    wanted: Wanted,
    *,
    bmcs: Mapping[str, str] | None = None,
    bmc_password: SecretRef = BMC_PASSWORD,
    bmc_user: str = BMC_USER,
    hosts: Mapping[str, str] | None = None,
    host_user: str = HOST_USER,
) -> Reach:
    """Work out how the switches of a plan are reached; nothing is connected yet. ``site`` is the folder of ``site.yaml``.

    ``bmcs`` are the BMCs that are meant too, name -> address (empty: none is known); ``bmc_password`` is the site's ``access.bmc``,
    ``bmc_user`` its ``bmc.user``; ``hosts`` and ``host_user`` are the same for the operating systems of servers.
    Raises :class:`~rackwright.errors.TwinError` when the twin is asked for and is not up, and a usage error for a pattern
    of ``--limit`` that means nobody.
    """
    names = [switch.name for switch in plan.switches]
    known, systems = bmcs or {}, hosts or {}
    everyone = dict.fromkeys((*names, *known, *systems))
    meant = chosen(everyone, wanted.limit) if wanted.limit else frozenset(everyone)
    asked = [name for name in names if name in meant]
    others = [name for name in names if name not in meant]
    boards = {name: address for name, address in known.items() if name in meant}
    machines = {name: address for name, address in systems.items() if name in meant}
    state = state_folder(site)
    if wanted.twin:
        return to_twin(
            state,
            asked,
            transport=wanted.transport,
            identity=wanted.identity,
            first_use=wanted.trust_on_first_use,
            jobs=wanted.at_once(),
            database=wanted.database,
            bmcs=boards,
            bmc_password=bmc_password,
            hosts=machines,
            outside=others,
        )
    addresses = {device.name: device.management.partition("/")[0] for device in plan.devices}
    return to_site(
        state,
        {name: addresses.get(name, "") for name in asked},
        transport=wanted.transport,
        identity=wanted.identity,
        first_use=wanted.trust_on_first_use,
        jobs=wanted.at_once(),
        database=wanted.database,
        bmcs=boards,
        bmc_password=bmc_password,
        bmc_user=bmc_user,
        hosts=machines,
        host_user=host_user,
        outside={name: addresses.get(name, "") for name in others},
    )
