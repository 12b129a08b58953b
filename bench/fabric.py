"""The EVPN fabric of 144 switches in three tools: the same counts, CPU side by side."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

import yaml

from bench import evpn
from bench.counts import Counts, of_avd, of_netlab, of_rackwright
from bench.measure import Usage, run
from bench.peers import PEERS, python_of
from bench.result import Result

__all__ = ["against_netlab", "against_pyavd"]

_HERE: Final = Path(__file__).parent
_LEAST: Final = 50.0
_TIMES: Final = 5


def against_pyavd(cache: Path) -> Iterator[Result]:
    """Yield a line for AVD in each of its cases: full and half as full, EVPN on its own sessions and forced onto ours."""
    for per_pair in (evpn.PER_PAIR, evpn.PER_PAIR // 2):
        for merged in (False, True):
            what = f"{per_pair} servers a pair, {'merged' if merged else 'own'} sessions: pyavd"
            yield _compare("pyavd", what, per_pair, partial(_avd, per_pair, merged), cache)


def against_netlab(cache: Path) -> Iterator[Result]:
    """Yield the line for netlab; it takes minutes."""
    yield _compare("netlab", "144 switches, EVPN: against netlab", evpn.PER_PAIR, _netlab, cache)


def _compare(
    peer: str, what: str, per_pair: int, measured: Callable[[Path, Path], tuple[Usage, Counts]], cache: Path
) -> Result:
    """Compare with one peer; a ratio only where both outputs hold the same fabric."""
    python = python_of(peer, cache)
    # Ours before and after, so that a machine that is busy for a while is busy for both.
    before, mine = _rackwright(_fresh(cache / "evpn-rackwright"), per_pair)
    theirs, its = measured(_fresh(cache / f"evpn-{peer}"), python)
    after, _ = _rackwright(_fresh(cache / "evpn-rackwright"), per_pair)
    cpu = median(usage.cpu_s for usage in [*before, *after])
    _told("rackwright", cpu, max(usage.peak_mib for usage in after), mine)
    _told(PEERS[peer], theirs.cpu_s, theirs.peak_mib, its)
    result = Result(peer, what, f"{cpu:.2f} s", f"{theirs.cpu_s:.2f} s", None, "x", _LEAST, least=True)
    if mine != its:
        return result._replace(note=f"no ratio, the fabrics differ: ours {mine}, theirs {its}")
    return result._replace(figure=theirs.cpu_s / cpu)


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _told(tool: str, cpu_s: float, peak_mib: float, counts: Counts) -> None:
    figures = ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in counts._asdict().items())
    print(f"{tool}: {figures}; {cpu_s:.2f} s CPU, {peak_mib:.0f} MiB", file=sys.stderr, flush=True)


def _rackwright(folder: Path, per_pair: int) -> tuple[list[Usage], Counts]:
    site = folder / "site"
    site.mkdir()
    (site / "site.yaml").write_text(evpn.rackwright(per_pair))

    def once() -> Usage:
        _fresh(folder / "out")
        return run([sys.executable, _HERE / "run_switches.py", site, folder / "out"], cwd=folder, scratch=folder)

    return [once() for _ in range(_TIMES)], of_rackwright(folder / "out")


def _avd(per_pair: int, merged: bool, folder: Path, python: Path) -> tuple[Usage, Counts]:
    out = _fresh(folder / "out")
    devices = [f"leaf{number:02d}" for number in range(1, evpn.LEAVES + 1)]
    devices += [f"spine{number:02d}" for number in range(1, evpn.SPINES + 1)]
    (folder / "fabric.json").write_text(json.dumps(evpn.avd_fabric(per_pair, merged=merged)))
    (folder / "devices.json").write_text(json.dumps({name: evpn.avd_device(name) for name in devices}))
    return run([python, _HERE / "run_pyavd.py", folder, out], cwd=folder, scratch=folder), of_avd(out)


def _netlab(folder: Path, python: Path) -> tuple[Usage, Counts]:
    lab = _fresh(folder / "lab")
    (lab / "topology.yml").write_text(yaml.safe_dump(evpn.topology(), sort_keys=False))
    # The configurations alone: no Ansible inventory, no provider file.
    argv: list[str | Path] = [python.parent / "netlab", "create", "-o", "config", "topology.yml"]
    return run(argv, cwd=lab, scratch=folder), of_netlab(lab / "node_files")
