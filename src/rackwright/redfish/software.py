"""The firmware inventory: which row counts, what it is of, and which card it is on.

Dell's ids read ``{Installed|Current|Previous|Available}-{SoftwareId}-{Version}__{FQDD}``; only what is installed counts. The
others are images that the iDRAC keeps, with every sign of being current (redfish.md 2.5). Dell's own status wins over the id.
Other vendors tell kept images by their state, or in the id.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple

from rackwright.redfish.inventory import Software
from rackwright.redfish.tree import Node, Tree, flag, inner, text

__all__ = ["Identity", "identity", "pci_ids", "row", "software"]

Status = Literal["installed", "kept", "available", "unknown"]

_GRAMMAR = re.compile(r"(?P<kind>[A-Za-z]+)-(?P<number>[^-_]*)-(?P<version>.*?)__(?P<fqdd>.+)")
_OF_PREFIX: dict[str, Status] = {
    "installed": "installed",
    "current": "kept",
    "previous": "kept",
    "available": "available",
}
_OF_STATE: dict[str, Status] = {
    "StandbyOffline": "kept",
    "StandbySpare": "kept",
    "Updating": "unknown",
    "Absent": "unknown",
}
_KEPT = re.compile(
    r"(?:^|[_ -])(?:backup|golden|pending|previous|redundant|rollback|staged|standby)(?:[_ -]|$)", re.IGNORECASE
)
_HEX = re.compile(r"(?:0x)?([0-9a-f]{1,4})", re.IGNORECASE)
_NO_DATE = "00:00:00Z"
_TOKENS = 6
"""``DCIM:firmware:15B3:A2DC:15B3:0009``."""


class Identity(NamedTuple):
    """What Dell's id of a row says."""

    kind: str
    software_id: str
    version: str
    fqdd: str


@lru_cache(1 << 14)
def identity(row_id: str) -> Identity | None:
    """Split Dell's id of an inventory row; None when it is none.

    >>> identity("Installed-159-1.13.2__BIOS.Setup.1-1").fqdd
    'BIOS.Setup.1-1'
    """
    found = _GRAMMAR.fullmatch(row_id)
    if found is None or found["kind"].lower() not in _OF_PREFIX:
        return None
    return Identity(found["kind"], found["number"], found["version"], found["fqdd"])


def row(resource: Node) -> Software:
    """Read one SoftwareInventory."""
    name, dell = text(resource, "Id"), inner(resource, "Oem", "Dell", "DellSoftwareInventory")
    name = name or text(resource, "@odata.id").rstrip("/").rpartition("/")[2]
    split = identity(name)
    place = split.fqdd if split else text(dell, "Id").partition("__")[2]
    released = text(resource, "ReleaseDate")
    return Software(
        id=name,
        uri=text(resource, "@odata.id").rstrip("/"),
        name=text(resource, "Name"),
        version=_printed(resource.get("Version")),
        fqdd=place or name,
        software_id=_printed(resource.get("SoftwareId"))
        or text(dell, "ComponentID")
        or (split.software_id if split else ""),
        status=_status(resource, dell, name, split),
        updateable=flag(resource, "Updateable"),
        released="" if released == _NO_DATE else released,
        pci=_pci(dell),
    )


def software(tree: Tree) -> tuple[Software, ...]:
    """Read all rows of the firmware inventory, in the order of their places."""
    found = tree.below(tree.at("/redfish/v1"), "UpdateService", "FirmwareInventory") or tree.of_type(
        "SoftwareInventory"
    )
    rows = {one.uri or one.id: one for one in map(row, found)}
    return tuple(sorted(rows.values(), key=lambda one: (one.fqdd, one.status, one.id)))


def _status(resource: Node, dell: object, name: str, split: Identity | None) -> Status:
    prefix: Status = _OF_PREFIX[split.kind.lower()] if split else "unknown"
    match text(dell, "Status"):
        case "Installed":
            return "installed"
        case "AvailableForInstallation":
            return "available" if prefix == "available" else "kept"
        case "NotInstalled":
            return "available"
        case _ if split:
            return prefix
    told = _OF_STATE.get(text(resource, "Status", "State"))
    if told:
        return told
    return "kept" if _KEPT.search(name) or _KEPT.search(text(resource, "Name")) else "installed"


def _pci(dell: object) -> tuple[str, str, str, str]:
    """Return the four PCI ids, from the identity that is matched against an update package or from their own properties."""
    values = inner(dell, "IdentityInfoValue")
    for one in values if isinstance(values, list) else []:
        parts = one.split(":") if isinstance(one, str) else []
        if len(parts) == _TOKENS and all(_HEX.fullmatch(part) for part in parts[2:]):
            return pci_ids(*parts[2:])
    return pci_ids(*(text(dell, key) for key in ("VendorID", "DeviceID", "SubVendorID", "SubDeviceID")))


@lru_cache(1 << 14)
def pci_ids(vendor: str, device: str, sub_vendor: str, sub_device: str) -> tuple[str, str, str, str]:
    """Bring PCI ids to four upper hexadecimal digits each; what is none becomes empty."""

    def brought(word: str) -> str:
        found = _HEX.fullmatch(word.strip())
        return found[1].upper().zfill(4) if found else ""

    return brought(vendor), brought(device), brought(sub_vendor), brought(sub_device)


def _printed(raw: object) -> str:
    """Return a version or number as printed, also one that says that none is told."""
    return str(raw).strip() if isinstance(raw, (str, int)) and not isinstance(raw, bool) else ""
