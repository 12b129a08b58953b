"""Inventory and compliance of 1,000 emulated BMCs, 20 ms away, against the time that the way alone takes, and against two other clients."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

from bench import sites
from bench.measure import Failed, Usage, run
from bench.result import Result

__all__ = ["bmc"]

_HERE: Final = Path(__file__).parent
_LATENCY_MS: Final = 10
_ROUND_TRIP_S: Final = 2 * _LATENCY_MS / 1000
"""20 ms: half of it each way."""
_RATE: Final = 60
_JOBS: Final = 64
_ALL: Final = ("gpu0[0-9][0-9][0-9]", "gpu1000")
"""1,000 of the 1,029 servers of ``rail-1024``."""
_ALONE: Final = ("gpu0001",)
_SOME: Final = tuple(f"gpu00{number:02d}" for number in range(1, 33))
"""32 BMCs, one for each worker: the peers would be busy for many minutes with all."""
_AUDIT: Final = ("audit", "--twin", "--quiet", "--only", "firmware,bios,hardware", "--jobs", str(_JOBS))
_RUNS: Final = 3
"""The median is told: two processes fill two processors, and a machine that others use too gives single runs that differ by a fifth."""
_HANDSHAKE: Final = 2
"""Round trips before the first request: TCP, TLS 1.3."""


class _Cost(NamedTuple):
    usage: Usage
    requests: int
    twin_cpu_s: float


class _Bench:
    """A site with its emulated BMCs."""

    def __init__(self, site: Path, cache: Path) -> None:
        self.site = site
        self.cache = cache
        self.state = site / ".rackwright"

    @contextmanager
    def twin(self) -> Iterator[None]:
        """Have 1,000 BMCs meanwhile, in a process of their own; their machines are made before anything is measured."""
        only = [word for pattern in _ALL for word in ("--only", pattern)]
        words = ("--detach", "--latency", str(_LATENCY_MS), "--rate", str(_RATE))
        self.command("twin", "up", self.site, *words, *only)
        try:
            # A BMC's machine is made when it is first asked, and a hundred at once wait longer for that than we do: exit code 1.
            self.command(*_AUDIT, self.site, *_limits(_ALL), good=(0, 1, 4))
            yield
        finally:
            self.command("twin", "down", self.site)

    def cost(self, limit: tuple[str, ...]) -> _Cost:
        """Audit BMCs; requests are counted at the BMCs, and what the twin did for them apart."""
        before, cpu = self.requests(), self._twin_cpu()
        usage = self.command(*_AUDIT, self.site, *_limits(limit), good=(0, 4))
        return _Cost(usage, self.requests() - before, self._twin_cpu() - cpu)

    def peer(self, program: str) -> _Cost:
        """Have another client read some of the BMCs, a thread each."""
        secret = (self.state / "twin" / "secrets" / "bmc").read_text().strip()
        twin = json.loads((self.state / "twin.json").read_text())
        rows = [
            {"host": one["host"], "port": one["redfish_port"], "user": one["user"], "password": secret}
            for one in twin["bmcs"] if one["device"] in _SOME
        ]  # fmt: skip
        asked = self.cache / "bmcs.json"
        asked.write_text(json.dumps(rows))
        before, cpu = self.requests(), self._twin_cpu()
        usage = run([sys.executable, "-P", _HERE / program, asked, str(len(rows))], cwd=self.cache, scratch=self.cache)
        if int(usage.said.split()[-1]) != len(rows):
            raise Failed(f"{program} read {usage.said.strip()} of {len(rows)} BMCs")
        return _Cost(usage, self.requests() - before, self._twin_cpu() - cpu)

    def requests(self) -> int:
        """Return how many requests all BMCs have had."""
        told = self.command("twin", "status", self.site, "--json").said
        bmcs: Mapping[str, Mapping[str, Any]] = json.loads(told)["bmcs"]
        return sum(sum(one["requests"].values()) for one in bmcs.values())

    def command(self, *words: str | Path, good: tuple[int, ...] = (0,)) -> Usage:
        """Run our command."""
        command = Path(sys.executable).parent / "rackwright"
        return run([command, *words], cwd=self.cache, scratch=self.cache, good=good)

    def bare(self) -> float:
        """Return the CPU of a Python that does nothing: what the machine's other work makes of 12 ms."""
        return run([sys.executable, "-c", "pass"], cwd=self.cache, scratch=self.cache).cpu_s

    def _twin_cpu(self) -> float:
        pid = json.loads((self.state / "twin.json").read_text())["pid"]
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _limits(patterns: tuple[str, ...]) -> list[str]:
    return [word for pattern in patterns for word in ("--limit", pattern)]


def bmc(cache: Path) -> Iterator[Result]:
    """Yield the audit of all, its CPU and memory a BMC, then the two peers on some.

    The BMCs of adapters are left out: 1,000 iDRACs are what is asked for.
    """
    site = sites.copy("rail-1024", cache)
    text = (site / "site.yaml").read_text()
    without = text.replace(", {dpu_bmc: [b3220l]}", "")
    if without == text:
        raise Failed("inventory/rail-1024/site.yaml does not cable the BMCs of its adapters any more")
    (site / "site.yaml").write_text(without)
    bench = _Bench(site, cache)
    with bench.twin():
        one = bench.cost(_ALONE)
        yield from _ours(bench, one, [bench.cost(_ALL) for _ in range(_RUNS)])
        some = bench.cost(_SOME)
        for name, program in (("redfish_utilities", "run_redfish_utilities.py"), ("sushy", "run_sushy.py")):
            yield from _against(name, some, bench.peer(program))


def _ours(bench: _Bench, one: _Cost, runs: Sequence[_Cost]) -> Iterator[Result]:
    count = 1000
    every = sorted(runs, key=lambda run: run.usage.wall_s)[len(runs) // 2]
    walls = ", ".join(f"{run.usage.wall_s - one.usage.wall_s:.1f}" for run in runs)
    each = every.requests / count
    ideal = (each + _HANDSHAKE) * _ROUND_TRIP_S * -(-count // _JOBS)
    # What the site itself costs to read and to plan is measured with one BMC, and is no matter of BMCs.
    wall, cpu = every.usage.wall_s - one.usage.wall_s, every.usage.cpu_s - one.usage.cpu_s
    note = f"{each:.1f} requests a BMC, {_JOBS} at a time; the median of {walls} s; the twin's own CPU {every.twin_cpu_s:.1f} s; load {os.getloadavg()[0]:.1f}"
    yield Result(
        "bmc",
        "audit of 1,000 BMCs, wall against ideal",
        f"{wall:.1f} s",
        f"{ideal:.1f} s",
        wall / ideal,
        "x",
        2.0,
        note=note,
    )
    bare = median(bench.bare() for _ in range(5))
    note = (
        f"all of it {every.usage.cpu_s:.1f} s, of which reading and planning the site and one BMC {one.usage.cpu_s:.1f} s; "
        f"an empty Python takes {1000 * bare:.0f} ms beside the same load"
    )
    yield Result(
        "bmc", "the same, CPU a BMC", f"{1000 * cpu / count:.1f} ms", "", 1000 * cpu / count, "ms", 15.0, note=note
    )
    yield Result(
        "bmc", "the same, peak memory", f"{every.usage.peak_mib:.0f} MiB", "", every.usage.peak_mib, "MiB", None
    )
    yield Result("bmc", "the same, requests a BMC", f"{each:.1f}", "", each, "", None)


def _against(name: str, ours: _Cost, theirs: _Cost) -> Iterator[Result]:
    fewer, quicker = theirs.requests / ours.requests, theirs.usage.wall_s / ours.usage.wall_s
    count = len(_SOME)
    note = (
        f"requests a BMC {theirs.requests / count:.0f} against {ours.requests / count:.1f}; wall {theirs.usage.wall_s:.1f} s "
        f"against {ours.usage.wall_s:.1f} s; CPU {theirs.usage.cpu_s:.1f} s against {ours.usage.cpu_s:.1f} s; ours plans and judges besides"
    )
    best = max((fewer, "requests"), (quicker, "time"))
    yield Result(
        "bmc", f"{count} BMCs against {name}, {best[1]}", f"{ours.requests}", f"{theirs.requests}", best[0], "x", 5.0,
        least=True, note=note,
    )  # fmt: skip
