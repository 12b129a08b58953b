"""Addresses and ASNs of everything, from pools, by indexes that the lock keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

import msgspec

from rackwright.catalog.models import Catalog
from rackwright.findings import Problem, problem
from rackwright.intent.models import Site
from rackwright.intent.overlays import SWITCH_ROLES
from rackwright.intent.words import is_address
from rackwright.plan.address_model import Addresses, Allocator
from rackwright.plan.host_bonds import bonds_of
from rackwright.plan.model import Device, Layout, Link
from rackwright.plan.numbers import number_switches
from rackwright.plan.overlaps import overlaps
from rackwright.plan.rail_addresses import address_rails
from rackwright.plan.subnets import Ledger, attach_network, ldap_servers, oob_network, open_ledger

__all__ = ["allocate", "gateway_fabrics", "oob_network", "with_management"]

_OWN_PORT = {"pdu": "mgmt", "server": "bmc", "storage": "bmc"}


def allocate(
    site: Site, devices: Sequence[Device], links: Sequence[Link], catalog: Catalog, lock: Allocator,
    *, places: Mapping[tuple[str, str], int], layouts: Sequence[Layout],
) -> tuple[Addresses, list[Problem]]:  # fmt: skip
    """Return every address and ASN; ``devices`` holds the PDUs too, ``places`` is ``Wiring.places``."""
    style = catalog.conventions.get(site.site.conventions)
    after = style is not None and style.leaf_addresses == "after-gateway"
    ledger = open_ledger(site, devices, links, lock, after_gateway=after)
    svis = _svis(site, devices, links, ledger)
    controllers, within, system = _management(site, devices, links, ledger)
    hosts = system | _hosts(site, devices, links, ledger)
    loopbacks, vteps, asns, few = number_switches(site, devices, lock)
    rails, blocks, wrong = address_rails(site, links, lock, places, layouts)
    management = _own(devices, controllers, catalog)
    found = Addresses(
        subnets=ledger.subnets, management=management, controllers=controllers, controller_subnets=within,
        hosts=hosts, svis=svis, rails=rails, rail_blocks=blocks, loopbacks=loopbacks, vteps=vteps, asns=asns,
        own_subnets={switch: subnet for switch, (subnet, _) in ledger.own.items()},
    )  # fmt: skip
    problems = ledger.close() + few + wrong + overlaps(site) + _taken(site, found) + _displaced(site, devices, found)
    return found, problems


def with_management(devices: Sequence[Device], addresses: Addresses, *, static: bool) -> list[Device]:
    """Return the devices with their management address; switches keep none when it comes by DHCP."""
    return [
        msgspec.structs.replace(device, management=address)
        if (address := addresses.management.get(device.name)) and (static or device.role not in SWITCH_ROLES)
        else device
        for device in devices
    ]


def _svis(site: Site, devices: Sequence[Device], links: Sequence[Link], ledger: Ledger) -> dict[tuple[str, str], str]:
    """Return the address of every leaf in every VLAN that has its gateway there."""
    leaves: dict[str, list[str]] = {}
    for device in devices:
        if device.role in ("leaf", "oob"):
            leaves.setdefault(device.fabric, []).append(device.name)
    by_rail = _rail_leaves(site, links)
    found = {(key, switch): address for switch, (key, address) in ledger.own.items() if key in ledger.accounts}
    for key, subnet in ledger.subnets.items():
        stated: Sequence[str] = ()
        if "@" in key:
            continue
        if subnet.rail:
            # A VLAN of an EVPN pair is on every leaf, one of a rail fabric on the leaves of its rail alone.
            pairs = [f for f in gateway_fabrics(site, subnet.network) if site.fabrics[f].family == "pair"]
            spread = [leaf for fabric in pairs for leaf in leaves.get(fabric, ())]
            holders = spread or sorted(by_rail.get((subnet.network, subnet.rail), ()))
        else:
            holders = [leaf for fabric in gateway_fabrics(site, subnet.network) for leaf in leaves.get(fabric, ())]
            length = subnet.prefix.partition("/")[2]
            stated = [f"{address}/{length}" for address in site.networks[subnet.network].leaf_addresses]
        for leaf, own in zip_longest(holders, stated[: len(holders)], fillvalue=""):
            address = own or ledger.leaf(key, leaf)
            if address:
                found[(key, leaf)] = address
    return found


def gateway_fabrics(site: Site, network: str) -> tuple[str, ...]:
    """Return the fabrics whose leaves carry the gateway of a network.

    The one that the site names; without a word, every routed fabric that attaches the network.
    """
    named = site.networks[network].gateway
    if named:
        return (named,) if named in site.fabrics else ()
    return tuple(
        key
        for key, fabric in sorted(site.fabrics.items())
        if fabric.family != "oob"
        and any(network in (entry.native, entry.network, *entry.tagged) for entry in fabric.attach)
    )


def _rail_leaves(site: Site, links: Sequence[Link]) -> dict[tuple[str, int], set[str]]:
    styled = {name for name, network in site.networks.items() if network.style == "vlan-per-rail"}
    found: dict[tuple[str, int], set[str]] = {}
    for link in links if styled else ():
        name = attach_network(site, link)
        if link.rail and name in styled:
            found.setdefault((name, link.rail), set()).add(link.a.device)
    return found


def _management(
    site: Site, devices: Sequence[Device], links: Sequence[Link], ledger: Ledger
) -> tuple[dict[tuple[str, str], str], dict[tuple[str, str], str], dict[tuple[str, str, str], str]]:
    """Return addresses of controllers and their subnets, and of operating systems, out of band.

    Switches come first, then PDUs, then machines: in a fresh site the short list has the low addresses.
    """
    rank = {"pdu": 1, "server": 2, "storage": 3, "external": 9}
    known = {device.name: (rank.get(device.role, 0), at, device.role) for at, device in enumerate(devices)}
    wanted = list(_cabled(site, links, ledger)) + list(_uncabled(site, devices, links, ledger))
    wanted.sort(key=lambda want: known.get(want[0], (9, 0, ""))[:2])
    controllers: dict[tuple[str, str], str] = {}
    within: dict[tuple[str, str], str] = {}
    system: dict[tuple[str, str, str], str] = {}
    for name, port, subnet in wanted:
        role = known.get(name, (9, 0, "external"))[2]
        if role == "external" or (role in SWITCH_ROLES and port != "eth0"):
            continue  # the switch of somebody else has its address from them, and a data port has none
        address = ledger.host(subnet, f"{name}:{port}")
        if address and role in ("server", "storage") and "bmc" not in port:
            system[(subnet, name, port)] = address
        elif address:
            controllers[(name, port)] = address
            within[(name, port)] = subnet
    return controllers, within, system


def _cabled(site: Site, links: Sequence[Link], ledger: Ledger) -> Iterator[tuple[str, str, str]]:
    """Yield (device, port, subnet) of every management cable."""
    for link in links:
        if link.kind in ("management", "pdu"):
            network = oob_network(site, link.fabric, link.attach)
            yield link.b.device, link.b.port, ledger.own.get(link.a.device, (network, ""))[0]


def _uncabled(
    site: Site, devices: Sequence[Device], links: Sequence[Link], ledger: Ledger
) -> Iterator[tuple[str, str, str]]:
    """Yield what has a management port that the plan cables nowhere.

    Switches always; machines and PDUs only where no out-of-band fabric is planned at all, because then
    somebody else cables them.
    """
    planned = sorted(key for key, fabric in site.fabrics.items() if fabric.family == "oob")
    network = oob_network(site, planned[0] if planned else "")
    if network not in ledger.accounts:
        return
    cabled = {(link.b.device, link.b.port) for link in links if link.kind in ("management", "pdu")}
    for device in devices:
        port = "eth0" if device.role in SWITCH_ROLES else _OWN_PORT.get(device.role, "")
        if port and (device.name, port) not in cabled and (port == "eth0" or not planned):
            yield device.name, port, network


def _own(devices: Sequence[Device], controllers: Mapping[tuple[str, str], str], catalog: Catalog) -> dict[str, str]:
    """Return the one management address of each device."""
    found: dict[str, str] = {}
    for device in devices:
        row = catalog.servers.get(device.model)
        port = row.bmc_port if row else _OWN_PORT.get(device.role, "eth0")
        address = controllers.get((device.name, port))
        if address:
            found[device.name] = address
    return found


def _hosts(
    site: Site, devices: Sequence[Device], links: Sequence[Link], ledger: Ledger
) -> dict[tuple[str, str, str], str]:
    """Return the addresses of machines in VLANs: one a bond or tag, one a port without a bond.

    What a machine has in a network first, on a bond or as a tag, is its own; a further one is named by its first port,
    and keeps that name: what comes before it or goes moves neither.
    """
    wanted: list[tuple[str, str, str]] = []
    holders: dict[tuple[str, str], list[Link]] = {}
    entries: dict[tuple[str, int], _Entry] = {}
    grouped: dict[tuple[str, int, str], list[Link]] = {}
    for link in links:
        if link.kind == "host":
            grouped.setdefault((link.fabric, link.attach, link.b.device), []).append(link)
    for (fabric, attach, device), ports in grouped.items():
        entry = entries.get((fabric, attach)) or entries.setdefault((fabric, attach), _entry(site, ports[0]))
        for link in () if entry.bonds or not entry.native else ports:
            subnet = entry.native if entry.native in ledger.accounts else f"{entry.native}-{link.rail}"
            wanted.append((subnet, device, link.b.port))
        for bond in bonds_of(ports, entry.bonds or 1):
            for name in (*((entry.native,) if entry.bonds and entry.native else ()), *entry.tagged):
                wanted.append((name, device, bond[0].b.port))
                holders.setdefault((name, device), []).append(bond[0])
    order = {device.name: (at, device.group) for at, device in enumerate(devices)}
    own = {
        (*key, _first(site, ledger.lock, key[0], bonds, order[key[1]][1])): "" for key, bonds in holders.items()
    }  # fmt: skip
    found: dict[tuple[str, str, str], str] = {}
    for key3 in sorted(wanted, key=lambda want: order[want[1]][0]):
        subnet, device, port = (*key3[:2], own.get(key3, key3[2]))
        address = ledger.host(subnet, f"{device}:{port}" if port else device)
        if address:
            found[subnet, device, port] = address
    return found


def _first(site: Site, lock: Allocator, network: str, bonds: Sequence[Link], group: str) -> str:
    """Return the port of the bond, or tag, of a machine whose address in a network has the machine's name alone.

    One that has an address by its own name keeps it; of the others those that stood come before new ones.
    """
    device = bonds[0].b.device
    free = [link for link in bonds if not lock.holds(f"networks.{network}", f"{device}:{link.b.port}")]
    stood = [link for link in free if len(free) > 1 and _stood(site, lock, link, group)]
    return next((link.b.port for link in (*stood, *free)), "")


def _stood(site: Site, lock: Allocator, link: Link, group: str) -> bool:
    """Say whether the machines of a group were cabled by the attach entry of a link before this run."""
    entry = site.fabrics[link.fabric].attach[link.attach]
    for former in lock.former(f"fabrics.{link.fabric}").get("attach", ()):
        groups = (former.get("group"), *former.get("groups", ()))
        ports = (former.get("nic"), *(tuple(former.get(word, ())) for word in ("adapters", "adapter_ports")))
        if group in groups and ports == (entry.nic, entry.adapters, entry.adapter_ports):
            return True
    return False


class _Entry(NamedTuple):
    """What an attach entry gives to the ports of a machine."""

    native: str
    tagged: tuple[str, ...]
    bonds: int
    """Bonds of a machine; 0: its ports stand alone."""


def _entry(site: Site, link: Link) -> _Entry:
    """Return the networks and bonds of the attach entry of a link."""
    fabric = site.fabrics.get(link.fabric)
    if fabric is None or not 0 <= link.attach < len(fabric.attach):
        return _Entry("", (), 0)
    entry = fabric.attach[link.attach]
    native = attach_network(site, link)
    routed = native and site.networks[native].style == "p2p-31"
    tagged = tuple(name for name in entry.tagged if name in site.networks)
    return _Entry("" if routed else native, tagged, (entry.bonds or 1) if entry.bond == "lacp" else 0)


def _taken(site: Site, addresses: Addresses) -> list[Problem]:
    """Say when the address of a server of others already belongs to a device (kept in the lock from before)."""
    services = site.services
    named: list[tuple[tuple[str, ...], str]] = (
        [(("services", "bootstrap"), services.bootstrap)] if services.bootstrap else []
    )
    for word, listed in (("ntp", services.ntp), ("dns", services.dns), ("syslog", services.syslog)):
        named += [(("services", word, str(at)), text) for at, text in enumerate(listed)]
    named += [(("aaa", "ldap", "servers", str(at)), text) for at, text in ldap_servers(site)]
    owners = _owners(site, addresses, {text for _, text in named if is_address(text)})
    return [
        problem(
            "plan.addresses",
            f"{'.'.join(part for part in path if not part.isdigit())} {text} is the address of {owners[text]}",
            path=path,
            remedy="choose another address below the first host of the network, or free the device's"
            + ("; a server of the site is written by its name" if path[-1].isdigit() and path[0] == "services" else ""),
        )
        for path, text in named
        if text in owners
    ]


def _displaced(site: Site, devices: Sequence[Device], addresses: Addresses) -> list[Problem]:
    """Say when a machine already holds what the site now gives to a gateway, a leaf or an out-of-band switch."""
    stated = {
        address: ("networks", name, word)
        for name, network in site.networks.items()
        for word, listed in (
            ("gateway_address", (network.gateway_address,)),
            ("leaf_addresses", network.leaf_addresses),
        )
        for address in listed
        if address
    }
    for device in devices:
        own = addresses.svis.get((addresses.own_subnets.get(device.name, ""), device.name), "")
        if own:
            stated[own.partition("/")[0]] = ("fabrics", device.fabric, "per_switch")
    held = [(f"{name}:{port}", address) for (name, port), address in addresses.controllers.items()] if stated else []
    held += [(name, address) for (_, name, _), address in addresses.hosts.items()] if stated else []
    return [
        problem(
            "plan.addresses",
            f"{text} is the address of {owner}, which stands",
            path=stated[text],
            remedy="choose another address, or free the machine's: take its line out of site.lock",
        )
        for owner, address in held
        if (text := address.partition("/")[0]) in stated
    ]


def _owners(site: Site, addresses: Addresses, wanted: set[str]) -> dict[str, str]:
    """Return whose those of the wanted addresses are that the plan gives to something of the site."""
    held = [(name, address) for (name, _), address in addresses.controllers.items()] if wanted else []
    held += [(name, address) for (_, name, _), address in addresses.hosts.items()] if wanted else []
    held += [(name, address) for (_, name), address in addresses.svis.items()]
    for key, subnet in addresses.subnets.items():
        if not is_address(site.networks[subnet.network].gateway or ""):
            held.append((f"the gateway of {key}", subnet.gateway))
    found: dict[str, str] = {}
    for name, address in held:
        plain = address.partition("/")[0]
        if plain in wanted:
            found.setdefault(plain, name)
    return found
