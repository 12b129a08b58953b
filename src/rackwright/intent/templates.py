"""Templates that a site puts in the place of ours: what has no name of ours is told."""

from __future__ import annotations

from pathlib import Path as FilePath

from rackwright import assets
from rackwright.catalog.faults import nearest
from rackwright.findings import Location, problem
from rackwright.intent.context import Context

__all__ = ["check_templates"]


def check_templates(folder: FilePath, context: Context) -> None:
    """Warn of every file in ``SITE/templates`` that stands in for none of ours: nothing would print from it.

    It is no error: a template of the site may include one that only the site has.
    """
    ours = _files(assets.folder("templates")) if folder.is_dir() else ()
    for name in _files(folder) if folder.is_dir() else ():
        if name not in ours:
            message = f"{name!r} has the name of no template, so none of ours is replaced"
            place = Location(str(folder / name))
            remedy = nearest(name, ours)
            found = problem("intent.template", message, remedy=remedy, location=place, severity="warning")
            context.problems.append(found)


def _files(folder: FilePath) -> tuple[str, ...]:
    # Path.rglob passes over a folder that may not be read; iterdir raises.
    found: list[FilePath] = []
    waiting = [folder]
    while waiting:
        for path in waiting.pop().iterdir():
            (waiting if path.is_dir() else found).append(path)
    return tuple(sorted(path.relative_to(folder).as_posix() for path in found if not path.name.startswith(".")))
