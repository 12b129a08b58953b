"""What should stay up through an apply, and what is left to the gate."""

import msgspec
import pytest

from rackwright import diff
from rackwright.push.gates import behind, down, fewest, words
from rackwright.push.order import Neighbours
from rackwright.push.vitals import Vitals, missing, should_stay, take
from rackwright.push.waves import waves_of
from rackwright.runs.model import Outcome
from tests.unit.push.cases import FACTORY, PLANNED, RESPLIT, changed, device_order, factory, order, real
from tests.unit.push.fake import Clock, Switch, masked

UP = Vitals(frozenset({"swp1s0", "swp1s1", "swp9", "eth0"}), frozenset({("default", "swp9")}))


def kept(intended, running=None):
    """Return what should stay up of everything when a switch as planned gets another plan."""
    found = should_stay(UP, diff.between(running or PLANNED, intended), intended)
    return sorted(found.ports), sorted(found.sessions)


ALL = (["eth0", "swp1s0", "swp1s1", "swp9"], [("default", "swp9")])


def test_what_is_not_touched_stays():
    """Without a change, and with one that has nothing to do with links, all stays."""
    assert kept(PLANNED) == ALL
    assert kept(changed(PLANNED, "system", "timezone", to="Etc/UTC")) == ALL
    assert kept(changed(PLANNED, "interface", "swp9", "description", to="spine")) == ALL


@pytest.mark.parametrize(
    ("path", "value", "lost"),
    [
        (("interface", "swp9", "link", "speed"), "400G", "swp9"),
        (("interface", "swp9", "link", "fec"), "rs", "swp9"),
        (("interface", "swp9", "link", "state"), {"down": {}}, "swp9"),
        (("interface", "swp9"), None, "swp9"),
    ],
)
def test_a_link_that_is_renegotiated_or_shut_is_not_asked_for(path, value, lost):
    """A link that depends on the other end from now on, or is shut, is not held against the apply; nor what runs on it."""
    ports, sessions = kept(changed(PLANNED, *path, to=value))
    assert lost not in ports
    assert sessions == []
    assert {"eth0", "swp1s0"} <= set(ports)


def test_a_split_takes_all_ports_of_its_cage():
    """The ports of a cage that is split anew are not held against the apply."""
    ports, _ = kept(RESPLIT)
    assert ports == ["eth0", "swp9"]


@pytest.mark.parametrize(
    ("path", "value", "stays"),
    [
        (("router", "bgp", "autonomous-system"), 65000, False),
        (("vrf", "default", "router", "bgp", "neighbor", "swp9", "type"), "numbered", False),
        (("vrf", "default", "router", "bgp", "router-id"), "10.0.0.1", False),
        (("interface", "swp9", "ip"), {"address": {"10.0.0.1/31": {}}}, False),
        (("vrf", "default", "router", "bgp", "address-family"), {"ipv4-unicast": {"multipaths": {"ebgp": 64}}}, True),
        (("router", "policy", "prefix-list", "x"), {"type": "ipv4"}, True),
        (("interface", "swp9", "qos"), {"pfc-watchdog": {"state": "enable"}}, True),
    ],
)
def test_a_session_stays_unless_its_own_settings_change(path, value, stays):
    """A session is left to the gate when what it is made of changes, and held against the apply otherwise."""
    _, sessions = kept(changed(PLANNED, *path, to=value))
    assert bool(sessions) is stays


def test_a_port_without_a_stanza_is_not_asked_for():
    """Ports that a factory switch had up and that nothing is planned for may go down."""
    found = should_stay(Vitals(frozenset({"swp40"})), diff.between(FACTORY, PLANNED), PLANNED)
    assert found.ports == frozenset()


def test_what_is_up_is_read_from_the_switch():
    """Ports with link and established sessions are read; a switch without BGP has none."""
    switch = Switch(real(PLANNED), Clock(), cabled=("swp1s0", "swp9"))
    assert take(switch.connect(), masked(switch.applied)) == Vitals(
        frozenset({"swp1s0", "swp9"}), frozenset({("default", "swp9")})
    )
    assert take(factory(Clock()).connect(), FACTORY) == Vitals()


def test_what_a_switch_shows_is_read_in_any_form_of_it():
    """An interface may have no link and no type; one that the switch holds down says so, with its reason or without."""
    held = {"oper-status": "down", "protodown": "enabled"}
    shown = {
        "swp1": {"link": {"oper-status": "up", "stats": {"in-pkts": 7}}, "lldp": {}},
        "swp2": {"type": "swp", "link": None},
        "swp3": {"type": "swp", "link": {**held, "protodown-reason": "evpn-mh"}},
        "bond1": {"type": "bond", "link": held},
        "vlan10": {"type": "svi", "link": {"oper-status": "up"}},
    }

    class Session:
        def show(self, path, kind):
            return msgspec.convert({"interface": shown}[path], kind)

    assert take(Session(), {}) == Vitals(
        frozenset({"swp1"}), held=frozenset({("swp3", "evpn-mh"), ("bond1", "no reason given")})
    )


def test_what_is_missing_is_said_in_words():
    """A port is named, a session with its VRF."""
    assert missing(UP, Vitals(UP.ports - {"swp9"})) == ["swp9", "the BGP session with swp9 in VRF default"]
    assert missing(UP, UP) == []


def test_segments_wait_for_an_uplink():
    """Where all multihoming uplinks wait for the other end, the switch holds its segments down, and so may the apply."""
    up_link = {"type": "swp", "link": {"state": {"up": {}}}, "evpn": {"multihoming": {"uplink": "on"}}}
    bond = {"type": "bond", "bond": {"member": {"swp1": {}}}, "evpn": {"multihoming": {"segment": {"local-id": 1}}}}
    plain = {"interface": {"swp1": {"type": "swp"}, "swp2": up_link, "swp3": {"type": "swp"}, "bond1": bond}}
    faster = changed(plain, "interface", "swp2", "link", "speed", to="400G")
    everything = Vitals(frozenset({"swp1", "swp2", "swp3", "bond1"}))
    assert should_stay(everything, diff.between(plain, faster), faster).ports == {"swp3"}
    other = changed(plain, "interface", "swp3", "description", to="x")
    assert should_stay(everything, diff.between(plain, other), other) == everything


# --- gates and waves -------------------------------------------------------------------------------

LINK = Neighbours("link", "a", "swp1", "b", "swp2")
SESSION = Neighbours("session", "a", "swp1", "b", vrf="default")


def ended(**states):
    return {name: Outcome(subject=name, state=state) for name, state in states.items()}


@pytest.mark.parametrize(
    ("states", "earlier", "asked"),
    [
        ({"a": "done", "b": "done"}, (), True),
        ({"a": "done", "b": "unchanged"}, (), True),
        ({"a": "unchanged", "b": "unchanged"}, (), False),
        ({"a": "done", "b": "failed"}, (), False),
        ({"a": "done"}, (), False),
        ({"a": "done"}, ("b",), True),
        ({"b": "unchanged"}, ("a",), False),
    ],
)
def test_only_what_the_wave_may_have_touched_is_asked_for(states, earlier, asked):
    """A gate asks for what lies between finished switches of which this wave changed one."""
    assert bool(behind([LINK], ended(**states), frozenset(earlier))) is asked


def test_a_segment_is_asked_for_once_an_uplink_can_be_up():
    """A link that hangs on an Ethernet segment waits for the switch at the other end of an uplink."""
    held = Neighbours("link", "a", "swp1", "b", "swp2", needs=("c",))
    assert behind([held], ended(a="done"), frozenset("b")) == ()
    assert behind([held], ended(c="done"), frozenset("ab")) == (held,)
    assert behind([held], ended(a="done"), frozenset("bc")) == (held,)


def test_a_link_in_protodown_is_told_with_who_it_hangs_on():
    """The line says which end is held, in the switch's own word, and which neighbour above is not as planned."""
    pair = Neighbours("link", "a", "swp1", "b", "swp2", needs=("c", "d"))
    held = Vitals(held=frozenset({("swp1", "evpn-mh"), ("swp7", "mlag")}))
    assert words(pair, {"a": held, "b": Vitals()}, frozenset("abd")) == (
        "the link a swp1 - b swp2 (a holds swp1 in protodown: evpn-mh; above it c did not become as planned)"
    )


def test_a_wave_waits_for_gates_of_what_it_hangs_on():
    """A wave needs the gates of the out-of-band network, of its own fabric and of those cabled to it, and no others."""
    groups = {"o": "front", "f": "front", "g": "front", "b": "back", "c": "back"}
    devices = [msgspec.structs.replace(device_order(FACTORY, name=name), group=group) for name, group in groups.items()]
    stages = (("oob", ("o",)), ("frontend", ("f",)), ("backend", ("b",)), ("frontend", ("g",)), ("backend", ("c",)))
    found = waves_of(order(*devices, waves=stages))
    assert [wave.after for wave in found] == [
        (), ("oob 1",), ("oob 1",), ("oob 1", "frontend 1"), ("oob 1", "backend 1"),
    ]  # fmt: skip


def test_down_names_links_and_sessions():
    """A link needs both ends, a session its own end; what has an end that is not as planned is not asked for."""
    up = Vitals(frozenset({"swp1", "swp2"}), frozenset({("default", "swp1")}))
    assert down([LINK, SESSION], {"a": up, "b": up}) == ()
    assert down([LINK, SESSION], {"a": up, "b": Vitals()}) == (LINK,)
    assert down([LINK, SESSION], {"a": Vitals(), "b": up}) == (LINK, SESSION)
    assert down([LINK, SESSION], {"a": up, "b": None}) == ()
    assert [words(pair, {}, frozenset()) for pair in (LINK, SESSION)] == [
        "the link a swp1 - b swp2",
        "BGP of a with b over swp1",
    ]


def test_what_was_not_asked_is_left_to_the_end_that_was():
    """A link is down where the one end that was asked says so, and up as far as is known where that end is up."""
    up = Vitals(frozenset({"swp1", "swp2"}))
    assert down([LINK], {"a": Vitals()}) == (LINK,)
    assert down([LINK], {"b": up}) == ()
    assert down([SESSION], {"a": up, "b": None}) == ()


def test_few_switches_have_an_end_of_every_pair():
    """Of many switches below one it is the one that is asked; a session is asked for at its own end."""
    links = [msgspec.structs.replace(LINK, b=f"below{number}") for number in range(5)]
    assert fewest(links) == {"a"}
    assert fewest([*links, msgspec.structs.replace(LINK, a="c", b="below1"), SESSION]) == {"a", "below1"}
    assert fewest([msgspec.structs.replace(SESSION, a="b", b="a")]) == {"b"}
    assert fewest([]) == frozenset()


def test_a_wave_sends_one_ahead():
    """A wave in which several switches change has a canary that changes; one with a single one has none."""
    same = device_order(masked(real(PLANNED)), name="a")
    one, two = device_order(masked(FACTORY), name="b"), device_order(masked(FACTORY), name="c")
    waves = waves_of(order(same, one, two, waves=(("frontend", ("a", "b")), ("frontend", ("c",)))))
    assert [(wave.name, wave.canary) for wave in waves] == [("frontend 1", ""), ("frontend 2", "")]
    assert waves_of(order(same, one, two))[0].canary == "b"
