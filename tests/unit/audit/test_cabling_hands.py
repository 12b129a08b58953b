"""What is printed of miscabled racks is done by hands that know no more: the plan comes of it, or what is left was told as not known."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rackwright.audit import cabling
from rackwright.audit.cabling import Port
from rackwright.plan.workspace import open_site, planned
from tests.conftest import ROOT
from tests.unit.audit.hands import Hall


@cache
def racks():
    """Return the wiring of two racks, the links that blink and the switch ports that are planned to lead to other switches."""
    plan = planned(open_site(ROOT / "inventory" / "xe9680-two-racks")).plan
    servers = {device.name for device in plan.devices if device.role == "server"}
    pairs = [
        (Port(link.a.device, link.a.port), Port(link.b.device, link.b.port))
        for link in plan.links
        if link.kind == "host" and link.b.device in servers
    ]
    between = [Port(end.device, end.port) for link in plan.links if link.kind == "isl" for end in (link.a, link.b)]
    return cabling.wiring(plan), pairs, between


def hall() -> Hall:
    wiring, pairs, between = racks()
    ours = {*between, *(port for pair in pairs for port in pair)}
    return Hall(wiring, [[one, two] for one, two in wiring.pairs() if one in ours])


def mended(made: Hall) -> list[str]:
    """Do all that is advised, as it is printed; return what was printed."""
    _, pairs, between = racks()
    found = made.looked(pairs, between)
    for one in found:
        made.do(one)
    return [one.remedy for one in found]


def wrong(made: Hall) -> set[tuple[Port, Port]]:
    """Return the links of the plan that are not there, or dark."""
    _, pairs, between = racks()
    links = {*pairs, *((one, made.wiring.links[one]) for one in between)}
    return {(one, two) for one, two in links if made.far(one) != two}


def test_a_rail_that_is_exchanged_with_a_link_between_switches():
    """A plug at the far end of the other link is told to be moved, into a port that is taken and does not fit it."""
    for silent in (True, False):
        made = hall()
        made.exchange(Port("fe01", "swp9s0"), Port("be01", "swp1s0"))
        if silent:
            assert len(mended(made)) == 1
            assert not wrong(made)
        else:
            made.exchange(Port("fe02", "swp10s1"), Port("be02", "swp7s0"))
            found = made.looked(*racks()[1:])
            # Who is at either of them is left over, and nobody sees which: that is told.
            assert all("nobody sees" in item.message for item in found)


def test_the_far_end_is_not_offered_where_the_cables_are_of_two_parts():
    """A copper cable that joins two switches is told to be put into a server."""
    made = hall()
    made.exchange(Port("fe01", "swp9s0"), Port("be01", "swp1s0"))
    (found,) = made.looked(*racks()[1:])
    assert found.remedy == "swap be01 swp1s0 with fe01 swp9s0"
    assert "be01 swp1s0 hears fe02 swp9s0 by LLDP" in found.evidence
    assert "fe01 swp9s0 hears nobody by LLDP" in found.evidence


def test_both_cables_of_a_dark_exchange_name_each_other():
    """Where an exchange leaves both cables dark, one is told of another that has nothing to do with it, or of none."""
    made = hall()
    made.exchange(Port("fe02", "swp5s0"), Port("be02", "swp13s0"))
    made.exchange(Port("fe01", "swp1s2"), Port("be01", "swp20s0"))
    printed = mended(made)
    assert len(printed) == 3
    for mine, other in (("mgmt01 cx6dx-1.2", "gpu07 b3140h-5"), ("gpu07 b3140h-5", "mgmt01 cx6dx-1.2")):
        text = next(text for text in printed if f"to {mine})" in text)
        assert f"to {other}" in text.partition("dark too: ")[2]
        assert "in a port that no cable is planned for" in text


def disarranged(random: Random) -> Hall:
    """Return the hall after some mistakes of hands."""
    made = hall()
    _, pairs, between = racks()
    nears, fars = [near for near, _ in pairs], [far for _, far in pairs]
    for _ in range(random.randint(1, 4)):
        kind = random.choice(["swap", "chain", "cut", "free", "between"])
        side = random.choice([nears, fars])
        if kind in {"swap", "chain"}:
            for one, two in pairwise(random.sample(side, 2 if kind == "swap" else random.randint(3, 6))):
                made.exchange(one, two)
        elif kind == "cut":
            made.dead.add(random.randrange(len(made.cables)))
        elif kind == "free":
            made.exchange(random.choice(nears), Port(random.choice(nears).device, f"swp{random.randint(40, 60)}s0"))
        else:
            made.exchange(random.choice(between), random.choice(nears))
    return made


def carried(made: Hall, random: Random) -> Hall:
    """Return a hall with all plugs of two servers of a kind exchanged, and management cables that prove where some servers stand."""
    servers = sorted(name for name, kind in made.wiring.kinds.items() if kind.startswith("server"))
    one = random.choice(servers)
    two = random.choice([name for name in servers if made.wiring.kinds[name] == made.wiring.kinds[one] and name != one])
    for port in [port for cable in made.cables for port in cable if port.device == one]:
        made.exchange(port, Port(two, port.name))
    made.standing = frozenset(name for name in servers if random.random() < 0.3)
    return made


def test_a_cable_is_not_followed_from_a_hole_that_another_step_empties():
    """Two servers were carried, and a cable of one ends elsewhere: its plug is moved with the server before it is looked for."""
    mended_by_hand(carried(disarranged(Random(99)), Random(-99)), 99)


def judged(seed: int) -> None:
    mended_by_hand(carried(hall(), Random(seed)) if seed % 8 == 3 else disarranged(Random(seed)), seed)


def mended_by_hand(made: Hall, seed: int) -> None:
    before = wrong(made)
    _, pairs, between = racks()
    found = made.looked(pairs, between)
    made.yonder = seed % 2 == 1
    for item in found:
        made.do(item)
    # Links between switches that no server's is mixed up with are not a blink's to tell.
    left = {link for link in wrong(made) if not made.unknown & set(link)}
    left -= {link for link in before if set(link) <= set(between)}
    assert not left, (seed, left, [item.remedy for item in found])


@pytest.mark.parametrize("seed", [*range(60), 1235, 107496, 405367])
def test_what_is_printed_leads_to_the_plan(seed):
    """Of swaps, chains, cuts, cables in free ports and rails in the place of links between switches the advice leaves or makes a mistake."""
    judged(seed)


@pytest.mark.slow
@settings(max_examples=300)
@given(st.integers(0, 2**32))
def test_what_is_printed_leads_to_the_plan_whatever_was_done(seed):
    """As above, of many more."""
    judged(seed)
