"""The object model of Cumulus Linux 5.11 and 5.12: one function a key at the top of the tree (nvue.md 3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rackwright.plan.model import Switch
from rackwright.render.nvue.v5_12.interfaces import interface
from rackwright.render.nvue.v5_12.overlay import bridge, evpn, nve, qos
from rackwright.render.nvue.v5_12.routing import router, vrf
from rackwright.render.nvue.v5_12.system import service, system

__all__ = ["SECTIONS"]

SECTIONS: dict[str, Callable[[Switch], dict[str, Any]]] = {
    "bridge": bridge,
    "evpn": evpn,
    "interface": interface,
    "nve": nve,
    "qos": qos,
    "router": router,
    "service": service,
    "system": system,
    "vrf": vrf,
}
"""The sections by their key; a later model takes over those that did not move."""
