"""Tasks that print what a device is to get. Nothing is sent; only ``render_files`` writes, into your own folder."""

from __future__ import annotations

import difflib
from pathlib import Path

from nornir.core.task import Result, Task

from nornir_tasks.build import Build
from rackwright.render import Manifest

__all__ = ["render", "render_files", "render_nvue"]

_STARTUP = "startup.yaml"


def render_nvue(task: Task) -> Result:
    """Return the text of a switch's ``startup.yaml``; None for a device that is no switch."""
    for file in _build(task).by_device.get(task.host.name, ()):
        if file.path.endswith(f"/{_STARTUP}"):
            return Result(task.host, result=file.data.decode())
    return Result(task.host)


def render(task: Task, known: Manifest | None = None) -> Result:
    """Return path -> bytes of a device's files, without those whose inputs are the same in ``known``.

    ``changed`` says whether anything was rendered. The build folder has one writer,
    :func:`rackwright.render.write`, which gets these bytes.
    """
    stale = _build(task).stale(task.host.name, known)
    return Result(task.host, result={file.path: file.data for file in stale}, changed=bool(stale))


def render_files(task: Task, folder: str, dry_run: bool | None = None) -> Result:
    """Write a device's files below ``folder`` and return the paths that changed; a dry run only tells the diff."""
    changed: list[str] = []
    diffs: list[str] = []
    for file in _build(task).by_device.get(task.host.name, ()):
        path = Path(folder, file.path)
        old = path.read_text(encoding="utf-8") if path.is_file() else ""
        new = file.data.decode()
        if old == new:
            continue
        changed.append(file.path)
        diffs += difflib.unified_diff(old.splitlines(True), new.splitlines(True), str(path), file.path)
        if not task.is_dry_run(dry_run):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(new, encoding="utf-8")
    return Result(task.host, result=changed, changed=bool(changed), diff="".join(diffs))


def _build(task: Task) -> Build:
    build: Build = task.host["rackwright"]
    return build
