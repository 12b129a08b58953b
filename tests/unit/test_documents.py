"""Reading YAML with marks, and writing YAML that every reader reads alike."""

import pytest
import yaml

from rackwright import documents
from rackwright.errors import DocumentError


def only(text, **options):
    """Return the one problem of a text, as the operator reads it."""
    (found,) = documents.load(text, "s.yaml", **options).problems
    return str(found)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("no", "no"),
        ("NO", "NO"),
        ("y", "y"),
        ("44:38:39:22:01:12", "44:38:39:22:01:12"),
        ("65101:10", "65101:10"),
        ("2026-11-23", "2026-11-23"),
        ("1_000", "1_000"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("010", 10),
        ("0o17", 15),
        ("0x1f", 31),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".inf", float("inf")),
        ("'12'", "12"),
        ("!!str 12", "12"),
        ("10.0.0.1", "10.0.0.1"),
        ("- ", None),
    ],
)
def test_scalars_follow_the_core_schema_of_yaml_1_2(text, value):
    """A plain scalar is what YAML 1.2 says, so on, no and a MAC address are strings."""
    if text == "- ":
        assert documents.load(text, "s.yaml", top="list").value == [None]
        return
    marked = documents.load(f"k: {text}\n", "s.yaml")
    assert marked.problems == ()
    assert marked.value == {"k": value}
    assert type(marked.value["k"]) is type(value)


def test_keys_are_the_text_that_was_typed():
    """A key is never a number, a boolean or null: 200, on and ~ stay as they are written."""
    assert documents.load("200: a\non: b\n~: c\n1.50: d\n", "s.yaml").value == {
        "200": "a",
        "on": "b",
        "~": "c",
        "1.50": "d",
    }


def test_every_node_and_key_has_its_place():
    """Marks count lines and columns from 1, for keys and for values."""
    marked = documents.load("a:\n  - x\n  - {b: 1}\n", "s.yaml")
    assert str(marked.value_at("a", 1, "b")) == "s.yaml:3:9"
    assert str(marked.at("a", 1, "b")) == "s.yaml:3:6"
    assert str(marked.at("a")) == "s.yaml:1:1"
    assert str(marked.at("a", 0, "nothing")) == "s.yaml:2:5"


def test_the_text_of_a_number_can_be_had_back():
    """A service tag that reads as a number and a version 7.10 keep their text."""
    marked = documents.load("tag: 4E12345\nversion: 7.10\nname: x\n", "s.yaml")
    assert marked.texts == {("tag",): "4E12345", ("version",): "7.10"}


def test_all_duplicate_keys_are_reported_with_both_places():
    """Each repeated key is one problem that names the first place too."""
    marked = documents.load("a: 1\nb: {c: 1, c: 2}\na: 2\n", "s.yaml")
    assert [str(item) for item in marked.problems] == [
        "s.yaml:2:11: key 'c' is given twice, first on line 2, column 5; keep one of the two",
        "s.yaml:3:1: key 'a' is given twice, first on line 1, column 1; keep one of the two",
    ]


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", "s.yaml:1:1", "the file is empty"),
        ("# nothing\n", "s.yaml:1:1", "the file is empty"),
        ("- a\n", "s.yaml:1:1", "holds a list at its top"),
        ("a\n", "s.yaml:1:1", "holds a scalar at its top"),
        ("a: [1,\nb: 2", "s.yaml:3:1", "close the bracket"),
        ("a: 'x", "s.yaml:1:6", "close the quote"),
        ("a: b\n\tc: d", "s.yaml:2:1", "never with tabs"),
        ("a:\n\t- b", "s.yaml:2:1", "never with tabs"),
        ("a: b\n---\nc: d\n", "s.yaml:2:1", "one document in a file"),
        ("a: *b", "s.yaml:1:4", "define the anchor"),
        ("a: b: c", "s.yaml:1:5", "quote the value"),
        ("a: @b", "s.yaml:1:4", "quote the value"),
        ("a: 'b'\n c: d", "s.yaml:2:2", "align the line"),
        ("a: \x00", "s.yaml:1:4", "control character U+0000"),
        ("a: b\nc: \ud800", "s.yaml:2:4", "control character U+D800"),
        (b"a: \xe9", "s.yaml:1:4", "byte 0xe9 is not UTF-8"),
        (b"\xff\xfea\x00", "s.yaml:1:1", "byte 0xff is not UTF-8"),
        ("a: !secret b", "s.yaml:1:4", "tag !secret is not supported"),
        ("a: !!binary aGk=", "s.yaml:1:4", "tag !!binary is not supported"),
        ("!x a: b", "s.yaml:1:1", "tag !x is not supported"),
        ("a: !!set {b}", "s.yaml:1:4", "tag !!set is not supported"),
        ("a: !!int b", "s.yaml:1:4", "'b' is no int"),
        ("? [a]\n: b", "s.yaml:1:3", "itself a list or mapping"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", "s.yaml:3:3", "merge key"),
        ("a: &x [*x]", "s.yaml:1:4", "an alias holds itself"),
        ("a: 1234567890123456789012", "s.yaml:1:4", "quote it if it is a name"),
        pytest.param("[" * 200_000, "s.yaml:1:100", "more than 100 levels deep", id="deep flow"),
        pytest.param("- " * 200_000, "s.yaml:1:199", "more than 100 levels deep", id="deep block"),
    ],
)
def test_what_cannot_be_read_is_one_problem_with_its_place(text, place, words):
    """Broken input gives one sentence with file, line, column and a remedy, never a traceback."""
    said = only(text)
    assert said.startswith(place + ": ")
    assert words in said


def test_a_byte_order_mark_is_passed_over():
    """A BOM that Windows editors write moves no column."""
    marked = documents.load(b"\xef\xbb\xbfa: b", "s.yaml")
    assert (marked.value, str(marked.at("a"))) == ({"a": "b"}, "s.yaml:1:1")


def test_aliases_are_expanded_but_bounded():
    """An alias is a copy; ten to the ninth copies are refused before memory is spent."""
    assert documents.load("a: &x [1]\nb: *x\n", "s.yaml").value == {"a": [1], "b": [1]}
    levels = [f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 10)}]" for n in range(9)]
    assert "aliases expand to more than" in only("\n".join(["a: &a [x]", *levels]))


def test_json_is_read_too():
    """JSON is YAML: escapes and nesting come out alike."""
    assert documents.load('{"a": ["\\u00e9", true, null, 1.5]}', "s.json").value == {"a": ["\u00e9", True, None, 1.5]}


def test_a_file_that_is_not_there_is_a_document_error(tmp_path):
    """A missing file is said in a sentence."""
    with pytest.raises(DocumentError, match="cannot be read: No such file"):
        documents.read(tmp_path / "none.yaml")
    (tmp_path / "some.yaml").write_bytes(b"a: 1\n")
    assert documents.read(tmp_path / "some.yaml", source="shown").source == "shown"


@pytest.mark.parametrize(
    "word",
    ["on", "Off", "yes", "n", "null", "~", "true", "", "12", "0o17", "1_000", "1e3", "12e4", "1.5", "2026-11-23", "-", "=",
     "<<", "44:38:39:22:01:12", "65101:10", "0x1f", ".inf", "- a", "a: b", "a #b", " a", "a ", "#a", "*a", "&a", "!a", "%a",
     "@a", "`a", "{a", "[a", "a:", "?", "? a", "\u00e9", "\x85", "a\tb", "00:11:22:33:44:55", "aa:bb:cc:dd:ee:ff"],
)  # fmt: skip
def test_ambiguous_scalars_are_quoted(word):
    """What some reader takes for something else than this string is written in quotes."""
    assert documents.scalar(word).startswith('"')
    assert yaml.safe_load(documents.dump({"k": word})) == {"k": word}


@pytest.mark.parametrize(
    "word",
    ["swp1", "10.0.0.1", "10.0.0.0/24", "swp1-3,swp5s0-1", "$6$abc", "Etc/UTC", "cumulus,,,", "a b", "2x", "1500s"],
)
def test_plain_scalars_stay_plain(word):
    """Names and addresses need no quotes, so a config stays readable."""
    assert documents.scalar(word) == word


def test_the_writer_knows_blocks_lists_and_long_keys():
    """Several lines become a literal block, a long key an explicit one, lists of mappings stay compact."""
    long_key = "swp1," * 40 + "swp9"
    value = {"text": "a\n b\n", long_key: {"x": []}, "list": [{"a": 1, "b": {}}, [None, True]]}
    text = documents.dump(value)
    assert text == (
        f"text: |\n  a\n   b\n? {long_key}\n: x: []\nlist:\n  - a: 1\n    b: {{}}\n  - - null\n    - true\n"
    )
    assert documents.load(text, "s.yaml").value == yaml.safe_load(text) == value


def test_keys_are_sorted_only_when_asked():
    """The order of keys is the writer's, unless sorted output is asked for."""
    assert documents.dump({"b": 1, "a": 2}) == "b: 1\na: 2\n"
    assert documents.dump({"b": 1, "a": 2}, sort=True) == "a: 2\nb: 1\n"


@pytest.mark.parametrize("value", [{1: "a"}, {"a": object()}, {"a": {2, 3}}, {"a": b"x"}])
def test_the_writer_refuses_what_yaml_has_not(value):
    """A key that is no string, or a value without a YAML form, is a mistake of the caller."""
    with pytest.raises(TypeError):
        documents.dump(value)


def test_equal_values_have_equal_json_and_digest():
    """Canonical JSON does not depend on the order of keys."""
    left, right = documents.canonical_json({"b": [1], "a": "x"}), documents.canonical_json({"a": "x", "b": [1]})
    assert left == right == b'{"a":"x","b":[1]}'
    assert documents.digest(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
