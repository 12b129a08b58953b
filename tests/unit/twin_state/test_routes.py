"""The fixpoint of BGP on fabrics small enough to count by hand, and against a plain path-vector computation."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rackwright.twin.state.routes import Direction, Speaker, spread


def joined(*pairs, **options):
    """Return both directions of sessions between named speakers."""
    for number, (one, two) in enumerate(pairs):
        a, b = (one, "default"), (two, "default")
        key = frozenset({(*a, f"{two}{number}"), (*b, f"{one}{number}")})
        yield Direction(a, b, key, -1, **options)
        yield Direction(b, a, key, -1, **options)


def speakers(**asns):
    """Return speakers that bring in one atom each, in order."""
    return {(name, "default"): Speaker(asn, (index,), 1 << index) for index, (name, asn) in enumerate(asns.items())}


def known(result, name):
    """Return the atoms of a speaker."""
    return result.tables[name, "default"].known


def test_leaves_hear_of_each_other_and_spines_of_one_as_do_not():
    """A leaf misses a route, or a spine takes one that has its own AS in the path."""
    who = speakers(leaf1=101, leaf2=102, spine1=200, spine2=200)
    result = spread(who, joined(("leaf1", "spine1"), ("leaf1", "spine2"), ("leaf2", "spine1"), ("leaf2", "spine2")))
    assert known(result, "leaf1") == 0b1111
    assert known(result, "spine1") == 0b0111
    assert known(result, "spine2") == 0b1011


def test_allowas_in_lets_the_own_as_pass():
    """The loop check cannot be turned off."""
    who = speakers(leaf1=101, spine1=200, spine2=200)
    result = spread(who, joined(("leaf1", "spine1"), ("leaf1", "spine2"), allowas_in=True))
    assert known(result, "spine1") == 0b111


def test_internal_peers_do_not_pass_on_what_they_have_from_internal_peers():
    """A chain of internal peers works without a route reflector, or does not work with one."""
    who = speakers(a=1, b=1, c=1)
    chain = (("a", "b"), ("b", "c"))
    assert known(spread(who, joined(*chain)), "a") == 0b011
    assert known(spread(who, joined(*chain, reflects=True)), "a") == 0b111


def test_equal_paths_are_those_of_the_best_length_and_kind():
    """A longer path, or an internal one beside an external, counts as equal."""
    who = speakers(leaf1=101, leaf2=102, spine1=201, spine2=202)
    pairs = [("leaf1", "spine1"), ("leaf1", "spine2"), ("leaf2", "spine1"), ("leaf2", "spine2"), ("leaf1", "leaf2")]
    result = spread(who, joined(*pairs))
    ways = {way.sender[0]: result.equal(way) for way in result.incoming["leaf1", "default"]}
    assert ways == {"leaf2": 0b0010, "spine1": 0b0100, "spine2": 0b1000}
    without = spread(who, joined(*pairs[:4]))
    ways = {way.sender[0]: without.equal(way) for way in without.incoming["leaf1", "default"]}
    assert ways == {"spine1": 0b0110, "spine2": 0b1010}


@st.composite
def networks(draw):
    """Draw speakers with few ASNs and sessions between them."""
    asns = draw(st.lists(st.integers(1, 4), min_size=2, max_size=6))
    names = [f"s{index}" for index in range(len(asns))]
    pairs = [(one, two) for index, one in enumerate(names) for two in names[index + 1 :]]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=9))
    return dict(zip(names, asns, strict=True)), chosen


def plain(asns, pairs):
    """Return who has whose route: BGP played message by message, each speaker telling its best path in turn."""
    ids = {name: index for index, name in enumerate(asns)}
    best = {name: {name: ((), "self", name)} for name in asns}
    peers = {name: [b if a == name else a for a, b in pairs if name in (a, b)] for name in asns}
    for _ in range(60):
        after = {name: {name: ((), "self", name)} for name in asns}
        for name in asns:
            for peer in peers[name]:
                internal = asns[peer] == asns[name]
                for origin, (path, kind, _) in best[peer].items():
                    if origin == name or (internal and kind == "internal"):
                        continue
                    told = path if internal else (asns[peer], *path)
                    if asns[name] in told:
                        continue
                    rank = (len(told), internal, ids[peer])
                    mine = after[name].get(origin)
                    if mine is None or rank < (len(mine[0]), mine[1] == "internal", ids[mine[2]]):
                        after[name][origin] = (told, "internal" if internal else "external", peer)
        if after == best:
            return {name: set(rows) for name, rows in best.items()}
        best = after
    return None


@given(networks())
@settings(max_examples=200)
def test_the_fixpoint_is_that_of_bgp_played_out(network):
    """Computing level by level gives another table than BGP itself ends with."""
    asns, pairs = network
    expected = plain(asns, pairs)
    if expected is None:
        return
    result = spread(speakers(**asns), joined(*pairs))
    names = list(asns)
    found = {n: {names[i] for i in range(len(names)) if known(result, n) >> i & 1} for n in names}
    assert found == expected
