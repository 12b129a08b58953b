"""XML of others is read or refused, and never anything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackwright.documents.markup import read_markup
from rackwright.errors import DocumentError

PIECES = st.sampled_from(
    [
        "<a>",
        "</a>",
        "<b c='d'/>",
        "text",
        "<!DOCTYPE x>",
        "<!ENTITY y 'z'>",
        "&y;",
        "&amp;",
        "&#65;",
        "<![CDATA[",
        "]]>",
        "<?xml version='1.0'?>",
        "\x00",
        "é",
        "<n:a xmlns:n='u'>",
        "</n:a>",
    ]
)


@given(st.one_of(st.binary(max_size=60), st.lists(PIECES, max_size=10).map(lambda parts: "".join(parts).encode())))
def test_whatever_comes_is_an_element_or_a_document_error(data):
    """No bytes lead to another exception, and what is read holds no entity of the file's own."""
    try:
        root = read_markup(data, "x.xml")
    except DocumentError:
        return
    assert isinstance(root.tag, str)
    assert b"<!DOCTYPE" not in data or b"CDATA" in data


def test_names_lose_their_namespace_and_text_is_whole():
    """Elements and attributes are called by their bare names; CDATA is text."""
    root = read_markup(b"<n:a xmlns:n='u' n:b='1' c='2'><d><![CDATA[x < y]]> z</d></n:a>", "x")
    assert (root.tag, root.attrib, root.findtext("d")) == ("a", {"b": "1", "c": "2"}, "x < y z")


def test_the_place_of_a_mistake_is_told():
    """The error names line and column."""
    with pytest.raises(DocumentError, match=r"x\.xml:2:\d"):
        read_markup(b"<a>\n<b></c></a>", "x.xml")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_dells_encodings_are_read(encoding):
    """Catalogues come as UTF-16, packages as UTF-8 or Latin-1."""
    text = f'<?xml version="1.0" encoding="{encoding}"?><a>é</a>'
    assert read_markup(text.encode(encoding), "x").text == "é"
