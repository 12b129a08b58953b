"""``rackwright worker``: helps with bring-ups that other processes began, and goes on with those whose process died."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Any

import click

from rackwright.cli.answer import Answer, verb
from rackwright.cli.params import PLACE
from rackwright.cli.reaching import Wanted, reaching
from rackwright.cli.talk import Talk

__all__ = ["command"]


@verb("worker")
@click.argument("site", type=PLACE, default=".", metavar="[DIR]")
@click.option("--database", metavar="URL", envvar="RACKWRIGHT_DATABASE",
              help="The PostgreSQL that holds the journal (or RACKWRIGHT_DATABASE); without it, that of the site's folder.")  # fmt: skip
@click.option(
    "--tag", "tags", multiple=True, metavar="TAG", help="What this process reaches, of the bring-up's --reach."
)
@reaching
def command(
    talk: Talk, site: Path, database: str | None, tags: tuple[str, ...], wanted: Wanted
) -> Answer:  # fmt: skip
    """Help with bring-ups of this site that others began.

    Takes tasks of living runs, and goes on with runs whose process died, until Ctrl-C; says what it takes over, what fails and how a run ended, and keeps
    the record where the process that began it died. Limits count over all workers. The
    site's folder is shared by all of them, and each needs the site's secrets.
    """
    from rackwright import runs
    from rackwright.bringup.submitting import work
    from rackwright.cli.bringing import opened_world
    from rackwright.cli.helping import Help

    if wanted.limit:
        raise click.UsageError(
            "a worker takes what the runs are about: --tag says what it reaches, --limit has no place here"
        )
    world = opened_world(talk, site, wanted)
    runs.refuse_other_database(world.way.state, database=database)
    told = Help(talk, world.plan, world.way.state, site, database)
    until = threading.Event()

    def end(_signal: int, _frame: Any) -> None:
        until.set()

    before = {one: signal.signal(one, end) for one in (signal.SIGINT, signal.SIGTERM)}
    reached = f", reaching {', '.join(tags)}" if tags else ""
    talk.say(f"working for {world.plan.name}{reached}; Ctrl-C leaves, and others take over what it has in hand")
    try:
        work(
            world,
            database=database,
            tags=tags,
            threads=wanted.at_once(),
            until=until,
            on_run=told.begins,
            on_end=told.ended,
            on_left=told.left,
        )
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
    return Answer(data={"site": world.plan.name, "tags": tags})
