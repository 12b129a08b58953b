"""A switch that runs another version of the NOS gets the planned one before its configuration."""

from __future__ import annotations

from contextlib import closing
from typing import Any, Final

import msgspec

from rackwright.bringup import files
from rackwright.bringup.job import Halted, Job, Part, ended
from rackwright.drivers.nvue.model import Facts
from rackwright.errors import DriverError
from rackwright.push.installs.order import InstallLimits, make_install
from rackwright.push.installs.program import Installs
from rackwright.runs.model import GOOD, Outcome

__all__ = ["is_lost", "renewed", "told"]

INSTALLS: Final = "installs"
"""Folder of the orders of installations, among those of the tasks."""


class _Version(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a look at the version brought: an order in a file where another one runs."""

    file: str = ""
    digest: str = ""
    halt: Halted | None = None


def renewed(job: Job) -> Outcome:
    """Install the image of the consent on a switch that runs another version than the planned one."""
    found = msgspec.convert(job.context.step("version", lambda: msgspec.to_builtins(_ordered(job))), _Version)
    if found.halt is not None:
        return job.failed("version", found.halt)
    if not found.file:
        return ended(job, "unchanged")
    part: Any = Part(job.context, "install, ")
    data = files.kept(job.context.folder, found.file, found.digest)
    outcome = Installs(job.world.way).device(part, data, job.device)
    return msgspec.structs.replace(outcome, detail={**outcome.detail, "installed": found.file})


def told(job: Job, renewed: Outcome, outcome: Outcome) -> Outcome:
    """Return how a switch ended that may have been installed before: it was changed then, though its configuration came with the image."""
    if renewed.state != "done" or outcome.state not in GOOD:
        return outcome
    changes = [f"+ Cumulus Linux {job.world.plan.nos}, installed anew", *outcome.detail.get("changes", ())]
    kept = [*outcome.detail.get("evidence", ()), *([backup] if (backup := renewed.detail.get("backup")) else ())]
    return msgspec.structs.replace(
        outcome, state="done", detail={**outcome.detail, "changes": changes, "evidence": kept}
    )


def is_lost(outcome: Outcome) -> bool:
    """Say whether a switch was to be installed and may not be back: its partner must not go next."""
    return "installed" in outcome.detail and outcome.state not in GOOD and outcome.stage != "look"


def _ordered(job: Job) -> _Version:
    world, name, image = job.world, job.device, job.order.consent.image
    assert image is not None  # noqa: S101 - asked only where there is one
    try:
        with closing(world.way.connect(name, patience_s=world.patience.first_s)) as session:
            facts: Facts = session.facts()
    except DriverError as error:
        return _Version(halt=Halted(str(error), error.remedy, error.passing))
    order = make_install(world.plan, {name: facts}, {name: world.tree(world.switches[name])}, image, InstallLimits())
    if not order.targets:
        return _Version()
    file, digest = files.order(job.context.folder, f"{INSTALLS}/{job.task.name}", order.encoded())
    return _Version(file, digest)
