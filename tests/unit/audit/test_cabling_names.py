"""Who a neighbour is, by whichever of its names it gives."""

from __future__ import annotations

import msgspec
import pytest

from rackwright.audit.cabling import Names, Port
from tests.unit.audit.racks import rack

MAC = "02:00:5e:10:00:07"


@pytest.fixture(scope="module")
def names():
    """Return the names of a site whose first server has the MAC of a rail port in nodes.csv."""
    plan = rack().site.plan
    devices = [
        msgspec.structs.replace(device, macs=(*device.macs, ("b3140h-1", MAC))) if device.name == "gpu01" else device
        for device in plan.devices
    ]
    return Names(msgspec.structs.replace(plan, devices=tuple(devices)))


@pytest.mark.parametrize(
    ("system", "chassis", "ports", "expected"),
    [
        ("fe01", "", ("swp7s0", "to fe02"), Port("fe01", "swp7s0")),
        ("FE01.rack.example", "", ("swp7s0",), Port("fe01", "swp7s0")),
        ("gpu01", "", ("b3140h-1",), Port("gpu01", "b3140h-1")),
        ("gpu01", "", ("rail1",), Port("gpu01", "b3140h-1")),
        ("gpu01", "", (MAC, "rail1"), Port("gpu01", "b3140h-1")),
        ("localhost", "", (MAC.upper(), ""), Port("gpu01", "b3140h-1")),
        ("", MAC, ("0c:42:a1:00:00:01", "rail2"), Port("gpu01", "b3140h-2")),
        ("fe01", "", ("swp60",), Port("fe01", "swp60")),
        ("core9", "", ("Ethernet1/1",), Port("core9", "Ethernet1/1")),
    ],
    ids=["name", "domain", "port", "interface", "mac", "mac-alone", "chassis-mac", "unplanned-port", "stranger"],
)
def test_a_neighbour_is_found_by_what_it_says(names, system, chassis, ports, expected):
    """System name with or without domain, port name, interface of the system, MAC of port or chassis: all lead to one port."""
    assert names.find(system, chassis, ports) == expected


@pytest.mark.parametrize(
    ("system", "chassis", "ports"),
    [
        ("", "0c:42:a1:00:00:01", ("0c:42:a1:00:00:02",)),
        ("0c:42:a1:00:00:01", "0c:42:a1:00:00:01", ("0c:42:a1:00:00:02",)),
        ("gpu01", "", ("0c:42:a1:00:00:02",)),
    ],
    ids=["macs-nobody-knows", "keyed-by-its-chassis", "known-device-unknown-port"],
)
def test_who_cannot_be_told_is_not_guessed(names, system, chassis, ports):
    """MACs that nodes.csv does not hold make neither a stranger nor a wrong port."""
    assert names.find(system, chassis, ports) is None
