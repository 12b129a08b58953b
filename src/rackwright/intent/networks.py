"""Rules over addressing: networks, VRFs, pools; everything that needs no plan."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Final, NamedTuple

from rackwright.catalog.faults import nearest
from rackwright.documents import Path
from rackwright.intent import words
from rackwright.intent.context import Context
from rackwright.intent.groups import server
from rackwright.intent.models import Fabric, Network, VrfIntent
from rackwright.intent.words import address, asn_range, is_address, prefix

__all__ = ["check"]

VXLAN_BYTES: Final = 50
"""What VXLAN adds to a frame (site-format notes; nvue.md 3.2)."""
FABRIC_MTU: Final = 9216
"""MTU of an NVUE port (nvue.md 3.2)."""
RESERVED_VLANS: Final = range(3725, 4000)
"""VLANs that Cumulus Linux 5.12 keeps for itself (nvue.md 3.1)."""
VRF_LENGTH: Final = 15
"""Greatest length of a VRF's name (nvue.md 3.4)."""

_SILENT: Final = {
    "vlan": ("pool",),
    "p2p-31": ("vlan", "vni", "subnet", "gateway", "gateway_address", "leaf_addresses", "pxe", "relay", "first_host"),
    "vlan-per-rail": ("subnet", "gateway_address", "leaf_addresses"),
}
"""Keys that say nothing in a network of a style."""

_VRF = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


class _Space(NamedTuple):
    """A prefix that somebody holds."""

    path: Path
    prefix: IPv4Network
    vrf: str
    pool: bool


def check(context: Context) -> None:
    """Report wrong, overlapping and too small prefixes, doubled numbers and dangling references."""
    spaces: list[_Space] = []
    for key, network in context.site.networks.items():
        _shape(context, key, network)
        _references(context, key, network)
        spaces += _prefixes(context, key, network)
    spaces += _pools(context)
    _overlaps(context, spaces)
    _vrfs(context)
    _numbers(context)
    _room(context)


def _shape(context: Context, key: str, network: Network) -> None:
    place: Path = ("networks", key)
    if network.style == "vlan" and network.vlan is None and context.lacks(*place, "vlan"):
        remedy = "add vlan: 2-4094, or style: p2p-31 for routed rails"
        context.wrong("value", place, f"network {key} has no VLAN", remedy, at_key=True)
    for word in _SILENT[network.style]:
        if getattr(network, word) not in (None, False, ()):
            said = f"a network of style {network.style} has no {'VLAN' if word == 'vlan' else word}"
            context.wrong("value", (*place, word), said, f"remove {word}, or the style", at_key=word != "vlan")
    if network.style != "vlan" and network.pool is None and context.lacks(*place, "pool"):
        message = f"network {key} has no pool that its rails are cut from"
        context.wrong("value", place, message, "add pool: 10.200.0.0/16", at_key=True)
    if network.vlan in RESERVED_VLANS:
        remedy = f"use a VLAN below {RESERVED_VLANS.start} or above {RESERVED_VLANS.stop - 1}"
        context.wrong("value", (*place, "vlan"), f"VLAN {network.vlan} is reserved by Cumulus Linux", remedy)
    if network.style == "vlan" and network.mtu_bytes and network.mtu_bytes + VXLAN_BYTES > FABRIC_MTU:
        message = f"MTU {network.mtu_bytes} and {VXLAN_BYTES} bytes of VXLAN exceed the fabric's {FABRIC_MTU}"
        context.wrong("value", (*place, "mtu_bytes"), message, f"use {FABRIC_MTU - VXLAN_BYTES} at most")
    if network.vrf is not None:
        _vrf_name(context, (*place, "vrf"), network.vrf)


def _vrf_name(context: Context, path: Path, name: str, *, at_key: bool = False) -> None:
    if len(name) > VRF_LENGTH or not _VRF.fullmatch(name):
        remedy = f"use a letter, then letters, digits, '-' and '_', {VRF_LENGTH} at most"
        context.wrong("name", path, f"{name!r} is no name for a VRF", remedy, at_key=at_key)


def _references(context: Context, key: str, network: Network) -> None:
    gateway, place = network.gateway, ("networks", key)
    if gateway and gateway != "none" and not is_address(gateway):
        fabrics = context.keys("fabrics")
        if gateway not in fabrics:
            message = f"{gateway!r} is no fabric and no address"
            context.wrong("reference", (*place, "gateway"), message, nearest(gateway, [*fabrics, "none"]))
    relays = network.relay or ()
    for at, word in enumerate([relays] if isinstance(relays, str) else relays):
        path = (*place, "relay") if isinstance(relays, str) else (*place, "relay", at)
        if word != "bootstrap":
            server(context, path, word, outside=False)
        elif context.site.services.bootstrap is None:
            context.wrong("reference", path, "services has no bootstrap", "add services: {bootstrap: ADDRESS}")


def _prefixes(context: Context, key: str, network: Network) -> Iterator[_Space]:
    for word, text in (("subnet", network.subnet), ("pool", network.pool)):
        if text is not None and (found := prefix(context, ("networks", key, word), text)):
            yield _Space(("networks", key, word), found, network.vrf or "", word == "pool")
            if word == "subnet":
                _inside(context, key, network, found)


def _inside(context: Context, key: str, network: Network, subnet: IPv4Network) -> None:
    """Report a gateway or a first host that does not lie in the subnet."""
    gateway = network.gateway
    if gateway and is_address(gateway) and IPv4Interface(gateway).ip not in subnet:
        path: Path = ("networks", key, "gateway")
        context.wrong("value", path, f"{gateway} does not lie in {subnet}", "use an address of the subnet")
    _own(context, key, network, subnet)
    if network.first_host is not None and not 0 < network.first_host < subnet.num_addresses - 1:
        message = f"offset {network.first_host} is no host of {subnet}"
        remedy = f"use 1 to {subnet.num_addresses - 2}"
        context.wrong("value", ("networks", key, "first_host"), message, remedy)


def _own(context: Context, key: str, network: Network, subnet: IPv4Network) -> None:
    """Report addresses of the leaves that are none of the subnet's, that two have, or that nothing carries."""
    place: Path = ("networks", key)
    stated: list[tuple[Path, str]] = [
        ((*place, "leaf_addresses", at), text) for at, text in enumerate(network.leaf_addresses)
    ]
    if network.gateway_address is not None:
        stated.append(((*place, "gateway_address"), network.gateway_address))
    if stated and network.gateway and network.gateway not in context.site.fabrics:
        message = f"gateway: {network.gateway} leaves no address to the leaves"
        context.wrong(
            "value", (*place, "gateway"), message, "name the fabric that is the gateway, or remove the addresses"
        )
    seen: set[IPv4Address] = set()
    for path, text in stated:
        found = address(context, path, text)
        if found is not None and (found not in subnet or found in (subnet[0], subnet[-1])):
            context.wrong("value", path, f"{text} is no host of {subnet}", "use an address of the subnet")
        elif found in seen:
            context.wrong("value", path, f"{text} is given twice", "give each leaf and the gateway one of their own")
        seen |= {found} if found else set()
    fabric = context.site.fabrics.get(network.gateway or "")
    leaves = fabric.leaves.count if fabric else "auto"
    if network.leaf_addresses and isinstance(leaves, int) and len(network.leaf_addresses) != leaves:
        message = f"{len(network.leaf_addresses)} addresses are given for the {leaves} leaves of {network.gateway}"
        context.wrong("value", (*place, "leaf_addresses"), message, "give each leaf one, in order", at_key=True)


def _pools(context: Context) -> Iterator[_Space]:
    pools = context.site.pools
    for word, text in (("loopback", pools.loopback), ("vtep", pools.vtep)):
        found = words.pool(context, ("pools", word), text) if text is not None else ()
        yield from (_Space(("pools", word), part, "default", True) for part in found)
        if found:
            _switches_fit(context, word, sum(part.num_addresses for part in found), "addresses")
    for key, fabric in context.site.fabrics.items():
        for at, text in enumerate(fabric.leaves.loopbacks):
            address(context, ("fabrics", key, "leaves", "loopbacks", at), text)
    asns = asn_range(context, ("pools", "asn"), pools.asn)
    if asns:
        _switches_fit(context, "asn", asns, "ASNs")
    for key, fabric in context.site.fabrics.items():
        yield from _per_switch(context, key, fabric)


def _per_switch(context: Context, key: str, fabric: Fabric) -> Iterator[_Space]:
    """Yield each subnet of out-of-band switches once, however many of them share it."""
    subnets: set[IPv4Network] = set()
    own: dict[str, int] = {}
    for at, text in enumerate(fabric.per_switch):
        path: Path = ("fabrics", key, "per_switch", at)
        try:
            found = IPv4Interface(text)
        except ValueError:
            prefix(context, path, text)
            continue
        if "/" not in text:
            context.wrong("value", path, f"{text} has no length", "write it as 192.168.200.0/24")
            continue
        if found.ip != found.network[0] and own.setdefault(text, at) != at:
            context.wrong("value", path, f"{text} is given to two switches", "give each an address of its own")
        elif found.ip in (found.network[1], found.network[-1]):
            context.wrong("value", path, f"{text} is the gateway's or the broadcast address", "use another address")
        if found.network not in subnets:
            yield _Space(path, found.network, "", False)
        subnets.add(found.network)


def _switches_fit(context: Context, word: str, room: int, what: str) -> None:
    """Report a pool that is too small for the leaves that the site itself counts."""
    fabrics = {key: fabric for key, fabric in context.site.fabrics.items() if fabric.family != "oob"}
    counts = {
        key: _leaves(fabric) for key, fabric in fabrics.items() if word != "loopback" or not fabric.leaves.loopbacks
    }
    needed = sum(counts.values())
    if needed > room:
        message = f"the pool holds {room} {what}; the leaves of {', '.join(counts)} need {needed}"
        context.wrong("limit", ("pools", word), message, f"give it room for {needed} at least, and for spines")


def _leaves(fabric: Fabric) -> int:
    counted = [count for count in (fabric.leaves.count, fabric.leaves.max) if isinstance(count, int)]
    return max(counted, default=0) * fabric.planes


def _overlaps(context: Context, spaces: list[_Space]) -> None:
    """Report each prefix that overlaps one before it; in two VRFs that is only worth a warning."""
    ordered = sorted(spaces, key=lambda space: (space.prefix.network_address, space.prefix.prefixlen, space.path))
    widest: _Space | None = None
    for space in ordered:
        if widest is not None and space.prefix.overlaps(widest.prefix):
            apart = not (widest.pool or space.pool) and widest.vrf != space.vrf and widest.vrf != "" != space.vrf
            holder = ".".join(str(part) for part in widest.path)
            message = f"{space.prefix} overlaps {widest.prefix} of {holder}"
            remedy = "use another prefix" if not apart else "keep the two VRFs apart: no route may leak between them"
            context.wrong("value", space.path, message, remedy, severity="warning" if apart else "error")
        if widest is None or space.prefix.broadcast_address > widest.prefix.broadcast_address:
            widest = space


def _vrfs(context: Context) -> None:
    used = {network.vrf for network in context.site.networks.values() if network.vrf}
    known = sorted({*context.keys("vrfs"), *used})
    for name, vrf in context.site.vrfs.items():
        _vrf(context, name, vrf, [word for word in known if word != name])
    for key, fabric in context.site.fabrics.items():
        for at, external in enumerate(fabric.external):
            if external.vrf is not None and external.vrf != "default":
                context.known(("fabrics", key, "external", at, "vrf"), external.vrf, known, "VRF of this site")
            if external.advertise is not None:
                prefix(context, ("fabrics", key, "external", at, "advertise"), external.advertise)


def _vrf(context: Context, name: str, vrf: VrfIntent, others: Sequence[str]) -> None:
    place: Path = ("vrfs", name)
    _vrf_name(context, place, name, at_key=True)
    for at, other in enumerate(vrf.import_):
        context.known((*place, "import", at), other, others, "other VRF")
    if vrf.mark is not None:
        _mark(context, (*place, "mark"), vrf)
    for at, word in enumerate(vrf.relay):
        server(context, (*place, "relay", at), word, outside=False)
    for at, text in enumerate(vrf.loopbacks):
        if not is_address(text.partition("/")[0]) or text.partition("/")[2] not in ("", "32"):
            address(context, (*place, "loopbacks", at), text)


def _mark(context: Context, path: Path, vrf: VrfIntent) -> None:
    """Report a community that BGP does not know, and one that is set on nothing."""
    halves = (vrf.mark or "").split(":")
    if len(halves) != 2 or not all(half.isascii() and half.isdigit() and int(half) < 65536 for half in halves):
        context.wrong("value", path, f"{vrf.mark!r} is no community", 'write two numbers up to 65535, e.g. "65000:1"')
    elif not vrf.import_:
        message = "the mark is set on what this VRF imports, and it imports nothing"
        context.wrong("value", path, message, "add import: [VRF, ...], or remove mark", at_key=True)


def _numbers(context: Context) -> None:
    """Report VLANs and VNIs that two networks or VRFs share."""
    style = context.catalog.conventions.get(context.site.site.conventions)
    offset = style.vni_offset if style else 0
    vlans: dict[int, Path] = {}
    vnis: dict[int, Path] = {}
    for key, network in context.site.networks.items():
        place: Path = ("networks", key)
        if network.vlan is not None:
            _once(context, (*place, "vlan"), "VLAN", network.vlan, vlans)
            if network.vni is None:
                vnis.setdefault(network.vlan + offset, place)
    for key, network in context.site.networks.items():
        if network.vni is not None:
            _once(context, ("networks", key, "vni"), "VNI", network.vni, vnis)
    for key, vrf in context.site.vrfs.items():
        if vrf.l3vlan is not None:
            _once(context, ("vrfs", key, "l3vlan"), "VLAN", vrf.l3vlan, vlans)
        if vrf.l3vni is not None:
            _once(context, ("vrfs", key, "l3vni"), "VNI", vrf.l3vni, vnis)


_OWNER: Final = {"networks": "network", "vrfs": "VRF"}


def _once(context: Context, path: Path, what: str, number: int, seen: dict[int, Path]) -> None:
    """Report a number that another network or VRF has; networks that no switch has both of may share one."""
    section, key = str(path[0]), str(path[1])
    kind, other = (str(part) for part in seen.setdefault(number, path)[:2])
    both = section == kind == "networks"
    if (kind, other) != (section, key) and not (both and context.site.apart(key, other)):
        message = f"{what} {number} is that of {_OWNER[kind]} {other} too"
        context.wrong("value", path, message, f"give {_OWNER[section]} {key} a {what} of its own")


def _room(context: Context) -> None:
    """Report subnets and rail pools that cannot hold the machines of the build-out target."""
    needs: dict[str, int] = {}
    for fabric in context.site.fabrics.values():
        for entry in fabric.attach:
            groups = [key for key in entry.every_group if key in context.site.groups]
            row = context.catalog.nics.get(entry.nic or "")
            for key in groups if row else []:
                each = len(entry.adapter_ports) or (row.ports if row else 0)
                ports = (len(entry.adapters) or context.adapters(key, entry.nic or "")) * each
                for name in filter(None, (entry.network, entry.native, *entry.tagged)):
                    held = (entry.bonds or 1) if entry.bond == "lacp" else ports
                    needs[name] = needs.get(name, 0) + context.site.groups[key].target * held
    for name, machines in needs.items():
        network = context.site.networks.get(name)
        if network is not None:
            _holds(context, name, network, machines)


def _holds(context: Context, name: str, network: Network, needed: int) -> None:
    word = "subnet" if network.style == "vlan" else "pool"
    text = network.subnet if network.style == "vlan" else network.pool
    try:
        found = IPv4Network(text or "")
    except ValueError:
        return  # told already, or no address is wanted
    pairs = network.style == "p2p-31"
    room = found.num_addresses // 2 if pairs else found.num_addresses - 3
    if needed > room:
        what = "/31 links" if pairs else "hosts beside its gateway"
        message = f"{found} holds {room} {what}; the machines up to max need {needed}"
        length = 32 - (needed * 2 - 1 if pairs else needed + 2).bit_length()
        context.wrong("limit", ("networks", name, word), message, f"use a /{length} or more")
