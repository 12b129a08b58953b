"""``rackwright report``: the record of a run, its certificates of acceptance, and the signature over them."""

from __future__ import annotations

from pathlib import Path

import click
from click.core import ParameterSource

from rackwright.cli import building
from rackwright.cli.answer import ERROR, FINDINGS, FINE, Answer, verb
from rackwright.cli.params import PLACE
from rackwright.cli.talk import Talk
from rackwright.errors import RecordError

__all__ = ["command"]


@verb("report")
@click.argument("site", type=PLACE, default=".", metavar="[DIR]")
@click.option("--run", default="", metavar="RUN", help="The run to report; without it, the newest bring-up.")
@click.option("-o", "--out", type=PLACE, metavar="FOLDER",
              help="Write everything there, with copies of the evidence, to be handed over; without it, into the run's own folder.")  # fmt: skip
@click.option("--sign", type=PLACE, metavar="KEY", envvar="RACKWRIGHT_SIGN_KEY",
              help="Sign with this SSH key; a public one where an agent holds the other (or RACKWRIGHT_SIGN_KEY).")  # fmt: skip
@click.option("--verify", type=PLACE, metavar="FOLDER",
              help="Write nothing; look whether the record in this folder is as it was signed.")  # fmt: skip
@click.option(
    "--signers", type=PLACE, metavar="FILE", help="With --verify: the allowed signers, as ssh-keygen -Y knows them."
)
@click.option("--database", default="", metavar="URL", envvar="RACKWRIGHT_DATABASE",
              help="Where the runs' journal is, if it is not in the site (or RACKWRIGHT_DATABASE).")  # fmt: skip
def command(
    talk: Talk, site: Path, run: str, out: Path | None, sign: Path | None, verify: Path | None, signers: Path | None,
    database: str,
) -> Answer:  # fmt: skip
    """Write the record of a run, and certificates of acceptance; sign them, or look at a signature.

    The record says per device who, when, what was sent, what changed, the evidence and the outcome. Beside record.json lie index.html and a certificate of acceptance for each node and rack, as HTML and JSON. Exit code 4: not every device
    is accepted.
    """
    if verify is not None:
        _alone("run", "out", "sign")
        return _verified(talk, verify, signers)
    if signers is not None:
        raise click.UsageError("--signers goes with --verify")
    from rackwright import runs
    from rackwright.cli.recording import keep
    from rackwright.cli.signing import insist
    from rackwright.drivers.reach import state_folder

    if sign is not None:
        insist(sign)
    opened, planned = building.plan_site(talk, site)
    state = state_folder(opened.file.parent)
    latest = None if run else runs.latest(state, "bringup", database=database or None)
    if not run and latest is None:
        raise RecordError(f"no bring-up of {planned.plan.name} was begun: 'rackwright bringup' begins one")
    kept = keep(
        talk, planned.plan, state, run or (latest.run if latest else ""), out=out, key=sign, database=database or None
    )
    wrong = {name: verdict for name, verdict in kept.verdicts.items() if verdict in {"failed", "open"}}
    data = {
        "folder": str(kept.folder),
        "page": str(kept.page),
        "signed": kept.signed,
        "unsigned": kept.unsigned,
        "headline": kept.headline,
        "verdicts": kept.verdicts,
        "not_verified": kept.not_verified,
    }
    if kept.unsigned:
        talk.error(f"error: {kept.unsigned}")
        return Answer(ERROR, data, [str(kept.page)])
    return Answer(FINDINGS if wrong else FINE, data, [str(kept.page)])


def _alone(*names: str) -> None:
    """Refuse what was told beside ``--verify``, which writes nothing; what only the environment names was not told."""
    context = click.get_current_context()
    for name in names:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--{name} does not go with --verify: it writes nothing")


def _verified(talk: Talk, folder: Path, signers: Path | None) -> Answer:
    from rackwright.cli.recording import verified

    said: list[str] = []
    try:
        said.extend(verified(folder, signers))
    except RecordError as error:
        talk.error(f"error: {error}")
        return Answer(ERROR, {"good": False, "why": str(error)})
    return Answer(FINE, {"good": True, "said": said}, said)
