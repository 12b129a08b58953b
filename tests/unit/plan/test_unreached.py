"""Servers in a VRF that those who ask them have no route to are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rackwright import catalog, plan
from rackwright.intent.models import Site
from tests.sites import Mapping, site

CATALOG = catalog.load()
Change = Callable[[Mapping], Any]
SERVICES = {"bootstrap": "10.10.0.5", "ntp": ["bcm-head"], "dns": ["bcm-head"]}


def told(*changes: Change) -> list[tuple[str, str]]:
    """Return place and message of the warnings about reach that a site with services and changes makes.

    The head has a port in band alone, and nothing relays.
    """
    wish = site() | {"services": SERVICES}
    wish["fabrics"]["oob"]["attach"][1]["ports"] = ["bmc"]
    for change in changes:
        change(wish)
    made = plan.attempt(Site.model_validate(wish), catalog=CATALOG)
    assert made.plan is not None
    return [(found.path, found.message) for found in made.problems if found.check == "plan.reach"]


def relay(wish: Mapping) -> None:
    """Relay from in band to the bootstrap server: the two subnets leak."""
    wish["networks"]["inband"]["relay"] = "bootstrap"


def leak(wish: Mapping) -> None:
    """Let the two VRFs take each other's routes."""
    wish["vrfs"] = {"OOB": {"import": ["INBAND"]}, "INBAND": {"import": ["OOB"]}}


def lom(wish: Mapping) -> None:
    """Give the head a port out of band."""
    wish["fabrics"]["oob"]["attach"][1]["ports"] = ["bmc", "lom1"]


def near(wish: Mapping) -> None:
    """Put the bootstrap server into the network that machines boot from."""
    wish["services"] = wish["services"] | {"bootstrap": "10.20.0.5"}


def test_servers_in_another_vrf_are_told_with_both_ends() -> None:
    """Switches ask over eth0, out of band; the head is in band, and no VRF takes routes of the other."""
    found = dict(told())
    assert set(found) == {"services.ntp", "services.dns", "networks.inband"}
    assert "switches and DHCP clients in oob (10.10.0.0/20, VRF OOB)" in found["services.ntp"]
    assert "in inband (10.20.0.0/20, VRF INBAND)" in found["services.ntp"]
    assert "services.bootstrap 10.10.0.5 in oob" in found["networks.inband"]


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ([relay], set()),
        ([leak], {"networks.inband"}),
        ([lom], {"networks.inband"}),
        ([lom, near], set()),
    ],
)
def test_a_way_between_the_two_is_no_matter(changes: list[Change], left: set[str]) -> None:
    """A relay, routes that leak, a port in the network or a server that is in it leave nothing to be told of that."""
    assert {path for path, _ in told(*changes)} == left
