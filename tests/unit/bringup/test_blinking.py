"""A blink asks BMCs for as little as is enough, gives up who does not answer, and knows whose apply waits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from rackwright.audit.cabling import Port
from rackwright.bringup.blinking import controllers
from rackwright.bringup.blinking.controllers import Controllers
from rackwright.bringup.blinking.rounds import Patience, _above, _back, _held, _round, _Work
from rackwright.bringup.blinking.switches import Switches
from rackwright.errors import DeviceTimeout, Unreachable
from rackwright.redfish.inventory import Inventory, Nic, NicPort

MACS = {"r1": "02:00:00:00:00:01", "r2": "02:00:00:00:00:02"}
PLAN = SimpleNamespace(
    devices=[
        SimpleNamespace(
            name="gpu01",
            serial="AAAAAA1",
            macs=(*((name, mac) for name, mac in MACS.items()), ("bmc", "02:00:00:00:00:09")),
        ),
        SimpleNamespace(
            name="gpu02", serial="AAAAAA2", macs=(("r1", "02:00:00:00:00:21"), ("bmc", "02:00:00:00:00:29"))
        ),
        SimpleNamespace(name="gpu03", serial="", macs=(("r1", "02:00:00:00:00:31"), ("bmc", "02:00:00:00:00:39"))),
    ]
)


def told(power="On", **links):
    ports = tuple(NicPort(fqdd=name, number=1, macs=(MACS[name],), link=link) for name, link in links.items())
    return Inventory(power=power, nics=(Nic(fqdd="NIC.Slot.1", ports=ports),) if ports else ())


class FakeBmc:
    """Answers each topic with what it is given next, the last again and again; counts what is asked."""

    def __init__(self, links=(), lights=(), ports=(), power="On"):
        self.answers = {"links": list(links), "lights": list(lights), "ports": list(ports)}
        self.asked = []
        self.is_now = power
        self.closed = False

    def read(self, topics):
        (topic,) = topics
        self.asked.append(topic)
        left = self.answers[topic]
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return {"inventory": answer} if isinstance(answer, Inventory) else {"inventory": told(), "#errors": answer}

    def power(self):
        self.asked.append("power")
        return self.is_now

    def close(self):
        self.closed = True


@pytest.fixture
def threads():
    with ThreadPoolExecutor(2) as made:
        yield made


@pytest.fixture
def looking(threads, monkeypatch):
    """Return a function that opens the controllers of one BMC."""
    monkeypatch.setattr(controllers, "ports", lambda read: read["inventory"])
    monkeypatch.setattr(controllers, "marks", lambda read: read["inventory"])

    def looked(bmc, name="gpu01"):
        made = Controllers(SimpleNamespace(bmc=lambda _: bmc), PLAN, threads)
        return made, made.open([name])

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


@pytest.mark.parametrize(
    ("name", "tag", "bmc", "who"),
    [
        ("gpu01", "AAAAAA2", "29", "service tag AAAAAA2 answers where AAAAAA1 is planned; it is gpu02 of nodes.csv"),
        (
            "gpu01",
            "zzzzzz9",
            "09",
            "service tag ZZZZZZ9 answers where AAAAAA1 is planned, and nodes.csv has it nowhere",
        ),
        ("gpu01", "aaaaaa1", "99", ""),
        ("gpu01", "", "29", "its MAC addresses are not those of gpu01; it is gpu02 of nodes.csv"),
        ("gpu03", "AAAAAA2", "29", "its MAC addresses are not those of gpu03; it is gpu02 of nodes.csv"),
        ("gpu03", "AAAAAA2", "39", ""),
        ("gpu03", "ZZZZZZ9", "99", ""),
    ],
)
def test_another_machine_at_the_address_is_not_blinked(looking, name, tag, bmc, who):
    """Links of a machine that somebody else uses go down, or its cables are told as those of the planned one."""
    answer = Inventory(
        power="Off" if who else "On", service_tag=tag, bmc_macs=(f"02:00:00:00:00:{bmc}",), nics=told(r1="up").nics[:0]
    )
    made, (blind, there) = looking(session := FakeBmc([answer]), name)
    assert made.strangers == ({name: who} if who else {})
    assert (blind, there) == ({} if who else {name: "it does not tell its network adapters"}, {})
    assert session.closed


@pytest.mark.parametrize(
    ("power", "seen", "gone", "asked"),
    [
        ("On", told("", r1="up", r2="up"), {}, ["ports"]),
        ("On", told("", r1="down", r2="up"), {}, ["ports", "power"]),
        ("Off", told("", r1="down", r2="up"), {"gpu01": "it is Off: power it on"}, ["ports", "power", "links"]),
        ("On", told("", r1="unknown", r2="up"), {}, ["ports", "power", "links"]),
    ],
)
def test_who_has_all_its_links_back_is_not_asked_whether_it_is_on(looking, power, seen, gone, asked):
    """The system is read for each look at links that came back, or a server that went off is waited for."""
    bmc = FakeBmc([told(r1="up", r2="up"), told(power, r1="down", r2="up")], ports=[seen], power=power)
    made, _ = looking(bmc)
    found = made.lights(lit=lights(r1=True, r2=True))
    assert made.gone == gone
    assert found == ({} if gone else lights(r1=asked == ["ports"], r2=True))
    assert bmc.asked == ["links", *asked]


class Lamps:
    """Controllers whose links are as they are given for each look; counts who is asked."""

    def __init__(self, *looks):
        self.looks = list(looks)
        self.asked = []
        self.gone = {}

    def lights(self, only=None, *, lit=()):
        del lit
        told = self.looks.pop(0)
        self.asked.append(sorted(only) if only is not None else "all")
        return {port: light for port, light in told.items() if only is None or port.device in only}


def work_with(lamps, planned, before):
    clock = SimpleNamespace(at=0.0)
    clock.now = lambda: clock.at
    clock.sleep = lambda seconds: setattr(clock, "at", clock.at + seconds)
    switches = SimpleNamespace(down=lambda *_: None, held=lambda: None, back=dict)
    work = _Work(SimpleNamespace(clock=clock), switches, lamps, Patience(follow_s=9, back_s=9), print)
    work.planned, work.before = planned, before
    return work


FAR = [Port("gpu01", "r1"), Port("gpu01", "r2"), Port("gpu02", "r1"), Port("gpu02", "r2")]
NEAR = [Port("be01", "swp1"), Port("be02", "swp1"), Port("be01", "swp2"), Port("be02", "swp2")]


def told_of(*links):
    return dict(zip(FAR, links, strict=True))


def test_a_server_whose_ports_are_as_planned_is_not_asked_again_in_a_round():
    """All BMCs are asked again and again for one slow link."""
    lamps = Lamps(told_of(0, 1, 1, 1), told_of(1, 1, 0, 1))
    work = work_with(lamps, dict(zip(FAR, NEAR, strict=True)), told_of(1, 1, 1, 1))
    lamps.looks = [{port: bool(light) for port, light in look.items()} for look in lamps.looks]
    seen = _round(work, frozenset({NEAR[0], NEAR[2]}), set(FAR), 2)
    assert lamps.asked == ["all", ["gpu02"]]
    assert seen == {FAR[0]: False, FAR[1]: True, FAR[2]: False, FAR[3]: True}


def test_who_follows_another_port_than_planned_is_seen_though_its_server_was_as_planned():
    """A cable that ends elsewhere takes a port down that was to stay up, at a server that is asked no more."""
    looks = [(0, 1, 1, 1), (0, 0, 1, 1), (0, 0, 1, 1), (0, 0, 1, 1)]
    lamps = Lamps(*({port: bool(light) for port, light in told_of(*look).items()} for look in looks))
    work = work_with(lamps, dict(zip(FAR, NEAR, strict=True)), told_of(1, 1, 1, 1))
    seen = _round(work, frozenset({NEAR[0], NEAR[2]}), set(FAR), 2)
    assert lamps.asked == ["all", ["gpu02"], "all"]
    assert seen == {FAR[0]: False, FAR[1]: False, FAR[2]: True, FAR[3]: True}


def test_in_the_end_all_are_asked():
    """What a server told at the beginning of a minute is taken for what it tells at the end, though somebody waited for all."""
    lamps = Lamps(*({port: bool(light) for port, light in told_of(1, 1, 1, 0).items()} for _ in range(9)))
    work = work_with(lamps, {}, told_of(1, 1, 1, 1))
    assert _back(work)[FAR[3]] is False
    assert lamps.asked[0] == lamps.asked[-1] == "all"
    assert ["gpu02"] in lamps.asked


def test_a_server_that_goes_away_in_a_round_says_nothing_of_what_it_told_before():
    """The links that a server told before its BMC went away are judged."""
    looks = [{port: bool(light) for port, light in told_of(0, 1, 1, 1).items()}, {}]
    lamps = Lamps(*looks)
    work = work_with(lamps, dict(zip(FAR, NEAR, strict=True)), told_of(1, 1, 1, 1))
    asked = lamps.lights

    def lights(only=None, *, lit=()):
        if lamps.asked:
            lamps.gone["gpu02"] = "it does not answer"
        return asked(only, lit=lit)

    lamps.lights = lights
    lamps.looks += [looks[1]] * 9
    seen = _round(work, frozenset({NEAR[0]}), set(FAR), 2)
    assert {port.device for port in seen} == {"gpu01"}


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


def test_a_switch_that_does_not_run_what_it_ran_before_is_told(threads):
    """A switch that came back otherwise is taken for one that came back, or one that tells the same in another order is not."""
    before = tree("up")
    switch = FakeSwitch(before, dict(reversed(before.items())), waits=False)
    made = Switches(SimpleNamespace(connect=lambda _: switch), threads)
    switch.apply = switch.alter = lambda *_, **__: ""
    made.open({"be01": {"swp1"}})
    made.down([Port("be01", "swp1")], 600)
    assert made.back() == {}
    switch.trees["startup"] = tree("up", "be02")
    made.down([Port("be01", "swp1")], 600)
    assert list(made.back()) == ["be01"]
    assert made.stuck["be01"].startswith("it does not run what it ran before: ")
