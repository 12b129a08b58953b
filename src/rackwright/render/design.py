"""The design document as one value: what the site is, fabric by fabric, rack by rack; HTML and Markdown print it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec

from rackwright.catalog.models import Catalog
from rackwright.intent.overlays import SWITCH_ROLES
from rackwright.nvue.tree import natural_key
from rackwright.plan.model import Device, Layout, Plan, Switch
from rackwright.render.bill import Item
from rackwright.render.drawing import Drawing, span
from rackwright.render.elevation import Elevation, elevations
from rackwright.render.fabric_diagram import fabric_diagram
from rackwright.render.slices import Slices, number

__all__ = ["Design", "FabricPart", "Table", "design"]

_MOST_ROWS: Final = 1500
"""A table of more rows is cut, and says so: the document must open at once on a phone."""
_MOST_RACKS: Final = 24
_TOPOLOGIES: Final = {
    "single-switch": "one switch",
    "tor-clos": "Clos wired at the top of the rack",
    "pure-rail": "pure rail: each rail a switch of its own, no spines",
    "rail-optimized": "rail-optimized: a leaf a rail in each unit, spines above",
    "evpn-pair": "pair of leaves with EVPN multihoming",
    "converged-pair": "converged pair: GPU, in-band and storage on two switches",
    "l2": "bridged",
}


class Table(msgspec.Struct, frozen=True):
    """A table: columns, rows and what was left out; the first column may be a link."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    links: tuple[str, ...] = ()
    """Address of the first cell of each row; empty: no links."""
    more: str = ""


class FabricPart(msgspec.Struct, frozen=True):
    """One fabric: figures and picture."""

    name: str
    topology: str
    facts: tuple[tuple[str, str], ...]
    drawing: Drawing


class Design(msgspec.Struct, frozen=True):
    """Everything the document says, in its order."""

    name: str
    release: str
    nos: str
    digest: str
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    fabrics: tuple[FabricPart, ...]
    racks: tuple[Elevation, ...]
    racks_more: str
    switches: Table
    hosts: Table
    networks: Table
    scopes: Table
    parts: Table
    waves: tuple[tuple[str, str], ...]


def design(slices: Slices, catalog: Catalog, items: Sequence[Item]) -> Design:
    """Return the design of a plan; ``items`` is its bill of materials."""
    plan = slices.plan
    racks = elevations(slices)
    return Design(
        name=plan.name,
        release=plan.release,
        nos=plan.nos,
        digest=plan.digest,
        facts=_facts(plan, catalog),
        notes=plan.notes,
        fabrics=tuple(_fabric(slices, layout) for layout in plan.layouts),
        racks=tuple(racks[:_MOST_RACKS]),
        racks_more=f"{len(racks) - _MOST_RACKS} more kinds of racks are in docs/racks"
        if len(racks) > _MOST_RACKS
        else "",
        switches=_switches(slices),
        hosts=_hosts(slices),
        networks=_networks(plan),
        scopes=_scopes(plan),
        parts=_parts(items),
        waves=tuple((stage, _several(names)) for stage, names in plan.waves),
    )


def _facts(plan: Plan, catalog: Catalog) -> tuple[tuple[str, str], ...]:
    roles = Counter(device.role for device in plan.devices)
    models = Counter(device.model for device in plan.devices if device.role == "server")
    gpus = sum(count * catalog.servers[key].gpu_count for key, count in models.items() if key in catalog.servers)
    switches = sum(roles[role] for role in SWITCH_ROLES)
    facts = [
        ("servers", roles["server"]),
        ("GPUs", gpus),
        ("storage nodes", roles["storage"]),
        ("switches", switches),
        ("racks", len(plan.racks)),
        ("links", len(plan.links)),
        ("cables and fibres", len(plan.assemblies)),
    ]
    return tuple((label, f"{count:,}") for label, count in facts if count)


def _fabric(slices: Slices, layout: Layout) -> FabricPart:
    return FabricPart(
        layout.fabric,
        _TOPOLOGIES.get(layout.topology, layout.topology),
        tuple((label, text) for label, text in _figures(layout) if text not in ("", "0")),
        fabric_diagram(slices, layout.fabric),
    )


def _figures(layout: Layout) -> list[tuple[str, str]]:
    ratio = layout.down_gbps / layout.up_gbps if layout.up_gbps else 0
    return [
        ("tiers", str(layout.tiers)),
        ("planes", str(layout.planes) if layout.planes > 1 else ""),
        ("leaves", f"{layout.leaves:,}"),
        ("spines", f"{layout.spines:,}"),
        ("superspines", f"{layout.superspines:,}"),
        ("scalable units", str(layout.units) if layout.units > 1 else ""),
        ("nodes a unit", str(layout.nodes_per_unit)),
        ("rails a leaf", str(layout.rails_per_leaf)),
        ("links, leaf to spine", str(layout.links_per_pair) if layout.spines else ""),
        ("down, per leaf", _rate(layout.down_gbps)),
        ("up, per leaf", _rate(layout.up_gbps)),
        ("oversubscription", f"{ratio:.3g}:1" if ratio else ""),
        ("nodes now", f"{layout.nodes:,}"),
        ("laid out for", f"{layout.max_nodes:,}"),
    ]


def _rate(gbps: float) -> str:
    if not gbps:
        return ""
    return f"{gbps / 1000:g} Tb/s" if gbps >= 1000 else f"{gbps:g} Gb/s"


def _switches(slices: Slices) -> Table:
    switches = slices.plan.switches
    rows = tuple(_switch_row(slices, switch) for switch in switches[:_MOST_ROWS])
    links = tuple(f"faceplates/{switch.name}.html" for switch in switches[:_MOST_ROWS])
    columns = ("switch", "role", "model", "fabric", "ASN", "loopback", "management", "rack", "U", "ports in use")
    return Table(columns, rows, links, _more(len(switches)))


def _switch_row(slices: Slices, switch: Switch) -> tuple[str, ...]:
    used = sum(port.link >= 0 for port in switch.ports)
    asn = str(switch.bgp.asn) if switch.bgp else ""
    loopback = switch.loopback.partition("/")[0]
    management = switch.management.partition("/")[0] or "by DHCP"
    rack, unit = slices.where(switch.name)
    return (
        switch.name, switch.role, switch.model, switch.fabric, asn, loopback, management, rack, unit,
        f"{used} of {len(switch.ports)}",
    )  # fmt: skip


def _hosts(slices: Slices) -> Table:
    found = [device for device in slices.plan.devices if device.role in {"server", "storage"}]
    found.sort(key=lambda device: natural_key(device.name))
    columns = ("host", "group", "model", "service tag", "roles", "BMC", "in-band", "rack", "U")
    return Table(columns, tuple(_host_row(slices, device) for device in found[:_MOST_ROWS]), (), _more(len(found)))


def _host_row(slices: Slices, device: Device) -> tuple[str, ...]:
    host = slices.host.get(device.name)
    inband = next((bond.address.partition("/")[0] for bond in host.bonds if bond.address), "") if host else ""
    rack, unit = slices.where(device.name)
    bmc = device.management.partition("/")[0] or "by DHCP"
    return (device.name, device.group, device.model, device.serial, ", ".join(device.roles), bmc, inband, rack, unit)


def _networks(plan: Plan) -> Table:
    """Every VLAN once, with what the switches give it; fabrics that carry it are named."""
    found: dict[tuple[str, ...], set[str]] = {}
    for switch in plan.switches:
        svis = {svi.vlan: svi for svi in switch.svis}
        for vlan in switch.vlans:
            svi = svis.get(vlan.id)
            vrf, gateway = (svi.vrf, svi.gateway or svi.address) if svi else ("", "")
            key = (str(vlan.id), vlan.network, str(vlan.vni or ""), vrf, gateway if svi and svi.gateway else "")
            found.setdefault(key, set()).add(switch.fabric)
    rows = sorted(found.items(), key=lambda item: (int(item[0][0]), item[0]))
    return Table(
        ("VLAN", "network", "VNI", "VRF", "gateway", "fabric"),
        tuple((*key, ", ".join(sorted(names))) for key, names in rows),
    )


def _scopes(plan: Plan) -> Table:
    rows = tuple(
        (
            scope.network, scope.subnet, scope.gateway.partition("/")[0],
            f"{scope.first} - {scope.last}" if scope.first else "reservations only", f"{len(scope.reservations):,}",
            ", ".join(word for word, on in (("ZTP", scope.ztp), ("PXE", scope.pxe)) if on),
        )
        for scope in plan.scopes
    )  # fmt: skip
    return Table(("network", "subnet", "gateway", "dynamic", "reserved", "serves"), rows)


def _parts(items: Sequence[Item]) -> Table:
    rows = tuple(
        (item.kind, item.description, f"{item.length_m} m" if item.length_m else "", f"{item.count:,}", item.used_for)
        for item in items[:_MOST_ROWS]
    )
    return Table(("part", "what", "length", "count", "used for"), rows, (), _more(len(items)))


def _several(names: tuple[str, ...]) -> str:
    if len(names) <= 8:
        return ", ".join(sorted(names, key=natural_key))
    return f"{span(list(names))} ({number(len(names))} devices)"


def _more(count: int) -> str:
    return f"{count - _MOST_ROWS:,} more are in plan.json" if count > _MOST_ROWS else ""
