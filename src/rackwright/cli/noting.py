"""nodes.csv of a site: where it lies, how it is written, and that the site is still right afterwards."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from rackwright import intent
from rackwright.errors import DocumentError, IntentError
from rackwright.intent.node_edits import Edited
from rackwright.plan.workspace import Workspace

__all__ = ["nodes_file", "nodes_text", "write_nodes"]


def nodes_file(site: Workspace) -> Path:
    """Return where a site's nodes.csv lies, or is to lie.

    Raises :class:`~rackwright.errors.DocumentError` when the site file names none.
    """
    name = site.loaded.require().site.nodes
    if name is None:
        raise DocumentError(f"{site.file} names no file of machines: write 'nodes: nodes.csv' below 'site:'")
    return site.file.parent / name


def nodes_text(path: Path) -> str:
    """Return what the file holds, every byte of it; nothing when it is not there.

    Raises :class:`~rackwright.errors.DocumentError` when it cannot be read.
    """
    try:
        # Read as bytes: text mode would make one line end of all.
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise DocumentError(f"{path} cannot be read ({type(error).__name__}): save it as UTF-8 text") from None


def write_nodes(
    site: Workspace, path: Path, before: str, edited: Edited, first: Callable[[], None] | None = None
) -> None:
    """Write the file, whole or not at all, once it is known that the site is right with it; ``first`` is done right before.

    Raises :class:`~rackwright.errors.IntentError` with what would be wrong, and
    :class:`~rackwright.errors.DocumentError` when somebody else has changed the file meanwhile.
    """
    loaded = intent.load(site.file, edited.text)
    wrong = [problem for problem in loaded.problems if problem.severity == "error"]
    if loaded.site is None or wrong:
        raise IntentError(f"{path} would be wrong, and stays as it was", tuple(wrong))
    if nodes_text(path) != before:
        raise DocumentError(f"{path} has changed meanwhile: run it again")
    if first is not None:
        first()
    _put(path, edited.text)


def _put(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(text.encode())
        if path.exists():
            beside.chmod(path.stat().st_mode & 0o7777)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
