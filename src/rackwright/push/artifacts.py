"""Files that a push leaves in its run's folder: backups and what helps to find a fault; for their owner alone."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path

import msgspec

from rackwright.drivers.nvue.model import Nvue
from rackwright.errors import DriverError
from rackwright.nvue.emit import dump
from rackwright.nvue.tree import Tree

__all__ = ["backup", "keep", "support"]

_SHOWS = ("system", "interface", "vrf default router bgp neighbor", "platform")
_COMMANDS = ("nv config history", "sudo cl-support")


def keep(path: Path, text: str) -> str:
    """Write a file of mode 0600 and return its path."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)
    return str(path)


def backup(folder: Path, device: str, running: Tree, nos: str) -> str:
    """Keep what runs as a document that NVUE reads, secrets masked as the switch masks them; return its path.

    One that is there stays: what ran before an installation, or before the first of several tries, is what somebody looks for.
    """
    text = dump(running, model="", nos=nos)
    for number in count(1):
        path = folder / "backup" / f"{device}{f'~{number}' if number > 1 else ''}.yaml"
        if not path.exists() or path.read_bytes() == text.encode():
            break
    return keep(path, text)


def support(folder: Path, device: str, session: Nvue) -> str:
    """Keep what a switch says about itself after a failure and return the path; what it refuses is said in the file.

    ``cl-support`` leaves its archive on the switch, and its last lines say where.
    """
    parts = [f"## nv show {path}\n{_shown(session, path)}" for path in _SHOWS]
    parts += [f"## {command}\n{_ran(session, command)}" for command in _COMMANDS]
    return keep(folder / "support" / f"{device}.txt", "\n\n".join(parts) + "\n")


def _shown(session: Nvue, path: str) -> str:
    try:
        return msgspec.json.format(msgspec.json.encode(session.show(path)), indent=1).decode()
    except DriverError as error:
        return f"refused: {error}"


def _ran(session: Nvue, command: str) -> str:
    try:
        return session.run(command)
    except DriverError as error:
        return f"refused: {error}"
