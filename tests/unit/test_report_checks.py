"""A check report in each format: complete, well formed, and nothing that was not judged looks like a pass."""

import json
from xml.etree import ElementTree as ET

import pytest

from rackwright import check
from rackwright.check import Report
from rackwright.findings import Location, finding
from rackwright.report import checks
from rackwright.report.checks import FORMATS, check_value, summary

WRONG = finding(
    "A-RULE", "be01", "it is <wrong> | \x07 & 'so'", path="interface.swp1", remedy="mend it", expected="1", actual="2"
)
PLACED = finding("A-RULE", "be02", "here", remedy="mend it", severity="warning", location=Location("f.yaml", 3, 5))
NOTE = finding("B-RULE", "be01", "by the way", remedy="", severity="info")
UNKNOWN = finding("C-RULE", "fe01", "not judged, no tree", remedy="give one", status="error")
SKIPPED = finding("D-RULE", "fabric", "not judged, no cabling", remedy="give it", status="skipped", severity="info")
EVERY = Report((WRONG, PLACED, NOTE, UNKNOWN, SKIPPED), {"E-RULE": 3}, ("be01", "be02", "fe01"))


def test_the_summary_counts_each_kind_apart():
    """What is wrong, what is only said, what could not be judged and what was skipped are different things."""
    assert summary(EVERY) == "3 switches judged by 3 rules: 1 error, 1 warning, 1 note, 1 not judged, 1 skipped"
    assert summary(Report((), {"E-RULE": 1}, ("be01",))) == "1 switch judged by 1 rule: nothing wrong"


def test_without_evidence_nothing_is_called_right():
    """A report whose only finding is missing evidence does not say that nothing is wrong."""
    assert "nothing wrong" not in summary(Report((UNKNOWN,), {}, ("fe01",)))


def test_text_names_place_severity_rule_and_what_to_do():
    """One line a finding, as a compiler would, with what was expected and found below."""
    lines = list(FORMATS["text"](EVERY))
    assert lines[0].startswith("be01 interface.swp1: error: A-RULE: ")
    assert lines[1:3] == ["    expected 1", "    found 2"]
    assert lines[3] == "f.yaml:3:5: be02: warning: A-RULE: here; mend it"
    assert "fe01: not judged: C-RULE: " in lines[5]
    assert "fabric: skipped: D-RULE: " in lines[6]


@pytest.mark.parametrize("form", ["text", "junit"])
def test_what_to_do_is_said_once(form):
    """What a device's error says ends in what to do: it is not said again behind it."""
    found = finding("BMC-REACHED", "gpu01", "it has expired: renew it", remedy="renew it", status="error")
    text = "\n".join(FORMATS[form](Report((found,), {}, ("gpu01",))))
    assert "renew it; renew it" not in text
    assert "it has expired: renew it" in text


def test_junit_is_xml_whatever_a_message_holds():
    """Markup and control characters in messages cannot break it; a note is no failure, missing evidence an error."""
    suite = ET.fromstring("\n".join(FORMATS["junit"](EVERY)))
    assert [suite.get(word) for word in ("tests", "failures", "errors", "skipped")] == ["6", "2", "1", "1"]
    kinds = [next(iter(case)).tag if len(case) else "pass" for case in suite]
    assert kinds == ["failure", "failure", "system-out", "error", "skipped", "pass"]


def test_markdown_cells_cannot_end_their_row():
    """A bar in a message is escaped, so each row has five cells."""
    rows = [line for line in FORMATS["markdown"](EVERY) if line.startswith("|")]
    assert {row.replace("\\|", "").count("|") for row in rows} == {6}


@pytest.mark.parametrize("report", [EVERY, Report(())])
def test_json_holds_everything(report):
    """The value has every finding whole, the passes and what only a diff can judge."""
    value = json.loads("\n".join(FORMATS["json"](report)))
    assert len(value["findings"]) == len(report.findings)
    assert set(value) == set(check_value(report)) == {"summary", "devices", "findings", "passes", "judged_by_diff"}


SUBS = "swp26s0,swp27s0"


def test_what_a_range_of_ports_has_is_one_line(tmp_path) -> None:
    """A finding that repeats over the ports of a range is told once, with the range; a port of another line is not among them."""
    file = tmp_path / "leaf01.yaml"
    ports = ["swp10-25", "swp30", SUBS]
    body = [f"      {name}: {{type: swp{', link: {fec: auto}' if 's0' not in name else ''}}}" for name in ports]
    file.write_text("\n".join(["- set:", "    interface:", *body]) + "\n")
    result = check.run(check.load_files([file], model="sn5600"))
    told = [line for line in checks.check_lines(result) if " interface.swp" in line]
    assert [line.partition(": ")[2].partition(";")[0] for line in told] == [
        "leaf01 interface.swp10-25.link.fec: warning: NVUE-FEC-AUTO: swp10-25 sets fec auto",
        "leaf01 interface.swp30.link.fec: warning: NVUE-FEC-AUTO: swp30 sets fec auto",
        f"leaf01 interface.{SUBS}: error: NVUE-SUBPORT-WITHOUT-BREAKOUT: {SUBS} is configured, but swp26-27 has no breakout",
    ]
    assert sum("NVUE-FEC-AUTO" in line for line in checks.markdown(result)) == 2
    assert sum(item.check == "NVUE-FEC-AUTO" for item in checks.check_value(result)["findings"]) == 17
