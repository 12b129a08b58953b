"""The BMC of a BlueField-3 (captured tree BF-24.10-10)."""

from __future__ import annotations

from typing import Final

from rackwright.twin.bmc.service.routing import Route

__all__ = ["ROUTES"]

ROUTES: Final[tuple[Route, ...]] = ()
