"""A firmware image that the site has: which component it is for, which version it brings, what it needs."""

from __future__ import annotations

import msgspec

__all__ = ["Image"]


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the site's image catalogue."""

    component: str
    """Key of a FirmwareKind, e.g. ``bios``."""
    version: str
    """As the inventory prints it when the image is in force."""
    equal: tuple[str, ...] = ()
    """Other spellings of the same version."""
    models: tuple[str, ...] = ()
    """Server or NIC models that it is for; empty: all."""
    file: str = ""
    """Path below the site's folder, with slashes; empty where there is only a URL."""
    url: str = ""
    """Where a BMC can fetch it; empty where there is only a file."""
    sha256: str = ""
    """In lower hex; empty: not told, and the file is not sent."""
    needs: tuple[tuple[str, str], ...] = ()
    """(component, least version) that must be in force before it is sent."""
    changes: tuple[str, ...] | None = None
    """BIOS attributes that this image adds, removes or gives other values; ``None``: not told, ``("*",)``: many."""
    minutes: float | None = None
    """Sending and applying it, in minutes; that of the component's kind when not told."""
    source: str = ""
    """``images.yaml:3``: where the entry stands."""

    @property
    def id(self) -> str:
        """Name the image in one word, e.g. ``bios 2.7.4``."""
        return f"{self.component} {self.version}"
