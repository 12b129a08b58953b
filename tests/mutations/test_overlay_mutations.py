"""Every rule about the overlay, BGP, QoS and management finds its mistakes in an EVPN fabric of thirteen switches."""

from __future__ import annotations

import pytest

from tests.mutations import example_overlay, harness

MINE = ("of_evpn", "of_l2", "of_management", "of_policy", "of_qos", "of_routing")
MUTATORS = {
    rule: made
    for rule, made in harness.load().items()
    if any(each.make.__module__.rpartition(".")[2] in MINE for each in made)
}


def test_the_overlay_fabric_is_silent() -> None:
    """Nothing is found in a good EVPN fabric."""
    assert harness.noise(example_overlay.fabric()) == []


@pytest.mark.parametrize("rule", sorted(MUTATORS))
def test_twenty_mistakes_of_each_rule_are_found(rule: str) -> None:
    """Twenty single mistakes are found, where they are, by the rule that is for them."""
    made, faults = harness.attempt(example_overlay.fabric(), MUTATORS[rule])
    assert not faults, "\n".join(faults)
    assert made == 20
