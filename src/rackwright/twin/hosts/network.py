"""A netplan document read as the network of a host: what the installed system gets, whoever wrote it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rackwright.plan.model import HostBond, HostInterface, HostNetwork
from rackwright.twin.bmc.machine.hardware import Nic

__all__ = ["read_network"]


def read_network(name: str, document: Mapping[str, Any], nics: tuple[Nic, ...]) -> HostNetwork:
    """Return the network that a netplan document gives a host with these adapters; what it says of others is left out."""
    network = document.get("network", document)
    bonds = _part(network, "bonds")
    member_of = {str(member): bond for bond, row in bonds.items() for member in row.get("interfaces", ())}
    ports = {port.mac.lower(): port.plan_port for nic in nics for port in nic.ports}
    interfaces = [*_ethernets(_part(network, "ethernets"), ports, member_of), *_vlans(_part(network, "vlans"))]
    return HostNetwork(name, tuple(interfaces), tuple(_bonds(bonds)))


def _part(network: Mapping[str, Any], key: str) -> Mapping[str, Mapping[str, Any]]:
    found = network.get(key)
    return found if isinstance(found, Mapping) else {}


def _address(row: Mapping[str, Any]) -> str:
    return str(next(iter(row.get("addresses", ())), ""))


def _ethernets(
    rows: Mapping[str, Mapping[str, Any]], ports: Mapping[str, str], member_of: Mapping[str, str]
) -> Iterator[HostInterface]:
    for key, row in rows.items():
        mac = str(row.get("match", {}).get("macaddress", "")).lower()
        yield HostInterface(
            str(row.get("set-name", key)), ports.get(mac, ""), mac, _address(row), mtu_bytes=int(row.get("mtu", 0)),
            bond=member_of.get(key, ""),
        )  # fmt: skip


def _bonds(rows: Mapping[str, Mapping[str, Any]]) -> Iterator[HostBond]:
    for key, row in rows.items():
        members = tuple(str(one) for one in row.get("interfaces", ()))
        mode = str(row.get("parameters", {}).get("mode", "balance-rr"))
        yield HostBond(key, members, mode, _address(row), mtu_bytes=int(row.get("mtu", 0)))


def _vlans(rows: Mapping[str, Mapping[str, Any]]) -> Iterator[HostInterface]:
    for key, row in rows.items():
        yield HostInterface(
            key, "", "", _address(row), mtu_bytes=int(row.get("mtu", 0)), vlan=int(row.get("id", 0)),
            parent=str(row.get("link", "")),
        )  # fmt: skip
