"""The shape of a netplan document, as far as a host of a plan needs one (netplan's reference, version 2)."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Final

from rackwright.render.hosts.shapes import FLAG, TEXT, Either, Items, Keys, Rows, Shape, Text, Whole

__all__ = ["MAC", "NETPLAN"]


def _interface(text: str) -> bool:
    try:
        return "/" in text and bool(ipaddress.ip_interface(text))
    except ValueError:
        return False


def _network(text: str) -> bool:
    try:
        return text == "default" or bool(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return False


def _address(text: str) -> bool:
    try:
        return bool(ipaddress.ip_address(text))
    except ValueError:
        return False


MAC: Final = Text(pattern=r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}", called="a MAC address")
"""A MAC address."""
_CIDR: Final = Text(good=_interface, called="an address with its length, 10.0.0.5/24")
_PREFIX: Final = Text(good=_network, called="a prefix or default")
_IP: Final = Text(good=_address, called="an address")
_NAME: Final = Text(pattern=r"[^\s/]{1,15}", called="a name of an interface, at most 15 characters")
_MTU: Final = Whole(least=576, most=9500)
_SECONDS: Final = Either((Whole(least=0), TEXT))

_COMMON: Final[Mapping[str, Shape]] = {
    "dhcp4": FLAG, "dhcp6": FLAG, "dhcp-identifier": Text(words=("mac", "duid")), "accept-ra": FLAG, "optional": FLAG,
    "link-local": Items(Text(words=("ipv4", "ipv6"))), "mtu": _MTU, "addresses": Items(_CIDR), "macaddress": MAC,
    "nameservers": Keys({"addresses": Items(_IP), "search": Items(TEXT)}),
    "routes": Items(Keys({
        "to": _PREFIX, "via": _IP, "table": Whole(least=1), "metric": Whole(least=0), "from": _PREFIX, "on-link": FLAG,
        "type": TEXT, "scope": TEXT,
    }, needed=("to",))),
    "routing-policy": Items(Keys({
        "from": _PREFIX, "to": _PREFIX, "table": Whole(least=1), "priority": Whole(least=0), "mark": Whole(least=0),
    }, needed=("table",))),
}  # fmt: skip
"""What every kind of interface may have."""

_ETHERNET: Final = Keys({
    **_COMMON, "match": Keys({"macaddress": MAC, "name": TEXT, "driver": TEXT}), "set-name": _NAME, "wakeonlan": FLAG,
})  # fmt: skip
_BOND: Final = Keys({
    **_COMMON, "interfaces": Items(TEXT, least=1),
    "parameters": Keys({
        "mode": Text(words=("802.3ad", "active-backup", "balance-rr", "balance-xor", "broadcast", "balance-tlb", "balance-alb")),
        "lacp-rate": Text(words=("fast", "slow")), "mii-monitor-interval": _SECONDS, "primary": TEXT, "min-links": Whole(least=0),
        "transmit-hash-policy": Text(words=("layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4")), "up-delay": _SECONDS,
        "down-delay": _SECONDS, "ad-select": Text(words=("stable", "bandwidth", "count")),
    }, needed=("mode",)),
}, needed=("interfaces", "parameters"))  # fmt: skip
_VLAN: Final = Keys({**_COMMON, "id": Whole(least=1, most=4094), "link": TEXT}, needed=("id", "link"))

NETPLAN: Final = Keys({
    "version": Whole(least=2, most=2), "renderer": Text(words=("networkd",)),
    "ethernets": Rows(_ETHERNET), "bonds": Rows(_BOND, _NAME), "vlans": Rows(_VLAN, _NAME),
}, needed=("version", "ethernets"))  # fmt: skip
"""The value of ``network``."""
