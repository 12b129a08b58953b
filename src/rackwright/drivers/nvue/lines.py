"""Many questions in few round trips: commands share a line, and a mark behind each tells its end and its exit status.

``nv`` takes a second of the switch's own for each command, so the lines are as many as may run at a time, and none so long
that its answer would come later than a limit.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from rackwright.drivers.faults import lost
from rackwright.drivers.nvue.session import AT_ONCE, Said, Session
from rackwright.errors import DriverError

__all__ = ["LONGEST", "apart", "several"]

LONGEST: Final = 24
"""Commands of one line."""


def several(session: Session, commands: Sequence[str]) -> Mapping[str, Said | DriverError]:
    """Run commands that only read and return what each left behind; instead, the error of one whose answer did not come.

    A command must be plain words. Its stderr stands in its output: one stream tells what belongs to which.
    """
    found: dict[str, Said | DriverError] = {}
    size = min(LONGEST, -(-len(commands) // AT_ONCE))
    lines = [commands[first : first + size] for first in range(0, len(commands), size)]
    broken: DriverError | None = None
    for first in range(0, len(lines), AT_ONCE):
        mark = secrets.token_hex(8)
        waiting = [(line, _begun(session, _line(line, mark))) for line in lines[first : first + AT_ONCE] if not broken]
        for line, wait in waiting:
            try:
                said = apart(session.device, line, mark, wait())
            except DriverError as error:
                # What is named is a question and not a line of dozens; the kind and the remedy are what count.
                broken = type(error)(
                    f"{session.device}: no answer to {line[0]!r} and those behind it",
                    device=error.device,
                    remedy=error.remedy,
                )
                said = dict.fromkeys(line, broken)
            found |= said
    return {command: found.get(command) or broken or lost(session.device, command) for command in commands}


def _begun(session: Session, text: str) -> Callable[[], Said]:
    """Send a line; where the connection broke behind a line before it, waiting tells so as for a line that was sent."""
    try:
        return session.start(text)
    except DriverError as error:
        return partial(_raise, error)


def _raise(error: DriverError) -> Said:
    raise error


def _line(commands: Sequence[str], mark: str) -> str:
    return "; ".join(f'{command} 2>&1; echo "{mark} $?"' for command in commands)


def apart(device: str, commands: Sequence[str], mark: str, said: Said) -> dict[str, Said | DriverError]:
    """Take the output of a line apart; a command without its mark was never heard to its end."""
    parts = re.split(rb"%s (\d+)\n" % mark.encode(), said.out)
    ends = dict(zip(commands, zip(parts[::2], parts[1::2], strict=False), strict=False))
    found: dict[str, Said | DriverError] = {}
    for command in commands:
        if command in ends:
            out, status = ends[command]
            found[command] = Said(command, int(status), out, b"")
        else:
            found[command] = lost(device, command)
    return found
