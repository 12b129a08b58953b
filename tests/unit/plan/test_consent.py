"""What is said to be taken out of ``site.lock`` is enough, and as little as that: the rest of the lock stands."""

from __future__ import annotations

import re
from typing import Any

import msgspec
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


def named(outcome: Outcome) -> set[str]:
    """Return what the remedies of the errors say to take out of the lock."""
    said = [found.remedy for found in outcome.problems if found.severity == "error"]
    lists = [re.findall(r"take (\S.*) out of site\.lock and take the recabling", text)[0] for text in said]
    return {held for text in lists for held in re.split(r", | and ", text)}


def without(lock: LockFile, held: set[str]) -> LockFile:
    """Return a lock without pools, keys of pools and wishes."""
    pools = {
        pool: {key: run for key, run in entries.items() if f"{pool}/{key}" not in held}
        for pool, entries in lock.pools.items()
        if pool not in held
    }
    wishes = {section: wish for section, wish in lock.wishes.items() if f"wishes/{section}" not in held}
    return msgspec.structs.replace(lock, pools=pools, wishes=wishes)


def machines(count: int, leaves: int | str = 2, topology: str = "pure-rail", gpus: int = 8) -> Wish:
    """Return a site with so many machines at the front end, and so many on the rails."""
    wish = sites.site(topology, 4, gpus)
    wish["networks"]["oob"]["subnet"], wish["networks"]["inband"]["subnet"] = "10.16.0.0/16", "10.17.0.0/16"
    wish["groups"]["mgmt"] |= {"count": count, "max": count}
    wish["fabrics"]["frontend"]["leaves"]["count"] = leaves
    return wish


def spines(count: int) -> Wish:
    """Return a site that states its spines."""
    wish = machines(4, topology="rail-optimized", gpus=64)
    wish["fabrics"]["backend"]["spines"] = {"count": count}
    return wish


def doubled(count: int) -> Wish:
    """Return a site whose front-end machines have two links on each leaf."""
    wish = machines(count)
    wish["groups"]["mgmt"]["nics"] = {"cx6dx": 2}
    return wish


def bonds(made: plan.Plan) -> set[tuple[str, str, str]]:
    """Return the address of each bond of each machine."""
    return {(host.name, bond.name, bond.address) for host in made.hosts for bond in host.bonds}


CHANGES: dict[str, tuple[Wish, Wish, set[str]]] = {
    "a greater target of rails": (
        machines(4, topology="rail-optimized", gpus=32), machines(4, topology="rail-optimized", gpus=64),
        {"backend.shape", "frontend.cage/gpu.b3220l"},
    ),
    "other spines": (spines(4), spines(8), {"backend.shape/spines", "wishes/fabrics.backend"}),
    "a block without room": (machines(4), machines(20), {"frontend.cage/mgmt.cx6dx"}),
    "second links": (doubled(3), doubled(4), {"frontend.chunk/mgmt.cx6dx"}),
    "one pair": (
        machines(4), machines(4, 4), {"frontend.cage", "frontend.chunk", "wishes/fabrics.frontend"},
    ),
    "a pair outgrown": (machines(4, "auto"), machines(230, "auto"), {"frontend.cage", "frontend.chunk"}),
    "more on a pair": (machines(15, 4), machines(18, 4), {"frontend.cage", "frontend.chunk", "frontend.shape"}),
    "fewer pairs": (
        machines(4, 4), machines(4, 2),
        {"frontend.cage", "frontend.chunk", "frontend.shape", "wishes/fabrics.frontend"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_named_is_enough_to_recable(change: str) -> None:
    """A refused growth names pools or keys; without them it is planned, and every address stays."""
    before, after, least = CHANGES[change]
    first = planned(before)
    refused = planned(after, first.lock.file())
    assert refused.plan is None
    assert named(refused) == least
    done = planned(after, without(first.lock.file(), least))
    assert first.plan
    assert done.plan, done.problems
    moved = {found.path for found in done.problems if found.check == "plan.recabling"}
    laid = {f"fabrics.{held.partition('.')[0]}" for held in least if held.endswith((".shape", ".cage"))}
    assert moved <= laid
    assert moved or "/" in "".join(sorted(least)), "cables move in silence"
    assert bonds(first.plan) <= bonds(done.plan)
    were = {device.name: device.management for device in first.plan.devices}
    assert all(were.get(device.name, device.management) == device.management for device in done.plan.devices)


def test_pairs_that_are_full_take_another_pair() -> None:
    """A pair keeps the number of machines that it was laid out for: more of them take a pair more, and none moves."""
    first = planned(machines(15, 4))
    refused = planned(machines(18, 4), first.lock.file())
    (found,) = [found for found in refused.problems if found.severity == "error"]
    assert "takes 6, since each pair was laid out for 8 of mgmt.cx6dx and 18 are wanted up to max" in found.message
    assert found.remedy.startswith("state 6 or auto, which moves nothing that stands")
    for leaves in (6, "auto"):
        grown = planned(machines(18, leaves), first.lock.file())
        assert grown.plan, grown.problems
        assert first.plan
        cables = [
            {(c.a.device, c.a.port, c.b.device, c.b.port) for c in made.links if c.kind == "host"}
            for made in (first.plan, grown.plan)
        ]
        assert cables[0] <= cables[1]
