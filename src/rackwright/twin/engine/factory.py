"""The configuration that a switch leaves the factory with, and the one called ``empty``."""

from __future__ import annotations

import copy
from typing import Final

from rackwright.twin.engine.trees import Tree

__all__ = ["DEFAULT_PASSWORD", "EMPTY", "factory"]

DEFAULT_PASSWORD: Final = "cumulus"  # noqa: S105 - the one that every switch leaves the factory with
"""Quick-Start-Guide, Login Credentials."""

EMPTY: Final[Tree] = {}
"""What ``nv config apply empty`` applies; it has no user cumulus (RN-3875373)."""

_HASH: Final = "$6$rackwright$IucwETpreewxh/I89HIYymLfW2UPgS0wmzObFzSdD20NLe1piXbtZ.G0sS9pQ/VRITQfmFvbg2h4mVo8pkXKS0"

_FACTORY: Final[Tree] = {
    "interface": {"eth0": {"type": "eth", "ip": {"vrf": "mgmt", "address": {"dhcp": {}}}}},
    "system": {
        "hostname": "cumulus",
        "aaa": {
            "user": {"cumulus": {"full-name": "cumulus,,,", "hashed-password": _HASH, "role": "system-admin"}},
            "class": {
                "nvapply": {"action": "allow", "command-path": {"/": {"permission": "all"}}},
                "nvshow": {"action": "allow", "command-path": {"/": {"permission": "ro"}}},
                "sudo": {"action": "allow", "command-path": {"/": {"permission": "all"}}},
            },
            "role": {
                "nvue-admin": {"class": {"nvapply": {}}},
                "nvue-monitor": {"class": {"nvshow": {}}},
                "system-admin": {"class": {"nvapply": {}, "sudo": {}}},
            },
        },
        "api": {"state": "enabled"},
        "ssh-server": {"state": "enabled"},
        "config": {"auto-save": {"state": "enabled"}},
        "control-plane": {"acl": {"acl-default-dos": {"inbound": {}}, "acl-default-whitelist": {"inbound": {}}}},
        "reboot": {"mode": "cold"},
    },
}


def factory() -> Tree:
    """Return the default startup configuration (NVUE-CLI, Default Startup File; its objects: NVIDIA ERA exports)."""
    return copy.deepcopy(_FACTORY)
