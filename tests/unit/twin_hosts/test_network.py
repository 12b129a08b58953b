"""A netplan document read back as the network of a host."""

from __future__ import annotations

import pytest
import yaml

from rackwright.render.netplan import netplan
from rackwright.twin.hosts.network import read_network
from tests.unit.twin_hosts.hosts import Bench, site


@pytest.mark.parametrize("name", ["gpu01", "mgmt01"])
def test_what_is_printed_for_a_host_is_what_it_has_afterwards(name):
    """Names, MAC addresses, addresses, MTU, bonds or VLANs of a host get lost in its netplan, or in the reading of it."""
    plan = site()[0]
    network = next(one for one in plan.hosts if one.name == name)
    found = read_network(name, yaml.safe_load(netplan(network)), Bench(name).machine.hardware.nics)

    def told(one):
        keep = ("name", "port", "mac", "address", "mtu_bytes", "bond", "vlan", "parent")
        return sorted(tuple(getattr(row, key) for key in keep) for row in one.interfaces)

    assert told(found) == told(network)
    assert [(one.name, one.members, one.mode, one.address) for one in found.bonds] == [
        (one.name, one.members, one.mode, one.address) for one in network.bonds
    ]
