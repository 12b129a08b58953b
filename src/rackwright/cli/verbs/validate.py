"""``rackwright validate``: everything that is wrong with a site, at once."""

from __future__ import annotations

from pathlib import Path

import click

from rackwright import report
from rackwright.cli.answer import ERROR, FINE, Answer, verb
from rackwright.cli.params import PLACE
from rackwright.cli.talk import Talk
from rackwright.findings import Finding
from rackwright.plan import workspace

__all__ = ["command"]


@verb("validate")
@click.argument("site", type=PLACE, default=".", metavar="[DIR|site.yaml]")
def command(talk: Talk, site: Path) -> Answer:
    """Tell everything that is wrong with a site, each with its place.

    Every problem has file:line:column, what is wrong and what to do. A wish that cannot be planned
    (too many machines, too small a pool, a PDU over its rating) is a problem too. Nothing is written.
    """
    opened = workspace.open_site(site)
    file, problems = opened.file, workspace.trouble(opened)
    errors = any(problem.severity == "error" for problem in problems)
    talk.say(f"{file}: {report.totals(problems)}")
    return Answer(ERROR if errors else FINE, _value(file, problems), report.problem_lines(problems))


def _value(file: Path, problems: tuple[Finding, ...]) -> dict[str, object]:
    counts = {word: sum(problem.severity == word for problem in problems) for word in ("error", "warning", "info")}
    return {"file": str(file), "counts": counts, "problems": report.problem_values(problems)}
