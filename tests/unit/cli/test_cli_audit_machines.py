"""`rackwright audit` of servers from folders: mockup trees, evidence, with a site and without one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

SITES = Path(__file__).resolve().parents[3] / "inventory"
SYSTEM = {
    "@odata.id": "/redfish/v1/Systems/1", "@odata.type": "#ComputerSystem.v1_20_0.ComputerSystem", "Id": "1", "Manufacturer": "Dell Inc.",
    "Model": "PowerEdge XE9680", "PowerState": "On", "MemorySummary": {"TotalSystemMemoryGiB": 2048},
}  # fmt: skip


@pytest.fixture
def site(tmp_path):
    """Return a site of one's own."""
    ignored = shutil.ignore_patterns(".rackwright")
    return Path(shutil.copytree(SITES / "xe9680-spectrum-x", tmp_path / "site", ignore=ignored))


@pytest.fixture
def tree(tmp_path):
    """Return a function that writes a small mockup tree of a server with some tag into a folder."""

    def written(name: str, tag: str) -> Path:
        bodies = {
            "": {"@odata.id": "/redfish/v1", "Systems": {"@odata.id": "/redfish/v1/Systems"}},
            "Systems": {"Members": [{"@odata.id": "/redfish/v1/Systems/1"}]},
            "Systems/1": {**SYSTEM, "SKU": tag},
        }
        for path, body in bodies.items():
            file = tmp_path / "trees" / name / "redfish/v1" / path / "index.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(body))
        return tmp_path / "trees"

    return written


def tags(site: Path) -> dict[str, str]:
    """Return the service tags of nodes.csv."""
    rows = [line.split(",") for line in (site / "nodes.csv").read_text().splitlines()[1:]]
    return {row[0]: row[1] for row in rows}


def test_trees_under_the_names_of_devices_are_judged_with_the_site(rackwright_json, site, tree):
    """Two trees in folders of the servers' names: both judged, and swapped ones named."""
    known = tags(site)
    tree("gpu01", known["gpu02"])
    folder = tree("gpu02", known["gpu01"])
    code, value = rackwright_json(
        "audit", site, "--check", "MACHINE-IDENTITY", "--limit", "gpu0[12]", "--snapshot", folder, "--quiet"
    )
    assert code == 4
    (swap,) = [one for one in value["findings"] if one["status"] == "fail"]
    assert swap["message"] == "gpu01 and gpu02 are swapped"


def test_one_tree_is_the_device_that_is_named(rackwright, rackwright_json, site, tree):
    """A folder that is a tree needs --limit to say whose it is."""
    folder = tree("gpu01", tags(site)["gpu01"]) / "gpu01"
    result = rackwright("audit", site, "--only", "hardware", "--snapshot", folder)
    assert result.exit_code == 1
    assert "say which it is with --limit NAME" in result.stderr
    _, value = rackwright_json(
        "audit", site, "--check", "SERVER-MODEL", "--limit", "gpu01", "--snapshot", folder, "--quiet"
    )
    assert ("SERVER-MODEL", "gpu01", "pass") in {
        (one["check"], one["subject"], one["status"]) for one in value["findings"]
    }


def test_a_release_judges_what_no_site_knows(rackwright, rackwright_json, tree):
    """Without a site the catalog's model is found by the printed name, or given; what is not known of either is refused by name."""
    folder = tree("it", "ABCDEF1")
    _, value = rackwright_json("audit", "--snapshot", folder, "--release", "dell-nvidia-1.3", "--quiet")
    found = {(one["check"], one["status"]) for one in value["findings"] if one["subject"] == "it"}
    assert {
        ("SERVER-MODEL", "pass"),
        ("SERVER-MEMORY", "pass"),
        ("SERVER-CPUS", "error"),
        ("NIC-MODELS", "error"),
    } <= found
    _, value = rackwright_json(
        "audit", "--snapshot", folder, "--release", "dell-nvidia-1.3", "--model", "r660", "--quiet"
    )
    assert ("SERVER-MODEL", "fail") in {(one["check"], one["status"]) for one in value["findings"]}
    for words, told in ((("--release", "none-such"), "there is no release none-such; there is: dell-nvidia-1.3"),
                        (("--release", "dell-nvidia-1.3", "--model", "r750"), "there is no server model r750")):  # fmt: skip
        result = rackwright("audit", "--snapshot", folder, *words)
        assert result.exit_code == 1
        assert told in result.stderr


def test_domains_are_judged_as_they_are_named(rackwright_json, site, tree):
    """--only firmware speaks of firmware alone; --only bmc of firmware, BIOS and settings; a check brings its domain."""
    folder = tree("mgmt01", tags(site)["mgmt01"])

    def checks(*words):
        _, value = rackwright_json("audit", site, *words, "--limit", "mgmt01", "--snapshot", folder, "--quiet")
        return {one["check"] for one in value["findings"]}

    assert checks("--only", "firmware") == {"BMC-REACHED", "FIRMWARE-VERSIONS"}
    assert {"FIRMWARE-VERSIONS", "BIOS-SETTINGS", "BMC-LOCKDOWN"} <= checks("--only", "bmc")
    assert "SERVER-MODEL" not in checks("--only", "bmc")
    assert checks("--check", "server-model") == {"BMC-REACHED", "SERVER-MODEL"}


def test_a_folder_with_nothing_is_no_pass(rackwright, site, tmp_path):
    """An empty folder, and one that is not there, are errors."""
    (tmp_path / "empty").mkdir()
    for folder in ("empty", "missing"):
        result = rackwright("audit", "--snapshot", tmp_path / folder, "--release", "dell-nvidia-1.3")
        assert result.exit_code == 1
        assert result.stdout == ""


@pytest.mark.parametrize("wrong", ["https://10.10.0.23", "10.10.0..5", "../10.10.0.23", "10.10.0.23:99999", "a" * 64])
def test_what_is_no_address_ends_a_snapshot_before_anybody_is_asked(rackwright, tmp_path, wrong):
    """A mistyped address among many is told at once: it neither ends the look at all others as a bug, nor is it a path to write to."""
    result = rackwright("snapshot", "127.0.0.1:1", wrong, "-o", tmp_path / "taken" / "out", RACKWRIGHT_SECRET_BMC="x")
    assert result.exit_code == 2
    assert f"{wrong!r} is no address" in result.stderr
    assert not (tmp_path / "taken").exists()
