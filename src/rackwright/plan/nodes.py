"""The machines of a site: names, indexes, serials, MAC addresses, roles."""

from __future__ import annotations

from rackwright.catalog.models import Catalog
from rackwright.findings import Problem, problem
from rackwright.intent.models import Group, NodeRow, Site
from rackwright.intent.ranges import expand
from rackwright.plan.lock import Lock
from rackwright.plan.model import Device

__all__ = ["group_names", "identify", "machines"]


def group_names(name: str, group: Group, lock: Lock) -> tuple[str, ...]:
    """Return the names of a group up to its build-out target, in order.

    Made-up names are at least two digits wide; the width of the first plan is kept, so that growth
    renames nothing.
    """
    if group.patterns:
        return tuple(one for pattern in group.patterns for one in expand(pattern))[: group.target]
    width = lock.keep("names.width", name, max(2, len(str(group.target))))
    return tuple(f"{name}{index:0{width}d}" for index in range(1, group.target + 1))


def machines(site: Site, catalog: Catalog, lock: Lock) -> tuple[list[Device], list[Problem]]:
    """Return every server and storage node that stands, group by group."""
    devices: list[Device] = []
    problems: list[Problem] = []
    roles = _roles(site)
    for key, group in site.groups.items():
        names = group_names(key, group, lock)
        if len(names) < group.count:
            problems.append(
                problem(
                    "plan",
                    f"group {key} has {group.count} machines but its names pattern gives {len(names)}",
                    path=("groups", key, "names"),
                    remedy="widen the range or lower count",
                )
            )
        kind = catalog.servers[group.model].kind
        for index, name in enumerate(names[: group.count], 1):
            if name not in group.absent:
                carried = tuple(sorted(roles.get(name, set()) | roles.get(key, set())))
                devices.append(Device(name, kind, group.model, group=key, index=index, roles=carried))
    return devices, problems


def _roles(site: Site) -> dict[str, set[str]]:
    held: dict[str, set[str]] = {}
    for role, members in site.roles.items():
        for member in members:
            for name in expand(member):
                held.setdefault(name, set()).add(role)
    return held


def identify(devices: list[Device], rows: tuple[NodeRow, ...]) -> list[Device]:
    """Return the devices with the service tags and MAC addresses of nodes.csv."""
    known = {row.name: row for row in rows}
    return [_identified(device, known.get(device.name)) for device in devices]


def _identified(device: Device, row: NodeRow | None) -> Device:
    if row is None:
        return device
    return Device(
        device.name, device.role, device.model, device.group, device.index, device.fabric, device.plane, device.unit,
        device.management, row.service_tag, row.macs, device.roles,
    )  # fmt: skip
