"""The subnets of a site while addresses are given out of them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count

import msgspec

from rackwright.findings import Problem, problem
from rackwright.intent.models import Network, Site
from rackwright.intent.words import is_address
from rackwright.plan.address_model import Allocator, Subnet
from rackwright.plan.model import Device, Link
from rackwright.plan.pools import Division, divide

__all__ = [
    "Ledger", "attach_network", "below", "carried_networks", "ldap_servers", "oob_network", "oob_networks", "open_ledger",
]  # fmt: skip

_OOB = "oob"


def oob_network(site: Site, fabric: str, attach: int = -1) -> str:
    """Return the network that ports of an ``l2`` fabric lie in; empty when the site has none.

    The ``native`` of the attach entry, else the network named like the fabric, else ``oob``.
    """
    entries = site.fabrics[fabric].attach if fabric in site.fabrics else ()
    native = entries[attach].native if 0 <= attach < len(entries) else None
    for name in (native, fabric, _OOB):
        if name and name in site.networks:
            return name
    return ""


def carried_networks(site: Site, fabric: str) -> dict[str, Network]:
    """Return the VLAN networks that a leaf pair carries, by VLAN: attached, gatewayed there, or of what hangs below."""
    entries = site.fabrics[fabric].attach
    named = {name for entry in entries for name in (entry.native, *entry.tagged) if name}
    named |= {name for name, network in site.networks.items() if network.gateway == fabric}
    named |= {name for key in below(site, fabric) for name in oob_networks(site, key)}
    carried = {name: network for name, network in site.networks.items() if name in named and network.vlan}
    return dict(sorted(carried.items(), key=lambda item: item[1].vlan or 0))


def below(site: Site, fabric: str) -> tuple[str, ...]:
    """Return the out-of-band fabrics that hang on a leaf pair."""
    return tuple(key for key, other in site.fabrics.items() if other.uplink is not None and other.uplink.to == fabric)


def oob_networks(site: Site, fabric: str) -> tuple[str, ...]:
    """Return the networks of an ``l2`` fabric: its own first, then those of its attach entries."""
    found = (oob_network(site, fabric, attach) for attach in range(-1, len(site.fabrics[fabric].attach)))
    return tuple(dict.fromkeys(name for name in found if name))


def attach_network(site: Site, link: Link) -> str:
    """Return the untagged or routed network of a host link; empty when it has none."""
    fabric = site.fabrics.get(link.fabric)
    if fabric is None or not 0 <= link.attach < len(fabric.attach):
        return ""
    entry = fabric.attach[link.attach]
    name = entry.native or entry.network or ""
    return name if name in site.networks else ""


@dataclass
class _Account:
    """One subnet, its arithmetic and what was asked of it."""

    subnet: Subnet
    division: Division
    path: tuple[str, ...]
    first_host: int | None = None
    asked: int = 0
    asked_leaves: int = 0
    refused: bool = False
    refused_leaves: bool = False
    lease_end: int = 1 << 32
    """Offset of the last dynamic lease, where an address that the site names ends them."""


@dataclass
class Ledger:
    """Gives addresses out of subnets; remembers what did not fit."""

    lock: Allocator
    accounts: dict[str, _Account] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    own: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Out-of-band switch with ``per_switch`` -> key of its subnet, and its own address there with length."""

    @property
    def subnets(self) -> dict[str, Subnet]:
        """Return the subnets by key."""
        return {key: account.subnet for key, account in self.accounts.items()}

    def wrong(self, path: Sequence[str], message: str, remedy: str) -> None:
        """Keep a problem."""
        self.problems.append(problem("plan.addresses", message, path=path, remedy=remedy))

    def host(self, key: str, owner: str) -> str:
        """Return the address of a machine's port in a subnet, with prefix length; empty when it is full."""
        account = self.accounts.get(key)
        if account is None:
            return ""
        account.asked += 1
        offset = self.lock.take(f"networks.{key}", owner, limit=account.division.host_stop)
        if offset < 0:
            account.refused = True
            return ""
        return account.division.at(offset)

    def leaf(self, key: str, leaf: str) -> str:
        """Return a leaf's own address in a subnet, with prefix length; empty when there is no room."""
        account = self.accounts[key]
        account.asked_leaves += 1
        split = account.division
        number = self.lock.take(f"networks.{key}.leaves", leaf, limit=split.leaves)
        if number < 0:
            account.refused_leaves = True
            return ""
        return split.at(split.leaf_first + split.leaf_step * number)

    def set_aside(self, key: str, address: ipaddress.IPv4Address, switch: str) -> None:
        """Keep a switch's own address from being given to a machine, where it lies among theirs."""
        split = self.accounts[key].division
        offset = int(address) - split.base
        if split.host_first <= offset < split.host_stop:
            self.lock.hold(f"networks.{key}", f"own {switch}", offset)

    def pin(self, address: str, what: str) -> None:
        """Keep an address that the operator wrote from being given to a machine, or leased to a stranger.

        Late among the dynamic leases it ends them; one that would leave less than half of them is a problem.
        """
        number = int(ipaddress.IPv4Address(address))
        for key, account in self.accounts.items():
            split = account.division
            offset = number - split.base
            if not 0 <= offset < 1 << (32 - split.length):
                continue
            if split.host_stop <= offset < split.lease_stop:
                self._end_leases(account, offset, f"{what} {address}")
                continue
            self.lock.hold(f"networks.{key}", f"pinned {address}", offset)
            leaf = (offset - split.leaf_first) * split.leaf_step
            if 0 <= leaf < split.leaves:
                self.lock.hold(f"networks.{key}.leaves", f"pinned {address}", leaf)

    def _end_leases(self, account: _Account, offset: int, what: str) -> None:
        """Let the dynamic leases of a subnet end before an offset, where half of them are left."""
        split, subnet = account.division, account.subnet
        half = split.host_stop + (split.lease_stop - split.host_stop + 1) // 2
        if offset < half:
            last = _plain(split.at(split.lease_stop - 1))
            self.wrong(
                (*account.path, "subnet"),
                f"{what} lies in the range of dynamic leases of {subnet.key} ({subnet.first} to {last})",
                f"choose an address below {subnet.first}, or from {_plain(split.at(half))} on, where it ends the range",
            )
        elif offset - 1 < account.lease_end:
            account.lease_end = offset - 1
            account.subnet = msgspec.structs.replace(subnet, last=_plain(split.at(offset - 1)))

    def close(self) -> list[Problem]:
        """Return every problem, those of subnets that are too small with their numbers."""
        for key, account in self.accounts.items():
            split, prefix = account.division, account.subnet.prefix
            if account.refused:
                room = split.host_stop - split.host_first
                self.wrong(
                    account.path,
                    f"{_place(account)} {prefix} has {room:,} addresses for machines, {account.asked:,} needed",
                    f"use a /{_enough(account.asked, split, account.first_host)}" + _aside(key),
                )
            if account.refused_leaves:
                self.wrong(
                    (*account.path, "subnet"),
                    f"{_place(account)} {prefix} has room for {split.leaves} leaves, {account.asked_leaves} needed",
                    f"use a /{32 - (account.asked_leaves * 16 - 1).bit_length()}",
                )
        return self.problems


def _place(account: _Account) -> str:
    return ".".join(account.path[:2])


def _aside(key: str) -> str:
    return f" (network, gateway, leaves and dynamic leases take the rest of {key})"


def _enough(needed: int, split: Division, first_host: int | None) -> int:
    """Return the longest prefix whose part for machines holds what is needed."""
    after = split.leaf_step > 0
    for length in range(30, 0, -1):
        trial = divide(f"0.0.0.0/{length}", first_host, after_gateway=after)
        if trial.host_stop - trial.host_first >= needed:
            return length
    return 8


def open_ledger(
    site: Site, devices: Sequence[Device], links: Sequence[Link], lock: Allocator, *, after_gateway: bool
) -> Ledger:
    """Return the ledger of every subnet that the site gives, with what is pinned held."""
    ledger = Ledger(lock)
    rails = _rails(site, links)
    # By name, not as written: the order of keys in the file has no meaning.
    for name, network in sorted(site.networks.items()):
        if network.style == "vlan-per-rail":
            _open_rails(ledger, name, network, rails.get(name, 0), after_gateway)
        elif network.style == "vlan" and network.subnet:
            path = ("networks", name)
            _open(ledger, Subnet(name, name, network.vlan or 0, network.subnet), network, path, after_gateway)
    _doubled(ledger, site)
    _open_per_switch(ledger, site, devices, after_gateway)
    _pin_all(ledger, site)
    return ledger


def _doubled(ledger: Ledger, site: Site) -> None:
    """Say when a VLAN that is counted on from a network's own, rail after rail, belongs to another network."""
    owners: dict[int, str] = {}
    for key, subnet in sorted(ledger.subnets.items(), key=lambda item: item[1].rail):
        other = owners.setdefault(subnet.vlan, subnet.network)
        if subnet.vlan and other != subnet.network and not site.apart(subnet.network, other):
            ledger.wrong(
                ("networks", subnet.network, "vlan"),
                f"{key} takes VLAN {subnet.vlan}, which is that of {other}",
                "start the rails where as many VLANs in a row are free as there are rails",
            )


def _rails(site: Site, links: Iterable[Link]) -> dict[str, int]:
    """Return the greatest rail of each VLAN-per-rail network."""
    wanted = {name for name, network in site.networks.items() if network.style == "vlan-per-rail"}
    found: dict[str, int] = {}
    if wanted:
        for link in links:
            name = attach_network(site, link) if link.rail else ""
            if name in wanted:
                found[name] = max(found.get(name, 0), link.rail)
    return found


def _open(ledger: Ledger, subnet: Subnet, network: Network, path: tuple[str, ...], after_gateway: bool) -> None:
    try:
        split = divide(subnet.prefix, network.first_host, after_gateway=after_gateway)
    except ValueError as error:
        ledger.wrong((*path, "subnet"), str(error), "write a prefix such as 10.20.0.0/22")
        return
    # What was first opened with this division stays so; only the free part is asked from the lock.
    ledger.lock.hold(f"networks.{subnet.key}", "reserved", 0, max(split.host_first, 1))
    gateway = _gateway(network, split, subnet)
    leases = split.lease_stop > split.host_stop
    ledger.accounts[subnet.key] = _Account(
        Subnet(
            subnet.key, subnet.network, subnet.vlan, subnet.prefix, gateway,
            _plain(split.at(split.host_stop)) if leases else "",
            _plain(split.at(split.lease_stop - 1)) if leases else "", subnet.rail,
        ),
        split,
        path,
        network.first_host,
    )  # fmt: skip
    if gateway == split.at(split.gateway) and split.host_first <= split.gateway + int(after_gateway):
        ledger.wrong(
            (*path, "first_host"),
            f"machines of {subnet.key} would begin at offset {split.host_first}, on the gateway or on the leaves",
            f"begin at {split.gateway + 1 + int(after_gateway)} or later, or leave first_host out",
        )


def _plain(address: str) -> str:
    return address.partition("/")[0]


def _gateway(network: Network, split: Division, subnet: Subnet) -> str:
    """Return the gateway: none, an address of others, or the first address of the subnet."""
    if network.gateway == "none":
        return ""
    stated = network.gateway if is_address(network.gateway or "") else network.gateway_address
    return f"{stated}/{split.length}" if stated and "@" not in subnet.key else split.at(split.gateway)


def _open_rails(ledger: Ledger, name: str, network: Network, rails: int, after_gateway: bool) -> None:
    """Cut the pool into one subnet a rail, VLANs counted on from the network's own."""
    path = ("networks", name, "pool")
    try:
        pool = ipaddress.IPv4Network(network.pool or network.subnet or "")
    except ValueError:
        ledger.wrong(path, f"networks.{name} has no pool that rails can be cut from", "write pool: 10.200.0.0/16")
        return
    width = ledger.lock.keep(f"networks.{name}.shape", "blocks", _power(max(rails, 1)))
    bits = (width - 1).bit_length()
    if rails > width or pool.prefixlen + bits > 30:
        ledger.wrong(path, f"{pool} cannot be cut into {rails} rails ({width} are laid out)", "use a shorter prefix")
        return
    size = pool.num_addresses // width
    for rail in range(1, rails + 1):
        prefix = f"{pool.network_address + (rail - 1) * size}/{pool.prefixlen + bits}"
        vlan = network.vlan + rail - 1 if network.vlan else 0
        subnet = Subnet(f"{name}-{rail}", name, vlan, prefix, rail=rail)
        _open(ledger, subnet, network, ("networks", name), after_gateway)


def _power(number: int) -> int:
    return 1 << (number - 1).bit_length()


def _open_per_switch(ledger: Ledger, site: Site, devices: Sequence[Device], after_gateway: bool) -> None:
    for key, fabric in sorted(site.fabrics.items()):
        name = oob_network(site, key)
        if not fabric.per_switch or not name:
            continue
        network = site.networks[name]
        switches = [device.name for device in devices if device.role == "oob" and device.fabric == key]
        if len(switches) > len(fabric.per_switch):
            ledger.wrong(
                ("fabrics", key, "per_switch"),
                f"{len(switches)} switches stand in {key}, {len(fabric.per_switch)} subnets are given",
                "give each switch a subnet",
            )
        shared: dict[ipaddress.IPv4Network, str] = {}
        for index, (switch, own) in enumerate(zip(switches, _own_addresses(fabric.per_switch), strict=False)):
            subnet = shared.setdefault(own.network, f"{name}@{switch}")
            ledger.own[switch] = (subnet, str(own))
            if subnet == f"{name}@{switch}":
                path = ("fabrics", key, "per_switch", str(index))
                _open(ledger, Subnet(subnet, name, network.vlan or 0, str(own.network)), network, path, after_gateway)
            if subnet in ledger.accounts:
                ledger.set_aside(subnet, own.ip, switch)


def _own_addresses(per_switch: Sequence[str]) -> list[ipaddress.IPv4Interface]:
    """Return the own address of each switch: as written, else the next behind the gateway of its subnet."""
    taken = {ipaddress.IPv4Interface(text).ip for text in per_switch}
    found: list[ipaddress.IPv4Interface] = []
    for text in per_switch:
        own = ipaddress.IPv4Interface(text)
        free = next(address for number in count(2) if (address := own.ip + number) not in taken)
        found.append(ipaddress.IPv4Interface(f"{free}/{own.network.prefixlen}") if _is_subnet(text) else own)
        taken.add(found[-1].ip)
    return found


def _is_subnet(text: str) -> bool:
    """Say whether a text of ``per_switch`` is a subnet and no address in one."""
    given = ipaddress.IPv4Interface(text)
    return given.ip == given.network.network_address


def ldap_servers(site: Site) -> list[tuple[int, str]]:
    """Return the addresses among the LDAP servers of the site, each with its place in the list."""
    listed = site.aaa.ldap.get("servers", ())
    words = [listed] if isinstance(listed, str) else listed if isinstance(listed, (list, tuple)) else []
    return [(at, word) for at, word in enumerate(words) if isinstance(word, str) and is_address(word)]


def _pin_all(ledger: Ledger, site: Site) -> None:
    """Hold every address that the site file names."""
    services = site.services
    named = [("services.bootstrap", services.bootstrap)] if services.bootstrap else []
    for word, values in (("ntp", services.ntp), ("dns", services.dns), ("syslog", services.syslog)):
        named += [(f"services.{word}", value) for value in values]
    named += [("aaa.ldap.servers", value) for _, value in ldap_servers(site)]
    for name, network in site.networks.items():
        relay = (network.relay,) if isinstance(network.relay, str) else network.relay or ()
        named += [(f"networks.{name}.relay", value) for value in relay]
        named += [(f"networks.{name}.gateway", network.gateway)] if network.gateway else []
        named += [(f"networks.{name}.gateway_address", network.gateway_address)] if network.gateway_address else []
        named += [(f"networks.{name}.leaf_addresses", value) for value in network.leaf_addresses]
    for key, fabric in site.fabrics.items():
        named += [(f"fabrics.{key}.per_switch", _plain(text)) for text in fabric.per_switch if not _is_subnet(text)]
    for vrf, intent in site.vrfs.items():
        named += [(f"vrfs.{vrf}.relay", value) for value in intent.relay]
    for what, value in named:
        if value and is_address(value):
            ledger.pin(value, what)
