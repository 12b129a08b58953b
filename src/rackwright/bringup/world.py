"""What the tasks of a bring-up need of the site and of the world: worked out once for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

from rackwright import audit
from rackwright.audit import hosts as systems
from rackwright.audit import machines as bodies
from rackwright.audit.cabling import Port
from rackwright.bringup.ahead import Ahead
from rackwright.bringup.glances import Glances
from rackwright.bringup.nearby import Nearby
from rackwright.catalog.images import Image
from rackwright.catalog.models import Catalog
from rackwright.drivers.reach import Reach
from rackwright.intent.models import Site
from rackwright.nvue.tree import Tree
from rackwright.plan.controllers import BmcSettings
from rackwright.plan.machines import Machine
from rackwright.plan.model import Plan, Switch
from rackwright.plan.stack_model import HostStack
from rackwright.push.basis import sections
from rackwright.push.bmc.certificates import authority_name
from rackwright.push.bmc.meeting import Greeter, factory_password
from rackwright.push.bmc.reading import Planner
from rackwright.push.hosts.program import PushHosts, shipped
from rackwright.push.hosts.reading import Surveyor
from rackwright.push.idle import Idle
from rackwright.push.impact import Interrupts
from rackwright.push.order import joined
from rackwright.render import Overlays, switch_tree
from rackwright.render.hosts.variables import anchored, variables

__all__ = ["Patience", "World"]


@dataclass(frozen=True)
class Patience:
    """How long things are waited for, in seconds of the run's clock."""

    first_s: float = 600
    """For a device to let us in for the first time: it may be on its way up."""
    settle_s: float = 300
    """For what was configured to come up: sessions, links, segments."""
    boot_s: float = 1200
    """For an operating system to answer: a server with eight GPUs takes ten minutes to its first boot device."""
    back_s: float = 1800
    """For a BMC that an earlier life may have left restarting (redfish.md 2.5)."""
    poll_s: float = 20


@dataclass(frozen=True, kw_only=True)
class World:
    """A planned site and the way to its devices."""

    plan: Plan
    site: Site
    catalog: Catalog
    folder: Path
    """Folder of ``site.yaml``."""
    way: Reach
    machines: Mapping[str, Machine]
    settings: Mapping[str, BmcSettings]
    stacks: Mapping[str, HostStack] = field(default_factory=dict)
    lacks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Why servers may not be installed, where something is against it."""
    images: tuple[Image, ...] = ()
    overlays: Overlays = field(default_factory=Overlays)
    jobs: int = 8
    patience: Patience = field(default_factory=Patience)
    idle: Idle = field(default_factory=Idle, repr=False)
    """Sessions with switches that one task leaves to the next; whoever runs the tasks ends them."""
    glances: Glances[tuple[audit.Evidence, str]] = field(default_factory=Glances, repr=False)
    """What out-of-band switches told a moment ago, with the file of it."""
    ahead: Ahead = field(default_factory=Ahead, repr=False)
    """Who goes ahead with firmware where the one that was to was never begun."""
    _trees: dict[str, Tree] = field(default_factory=dict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    @cached_property
    def switches(self) -> dict[str, Switch]:
        """The switches by name."""
        return {switch.name: switch for switch in self.plan.switches}

    @cached_property
    def sections(self) -> dict[str, str]:
        """Part of what runs are made of -> its digest."""
        return sections(self.site, self.catalog, self.plan, self.images)

    @cached_property
    def interrupts(self) -> Interrupts:
        """What the plan's links carry."""
        return Interrupts(self.plan)

    @cached_property
    def nearby(self) -> Nearby:
        """The plan around single devices."""
        return Nearby(self.plan)

    @cached_property
    def audited(self) -> audit.Site:
        """What decides which questions an audit asks."""
        return audit.Site(self.plan, self.catalog)

    @cached_property
    def apart(self) -> bodies.Known:
        """What tells the servers apart."""
        return bodies.known(self.machines.values())

    @cached_property
    def systems(self) -> dict[str, systems.Wanted]:
        """The operating systems of servers as they should be."""
        return systems.hosts(self.plan, self.site, self.catalog)

    @cached_property
    def peers(self) -> dict[tuple[str, str], str]:
        """(switch, port) -> the device that is planned at the other end."""
        found = {}
        for link in self.plan.links:
            found[link.a.device, link.a.port] = link.b.device
            found[link.b.device, link.b.port] = link.a.device
        return found

    @cached_property
    def managed(self) -> dict[str, tuple[tuple[Port, Port], ...]]:
        """Server -> its management cables, (switch port, its own port)."""
        found: dict[str, list[tuple[Port, Port]]] = {}
        for link in self.plan.links:
            if link.kind == "management" and link.b.device in self.machines and link.a.device in self.switches:
                one = Port(link.a.device, link.a.port), Port(link.b.device, link.b.port)
                found.setdefault(link.b.device, []).append(one)
        return {name: tuple(links) for name, links in found.items()}

    @cached_property
    def groups(self) -> Mapping[str, str]:
        """Switch -> name of the fabrics that are cabled together and its own is one of."""
        return joined(self.plan)

    @cached_property
    def bios(self) -> dict[str, dict[str, str | int | None]]:
        """The BIOS values that each server should have."""
        return {
            name: {row.attribute: row.value for row in machine.bios if row.need != "forbidden"}
            for name, machine in self.machines.items()
        }

    @cached_property
    def variables(self) -> dict[str, dict[str, Any]]:
        """What the playbooks are told, by host."""
        return {name: anchored(variables(one), self.folder.resolve()) for name, one in self.stacks.items()}

    @cached_property
    def plays(self) -> PushHosts:
        """What plays on hosts; those that want the same at the same time share a play."""
        return PushHosts(self.way, shipped(), self.jobs)

    @cached_property
    def surveyor(self) -> Surveyor:
        """What looks ahead on hosts."""
        return Surveyor(self.way, shipped(), self.stacks, self.variables, self.jobs, idle=self.plays.idle)

    def tree(self, switch: Switch) -> Tree:
        """Return what a switch is to run; rendered once."""
        if switch.name not in self._trees:
            made = switch_tree(switch, self.overlays)
            with self._lock:
                self._trees.setdefault(switch.name, made)
        return self._trees[switch.name]

    def greeter(self, *, well_known: bool) -> Greeter:
        """Return what opens sessions with BMCs, new ones by the password that they were delivered with."""
        return Greeter(self.way, factory_password(self.way.resolvers, default=well_known))

    def planner(self, *, allow_downgrade: bool) -> Planner:
        """Return what decides on the way of a server's firmware and BIOS."""
        absent = frozenset(
            image.file for image in self.images if image.file and not (self.folder / image.file).is_file()
        )
        return Planner(
            self.catalog, self.plan.release, self.images, allow_downgrade, absent=absent, state=self.way.state, twin=self.way.twin
        )  # fmt: skip

    @cached_property
    def authority(self) -> str:
        """Common name of the site's authority; empty: nobody asks for one."""
        return authority_name(self.way.state) if any(one.signed for one in self.settings.values()) else ""
