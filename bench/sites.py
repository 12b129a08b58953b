"""The large reference sites: everything rendered, a node added, and how the cost grows."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Final, NamedTuple

from bench.measure import Failed, Usage, run
from bench.result import Result

__all__ = ["copy", "full", "growth"]

_HERE: Final = Path(__file__).parent
_INVENTORY: Final = _HERE.parent / "inventory"


class _Build(NamedTuple):
    usage: Usage
    devices: int
    out: Path

    @property
    def cpu(self) -> str:
        return f"{self.usage.cpu_s:.2f} s"


def full(cache: Path) -> Iterator[Result]:
    """Yield the cost of all of ``rail-1024``, of one more node in it, and of merely writing its bytes."""
    site = copy("rail-1024", cache)
    text = (site / "site.yaml").read_text()
    # The fabric is laid out for 1,024 and full with them: the node that is added is the last of them.
    smaller = re.sub(r"count: 1024\b", "count: 1023, max: 1024", text)
    if smaller == text:
        raise Failed("inventory/rail-1024/site.yaml does not say count: 1024 any more")
    (site / "site.yaml").write_text(smaller)
    _render(site, cache / "rail-1024-more")
    (site / "site.yaml").write_text(smaller.replace("count: 1023, ", "count: 1024, "))
    added = _render(site, cache / "rail-1024-more", keep=True)
    (site / "site.yaml").write_text(text)
    (site / "site.lock").unlink(missing_ok=True)
    whole = _render(site, cache / "rail-1024")
    peak = whole.usage.peak_mib
    yield Result("rail", "rail-1024 complete: CPU", whole.cpu, "", whole.usage.cpu_s, "s", 20.0)
    yield Result("rail", "rail-1024 complete: peak memory", f"{peak:.0f} MiB", "", peak, "MiB", 1024.0)
    share = added.usage.cpu_s / whole.usage.cpu_s
    planning = run([_command(), "plan", site, "--quiet"], cwd=site, scratch=cache).cpu_s
    apart = [f"{used.cpu_s - planning:.2f} s" for used in (added.usage, whole.usage)]
    note = f"planning alone, which both need: {planning:.2f} s; rendering alone: {' against '.join(apart)}"
    yield Result("rail", "one node added, against all of it", added.cpu, whole.cpu, share, "x", 0.1, note=note)
    yield _floor(whole, cache)


def growth(cache: Path) -> Iterator[Result]:
    """Yield the CPU a device of ``rail-8192`` against that of ``rail-1024``."""
    small, large = (_render(copy(name, cache), cache / name) for name in ("rail-1024", "rail-8192"))
    each = [1000 * built.usage.cpu_s / built.devices for built in (large, small)]
    note = (
        f"rail-8192: {large.devices} devices, {large.cpu} CPU, {large.usage.peak_mib:.0f} MiB; "
        f"rail-1024: {small.devices} devices, {small.cpu}, {small.usage.peak_mib:.0f} MiB"
    )
    what = "CPU a device: rail-8192 against rail-1024"
    yield Result("growth", what, f"{each[0]:.2f} ms", f"{each[1]:.2f} ms", each[0] / each[1], "x", 1.3, note=note)


def copy(name: str, cache: Path) -> Path:
    """Copy a reference site without its lock, so that planning starts from nothing."""
    site = cache / f"site-{name}"
    shutil.rmtree(site, ignore_errors=True)
    shutil.copytree(_INVENTORY / name, site, ignore=shutil.ignore_patterns("site.lock"))
    return site


def _command() -> Path:
    return Path(sys.executable).parent / "rackwright"


def _render(site: Path, out: Path, *, keep: bool = False) -> _Build:
    """Render a site by the command, in one process, so that the peak is that of all of it."""
    if not keep:
        shutil.rmtree(out, ignore_errors=True)
    usage = run([_command(), "render", site, "--out", out, "--jobs", "1", "--quiet"], cwd=site, scratch=out.parent)
    return _Build(usage, _devices(out / "plan.json"), out)


def _devices(plan: Path) -> int:
    """Count the devices of a plan, a line each; to load it would swell us, and a child's peak is at least ours."""
    with plan.open() as lines:
        for line in lines:
            if line.startswith(' "devices":'):
                break
        return sum(1 for _ in takewhile(lambda line: line.startswith("  "), lines))


def _floor(whole: _Build, cache: Path) -> Result:
    """Write the same bytes once more; the line says what share of the cost no renderer can avoid."""
    bare = cache / "floor"
    shutil.rmtree(bare, ignore_errors=True)
    said = run([sys.executable, _HERE / "run_floor.py", whole.out, bare], cwd=cache, scratch=cache).said.split()
    seconds, files, size = float(said[0]), int(said[1]), int(said[2])
    shutil.rmtree(bare)
    what = f"floor: {files} files, {size / 1e6:.0f} MB merely written"
    return Result("rail", what, whole.cpu, f"{seconds:.2f} s", whole.usage.cpu_s / seconds, "x", None)
