"""Leaf pairs as they grow: what stands keeps its port, or the growth is refused with the figures."""

from __future__ import annotations

from typing import Any

import pytest

from rackwright import catalog, plan
from rackwright.intent.models import Site
from rackwright.plan import LockFile, Outcome
from tests import sites

CATALOG = catalog.load()
Wish = dict[str, Any]


def planned(wish: Wish, lock: LockFile | None = None) -> Outcome:
    """Return what planning a wish gives."""
    return plan.attempt(Site.model_validate(wish), lock, catalog=CATALOG)


def cables(outcome: Outcome) -> dict[tuple[str, str], tuple[str, str]]:
    """Return the switch port of each machine's port."""
    assert outcome.plan, outcome.problems
    return {(k.b.device, k.b.port): (k.a.device, k.a.port) for k in outcome.plan.links if k.kind == "host"}


def wrong(outcome: Outcome) -> list[tuple[str, str]]:
    """Return (path, sentence) of each error."""
    return [(found.path, str(found)) for found in outcome.problems if found.severity == "error"]


def front(wish: Wish) -> Wish:
    """Return the front end of a wish."""
    found: Wish = wish["fabrics"]["frontend"]
    return found


def with_workers(wish: Wish, count: int) -> Wish:
    """Add a group of machines to the front end."""
    wish["groups"]["cpu"] = {"model": "r660", "count": count}
    front(wish)["attach"].append({"group": "cpu", "nic": "cx6dx", "bond": "lacp", "native": "inband"})
    return wish


@pytest.mark.parametrize("change", ["stated", "outgrown"])
def test_one_pair_does_not_become_several_under_machines_that_stand(change: str) -> None:
    """Two pairs deal the machines anew, so a fabric that stands as one pair refuses to become two."""
    wish = sites.site()
    front(wish)["leaves"]["count"] = "auto"
    first = planned(wish)
    assert first.plan
    if change == "stated":
        front(wish)["leaves"]["count"] = 4
    else:
        with_workers(wish, 230)
    assert [path for path, _ in wrong(planned(wish, first.lock.file()))] == ["fabrics.frontend.leaves"]
    assert planned(wish).plan  # without what stands it is a fabric like any other


def test_the_remedy_of_an_outgrown_pair_works() -> None:
    """As told: `count: 2` stands, and what is new hangs on a fabric of its own."""
    wish = sites.site()
    first = planned(wish)
    front(wish)["leaves"]["count"] = 4
    assert "state `count: 2`" in wrong_remedy(planned(wish, first.lock.file()))
    wish = with_workers(sites.site(), 4)
    entry = front(wish)["attach"].pop()
    wish["networks"]["work"] = {"vlan": 310, "vrf": "WORK", "subnet": "10.30.0.0/20"}
    wish["fabrics"]["work"] = {
        "topology": "evpn-pair", "leaves": {"model": "sn5600", "count": 2, "name": "wk"}, "isl": {"links": 4},
        "attach": [entry | {"native": "work"}],
    }  # fmt: skip
    assert cables(first).items() <= cables(planned(wish, first.lock.file())).items()


def wrong_remedy(outcome: Outcome) -> str:
    """Return the remedies of the errors."""
    return " ".join(found.remedy for found in outcome.problems if found.severity == "error")


def test_pairs_that_stand_stay_when_the_site_shrinks() -> None:
    """Fewer leaves than were laid out are a problem when stated, and are not taken away when they follow."""
    wish = sites.site()
    front(wish)["leaves"]["count"] = 4
    first = planned(wish)
    front(wish)["leaves"]["count"] = 2
    [(path, said)] = wrong(planned(wish, first.lock.file()))
    assert path == "fabrics.frontend.leaves.count"
    assert "2 leaves are stated; frontend was laid out with 4" in said
    front(wish)["leaves"]["count"] = "auto"
    assert cables(planned(wish, first.lock.file())) == cables(first)


def test_more_leaves_than_stated_are_not_planned_in_silence() -> None:
    """Four leaves are stated and do not hold the machines: that is told with the number that does."""
    wish = with_workers(sites.site(), 700)
    front(wish)["leaves"]["count"] = 4
    [(path, said)] = wrong(planned(wish))
    assert path == "fabrics.frontend.leaves.count"
    assert "4 leaves are stated; frontend takes" in said


def test_second_links_of_machines_that_stand_do_not_move() -> None:
    """With two links on a leaf a later target would move the second ones: refused up, kept down."""
    wish = sites.site()
    wish["groups"]["mgmt"] |= {"count": 3, "max": 3, "nics": {"cx6dx": 2}}
    first = planned(wish)
    wish["groups"]["mgmt"] |= {"count": 4, "max": 4}
    [(path, said)] = wrong(planned(wish, first.lock.file()))
    assert path == "fabrics.frontend.attach.1"
    assert "4 machines exceed the 3 that mgmt.cx6dx was laid out for" in said
    wish["groups"]["mgmt"] |= {"count": 2, "max": 2}
    assert cables(planned(wish, first.lock.file())).items() <= cables(first).items()


def test_a_block_that_cannot_grow_says_where_it_stands() -> None:
    """Free cages elsewhere are no room for a block whose neighbours are taken."""
    wish = sites.site()
    first = planned(wish)
    front(wish)["isl"]["links"] = 20
    [(_, said)] = wrong(planned(wish, first.lock.file()))
    assert "isl stands on swp5-8 of each leaf of frontend and now needs 10 cages" in said


def test_a_group_more_or_less_in_an_entry_moves_no_machine() -> None:
    """An entry is known by the groups that it shares with what stands: joined, parted and split again."""
    wish = sites.site()
    wish["groups"]["mgmt"]["max"] = 6
    first = planned(wish)
    wish["groups"]["cpu"] = {"model": "r660", "count": 2}
    entry = front(wish)["attach"][1]
    del entry["group"]
    entry["groups"] = ["cpu", "mgmt"]
    joined = planned(wish, first.lock.file())
    assert cables(first).items() <= cables(joined).items()
    entry["groups"] = ["mgmt"]
    front(wish)["attach"].append(entry | {"groups": ["cpu"]})
    assert cables(planned(wish, joined.lock.file())) == cables(joined)
    del wish["groups"]["cpu"], front(wish)["attach"][-1]
    assert cables(planned(wish, joined.lock.file())) == cables(first)
