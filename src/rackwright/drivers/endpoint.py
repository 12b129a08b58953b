"""How one device is reached: its addresses and ports, never its secrets."""

from __future__ import annotations

import msgspec

__all__ = ["Endpoint"]


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where a device answers. ``SITE/.rackwright/twin.json`` holds one for each emulated device."""

    device: str
    host: str
    """Address or name that a connection is opened to."""
    ssh_port: int = 22
    rest_port: int = 8765
    """Port of the NVUE API (nvue.md 4.1)."""
    redfish_port: int = 443
    """Port of a BMC's Redfish service."""
    user: str = "cumulus"
