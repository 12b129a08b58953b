"""What the command line of NVUE says, read; and what is never sent to it."""

import pytest

from rackwright.drivers.nvue import words
from rackwright.drivers.nvue.guards import insist_reading, insist_unmasked
from rackwright.errors import DeviceRefused


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("Time left: 0:04:59", 299), ("299 seconds", 299), ("4m 59s", 299), ("1h", 3600), ("no apply waits", 0), ("", 0)],
)
def test_the_time_left_is_read_in_any_form(text, seconds):
    """The guide does not show what --confirm-status prints; what cannot be read is 0, never an error."""
    assert words.seconds_left(text) == seconds


def test_the_id_of_a_revision_is_read():
    """The last id of an answer counts: it may name another before."""
    assert words.revision_id("detached [rev_id: 6]\ncreated [rev_id: 7]\n") == "7"
    assert (
        words.revision_id("created [rev_id: changeset/cumulus/2021-11-02_16.09.18_5Z1K]")
        == "changeset/cumulus/2021-11-02_16.09.18_5Z1K"
    )
    assert words.revision_id("done") == ""


@pytest.mark.parametrize(
    ("status", "text", "bad"),
    [
        (0, "applied [rev_id: 7]", False),
        (0, "saved", False),
        (1, "", True),
        (0, "Error: x", True),
        (0, "apply failed", True),
        (0, "Invalid config [rev_id: 7]", True),
        (0, "description 'no-errors-here' set", False),
    ],
)
def test_failures_are_seen(status, text, bad):
    """An exit status alone is not believed."""
    assert words.failed(status, text) is bad


@pytest.mark.parametrize(
    "command",
    [
        "lldpctl -f json", "cat /etc/os-release", "ip -j link show", "ip vrf exec mgmt ping -c 1 10.0.0.1", "sudo cl-support -M",
        "vtysh -c 'show bfd peers json'", "systemctl is-active nvued", "nv config history -o json", "bridge fdb show", "ntpq -np",
        "journalctl -u nvued -n 100", "ethtool -m swp1", "decode-syseeprom -j", "sudo ip vrf exec mgmt ntpq -p",
    ],
)  # fmt: skip
def test_commands_that_read_pass(command):
    """What drivers and audits ask for is let through."""
    insist_reading("leaf", command)


@pytest.mark.parametrize(
    "command",
    [
        "", "reboot", "sudo reboot", "cat a; reboot", "cat a && reboot", "cat $(reboot)", "cat `reboot`", "cat a > b", "cat a\nreboot",
        "ip link set swp1 down", "ip route flush table main", "ip netns exec x reboot", "bridge vlan del vid 1 dev swp1", "nv set system hostname x",
        "nv config apply", "nv config save", "vtysh -c 'configure terminal'", "vtysh", "systemctl restart nvued", "date -s now",
        "hostname evil", "journalctl --vacuum-time=1s", "journalctl --rotate", "ip vrf exec mgmt reboot", "cat 'unclosed", "rm -rf /",
    ],
)  # fmt: skip
def test_commands_that_change_do_not(command):
    """Nothing but a push changes a switch: neither by another program, nor by an argument, nor by the shell."""
    with pytest.raises(DeviceRefused, match="only read"):
        insist_reading("leaf", command)


def test_a_masked_secret_is_named():
    """The path is told; a star elsewhere is no secret."""
    insist_unmasked("leaf", {"system": {"message": {"pre-login": "*"}}})
    for value in ("*", "$nvsec$abc"):
        with pytest.raises(DeviceRefused, match=r"system\.aaa\.user\.ops\.hashed-password"):
            insist_unmasked("leaf", {"system": {"aaa": {"user": {"ops": {"hashed-password": value}}}}})


def test_a_configuration_is_read_in_each_form():
    """A list with a header, a mapping with ``set``, or the bare tree."""
    tree = {"interface": {"swp1": {"type": "swp"}}}
    for form in ([{"header": {}}, {"set": tree}], [{"set": tree}], {"header": {}, "set": tree}, tree):
        assert words.configuration(form) == tree
    assert words.configuration([{"header": {}}]) == {}
    for wrong in ("text", 1, [{"set": []}]):
        with pytest.raises(ValueError, match="no configuration"):
            words.configuration(wrong)
