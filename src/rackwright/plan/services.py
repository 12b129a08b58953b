"""DHCP scopes, relay targets, DNS records, and roles resolved to addresses."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from rackwright.findings import Problem, problem
from rackwright.intent.models import Site
from rackwright.intent.words import is_address
from rackwright.plan.address_model import Addresses, Subnet
from rackwright.plan.model import Device, DhcpScope, DnsRecord, HostNetwork
from rackwright.plan.subnets import oob_network, oob_networks

__all__ = ["records", "relay_targets", "resolve", "scopes", "vrf_relays"]

_BOOTSTRAP = "bootstrap"
_MAIN_PORTS = ("eth0", "mgmt")
"""Ports that answer to the device's own name; a BMC does not: the machine does."""

_NOT_A_LABEL = re.compile(r"[^a-z0-9-]+")


def resolve(
    words: Sequence[str],
    path: Sequence[str],
    site: Site,
    devices: Sequence[Device],
    addresses: Addresses,
    *,
    prefer: Sequence[str] = (),
) -> tuple[tuple[str, ...], list[Problem]]:
    """Return the addresses (no length) that roles, groups, device names, ``bootstrap``, or addresses mean.

    ``prefer`` names networks in order; a DNS name outside the site (it has a dot) is kept as it is.
    ``path`` is where the words stand in the site file.
    """
    meant = _Meaning(site, devices)
    wanted = {name for word in words for name in meant.devices(word)}
    known = _by_device(addresses, wanted, prefer)
    found: dict[str, None] = {}
    problems: list[Problem] = []
    for index, word in enumerate(words):
        where = (*path, str(index))
        if is_address(word) or "." in word:
            found[word] = None
        elif word == _BOOTSTRAP and site.services.bootstrap:
            found[site.services.bootstrap] = None
        elif names := meant.devices(word):
            silent = [name for name in names if name not in known]
            found.update(dict.fromkeys(known[name] for name in names if name in known))
            if silent:
                problems.append(_no_address(where, word, silent))
        else:
            problems.append(_unknown(where, word, site, meant))
    return tuple(found), problems


class _Meaning:
    """The devices that a role, a group or a name means."""

    def __init__(self, site: Site, devices: Sequence[Device]) -> None:
        self.words: dict[str, list[str]] = {role: [] for role in site.roles}
        for device in devices:
            self.words.setdefault(device.name, []).append(device.name)
            for role in device.roles:
                self.words.setdefault(role, []).append(device.name)
            if device.group in site.groups and device.group not in site.roles:
                self.words.setdefault(device.group, []).append(device.name)

    def devices(self, word: str) -> Sequence[str]:
        """Return the names, in the order of the plan."""
        return self.words.get(word, ())


def _by_device(addresses: Addresses, wanted: Iterable[str], prefer: Sequence[str]) -> dict[str, str]:
    """Return one address of each wanted device: in a preferred network, else the first, else management.

    Of several in one network the one that is held under the device's name alone: others come and go before it.
    """
    names = set(wanted)
    rank = {network: at for at, network in enumerate(prefer)}
    found: dict[str, tuple[tuple[int, bool], str]] = {}
    for (key, name, port), address in addresses.hosts.items() if names else ():
        if name in names:
            network = addresses.network(key)
            offer = ((rank.get(network, len(rank)), bool(port)), _plain(address))
            if name not in found or offer[0] < found[name][0]:
                found[name] = offer
    for (name, port), address in addresses.controllers.items() if names else ():
        if name in names and port in _MAIN_PORTS:
            found.setdefault(name, ((len(rank), True), _plain(address)))
    return {name: address for name, (_, address) in found.items()}


def _no_address(path: Sequence[str], word: str, silent: Sequence[str]) -> Problem:
    return problem(
        "plan.services",
        f"{word} means {', '.join(silent[:3])}, which has no address in any network of the site",
        path=path,
        remedy="attach it to a network with a subnet, or write an address here",
    )


def _unknown(path: Sequence[str], word: str, site: Site, meant: _Meaning) -> Problem:
    if word == _BOOTSTRAP:
        return problem(
            "plan.services", "bootstrap is named and services.bootstrap has no address", path=path,
            remedy="write services.bootstrap: ADDRESS",
        )  # fmt: skip
    if word in site.roles:
        return problem(
            "plan.services", f"no machine that stands carries the role {word}", path=path,
            remedy=f"name machines in roles.{word}",
        )  # fmt: skip
    near = difflib.get_close_matches(word, list(meant.words), 1)
    hint = f"did you mean {near[0]}?" if near else "write a role, a group, a device, an address or a DNS name"
    return problem(
        "plan.services", f"{word} is no role, group or device of the site, and no address", path=path, remedy=hint
    )


def relay_targets(
    site: Site, devices: Sequence[Device], addresses: Addresses
) -> tuple[dict[str, tuple[str, ...]], list[Problem]]:
    """Return the DHCP servers that the relay of each network sends to, by network."""
    targets: dict[str, tuple[str, ...]] = {}
    problems: list[Problem] = []
    for name, network in site.networks.items():
        words = (network.relay,) if isinstance(network.relay, str) else network.relay or ()
        if words:
            path = ("networks", name, "relay")
            targets[name], found = resolve(words, path, site, devices, addresses, prefer=(name,))
            problems += found
    return targets, problems


def vrf_relays(site: Site, devices: Sequence[Device], addresses: Addresses) -> tuple[Site, list[Problem]]:
    """Return the site with the relay servers of its VRFs as addresses, in a network of the VRF where there is one."""
    resolved, problems = {}, []
    for name, vrf in site.vrfs.items():
        own = [key for key, network in site.networks.items() if network.vrf == name]
        found, wrong = resolve(vrf.relay, ("vrfs", name, "relay"), site, devices, addresses, prefer=own)
        resolved[name] = vrf.model_copy(update={"relay": found})
        problems += wrong
    return site.model_copy(update={"vrfs": resolved}), problems


def scopes(
    site: Site, devices: Sequence[Device], addresses: Addresses, hosts: Sequence[HostNetwork] = ()
) -> tuple[DhcpScope, ...]:
    """Return a scope for every subnet that serves machines: out of band with ZTP, PXE with its hosts.

    Faults of ``services`` are told where the words are resolved for the switches, not again here.
    """
    out_of_band = {oob_network(site, key) for key, fabric in site.fabrics.items() if fabric.family == "oob"}
    single = {
        name for key, fabric in site.fabrics.items() if fabric.family == "oob" for name in oob_networks(site, key)
    }
    out_of_band |= {name for name in single if not site.networks[name].pxe}
    out_of_band |= {oob_network(site, "")} if not out_of_band else set()
    reserved = _reservations(devices, addresses, hosts)
    relays, _ = relay_targets(site, devices, addresses)
    found: list[DhcpScope] = []
    for key, subnet in addresses.subnets.items():
        network = site.networks[subnet.network]
        ztp = subnet.network in out_of_band
        if ztp or network.pxe:
            found.append(_scope(site, devices, addresses, subnet, reserved.get(key, ()), relays, ztp=ztp))
    return tuple(found)


def _scope(
    site: Site,
    devices: Sequence[Device],
    addresses: Addresses,
    subnet: Subnet,
    reservations: Sequence[tuple[str, str, str]],
    relays: Mapping[str, tuple[str, ...]],
    *,
    ztp: bool,
) -> DhcpScope:
    services, prefer = site.services, (subnet.network,)
    dns, _ = resolve(services.dns, ("services", "dns"), site, devices, addresses, prefer=prefer)
    ntp, _ = resolve(services.ntp, ("services", "ntp"), site, devices, addresses, prefer=prefer)
    after = (services.then,) if services.then else ()
    then, _ = resolve(after, ("services", "then"), site, devices, addresses, prefer=prefer)
    first = ((services.bootstrap,) if services.bootstrap else ()) + relays.get(subnet.network, ()) + then
    return DhcpScope(
        network=subnet.key, subnet=subnet.prefix, gateway=_plain(subnet.gateway), first=subnet.first,
        last=subnet.last, reservations=tuple(reservations), dns=tuple(d for d in dns if is_address(d)),
        ntp=tuple(n for n in ntp if is_address(n)), pxe=site.networks[subnet.network].pxe, ztp=ztp,
        next_server=next(iter(first), ""),
    )  # fmt: skip


def _reservations(
    devices: Sequence[Device], addresses: Addresses, hosts: Sequence[HostNetwork]
) -> dict[str, list[tuple[str, str, str]]]:
    """Return (name, MAC, address) by subnet; the MAC is empty until nodes.csv has it."""
    macs = {device.name: {port: mac.lower() for port, mac in device.macs} for device in devices}
    found: dict[str, list[tuple[str, str, str]]] = {}
    for (name, port), address in addresses.controllers.items():
        key = addresses.controller_subnets[(name, port)]
        found.setdefault(key, []).append((_label(name, port), macs.get(name, {}).get(port, ""), _plain(address)))
    booting = {host.name: _bond_mac(host) for host in hosts}
    for (key, name, port), address in addresses.hosts.items():
        network = addresses.network(key)
        mac = macs.get(name, {}).get(port, "") if port else booting.get(name, {}).get(_plain(address), "")
        label = _text(f"{name}-{network}" + (f"-{port}" if port else ""))
        found.setdefault(key, []).append((label, mac, _plain(address)))
    return found


def _bond_mac(host: HostNetwork) -> dict[str, str]:
    """Return address -> MAC of the bond member that boots: the first whose MAC is known.

    One address can be reserved for one MAC only, and firmware boots over one port of the bond.
    """
    found: dict[str, str] = {}
    for bond in host.bonds:
        if bond.address:
            members = (part.mac for part in host.interfaces if part.bond == bond.name and part.mac)
            found[_plain(bond.address)] = next(members, "")
    return found


def records(
    site: Site, devices: Sequence[Device], addresses: Addresses, hosts: Sequence[HostNetwork]
) -> tuple[DnsRecord, ...]:
    """Return the DNS record of every device and of every interface that has an address.

    A switch or PDU answers to its name by its management address, a machine by the address of its default
    route. ``-bmc``, ``-lo``, ``-<network>``, ``-<interface>`` name the rest.
    """
    made = dict.fromkeys((*_device_records(devices, addresses), *_host_records(addresses, hosts)))
    made |= dict.fromkeys(_network_records(site, addresses))
    return tuple(DnsRecord(name, address) for name, address in made)


def _device_records(devices: Sequence[Device], addresses: Addresses) -> Iterator[tuple[str, str]]:
    for (name, port), address in addresses.controllers.items():
        yield _label(name, port), _plain(address)
    for device in devices:
        loopback = addresses.loopbacks.get(device.name)
        if loopback:
            yield _text(f"{device.name}-lo"), _plain(loopback)
        vtep = addresses.vteps.get(device.name)
        if vtep and vtep != _plain(loopback or ""):
            yield _text(f"{device.name}-vtep"), vtep


def _host_records(addresses: Addresses, hosts: Sequence[HostNetwork]) -> Iterator[tuple[str, str]]:
    for host in hosts:
        routed = [bond.address for bond in host.bonds if bond.gateway and bond.address]
        routed += [part.address for part in host.interfaces if part.gateway and part.address and not part.table]
        others = [bond.address for bond in host.bonds if bond.address]
        others += [part.address for part in host.interfaces if part.address and not part.rail]
        own = next(iter((*routed, *others)), "")
        if own:
            yield _text(host.name), _plain(own)
        for part in host.interfaces:
            if part.rail and part.address:
                yield _text(f"{host.name}-{part.name}"), _plain(part.address)
    rails = {pair.host for pair in addresses.rails.values()}
    for (key, name, port), address in addresses.hosts.items():
        network = addresses.network(key)
        if address not in rails:
            yield _text(f"{name}-{network}" + (f"-{port}" if port else "")), _plain(address)


def _network_records(site: Site, addresses: Addresses) -> Iterator[tuple[str, str]]:
    for (key, leaf), address in addresses.svis.items():
        yield _text(f"{leaf}-{addresses.subnets[key].key.partition('@')[0]}"), _plain(address)
    for key, subnet in addresses.subnets.items():
        own = site.networks[subnet.network].gateway or ""
        if subnet.gateway and not is_address(own):
            yield _text(f"gw-{key}"), _plain(subnet.gateway)
    for pair in addresses.rails.values():
        if pair.leaf:
            yield _text(f"{pair.leaf}-{pair.leaf_port}"), _plain(pair.switch)


def _label(name: str, port: str) -> str:
    """Return the DNS name of a controller: the device's own for eth0, ``gpu01-bmc``, ``gpu01-b3220l-1-bmc``."""
    return _text(name if port in _MAIN_PORTS else f"{name}-{port}")


def _text(name: str) -> str:
    """Return a name as a DNS label (RFC 1123): lower case, hyphens for what is not a letter or digit."""
    return _NOT_A_LABEL.sub("-", name.lower()).strip("-")


def _plain(address: str) -> str:
    return address.partition("/")[0]
