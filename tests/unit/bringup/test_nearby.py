"""The plan around one device: small, and what is wrong with a cable is told as by the whole plan."""

from __future__ import annotations

import pytest

from rackwright.audit.cabling import Names, wiring
from rackwright.bringup.nearby import Nearby
from tests.unit.bringup.test_stages import scope

PLAN = scope("xe9680-two-racks").plan
NEARBY = Nearby(PLAN)


@pytest.mark.parametrize("device", ["gpu01", "gpu08", "be01", "oob01"])
def test_links_and_parts_of_the_device_are_as_in_the_whole_plan(device):
    """A cable that is wrong near by and right in the whole plan would fail a server that is well."""
    near, whole = wiring(NEARBY.of(device)), wiring(PLAN)
    own = [port for port in whole.links if port.device == device]
    assert own
    for port in own:
        assert near.links[port] == whole.links[port]
        assert near.parts.get(port) == whole.parts.get(port)
    assert near.links.items() <= whole.links.items()


def test_every_device_keeps_its_name():
    """A server from the other end of the site that is found on a cable is no stranger."""
    near = NEARBY.of("gpu01")
    assert {device.name for device in near.devices} == {device.name for device in PLAN.devices}
    assert Names(near).find("gpu08", "", ("nothing",)).device == "gpu08"


def test_neighbours_on_the_same_switch_are_known_by_their_macs():
    """Before a system stands an adapter says its MAC and nothing else; the next server's is the likeliest."""
    with_macs = [device for device in PLAN.devices if device.macs and device.name != "gpu01"]
    near, whole = Names(NEARBY.of("gpu01")), Names(PLAN)
    on = {link.a.device for link in PLAN.links if link.b.device == "gpu01"}
    beside = {link.b.device for link in PLAN.links if link.a.device in on}
    asked = [(mac, device) for device in with_macs if device.name in beside for _, mac in device.macs]
    assert asked
    assert all(near.find("", mac, (mac,)) == whole.find("", mac, (mac,)) for mac, _ in asked)
