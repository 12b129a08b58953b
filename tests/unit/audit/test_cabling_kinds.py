"""Each kind of miscabling in a small fabric: what is said of it, in the words of who stands before the rack."""

from __future__ import annotations

import pytest

from rackwright.audit import cabling
from rackwright.audit.cabling import Port, Sight, Wiring
from rackwright.audit.cabling.model import swap
from tests.unit.audit import small


def told(wiring: Wiring, sights) -> list[str]:
    """Return what is to be done."""
    diagnosis = cabling.diagnose(wiring, sights)
    return [cabling.told(wiring, diagnosis, repair).remedy for repair in diagnosis.repairs]


def swapped(wiring: Wiring, *pairs: tuple[Port, Port]):
    """Return what is seen when plugs have changed places."""
    matching = dict(wiring.links)
    for one, two in pairs:
        swap(matching, one, two)
    return small.sights(wiring, matching)


def be(number: int, port: str) -> Port:
    return Port(f"be{number}", port)


def test_crossed_links_between_switches():
    """Two crossed uplinks are one swap at the leaf, and the other ends are named too."""
    wiring = small.clos()
    done = told(wiring, swapped(wiring, (be(1, "swp1s0"), be(1, "swp1s1"))))
    assert done == ["swap be1 swp1s0 with swp1s1 (or, at the other ends, sp1 swp1s0 with swp1s1)"]


def test_crossed_legs_of_a_splitter():
    """The common end of a splitter cannot be moved by ways: the legs to swap are named where they are plugged in."""
    wiring = small.splitters()
    done = told(wiring, swapped(wiring, (Port("gpu0", "r0"), Port("gpu0", "r1"))))
    assert done == ["swap be1 swp1s0 with swp1s1: the ends of the split cable, that is gpu0 r0 with r1"]


def test_whole_splitters_exchanged():
    """Two splitters in each other's cage are one repair, not one a way."""
    wiring = small.splitters()
    pairs = [(be(1, f"swp1s{sub}"), be(1, f"swp2s{sub}")) for sub in (0, 1)]
    assert told(wiring, swapped(wiring, *pairs)) == [
        "exchange gpu0 and gpu1: put each in the other's place, or give each the other's name (nodes.csv)"
    ]
    wiring = small.rails()
    assert told(wiring, swapped(wiring, *pairs)) == [
        "swap be1 swp1 with swp2: the whole plug or module, with its 2 ways"
    ]


def test_two_servers_exchanged():
    """All links of two servers crossed is one statement about the servers."""
    wiring = small.rails()
    pairs = [(Port("gpu0", f"r{rail}"), Port("gpu3", f"r{rail}")) for rail in (1, 2)]
    assert told(wiring, swapped(wiring, *pairs)) == [
        "exchange gpu0 and gpu3: put each in the other's place, or give each the other's name (nodes.csv)"
    ]


def test_a_set_of_three_rotated():
    """Three plugs, each one hole too far, are two swaps, told as steps."""
    wiring = small.rails()
    a, b, c = (be(1, name) for name in ("swp1s0", "swp1s1", "swp2s0"))
    done = told(wiring, swapped(wiring, (a, b), (b, c)))
    assert [line.partition(":")[0] for line in done] == ["step 1 of 2", "step 2 of 2"]
    assert all("swap be1" in line for line in done)


def test_a_plug_in_a_free_port():
    """A plug in a port that the plan leaves empty is moved, not swapped."""
    wiring = small.clos()
    assert told(wiring, swapped(wiring, (be(1, "swp1s0"), be(1, "swp9")))) == [
        "move the plug in be1 swp9 to swp1s0 (free it first if it is taken)"
    ]


def test_a_stranger():
    """A cable that leads to a device which is not ours is named with it."""
    wiring = small.clos()
    matching = dict(wiring.links)
    far = matching.pop(be(1, "swp1s0"))
    del matching[far]
    swap(matching, be(1, "swp1s0"), be(1, "swp1s0"))
    matching[be(1, "swp1s0")], matching[Port("core9", "Et1")] = Port("core9", "Et1"), be(1, "swp1s0")
    diagnosis = cabling.diagnose(wiring, small.sights(wiring, matching))
    words = [cabling.told(wiring, diagnosis, repair) for repair in diagnosis.repairs]
    assert [word.remedy for word in words] == [f"move the plug in core9 Et1 to {far} (free it first if it is taken)"]
    assert "the plan knows no core9" in words[0].message


def test_a_cable_too_many():
    """A cable between two ports that the plan leaves empty is pulled."""
    wiring = small.clos()
    matching = dict(wiring.links)
    matching[be(1, "swp9")], matching[be(2, "swp9")] = be(2, "swp9"), be(1, "swp9")
    assert told(wiring, small.sights(wiring, matching)) == ["pull the cable from be1 swp9 to be2 swp9"]


def test_a_dead_cable():
    """One dark link is one cable; both ways of a splitter dark is one cable as well; all links of a server is the server."""
    wiring = small.splitters()
    matching = dict(wiring.links)
    del matching[matching.pop(Port("gpu0", "r0"))]
    found = cabling.diagnose(wiring, small.sights(wiring, matching))
    assert [(repair.kind, len(repair.links)) for repair in found.repairs] == [("missing", 1)]
    del matching[matching.pop(Port("gpu0", "r1"))]
    assert told(wiring, small.sights(wiring, matching)) == [
        "plug in the cable be1-swp1 (be1 swp1s0 to gpu0 r0), or replace it: it is missing, loose or dead"
    ]
    wiring = small.rails()
    matching = {one: two for one, two in wiring.links.items() if "gpu0" not in {one.device, two.device}}
    assert told(wiring, small.sights(wiring, matching)) == [
        "look at gpu0: its power, its adapters or ports, and whether its cables are plugged in"
    ]


def test_a_dark_switch_that_carries_its_own_management_port():
    """A cable between two ports of one device is one link of it, and no stumbling block."""
    one, two, far = Port("oob1", "eth0"), Port("oob1", "swp9"), Port("pdu1", "net")
    wiring = cabling.Wiring({one: two, two: one, (up := Port("oob1", "swp1")): far, far: up}, {"oob1": "oob sn2201"})
    found = cabling.diagnose(wiring, {port: cabling.Sight(up=False) for port in (one, two, up)})
    assert [(repair.kind, len(repair.links)) for repair in found.repairs] == [("missing", 2)]


def test_a_dead_cable_next_to_a_swap():
    """Of two crossed cables one is dead: a movement and a cable, no more."""
    wiring = small.clos()
    matching = dict(wiring.links)
    swap(matching, be(1, "swp1s0"), be(1, "swp1s1"))
    del matching[matching.pop(be(1, "swp1s0"))]
    found = cabling.diagnose(wiring, small.sights(wiring, matching))
    assert [repair.kind for repair in found.repairs] == ["move", "insert"]
    assert cabling.apply(found) == wiring.links


def test_two_fabrics_mixed():
    """A cable in a port of another fabric is said to be."""
    wiring = small.rails()
    fabrics = {port: "backend" if "1" in port.device or port.name == "r1" else "frontend" for port in wiring.links}
    wiring = Wiring(wiring.links, wiring.kinds, wiring.places, fabrics=fabrics)
    diagnosis = cabling.diagnose(wiring, swapped(wiring, (Port("gpu2", "r1"), Port("gpu2", "r2"))))
    (repair,) = diagnosis.repairs
    assert "fabrics backend and frontend are mixed" in cabling.told(wiring, diagnosis, repair).message


def test_a_stranger_sits_in_the_hole_of_a_cable_that_is_in_a_spare_one():
    """What is left of the stranger is a cable to be pulled, and is told though no fabric is known of its end."""
    wiring = small.rails()
    wiring = Wiring(wiring.links, wiring.kinds, wiring.places, fabrics=dict.fromkeys(wiring.links, "backend"))
    hole, spare = be(1, "swp1s0"), be(1, "swp9")
    sights = {hole: cabling.Sight(True, (Port("core-9", "Eth1"),)), spare: cabling.Sight(True, (wiring.links[hole],))}
    diagnosis = cabling.diagnose(wiring, sights)
    assert [repair.kind for repair in diagnosis.repairs] == ["swap", "remove"]
    assert "joins be1 swp9 and core-9 Eth1" in cabling.told(wiring, diagnosis, diagnosis.repairs[1]).message


def test_a_silent_host_is_not_called_wrong():
    """A link that is up to a host without LLDP is not verified, and no repair is made up."""
    wiring = small.rails()
    found = cabling.diagnose(wiring, small.sights(wiring, dict(wiring.links), silent=("gpu0",)))
    assert found.repairs == ()
    assert sorted(two.name for one, two in found.unverified) == ["r1", "r2"]


def test_a_silent_host_in_a_swap():
    """Of two crossed rails one host says nothing: the other tells it, and one swap is enough."""
    wiring = small.rails()
    matching = dict(wiring.links)
    swap(matching, Port("gpu0", "r1"), Port("gpu1", "r1"))
    found = cabling.diagnose(wiring, small.sights(wiring, matching, silent=("gpu0",)))
    assert [repair.kind for repair in found.repairs] == ["swap"]


def test_two_silent_switches_are_untold():
    """Two switches whose link is up and who hear nothing of each other: nobody can tell what is between them."""
    wiring = small.clos()
    sights = small.sights(wiring, dict(wiring.links))
    sights[be(1, "swp1s0")] = sights[Port("sp1", "swp1s0")] = Sight(True)
    assert cabling.diagnose(wiring, sights).untold == ((be(1, "swp1s0"), Port("sp1", "swp1s0")),)


def test_one_sided_lldp():
    """When one end hears and the other does not, the link is right and the deaf end is named."""
    wiring = small.clos()
    sights = small.sights(wiring, dict(wiring.links))
    sights[Port("sp1", "swp1s0")] = Sight(True)
    found = cabling.diagnose(wiring, sights)
    assert found.repairs == ()
    assert found.one_sided == ((be(1, "swp1s0"), Port("sp1", "swp1s0")),)


def test_claims_that_deny_each_other():
    """A claim against two that agree is told as a contradiction and makes no cable."""
    wiring = small.clos()
    sights = small.sights(wiring, dict(wiring.links))
    sights[be(2, "swp1s0")] = Sight(True, (Port("sp1", "swp1s0"),))
    found = cabling.diagnose(wiring, sights)
    assert set(found.contradictions) == {
        (be(2, "swp1s0"), Port("sp1", "swp1s0"), be(1, "swp1s0")),
        (Port("sp1", "swp2s0"), be(2, "swp1s0"), Port("sp1", "swp1s0")),
    }
    assert len(found.right) == len(wiring.links) // 2 - 1
    assert found.repairs == found.untold == ()


def test_several_neighbours_on_a_port():
    """When something between the ends speaks too, the planned neighbour counts."""
    wiring = small.clos()
    sights = small.sights(wiring, dict(wiring.links))
    near, far = be(1, "swp1s0"), Port("sp1", "swp1s0")
    sights[near] = Sight(True, (Port("agent", "vm0"), far))
    assert cabling.diagnose(wiring, sights).repairs == ()


@pytest.mark.parametrize("asked", [("be1",), ("sp1", "sp2")])
def test_one_side_is_enough(asked):
    """A swap is found, and alike, when only one side of the cables could be asked."""
    wiring = small.clos()
    sights = swapped(wiring, (be(1, "swp1s0"), be(1, "swp1s1")))
    some = {port: sight for port, sight in sights.items() if port.device in asked}
    assert [repair.kind for repair in cabling.diagnose(wiring, some).repairs] == ["swap"]
