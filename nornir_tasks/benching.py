"""Tasks that load hosts, or fetch what support asks for from them; they change no setting."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from nornir.core.task import Result, Task

from nornir_tasks.acceptance import HostWay
from rackwright.audit.evidence import Answer
from rackwright.audit.hosts import Wanted, bundle, running
from rackwright.errors import DriverError

__all__ = ["bench_host", "bench_pair", "bundle_host"]


def bench_host(task: Task, way: HostWay, wanted: Mapping[str, Wanted], level: int) -> Result:
    """Run what is run on one host by itself; return its answers."""
    name = task.host.name
    try:
        session = way.host(name)
    except DriverError as error:
        return Result(task.host, result=(Answer("dcgmi diag", error=str(error)),), failed=True)
    try:
        return Result(task.host, result=running.run_alone(session, wanted[name], level, way.clock))
    finally:
        session.close()


def bench_pair(task: Task, way: HostWay, pairs: Mapping[str, running.Pair]) -> Result:
    """Measure the rails between two hosts, of which the first is the task's; return the answers by host."""
    pair = pairs[task.host.name]
    with ExitStack() as undo:
        sessions = {}
        try:
            for name in (pair.one, pair.two):
                sessions[name] = way.host(name)
                undo.callback(sessions[name].close)
        except DriverError as error:
            lost = (Answer("ib_write_bw", error=str(error)),)
            return Result(task.host, result={pair.one: lost, pair.two: lost}, failed=True)
        return Result(task.host, result=running.run_pair(sessions, pair, way.clock))


def bundle_host(task: Task, way: HostWay, wanted: Mapping[str, Wanted], folder: Path) -> Result:
    """Fetch the support bundle of one host into ``FOLDER/NAME.bundle``; return the names of its files."""
    name = task.host.name
    try:
        session = way.host(name)
    except DriverError:
        return Result(task.host, result=(), failed=True)
    try:
        place = folder / f"{name}.bundle"
        return Result(task.host, result=bundle.fetch(session, place, gpus=wanted[name].stack.gpu.owner == "host"))
    finally:
        session.close()
