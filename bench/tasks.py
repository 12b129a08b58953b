"""A graph of 1,024 servers and 14 stages through the durable engine: CPU a task, memory, the wall against the schedule, limits."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.measure import run
from bench.result import Result

__all__ = ["tasks"]

_SERVERS: Final = 1024
_RATE: Final = 60


def tasks(cache: Path) -> Iterator[Result]:
    """Yield what a run of all tasks cost; each has one step, and lasts as long as its stage at the stated rate."""
    folder = cache / "tasks"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    program = Path(__file__).parent / "run_tasks.py"
    root = {"PYTHONPATH": str(program.parent.parent)}
    usage = run([sys.executable, program, folder, str(_SERVERS), str(_RATE)], cwd=cache, scratch=cache, extra=root)
    seen = json.loads(usage.said)
    shutil.rmtree(folder)
    note = f"rate {_RATE}, 256 at once, 4 of the 8 servers of a rack restart at once; {seen['good']:,} ended good"
    cost = 1000 * seen["cpu_s"] / seen["tasks"]
    yield Result("tasks", f"{seen['tasks']:,} tasks: CPU each", f"{cost:.1f} ms", "-", cost, "ms", 10, note=note)
    yield Result("tasks", "peak memory", f"{usage.peak_mib:.0f} MiB", "-", usage.peak_mib, "MiB", 2048)
    bound = max(seen["way_s"], seen["cpu_s"] / (os.cpu_count() or 1))
    wall = seen["wall_s"]
    ratio = wall / bound
    yield Result("tasks", "wall against the schedule's own way", f"{wall:.0f} s", f"{bound:.0f} s", ratio, "x", 1.3)
    over = seen["exceeded"]
    yield Result("tasks", "limits exceeded", str(over), "-", over, "times", 0)
