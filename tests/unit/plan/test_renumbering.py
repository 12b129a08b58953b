"""A pool that begins elsewhere gives other values to what stands: told with figures, and a change of the lock."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
import pytest

from rackwright import catalog, plan
from rackwright.findings import Problem
from rackwright.intent.models import Site
from rackwright.plan import LockFile, Outcome
from tests import sites

CATALOG = catalog.load()
Wish = dict[str, Any]


def planned(wish: Wish, lock: LockFile | None = None) -> Outcome:
    """Return what planning a wish gives."""
    return plan.attempt(Site.model_validate(wish), lock, catalog=CATALOG)


def told(outcome: Outcome) -> list[Problem]:
    """Return what is told about values that change."""
    assert outcome.plan, outcome.problems
    return [found for found in outcome.problems if found.check == "plan.renumbering"]


def changed(path: tuple[str, ...], value: Any) -> Wish:
    """Return the standing site with one key set."""
    wish = copy.deepcopy(sites.site())
    place = wish
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return wish


@pytest.mark.parametrize(
    ("path", "value", "first"),
    [
        (("networks", "inband", "subnet"), "10.21.0.0/20", "gateway of inband 10.20.0.1/20 -> 10.21.0.1/20"),
        (("networks", "inband", "subnet"), "10.20.0.0/19", "gateway of inband 10.20.0.1/20 -> 10.20.0.1/19"),
        (("networks", "rails", "pool"), "10.208.0.0/12", "gpu01:b3140h-1 10.192.0.1/31 -> 10.208.0.1/31"),
        (("pools", "loopback"), "10.254.0.0/20", "loopback of be01 10.255.0.1/32 -> 10.254.0.1/32"),
        (("pools", "vtep"), "10.254.0.0/20", "VTEP of fe01 10.255.16.1 -> 10.254.0.1"),
        (("pools", "asn"), "4200000100-4200065535", "ASN of be01 4200000000 -> 4200000100"),
        (("fabrics", "oob", "per_switch"), ["10.10.4.0/24"], "be01:eth0 10.10.0.10/20 -> 10.10.4.10/24"),
    ],
)  # fmt: skip
def test_a_pool_that_begins_elsewhere_is_told_with_old_and_new(path: tuple[str, ...], value: Any, first: str) -> None:
    """How many of how many, the first from what to what, the key from what to what; told once, and the lock changes."""
    before = planned(sites.site()).lock.file()
    after = planned(changed(path, value), before)
    (found,) = told(after)
    assert found.severity == "warning"
    assert " values that stand change: " in found.message
    assert first in found.message
    assert f"{' was '.join(('.'.join(path), ''))}" in found.message or path[-1] == "per_switch"
    assert after.lock.file() != before
    assert told(planned(changed(path, value), after.lock.file())) == []


def test_the_number_is_that_of_the_values_which_differ() -> None:
    """Four machines and two leaves more than stood are in the new pool too: they are new and are not counted."""
    before = planned(sites.site(mgmt=4))
    wish = changed(("networks", "inband", "subnet"), "10.21.0.0/20")
    wish["groups"]["mgmt"]["count"] = 8
    (found,) = told(planned(wish, before.lock.file()))
    assert before.plan
    hosts = sum(bond.address.startswith("10.20.") for host in before.plan.hosts for bond in host.bonds)
    leaves = sum(svi.address.startswith("10.20.") for switch in before.plan.switches for svi in switch.svis)
    assert (hosts, leaves) == (8, 2)
    assert found.message.startswith(f"{hosts + leaves + 1} of ")


def test_nothing_is_told_where_no_value_changes() -> None:
    """A pool that only ends later, and a lock that does not know what its pools were, move nothing that could be told."""
    lock = planned(sites.site()).lock.file()
    assert told(planned(changed(("pools", "asn"), "4200000000-4200099999"), lock)) == []
    older = msgspec.structs.replace(lock, wishes={key: w for key, w in lock.wishes.items() if key.startswith("fab")})
    assert told(planned(changed(("pools", "loopback"), "10.254.0.0/20"), older)) == []
