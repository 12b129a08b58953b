"""A site's folder as one value: ``site.yaml`` read, its catalog, its SSH keys and its lock; and the plan of it.

Nothing here writes; ``rackwright plan`` and ``rackwright render`` keep the lock with :mod:`rackwright.plan.lock_text`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from rackwright import intent
from rackwright.catalog.faults import nearest
from rackwright.errors import DocumentError, IntentError, LockNeedsChange, PlanError
from rackwright.findings import Location, Problem, problem, sort_key
from rackwright.plan import Outcome, attempt, lock_text, racks, recabling, renaming, renumbering, with_locations
from rackwright.plan.lock import Lock, LockFile
from rackwright.plan.model import Plan

__all__ = ["FILE", "Planned", "Workspace", "open_site", "planned", "site_file", "trouble"]

FILE: Final = "site.yaml"
"""Name of the file that the operator writes."""

_MOVES: Final = frozenset({recabling.CHECK, renaming.CHECK, renumbering.CHECK})
_LATER: Final = (f"{racks.ROW}/", "wishes/networks.", "wishes/pools")
"""What locks of earlier versions do not hold."""

_PASSES: Final = 8


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

    @property
    def moves(self) -> tuple[Problem, ...]:
        """Return the warnings that say what of that which stands is moved or has other values."""
        return tuple(found for found in self.warnings if found.check in _MOVES)


class _Planned(NamedTuple):
    """An outcome with a plan."""

    plan: Plan
    lock: Lock
    problems: tuple[Problem, ...]


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
    outcome = first = _settled(site)
    for _ in range(_PASSES if free else 0):
        # What is freed may let the plan ask for less, and so free more.
        outcome = _settled(dataclasses.replace(site, kept=outcome.lock.freed().file()))
        if not (outcome.lock.changed or outcome.lock.unused()):
            break
    lock = outcome.lock.file()
    moves = tuple(found for found in first.problems if found.check in _MOVES)
    made = Planned(
        outcome.plan, lock, *lock_text.changes(site.kept, lock), lock_text.keys(site.kept), outcome.lock.unused(),
        _together(site.loaded.problems, (*moves, *outcome.problems)),
    )  # fmt: skip
    if locked:
        _refuse(site, made)
    return made


def _refuse(site: Workspace, made: Planned) -> None:
    """Raise when the lock would change; what a lock of an earlier version does not hold yet is no change."""
    early = () if site.kept is None or "pools" in site.kept.wishes else _LATER
    added = [key for key in made.added if not key.startswith(early)]
    if added or made.freed:
        moves = "".join(f"; {found.message}" for found in made.moves)
        raise LockNeedsChange(
            f"{site.lock_path} would change: {len(added)} new and {len(made.freed)} freed, the first is "
            f"{(*added, *made.freed)[0]}{moves}; run 'rackwright plan' without --locked and commit the lock"
        )


def _settled(site: Workspace) -> _Planned:
    """Return the plan of a site whose file is right; raises PlanError with every problem."""
    outcome = _outcome(site)
    if outcome.plan is None:
        raise PlanError(f"{site.file} cannot be planned: {_errors(outcome.problems)}; mend it", outcome.problems)
    return _Planned(outcome.plan, outcome.lock, outcome.problems)


def _together(written: tuple[Problem, ...], planned: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Return each problem once, by place; those of one place in the order in which they were found."""
    return tuple(sorted(dict.fromkeys((*written, *planned)), key=sort_key))


def _outcome(site: Workspace) -> Outcome:
    """Plan a site whose file is right, and find the place of each problem."""
    loaded = site.loaded
    outcome = attempt(loaded.require(), site.kept, catalog=loaded.catalog, keys=loaded.keys)
    problems = with_locations(outcome.problems, loaded.locate)
    strays = () if outcome.plan is None else _strays(loaded, outcome.plan)
    return outcome._replace(problems=(*problems, *strays))


def _strays(loaded: intent.Loaded, plan: Plan) -> Iterator[Problem]:
    """Yield a warning for each overlay that no switch of the plan takes."""
    roles = {str(switch.role) for switch in plan.switches}
    known = {"site": {""}, "role": roles, "device": {switch.name for switch in plan.switches}}
    for overlay in loaded.overlays:
        if overlay.name not in known[overlay.scope]:
            yield problem(
                "plan.overlays",
                f"no switch of the plan takes this file: none {'has the role' if overlay.scope == 'role' else 'is called'}"
                f" {overlay.name}",
                remedy=nearest(overlay.name, known[overlay.scope]),
                location=Location(overlay.source, 1, 1),
                subject=overlay.source,
                severity="warning",
            )


def _errors(problems: tuple[Problem, ...]) -> str:
    number = sum(problem.severity == "error" for problem in problems)
    return f"{number} place" if number == 1 else f"{number} places"
