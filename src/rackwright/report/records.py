"""The record of a run: per device who, when, what was sent, what changed, the evidence and the outcome.

Made from what the run left: its graph, its report, its events and the files in its folder. It is made once, written
as JSON with the digest of every file that it names, and signed (:mod:`rackwright.cli.signing`).

What a program puts into ``Outcome.detail`` and the record understands (all optional; anything else is kept as it is)::

    sent      name of a file in the run's folder, or several: what was sent (an order, a changeset, a play)
    changes   list of what changed, as texts or values: "+ interface.swp1.link.state.up", {"path": ..., "was": ..., "is": ...}
    evidence  names of files in the run's folder: what was read to judge the outcome
    findings  list of rackwright.findings.Finding as JSON: what the judge said, passes too
    versions  mapping component -> version that was found at the end
    restarts  how often the device was restarted

``backup``, ``support``, ``profile`` and ``inventory`` (paths of files) count as evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from rackwright.findings import Finding
from rackwright.plan.model import Plan
from rackwright.runs.model import Event, Graph, Report

__all__ = ["DeviceRecord", "FileDigest", "Record", "TaskRecord", "Verdict", "record"]

Verdict = Literal["accepted", "done", "failed", "open"]
"""``accepted``: its acceptance passed; ``done``: every task ended well, and none of them was an acceptance; ``open``: something
was not done (skipped, cancelled, waived, or the run has not ended)."""


class FileDigest(msgspec.Struct, frozen=True):
    """A file of the run's folder, by its digest."""

    name: str
    sha256: str
    size: int


class TaskRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was done to a device in one stage."""

    task: str
    stage: str
    state: str
    begun: str = ""
    ended: str = ""
    took_s: float | None = None
    sent: tuple[FileDigest, ...] = ()
    changes: tuple[Any, ...] = ()
    evidence: tuple[FileDigest, ...] = ()
    findings: tuple[Finding, ...] = ()
    cause: str = ""
    remedy: str = ""
    waived: str = ""
    """Who skipped it and why."""
    detail: Mapping[str, Any] = {}


class DeviceRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One device: what it is, and everything that was done to it."""

    device: str
    role: str = ""
    model: str = ""
    serial: str = ""
    rack: str = ""
    unit: int = 0
    verdict: Verdict
    reason: str = ""
    """Why it is not accepted."""
    tasks: tuple[TaskRecord, ...]


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A run, whole."""

    schema: Literal[1] = 1
    site: str
    run: str
    program: str
    state: str
    who: str
    """Who began the run."""
    begun: str
    ended: str
    intent: str
    """Digest of the intent that the plan was made from."""
    release: str
    rackwright: str
    """Version of Rackwright that wrote the record."""
    commands: tuple[Mapping[str, Any], ...] = ()
    """What operators told the run: who, when, what, why."""
    gates: tuple[TaskRecord, ...] = ()
    devices: tuple[DeviceRecord, ...] = ()
    files: tuple[FileDigest, ...] = ()
    """The run's own files: its order, its events."""


def record(
    plan: Plan, graph: Graph, report: Report | None, events: Iterable[Event], folder: Path, *, run: str, who: str
) -> Record:
    """Return the record of a run; ``folder`` is the run's, ``report`` None for a run that has not ended."""
    raise NotImplementedError
