"""Many BMCs in one process, beside switches or without any, and what the command says of them."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest

from rackwright.cli import main
from rackwright.twin.authority import Authority
from rackwright.twin.bmc.service.fleet import REDFISH_PORT, Fleet, Planned
from rackwright.twin.clock import TwinClock
from rackwright.twin.faults import Faults
from rackwright.twin.journal import Journal
from rackwright.twin.sockets import bound
from tests.bmcs import SYSTEM, twin_of


def resident_mb() -> float:
    """Return the memory of this process in MB."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4 / 1024


def test_a_thousand_bmcs_that_nobody_asks_cost_next_to_nothing(tmp_path):
    """They listen within seconds and in a few MB, no machine is made and no certificate, and all ends with the fleet."""

    def never(*_):
        raise AssertionError("a machine was made although nobody asked")

    async def run() -> tuple[float, float, int]:
        fleet = Fleet(TwinClock(60), Journal(), Faults(), 0)
        plans = {f"gpu{n}": Planned("idrac", "root", never) for n in range(1000)}
        doors = {name: bound(f"127.64.{n // 250}.{n % 250 + 1}", REDFISH_PORT) for n, name in enumerate(plans)}
        before, began = resident_mb(), time.process_time()
        await fleet.start(plans, doors, Authority(tmp_path))
        used, grown, tasks = time.process_time() - began, resident_mb() - before, len(asyncio.all_tasks())
        assert all(one.open for one in fleet.listeners.values())
        await fleet.stop()
        return used, grown, tasks

    used, grown, tasks = asyncio.run(run())
    assert used < 5
    assert grown < 60
    assert tasks == 1
    assert not (tmp_path / "tls").exists()


def test_all_of_a_site_answer_with_their_own_certificates(tmp_path):
    """Servers and cards of a site stand on addresses of their own, each with its own service tag, no storage node among them."""
    with twin_of(tmp_path, ("*",), rate=60) as twin:
        names = [one["device"] for one in twin.described["bmcs"]]
        assert names[:2] == ["gpu01", "gpu01.b3220l-1"]
        assert not any(name.startswith("ps") for name in names)
        tags = {name: twin.client(name).ask("GET", "/redfish/v1", token="").json for name in names if "." not in name}
        assert len({one["Oem"]["Dell"]["ServiceTag"] for one in tags.values()}) == len(tags) == 8
        assert len(
            {one["host"] for one in twin.described["bmcs"]} | {one["host"] for one in twin.described["devices"]}
        ) == len(names) + len(twin.described["devices"])


def test_latency_delays_every_exchange(tmp_path):
    """With 20 ms each way a request over a new connection takes its three round trips: TCP, TLS, HTTP."""
    with twin_of(tmp_path, ("gpu01",), latency_ms=20) as twin:
        client = twin.client()
        client.get(SYSTEM)
        began = time.monotonic()
        client.get(SYSTEM)
        assert time.monotonic() - began > 0.115


def test_firmware_is_behind_or_as_planned(tmp_path):
    """By default pinned firmware is a step behind, and as planned when that is asked for."""
    versions = {}
    for bmcs in ("behind", "planned"):
        with twin_of(tmp_path / bmcs, ("gpu01",), bmcs=bmcs) as twin:
            twin.client().get(SYSTEM)
            versions[bmcs] = twin.whole()["bios"]
    assert versions["behind"] != versions["planned"]


def run(words: list[str]) -> int:
    """Run a command and return its exit code."""
    return main(words, standalone_mode=False) or 0


@pytest.fixture
def site(tmp_path, capsys):
    """Return a copy of a reference site."""
    assert run(["init", str(tmp_path / "site"), "--from", "xe9680-spectrum-x"]) == 0
    capsys.readouterr()
    yield str(tmp_path / "site")
    run(["twin", "down", str(tmp_path / "site")])


def test_the_command_starts_tells_breaks_and_ends_them(site, capsys):
    """`twin up` says how many there are, `status` shows them, `fault` reaches one, `--no-bmcs` leaves them out."""
    assert run(["twin", "up", site, "--detach", "--only", "gpu01*"]) == 0
    assert "0 switches and 2 BMCs" in capsys.readouterr().err
    assert run(["twin", "fault", site, "bmc-dead", "--device", "gpu01"]) == 0
    capsys.readouterr()
    assert run(["twin", "status", site]) == 0
    shown = capsys.readouterr().out
    assert "gpu01.b3220l-1" in shown
    assert "dark" in shown
    assert run(["twin", "down", site]) == 0
    assert run(["twin", "up", site, "--detach", "--only", "oob01", "--no-bmcs"]) == 0
    assert json.loads((Path(site) / ".rackwright" / "twin.json").read_bytes())["bmcs"] == []
