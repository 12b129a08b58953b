"""Reading NVUE documents in every form that NVUE writes."""

import pytest

from rackwright.nvue import document

INNER = {"interface": {"swp1-2": {"type": "swp"}}, "evpn": {"enable": "on"}}
EXPANDED = {"interface": {"swp1": {"type": "swp"}, "swp2": {"type": "swp"}}, "evpn": {"enable": "on"}}
FORMS = {
    "list": "- header:\n    model: vx\n- set:\n    interface:\n      swp1-2:\n        type: swp\n    evpn:\n      enable: on\n",
    "mapping": "header:\n  model: vx\nset:\n  interface:\n    swp1-2: {type: swp}\n  evpn: {enable: on}\n",
    "bare": "interface:\n  swp1-2:\n    type: swp\nevpn:\n  enable: on\n",
    "json": '[{"header": {"model": "vx"}}, {"set": {"interface": {"swp1-2": {"type": "swp"}}, "evpn": {"enable": "on"}}}]',
    "explicit keys": "- set:\n    interface:\n      ? swp1-2\n      : type: swp\n    evpn: {enable: on}\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_tree(form):
    """A list of header and set, a mapping of both, a bare tree and JSON are one configuration."""
    read = document.read(FORMS[form])
    assert (read.tree, read.raw, read.problems) == (EXPANDED, INNER, ())
    assert read.header == ({} if form in {"bare", "explicit keys"} else {"model": "vx"})


@pytest.mark.parametrize(
    ("form", "line"), [("list", 6), ("mapping", 5), ("bare", 3), ("json", 1), ("explicit keys", 4)]
)
def test_an_expanded_path_points_into_the_file(form, line):
    """Each port of a range has the place of the range."""
    assert document.read(FORMS[form], "x.yaml").at(("interface", "swp2", "type")).line == line


def test_an_unknown_path_points_to_its_parent():
    """A finding about a leaf that is not there still has a place."""
    assert str(document.read(FORMS["list"], "x.yaml").at(("interface", "swp2", "link", "mtu"))) == "x.yaml:5:7"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file is empty"),
        ("just text", "no NVUE configuration in it"),
        ("- text\n", "a list item that is no mapping"),
        ("- set: {}\n- unset: {}\n", "a part 'unset' beside header and set"),
        ("- set: {}\n- set: {}\n", "a second part 'set'"),
        ("- set: text\n", "'set' holds no mapping"),
        ("- set:\n    a: [\n", "not YAML"),
        ("- set:\n    a: {}\n    a: {}\n", "key 'a' is given twice"),
    ],
)
def test_what_is_no_document_is_said(text, words):
    """A file of another kind gives a problem with a place, and an empty or partial tree."""
    read = document.read(text, "x.yaml")
    assert any(words in str(item) and item.location is not None for item in read.problems)


def test_contradicting_ranges_are_problems_with_both_lines():
    """Two range keys that set one leaf differently are never merged in silence (nvue.md 8.7)."""
    read = document.read("interface:\n  swp1-4: {link: {mtu: 9216}}\n  swp2: {link: {mtu: 1500}}\n", "x.yaml")
    (found,) = read.problems
    assert (found.check, found.path) == ("nvue-overlap", "interface.swp2.link.mtu")
    assert "9216 on line 2 and again to 1500" in str(found)
    assert str(found).startswith("x.yaml:3:17")
    assert len(read.overlaps) == 1


def test_an_empty_set_is_an_empty_tree():
    """A factory switch may export a set without content."""
    read = document.read("- header: {model: vx}\n- set:\n")
    assert (read.tree, read.problems) == ({}, ())
