"""Storage: the boot controller with its mirror, drives and volumes (R750 tree)."""

from __future__ import annotations

from typing import Any

from rackwright.twin.bmc.service.bmc import Bmc
from rackwright.twin.bmc.service.views.shape import CHASSIS, SYSTEM, collection, head, link, links

__all__ = ["controller", "controllers", "drive", "member", "storages", "volume", "volumes"]

_PATH = f"{SYSTEM}/Storage"


def _controllers(bmc: Bmc) -> list[str]:
    """Return the controllers, in the order of their drives."""
    return list(dict.fromkeys(one.controller for one in bmc.machine.hardware.drives))


def storages(bmc: Bmc) -> dict[str, Any]:
    """List the storage subsystems."""
    paths = [f"{_PATH}/{key}" for key in _controllers(bmc)]
    return collection(_PATH, "StorageCollection", "Collection Of Storage entities", paths)


def member(bmc: Bmc, key: str) -> dict[str, Any] | None:
    """Show a storage subsystem."""
    if key not in _controllers(bmc):
        return None
    path = f"{_PATH}/{key}"
    drives = [f"{path}/Drives/{one.fqdd}" for one in bmc.machine.hardware.drives if one.controller == key]
    return {
        **head(path, "Storage", "v1_15_0", key, key),
        "Controllers": link(f"{path}/Controllers"),
        **links("Drives", drives),
        "Links": links("Enclosures", [CHASSIS]),
        "Status": bmc.status(rollup=True),
        "Volumes": link(f"{path}/Volumes"),
    }


def controllers(bmc: Bmc, key: str) -> dict[str, Any] | None:
    """List the controllers of a storage subsystem: one."""
    if key not in _controllers(bmc):
        return None
    path = f"{_PATH}/{key}/Controllers"
    return collection(path, "StorageControllerCollection", "Storage Controller Collection", [f"{path}/{key}"])


def controller(bmc: Bmc, key: str, name: str) -> dict[str, Any] | None:
    """Show a storage controller."""
    if key not in _controllers(bmc) or name != key:
        return None
    return {
        **head(f"{_PATH}/{key}/Controllers/{key}", "StorageController", "v1_7_0", key, "BOSS-N1"),
        "FirmwareVersion": bmc.machine.version_of(key),
        "Manufacturer": "DELL",
        "Model": "BOSS-N1",
        "Status": bmc.status(rollup=True),
        "SupportedControllerProtocols": ["PCIe"],
        "SupportedControllerProtocols@odata.count": 1,
        "SupportedRAIDTypes": ["RAID1"],
        "SupportedRAIDTypes@odata.count": 1,
    }


def drive(bmc: Bmc, key: str, name: str) -> dict[str, Any] | None:
    """Show a drive."""
    one = next((each for each in bmc.machine.hardware.drives if each.controller == key and each.fqdd == name), None)
    if one is None:
        return None
    over = [f"{_PATH}/{key}/Volumes/{each.fqdd}" for each in bmc.machine.hardware.volumes if name in each.drives]
    return {
        **head(f"{_PATH}/{key}/Drives/{name}", "Drive", "v1_17_0", name, name),
        "CapacityBytes": one.capacity_bytes,
        "FailurePredicted": False,
        "Links": {"Chassis": link(CHASSIS), "Storage": link(f"{_PATH}/{key}"), **links("Volumes", over)},
        "MediaType": "SSD",
        "Model": one.model,
        "Protocol": one.protocol,
        "SerialNumber": one.serial,
        "Status": bmc.status(rollup=True),
    }


def volumes(bmc: Bmc, key: str) -> dict[str, Any] | None:
    """List the volumes of a storage subsystem."""
    if key not in _controllers(bmc):
        return None
    path = f"{_PATH}/{key}/Volumes"
    paths = [f"{path}/{one.fqdd}" for one in bmc.machine.hardware.volumes if one.controller == key]
    return collection(path, "VolumeCollection", "Volume Collection", paths)


def volume(bmc: Bmc, key: str, name: str) -> dict[str, Any] | None:
    """Show a volume."""
    one = next((each for each in bmc.machine.hardware.volumes if each.controller == key and each.fqdd == name), None)
    if one is None:
        return None
    return {
        **head(f"{_PATH}/{key}/Volumes/{name}", "Volume", "v1_9_0", name, name),
        "CapacityBytes": one.capacity_bytes,
        "Encrypted": False,
        "Links": links("Drives", [f"{_PATH}/{key}/Drives/{each}" for each in one.drives]),
        "RAIDType": one.raid,
        "Status": bmc.status(rollup=True),
    }
