"""Which path is answered by what, for each kind of BMC."""

from __future__ import annotations

from functools import cache
from typing import Final

from rackwright.twin.bmc.service import actions as do
from rackwright.twin.bmc.service import bluefield, profiles, updates
from rackwright.twin.bmc.service.routing import Route, Routes
from rackwright.twin.bmc.service.views import (
    accounts,
    bios,
    chassis,
    idrac,
    jobs,
    logs,
    network,
    root,
    storage,
    system,
    update,
)

__all__ = ["SERVICES", "routes"]

_S: Final = "/Systems/System.Embedded.1"
_C: Final = "/Chassis/System.Embedded.1"
_M: Final = "/Managers/iDRAC.Embedded.1"
_D: Final = f"{_M}/Oem/Dell"
_A: Final = f"{_C}/NetworkAdapters"

SERVICES: Final = (
    Route("/odata", root.odata),
    Route("/$metadata", root.metadata),
    Route("/JsonSchemas", root.schemas),
)
"""What every kind has alike."""

_SYSTEM: Final = (
    Route("/Systems", system.systems),
    Route(_S, system.system, patch=do.change_system),
    Route(f"{_S}/Settings", system.settings, patch=do.change_system_settings),
    Route(f"{_S}/Actions/ComputerSystem.Reset", post=do.reset_system),
    Route(f"{_S}/Processors", system.processors),
    Route(f"{_S}/Processors/*", system.processor),
    Route(f"{_S}/Memory", system.memory),
    Route(f"{_S}/Memory/*", system.dimm),
    Route(f"{_S}/BootOptions", system.boot_options),
    Route(f"{_S}/BootOptions/*", system.boot_option),
    Route(f"{_S}/SecureBoot", system.secure_boot, patch=do.change_secure_boot),
    Route(f"{_S}/Storage", storage.storages),
    Route(f"{_S}/Storage/*", storage.member),
    Route(f"{_S}/Storage/*/Controllers", storage.controllers),
    Route(f"{_S}/Storage/*/Controllers/*", storage.controller),
    Route(f"{_S}/Storage/*/Drives/*", storage.drive),
    Route(f"{_S}/Storage/*/Volumes", storage.volumes),
    Route(f"{_S}/Storage/*/Volumes/*", storage.volume),
    Route(f"{_S}/NetworkInterfaces", network.interfaces),
    Route(f"{_S}/NetworkInterfaces/*", network.interface),
    Route(f"{_S}/EthernetInterfaces", network.ethernets),
    Route(f"{_S}/EthernetInterfaces/*", network.ethernet),
    Route(f"{_S}/Bios", bios.bios),
    Route(f"{_S}/Bios/Actions/Bios.ResetBios", post=do.reset_bios),
    Route(f"{_S}/Bios/Settings", bios.settings, patch=do.stage_bios),
    Route(f"{_S}/Bios/Settings/Actions/Oem/DellManager.ClearPending", post=do.clear_bios),
    Route(f"{_S}/Bios/BiosRegistry", bios.registry),
    Route(f"{_S}/VirtualMedia", idrac.media_list("Systems")),
    Route(f"{_S}/VirtualMedia/*", idrac.media("Systems")),
    Route(f"{_S}/VirtualMedia/*/Actions/VirtualMedia.InsertMedia", post=do.insert("Systems")),
    Route(f"{_S}/VirtualMedia/*/Actions/VirtualMedia.EjectMedia", post=do.eject("Systems")),
    Route(f"{_S}/Oem/Dell/DellSystem/System.Embedded.1", system.dell_system),
    Route(f"{_S}/Oem/Dell/DellSoftwareInstallationService", idrac.software_service),
)

_CHASSIS: Final = (
    Route("/Chassis", chassis.chassis_list),
    Route(_C, chassis.chassis),
    Route(f"{_C}/Actions/Chassis.Reset", post=do.reset_chassis),
    Route(f"{_C}/Actions/Oem/DellOemChassis.ExtendedReset", post=do.extended_reset),
    Route(f"{_C}/Power", chassis.power),
    Route(f"{_C}/PowerSubsystem", chassis.power_subsystem),
    Route(f"{_C}/PowerSubsystem/PowerSupplies", chassis.power_supplies),
    Route(f"{_C}/PowerSubsystem/PowerSupplies/*", chassis.power_supply),
    Route(_A, network.adapters),
    Route(f"{_A}/*", network.adapter),
    Route(f"{_A}/*/Ports", network.ports),
    Route(f"{_A}/*/Ports/*", network.port),
    Route(f"{_A}/*/NetworkPorts", network.network_ports),
    Route(f"{_A}/*/NetworkPorts/*", network.network_port),
    Route(f"{_A}/*/NetworkDeviceFunctions", network.functions),
    Route(f"{_A}/*/NetworkDeviceFunctions/*", network.function),
    Route(f"{_A}/*/NetworkDeviceFunctions/*/Oem/Dell/DellNIC/*", network.dell_nic),
    Route(f"{_C}/PCIeDevices", network.devices),
    Route(f"{_C}/PCIeDevices/*", network.device),
    Route(f"{_C}/PCIeDevices/*/PCIeFunctions", network.pcie_functions),
    Route(f"{_C}/PCIeDevices/*/PCIeFunctions/*", network.pcie_function),
)

_MANAGER: Final = (
    Route("/Managers", idrac.managers),
    Route(_M, idrac.manager, patch=do.change_manager),
    Route(f"{_M}/Actions/Manager.Reset", post=do.reset_manager),
    Route(f"{_M}/Actions/Oem/EID_674_Manager.ExportSystemConfiguration", post=profiles.export),
    Route(f"{_M}/Actions/Oem/EID_674_Manager.ImportSystemConfiguration", post=profiles.import_),
    Route(f"{_M}/Actions/Oem/EID_674_Manager.ImportSystemConfigurationPreview", post=profiles.preview),
    Route(f"{_M}/Actions/Oem/OemManager.ExportSystemConfiguration", post=profiles.export),
    Route(f"{_M}/Actions/Oem/OemManager.ImportSystemConfiguration", post=profiles.import_),
    Route(f"{_M}/Actions/Oem/OemManager.ImportSystemConfigurationPreview", post=profiles.preview),
    Route(f"{_M}/EthernetInterfaces", idrac.interfaces),
    Route(f"{_M}/EthernetInterfaces/*", idrac.interface),
    Route(f"{_M}/NetworkProtocol", idrac.protocol, patch=do.change_protocol),
    Route(f"{_M}/NetworkProtocol/HTTPS/Certificates", idrac.certificates),
    Route(f"{_M}/NetworkProtocol/HTTPS/Certificates/*", idrac.certificate),
    Route(f"{_M}/LogServices", logs.services),
    Route(f"{_M}/LogServices/*", logs.service),
    Route(f"{_M}/LogServices/*/Entries", logs.entries),
    Route(f"{_M}/LogServices/*/Entries/*", logs.entry),
    Route(f"{_M}/VirtualMedia", idrac.media_list("Managers")),
    Route(f"{_M}/VirtualMedia/*", idrac.media("Managers")),
    Route(f"{_M}/VirtualMedia/*/Actions/VirtualMedia.InsertMedia", post=do.insert("Managers")),
    Route(f"{_M}/VirtualMedia/*/Actions/VirtualMedia.EjectMedia", post=do.eject("Managers")),
    Route(f"{_M}/Jobs", jobs.dell_jobs, post=do.make_job),
    Route(f"{_M}/Jobs/*", jobs.dell_job, delete=do.delete_job),
    Route(f"{_D}/Jobs", jobs.dell_jobs, post=do.make_job),
    Route(f"{_D}/Jobs/*", jobs.dell_job, delete=do.delete_job),
    Route(f"{_D}/DellJobService", jobs.dell_job_service),
    Route(f"{_D}/DellJobService/Actions/DellJobService.DeleteJobQueue", post=do.delete_queue),
    Route(f"{_D}/DellJobService/Actions/DellJobService.CreateRebootJob", post=do.make_reboot_job),
    Route(f"{_D}/DellLCService", idrac.lifecycle_service),
    Route(f"{_D}/DellLCService/Actions/DellLCService.GetRemoteServicesAPIStatus", post=do.readiness),
    Route(f"{_D}/DellAttributes", idrac.attributes_list),
    Route(f"{_D}/DellAttributes/*", idrac.attributes, patch=do.change_attributes),
    Route(f"{_D}/DellAttributes/*/Settings", idrac.staged_attributes, patch=do.change_attributes),
)

_IDRAC: Final = (
    Route("", root.service_root),
    Route("/Registries", root.registries),
    Route("/Registries/*", root.registry_file),
    Route("/Registries/Messages/*", root.messages),
    Route("/CertificateService", root.certificate_service),
    Route("/CertificateService/CertificateLocations", root.certificate_locations),
    Route("/CertificateService/Actions/CertificateService.GenerateCSR", post=profiles.request_certificate),
    Route("/CertificateService/Actions/CertificateService.ReplaceCertificate", post=profiles.replace_certificate),
    Route("/SessionService", accounts.session_service),
    Route("/SessionService/Sessions", accounts.sessions, post=do.log_in),
    Route("/SessionService/Sessions/*", accounts.session, delete=do.log_out),
    Route("/AccountService/Roles", accounts.roles),
    Route("/AccountService/Roles/*", accounts.role),
    Route("/EventService", root.event_service),
    Route("/EventService/Subscriptions", root.subscriptions, post=do.subscribe),
    Route("/EventService/Subscriptions/*", root.subscription, delete=do.unsubscribe),
    Route("/AccountService", accounts.account_service),
    Route("/AccountService/Accounts", accounts.accounts, post=do.add_account),
    Route("/AccountService/Accounts/*", accounts.account, patch=do.change_account, delete=do.delete_account),
    Route("/TaskService", jobs.task_service),
    Route("/TaskService/Tasks", jobs.tasks),
    Route("/TaskService/Tasks/*", jobs.task),
    Route("/JobService", jobs.job_service),
    Route("/JobService/Jobs", jobs.jobs),
    Route("/JobService/Jobs/*", jobs.job, delete=do.delete_job),
    Route("/UpdateService", update.update_service),
    Route("/UpdateService/FirmwareInventory", update.inventory, post=updates.push),
    Route("/UpdateService/FirmwareInventory/*", update.item),
    Route("/UpdateService/SoftwareInventory", update.software),
    Route("/UpdateService/MultipartUpload", post=updates.upload),
    Route("/UpdateService/Actions/UpdateService.SimpleUpdate", post=updates.simple_update),
    Route("/UpdateService/Actions/Oem/DellUpdateService.Install", post=updates.install),
    *_SYSTEM,
    *_CHASSIS,
    *_MANAGER,
)


@cache
def routes(kind: str) -> Routes:
    """Return the routes of ``idrac`` or ``bluefield``, one table for all of them."""
    return Routes((*SERVICES, *(bluefield.ROUTES if kind == "bluefield" else _IDRAC)))
