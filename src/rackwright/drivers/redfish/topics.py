"""What each topic needs, as data: where a resource hangs, and whether its members are wanted (redfish.md 2.2).

A row is followed from the resources of an earlier row over a link; where a BMC has no such link it is passed over. Rows of
one topic that lead to the same thing are alternatives: the first that the BMC has is taken.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import msgspec

from rackwright.drivers.redfish.model import Topic

__all__ = ["ROWS", "Row", "rows_of"]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of resource."""

    name: str
    topics: frozenset[Topic]
    """For whom it is read; rows that it is reached over are read too."""
    of: str = "root"
    """The row whose resources link to it."""
    at: tuple[tuple[str, ...], ...] = ()
    """Ways of keys to the link; the first that is there counts."""
    below: str = ""
    """What the standard puts below the linked resource (DSP0266, resource URIs): the resource between is not read."""
    members: bool = False
    """It is a collection, and its members are what is wanted."""
    inner: tuple[str, ...] = ()
    """Or: lists of links in the resource itself; it is read once more with them expanded, where the BMC can."""
    needs: tuple[tuple[str, ...], ...] = ()
    """Read only where the resource that links to it has one of each of these, and not empty."""
    unless: tuple[str, ...] = ()
    """Not read where the resource that links to it has this."""
    untold_by: str = ""
    """Read only where this row does not tell the links of the ports of the resource."""
    instead_of: str = ""
    """Not read where this row could be read."""
    lasting: bool = False
    """What hangs on it hangs there for as long as a session lasts: for its links alone it is not read again."""
    told_for: frozenset[Topic] = frozenset()
    """Where these alone are asked for, the same goes for what else changes: they use its links alone."""


def _row(name: str, topics: str, **rest: object) -> Row:
    return msgspec.convert({"name": name, "topics": topics.split(), **rest}, Row)


_DELL: Final = ("Links", "Oem", "Dell")

ROWS: Final[tuple[Row, ...]] = (
    _row("systems", "system links lights", at=[["Systems"]], members=True, told_for=["ports"]),
    _row("managers", "system", at=[["Managers"]], members=True, lasting=True),
    _row("chassis", "hardware adapters", at=[["Chassis"]], members=True, lasting=True),
    _row("processors", "hardware", of="systems", at=[["Processors"]], members=True),
    _row("memory", "hardware", of="systems", at=[["Memory"]], members=True),
    # MAC and link of every port in one answer. An iDRAC tells no link of some (BlueField-3, link down): the ports of such an adapter are one more.
    _row("ports", "hardware links lights ports adapters", of="systems", at=[["EthernetInterfaces"]], members=True),
    _row("adapters", "hardware links adapters", of="chassis", at=[["NetworkAdapters"]], members=True),
    _row("adapter ports", "hardware links adapters", of="adapters", at=[["Ports"], ["NetworkPorts"]], members=True, untold_by="ports"),
    # Lanes in use; an enclosure of drives has devices too, of which nobody asks.
    _row("pcie", "hardware adapters", of="chassis", at=[["PCIeDevices"]], members=True, needs=[["NetworkAdapters"]]),
    _row("power", "hardware supplies", of="chassis", at=[["Power"]]),
    _row("power supplies", "hardware supplies", of="chassis", at=[["PowerSubsystem"]], below="/PowerSupplies", members=True, instead_of="power"),
    _row("storage", "hardware", of="systems", at=[["Storage"]], members=True),
    _row("drives", "hardware", of="storage", inner=["Drives"], needs=[["Drives"]]),
    # Drives at the processor have no controller that could mirror them.
    _row("volumes", "hardware", of="storage", at=[["Volumes"]], members=True, needs=[["Drives"], ["Controllers", "StorageControllers"]]),
    _row("own ports", "hardware", of="managers", at=[["EthernetInterfaces"]], members=True, unless=["Oem", "Dell"]),
    _row("firmware", "firmware", at=[["UpdateService"]], below="/FirmwareInventory", members=True),
    _row("bios", "bios registry", of="systems", at=[["Bios"]]),
    _row("staged", "bios", of="bios", at=[["@Redfish.Settings", "SettingsObject"]]),
    _row("jobs of an iDRAC", "jobs", of="managers", at=[[*_DELL, "Jobs"]], members=True),
    _row("jobs", "jobs", at=[["JobService"]], below="/Jobs", members=True, instead_of="jobs of an iDRAC"),
    _row("tasks", "jobs", at=[["Tasks"]], below="/Tasks", members=True, instead_of="jobs of an iDRAC"),
    _row("attributes", "settings attributes", of="managers", at=[[*_DELL, "DellAttributes", "0"]]),
    _row("protocols", "settings", of="managers", at=[["NetworkProtocol"]], unless=[*_DELL, "DellAttributes"]),
    _row("accounts", "settings", at=[["AccountService"]], below="/Accounts", members=True),
)  # fmt: skip


def rows_of(topics: Collection[Topic]) -> list[Row]:
    """Return the rows that topics need, those first over which others are reached."""
    known = {row.name: row for row in ROWS}
    wanted: set[str] = set()
    for row in ROWS:
        if row.topics & set(topics):
            name = row.name
            while name != "root":
                wanted.add(name)
                name = known[name].of
    return [row for row in ROWS if row.name in wanted]
