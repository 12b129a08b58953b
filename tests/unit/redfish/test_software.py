"""The firmware inventory: what is installed counts, by its place and its PCI ids, whatever its id looks like."""

from __future__ import annotations

from typing import Any

import pytest

from rackwright.redfish.software import identity, row


def dell(row_id: str, status: str | None = None, **rest: Any) -> dict[str, Any]:
    """Return a row as an iDRAC tells it."""
    own = {"DellSoftwareInventory": {"Status": status, **rest.pop("own", {})}} if status else {}
    return {
        "Id": row_id,
        "@odata.id": f"/redfish/v1/UpdateService/FirmwareInventory/{row_id}",
        "Oem": {"Dell": own},
        **rest,
    }


@pytest.mark.parametrize(
    ("row_id", "software_id", "version", "fqdd"),
    [
        ("Installed-159-1.13.2__BIOS.Setup.1-1", "159", "1.13.2", "BIOS.Setup.1-1"),
        ("Installed-0-32.41.1000__NIC.Slot.2-1", "0", "32.41.1000", "NIC.Slot.2-1"),
        ("Current-112262-0.4.0.0.0.0__MC.Chassis.1-1-1", "112262", "0.4.0.0.0.0", "MC.Chassis.1-1-1"),
        ("Previous-25227-6.10.80.00__iDRAC.Embedded.1-1", "25227", "6.10.80.00", "iDRAC.Embedded.1-1"),
        ("Available-159-1.2-3__BIOS.Setup.1-1", "159", "1.2-3", "BIOS.Setup.1-1"),
        ("Installed-18981-0__DriverPack.Embedded.1:LC.Embedded.1", "18981", "0", "DriverPack.Embedded.1:LC.Embedded.1"),
    ],
)
def test_dells_ids_are_split(row_id: str, software_id: str, version: str, fqdd: str) -> None:
    """The place of a component was lost, and with it every update of it."""
    found = identity(row_id)
    assert found is not None
    assert found[1:] == (software_id, version, fqdd)
    assert row(dell(row_id)).fqdd == fqdd


@pytest.mark.parametrize("row_id", ["BMC_Firmware", "1", "DPU_NIC", "", "Installed-159", "Slot-1-2__x"])
def test_other_ids_are_kept_whole(row_id: str) -> None:
    """An id of another vendor was cut as if it were Dell's."""
    assert identity(row_id) is None
    assert row({"Id": row_id}).fqdd == row_id


@pytest.mark.parametrize(
    ("resource", "status"),
    [
        (dell("Installed-159-2.0__BIOS.Setup.1-1", "Installed"), "installed"),
        (dell("Current-159-2.0__BIOS.Setup.1-1", "AvailableForInstallation"), "kept"),
        (dell("Previous-159-1.0__BIOS.Setup.1-1", "AvailableForInstallation"), "kept"),
        (dell("Available-159-3.0__BIOS.Setup.1-1", "AvailableForInstallation"), "available"),
        (dell("Current-159-2.0__BIOS.Setup.1-1", "Installed"), "installed"),
        (dell("Previous-159-1.0__BIOS.Setup.1-1"), "kept"),
        ({"Id": "11", "Name": "Redundant System ROM"}, "kept"),
        ({"Id": "BMC-Backup"}, "kept"),
        ({"Id": "BMC-Primary"}, "installed"),
        ({"Id": "golden_image_nic"}, "kept"),
        ({"Id": "x", "Status": {"State": "StandbyOffline"}}, "kept"),
        ({"Id": "x", "Status": None}, "installed"),
    ],
)
def test_only_what_is_installed_counts(resource: dict[str, Any], status: str) -> None:
    """An image that the BMC keeps passed for what runs; Dell's own status must win over the id."""
    assert row(resource).status == status


def test_a_card_is_known_by_its_pci_ids() -> None:
    """A BlueField-3, whose software id is 0, could not be told from any other card."""
    own = {"IdentityInfoValue": ["DCIM:firmware:15b3:A2DC:15B3:9"], "VendorID": "FFFF"}
    assert row(dell("Installed-0-32.41.1000__NIC.Slot.2-1", "Installed", own=own)).pci == (
        "15B3",
        "A2DC",
        "15B3",
        "0009",
    )
    own = {"IdentityInfoValue": ["DCIM:BIOS:159"], "VendorID": None}
    assert row(dell("Installed-159-1.0__BIOS.Setup.1-1", "Installed", own=own)).pci == ("", "", "", "")
    own = {"VendorID": "14E4", "DeviceID": "165F", "SubVendorID": "1028", "SubDeviceID": "08FF"}
    assert row(dell("Installed-1-1__NIC.Embedded.1-1-1", "Installed", own=own)).pci == ("14E4", "165F", "1028", "08FF")


@pytest.mark.parametrize(
    ("raw", "told"),
    [("NotAvailable", "NotAvailable"), ("0", "0"), ("", ""), (None, ""), (7, "7"), (["x"], ""), ("2.7.4 ", "2.7.4")],
)
def test_versions_are_kept_as_printed(raw: Any, told: str) -> None:
    """What a BMC prints for a version that it does not know was lost, or read as one."""
    assert row({"Id": "x", "Version": raw}).version == told


def test_a_date_that_is_none_is_empty() -> None:
    """00:00:00Z passed for a date of release."""
    assert row({"Id": "x", "ReleaseDate": "00:00:00Z"}).released == ""
    assert row({"Id": "x", "ReleaseDate": "2023-12-20T00:00:00Z"}).released == "2023-12-20T00:00:00Z"
