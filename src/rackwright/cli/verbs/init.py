"""``rackwright init``: copy a reference site out."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Final

import click

from rackwright import assets
from rackwright.cli.answer import ERROR, Answer, verb
from rackwright.cli.params import PLACE
from rackwright.cli.talk import Talk

__all__ = ["command", "copy_site", "reference_sites"]

_SCHEMA: Final = "site.schema.json"
_MODELINE: Final = re.compile(r"^(# yaml-language-server: \$schema=)\S+$", re.MULTILINE)


def reference_sites() -> dict[str, Path]:
    """Return the reference sites that are shipped, by name."""
    folders = sorted(path for path in assets.folder("inventory").iterdir() if (path / "site.yaml").is_file())
    return {path.name: path for path in folders}


def copy_site(source: Path, target: Path) -> list[str]:
    """Copy the files of a site into a folder; return them, sorted.

    Working state of whoever used the reference site in place (``.rackwright``, sockets among it) is none of the user's.
    """
    target.mkdir(parents=True, exist_ok=True)
    names = sorted(path.name for path in source.iterdir() if not path.name.startswith((".", "__")))
    for name in names:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name)
        else:
            shutil.copyfile(source / name, target / name)
    return names


@verb("init")
@click.argument("folder", type=PLACE, required=False, metavar="[DIR]")
@click.option("--from", "site", metavar="SITE", help="Reference site to copy; without it the sites are listed.")
def command(talk: Talk, folder: Path | None, site: str | None) -> Answer:
    """Copy a reference site into a new folder.

    DIR must not exist, or be empty. Without --from the reference sites are listed.
    """
    known = reference_sites()
    listed = [f"{name:<22}{_first_line(path)}".rstrip() for name, path in known.items()]
    if site is None and folder is None:
        return Answer(data={"sites": list(known)}, lines=listed)
    if site is None:
        raise click.UsageError(f"say which site to copy with --from: {', '.join(known)}")
    if folder is None:
        raise click.UsageError("say into which folder, e.g. rackwright init my-site --from " + site)
    if site not in known:
        raise click.BadParameter(f"{site!r} is none of {', '.join(known)}", param_hint="--from")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        talk.error(f"error: {folder} is there and not empty: choose another folder, nothing was written")
        return Answer(ERROR, {"error": f"{folder} is not empty"})
    names = sorted([*copy_site(known[site], folder), _complete(folder)])
    talk.say(f"copied {site} to {folder}: {', '.join(names)}; next: rackwright validate {folder}")
    return Answer(data={"site": site, "folder": str(folder), "files": names}, lines=[str(folder)])


def _complete(folder: Path) -> str:
    """Put the JSON Schema beside a copied site, so that an editor completes its keys there too; return the file's name."""
    from rackwright.intent import json_schema

    (folder / _SCHEMA).write_text(json.dumps(json_schema(), indent=2, sort_keys=True) + "\n", encoding="utf-8")
    file = folder / "site.yaml"
    text = _MODELINE.sub(rf"\1./{_SCHEMA}", file.read_text(encoding="utf-8"), count=1)
    file.write_text(text, encoding="utf-8")
    return _SCHEMA


def _first_line(site: Path) -> str:
    """Say in a line what a site is: the first line of its README."""
    readme = site / "README.md"
    if not readme.is_file():
        return ""
    return next(
        (line.strip("# ").strip() for line in readme.read_text(encoding="utf-8").splitlines() if line.strip("# ")), ""
    )
