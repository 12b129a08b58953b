"""Cages, ports and bonds of a switch, from what its ports are laid out for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from rackwright.findings import Problem, problem
from rackwright.intent.models import Attach, Reserve
from rackwright.plan.cages import port_range
from rackwright.plan.model import Bond, Cage, Device, Link, Port
from rackwright.plan.switches.frame import Frame
from rackwright.plan.wiring import PortUse, cage_count, port_name

__all__ = ["Access", "bonds", "cages", "doubled_bonds", "membership", "ports", "vlan_of"]

_CONFIGURED = ("used", "unused-bond")


class Access(NamedTuple):
    """Which VLANs a port carries."""

    access: int = 0
    untagged: int = 0
    tagged: tuple[int, ...] = ()
    pxe: bool = False


_ALONE = Access()


def vlan_of(frame: Frame, network: str | None) -> int:
    """Return the VLAN of a network; 0 for none."""
    return (frame.site.networks[network].vlan or 0) if network else 0


def membership(frame: Frame, attach: Attach) -> Access:
    """Return the VLANs of an attach entry: no tagged network makes an access port."""
    native = vlan_of(frame, attach.native)
    pxe = attach.native is not None and frame.site.networks[attach.native].pxe
    if not attach.tagged:
        return Access(access=native, pxe=pxe)
    return Access(untagged=native, tagged=tuple(vlan_of(frame, name) for name in attach.tagged), pxe=pxe)


def cages(frame: Frame, device: Device) -> tuple[Cage, ...]:
    """Return every cage that gets a stanza, with its split and state."""
    uses: dict[int, list[PortUse]] = {}
    for use in frame.ports.get(device.name, ()):
        uses.setdefault(use.cage, []).append(use)
    stated = _stated(frame.fabric(device).reserve, device.name)
    model = frame.model(device)
    skip = {c + 1 for c, found in uses.items() for b in model.port_groups[0].breakouts
            if b.mode == found[0].mode and b.disables_next}  # fmt: skip
    made: list[Cage] = []
    for number in range(1, cage_count(model) + 1 if device.role != "oob" else _last(frame, device) + 1):
        cage = _cage(frame, number, uses.get(number, ()), number in skip, stated.get(number))
        if cage is not None:
            made.append(cage)
    return tuple(made)


def _last(frame: Frame, device: Device) -> int:
    groups = frame.model(device).port_groups
    return max(port_range(group.ports)[-1] for group in groups)


def _stated(reserve: Mapping[str, Reserve], switch: str) -> dict[int, Reserve]:
    found: dict[int, Reserve] = {}
    for word, wish in reserve.items():
        name, _, span = word.rpartition(":")
        if not name or name == switch:
            found |= dict.fromkeys(port_range(span), wish)
    return found


def _cage(frame: Frame, number: int, uses: Sequence[PortUse], disabled: bool, stated: Reserve | None) -> Cage | None:
    """Return one cage, or None where it gets no stanza of its own."""
    admin = _cage_admin(frame, uses)
    if stated is not None:
        admin = "" if stated.admin == "none" else stated.admin
    if disabled:
        return Cage(number, "disabled")
    split = next((use for use in uses if use.mode), None)
    if split is not None:
        return Cage(number, split.mode, split.lanes, admin)
    if uses:
        return None  # an unsplit cage in use is a port
    if stated is not None:
        return Cage(number, admin=admin) if stated.configure or stated.admin != "none" else None
    return Cage(number, admin="down") if frame.conventions.unused_cages == "down" else None


def _cage_admin(frame: Frame, uses: Sequence[PortUse]) -> Literal["up", "down", ""]:
    if frame.conventions.cage_admin == "none" or not uses:
        return ""
    return "up" if any(use.state != "reserved" for use in uses) else "down"


class _Face(NamedTuple):
    """What is equal for every port of one switch, so that it is asked once."""

    frame: Frame
    device: Device
    access: Mapping[int, Access]
    routed: bool
    all_configured: bool
    admin_up: bool
    uplinks: bool
    """Ports towards other switches carry the segments of multihoming."""
    watched: bool
    """PFC watchdog on every port."""
    watched_lone: bool
    """PFC watchdog where a machine sends straight into a port."""
    adaptive: bool
    describe: Mapping[str, str]
    histograms: bool
    aside: Mapping[int, Reserve]
    """What the site says of cages that nothing is cabled to."""


def ports(frame: Frame, device: Device, access: Mapping[int, Access], *, routed: bool = False) -> tuple[Port, ...]:
    """Return every logical port; ``access`` gives the VLANs by attach entry."""
    found = _by_port(frame.ports.get(device.name, ()))
    bonded, face = _bond_names(frame, found), _face(frame, device, access, routed)
    return tuple([_port(face, use, bonded.get(use.bond, "")) for use in found if use.kind != "spare"])


def _face(frame: Frame, device: Device, access: Mapping[int, Access], routed: bool) -> _Face:
    house = frame.conventions
    # PFC watchdog: where machines send lossless traffic straight into a port (nvue.md 3.5).
    watchdog = house.pfc_watchdog if "roce" in frame.model(device).features else ""
    return _Face(
        frame, device, access, routed, house.reserved_ports == "configured", house.subport_admin == "up",
        device.role == "leaf" and not routed, watchdog == "all", watchdog == "host",
        routed and _adaptive(frame, device), house.describe, house.histograms,
        _stated(frame.fabric(device).reserve, device.name),
    )  # fmt: skip


def _bond_names(frame: Frame, uses: Iterable[PortUse]) -> dict[str, str]:
    """Return the name of every bond by its key: made from its first member; ``uses`` run by port."""
    named: dict[str, str] = {}
    seen: Counter[str] = Counter()
    for use in uses:
        if use.bond and use.bond not in named:
            seen[use.node] += 1
            named[use.bond] = frame.conventions.bond_name.format(
                cage=use.cage, sub=max(use.sub, 0), peer=use.node, number=seen[use.node]
            )
    return named


def doubled_bonds(frame: Frame) -> Iterator[Problem]:
    """Yield a problem where the house style gives two bonds of a switch one name: they would be one bond."""
    for switch, uses in frame.ports.items():
        bonded = _by_port(use for use in uses if use.bond)
        twice = [name for name, bonds in Counter(_bond_names(frame, bonded).values()).items() if bonds > 1]
        if twice:
            yield problem(
                "plan.bonds",
                f"bond_name {frame.conventions.bond_name!r} gives several bonds of {switch} the name {twice[0]!r}",
                path=("site", "conventions"),
                remedy="name bonds by {cage} and {sub}, or by {peer} and {number}",
            )
            return


def _by_port(uses: Iterable[PortUse]) -> list[PortUse]:
    return sorted(uses, key=lambda use: (use.cage, use.sub))


def _port(face: _Face, use: PortUse, bond: str) -> Port:
    name, kind = port_name(use.cage, use.sub), use.kind
    if use.state == "reserved" and use.attach < 0 and use.cage in face.aside and kind == "reserved":
        return _set_aside(face, use, face.aside[use.cage])
    if not face.all_configured and use.state not in _CONFIGURED:
        return Port(name, use.cage, use.sub, "reserved", use.gbps, admin="down")
    link = face.frame.links[use.link] if use.link >= 0 else None
    peer, peer_port = _peer(link, face.device.name)
    between = kind in ("isl", "fabric")
    member = _ALONE if use.bond or between or kind == "external" else face.access.get(use.attach, _ALONE)
    if use.rail and _vlan_a_rail(face.frame, face.device, use):
        member = member._replace(access=member.access + use.rail - 1)
    text = face.describe.get(_word(use, link), "")
    # By place and not by name: this is called once a port, and keywords would cost a third more.
    return Port(
        name, use.cage, use.sub, "host" if kind == "reserved" and face.device.role != "oob" else kind, use.gbps,
        "up" if face.admin_up or use.sub < 0 else "",
        text.format(peer=peer, peer_port=peer_port, rail=link.rail).strip() if text and link else "",
        0, _rail_address(face.frame, link) if face.routed and link else "", "", bond,
        member.access, member.untagged, member.tagged,
        between and face.uplinks,
        face.watched or (face.watched_lone and kind in ("host", "reserved") and not use.bond),
        face.adaptive and kind == "fabric" and use.gbps <= 400,
        face.histograms and use.sub >= 0, peer, peer_port, link.rail if link else 0, use.link,
    )  # fmt: skip


def _set_aside(face: _Face, use: PortUse, wish: Reserve) -> Port:
    """Return a port that is configured as if it were in use, in the state that the site gives it."""
    member = face.access.get(use.attach, _ALONE)
    return Port(
        port_name(use.cage, use.sub), use.cage, use.sub, "reserved", use.gbps,
        "" if wish.admin == "none" else wish.admin, access=member.access,
    )  # fmt: skip


def _vlan_a_rail(frame: Frame, device: Device, use: PortUse) -> bool:
    """Say whether each rail of an attach entry has a VLAN of its own, counted on from the network's."""
    native = frame.fabric(device).attach[use.attach].native
    return native is not None and frame.site.networks[native].style == "vlan-per-rail"


def _word(use: PortUse, link: Link | None) -> str:
    return "rail" if use.kind == "host" and link is not None and link.rail else use.kind


def _peer(link: Link | None, own: str) -> tuple[str, str]:
    if link is None:
        return "", ""
    other = link.b if link.a.device == own else link.a
    return other.device, other.interface or other.port


def _rail_address(frame: Frame, link: Link) -> str:
    pair = frame.addresses.rails.get((link.b.device, link.b.port))
    return pair.switch if pair else ""


def _adaptive(frame: Frame, device: Device) -> bool:
    """Adaptive routing: 200G and 400G links between switches only (nvue.md 3.6)."""
    wish = frame.fabric(device).adaptive_routing
    wanted = frame.conventions.adaptive_routing if wish is None else wish
    return wanted and frame.fabric(device).family == "rails" and "adaptive-routing" in frame.model(device).features


def bonds(
    frame: Frame, device: Device, access: Mapping[int, Access], uplinks: Mapping[str, Access], *, multihomed: bool
) -> tuple[Bond, ...]:
    """Return the bonds of a switch; ``uplinks`` is what bonds to the switches of each out-of-band fabric carry."""
    members: dict[str, list[PortUse]] = {}
    found = _by_port(frame.ports.get(device.name, ()))
    names = _bond_names(frame, found)
    ids = _segment_ids(frame, device, found) if multihomed else {}
    for use in found:
        if use.bond and (use.state in _CONFIGURED or frame.conventions.reserved_ports == "configured"):
            members.setdefault(use.bond, []).append(use)
    return tuple(
        _bond(frame, device, names[key], ids.get(key, 0), uses, access, uplinks) for key, uses in members.items()
    )


def _segment_ids(frame: Frame, device: Device, uses: Iterable[PortUse]) -> dict[str, int]:
    """Return the segment id of every bond: cage x 10 + sub-port, or counted on from what its entry says."""
    found: dict[str, int] = {}
    passed: Counter[str] = Counter()
    for use in uses:
        if not use.bond:
            continue
        block = use.bond.partition(":")[0] if use.kind == "uplink" else str(use.attach)
        uplink = frame.site.fabrics[block].uplink if use.kind == "uplink" else None
        wish = uplink or (frame.fabric(device).attach[use.attach] if use.attach >= 0 else None)
        own = use.cage * 10 + max(use.sub, 0)
        found.setdefault(use.bond, wish.segment + passed[block] if wish and wish.segment else own)
        passed[block] += 1
    return found


def _bond(
    frame: Frame, device: Device, name: str, segment: int, uses: Sequence[PortUse], access: Mapping[int, Access],
    uplinks: Mapping[str, Access],
) -> Bond:  # fmt: skip
    house, first = frame.conventions, uses[0]
    below = uplinks.get(first.bond.partition(":")[0], Access()) if first.kind == "uplink" else None
    carried = below or access.get(first.attach, Access())
    attach = frame.fabric(device).attach[first.attach] if first.attach >= 0 else None
    idle = first.state == "unused-bond"
    bypass = carried.pxe if attach is None or attach.lacp_bypass is None else attach.lacp_bypass
    side = _side(frame, device)
    return Bond(
        name,
        tuple(port_name(use.cage, use.sub) for use in uses),
        description=house.describe.get("bond", "").format(peer=first.node, peer_port="", rail=0),
        mode=house.bond_mode, lacp_rate=house.lacp_rate or "",
        lacp_bypass=bypass and not idle and first.kind != "uplink",
        mtu_bytes=9216 if house.bond_mtu else 0,
        access=0 if idle else carried.access, untagged=0 if idle else carried.untagged,
        tagged=() if idle else carried.tagged,
        es_id=segment,
        es_mac=frame.segment_macs[device.name] if segment else "",
        df_preference=(50000 if side == 0 else 40000) if segment and house.df_preference else 0,
        stp_edge=house.bond_stp_edge and first.kind != "uplink",
        admin="up" if house.subport_admin == "up" else "", peer=first.node,
    )  # fmt: skip


def _side(frame: Frame, device: Device) -> int:
    """Return which leaf of its pair a switch is, from 0."""
    pair: Iterable[str] = next((p for p in frame.leaves.get(device.fabric, ()) if device.name in p), ())
    return list(pair).index(device.name) if device.name in pair else 0
