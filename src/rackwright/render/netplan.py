"""The netplan of one host: rails with their own tables, bonds, VLANs (host-stack.md, Network)."""

from __future__ import annotations

from typing import Any, Final

from rackwright.documents import dump
from rackwright.plan.hosts import blind
from rackwright.plan.model import HostBond, HostInterface, HostNetwork

__all__ = ["netplan", "stanzas"]

# host-stack.md, Network: what the frontend bond of the design wants of LACP.
_BOND: Final = {"lacp-rate": "fast", "mii-monitor-interval": 100, "transmit-hash-policy": "layer3+4"}
_RULE_PRIORITY: Final = 100


def netplan(host: HostNetwork) -> bytes:
    """Print ``netplan.yaml`` of one host: :func:`stanzas`, as a document."""
    head = f"# {host.name}: written by rackwright from the plan; change the site file, not this one.\n"
    if names := blind(host):
        head += (
            f"# No MAC address is known of {', '.join(names)}: without it these names fit no NIC; nodes.csv gives it.\n"
        )
    return (head + dump({"network": stanzas(host)})).encode()


def stanzas(host: HostNetwork) -> dict[str, Any]:
    """Return the value of ``network`` of one host.

    An interface whose MAC is known is matched by it and named; the others are taken by the name that
    the operating system gives. Nothing asks for an address by DHCP: the plan has given it.
    """
    network: dict[str, Any] = {"version": 2, "renderer": "networkd"}
    parents = {port.parent for port in host.interfaces}
    ethernets = {port.name: _ethernet(host, port, port.name in parents) for port in host.interfaces if not port.vlan}
    bonds = {bond.name: _bond(host, bond) for bond in host.bonds}
    vlans = {port.name: _vlan(host, port) for port in host.interfaces if port.vlan}
    kinds = {"ethernets": ethernets, "bonds": bonds, "vlans": vlans}
    return network | {kind: found for kind, found in kinds.items() if found}


def _ethernet(host: HostNetwork, port: HostInterface, carries_vlans: bool) -> dict[str, Any]:
    stanza: dict[str, Any] = {}
    if port.mac:
        stanza["match"] = {"macaddress": port.mac.lower()}
        stanza["set-name"] = port.name
    if port.mtu_bytes:
        stanza["mtu"] = port.mtu_bytes
    stanza["dhcp4"] = False
    stanza["link-local"] = []
    if not (port.address or port.bond or carries_vlans):
        # Laid out without an address (an installation port): the boot must not wait for it.
        stanza["optional"] = True
    return stanza | _addressed(host, port)


def _bond(host: HostNetwork, bond: HostBond) -> dict[str, Any]:
    parameters = {"mode": bond.mode} | (_BOND if bond.mode == "802.3ad" else {"mii-monitor-interval": 100})
    stanza: dict[str, Any] = {"interfaces": list(bond.members), "parameters": parameters}
    if bond.mtu_bytes:
        stanza["mtu"] = bond.mtu_bytes
    stanza["dhcp4"] = False
    if bond.address:
        stanza["addresses"] = [bond.address]
        stanza |= _nameservers(host, bond.gateway)
    if bond.gateway:
        stanza["routes"] = [{"to": "default", "via": bond.gateway}]
    return stanza


def _vlan(host: HostNetwork, port: HostInterface) -> dict[str, Any]:
    stanza: dict[str, Any] = {"id": port.vlan, "link": port.parent}
    if port.mtu_bytes:
        stanza["mtu"] = port.mtu_bytes
    stanza["dhcp4"] = False
    return stanza | _addressed(host, port)


def _addressed(host: HostNetwork, port: HostInterface) -> dict[str, Any]:
    if not port.address:
        return {}
    stanza: dict[str, Any] = {"addresses": [port.address]}
    if port.gateway:
        table = {"table": port.table} if port.table else {}
        targets = port.routes or ("default",)
        stanza["routes"] = [{"to": target, "via": port.gateway, **table} for target in targets]
        if not port.table:
            stanza |= _nameservers(host, port.gateway)
    if port.table:
        # Source routing: what leaves with this rail's address takes this rail, whatever the main table says.
        source = f"{port.address.partition('/')[0]}/32"
        stanza["routing-policy"] = [{"from": source, "table": port.table, "priority": _RULE_PRIORITY}]
    return stanza


def _nameservers(host: HostNetwork, gateway: str) -> dict[str, Any]:
    if not gateway or not host.nameservers:
        return {}
    search = {"search": [host.domain]} if host.domain else {}
    return {"nameservers": {"addresses": list(host.nameservers)} | search}
