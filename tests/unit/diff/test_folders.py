"""Build folders and exports compared, device by device."""

import hashlib
import json

import pytest

from rackwright import diff
from rackwright.errors import DocumentError


def build(folder, **devices):
    """Write a build folder with one startup file a device."""
    files = {"plan.json": {"sha256": "0" * 64, "size": 1, "inputs": "x"}}
    for name, text in devices.items():
        path = folder / "devices" / name / "startup.yaml"
        path.parent.mkdir(parents=True)
        path.write_text(text)
        digest = hashlib.sha256(text.encode()).hexdigest()
        files[f"devices/{name}/startup.yaml"] = {"sha256": digest, "size": len(text), "inputs": "x", "device": name}
        files[f"devices/{name}/commands.txt"] = {"sha256": digest, "size": 1, "inputs": "x", "device": name}
    (folder / "manifest.json").write_text(json.dumps({"format": 1, "generator": "rackwright", "files": files}))
    return folder


def startup(**system):
    """Return the text of a startup file."""
    lines = "".join(f"      {key}: {value}\n" for key, value in system.items())
    return f"- header:\n    version: Cumulus Linux 5.12.1\n- set:\n    system:\n{lines}"


def test_builds_are_compared_by_device(tmp_path):
    """Only devices that differ are told; one that is new or gone says so."""
    one = build(
        tmp_path / "a", be01=startup(hostname="be01"), be02=startup(hostname="be02"), be09=startup(hostname="x")
    )
    two = build(
        tmp_path / "b", be01=startup(hostname="be01"), be02=startup(hostname="be02", timezone="Etc/UTC"),
        be10=startup(hostname="y"),
    )  # fmt: skip
    found = diff.builds(one, two)
    assert [(item.device, item.only, len(item.changes)) for item in found] == [
        ("be02", "", 1),
        ("be09", "running", 1),
        ("be10", "intended", 1),
    ]
    assert found[0].changes[0].path == ("system", "timezone")


def test_a_file_edited_after_it_was_rendered_is_told(tmp_path):
    """The files are compared, not what the manifests say of them; one that is missing cannot be compared."""
    one = build(tmp_path / "a", be01=startup(hostname="be01"))
    two = build(tmp_path / "b", be01=startup(hostname="be01"))
    file = two / "devices" / "be01" / "startup.yaml"
    file.write_text(startup(hostname="be09"))
    assert [(item.device, item.changes[0].path) for item in diff.builds(one, two)] == [("be01", ("system", "hostname"))]
    file.unlink()
    with pytest.raises(DocumentError, match="cannot be read"):
        diff.builds(one, two)


def test_another_layout_of_the_same_tree_is_no_difference(tmp_path):
    """Two texts with one meaning differ in their digests and in no change: the device is left out."""
    one = build(tmp_path / "a", be01="- set:\n    interface:\n      swp1-2:\n        type: swp\n")
    two = build(tmp_path / "b", be01="- set:\n    interface:\n      swp1: {type: swp}\n      swp2: {type: swp}\n")
    assert diff.builds(one, two) == ()


def test_an_export_finds_its_switch(tmp_path):
    """The hostname of an export says which switch of the build it is compared with; a name given goes before it."""
    folder = build(tmp_path / "a", be01=startup(hostname="be01", timezone="Etc/UTC"), be02=startup(hostname="be02"))
    export = tmp_path / "export.yaml"
    export.write_text(startup(hostname="be01"))
    found = diff.exported(folder, export)
    assert (found.device, [change.path[-1] for change in found.changes]) == ("be01", ["timezone"])
    other = diff.exported(folder, export, "be02")
    assert [(change.op, change.new) for change in other.changes] == [("~", "be02")]


def test_an_export_of_a_stranger_is_refused(tmp_path):
    """An export that names no switch of the build is refused with the switches there are."""
    folder = build(tmp_path / "a", be01=startup(hostname="be01"))
    export = tmp_path / "export.yaml"
    export.write_text(startup(hostname="other"))
    with pytest.raises(DocumentError, match=r"'other'.*be01"):
        diff.exported(folder, export)
    export.write_text("- set: {}\n")
    with pytest.raises(DocumentError, match="without a hostname"):
        diff.exported(folder, export)


@pytest.mark.parametrize("text", [None, "[]", '{"files": 7}', "not json"])
def test_a_folder_that_is_no_build_is_refused(tmp_path, text):
    """Without a manifest of ours a folder is no build, and the way to make one is told."""
    if text is not None:
        (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(DocumentError, match="rackwright render"):
        diff.builds(tmp_path, tmp_path)


def test_a_broken_file_is_told_with_its_place(tmp_path):
    """A startup file that is no YAML is refused with file and line."""
    one = build(tmp_path / "a", be01="- set: {a: [\n")
    two = build(tmp_path / "b", be01=startup(hostname="be01"))
    with pytest.raises(DocumentError, match=r"startup\.yaml:\d+"):
        diff.builds(one, two)


def test_a_missing_file_is_told(tmp_path):
    """A file that the manifest has and the folder has not is refused by name."""
    one = build(tmp_path / "a", be01=startup(hostname="be01"))
    two = build(tmp_path / "b", be01=startup(hostname="be02"))
    (two / "devices" / "be01" / "startup.yaml").unlink()
    with pytest.raises(DocumentError, match="cannot be read"):
        diff.builds(one, two)
