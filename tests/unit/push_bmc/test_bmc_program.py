"""A whole push to BMCs through the durable engine, over servers in memory."""

from __future__ import annotations

from types import SimpleNamespace

import msgspec
import pytest

from rackwright.errors import AuthRefused
from rackwright.push.bmc import contact, program
from rackwright.push.bmc.submitting import interrupted, submit
from tests.unit.push.fake import Clock
from tests.unit.push_bmc.cases import order_of
from tests.unit.push_bmc.fake import BIOS, IDRAC, Server, inventory_of

NAMES = ("gpu01", "gpu02", "gpu03", "mgmt01", "mgmt02")
WAVES = (("servers", ("gpu01", "gpu02", "gpu03")), ("roles 1", ("mgmt01",)), ("roles 2", ("mgmt02",)))


@pytest.fixture
def rack(tmp_path, monkeypatch):
    """Return servers, the order for all of them, and the way to them."""
    monkeypatch.setattr(contact.reading, "inventory", inventory_of)
    monkeypatch.setattr(program, "Contact", _reading_fakes(program.Contact))
    clock = Clock()
    servers = {name: Server(clock, name=name) for name in NAMES}
    one = order_of(tmp_path, (IDRAC, BIOS))
    orders = tuple(
        msgspec.structs.replace(
            one.servers[0], device=name, way=msgspec.structs.replace(one.servers[0].way, machine=name)
        )
        for name in NAMES
    )
    order = msgspec.structs.replace(one, servers=orders, waves=WAVES)
    way = SimpleNamespace(
        state=tmp_path / ".rackwright",
        clock=clock,
        twin=False,
        database=None,
        bmc=lambda name: servers[name].connect(name),
        resolvers=(),
    )
    return SimpleNamespace(servers=servers, order=order, way=way)


def _reading_fakes(made):
    return lambda *args, **kwargs: made(*args, **kwargs, inventory_of=inventory_of)


def test_a_rack_ends_as_intended(rack):
    """Every server once, in its waves; afterwards nothing is left of the run."""
    report = submit(rack.order, rack.way, jobs=1)
    assert report.state == "done", report
    assert all(server.flashed() == {IDRAC: 1, BIOS: 1} for server in rack.servers.values())
    assert not interrupted(rack.way.state)


def test_a_canary_that_fails_holds_all_back(rack):
    """One server ahead fails: no other is touched, neither of its wave nor of later ones."""
    rack.servers["gpu01"].fails[BIOS] = "RED097"
    report = submit(rack.order, rack.way, jobs=2)
    assert report.state == "failed"
    assert {name: outcome.state for name, outcome in report.outcomes.items()} == {
        "gpu01": "failed", "gpu02": "skipped", "gpu03": "skipped", "mgmt01": "skipped", "mgmt02": "skipped",
    }  # fmt: skip
    assert "RED097" in report.gates["servers"].cause
    assert all(not server.deeds for name, server in rack.servers.items() if name != "gpu01")


def test_a_server_that_fails_later_fails_alone(rack):
    """Behind the canary a failed server whose host is on stops nobody."""
    rack.servers["gpu02"].fails[BIOS] = "RED097"
    report = submit(rack.order, rack.way, jobs=1)
    assert [name for name, outcome in report.outcomes.items() if outcome.state != "done"] == ["gpu02"]


def shut(rack, name):
    def refuses(_name=""):
        raise AuthRefused("it does not let root in", device=name)

    rack.servers[name].connect = refuses


def test_a_bmc_that_cannot_be_asked_fails_alone(rack):
    """Nothing was done to its server: it was told as not on since this push, and heads and control nodes were not begun."""
    shut(rack, "gpu02")
    report = submit(rack.order, rack.way, jobs=1)
    assert [name for name, outcome in report.outcomes.items() if outcome.state != "done"] == ["gpu02"]
    assert {gate.state for gate in report.gates.values()} == {"done"}


def test_a_member_of_a_role_that_cannot_be_asked_holds_its_partner_back(rack):
    """Whether it is on is not known: its partner may be the last one that is."""
    shut(rack, "mgmt01")
    assert submit(rack.order, rack.way, jobs=1).outcomes["mgmt02"].state == "skipped"


def test_a_host_that_stays_away_holds_its_partner_back(rack):
    """When a member of a role is not on any more, the other is not restarted."""
    server = rack.servers["mgmt01"]
    start = server._start

    def never():
        start()
        server.power, server.post_until = "Off", None

    server._start = never
    report = submit(rack.order, rack.way, jobs=1)
    assert report.outcomes["mgmt01"].state == "failed"
    assert report.outcomes["mgmt02"].state == "skipped"
    assert "not on since this push: mgmt01" in report.gates["roles 1"].cause
