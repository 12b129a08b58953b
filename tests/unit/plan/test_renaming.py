"""A fabric or network under another name: what would move is told, and the name in the lock keeps it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rackwright import catalog, plan
from rackwright.intent.models import Site
from rackwright.plan import LockFile, Outcome
from tests.sites import Mapping, site

CATALOG = catalog.load()


def wish(gpus: int, *, storage: bool = True, fabric: str = "frontend", network: str = "inband") -> Site:
    """Return a site in which later machines and a later entry in front have made the lock other than a fresh one."""
    made: Mapping = site(gpus=gpus)
    if storage:
        made["groups"]["ps"] = {"model": "f710", "count": 3}
        entry = {"group": "ps", "nic": "front", "bond": "lacp", "native": "inband", "media": "dr1"}
        made["fabrics"]["frontend"]["attach"].insert(0, entry)
    text = msgspec.json.encode(made).decode().replace('"frontend"', f'"{fabric}"').replace('"inband"', f'"{network}"')
    return Site.model_validate(msgspec.json.decode(text))


def stood() -> LockFile:
    """Return the lock of a site that grew: a machine, then storage in front of everything."""
    lock = None
    for one in (wish(3, storage=False), wish(4, storage=False), wish(4)):
        lock = plan.build(one, lock, catalog=CATALOG)[1].file()
    assert lock is not None
    return lock


def asked(one: Site, lock: LockFile) -> tuple[Outcome, list[str]]:
    """Plan a site on a lock; return what came of it, and what is said of names."""
    found = plan.attempt(one, lock, catalog=CATALOG)
    return found, [str(item) for item in found.problems if item.check == "plan.renaming"]


def renamed(lock: LockFile, old: str, new: str) -> LockFile:
    """Return a lock in which one name is written for another, as the remedy says."""
    return msgspec.json.decode(msgspec.json.encode(lock).decode().replace(old, new), type=LockFile)


@pytest.mark.parametrize(
    ("key", "old", "severity"), [("fabric", "frontend", "error"), ("network", "inband", "warning")]
)
def test_another_name_that_moves_what_stands_is_told(key: str, old: str, severity: str) -> None:
    """Cables are refused and addresses a warning; with the name in the lock the plan is what it was."""
    lock, names = stood(), dict[str, Any]({key: "other"})
    before, none = asked(wish(4), lock)
    found, [said] = asked(wish(4, **names), lock)
    assert none == []
    assert [item.severity for item in found.problems if item.check == "plan.renaming"] == [severity]
    assert f"write other for {old} in site.lock too" in said
    after, none = asked(wish(4, **names), renamed(lock, old, "other"))
    assert none == []
    assert before.plan is not None
    assert after.plan is not None
    assert [(link.a, link.b) for link in after.plan.links] == [(link.a, link.b) for link in before.plan.links]
    assert [host.bonds for host in after.plan.hosts] == [host.bonds for host in before.plan.hosts]
    assert not after.lock.changed


def test_another_name_that_moves_nothing_is_not_told() -> None:
    """On a site that never grew the numbers come out the same, and one that is new has nothing to keep."""
    lock = plan.build(wish(4), catalog=CATALOG)[1].file()
    assert asked(wish(4, fabric="other"), lock)[1] == []
    assert asked(wish(4, network="other"), lock)[1] == []
    assert plan.attempt(wish(4), catalog=CATALOG).plan is not None


def test_who_takes_the_recabling_says_so_in_the_lock() -> None:
    """Without the wish of the old name the fabric is laid out as a new one."""
    lock = stood()
    consent = msgspec.structs.replace(
        lock, wishes={name: one for name, one in lock.wishes.items() if name != "fabrics.frontend"}
    )
    assert asked(wish(4, fabric="other"), consent)[1] == []
