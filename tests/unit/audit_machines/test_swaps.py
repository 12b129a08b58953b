"""Who answers where: every exchange of servers is named, and nothing that stands where it should."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rackwright.audit.machines.swaps import Known, Marks, Muddle, muddles

NAMES = [f"gpu{number:02d}" for number in range(1, 8)]
PLANNED = {
    name: Marks(f"TAG{at}", frozenset({f"02:00:00:00:{at:02x}:{port:02x}" for port in range(4)}))
    for at, name in enumerate(NAMES)
}


def cycles(order: list[str]) -> set[frozenset[str]]:
    """Return the rings of a permutation, by brute force: follow each name until it comes back."""
    at = dict(zip(NAMES, order, strict=True))
    found = set()
    for name in NAMES:
        ring, step = {name}, at[name]
        while step != name:
            ring.add(step)
            step = at[step]
        if len(ring) > 1:
            found.add(frozenset(ring))
    return found


@given(st.permutations(NAMES))
def test_every_ring_of_exchanged_servers_is_told_and_no_other(order):
    """Whatever permutation of servers answers, its rings come out, each once and as a ring."""
    seen = {at: PLANNED[of] for at, of in zip(NAMES, order, strict=True)}
    found = muddles(Known(PLANNED), seen)
    assert {frozenset(one.names) for one in found} == cycles(order)
    assert all(one.ring and one.kind == "machines" for one in found)
    for one in found:
        for at, of in zip(one.names, (*one.names[1:], one.names[0]), strict=True):
            assert seen[at] == PLANNED[of]


@given(st.permutations(NAMES), st.sets(st.sampled_from(NAMES)))
def test_a_server_that_does_not_answer_leaves_chains_and_no_false_one(order, silent):
    """With some BMCs silent the others are told all the same; who is where he should be is never named as moved."""
    seen = {at: PLANNED[of] for at, of in zip(NAMES, order, strict=True) if at not in silent}
    moved = {at for at, marks in seen.items() if marks != PLANNED[at]}
    found = muddles(Known(PLANNED), seen)
    assert moved <= {name for one in found for name in one.names}
    assert {one.names[0] for one in found} <= moved
    assert not {at for at in seen if at not in moved} & {name for one in found for name in one.names[:-1]}


def test_tags_alone_and_addresses_alone_are_told_apart():
    """Exchanged cells of nodes.csv are no exchanged servers: the half that fits says so."""
    one, two = PLANNED["gpu01"], PLANNED["gpu02"]
    tags = {"gpu01": Marks(two.tag, one.macs), "gpu02": Marks(one.tag, two.macs)}
    assert muddles(Known(PLANNED), tags) == (Muddle("tags", ("gpu01", "gpu02"), ring=True),)
    macs = {"gpu01": Marks(one.tag, two.macs), "gpu02": Marks(two.tag, one.macs)}
    assert muddles(Known(PLANNED), macs) == (Muddle("macs", ("gpu01", "gpu02"), ring=True),)


def test_without_tags_in_nodes_csv_the_addresses_tell():
    """A rack whose tags nobody wrote down is told apart by its MAC addresses."""
    planned = {name: Marks("", marks.macs) for name, marks in PLANNED.items()}
    seen = {"gpu01": PLANNED["gpu02"], "gpu02": PLANNED["gpu01"]}
    assert muddles(Known(planned), seen) == (Muddle("machines", ("gpu01", "gpu02"), ring=True),)


def test_one_exchanged_adapter_makes_no_other_server():
    """A server with one adapter of another is itself: most of what is known of anybody decides."""
    one, two = sorted(PLANNED["gpu01"].macs), sorted(PLANNED["gpu02"].macs)
    assert Known(PLANNED).who(Marks("", frozenset({*one[:3], two[0]})), "macs") == "gpu01"
    assert Known(PLANNED).who(Marks("", frozenset({*one[:2], *two[:2]})), "macs") == ""


def test_a_tag_that_two_rows_have_is_nobodys():
    """A service tag twice in nodes.csv decides nothing."""
    planned = {"gpu01": Marks("T"), "gpu02": Marks("T")}
    assert Known(planned).who(Marks("T"), "tags") == ""
    assert muddles(Known(planned), {"gpu01": Marks("T")}) == ()
