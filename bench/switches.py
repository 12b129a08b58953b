"""Push and audit of 200 emulated switches, 50 ms away each way, against the time that the way alone takes, and against Nornir with netmiko."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from bench import sites
from bench.measure import Failed, Usage, cpu_of, run
from bench.peers import python_of
from bench.requests import Wave, ideal_audit, ideal_push, sessions
from bench.result import Result
from rackwright.drivers.reach import JOBS

__all__ = ["switches"]

_HERE: Final = Path(__file__).parent
_LATENCY_MS: Final = 50
_ROUND_TRIP_S: Final = 2 * _LATENCY_MS / 1000
_RATE: Final = 60
_ALL: Final = ("be*", "oob0[1-8]")
"""192 leaves and spines of the back end of ``rail-1024``, and eight switches of its management network: 200."""
_ALONE: Final = ("be001", "be-spine01", "oob01")
"""One of each kind: their requests are counted while nobody else is asked."""
_SOME: Final = ("be00?", "be01?", "be02[0-8]", "be-spine0[1-4]")
"""32 switches, one for each worker: netmiko would be busy for minutes with all."""
_PUSH: Final = ("push", "--twin", "--yes", "--allow-disruption", "--confirm-within", "1h", "--quiet")
_AUDIT: Final = ("audit", "--twin", "--quiet")


class _Cost(NamedTuple):
    usage: Usage
    twin_cpu_s: float
    lines: list[dict[str, Any]]


class _Bench:
    """A site with its twin."""

    def __init__(self, site: Path, cache: Path) -> None:
        self.site = site
        self.cache = cache
        self.state = site / ".rackwright"

    @contextmanager
    def twin(self) -> Iterator[None]:
        """Have 200 factory-fresh switches meanwhile, in a process of their own."""
        only = [word for pattern in _ALL for word in ("--only", pattern)]
        self._command("twin", "up", "--detach", "--latency", str(_LATENCY_MS), "--rate", str(_RATE), *only)
        try:
            yield
        finally:
            self._command("twin", "down")

    def cost(self, *words: str, limit: tuple[str, ...] = _ALL) -> _Cost:
        """Run a verb over switches; what the twin did for it is counted apart."""
        log = self.state / "twin" / "log"
        before, size = self._twin_cpu(), log.stat().st_size
        # An audit has findings: links are dark towards switches that are not configured.
        good = (0, 4) if limit == _ALONE or words[0] == "audit" else (0,)
        usage = self._command(*words, *(word for pattern in limit for word in ("--limit", pattern)), good=good)
        with log.open("rb") as stream:
            stream.seek(size)
            lines = [json.loads(line) for line in stream]
        return _Cost(usage, self._twin_cpu() - before, lines)

    def _command(self, verb: str, *words: str, good: tuple[int, ...] = (0,)) -> Usage:
        command = Path(sys.executable).parent / "rackwright"
        own, rest = ([verb, words[0]], words[1:]) if verb == "twin" else ([verb], words)
        return run([command, *own, self.site, *rest], cwd=self.cache, scratch=self.cache, good=good)

    def _twin_cpu(self) -> float:
        return cpu_of(json.loads((self.state / "twin.json").read_text())["pid"])

    def waves(self) -> list[Wave]:
        """Return the waves of the last push."""
        newest = max((self.state / "runs").iterdir())
        rows = json.loads((newest / "run.json").read_text())["waves"]
        return [Wave(tuple(row["devices"]), row.get("canary", "")) for row in rows]


def switches(cache: Path) -> Iterator[Result]:
    """Yield the first push, one with nothing to do, and the audit, each against its ideal; then the peer."""
    bench = _Bench(sites.copy("rail-1024", cache), cache)
    with bench.twin():
        alone = [
            sessions(bench.cost(*words, "--jobs", "1", limit=_ALONE).lines, _ROUND_TRIP_S * _RATE)
            for words in (_PUSH, _PUSH, _AUDIT)
        ]
    with bench.twin():
        pushed = bench.cost(*_PUSH)
        waves = bench.waves()
        names = [name for wave in waves for name in wave.devices]
        first = {name: alone[0][_kind(name)] for name in names}
        trips = {name: sum(of[1:]) for name, of in first.items()}
        ideal = ideal_push({name: of[0] for name, of in first.items()}, trips, waves, JOBS, _ROUND_TRIP_S)
        yield _result("first push, wall against ideal", pushed, ideal, sum(trips.values()) / len(names))
        for what, words, counted in (("push, nothing to do", _PUSH, alone[1]), ("audit", _AUDIT, alone[2])):
            each = {name: sum(counted[_kind(name)]) for name in names}
            ideal = ideal_audit(each, JOBS, _ROUND_TRIP_S)
            cost = bench.cost(*words)
            yield _result(f"{what}, wall against ideal", cost, ideal, sum(each.values()) / len(names))
        yield from _peer(bench, cache)


def _kind(name: str) -> str:
    """Return the switch whose requests were counted for those of a kind."""
    return next(one for one in _ALONE if one.rstrip("0123456789") == name.rstrip("0123456789"))


def _result(what: str, cost: _Cost, ideal_s: float, each: float) -> Result:
    note = (
        f"{each:.0f} sequential requests a switch, {JOBS} jobs; CPU: ours {cost.usage.cpu_s:.1f} s, "
        f"all switches {cost.twin_cpu_s:.1f} s; load {os.getloadavg()[0]:.1f}"
    )
    wall = cost.usage.wall_s
    return Result("switches", what, f"{wall:.1f} s", f"{ideal_s:.1f} s", wall / ideal_s, "x", 2.0, note=note)


def _peer(bench: _Bench, cache: Path) -> Iterator[Result]:
    """Yield the asking of 32 switches by us and by Nornir with netmiko, the same commands by as many workers."""
    ours = bench.cost(*_AUDIT, limit=_SOME)
    python = python_of("netmiko", cache)
    twin = json.loads((bench.state / "twin.json").read_text())
    asked = _commands(ours.lines)
    hosts = {
        one["device"]: _host(one, bench.state / twin["identity"]) for one in twin["devices"] if one["device"] in asked
    }
    (cache / "hosts.yaml").write_text(yaml.safe_dump(hosts))
    (cache / "commands.json").write_text(json.dumps(asked))
    argv: list[str | Path] = [
        python,
        _HERE / "run_netmiko.py",
        cache / "hosts.yaml",
        cache / "commands.json",
        str(len(asked)),
    ]
    theirs = run(argv, cwd=cache, scratch=cache)
    count, wanted = int(theirs.said.split()[0]), sum(map(len, asked.values()))
    if count != wanted:
        raise Failed(f"netmiko brought {count} of {wanted} answers")
    note = f"{wanted} commands on {len(asked)} switches, {len(asked)} workers each; ours plans and judges besides"
    mine, other = ours.usage, theirs
    yield Result(
        "switches", "audit against Nornir + netmiko, wall", f"{mine.wall_s:.1f} s", f"{other.wall_s:.1f} s",
        other.wall_s / mine.wall_s, "x", None, note=note,
    )  # fmt: skip
    yield Result(
        "switches", "the same, CPU", f"{mine.cpu_s:.1f} s", f"{other.cpu_s:.1f} s", other.cpu_s / mine.cpu_s, "x", None
    )


def _commands(lines: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return what each switch was asked, as the twin's log has it; marks between commands are ours alone."""
    found: dict[str, list[str]] = {}
    for line in lines:
        if line["wire"] == "ssh" and line["operation"] != "connect" and not line["command"].startswith("echo"):
            found.setdefault(line["device"], []).append(line["command"])
    return found


def _host(endpoint: Mapping[str, Any], key: Path) -> dict[str, Any]:
    """Return a host of Nornir's inventory; netmiko knows the platform."""
    extras = {"use_keys": True, "key_file": str(key)}
    return {
        "hostname": endpoint["host"], "port": endpoint["ssh_port"], "username": endpoint["user"],
        "platform": "cumulus_linux", "connection_options": {"netmiko": {"extras": extras}},
    }  # fmt: skip
