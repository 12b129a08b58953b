"""The cabling around one device: small, made of tables that are made once, and what is wrong is told as by the whole plan."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations

import pytest

from rackwright.audit import hosts
from rackwright.audit.cabling import cables
from rackwright.audit.hosts.questions import LLDP
from rackwright.bringup import nearby
from rackwright.bringup.nearby import Nearby
from tests.unit.audit_hosts.healthy_host import lldp, rack

SITE = "xe9680-two-racks"
MADE = rack(SITE, "gpu01")
WHOLE = cables(MADE.plan)
NEARBY = Nearby(MADE.plan)


@pytest.mark.parametrize("device", ["gpu01", "gpu08", "be01", "oob01"])
def test_links_and_parts_of_the_device_are_as_in_the_whole_plan(device):
    """A cable that is wrong near by and right in the whole plan would fail a server that is well."""
    near, whole = NEARBY.of(device).wiring, WHOLE.wiring
    own = [port for port in whole.links if port.device == device]
    assert own
    for port in own:
        assert near.links[port] == whole.links[port]
        assert near.parts.get(port) == whole.parts.get(port)
    assert near.links.items() <= whole.links.items()


def test_tables_of_the_site_are_made_once():
    """What a server is accepted by does not cost more where there are more servers."""
    one, other = NEARBY.of("gpu01"), NEARBY.of("gpu08")
    assert one.names is other.names
    for table in ("kinds", "places", "parts", "fabrics", "makes"):
        assert getattr(one.wiring, table) is getattr(other.wiring, table)


def test_who_looks_at_the_same_time_waits_for_the_tables(monkeypatch):
    """A hundred tasks that look first do not make a hundred sets of tables, which would be gigabytes."""
    made = []
    monkeypatch.setattr(nearby, "cables", lambda plan: made.append(time.sleep(0.02)) or cables(plan))
    fresh = Nearby(MADE.plan)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(fresh.of, ["gpu01", "gpu02", "be01", "be02"] * 2))
    assert len(made) == 1


def test_every_device_is_known_by_name_and_mac():
    """A server from the other end of the site that is found on a cable is no stranger, and no nobody before its system stands."""
    names = NEARBY.of("gpu01").names
    for device in MADE.plan.devices:
        assert names.find(device.name, "", ("nothing",)).device == device.name
        for port, mac in device.macs:
            assert names.find("", mac, (mac,)) == WHOLE.names.find("", mac, (mac,)), port


def test_crossed_cables_of_a_server_are_told_as_by_the_whole_plan():
    """Two of a server's cables that are exchanged, and one that is in a port of a neighbour, have the same finding and remedy."""
    ports = MADE.wanted["gpu01"].ports
    seen = {port.interface: (port.peer, port.peer_port) for port in ports}
    plants = [seen | {one: seen[two], two: seen[one]} for one, two in combinations(seen, 2)]
    beside = {far.name for port, far in WHOLE.wiring.links.items() if port.device == "gpu02"} - {"eth0"}
    plants += [seen | {one: (seen[one][0], port)} for one in seen for port in beside if port != seen[one][1]]
    wrong = 0
    for plant in plants:
        MADE.said["gpu01"][LLDP] = lldp(plant)
        whole, near = (
            hosts.judge(
                {"gpu01": MADE.wanted["gpu01"]}, MADE.evidence(), MADE.plan, MADE.catalog, checks=["HOST-CABLING"], cables=used
            )
            for used in (WHOLE, NEARBY.of("gpu01"))
        )  # fmt: skip
        assert near == whole
        wrong += any(one.status in {"fail", "error"} for one in near)
    assert wrong == len(plants)
