"""The schema table: strict on keys and values, tells versions apart, helpful in words."""

import pytest

from rackwright.errors import SchemaUnknown
from rackwright.nvue import schema
from rackwright.nvue.keys import KeyKind, has_form, key_is_legal
from rackwright.nvue.tree import put


def found(path, value, **options):
    """Check a tree of one leaf and return what is wrong with it."""
    tree = {}
    put(tree, path.split("/"), value)
    return schema.load().check(tree, **options)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("system/hostname", "leaf01"),
        ("interface/swp1/link/mtu", 9216),
        ("interface/swp1s0/link/state/up", {}),
        ("interface/swp1", {}),
        ("interface/swp1/link/breakout/2x/lanes-per-port", "4"),
        ("interface/swp1/link/breakout/disabled", {}),
        ("interface/eth0/ip/address/dhcp", {}),
        ("interface/eth0/ip/address/10.0.0.1~24", {}),
        ("interface/swp1/ip/address/fe80::1~64", {}),
        ("interface/bond1/bond/member/swp1s0", {}),
        ("interface/bond1/evpn/multihoming/segment/identifier", "00:44:38:39:be:ef:aa:00:00:01"),
        ("interface/bond1/evpn/multihoming/segment/mac-address", "44:38:39:FF:00:AA"),
        ("interface/swp1/bridge/domain/br_default/vlan/all", {}),
        ("interface/swp1/bridge/domain/br_default/untagged", 100),
        ("interface/swp1/bridge/domain/br_default/untagged", "none"),
        ("bridge/domain/br_default/vlan/10/vni/4001", {}),
        ("router/bgp/autonomous-system", 4294967295),
        ("vrf/RED/router/bgp/neighbor/swp1s0/type", "unnumbered"),
        ("vrf/default/router/bgp/neighbor/10.0.0.1/peer-group", "underlay"),
        ("vrf/default/router/static/0.0.0.0~0/via/10.0.0.1", {}),
        ("service/ntp/mgmt/server/pool.ntp.org/iburst", "on"),
        ("system/config/snippet/frr", {"file": "/etc/frr/x", "content": "a"}),
        ("interface/swp1/description", "anything: at all #1"),
    ],
)
def test_what_nvue_takes_is_legal(path, value):
    """Values and keys of the 5.12 object model, and of our corrections to it, hold (~ stands for /)."""
    tree = {}
    put(tree, [part.replace("~", "/") for part in path.split("/")], value)
    assert schema.load().check(tree) == []


@pytest.mark.parametrize(
    ("path", "value", "code", "allowed"),
    [
        ("system/hostname", "leaf.example", "bad-value", "matching"),
        ("system/hostname", 5, "bad-value", "a text"),
        ("interface/swp1/link/mtu", 551, "bad-value", "from 552 to 9216"),
        ("interface/swp1/link/mtu", 9217, "bad-value", "from 552 to 9216"),
        ("interface/swp1/link/mtu", "9216", "bad-value", "a whole number"),
        ("interface/swp1/link/mtu", 9216.0, "bad-value", "a whole number"),
        ("interface/swp1/link/mtu", True, "bad-value", "a whole number"),
        ("interface/swp1/link/mtu", None, "bad-value", "a whole number"),
        ("interface/swp1/link/mtu", {"a": 1}, "not-a-value", "a whole number"),
        ("interface/swp1/link/mtu", {}, "not-a-value", "a whole number"),
        ("interface/swp1/link/mtu", [9216], "bad-value", "a whole number"),
        ("evpn/enable", True, "bad-value", "off or on"),
        ("evpn/enable", "enabled", "bad-value", "off or on"),
        ("system/ssh-server/state", "on", "bad-value", "disabled or enabled"),
        ("interface/swp1/qos/pfc-watchdog/state", "on", "bad-value", "disable or enable"),
        ("interface/swp1/link/state", "up", "not-a-mapping", "keys below it"),
        ("interface/swp1/link/state/up", "yes", "bad-value", "{}"),
        ("interface/swp1/link/state/up", {"now": {}}, "bad-value", "{}"),
        ("interface/swp1/link/state/sideways", {}, "unknown-key", "down, up"),
        ("interface/swp1/link/breakout/2x/lanes-per-port", 4, "bad-value", "1, 2, 4, 8"),
        ("interface/swp1/link/breakout/2x400G", {}, "bad-key", "1x, 2x, 4x, 8x, disabled or loopback"),
        ("interface/swp1-3/type", "swp", "bad-key", "an interface name"),
        ("interface/swp1x/type", "swp", "bad-key", "an interface name"),
        ("interface/a-name-of-16-chr/type", "bond", "bad-key", "15 characters"),
        ("interface/swp1/ip/address/10.0.0.1", {}, "bad-key", "prefix length"),
        ("interface/swp1/ip/address/10.0.0.256~24", {}, "bad-key", "prefix length"),
        ("bridge/domain/br_default/vlan/4095", {}, "bad-key", "1 to 4094"),
        ("bridge/domain/br_default/vlan/0", {}, "bad-key", "1 to 4094"),
        ("bridge/domain/br_default/vlan/10/vni/16777216", {}, "bad-key", "1 to 16777215"),
        ("vrf/a-name-of-16-chr/table", "auto", "bad-key", "15 characters"),
        ("vrf/RED/router/bgp/neighbor/not a peer/type", "numbered", "bad-key", "IP address"),
        ("router/bgp/autonomous-system", 4294967296, "bad-value", "from 1 to 4294967295"),
        ("qos/roce/enabled", "on", "unknown-key", "'enable'"),
        ("nonsense", {}, "unknown-key", "acl, bridge"),
        ("header/model", "vx", "unknown-key", "one of"),
    ],
)
def test_what_nvue_refuses_is_a_violation(path, value, code, allowed):
    """A wrong key or value is one violation at its path, with what would be legal (~ stands for /)."""
    path = "/".join(path.split("/"))
    tree = {}
    parts = [part.replace("~", "/") for part in path.split("/")]
    put(tree, parts, value)
    (item,) = schema.load().check(tree)
    assert item.code == code
    assert allowed in item.allowed
    assert item.path == tuple(parts[: len(item.path)])
    assert len(item.path) >= len(parts) - 1


@pytest.mark.parametrize(
    ("path", "value", "version", "spelled"),
    [
        ("interface/swp1/ipv4/address/10.0.0.1/24", {}, "5.15", "ip.address"),
        ("interface/swp1/vrf", "RED", "5.15", "ip.vrf"),
        ("evpn/state", "enabled", "5.15", "enable: on or off"),
        ("qos/roce/state", "enabled", "5.15", "enable: on or off"),
        ("service/snmp-server/enable", "on", "5.10", "system.snmp-server"),
        ("system/ntp/server/10.0.0.1", {}, "5.15", "service.ntp"),
        ("system/syslog/server/10.0.0.1", {}, "5.13", "service.syslog"),
        ("router/bfd/profile", {}, "5.15", "timers"),
    ],
)
def test_a_key_of_another_version_says_which(path, value, version, spelled):
    """The new and the old object model are named, with the 5.12 spelling."""
    (item,) = found(path, value)
    assert item.code == "other-version"
    assert version in item.message
    assert spelled in item.allowed


def test_the_keyword_of_the_old_guides_is_pointed_out():
    """The user guide's peer is a neighbor in the model (nvue.md 2)."""
    (item,) = found("vrf/default/router/bgp/peer/swp1/type", "unnumbered")
    assert "neighbor" in item.allowed


def test_secrets_hold_only_when_asked():
    """A reference is refused as NVUE refuses it, and passes where the caller checks a kept file."""
    path = "system/aaa/user/cumulus/hashed-password"
    assert [item.code for item in found(path, {"secret": "switch_hash"})] == ["secret"]
    assert found(path, {"secret": "switch_hash"}, secrets="stand-in") == []
    assert [item.code for item in found(path, {"secret": {}}, secrets="stand-in")] == ["not-a-value"]
    assert [item.code for item in found(path, {"a": "b"}, secrets="stand-in")] == ["not-a-value"]


def test_all_violations_come_in_the_order_of_the_tree():
    """Every mistake is listed, also after the first."""
    tree = {"interface": {"swp1": {"link": {"mtu": 1, "nope": 2}}}, "evpn": {"enable": "yes"}}
    assert [item.path[-1] for item in schema.load().check(tree)] == ["mtu", "nope", "enable"]


def test_what_was_legal_once_does_not_make_its_equal_legal():
    """True and 9216.0 are equal to numbers that were accepted, and still are refused."""
    checker = schema.load()
    tree = {"interface": {"swp1": {"link": {"mtu": 9216}}, "vlan1": {"vlan": 1}}}
    assert checker.check(tree) == []
    assert [item.message for item in checker.check({"interface": {"vlan1": {"vlan": True}}})] == ["true is not legal"]
    assert len(checker.check({"interface": {"swp1": {"link": {"mtu": 9216.0}}}})) == 1


@pytest.mark.parametrize(("length", "codes"), [(0, ["bad-value"]), (1, []), (255, []), (256, ["bad-value"])])
def test_a_free_text_is_held_to_its_length(length, codes):
    """A description has 1 to 255 characters, whatever they are, the first time and every time after it."""
    for text in ("a" * length, "b" * length, "a" * length):
        assert [item.code for item in found("interface/swp1/description", text)] == codes


def test_a_version_takes_the_table_of_its_release():
    """5.12.1 is checked against 5.12; a version without a table is refused with those there are."""
    assert schema.load("5.12.1") is schema.load("5.12")
    with pytest.raises(SchemaUnknown, match=r"no NVUE schema for 5\.15\.0; known are 5\.12"):
        schema.load("5.15.0")
    assert schema.known() == ("5.12",)


def test_the_schema_tells_what_stands_at_a_path():
    """Objects, maps, leaves, presences and free places are told apart."""
    kinds = schema.load()
    assert kinds.kind(()) == "object"
    assert kinds.kind(("interface",)) == "map"
    assert kinds.kind(("interface", "swp1", "link", "mtu")) == "leaf"
    assert kinds.kind(("interface", "swp1", "link", "state", "up")) == "presence"
    assert kinds.kind(("system", "config", "snippet")) == "free"
    assert kinds.kind(("nonsense",)) is None
    assert "interface" in kinds.children(())


@pytest.mark.parametrize(
    ("form", "good", "bad"),
    [
        ("address", ["10.0.0.1", "fe80::1"], ["10.0.0.1/24", "10.0.0", "10.0.0.01", "1.2.3.4.5", "x", "", ":::"]),
        (
            "cidr",
            ["10.0.0.1/24", "2001:db8::1/64", "0.0.0.0/0"],
            ["10.0.0.1", "10.0.0.1/33", "::1/129", "10.0.0.1/x", "/24"],
        ),
        ("network", ["10.0.0.0/8", "10.0.0.1/8"], ["10.0.0.0"]),
        ("net4", ["10.0.0.0/8", "10.0.0.1"], ["10.0.0.1/8", "2001:db8::/32"]),
        ("net6", ["2001:db8::/32"], ["10.0.0.0/8", "2001:db8::1/32"]),
        ("ipv4", ["10.0.0.1"], ["fe80::1"]),
        ("ipv6", ["fe80::1"], ["10.0.0.1"]),
        ("host", ["ntp.example.org", "10.0.0.1", "fe80::1", "a"], ["-a", "a b", "a..b", ""]),
        ("neighbor", ["swp1s0", "10.0.0.1", "fe80::1"], ["swp 1", "1swp", "10.0.0.1/32"]),
    ],
)
def test_address_forms(form, good, bad):
    """Each form takes its addresses and nothing else."""
    assert [text for text in good if not has_form(text, form)] == []
    assert [text for text in bad if has_form(text, form)] == []


def test_numbered_keys_are_whole_numbers_within_bounds():
    """Ranges are expanded before the check, so a key is one number, written without leading zeros."""
    kind = KeyKind(expect="", numbers=(0, 7))
    assert [key for key in ("0", "7") if not key_is_legal(key, kind)] == []
    assert [key for key in ("8", "0-2", "01", "", "a", "-1", "1,2", "99999999999") if key_is_legal(key, kind)] == []


def test_a_spelling_is_offered_only_where_it_fits():
    """A state below an interface has no enable beside it, so no enable is proposed."""
    (item,) = found("interface/swp1/state", "enabled")
    assert "enable" not in item.allowed
