"""A plan of a few switches, a data plane that says little, and twins of both kinds of process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from rackwright.twin import planes
from rackwright.twin.box import Box
from rackwright.twin.clock import TwinClock
from rackwright.twin.engine import Identity
from rackwright.twin.faults import Faults
from rackwright.twin.journal import Journal
from rackwright.twin.linux import Session
from rackwright.twin.process import Background, Spec
from tests.plans import rails
from tests.twins.blank import Blank

WHO = Identity("fe01", "sn5600", "MT0001", "02:00:00:00:00:01", management="10.10.0.11/24")


@pytest.fixture
def bench() -> Callable[..., object]:
    """Return a function that runs a coroutine over one switch without wires: ``bench(lambda box: ...)``."""

    def run(work, *, rate: float = 10_000, plane: Blank | None = None, startup=None):
        async def main():
            box = Box(WHO, plane or Blank(), TwinClock(rate), Faults(), Journal(), startup)
            await box.settle()
            try:
                return await asyncio.wait_for(work(box), 20)
            finally:
                await box.close()

        return asyncio.run(main())

    return run


@pytest.fixture
def typed(bench) -> Callable[..., list]:
    """Return a function that types command lines into one switch and returns what each left behind."""

    def run(*lines: str, files: dict[str, str] | None = None, **rest) -> list:
        async def work(box):
            for name, text in (files or {}).items():
                box.files.put(f"/home/cumulus/{name}", text.encode(), "cumulus")
            session = Session(box, "cumulus")
            return [await session.line(line) for line in lines]

        return bench(work, **rest)

    return run


@pytest.fixture
def small_plan():
    """Return a plan of two leaves and an out-of-band switch."""
    return rails(nodes=2)


@pytest.fixture
def twin(tmp_path, small_plan, monkeypatch) -> Iterator[Callable[..., SimpleNamespace]]:
    """Return a function that starts a twin with the small data plane in a thread of this process."""
    monkeypatch.setitem(planes.KINDS, "blank", lambda *_: Blank())
    running: list[Background] = []

    def up(**rest) -> SimpleNamespace:
        spec = Spec(
            plan=rest.pop("plan", small_plan),
            state=str(tmp_path / f"site{len(running)}" / ".rackwright"),
            **{"rate": 600.0, "kind": "blank", "secrets": ("switch_hash",), **rest},
        )
        (tmp_path / f"site{len(running)}").mkdir()
        made = Background(spec).__enter__()
        running.append(made)
        state = Path(spec.state)
        told = json.loads((state / "twin.json").read_text())
        ends = {one["device"]: one for one in told["devices"]}
        return SimpleNamespace(background=made, ask=made.ask, state=state, told=told, ends=ends)

    yield up
    for one in running:
        one.__exit__(None, None, None)
