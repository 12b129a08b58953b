"""The facts of the twin's BMCs, held to the captured machines: names, values, dependencies, messages, inventory rows."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from rackwright.twin.bmc.machine.bluefield import Bluefield
from rackwright.twin.bmc.machine.messages import MESSAGES
from rackwright.twin.bmc.machine.registry import registry
from rackwright.twin.bmc.machine.settings import GROUPS, Settings
from rackwright.twin.bmc.machine.software import VERSIONS
from tests.unit.twin_bmc.conftest import Bed

Shared = Callable[..., Path]
R750, XR8620T, BLUEFIELD = "dell_r750_2xbf3_idrac7.10.30", "dell_xr8620t_16g_idrac6.10.80", "nvidia_bf3_dpu_bmc_24.10"
OURS = {"TransferFailed", "UpdateSuccessful", "VerificationFailed"}
"""DMTF's, said by the BMC of a BlueField."""


def table(shared: Shared, name: str) -> list[dict[str, str]]:
    """Read one of the flat tables."""
    with shared("data", "redfish", "tables", f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def index(shared: Shared, tree: str, *path: str) -> dict:
    """Read one resource of a tree."""
    return json.loads(shared("data", "redfish", tree, "redfish", "v1", *path, "index.json").read_bytes())


def test_bios_attributes_are_real(shared):
    """Every attribute is in a captured registry with that type, every one of its values is a value there, texts and numbers have those bounds."""
    real: dict[str, list[dict[str, str]]] = {}
    for row in table(shared, "bios_attributes"):
        real.setdefault(row["AttributeName"], []).append(row)
    for row in registry("xe9680", ()).attributes.values():
        captured = real.get(row.name)
        assert captured, f"{row.name} is in neither registry"
        assert row.type in {one["Type"] for one in captured}, row.name
        if row.type == "Enumeration" and "Interface" not in row.name:
            values = {value for one in captured for value in one["Values"].split("|")}
            assert set(row.values) <= values, (row.name, set(row.values) - values)
        elif row.type == "Integer":
            assert f"{row.low}..{row.high}" in {one["Values"] for one in captured}, row.name
        elif row.type in ("String", "Password"):
            assert f"len {row.low}..{row.high}" in {one["Values"] for one in captured}, row.name


def conditions(shared: Shared) -> set[tuple[str, str, str, str]]:
    """Return target, property, value and one condition of each captured dependency."""
    return {
        (row["MapToAttribute"], row["MapToProperty"], row["MapToValue"], condition)
        for row in table(shared, "bios_dependencies")
        for condition in row["MapFrom(attr.property op value)"].split(" ; ")
    }


def test_bios_dependencies_are_the_captured_ones(shared):
    """Every condition of every dependency is captured; and of those captured among attributes and values that are here, none is left out."""
    ours = registry("xe9680", ())
    mine = {
        (rule.attribute, rule.prop, str(rule.value), f"{one.attribute}.CurrentValue {one.how} {one.value}")
        for rule in ours.dependencies
        for one in rule.conditions
    }
    real = conditions(shared)
    assert mine - real == set()
    left_out = set()
    for target, prop, value, condition in real - mine:
        name, _, wanted = condition.partition(".CurrentValue ")
        there = target in ours.attributes and name in ours.attributes
        if there and prop != "Value" and wanted.split()[-1] in ours.attributes[name].values:
            left_out.add((target, prop, value, condition))
    assert left_out == set()


def test_messages_are_real(shared):
    """Every id that an iDRAC says here is one of Dell's, of that severity and with no more arguments."""
    real = {row["id"]: row for row in table(shared, "eemi_curated")}
    for name, row in MESSAGES.items():
        if name in OURS:
            continue
        assert name in real, name
        assert real[name]["severity"] == row.severity, name
        used = {int(number) for number in re.findall(r"\{(\d)\}", row.text)}
        assert len(used) <= int(real[name]["n_args"]), name


def test_settings_are_real(shared):
    """Every attribute of an iDRAC is on the captured R750, with a value of that type."""
    for group in GROUPS:
        path = ("Managers", "iDRAC.Embedded.1", "Oem", "Dell", "DellAttributes", f"{group}.Embedded.1")
        real = index(shared, R750, *path)["Attributes"]
        for name, row in Settings.known(group).items():
            assert name in real, name
            assert isinstance(row.default, type(real[name])), name
            assert not row.values or real[name] in row.values, (name, real[name])


def test_inventory_rows_are_real(shared):
    """Ids have the captured grammar; what the R750 has too is called the same, and what it keeps is kept here."""
    folder = shared("data", "redfish", R750, "redfish", "v1", "UpdateService", "FirmwareInventory")
    real = [json.loads(path.read_bytes()) for path in folder.glob("*/index.json")]
    grammar = re.compile(r"(Installed|Current|Previous)-(\d+)-(.+?)__(.+)")
    words = {(match[1], match[2]) for match in (grammar.fullmatch(row["Id"]) for row in real) if match}
    kinds = {row["SoftwareId"]: row["Oem"]["Dell"]["DellSoftwareInventory"]["ComponentType"] for row in real}
    bed = Bed()
    for row in bed.machine.firmware.inventory():
        match = grammar.fullmatch(row.id)
        assert match, row.id
        number = match[2]
        if number != "0":
            assert (match[1], number) in words, row.id
            assert row.component.kind == kinds[number], row.id
    names = {row["Name"].split(" - ")[0] for row in real}
    assert {"BIOS", "System CPLD", "Nvidia Network Adapter", "Integrated Dell Remote Access Controller"} <= names
    assert VERSIONS["idrac"] in {row["Version"] for row in real if row["SoftwareId"] == "25227"}


@pytest.mark.parametrize(
    "member", ["BMC_Firmware", "Bluefield_FW_ERoT", "DPU_ATF", "DPU_OS", "DPU_UEFI", "golden_image_nic"]
)
def test_a_dpu_has_the_captured_members(shared, member):
    """Name, software id and Updateable of a BlueField's inventory are the captured ones."""
    real = index(shared, BLUEFIELD, "UpdateService", "FirmwareInventory", member)
    dpu: Bluefield = Bed().dpu
    ours = dpu.firmware.members[member]
    assert (ours.name, ours.updateable, ours.software_id) == (real["Name"], real["Updateable"], real["SoftwareId"])
    assert ours.version == real["Version"]
