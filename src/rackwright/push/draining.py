"""The operator's own program is asked whether a host is drained."""

from __future__ import annotations

import subprocess
from typing import Final

__all__ = ["busy"]

_DRAIN_S: Final = 120


def busy(program: str, device: str) -> str:
    """Return in words that a host is not drained, as the program says; empty when it is.

    The program gets the host's name as its one argument, and says yes by exit code 0.
    """
    try:
        ended = subprocess.run(  # noqa: S603 - the operator's own program, given on the command line, without a shell
            [program, device], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            timeout=_DRAIN_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{program} could not be asked ({error})"
    if ended.returncode == 0:
        return ""
    said = (ended.stderr or ended.stdout).strip().partition("\n")[0]
    return f"{program} says no (exit code {ended.returncode}{': ' + said if said else ''})"
