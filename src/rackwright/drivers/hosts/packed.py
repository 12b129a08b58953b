"""Modules as Ansible packed them, kept from one play of this process to the next.

Ansible packs each module with all that it imports once a play, which is up to a third of what a short one costs (docs/bench.md). It names
a packed module by its name alone, so each is kept for one digest of all that decides what is in it. A packed module holds code and no
argument; Ansible writes it beside its place and renames it, so what has its name is whole, whenever the play was killed.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import importlib.util
import re
import sys
import threading
from importlib.metadata import version
from pathlib import Path
from typing import Final

from rackwright.drivers.hosts.places import private_folder

__all__ = ["keep", "lend", "where"]

_NAME: Final = re.compile(r"ansible\.(modules|legacy)\.\w+-ZIP_[A-Z0-9]+(-none)?")
"""Modules of Ansible and of the playbook; those of collections, and what goes with a debugger, are not kept."""
_FOLDERS: Final = ("library", "module_utils")
"""Beside the playbook: modules, and what they import."""
_MAKING: Final = threading.Lock()


def where(playbook: Path) -> Path | None:
    """Return the folder of the modules that a playbook's plays share; None where they share none: a name may mean two modules, or there is no room."""
    if _ambiguous(playbook.parent):
        return None
    with _MAKING, contextlib.suppress(OSError):
        folder = _place() / _digest(playbook.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder
    return None


def lend(kept: Path | None, packed: Path) -> None:
    """Make the folder ``packed`` for one play, with all that is kept."""
    packed.mkdir(mode=0o700)
    if kept is not None:
        _link(kept, packed)


def keep(packed: Path, kept: Path | None) -> None:
    """Keep what a play has packed that was not kept yet."""
    if kept is not None:
        _link(packed, kept)


def _link(source: Path, target: Path) -> None:
    """Link each whole module that the target lacks: a link is there or not, and nobody writes to it. One that fails is packed anew."""
    with contextlib.suppress(OSError):
        for path in source.iterdir():
            if _NAME.fullmatch(path.name):
                with contextlib.suppress(FileExistsError):
                    (target / path.name).hardlink_to(path)


def _ambiguous(folder: Path) -> bool:
    """Tell whether what a play has done decides what a name means: a role brings modules, or the playbook one that Ansible has too."""
    ours = importlib.util.find_spec("ansible")
    modules = Path(ours.origin).with_name("modules") if ours and ours.origin else Path()
    return any(True for one in _FOLDERS for _ in folder.glob(f"roles/*/{one}")) or any(
        (modules / path.name).exists() for path in (folder / "library").rglob("*.py")
    )


@functools.cache
def _place() -> Path:
    """Make the folder of this process: its owner's alone, and gone with the process, or swept by the next play."""
    stack = contextlib.ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(private_folder())


def _digest(folder: Path) -> str:
    found = hashlib.sha256(f"{sys.version} {version('ansible-core')}".encode())
    for path in sorted(path for one in _FOLDERS for path in (folder / one).rglob("*.*") if path.suffix != ".pyc"):
        if path.is_file():
            content = path.read_bytes()
            found.update(f"\n{path.relative_to(folder)} {len(content)}\n".encode() + content)
    return found.hexdigest()
