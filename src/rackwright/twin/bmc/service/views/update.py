"""UpdateService and the two inventories (redfish.md 2.5)."""

from __future__ import annotations

from typing import Any

from rackwright.twin.bmc.service.bmc import Bmc
from rackwright.twin.bmc.service.views.shape import ROOT, collection, head, link, status

__all__ = ["INVENTORY", "inventory", "item", "software", "update_service"]

_PATH = f"{ROOT}/UpdateService"
INVENTORY = f"{_PATH}/FirmwareInventory"


def update_service(bmc: Bmc) -> dict[str, Any]:  # noqa: ARG001 - every resource takes the BMC
    """Show UpdateService."""
    actions = f"{_PATH}/Actions"
    times = {
        "@odata.type": "#Settings.v1_3_5.OperationApplyTimeSupport",
        "SupportedValues": ["Immediate", "OnReset", "OnStartUpdateRequest"],
    }
    return {
        **head(_PATH, "UpdateService", "v1_11_3", "UpdateService", "Update Service"),
        "Actions": {
            "#UpdateService.SimpleUpdate": {
                "@Redfish.OperationApplyTimeSupport": times,
                "TransferProtocol@Redfish.AllowableValues": ["HTTP", "NFS", "CIFS", "TFTP", "HTTPS"],
                "target": f"{actions}/UpdateService.SimpleUpdate",
            },
            "Oem": {
                "DellUpdateService.v1_1_0#DellUpdateService.Install": {
                    "InstallUpon@Redfish.AllowableValues": ["Now", "NowAndReboot", "NextReboot"],
                    "target": f"{actions}/Oem/DellUpdateService.Install",
                }
            },
        },
        "FirmwareInventory": link(INVENTORY),
        "HttpPushUri": INVENTORY,
        "MaxImageSizeBytes": None,
        "MultipartHttpPushUri": f"{_PATH}/MultipartUpload",
        "ServiceEnabled": True,
        "SoftwareInventory": link(f"{_PATH}/SoftwareInventory"),
        "Status": status(),
    }


def inventory(bmc: Bmc) -> dict[str, Any]:
    """List the firmware: Current-, Installed-, Previous-, Available- rows, by id."""
    paths = sorted(f"{INVENTORY}/{one.id}" for one in bmc.machine.firmware.inventory())
    return collection(INVENTORY, "SoftwareInventoryCollection", "Firmware Inventory Collection", paths)


def software(bmc: Bmc) -> dict[str, Any]:  # noqa: ARG001 - as above
    """List the software: nothing, as on the R750."""
    return collection(f"{_PATH}/SoftwareInventory", "SoftwareInventoryCollection", "Software Inventory Collection", ())


def item(bmc: Bmc, key: str) -> dict[str, Any] | None:
    """Show one row of the firmware inventory with Dell's identity of the component."""
    row = bmc.machine.firmware.row(key)
    if row is None:
        return None
    part = row.component
    vendor, device, sub_vendor, sub_device = part.pci
    kind = ":VendorID:DeviceID:SubVendorID:SubDeviceID" if vendor else ":ComponentID"
    word = key.partition("-")[0]
    return {
        **head(f"{INVENTORY}/{key}", "SoftwareInventory", "v1_9_0", key, part.name, "Represents Firmware Inventory"),
        "Oem": {
            "Dell": {
                "@odata.type": "#DellOem.v1_3_0.DellOemResources",
                "DellSoftwareInventory": {
                    "@odata.type": "#DellSoftwareInventory.v1_2_0.DellSoftwareInventory",
                    "Classifications": ["BIOS/FCode" if part.kind == "BIOS" else "Firmware"],
                    "ComponentID": part.software_id,
                    "ComponentType": part.kind,
                    "DeviceID": device or None,
                    "ElementName": part.name,
                    "Id": f"DCIM:{word.upper()}__{part.fqdd}",
                    "IdentityInfoType": [f"OrgID:ComponentType{kind}"],
                    "IdentityInfoValue": [part.identity],
                    "Name": "DellSoftwareInventory",
                    # Captured for BlueField-3 and for BIOS alike, which says how little it is worth (redfish.md 0 item 4).
                    "PLDMFDPCapabilitiesDuringUpdate": "0x00000000",
                    "SidebandUpdateCapable": False,
                    "Status": row.status,
                    "SubDeviceID": sub_device or None,
                    "SubVendorID": sub_vendor or None,
                    "VendorID": vendor or None,
                },
            }
        },
        "ReleaseDate": part.released,
        "SoftwareId": part.software_id,
        "Status": bmc.status(),
        "Updateable": part.updateable,
        "Version": row.version,
    }
