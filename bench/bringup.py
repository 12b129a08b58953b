"""A whole site brought up on the emulated rack: CPU a step, memory, the wall against the schedule, limits by the twin's log.

1,024 servers and all of their switches. ``RACKWRIGHT_BENCH_SERVERS`` asks for fewer: 8 take a minute or two, 64 a few;
``RACKWRIGHT_BENCH_HOSTS=none`` leaves their operating systems out.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from bench import brought, sites
from bench.measure import Failed, Usage, cpu_of, run
from bench.result import Result
from rackwright.plan import workspace
from rackwright.plan.model import Plan

__all__ = ["bringup"]

_SERVERS: Final = int(os.environ.get("RACKWRIGHT_BENCH_SERVERS", "1024"))
_HOSTS: Final = os.environ.get("RACKWRIGHT_BENCH_HOSTS", "installed")
_RATE: Final = 30
_JOBS: Final = 128
_RESTARTS: Final = 2
"""Of the four servers of a rack; no source gives the watts of an XE9680."""
_OTHERS: Final = {"mgmt": 5, "ps": 32}
_PORTS: Final = {
    "gpu": ("bmc", "lom1", "lom2", *(f"b3140h-{at}" for at in range(1, 9)), "b3220l-1.1", "b3220l-1.2", "b3220l-1.bmc"),
    "mgmt": ("bmc", "lom1", "lom2", "cx6dx-1.1", "cx6dx-1.2"),
    "ps": ("bmc", "front-1.1", "front-1.2"),
}
"""Group -> the ports that nodes.csv has MAC addresses for."""
_VERB: Final = ("--twin", "--yes", "--allow-disruption", "--quiet")


def bringup(cache: Path) -> Iterator[Result]:
    """Yield what bringing the whole site up took of our process, and whether the twin saw a limit exceeded."""
    site = _site(cache, _SERVERS)
    _command("twin", "up", site, "--detach", "--rate", str(_RATE), "--hosts", _HOSTS, cache=cache)
    try:
        twin = json.loads((site / ".rackwright" / "twin.json").read_text())["pid"]
        words = ("--jobs", str(_JOBS), "--feeds", str(_JOBS), "--restarts", str(_RESTARTS))
        usage = _command("bringup", "", site, *_VERB, *words, cache=cache)
        twin_s = cpu_of(twin)
        # The log goes with the twin.
        log = list(brought.lines(site / ".rackwright" / "twin" / "log"))
    finally:
        _command("twin", "down", site, cache=cache)
    seen = brought.brought(max((site / ".rackwright" / "runs").glob("2*")))
    yield from _costs(seen, usage, twin_s)
    yield _limits(site, log)
    shutil.rmtree(site)


def _costs(seen: brought.Brought, usage: Usage, twin_s: float) -> Iterator[Result]:
    each = 1000 * usage.cpu_s / seen.steps
    load = f"load {os.getloadavg()[0]:.1f}"
    note = f"{len(seen.ended):,} tasks, {seen.steps:,} steps; all of our process {usage.cpu_s:.0f} s, the twin {twin_s:.0f} s; {load}"
    yield Result("bringup", f"{_SERVERS:,} servers: CPU a step", f"{each:.1f} ms", "-", each, "ms", 10, note=note)
    yield Result("bringup", "peak memory", f"{usage.peak_mib:.0f} MiB", "-", usage.peak_mib, "MiB", 2048)
    way_s = brought.way(seen, _JOBS) / _RATE
    cores = os.cpu_count() or 1
    work_s = (usage.cpu_s + twin_s) / cores
    bound, wall = max(way_s, work_s), usage.wall_s
    note = f"rate {_RATE}, {_JOBS} at once; the schedule's way {way_s:.0f} s, all CPU on {cores} cores {work_s:.0f} s; {load}"
    yield Result(
        "bringup", "wall against its bound", f"{wall:.0f} s", f"{bound:.0f} s", wall / bound, "x", 1.3, note=note
    )


def _limits(site: Path, log: list[dict[str, Any]]) -> Result:
    """Count the racks and pairs in which the twin saw more at once than may be."""
    plan = workspace.planned(workspace.open_site(site)).plan
    restarts, changes = brought.restarting(log), brought.applying(log)
    racks = brought.at_once(restarts, {one.device: one.rack for one in plan.placements})
    roles = brought.at_once(restarts, _guarded(plan))
    pairs = brought.at_once(changes, _pairs(plan))
    over = [name for name, most in racks.items() if most > _RESTARTS]
    over += [name for group in (roles, pairs) for name, most in group.items() if most > 1]
    note = (
        f"by the twin's log: {len(restarts)} restarts in {len(racks)} racks, at most {max(racks.values(), default=0)} of {_RESTARTS} in one; "
        f"{len(changes)} changes of switches, at most {max(pairs.values(), default=0)} of a pair; {', '.join(over)}"
    ).rstrip("; ")
    return Result("bringup", "limits exceeded", str(len(over)), "-", len(over), "times", 0, note=note)


def _guarded(plan: Plan) -> Mapping[str, str]:
    return {one.name: role for one in plan.devices for role in one.roles if role in {"bcm-head", "k8s-control"}}


def _pairs(plan: Plan) -> Mapping[str, str]:
    """Name for each switch the pair that it is one of: both hold the bonds of the same hosts."""
    sharing: dict[tuple[str, str], list[str]] = {}
    for switch in plan.switches:
        for bond in switch.bonds:
            if bond.es_id:
                sharing.setdefault((bond.es_mac, bond.peer), []).append(switch.name)
    return {name: "+".join(sorted(set(names))) for names in sharing.values() for name in names}


def _site(cache: Path, servers: int) -> Path:
    """Make ``rail-1024`` with so many servers, and with the MAC addresses that proofs of cables need."""
    site = sites.copy("rail-1024", cache)
    text = (site / "site.yaml").read_text()
    made = text.replace("count: 1024", f"count: {servers}").replace("schema: 1,", "schema: 1, nodes: nodes.csv,")
    if made.count("nodes: nodes.csv") != 1 or f"count: {servers}" not in made:
        raise Failed("inventory/rail-1024/site.yaml has other words than the bench knows")
    (site / "site.yaml").write_text(made)
    (site / "nodes.csv").write_text(_nodes({"gpu": servers, **_OTHERS}))
    return site


def _nodes(groups: Mapping[str, int]) -> str:
    columns = tuple(dict.fromkeys(port for ports in _PORTS.values() for port in ports))
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["name", "service_tag", *columns])
    for group, count in groups.items():
        for number in range(1, count + 1):
            name = f"{group}{number:0{max(2, len(str(count)))}d}"
            macs = [_mac(name, port) if port in _PORTS[group] else "" for port in columns]
            table.writerow([name, hashlib.sha256(name.encode()).hexdigest()[:7].upper(), *macs])
    return out.getvalue()


def _mac(name: str, port: str) -> str:
    return "02:" + ":".join(f"{byte:02x}" for byte in hashlib.sha256(f"{name} {port}".encode()).digest()[:5])


def _command(verb: str, word: str, site: Path, *words: str, cache: Path) -> Usage:
    command = Path(sys.executable).parent / "rackwright"
    return run([command, verb, *([word] if word else []), site, *words], cwd=cache, scratch=cache)
