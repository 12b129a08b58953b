"""Keeping the record of a run: made of what it left, written beside its certificates, signed with the operator's key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rackwright.cli.talk import Talk

if TYPE_CHECKING:
    from rackwright.plan.model import Plan

__all__ = ["Kept", "keep"]


class Kept(NamedTuple):
    """Where a record lies."""

    folder: Path
    page: Path
    """The page to open: ``index.html``."""
    record: Path
    """``record.json``; its signature is beside it, if it is signed."""
    signed: bool


def keep(
    talk: Talk, plan: Plan, state_dir: Path, run: str, *, out: Path | None = None, key: Path | None = None
) -> Kept:
    """Make and write the record of a run, and say where it lies.

    ``out``: the folder (default: ``record`` in the run's folder); ``key``: the operator's SSH key to sign with, a public one where an
    agent holds the other. Raises :class:`~rackwright.errors.RunError` where the run is not known or cannot be recorded.
    """
    raise NotImplementedError
