"""The service root and what hangs on it: registries, events, certificates, OData's own documents (R750 tree)."""

from __future__ import annotations

from typing import Any, Final

from rackwright.twin.bmc.machine.messages import MESSAGES
from rackwright.twin.bmc.service.bmc import Bmc
from rackwright.twin.bmc.service.envelope import Answer
from rackwright.twin.bmc.service.views.shape import MANAGER, ROOT, SYSTEM, collection, head, link, status

__all__ = [
    "certificate_locations",
    "certificate_service",
    "event_service",
    "messages",
    "metadata",
    "odata",
    "registries",
    "registry_file",
    "schemas",
    "service_root",
    "subscription",
    "subscriptions",
]

_SERVICES: Final = {
    "AccountService": "AccountService",
    "CertificateService": "CertificateService",
    "Chassis": "Chassis",
    "EventService": "EventService",
    "JobService": "JobService",
    "JsonSchemas": "JsonSchemas",
    "Managers": "Managers",
    "Registries": "Registries",
    "SessionService": "SessionService",
    "Systems": "Systems",
    "Tasks": "TaskService",
    "UpdateService": "UpdateService",
}
"""Property of the root -> path below it."""
CERTIFICATE: Final = f"{MANAGER}/NetworkProtocol/HTTPS/Certificates/SecurityCertificate.1"


def service_root(bmc: Bmc) -> dict[str, Any]:
    """Show the service root, which anybody may read: it names the service tag (redfish.md 2.1)."""
    machine = bmc.machine
    return {
        **head(ROOT, "ServiceRoot", "v1_16_0", "RootService", "Root Service"),
        **{name: link(f"{ROOT}/{path}") for name, path in _SERVICES.items()},
        "Links": {"Sessions": link(f"{ROOT}/SessionService/Sessions")},
        "Oem": {
            "Dell": {
                "@odata.context": f"{ROOT}/$metadata#DellServiceRoot.DellServiceRoot",
                "@odata.type": "#DellServiceRoot.v1_0_0.DellServiceRoot",
                "IsBranded": 0,
                "ManagerMACAddress": machine.hardware.bmc_mac,
                "ServiceTag": machine.service_tag,
            }
        },
        "Product": "Integrated Dell Remote Access Controller",
        "ProtocolFeaturesSupported": {
            "DeepOperations": {"DeepPATCH": False, "DeepPOST": False},
            "ExcerptQuery": False,
            "ExpandQuery": {"ExpandAll": True, "Levels": True, "Links": True, "MaxLevels": bmc.levels, "NoLinks": True},
            "FilterQuery": True,
            "OnlyMemberQuery": True,
            "SelectQuery": True,
        },
        "RedfishVersion": "1.18.0",
        "ServiceIdentification": machine.service_tag,
        "Vendor": "Dell",
    }


def odata(bmc: Bmc) -> dict[str, Any]:  # noqa: ARG001 - every resource takes the BMC
    """Show OData's service document."""
    rows = [{"kind": "Singleton", "name": name, "url": f"{ROOT}/{path}"} for name, path in _SERVICES.items()]
    root = {"kind": "Singleton", "name": "Service", "url": f"{ROOT}/"}
    sessions = {"kind": "Singleton", "name": "Sessions", "url": f"{ROOT}/SessionService/Sessions"}
    return {"@odata.context": f"{ROOT}/$metadata", "value": [root, *rows, sessions]}


_KINDS: Final = (
    "AccountService", "Bios", "Chassis", "ComputerSystem", "Job", "Manager", "ServiceRoot", "Session", "SoftwareInventory",
    "Task", "UpdateService",
)  # fmt: skip


def metadata(bmc: Bmc) -> Answer:  # noqa: ARG001 - as above
    """Show OData's metadata: references to DMTF's schemas, as XML."""
    include = "".join(
        f'<edmx:Reference Uri="{ROOT}/Schemas/{kind}_v1.xml"><edmx:Include Namespace="{kind}"/></edmx:Reference>'
        for kind in _KINDS
    )
    service = (
        '<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="Service">'
        '<EntityContainer Name="Service" Extends="ServiceRoot.v1_0_0.ServiceContainer"/></Schema>'
    )
    return Answer(
        200,
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0">'
        f"{include}<edmx:DataServices>{service}</edmx:DataServices></edmx:Edmx>",
    )


def schemas(bmc: Bmc) -> dict[str, Any]:  # noqa: ARG001 - as above
    """List the JSON schemas: none is served, DMTF publishes them."""
    return collection(f"{ROOT}/JsonSchemas", "JsonSchemaFileCollection", "Schema Repository", ())


# --- registries ---------------------------------------------------------------------------------------

_REGISTRIES: Final = {
    "BiosAttributeRegistry.v1_0_0": f"{SYSTEM}/Bios/BiosRegistry",
    "Messages": f"{ROOT}/Registries/Messages/EEMIRegistry.v1_5_0.json",
}


def registries(bmc: Bmc) -> dict[str, Any]:  # noqa: ARG001 - as above
    """List the registries."""
    path = f"{ROOT}/Registries"
    return collection(
        path, "MessageRegistryFileCollection", "Registry File Collection", [f"{path}/{one}" for one in _REGISTRIES]
    )


def registry_file(bmc: Bmc, key: str) -> dict[str, Any] | None:  # noqa: ARG001 - as above
    """Say where a registry lies."""
    if key not in _REGISTRIES:
        return None
    return {
        **head(f"{ROOT}/Registries/{key}", "MessageRegistryFile", "v1_1_3", key, f"{key} File"),
        "Languages": ["en"],
        "Location": [{"Language": "en", "Uri": _REGISTRIES[key]}],
        "Location@odata.count": 1,
        "Registry": key,
    }


def messages(bmc: Bmc, name: str) -> dict[str, Any] | None:
    """Show the messages that this service says, in the twin's own words."""
    if name != "EEMIRegistry.v1_5_0.json":
        return None
    rows = {
        key: {
            "Description": row.text,
            "Message": row.text.replace("{0}", "%1").replace("{1}", "%2"),
            "MessageSeverity": "OK" if row.severity == "Informational" else row.severity,
            "NumberOfArgs": row.text.count("{"),
            "Resolution": row.remedy,
        }
        for key, row in MESSAGES.items()
    }
    return {
        "@odata.id": f"{ROOT}/Registries/Messages/{name}",
        "@odata.type": "#MessageRegistry.v1_6_0.MessageRegistry",
        "Id": name.removesuffix(".json"),
        "Language": "en",
        "Messages": rows,
        "Name": "EEMI Message Registry",
        "OwningEntity": "Rackwright twin",
        "RegistryPrefix": bmc.prefixed("").split(".")[0],
        "RegistryVersion": "2.9.0",
    }


# --- events -------------------------------------------------------------------------------------------


def event_service(bmc: Bmc) -> dict[str, Any]:  # noqa: ARG001 - as above
    """Show EventService; subscriptions are kept and no event is sent."""
    path = f"{ROOT}/EventService"
    return {
        **head(path, "EventService", "v1_10_0", "EventService", "Event Service"),
        "DeliveryRetryAttempts": 3,
        "DeliveryRetryIntervalSeconds": 5,
        "EventFormatTypes": ["Event", "MetricReport"],
        "EventFormatTypes@odata.count": 2,
        "ServiceEnabled": True,
        "Status": status(),
        "Subscriptions": link(f"{path}/Subscriptions"),
    }


def subscriptions(bmc: Bmc) -> dict[str, Any]:
    """List the subscriptions."""
    path = f"{ROOT}/EventService/Subscriptions"
    paths = [f"{path}/{key}" for key in bmc.subscriptions]
    return collection(path, "EventDestinationCollection", "Event Subscriptions Collection", paths)


def subscription(bmc: Bmc, key: str) -> dict[str, Any] | None:
    """Show a subscription."""
    body = bmc.subscriptions.get(key)
    if body is None:
        return None
    path = f"{ROOT}/EventService/Subscriptions/{key}"
    return {**head(path, "EventDestination", "v1_13_2", key, f"EventSubscription {key}"), **body}


# --- certificates -------------------------------------------------------------------------------------


def certificate_service(bmc: Bmc) -> dict[str, Any]:  # noqa: ARG001 - as above
    """Show CertificateService."""
    path = f"{ROOT}/CertificateService"
    return {
        **head(path, "CertificateService", "v1_0_4", "CertificateService", "Certificate Service"),
        "Actions": {
            f"#CertificateService.{name}": {"target": f"{path}/Actions/CertificateService.{name}"}
            for name in ("GenerateCSR", "ReplaceCertificate")
        },
        "CertificateLocations": link(f"{path}/CertificateLocations"),
    }


def certificate_locations(bmc: Bmc) -> dict[str, Any]:  # noqa: ARG001 - as above
    """Say where certificates lie."""
    path = f"{ROOT}/CertificateService/CertificateLocations"
    return {
        **head(path, "CertificateLocations", "v1_0_2", "CertificateLocations", "Certificate Locations"),
        "Links": {"Certificates": [link(CERTIFICATE)], "Certificates@odata.count": 1},
    }
