"""What gets no cable though the site has it is told, each with its numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rackwright import catalog, plan
from rackwright.intent.models import Site
from tests.sites import Mapping, site

CATALOG = catalog.load()
Change = Callable[[Mapping], Any]


def outcome(change: Change) -> plan.Outcome:
    """Plan a small site after a change."""
    wish = site()
    change(wish)
    return plan.attempt(Site.model_validate(wish), catalog=CATALOG)


def switches(*words: str) -> Change:
    """Return a change of the switches whose management ports are cabled."""
    return lambda wish: wish["fabrics"]["oob"]["attach"].__setitem__(2, {"switches": list(words)})


def spare(wish: Mapping) -> None:
    """Add a group that no fabric attaches."""
    wish["groups"]["spare"] = {"model": "r660", "count": 2}


def spare_rack(wish: Mapping) -> None:
    """Add such a group, and a rack of its name whose PDUs are cabled."""
    spare(wish)
    wish["racks"] = {"spare": {"model": "ar3307", "pdu": "apdu10450sw", "feeds": ["a", "b"]}}
    wish["fabrics"]["oob"]["attach"].append({"pdus": "all"})


def no_rails(wish: Mapping) -> None:
    """Leave the rail fabric out, and with it the cables of the SuperNICs."""
    del wish["fabrics"]["backend"], wish["networks"]["rails"]


def half(wish: Mapping) -> None:
    """Attach two of the eight SuperNICs."""
    wish["fabrics"]["backend"]["attach"][0]["adapters"] = [1, 2]
    wish["fabrics"]["backend"]["rails_per_leaf"] = 2


TOLD: dict[str, tuple[Change, str, str]] = {
    "switches of some fabrics": (switches("frontend"), "fabrics.oob.attach", "eth0 of 3 of 5 switches has no cable"),
    "all fabrics but out of band": (switches("frontend", "backend"), "fabrics.oob.attach", "1 of 5 switches has no cable (oob01)"),
    "a group": (spare, "groups.spare", "group spare is attached nowhere"),
    "a group with the name of a rack": (spare_rack, "groups.spare", "group spare is attached nowhere"),
    "adapters": (no_rails, "groups.gpu", "8 b3140h of each machine of gpu are attached nowhere"),
    "some adapters": (half, "groups.gpu", "6 of 8 b3140h of each machine of gpu are attached nowhere"),
}  # fmt: skip


@pytest.mark.parametrize("case", TOLD)
def test_what_gets_no_cable_is_a_warning(case: str) -> None:
    """The plan stands, and says what it left out where the site file could name it."""
    change, path, words = TOLD[case]
    made = outcome(change)
    told = [found for found in made.problems if found.check == "plan.cables" and found.severity == "warning"]
    assert made.plan is not None
    assert [found.path for found in told] == [path]
    assert words in told[0].message


@pytest.mark.parametrize("words", [("frontend", "backend", "oob"), ("frontend", "backend", "oob01"), ("all",)])
def test_switches_of_the_fabric_itself_are_attached_by_its_name(words: tuple[str, ...]) -> None:
    """``oob``, ``oob01`` and ``all`` cable the access switch's own eth0; then nothing is left to be told."""
    made = outcome(switches(*words))
    assert made.plan is not None
    assert [link.b.device for link in made.plan.links if link.b.device == "oob01" and link.b.port == "eth0"] == [
        "oob01"
    ]
    assert [
        found.message for found in made.problems if found.check == "plan.cables" and found.severity == "warning"
    ] == []
