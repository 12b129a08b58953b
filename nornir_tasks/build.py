"""A planned site as the tasks need it: the files of each device, sharing one Jinja environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rackwright.catalog.models import Catalog
from rackwright.intent import Loaded
from rackwright.plan import workspace
from rackwright.plan.bcm import hosted
from rackwright.plan.machines import Machine, machines
from rackwright.plan.model import Plan
from rackwright.plan.stack import stack
from rackwright.plan.stack_model import HostStack
from rackwright.render import File, Manifest, Overlays, everything
from rackwright.render.site_overlays import of_site

if TYPE_CHECKING:
    from rackwright.audit import Site

__all__ = ["Build"]


@dataclass(frozen=True)
class Build:
    """A plan, and with the site as it was read all that is printed; ``host["rackwright"]`` of every host of our inventory."""

    plan: Plan
    catalog: Catalog
    overlays: Overlays = field(default_factory=Overlays)
    loaded: Loaded | None = None

    @classmethod
    def of_site(cls, folder: str | Path, *, locked: bool = False) -> Build:
        """Plan a site as ``rackwright plan`` does, without writing its lock."""
        site = workspace.open_site(Path(folder))
        overlays = of_site(site.loaded.overlays, site.file.parent)
        return cls(workspace.planned(site, locked=locked).plan, site.loaded.catalog, overlays, site.loaded)

    @cached_property
    def files(self) -> tuple[File, ...]:
        """Every file of the build, not yet rendered; one Jinja environment serves them all."""
        how = (*hosted(self.plan, self.loaded), tuple(self.machines.values()))
        return tuple(everything(self.plan, self.catalog, self.overlays, self.stacks, *how))

    @cached_property
    def stacks(self) -> tuple[HostStack, ...]:
        """What runs on each server; none where the site file is not known."""
        site = self.loaded.site if self.loaded else None
        return stack(self.plan, site, self.catalog, self.machines.values()) if site else ()

    @cached_property
    def audited(self) -> Site:
        """What decides which questions an audit asks; worked out once for all devices."""
        from rackwright.audit import Site

        return Site(self.plan, self.catalog)

    @cached_property
    def machines(self) -> dict[str, Machine]:
        """Every server as its BMC should tell it; none where the site file is not known."""
        site = self.loaded.site if self.loaded else None
        return {one.name: one for one in machines(self.plan, site, self.catalog)} if site else {}

    @cached_property
    def by_device(self) -> dict[str, tuple[File, ...]]:
        """The files of each device."""
        found: dict[str, tuple[File, ...]] = {}
        for file in self.files:
            if file.device is not None:
                found[file.device] = (*found.get(file.device, ()), file)
        return found

    def stale(self, device: str, known: Manifest | None) -> tuple[File, ...]:
        """Return the files of a device that are made from something else than those of ``known``; all without it."""
        before, made = known.files if known else {}, self.by_device.get(device, ())
        return tuple([file for file in made if file.path not in before or before[file.path].inputs != file.inputs])
