"""Three captured trees of real machines: what we read of them, held to what stands in them."""

from __future__ import annotations

import copy
import csv
import functools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rackwright.redfish.inventory import Inventory
from rackwright.redfish.jobs import STATES, jobs
from rackwright.redfish.messages import MEANINGS, extended
from rackwright.redfish.reading import inventory, registry
from rackwright.redfish.registry import Registry
from rackwright.redfish.versions import compare, same

Shared = Callable[..., Path]
Resources = dict[str, Any]

R750, XR8620T, BLUEFIELD = "dell_r750_2xbf3_idrac7.10.30", "dell_xr8620t_16g_idrac6.10.80", "nvidia_bf3_dpu_bmc_24.10"
TREES = [R750, XR8620T, BLUEFIELD]
BIOS = "/redfish/v1/Systems/System.Embedded.1/Bios"
SOURCES = {R750: "R750_15G_bios1.13.2_LOCKDOWN", XR8620T: "XR8620t_16G_bios0.2.6"}
WITHOUT_ORDER = (
    "Oem/Dell/DellSensor",
    "LogServices",
    "/JsonSchemas",
    "/Registries/",
    "/Sensors",
    "/Certificates",
    "/TelemetryService",
)
"""Parts of a tree from which no inventory is made: a random node there would prove nothing."""


@functools.cache
def read(root: Path) -> Resources:
    """Read a tree of ``index.json`` files."""
    return {
        f"/{path.parent.relative_to(root)}": json.loads(path.read_bytes())
        for path in root.rglob("index.json")
        if path.is_file()
    }


@pytest.fixture(scope="session")
def tree(shared: Shared) -> Callable[[str], Resources]:
    """Return a function that reads a captured tree; nobody may change what it gives."""
    return lambda name: read(shared("data/redfish", name))


def test_the_r750_with_two_bluefields(tree: Callable[[str], Resources]) -> None:
    """A fact of the captured R750 is read otherwise than it stands in its tree."""
    found = inventory(tree(R750))
    assert (found.model, found.service_tag, found.bmc_kind, found.bmc_version, found.bios_version) == (
        "PowerEdge R750", "PKDG4N5", "idrac", "7.10.30.00", "1.13.2",
    )  # fmt: skip
    assert (found.bmc_macs, found.power, found.memory_mib, found.lockdown) == (
        ("c8:4b:d6:4e:62:1c",),
        "On",
        131072,
        True,
    )
    assert [(one.fqdd, one.cores) for one in found.cpus] == [("CPU.Socket.1", 18), ("CPU.Socket.2", 18)]
    assert {(one.capacity_mib, one.speed_mts) for one in found.dimms} == {(16384, 3200)}
    assert len(found.dimms) == 8
    assert [(one.fqdd, one.slot, one.part, one.firmware, one.serial, one.lanes) for one in found.nics] == [
        ("NIC.Embedded.1", None, "", "22.0.6", "", None),
        ("NIC.Slot.2", 2, "900-9D3B6-00CV-AA0", "32.41.1000", "LN6051ST2MM7", 16),
        ("NIC.Slot.5", 5, "900-9D3B6-00CV-AA0", "32.41.1000", "FD2580JN49GT", 8),
    ]
    assert [(port.fqdd, port.number, port.macs, port.link) for nic in found.nics for port in nic.ports] == [
        ("NIC.Embedded.1-1-1", 1, ("c8:4b:d6:48:02:e1",), "down"),
        ("NIC.Embedded.2-1-1", 2, ("c8:4b:d6:7e:c5:c8",), "down"),
        ("NIC.Slot.2-1", 1, ("a0:88:c2:a4:09:43",), "down"),
        ("NIC.Slot.5-1", 1, ("a0:88:c2:51:c6:d1",), "down"),
    ]
    assert [one.pci for one in found.nics[1:]] == [("15B3", "A2DC", "15B3", "0009")] * 2
    assert [(one.fqdd, one.watts) for one in found.psus] == [("PSU.Slot.1", 1400), ("PSU.Slot.2", 1400)]
    assert found.gpus == found.volumes == found.untold == ()
    assert [(one.id, one.state, one.message_id) for one in found.jobs] == [
        ("JID_229700026199", "done-with-errors", "PR31")
    ]


def test_the_xr8620t_of_before_production(tree: Callable[[str], Resources]) -> None:
    """A version that is none, an empty place of a supply or an accelerator that is no GPU was taken for what it is not."""
    found = inventory(tree(XR8620T))
    assert (found.model, found.service_tag, found.bmc_version) == ("PowerEdge XR8620t", "Q232QC4", "6.10.80.00")
    assert [(one.fqdd, one.present) for one in found.psus] == [
        ("PSU.ChassisSlot.1-1-1", True),
        ("PSU.ChassisSlot.2-2-2", False),
    ]
    assert [(nic.slot, len(nic.ports)) for nic in found.nics] == [(2, 4), (3, 4)]
    assert {port.link for nic in found.nics for port in nic.ports if port.speed_mbps == 25_000} == {"up"}
    assert found.gpus == found.jobs == ()
    versions = {one.fqdd: one.version for one in found.software if one.status == "installed"}
    assert versions["TPM.Integrated.1-1"] == "NotAvailable"
    assert versions["ServiceModule.Embedded.1"] == "0"
    assert not same(versions["TPM.Integrated.1-1"], "NotAvailable")
    assert found.untold == ("/redfish/v1/Managers/iDRAC.Embedded.1/Oem/Dell/Jobs: 106 of its members are not told, the first since: it is linked and not told",
                            "/redfish/v1/JobService/Jobs: 106 of its members are not told, the first since: it is linked and not told")  # fmt: skip


def test_the_bmc_of_a_bluefield(tree: Callable[[str], Resources]) -> None:
    """A DPU's own BMC is read as a server, or as nothing."""
    found = inventory(tree(BLUEFIELD))
    assert (found.bmc_kind, found.bmc_version, found.service_tag) == ("bluefield", "BF-24.10-10", "NS1712287RLT")
    assert found.bmc_macs == ("5c:25:73:42:6c:4b",)
    (nic,) = found.nics
    assert (nic.part, [port.number for port in nic.ports], {port.link for port in nic.ports}) == (
        "900-9D3B6-00CV-AA0",
        [1, 2, 3],
        {"up"},
    )
    rows = {one.id: one for one in found.software}
    assert rows["DPU_NIC"].version == "32.43.1008"
    assert rows["DPU_NIC"].updateable is False
    assert {name for name, one in rows.items() if one.status == "kept"} == {
        "golden_image_arm",
        "golden_image_config",
        "golden_image_nic",
    }
    assert found.bios is not None
    assert not [name for name in found.bios.attributes if name.endswith("Password")]
    assert registry(tree(BLUEFIELD), found.bios).attributes.keys() >= found.bios.attributes.keys()


@pytest.mark.parametrize("name", [R750, XR8620T])
def test_only_installed_rows_count(tree: Callable[[str], Resources], name: str) -> None:
    """A place has two versions that run, or an image that is kept is counted among them."""
    rows = inventory(tree(name)).software
    installed = [one.fqdd for one in rows if one.status == "installed"]
    assert len(installed) == len(set(installed))
    assert {one.status for one in rows if one.id.startswith(("Current-", "Previous-"))} == {"kept"}
    assert {one.id.split("-")[0] for one in rows if one.status == "installed"} == {"Installed"}


def test_versions_of_real_rows_compare(tree: Callable[[str], Resources]) -> None:
    """A version that a real machine prints cannot be compared with itself or with the one that it replaced."""
    for name in TREES:
        for one in inventory(tree(name)).software:
            assert compare(one.version, one.version) in {0, None}
    rows = {one.id: one.version for one in inventory(tree(R750)).software}
    assert compare(rows["Previous-159-1.6.5__BIOS.Setup.1-1"], rows["Installed-159-1.13.2__BIOS.Setup.1-1"]) == -1
    assert (
        compare(
            rows["Previous-25227-6.00.30.00__iDRAC.Embedded.1-1"],
            rows["Installed-25227-7.10.30.00__iDRAC.Embedded.1-1"],
        )
        == -1
    )
    assert compare("32.41.1000", "32.44.10.36") == -1


# --- registries -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [R750, XR8620T])
def test_every_dependency_is_read_as_the_table_has_it(
    tree: Callable[[str], Resources], shared: Shared, name: str
) -> None:
    """A dependency was lost, or its conditions were read otherwise than in the flat table."""
    with shared("data/redfish/tables/bios_dependencies.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["source"] == SOURCES[name]]
    ours = Registry.of(tree(name)[f"{BIOS}/BiosRegistry"]).dependencies
    assert len(rows) == len(ours)
    for row, one in zip(rows, ours, strict=True):
        conditions = " ; ".join(f"{each.attribute}.{each.part} {each.operator} {each.value}" for each in one.conditions)
        assert (row["MapFrom(attr.property op value)"], row["MapToAttribute"], row["MapToProperty"]) == (
            conditions,
            one.attribute,
            one.part,
        )
        assert one.part == "Value" or row["MapToValue"] == str(one.value)
        assert not any(each.conjunction for each in one.conditions)


@pytest.mark.parametrize("name", [R750, XR8620T])
def test_what_dependencies_demand_is_what_the_machine_has(tree: Callable[[str], Resources], name: str) -> None:
    """Read with OR, and value lists with what they have in common, the tables contradict the machine that they come from."""
    one, now = Registry.of(tree(name)[f"{BIOS}/BiosRegistry"]), tree(name)[BIOS]["Attributes"]
    assert one.forced(now) == {}
    everything = one.resolve(
        now, {key: value for key, value in now.items() if value is not None and not one.attributes[key].secret}
    )
    assert not everything.problems
    assert not everything.changes


def test_profiles_of_gpu_nodes_resolve(tree: Callable[[str], Resources]) -> None:
    """A wish that works on the wire is refused, or one that is a silent no-op goes through (redfish.md 0.3, 2.4)."""
    one, now = Registry.of(tree(XR8620T)[f"{BIOS}/BiosRegistry"]), tree(XR8620T)[BIOS]["Attributes"]
    assert not one.locked
    custom = one.resolve(now, {"SysProfile": "Custom", "ProcPwrPerf": "MaxPerf", "ProcCStates": "Disabled"})
    assert custom.changes == {"SysProfile": "Custom", "ProcPwrPerf": "MaxPerf", "ProcCStates": "Disabled"}
    fast = one.resolve(
        now,
        {
            "SysProfile": "PerfOptimized",
            "ProcPwrPerf": "MaxPerf",
            "UncoreFrequency": "MaxUFS",
            "SriovGlobalEnable": "Enabled",
        },
    )
    assert fast.changes == {"SysProfile": "PerfOptimized", "SriovGlobalEnable": "Enabled"}
    assert fast.implied == {"ProcPwrPerf": "MaxPerf", "UncoreFrequency": "MaxUFS"}
    expected = {
        ("MmioAbove4Gb", "Enabled", "absent"),
        ("NodeInterleave", "Enabled", "value"),
        ("ProcPwrPerf", "MaxPerf", "forced"),
        ("SysProfil", "Custom", "unknown"),
        ("SystemServiceTag", "XXXXXXX", "read-only"),
        ("PxeDev1VlanId", 5000, "range"),
        ("SetupPassword", "x", "secret"),
    }
    for name, value, kind in expected:
        (problem,) = one.resolve(now, {name: value}).problems
        assert (name, problem.kind) == (name, kind)
    both = one.resolve(now, {"SysProfile": "PerfOptimized", "WorkloadProfile": "HpcProfile"})
    assert [(problem.attribute, problem.kind) for problem in both.problems] == [("WorkloadProfile", "contradiction")]
    http = one.resolve(now, {"HttpDev1EnDis": "Enabled", "HttpDev1Uri": "http://192.0.2.1/boot.efi"})
    assert not http.problems


def test_lockdown_shows_in_the_registry(tree: Callable[[str], Resources]) -> None:
    """The R750 was captured under lockdown, and each attribute would be blamed by itself."""
    one, now = Registry.of(tree(R750)[f"{BIOS}/BiosRegistry"]), tree(R750)[BIOS]["Attributes"]
    assert one.locked
    (problem,) = one.resolve(now, {"SysProfile": "Custom"}).problems
    assert problem.kind == "locked"
    assert one.resolve(now, {"SriovGlobalEnable": now["SriovGlobalEnable"]}).already == ("SriovGlobalEnable",)


# --- words ----------------------------------------------------------------------------------------------------------


def test_our_message_ids_exist(shared: Shared) -> None:
    """A message id of our table is none of Dell's, nor one of the standard registry."""
    with shared("data/redfish/tables/eemi_curated.csv").open(newline="") as file:
        known = {row["id"] for row in csv.DictReader(file)}
    ours = {one for one in MEANINGS if any(letter.isdigit() for letter in one)}
    assert ours <= known


@pytest.mark.parametrize(("name", "message"), [("error_pending_job", "LC068"), ("error_running_job", "")])
def test_real_error_bodies_are_read(shared: Shared, name: str, message: str) -> None:
    """The reason of a real refusal was lost."""
    found = extended(json.loads(shared(f"data/redfish/fixtures/sushy_dell/{name}.json").read_bytes()))
    assert found
    assert all(one.text for one in found)
    assert not message or message in {one.id for one in found}


def test_real_jobs_have_known_words(shared: Shared) -> None:
    """A job that an iDRAC told is unknown to us."""
    for name in ("bmclib_dell/jobs", "sushy_dell/job_collection_expanded"):
        body = json.loads(shared(f"data/redfish/fixtures/{name}.json").read_bytes())
        found = jobs({f"/jobs/{one['Id']}": one for one in body["Members"]})
        assert len(found) == len(body["Members"])
        assert "unknown" not in {one.state for one in found}
    assert not {word for word in STATES if word != word.lower()}


# --- robustness -----------------------------------------------------------------------------------------------------


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every node of a JSON value."""
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in inside:
        yield (*path, key)
        yield from places(value, (*path, key))


def identity(found: Inventory) -> dict[str, set[Any]]:
    """Return what a machine is known by, as sets: less evidence must give smaller ones."""
    return {
        "machine": {
            ("model", found.model),
            ("tag", found.service_tag),
            ("bios", found.bios_version),
            ("lockdown", found.lockdown),
        },
        "bmc": set(found.bmc_macs),
        "cpus": {one.fqdd for one in found.cpus},
        "dimms": {(one.fqdd, one.capacity_mib) for one in found.dimms},
        "gpus": {one.fqdd for one in found.gpus},
        "nics": {one.fqdd for one in found.nics},
        "macs": {mac for nic in found.nics for port in nic.ports for mac in port.macs},
        "up": {mac for nic in found.nics for port in nic.ports if port.link == "up" for mac in port.macs},
        "drives": {one.fqdd for one in found.drives},
        "mirrors": {one.fqdd for one in found.volumes if one.raid},
        "psus": {one.fqdd for one in found.psus if one.present},
        "installed": {(one.fqdd, one.version) for one in found.software if one.status == "installed"},
        "done": {one.id for one in found.jobs if one.state == "done"},
    }


@functools.cache
def targets(root: Path) -> tuple[tuple[Any, ...], ...]:
    """Return the nodes of a tree from which an inventory is made, resources themselves among them."""
    kept = {uri: node for uri, node in read(root).items() if not any(part in uri for part in WITHOUT_ORDER)}
    return tuple((uri, *path) for uri, node in kept.items() for path in ((), *places(node)))


@pytest.mark.parametrize("name", TREES)
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), null=st.booleans())
def test_less_evidence_never_tells_more(shared: Shared, name: str, data: st.DataObject, null: bool) -> None:
    """A node that is missing or null made the reading fail, or tell something that the whole tree does not."""
    root = shared("data/redfish", name)
    whole = read(root)
    uri, *path = data.draw(st.sampled_from(targets(root)))
    less = dict(whole)
    if path:
        holder = less[uri] = copy.deepcopy(whole[uri])
        for key in path[:-1]:
            holder = holder[key]
        if null:
            holder[path[-1]] = None
        else:
            del holder[path[-1]]
    elif null:
        less[uri] = None
    else:
        del less[uri]
    before, after = identity(inventory(whole)), identity(inventory(less))
    for part, told in after.items():
        extra = {one for one in told - before[part] if not (isinstance(one, tuple) and one[-1] in {"", None})}
        assert not extra, (part, extra)
