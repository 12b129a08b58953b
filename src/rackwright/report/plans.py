"""A plan as a reader wants it first: the layouts, the devices, the cables, the addresses, the power."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec

from rackwright.plan.model import Plan, Rack
from rackwright.plan.racks import ROW
from rackwright.plan.workspace import Planned
from rackwright.report.words import columns, count, some

__all__ = ["address_counts", "lock_lines", "new_devices", "plan_lines", "plan_value"]

_NEW_NAMES = 12
_FREED = 6


def plan_lines(plan: Plan) -> Iterator[str]:
    """Print a plan on a page."""
    yield f"site {plan.name}: release {plan.release}, Cumulus Linux {plan.nos}"
    yield ""
    yield "fabrics"
    yield from _layouts(plan)
    yield ""
    yield f"devices    {_devices(plan)}"
    yield f"cables     {_cables(plan)}"
    yield f"addresses  {_addresses(plan)}"
    yield from _section("networks", _networks(plan))
    yield from _section("racks", _racks(plan))


def _section(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield from ("", title, *lines)


def _layouts(plan: Plan) -> list[str]:
    head = (
        "fabric",
        "topology",
        "tiers",
        "planes",
        "leaves",
        "spines",
        "superspines",
        "down Gb/s",
        "up Gb/s",
        "machines",
        "room for",
    )
    rows = [
        (row.fabric, row.topology, row.tiers, row.planes, row.leaves, row.spines, row.superspines,
         float(row.down_gbps), float(row.up_gbps), row.nodes, row.max_nodes)
        for row in plan.layouts
    ]  # fmt: skip
    return columns(head, rows)


def _devices(plan: Plan) -> str:
    by = Counter(device.role for device in plan.devices)
    return ", ".join(f"{number} {role}" for role, number in sorted(by.items()))


def _cables(plan: Plan) -> str:
    parts = Counter(part.part or "without a part" for part in plan.assemblies)
    listed = ", ".join(f"{number} {name}" for name, number in sorted(parts.items()))
    return f"{count(len(plan.links), 'link')} made by {count(len(plan.assemblies), 'part')}" + (
        f": {listed}" if listed else ""
    )


def _addresses(plan: Plan) -> str:
    numbers = address_counts(plan)
    return ", ".join(f"{number} {what}" for what, number in numbers.items())


def address_counts(plan: Plan) -> dict[str, int]:
    """Count what was given out, by kind."""
    ports = sum(bool(port.address) for host in plan.hosts for port in host.interfaces)
    bonds = sum(bool(bond.address) for host in plan.hosts for bond in host.bonds)
    return {
        "management": sum(bool(device.management) for device in plan.devices),
        "loopbacks": sum(bool(switch.loopback) for switch in plan.switches),
        "ASNs": len({switch.bgp.asn for switch in plan.switches if switch.bgp}),
        "on hosts": ports + bonds,
        "DNS names": len(plan.dns),
    }


def _networks(plan: Plan) -> list[str]:
    vlans = {vlan.network: vlan for switch in plan.switches for vlan in switch.vlans if vlan.network}
    rows = []
    for scope in plan.scopes:
        vlan = vlans.get(scope.network)
        leases = f"{scope.first} - {scope.last}" if scope.first else "none"
        flags = " ".join(word for word, on in (("pxe", scope.pxe), ("ztp", scope.ztp)) if on)
        rows.append(
            (
                scope.network,
                vlan.id if vlan else "",
                scope.subnet,
                scope.gateway,
                leases,
                len(scope.reservations),
                flags,
            )
        )
    return columns(("network", "vlan", "subnet", "gateway", "leases", "reserved", "serves"), rows)


def _racks(plan: Plan) -> list[str]:
    devices = Counter(placement.rack for placement in plan.placements)
    # Hundreds of equal racks are not read; the elevations in docs/ show each.
    shown = [_rack(rack, devices[rack.name]) for rack in plan.racks[:_NEW_NAMES]]
    lines = columns(
        ("rack", "devices", "watts", "busiest PDU", "worst case", "rating", "survives", "not counted"), shown
    )
    if len(plan.racks) > len(shown):
        lines.append(f"  and {count(len(plan.racks) - len(shown), 'more rack')}")
    return lines


def _rack(rack: Rack, devices: int) -> tuple[object, ...]:
    busiest = max((watts for _, watts in rack.load), default=0)
    worst = max((watts for _, watts in rack.worst), default=0)
    return (rack.name, devices, rack.watts, busiest, worst, rack.pdu_watts, rack.survive, some(rack.unknown, 2))


def new_devices(planned: Planned) -> tuple[str, ...]:
    """Return the devices that the lock did not know before, in the order of the plan."""
    added = {key.rpartition("/")[2] for key in planned.added}
    fresh = added - {key.rpartition("/")[2] for key in planned.known}
    return tuple(device.name for device in planned.plan.devices if device.name in fresh)


def lock_lines(planned: Planned, *, first: bool, path: str) -> Iterator[str]:
    """Say what the lock gains and loses."""
    names = new_devices(planned)
    if first:
        yield f"{path}: new, {count(len(planned.added), 'allocation')}"
    elif planned.changed:
        stands = "what the warnings above name changes, the rest" if planned.moves else "everything else"
        yield f"{path}: {len(planned.added)} new, {len(planned.freed)} freed; {stands} stands as it was"
        if names:
            yield f"  new devices: {some(names, _NEW_NAMES)}"
        if placed := _placed(planned):
            yield f"  {placed}"
        yield from (f"  - {key}" for key in planned.freed[:_FREED])
        if len(planned.freed) > _FREED:
            yield f"  - and {len(planned.freed) - _FREED} more; all are in the answer of --json"
    else:
        yield f"{path}: nothing new, everything stands as it was"
    if planned.unused:
        yield f"  kept though nothing asks for it: {some(planned.unused, 6)}; 'rackwright plan --free' gives it back"


def _placed(planned: Planned) -> str:
    """Say where racks that are new beside standing ones were put in the row."""
    places = {f"{ROW}/{name}": (first, name) for name, (first, _) in planned.lock.pools.get(ROW, {}).items()}
    new = sorted(places[key] for key in planned.added if key in places)
    if not new or planned.known.isdisjoint(places):
        return ""
    put = some([f"{name} at place {first + 1}" for first, name in new], _NEW_NAMES)
    return (
        f"new in the row of racks, which cable lengths go by: {put}; to have all racks stand in the order of their names, "
        f"take {ROW} out of site.lock and plan again, which changes cables that stand"
    )


def plan_value(planned: Planned) -> dict[str, Any]:
    """Return the figures of a plan for JSON; ``plan -o FILE`` writes the whole plan."""
    plan = planned.plan
    return {
        "site": plan.name,
        "release": plan.release,
        "nos": plan.nos,
        "digest": plan.digest,
        "layouts": [msgspec.to_builtins(layout) for layout in plan.layouts],
        "devices": dict(sorted(Counter(device.role for device in plan.devices).items())),
        "links": len(plan.links),
        "parts": dict(sorted(Counter(part.part for part in plan.assemblies).items())),
        "addresses": address_counts(plan),
        "racks": [msgspec.to_builtins(rack) for rack in plan.racks],
        "lock": {
            "changed": planned.changed,
            "added": planned.added,
            "freed": planned.freed,
            "unused": planned.unused,
            "new_devices": new_devices(planned),
        },
        "notes": planned.warnings,
    }
