"""The verdict on one wire: each way in which two ends and a cable can fail to make a link."""

from __future__ import annotations

import pytest

from rackwright import catalog
from rackwright.twin.state.links import Face, judge

PARTS = catalog.load().cables
SPLITTER = PARTS["dac-osfp-2xqsfp112"]
STRAIGHT = PARTS["dac-osfp-osfp"]
SLOW = PARTS["dac-qsfp28-qsfp28"]
OPTICAL = PARTS["dr1-qsfp28-qsfp28"]
COPPER = PARTS["cat6-rj45"]


def face(**other) -> Face:
    """Return a 400G end of a split OSFP cage, but for what is said."""
    usual = Face(True, True, 4, 400, 0, True, "auto", "osfp", 9216)
    return usual._replace(**other)


def host(**other) -> Face:
    """Return a 400G NIC, but for what is said."""
    return face(connector="qsfp112", mtu_bytes=9000)._replace(**other)


def qsfp28(**other) -> Face:
    """Return a 100G NRZ end, but for what is said."""
    return face(lanes=4, gbps=100, connector="qsfp28")._replace(**other)


def verdict(a: Face, b: Face, part=SPLITTER, gbps=400, demand=(4, 4)):
    """Judge a wire."""
    return judge(part, gbps, demand, (a, b))


def test_two_equal_ends_make_a_link():
    """A right link does not come up, or comes up with another speed or FEC."""
    found = verdict(face(), host())
    assert (found.up, found.gbps, found.fec, found.negotiated) == (True, 400, "rs", True)


@pytest.mark.parametrize(
    ("reason", "a", "b"),
    [
        ("no such port", face(there=False), host()),
        ("no such port", face(), host(there=False)),
        ("admin down", face(admin_up=False), host()),
        ("lanes differ", face(lanes=2, gbps=200), host()),
        ("lanes differ", face(), host(lanes=2, gbps=200)),
        ("auto-negotiation is off on PAM4", face(forced_gbps=400, negotiates=False), host()),
        ("auto-negotiation is off on PAM4", face(negotiates=False), host()),
        ("speeds differ", face(forced_gbps=800, negotiates=False), host()),
        ("FEC differs", face(fec="off"), host()),
        ("FEC differs", face(fec="rs"), host(fec="baser")),
        ("the part does not fit", face(), face()),
    ],
)
def test_what_is_wrong_at_one_end_keeps_it_down(reason, a, b):
    """A link comes up though its ends do not agree, or the wrong reason is told."""
    found = verdict(a, b)
    assert (found.up, found.reason) == (False, reason)


def test_a_slower_nic_of_as_many_lanes_links_at_its_own_speed():
    """A plug in a slower port gives no link, where negotiation finds the lower speed."""
    found = verdict(face(lanes=2, gbps=200), host(lanes=2, gbps=100), PARTS["dac-osfp-4xqsfp112"], 200, (2, 2))
    assert (found.up, found.gbps) == (True, 100)


def test_a_part_that_is_too_slow_gives_no_link():
    """A 200G splitter in place of a 400G one carries 400G."""
    found = verdict(face(), host(), PARTS["dac-osfp-4xqsfp112"])
    assert found.reason == "the part is too slow"


def test_nrz_copper_needs_the_same_negotiation_at_both_ends():
    """A forced copper port links with one that negotiates (L1 page)."""
    forced = qsfp28(forced_gbps=100, negotiates=False)
    assert verdict(forced, qsfp28(), SLOW, 100).reason == "auto-negotiation differs"
    assert verdict(forced, forced, SLOW, 100).up
    assert verdict(forced, qsfp28(), OPTICAL, 100).up


def test_forced_speeds_must_be_equal():
    """Two ends that are forced to different speeds link."""
    assert verdict(
        qsfp28(forced_gbps=100, negotiates=False), qsfp28(forced_gbps=40, negotiates=False), SLOW, 100
    ).reason == ("speeds differ")


def test_base_t_always_negotiates():
    """A 1000BASE-T port links with negotiation off (L1 page)."""
    port = face(lanes=1, gbps=1, connector="rj45")
    good = judge(COPPER, 1, (1, 0), (port, port))
    assert (good.up, good.serdes, good.fec) == (True, False, "off")
    bad = judge(COPPER, 1, (1, 0), (port._replace(negotiates=False), port))
    assert bad.reason == "auto-negotiation is off on BASE-T"


def test_a_straight_cable_needs_equal_splits():
    """A leaf split in two links with a spine split in four."""
    whole = face(lanes=4, gbps=400)
    assert verdict(whole, whole, STRAIGHT).up
    assert verdict(whole, face(lanes=2, gbps=200), STRAIGHT).reason == "lanes differ"
