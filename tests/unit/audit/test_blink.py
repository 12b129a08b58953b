"""Blinked cables: every miscabling is found with its repair in log2 rounds, and nothing is believed that was not seen."""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise
from random import Random
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rackwright.audit import blinks, cabling
from rackwright.audit.cabling import Port, Sight, blink
from rackwright.audit.cabling.model import swap
from rackwright.bringup import concerns
from rackwright.plan.workspace import open_site, planned
from tests.conftest import ROOT
from tests.unit.audit.dark_room import Room

SITE = "xe9680-two-racks"
PLANTED = 10


def test_every_server_whose_ports_are_not_told_is_named():
    """A switch has the links of many servers: one behind the eighth must not look as if nothing had been said of it."""
    made = floor(("backend",))
    found = seen(made, Room(dict(made.cables), mute=set(made.nics))).found
    peers = {(near.device, near.name): far.device for near, far in made.pairs}
    concerned = [concerns.servers(one, peers, made.servers) for one in found if one.status == "skipped"]
    assert frozenset().union(*concerned) == {far.device for _, far in made.pairs}


@cache
def floor(fabrics: tuple[str, ...] = ("backend", "frontend")) -> SimpleNamespace:
    """Return the host links of the two racks' servers, as planned."""
    plan = planned(open_site(ROOT / "inventory" / SITE)).plan
    servers = {device.name for device in plan.devices if device.role == "server"}
    links = [link for link in plan.links if link.kind == "host" and link.b.device in servers and link.fabric in fabrics]
    pairs = [(Port(link.a.device, link.a.port), Port(link.b.device, link.b.port)) for link in links]
    cables = {one: two for pair in pairs for one, two in (pair, pair[::-1])}
    wiring = cabling.wiring(plan)
    return SimpleNamespace(
        wiring=wiring, pairs=pairs, cables=cables, plan=blink.code(one for one, _ in pairs),
        nics=sorted(two for _, two in pairs), servers=servers,
    )  # fmt: skip


def seen(made, room, **more):
    """Return what is read of a room, its diagnosis and its findings."""
    lights = room.lights(made.plan, made.nics)
    reading = blink.read(made.wiring, made.plan, lights)
    found = blinks.judge(blinks.Blinked(made.wiring, made.plan, lights, **more)).found
    return SimpleNamespace(reading=reading, diagnosis=cabling.diagnose(reading.wiring, reading.sights), found=found)


def wrong(found, *states):
    return [item for item in found if item.status in (states or ("fail", "error"))]


def swapped(made, random, number):
    """Return the cables with so many pairs of plugs exchanged at the servers, no plug twice."""
    cables = dict(made.cables)
    ends = random.sample(made.nics, 2 * number)
    for one, two in zip(ends[::2], ends[1::2], strict=True):
        swap(cables, one, two)
    return cables, list(zip(ends[::2], ends[1::2], strict=True))


@pytest.mark.parametrize("count", [*range(1, 40), 63, 64, 65, 88, 127, 128, 129, 1024, 8192])
def test_every_port_has_a_code_of_its_own_in_log2_rounds(count):
    """Two ports go down in the same rounds, or there are more rounds than log2 of the ports."""
    ports = [Port("be01", f"swp{number}") for number in range(count)]
    plan = blink.code(ports)
    rounds = [plan.down(turn) for turn in range(plan.rounds)]
    patterns = {port: tuple(port in down for down in rounds) for port in ports}
    assert len(set(patterns.values())) == count
    assert plan.rounds == max(1, math.ceil(math.log2(count)))
    # A port that is never down is found by being the only one left, so there is one only where it must be.
    assert sum(not any(pattern) for pattern in patterns.values()) == (count == 2**plan.rounds)


def test_cables_as_planned_pass_and_nothing_else_is_said():
    """A rack that is cabled as planned is not passed, or something is said to be wrong with it."""
    made = floor()
    found = seen(made, Room(dict(made.cables))).found
    assert {item.status for item in found} == {"pass"}
    assert sum(int(item.actual.split()[0]) for item in found) == len(made.pairs) == 88
    assert made.plan.rounds == 7


@pytest.mark.parametrize("seed", range(30))
def test_ten_planted_miscablings_are_found_with_the_right_repair(seed):
    """Ten exchanged cables at the servers of two racks are not all found, or another repair than the planted one is advised."""
    made = floor()
    cables, planted = swapped(made, Random(seed), PLANTED)
    result = seen(made, Room(cables))
    # A repair at the switch is the same as one at the far ends; two planted ones can make one exchanged cage.
    moves = [move for repair in result.diagnosis.repairs for move in repair.moves]
    told = {frozenset(move) for move in moves} | {frozenset(made.cables[port] for port in move) for move in moves}
    assert {frozenset(pair) for pair in planted} <= told
    assert len(moves) == PLANTED
    assert len(result.diagnosis.repairs) == len(wrong(result.found)) <= PLANTED
    assert cabling.apply(result.diagnosis) == made.cables
    assert all(item.status == "fail" and item.remedy.startswith("swap ") for item in wrong(result.found))


def test_a_ring_of_nine_cables_is_led_back_to_the_plan():
    """Cables that are all one hole further than they belong are not led back, step by step."""
    made = floor()
    cables = dict(made.cables)
    ends = Random(7).sample(made.nics, 9)
    for one, two in pairwise(ends):
        swap(cables, one, two)
    result = seen(made, Room(cables))
    assert cabling.apply(result.diagnosis) == made.cables


def test_two_exchanged_servers_are_one_finding():
    """Two servers in each other's place are told as sixteen swapped cables."""
    made = floor(("backend",))
    cables = dict(made.cables)
    for rail in range(1, 9):
        swap(cables, Port("gpu03", f"b3140h-{rail}"), Port("gpu06", f"b3140h-{rail}"))
    found = wrong(seen(made, Room(cables)).found)
    assert [item.message.partition(":")[0] for item in found] == ["gpu03 and gpu06 are exchanged"]


def test_a_dead_cable_a_port_without_link_and_a_swap_are_told_apart():
    """A dead cable, a network port that never had link and two swapped cables get the same remedy."""
    made = floor()
    cables = dict(made.cables)
    swap(cables, Port("gpu01", "b3140h-1"), Port("gpu01", "b3140h-2"))
    room = Room(cables, cut={Port("gpu02", "b3140h-1")}, dead={Port("gpu05", "b3140h-7")})
    found = wrong(seen(made, room).found)
    assert len(found) == 3
    dead, mute, crossed = (
        next(item for item in found if word in item.message) for word in ("no link", "never had", "exchanged")
    )
    assert "gpu02 b3140h-1" in dead.message
    assert "replace it" in dead.remedy
    assert "gpu05 b3140h-7" in mute.message
    assert "adapter" in mute.remedy
    assert "gpu01 b3140h-1 with b3140h-2" in crossed.remedy


def test_two_dark_cables_that_do_not_fit_are_told_of_each_other():
    """Plugs swapped between cages that do not fit are dark at both ends; who is told to plug them in finds them plugged in."""
    made = floor()
    one, two = Port("gpu04", "b3140h-5"), Port("gpu05", "b3220l-1.1")
    found = wrong(seen(made, Room(made.cables, cut={one, two})).found)
    assert [item.subject for item in found] == ["be02", "fe01"]
    places = "a plug of it may be in a port that no cable is planned for, or in the place of one that is dark too: "
    assert [item.remedy.partition(places)[2] for item in found] == [f"fe01 swp2s0 to {two}", f"be02 swp7s0 to {one}"]
    assert found[0].message == f"no link between be02 swp7s0 and {one}: both ends are dark"
    assert found[0].evidence == ("be02 swp7s0 is down", f"{one} has no link")
    # Of several none is chosen; one with which it would have light has been seen not to be the one.
    third, alike = Port("gpu06", "b3220l-1.1"), Port("gpu04", "b3140h-6")
    more = wrong(seen(made, Room(made.cables, cut={one, two, third, alike})).found)
    remedy = next(item.remedy for item in more if str(one) in item.message)
    assert remedy.endswith(f"dark too: fe01 swp2s0 to {two}, fe01 swp2s1 to {third}")


def test_a_dark_cable_is_told_with_those_that_nobody_blinks():
    """A server and a storage node have each other's cable, both are dark, and each is told to replace its own."""
    made = floor()
    one = Port("mgmt01", "cx6dx-1.2")
    down = frozenset(
        {(Port("fe02", "swp7s0"), Port("ps01", "front-1.2")), (Port("oob01", "swp34"), Port("r1-pdu1", "mgmt"))}
    )
    found = wrong(seen(made, Room(made.cables, cut={one}), down=down).found)
    assert [item.remedy.rpartition("; ")[2] for item in found] == [
        (
            "if it is plugged in, a plug of it may be in a port that no cable is planned for, or in the place of one that is "
            "dark too: fe02 swp7s0 to ps01 front-1.2"
        )
    ]


def test_a_cable_in_a_free_port_is_told_as_one_that_may_be():
    """A cable that sits in a port which the plan leaves empty is told to be replaced, and no more."""
    made = floor()
    found = wrong(seen(made, Room(made.cables, cut={Port("gpu07", "b3140h-5")})).found)
    assert [item.remedy.rpartition("; ")[2] for item in found] == [
        "if it is plugged in, a plug of it may be in a port that no cable is planned for"
    ]


def test_ports_that_a_switch_holds_down_are_told_with_who_it_waits_for():
    """A healthy switch whose partner is not as planned is searched for dead adapters, with every server behind it."""
    made = floor()
    held = {near: "evpn-mh" for near, _ in made.pairs if near.device == "fe01"}
    room = Room(made.cables, cut=set(held))
    for above, words in (({"fe01": ("fe02",)}, "see fe02, which it waits for"), ({}, "startup delay")):
        found = wrong(seen(made, room, held=held, above=above).found)
        assert [(item.subject, item.status) for item in found] == [("fe01", "error")]
        assert f"fe01 holds {len(held)} ports in protodown (evpn-mh)" in found[0].message
        assert words in found[0].remedy
        assert len(found[0].evidence) == len(held)


def test_the_only_port_that_is_never_down_is_found_by_what_is_left():
    """64 ports take 7 rounds, or the one that is never down is believed though two network ports followed nothing."""
    made = floor(("backend",))
    assert made.plan.rounds == 6
    zero = next(port for port, number in made.plan.numbers.items() if number == 0)
    # What is only left over is no proof.
    found = seen(made, Room(dict(made.cables))).found
    (left,) = [item for item in found if item.status != "pass"]
    assert (left.status, left.path, left.evidence) == ("skipped", zero.name, (f"{zero} to {made.cables[zero]}",))
    assert sum(int(item.actual.split()[0]) for item in found if item.status == "pass") == 63
    cables = dict(made.cables)
    swap(cables, made.cables[zero], Port("gpu08", "b3140h-8"))
    assert [item.path for item in wrong(seen(made, Room(cables)).found)] == [zero.name]
    # A second one that follows nothing: it leads to a port that does not blink.
    cables = dict(made.cables)
    far = Port("gpu04", "b3140h-4")
    swap(cables, far, Port("elsewhere", "swp1"))
    cables[far] = Port("elsewhere", "swp1")
    found = wrong(seen(made, Room(cables)).found)
    assert {item.status for item in found if item.path == zero.name} == {"error"}
    assert not any(zero in link for link in seen(made, Room(cables)).diagnosis.right)


def test_ports_that_are_not_told_are_named_and_never_passed():
    """A link that a BMC does not tell is passed, or not told."""
    made = floor()
    one, two = Port("gpu01", "b3140h-1"), Port("gpu02", "b3140h-1")
    result = seen(made, Room(dict(made.cables), mute={one}, silent={(3, two)}))
    assert not any(port in link for link in result.diagnosis.right for port in (one, two))
    told = {item.status: item.message for item in result.found if item.status in ("skipped", "error")}
    assert [item.evidence for item in result.found if item.status == "skipped"] == [(f"be01 swp1s0 to {one}",)]
    assert str(one) in told["skipped"]
    assert "gpu02" in told["error"]
    assert "round 4" in told["error"]


def test_who_could_not_be_asked_is_an_error():
    """A server, a switch or an address that nobody could look at is passed over."""
    made = floor()
    more = {"blind": {"gpu09": "it is Off"}, "unnamed": {"gpu08": ("b3140h-1",)}, "absent": frozenset({Port("be01", "swp60s0")}),
            "left": {Port("oob01", "swp18"): "it carries BMCs"}}  # fmt: skip
    found = seen(made, Room(dict(made.cables)), **more).found
    assert {item.subject for item in found if item.status == "error"} == {"gpu09", "gpu08", "be01"}
    assert {item.subject for item in found if item.status == "skipped"} == {"oob01"}
    assert [
        item.status
        for item in blinks.judge(blinks.Blinked(made.wiring, blink.code(()), blink.Lights({}, {}, ()))).found
    ] == ["error"]


def test_another_machine_at_the_address_of_a_bmc_is_named_and_nothing_is_said_of_its_cables():
    """Its links are no links of the planned server: that one is not proven, and nobody moves a cable of it."""
    made = floor()
    others = [(near, far) for near, far in made.pairs if far.device != "gpu05"]
    plan = blink.code(near for near, _ in others)
    lights = Room(dict(made.cables)).lights(plan, [far for _, far in others])
    more = {
        "strangers": {"gpu05": "service tag B answers where A is planned; it is gpu06 of nodes.csv"},
        "asked": frozenset(made.pairs),
    }
    found, standing = blinks.judge(blinks.Blinked(made.wiring, plan, lights, **more))
    (one,) = [item for item in found if item.status != "pass"]
    assert (one.subject, one.status) == ("gpu05", "fail")
    assert "whose ports were therefore not blinked: service tag B answers where A is planned" in one.message
    assert standing == made.servers - {"gpu05"} == {item.subject for item in found if item.status == "pass"}


def test_a_cable_that_is_exchanged_with_one_that_was_not_blinked_is_not_put_into_a_taken_port():
    """Whose server failed before does not blink: the other end of the swap is told to plug its cable in, where a plug is already."""
    made = floor()
    cables = dict(made.cables)
    mine, other = Port("gpu06", "b3140h-1"), Port("gpu05", "b3140h-1")
    swap(cables, mine, other)
    others = [(near, far) for near, far in made.pairs if far.device != "gpu05"]
    plan = blink.code(near for near, _ in others)
    lights = Room(cables).lights(plan, [far for _, far in others])
    (one,) = wrong(blinks.judge(blinks.Blinked(made.wiring, plan, lights, asked=frozenset(others))).found)
    taken = "(free it first: a plug is in it whose other end was not asked)"
    assert one.remedy == f"follow the cable from {mine}, and put it into {made.cables[mine]} {taken}"


def test_a_server_one_of_whose_links_was_not_blinked_does_not_pass():
    """A server passes with the links of a switch that could not be asked left out, or the error does not name it."""
    made = floor()
    plan = blink.code(one for one, _ in made.pairs if one.device != "fe01")
    lights = Room(dict(made.cables)).lights(plan, made.nics)
    found = blinks.judge(
        blinks.Blinked(made.wiring, plan, lights, {"fe01": "it refuses"}, asked=frozenset(made.pairs))
    ).found
    assert [(item.status, item.subject) for item in found] == [("error", "fe01")]
    assert all(name in found[0].message for name in made.servers)


@pytest.mark.parametrize("seed", range(8))
def test_who_speaks_is_not_blinked_and_told_all_the_same(seed):
    """With some servers heard by LLDP and the others blinked, a swap within or across is not found, or is told twice."""
    made, random = floor(), Random(seed)
    cables, planted = swapped(made, random, PLANTED)
    speakers = set(random.sample(sorted(made.servers), 6))
    heard = {at: Sight(True, (cables[at],)) for at, _ in made.pairs if cables[at].device in speakers}
    plan = blink.code(at for at, _ in made.pairs if at not in heard)
    lights = Room(cables).lights(plan, made.nics)
    seen = blinks.Blinked(made.wiring, plan, lights, asked=frozenset(made.pairs), heard=heard)
    reading = blink.read(made.wiring, plan, lights, heard)
    diagnosis = cabling.diagnose(reading.wiring, reading.sights)
    assert cabling.apply(diagnosis) == made.cables
    assert len(wrong(blinks.judge(seen).found)) == len(diagnosis.repairs) <= PLANTED
    mixed = {port.device for pair in planted for port in pair}
    assert {item.subject for item in blinks.judge(seen).found if item.status == "pass"} == made.servers - mixed


def test_who_has_one_right_link_stands_where_it_is_planned():
    """Two servers one of whose rails are swapped stand in their places all the same; two that were carried do not."""
    made, cables = floor(), dict(floor().cables)
    swap(cables, Port("be01", "swp1s0"), Port("be01", "swp2s0"))
    one, two = "gpu07", "gpu08"
    for port in [port for port in made.nics if port.device == one]:
        swap(cables, port, Port(two, port.name))
    lights = Room(cables).lights(made.plan, made.nics)
    found, standing = blinks.judge(blinks.Blinked(made.wiring, made.plan, lights))
    assert len(wrong(found)) == 2
    assert standing == made.servers - {one, two}


def test_a_port_that_does_not_come_back_is_told():
    """A link that stays down after the blink is not told."""
    made = floor()
    lights = Room(dict(made.cables)).lights(made.plan, made.nics)
    after = {**lights.after, Port("gpu01", "b3140h-1"): False}
    lights = blink.Lights(lights.ports, lights.before, lights.turns, after)
    found = wrong(blinks.judge(blinks.Blinked(made.wiring, made.plan, lights)).found)
    assert [(item.subject, item.path) for item in found] == [("be01", "gpu01 b3140h-1.back")]


@pytest.mark.slow
@settings(max_examples=250)
@given(st.data())
def test_what_is_wrong_is_never_passed_and_never_left_out(data):
    """With cables moved, gone, dead or led elsewhere, and links missed or not told, a wrong link passes or a link is not spoken of."""
    made = floor(("backend",) if data.draw(st.booleans()) else ("backend", "frontend"))
    random = Random(data.draw(st.integers(0, 2**32)))
    cables, _ = swapped(made, random, data.draw(st.integers(0, 12)))
    cut, dead, mute, away = (set(random.sample(made.nics, data.draw(st.integers(0, 3)))) for _ in range(4))
    for number, port in enumerate(sorted(away)):
        swap(cables, port, Port("elsewhere", f"swp{number}"))
        cables[port] = Port("elsewhere", f"swp{number}")
    silent = {
        (random.randrange(made.plan.rounds), random.choice(made.nics)) for _ in range(data.draw(st.integers(0, 2)))
    }
    # One wrong reading shows itself by the port that two then follow, as long as nobody else is unknown.
    unknown = dead | mute | away | {port for _, port in silent}
    missed = set() if unknown else {(random.randrange(made.plan.rounds), random.choice(made.nics))}
    room = Room(cables, cut=cut, dead=dead, mute=mute, silent=silent, missed=missed)
    result = seen(made, room)
    diagnosis, reading = result.diagnosis, result.reading
    for one, two in diagnosis.right:
        assert cables.get(one) == two or reading.eliminated in (one, two)
    spoken = {port for link in (*diagnosis.right, *diagnosis.unverified, *diagnosis.untold) for port in link}
    spoken |= {port for repair in diagnosis.repairs for link in repair.links for port in link}
    spoken |= {port for three in diagnosis.contradictions for port in three}
    spoken |= {*reading.gaps, *reading.garbled}
    assert not [pair for pair in made.pairs if not spoken & set(pair)]
    if any(cables.get(one) != two or {one, two} & (cut | dead) for one, two in made.pairs):
        assert [item for item in result.found if item.status != "pass"]
