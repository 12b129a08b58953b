"""How light the command is: its help against a Python that does nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Final

from bench.measure import run
from bench.result import Result

__all__ = ["startup"]

_TIMES: Final = 15


def startup(cache: Path) -> Iterator[Result]:
    """Yield the CPU of ``rackwright --help`` against ``python -c pass``, taken in turn."""
    command = Path(sys.executable).parent / "rackwright"
    helped, nothing = [], []
    for _ in range(_TIMES):
        helped.append(run([command, "--help"], cwd=cache, scratch=cache).cpu_s)
        nothing.append(run([sys.executable, "-c", "pass"], cwd=cache, scratch=cache).cpu_s)
    ours, bare = median(helped), median(nothing)
    what = f"rackwright --help, median of {_TIMES}"
    yield Result("command", what, f"{1000 * ours:.0f} ms", f"{1000 * bare:.0f} ms", ours / bare, "x", 8.0)
