"""Files that a user brings: names, models, problems."""

from __future__ import annotations

from pathlib import Path

import pytest

from rackwright.check import load_files, run
from rackwright.check.files import guess_model, load_text
from rackwright.errors import DocumentError
from tests.unit.check.cases import tree

EIGHT = "- set:\n    interface:\n      swp1:\n        link: {breakout: {8x: {}}}\n"


def test_a_device_is_named_by_its_hostname_else_by_its_file() -> None:
    """The name in messages is the one that the operator knows."""
    assert load_text("system: {hostname: be01}\n", "dir/x.yaml", "5.12.1").name == "be01"
    assert load_text("interface: {}\n", "dir/be02.startup.yaml", "5.12.1").name == "be02"


def test_two_files_of_one_hostname_are_two_devices(tmp_path: Path) -> None:
    """A copied hostname hides no file."""
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("system: {hostname: be01}\n")
    assert len(load_files([tmp_path / "a.yaml", tmp_path / "b.yaml"]).devices) == 2


@pytest.mark.parametrize(
    ("header", "leaves", "model"),
    [
        ({"model": "SN2201"}, {}, "sn2201"),
        ({"model": "vx"}, {"interface swp61 type": "swp"}, None),
        ({}, {"interface swp1 link breakout 8x": {}}, "sn5600"),
        ({}, {"interface swp49 link breakout 4x": {}}, None),
        ({}, {"interface swp2 link breakout 8x": {}}, None),
        ({}, {}, None),
    ],
)
def test_the_model_is_guessed_from_evidence_only(header: dict, leaves: dict, model: str | None) -> None:
    """A header, or breakouts that one model alone can do; never port numbers."""
    assert guess_model(header, tree(leaves)) == model


def test_the_model_can_be_stated_by_name_or_file() -> None:
    """A mixed set of files needs a model for each."""
    text = "system: {hostname: oob}\n"
    assert load_text(text, "dir/x.yaml", "5.12.1", {"oob": "sn2201"}).model == "sn2201"
    assert load_text(text, "dir/x.yaml", "5.12.1", {"x": "sn2201"}).model == "sn2201"
    assert load_text(EIGHT, "dir/x.yaml", "5.12.1", {"y": "sn2201"}).model == "sn5600"


def test_json_and_bare_trees_are_read_too() -> None:
    """The REST API gives JSON without header."""
    device = load_text('{"interface": {"swp1-2": {"type": "swp"}}}', "x.json", "5.12.1")
    assert sorted(device.tree["interface"]) == ["swp1", "swp2"]


def test_a_broken_file_is_a_problem_and_no_pass() -> None:
    """A syntax error is reported with its place, and no rule passes on what was not read."""
    from rackwright.check import Fabric

    report = run(Fabric({"x": load_text("interface: [\n", "x.yaml", "5.12.1")}))
    assert any(item.location and item.location.file == "x.yaml" for item in report.of("fail"))
    assert report.of("error")


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    """A missing file is an error with what to do, not a traceback."""
    with pytest.raises(DocumentError, match="cannot be read: No such file"):
        load_files([tmp_path / "none.yaml"])
