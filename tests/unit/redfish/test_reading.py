"""Resources of any vendor become one inventory; what is not told is unknown, and never made up."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackwright.redfish.inventory import Bios, Gpu, Inventory, Nic, NicPort, Psu
from rackwright.redfish.reading import inventory, ports, registry
from tests.unit.redfish import trees
from tests.unit.redfish.trees import ROOT, Resources, collection, expanded, link

TREES = [trees.dell, trees.hpe, trees.supermicro, trees.nvidia]
MAKERS = pytest.mark.parametrize("make", TREES, ids=lambda make: make.__name__)


def test_an_idrac_is_read_whole() -> None:
    """A part of a Dell server was lost, or read wrongly."""
    found = inventory(trees.dell())
    assert (found.model, found.service_tag, found.bmc_kind, found.bmc_version) == (
        "PowerEdge XE0000",
        "ABC1234",
        "idrac",
        "7.20.10.50",
    )
    assert (found.bios_version, found.power, found.memory_mib, found.lockdown) == ("2.1.0", "On", 131072, False)
    assert found.bmc_macs == ("02:00:00:bb:00:01",)
    assert [one.fqdd for one in found.cpus] == ["CPU.Socket.1"]
    assert [(one.fqdd, one.capacity_mib) for one in found.dimms] == [
        ("DIMM.Socket.A1", 65536),
        ("DIMM.Socket.A2", 65536),
    ]
    assert found.gpus[0] == Gpu(
        fqdd="Video.Slot.21-1", model="Some GPU", serial="G21", slot="21", firmware="96.00", health="OK"
    )
    assert len(found.gpus) == 2
    assert found.nics == (
        Nic(
            fqdd="NIC.Slot.3",
            slot=3,
            model="Some DPU",
            manufacturer="NVIDIA",
            part="900-9D3B4-00CV-EA0",
            serial="MT3",
            firmware="32.44.1036",
            pci=("15B3", "A2DC", "15B3", "0051"),
            lanes=8,
            lanes_max=16,
            ports=(
                NicPort(
                    fqdd="NIC.Slot.3-1-1",
                    number=1,
                    macs=("02:00:00:aa:00:01", "02:00:00:aa:00:99"),
                    link="up",
                    speed_mbps=200_000,
                ),
            ),
        ),
    )
    assert found.psus[0] == Psu(fqdd="PSU.Slot.1", watts=3200, health="OK")
    assert found.psu_redundancy == "FullyRedundant"
    assert [(one.fqdd, one.status) for one in found.software] == [
        ("BIOS.Setup.1-1", "installed"),
        ("BIOS.Setup.1-1", "kept"),
    ]
    assert found.untold == ()


def test_the_mirror_of_a_boss_is_told_with_its_drives() -> None:
    """A mirror was not told from a drive by itself, or its drives are not those of the inventory."""
    found = inventory(trees.dell())
    (volume,) = found.volumes
    assert volume.raid == "RAID1"
    assert set(volume.drives) == {one.fqdd for one in found.drives}
    assert {one.controller for one in found.drives} == {volume.controller}


def test_bios_has_what_is_staged_and_no_password() -> None:
    """What waits for a reboot is not shown, or a password travels in the inventory."""
    tree = trees.dell()
    bios = inventory(tree).bios
    assert bios == Bios(
        attributes={"LogicalProc": "Enabled", "Cores": 4},
        pending={"LogicalProc": "Disabled"},
        registry=f"{ROOT}/Systems/1/Bios/BiosRegistry",
    )
    tree[f"{ROOT}/Systems/1/Bios/Settings"]["Attributes"] = {
        "LogicalProc": "Disabled",
        "Cores": 4,
        "SysPassword": "planted",
    }
    again = inventory(tree).bios
    assert again is not None
    assert again.pending == {"LogicalProc": "Disabled"}
    assert b"planted" not in msgspec.json.encode(inventory(tree))


def test_an_ilo_is_read_as_far_as_it_tells() -> None:
    """A server of HPE is read as if it were Dell's, or not at all."""
    tree = trees.hpe()
    found = inventory(tree)
    assert (found.bmc_kind, found.service_tag, found.memory_mib) == ("hpe", "2M00000001", 65536)
    (nic,) = found.nics
    assert (nic.slot, nic.firmware, nic.part) == (3, "28.44.1036", "P00001-001")
    assert [(one.number, one.macs, one.link) for one in nic.ports] == [
        (1, ("02:00:00:cc:00:01",), "up"),
        (2, ("02:00:00:cc:00:02",), "down"),
    ]
    assert [(one.fqdd, one.present) for one in found.psus] == [("0", True), ("1", False)]
    assert found.psu_redundancy == "Critical"
    assert [(one.name, one.status) for one in found.software] == [
        ("System ROM", "installed"),
        ("Redundant System ROM", "kept"),
    ]
    assert found.bios == Bios(attributes={"A": "x"}, pending={"A": "y"}, registry="/store/bios")
    assert list(registry(tree, found.bios).attributes) == ["A"]
    assert found.lockdown is None


def test_gpus_are_found_among_pcie_devices() -> None:
    """GPUs that are no processors to their BMC are missing, or every card of their maker is one."""
    found = inventory(trees.supermicro())
    assert [(one.fqdd, one.slot, one.model) for one in found.gpus] == [
        ("GPU3", "3", "Some GPU"),
        ("X1", "", "Other GPU"),
    ]


def test_ids_that_two_controllers_use_are_told_apart() -> None:
    """Two drives became one, or a mirror names the other one's."""
    found = inventory(trees.supermicro())
    assert [one.fqdd for one in found.drives] == ["A/0", "B/0"]
    assert [(one.fqdd, one.raid, one.drives) for one in found.volumes] == [("1", "RAID1", ("A/0",))]


def test_a_bmc_without_adapters_tells_its_interfaces() -> None:
    """The addresses of a server are lost where its BMC lists interfaces only."""
    (nic,) = inventory(trees.supermicro()).nics
    assert nic.ports == (NicPort(fqdd="1", number=1, macs=("02:00:00:dd:00:01",), link="up"),)


def test_a_baseboard_beside_the_host_counts_for_gpus_only() -> None:
    """Processors and memory that two systems list were counted twice, or the baseboard was taken for the host."""
    found = inventory(trees.nvidia())
    assert (found.service_tag, found.model, found.bmc_version) == ("H1", "HGX", "24.05-2")
    assert len(found.cpus) == 1
    assert found.memory_mib == 491520
    assert [(one.model, one.slot) for one in found.gpus] == [("Some GPU", "SXM1")]
    assert found.bmc_macs == ("02:00:00:ee:00:01",)


@MAKERS
def test_expanded_collections_read_the_same(make: Any) -> None:
    """What came with $expand reads otherwise than what was fetched member by member."""
    tree = make()
    assert len(expanded(tree)) < len(tree)
    assert inventory(expanded(tree)) == inventory(tree)


@MAKERS
def test_pages_and_slashes_read_the_same(make: Any) -> None:
    """The second page of a collection was lost, or a slash at the end of a link led nowhere."""
    tree = make()
    paged = copy.deepcopy(tree)
    for uri, node in tree.items():
        if len(node.get("Members", ())) > 1:
            paged[uri] = {**node, "Members": node["Members"][:1], "Members@odata.nextLink": f"{uri}/?$skip=1"}
            paged[f"{uri}/?$skip=1"] = {"Members": [link(one["@odata.id"] + "/") for one in node["Members"][1:]]}
    assert inventory(paged) == inventory(tree)


def test_what_is_linked_and_missing_is_told() -> None:
    """Missing evidence passed for an empty slot."""
    tree = trees.dell()
    for uri in (f"{ROOT}/Systems/1/Processors", f"{ROOT}/Chassis/1/NetworkAdapters/NIC.Slot.3"):
        del tree[uri]
    found = inventory({uri: node for uri, node in tree.items() if "/Processors/" not in uri})
    assert found.cpus == found.gpus == found.nics == ()
    assert [one.partition(": ")[0] for one in found.untold] == [
        f"{ROOT}/Systems/1/Processors",
        f"{ROOT}/Chassis/1/NetworkAdapters/NIC.Slot.3",
    ]


def test_what_was_not_asked_is_no_gap() -> None:
    """Reading one topic alone would report all others as missing."""
    tree = trees.dell()
    asked = {
        uri: tree[uri]
        for uri in (ROOT, f"{ROOT}/Systems", f"{ROOT}/Systems/1", f"{ROOT}/Managers", f"{ROOT}/Managers/1")
    }
    found = inventory(asked)
    assert found.untold == ()
    assert found.service_tag == "ABC1234"


def test_errors_of_the_driver_are_told_one_sentence_a_collection() -> None:
    """What the driver asked for in vain is lost, or fills the report with each of a hundred jobs."""
    errors = {f"{ROOT}/JobService/Jobs/JID_{number}": "it has it not" for number in range(100)} | {
        f"{ROOT}/Systems/1/Bios": "timed out"
    }
    untold = inventory({**trees.dell(), "#errors": errors}).untold
    assert untold == (
        f"{ROOT}/JobService/Jobs: 100 of its members are not told, the first since: it has it not",
        f"{ROOT}/Systems/1/Bios: timed out",
    )


def test_what_the_driver_reads_for_an_idrac_is_enough() -> None:
    """Without the functions and ports of each adapter, slots, addresses or PCI ids are lost: they are in what is read anyway."""
    tree = {
        uri: node
        for uri, node in trees.dell().items()
        if "/NIC.Slot.3/" not in uri and not uri.endswith(("UpdateService", "PowerSubsystem"))
    }
    tree[f"{ROOT}/Systems/1"]["EthernetInterfaces"] = collection(tree, f"{ROOT}/Systems/1/EthernetInterfaces", **{
        "NIC.Slot.3-1-1": {"PermanentMACAddress": "02:00:00:AA:00:01", "LinkStatus": "LinkUp", "SpeedMbps": 200000}})  # fmt: skip
    rows = f"{ROOT}/UpdateService/FirmwareInventory"
    tree[rows]["Members"].append(link(f"{rows}/Installed-0-32.44.1036__NIC.Slot.3-1"))
    tree[f"{rows}/Installed-0-32.44.1036__NIC.Slot.3-1"] = {
        "Id": "Installed-0-32.44.1036__NIC.Slot.3-1",
        "Oem": {"Dell": {"DellSoftwareInventory": {"IdentityInfoValue": ["DCIM:firmware:15B3:A2DC:15B3:0051"]}}},
    }
    found = inventory(tree)
    (nic,) = found.nics
    assert (nic.slot, nic.pci) == (3, ("15B3", "A2DC", "15B3", "0051"))
    assert nic.ports == (
        NicPort(fqdd="NIC.Slot.3-1-1", number=1, macs=("02:00:00:aa:00:01",), link="up", speed_mbps=200_000),
    )
    assert len(found.psus) == 2
    assert found.untold == ()


@pytest.mark.parametrize(
    "resources",
    [{}, {ROOT: None}, {ROOT: {"Systems": []}}, {ROOT: {}, "#errors": "no mapping"}, {ROOT: {"Systems": link(ROOT)}}],
)
def test_nothing_is_read_as_nothing(resources: Resources) -> None:
    """An empty answer made the reading fail, or gave a machine."""
    found = inventory(resources)
    assert msgspec.structs.replace(found, untold=()) == Inventory()
    assert any("no computer system is told" in one for one in found.untold)


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every node of a JSON value."""
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path] * bool(path) + [each for key, value in inside for each in places(value, (*path, key))]


@given(st.data(), st.sampled_from(TREES), st.sampled_from([None, "", [], {}, "NotAvailable", -1, 1e400, "x", True]))
def test_any_node_may_be_anything(data: st.DataObject, make: Any, value: Any) -> None:
    """One odd value in a BMC's answer made the reading fail."""
    tree = copy.deepcopy(make())
    *path, last = data.draw(st.sampled_from(places(tree)))
    holder: Any = tree
    for key in path:
        holder = holder[key]
    holder[last] = value
    found = inventory(tree)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Inventory, strict=False).bmc_kind == found.bmc_kind
    registry(tree, found.bios)


@MAKERS
def test_ports_are_what_the_inventory_tells_of_them(make: Any) -> None:
    """A look at links sees other ports, or another power, than a reading of everything."""
    found, whole = ports(make()), inventory(make())
    assert found.power == whole.power
    assert [(nic.fqdd, nic.ports) for nic in found.nics] == [(nic.fqdd, nic.ports) for nic in whole.nics]
