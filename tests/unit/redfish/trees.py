"""Small trees of resources in the shape of several vendors; names follow their public mockups, values are made up."""

from __future__ import annotations

from typing import Any

Resources = dict[str, Any]
ROOT = "/redfish/v1"


def link(uri: str) -> dict[str, str]:
    """Return a reference."""
    return {"@odata.id": uri}


def collection(tree: Resources, uri: str, **members: dict[str, Any]) -> dict[str, str]:
    """Put a collection and its members into a tree; return the reference to it."""
    tree[uri] = {"@odata.id": uri, "Members": [link(f"{uri}/{name}") for name in members]}
    for name, member in members.items():
        tree[f"{uri}/{name}"] = {"@odata.id": f"{uri}/{name}", "Id": name, **member}
    return link(uri)


def expanded(tree: Resources) -> Resources:
    """Return the tree as ``$expand`` gives it: members stand in their collections and nowhere else."""
    inside = {one["@odata.id"] for node in tree.values() for one in node.get("Members", ()) if one["@odata.id"] in tree}
    return {
        uri: {**node, "Members": [tree.get(one["@odata.id"], one) for one in node["Members"]]}
        if "Members" in node
        else node
        for uri, node in tree.items()
        if uri not in inside or "Members" in node or any(uri != other and other.startswith(uri + "/") for other in tree)
    }


def basis(
    tree: Resources, system: dict[str, Any], chassis: dict[str, Any], manager: dict[str, Any], **root: Any
) -> None:
    """Put the root, one host, one chassis and one BMC into a tree."""
    tree[ROOT] = {
        "@odata.id": ROOT,
        "Systems": collection(tree, f"{ROOT}/Systems", **{"1": system}),
        "Chassis": collection(tree, f"{ROOT}/Chassis", **{"1": chassis}),
        "Managers": collection(tree, f"{ROOT}/Managers", **{"1": manager}),
        **root,
    }


OK = {"State": "Enabled", "Health": "OK"}


def dell() -> Resources:
    """Return a server with two GPUs, a BOSS mirror, a BlueField-3 in slot 3 and two supplies, on an iDRAC."""
    tree: Resources = {}
    system, chassis, adapter = f"{ROOT}/Systems/1", f"{ROOT}/Chassis/1", f"{ROOT}/Chassis/1/NetworkAdapters/NIC.Slot.3"
    drives = [f"{system}/Storage/AHCI.SL.10-1/Drives/Disk.Direct.{n}-{n}:AHCI.SL.10-1" for n in (0, 1)]
    for uri in drives:
        tree[uri] = {
            "@odata.id": uri,
            "Id": uri.rpartition("/")[2],
            "CapacityBytes": 480_000_000_000,
            "Protocol": "SATA",
            "Status": OK,
        }
    storage = {
        "Drives": [link(uri) for uri in drives],
        "Controllers": link(f"{system}/Storage/AHCI.SL.10-1/Controllers"),
        "Volumes": collection(
            tree,
            f"{system}/Storage/AHCI.SL.10-1/Volumes",
            **{
                "Disk.Virtual.0:AHCI.SL.10-1": {"RAIDType": "RAID1", "CapacityBytes": 479_000_000_000, "Status": OK,
                    "Links": {"Drives": [link(uri) for uri in drives]}},
                "Disk.Direct.0-0:AHCI.SL.10-1": {"RAIDType": None, "VolumeType": "RawDevice"},
            },
        ),
    }  # fmt: skip
    function = {
        "Ethernet": {"PermanentMACAddress": "02:00:00:AA:00:01", "MACAddress": "02:00:00:AA:00:99"},
        "Oem": {
            "Dell": {
                "DellNIC": {
                    "PCIVendorID": "15b3",
                    "PCIDeviceID": "a2dc",
                    "PCISubVendorID": "15b3",
                    "PCISubDeviceID": "0051",
                }
            }
        },
    }
    basis(
        tree,
        {
            "Model": "PowerEdge XE0000", "Manufacturer": "Dell Inc.", "SKU": "ABC1234", "SerialNumber": "CN000", "PowerState": "On", "BiosVersion": "2.1.0",
            "MemorySummary": {"TotalSystemMemoryGiB": 128}, "Bios": link(f"{system}/Bios"),
            "Processors": collection(tree, f"{system}/Processors", **{
                "CPU.Socket.1": {"ProcessorType": "CPU", "Model": "Some CPU", "TotalCores": 32, "Status": OK},
                "CPU.Socket.2": {"ProcessorType": "CPU", "Status": {"State": "Absent"}},
                "Video.Slot.21-1": {"ProcessorType": "GPU", "Model": "Some GPU", "SerialNumber": "G21 ", "FirmwareVersion": "96.00", "Status": OK},
                "Video.Slot.22-1": {"ProcessorType": "GPU", "Model": "Some GPU", "SerialNumber": "G22", "Status": OK},
            }),
            "Memory": collection(tree, f"{system}/Memory", **{
                "DIMM.Socket.A1": {"CapacityMiB": 65536, "OperatingSpeedMhz": 4800, "Status": OK},
                "DIMM.Socket.A2": {"CapacityMiB": 65536, "Status": OK},
                "DIMM.Socket.A3": {"CapacityMiB": None, "Status": {"State": "Absent"}},
            }),
            "Storage": collection(tree, f"{system}/Storage", **{"AHCI.SL.10-1": storage}),
        },
        {
            "NetworkAdapters": collection(tree, f"{chassis}/NetworkAdapters", **{"NIC.Slot.3": {
                "Model": "Some DPU", "Manufacturer": "NVIDIA", "PartNumber": "900-9D3B4-00CV-EA0 ", "SerialNumber": "MT3       ", "Status": None,
                "Controllers": [{"FirmwarePackageVersion": "32.44.1036"}],
                "Ports": collection(tree, f"{adapter}/Ports", **{"NIC.Slot.3-1": {
                    "LinkStatus": "LinkUp", "CurrentSpeedGbps": 200, "Ethernet": {"AssociatedMACAddresses": ["02:00:00:AA:00:01"]}}}),
                "NetworkDeviceFunctions": collection(tree, f"{adapter}/NetworkDeviceFunctions", **{"NIC.Slot.3-1-1": function}),
            }}),
            "PCIeDevices": collection(tree, f"{chassis}/PCIeDevices", **{"23-0": {
                "SerialNumber": "MT3", "PCIeInterface": {"LanesInUse": 8, "MaxLanes": 16}, "Slot": {}}}),
            "PowerSubsystem": link(f"{chassis}/PowerSubsystem"),
        },
        {"FirmwareVersion": "7.20.10.50", "ManagerType": "BMC", "Links": {"Oem": {"Dell": {"DellAttributes": [link(f"{ROOT}/Managers/1/Attributes")]}}}},
        Vendor="Dell",
        Product="Integrated Dell Remote Access Controller",
        Oem={"Dell": {"ManagerMACAddress": "02:00:00:BB:00:01"}},
        UpdateService=link(f"{ROOT}/UpdateService"),
    )  # fmt: skip
    tree[f"{system}/Bios"] = {
        "@odata.id": f"{system}/Bios",
        "Attributes": {"LogicalProc": "Enabled", "SysPassword": "planted", "Cores": 4},
        "@Redfish.Settings": {"SettingsObject": link(f"{system}/Bios/Settings")},
    }
    tree[f"{system}/Bios/Settings"] = {"Attributes": {"LogicalProc": "Disabled"}}
    tree[f"{system}/Bios/BiosRegistry"] = {
        "@odata.type": "#AttributeRegistry.v1_3_3.AttributeRegistry",
        "Id": "BiosRegistry",
    }
    tree[f"{ROOT}/Managers/1/Attributes"] = {"Attributes": {"Lockdown.1.SystemLockdown": "Disabled"}}
    supply = {
        "PowerCapacityWatts": 3200,
        "Status": OK,
        "Oem": {"Dell": {"DellPowerSupplyView": {"RedundancyStatus": "FullyRedundant"}}},
    }
    tree[f"{chassis}/PowerSubsystem"] = {
        "PowerSupplies": collection(
            tree, f"{chassis}/PowerSubsystem/PowerSupplies", **{"PSU.Slot.1": supply, "PSU.Slot.2": supply}
        )
    }
    tree[f"{ROOT}/UpdateService"] = {
        "FirmwareInventory": collection(tree, f"{ROOT}/UpdateService/FirmwareInventory", **{
            "Installed-159-2.1.0__BIOS.Setup.1-1": {"Version": "2.1.0", "SoftwareId": "159", "Updateable": True},
            "Previous-159-2.0.0__BIOS.Setup.1-1": {"Version": "2.0.0", "SoftwareId": "159"},
        })
    }  # fmt: skip
    return tree


def hpe() -> Resources:
    """Return a server on an iLO: ids are numbers, devices stand in a collection of its own, the old System ROM is kept."""
    tree: Resources = {}
    system, chassis = f"{ROOT}/Systems/1", f"{ROOT}/Chassis/1"
    adapter = f"{chassis}/NetworkAdapters/DE000001"
    basis(
        tree,
        {
            "Model": "ProLiant DL000", "Manufacturer": "HPE", "SKU": "P00000-B21", "SerialNumber": " 2M00000001 ", "BiosVersion": "U00 v1.34 (04/18/2025)",
            "Bios": link(f"{system}/Bios/"),
            "MemorySummary": {"TotalSystemMemoryGiB": 64},
            "Processors": collection(tree, f"{system}/Processors", **{
                "1": {"ProcessorType": "CPU", "Model": "Some CPU", "TotalCores": 8, "Status": OK},
                "3": {"ProcessorType": "GPU", "Model": "Some GPU", "SerialNumber": "G3", "Status": OK}}),
        },
        {
            "NetworkAdapters": collection(tree, f"{chassis}/NetworkAdapters", DE000001={
                "Model": "HPE 2-port Adapter", "PartNumber": "P00001-001", "SerialNumber": "IL1", "Controllers": [{"FirmwarePackageVersion": "28.44.1036"}],
                "Ports": collection(tree, f"{adapter}/Ports", **{
                    "0": {"LinkStatus": "LinkUp", "CurrentSpeedGbps": 100, "Ethernet": {"AssociatedMACAddresses": ["02-00-00-CC-00-01"]}},
                    "1": {"LinkStatus": "LinkDown", "Ethernet": {"AssociatedMACAddresses": ["020000CC0002"]}}})}),
            "Power": link(f"{chassis}/Power"),
            "Oem": {"Hpe": {"Links": {"Devices": collection(tree, f"{chassis}/Devices", **{
                "5": {"Name": "Some NIC", "Location": "PCI-E Slot 3", "SerialNumber": "IL1", "DeviceType": "LOM/NIC", "FirmwareVersion": {"Current": {}}}})}}},
        },
        {"FirmwareVersion": "iLO 6 v1.55", "ManagerType": "BMC",
         "EthernetInterfaces": collection(tree, f"{ROOT}/Managers/1/EthernetInterfaces", **{"1": {"MACAddress": "02:00:00:CC:00:09"}})},
        Vendor="HPE", Oem={"Hpe": {}}, UpdateService=link(f"{ROOT}/UpdateService/"),
        Registries=collection(tree, f"{ROOT}/Registries", BiosAttributeRegistryU00={
            "Registry": "BiosAttributeRegistryU00.v1_1_34", "Location": [{"Language": "ja", "Uri": "/ja"}, {"Language": "en", "Uri": {"extref": "/store/bios/"}}]}),
    )  # fmt: skip
    tree[f"{system}/Bios"] = {"AttributeRegistry": "BiosAttributeRegistryU00.v1_1_34", "Attributes": {"A": "x"}, "@Redfish.Settings": {
        "SettingsObject": link(f"{system}/bios/settings/")}}  # fmt: skip
    tree[f"{system}/bios/settings"] = {"Attributes": {"A": "y"}}
    tree["/store/bios"] = {"RegistryEntries": {"Attributes": [{"AttributeName": "A", "Type": "String"}]}}
    tree[f"{chassis}/Power"] = {
        "PowerSupplies": [
            {"MemberId": "0", "PowerCapacityWatts": 1600, "Status": OK},
            {"MemberId": "1", "PowerCapacityWatts": 0, "Status": {"State": "Absent"}},
        ],
        "Redundancy": [{"Mode": "Failover", "Status": {"Health": "Critical"}}],
    }
    tree[f"{ROOT}/UpdateService"] = {"FirmwareInventory": collection(tree, f"{ROOT}/UpdateService/FirmwareInventory", **{
        "1": {"Name": "System ROM", "Version": "U00 v1.34 (04/18/2025)"}, "2": {"Name": "Redundant System ROM", "Version": "U00 v1.30 (01/08/2025)"}})}  # fmt: skip
    return tree


def supermicro() -> Resources:
    """Return a server whose GPUs are PCIe devices, and whose drives of two controllers share their ids."""
    tree: Resources = {}
    system, chassis = f"{ROOT}/Systems/1", f"{ROOT}/Chassis/1"
    for name in ("A", "B"):
        tree[f"{system}/Storage/{name}/Drives/0"] = {
            "@odata.id": f"{system}/Storage/{name}/Drives/0",
            "Id": "0",
            "Model": name,
            "Status": OK,
        }
    gpu = {
        "Model": "Some GPU",
        "Oem": {"Supermicro": {"GPUVendor": "NVIDIA", "GPUSlot": 3}},
        "SerialNumber": "S1",
        "FirmwareVersion": "96.00.61",
        "Status": OK,
    }
    basis(
        tree,
        {
            "Model": "SYS-000", "Manufacturer": "Supermicro", "SerialNumber": "S000", "MemorySummary": {"TotalSystemMemoryGiB": 2048},
            "Processors": collection(tree, f"{system}/Processors", **{"1": {"ProcessorType": "CPU", "TotalCores": 32}}),
            "EthernetInterfaces": collection(tree, f"{system}/EthernetInterfaces", **{"1": {"MACAddress": "02:00:00:DD:00:01", "LinkStatus": "LinkUp"}}),
            "Storage": collection(tree, f"{system}/Storage",
                A={"Drives": [link(f"{system}/Storage/A/Drives/0")], "StorageControllers": [{}], "Volumes": collection(tree, f"{system}/Storage/A/Volumes",
                    **{"1": {"VolumeType": "Mirrored", "Links": {"Drives": [link(f"{system}/Storage/A/Drives/0")]}}})},
                B={"Drives": [link(f"{system}/Storage/B/Drives/0")]}),
        },
        {"PCIeDevices": collection(tree, f"{chassis}/PCIeDevices", GPU3=gpu, NIC1={"Manufacturer": "NVIDIA", "Status": OK},
            X1={"Manufacturer": "NVIDIA", "Links": {"PCIeFunctions": [link(f"{chassis}/f")]}, "Model": "Other GPU", "SerialNumber": "S2"})},
        {"FirmwareVersion": "11.01.01"},
        Oem={"Supermicro": {}},
    )  # fmt: skip
    tree[f"{chassis}/f"] = {"@odata.id": f"{chassis}/f", "DeviceClass": "ProcessingAccelerators"}
    return tree


def nvidia() -> Resources:
    """Return a host with a GPU baseboard beside it, which lists the host's processors and memory once more."""
    tree: Resources = {}
    cpu = {"ProcessorType": "CPU", "TotalCores": 72, "Status": OK}
    gpu = {
        "ProcessorType": "GPU",
        "Name": "Processor",
        "Model": "Some GPU",
        "Location": {"PartLocation": {"ServiceLabel": "SXM1"}},
        "Status": OK,
    }
    host, board = f"{ROOT}/Systems/System_0", f"{ROOT}/Systems/HGX_Baseboard_0"
    tree[ROOT] = {
        "Vendor": "NVIDIA",
        "Systems": collection(tree, f"{ROOT}/Systems", HGX_Baseboard_0={
            "Model": "HGX", "SerialNumber": "B1", "Processors": collection(tree, f"{board}/Processors", CPU_0=cpu, GPU_SXM_1=gpu),
            "Memory": collection(tree, f"{board}/Memory", M0={"CapacityMiB": 491520}),
        }, System_0={
            "Manufacturer": "NVIDIA", "SerialNumber": "H1", "Processors": collection(tree, f"{host}/Processors", CPU_0=cpu),
            "Memory": collection(tree, f"{host}/Memory", M0={"CapacityMiB": 491520})}),
        "Managers": collection(tree, f"{ROOT}/Managers", HGX_BMC_0={"FirmwareVersion": "HGX-1", "ManagerType": "BMC"},
            BMC_0={"FirmwareVersion": "24.05-2", "ManagerType": "BMC", "EthernetInterfaces": collection(tree, f"{ROOT}/Managers/BMC_0/EthernetInterfaces",
                eth0={"MACAddress": "02:00:00:EE:00:01"}, hostusb0={"MACAddress": "02:00:00:EE:00:02"},
                vlan7={"MACAddress": "02:00:00:EE:00:03", "EthernetInterfaceType": "Virtual"})}),
        "Links": {"ManagerProvidingService": link(f"{ROOT}/Managers/BMC_0")},
    }  # fmt: skip
    return tree
