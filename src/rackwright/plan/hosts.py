"""The network of every host: bonds, VLANs, rails with their own routing tables.

A rail has an address of its own /31, and a table of its own: what leaves with the rail's address takes
the rail's next hop, and only the pool of all rails is reached that way. The main table keeps one default
route, over the untagged network of the bond.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from rackwright.catalog.models import Catalog
from rackwright.findings import Problem, problem
from rackwright.intent.models import Attach, Site
from rackwright.intent.ranges import expand
from rackwright.plan.address_model import Addresses
from rackwright.plan.host_bonds import bonds_of
from rackwright.plan.model import Device, HostBond, HostInterface, HostNetwork, Link
from rackwright.plan.services import resolve
from rackwright.plan.subnets import oob_network

__all__ = ["TABLE_BASE", "blind", "nameless", "networks"]

TABLE_BASE = 100
"""Routing table of rail r is this plus r: clear of main (254), local (255) and the low ones people use."""

_OTHER_TABLES = 200
"""Tables from here on are of rails whose number another kind of adapter has."""

_BY_RULE = re.compile(r"(?:rail|front|lom)[0-9]+(?:p[0-9]+)?|.+-[0-9]+(?:p[0-9]+)?")
"""Names that no operating system gives: netplan gives them, by MAC."""

_NAMES = {"supernic": "front", "dpu": "front", "nic": "front", "lom": "lom"}


class _Cabled(NamedTuple):
    """One cabled port of a host."""

    link: Link
    attach: Attach | None


class _Face(NamedTuple):
    """What is said of a physical port, whatever lies on it."""

    name: str
    port: str
    mac: str
    table: int = 0
    """Routing table of a port on a rail."""


class _NameServers:
    """The name servers as hosts of some networks reach them; asked once a combination of networks."""

    def __init__(self, site: Site, devices: Sequence[Device], addresses: Addresses, fallback: tuple[str, ...]) -> None:
        self._site, self._devices, self._addresses, self._fallback = site, devices, addresses, fallback
        self._known: dict[tuple[str, ...], tuple[str, ...]] = {}

    def of(self, prefer: tuple[str, ...]) -> tuple[str, ...]:
        """Return the addresses, those in the networks of ``prefer`` before others."""
        if prefer not in self._known:
            path = ("services", "dns")
            found, _ = resolve(self._site.services.dns, path, self._site, self._devices, self._addresses, prefer=prefer)
            self._known[prefer] = found or self._fallback
        return self._known[prefer]


class _Frame(NamedTuple):
    """What all hosts share."""

    site: Site
    catalog: Catalog
    addresses: Addresses
    servers: _NameServers


def networks(
    site: Site, devices: Sequence[Device], links: Sequence[Link], addresses: Addresses, catalog: Catalog,
    *, nameservers: Sequence[str] = (),
) -> tuple[HostNetwork, ...]:  # fmt: skip
    """Return the network of every server and storage node, in the order of ``devices``.

    Name servers of the site are written with their address in a network of the host itself, where they
    have one; ``nameservers`` stand where ``services.dns`` gives none.
    """
    frame = _Frame(site, catalog, addresses, _NameServers(site, devices, addresses, tuple(nameservers)))
    cabled: dict[str, list[_Cabled]] = {}
    for link in links:
        if link.kind in ("host", "management") and not link.b.port.endswith("bmc"):
            fabric = site.fabrics.get(link.fabric)
            attach = fabric.attach[link.attach] if fabric and 0 <= link.attach < len(fabric.attach) else None
            cabled.setdefault(link.b.device, []).append(_Cabled(link, attach))
    for ports in cabled.values():  # names by rule count along; the order of fabrics in the file has no meaning
        ports.sort(key=lambda item: (item.link.fabric, item.link.attach))
    return tuple(
        _host(frame, device, cabled.get(device.name, [])) for device in devices if device.role in ("server", "storage")
    )


def blind(host: HostNetwork) -> tuple[str, ...]:
    """Return the ports of a host with a name by rule and without the MAC by which netplan would give it."""
    return tuple(port.name for port in host.interfaces if not (port.vlan or port.mac) and _BY_RULE.fullmatch(port.name))


def nameless(site: Site, devices: Sequence[Device], hosts: Sequence[HostNetwork]) -> Iterator[Problem]:
    """Yield one warning for all ports of servers whose name fits no NIC: by rule, and without a MAC."""
    groups = {device.name: device.group for device in devices if device.role == "server"}
    own = {key: {name for words in group.interfaces.values() for name in _expanded(words)}
           for key, group in site.groups.items()}  # fmt: skip
    found = {host.name: ports for host in hosts if host.name in groups
             if (ports := [name for name in blind(host) if name not in own.get(groups[host.name], ())])}  # fmt: skip
    if not found:
        return
    first, ports = next(iter(found.items()))
    number = sum(map(len, found.values()))
    yield problem(
        "plan.hosts",
        f"no MAC address is known of {number:,} port(s) of {len(found):,} server(s), the first {first}: {', '.join(ports[:3])};"
        " netplan gives these names by MAC, and without it they fit no NIC",
        path=("site", "nodes"),
        remedy="name a nodes.csv with them, or give the operating system's names in groups.NAME.interfaces",
        severity="warning",
    )


def _expanded(words: Sequence[str] | str) -> Iterator[str]:
    for word in (words,) if isinstance(words, str) else words:
        yield from expand(word)


def _host(frame: _Frame, device: Device, cabled: Sequence[_Cabled]) -> HostNetwork:
    faces = _faces(frame, device, cabled)
    plain: list[HostInterface] = []
    bonds: list[HostBond] = []
    for entry, ports in _by_attach(cabled):
        attach = ports[0].attach
        if attach is not None and attach.bond == "lacp":
            for links in bonds_of([item.link for item in ports], attach.bonds or 1):
                bond, parts = _bonded(frame, device, attach, links, faces, f"bond{len(bonds)}")
                bonds.append(bond)
                plain += parts
        else:
            plain += _single(frame, device, attach, ports, faces, out_of_band=entry[2])
    interfaces, bonds = _one_default(plain, bonds)
    servers = frame.servers.of(_own_networks(cabled))
    return HostNetwork(device.name, tuple(interfaces), tuple(bonds), servers, frame.site.site.domain)


def _own_networks(cabled: Sequence[_Cabled]) -> tuple[str, ...]:
    """Return the networks of a host in the order of its attach entries, untagged before tagged."""
    entries = [item.attach for item in cabled if item.attach is not None and item.link.kind == "host"]
    names = [entry.native for entry in entries if entry.native]
    names += [name for entry in entries for name in entry.tagged]
    return tuple(dict.fromkeys(names))


def _by_attach(cabled: Sequence[_Cabled]) -> Iterable[tuple[tuple[str, int, bool], list[_Cabled]]]:
    """Group ports by attach entry; out-of-band ports come last, so that their gateway is not the default."""
    groups: dict[tuple[str, int, bool], list[_Cabled]] = {}
    for item in cabled:
        key = (item.link.fabric, item.link.attach, item.link.kind == "management")
        groups.setdefault(key, []).append(item)
    return sorted(groups.items(), key=lambda group: (group[0][2], group[0][:2]))


def _faces(frame: _Frame, device: Device, cabled: Sequence[_Cabled]) -> dict[str, _Face]:
    """Return name, MAC and routing table of every cabled port.

    The name is the site's or the catalog's; otherwise ``rail3`` for a port on a rail, ``front1``, ``lom1``
    by kind of adapter, which netplan gives by MAC.
    """
    macs = dict(device.macs)
    rails = _rails(frame, cabled)
    counts: dict[str, int] = {}
    faces: dict[str, _Face] = {}
    for item in cabled:
        end = item.link.b
        name, table = rails.get(end.port, ("", 0))
        name = end.interface or name or _made_up(frame, item.link, counts)
        faces[end.port] = _Face(name, end.port, macs.get(end.port, "").lower(), table)
    return faces


def _rails(frame: _Frame, cabled: Sequence[_Cabled]) -> dict[str, tuple[str, int]]:
    """Return name and routing table of each port on a rail.

    Rails that a site deals out over several fabrics keep the numbers of their adapters. Of two kinds of adapter,
    SuperNICs come first, and a port of the other is called as in the cabling where its name is taken.
    """
    found: dict[str, tuple[str, int]] = {}
    nics = frame.catalog.nics
    rails = [item for item in cabled if _on_rail(frame, item.link)]
    for link, attach in sorted(rails, key=lambda item: nics[item.link.b.nic].kind != "supernic"):
        rail = _number(frame, link) if attach is not None and attach.adapters else link.rail
        name, table = f"rail{rail}p{link.plane}" if link.plane else f"rail{rail}", _table(rail, link.plane)
        if (name, table) in found.values():
            name, table = link.b.port.replace(".", "p"), _OTHER_TABLES + len(found)
        found[link.b.port] = (name, table)
    return found


def _number(frame: _Frame, link: Link) -> int:
    """Return the rail of a port among all ports of its kind of adapter."""
    adapter, _, port = link.b.port.removeprefix(f"{link.b.nic}-").partition(".")
    if link.plane and frame.site.fabrics[link.fabric].family == "pair":
        return int(adapter)
    index = (int(adapter) - 1) * frame.catalog.nics[link.b.nic].ports + int(port or "1") - 1
    return index // frame.site.fabrics[link.fabric].planes + 1


def _made_up(frame: _Frame, link: Link, counts: dict[str, int]) -> str:
    """Return the name by rule of a port that is on no rail; ``counts`` numbers the ports of one kind."""
    nic = frame.catalog.nics.get(link.b.nic)
    if nic is None:
        return link.b.port
    stem = _NAMES[nic.kind]
    counts[stem] = counts.get(stem, 0) + 1
    return f"{stem}{counts[stem]}"


def _mtu(frame: _Frame, names: Iterable[str]) -> int:
    """Return the greatest MTU of some networks in bytes; 0 when none states one."""
    known = (frame.site.networks[name].mtu_bytes for name in names if name in frame.site.networks)
    return max((mtu for mtu in known if mtu), default=0)


def _bonded(
    frame: _Frame, device: Device, attach: Attach, links: Sequence[Link], faces: Mapping[str, _Face], name: str
) -> tuple[HostBond, list[HostInterface]]:
    """Return a bond with its members and its tagged VLANs."""
    native = attach.native or ""
    # The bond carries the tags too: its MTU is the greatest of all that it carries.
    mtu = _mtu(frame, (native, *attach.tagged))
    members = [faces[link.b.port] for link in links]
    parts = [HostInterface(face.name, face.port, face.mac, mtu_bytes=mtu, bond=name) for face in members]
    parts += _tags(frame, device, attach, name, members[0].port)
    bond = HostBond(
        name, tuple(face.name for face in members), address=_own_address(frame, device, native, members[0].port),
        gateway=_next_hop(frame, native), mtu_bytes=mtu,
    )  # fmt: skip
    return bond, parts


def _single(
    frame: _Frame, device: Device, attach: Attach | None, ports: Sequence[_Cabled], faces: Mapping[str, _Face],
    *, out_of_band: bool,
) -> list[HostInterface]:  # fmt: skip
    """Return ports without a bond: rails, GPU ports in a VLAN, LOM ports out of band."""
    parts: list[HostInterface] = []
    for item in ports:
        face, link = faces[item.link.b.port], item.link
        pair = frame.addresses.rails.get((device.name, link.b.port))
        if pair is not None:
            mtu = _mtu(frame, ((attach.network or "") if attach else "",))
            parts.append(
                HostInterface(
                    face.name,
                    face.port,
                    face.mac,
                    pair.host,
                    _plain(pair.switch),
                    (pair.pool,),
                    mtu,
                    pair.rail,
                    face.table,
                )
            )
        elif out_of_band:
            parts.append(_out_of_band(frame, device, face, link))
        else:
            parts.append(_in_vlan(frame, device, attach, face, link))
    if attach is not None and ports and not out_of_band:
        first = faces[ports[0].link.b.port]
        parts += _tags(frame, device, attach, first.name, first.port)
    return parts


def _table(rail: int, plane: int) -> int:
    """Return the routing table of a rail in a plane; 16 rails a plane are more than any server has."""
    return TABLE_BASE + rail + 16 * max(plane - 1, 0)


def _out_of_band(frame: _Frame, device: Device, face: _Face, link: Link) -> HostInterface:
    network = oob_network(frame.site, link.fabric, link.attach)
    subnet = frame.addresses.own_subnets.get(link.a.device, network)
    address = frame.addresses.hosts.get((subnet, device.name, face.port), "")
    return HostInterface(face.name, face.port, face.mac, address, mtu_bytes=_mtu(frame, (network,)))


def _in_vlan(frame: _Frame, device: Device, attach: Attach | None, face: _Face, link: Link) -> HostInterface:
    """Return a port with its untagged address.

    With a VLAN a rail, the other rails are reached through the rail's own gateway; the own subnet is left
    to the main table, where it is on the link. Rails that share one VLAN need no gateway at all.
    """
    native = (attach.native or attach.network or "") if attach else ""
    tagged = attach.tagged if attach else ()
    key = native if native in frame.addresses.subnets else f"{native}-{link.rail}"
    address = frame.addresses.hosts.get((key, device.name, face.port), "")
    mtu = _mtu(frame, (native, *tagged))
    rail = link.rail if _on_rail(frame, link) else 0
    gateway = _next_hop(frame, key) if address else ""
    if not rail:
        return HostInterface(face.name, face.port, face.mac, address, gateway, (), mtu)
    own = frame.addresses.subnets.get(key)
    others = tuple(
        subnet.prefix for subnet in frame.addresses.subnets.values() if subnet.network == native and subnet is not own
    )
    if not others or not gateway:
        return HostInterface(face.name, face.port, face.mac, address, "", (), mtu, rail)
    return HostInterface(face.name, face.port, face.mac, address, gateway, others, mtu, rail, face.table)


def _on_rail(frame: _Frame, link: Link) -> bool:
    """Say whether a port carries GPU traffic: any port of a rail fabric, a SuperNIC elsewhere."""
    fabric = frame.site.fabrics.get(link.fabric)
    nic = frame.catalog.nics.get(link.b.nic)
    if not link.rail or fabric is None:
        return False
    return fabric.family != "pair" or (nic is not None and nic.kind == "supernic")


def _own_address(frame: _Frame, device: Device, network: str, port: str) -> str:
    """Return the address of a bond or tag: named by its first port, or the first that the machine has there."""
    held = frame.addresses.hosts
    return held.get((network, device.name, port)) or held.get((network, device.name, ""), "")


def _tags(frame: _Frame, device: Device, attach: Attach, parent: str, port: str) -> list[HostInterface]:
    """Return the tagged VLAN interfaces of a machine, on its bond or on the first port of the entry."""
    parts: list[HostInterface] = []
    for network in attach.tagged:
        row = frame.site.networks.get(network)
        if row is not None and row.vlan:
            address = _own_address(frame, device, network, port)
            name = f"{parent}.{row.vlan}"
            parts.append(
                HostInterface(name, "", address=address, mtu_bytes=row.mtu_bytes or 0, vlan=row.vlan, parent=parent)
            )
    return parts


def _one_default(
    parts: Sequence[HostInterface], bonds: Sequence[HostBond]
) -> tuple[list[HostInterface], list[HostBond]]:
    """Leave one default route: of the first bond that has a gateway, else of the first interface.

    An interface whose gateway serves only its own table keeps it.
    """
    kept_bonds: list[HostBond] = []
    taken = False
    for bond in bonds:
        keep = bool(bond.gateway and bond.address) and not taken
        taken = taken or keep
        kept_bonds.append(bond if keep else msgspec.structs.replace(bond, gateway=""))
    kept: list[HostInterface] = []
    for part in parts:
        if part.table or not part.gateway:
            kept.append(part)
            continue
        kept.append(part if not taken else msgspec.structs.replace(part, gateway=""))
        taken = True
    return kept, kept_bonds


def _next_hop(frame: _Frame, subnet: str) -> str:
    return _plain(frame.addresses.gateway(subnet))


def _plain(address: str) -> str:
    return address.partition("/")[0]
