"""The switch as a whole: system, platform, time (System reference; hardware monitoring page)."""

from __future__ import annotations

import hashlib
import uuid
from datetime import timedelta
from typing import Any

from rackwright.twin.state.config import at
from rackwright.twin.state.shows.view import Show, View, moment

__all__ = [
    "SHOWS",
    "date_time",
    "ntp",
    "ntp_vrf",
    "platform",
    "reboot",
    "reboot_history",
    "reboot_reason",
    "synchronized",
    "system",
    "version",
]


def system(view: View) -> dict[str, Any]:
    """Return ``nv show system``; ``product-release`` is at the top from 5.11 to 5.13 (nvue.md 4.1)."""
    nos = view.fabric.version_of(view.name)
    uptime = timedelta(seconds=int(view.now - view.machine.booted))
    return {
        "hostname": view.machine.hostname,
        "build": f"Cumulus Linux {nos}",
        "product-name": "Cumulus Linux",
        "product-release": nos,
        "uptime": str(uptime),
        "timezone": str(at(view.config.tree, "system", "timezone") or "Etc/UTC"),
    }


def version(view: View) -> dict[str, Any]:
    """Return ``nv show system version``; the keys but ``build`` and ``product-release`` are left out, none is known."""
    nos = view.fabric.version_of(view.name)
    return {"build": f"Cumulus Linux {nos}", "product-release": nos}


def platform(view: View) -> dict[str, Any]:
    """Return ``nv show platform``; what no source says of a model reads ``n/a``, as on the page."""
    machine = view.machine
    digest = hashlib.blake2b(machine.name.encode(), digest_size=16).digest()
    return {
        "system-mac": machine.mac,
        "manufacturer": "NVIDIA",
        "product-name": machine.device.model.upper(),
        "cpu": "n/a",
        "memory": "n/a",
        "disk-size": "n/a",
        "port-layout": "n/a",
        "part-number": machine.device.model.upper(),
        "serial-number": machine.serial,
        "asic-model": machine.model.asic.capitalize(),
        "system-uuid": str(uuid.UUID(bytes=digest)),
    }


def synchronized(view: View) -> str:
    """Return the NTP server that the clock follows; empty: none.

    A server is reached when one is configured and the management port has a link; a test can take a server away.
    """
    given = at(view.config.tree, "service", "ntp") or {}
    servers = [name for row in given.values() for name in (*(row.get("server") or {}), *(row.get("pool") or {}))]
    alive = [name for name in servers if name not in view.fabric.dead_servers]
    socket = view.fabric.plugs.sockets.get((view.name, "eth0"))
    linked = socket is None or view.layer1.port_line(view.name, "eth0").at(view.now)
    return alive[0] if alive and linked else ""


def date_time(view: View) -> dict[str, Any]:
    """Return ``nv show system date-time``."""
    now = moment(view.now)
    zone = str(at(view.config.tree, "system", "timezone") or "Etc/UTC")
    return {
        "local-time": now.strftime("%a %Y-%m-%d %H:%M:%S UTC"),
        "universal-time": now.strftime("%a %Y-%m-%d %H:%M:%S UTC"),
        "rtc-time": now.strftime("%a %Y-%m-%d %H:%M:%S"),
        "time-zone": f"{zone} (UTC, +0000)",
        "system-clock-synchronized": "yes" if synchronized(view) else "no",
        "ntp-service": "active" if at(view.config.tree, "service", "ntp") else "inactive",
        "rtc-in-local-tz": "no",
        "unix-time": now.timestamp(),
    }


def ntp(view: View) -> dict[str, Any]:
    """Return ``nv show service ntp``, which is configuration."""
    found: dict[str, Any] = view.configured("service", "ntp")
    return found


def ntp_vrf(view: View, vrf: str) -> dict[str, Any]:
    """Return NTP of one VRF."""
    found: dict[str, Any] = view.configured("service", "ntp", vrf)
    return found


def reboot_reason(view: View) -> dict[str, str]:
    """Return the last boot."""
    return {"gentime": moment(view.machine.booted).isoformat(), "reason": "Unknown", "user": "system/root"}


def reboot(view: View) -> dict[str, Any]:
    """Return ``nv show system reboot``."""
    mode = str(at(view.config.tree, "system", "reboot", "mode") or "cold")
    return {"mode": mode, "reason": reboot_reason(view)}


def reboot_history(view: View) -> dict[str, Any]:
    """Return the boots that the twin has seen: the last one."""
    return {"1": reboot_reason(view)}


SHOWS: dict[tuple[str, ...], Show] = {
    ("system",): system,
    ("system", "version"): version,
    ("system", "date-time"): date_time,
    ("system", "reboot"): reboot,
    ("system", "reboot", "reason"): reboot_reason,
    ("system", "reboot", "history"): reboot_history,
    ("platform",): platform,
    ("service", "ntp"): ntp,
    ("service", "ntp", "*"): ntp_vrf,
}
