"""The host: system, processors, memory and boot (R750 tree)."""

from __future__ import annotations

from typing import Any, Final

from rackwright.twin.bmc.machine.hardware import Cpu, Gpu
from rackwright.twin.bmc.service.bmc import Bmc
from rackwright.twin.bmc.service.views import network
from rackwright.twin.bmc.service.views.shape import CHASSIS, MANAGER, ROOT, SYSTEM, collection, head, link, links, plain

__all__ = [
    "boot_option",
    "boot_options",
    "dell_system",
    "dimm",
    "memory",
    "processor",
    "processors",
    "secure_boot",
    "settings",
    "system",
    "systems",
]

RESETS: Final = (
    "On",
    "ForceOff",
    "ForceRestart",
    "GracefulRestart",
    "GracefulShutdown",
    "PushPowerButton",
    "Nmi",
    "PowerCycle",
)
TARGETS: Final = ("None", "Pxe", "Floppy", "Cd", "Hdd", "BiosSetup", "Utilities", "UefiTarget", "SDCard", "UefiHttp")


_PARTS: Final = (
    "Bios",
    "EthernetInterfaces",
    "Memory",
    "NetworkInterfaces",
    "Processors",
    "SecureBoot",
    "Storage",
    "VirtualMedia",
)


def systems(bmc: Bmc) -> dict[str, Any]:
    """List the systems: none while a data manager restarts (redfish.md 2.3 item 8)."""
    members = [SYSTEM] if bmc.machine.shows_system else []
    return collection(f"{ROOT}/Systems", "ComputerSystemCollection", "Collection of Computer Systems", members)


def system(bmc: Bmc) -> dict[str, Any]:
    """Show the system."""
    machine, hardware = bmc.machine, bmc.machine.hardware
    return {
        "@Redfish.Settings": {
            "@odata.context": f"{ROOT}/$metadata#Settings.Settings",
            "@odata.type": "#Settings.v1_3_5.Settings",
            "SettingsObject": link(f"{SYSTEM}/Settings"),
            "SupportedApplyTimes": ["OnReset"],
        },
        **head(SYSTEM, "ComputerSystem", "v1_20_1", "System.Embedded.1", "System", "A machine and what is in it"),
        "Actions": {
            "#ComputerSystem.Reset": {
                "ResetType@Redfish.AllowableValues": list(RESETS),
                "target": f"{SYSTEM}/Actions/ComputerSystem.Reset",
            }
        },
        **{name: link(f"{SYSTEM}/{name}") for name in _PARTS},
        "AssetTag": machine.asset_tag,
        "BiosVersion": machine.bios_version,
        "Boot": _boot(bmc),
        "BootProgress": {"LastState": machine.boot_progress},
        "HostName": "",
        "IndicatorLED": "Lit",
        "Links": _links(),
        "LocationIndicatorActive": False,
        "Manufacturer": "Dell Inc.",
        "MemorySummary": {
            "MemoryMirroring": "System",
            "Status": bmc.status(rollup=True),
            "TotalSystemMemoryGiB": hardware.memory_gib,
        },
        "Model": hardware.model,
        "Oem": {"Dell": {"@odata.type": "#DellOem.v1_3_0.DellOemResources", "DellSystem": dell_system(bmc)}},
        **links("PCIeDevices", network.device_paths(bmc)),
        "PowerState": machine.power,
        "ProcessorSummary": _processor_summary(bmc),
        "SKU": machine.service_tag,
        "SerialNumber": hardware.serial,
        "Status": bmc.status(rollup=True),
        "SystemType": "Physical",
        "UUID": hardware.uuid,
        "VirtualMediaConfig": {"ServiceEnabled": True},
    }


def _links() -> dict[str, Any]:
    service = link(f"{SYSTEM}/Oem/Dell/DellSoftwareInstallationService")
    dell = {"@odata.type": "#DellOem.v1_3_0.DellOemLinks", "DellSoftwareInstallationService": service}
    return {**links("Chassis", [CHASSIS]), **links("ManagedBy", [MANAGER]), "Oem": {"Dell": dell}}


def _boot(bmc: Bmc) -> dict[str, Any]:
    boot = bmc.machine.boot
    order = bmc.machine.boot_order()
    return {
        "BootOptions": link(f"{SYSTEM}/BootOptions"),
        "BootOrder": [one.key for one in order],
        "BootOrder@odata.count": len(order),
        "BootSourceOverrideEnabled": boot.enabled,
        "BootSourceOverrideMode": boot.mode,
        "BootSourceOverrideTarget": boot.target,
        "BootSourceOverrideTarget@Redfish.AllowableValues": list(TARGETS),
        "StopBootOnFault": "Never",
        "UefiTargetBootSourceOverride": None,
    }


def _processor_summary(bmc: Bmc) -> dict[str, Any]:
    cpus: tuple[Cpu, ...] = bmc.machine.hardware.cpus
    cores = sum(one.cores for one in cpus)
    return {
        "CoreCount": cores,
        "Count": len(cpus),
        "LogicalProcessorCount": 2 * cores,
        "Model": cpus[0].model if cpus else "",
        "Status": bmc.status(rollup=True),
        "ThreadingEnabled": True,
    }


def dell_system(bmc: Bmc) -> dict[str, Any]:
    """Show Dell's own view of the system."""
    hardware = bmc.machine.hardware
    cards = [one for one in hardware.nics if one.slot]
    return {
        **plain(
            f"{SYSTEM}/Oem/Dell/DellSystem/System.Embedded.1", "DellSystem", "v1_4_0", "System.Embedded.1", "DellSystem"
        ),
        "ChassisServiceTag": bmc.machine.service_tag,
        "MaxCPUSockets": len(hardware.cpus),
        "NodeID": bmc.machine.service_tag,
        "PopulatedDIMMSlots": len(hardware.dimms),
        "PopulatedPCIeSlots": len(cards) + len(hardware.gpus),
        "SystemGeneration": hardware.generation,
        "UUID": hardware.uuid,
    }


def settings(bmc: Bmc) -> dict[str, Any]:
    """Show what of the system is staged for the next reset: nothing here, the boot override is set at once [assumed]."""
    path = f"{SYSTEM}/Settings"
    return {
        **head(path, "ComputerSystem", "v1_20_1", "System.Embedded.1", "System"),
        "Boot": {"BootOrder": [], "BootSourceOverrideMode": None},
        "AssetTag": bmc.machine.asset_tag,
    }


# --- processors and memory -----------------------------------------------------------------------------


def processors(bmc: Bmc) -> dict[str, Any]:
    """List the processors: CPUs, then GPUs."""
    path = f"{SYSTEM}/Processors"
    hardware = bmc.machine.hardware
    paths = [f"{path}/{one.fqdd}" for one in (*hardware.cpus, *hardware.gpus)]
    return collection(path, "ProcessorCollection", "Collection of Processors for this System", paths)


def processor(bmc: Bmc, key: str) -> dict[str, Any] | None:
    """Show a CPU or a GPU."""
    hardware = bmc.machine.hardware
    for at, cpu in enumerate(hardware.cpus):
        if cpu.fqdd == key:
            return _cpu(bmc, cpu, at + 1)
    for gpu in hardware.gpus:
        if gpu.fqdd == key:
            return _gpu(bmc, gpu)
    return None


def _cpu(bmc: Bmc, cpu: Cpu, number: int) -> dict[str, Any]:
    return {
        **head(f"{SYSTEM}/Processors/{cpu.fqdd}", "Processor", "v1_18_0", cpu.fqdd, f"CPU {number}"),
        "Enabled": True,
        "InstructionSet": "x86-64",
        "Links": {"Chassis": link(CHASSIS)},
        "Manufacturer": "Intel",
        "Model": cpu.model,
        "OperatingSpeedMHz": cpu.mhz,
        "ProcessorArchitecture": "x86",
        "ProcessorType": "CPU",
        "Socket": cpu.fqdd,
        "Status": bmc.status(),
        "TotalCores": cpu.cores,
        "TotalEnabledCores": cpu.cores,
        "TotalThreads": 2 * cpu.cores,
    }


def _gpu(bmc: Bmc, gpu: Gpu) -> dict[str, Any]:
    """Show a GPU as a processor, as DSP0266 has it; no capture of an iDRAC with GPUs exists, so ids and names are [assumed]."""
    return {
        **head(f"{SYSTEM}/Processors/{gpu.fqdd}", "Processor", "v1_18_0", gpu.fqdd, f"GPU in slot {gpu.slot}"),
        "Enabled": True,
        "FirmwareVersion": bmc.machine.gpu_version(gpu),
        "Links": {"Chassis": link(CHASSIS)},
        "Manufacturer": "NVIDIA Corporation",
        "Model": gpu.model,
        "MemorySummary": {"TotalMemorySizeMiB": gpu.memory_mib},
        "ProcessorType": "GPU",
        "SerialNumber": gpu.serial,
        "Status": bmc.status(),
    }


def memory(bmc: Bmc) -> dict[str, Any]:
    """List the memory modules."""
    path = f"{SYSTEM}/Memory"
    paths = [f"{path}/{one.fqdd}" for one in bmc.machine.hardware.dimms]
    return collection(path, "MemoryCollection", "Collection of memory devices for this system", paths)


def dimm(bmc: Bmc, key: str) -> dict[str, Any] | None:
    """Show a memory module."""
    one = next((each for each in bmc.machine.hardware.dimms if each.fqdd == key), None)
    if one is None:
        return None
    name = f"DIMM {key.rpartition('.')[2]}"
    return {
        **head(f"{SYSTEM}/Memory/{key}", "Memory", "v1_17_1", key, name),
        "BaseModuleType": "RDIMM",
        "BusWidthBits": 80,
        "CapacityMiB": one.capacity_mib,
        "DataWidthBits": 64,
        "DeviceLocator": name,
        "Enabled": True,
        "ErrorCorrection": "MultiBitECC",
        "Links": {"Chassis": link(CHASSIS)},
        "MemoryDeviceType": "DDR5",
        "MemoryType": "DRAM",
        "OperatingSpeedMhz": one.speed_mts,
        "PartNumber": one.part,
        "SerialNumber": one.serial,
        "Status": bmc.status(),
        "VolatileSizeMiB": one.capacity_mib,
    }


# --- boot ---------------------------------------------------------------------------------------------


def boot_options(bmc: Bmc) -> dict[str, Any]:
    """List the UEFI boot options."""
    path = f"{SYSTEM}/BootOptions"
    paths = [f"{path}/{one.key}" for one in bmc.machine.boot_order()]
    return collection(path, "BootOptionCollection", "Boot Options Collection", paths)


def boot_option(bmc: Bmc, key: str) -> dict[str, Any] | None:
    """Show a UEFI boot option."""
    one = next((each for each in bmc.machine.boot_order() if each.key == key), None)
    if one is None:
        return None
    return {
        **head(f"{SYSTEM}/BootOptions/{key}", "BootOption", "v1_0_4", key, "Uefi Boot Option"),
        "BootOptionEnabled": True,
        "BootOptionReference": key,
        "DisplayName": one.name,
        "UefiDevicePath": one.device_path,
    }


def secure_boot(bmc: Bmc) -> dict[str, Any]:
    """Show secure boot: what is wanted and what the last boot had."""
    wanted, last = bmc.machine.secure_boot()
    return {
        **head(f"{SYSTEM}/SecureBoot", "SecureBoot", "v1_1_0", "SecureBoot", "UEFI Secure Boot"),
        "SecureBootCurrentBoot": "Enabled" if last else "Disabled",
        "SecureBootEnable": wanted,
        "SecureBootMode": "DeployedMode",
    }
