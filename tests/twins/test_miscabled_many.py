"""Miscabled rail-1024 as its twin's own LLDP tells it: the plugs are moved there, and the repair is the right one."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from rackwright.audit import cabling
from rackwright.audit.cabling import Names, Port, Sight
from rackwright.audit.wires import _sight
from tests.unit.twin_state.racks import Rack, plan_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("rail-1024")]

KINDS = {
    "two rails of a server": [("be003:swp5s0", "be003:swp5s1")],
    "a rail of two leaves": [("be003:swp5s0", "be004:swp5s0")],
    "uplinks of two leaves": [("be003:swp40s0", "be004:swp40s0")],
    "two uplinks of a leaf": [("be003:swp40s0", "be003:swp41s0")],
    "whole cages to servers": [("be003:swp5s0", "be003:swp6s0"), ("be003:swp5s1", "be003:swp6s1")],
    "cages of two spines": [("be-spine01:swp2s0", "be-spine02:swp2s0"), ("be-spine01:swp2s1", "be-spine02:swp2s1")],
    "ports of one spine": [("be-spine01:swp2s0", "be-spine01:swp3s1")],
    "two rails at a server": [("gpu0007:b3140h-1", "gpu0007:b3140h-2")],
    "a rail of two servers": [("gpu0007:b3140h-1", "gpu0008:b3140h-1")],
    "uplinks to two spines": [("be003:swp40s0", "be004:swp41s1")],
}
"""What is done with the hands -> the plugs that change places."""


@pytest.fixture(scope="module")
def rack():
    return Rack("rail-1024", own_trees=False)


@pytest.fixture(scope="module")
def planned():
    plan = plan_of("rail-1024")
    return SimpleNamespace(wiring=cabling.wiring(plan), names=Names(plan), switches={one.name for one in plan.switches})


def looked(rack, planned, devices):
    """Return what every port sees: that of the named switches asked of the twin, all others as planned."""
    links = planned.wiring.links
    found = {port: Sight(True, (far,)) for port, far in links.items() if port.device in planned.switches}
    for device in devices:
        interfaces = dict(rack.show(device, "interface"))
        for port in [port for port in links if port.device == device]:
            heard = {"lldp": {"neighbor": rack.show(device, f"interface {port.name} lldp neighbor")}}
            view = SimpleNamespace(interfaces={port.name: heard}, link=lambda name, at=interfaces: at[name]["link"])
            found[port] = _sight(view, port.name, planned.names)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_miscabled_twin_is_repaired_by_one_statement(rack, planned, kind):
    """LLDP of the emulated switches gives one repair, which puts every cable where it was planned; afterwards there is none."""
    pairs = KINDS[kind]
    ends = [Port(*end.split(":")) for pair in pairs for end in pair]
    touched = {end.device for one in ends for end in (one, planned.wiring.links[one])} & planned.switches
    for pair in pairs:
        rack.fabric.swap(*pair)
    rack.later()
    found = cabling.diagnose(planned.wiring, looked(rack, planned, touched))
    assert len(found.repairs) == 1
    assert found.fewest
    assert cabling.apply(found) == planned.wiring.links
    rack.fabric.restore()
    rack.later()
    assert cabling.diagnose(planned.wiring, looked(rack, planned, touched)).repairs in ((), [])
