"""A site's folder as one value: ``site.yaml`` read, its catalog, its SSH keys and its lock; and the plan of it.

Nothing here writes; ``rackwright plan`` and ``rackwright render`` keep the lock with :mod:`rackwright.plan.lock_text`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rackwright import intent
from rackwright.errors import DocumentError, IntentError, LockNeedsChange, PlanError
from rackwright.findings import Problem, sort_key
from rackwright.plan import Outcome, attempt, lock_text, with_locations
from rackwright.plan.lock import LockFile
from rackwright.plan.model import Plan

__all__ = ["FILE", "Planned", "Workspace", "open_site", "planned", "site_file", "trouble"]

FILE: Final = "site.yaml"
"""Name of the file that the operator writes."""


@dataclass(frozen=True)
class Workspace:
    """A site as it lies on disk."""

    file: Path
    """The site file."""
    loaded: intent.Loaded
    kept: LockFile | None
    """What ``site.lock`` holds; None: there is none yet."""

    @property
    def lock_path(self) -> Path:
        """Say where the lock lies."""
        return self.file.parent / lock_text.NAME


@dataclass(frozen=True)
class Planned:
    """A plan, and what it means for the lock."""

    plan: Plan
    lock: LockFile
    added: tuple[str, ...]
    """``pool/key`` of everything newly allocated."""
    freed: tuple[str, ...]
    known: frozenset[str]
    """``pool/key`` of everything that was held before."""
    unused: tuple[str, ...]
    """``pool/key`` of everything held that nothing asks for."""
    warnings: tuple[Problem, ...]

    @property
    def changed(self) -> bool:
        """Tell whether the lock is another than before."""
        return bool(self.added or self.freed)


def site_file(path: Path) -> Path:
    """Return the site file that a path means: the file itself, or ``site.yaml`` in the folder.

    Raises :class:`~rackwright.errors.DocumentError` when there is none.
    """
    file = path / FILE if path.is_dir() else path
    if file.is_dir():
        raise DocumentError(f"{file} is a folder: it must be the site file")
    if not file.exists():
        advice = "make a site with 'rackwright init'" if path.is_dir() else f"name the folder of a site, or its {FILE}"
        raise DocumentError(f"{file} is not there: {advice}")
    return file


def open_site(path: Path) -> Workspace:
    """Read a site: the folder, or the site file in it; what is wrong in it is in ``loaded.problems``.

    Raises :class:`~rackwright.errors.DocumentError` when a file is not there or cannot be read.
    """
    file = site_file(path)
    return Workspace(file, intent.load(file), lock_text.read(file.parent / lock_text.NAME))


def trouble(site: Workspace) -> tuple[Problem, ...]:
    """Return every problem of a site, warnings included: of what is written, and when that is right of planning it."""
    wrong = site.loaded.problems
    return wrong if site.loaded.site is None else _together(wrong, _outcome(site).problems)


def planned(site: Workspace, *, locked: bool = False, free: bool = False) -> Planned:
    """Plan a site on top of its lock.

    ``free`` gives back what nothing asks for. Raises :class:`~rackwright.errors.IntentError` and
    :class:`~rackwright.errors.PlanError` with every problem, and
    :class:`~rackwright.errors.LockNeedsChange` when ``locked`` and the lock would change.
    """
    if site.loaded.site is None:
        raise IntentError(f"{site.file} is wrong in {_errors(site.loaded.problems)}; mend it", site.loaded.problems)
    outcome = _outcome(site)
    if outcome.plan is None:
        raise PlanError(f"{site.file} cannot be planned: {_errors(outcome.problems)}; mend it", outcome.problems)
    lock = (outcome.lock.freed() if free else outcome.lock).file()
    added, freed = lock_text.changes(site.kept, lock)
    if locked and (added or freed):
        first = (added or freed)[0]
        raise LockNeedsChange(
            f"{site.lock_path} would change: {len(added)} new and {len(freed)} freed, the first is {first}; "
            "run 'rackwright plan' without --locked and commit the lock"
        )
    unused = () if free else outcome.lock.unused()
    warnings = _together(site.loaded.problems, outcome.problems)
    return Planned(outcome.plan, lock, added, freed, lock_text.keys(site.kept), unused, warnings)


def _together(written: tuple[Problem, ...], planned: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Return each problem once, by place; those of one place in the order in which they were found."""
    return tuple(sorted(dict.fromkeys((*written, *planned)), key=sort_key))


def _outcome(site: Workspace) -> Outcome:
    """Plan a site whose file is right, and find the place of each problem."""
    loaded = site.loaded
    outcome = attempt(loaded.require(), site.kept, catalog=loaded.catalog, keys=loaded.keys)
    return outcome._replace(problems=with_locations(outcome.problems, loaded.locate))


def _errors(problems: tuple[Problem, ...]) -> str:
    number = sum(problem.severity == "error" for problem in problems)
    return f"{number} place" if number == 1 else f"{number} places"
