"""The chassis and its power supplies, in the newer and in the older way (R750 tree)."""

from __future__ import annotations

from typing import Any

from rackwright.twin.bmc.machine.hardware import Psu
from rackwright.twin.bmc.service.bmc import Bmc
from rackwright.twin.bmc.service.views import network
from rackwright.twin.bmc.service.views.shape import (
    CHASSIS,
    MANAGER,
    ROOT,
    SYSTEM,
    collection,
    head,
    link,
    links,
    status,
)

__all__ = ["chassis", "chassis_list", "power", "power_subsystem", "power_supplies", "power_supply"]

_SUPPLIES = f"{CHASSIS}/PowerSubsystem/PowerSupplies"


def chassis_list(bmc: Bmc) -> dict[str, Any]:  # noqa: ARG001 - every resource takes the BMC
    """List the chassis: one."""
    return collection(f"{ROOT}/Chassis", "ChassisCollection", "Collection of Chassis", [CHASSIS])


def chassis(bmc: Bmc) -> dict[str, Any]:
    """Show the chassis."""
    hardware = bmc.machine.hardware
    actions = f"{CHASSIS}/Actions"
    return {
        **head(CHASSIS, "Chassis", "v1_23_0", "System.Embedded.1", "Computer System Chassis"),
        "Actions": {
            "#Chassis.Reset": {
                "ResetType@Redfish.AllowableValues": ["On", "ForceOff", "PowerCycle"],
                "target": f"{actions}/Chassis.Reset",
            },
            "Oem": {
                "#DellOemChassis.ExtendedReset": {
                    "FinalPowerState@Redfish.AllowableValues": ["On", "Off"],
                    "ResetType@Redfish.AllowableValues": ["PowerCycle"],
                    "target": f"{actions}/Oem/DellOemChassis.ExtendedReset",
                }
            },
        },
        "AssetTag": None,
        "ChassisType": "RackMount",
        "IndicatorLED": "Lit",
        "Links": {
            **links("ComputerSystems", [SYSTEM]),
            **links("ManagedBy", [MANAGER]),
            **links("ManagersInChassis", [MANAGER]),
            **links("PCIeDevices", network.device_paths(bmc)),
        },
        "LocationIndicatorActive": False,
        "Manufacturer": "Dell Inc.",
        "Model": hardware.model,
        "NetworkAdapters": link(f"{CHASSIS}/NetworkAdapters"),
        "PCIeDevices": link(f"{CHASSIS}/PCIeDevices"),
        "Power": link(f"{CHASSIS}/Power"),
        "PowerState": bmc.machine.power,
        "PowerSubsystem": link(f"{CHASSIS}/PowerSubsystem"),
        "SKU": bmc.machine.service_tag,
        "SerialNumber": hardware.serial,
        "Status": bmc.status(rollup=True),
        "UUID": hardware.uuid,
    }


def _psus(bmc: Bmc) -> list[Psu]:
    found: list[Psu] = bmc.machine.hardware.psus
    return found


def _redundant(bmc: Bmc) -> bool:
    return sum(one.present for one in _psus(bmc)) == len(_psus(bmc))


def _status(one: Psu) -> dict[str, Any]:
    return status() if one.present else status("Critical", "UnavailableOffline")


def power_subsystem(bmc: Bmc) -> dict[str, Any]:
    """Show the power subsystem."""
    path = f"{CHASSIS}/PowerSubsystem"
    health = "OK" if _redundant(bmc) else "Critical"
    return {
        **head(path, "PowerSubsystem", "v1_1_0", "PowerSubsystem", "Power Subsystem for Chassis"),
        "CapacityWatts": float(sum(one.watts or 0 for one in _psus(bmc))),
        "PowerSupplies": link(_SUPPLIES),
        "PowerSupplyRedundancy": [],
        "Status": status(health),
    }


def power_supplies(bmc: Bmc) -> dict[str, Any]:
    """List the power supplies."""
    paths = [f"{_SUPPLIES}/{one.fqdd}" for one in _psus(bmc)]
    return collection(_SUPPLIES, "PowerSupplyCollection", "Power Supply Collection", paths)


def power_supply(bmc: Bmc, key: str) -> dict[str, Any] | None:
    """Show a power supply."""
    one = next((each for each in _psus(bmc) if each.fqdd == key), None)
    if one is None:
        return None
    return {
        **head(f"{_SUPPLIES}/{key}", "PowerSupply", "v1_5_1", key, f"PS{key.rpartition('.')[2]} Status"),
        "FirmwareVersion": bmc.machine.version_of(key),
        "HotPluggable": True,
        "InputNominalVoltageType": "AC200To240V",
        "LineInputStatus": "Normal" if one.present else "LossOfInput",
        "Manufacturer": "DELL",
        "Model": f"PWR SPLY,{one.watts}W,RDNT" if one.watts else "PWR SPLY,RDNT",
        "Oem": {"Dell": {"@odata.type": "#DellOemPower.v1_0_0.DellOemPower", "DellPowerSupplyView": _said(bmc, one)}},
        "PowerCapacityWatts": float(one.watts) if one.watts else None,
        "PowerSupplyType": "AC",
        "SerialNumber": one.serial,
        "Status": _status(one),
    }


def power(bmc: Bmc) -> dict[str, Any]:
    """Show the power supplies in the older way."""
    path = f"{CHASSIS}/Power"
    supplies = [_older(bmc, at, one) for at, one in enumerate(_psus(bmc))]
    return {
        **head(path, "Power", "v1_7_1", "Power", "Power"),
        "PowerControl": [
            {
                "@odata.id": f"{path}#/PowerControl/0",
                "@odata.type": "#Power.v1_7_1.PowerControl",
                "MemberId": "0",
                "Name": "System Power Control",
                "PowerCapacityWatts": float(sum(one.watts or 0 for one in _psus(bmc))),
            }
        ],
        "PowerControl@odata.count": 1,
        "PowerSupplies": supplies,
        "PowerSupplies@odata.count": len(supplies),
        "Redundancy": [],
        "Redundancy@odata.count": 0,
        "Voltages": [],
        "Voltages@odata.count": 0,
    }


def _view(bmc: Bmc, one: Psu) -> dict[str, Any]:
    """Show Dell's own view; a redundancy that is known is told here alone, in words of Dell's profile [assumed]: both captures say Unknown."""
    return {
        "@odata.type": "#DellPowerSupplyView.v1_3_0.DellPowerSupplyView",
        "Id": one.fqdd,
        "Name": "DellPowerSupplyView",
        **_said(bmc, one),
    }


def _said(bmc: Bmc, one: Psu) -> dict[str, Any]:
    return {
        "DetailedState": "Presence Detected" if one.present else "Absent",
        "DeviceDescription": f"Power Supply {one.fqdd.rpartition('.')[2]}",
        "RedundancyStatus": "Fully Redundant" if _redundant(bmc) else "Redundancy Lost",
    }


def _older(bmc: Bmc, at: int, one: Psu) -> dict[str, Any]:
    return {
        "@odata.id": f"{CHASSIS}/Power#/PowerSupplies/{at}",
        "@odata.type": "#Power.v1_7_1.PowerSupply",
        "FirmwareVersion": bmc.machine.version_of(one.fqdd),
        "HotPluggable": True,
        "Manufacturer": "DELL",
        "MemberId": str(at),
        "Name": f"PS{at + 1} Status",
        "Oem": {"Dell": {"@odata.type": "#DellOem.v1_3_0.DellOemResources", "DellPowerSupplyView": _view(bmc, one)}},
        "PowerCapacityWatts": one.watts,
        "PowerSupplyType": "AC",
        "SerialNumber": one.serial,
        "Status": _status(one),
    }
