"""Which BMCs a plan has, and how each one's machine is made when somebody asks for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from typing import Any, Literal

import msgspec

from rackwright.catalog.models import Catalog
from rackwright.intent.models import Site
from rackwright.plan.machines import machines
from rackwright.plan.model import Device, Link, Plan
from rackwright.twin.bmc.machine import making
from rackwright.twin.bmc.machine.hardware import Hardware, hardware
from rackwright.twin.bmc.service.fleet import Planned
from rackwright.twin.clock import TwinClock
from rackwright.twin.faults import Faults

__all__ = ["Bmcs", "names", "planned"]


class Bmcs(msgspec.Struct, frozen=True, kw_only=True):
    """How the BMCs of a twin are to be."""

    site: str
    """The site as JSON: its groups say what stands in the servers, its release and itself what firmware is wanted."""
    catalog: str
    """The catalog as JSON, with the site's own rows."""
    user: str = "root"
    password: str = "bmc"  # noqa: S105 - the name of a secret, not one
    only: frozenset[str] | None = None
    """Those that answer; None: all."""
    firmware: Literal["behind", "planned"] = "behind"
    """Versions to come up with: one step behind what is pinned, or as pinned. What is not pinned has some plausible version."""
    old: frozenset[str] = frozenset()
    """Servers that are a step behind while the others are as pinned."""

    def read_site(self) -> Site:
        """Return the site."""
        return Site.model_validate_json(self.site)

    def read_catalog(self) -> Catalog:
        """Return the catalog."""
        return Catalog.model_validate_json(self.catalog)


class _Frame:
    """What the machines of one plan are made from; each part is read when it is first wanted."""

    def __init__(self, plan: Plan, bmcs: Bmcs, password: str) -> None:
        self.plan = plan
        self.bmcs = bmcs
        self.password = password

    @cached_property
    def site(self) -> Site:
        """The site."""
        return self.bmcs.read_site()

    @cached_property
    def catalog(self) -> Catalog:
        """The catalog."""
        return self.bmcs.read_catalog()

    @cached_property
    def versions(self) -> Mapping[str, dict[str, str]]:
        """Server -> kind of component -> version to come up with."""
        found = {}
        for machine in machines(self.plan, self.site, self.catalog):
            pinned = {one.key: one.version for one in machine.firmware if one.version}
            old = self.bmcs.firmware == "behind" or machine.name in self.bmcs.old
            found[machine.name] = making.behind(pinned) if old else pinned
        return found

    @cached_property
    def links(self) -> Mapping[str, tuple[Link, ...]]:
        """Device -> its links; a plan of thousands is gone through once and not for every server."""
        found: dict[str, list[Link]] = {}
        for link in self.plan.links:
            for end in (link.a, link.b):
                found.setdefault(end.device, []).append(link)
        return {name: tuple(links) for name, links in found.items()}

    def around(self, device: Device) -> Plan:
        """Return the plan with the links of one device alone."""
        return msgspec.structs.replace(self.plan, links=self.links.get(device.name, ()))

    def hardware(self, device: Device) -> Hardware:
        """Return what stands in a server."""
        return hardware(self.around(device), device, self.catalog, self.site.groups.get(device.group))


def names(plan: Plan, catalog: Catalog) -> list[str]:
    """Return the names of all BMCs: the servers, and behind each the DPU BMCs of its adapters (``gpu01.b3220l-1``)."""
    return [name for name, _, _ in _all(plan, catalog)]


def _all(plan: Plan, catalog: Catalog) -> Iterator[tuple[str, str, Device]]:
    """Yield name, adapter (empty for an iDRAC) and server.

    Storage nodes have none: they are PowerScale, whose own system looks after them. A DPU's BMC is reached where the plan cables it.
    """
    cabled: dict[str, list[str]] = {}
    for link in plan.links:
        for end in (link.a, link.b):
            adapter, _, port = end.port.rpartition(".")
            if port == "bmc" and adapter:
                cabled.setdefault(end.device, []).append(adapter)
    for device in plan.devices:
        if device.role == "server" and device.model in catalog.servers:
            yield device.name, "", device
            yield from ((f"{device.name}.{adapter}", adapter, device) for adapter in cabled.get(device.name, ()))


def planned(plan: Plan, bmcs: Bmcs, password: str) -> dict[str, Planned]:
    """Return every BMC that answers."""
    frame = _Frame(plan, bmcs, password)
    return {
        name: Planned(
            "bluefield" if adapter else "idrac",
            bmcs.user,
            partial(_made, frame, device, adapter),
            device.name if adapter else "",
        )
        for name, adapter, device in _all(plan, frame.catalog)
        if bmcs.only is None or name in bmcs.only
    }


def _made(frame: _Frame, device: Device, adapter: str, clock: TwinClock, faults: Faults) -> Any:
    user, password = frame.bmcs.user, frame.password
    if adapter:
        versions = frame.versions.get(device.name)
        made = frame.hardware(device)
        return making.bluefield(made, adapter, clock, faults, versions=versions, user=user, password=password)
    return making.idrac(
        frame.around(device),
        device,
        frame.catalog,
        clock,
        faults,
        group=frame.site.groups.get(device.group),
        versions=frame.versions.get(device.name),
        user=user,
        password=password,
    )
