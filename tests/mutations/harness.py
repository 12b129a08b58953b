"""Trying mutations: the right rule, the right path, nothing else; and silence on the good."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from rackwright.check import RULES, Fabric, Rule
from rackwright.check.verdict import judge
from tests.mutations.large import LARGE, neighbourhood
from tests.mutations.model import MUTATORS, Mutation, Mutator

T = TypeVar("T")


def load() -> dict[str, list[Mutator]]:
    """Import every ``of_*.py`` beside this file, and give the mutators by rule."""
    for path in sorted(Path(__file__).parent.glob("of_*.py")):
        importlib.import_module(f"tests.mutations.{path.stem}")
    return MUTATORS


def spread(every: list[T], count: int) -> list[T]:
    """Take ``count`` of the mutations, evenly spread over all of them."""
    if len(every) <= count:
        return every
    return [every[position * len(every) // count] for position in range(count)]


def noise(fabric: Fabric, rules: tuple[Rule, ...] = RULES) -> list[str]:
    """Say what is found in a fabric that should be good."""
    return [str(item) for item in judge(fabric, rules).findings if item.status in ("fail", "error")]


def possible(fabric: Fabric, mutators: Iterable[Mutator]) -> int:
    """Count the mutations of a rule that a fabric has room for."""
    return sum(1 for each in mutators for _ in each.make(fabric))


def before(fabric: Fabric) -> frozenset[str]:
    """Give the ids of what is found in a fabric as it is, judged once a fabric."""
    if "known" not in fabric.__dict__:
        fabric.__dict__["known"] = frozenset(item.id for item in judge(fabric, RULES).findings)
    known: frozenset[str] = fabric.__dict__["known"]
    return known


def trial(
    fabric: Fabric, mutation: Mutation, rules: tuple[Rule, ...] = RULES, known: frozenset[str] = frozenset()
) -> list[str]:
    """Apply one mutation and say what came out otherwise than it must; ``known`` findings were there before."""
    after = mutation.apply(fabric)
    if len(fabric.devices) > LARGE:
        fabric, after = neighbourhood(fabric, after, mutation)
        known = frozenset(item.id for item in judge(fabric, rules, only={mutation.device}).findings)
    found = [
        item
        for item in judge(after, rules, only={mutation.device}).findings
        if item.status in ("fail", "error") and item.id not in known
    ]
    subject = mutation.subject or mutation.device
    faults = []
    if (mutation.rule, subject, mutation.path) not in {(item.check, item.subject, item.path) for item in found}:
        said = sorted({f"{item.check} at {item.subject}:{item.path}" for item in found}) or ["silence"]
        faults.append(f"{mutation}: expected the finding, got {'; '.join(said[:6])}")
    others = {item.check for item in found} - mutation.together - {mutation.rule}
    if others:
        faults.append(f"{mutation}: also fired {', '.join(sorted(others))}")
    return faults


def attempt(fabric: Fabric, mutators: Iterable[Mutator], count: int = 20) -> tuple[int, list[str]]:
    """Try ``count`` mutations of a rule on one fabric: how many there were, and every fault.

    A reference is silent by itself (``noise``); a foreign export has true findings, which do not count here.
    """
    known = before(fabric) if len(fabric.devices) <= LARGE else frozenset()
    made = [(item, each.together) for each in mutators for item in each.make(fabric)]
    chosen = [replace(item, together=item.together | more) for item, more in spread(made, count)]
    return len(chosen), [fault for mutation in chosen for fault in trial(fabric, mutation, known=known)]
