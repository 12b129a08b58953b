"""A blink asks BMCs for as little as is enough, gives up who does not answer, and knows whose apply waits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from rackwright.audit.cabling import Port
from rackwright.bringup.blinking import controllers
from rackwright.bringup.blinking.controllers import Controllers
from rackwright.bringup.blinking.rounds import _above, _held
from rackwright.bringup.blinking.switches import Switches
from rackwright.errors import DeviceTimeout, Unreachable
from rackwright.redfish.inventory import Inventory, Nic, NicPort

MACS = {"r1": "02:00:00:00:00:01", "r2": "02:00:00:00:00:02"}
PLAN = SimpleNamespace(
    devices=[
        SimpleNamespace(name="gpu01", macs=(*((name, mac) for name, mac in MACS.items()), ("bmc", "02:00:00:00:00:09")))
    ]
)


def told(power="On", **links):
    ports = tuple(NicPort(fqdd=name, number=1, macs=(MACS[name],), link=link) for name, link in links.items())
    return Inventory(power=power, nics=(Nic(fqdd="NIC.Slot.1", ports=ports),) if ports else ())


class FakeBmc:
    """Answers each topic with what it is given next, the last again and again; counts what is asked."""

    def __init__(self, links=(), lights=()):
        self.answers = {"links": list(links), "lights": list(lights)}
        self.asked = []
        self.closed = False

    def read(self, topics):
        (topic,) = topics
        self.asked.append(topic)
        left = self.answers[topic]
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return {"inventory": answer} if isinstance(answer, Inventory) else {"inventory": told(), "#errors": answer}

    def close(self):
        self.closed = True


@pytest.fixture
def threads():
    with ThreadPoolExecutor(2) as made:
        yield made


@pytest.fixture
def looking(threads, monkeypatch):
    """Return a function that opens the controllers of one BMC."""
    monkeypatch.setattr(controllers, "inventory", lambda read: read["inventory"])

    def looked(bmc):
        made = Controllers(SimpleNamespace(bmc=lambda _: bmc), PLAN, threads)
        return made, made.open(["gpu01"])

    return looked


def lights(**links):
    return {Port("gpu01", name): light for name, light in links.items()}


def test_what_the_system_tells_is_enough_where_it_tells_all(looking):
    """All adapters are read again though the system tells every link."""
    bmc = FakeBmc([told(r1="up", r2="down")], [told(r1="down", r2="down")])
    made, (blind, there) = looking(bmc)
    assert (blind, there) == ({}, {"gpu01": {"r1", "r2"}})
    assert made.lights() == lights(r1=False, r2=False)
    assert bmc.asked == ["links", "lights"]


def test_a_bmc_whose_system_tells_no_dark_link_is_asked_for_its_adapters(looking):
    """A link that only the adapter's port tells (BlueField-3 at an iDRAC) is taken for untold, or asked for in vain each time."""
    bmc = FakeBmc([told(r1="up", r2="up"), told(r1="down", r2="up")], [told(r1="unknown", r2="up")])
    made, _ = looking(bmc)
    assert made.lights() == lights(r1=False, r2=True)
    assert made.lights() == lights(r1=False, r2=True)
    assert bmc.asked == ["links", "lights", "links", "links"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (told("Off", r1="down", r2="down"), "it is Off: power it on"),
        (told(), "it does not tell its network adapters"),
        ({"/redfish/v1/Systems": "gpu01 says 503"}, "gpu01 says 503"),
        (DeviceTimeout("gpu01 does not answer", device="gpu01"), "gpu01 does not answer"),
    ],
)
def test_who_says_nothing_of_cables_is_not_asked_again(looking, answer, why):
    """A server that is off, or a BMC that does not answer, is waited for in every round, or its links are believed."""
    made, (blind, _) = looking(FakeBmc([answer]))
    assert blind == {"gpu01": why}
    bmc = FakeBmc([told(r1="up", r2="up"), answer], [answer])
    made, (blind, _) = looking(bmc)
    assert not blind
    assert made.lights() == {}
    assert made.gone == {"gpu01": why}
    assert bmc.closed
    asked = len(bmc.asked)
    assert made.lights() == {}
    assert len(bmc.asked) == asked


class FakeSwitch:
    """A switch with an apply that may wait."""

    def __init__(self, running, startup, *, waits):
        self.trees = {"running": running, "startup": startup}
        self.waits = waits
        self.refused = 0

    def confirmation(self):
        return SimpleNamespace(state="waiting" if self.waits else "none")

    def running(self):
        return self.trees["running"]

    def startup(self):
        return self.trees["startup"]

    def rollback(self):
        self.refused += 1
        self.waits, self.trees["running"] = False, self.trees["startup"]

    def close(self):
        """Nothing is open."""


def tree(state, hostname="be01"):
    return {"system": {"hostname": hostname}, "interface": {"swp1": {"link": {"state": {state: {}}}}}}


@pytest.mark.parametrize(
    ("running", "ports", "ours"),
    [
        (tree("down"), {"swp1"}, True),
        (tree("down"), {"swp2"}, False),
        (tree("down", "be02"), {"swp1"}, False),
        (tree("up"), {"swp1"}, False),
    ],
)
def test_only_what_a_killed_blink_left_is_refused(threads, running, ports, ours):
    """An apply of somebody else is refused, or one that a killed blink left is taken for somebody else's."""
    switch = FakeSwitch(running, tree("up"), waits=True)
    made = Switches(SimpleNamespace(connect=lambda _: switch), threads)
    assert made.open({"be01": ports}) == (
        {} if ours else {"be01": "an apply of somebody else waits to be confirmed there"}
    )
    assert switch.refused == ours


def test_a_switch_that_cannot_be_reached_is_told(threads):
    """A switch that does not answer ends the blink, or is taken for one that blinks."""

    def connect(_):
        raise Unreachable("be01 cannot be reached", device="be01")

    made = Switches(SimpleNamespace(connect=connect), threads)
    assert made.open({"be01": {"swp1"}}) == {"be01": "be01 cannot be reached"}


def test_ports_in_protodown_and_who_is_above_are_read_from_what_the_switch_shows():
    """A port that waits for a partner is taken for one with a dead cable."""
    links = [
        SimpleNamespace(kind=kind, a=SimpleNamespace(device=one, port=hole), b=SimpleNamespace(device=two, port=far))
        for kind, one, hole, two, far in (
            ("host", "fe01", "swp1", "gpu01", "r1"), ("host", "fe01", "swp2", "gpu02", "r1"),
            ("isl", "fe01", "swp3", "fe02", "swp3"), ("isl", "fe01", "swp4", "fe02", "swp4"),
            ("fabric", "sp01", "swp1", "fe01", "swp5"), ("uplink", "fe01", "swp6", "oob01", "swp51"),
        )
    ]  # fmt: skip
    shown = {
        "fe01": {
            "swp1": {"link": {"oper-status": "down", "protodown": "enabled", "protodown-reason": "evpn-mh"}},
            "swp2": {"link": {"oper-status": "down", "protodown": "disabled"}},
            "swp3": {"link": {"oper-status": "down"}},
            "swp4": {"link": {"oper-status": "down"}},
            "swp5": {"link": {"oper-status": "up"}},
            "swp6": {"link": {"oper-status": "down", "protodown": "enabled"}},
        }
    }
    assert _held(links[:2], shown) == {Port("fe01", "swp1"): "evpn-mh"}
    plan = SimpleNamespace(links=links)
    assert _above(plan, shown) == {"fe01": ("fe02",)}
    shown["fe01"]["swp4"]["link"]["oper-status"] = "up"
    assert _above(plan, shown) == {"fe01": ()}
