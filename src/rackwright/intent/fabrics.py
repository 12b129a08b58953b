"""Rules over fabrics: switches, what attaches to them, and the links that leave them."""

from __future__ import annotations

import re
from typing import Final

from rackwright.catalog import cables_for
from rackwright.catalog.faults import nearest
from rackwright.documents import Path
from rackwright.intent import words
from rackwright.intent.context import Context
from rackwright.intent.models import PAIR_TOPOLOGIES, RAIL_TOPOLOGIES, Attach, External, Fabric
from rackwright.intent.ranges import expand

__all__ = ["check"]

_TIERED: Final = ("tor-clos", "rail-optimized")
_BY_RAIL: Final = ("pure-rail", "rail-optimized")
_LOM = re.compile(r"lom(?P<number>[1-9])")
_HOST_NAME = re.compile(r"(?:eth|en[opsx]|em|ib)[A-Za-z0-9]+")
_DEVICE_PORT = re.compile(r"[^:\s]+:[^:\s]+")


def check(context: Context) -> None:
    """Report what is wrong with the fabrics."""
    stems: dict[str, str] = {}
    for key, fabric in context.site.fabrics.items():
        place: Path = ("fabrics", key)
        context.label(place, key)
        context.label((*place, "leaves", "name"), fabric.leaves.name, at_key=False, stem=True)
        other = stems.setdefault(fabric.leaves.name, key)
        if other != key:
            message = f"the switches of fabric {other} are called {fabric.leaves.name!r} too"
            context.wrong("name", (*place, "leaves", "name"), message, "give them another name")
        _switches(context, place, fabric)
        _topology(context, place, fabric)
        _ports(context, place, fabric)
        for at, entry in enumerate(fabric.attach):
            _attach(context, (*place, "attach", at), fabric, entry)
        for at, external in enumerate(fabric.external):
            _external(context, (*place, "external", at), external)
        _upwards(context, key, fabric)


def _switches(context: Context, place: Path, fabric: Fabric) -> None:
    layers = (
        ("leaves", fabric.leaves.model),
        ("spines", fabric.spines.model),
        ("superspines", fabric.superspines.model),
    )
    for layer, model in layers:
        if model is not None:
            context.known((*place, layer, "model"), model, context.catalog.switches, "switch of the catalog")
    for layer, media in (("spines", fabric.spines.media), ("superspines", fabric.superspines.media)):
        if media is not None:
            _medium(context, (*place, layer, "media"), media)
    count, most = fabric.leaves.count, fabric.leaves.max
    if isinstance(count, int) and isinstance(most, int) and most < count:
        message = f"max is {most}, and there are {count} leaves"
        context.wrong("limit", (*place, "leaves", "max"), message, f"raise max to {count} at least, or remove it")


def _topology(context: Context, place: Path, fabric: Fabric) -> None:
    """Report keys that say nothing in this topology: the operator meant something by them."""
    words.ratio(context, (*place, "oversubscription"), fabric.oversubscription)
    topology = fabric.topology
    misplaced = (
        ("isl", fabric.isl is not None, PAIR_TOPOLOGIES),
        ("external", bool(fabric.external), PAIR_TOPOLOGIES),
        ("spare", bool(fabric.spare), PAIR_TOPOLOGIES),
        ("uplink", fabric.uplink is not None, ("l2",)),
        ("per_switch", bool(fabric.per_switch), ("l2",)),
        ("rails_per_leaf", fabric.rails_per_leaf is not None, _BY_RAIL),
        ("rail_order", bool(fabric.rail_order), _BY_RAIL),
        ("planes", fabric.planes > 1, RAIL_TOPOLOGIES),
        ("adaptive_routing", fabric.adaptive_routing is not None, RAIL_TOPOLOGIES),
        ("tiers", (fabric.tiers or 1) > 1, _TIERED),
        ("superspines", "superspines" in fabric.model_fields_set, _TIERED),
        ("spines", "spines" in fabric.model_fields_set, _TIERED + PAIR_TOPOLOGIES),
        ("oversubscription", fabric.oversubscription != "1:1", _TIERED + PAIR_TOPOLOGIES),
        ("bgp", fabric.bgp is not None, RAIL_TOPOLOGIES + PAIR_TOPOLOGIES),
    )
    for word, given, topologies in misplaced:
        if given and topology not in topologies:
            remedy = f"remove it; it belongs to {', '.join(topologies)}"
            context.wrong(
                "value", (*place, word), f"{word} means nothing in a fabric of topology {topology}", remedy, at_key=True
            )
    if fabric.leaves.max is not None and topology != "l2":
        message = f"leaves.max means nothing in a fabric of topology {topology}"
        remedy = "remove it; the leaves are laid out for the max of the groups"
        context.wrong("value", (*place, "leaves", "max"), message, remedy, at_key=True)
    if fabric.isl is not None:
        for word in ("ratio", "for_") if isinstance(fabric.isl.links, int) else ():
            if word in fabric.isl.model_fields_set:
                key = word.rstrip("_")
                message = f"{key} means nothing beside a number of links"
                context.wrong("value", (*place, "isl", key), message, "remove it, or write links: auto", at_key=True)
        words.ratio(context, (*place, "isl", "ratio"), fabric.isl.ratio)
        words.speed(context, (*place, "isl", "speed"), fabric.isl.speed)
        _medium(context, (*place, "isl", "media"), fabric.isl.media)
        if fabric.isl.at is not None:
            words.pin(context, (*place, "isl", "at"), fabric.isl.at)


def _silent(context: Context, place: Path, fabric: Fabric, entry: Attach) -> None:
    """Report keys of an attach entry that say nothing in its fabric."""
    rails, below = fabric.family == "rails", fabric.family == "oob"
    misplaced = (
        ("at", rails and entry.at is not None, "the ports of a rail fabric follow from rail and machine"),
        ("spread", rails and entry.spread != "both", "the leaf of a port follows from its rail"),
        ("bond", rails and entry.bond != "none", "a rail is one port"),
        ("native", rails and entry.native is not None, "name the network of the rails with network"),
        ("tagged", rails and bool(entry.tagged), "a rail carries one network"),
        ("network", not rails and entry.network is not None, "name the untagged network with native"),
        ("tagged", below and bool(entry.tagged), "an access port carries one network"),
        ("bond", below and entry.bond != "none", "an access port is one port"),
        ("speed", below and entry.speed is not None, "an access port has one speed"),
        ("split", below and entry.split is not None, "an access port has no split"),
        ("spread", below and entry.spread != "both" and entry.at is None, "or pin the first port too, e.g. at: swp1"),
        ("order", (rails or below) and entry.order is not None, "ports here follow from rail and machine"),
        ("bonds", entry.bond == "none" and entry.bonds is not None, "add bond: lacp"),
        ("segment", entry.bond == "none" and entry.segment is not None, "add bond: lacp"),
        ("unused_bonds", entry.bond == "none" and entry.unused_bonds > 0, "add bond: lacp"),
        ("lacp_bypass", entry.bond == "none" and entry.lacp_bypass is not None, "it is a setting of bonds"),
        ("ports", not below and bool(entry.ports), "name the adapters with nic"),
        ("nic", below and entry.nic is not None, "name the ports with ports"),
        ("adapters", below and bool(entry.adapters), "name the ports with ports"),
        ("adapter_ports", below and bool(entry.adapter_ports), "name the ports with ports"),
        ("media", below and "media" in entry.model_fields_set and entry.media != "cat6", "an access port takes cat6"),
        ("switches", not below and entry.switches is not None, "management ports attach to a fabric of topology l2"),
        ("pdus", not below and entry.pdus is not None, "management ports attach to a fabric of topology l2"),
    )
    for word, given, remedy in misplaced:
        if given:
            message = f"{word} means nothing here ({fabric.topology})"
            context.wrong("value", (*place, word), message, f"remove it; {remedy}", at_key=True)


def _medium(context: Context, path: Path, media: str) -> bool:
    return context.known(path, media, {row.media for row in context.catalog.cables.values()}, "medium of the catalog")


def _ports(context: Context, place: Path, fabric: Fabric) -> None:
    model = context.catalog.switches.get(fabric.leaves.model)
    last = max((int(group.ports.rpartition("-")[2].removeprefix("swp")) for group in model.port_groups), default=0) if (
        model
    ) else 0  # fmt: skip
    for text in fabric.reserve:
        # A range of every leaf, or of one device: oob01:swp42.
        words.ports(context, (*place, "reserve", text), text.rpartition(":")[2], last)
    for text, mode in fabric.spare.items():
        words.ports(context, (*place, "spare", text), text, last)
        words.split(context, (*place, "spare", text), mode)
    for at, link in enumerate(fabric.links):
        device = link.a.partition(":")[0]
        if device == link.b.partition(":")[0]:
            message = f"both ends of the link are on {device}: it would be a loop"
            context.wrong("value", (*place, "links", at, "b"), message, "name a port of another device")
        for end, text in (("a", link.a), ("b", link.b)):
            if not _DEVICE_PORT.fullmatch(text):
                remedy = "write it as device:port, e.g. be01:swp64s0"
                context.wrong("value", (*place, "links", at, end), f"{text!r} is no end of a link", remedy)
            elif group := context.machines.get(text.partition(":")[0], ""):
                _machine_port(context, (*place, "links", at, end), text.partition(":")[2], group)


def _attach(context: Context, place: Path, fabric: Fabric, entry: Attach) -> None:
    named = ("group", "groups", "switches", "pdus")
    if not any(getattr(entry, word) for word in named) and all(context.lacks(*place, word) for word in named):
        context.wrong("value", place, "nothing is attached", "give group, groups, switches or pdus")
    for word in ("network", "native"):
        name = getattr(entry, word)
        if name is not None:
            context.known((*place, word), name, context.keys("networks"), "network of this site")
    for at, name in enumerate(entry.tagged):
        context.known((*place, "tagged", at), name, context.keys("networks"), "network of this site")
        if name == entry.native:
            message = f"network {name} cannot be both untagged and tagged"
            context.wrong("value", (*place, "tagged", at), message, "name it once")
    medium = _medium(context, (*place, "media"), entry.media)
    _silent(context, place, fabric, entry)
    words.split(context, (*place, "split"), entry.split)
    if entry.at is not None:
        (words.switch_port if fabric.family == "oob" else words.pin)(context, (*place, "at"), entry.at)
    row = context.catalog.nics.get(entry.nic or "")
    for at, number in enumerate(entry.adapter_ports if row else ()):
        if row and number > row.ports:
            message = f"an adapter of {row.name} has {row.ports} port(s), no port {number}"
            context.wrong("reference", (*place, "adapter_ports", at), message, f"use 1 to {row.ports}")
    gbps = words.speed(context, (*place, "speed"), entry.speed) if entry.speed is not None else None
    _others(context, place, entry)
    _machines(context, place, entry)
    if medium and fabric.family != "oob":
        _joined(context, place, fabric, entry, gbps)


def _others(context: Context, place: Path, entry: Attach) -> None:
    """Check the switches and PDUs whose management ports attach."""
    for word, value, known, what in (
        ("switches", entry.switches, (*context.keys("fabrics"), *_peers(context)), "fabric or switch"),
        ("pdus", entry.pdus, (*context.keys("racks"), *context.rack_names), "rack"),
    ):
        names = [value] if isinstance(value, str) else value or ()
        for at, name in enumerate(names):
            path = (*place, word) if isinstance(value, str) else (*place, word, at)
            if name != "all" and name not in known and not (word == "switches" and context.is_switch(name)):
                context.wrong("reference", path, f"{name!r} is no {what} of this site", nearest(name, [*known, "all"]))


def _peers(context: Context) -> list[str]:
    """Return the names of others' switches, which may have a management port with us."""
    external = [entry for fabric in context.site.fabrics.values() for entry in fabric.external]
    return [name for entry in external for name in (entry.name, *entry.peers)]


def _machines(context: Context, place: Path, entry: Attach) -> None:
    groups = context.keys("groups")
    named = [(entry.group, (*place, "group"))] if entry.group else []
    named += [(name, (*place, "groups", at)) for at, name in enumerate(entry.groups)]
    for name, path in named:
        if context.known(path, name or "", groups, "group of this site") and name in context.site.groups:
            _group_ports(context, place, entry, name)
    silent = entry.nic is None and not entry.ports
    if named and silent and context.lacks(*place, "nic") and context.lacks(*place, "ports"):
        context.wrong("value", place, "no port of the machines is named", "add nic: KEY or ports: [bmc, lom1]")


def _group_ports(context: Context, place: Path, entry: Attach, group: str) -> None:
    if context.site.groups[group].model not in context.catalog.servers:
        return  # told where the model stands; what is in it cannot be known
    held = context.nics(group)
    if entry.nic is not None:
        known = context.known((*place, "nic"), entry.nic, held, f"NIC of group {group}")
        listed_names = context.site.groups[group].interfaces.get(entry.nic)
        if known and not listed_names and context.adapters(group, entry.nic) == 0:
            message = f"group {group} has no {entry.nic}"
            context.wrong("reference", (*place, "nic"), message, "raise its number in nics, or remove this entry")
        if known and not listed_names:
            _adapters(context, place, entry, group)
    listed = {name for names in context.site.groups[group].interfaces.values() for name in _listed(names)}
    for at, word in enumerate(entry.ports):
        path = (*place, "ports", at)
        if isinstance(word, str):
            _port(context, path, word, group, held, listed)
            continue
        for kind, nics in word.items():
            if kind != "dpu_bmc":
                context.wrong(
                    "value", (*path, kind), f"{kind!r} is no kind of port", "did you mean 'dpu_bmc'?", at_key=True
                )
            for number, nic in enumerate(nics if kind == "dpu_bmc" else ()):
                dpus = [key for key in held if key in context.catalog.nics and context.catalog.nics[key].has_dpu_bmc]
                context.known((*path, kind, number), nic, dpus, f"NIC with a BMC of its own in group {group}")


def _adapters(context: Context, place: Path, entry: Attach, group: str) -> None:
    held = context.adapters(group, entry.nic or "")
    for at, number in enumerate(entry.adapters):
        if number > held:
            message = f"group {group} has {held} {entry.nic}, no adapter {number}"
            context.wrong("reference", (*place, "adapters", at), message, f"use 1 to {held}")


def _listed(names: tuple[str, ...] | str) -> list[str]:
    found: list[str] = []
    for name in [names] if isinstance(names, str) else names:
        try:
            found += expand(name)
        except ValueError:
            continue  # told where the interfaces stand
    return found


def _machine_port(context: Context, path: Path, port: str, group: str) -> None:
    """Check the port of a machine in a link: as its group's entries call it, or an adapter's as the cabling does."""
    held = context.nics(group)
    if not any(port.startswith(f"{nic}-") for nic in held):
        names = context.site.groups[group].interfaces.values()
        _port(context, path, port, group, held, {name for listed in names for name in _listed(listed)})


def _port(context: Context, path: Path, word: str, group: str, held: tuple[str, ...], listed: set[str]) -> None:
    """Check a port word: ``bmc``, ``lom1``, or a name that the group's interfaces list."""
    if _HOST_NAME.fullmatch(word) or (context.expand(path, word) and "[" in word):
        return
    lom = _LOM.fullmatch(word)
    ports = context.catalog.nics["lom"].ports if "lom" in held and "lom" in context.catalog.nics else 0
    if word == "bmc" or word in listed or (lom and int(lom["number"]) <= ports):
        return
    choices = ["bmc", *(f"lom{number}" for number in range(1, ports + 1)), *sorted(listed)]
    context.wrong("reference", path, f"{word!r} is no port of group {group}", nearest(word, choices))


def _joined(context: Context, place: Path, fabric: Fabric, entry: Attach, gbps: int | None) -> None:
    """Report a medium in which no part joins the switch's cages and the NIC."""
    switch = context.catalog.switches.get(fabric.leaves.model)
    nic = context.catalog.nics.get(entry.nic or "")
    if switch is None or nic is None:
        return
    wanted = gbps or nic.speeds_gbps[0]
    if wanted not in nic.speeds_gbps:
        speeds = ", ".join(f"{speed}g" for speed in nic.speeds_gbps)
        context.wrong(
            "value", (*place, "speed"), f"a port of {nic.name} does not run at {wanted}g", f"use one of {speeds}"
        )
        return
    ends = (switch.port_groups[0].connector, nic.connector)
    media = sorted({row.media for row in context.catalog.cables.values()})
    fitting = [word for word in media if cables_for(context.catalog, word, ends, wanted)]
    if entry.media not in fitting:
        message = f"no {entry.media} part joins {ends[0]} of {switch.name} and {ends[1]} of {nic.name} at {wanted}g"
        remedy = f"use media {' or '.join(fitting)}" if fitting else "add a cable to the site's catalog"
        context.wrong("value", (*place, "media"), message, remedy)


def _external(context: Context, place: Path, external: External) -> None:
    for word, value in (("peer_asn", external.peer_asn), ("advertise", external.advertise)):
        if value is not None and external.peering == "none":
            message = f"{word} means nothing without a session"
            context.wrong("value", (*place, word), message, f"remove {word}, or the line peering: none", at_key=True)
    words.speed(context, (*place, "speed"), external.speed)
    _medium(context, (*place, "media"), external.media)
    words.split(context, (*place, "split"), external.split)
    for at, text in enumerate(external.at):
        words.switch_port(context, (*place, "at", at), text)
    if external.peer_asn is not None and not 1 <= external.peer_asn <= 4294967295:
        context.wrong("value", (*place, "peer_asn"), f"{external.peer_asn} is no ASN", "use 1 to 4294967295")


def _upwards(context: Context, key: str, fabric: Fabric) -> None:
    uplink = fabric.uplink
    if uplink is None:
        return
    place: Path = ("fabrics", key, "uplink")
    others = [name for name in context.keys("fabrics") if name != key]
    context.known((*place, "to"), uplink.to, others, "other fabric of this site")
    words.speed(context, (*place, "speed"), uplink.speed)
    words.split(context, (*place, "split"), uplink.split)
    _medium(context, (*place, "media"), uplink.media)
    if uplink.at is not None:
        words.switch_port(context, (*place, "at"), uplink.at)
    if uplink.ports is not None:
        words.ports(context, (*place, "ports"), uplink.ports, 0, at_key=False)
