"""Versions: one comparison across the forms in which vendors print them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackwright.redfish.versions import compare, parse, same, told

SAME = [
    ("32.44.1036", "32.44.10.36"),
    ("32.41.1000", "32.41.10.00"),
    ("7.10.30.00", "7.10.30"),
    ("22.00.6", "22.0.6"),
    ("00.1D.9C", "00.1d.9c"),
    ("12/19/2023", "2023-12-19"),
    ("20231219", "2023-12-19T00:00:00Z"),
    ("1.55 Oct 13 2023", "v1.55"),
    ("2.7.4 ", "2.7.4"),
    ("bf-bundle-2.9.0_131_ubuntu", "bf-bundle-2.9.0_131_ubuntu"),
]
OLDER = [
    ("32.43.1014", "32.44.1036"),
    ("32.43.2712", "32.44.10.36"),
    ("32.44.1036", "32.44.1100"),
    ("A05", "A12"),
    ("A9", "A12"),
    ("1.9.1", "1.10"),
    ("6.10.80.00", "7.10.30.00"),
    ("00.18.31", "00.1D.9C"),
    ("4301A44", "4301A70"),
    ("2.1", "2.1b"),
    ("2.1b", "2.2"),
    ("BF-24.10-10", "BF-25.01-2"),
    ("U54 v2.10 (10/20/2023)", "U54 v2.12 (01/20/2024)"),
    ("12/19/2023", "2024-01-02"),
    ("4.10.0-149", "4.10.0-150"),
]
APART = [
    ("A05", "1.2"),
    ("A05", "X06"),
    ("BF-24.10-10", "24.10.10"),
    ("2023-12-19", "1.13.2"),
    ("bf-bundle-2.9.0_131", "bf-bundle-2.9.1_131"),
    ("U54 v2.10", "U60 v2.12"),
]
UNTOLD = ["", "0", "NotAvailable", " N/A ", "null", "0.0.0.0", "00", "version not available", None]

number = st.lists(st.integers(0, 12_000), min_size=1, max_size=5).map(lambda parts: ".".join(map(str, parts)))
pairs = st.lists(st.text("0123456789ABCDEF", min_size=2, max_size=2), min_size=2, max_size=5).map(".".join)
nvidia = st.tuples(st.integers(10, 40), st.integers(10, 50), st.integers(0, 9999)).map(
    lambda t: f"{t[0]}.{t[1]}.{t[2]:04}"
)
version = st.one_of(
    number,
    pairs,
    nvidia,
    st.from_regex(r"[A-C][0-9]{2}", fullmatch=True),
    st.from_regex(r"20[12][0-9]-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9])", fullmatch=True),
    st.from_regex(r"(BF|U54)[- ]v?[0-9]{1,2}\.[0-9]{1,2}(-[0-9]{1,2})?", fullmatch=True),
    st.from_regex(r"[0-9]\.[0-9]{1,2}[a-c]?", fullmatch=True),
    st.sampled_from([text for pair in (*SAME, *OLDER, *APART) for text in pair]),
    st.text("0123456789ABCabcv.- ", max_size=9),
)


@pytest.mark.parametrize(("left", "right"), SAME)
def test_two_prints_of_one_version_are_the_same(left: str, right: str) -> None:
    """The same version, printed by two tools, would be flashed again."""
    assert same(left, right)
    assert compare(left, right) == 0 == compare(right, left)


@pytest.mark.parametrize(("left", "right"), OLDER)
def test_older_is_older(left: str, right: str) -> None:
    """A downgrade would pass for an update, or the other way about."""
    assert compare(left, right) == -1
    assert compare(right, left) == 1
    assert not same(left, right)


@pytest.mark.parametrize(("left", "right"), APART)
def test_what_has_no_order_is_not_ordered(left: str, right: str) -> None:
    """Versions of different schemes were put in an order, which is a guess."""
    assert compare(left, right) is None
    assert not same(left, right)


@pytest.mark.parametrize("nothing", UNTOLD)
def test_a_version_that_is_not_told_is_the_same_as_none(nothing: str | None) -> None:
    """A missing version passed for a version, even for itself: nothing known would be compliant."""
    assert not told(nothing)
    assert not same(nothing, nothing)
    assert compare(nothing, "1.0") is None
    assert compare("1.0", nothing) is None


@given(version, version)
def test_order_is_antisymmetric(left: str, right: str) -> None:
    """Two versions are ordered one way from here and another way from there."""
    there, back = compare(left, right), compare(right, left)
    assert (there is None) == (back is None)
    assert there is None or there == -(back or 0)
    assert (there == 0) == same(left, right)


@given(version, version, version)
def test_order_is_transitive(a: str, b: str, c: str) -> None:
    """Three versions go round in a circle."""
    first, second = compare(a, b), compare(b, c)
    if first is not None and second is not None and first == second:
        assert compare(a, c) == first


@given(version, version, version)
def test_same_is_an_equivalence(a: str, b: str, c: str) -> None:
    """A version is not the same as itself, or sameness stops half-way."""
    assert same(a, a) == told(a)
    assert same(a, b) == same(b, a)
    if same(a, b) and same(b, c):
        assert same(a, c)


@given(version, version, version)
def test_same_versions_stand_in_the_same_place(a: str, b: str, c: str) -> None:
    """Two prints of one version stand on different sides of a third."""
    if same(a, b):
        assert compare(a, c) == compare(b, c)


@given(st.text(max_size=40))
def test_any_text_is_read(text: str) -> None:
    """A BMC's text made the comparison fail."""
    parse(text)
    compare(text, "1.0")
