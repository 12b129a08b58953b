"""Audits of the three real trees give the verdicts of a table that was checked by hand, and the table is what the trees say."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from rackwright import catalog
from rackwright.audit import machines as auditing
from rackwright.catalog.firmware import FirmwareKind
from rackwright.plan.machines import Machine

TABLE = yaml.safe_load((Path(__file__).parent / "redfish-audit-expectations.yaml").read_text())
KINDS = {
    "ism": {"name": "Service module", "software_ids": ("104684",), "activation": "none"},
    "tpm": {"name": "TPM", "fqdds": ("TPM.*",), "activation": "host-reboot"},
}
"""Kinds of firmware that the catalog has no row of; a site may add its own alike."""
ROWS = [(name, row) for name, device in TABLE.items() for row in device["findings"]]


@pytest.fixture(scope="module")
def trees(shared):
    """Return the folder of the trees."""
    return shared("data/redfish")


@cache
def judged(trees: Path):
    """Judge all trees together, as the servers and the adapter of one site; return the findings by device."""
    known = catalog.load()
    kinds = {key: FirmwareKind(key=key, source="the captured XR8620t", **row) for key, row in KINDS.items()}
    known = known.model_copy(update={"firmware": {**known.firmware, **kinds}})
    servers = {
        name: msgspec.convert({"name": name, "group": "gpu", **device["planned"]}, Machine)
        for name, device in TABLE.items()
        if "planned" in device
    }
    evidence = {name: auditing.tree(trees / device["tree"], name) for name, device in TABLE.items()}
    found: dict[str, list[Any]] = {name: [] for name in TABLE}
    for item in auditing.judge(servers, evidence, catalog=known, names=TABLE):
        found[item.subject].append(item)
    return found


def raw(root: Path, where: str) -> Any:
    """Return what a tree says at ``resource#pointer``; None where there is nothing."""
    resource, _, pointer = where.partition("#")
    value = json.loads((root / "redfish/v1" / resource / "index.json").read_bytes())
    for step in pointer.strip("/").split("/"):
        value = value[int(step)] if isinstance(value, list) else value.get(step)
    return value


@pytest.mark.parametrize(("name", "row"), ROWS, ids=[f"{name}-{row['check']}-{row['path']}" for name, row in ROWS])
def test_a_row_of_the_table_is_what_the_tree_says_and_the_audit_finds(trees, name, row):
    """The raw value stands in the tree where the table says, and the audit gives the verdict of the table."""
    for where, value in row["where"].items():
        assert raw(trees / TABLE[name]["tree"], where) == value, where
    (item,) = [one for one in judged(trees)[name] if (one.check, one.path) == (row["check"], row["path"])]
    assert item.status == row["status"], str(item)
    assert item.severity == row.get("severity", "info" if row["status"] == "skipped" else "error")
    assert row.get("actual", item.actual) == item.actual
    assert row.get("words", "") in item.message


@pytest.mark.parametrize("name", TABLE)
def test_nothing_is_found_that_the_table_does_not_have(trees, name):
    """All that is no pass is in the table, and each check that finds nothing has passed."""
    found = judged(trees)[name]
    assert sorted((one.check, one.path) for one in found if one.status != "pass") == sorted(
        (row["check"], row["path"]) for row in TABLE[name]["findings"]
    )
    assert {one.check for one in found if one.status == "pass"} == set(TABLE[name]["passes"])


def test_swapped_real_servers_are_named(trees):
    """The two real servers behind each other's address are told as swapped, from their tags and addresses."""
    servers = [
        msgspec.convert({"name": name, "group": "gpu", **TABLE[name]["planned"]}, Machine)
        for name in ("gpu01", "gpu02")
    ]
    evidence = {
        "gpu01": auditing.tree(trees / TABLE["gpu02"]["tree"], "gpu01"),
        "gpu02": auditing.tree(trees / TABLE["gpu01"]["tree"], "gpu02"),
    }
    found = auditing.judge({one.name: one for one in servers}, evidence, checks=["MACHINE-IDENTITY"])
    (swap,) = [one for one in found if one.status == "fail"]
    assert swap.message == "gpu01 and gpu02 are swapped"
    assert "swap their BMC cables" in swap.remedy


def test_trees_without_a_site_are_judged_by_a_release(trees):
    """By the release alone both BlueField of the R750 are behind, and what a site would have told is named as not judged."""
    evidence = auditing.tree(trees / TABLE["gpu01"]["tree"], "it")
    known = catalog.load()
    server = auditing.bare("it", auditing.told(evidence), known, "dell-nvidia-1.3")
    found = auditing.verdict(auditing.MachineLook({"it": server}, {"it": evidence}, known, site=False))
    behind = [one for one in found if one.check == "FIRMWARE-VERSIONS" and one.status == "fail"]
    assert [(one.path, one.actual, one.expected) for one in behind] == [
        ("bluefield-firmware", "32.41.1000", "32.44.1036")
    ]
    assert "NIC.Slot.2, NIC.Slot.5" in behind[0].message
    skipped = {one.check for one in found if one.status == "skipped" and "not judged" in one.message}
    assert {"MACHINE-IDENTITY", "NIC-RAILS", "NIC-LINKS", "SERVER-GPUS", "BIOS-SETTINGS"} <= skipped


def test_an_adapters_own_bmc_is_judged_as_one(trees):
    """The tree of a BlueField-3's BMC is judged by its adapter's firmware, and not as a server without processors."""
    evidence = auditing.tree(trees / TABLE["gpu01.bf-1"]["tree"], "card")
    known = catalog.load()
    card = auditing.bare("card", auditing.told(evidence), known, "dell-nvidia-1.3")
    found = auditing.verdict(auditing.MachineLook({"card": card}, {"card": evidence}, known, site=False))
    assert [(one.check, one.actual) for one in found if one.status in {"fail", "error"}] == [
        ("FIRMWARE-VERSIONS", "32.43.1008")
    ]
