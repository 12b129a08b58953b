"""The iDRAC itself: its resource, network, attributes, certificate and Dell's services (R750 tree)."""

from __future__ import annotations

from typing import Any, Final

from rackwright.twin.bmc.service.bmc import Bmc
from rackwright.twin.bmc.service.views.root import CERTIFICATE
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
from rackwright.twin.bmc.service.views.update import INVENTORY

__all__ = [
    "ATTRIBUTES",
    "attributes",
    "attributes_list",
    "certificate",
    "certificates",
    "has_drive",
    "interface",
    "interfaces",
    "lifecycle_service",
    "manager",
    "managers",
    "media",
    "media_list",
    "protocol",
    "software_service",
    "staged_attributes",
]

ATTRIBUTES: Final = f"{MANAGER}/Oem/Dell/DellAttributes"
_GROUPS: Final = ("iDRAC.Embedded.1", "System.Embedded.1", "LifecycleController.Embedded.1")
_PROFILE: Final = ("ExportSystemConfiguration", "ImportSystemConfiguration", "ImportSystemConfigurationPreview")


def managers(bmc: Bmc) -> dict[str, Any]:  # noqa: ARG001 - every resource takes the BMC
    """List the managers: one."""
    return collection(f"{ROOT}/Managers", "ManagerCollection", "Manager", [MANAGER])


def manager(bmc: Bmc) -> dict[str, Any]:
    """Show the iDRAC."""
    machine = bmc.machine
    actions = f"{MANAGER}/Actions"
    date = machine.bench.date()
    return {
        **head(MANAGER, "Manager", "v1_18_0", "iDRAC.Embedded.1", "Manager", "BMC"),
        "Actions": {
            "#Manager.Reset": {
                "ResetType@Redfish.AllowableValues": ["GracefulRestart"],
                "target": f"{actions}/Manager.Reset",
            },
            "Oem": {f"#OemManager.{name}": _profile_action(name) for name in _PROFILE},
        },
        "DateTime": date,
        "DateTimeLocalOffset": date[-6:],
        "EthernetInterfaces": link(f"{MANAGER}/EthernetInterfaces"),
        "FirmwareVersion": machine.bmc_version,
        "LastResetTime": machine.bench.date(machine.bmc.rebooted_at),
        "Links": _links(bmc),
        "LogServices": link(f"{MANAGER}/LogServices"),
        "ManagerType": "BMC",
        "Model": machine.hardware.generation,
        "NetworkProtocol": link(f"{MANAGER}/NetworkProtocol"),
        "Oem": {"Dell": {"@odata.type": "#DellManager.v1_4_0.DellManager"}},
        "PowerState": "On",
        "ServiceIdentification": machine.service_tag,
        "Status": status(),
        "UUID": machine.hardware.uuid,
        "VirtualMedia": link(f"{MANAGER}/VirtualMedia"),
    }


def _profile_action(name: str) -> dict[str, Any]:
    """Offer what of the profiles is emulated: JSON, in the request or the answer, of BIOS and iDRAC."""
    share = {"ShareType@Redfish.AllowableValues": ["LOCAL"], "Target@Redfish.AllowableValues": ["ALL", "IDRAC", "BIOS"]}
    offered: dict[str, Any] = {"ShareParameters": share, "target": f"{MANAGER}/Actions/Oem/EID_674_Manager.{name}"}
    if name.startswith("Export"):
        offered["ExportFormat@Redfish.AllowableValues"] = ["JSON"]
        offered["ExportUse@Redfish.AllowableValues"] = ["Default", "Clone", "Replace"]
        offered["IncludeInExport@Redfish.AllowableValues"] = ["Default", "IncludeReadOnly"]
    return offered


def _links(bmc: Bmc) -> dict[str, Any]:
    dell = f"{MANAGER}/Oem/Dell"
    images = [f"{INVENTORY}/{one.id}" for one in bmc.machine.firmware.inventory() if "__iDRAC.Embedded." in one.id]
    active = [path for path in images if "/Installed-" in path]
    return {
        **({"ActiveSoftwareImage": link(active[0])} if active else {}),
        **links("ManagerForChassis", [CHASSIS]),
        **links("ManagerForServers", [SYSTEM]),
        "ManagerInChassis": link(CHASSIS),
        "Oem": {
            "Dell": {
                "@odata.type": "#DellOem.v1_3_0.DellOemLinks",
                **links("DellAttributes", [f"{ATTRIBUTES}/{one}" for one in _GROUPS]),
                "DellJobService": link(f"{dell}/DellJobService"),
                "DellLCService": link(f"{dell}/DellLCService"),
                "Jobs": link(f"{dell}/Jobs"),
            }
        },
        **links("SoftwareImages", images),
    }


# --- attributes -----------------------------------------------------------------------------------------


def attributes_list(bmc: Bmc) -> dict[str, Any]:  # noqa: ARG001 - as above
    """List the groups of attributes."""
    return collection(
        ATTRIBUTES, "DellAttributesCollection", "DellAttributesCollection", [f"{ATTRIBUTES}/{one}" for one in _GROUPS]
    )


def attributes(bmc: Bmc, key: str) -> dict[str, Any] | None:
    """Show a group of attributes; passwords are null."""
    if key not in _GROUPS:
        return None
    return {
        **head(f"{ATTRIBUTES}/{key}", "DellAttributes", "v1_0_0", key, "OEMAttributeRegistry"),
        "@Redfish.Settings": {
            "@odata.type": "#Settings.v1_3_5.Settings",
            "SettingsObject": link(f"{ATTRIBUTES}/{key}/Settings"),
            "SupportedApplyTimes": ["Immediate"],
        },
        "AttributeRegistry": "ManagerAttributeRegistry.v1_0_0",
        "Attributes": bmc.machine.settings.shown(key) | (_certificate(bmc) if key == _GROUPS[0] else {}),
    }


def _certificate(bmc: Bmc) -> dict[str, str]:
    """Tell of the certificate among the attributes, as both captured iDRACs do; that it is valid is [assumed]."""
    told = bmc.certificate()
    names = {key: told.get(key, {}).get("CommonName", "") for key in ("Subject", "Issuer")}
    found = {f"SecurityCertificate.1.{key}CommonName": name for key, name in names.items()}
    return {**found, "SecurityCertificate.1.ExpiryState": "Valid"} if told else {}


def staged_attributes(bmc: Bmc, key: str) -> dict[str, Any] | None:  # noqa: ARG001 - as above
    """Show what of a group is staged: nothing ever, attributes are in force at once."""
    if key not in _GROUPS:
        return None
    path = f"{ATTRIBUTES}/{key}/Settings"
    return {**head(path, "DellAttributes", "v1_0_0", "Settings", "OEMAttributeRegistry"), "Attributes": {}}


# --- network and certificate -------------------------------------------------------------------------------


def protocol(bmc: Bmc) -> dict[str, Any]:
    """Show the network protocols; NTP is an attribute too, and both are one."""
    path = f"{MANAGER}/NetworkProtocol"
    told = bmc.machine.settings.group("iDRAC")
    servers = [told[f"NTPConfigGroup.1.NTP{n}"] for n in (1, 2, 3) if told.get(f"NTPConfigGroup.1.NTP{n}")]
    return {
        **head(path, "ManagerNetworkProtocol", "v1_9_1", "NetworkProtocol", "Manager Network Protocol"),
        "HTTPS": {
            "Certificates": link(f"{path}/HTTPS/Certificates"),
            "Port": 443,
            "ProtocolEnabled": True,
        },
        "HostName": told.get("NIC.1.DNSRacName", ""),
        "NTP": {
            "NTPServers": servers,
            "NTPServers@odata.count": len(servers),
            "ProtocolEnabled": told.get("NTPConfigGroup.1.NTPEnable") == "Enabled",
        },
        "Status": status(),
        "VirtualMedia": {"ProtocolEnabled": True},
    }


def interfaces(bmc: Bmc) -> dict[str, Any]:  # noqa: ARG001 - as above
    """List the iDRAC's own interfaces: one."""
    path = f"{MANAGER}/EthernetInterfaces"
    return collection(path, "EthernetInterfaceCollection", "Ethernet Network Interface Collection", [f"{path}/NIC.1"])


def interface(bmc: Bmc, key: str) -> dict[str, Any] | None:
    """Show the iDRAC's own interface, with the planned address and not the twin's."""
    if key != "NIC.1":
        return None
    hardware = bmc.machine.hardware
    address = hardware.management.partition("/")[0]
    origin = "Static" if address else "DHCP"
    v4 = [{"Address": address, "AddressOrigin": origin}] if address else []
    return {
        **head(
            f"{MANAGER}/EthernetInterfaces/NIC.1", "EthernetInterface", "v1_10_0", "NIC.1", "Manager Ethernet Interface"
        ),
        "EthernetInterfaceType": "Physical",
        "IPv4Addresses": v4,
        "IPv4Addresses@odata.count": len(v4),
        "InterfaceEnabled": True,
        "Links": {"Chassis": link(CHASSIS)},
        "MACAddress": hardware.bmc_mac,
        "PermanentMACAddress": hardware.bmc_mac,
        "SpeedMbps": 1000,
        "Status": status(),
    }


def certificates(bmc: Bmc) -> dict[str, Any]:  # noqa: ARG001 - as above
    """List the certificates of the web server: one."""
    path = CERTIFICATE.rpartition("/")[0]
    return collection(path, "CertificateCollection", "Certificate Collection", [CERTIFICATE])


def certificate(bmc: Bmc, key: str) -> dict[str, Any] | None:
    """Show the certificate of the web server."""
    if key != CERTIFICATE.rpartition("/")[2]:
        return None
    return {
        **head(CERTIFICATE, "Certificate", "v1_7_0", key, "Server Certificates"),
        "CertificateUsageTypes": ["Web"],
        **bmc.certificate(),
    }


# --- Dell's services ------------------------------------------------------------------------------------


def lifecycle_service(bmc: Bmc) -> dict[str, Any]:  # noqa: ARG001 - as above
    """Show DellLCService, of which the readiness is served."""
    path = f"{MANAGER}/Oem/Dell/DellLCService"
    name = "DellLCService.GetRemoteServicesAPIStatus"
    return {
        **head(path, "DellLCService", "v1_7_1", "DellLCService", "DellLCService"),
        "Actions": {f"#{name}": {"target": f"{path}/Actions/{name}"}},
    }


def software_service(bmc: Bmc) -> dict[str, Any]:  # noqa: ARG001 - as above
    """Show DellSoftwareInstallationService, none of whose actions is served."""
    path = f"{SYSTEM}/Oem/Dell/DellSoftwareInstallationService"
    return {
        **head(
            path,
            "DellSoftwareInstallationService",
            "v1_2_0",
            "DellSoftwareInstallationService",
            "DellSoftwareInstallationService",
        ),
        "Actions": {},
    }


# --- virtual media ----------------------------------------------------------------------------------------

_KINDS: Final = {
    "1": ["CD", "DVD", "USBStick"],
    "2": ["CD", "DVD", "USBStick"],
    "CD": ["CD", "DVD"],
    "RemovableDisk": ["USBStick"],
}


def _media_path(owner: str) -> str:
    return f"{SYSTEM if owner == 'Systems' else MANAGER}/VirtualMedia"


def media_list(owner: str) -> Any:
    """Return what lists the virtual drives of ``Systems`` (1, 2) or ``Managers`` (CD, RemovableDisk), redfish.md 2.2."""

    def listed(bmc: Bmc) -> dict[str, Any]:  # noqa: ARG001 - as above
        path = _media_path(owner)
        keys = ("1", "2") if owner == "Systems" else ("CD", "RemovableDisk")
        return collection(path, "VirtualMediaCollection", "VirtualMedia Collection", [f"{path}/{key}" for key in keys])

    return listed


def has_drive(owner: str, key: str) -> bool:
    """Tell whether a path knows a virtual drive by this name."""
    return key in _KINDS and key.isdigit() == (owner == "Systems")


def media(owner: str) -> Any:
    """Return what shows a virtual drive."""

    def shown(bmc: Bmc, key: str) -> dict[str, Any] | None:
        if not has_drive(owner, key):
            return None
        path = f"{_media_path(owner)}/{key}"
        told = bmc.machine.media.slot(key)
        inserted = bool(told.inserted)
        kinds = _KINDS[key]
        return {
            **head(path, "VirtualMedia", "v1_6_1", key, f"VirtualMedia Instance {key}"),
            "Actions": {
                f"#VirtualMedia.{name}": {"target": f"{path}/Actions/VirtualMedia.{name}"}
                for name in ("EjectMedia", "InsertMedia")
            },
            "ConnectedVia": "URI" if inserted else "NotConnected",
            "Image": told.image or None,
            "ImageName": told.image.rpartition("/")[2] or None,
            "Inserted": inserted,
            "MediaTypes": kinds,
            "MediaTypes@odata.count": len(kinds),
            "Password": None,
            "UserName": told.user or None,
            "WriteProtected": told.write_protected if inserted else None,
        }

    return shown
