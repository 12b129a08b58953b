"""Wishes of a fabric that contradict each other or its hardware, told before anything is wired.

Without these the wiring would either break off or quietly serve another wish than the one that was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Network

from rackwright.catalog.models import Breakout, Catalog, SwitchModel
from rackwright.findings import Problem, problem
from rackwright.intent.models import Attach, Fabric, Site
from rackwright.intent.networks import RESERVED_VLANS
from rackwright.plan.cages import counted_port, parse_port, port_range, runs
from rackwright.plan.model import Device
from rackwright.plan.subnets import carried_networks, oob_network, oob_networks
from rackwright.plan.wiring import breakout, cage_count, gbps, host_ports

__all__ = ["contradictions", "name_clashes"]

_LONGEST_NAME = 63
"""Characters of a host name's label (RFC 1035)."""

_INTERFACE = re.compile(r"(eth|swp|vlan|bond|vxlan)[0-9].*|lo|br_.*")
"""Names of interfaces, which a VRF must not have (nvue.md 8, item 6)."""

_SYSTEM_VRFS = ("default", "mgmt")
"""VRFs that every switch has: the underlay and eth0 lie in them, no tenant may (nvue.md 3.1, 3.4)."""


def contradictions(site: Site, catalog: Catalog) -> Iterator[Problem]:
    """Return what no wiring can serve, with the place in the site file."""
    yield from _vrfs(site, catalog)
    yield from _relays(site)
    yield from _reach(site)
    yield from _idle(site)
    for key, fabric in site.fabrics.items():
        model = catalog.switches[fabric.leaves.model]
        yield from _above(key, fabric, model, catalog)
        yield from _bgp(key, fabric)
        if fabric.family == "rails":
            yield from _rails(key, fabric, site, model, catalog)
        elif fabric.family == "pair":
            yield from _pair(key, fabric, model)
            yield from _external(key, fabric, site)
        else:
            yield from _oob(key, fabric, site, model)


def _vrfs(site: Site, catalog: Catalog) -> Iterator[Problem]:
    """Judge the names of VRFs and the VLANs of their L3VNIs, those by rule among them."""
    for name, network in site.networks.items():
        path = ("networks", name, "vrf")
        if network.vrf in _SYSTEM_VRFS:
            yield _wrong(
                path, f"VRF {network.vrf} is the switch's own: a gateway there takes the underlay's BGP with it",
                "give the network a VRF of its own, e.g. INBAND",
            )  # fmt: skip
        elif network.vrf and _INTERFACE.fullmatch(network.vrf):
            yield _wrong(path, f"VRF {network.vrf} has the name of an interface", "rename it, e.g. INBAND")
    for name, vrf in site.vrfs.items():
        if vrf.l3vlan in RESERVED_VLANS:
            yield _wrong(
                ("vrfs", name, "l3vlan"), f"VLAN {vrf.l3vlan} is reserved by Cumulus Linux",
                f"use a VLAN below {RESERVED_VLANS[0]} or above {RESERVED_VLANS[-1]}",
            )  # fmt: skip
    # The numbers by rule run on from the first; each VRF that has none of its own may take any of them.
    named = {network.vrf for network in site.networks.values() if network.vrf} | set(site.vrfs)
    house = catalog.conventions[site.site.conventions]
    vlans = range(house.l3vlan_first, house.l3vlan_first + len(named))
    by_rule = [name for name in sorted(named) if name not in site.vrfs or not site.vrfs[name].l3vlan]
    for name, network in site.networks.items():
        if by_rule and network.vlan in vlans:
            yield _wrong(
                ("networks", name, "vlan"),
                f"VLAN {network.vlan} is one of {vlans[0]}-{vlans[-1]}, where the L3VNIs of {len(named)} VRFs lie",
                f"use another VLAN, or state vrfs.{by_rule[0]}.l3vlan and those of the other VRFs",
            )


def _relays(site: Site) -> Iterator[Problem]:
    """Judge networks that relay DHCP: only a switch with an address in the network can."""
    for name, network in site.networks.items():
        bare = network.style == "vlan" and not network.subnet
        if network.relay and (bare or (network.gateway and network.gateway not in site.fabrics)):
            why = "it has no subnet" if bare else f"gateway: {network.gateway}"
            yield _wrong(
                ("networks", name, "relay"),
                f"no switch of this site has an address in {name} to relay from ({why})",
                "give it a subnet, or remove relay" if bare else "let the gateway relay, or name a fabric as gateway",
            )


def _reach(site: Site) -> Iterator[Problem]:
    """Judge gateways, networks and imports that would have to reach from one fabric into another."""
    pairs = {key: carried_networks(site, key) for key, fabric in site.fabrics.items() if fabric.family == "pair"}
    for name, network in site.networks.items():
        at = site.fabrics.get(network.gateway or "")
        if network.style == "vlan" and at is not None and at.family != "pair":
            yield _wrong(
                ("networks", name, "gateway"),
                f"{network.gateway} is a {at.topology} fabric: none of its switches is the gateway of a VLAN",
                f"name {' or '.join(pairs)}" if pairs else "write the address of the gateway, or none",
            )
        holders = [key for key, carried in pairs.items() if name in carried]
        if len(holders) > 1:
            yield problem(
                "plan",
                f"{name} is on {' and '.join(holders)}, which nothing joins: machines on one do not reach those on the other",
                path=("networks", name),
                remedy="give each fabric a network of its own, or join them outside of this site",
                severity="warning",
            )
    vrfs = {key: {network.vrf for network in carried.values()} for key, carried in pairs.items()}
    for key in pairs:
        vrfs[key] |= {external.vrf for external in site.fabrics[key].external}
    for name, vrf in site.vrfs.items():
        for number, other in enumerate(vrf.import_):
            if any(name in held for held in vrfs.values()) and not any({name, other} <= held for held in vrfs.values()):
                yield _wrong(
                    ("vrfs", name, "import", str(number)), f"no leaf has both {name} and {other}: nothing can leak",
                    f"attach a network of {other} where {name} is, or remove it",
                )  # fmt: skip


def _idle(site: Site) -> Iterator[Problem]:
    """Tell of networks that nothing is in: no port, no gateway on a leaf, no boot service, no address that the site names."""
    below = [key for key, fabric in site.fabrics.items() if fabric.family == "oob"]
    used = {name for key in below for name in oob_networks(site, key)} or {oob_network(site, "")}
    for fabric in site.fabrics.values():
        for entry in fabric.attach:
            used |= {name for name in (entry.network, entry.native, *entry.tagged) if name}
    held = [found for text in _named(site) if (found := _prefix(text))]
    for name, network in site.networks.items():
        subnet = _prefix(network.subnet)
        serves = network.gateway in site.fabrics or network.pxe
        if name not in used and not serves and not (subnet and any(subnet.overlaps(part) for part in held)):
            yield problem(
                "plan.networks",
                f"nothing is in network {name}: no attach entry names it, and no fabric is its gateway",
                path=("networks", name),
                remedy="name it in an attach entry (network, native or tagged), or remove it",
                severity="warning",
            )


def _named(site: Site) -> Iterator[str]:
    """Return the words of services, relays and peers, which may be addresses in a network."""
    services = site.services
    relays = [network.relay for network in site.networks.values()]
    words = [services.bootstrap, services.then, *services.ntp, *services.dns, *services.syslog]
    words += [word for relay in relays for word in ((relay,) if isinstance(relay, str) else relay or ())]
    words += [word for vrf in site.vrfs.values() for word in vrf.relay]
    words += [external.advertise for fabric in site.fabrics.values() for external in fabric.external]
    yield from (word for word in words if word)


def _prefix(word: str | None) -> IPv4Network | None:
    """Return a prefix or a single address; None for any other word, which is told where it stands."""
    try:
        return IPv4Network(word, strict=False) if word else None
    except ValueError:
        return None


def _bgp(key: str, fabric: Fabric) -> Iterator[Problem]:
    """Judge BGP wishes that let no session come up."""
    wish, path = fabric.bgp, ("fabrics", key, "bgp")
    if wish is None:
        return
    if fabric.family == "rails":
        if wish.asn:
            yield _wrong(
                (*path, "asn"), f"{key} speaks eBGP: leaves of one ASN refuse each other's routes", "remove it"
            )
        if wish.isl != "ebgp-unnumbered":
            yield _wrong(
                (*path, "isl"), f"{key} has no links between leaves, and speaks eBGP to its spines", "remove it"
            )
    elif wish.asn and wish.isl == "ebgp-unnumbered":
        yield _wrong(
            (*path, "asn"), f"both leaves of {key} have ASN {wish.asn} and would speak eBGP: no session comes up",
            "add `isl: ibgp-unnumbered`, or remove asn",
        )  # fmt: skip
    elif wish.isl == "ibgp-unnumbered" and not wish.asn:
        yield _wrong((*path, "isl"), f"iBGP needs one ASN for the leaves of {key}", "add `asn`, e.g. 4200000100")
    elif wish.isl == "ibgp-unnumbered" and isinstance(fabric.leaves.count, int) and fabric.leaves.count > 2:
        yield _wrong(
            (*path, "isl"), f"{fabric.leaves.count} leaves reach each other over spines, which speak eBGP",
            "use it with one pair, or remove bgp.asn and bgp.isl",
        )  # fmt: skip


def name_clashes(devices: list[Device]) -> Iterator[Problem]:
    """Return names that are too long or that two devices share; DNS does not tell capitals apart."""
    held: dict[str, Device] = {}
    told: set[tuple[tuple[str, ...], tuple[str, ...]]] = set()
    for device in devices:
        other = held.setdefault(device.name.lower(), device)
        pair = (_named_at(device), _named_at(other))
        if other is not device and other.role != "external" and pair not in told:
            told.add(pair)
            yield _wrong(
                _named_at(device),
                f"{device.name} ({device.role}) and {other.name} ({other.role}) would have one name",
                "rename one of them: leaves.name, spines.name, the group, its names, or the external peer",
            )
        elif len(device.name) > _LONGEST_NAME and pair not in told:
            told.add(pair)
            yield _wrong(
                _named_at(device),
                f"{device.name} has {len(device.name)} characters; a host name takes {_LONGEST_NAME}",
                "shorten the name it is made from",
            )


def _named_at(device: Device) -> tuple[str, ...]:
    """Return the key of the site file that a device has its name from."""
    if device.role in ("leaf", "oob"):
        return ("fabrics", device.fabric, "leaves", "name")
    if device.role in ("spine", "superspine"):
        return ("fabrics", device.fabric, f"{device.role}s")
    if device.role == "external":
        return ("fabrics",)
    return ("racks", device.group) if device.role == "pdu" else ("groups", device.group)


def _above(key: str, fabric: Fabric, model: SwitchModel, catalog: Catalog) -> Iterator[Problem]:
    """Judge the switches above the leaves: the formulas count with cages like the leaves' own."""
    for tier, stated in (("spines", fabric.spines.model), ("superspines", fabric.superspines.model)):
        other = catalog.switches[stated] if stated else model
        if other.port_groups[0] != model.port_groups[0]:
            yield _wrong(
                ("fabrics", key, tier, "model"),
                f"{other.name} has {cage_count(other)} ports of {other.port_groups[0].connector}, the leaves"
                f" ({model.name}) have {cage_count(model)} of {model.port_groups[0].connector}",
                f"take {tier} with the cages of the leaves",
            )


def _rails(key: str, fabric: Fabric, site: Site, model: SwitchModel, catalog: Catalog) -> Iterator[Problem]:
    """Judge the machines of a rail fabric: it has one formula, so all of them are wired alike."""
    seen: set[str] = set()
    first: tuple[object, ...] | None = None
    for at, attach in enumerate(fabric.attach):
        path = ("fabrics", key, "attach", str(at))
        alike = (attach.nic, attach.adapters, attach.adapter_ports, attach.network, attach.media, attach.split)
        if first is not None and alike != first:
            yield _wrong(
                path, f"attach {at + 1} differs from attach 1 in nic, adapters, their ports, network, media or split",
                f"attach the groups to {key} alike, or give these a rail fabric of their own",
            )  # fmt: skip
        first = first or alike
        for group in attach.every_group:
            if group in seen:
                yield _wrong(path, f"group {group} is attached to {key} twice", "name it once")
            seen.add(group)
        yield from _rail_ports(path, fabric, attach, site, model, catalog)
        vrf = site.networks[attach.network].vrf if attach.network else None
        if vrf and at == 0:
            yield _wrong(
                ("networks", attach.network or "", "vrf"),
                f"the rails of {key} are routed in the default VRF (adaptive routing works nowhere else), not in {vrf}",
                "leave vrf out",
            )


def _rail_ports(
    path: tuple[str, ...], fabric: Fabric, attach: Attach, site: Site, model: SwitchModel, catalog: Catalog
) -> Iterator[Problem]:
    """Judge the ports of one attach entry against those of the first group of the fabric."""
    lead = fabric.attach[0].every_group[0]
    row = site.groups[lead]
    own = host_ports(row, catalog.servers[row.model], attach.nic or "", catalog, attach.adapters, attach.adapter_ports)
    for group in attach.every_group:
        row = site.groups[group]
        ports = host_ports(
            row, catalog.servers[row.model], attach.nic or "", catalog, attach.adapters, attach.adapter_ports
        )
        if len(ports) != len(own):
            yield _wrong(
                path, f"a machine of {group} has {len(ports)} ports of {attach.nic}, one of {lead} has {len(own)}:"
                " they make different rails", "give each kind of machine a rail fabric of its own",
            )  # fmt: skip
    if not own:
        return
    speed, lanes = own[0].gbps, own[0].lanes
    if attach.speed and gbps(attach.speed) != speed:
        yield _wrong(
            (*path, "speed"), f"a rail runs at the NIC's {speed}G, not at {attach.speed}",
            "leave speed out, or name a NIC of that speed",
        )  # fmt: skip
    split = breakout(model, speed, lanes, attach.split) if attach.split else None
    if split is not None and (split.lanes_per_port != lanes or split.port_gbps < speed):
        yield _wrong(
            (*path, "split"),
            f"{split.mode} gives ports of {split.port_gbps}G on {split.lanes_per_port} lane(s);"
            f" {attach.nic} wants {speed}G on {lanes}",
            "leave split out",
        )


def _pair(key: str, fabric: Fabric, model: SwitchModel) -> Iterator[Problem]:
    """Judge the counts, the spread and the pinned cages of leaf pairs."""
    count = fabric.leaves.count
    if isinstance(count, int) and (count < 2 or count % 2):
        yield _wrong(
            ("fabrics", key, "leaves", "count"), f"{count} leaves are no pairs",
            f"state {count + count % 2 if count > 1 else 2}, or `count: auto`",
        )  # fmt: skip
    if count == 2 and isinstance(fabric.spines.count, int) and fabric.spines.count > 0:
        yield _wrong(
            ("fabrics", key, "spines", "count"),
            f"{fabric.spines.count} spines are stated over 2 leaves, which are linked to each other",
            "leave spines out, or state 4 leaves or more",
        )
    if fabric.isl is not None and fabric.isl.links != "auto" and fabric.isl.links < 1:
        yield _wrong(
            ("fabrics", key, "isl", "links"), f"{fabric.isl.links} links between the leaves: the pair would be cut",
            "state 1 or more, or `auto`",
        )  # fmt: skip
    for at, attach in enumerate(fabric.attach):
        path = ("fabrics", key, "attach", str(at))
        yield from _spread((*path, "spread"), attach, 2)
        yield from _pinned((*path, "at"), attach.at, attach.split, model)
        if isinstance(attach.spread, tuple) and attach.bond == "lacp" and len(set(attach.spread)) == 1:
            yield _wrong(
                (*path, "spread"), f"the bond lies on leaf {attach.spread[0]} alone: its segment has one member",
                "spread it over [1, 2], or use no bond",
            )  # fmt: skip
    for ports, mode in fabric.spare.items():
        for cage in port_range(ports):
            yield from _pinned(("fabrics", key, "spare", ports), f"swp{cage}", mode, model)


def _spread(path: tuple[str, ...], attach: Attach, switches: int) -> Iterator[Problem]:
    """Judge a listed spread: it names switches of the group that a machine lies on."""
    if not isinstance(attach.spread, tuple):
        return
    wrong = [number for number in attach.spread if not 1 <= number <= switches]
    if wrong or not attach.spread:
        yield _wrong(
            path, f"spread names switch {wrong[0]} of {switches}" if wrong else "spread is an empty list",
            f"use numbers from 1 to {switches}, e.g. [{', '.join(str(n + 1) for n in range(min(switches, 2)))}]",
        )  # fmt: skip


def _pinned(path: tuple[str, ...], at: str | None, mode: str | None, model: SwitchModel) -> Iterator[Problem]:
    """Judge a pinned port against the split that is stated for it."""
    split = next((choice for choice in model.port_groups[0].breakouts if choice.mode == mode), None)
    if at is None or split is None:
        return
    for _, cage, sub, _ in runs(at):
        if not _splits(split, cage):
            yield _wrong(
                path, f"swp{cage} of {model.name} takes no {split.mode}: only {split.cages} cages do",
                f"pin swp{max(cage - 1, 1)}",
            )  # fmt: skip
        elif sub >= split.ways:
            yield _wrong(
                path, f"a {split.mode} split of swp{cage} has no sub-port {sub}",
                f"end at swp{cage}s{split.ways - 1}",
            )  # fmt: skip


def _splits(split: Breakout, cage: int) -> bool:
    return split.cages == "all" or (cage % 2 == 1) == (split.cages == "odd")


def _external(key: str, fabric: Fabric, site: Site) -> Iterator[Problem]:
    """Judge external links: their VRF, their names, their cages."""
    names: set[str] = set()
    for at, external in enumerate(fabric.external):
        path = ("fabrics", key, "external", str(at))
        if external.vrf in _SYSTEM_VRFS:
            yield _wrong(
                (*path, "vrf"), f"VRF {external.vrf} is the switch's own; a peer of others there joins the underlay",
                "name the VRF that is to be reached, e.g. INBAND",
            )  # fmt: skip
        if external.peer_ports and not counted_port(external.peer_ports)[1]:
            yield _wrong(
                (*path, "peer_ports"), f"{external.peer_ports} ends in no number that could be counted on",
                "name the first port as the peer does, e.g. swp29 or Ethernet1/29",
            )  # fmt: skip
        if external.name in names:
            yield _wrong(
                (*path, "name"), f"external {external.name} is there twice: their ports would be the same",
                "give each its own name; peers may be called alike",
            )  # fmt: skip
        names.add(external.name)
        own = {*site.groups, *(other.leaves.name for other in site.fabrics.values())}
        for peer in external.peers or (external.name,):
            if peer.rstrip("0123456789") in own and peer[-1:].isdigit():
                yield _wrong(
                    (*path, "peers" if external.peers else "name"), f"{peer} is named like a device of this site",
                    "name the switch of the others; links between our own devices are `isl` or `links`",
                )  # fmt: skip


def _oob(key: str, fabric: Fabric, site: Site, model: SwitchModel) -> Iterator[Problem]:
    """Judge the out-of-band fabric: where its uplinks go, and its pinned access ports."""
    for at, attach in enumerate(fabric.attach):
        path = ("fabrics", key, "attach", str(at), "at")
        if attach.at and parse_port(attach.at)[0] > cage_count(model):
            yield _wrong(
                path, f"{attach.at} is no access port of {model.name}: it has swp1 to swp{cage_count(model)}",
                "start lower",
            )  # fmt: skip
    if fabric.uplink is None or fabric.uplink.to not in site.fabrics:
        return
    upper = site.fabrics[fabric.uplink.to]
    if upper.family != "pair":
        yield _wrong(
            ("fabrics", key, "uplink", "to"),
            f"{fabric.uplink.to} is a {upper.topology} fabric: it carries no VLAN for out-of-band switches",
            "name a fabric of topology evpn-pair or converged-pair",
        )
    faster = model.port_groups[1:]
    reach = max((speed for group in faster for speed in group.speeds_gbps), default=0)
    last = max((port_range(group.ports)[-1] for group in model.port_groups), default=0)
    if fabric.uplink.ports and port_range(fabric.uplink.ports)[-1] > last:
        yield _wrong(
            ("fabrics", key, "uplink", "ports"), f"{fabric.uplink.ports} goes past swp{last} of {model.name}",
            f"end at swp{last}",
        )  # fmt: skip
    own = port_range(fabric.uplink.ports or model.port_groups[-1].ports)
    if 2 * fabric.uplink.links_per_pair > len(own):
        yield _wrong(
            ("fabrics", key, "uplink", "ports" if fabric.uplink.ports else "links_per_pair"),
            f"{fabric.uplink.links_per_pair} link(s) to each of two leaves take {2 * fabric.uplink.links_per_pair} ports"
            f" of {model.name}; {len(own)} are there (swp{own[0]} to swp{own[-1]})",
            "name more ports, or fewer links_per_pair" if fabric.uplink.ports else f"state {len(own) // 2} at most",
        )  # fmt: skip
    access = model.port_groups[0].ports
    if fabric.uplink.ports and faster and own[0] <= port_range(access)[-1]:
        yield _wrong(
            ("fabrics", key, "uplink", "ports"), f"{fabric.uplink.ports} are access ports of {model.name}",
            f"use ports of {faster[0].ports}",
        )  # fmt: skip
    if faster and gbps(fabric.uplink.speed) > reach:
        yield _wrong(
            ("fabrics", key, "uplink", "speed"),
            f"{fabric.uplink.speed} is more than an uplink of {model.name} runs ({reach}G)",
            f"use {reach}g",
        )


def _wrong(path: tuple[str, ...], message: str, remedy: str) -> Problem:
    return problem("plan", message, path=path, remedy=remedy)
