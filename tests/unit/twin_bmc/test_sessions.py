"""The sessions of an emulated BMC, and its log when the disk of this machine is full."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from rackwright.twin.bmc.machine.refusal import Refusal
from rackwright.twin.bmc.service.bmc import Bmc
from rackwright.twin.journal import Journal, Line


def test_idle_sessions_make_room_by_the_twins_clock():
    """Eight that nobody used for half an hour of the twin's clock are no reason to refuse a ninth, though it took no second of ours."""
    machine = SimpleNamespace(
        bench=SimpleNamespace(met=lambda _: None), accounts=SimpleNamespace(opens=lambda *_: True),
        most_sessions=8, session_timeout_s=1800,
    )  # fmt: skip
    time = SimpleNamespace(at=0.0)
    bmc = Bmc("gpu01", "idrac", lambda: machine, SimpleNamespace(now=lambda: time.at), SimpleNamespace(), Journal())
    for _ in range(8):
        bmc.login("root", "x", "127.0.0.1")
    time.at = 1700.0
    with pytest.raises(Refusal, match="RAC0218"):
        bmc.login("root", "x", "127.0.0.1")
    time.at = 1801.0
    bmc.login("root", "x", "127.0.0.1")
    assert len(bmc.sessions) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_fails_no_device():
    """What cannot be written down is in memory: a BMC answered 500 to each login that it had let in, until no session was left."""
    journal = Journal(Path("/dev/full"))
    journal.add(Line(0.0, "gpu01", "redfish", "root", "login", "POST", "201"))
    journal.close()
    assert [line["operation"] for line in journal.lines()] == ["login"]
