"""The EVPN fabric of 144 switches in three tools: the same counts, CPU side by side."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml

from bench import evpn
from bench.counts import Counts, of_avd, of_netlab, of_rackwright
from bench.measure import Failed, Usage, median, run
from bench.peers import PEERS, python_of
from bench.result import Result

__all__ = ["compare"]

_HERE: Final = Path(__file__).parent
_LEAST: Final = 50.0
_TIMES: Final = 5


def compare(cache: Path) -> Iterator[Result]:
    """Yield one line for each peer; a ratio only where both outputs hold the same fabric."""
    ours, mine = _rackwright(_fresh(cache / "evpn-rackwright"))
    _told("rackwright", ours, mine)
    for peer, measured in (("pyavd", _avd), ("netlab", _netlab)):
        what = f"EVPN fabric, 144 switches: CPU against {peer}"
        try:
            theirs, its = measured(_fresh(cache / f"evpn-{peer}"), python_of(peer, cache))
        except Failed as problem:
            yield Result("fabric", what, _seconds(ours), "-", None, "x", _LEAST, least=True, note=str(problem))
            continue
        _told(PEERS[peer], theirs, its)
        if mine != its:
            note = f"no ratio, the fabrics differ: ours {mine}, theirs {its}"
            yield Result("fabric", what, _seconds(ours), _seconds(theirs), None, "x", _LEAST, least=True, note=note)
            continue
        ratio = theirs.cpu_s / ours.cpu_s
        yield Result("fabric", what, _seconds(ours), _seconds(theirs), ratio, "x", _LEAST, least=True)


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _seconds(usage: Usage) -> str:
    return f"{usage.cpu_s:.2f} s"


def _told(tool: str, usage: Usage, counts: Counts) -> None:
    figures = ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in counts._asdict().items())
    print(f"{tool}: {figures}; {usage.cpu_s:.2f} s CPU, {usage.peak_mib:.0f} MiB", file=sys.stderr, flush=True)


def _rackwright(folder: Path) -> tuple[Usage, Counts]:
    site = folder / "site"
    site.mkdir()
    (site / "site.yaml").write_text(evpn.rackwright())

    def once() -> Usage:
        _fresh(folder / "out")
        return run([sys.executable, _HERE / "run_switches.py", site, folder / "out"], cwd=folder, scratch=folder)

    return median(once, _TIMES), of_rackwright(folder / "out")


def _avd(folder: Path, python: Path) -> tuple[Usage, Counts]:
    out = _fresh(folder / "out")
    devices = [f"leaf{number:02d}" for number in range(1, evpn.LEAVES + 1)]
    devices += [f"spine{number:02d}" for number in range(1, evpn.SPINES + 1)]
    (folder / "fabric.json").write_text(json.dumps(evpn.avd_fabric()))
    (folder / "devices.json").write_text(json.dumps({name: evpn.avd_device(name) for name in devices}))
    return run([python, _HERE / "run_pyavd.py", folder, out], cwd=folder, scratch=folder), of_avd(out)


def _netlab(folder: Path, python: Path) -> tuple[Usage, Counts]:
    lab = _fresh(folder / "lab")
    (lab / "topology.yml").write_text(yaml.safe_dump(evpn.topology(), sort_keys=False))
    # The configurations alone: no Ansible inventory, no provider file.
    argv: list[str | Path] = [python.parent / "netlab", "create", "-o", "config", "topology.yml"]
    return run(argv, cwd=lab, scratch=folder), of_netlab(lab / "node_files")
