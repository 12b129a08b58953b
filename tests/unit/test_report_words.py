"""Words that every format shares."""

import pytest

from rackwright.findings import Location, problem
from rackwright.report import columns, count, json_text, problem_lines, some, totals


@pytest.mark.parametrize(
    ("number", "noun", "said"),
    [(1, "switch", "1 switch"), (2, "switch", "2 switches"), (0, "file", "0 files"), (3, "pass", "3 passes")],
)
def test_things_are_counted_in_words(number, noun, said):
    """One is singular, all other numbers plural."""
    assert count(number, noun) == said


def test_a_table_has_text_to_the_left_and_numbers_to_the_right():
    """Columns are as wide as their widest cell, and an empty table is nothing."""
    assert columns(("a", "n"), [("x", 1), ("long", 200.5)]) == ["  a         n", "  x         1", "  long  200.5"]
    assert columns(("a",), []) == []


def test_long_lists_are_cut_and_counted():
    """The rest is a number."""
    assert some(["a", "b", "c"], 2) == "a, b and 1 more"
    assert some(["a"], 2) == "a"


def test_problems_are_printed_as_a_compiler_would():
    """Place, severity, what is wrong, what to do; in the order of the file."""
    later = problem("x", "two", remedy="do b", location=Location("s.yaml", 9, 1), severity="warning")
    sooner = problem("x", "one", remedy="do a", location=Location("s.yaml", 2, 3))
    placeless = problem("x", "three", remedy="", path=("a", "b"))
    assert problem_lines([later, placeless, sooner]) == [
        "s.yaml:2:3: error: one; do a",
        "s.yaml:9:1: warning: two; do b",
        "site: a.b: error: three",
    ]
    assert totals([later, sooner]) == "1 error, 1 warning"
    assert totals([]) == "no problems"


def test_json_is_indented_and_reads_back():
    """Structs and tuples print as objects and lists."""
    assert json_text({"a": (Location("f", 1, 2),)}).splitlines()[0] == "{"
