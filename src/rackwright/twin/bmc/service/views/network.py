"""Network adapters with their ports and functions, and PCIe devices (R750 tree)."""

from __future__ import annotations

from typing import Any

from rackwright.twin.bmc.machine.hardware import Nic, Port
from rackwright.twin.bmc.service.bmc import Bmc
from rackwright.twin.bmc.service.views.shape import CHASSIS, SYSTEM, collection, head, link, links, plain, status

__all__ = [
    "adapter",
    "adapters",
    "dell_nic",
    "device",
    "device_paths",
    "devices",
    "ethernet",
    "ethernets",
    "function",
    "functions",
    "interface",
    "interfaces",
    "network_port",
    "network_ports",
    "nics",
    "pcie_function",
    "pcie_functions",
    "port",
    "port_key",
    "ports",
]

_ADAPTERS = f"{CHASSIS}/NetworkAdapters"
_PCIE = f"{CHASSIS}/PCIeDevices"
_MEGA = 1000


def nics(bmc: Bmc) -> tuple[Nic, ...]:
    """Return the adapters."""
    found: tuple[Nic, ...] = bmc.machine.hardware.nics
    return found


def _nic(bmc: Bmc, key: str) -> Nic | None:
    return next((one for one in nics(bmc) if one.fqdd == key), None)


def _port(bmc: Bmc, key: str, port_id: str) -> tuple[Nic, Port] | None:
    nic = _nic(bmc, key)
    found = next((one for one in nic.ports if port_key(nic, one) == port_id), None) if nic is not None else None
    return (nic, found) if nic is not None and found is not None else None


def port_key(nic: Nic, one: Port) -> str:
    """Return the id of a port: ``NIC.Slot.2-1``, the function's without its last number where that has three."""
    if one.fqdd.count("-") > 1:
        return one.fqdd.rpartition("-")[0]
    return f"{nic.fqdd}-{one.number}"


def adapters(bmc: Bmc) -> dict[str, Any]:
    """List the adapters."""
    paths = [f"{_ADAPTERS}/{one.fqdd}" for one in nics(bmc)]
    return collection(_ADAPTERS, "NetworkAdapterCollection", "Network Adapter Collection", paths)


def adapter(bmc: Bmc, key: str) -> dict[str, Any] | None:
    """Show one adapter; Health and State are null for a card that the iDRAC does not judge."""
    nic = _nic(bmc, key)
    if nic is None:
        return None
    path = f"{_ADAPTERS}/{key}"
    functions_of = [f"{path}/NetworkDeviceFunctions/{one.fqdd}" for one in nic.ports]
    ports_of = [f"{path}/NetworkPorts/{port_key(nic, one)}" for one in nic.ports]
    return {
        **head(path, "NetworkAdapter", "v1_9_0", key, "Network Adapter View"),
        "Controllers": [
            {
                "ControllerCapabilities": {
                    "DataCenterBridging": {"Capable": True},
                    "NetworkDeviceFunctionCount": len(nic.ports),
                    "NetworkPortCount": len(nic.ports),
                },
                "FirmwarePackageVersion": bmc.machine.nic_version(nic),
                "Links": {**links("NetworkDeviceFunctions", functions_of), **links("NetworkPorts", ports_of)},
            }
        ],
        "Controllers@odata.count": 1,
        "Manufacturer": nic.manufacturer,
        "Model": nic.model,
        "NetworkDeviceFunctions": link(f"{path}/NetworkDeviceFunctions"),
        "NetworkPorts": link(f"{path}/NetworkPorts"),
        "Ports": link(f"{path}/Ports"),
        "PartNumber": nic.part,
        "SerialNumber": nic.serial,
        "Status": bmc.status(rollup=True),
    }


def ports(bmc: Bmc, key: str) -> dict[str, Any] | None:
    """List the ports of an adapter."""
    nic = _nic(bmc, key)
    if nic is None:
        return None
    path = f"{_ADAPTERS}/{key}/Ports"
    return collection(path, "PortCollection", "Port Collection", [f"{path}/{port_key(nic, one)}" for one in nic.ports])


def port(bmc: Bmc, key: str, port_id: str) -> dict[str, Any] | None:
    """Show a port: its link is the cable's."""
    found = _port(bmc, key, port_id)
    if found is None:
        return None
    nic, one = found
    up = bmc.machine.link(one)
    return {
        **head(f"{_ADAPTERS}/{key}/Ports/{port_id}", "Port", "v1_9_0", port_id, "Network Interface Card Port View"),
        "CurrentSpeedGbps": one.speed_mbps // _MEGA if up else 0,
        "Ethernet": {"AssociatedMACAddresses": [one.mac.upper()], "WakeOnLANEnabled": None},
        "LinkNetworkTechnology": "Ethernet",
        "LinkStatus": "LinkUp" if up else "LinkDown",
        "PortId": str(nic.slot or one.number),
        "Status": bmc.status(rollup=True),
    }


def network_ports(bmc: Bmc, key: str) -> dict[str, Any] | None:
    """List the ports in the older way."""
    nic = _nic(bmc, key)
    if nic is None:
        return None
    path = f"{_ADAPTERS}/{key}/NetworkPorts"
    members = [f"{path}/{port_key(nic, one)}" for one in nic.ports]
    return collection(path, "NetworkPortCollection", "Network Port Collection", members)


def network_port(bmc: Bmc, key: str, port_id: str) -> dict[str, Any] | None:
    """Show a port in the older way."""
    found = _port(bmc, key, port_id)
    if found is None:
        return None
    _, one = found
    up = bmc.machine.link(one)
    return {
        **head(f"{_ADAPTERS}/{key}/NetworkPorts/{port_id}", "NetworkPort", "v1_4_1", port_id, "Network Port View"),
        "ActiveLinkTechnology": "Ethernet",
        "AssociatedNetworkAddresses": [one.mac.upper()],
        "CurrentLinkSpeedMbps": one.speed_mbps if up else 0,
        "LinkStatus": "Up" if up else "Down",
        "PhysicalPortNumber": str(one.number),
        "Status": bmc.status(rollup=True),
    }


def functions(bmc: Bmc, key: str) -> dict[str, Any] | None:
    """List the functions of an adapter: one a port."""
    nic = _nic(bmc, key)
    if nic is None:
        return None
    path = f"{_ADAPTERS}/{key}/NetworkDeviceFunctions"
    members = [f"{path}/{one.fqdd}" for one in nic.ports]
    return collection(path, "NetworkDeviceFunctionCollection", "Network Device Function Collection", members)


def function(bmc: Bmc, key: str, function_id: str) -> dict[str, Any] | None:
    """Show a function with Dell's own view of the adapter."""
    nic = _nic(bmc, key)
    one = next((each for each in nic.ports if each.fqdd == function_id), None) if nic is not None else None
    if nic is None or one is None:
        return None
    path = f"{_ADAPTERS}/{key}"
    mac = one.mac.upper()
    return {
        **head(f"{path}/NetworkDeviceFunctions/{function_id}", "NetworkDeviceFunction", "v1_9_0", function_id,
               "NetworkDeviceFunction"),
        "AssignablePhysicalNetworkPorts": [link(f"{path}/Ports/{port_key(nic, one)}")],
        "Ethernet": {"MACAddress": mac, "MTUSize": None, "PermanentMACAddress": mac, "VLAN": {"VLANEnable": False, "VLANId": 1}},
        "Links": {
            "PhysicalNetworkPortAssignment": link(f"{path}/Ports/{port_key(nic, one)}"),
            "PhysicalPortAssignment": link(f"{path}/NetworkPorts/{port_key(nic, one)}"),
        },
        "NetDevFuncType": "Ethernet",
        "Oem": {"Dell": {"@odata.type": "#DellOem.v1_3_0.DellOemResources", "DellNIC": _dell(bmc, nic, one)}},
        "Status": bmc.status(rollup=True),
    }  # fmt: skip


def dell_nic(bmc: Bmc, key: str, function_id: str, name: str) -> dict[str, Any] | None:
    """Show Dell's own view of a port by itself."""
    shown = function(bmc, key, function_id) if name == function_id else None
    found: dict[str, Any] | None = shown["Oem"]["Dell"]["DellNIC"] if shown is not None else None
    return found


def _dell(bmc: Bmc, nic: Nic, one: Port) -> dict[str, Any]:
    vendor, chip, sub_vendor, sub_device = (part.lower() for part in nic.pci)
    path = f"{_ADAPTERS}/{nic.fqdd}/NetworkDeviceFunctions/{one.fqdd}/Oem/Dell/DellNIC/{one.fqdd}"
    where = f"NIC in Slot {nic.slot} Port {one.number}" if nic.slot else f"Embedded NIC Port {one.number}"
    return {
        **plain(path, "DellNIC", "v1_7_0", one.fqdd, "DellNIC"),
        "DeviceDescription": where,
        "FQDD": one.fqdd,
        "FamilyVersion": bmc.machine.nic_version(nic),
        "InstanceID": one.fqdd,
        "PCIDeviceID": chip,
        "PCISubDeviceID": sub_device,
        "PCISubVendorID": sub_vendor,
        "PCIVendorID": vendor,
        "PartNumber": nic.part,
        "ProductName": f"{nic.model} - {one.mac.upper()}",
        "SerialNumber": nic.serial,
    }


# --- the system's view ---------------------------------------------------------------------------------


def interfaces(bmc: Bmc) -> dict[str, Any]:
    """List the system's network interfaces: one an adapter."""
    path = f"{SYSTEM}/NetworkInterfaces"
    paths = [f"{path}/{one.fqdd}" for one in nics(bmc)]
    return collection(path, "NetworkInterfaceCollection", "Network Device View Collection", paths)


def interface(bmc: Bmc, key: str) -> dict[str, Any] | None:
    """Show the system's view of an adapter."""
    if _nic(bmc, key) is None:
        return None
    return {
        **head(f"{SYSTEM}/NetworkInterfaces/{key}", "NetworkInterface", "v1_2_1", key, "Network Device View"),
        "Links": {"NetworkAdapter": link(f"{_ADAPTERS}/{key}")},
        "NetworkDeviceFunctions": link(f"{_ADAPTERS}/{key}/NetworkDeviceFunctions"),
        "NetworkPorts": link(f"{_ADAPTERS}/{key}/NetworkPorts"),
        "Status": bmc.status(rollup=True),
    }


def ethernets(bmc: Bmc) -> dict[str, Any]:
    """List the Ethernet interfaces of the host."""
    path = f"{SYSTEM}/EthernetInterfaces"
    paths = [f"{path}/{one.fqdd}" for nic in nics(bmc) for one in nic.ports]
    return collection(path, "EthernetInterfaceCollection", "System Ethernet Interface Collection", paths)


def ethernet(bmc: Bmc, key: str) -> dict[str, Any] | None:
    """Show an Ethernet interface of the host."""
    for nic in nics(bmc):
        for one in nic.ports:
            if one.fqdd == key:
                up = bmc.machine.link(one)
                return {
                    **head(
                        f"{SYSTEM}/EthernetInterfaces/{key}",
                        "EthernetInterface",
                        "v1_10_0",
                        key,
                        "System Ethernet Interface",
                    ),
                    "EthernetInterfaceType": "Physical",
                    "LinkStatus": "LinkUp" if up else "LinkDown",
                    "Links": {"Chassis": link(CHASSIS)},
                    "MACAddress": one.mac.upper(),
                    "PermanentMACAddress": one.mac.upper(),
                    "SpeedMbps": one.speed_mbps if up else 0,
                    "Status": bmc.status(),
                }
    return None


# --- PCIe ---------------------------------------------------------------------------------------------


def _slots(bmc: Bmc) -> dict[str, tuple[Any, bool]]:
    """Return what sits where: PCIe device id -> (adapter or GPU, is an adapter). Bus numbers are made up by rule [assumed]."""
    hardware = bmc.machine.hardware
    found: dict[str, tuple[Any, bool]] = {f"{20 + at}-0": (nic, True) for at, nic in enumerate(hardware.nics)}
    found.update({f"{120 + at}-0": (gpu, False) for at, gpu in enumerate(hardware.gpus)})
    return found


def devices(bmc: Bmc) -> dict[str, Any]:
    """List the PCIe devices."""
    return collection(_PCIE, "PCIeDeviceCollection", "PCIeDevice Collection", [f"{_PCIE}/{key}" for key in _slots(bmc)])


def device_paths(bmc: Bmc) -> list[str]:
    """Return where the PCIe devices lie."""
    return [f"{_PCIE}/{key}" for key in _slots(bmc)]


def device(bmc: Bmc, key: str) -> dict[str, Any] | None:
    """Show a PCIe device; the lanes in use tell a card that runs at half its width."""
    if key not in _slots(bmc):
        return None
    part, is_nic = _slots(bmc)[key]
    path = f"{_PCIE}/{key}"
    made: dict[str, Any] = {
        **head(path, "PCIeDevice", "v1_11_1", key, part.model),
        "AssetTag": None,
        "DeviceType": "SingleFunction",
        "FirmwareVersion": bmc.machine.nic_version(part) if is_nic else bmc.machine.gpu_version(part),
        "Links": links("Chassis", [CHASSIS]),
        "Manufacturer": part.manufacturer if is_nic else "NVIDIA Corporation",
        "Model": part.model,
        "PCIeFunctions": link(f"{path}/PCIeFunctions"),
        "PartNumber": part.part if is_nic else None,
        "SKU": None,
        "SerialNumber": part.serial,
        "Status": bmc.status(rollup=True),
    }
    if part.slot:
        lanes = part.lanes if is_nic else 16
        made["PCIeInterface"] = {
            "LanesInUse": bmc.machine.lanes(part) if is_nic else lanes,
            "MaxLanes": lanes,
            "MaxPCIeType": "Gen5",
            "PCIeType": "Gen5",
        }
        place = {"PartLocation": {"LocationOrdinalValue": part.slot, "LocationType": "Slot"}}
        made["Slot"] = {"Lanes": lanes, "Location": place, "PCIeType": "Gen5", "SlotType": "FullLength"}
    return made


def pcie_functions(bmc: Bmc, key: str) -> dict[str, Any] | None:
    """List the functions of a PCIe device."""
    if key not in _slots(bmc):
        return None
    path = f"{_PCIE}/{key}/PCIeFunctions"
    return collection(path, "PCIeFunctionCollection", "PCIeFunction Collection", [f"{path}/{key}-0"])


def pcie_function(bmc: Bmc, key: str, function_id: str) -> dict[str, Any] | None:
    """Show a function of a PCIe device with its ids."""
    if key not in _slots(bmc) or function_id != f"{key}-0":
        return None
    part, is_nic = _slots(bmc)[key]
    # NVIDIA's vendor id; a GPU's device id is told by no source of ours, so none is shown.
    ids = part.pci if is_nic else ("10DE", "", "10DE", "")
    names = ("VendorId", "DeviceId", "SubsystemVendorId", "SubsystemId")
    ports_of = [f"{SYSTEM}/EthernetInterfaces/{one.fqdd}" for one in part.ports] if is_nic else []
    return {
        **head(f"{_PCIE}/{key}/PCIeFunctions/{function_id}", "PCIeFunction", "v1_5_0", function_id, part.model),
        **{name: f"0x{value.lower()}" for name, value in zip(names, ids, strict=True) if value},
        "ClassCode": "0x020000" if is_nic else "0x030200",
        "DeviceClass": "NetworkController" if is_nic else "DisplayController",
        "FunctionId": 0,
        "FunctionType": "Physical",
        "Links": {**links("EthernetInterfaces", ports_of), "PCIeDevice": link(f"{_PCIE}/{key}")},
        "Status": status(rollup=True),
    }
