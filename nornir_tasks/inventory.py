"""The inventory of a site for Nornir, derived from its plan; the entry point ``rackwright``.

Groups are those of the Ansible inventory: kind, role, fabric, group, rack. ``host["rackwright"]`` is the
:class:`~nornir_tasks.build.Build` that the tasks print from.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from nornir.core import Nornir
from nornir.core.inventory import Defaults, Group, Groups, Host, Hosts, Inventory

from nornir_tasks.build import Build
from nornir_tasks.runner import CompleteRunner
from rackwright.render.ansible import inventory
from rackwright.render.slices import Slices

__all__ = ["RackwrightInventory", "inventory_of", "nornir_of", "nornir_of_site"]


class RackwrightInventory:
    """Inventory plugin: ``inventory={"plugin": "rackwright", "options": {"site_dir": "my-site"}}``.

    The site is planned on top of its lock, which is not written; with ``locked`` a lock that would change
    is refused. Raises what planning raises.
    """

    def __init__(self, site_dir: str | Path, *, locked: bool = False) -> None:
        self.site_dir = Path(site_dir)
        self.locked = locked

    def load(self) -> Inventory:
        """Return the inventory."""
        return inventory_of(Build.of_site(self.site_dir, locked=self.locked))


def inventory_of(build: Build, only: Collection[str] | None = None) -> Inventory:
    """Return the inventory of a planned site: every device but external peers, or the devices of ``only``."""
    facts, members = inventory(Slices(build.plan), only, build.stacks)
    defaults = Defaults(data={"rackwright": build, "site": build.plan.name, "release": build.plan.release})
    groups = Groups({name: Group(name, defaults=defaults) for name in members})
    hosts = Hosts({name: _host(name, data, defaults) for name, data in facts.items()})
    for name, names in members.items():
        for member in names:
            hosts[member].groups.add(groups[name])
    return Inventory(hosts, groups, defaults)


def _host(name: str, facts: dict[str, Any], defaults: Defaults) -> Host:
    data = {key: value for key, value in facts.items() if not key.startswith("ansible_")}
    address, user = facts.get("ansible_host"), facts.get("ansible_user")
    return Host(name, hostname=address, username=user, platform="linux", data=data, defaults=defaults)


def nornir_of(
    build: Build, *, only: Collection[str] | None = None, jobs: int = 1, heard: Callable[[str], None] | None = None
) -> Nornir:
    """Return a Nornir over a planned site, built without looking at any other plugin that is installed.

    ``only`` leaves out all other devices: of a large site that costs as much as printing a few.
    """
    found = inventory_of(build, only)
    return Nornir(found, runner=CompleteRunner(found.hosts.keys(), jobs, heard))


def nornir_of_site(site_dir: str | Path, *, jobs: int = 1) -> Nornir:
    """Return a Nornir over a site; the runner insists on every host, ``runner.expecting`` on the ones of a filter."""
    return nornir_of(Build.of_site(site_dir), jobs=jobs)
