"""Laws of reading a site: damage is told where it is, and never ends in a traceback."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rackwright import documents, intent
from rackwright.catalog.faults import known_keys
from rackwright.intent.models import Site

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("xe9680-spectrum-x", "r760xa-converged", "rail-1024", "era-2-8-9-400", "era-2-4-3-200")
TEXTS = {name: (ROOT / "inventory" / name / "site.yaml").read_text() for name in NAMES}


def nodes(value, path=()):
    """Yield the path of every node below the top."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        yield (*path, key)
        yield from nodes(below, (*path, key))


VALUES = {name: documents.load(text, name).value for name, text in TEXTS.items()}
# What LDAP servers want is free; everything else has a type.
PLACES = [(name, path) for name in NAMES for path in nodes(VALUES[name]) if path[:2] != ("aaa", "ldap")]


def changed(value, path, change):
    """Return a copy of a document in which ``change`` was made to the holder of the last key of a path."""
    if len(path) == 1:
        return change(value, path[0])
    if isinstance(value, dict):
        return {key: changed(below, path[1:], change) if key == path[0] else below for key, below in value.items()}
    return [changed(below, path[1:], change) if at == path[0] else below for at, below in enumerate(value)]


def assert_told(text, path):
    """Check that some problem stands on the lines of the node at a path."""
    marked = documents.load(text, "site.yaml")
    loaded = intent.load_text(text, "site.yaml")
    first = marked.at(*path).line
    below = marked.value
    for part in path:
        below = below[part]
    lines = range(first, first + documents.dump(below).count("\n") + 1)
    told = [(found.location.line, found.message) for found in loaded.problems if found.severity == "error"]
    assert loaded.site is None
    assert any(line in lines for line, _ in told), (path, list(lines), told)


@given(st.sampled_from(PLACES))
@settings(max_examples=300)
def test_a_value_of_a_wrong_type_is_told_where_it_stands(place):
    """Put a mapping for a scalar, a number for a list, a word for a mapping: a problem stands on those lines."""
    name, path = place
    if path[:2] == ("firmware", "versions") and len(path) > 2:
        return  # a version is a word or a mapping

    def damage(holder, key):
        old = holder[key]
        new = "zz" if isinstance(old, dict) else 7 if isinstance(old, list) else {"zz": 1}
        if isinstance(holder, list):
            return [new if at == key else item for at, item in enumerate(holder)]
        return {**holder, key: new}

    assert_told(documents.dump(changed(VALUES[name], path, damage)), path)


@given(st.sampled_from(PLACES))
@settings(max_examples=300)
def test_a_key_that_nobody_knows_is_told_where_it_stands(place):
    """Rename a key of the format: a problem stands on its line, and says which key is nearest."""
    name, path = place
    if not (isinstance(path[-1], str) and path[-1] in known_keys(Site, path[:-1])):
        return

    def damage(holder, key):
        return {(f"{old}zz" if old == key else old): below for old, below in holder.items()}

    text = documents.dump(changed(VALUES[name], path, damage))
    assert_told(text, (*path[:-1], f"{path[-1]}zz"))
    if len(path[-1]) < 4:
        return  # two letters more make another word of it
    loaded = intent.load_text(text, "site.yaml")
    assert any(f"did you mean {path[-1]!r}?" in found.remedy for found in loaded.problems), path


@given(st.sampled_from(NAMES), st.data())
@settings(max_examples=150)
def test_no_text_ends_in_a_traceback(name, data):
    """Cut, doubled or overwritten text gives problems, or a site when it still means one."""
    text = TEXTS[name]
    at = data.draw(st.integers(0, len(text) - 1))
    length = data.draw(st.integers(0, 12))
    patch = data.draw(st.text(alphabet="{}[]:,-#&*!|>'\"%@ \n\tabz019", max_size=6))
    loaded = intent.load_text(text[:at] + patch + text[at + length :], "site.yaml")
    assert (loaded.site is None) == any(found.severity == "error" for found in loaded.problems)
    assert all(found.remedy and found.location for found in loaded.problems)


@pytest.mark.parametrize("name", NAMES)
def test_every_place_of_a_site_is_damaged_without_a_traceback(name):
    """Remove each node in turn: the site stays right, or problems say what is missing."""
    for path in (found for site, found in PLACES if site == name):

        def damage(holder, key):
            if isinstance(holder, list):
                return [item for at, item in enumerate(holder) if at != key]
            return {old: below for old, below in holder.items() if old != key}

        loaded = intent.load_text(documents.dump(changed(VALUES[name], path, damage)), "site.yaml")
        assert (loaded.site is None) == any(found.severity == "error" for found in loaded.problems), path
