"""What one switch shows of itself and of what is plugged into it."""

from __future__ import annotations

from typing import Any

import msgspec

from rackwright.audit import learned
from rackwright.audit.evidence import SHOW
from rackwright.audit.learned import TABLE
from rackwright.drivers.nvue.model import Nvue
from rackwright.errors import DeviceRefused
from rackwright.intent.nodes import normal_mac

__all__ = ["Heard", "Seen", "looked"]


class Heard(msgspec.Struct, frozen=True):
    """An LLDP neighbour."""

    name: str
    port: str
    mac: str
    """MAC address of the very port, where it is told; else of its chassis."""
    exact: bool
    """It is the port's."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What one switch shows."""

    device: str
    hostname: str = ""
    serial: str = ""
    eth0: str = ""
    """MAC address of its own management port."""
    table: dict[str, tuple[str, ...]] = {}
    """Port -> MAC addresses that are learned there."""
    heard: dict[str, tuple[Heard, ...]] = {}
    """Port -> neighbours."""


def looked(device: str, session: Nvue, *, table: bool) -> Seen:
    """Ask a switch; ``table`` says whether its forwarding table is wanted, as of an out-of-band switch."""
    facts = session.facts()
    interfaces = session.show("interface")
    link = (interfaces.get("eth0") or {}).get("link") or {}
    heard = {name: _neighbours(one) for name, one in interfaces.items() if name.startswith("swp")}
    return Seen(
        device=device,
        hostname=facts.hostname,
        serial=facts.serial,
        # 5.12's reference prints mac-address, its guide mac.
        eth0=normal_mac(str(link.get("mac-address") or link.get("mac") or "")) or "",
        table=_table(session) if table else {},
        heard={name: found for name, found in heard.items() if found},
    )


def _table(session: Nvue) -> dict[str, tuple[str, ...]]:
    try:
        shown = session.show(TABLE.removeprefix(SHOW))
    except DeviceRefused:
        # A switch without a bridge, as from the factory, has no such thing to show.
        return {}
    return learned.table(shown)


def _neighbours(interface: Any) -> tuple[Heard, ...]:
    lldp = interface.get("lldp") if isinstance(interface, dict) else None
    shown = (lldp or {}).get("neighbor") or {}
    return tuple(_heard(name, one) for name, one in shown.items())


def _heard(name: str, one: dict[str, Any]) -> Heard:
    port, chassis = one.get("port") or {}, one.get("chassis") or {}
    own = normal_mac(str(port.get("name", "")))
    far = normal_mac(str(chassis.get("chassis-id", ""))) or ""
    return Heard(name, str(port.get("description" if own else "name", "")), own or far, exact=own is not None)
