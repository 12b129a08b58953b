"""The resources of a BlueField-3's own BMC: fewer than an iDRAC's, without Dell's counts and without its jobs (captured tree BF-24.10-10)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from rackwright.twin.bmc.machine.accounts import Account
from rackwright.twin.bmc.machine.jobs import Job, task_words
from rackwright.twin.bmc.machine.refusal import Refusal
from rackwright.twin.bmc.service.bmc import Bmc
from rackwright.twin.bmc.service.views.shape import ROOT, link

__all__ = [
    "MANAGER",
    "SYSTEM",
    "account",
    "account_of",
    "accounts",
    "adapter",
    "adapters",
    "bare",
    "bios",
    "card",
    "chassis_list",
    "interface",
    "interfaces",
    "inventory",
    "item",
    "manager",
    "managers",
    "nvidia",
    "port",
    "ports",
    "reset_info",
    "service_root",
    "software",
    "system",
    "systems",
    "task",
    "tasks",
    "update_service",
]

SYSTEM: Final = f"{ROOT}/Systems/Bluefield"
MANAGER: Final = f"{ROOT}/Managers/Bluefield_BMC"
_CARD: Final = f"{ROOT}/Chassis/Card1"
_UPDATE: Final = f"{ROOT}/UpdateService"
_ACCOUNTS: Final = f"{ROOT}/AccountService/Accounts"
_RESETS: Final = ("ForceOff", "ForceRestart", "GracefulRestart", "GracefulShutdown", "On", "PowerCycle")
_SERVICES: Final = {
    "AccountService": "AccountService",
    "Chassis": "Chassis",
    "EventService": "EventService",
    "JsonSchemas": "JsonSchemas",
    "Managers": "Managers",
    "SessionService": "SessionService",
    "Systems": "Systems",
    "Tasks": "TaskService",
    "UpdateService": "UpdateService",
}


def _head(path: str, kind: str, version: str, key: str, name: str) -> dict[str, Any]:
    return {"@odata.id": path, "@odata.type": f"#{kind}.{version}.{kind}", "Id": key, "Name": name}


def _list(path: str, kind: str, name: str, members: list[str]) -> dict[str, Any]:
    return {
        "@odata.id": path,
        "@odata.type": f"#{kind}.{kind}",
        "Members": [link(one) for one in members],
        "Members@odata.count": len(members),
        "Name": name,
    }


def _status(bmc: Bmc) -> dict[str, Any]:
    return {"Conditions": [], **bmc.status(rollup=True)}


def bare(view: Callable[..., Any], *without: str) -> Callable[..., Any]:
    """Return a resource of an iDRAC's as this BMC has it: without Dell's context and counts, and without what is named."""

    def shown(bmc: Bmc, *captured: str) -> Any:
        body = view(bmc, *captured)
        if not isinstance(body, dict):
            return body
        kept = {key: value for key, value in body.items() if key not in without and key != "@odata.context"}
        counts = {key for key in kept if key.endswith("@odata.count") and key != "Members@odata.count"}
        if "Status" in kept:
            kept["Status"] = {"State": kept["Status"]["State"]}
        return {key: value for key, value in kept.items() if key not in counts}

    return shown


def service_root(bmc: Bmc) -> dict[str, Any]:
    """Show the service root."""
    return {
        **_head(ROOT, "ServiceRoot", "v1_15_0", "RootService", "Root Service"),
        **{name: link(f"{ROOT}/{path}") for name, path in _SERVICES.items()},
        "Links": {"ManagerProvidingService": link(MANAGER), "Sessions": link(f"{ROOT}/SessionService/Sessions")},
        "Product": "Nvidia-BMCMezz",
        "ProtocolFeaturesSupported": {
            "DeepOperations": {"DeepPATCH": False, "DeepPOST": False},
            "ExcerptQuery": False,
            "ExpandQuery": {"ExpandAll": True, "Levels": True, "Links": True, "MaxLevels": bmc.levels, "NoLinks": True},
            "FilterQuery": True,
            "OnlyMemberQuery": True,
            "SelectQuery": True,
        },
        "RedfishVersion": "1.17.0",
        "ServiceIdentification": "",
        "Vendor": "Nvidia",
    }


def systems(bmc: Bmc) -> dict[str, Any]:  # noqa: ARG001 - every resource takes the BMC
    """List the systems: the card's own processor."""
    return _list(f"{ROOT}/Systems", "ComputerSystemCollection", "Computer System Collection", [SYSTEM])


def system(bmc: Bmc) -> dict[str, Any]:
    """Show the system on the card."""
    hardware = bmc.machine.hardware
    return {
        **_head(SYSTEM, "ComputerSystem", "v1_22_0", "Bluefield", "Bluefield"),
        "Actions": {
            "#ComputerSystem.Reset": {
                "@Redfish.ActionInfo": f"{SYSTEM}/ResetActionInfo",
                "target": f"{SYSTEM}/Actions/ComputerSystem.Reset",
            }
        },
        "Bios": link(f"{SYSTEM}/Bios"),
        "Links": {"Chassis": [link(_CARD)], "ManagedBy": [link(MANAGER)]},
        "Manufacturer": "https://www.mellanox.com",
        "Model": hardware.model,
        "Oem": {"Nvidia": link(f"{SYSTEM}/Oem/Nvidia")},
        "PowerState": bmc.machine.power,
        "SerialNumber": hardware.serial,
        "Status": bmc.status(),
        "SystemType": "Physical",
    }


def nvidia(bmc: Bmc) -> dict[str, Any]:
    """Show NVIDIA's own view of the system: the mode in which the card is [assumed: NIC mode, as the design has it]."""
    return {
        "@odata.id": f"{SYSTEM}/Oem/Nvidia",
        "@odata.type": "#NvidiaComputerSystem.v1_0_0.NvidiaComputerSystem",
        "BaseMAC": bmc.machine.hardware.nic.ports[0].mac.replace(":", ""),
        "Description": bmc.machine.hardware.model,
        "HostRshim": "Enabled",
        "Mode": "NicMode",
    }


def bios(bmc: Bmc) -> dict[str, Any]:  # noqa: ARG001 - as above
    """Show the settings of the card's UEFI; of them the mode alone is told."""
    return {
        **_head(f"{SYSTEM}/Bios", "Bios", "v1_2_0", "BIOS", "BIOS Configuration"),
        "Attributes": {"NicMode": "NicMode"},
        "Description": "BIOS Configuration Service",
    }


def reset_info(bmc: Bmc) -> dict[str, Any]:  # noqa: ARG001 - as above
    """Say which resets there are."""
    return {
        **_head(f"{SYSTEM}/ResetActionInfo", "ActionInfo", "v1_1_2", "ResetActionInfo", "Reset Action Info"),
        "Parameters": [{"AllowableValues": list(_RESETS), "DataType": "String", "Name": "ResetType", "Required": True}],
    }


# --- chassis --------------------------------------------------------------------------------------------


def chassis_list(bmc: Bmc) -> dict[str, Any]:  # noqa: ARG001 - as above
    """List the chassis: the card."""
    return _list(f"{ROOT}/Chassis", "ChassisCollection", "Chassis Collection", [_CARD])


def card(bmc: Bmc) -> dict[str, Any]:
    """Show the card with its ordering number."""
    hardware = bmc.machine.hardware
    return {
        **_head(_CARD, "Chassis", "v1_22_0", "Card1", "Card1"),
        "ChassisType": "Card",
        "Links": {"ComputerSystems": [link(SYSTEM)], "ManagedBy": [link(MANAGER)]},
        "Manufacturer": "https://www.mellanox.com",
        "Model": hardware.model,
        "NetworkAdapters": link(f"{_CARD}/NetworkAdapters"),
        "PartNumber": hardware.part,
        "PowerState": bmc.machine.power,
        "SerialNumber": hardware.serial,
        "Status": _status(bmc),
    }


_ADAPTER: Final = f"{_CARD}/NetworkAdapters/NvidiaNetworkAdapter"


def adapters(bmc: Bmc) -> dict[str, Any]:  # noqa: ARG001 - as above
    """List the adapters: one."""
    return _list(f"{_CARD}/NetworkAdapters", "NetworkAdapterCollection", "Network Adapter Collection", [_ADAPTER])


def adapter(bmc: Bmc, key: str) -> dict[str, Any] | None:  # noqa: ARG001 - as above
    """Show the adapter."""
    if key != "NvidiaNetworkAdapter":
        return None
    return {
        **_head(_ADAPTER, "NetworkAdapter", "v1_9_0", key, key),
        "Manufacturer": "Nvidia",
        "Ports": link(f"{_ADAPTER}/Ports"),
    }


def ports(bmc: Bmc, key: str) -> dict[str, Any] | None:
    """List the ports: ``eth0`` is the first."""
    if key != "NvidiaNetworkAdapter":
        return None
    names = [f"{_ADAPTER}/Ports/eth{at}" for at in range(len(bmc.machine.hardware.nic.ports))]
    return _list(f"{_ADAPTER}/Ports", "PortCollection", "Port Collection", names)


def port(bmc: Bmc, key: str, name: str) -> dict[str, Any] | None:
    """Show a port."""
    found = bmc.machine.hardware.nic.ports
    number = name.removeprefix("eth")
    if key != "NvidiaNetworkAdapter" or not number.isdigit() or int(number) >= len(found):
        return None
    one = found[int(number)]
    return {
        **_head(f"{_ADAPTER}/Ports/{name}", "Port", "v1_6_0", name, "Port"),
        "CurrentSpeedGbps": one.speed_mbps // 1000 if one.cabled else 0,
        "LinkNetworkTechnology": "Ethernet",
        "LinkStatus": "LinkUp" if one.cabled else "LinkDown",
    }


# --- manager ----------------------------------------------------------------------------------------------


def managers(bmc: Bmc) -> dict[str, Any]:  # noqa: ARG001 - as above
    """List the managers: one."""
    return _list(f"{ROOT}/Managers", "ManagerCollection", "Manager Collection", [MANAGER])


def manager(bmc: Bmc) -> dict[str, Any]:
    """Show the BMC."""
    machine = bmc.machine
    date = machine.bench.date()
    image = link(f"{_UPDATE}/FirmwareInventory/BMC_Firmware")
    return {
        **_head(MANAGER, "Manager", "v1_14_0", "Bluefield_BMC", "OpenBmc Manager"),
        "Actions": {"#Manager.Reset": {"target": f"{MANAGER}/Actions/Manager.Reset"}},
        "DateTime": date,
        "DateTimeLocalOffset": date[-6:],
        "Description": "Baseboard Management Controller",
        "EthernetInterfaces": link(f"{MANAGER}/EthernetInterfaces"),
        "FirmwareVersion": machine.bmc_version,
        "LastResetTime": machine.bench.date(machine.bmc.rebooted_at),
        "Links": {
            "ActiveSoftwareImage": image,
            "ManagerForChassis": [link(_CARD)],
            "ManagerForServers": [link(SYSTEM)],
            "ManagerInChassis": link(_CARD),
            "SoftwareImages": [image],
        },
        "ManagerType": "BMC",
        "Model": "OpenBmc",
        "PowerState": "On",
        "Status": _status(bmc),
    }


def interfaces(bmc: Bmc) -> dict[str, Any]:  # noqa: ARG001 - as above
    """List the BMC's own interfaces: one."""
    path = f"{MANAGER}/EthernetInterfaces"
    return _list(path, "EthernetInterfaceCollection", "Ethernet Network Interface Collection", [f"{path}/eth0"])


def interface(bmc: Bmc, key: str) -> dict[str, Any] | None:
    """Show the BMC's own interface."""
    if key != "eth0":
        return None
    return {
        **_head(f"{MANAGER}/EthernetInterfaces/eth0", "EthernetInterface", "v1_9_0", key, "Manager Ethernet Interface"),
        "EthernetInterfaceType": "Physical",
        "InterfaceEnabled": True,
        "LinkStatus": "LinkUp",
        "MACAddress": bmc.machine.hardware.bmc_mac,
        "SpeedMbps": 1000,
        "Status": {"State": "Enabled"},
    }


# --- accounts: an OpenBMC calls them by their users ---------------------------------------------------------


def _named(bmc: Bmc) -> list[Account]:
    return [one for one in bmc.machine.accounts.all() if one.user]


def account_of(bmc: Bmc, key: str) -> Account | None:
    """Return the account of a user."""
    return next((one for one in _named(bmc) if one.user == key), None)


def accounts(bmc: Bmc) -> dict[str, Any]:
    """List the accounts."""
    paths = [f"{_ACCOUNTS}/{one.user}" for one in _named(bmc)]
    return _list(_ACCOUNTS, "ManagerAccountCollection", "Accounts Collection", paths)


def account(bmc: Bmc, key: str) -> dict[str, Any] | None:
    """Show an account; its password is never told."""
    one = account_of(bmc, key)
    if one is None:
        return None
    return {
        **_head(f"{_ACCOUNTS}/{key}", "ManagerAccount", "v1_7_0", key, "User Account"),
        "AccountTypes": ["Redfish"],
        "Enabled": one.enabled,
        "Links": {"Role": link(f"{ROOT}/AccountService/Roles/{one.role}")},
        "Locked": False,
        "Password": None,
        "PasswordChangeRequired": False,
        "RoleId": one.role,
        "UserName": one.user,
    }


# --- updates and tasks ----------------------------------------------------------------------------------------


def update_service(bmc: Bmc) -> dict[str, Any]:
    """Show UpdateService: one update at a time, at once."""
    return {
        **_head(_UPDATE, "UpdateService", "v1_11_0", "UpdateService", "Update Service"),
        "Actions": {
            "#UpdateService.SimpleUpdate": {
                "TransferProtocol@Redfish.AllowableValues": ["SCP", "HTTP", "HTTPS"],
                "target": f"{_UPDATE}/Actions/UpdateService.SimpleUpdate",
            }
        },
        "FirmwareInventory": link(f"{_UPDATE}/FirmwareInventory"),
        "HttpPushUri": f"{_UPDATE}/update",
        "MaxImageSizeBytes": 209715200,
        "MultipartHttpPushUri": f"{_UPDATE}/update-multipart",
        "ServiceEnabled": True,
        "SoftwareInventory": link(f"{_UPDATE}/SoftwareInventory"),
        "Status": {"Conditions": [], "State": bmc.status()["State"]},
    }


def inventory(bmc: Bmc) -> dict[str, Any]:
    """List the firmware."""
    path = f"{_UPDATE}/FirmwareInventory"
    paths = [f"{path}/{one.id}" for one in bmc.machine.firmware.inventory()]
    return _list(path, "SoftwareInventoryCollection", "Software Inventory Collection", paths)


def software(bmc: Bmc) -> dict[str, Any]:  # noqa: ARG001 - as above
    """List the software: nothing."""
    return _list(f"{_UPDATE}/SoftwareInventory", "SoftwareInventoryCollection", "Software Inventory Collection", [])


def item(bmc: Bmc, key: str) -> dict[str, Any] | None:
    """Show one row of the firmware: what runs, and not what is staged (redfish.md 2.5)."""
    one = next((each for each in bmc.machine.firmware.inventory() if each.id == key), None)
    if one is None:
        return None
    return {
        **_head(f"{_UPDATE}/FirmwareInventory/{key}", "SoftwareInventory", "v1_4_0", key, one.name),
        "SoftwareId": one.software_id,
        "Status": _status(bmc),
        "Updateable": one.updateable,
        "Version": one.version,
    }


_TASKS: Final = f"{ROOT}/TaskService/Tasks"


def tasks(bmc: Bmc) -> dict[str, Any]:
    """List the tasks."""
    paths = [f"{_TASKS}/{one.id}" for one in bmc.machine.queue.tasks()]
    return _list(_TASKS, "TaskCollection", "Task Collection", paths)


def task(bmc: Bmc, key: str) -> dict[str, Any] | None:
    """Show a task."""
    try:
        one: Job = bmc.machine.queue.task(key)
    except Refusal:
        return None
    state, health = task_words(one)
    odd = bool(one.odd) and one.open
    told = {"Message": one.text, "MessageArgs": list(one.args), "MessageId": bmc.prefixed(one.message_id)}
    made = {
        **_head(f"{_TASKS}/{key}", "Task", "v1_4_3", key, f"Task {key}"),
        "Messages": [] if odd else [told],
        "PercentComplete": None if odd else one.percent,
        "StartTime": bmc.machine.bench.date(one.created),
        "TaskState": state,
        "TaskStatus": health,
    }
    return made if one.ended is None else {**made, "EndTime": bmc.machine.bench.date(one.ended)}
