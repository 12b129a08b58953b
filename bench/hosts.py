"""What ansible-runner costs a host: alone, and together with others; from it come the forks and the size of a play."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.measure import Usage, run
from bench.result import Result
from rackwright.drivers.hosts.batches import MOST

__all__ = ["hosts"]

_TASKS: Final = 10
_ROLES: Final = 150
"""Tasks that an XE9680 takes through all steps, proofs included: counted in a push to the lab."""
_FLEET: Final = 512
_SIZES: Final = ((1, 16), (16, 16), (64, 4), (64, 16), (64, 32), (256, 16))
"""Hosts of a play, and forks."""


def hosts(_cache: Path) -> Iterator[Result]:
    """Measure plays of several sizes; yields a line each, and what 512 hosts come to."""
    found = {size: _played(*size) for size in _SIZES}
    alone = found[1, 16].cpu_s
    for (number, forks), used in found.items():
        each = used.cpu_s / number
        yield Result(
            "hosts", f"play of {number}, {forks} forks, {_TASKS} tasks: CPU a host", f"{each:.2f} s", f"{alone:.2f} s",
            alone / each, "x", None, note=f"{used.cpu_s:.1f} s CPU, {used.wall_s:.1f} s on the wall, {used.peak_mib:.0f} MiB",
        )  # fmt: skip
    together = found[64, 16].cpu_s / 64
    yield Result(
        "hosts",
        "a host in a play of 64 against one alone",
        f"{together:.2f} s",
        f"{alone:.2f} s",
        alone / together,
        "x",
        2.0,
        least=True,
    )
    fixed, task = _split(found[1, 16], found[64, 16])
    plays = -(-_FLEET // MOST)
    stages = 5
    total = plays * stages * fixed + _FLEET * _ROLES * task
    note = f"a play costs {fixed:.2f} s, a task on a host {1000 * task:.0f} ms; without the time that the hosts themselves take"
    yield Result(
        "hosts",
        f"{_FLEET} hosts, {_ROLES} tasks each: CPU of the controller",
        f"{total / 60:.0f} min",
        "-",
        total / 60,
        "min",
        90.0,
        note=note,
    )


def _split(one: Usage, many: Usage) -> tuple[float, float]:
    """Return what a play costs by itself, and what a task on one host adds, s of CPU."""
    task = max(0.0, (many.cpu_s - one.cpu_s) / (63 * _TASKS))
    return max(0.0, one.cpu_s - _TASKS * task), task


def _played(number: int, forks: int) -> Usage:
    with tempfile.TemporaryDirectory() as scratch:
        words = [sys.executable, "-m", "bench.run_hosts", str(number), str(forks), str(_TASKS)]
        return run(words, cwd=Path(__file__).resolve().parent.parent, scratch=Path(scratch))
