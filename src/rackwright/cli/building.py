"""What several verbs do with a site: open it, plan it, keep its lock, render it through Nornir, judge it."""

from __future__ import annotations

import fnmatch
import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from rackwright import report
from rackwright.cli.talk import Talk
from rackwright.errors import DocumentError
from rackwright.plan import lock_text, workspace
from rackwright.plan.model import Plan
from rackwright.plan.workspace import Planned, Workspace
from rackwright.report.plans import lock_lines

if TYPE_CHECKING:
    from nornir_tasks import Build
    from rackwright.render import File, Manifest, Written

__all__ = ["chosen", "limited", "plan_of_build", "plan_site", "render_site", "written"]


def plan_site(talk: Talk, path: Path, *, locked: bool = False, keep: bool = False) -> tuple[Workspace, Planned]:
    """Open and plan a site; ``keep`` writes its lock when it changed. Warnings are said, notes to the curious."""
    site = workspace.open_site(path)
    planned = workspace.planned(site, locked=locked)
    for problem in planned.warnings:
        (talk.detail if problem.severity == "info" else talk.say)(report.problem_line(problem))
    if keep and lock_text.write(site.lock_path, planned.lock):
        for line in lock_lines(planned, first=site.kept is None, path=str(site.lock_path)):
            talk.say(line)
    return site, planned


def plan_of_build(folder: Path) -> Plan:
    """Read the plan that a build folder was rendered from.

    Raises :class:`~rackwright.errors.DocumentError` when there is none that can be read.
    """
    try:
        return msgspec.json.decode((folder / "plan.json").read_bytes(), type=Plan)
    except OSError as error:
        raise DocumentError(f"{folder / 'plan.json'}: {error.strerror}; render the site into this folder") from error
    except msgspec.DecodeError as error:
        raise DocumentError(f"{folder / 'plan.json'} is no plan ({error}); render the site again") from error


def chosen(names: Iterable[str], patterns: Sequence[str], option: str = "--limit") -> frozenset[str]:
    """Return the names that any pattern (``be01``, ``be*``) of an option means; one that means none is a usage error."""
    known = list(names)
    found: set[str] = set()
    for pattern in patterns:
        meant = fnmatch.filter(known, pattern)
        if not meant:
            raise click.BadParameter(f"no device is called {pattern!r}", param_hint=option)
        found.update(meant)
    return frozenset(found)


def render_site(talk: Talk, build: Build, known: Manifest, names: frozenset[str], jobs: int) -> dict[str, bytes]:
    """Render what is stale of the named devices through Nornir; return path -> bytes.

    Raises what rendering raised on a device, and :class:`~rackwright.errors.IncompleteResult` when one is missing.
    """
    import nornir_tasks

    stale = frozenset(name for name in names if build.stale(name, known))
    # Nornir logs a failure with its traceback; ours is told once, as a sentence.
    logging.getLogger("nornir").addHandler(logging.NullHandler())
    heard = talk.counter("rendered", len(stale))
    some = nornir_tasks.nornir_of(build, only=stale, jobs=jobs)
    some = some.with_runner(nornir_tasks.CompleteRunner(stale, jobs, heard))
    rendered: dict[str, bytes] = {}
    for result in some.run(task=nornir_tasks.render, known=known).values():
        if result.exception is not None:
            raise result.exception
        rendered.update(result[0].result)
    return rendered


def written(talk: Talk, files: Iterable[File], rendered: Mapping[str, bytes], out: Path) -> Written:
    """Bring a build folder to its files, with the bytes that Nornir brought where there are any."""
    from rackwright.render import write

    held = dict(rendered)
    ready = [replace(file, make=_handing(held, file)) if file.path in held else file for file in files]
    heard = talk.counter("written", len(ready))
    return write(ready, out, progress=heard)


def _handing(held: dict[str, bytes], file: File) -> Callable[[], bytes]:
    # Handed over once and let go, so that a large site is not kept twice.
    return lambda: held.pop(file.path, None) or file.data


def limited(files: Iterable[File], names: frozenset[str], known: Manifest, out: Path) -> list[File]:
    """Return the files of a build in which only the named devices are made anew; all others stay as they lie."""
    there = [path for path, entry in known.files.items() if entry.device not in names and (out / path).is_file()]
    return [*(file for file in files if file.device in names), *(_as_it_lies(path, known, out) for path in there)]


def _as_it_lies(path: str, known: Manifest, out: Path) -> File:
    from rackwright.render import File

    data = (out / path).read_bytes()
    entry = known.files[path]
    # Edited by hand: no inputs are claimed for it, so that the next full build puts it right.
    honest = hashlib.sha256(data).hexdigest() == entry.sha256
    return File(path, entry.inputs if honest else "", lambda: data, entry.device)
