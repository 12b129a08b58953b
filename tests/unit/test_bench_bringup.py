"""The bench of a bring-up: the way of a schedule, and who was worked on at the same time by the twin's log."""

from __future__ import annotations

import msgspec
import pytest

from bench import brought
from rackwright.runs.model import Event, Graph, Task


def run(took: dict[str, float], *, limits: dict[str, int] | None = None, **after: tuple[str, ...]) -> brought.Brought:
    takes = dict.fromkeys(limits or {}, 1)
    tasks = [
        Task(name=name, stage="firmware", device=name, after=after.get(name, ()), settled=(), takes=takes)
        for name in took
    ]
    return brought.Brought(Graph(tasks=tuple(tasks), limits=limits or {}), 0, dict.fromkeys(took, "done"), took)


def test_the_way_is_the_longest_chain():
    """What hangs on nothing goes beside the chain and costs nothing."""
    assert brought.way(run({"a": 10, "b": 20, "c": 25}, b=("a",)), 8) == pytest.approx(30)


def test_limits_lengthen_the_way():
    """Two who may not go at once go one after the other; a bound without that would call a kept limit a slow program."""
    assert brought.way(run({"a": 10, "b": 20}, limits={"power r1": 1}), 8) == pytest.approx(30)
    assert brought.way(run({"a": 10, "b": 20}), 1) == pytest.approx(30)


def test_a_kind_takes_what_its_quickest_take():
    """Who waited for a processor does not lengthen the bound that the wall is held against."""
    assert brought.way(run({"gpu1": 10, "gpu2": 90, "gpu3": 10}), 8) == pytest.approx(10)


def test_spans_overlap_in_a_group_only():
    """Two servers of a rack that restart at once are two of it; the next begins when one ends."""
    log = [
        {"at": at, "device": device, "operation": operation}
        for at, device, operation in (
            (1, "gpu1", "power"), (2, "gpu2", "power"), (3, "gpu1", "get"), (4, "gpu1", "logout"), (4, "gpu3", "power"),
            (5, "gpu2", "run"), (6, "gpu3", "logout"),
        )
    ]  # fmt: skip
    spans = brought.restarting(log)
    assert spans[0] == ("gpu1", 1, 4)
    assert brought.at_once(spans, {"gpu1": "a", "gpu2": "a", "gpu3": "a"}) == {"a": 2}
    assert brought.at_once(spans, {"gpu1": "a", "gpu2": "b"}) == {"a": 1, "b": 1}


def test_what_a_run_left_is_read(tmp_path):
    """Steps are counted once, and a task has the time that its end tells."""
    graph = Graph(tasks=(Task(name="bmc/gpu01", stage="bmc", device="gpu01"),), limits={})
    (tmp_path / "graph-0").write_bytes(msgspec.json.encode(graph))
    told = [
        Event(at="", kind="task", text="begins", subject="bmc/gpu01", fields={}),
        Event(at="", kind="step", text="read", subject="bmc/gpu01", fields={"state": "begun"}),
        Event(at="", kind="step", text="read", subject="bmc/gpu01", fields={"state": "done", "took_s": 3}),
        Event(at="", kind="task", text="done", subject="bmc/gpu01", fields={"took_s": 0.1, "clock_s": 4.5}),
    ]
    (tmp_path / "events.jsonl").write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in told))
    seen = brought.brought(tmp_path)
    assert (seen.steps, seen.ended, seen.took_s) == (1, {"bmc/gpu01": "done"}, {"bmc/gpu01": 4.5})
