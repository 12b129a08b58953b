"""Who goes ahead of its kind with firmware, and what the others do when that one fails or is never begun."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import msgspec
import pytest

from rackwright.bringup.ahead import Ahead
from rackwright.bringup.work import servers
from rackwright.runs.model import Outcome
from tests.unit.bringup.test_stages import scope
from tests.unit.bringup.test_work import job


@pytest.mark.parametrize(
    ("state", "stage", "held"),
    [
        ("failed", "restart 1", True),
        ("failed", "back", True),
        ("failed", "read", False),
        ("skipped", "", False),
        ("done", "", False),
        ("waived", "", False),
    ],
)
def test_server_that_went_ahead_holds_the_others_only_when_it_was_changed(state, stage, held):
    """A missing GPU says nothing about an image; an image that bricks one server bricks a rack."""
    ahead = Outcome(subject="firmware/gpu01", state=state, stage=stage, cause="it does not come back")
    halt = servers._canary(job("firmware/gpu02", [ahead]))
    assert (halt is not None) is held
    assert halt is None or ("gpu01" in halt.cause and halt.remedy)


GONE = Outcome(subject="firmware/gpu01", state="skipped", cause="hardware/gpu01 ended failed: SERVER-GPUS")


def together(monkeypatch, tmp_path, ends, before=GONE):
    """Bring firmware to two servers at once behind one that was never begun; return how they ended, and whether both were at work at once."""
    meet, beside = threading.Barrier(2), []

    def brought(one):
        with contextlib.suppress(threading.BrokenBarrierError):
            meet.wait(timeout=0.3)
            beside.append(one.device)
        return msgspec.structs.replace(ends, subject=one.task.name)

    monkeypatch.setattr(servers, "_brought", brought)
    world = {"ahead": Ahead(), "machines": dict.fromkeys(scope().servers, SimpleNamespace(model="xe9680"))}
    jobs = [job(f"firmware/{name}", [before], tmp_path, **world) for name in ("gpu02", "gpu03")]
    with ThreadPoolExecutor() as pool:
        return list(pool.map(servers.firmware, jobs)), bool(beside), jobs


@pytest.mark.parametrize(
    ("before", "state", "stage", "states", "beside"),
    [
        (GONE, "done", "", ["done", "done"], False),
        (GONE, "failed", "restart 1", ["failed", "skipped"], False),
        (GONE, "failed", "read", ["failed", "failed"], False),
        (GONE, "unchanged", "", ["unchanged", "unchanged"], False),
        (
            msgspec.structs.replace(GONE, state="failed", stage="read"),
            "failed",
            "restart 1",
            ["failed", "skipped"],
            False,
        ),
        (msgspec.structs.replace(GONE, state="waived"), "failed", "restart 1", ["failed", "skipped"], False),
        (msgspec.structs.replace(GONE, state="done"), "done", "", ["done", "done"], True),
    ],
)
def test_another_goes_ahead_where_the_first_of_its_kind_was_never_begun(
    monkeypatch, tmp_path, before, state, stage, states, beside
):
    """The first of a hundred lacks a GPU, and an image that bricks them is written to all others at the same time."""
    ends = Outcome(subject="", state=state, stage=stage, cause="bricked")
    told, both, _ = together(monkeypatch, tmp_path, ends, before)
    assert (sorted(one.state for one in told), both) == (states, beside)
    for one in told:
        if one.state == "skipped":
            assert "went ahead of its kind, failed at restart 1: bricked" in one.cause
            assert f"retry {one.subject}" in one.remedy


def test_who_is_tried_again_behind_one_that_went_ahead_and_failed_goes(monkeypatch, tmp_path):
    """What was mended and is retried stays skipped for ever, since another failed an hour ago."""
    told, _, jobs = together(
        monkeypatch, tmp_path, Outcome(subject="", state="failed", stage="restart 1", cause="bricked")
    )
    (held,) = [one for one, end in zip(jobs, told, strict=True) if end.state == "skipped"]
    held.context.number = 2
    assert servers.firmware(held).state == "failed"


def test_who_did_not_come_back_holds_those_that_stand_in_for_it(monkeypatch, tmp_path):
    """A control-plane node stays away behind its firmware, and the next one is restarted: two of three are gone."""
    monkeypatch.setattr(servers, "_brought", lambda one: Outcome(subject=one.task.name, state="done"))
    world = {"ahead": Ahead(), "machines": dict.fromkeys(scope().servers, SimpleNamespace(model="r660"))}
    led = Outcome(subject="firmware/mgmt01", state="unchanged")
    done = {name: job(f"firmware/{name}", [led], tmp_path, **world) for name in ("mgmt02", "mgmt03")}
    assert servers._roles(done["mgmt02"]) == ["role k8s-control"]
    assert servers.firmware(done["mgmt02"]).state == "done"
    world["ahead"].away(servers._roles(done["mgmt02"]), "mgmt02, which stands in for it, did not come back: silent")
    held = servers.firmware(done["mgmt03"])
    assert (held.state, held.cause) == ("skipped", "mgmt02, which stands in for it, did not come back: silent")
    assert "retry firmware/mgmt03" in held.remedy
    done["mgmt03"].context.number = 2
    assert servers.firmware(done["mgmt03"]).state == "done"
