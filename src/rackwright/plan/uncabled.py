"""What the plan cables nowhere, though the site has it: management ports of switches, machines, adapters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rackwright.catalog.models import Catalog
from rackwright.findings import Problem, problem
from rackwright.intent.models import Group, Site
from rackwright.intent.overlays import SWITCH_ROLES
from rackwright.plan.model import Device, End, Link
from rackwright.plan.wiring import host_ports

__all__ = ["uncabled"]

_OF_THE_FABRIC = ("supernic", "dpu")
"""Adapters that a machine has for a fabric; a plain NIC or a port on the board comes with the server."""


def uncabled(site: Site, devices: Sequence[Device], links: Sequence[Link], catalog: Catalog) -> Iterator[Problem]:
    """Yield a warning for switches without a management cable, for groups and for adapters that nothing attaches."""
    ends = [end for link in links for end in (link.a, link.b)]
    yield from _switches(site, devices, {end.device for end in ends if end.port == "eth0"})
    held: dict[str, list[End]] = {}
    groups = {device.name: device.group for device in devices if device.role in ("server", "storage")}
    for end in ends:
        if end.device in groups:
            held.setdefault(groups[end.device], []).append(end)
    for key in sorted(set(groups.values())):
        if key not in held:
            message = f"group {key} is attached nowhere: no machine of it gets a cable"
            yield _told(("groups", key), message, "name it in an attach entry of a fabric, or remove it")
        else:
            yield from _adapters(key, site.groups[key], held[key], catalog)


def _switches(site: Site, devices: Sequence[Device], cabled: set[str]) -> Iterator[Problem]:
    """Judge ``eth0`` of every switch, where the site plans an out-of-band fabric.

    A switch of an ``l2`` fabric with ``per_switch`` has its address in the VLAN that it serves.
    """
    below = sorted(key for key, fabric in site.fabrics.items() if fabric.family == "oob")
    every = [device for device in devices if device.role in SWITCH_ROLES]
    bare = [
        device for device in every
        if device.name not in cabled and not (device.role == "oob" and site.fabrics[device.fabric].per_switch)
    ]  # fmt: skip
    if below and bare:
        names = ", ".join(device.name for device in bare[:3]) + (" and others" if len(bare) > 3 else "")
        fabrics = ", ".join(sorted({device.fabric for device in bare}))
        yield _told(
            ("fabrics", below[0], "attach"),
            f"eth0 of {len(bare)} of {len(every)} switches has no cable ({names}): nothing can reach them out of band",
            f"name them in an attach entry, e.g. {{switches: [{fabrics}]}} or {{switches: all}}",
        )


def _adapters(key: str, group: Group, ends: Sequence[End], catalog: Catalog) -> Iterator[Problem]:
    """Judge the adapters that machines of a group have for a fabric, and those that the site itself gives them."""
    model = catalog.servers[group.model]
    cabled = {end.port for end in ends} | {end.interface for end in ends}
    for nic in sorted({slot.nic for slot in model.nics} | set(group.nics)):
        if nic not in group.nics and catalog.nics[nic].kind not in _OF_THE_FABRIC:
            continue
        ports = host_ports(group, model, nic, catalog)
        adapters = {port.adapter for port in ports}
        used = {port.adapter for port in ports if port.name in cabled or (port.interface and port.interface in cabled)}
        if adapters - used:
            of_all = f"{len(adapters - used)} of {len(adapters)} {nic}" if used else f"{len(adapters)} {nic}"
            yield _told(
                ("groups", key, *(("nics", nic) if nic in group.nics else ())),
                f"{of_all} of each machine of {key} {'is' if len(adapters - used) == 1 else 'are'} attached nowhere",
                f"add an attach entry with nic: {nic}, or say how many there are: nics: {{{nic}: {len(used)}}}",
            )


def _told(path: tuple[str, ...], message: str, remedy: str) -> Problem:
    return problem("plan.cables", message, path=path, remedy=remedy, severity="warning")
