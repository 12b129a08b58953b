"""nodes.csv edited: what is asked for gets in, nothing else moves."""

import pytest

from rackwright.intent.node_edits import CellChange, edit

TEXT = """name,service_tag , eth0,note
# spares: "be09, be10"
be01,X1,02:00:00:00:00:01,"a, b"
be02, ,  02-00-00-00-00-02 ,

be03
"""


def test_a_cell_gets_its_value():
    """One cell changes; comments, blanks, quotes and strange columns stay byte for byte."""
    made = edit(TEXT, {"be02": {"service_tag": "X2"}})
    assert made.text == TEXT.replace("be02, ,", "be02,X2,")
    assert made.changes == (CellChange("be02", "service_tag", "", "X2"),)
    assert made.conflicts == ()


def test_the_same_in_other_words_is_no_change():
    """A MAC address in another form and a serial number in other letters are what is there."""
    made = edit(TEXT, {"be01": {"service_tag": "x1"}, "be02": {"eth0": "02:00:00:00:00:02"}})
    assert (made.text, made.changes, made.conflicts) == (TEXT, (), ())


def test_rows_and_columns_are_added():
    """A row that is short is filled up, one that is missing is added, a column that is missing goes last."""
    made = edit(TEXT, {"be03": {"eth0": "02:00:00:00:00:03"}, "be04": {"mgmt": "02:00:00:00:00:04"}})
    lines = made.text.splitlines()
    assert lines[0] == "name,service_tag , eth0,note,mgmt"
    assert lines[5:] == ["be03,,02:00:00:00:00:03", "be04,,,,02:00:00:00:00:04"]
    assert lines[1:5] == TEXT.splitlines()[1:5]


@pytest.mark.parametrize(
    ("wish", "there", "owner", "line"),
    [
        ({"be01": {"service_tag": "NEW"}}, "X1", "", 3),
        ({"be01": {"eth0": "02:00:00:00:00:09"}}, "02:00:00:00:00:01", "", 3),
        ({"be03": {"eth0": "020000000002"}}, "", "be02 eth0", 4),
        ({"be03": {"bmc": "020000000002"}}, "", "be02 eth0", 4),
        ({"be03": {"service_tag": "x1"}}, "", "be01 service_tag", 3),
    ],
)
def test_a_value_that_contradicts_is_left_out(wish, there, owner, line):
    """A cell that says something else keeps it, and what another machine has is not written twice; both are told with their line."""
    made = edit(TEXT, wish)
    assert (made.text, made.changes) == (TEXT, ())
    found = made.conflicts[0]
    assert (found.there, found.owner, found.line) == (there, owner, line)


def test_what_is_replaced_on_purpose():
    """With ``replace`` a cell takes the new value, or is emptied; what another machine has is still a conflict."""
    made = edit(TEXT, {"be01": {"service_tag": "NEW", "eth0": ""}}, replace=True)
    assert made.text == TEXT.replace("be01,X1,02:00:00:00:00:01,", "be01,NEW,,")
    assert edit(TEXT, {"be03": {"service_tag": "X1"}}, replace=True).conflicts


@pytest.mark.parametrize(
    ("text", "then"),
    [
        ("", "name,service_tag\nbe01,X1\n"),
        ("\ufeffposition,bmc\r\nbe02,\r\n", "\ufeffposition,bmc,service_tag\r\nbe02,\r\nbe01,,X1\r\n"),
        ("name", "name,service_tag\nbe01,X1\n"),
        ("bmc,name\n,be02", "bmc,name,service_tag\n,be02\n,be01,X1\n"),
    ],
)
def test_any_file_will_do(text, then):
    """An empty file, a byte order mark, CRLF and a last line without an end are all kept and understood."""
    assert edit(text, {"be01": {"service_tag": "X1"}}).text == then
