"""What is advised is carried out as it is printed, by somebody who knows no more than that: it leads to the plan."""

from __future__ import annotations

from itertools import pairwise

import pytest

from rackwright.audit import cabling
from rackwright.audit.cabling import Port
from rackwright.audit.cabling.model import swap
from rackwright.bringup import concerns
from tests.unit.audit import racks, small
from tests.unit.audit.dark_room import Room
from tests.unit.audit.test_blink import floor, seen, wrong


def at(switch: str, *names: str) -> list[Port]:
    return [Port(switch, name) for name in names]


@pytest.mark.parametrize(
    "holes", [("swp9s0", "swp11s0", "swp10s1"), ("swp13s0", "swp9s0", "swp2s1", "swp11s0", "swp10s0")]
)
def test_steps_are_printed_in_the_order_in_which_they_are_to_be_done(holes):
    """Findings are sorted by the names of their ports, and step 2 stands before step 1."""
    made = floor()
    cables = dict(made.cables)
    for one, two in pairwise(at("be01", *holes)):
        swap(cables, one, two)
    found = wrong(seen(made, Room(cables)).found)
    number = len(holes) - 1
    assert [item.remedy.partition(":")[0] for item in found] == [
        f"step {at} of {number}" for at in range(1, number + 1)
    ]
    assert {item.subject for item in found} == {"be01"}


def test_whoever_is_told_of_a_step_is_told_of_all():
    """A server that a step does not touch, and another of the same knot does, hears of half of them."""
    made = floor()
    cables = dict(made.cables)
    for one, two in [("swp9s0", "swp11s0"), ("swp9s1", "swp11s1"), ("swp11s0", "swp13s0"), ("swp13s0", "swp15s0")]:
        swap(cables, *at("be01", one, two))
    found = wrong(seen(made, Room(cables)).found)
    assert [item.remedy.partition(":")[0] for item in found] == ["step 1 of 3", "step 2 of 3", "step 3 of 3"]
    assert "when that is done, the cables in" in found[1].message
    told = [concerns.servers(item, {}, made.servers) for item in found]
    assert told == [{"gpu05", "gpu06", "gpu07", "gpu08"}] * 3


def test_a_swap_with_a_cable_cut_has_both_steps_and_no_plug_is_moved_into_another():
    """Of two exchanged cables one is dead: the second step goes without its number, and the first one into a hole that is taken."""
    made = floor()
    one, two = at("be01", "swp9s0", "swp11s0")
    cables = dict(made.cables)
    swap(cables, one, two)
    found = wrong(seen(made, Room(cables, cut={two})).found)
    assert [item.remedy for item in found] == [
        "step 1 of 2: move the plug in be01 swp9s0 to swp11s0 (free it first if it is taken)",
        (
            "step 2 of 2: plug in the cable be01-swp9A (be01 swp9s0 to gpu05 b3140h-1), or replace it: it is missing, loose or dead; "
            "if it is plugged in, a plug of it may be in a port that no cable is planned for, or be what was pulled from be01 swp11s0"
        ),
    ]
    # One cable alone is known to be in a wrong hole.
    assert found[0].message == "the cable that belongs in be01 swp11s0 is in be01 swp9s0"


def test_the_plug_of_a_splitter_is_not_moved_by_one_of_its_ways():
    """A hole is told into which the common end of another cable cannot be put."""
    wiring = small.splitters()
    matching = dict(wiring.links)
    swap(matching, Port("gpu0", "r0"), Port("gpu0", "r1"))
    del matching[matching.pop(Port("gpu0", "r0"))]
    diagnosis = cabling.diagnose(wiring, small.sights(wiring, matching))
    remedy = cabling.told(wiring, diagnosis, diagnosis.repairs[0]).remedy
    assert remedy.startswith("step 1 of 2: move the plug in gpu0 r1 to r0")


def test_lldp_tells_the_steps_in_their_order_too():
    """The audit of switches sorts the steps by their ports."""
    rack = racks.rack("clos")
    lldp = {name: rack.said["be01"]["nv show interface"][name]["lldp"] for name in ("swp9s0", "swp11s0", "swp10s1")}
    for name, other in (("swp9s0", "swp11s0"), ("swp11s0", "swp10s1"), ("swp10s1", "swp9s0")):
        rack.said["be01"]["nv show interface"][name]["lldp"] = lldp[other]
    found = [item for item in rack.judged("LINK-CABLING") if item.status == "fail"]
    assert [item.remedy.partition(":")[0] for item in found] == ["step 1 of 2", "step 2 of 2"]
