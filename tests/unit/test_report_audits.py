"""An audit in each format: what was looked at stands first, nothing untold looks like a pass."""

import json
from xml.etree import ElementTree as ET

from rackwright.findings import finding
from rackwright.report.audits import FORMATS, audited

WRONG = finding("LINK-CABLING", "be01", "crossed", path="swp1s0", remedy="swap them", expected="a", actual="b")
UNTOLD = finding("DEVICE-REACHED", "be02", "could not be asked", remedy="see its power", status="error")
SKIPPED = finding("LINK-FLAPS", "be01", "first look", path="skipped", remedy="", status="skipped", severity="info")
RIGHT = finding("ROCE", "be01", "4 settings as planned", remedy="", status="pass", severity="info")
EVERY = (WRONG, UNTOLD, SKIPPED, RIGHT)


def test_the_table_comes_first_then_the_remedies():
    """A reader sees at once what was judged, then each thing to do, then why something was skipped."""
    lines = list(FORMATS["text"](EVERY))
    assert lines[0].split() == ["check", "pass", "fail", "error", "skipped", "what"]
    assert any(line.startswith("LINK-CABLING") and "cables join" in line for line in lines)
    assert "be01 swp1s0: error: LINK-CABLING: crossed; swap them" in lines
    assert "be02: not judged: DEVICE-REACHED: could not be asked; see its power" in lines
    assert "skipped: LINK-FLAPS: be01: first look" in lines
    assert lines[-1] == audited(EVERY)


def test_the_summary_calls_nothing_right_that_was_not_seen():
    """Only passes make 'nothing wrong'; an empty audit says that nothing was judged."""
    assert audited(EVERY) == "1 switch judged by 2 checks: 1 finding, 1 thing could not be told, 1 skipped"
    assert audited((RIGHT,)) == "1 switch judged by 1 check: nothing wrong"
    assert "nothing was judged" in audited(())
    assert "nothing wrong" not in audited((UNTOLD,))
    away = finding("BMC-REACHED", "gpu01", "could not be asked", remedy="see its power", status="error")
    assert audited((away,)) == "0 BMCs judged by 0 checks: 1 thing could not be told"


def test_json_holds_the_passes_too():
    """Every finding is in the value, with its evidence."""
    value = json.loads("\n".join(FORMATS["json"](EVERY)))
    assert value["summary"] == {"fail": 1, "error": 1, "skipped": 1, "pass": 1}
    assert len(value["findings"]) == 4


def test_junit_and_markdown_know_the_checks():
    """A CI shows the audit under its name, with a case for each check that passed."""
    suite = ET.fromstring("\n".join(FORMATS["junit"](EVERY)))
    assert suite.get("name") == "rackwright audit"
    assert [suite.get(word) for word in ("tests", "failures", "errors", "skipped")] == ["4", "1", "1", "1"]
    assert any(case.get("name", "").startswith("RoCE mode") for case in suite)
    assert next(iter(FORMATS["markdown"](EVERY))) == "# Audit"


def test_equal_servers_are_one_line_and_every_finding_is_in_the_json():
    """What is said alike of many servers stands once with their names; switches, and what differs, stay apart."""
    alike = [
        finding("SERVER-POWER", f"gpu{at:02d}", "it is Off", path="power", remedy="power it on", actual="Off")
        for at in range(1, 11)
    ]
    other = finding(
        "SERVER-POWER", "gpu11", "it is PoweringOn", path="power", remedy="power it on", actual="PoweringOn"
    )
    lines = list(FORMATS["text"]((*alike, other)))
    told = [line for line in lines if "SERVER-POWER: it is" in line]
    assert told == [
        "gpu01, gpu02, gpu03, gpu04, gpu05, gpu06, gpu07, gpu08 and 2 more power: error: SERVER-POWER: it is Off; power it on",
        "gpu11 power: error: SERVER-POWER: it is PoweringOn; power it on",
    ]
    assert lines[-1] == "11 BMCs judged by 1 check: 11 findings"
    assert len(json.loads("\n".join(FORMATS["json"](alike)))["findings"]) == 10


def test_notes_are_counted_as_such():
    """A note is no finding and hides none: right but for notes is nothing wrong, with their number."""
    note = finding("BMC-LOCKDOWN", "gpu01", "on", path="lockdown", remedy="lift it", severity="info")
    right = finding("SERVER-POWER", "gpu01", "1 server as planned", remedy="", status="pass", severity="info")
    assert audited((note, right)) == "1 BMC judged by 2 checks: nothing wrong, 1 note"
    assert audited((note, WRONG)) == "1 switch and 1 BMC judged by 2 checks: 1 finding, 1 note"
