"""What Base Command Manager is told about the nodes that it provisions: networks, categories, images, nodes, its head nodes.

``cluster(...)`` gives one frozen value; :mod:`rackwright.render.hosts.bcm` prints it as commands of ``cmsh``. What BCM cannot be told
(a rail whose network has two addresses, a port without a name of the operating system) is said beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Interface, IPv4Network
from typing import Final

from rackwright.catalog.models import Catalog
from rackwright.intent import Loaded
from rackwright.intent.models import Site
from rackwright.plan.install import Install, installs_of
from rackwright.plan.machines import Machine, machines
from rackwright.plan.model import Device, HostInterface, HostNetwork, Plan
from rackwright.plan.stack import course
from rackwright.plan.stack_frame import Frame, Host, conditions, frame
from rackwright.plan.stack_model import AptPin, Step
from rackwright.plan.stack_system import kernel, pins
from rackwright.plan.switch_model import Value

__all__ = [
    "BMC",
    "BcmInterface",
    "BcmNetwork",
    "BcmNode",
    "Category",
    "Cluster",
    "Head",
    "Pair",
    "cluster",
    "hosted",
]

BMC: Final = "drac0"
"""Name of an iDRAC's interface in BCM, by which its power is controlled (BCM 11 Administrator Manual 3.7: ipmi0, ilo0, drac0, rf0)."""
_LACP: Final = 4
"""Number of 802.3ad among the modes of Linux' bonding."""
_SHARED: Final = 29
"""The longest prefix that is a network to BCM: a /31 or /30 between a host and its leaf is none that nodes share."""


class BcmNetwork(Value, frozen=True, kw_only=True):
    """One network as BCM holds it."""

    name: str
    base: str
    bits: int
    gateway: str = ""
    mtu_bytes: int = 0
    domain: str = ""
    boots: bool = False
    """Nodes boot from it; BCM made it when the head node was installed."""


class BcmInterface(Value, frozen=True, kw_only=True):
    """One interface of a node."""

    kind: str
    """``physical``, ``bond``, ``vlan`` or ``bmc``."""
    name: str
    network: str = ""
    address: str = ""
    mac: str = ""
    members: tuple[str, ...] = ()
    mode: int = 0
    """Of a bond, as Linux numbers them."""


class BcmNode(Value, frozen=True, kw_only=True):
    """One node."""

    name: str
    category: str
    mac: str = ""
    """Of the port that it boots from; empty: nodes.csv does not tell it."""
    address: str = ""
    boot: str = ""
    """The interface that it is provisioned over; ``bond0=a+b`` as ``cmsh`` takes it."""
    provisioning: str = ""
    interfaces: tuple[BcmInterface, ...] = ()
    lacks: tuple[str, ...] = ()
    """What BCM cannot be told yet or at all, each a sentence."""


class Category(Value, frozen=True, kw_only=True):
    """Nodes that are alike, and the software image that they are given."""

    name: str
    group: str
    image: str
    model: str = ""
    parameters: tuple[str, ...] = ()
    """Words of the kernel's command line."""
    series: str = ""
    """Of the kernel."""
    inside: tuple[Step, ...] = ()
    """Steps whose packages belong into the image, in order."""
    afterwards: tuple[str, ...] = ()
    """Steps that are played on the node, in order: those of its cards."""
    pins: tuple[AptPin, ...] = ()


class Head(Value, frozen=True):
    """A head node."""

    name: str
    address: str = ""
    bmc: str = ""
    model: str = ""


class Pair(Value, frozen=True, kw_only=True):
    """What two head nodes share."""

    address: str
    external: str = ""
    failover: str = ""
    """Subnet of the cable between them."""
    failover_addresses: tuple[str, ...] = ()
    """Of the primary and the secondary."""


class Cluster(Value, frozen=True, kw_only=True):
    """One BCM cluster."""

    version: str = ""
    heads: tuple[Head, ...] = ()
    pair: Pair | None = None
    networks: tuple[BcmNetwork, ...] = ()
    categories: tuple[Category, ...] = ()
    nodes: tuple[BcmNode, ...] = ()


def cluster(plan: Plan, site: Site, catalog: Catalog) -> Cluster | None:
    """Return what BCM is told; None where Rackwright installs the hosts. Raises PlanError when steps go in a circle."""
    if site.hosts.installer != "bcm":
        return None
    shared = frame(plan, site, catalog)
    networks = _networks(plan, site)
    found = {machine.name: machine for machine in machines(plan, site, catalog)}
    hosts = {host.name: host for host in plan.hosts}
    named = _named(plan)
    servers = [device for device in plan.devices if device.role == "server" and device.name not in shared.heads]
    nodes = tuple(
        _node(
            device,
            hosts.get(device.name, HostNetwork(device.name)),
            networks,
            site,
            named.get(device.name, frozenset()),
        )
        for device in servers
    )
    return Cluster(
        version=shared.version("bcm"),
        heads=tuple(_heads(shared, plan)),
        pair=_pair(site),
        networks=tuple(networks.values()),
        categories=tuple(_categories(shared, site, servers, found, hosts)),
        nodes=nodes,
    )


def hosted(plan: Plan, loaded: Loaded | None) -> tuple[tuple[Install, ...], Cluster | None]:
    """Return how hosts come by their operating system: from Rackwright, or from BCM; neither where the site file is not known.

    Raises PlanError as :func:`cluster`.
    """
    if loaded is None or loaded.site is None:
        return (), None
    return installs_of(plan, loaded), cluster(plan, loaded.site, loaded.catalog)


def _heads(shared: Frame, plan: Plan) -> Iterator[Head]:
    by_name = {device.name: device for device in plan.devices}
    for name in shared.heads:
        device = by_name[name]
        yield Head(name, shared.addresses.get(name, ""), device.management.partition("/")[0], device.model)


def _pair(site: Site) -> Pair | None:
    wish = site.hosts.bcm.pair
    if wish is None:
        return None
    between = list(IPv4Network(wish.failover).hosts()) if wish.failover else []
    return Pair(
        address=wish.address,
        external=wish.external or "",
        failover=wish.failover or "",
        failover_addresses=tuple(str(address) for address in between[:2]),
    )


def _networks(plan: Plan, site: Site) -> dict[IPv4Network, BcmNetwork]:
    """Return the networks that several nodes are in, by subnet; that which nodes boot from goes first."""
    scopes = {IPv4Network(scope.subnet): scope for scope in plan.scopes}
    said = {IPv4Network(network.subnet): name for name, network in site.networks.items() if network.subnet}
    found: dict[IPv4Network, BcmNetwork] = {}
    for subnet, mtu_bytes in _subnets(plan):
        if subnet.prefixlen > _SHARED or subnet in found:
            continue
        scope = scopes.get(subnet)
        boots = scope is not None and scope.pxe
        found[subnet] = BcmNetwork(
            name=site.hosts.bcm.network
            if boots
            else said.get(subnet, f"net-{subnet.network_address}".replace(".", "-")),
            base=str(subnet.network_address),
            bits=subnet.prefixlen,
            gateway=scope.gateway if scope is not None else "",
            mtu_bytes=mtu_bytes,
            domain=f"{said.get(subnet, 'net')}.{site.site.domain}" if site.site.domain else "",
            boots=boots,
        )
    return dict(sorted(found.items(), key=lambda item: (not item[1].boots, item[0])))


def _subnets(plan: Plan) -> Iterator[tuple[IPv4Network, int]]:
    for host in plan.hosts:
        told = [(part.address, part.mtu_bytes) for part in host.bonds]
        told += [(part.address, part.mtu_bytes) for part in host.interfaces]
        yield from ((_at(address).network, mtu_bytes) for address, mtu_bytes in told if address)
    for device in plan.devices:
        if device.role == "server" and "/" in device.management:
            yield _at(device.management).network, 0


def _at(address: str) -> IPv4Interface:
    return IPv4Interface(address)


def _named(plan: Plan) -> dict[str, frozenset[str]]:
    """Return, by host, the ports whose operating system name is the site's own."""
    found: dict[str, set[str]] = {}
    for link in plan.links:
        if link.b.interface:
            found.setdefault(link.b.device, set()).add(link.b.port)
    return {name: frozenset(ports) for name, ports in found.items()}


def _node(
    device: Device, host: HostNetwork, networks: Mapping[IPv4Network, BcmNetwork], site: Site, named: frozenset[str]
) -> BcmNode:
    interfaces = tuple(_interfaces(device, host, networks))
    boots = {network.name for network in networks.values() if network.boots}
    way = next((port for port in interfaces if port.network in boots), None)
    members = way.members if way is not None else ()
    macs = {port.name: port.mac for port in host.interfaces}
    mac = next((macs[name] for name in (members or ((way.name,) if way else ())) if macs.get(name)), "")
    return BcmNode(
        name=device.name,
        category=_category(site, device.group),
        mac=mac,
        address=way.address if way is not None else "",
        boot=f"{way.name}={'+'.join(members)}"
        if way is not None and members
        else (way.name if way is not None else ""),
        provisioning=way.name if way is not None else "",
        interfaces=interfaces,
        lacks=tuple(_lacks(host, way, mac, named)),
    )


def _interfaces(
    device: Device, host: HostNetwork, networks: Mapping[IPv4Network, BcmNetwork]
) -> Iterator[BcmInterface]:
    """Yield the interfaces of a node, each behind those that it stands on."""
    for port in host.interfaces:
        network = _network(port.address, networks)
        if not port.vlan and (port.bond or network):
            address = _bare(port.address) if network else ""
            yield BcmInterface(kind="physical", name=port.name, mac=port.mac, network=network, address=address)
    for bond in host.bonds:
        yield BcmInterface(
            kind="bond", name=bond.name, network=_network(bond.address, networks), address=_bare(bond.address),
            members=bond.members, mode=_LACP,
        )  # fmt: skip
    for port in host.interfaces:
        if port.vlan:
            network = _network(port.address, networks)
            yield BcmInterface(kind="vlan", name=port.name, network=network, address=_bare(port.address))
    if "/" in device.management:
        network = _network(device.management, networks)
        yield BcmInterface(kind="bmc", name=BMC, network=network, address=_bare(device.management))


def _network(address: str, networks: Mapping[IPv4Network, BcmNetwork]) -> str:
    found = networks.get(_at(address).network) if address else None
    return found.name if found is not None else ""


def _bare(address: str) -> str:
    return address.partition("/")[0]


def _lacks(host: HostNetwork, way: BcmInterface | None, mac: str, named: frozenset[str]) -> Iterator[str]:
    if way is None:
        yield "no interface of it is in a network with pxe: true"
    elif not mac:
        yield "nodes.csv has no MAC address for the port that it boots from"
    unnamed = [port.name for port in _told(host.interfaces) if port.port not in named]
    if unnamed:
        yield f"the names {', '.join(unnamed)} are the plan's: BCM needs those of the kernel (groups.GROUP.interfaces)"
    rails = [
        port.name
        for port in host.interfaces
        if port.rail and port.address and _at(port.address).network.prefixlen > _SHARED
    ]
    if rails:
        yield f"{', '.join(rails)} are links between two, which are no network to BCM: their addresses are in netplan.yaml"


def _told(interfaces: Iterable[HostInterface]) -> Iterator[HostInterface]:
    return (port for port in interfaces if not port.vlan and not port.rail)


def _category(site: Site, group: str) -> str:
    return site.hosts.bcm.category or group


def _categories(
    shared: Frame, site: Site, servers: Sequence[Device], found: Mapping[str, Machine], hosts: Mapping[str, HostNetwork]
) -> Iterator[Category]:
    seen: set[str] = set()
    for device in servers:
        name = _category(site, device.group)
        if name in seen:
            continue
        seen.add(name)
        machine = found[device.name]
        host = Host(
            device, machine, hosts.get(device.name, HostNetwork(device.name)), conditions(shared, device, machine)
        )
        whole = course(_disk(shared), host.has)
        left = {step.name for step in course(shared, host.has).steps}
        inside = tuple(step for step in whole.steps if step.name not in left)
        core = kernel(shared, host)
        yield Category(
            name=name,
            group=device.group,
            image=site.hosts.bcm.images.get(device.group, f"{device.group}-image"),
            model=device.model,
            parameters=core.cmdline,
            series=core.series,
            inside=inside,
            afterwards=tuple(step.name for step in whole.steps if step.name in left),
            pins=pins(shared, tuple(shared.catalog.steps[step.name] for step in inside)),
        )


def _disk(shared: Frame) -> Frame:
    """Return the frame as if Rackwright installed the hosts: with the steps that change the disk."""
    hosts = shared.site.hosts.model_copy(update={"installer": "rackwright"})
    return shared._replace(site=shared.site.model_copy(update={"hosts": hosts}), kept={})
