"""``rackwright check``: our rules over a site, a build folder, or files that a user brings."""

from __future__ import annotations

from pathlib import Path

import click

from rackwright import catalog, check, report
from rackwright.cli import building, judging
from rackwright.cli.answer import Answer, verb
from rackwright.cli.params import PLACE
from rackwright.cli.talk import Talk
from rackwright.errors import DocumentError, SchemaUnknown
from rackwright.nvue import schema
from rackwright.plan import workspace
from rackwright.report.checks import FORMATS, check_value, summary

__all__ = ["command"]


@verb("check")
@click.argument("where", type=PLACE, required=False, metavar="[DIR|OUT]")
@click.option("--config", "files", type=PLACE, multiple=True, metavar="FILE",
              help="Judge an NVUE file, or those of a folder, instead; may be given again.")  # fmt: skip
@click.argument("more", type=PLACE, nargs=-1, metavar="")
@click.option("--nos", default="5.12.1", show_default=True, help="NOS version of --config files.")
@click.option("--model", "models", multiple=True, metavar="[NAME=]MODEL", help="Switch model of --config files.")
@click.option("--cabling", type=PLACE, help="CSV of links for --config files, as cabling.csv.")
@click.option(
    "--format", "form", type=click.Choice(list(FORMATS)), default="text", show_default=True, help="How to print."
)
def command(
    talk: Talk, where: Path | None, files: tuple[Path, ...], more: tuple[Path, ...], nos: str, models: tuple[str, ...],
    cabling: Path | None, form: str,
) -> Answer:  # fmt: skip
    """Judge rendered files, or your own, by the rules.

    DIR is a site: it is planned and rendered in memory. OUT is a build folder: its startup files,
    netplans and cabling.csv are read as they lie there. With --config the files are yours, e.g. check --config *.yaml --model sn5600.
    """
    fabric = _fabric(talk, where, files, more, nos, models, cabling)
    result = check.run(fabric)
    if form != "text":
        talk.say(summary(result))
    return Answer(judging.code_of(result), check_value(result), FORMATS[form](result))


def _fabric(
    talk: Talk, where: Path | None, files: tuple[Path, ...], more: tuple[Path, ...], nos: str, models: tuple[str, ...],
    cabling: Path | None,
) -> check.Fabric:  # fmt: skip
    """Read what is to be judged."""
    if files:
        # A shell writes `--config *.yaml` out: only the first name stands behind the option.
        _refuse_unknown(nos, models)
        rest = [path for path in (where, *more) if path is not None]
        return judging.of_files([*files, *rest], nos, models, cabling)
    if more:
        raise click.UsageError(
            f"one site or build folder at a time; {report.some([str(path) for path in more])} is too much"
        )
    if models or cabling:
        raise click.UsageError("--model and --cabling go with --config; a site and a build know theirs")
    path = where or Path()
    site = path / workspace.FILE
    if (path / "manifest.json").is_file():
        if site.exists():
            raise DocumentError(
                f"{path} is a site ({workspace.FILE}) with a build in it (manifest.json): name {site} to judge the site, "
                "and render into a folder of its own"
            )
        return judging.of_build(path)
    if path.is_dir() and not site.exists():
        raise DocumentError(f"{path} is neither a site (no {workspace.FILE}) nor a build (no manifest.json); name one")
    from rackwright.render.site_overlays import of_site

    opened, planned = building.plan_site(talk, path)
    if planned.changed:
        talk.say(f"{opened.lock_path} is behind the site: 'rackwright plan' brings it up to date")
    overlays = of_site(opened.loaded.overlays, opened.file.parent)
    return judging.of_site(planned.plan, opened.loaded.catalog, overlays)


def _refuse_unknown(nos: str, models: tuple[str, ...]) -> None:
    """Refuse a version or model that nobody knows: rules that need it would all be skipped."""
    try:
        schema.load(nos)
    except SchemaUnknown as error:
        raise click.BadParameter(str(error), param_hint="--nos") from error
    known = catalog.load().switches
    for word in models:
        if word.rpartition("=")[2] not in known:
            raise click.BadParameter(f"{word!r} names none of {', '.join(sorted(known))}", param_hint="--model")
