"""What holds for every rule there is."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from rackwright.check import RULES
from rackwright.check.model import FileRule, Rule
from rackwright.check.verdict import judge


def tables() -> list:
    """Give the cases of every test module beside this one."""
    out = []
    for path in sorted(Path(__file__).parent.glob("test_rules_*.py")):
        out.extend(importlib.import_module(f"tests.unit.check.{path.stem}").CASES)
    return out


JUDGED = [rule for rule in RULES if rule.kind != "diff"]


@pytest.mark.parametrize("rule", JUDGED, ids=lambda rule: rule.id)
def test_each_rule_has_a_good_a_bad_and_an_empty_case(rule: Rule) -> None:
    """A rule without a bad case may be a rule that never fires; without an empty one, a silent pass."""
    kinds = {case.kind for case in tables() if case.rule == rule.id}
    assert kinds >= {"good", "bad", "empty"}, f"{rule.id} lacks {sorted({'good', 'bad', 'empty'} - kinds)}"


def test_no_case_speaks_of_a_rule_that_is_not_there() -> None:
    """A case of a renamed rule would never be judged."""
    assert {case.rule for case in tables()} <= {rule.id for rule in RULES}


def test_bad_cases_fail_and_empty_cases_never_pass() -> None:
    """The tables themselves cannot say that a bad config is good."""
    for case in tables():
        statuses = {status for _, status in case.expect}
        assert case.kind != "bad" or "fail" in statuses, case.id
        assert case.kind != "empty" or statuses & {"error", "skipped"}, case.id
        assert case.kind != "good" or not statuses, case.id


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_each_rule_says_what_passes_and_what_fails(rule: Rule) -> None:
    """The docstring is the documentation of the rule."""
    text = type(rule).__doc__ or ""
    assert "Fails:" in text, f"{rule.id}: say in a line `Fails: ...` what fails"
    assert "Passes:" in text, f"{rule.id}: say in a line `Passes: ...` what passes"


def test_a_rule_that_lacks_a_title_is_refused() -> None:
    """An unfinished rule is a TypeError when its module is imported, not a surprise in a report."""
    with pytest.raises(TypeError, match="must state title, remedy, source"):
        type("Half", (FileRule,), {"__doc__": "x", "id": "X", "item": "x", "severity": "error", "judge": lambda *_: ()})


def test_a_rule_that_does_not_judge_is_refused() -> None:
    """A rule class must bring its own judge method."""
    said = dict.fromkeys(("id", "item", "title", "remedy", "source"), "x")
    with pytest.raises(TypeError, match="judge"):
        type("Mute", (FileRule,), {"__doc__": "x", "severity": "error", **said})


def test_a_rule_id_is_given_once() -> None:
    """Two rules of one id would hide each other in the counts."""
    taken = RULES[0]
    said = dict.fromkeys(("item", "title", "remedy", "source"), "x")
    with pytest.raises(TypeError, match="is taken by"):
        type("Twin", (FileRule,), {"__doc__": "x", "id": taken.id, "severity": "error", "judge": lambda *_: (), **said})


def test_nothing_to_look_at_is_no_pass() -> None:
    """A fabric without devices passes no rule."""
    from rackwright.check import Fabric

    assert not judge(Fabric({}), RULES).passes
