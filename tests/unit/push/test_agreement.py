"""Our changes against the switch's own diff."""

import pytest

from rackwright import diff
from rackwright.push.agreement import disagreement

BEFORE = {"interface": {"swp1": {"type": "swp"}, "swp2": {"type": "swp"}}}
AFTER = {
    "interface": {
        "swp1": {"type": "swp", "link": {"mtu": 9216}},
        "swp2": {"type": "swp", "link": {"mtu": 9216}},
    },
    "system": {"aaa": {"user": {"cumulus": {"hashed-password": {"secret": "x"}}}}},
}
CHANGES = diff.between(BEFORE, AFTER)


@pytest.mark.parametrize(
    "text",
    [
        "- set:\n    interface:\n      swp1-2:\n        link:\n          mtu: 9216\n",
        '{"set": {"interface": {"swp1": {"link": {"mtu": 9216}}, "swp2": {"link": {"mtu": 9216}}}}}',
        "- set:\n    interface: {'swp1,swp2': {link: {mtu: 9216}}}\n    system: {aaa: {user: {cumulus: {hashed-password: x}}}}\n",
    ],
)
def test_the_same_in_the_switchs_words_agrees(text):
    """Ranges, YAML and JSON say the same; a secret that the switch sees is no difference."""
    assert disagreement(CHANGES, text) == ""


def test_a_removal_agrees():
    """What is unset counts as touched."""
    changes = diff.between(AFTER, BEFORE)
    assert disagreement(changes, "- unset:\n    interface:\n      swp1-2:\n        link:\n          mtu:\n") == ""
    assert disagreement(changes, "- unset:\n    interface:\n") == ""


def test_a_second_writer_is_named():
    """What the switch would change besides is named."""
    text = "- set:\n    interface:\n      swp1-3: {link: {mtu: 9216}}\n"
    assert disagreement(CHANGES, text) == "the switch would also change interface swp3"


def test_a_part_that_did_not_arrive_is_named():
    """What the switch does not see of ours is named."""
    text = "- set:\n    interface:\n      swp1: {link: {mtu: 9216}}\n"
    assert disagreement(CHANGES, text) == "the switch does not see our change of interface swp2"


def test_no_difference_where_we_see_one():
    """An empty diff where we have changes is said; without changes it agrees."""
    assert "sees no difference" in disagreement(CHANGES, "")
    assert disagreement((), "") == ""


def test_what_cannot_be_read_is_said():
    """A diff that is no document is no agreement."""
    assert "cannot be read" in disagreement(CHANGES, "{: [")
