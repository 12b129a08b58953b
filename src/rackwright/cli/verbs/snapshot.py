"""``rackwright snapshot``: everything that BMCs and switches tell, into a folder, to be judged elsewhere or later."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rackwright.cli.answer import ERROR, FINE, Answer, verb
from rackwright.cli.params import PLACE
from rackwright.cli.reaching import Wanted, reaching
from rackwright.cli.talk import Talk

if TYPE_CHECKING:
    from rackwright.audit import Evidence

__all__ = ["command"]


@verb("snapshot")
@click.argument("targets", nargs=-1, metavar="[DIR | ADDRESS...]")
@click.option(
    "-o", "out", type=PLACE, required=True, metavar="FOLDER", help="Where to keep what was told, a file a device."
)
@click.option("--only", type=click.Choice(["bmc", "switch", "host"]), multiple=True,
              help="Only BMCs, switches or hosts; without it: BMCs and switches.")  # fmt: skip
@click.option("--user", default="root", show_default=True, metavar="NAME", help="Who logs in to BMCs by address.")
@reaching
def command(
    talk: Talk, targets: tuple[str, ...], out: Path, only: tuple[str, ...], user: str, wanted: Wanted
) -> Answer:  # fmt: skip
    """Collect what devices tell, for an audit elsewhere.

    Reads the BMCs and switches of a site, and with --only host the operating systems of its servers, or the BMCs at the addresses given (the password is the secret bmc: RACKWRIGHT_SECRET_BMC
    in the environment). Nothing is changed, and no secret is kept: hashes and keys of accounts are masked. Judge it with
    rackwright audit --snapshot FOLDER, with the site, or without one by a release. Exit code 1 when a device did not answer.
    """
    from rackwright import audit
    from rackwright.cli import acceptance, snapping

    site = _site(targets)
    wishes = frozenset(only or ("bmc", "switch"))
    if site is not None:
        found, systems = snapping.of_site(talk, site, wanted, wishes)
    else:
        if wanted.twin or wanted.limit or "bmc" not in wishes:
            raise click.UsageError("--twin, --limit and --only switch go with a site; addresses are those of BMCs")
        found, systems = snapping.of_addresses(talk, targets, out, wanted, user), []
    audit.write(out, found)
    acceptance.keep(out, systems)
    found += systems
    lost = [item for item in found if item.error]
    return Answer(ERROR if lost else FINE, _value(found, out), _lines(found, out))


def _site(targets: tuple[str, ...]) -> Path | None:
    """Return the site that is meant; None: addresses are."""
    if len(targets) > 1:
        return None
    place = Path(targets[0] if targets else ".")
    return place if not targets or place.exists() else None


def _lines(found: list[Evidence], out: Path) -> list[str]:
    from rackwright.report.words import count

    lines = [f"{item.device}: {_lost(item)}" for item in found if item.error]
    there = sum(not item.error for item in found)
    return [
        *lines,
        f"{count(there, 'device')} of {len(found)} kept in {out}: judge it with 'rackwright audit --snapshot {out}'",
    ]


def _lost(item: Evidence) -> str:
    """Return why a device told nothing and what to do; most errors end in it already."""
    return item.error if not item.remedy or item.remedy in item.error else f"{item.error}; {item.remedy}"


def _value(found: list[Evidence], out: Path) -> dict[str, Any]:
    lost = {item.device: item.error for item in found if item.error}
    return {"folder": str(out), "devices": sorted(item.device for item in found if not item.error), "lost": lost}
