"""What a push that was cut off goes on with: what it was begun with. Where the site or the command line says something else by now, nothing does."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rackwright.cli.talk import Talk
from rackwright.errors import SiteChanged
from rackwright.push.basis import Basis, begun, refuse_edited
from rackwright.push.order import CONFIRM_S
from rackwright.runs.folder import RunFolder

if TYPE_CHECKING:
    from rackwright.cli.reaching import Reach

__all__ = ["Asked", "build_of", "refuse_other_site", "refuse_otherwise"]


@dataclass(frozen=True)
class Asked:
    """Options of the command line that belong to the beginning of a push; what was not given is None or empty."""

    build: Path | None = None
    image: Path | None = None
    confirm_s: int | None = None
    jobs: int | None = None
    drained_by: str = ""


def build_of(state: Path, run: str) -> Path | None:
    """Return the build folder that a run pushes; None where it pushes the site. Raises SiteChanged where it is gone."""
    order = begun(state, run)
    build = Path(order.basis.build) if order and order.basis and order.basis.build else None
    if build and not (build / "plan.json").is_file():
        raise SiteChanged(
            f"run {run} cannot go on, and nothing was begun: it pushes what {build} holds, which is not there any more; put it back and --resume "
            "goes on, or begin a new push without --resume: it reads first, and waits until what was cut off has settled"
        )
    return build


def refuse_otherwise(state: Path, run: str, asked: Asked) -> None:
    """Raise a usage error where what was cut off is asked to go on otherwise than it was begun: it could not heed that."""
    order = begun(state, run) if run else None
    if order is None:
        return
    build = Path(order.basis.build) if order.basis and order.basis.build else None
    jobs = RunFolder.found(state, run).record().jobs
    wrong = {
        "--build": asked.build is not None and asked.build.resolve() != build,
        "--install": asked.image is not None,
        "--confirm-within": asked.confirm_s not in {None, order.limits.get("confirm_s", CONFIRM_S)},
        "--jobs": asked.jobs not in {None, jobs},
        "--drained-by": bool(asked.drained_by) and asked.drained_by != order.drained_by,
    }
    if options := [name for name, is_wrong in wrong.items() if is_wrong]:
        raise click.UsageError(
            f"run {run} goes on as it was begun, without {' and '.join(options)} as given here: leave that out, or begin anew without --resume"
        )


def refuse_other_site(talk: Talk, way: Reach, run: str, basis: Callable[[Collection[str]], Basis]) -> None:
    """Raise :class:`~rackwright.errors.SiteChanged` where devices of a run are to become something else by now; ``basis`` tells it of devices."""
    order = begun(way.state, run) if run else None
    if order is None:
        return
    RunFolder.found(way.state, run).refuse_other_rack(way.twin)
    if order.basis is None:
        talk.say(
            f"run {run} was begun by a Nornir task, or by a version that did not keep what it was made of: whether the site has changed since is not known"
        )
    else:
        refuse_edited(run, order.basis, basis(order.basis.devices))
