"""Every rule finds the mistakes that it is for, at the right path, and no other rule speaks up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rackwright.check import RULES, Fabric
from tests.mutations import example_overlay, fabrics, harness

MUTATORS = harness.load()
JUDGED = [rule.id for rule in RULES if rule.kind != "diff"]
WANTED = 20


def test_every_rule_has_a_mutator() -> None:
    """A rule that nobody tries to break may be a rule that never fires."""
    assert sorted(set(JUDGED) - set(MUTATORS)) == []


def test_every_mutator_is_of_a_rule() -> None:
    """A mutator of a renamed rule would be tried for nothing."""
    assert sorted(set(MUTATORS) - set(JUDGED)) == []


def test_what_fires_together_is_a_rule_and_has_a_reason() -> None:
    """The list of rules that fire together is short, true and explained."""
    for mutator in (one for each in MUTATORS.values() for one in each):
        assert mutator.together <= set(JUDGED), f"{mutator.rule}: {sorted(mutator.together - set(JUDGED))}"
        assert bool(mutator.together) == bool(mutator.why), mutator.rule


def test_the_made_fabric_is_silent() -> None:
    """Nothing is found in a good fabric."""
    assert harness.noise(fabrics.made()) == []


@pytest.mark.parametrize("rule", sorted(MUTATORS))
def test_on_the_made_fabric(rule: str) -> None:
    """Each rule finds twenty single mistakes where they are."""
    tried(fabrics.made(), rule)


@pytest.mark.parametrize("family", ["2-8-9-400", "2-4-3-200"])
def test_on_exports(shared: Callable[..., Path], family: str) -> None:
    """On NVIDIA's own exports the rules find the mistakes that we add, beside the true ones that are there."""
    fabric = fabrics.exports(shared, family)
    assert [fault for rule in sorted(MUTATORS) for fault in harness.attempt(fabric, MUTATORS[rule])[1]] == []


def tried(fabric: Fabric, rule: str) -> int:
    """Try the mutators of one rule and fail with every fault; gives how many mutations there were."""
    made, faults = harness.attempt(fabric, MUTATORS[rule], WANTED)
    assert not faults, "\n".join(faults)
    return made


def test_twenty_of_each_somewhere(shared: Callable[..., Path]) -> None:
    """Twenty mutations of each rule are possible on one fabric at least."""
    every = [
        fabrics.made(),
        example_overlay.fabric(),
        fabrics.exports(shared, "2-8-9-400"),
        fabrics.exports(shared, "2-4-3-200"),
    ]
    most = {rule: max(harness.possible(fabric, MUTATORS[rule]) for fabric in every) for rule in MUTATORS}
    assert {rule: number for rule, number in most.items() if number < WANTED} == {}
