"""BIOS settings, what is pending, and the attribute registry as the machine has it now (redfish.md 2.3, R750 tree)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from rackwright.twin.bmc.machine.bios import APPLY_TIMES
from rackwright.twin.bmc.machine.registry import Attribute, Dependency, Registry
from rackwright.twin.bmc.service.bmc import Bmc
from rackwright.twin.bmc.service.views.shape import MANAGER, ROOT, SYSTEM, head, link, links

__all__ = ["REGISTRY", "bios", "registry", "settings"]

_PATH = f"{SYSTEM}/Bios"
REGISTRY: Final = "BiosAttributeRegistry.v1_0_3"


def bios(bmc: Bmc) -> dict[str, Any]:
    """Show the settings in force; hidden attributes are missing."""
    return {
        "@Redfish.Settings": {
            "@odata.context": f"{ROOT}/$metadata#Settings.Settings",
            "@odata.type": "#Settings.v1_3_5.Settings",
            "SettingsObject": link(f"{_PATH}/Settings"),
            "SupportedApplyTimes": list(APPLY_TIMES),
        },
        **head(_PATH, "Bios", "v1_2_1", "Bios", "BIOS Configuration Current Settings"),
        "Actions": {
            "#Bios.ResetBios": {"target": f"{_PATH}/Actions/Bios.ResetBios"},
        },
        "AttributeRegistry": REGISTRY,
        "Attributes": bmc.machine.bios.attributes(),
        "Links": links("SoftwareImages", ()),
    }


def settings(bmc: Bmc) -> dict[str, Any]:
    """Show what is pending."""
    path = f"{_PATH}/Settings"
    clear = "DellManager.v1_0_0#DellManager.ClearPending"
    return {
        **head(path, "Bios", "v1_2_1", "Settings", "BIOS Configuration Pending Settings"),
        "Actions": {"Oem": {clear: {"target": f"{path}/Actions/Oem/DellManager.ClearPending"}}},
        "AttributeRegistry": REGISTRY,
        "Attributes": dict(bmc.machine.bios.pending),
        "Oem": {
            "Dell": {
                "@odata.type": "#DellManager.v1_4_0.DellManager",
                "Jobs": link(f"{MANAGER}/Oem/Dell/Jobs"),
            }
        },
    }


def registry(bmc: Bmc) -> dict[str, Any]:
    """Show the registry: every attribute with ReadOnly and Hidden as they are now, and what depends on what."""
    machine = bmc.machine
    state = machine.bios.state()
    return {
        "@odata.context": f"{ROOT}/$metadata#AttributeRegistry.AttributeRegistry",
        "@odata.id": f"{_PATH}/BiosRegistry",
        "@odata.type": "#AttributeRegistry.v1_3_6.AttributeRegistry",
        "Description": "BIOS attributes of this machine",
        "Id": REGISTRY,
        "Language": "en",
        "Name": "BIOS Attribute Registry",
        "OwningEntity": "Dell",
        "RegistryEntries": _entries(machine.bios.registry, state.read_only, state.hidden, machine.settings.locked),
        "RegistryVersion": "1.0.3",
        "SupportedSystems": [
            {
                "FirmwareVersion": bmc.machine.bios_version,
                "ProductName": machine.hardware.model,
                "SystemId": machine.service_tag,
            }
        ],
    }


@lru_cache(maxsize=64)
def _entries(registry: Registry, read_only: frozenset[str], hidden: frozenset[str], locked: bool) -> dict[str, Any]:
    """Show what attributes there are; equal machines in the same state share it."""
    rows = registry.attributes.values()
    menus = sorted({one.menu for one in rows if one.menu})
    return {
        "Attributes": [_attribute(one, locked or one.name in read_only, one.name in hidden) for one in rows],
        "Dependencies": [_dependency(each) for each in registry.dependencies],
        "Menus": [
            {"DisplayName": name, "DisplayOrder": at, "MenuName": name, "MenuPath": "./", "ReadOnly": False}
            for at, name in enumerate(menus, 1)
        ],
    }


def _attribute(one: Attribute, read_only: bool, hidden: bool) -> dict[str, Any]:
    made: dict[str, Any] = {
        "AttributeName": one.name,
        "CurrentValue": None,
        "DisplayName": one.title,
        "DisplayOrder": one.order,
        "HelpText": f"{one.title}, as far as the twin knows it.",
        "Hidden": hidden,
        "Immutable": one.fact,
        "MenuPath": f"./{one.menu}",
        "ReadOnly": read_only,
        "ResetRequired": True,
        "Type": one.type,
        "WriteOnly": one.type == "Password",
    }
    if one.type == "Enumeration":
        made["Value"] = [{"ValueDisplayName": value, "ValueName": value} for value in one.values]
    elif one.type == "Integer":
        made |= {"LowerBound": one.low, "UpperBound": one.high, "ScalarIncrement": 0}
    else:
        made |= {"MaxLength": one.high, "MinLength": one.low}
    return made


def _dependency(one: Dependency) -> dict[str, Any]:
    """Show a dependency; several conditions without terms between them are alternatives (redfish.md 2.4)."""
    conditions = [
        {
            "MapFromAttribute": each.attribute,
            "MapFromCondition": each.how,
            "MapFromProperty": "CurrentValue",
            "MapFromValue": each.value,
        }
        for each in one.conditions
    ]
    made = {"MapFrom": conditions, "MapToAttribute": one.attribute, "MapToProperty": one.prop, "MapToValue": one.value}
    return {"Dependency": made, "DependencyFor": one.attribute, "Type": "Map"}
