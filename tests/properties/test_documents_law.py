"""Law: what we write is read alike by YAML 1.1 and 1.2, and by ourselves."""

import yaml
import yaml12
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from rackwright import documents

TRAPS = [
    "on",
    "off",
    "yes",
    "No",
    "y",
    "n",
    "~",
    "null",
    "true",
    "0o17",
    "017",
    "1_000",
    "1e3",
    "1.5",
    ".5",
    ".",
    "-",
    "--",
    "---",
    "...",
    "44:38:39:22:01:12",
    "65101:10",
    "1:20",
    "2001-01-01",
    "10.0.0.1",
    "0x1f",
    "12e4",
    "=",
    "<<",
    "?",
    "*",
    "&",
    "!",
    "swp1-3,swp5",
    "a:b",
    "a:",
    ":a",
    "#a",
    "a#b",
    "|",
    ">",
    "%",
    "@x",
    "`",
    "'a",
    '"a',
    "[",
    "{",
    ",",
    "key,x",
    "1,2",
    "0b1",
    "+1",
    "-1",
    ".inf",
    "NaN",
    "None",
    "2001:db8::1/64",
    "10.0.0.1/24",
    "?a",
    "-a",
    "::",
    "a-:",
    "||",
]
LINES = ["", " ", " a", "a ", "a: b", "a #b", "a\nb", "a\nb\n", "\n", "a\n\nb", "a\n \nb", "a\n\n", "- a", "? a", "\ta"]
TEXTS = st.one_of(
    st.sampled_from(TRAPS + LINES),
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12),
    st.text(alphabet="ab1 :#-\n.0e+_,'\"\\\t", max_size=10),
)
SCALARS = st.one_of(TEXTS, st.integers(-(10**17), 10**17), st.floats(allow_nan=False), st.booleans(), st.none())
KEYS = st.one_of(TEXTS, TEXTS.map(lambda text: text * 40))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)


def typed(value):
    """Return the value with the type of every scalar beside it, since 1 equals True and 1.0."""
    if isinstance(value, dict):
        return [(str(key) if isinstance(key, str) else key, typed(item)) for key, item in value.items()]
    if isinstance(value, list):
        return [typed(item) for item in value]
    kind = next((kind for kind in (bool, int, float, str) if isinstance(value, kind)), type(None))
    return kind.__name__, value


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_four_readers_read_what_was_written(value):
    """PyYAML (1.1), ruamel (1.2), py-yaml12 (1.2) and our own reader give the value back, order and types included."""
    text = documents.dump(value)
    ours = documents.load(text, "x")
    assert ours.problems == ()
    assert typed(ours.value) == typed(value)
    assert typed(yaml.safe_load(text)) == typed(value)
    assert typed(YAML(typ="safe", pure=True).load(text)) == typed(value)
    assert typed(yaml12.parse_yaml(text)) == typed(value)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40), st.binary(max_size=40))
def test_no_text_makes_a_traceback(text, data):
    """Whatever stands in a file, reading it ends in a value or in problems with a place in it."""
    for given_text in (text, data, "a: " + text):
        marked = documents.load(given_text, "x", top="any")
        assert all(item.location is not None and item.remedy for item in marked.problems)
