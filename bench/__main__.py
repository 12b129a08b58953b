"""``python -m bench``: measure, print a line each, exit 1 when a target is missed."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from bench import command, fabric, sites
from bench.bmc import bmc
from bench.bringup import bringup
from bench.hosts import hosts
from bench.measure import Failed
from bench.result import Result, line
from bench.switches import switches
from bench.tasks import tasks

CACHE: Final = Path(__file__).resolve().parent.parent / ".bench"

PARTS: Final[dict[str, Callable[[Path], Iterator[Result]]]] = {
    "command": command.startup,
    "rail": sites.full,
    "growth": sites.growth,
    "pyavd": fabric.against_pyavd,
    "netlab": fabric.against_netlab,
    "switches": switches,
    "bmc": bmc,
    "hosts": hosts,
    "tasks": tasks,
    "bringup": bringup,
}
"""Part -> what measures it, the quick ones first."""


def main(arguments: list[str]) -> int:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=sorted(PARTS), help="this part; may be given again")
    parser.add_argument("--json", action="store_true", help="print one JSON array instead of the table")
    asked = parser.parse_args(arguments)
    CACHE.mkdir(exist_ok=True)
    results: list[Result] = []
    if not asked.json:
        print(f"{'part':<7} {'what':<44} {'ours':>13} {'other':>13} {'figure':>11} {'target':>8}")
    for name, part in PARTS.items():
        if asked.only and name not in asked.only:
            continue
        for result in _measured(name, part):
            results.append(result)
            if not asked.json:
                print(line(result), flush=True)
    if asked.json:
        print(json.dumps([{**result._asdict(), "passed": result.passed} for result in results], indent=1))
    return 0 if all(result.passed for result in results) else 1


def _measured(name: str, part: Callable[[Path], Iterator[Result]]) -> Iterator[Result]:
    """Yield the lines of a part; a program that fails is a target missed, not the end of the bench."""
    try:
        yield from part(CACHE)
    except Failed as problem:
        yield Result(name, "not measured", "-", "-", None, "", 0.0, note=str(problem))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
