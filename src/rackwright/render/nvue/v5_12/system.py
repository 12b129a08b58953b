"""The sections ``system`` and ``service``: users, API, time, names, logs, relays (nvue.md 3.1)."""

from __future__ import annotations

from typing import Any

from rackwright.nvue.tree import merge
from rackwright.plan.model import Switch, SystemSettings
from rackwright.render.nvue.v5_12.neutral import neutral

__all__ = ["service", "system"]

Tree = dict[str, Any]

ADMIN_ROLE = "system-admin"


def system(switch: Switch) -> Tree:
    """Return hostname, time zone, users with the factory's roles, and what the factory config holds."""
    settings = switch.system
    found: Tree = {
        **_factory(),
        "hostname": switch.name,
        "aaa": {"class": _classes(), "role": _roles(), "user": {settings.user: _user(settings)}},
    }
    if settings.timezone:
        found["timezone"] = settings.timezone
    extra = neutral(settings.extra).get("system")
    return merge(found, extra) if extra else found


def _factory() -> Tree:
    """Return what a factory switch has and a replace would take away (nvue.md 3.1, 4.2)."""
    return {
        "api": {"state": "enabled"},
        "config": {"auto-save": {"state": "enabled"}},
        "control-plane": {"acl": {"acl-default-dos": {"inbound": {}}, "acl-default-whitelist": {"inbound": {}}}},
        "reboot": {"mode": "cold"},
        "ssh-server": {"state": "enabled"},
    }


def _classes() -> Tree:
    return {
        "nvapply": {"action": "allow", "command-path": {"/": {"permission": "all"}}},
        "nvshow": {"action": "allow", "command-path": {"/": {"permission": "ro"}}},
        "sudo": {"action": "allow", "command-path": {"/": {"permission": "all"}}},
    }


def _roles() -> Tree:
    return {
        "nvue-admin": {"class": {"nvapply": {}}},
        "nvue-monitor": {"class": {"nvshow": {}}},
        "system-admin": {"class": {"nvapply": {}, "sudo": {}}},
    }


def _user(settings: SystemSettings) -> Tree:
    user: Tree = {"full-name": f"{settings.user},,,", "role": ADMIN_ROLE}
    if settings.password:
        user["hashed-password"] = {"secret": settings.password.removeprefix("secret:")}
    if settings.ssh_keys:
        keys = {name: {"type": kind, "key": key} for name, kind, key in settings.ssh_keys}
        user["ssh"] = {"authorized-key": keys}
    return user


def service(switch: Switch) -> Tree:
    """Return NTP, DNS and syslog in the service VRF, DHCP relays by VRF, and LLDP where it is set."""
    settings = switch.system
    found: Tree = {}
    for name, servers in (("dns", settings.dns), ("ntp", settings.ntp), ("syslog", settings.syslog)):
        if servers:
            found[name] = {settings.service_vrf: {"server": {server: {} for server in servers}}}
    if switch.relays:
        found["dhcp-relay"] = {
            relay.vrf: {
                "interface": {name: {} for name in relay.interfaces},
                "server": {server: {} for server in relay.servers},
            }
            for relay in switch.relays
        }
    extra = neutral(settings.extra).get("service")
    return merge(found, _in_vrf(extra, settings.service_vrf)) if extra else found


def _in_vrf(extra: Tree, vrf: str) -> Tree:
    # The table of neutral names cannot know the VRF; it writes "*" in its place.
    return {name: {vrf if key == "*" else key: value for key, value in below.items()} for name, below in extra.items()}
