"""``rackwright plan``: names, ports, cables, addresses, power; the only verb that frees what the lock holds."""

from __future__ import annotations

import os
from pathlib import Path

import click

from rackwright import report
from rackwright.cli.answer import Answer, verb
from rackwright.cli.params import PLACE
from rackwright.cli.talk import Talk
from rackwright.errors import DocumentError
from rackwright.plan import lock_text, workspace
from rackwright.report.plans import lock_lines, plan_lines, plan_value

__all__ = ["command"]


@verb("plan")
@click.argument("site", type=PLACE, default=".", metavar="[DIR]")
@click.option(
    "-o",
    "--out",
    type=PLACE,
    help="Write the whole plan as JSON to a file (- for stdout).",
)
@click.option("--free", is_flag=True, help="Give back what nothing asks for any more.")
@click.option("--locked", is_flag=True, help="Take a change of site.lock for an error (for CI).")
def command(talk: Talk, site: Path, out: Path | None, free: bool, locked: bool) -> Answer:
    """Work out names, ports, cables, addresses and power.

    What site.lock holds never moves; what is new is added to it. The lock is written only when it changes.
    """
    if free and locked:
        raise click.UsageError("--free changes the lock and --locked forbids it: give one of them")
    opened = workspace.open_site(site)
    planned = workspace.planned(opened, locked=locked, free=free)
    for problem in planned.warnings:
        (talk.detail if problem.severity == "info" else talk.say)(report.problem_line(problem))
    if not locked:
        lock_text.write(opened.lock_path, planned.lock)
    for line in lock_lines(planned, first=opened.kept is None, path=str(opened.lock_path)):
        talk.say(line)
    lines = list(plan_lines(planned.plan))
    if out is not None:
        from rackwright.render import plan_json

        text = plan_json(planned.plan)
        if str(out) == "-":
            lines = [text.decode().rstrip("\n")]
        else:
            _replace(out, text)
            talk.say(f"the whole plan is in {out}")
    return Answer(data=plan_value(planned), lines=lines)


def _replace(path: Path, data: bytes) -> None:
    """Write a file in one step, so that a kill leaves no half of it."""
    if not path.parent.is_dir():
        raise DocumentError(f"{path}: there is no folder {path.parent}; make it first")
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
