"""What a process costs: CPU of it and of every child it waited for, peak memory, time on the wall."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

__all__ = ["Failed", "Usage", "cpu_of", "run"]


class Failed(Exception):
    """A measured program ended with a code that is not good; the text is the end of what it said."""


class Usage(NamedTuple):
    """The cost of one process with its children."""

    cpu_s: float
    """User and system time."""
    peak_mib: float
    """Largest resident set of the process, or of the largest of its children."""
    wall_s: float
    said: str
    """What it printed on stdout."""


def run(
    argv: Sequence[str | Path], *, cwd: Path, scratch: Path, extra: Mapping[str, str] | None = None,
    good: Collection[int] = (0,),
) -> Usage:  # fmt: skip
    """Run a program to its end in a clean environment and return what it cost.

    ``scratch`` is its home, so that no file of the user's changes the figure. Raises :class:`Failed` when it ends with
    another code than the good ones.
    """
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(scratch), "LC_ALL": "C.UTF-8"}
    environment |= extra or {}
    begun = time.perf_counter()
    with (scratch / "stdout").open("w+b") as out, (scratch / "stderr").open("w+b") as err:
        process = subprocess.Popen([str(word) for word in argv], cwd=cwd, env=environment, stdout=out, stderr=err)
        # wait4 and not getrusage: the children that were measured before are not in it.
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - begun
        out.seek(0)
        err.seek(0)
        said, cried = out.read().decode(errors="replace"), err.read().decode(errors="replace")
    if process.returncode not in good:
        raise Failed(f"{Path(argv[0]).name} ended with {process.returncode}: {(cried or said)[-600:].strip()}")
    return Usage(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, wall, said)


def cpu_of(pid: int) -> float:
    """Return the user and system time of a process that lives, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
