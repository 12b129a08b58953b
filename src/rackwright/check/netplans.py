"""What a netplan says of a host's addresses and MTUs, of a file as it lies there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rackwright import documents
from rackwright.check.interfaces import section
from rackwright.errors import DocumentError

__all__ = ["addresses_of", "mtu_of", "network_of"]


def network_of(text: bytes, source: str) -> Mapping[str, Any]:
    """Read the ``network`` of a netplan. Raises :class:`~rackwright.errors.DocumentError` where it cannot be read."""
    read = documents.load(text, source)
    if read.problems:
        raise DocumentError(str(read.problems[0]))
    return section(read.value, "network")


def addresses_of(network: Mapping[str, Any], name: str, bond: str) -> tuple[str, ...] | None:
    """Return the addresses of an interface and its bond; None where nothing fixed is said: no stanza, or DHCP."""
    found: list[str] = []
    stated = [section(network, "ethernets", name), *([section(network, "bonds", bond)] if bond else [])]
    for stanza in stated:
        listed = stanza.get("addresses")
        found += [str(text) for text in listed] if isinstance(listed, list) else []
    unknown = not any(stated) or any(stanza.get("dhcp4") is True for stanza in stated)
    return None if unknown else tuple(found)


def mtu_of(network: Mapping[str, Any], name: str, bond: str) -> int | None:
    """Return the MTU in bytes of an interface, or of its bond, whose members follow it; None where none is said."""
    stated = section(network, "bonds", bond) if bond else section(network, "ethernets", name)
    mtu = stated.get("mtu")
    return mtu if isinstance(mtu, int) else None
