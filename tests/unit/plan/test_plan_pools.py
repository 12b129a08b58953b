"""Subnet arithmetic: every part of a subnet lies apart from the others."""

from __future__ import annotations

import ipaddress

import pytest

from rackwright.plan.pools import divide, parse_asns, parse_range, text


@pytest.mark.parametrize("length", range(16, 30))
@pytest.mark.parametrize("after", [False, True])
def test_the_parts_of_a_subnet_do_not_meet(length, after):
    """Network, gateway, leaves, hosts, leases and broadcast share no address, at any size and in both styles."""
    split = divide(f"10.0.0.0/{length}", after_gateway=after)
    size = 1 << (32 - length)
    leaves = [split.leaf_first + split.leaf_step * number for number in range(split.leaves)]
    parts = [
        [0], [split.gateway], leaves, range(split.host_first, split.host_stop),
        range(split.host_stop, split.lease_stop), [size - 1],
    ]  # fmt: skip
    taken = [offset for part in parts for offset in part]
    assert len(taken) == len(set(taken))
    assert all(0 <= offset < size for offset in taken)
    assert split.leaves >= 2 or length > 28


def test_leaves_follow_the_gateway_in_the_era_style():
    """.1 is the gateway, .2 and .3 the leaves, hosts begin where the site says."""
    split = divide("172.16.178.0/24", 11, after_gateway=True)
    assert split.at(split.gateway) == "172.16.178.1/24"
    assert [split.at(split.leaf_first + split.leaf_step * n) for n in (0, 1)] == ["172.16.178.2/24", "172.16.178.3/24"]
    assert split.at(split.host_first) == "172.16.178.11/24"


def test_leaves_lie_at_the_top_otherwise():
    """The first leaf has the last usable address, so hosts and leaves grow towards each other."""
    split = divide("10.20.0.0/22")
    assert split.at(split.leaf_first) == "10.20.3.254/22"


def test_a_subnet_smaller_than_four_addresses_is_refused():
    """A /31 holds no network of machines."""
    with pytest.raises(ValueError, match="too small"):
        divide("10.0.0.0/31")


def test_a_pool_is_a_prefix_without_its_ends_or_a_run():
    """10.255.0.0/30 gives .1 and .2; first-last gives both ends."""
    assert parse_range("10.255.0.0/30") == (int(ipaddress.IPv4Address("10.255.0.1")), 2)
    assert parse_range("10.0.0.11-10.0.0.12").size == 2
    with pytest.raises(ValueError, match="before the first"):
        parse_range("10.0.0.12-10.0.0.11")


def test_asns_are_a_run_inside_the_numbers_there_are():
    """0 and 4294967295 are no ASNs to give out."""
    assert parse_asns("4200000000-4200000009") == (4200000000, 10)
    with pytest.raises(ValueError, match="no range of ASNs"):
        parse_asns("0-5")


def test_text_is_what_ipaddress_prints():
    """The fast printing of addresses is the same as the library's."""
    for address in ("0.0.0.0", "10.200.255.1", "255.255.255.255"):
        assert text(int(ipaddress.IPv4Address(address))) == address
