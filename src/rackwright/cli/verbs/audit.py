"""``rackwright audit``: devices as they are against the plan, with evidence and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from rackwright.cli.answer import ERROR, FINDINGS, FINE, Answer, verb, worst
from rackwright.cli.params import PLACE
from rackwright.cli.reaching import Wanted, reaching
from rackwright.cli.talk import Talk

__all__ = ["command"]

DOMAINS: Final = ("switch",)
"""What can be audited now; design.md names those to come."""


def _domains(ctx: click.Context, param: click.Parameter, text: str) -> tuple[str, ...]:
    """Read a list of domains."""
    wanted = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    unknown = [domain for domain in wanted if domain not in DOMAINS]
    if unknown or not wanted:
        raise click.BadParameter(
            f"{', '.join(unknown) or 'nothing'} cannot be audited; there is: {', '.join(DOMAINS)}", ctx, param
        )
    return wanted


def _checks(ctx: click.Context, param: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a check that does not exist."""
    from rackwright.audit import CHECKS

    wanted = tuple(name.upper() for text in names for name in text.split(",") if name)
    unknown = [name for name in wanted if name not in CHECKS]
    if unknown:
        raise click.BadParameter(f"there is no check {', '.join(unknown)}; there is: {', '.join(CHECKS)}", ctx, param)
    return wanted


@verb("audit")
@click.argument("site", type=PLACE, default=".", metavar="[DIR]")
@click.option("--only", callback=_domains, default="switch", show_default=True, metavar="DOMAINS",
              help="What to look at, a list with commas.")  # fmt: skip
@click.option(
    "--check", "checks", callback=_checks, multiple=True, metavar="ID", help="Only this check; may be given again."
)
@click.option("--keep", type=PLACE, metavar="FOLDER", help="Keep what the switches said, a file each.")
@click.option("--snapshot", type=PLACE, metavar="FOLDER", help="Judge what was kept, and ask nobody.")
@click.option("--max-ber", type=float, default=1e-12, show_default=True, metavar="RATE",
              help="Greatest bit error rate after correction.")  # fmt: skip
@click.option("--max-flaps", type=click.IntRange(0), default=0, show_default=True, metavar="N",
              help="How often a link may have gone down since the last look.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["text", "json", "junit", "markdown"]), default="text",
              show_default=True, help="How to print.")  # fmt: skip
@click.option("-o", "out", type=PLACE, metavar="FILE", help="Keep the findings as JSON.")
@reaching
def command(
    talk: Talk, site: Path, only: tuple[str, ...], checks: tuple[str, ...], keep: Path | None, snapshot: Path | None,
    max_ber: float, max_flaps: int, form: str, out: Path | None, wanted: Wanted,
) -> Answer:  # fmt: skip
    """Look at devices and judge them against the plan.

    Nothing is changed.

    Cables with the fewest repairs, links, light and bit errors, BGP, BFD, EVPN, RoCE, adaptive routing, MTU, versions,
    time, drift, unsaved settings. Exit code 0 when all is right, 4 with findings, 1 when something could not be told:
    a switch that does not answer is one such thing, and the others are judged all the same.
    """
    from rackwright import audit
    from rackwright.cli.auditing import Asked, audited
    from rackwright.report import json_text
    from rackwright.report.audits import FORMATS, audit_value
    from rackwright.report.audits import audited as summary

    del only  # there is one domain yet
    if snapshot and keep:
        raise click.UsageError("--keep keeps what switches say; with --snapshot nobody is asked")
    asked = Asked(checks, audit.Limits(max_ber, max_flaps), keep, snapshot)
    findings = audited(talk, site, wanted, asked)
    if out:
        out.write_text(json_text(audit_value(findings)) + "\n", encoding="utf-8")
    if form != "text":
        talk.say(summary(findings))
    wrong = any(item.status == "fail" and item.severity != "info" for item in findings)
    unknown = any(item.status == "error" for item in findings)
    code = worst(ERROR if unknown else FINE, FINDINGS if wrong else FINE)
    return Answer(code, audit_value(findings), FORMATS[form](findings))
