"""What a look at a switch makes of what is down at it."""

from __future__ import annotations

from rackwright.audit.cabling import Port, Sight
from rackwright.bringup.work import looks
from rackwright.findings import finding

FAR = Port("fe02", "swp9s0")
PLANNED = {
    Port("fe01", "swp9s0"): FAR,
    Port("fe01", "swp10s0"): Port("fe02", "swp10s0"),
    Port("fe01", "swp1s0"): Port("gpu01", "r1"),
}
DOWN = (
    finding(
        "BFD-SESSIONS", "fe01", "BFD to fe02 on swp9s0 is absent", path="default.swp9s0", remedy="see the BFD settings"
    ),
    finding("BGP-SESSIONS", "fe01", "BGP swp9s0 to fe02: state is idle, not established", path="x", remedy="push it"),
)


def judged(**heard: Sight):
    sights = {port: heard.get(port.name, Sight(True, (far,))) for port, far in PLANNED.items()}
    return looks.astray("fe01", DOWN, PLANNED, sights, {"fe01", "fe02"})


def test_a_switch_whose_cable_leads_to_a_server_names_the_cable():
    """A session that is down since its cable leads elsewhere is told with the settings of BFD, and a push that changes nothing."""
    found = judged(swp9s0=Sight(True, (Port("gpu01", "b3140h-1"),)), swp1s0=Sight(True, (FAR,)))
    assert [(one.message, one.severity) for one in found] == [
        ("swp9s0 leads to gpu01 b3140h-1, not to fe02 swp9s0", "error"),
        (DOWN[0].message, "info"),
        (DOWN[1].message, "info"),
    ]


def test_a_port_that_hears_nobody_is_named_where_its_session_is_down():
    """A port at which a server without a system is plugged in hears nobody, and no cable is thought of; or each port that LLDP is late at is named."""
    found = judged(swp9s0=Sight(True), swp10s0=Sight(True))
    assert [one.message for one in found] == [
        "swp9s0 is up and hears nobody: its cable may end elsewhere than at fe02 swp9s0",
        DOWN[0].message,
        DOWN[1].message,
    ]
    assert all(one.severity == "error" for one in found)


def test_cables_as_planned_leave_what_is_down_as_it_is():
    """A session that is down over its planned cable is put down to the cable."""
    assert judged() == list(DOWN)
    assert judged(swp9s0=Sight(False)) == list(DOWN)
