"""How results come together: what passes, what is counted, what could not be looked at."""

from __future__ import annotations

from rackwright.check import RULES, Cable, Device, Fabric, run
from rackwright.findings import Location
from tests.mutations import example
from tests.unit.check.cases import tree

GOOD = tree({"interface swp1 type": "swp", "system hostname": "leaf01"})


def test_an_empty_file_is_one_error_that_names_every_rule() -> None:
    """Sixty rules that could not look at one file are one finding."""
    report = run(Fabric({"leaf01": Device("leaf01", {}, "sn5600")}))
    (item,) = report.of("error")
    assert (item.check, item.subject, item.path) == ("CHECK-NO-EVIDENCE", "leaf01", "tree")
    assert set(item.evidence) == {rule.id for rule in RULES if rule.kind == "file"}
    assert not any(rule.id in report.passes for rule in RULES if rule.kind == "file")


def test_an_unknown_model_skips_the_rules_that_need_it() -> None:
    """Without a model the port rules are skipped and say what to do."""
    report = run(Fabric({"leaf01": Device("leaf01", GOOD, None)}))
    (item,) = (one for one in report.of("skipped") if one.path == "model")
    assert "NVUE-PORT-ABSENT" in item.evidence
    assert "--model" in item.remedy


def test_a_model_that_the_shipped_catalog_lacks_is_named() -> None:
    """A build of a site with a switch model of its own says which model it is, and where it is judged."""
    report = run(Fabric({"leaf01": Device("leaf01", GOOD, "sn5610")}))
    (item,) = (one for one in report.of("skipped") if one.path == "model")
    assert "switch model sn5610" in item.message
    assert "check SITE" in item.remedy


def test_what_several_devices_lack_is_one_finding() -> None:
    """Ten switches of an unknown model are one line, with their names."""
    report = run(Fabric({f"leaf{number:02d}": Device(f"leaf{number:02d}", GOOD) for number in range(10)}))
    (item,) = (one for one in report.of("skipped") if one.path == "model")
    assert item.subject == "fabric"
    assert {"leaf00", "leaf09", "NVUE-PORT-ABSENT"} <= set(item.evidence)


def test_no_cabling_is_skipped_and_an_empty_one_is_an_error() -> None:
    """A user's files come without cables; a cabling without a link is no cabling."""
    device = {"leaf01": Device("leaf01", GOOD, "sn5600")}
    assert any(item.path == "cables" for item in run(Fabric(device)).of("skipped"))
    assert any(item.path == "cables" for item in run(Fabric(device, ())).of("error"))


def test_passes_are_counted_by_subject() -> None:
    """A rule over one tree passes once a device, a rule over the cables once."""
    report = run(example.fabric())
    assert report.passes["NVUE-PORT-ABSENT"] == 7
    assert report.passes["CABLE-PORT-TWICE"] == 1
    assert not [item for item in report.findings if item.status != "skipped"]


def test_rules_of_a_diff_are_registered_and_not_judged() -> None:
    """What no file shows is listed as living elsewhere."""
    report = run(example.fabric())
    assert "DIFF-BREAKOUT-WITH-DEPENDENTS" in report.elsewhere
    assert "DIFF-BREAKOUT-WITH-DEPENDENTS" not in report.passes


def test_a_skipped_part_is_no_pass() -> None:
    """A cable of unknown length keeps the reach rule from passing."""
    cables = (Cable("leaf01", "swp1", "x", "y", length_m=None),)
    report = run(Fabric({"leaf01": Device("leaf01", GOOD, "sn5600")}, cables))
    assert "CABLE-REACH" not in report.passes


def test_findings_are_sorted_by_place() -> None:
    """A report reads from the top of each file."""
    body = tree({f"interface swp{number} type": "swp" for number in (70, 66, 68)})
    marks = {("interface", f"swp{number}"): Location("a.yaml", number) for number in (66, 68, 70)}
    report = run(Fabric({"leaf01": Device("leaf01", body, "sn5600", file="a.yaml", marks=marks)}))
    lines = [item.location.line for item in report.of("fail") if item.check == "NVUE-PORT-ABSENT" and item.location]
    assert lines == [66, 68, 70]


def test_a_place_falls_back_to_what_is_above() -> None:
    """A finding about a key that is not in the file stands at its parent."""
    device = Device("x", {}, file="a.yaml", marks={("interface",): Location("a.yaml", 3)})
    assert device.place(("interface", "swp1", "link")) == Location("a.yaml", 3)
    assert device.place(("vrf",)) == Location("a.yaml")
    assert Device("x", {}).place(("vrf",)) is None
