"""A change that would move cables which stand is told with its figures; one that moves none passes."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
import pytest

from rackwright import catalog, plan
from rackwright.findings import Problem
from rackwright.intent.models import Attach, External, Fabric, Isl, Leaves, Site, Spines, Uplink
from rackwright.plan import LockFile, Outcome, lock_text
from rackwright.plan.recabling import _PLACES, _UNWIRED
from tests import sites

CATALOG = catalog.load()
Wish = dict[str, Any]
Cables = dict[tuple[str, str], tuple[str, str]]

BACK, FRONT, OOB = ("fabrics", "backend"), ("fabrics", "frontend"), ("fabrics", "oob")
HOSTS = (*FRONT, "attach", 1)
OUT = (*FRONT, "external", 0)


def planned(wish: Wish, lock: LockFile | None = None) -> Outcome:
    """Return what planning a wish gives."""
    return plan.attempt(Site.model_validate(wish), lock, catalog=CATALOG)


def cables(outcome: Outcome) -> Cables:
    """Return the other end of each end of a cable."""
    assert outcome.plan, outcome.problems
    ends = [((k.a.device, k.a.port), (k.b.device, k.b.port)) for k in outcome.plan.links]
    return dict(ends) | {b: a for a, b in ends}


def recabled(outcome: Outcome) -> list[Problem]:
    """Return what is told about cables that would move."""
    return [found for found in outcome.problems if found.check == "plan.recabling"]


def standing(topology: str = "rail-optimized") -> Wish:
    """Return a site with room on every leaf, two adapters a worker and two external peers."""
    wish = sites.site(topology, *((20, 64) if topology == "rail-optimized" else (4, 8)))
    wish["groups"]["mgmt"]["nics"] = {"cx6dx": 2}
    wish["fabrics"]["frontend"]["external"] = [
        {"name": "core", "vrf": "INBAND", "peer_asn": 65010, "peers": ["p", "q"]}
    ]
    return wish


def changed(wish: Wish, path: tuple[str | int, ...], value: Any) -> Wish:
    """Return a wish with one key set."""
    wish = copy.deepcopy(wish)
    place: Any = wish
    for part in path[:-1]:
        place = place.setdefault(part, {}) if isinstance(place, dict) else place[part]
    place[path[-1]] = value
    return wish


REFUSED: tuple[tuple[str, tuple[str | int, ...], Any], ...] = (
    ("rail-optimized", (*BACK, "rails_per_leaf"), 4),
    ("rail-optimized", (*BACK, "rail_order"), [[1, 5], [2, 6], [3, 7], [4, 8]]),
    ("rail-optimized", (*BACK, "planes"), 2),
    ("rail-optimized", (*BACK, "tiers"), 3),
    ("rail-optimized", (*BACK, "oversubscription"), "3:1"),
    ("rail-optimized", (*BACK, "spines", "count"), 8),
    ("pure-rail", (*BACK, "rails_per_leaf"), 2),
    ("pure-rail", (*BACK, "rail_order"), [[1, 3, 5, 7], [2, 4, 6, 8]]),
    ("pure-rail", (*HOSTS, "spread"), [2, 1]),
    ("pure-rail", (*HOSTS, "spread"), "alternate"),
    ("pure-rail", (*HOSTS, "bond"), "none"),
    ("pure-rail", (*HOSTS, "nic"), "lom"),
    ("pure-rail", (*HOSTS, "adapters"), [1]),
    ("pure-rail", (*FRONT, "isl", "speed"), "200g"),
    ("pure-rail", (*OUT, "links_per_leaf"), 3),
    ("pure-rail", (*OUT, "links_per_cage"), 1),
    ("pure-rail", ("groups", "mgmt", "nics", "cx6dx"), 1),
)


@pytest.mark.parametrize(("topology", "path", "value"), REFUSED)
def test_a_key_that_would_move_cables_is_refused_with_the_figures(
    topology: str, path: tuple[str | int, ...], value: Any
) -> None:
    """The problem stands at the key, says how many cables of how many, and where the first would go."""
    wish = standing(topology)
    first = planned(wish)
    outcome = planned(changed(wish, path, value), first.lock.file())
    assert outcome.plan is None
    [found] = [found for found in outcome.problems if found.severity == "error"]
    assert (found.check, found.path.split(".")) == ("plan.recabling", [str(part) for part in path])
    key = ".".join(str(part) for part in path)
    assert "that stand would move, of" in str(found)
    assert f"{key} was " in str(found)
    number, _, stand, *_ = str(found).removeprefix(f"site: {key}: ").split()
    assert 0 < int(number) <= int(stand)


def test_the_figures_are_those_of_the_two_plans() -> None:
    """The cables counted are those that end elsewhere without what stands."""
    wish = standing("pure-rail")
    first = planned(wish)
    wish["fabrics"]["backend"]["rail_order"] = [[1, 3, 5, 7], [2, 4, 6, 8]]
    [found] = recabled(planned(wish, first.lock.file()))
    fresh, before = cables(planned(wish)), cables(first)
    moved = [end for end in before if end[0].startswith("gpu") and "b3140h" in end[1] and fresh[end] != before[end]]
    assert f"{len(moved)} of 32 cables of backend that stand would move, of 4 device(s)" in str(found)
    assert "from be01:swp1s1-gpu01:b3140h-2 to be02:swp1s0-gpu01:b3140h-2" in str(found)


PLACED: tuple[tuple[tuple[str | int, ...], Any], ...] = (
    ((*FRONT, "attach", 0, "at"), "swp30"),
    ((*FRONT, "isl", "at"), "swp40"),
    ((*FRONT, "leaves", "name"), "yy"),
    ((*OUT, "peers"), ["p", "r"]),
    ((*OUT, "peer_ports"), "Ethernet1/1"),
    ((*OOB, "uplink", "at"), "swp41"),
    ((*OOB, "uplink", "ports"), "swp51-52"),
    ((*OOB, "attach", 1, "at"), "swp20"),
)


@pytest.mark.parametrize(("path", "value"), PLACED)
def test_a_key_that_says_the_place_is_consent_and_told_once(path: tuple[str | int, ...], value: Any) -> None:
    """Who writes the port or the name has said where the cable goes: it is planned, and what moves is a warning."""
    wish = standing("pure-rail")
    first = planned(wish)
    wish = changed(wish, path, value)
    second = planned(wish, first.lock.file())
    told = recabled(second)
    assert second.plan
    assert told
    assert {found.severity for found in told} == {"warning"}
    assert "that stand would move" in str(told[0])
    assert recabled(planned(wish, second.lock.file())) == []


SILENT: tuple[tuple[str, tuple[str | int, ...], Any], ...] = (
    ("rail-optimized", (*BACK, "tiers"), 2),
    ("rail-optimized", (*BACK, "adaptive_routing"), False),
    ("pure-rail", (*BACK, "topology"), "rail-optimized"),
    ("pure-rail", (*FRONT, "isl", "links"), 4),
    ("pure-rail", (*FRONT, "attach", 0, "media"), "dr4"),
    ("pure-rail", (*HOSTS, "native"), "oob"),
    ("pure-rail", (*OUT, "links_per_leaf"), 4),
    ("pure-rail", (*OOB, "leaves", "count"), 2),
    ("pure-rail", (*OOB, "attach", 1, "ports"), ["lom1", "bmc"]),
    ("pure-rail", ("groups", "mgmt", "count"), 6),
    ("pure-rail", ("groups", "mgmt", "count"), 2),
    ("pure-rail", ("groups", "mgmt", "max"), 4),
)


@pytest.mark.parametrize(("topology", "path", "value"), SILENT)
def test_what_moves_no_cable_is_not_told(topology: str, path: tuple[str | int, ...], value: Any) -> None:
    """A cable more or less, another medium, a network, a tier of spines over leaves: what stands, stands."""
    wish = standing(topology)
    first = planned(wish)
    second = planned(changed(wish, path, value), first.lock.file())
    before, after = cables(first), cables(second)
    assert [end for end in before if after.get(end, before[end]) != before[end]] == []
    assert recabled(second) == []


def test_a_change_without_a_new_cable_leaves_the_lock_alone() -> None:
    """Bonds, peers and fewer machines say nothing about cables: ``--locked`` holds."""
    wish = standing("pure-rail")
    first = planned(wish).lock.file()
    for path, value in (((*HOSTS, "lacp_bypass"), True), ((*OUT, "peer_asn"), 65099), (("groups", "gpu", "count"), 3)):
        wish = changed(wish, path, value)
    assert lock_text.dump(planned(wish, first).lock.file()) == lock_text.dump(first)


def test_the_remedy_works() -> None:
    """Without the line that the problem names the fabric is laid out anew, and all others stand as they did."""
    wish = standing("pure-rail")
    first = planned(wish)
    wish["fabrics"]["backend"]["rails_per_leaf"] = 2
    lock = first.lock.file()
    [found] = recabled(planned(wish, lock))
    assert "take wishes/fabrics.backend out of site.lock" in found.remedy
    lock = msgspec.structs.replace(lock, wishes={k: v for k, v in lock.wishes.items() if k != "fabrics.backend"})
    after = planned(wish, lock)
    before = {end: other for end, other in cables(first).items() if not {"be"} & {end[0][:2], other[0][:2]}}
    assert before.items() <= cables(after).items()
    assert cables(after)[("gpu01", "b3140h-3")][0] == "be02"
    assert recabled(planned(wish, after.lock.file())) == []


def test_a_lock_without_wishes_takes_those_of_today() -> None:
    """A lock of an earlier version moves nothing; from now on it knows what the cables were laid out by."""
    wish = standing("pure-rail")
    first = planned(wish)
    old = msgspec.structs.replace(first.lock.file(), wishes={})
    again = planned(wish, old)
    assert (recabled(again), again.lock.changed) == ([], True)
    assert again.lock.file() == first.lock.file()


@pytest.mark.parametrize(
    ("was", "why"),
    [
        ({"topology": "pure-rail", "leaves": {"model": "sn9999", "name": "be"},
          "attach": [{"group": "gpu", "nic": "b3140h"}]}, "sn9999 of site.lock is not in the catalog"),
        ({"topology": "of-old"}, "wishes/fabrics.backend in site.lock is not one of this version"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_not_passed(was: Wish, why: str) -> None:
    """Wishes that cannot be wired any more are a problem with a way out, never a change in silence."""
    wish = standing("pure-rail")
    lock = planned(wish).lock.file()
    lock = msgspec.structs.replace(lock, wishes={**lock.wishes, "fabrics.backend": was})
    [found] = recabled(planned(wish, lock))
    assert found.severity == "error"
    assert why in str(found)
    assert "take wishes/fabrics.backend" in found.remedy


def test_what_is_gone_moves_nothing_and_is_freed() -> None:
    """A group or a fabric taken out takes its cables along; ``--free`` gives their wishes back."""
    wish = standing("pure-rail")
    first = planned(wish)
    del wish["groups"]["mgmt"], wish["fabrics"]["frontend"]["attach"][1], wish["fabrics"]["oob"]["attach"][1]
    wish["roles"] = {}
    del wish["fabrics"]["backend"]
    after = planned(wish, first.lock.file())
    assert cables(after).items() <= cables(first).items()
    assert {"wishes/fabrics.backend", "wishes/groups.mgmt"} <= set(after.lock.unused())
    cabled = ("fabrics", "groups")
    kept = [section for section in after.lock.freed().file().wishes if section.startswith(cabled)]
    assert sorted(kept) == ["fabrics.frontend", "fabrics.oob", "groups.gpu"]


def test_what_is_new_beside_a_change_is_not_counted() -> None:
    """Machines, a group, a fabric and a changed entry in one edit: what is new has no cable that could move."""
    wish = standing("pure-rail")
    first = planned(wish)
    wish["groups"]["aaa"] = {"model": "r660", "count": 2}
    wish["groups"]["gpu"]["count"] += 1
    wish["fabrics"]["oob"]["attach"].insert(0, {"group": "aaa", "ports": ["bmc"]})
    wish["fabrics"]["another"] = {
        "topology": "pure-rail", "leaves": {"model": "sn5600", "name": "xx"}, "rails_per_leaf": 2,
        "attach": [{"group": "aaa", "nic": "cx6dx", "network": "more"}],
    }  # fmt: skip
    wish["networks"]["more"] = {"style": "p2p-31", "pool": "10.128.0.0/16"}
    assert cables(first).items() <= cables(planned(wish, first.lock.file())).items()


def test_every_key_of_the_tables_is_one_of_the_site_file() -> None:
    """A key renamed in the site file is renamed here, or it would be held against the operator."""
    models = (Attach, External, Fabric, Isl, Leaves, Spines, Uplink)
    assert {name for model in models for name in model.model_fields} >= _PLACES
    assert set(_UNWIRED) <= set(Fabric.model_fields)
    assert _UNWIRED["attach"]["__all__"] <= set(Attach.model_fields)
    assert _UNWIRED["external"]["__all__"] <= set(External.model_fields)
    assert _UNWIRED["uplink"] <= set(Uplink.model_fields)
