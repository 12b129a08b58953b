"""What ``cmha status`` says of two head nodes, and how it is judged."""

from __future__ import annotations

import msgspec
import pytest

from rackwright.audit.evidence import Answer, Evidence
from rackwright.audit.hosts.pair import cmha_status
from rackwright.audit.hosts.questions import FAILOVER, questions
from rackwright.audit.hosts.verdict import judge
from rackwright.audit.hosts.wanted import hosts
from tests.machines import loaded, planned

SITE = "xe9680-spectrum-x"
WELL = """\
Node Status: running in active master mode

Failover status:

mgmt01* -> mgmt02
failoverping  [  OK  ]
mysql         [  OK  ]
ping          [  OK  ]
status        [  OK  ]
mgmt02 -> mgmt01*
failoverping  [  OK  ]
mysql         [  OK  ]
ping          [  OK  ]
status        [  OK  ]
"""
"""In the form of the BCM 11 Administrator Manual, 15.2.2."""


def wanted():
    """Return the hosts of a site, two of which are a pair."""
    read = loaded(SITE)
    found = hosts(planned(SITE), read.require(), read.catalog)
    for name in ("mgmt01", "mgmt02"):
        one = found[name]
        stack = msgspec.structs.replace(one.stack, pair=("mgmt01", "mgmt02"))
        found[name] = msgspec.structs.replace(one, stack=stack)
    return found


def findings(text):
    """Judge what the first head node told."""
    answers = (Answer(FAILOVER, text),) if text else ()
    evidence = {"mgmt01": Evidence("mgmt01", answers=answers)}
    found = judge(wanted(), evidence, planned(SITE), loaded(SITE).catalog, names=["mgmt01"], checks=["HOST-BCM-PAIR"])
    return [one for one in found if one.check == "HOST-BCM-PAIR"]


def test_the_form_of_the_manual_is_read():
    """The sights, the active one or a failed result of ``cmha status`` is read wrongly."""
    mode, (first, second) = cmha_status(WELL.replace("mysql         [  OK  ]", "mysql         [FAILED] (11)", 1))
    assert mode == "active"
    assert (first.looks, first.at, first.active) == ("mgmt01", "mgmt02", ("mgmt01",))
    assert first.results == {"failoverping": "OK", "mysql": "FAILED", "ping": "OK", "status": "OK"}
    assert (second.looks, second.active) == ("mgmt02", ("mgmt01",))
    assert cmha_status("bash: cmha: command not found\n") is None


def test_head_nodes_of_a_pair_alone_are_asked():
    """A head node without another is asked about one, or a pair is not."""
    found, catalog = wanted(), loaded(SITE).catalog
    assert FAILOVER in {question.text for question in questions(found["mgmt01"], catalog, {})}
    assert FAILOVER not in {question.text for question in questions(found["mgmt03"], catalog, {})}


def test_a_pair_that_is_well_passes():
    """Two head nodes that are well are told as a fault."""
    assert {one.status for one in findings(WELL)} <= {"pass", "skipped"}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("mysql         [  OK  ]", "mysql         [FAILED] (11)", "mysql FAILED"),
        ("mgmt02 -> mgmt01*", "mgmt02* -> mgmt01", "is active, and one must be"),
        ("mgmt02 -> mgmt01*", "head2 -> mgmt01*", "are planned"),
    ],
)
def test_what_is_wrong_with_a_pair_is_told(old, new, words):
    """A failed look, two active head nodes or a head node of another name passes."""
    failed = [one for one in findings(WELL.replace(old, new, 1)) if one.status == "fail"]
    assert any(words in one.message for one in failed), failed


def test_silence_is_never_a_pass():
    """A head node that does not tell is taken for well."""
    assert {one.status for one in findings("bash: cmha: command not found\n")} <= {"error", "skipped"}
