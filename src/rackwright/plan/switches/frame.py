"""What every switch is built from: the site, the catalog, the wiring, the addresses."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rackwright.catalog.models import Catalog, Conventions, SwitchModel
from rackwright.findings import Problem, problem
from rackwright.intent.models import Fabric, Network, Site
from rackwright.intent.overlays import SWITCH_ROLES
from rackwright.plan.address_model import Addresses
from rackwright.plan.lock import Lock
from rackwright.plan.model import Device, Link, SystemSettings
from rackwright.plan.subnets import below, carried_networks
from rackwright.plan.wiring import PortUse

__all__ = ["Frame", "SshKey", "doubled_numbers", "frame", "tenants"]

SshKey = tuple[str, str, str]


class Frame(NamedTuple):
    """The whole site while its switches are built; nothing here changes."""

    site: Site
    catalog: Catalog
    conventions: Conventions
    nos: str
    devices: Sequence[Device]
    links: Sequence[Link]
    ports: Mapping[str, Sequence[PortUse]]
    leaves: Mapping[str, tuple[tuple[str, ...], ...]]
    addresses: Addresses
    relays: Mapping[str, tuple[str, ...]]
    """DHCP servers by network."""
    l3vnis: Mapping[str, tuple[int, int]]
    """VRF -> (L3VNI, its VLAN)."""
    systems: Mapping[str, SystemSettings]
    """Settings of the system section by role."""
    vrf_loopbacks: Mapping[tuple[str, str], str]
    """(VRF, leaf) -> address that the site gives the leaf in it."""
    segment_macs: Mapping[str, str]
    """Leaf -> MAC of its Ethernet segments: one a leaf pair, since segment ids are counted anew on each."""

    def fabric(self, device: Device) -> Fabric:
        """Return the fabric of a switch."""
        return self.site.fabrics[device.fabric]

    def model(self, device: Device) -> SwitchModel:
        """Return the catalog row of a switch."""
        return self.catalog.switches[device.model]

    def vni(self, network: Network) -> int:
        """Return the VNI of a network: its own, or VLAN + offset of the conventions."""
        return network.vni or (network.vlan or 0) + self.conventions.vni_offset

    def segments(self, name: str) -> tuple[tuple[int, int, str], ...]:
        """Return (VLAN, VNI, key of its subnet) of each VLAN of a network: one, or one a rail."""
        network = self.site.networks[name]
        if network.style != "vlan-per-rail":
            return ((network.vlan or 0, self.vni(network), name),)
        rails = sorted((s.rail, s.vlan, s.key) for s in self.addresses.subnets.values() if s.network == name)
        return tuple((vlan, self.vni(network) + rail - 1, key) for rail, vlan, key in rails)

    def gateway_of_management(self, device: Device) -> str:
        """Return the default gateway of eth0 without prefix length; empty when addressed by DHCP."""
        if not device.management:
            return ""
        key = self.addresses.controller_subnets.get((device.name, "eth0"), "")
        return self.addresses.gateway(key).partition("/")[0]


def frame(
    site: Site, catalog: Catalog, lock: Lock, *, devices: Sequence[Device], links: Sequence[Link],
    ports: Mapping[str, Sequence[PortUse]], leaves: Mapping[str, tuple[tuple[str, ...], ...]], addresses: Addresses,
    relays: Mapping[str, tuple[str, ...]], keys: Sequence[SshKey], servers: Mapping[str, tuple[str, ...]],
) -> Frame:  # fmt: skip
    """Return the frame; ``servers`` are the resolved addresses of ``ntp``, ``dns`` and ``syslog``."""
    conventions = catalog.conventions[site.site.conventions]
    release = catalog.releases[site.site.release]
    systems = {role: _system(site, conventions, role, keys, servers) for role in SWITCH_ROLES}
    return Frame(
        site, catalog, conventions, release.nos, devices, links, ports, leaves, addresses, relays,
        _l3vnis(site, conventions, lock), systems, _vrf_loopbacks(site, leaves),
        _segment_macs(site, conventions, leaves, lock),
    )  # fmt: skip


def _l3vnis(site: Site, conventions: Conventions, lock: Lock) -> dict[str, tuple[int, int]]:
    """Return an L3VNI and its VLAN for every VRF, in the order the networks name them."""
    found: dict[str, tuple[int, int]] = {}
    used = [network.vrf for network in site.networks.values() if network.vrf and network.style != "p2p-31"]
    used += [external.vrf for fabric in site.fabrics.values() for external in fabric.external if external.vrf]
    for name in dict.fromkeys([*used, *site.vrfs]):
        stated = site.vrfs.get(name)
        index = lock.take("l3vni", name)
        vni = stated.l3vni if stated and stated.l3vni else conventions.l3vni_first + index
        vlan = stated.l3vlan if stated and stated.l3vlan else conventions.l3vlan_first + index
        found[name] = (vni, vlan)
    return found


def tenants(site: Site, fabric: str) -> tuple[str, ...]:
    """Return the VRFs of a leaf pair: those of its networks by VLAN, then those of its external links."""
    own = [network.vrf for network in carried_networks(site, fabric).values()]
    own += [external.vrf for external in site.fabrics[fabric].external]
    return tuple(dict.fromkeys(name for name in own if name))


def _vrf_loopbacks(site: Site, leaves: Mapping[str, tuple[tuple[str, ...], ...]]) -> dict[tuple[str, str], str]:
    """Return the loopback of each leaf in each VRF that gives them, by its place among the leaves that have the VRF."""
    found: dict[tuple[str, str], str] = {}
    pairs = [key for key in leaves if site.fabrics[key].family == "pair"]
    own = {key: tenants(site, key) for key in pairs}
    for name, vrf in site.vrfs.items():
        holders = [leaf for key in sorted(pairs) if name in own[key] for pair in leaves[key] for leaf in pair]
        found |= {(name, leaf): address for leaf, address in zip(holders, vrf.loopbacks, strict=False)}
    return found


def _stated(site: Site, path: tuple[str, ...]) -> bool:
    """Say whether the site file itself gives a number."""
    section, name, word = path
    holder = site.networks.get(name) if section == "networks" else site.vrfs.get(name)
    return bool(getattr(holder, word, None))


def doubled_numbers(frame: Frame) -> Iterator[Problem]:
    """Yield a problem for each L3VNI, or VLAN of one, that another VRF or a network has, by rule or as stated."""
    vlans: dict[int, tuple[str, ...]] = {}
    vnis: dict[int, tuple[str, ...]] = {}
    for name, network in frame.site.networks.items():
        for vlan, vni, _ in frame.segments(name) if network.vlan else ():
            vlans[vlan], vnis[vni] = ("networks", name, "vlan"), ("networks", name, "vni")
    for name, (vni, vlan) in frame.l3vnis.items():
        for number, word, owners in ((vni, "l3vni", vnis), (vlan, "l3vlan", vlans)):
            path = ("vrfs", name, word)
            other = owners.setdefault(number, path)
            if other != path:
                stated = _stated(frame.site, path)
                by_rule = name if not stated else other[1]
                yield problem(
                    "plan.numbers",
                    f"{word} {number} of VRF {name} is that of {'.'.join(other)} too"
                    + ("" if stated and _stated(frame.site, other) else f" ({by_rule} has it by rule)"),
                    path=path if stated else other,
                    remedy=f"state another number as vrfs.{name}.{word}",
                )


def _segment_macs(
    site: Site, conventions: Conventions, leaves: Mapping[str, tuple[tuple[str, ...], ...]], lock: Lock
) -> dict[str, str]:
    """Return the MAC of each leaf's segments: the conventions' own for the first pair with bonds, the next for the next."""
    first = int(conventions.es_mac.replace(":", ""), 16)
    found: dict[str, str] = {}
    for fabric, pairs in leaves.items():
        bonded = any(entry.bond == "lacp" for entry in site.fabrics[fabric].attach) or below(site, fabric)
        if site.fabrics[fabric].family != "pair" or not bonded:
            continue
        for number, pair in enumerate(pairs):
            index = lock.take("es.mac", f"{fabric}.{number}")
            digits = f"{first + index:012x}"
            mac = ":".join(digits[at : at + 2] for at in range(0, 12, 2)) if index else conventions.es_mac
            found |= dict.fromkeys(pair, mac)
    return found


def _system(
    site: Site, conventions: Conventions, role: str, keys: Sequence[SshKey], servers: Mapping[str, tuple[str, ...]]
) -> SystemSettings:
    settings: dict[str, Any] = {**conventions.system.get("all", {}), **conventions.system.get(role, {})}
    if role == "leaf" and conventions.anycast_mac:
        settings["anycast_mac"] = conventions.anycast_mac
    if role != "oob":
        settings |= _aaa(site)
    return SystemSettings(
        timezone=site.site.timezone,
        user=site.access.user,
        password=site.access.switch.removeprefix("secret:"),
        ssh_keys=tuple(keys),
        ntp=servers.get("ntp", ()),
        dns=servers.get("dns", ()),
        syslog=servers.get("syslog", ()),
        extra=tuple(sorted((name, json.dumps(value, sort_keys=True)) for name, value in settings.items())),
    )


def _aaa(site: Site) -> dict[str, Any]:
    """Return what ``aaa`` adds: the order of sources and the LDAP servers."""
    settings: dict[str, Any] = {}
    if site.aaa.order:
        settings["aaa.order"] = list(site.aaa.order)
    settings |= {f"aaa.ldap.{name}": value for name, value in site.aaa.ldap.items()}
    return settings
