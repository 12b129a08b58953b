"""Virtual media: two drives, one session (redfish.md 2.6, 5 row 33)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rackwright.twin.bmc.machine.bench import Bench
from rackwright.twin.bmc.machine.refusal import Refusal

__all__ = ["Drive", "Media"]

_SCHEMES: Final = ("http://", "https://", "nfs://", "cifs://", "//")


@dataclass(slots=True)
class Drive:
    """One virtual drive."""

    id: str
    """``1`` and ``2`` below Systems (6.00 and later), ``CD`` and ``RemovableDisk`` below Managers [C]."""
    alias: str
    image: str = ""
    inserted: bool = False
    write_protected: bool = True
    user: str = ""


class Media:
    """The virtual drives of one iDRAC."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.drives = (Drive("1", "CD"), Drive("2", "RemovableDisk"))

    def slot(self, drive: str) -> Drive:
        """Return a drive by one of its two names. Raises :class:`Refusal` 404."""
        for one in self.drives:
            if drive in (one.id, one.alias):
                return one
        raise Refusal(404, "SYS403", [drive])

    def insert(self, drive: str, image: str, *, write_protected: bool = True, user: str = "") -> None:
        """InsertMedia. Raises :class:`Refusal`: no image (SYS428), no address (RAC0720), something is in already (409, [assumed] message)."""
        hit = self._bench.met("media-insert")
        found = self.slot(drive)
        if not image:
            raise Refusal(400, "SYS428", ["Image"], ["#/Image"])
        if not image.lower().startswith(_SCHEMES):
            raise Refusal(400, "RAC0720", [], ["#/Image"])
        if found.inserted:
            raise Refusal(409, "Base.ResourceInUse", [], ["#/Image"])
        if "not-inserted" in hit:
            return
        found.image, found.inserted, found.write_protected, found.user = image, True, write_protected, user
        self._bench.deed("media", "insert", image)

    def eject(self, drive: str) -> None:
        """EjectMedia; nothing when it is empty."""
        self._bench.met("media-eject")
        found = self.slot(drive)
        if found.inserted:
            self._bench.deed("media", "eject", found.image)
        found.image, found.inserted, found.user = "", False, ""

    def cd(self) -> str:
        """Return the image that a host would boot from; empty: none."""
        return next((one.image for one in self.drives if one.inserted), "")
