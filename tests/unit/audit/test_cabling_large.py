"""Ten kinds of miscabling on rail-1024, between switches and to hosts that speak LLDP: the right, fewest repairs, in seconds."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import pytest

from rackwright.audit import cabling
from rackwright.audit.cabling import Matching, Port, Sight
from rackwright.audit.cabling.model import swap
from rackwright.plan import workspace

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("rail-1024")]

SITE = Path(__file__).resolve().parents[3] / "inventory" / "rail-1024"


@pytest.fixture(scope="module")
def plan():
    """Return the plan of 1,024 servers and 293 switches."""
    return workspace.planned(workspace.open_site(SITE)).plan


@pytest.fixture(scope="module")
def wiring(plan):
    """Return its cabling."""
    return cabling.wiring(plan)


@pytest.fixture
def diagnosed(plan, wiring):
    """Return a function from a change of the right matching to the diagnosis and the remedies."""
    switches = {switch.name for switch in plan.switches}

    def judged(change=lambda _: None, dark=()):
        matching = dict(wiring.links)
        change(matching)
        for port in dark:
            matching.pop(matching.pop(port), None)
        sights = {
            port: Sight(port in matching, (matching[port],) if port in matching else ())
            for port in {*wiring.links, *matching}
            if port.device in switches
        }
        begun = time.monotonic()
        found = cabling.diagnose(wiring, sights)
        assert time.monotonic() - begun < 20, "seconds are meant, also on a busy machine"
        assert cabling.apply(found) == wiring.links
        assert found.fewest
        return [cabling.told(wiring, found, repair) for repair in found.repairs]

    return judged


def exchange(one: str, two: str, names) -> list[tuple[Port, Port]]:
    return [(Port(one, name), Port(two, name)) for name in names]


def swaps(*pairs: tuple[Port, Port]):
    """Return a change that exchanges plugs."""

    def change(matching: Matching) -> None:
        for one, two in pairs:
            swap(matching, one, two)

    return change


def names(wiring, *devices: str) -> set[str]:
    return {port.name for port in wiring.links if port.device in devices}


def leaf(number: int, port: str) -> Port:
    return Port(f"be{number:03d}", port)


def test_nothing_is_found_on_the_right_cabling(diagnosed):
    """23,173 links as planned give no repair."""
    assert diagnosed() == []


def test_two_rails_of_a_server_swapped(diagnosed):
    """Crossed host links are one swap, named at the leaf."""
    (word,) = diagnosed(swaps((leaf(3, "swp5s0"), leaf(3, "swp5s1"))))
    assert word.remedy.startswith("swap be003 swp5s0 with swp5s1")


def test_uplinks_of_two_leaves_crossed(diagnosed):
    """Crossed links between switches are one swap, with both ends named."""
    (word,) = diagnosed(swaps((leaf(3, "swp40s0"), leaf(4, "swp40s0"))))
    assert "be-spine15 swp2s0 with swp2s1" in word.remedy
    assert "be003 swp40s0 with be004 swp40s0" in word.remedy


def test_whole_cages_exchanged(diagnosed):
    """Two modules in each other's cage are one repair, not two."""
    (word,) = diagnosed(swaps(*((leaf(3, f"swp5s{sub}"), leaf(3, f"swp6s{sub}")) for sub in (0, 1))))
    assert word.remedy.startswith("swap be003 swp5 with swp6: the whole plug")


def test_cages_of_two_spines_exchanged(diagnosed):
    """The same between switches."""
    one, two = "be-spine01", "be-spine02"
    (word,) = diagnosed(swaps(*((Port(one, f"swp7s{sub}"), Port(two, f"swp7s{sub}")) for sub in (0, 1))))
    assert word.remedy.startswith("swap be-spine01 swp7 with be-spine02 swp7")


def test_two_servers_exchanged(diagnosed, wiring):
    """All twelve links of two servers crossed is one statement."""
    (word,) = diagnosed(swaps(*exchange("gpu0007", "gpu0008", names(wiring, "gpu0007"))))
    assert word.remedy.startswith("exchange gpu0007 and gpu0008")


def test_two_leaves_exchanged(diagnosed, wiring):
    """All 129 links of two leaves crossed is one statement."""
    (word,) = diagnosed(swaps(*exchange("be001", "be002", names(wiring, "be001", "be002"))))
    assert word.remedy.startswith("exchange be001 and be002")


def test_rails_of_a_server_rotated(diagnosed, wiring):
    """Eight rails, each one too far, are seven swaps at that server."""
    rails = sorted(Port("gpu0007", name) for name in names(wiring, "gpu0007") if name.startswith("b3140h"))
    found = diagnosed(swaps(*pairwise(rails)))
    assert len(found) == 7
    assert all("swap gpu0007" in word.remedy for word in found)


def test_an_uplink_in_a_free_port(diagnosed):
    """A plug in a port that nobody planned is moved."""
    (word,) = diagnosed(swaps((leaf(3, "swp40s0"), leaf(3, "swp65"))))
    assert word.remedy == "move the plug in be003 swp65 to swp40s0 (free it first if it is taken)"


def test_a_rail_to_a_stranger(diagnosed):
    """A leaf port that sees a device of nobody's plan names it."""

    def strange(matching: Matching) -> None:
        del matching[matching.pop(leaf(3, "swp5s0"))]
        stranger = Port("leaf7.elsewhere", "Ethernet1/1")
        matching[leaf(3, "swp5s0")], matching[stranger] = stranger, leaf(3, "swp5s0")

    (word,) = diagnosed(strange)
    assert "the plan knows no leaf7.elsewhere" in word.message
    assert (
        word.remedy == "move the plug in leaf7.elsewhere Ethernet1/1 to gpu0005 b3140h-5 (free it first if it is taken)"
    )


def test_dead_cables(diagnosed):
    """Two dark links of two parts are two cables, between switches and to a host."""
    found = diagnosed(dark=(leaf(3, "swp5s0"), leaf(3, "swp40s0")))
    assert {word.remedy.partition(" (")[0] for word in found} == {
        "plug in the cable be003-swp5A",
        "plug in the cable be-spine15-swp2A",
    }


def test_rails_and_front_end_mixed(diagnosed):
    """A rail in the port of the front-end adapter is one swap, and the fabrics are named."""
    (word,) = diagnosed(swaps((Port("gpu0007", "b3140h-1"), Port("gpu0007", "b3220l-1.1"))))
    assert "fabrics backend and frontend are mixed" in word.message
    assert "gpu0007 b3140h-1 with b3220l-1.1" in word.remedy


def test_several_at_once(diagnosed, wiring):
    """Faults in different places do not blur each other."""
    found = diagnosed(
        swaps(
            *exchange("be001", "be002", names(wiring, "be001", "be002")),
            *exchange("gpu0900", "gpu0901", names(wiring, "gpu0900")),
            (leaf(3, "swp5s0"), leaf(3, "swp5s1")),
            (Port("be-spine09", "swp11s0"), Port("be-spine10", "swp11s0")),
        )
    )
    assert len(found) == 4
