"""Trying mutations: the right rule, the right path, nothing else; and silence on the good."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from rackwright.check import RULES, Fabric, Rule
from rackwright.check.verdict import NO_EVIDENCE, judge
from rackwright.findings import Finding
from tests.mutations.large import LARGE, neighbourhood
from tests.mutations.model import MUTATORS, Mutation, Mutator


def load() -> dict[str, list[Mutator]]:
    """Import every ``of_*.py`` beside this file, and give the mutators by rule."""
    for path in sorted(Path(__file__).parent.glob("of_*.py")):
        importlib.import_module(f"tests.mutations.{path.stem}")
    return MUTATORS


def distinct(made: Iterable[tuple[Mutation, int]]) -> list[tuple[Mutation, int]]:
    """Leave out the mutations that change the same thing in the same way as one before them."""
    first: dict[str, tuple[Mutation, int]] = {}
    for one, by in made:
        first.setdefault(repr(one.apply.what), (one, by))
    return list(first.values())


_NUMBER = re.compile(r"\d+")


def kind(mutation: Mutation) -> str:
    """Name what sort of mistake a mutation is: its change without the device and without numbers."""
    what = mutation.apply.what
    return _NUMBER.sub("#", repr(what[:1] + what[2:] if what[0] in ("set", "drop", "rename") else what[:1]))


def spread(made: list[tuple[Mutation, int]], count: int) -> list[tuple[Mutation, int]]:
    """Take ``count`` of the mutations: of every sort in turn, each sort evenly over all that there are."""
    if len(made) <= count:
        return made
    sorts: dict[tuple[int, str], list[tuple[Mutation, int]]] = {}
    for one in made:
        sorts.setdefault((one[1], kind(one[0])), []).append(one)
    groups = sorted(sorts.values(), key=len)
    shares = dict.fromkeys(range(len(groups)), 0)
    left = count
    for place, group in enumerate(groups):
        # The rarest sorts first: what they cannot use is left for the others.
        shares[place] = min(len(group), max(left // (len(groups) - place), int(left > 0)))
        left -= shares[place]
    return [group[n * len(group) // shares[at]] for at, group in enumerate(groups) for n in range(shares[at])]


def noise(fabric: Fabric, rules: tuple[Rule, ...] = RULES) -> list[str]:
    """Say what is found in a fabric that should be good."""
    return [str(item) for item in judge(fabric, rules).findings if item.status in ("fail", "error")]


def possible(fabric: Fabric, mutators: Iterable[Mutator]) -> int:
    """Count the different mutations of a rule that a fabric has room for."""
    return len(distinct((item, 0) for each in mutators for item in each.make(fabric)))


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
    large = len(fabric.devices) > LARGE
    if large:
        fabric, after = neighbourhood(fabric, after, mutation)
    found = wrong(after, mutation, rules)
    if large:
        # A part of a fabric has faults of its own where it was cut: looked for only where something is in doubt.
        doubtful = {item.check for item in found} - mutation.together | {mutation.rule}
        several = NO_EVIDENCE in doubtful
        again = tuple(rule for rule in rules if several or rule.id in doubtful)
        known = frozenset(item.id for item in wrong(fabric, mutation, again))
    found = [item for item in found if item.id not in known]
    subject = mutation.subject or mutation.device
    faults = []
    if (mutation.rule, subject, mutation.path) not in {(item.check, item.subject, item.path) for item in found}:
        said = sorted({f"{item.check} at {item.subject}:{item.path}" for item in found}) or ["silence"]
        faults.append(f"{mutation}: expected the finding, got {'; '.join(said[:6])}")
    others = {item.check for item in found} - mutation.together - {mutation.rule}
    if others:
        faults.append(f"{mutation}: also fired {', '.join(sorted(others))}")
    return faults


def wrong(fabric: Fabric, mutation: Mutation, rules: tuple[Rule, ...]) -> list[Finding]:
    """Give what the rules find wrong; those over one tree look at the mutated device only."""
    found = judge(fabric, rules, only={mutation.device}).findings
    return [item for item in found if item.status in ("fail", "error")]


def attempt(fabric: Fabric, mutators: Iterable[Mutator], count: int = 20) -> tuple[int, list[str]]:
    """Try ``count`` mutations of a rule on one fabric: how many there were, and every fault.

    A reference is silent by itself (``noise``); a foreign export has true findings, which do not count here.
    """
    known = before(fabric) if len(fabric.devices) <= LARGE else frozenset()
    makers = list(mutators)
    made = distinct((item, by) for by, each in enumerate(makers) for item in each.make(fabric))
    chosen = [replace(item, together=item.together | makers[by].together) for item, by in spread(made, count)]
    return len(chosen), [fault for mutation in chosen for fault in trial(fabric, mutation, known=known)]
