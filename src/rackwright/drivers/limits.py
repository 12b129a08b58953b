"""How long a driver waits for what, and how often it tries."""

from __future__ import annotations

import msgspec

__all__ = ["Limits"]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one session. Those of the wire pass on the wall; those of the device on the driver's clock."""

    connect_s: float = 10
    """Wall time to open a connection: TCP, then the handshake of SSH or TLS."""
    login_s: float = 30
    """Wall time for the device to accept or refuse a login; AAA servers are slow."""
    answer_s: float = 120
    """Wall time for one answer to anything but an apply."""
    apply_s: float = 900
    """Wall time for ``nv config apply`` to come back, whatever clock the device has."""
    settle_s: float = 900
    """Time on the clock for an apply, or the way back from one, that is looked at from time to time."""
    patience_s: float = 0
    """Time on the clock during which an unreachable device is tried again; 0: once."""
    boot_s: float = 300
    """Time on the clock during which a switch whose nvued does not answer yet is asked again (nvue.md 6, pitfall 8)."""
    pause_s: float = 2
    """Time on the clock between two tries."""
    busy_s: float = 180
    """Time on the clock during which a BMC that says that it is busy, or has no session left, is asked again (redfish.md 5)."""
    upload_s: float = 1800
    """Wall time for the upload of one image to a BMC: 400 MB over a slow management network."""
    largest_bytes: int = 64 << 20
    """Longest answer that is read."""

    def patient(self, seconds: float) -> Limits:
        """Return the same limits with patience for a device that is on its way up."""
        return msgspec.structs.replace(self, patience_s=seconds)
