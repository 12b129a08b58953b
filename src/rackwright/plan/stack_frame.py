"""What the parts of a host's stack are made from: the site, the catalog, and the plan by device; and what a host has."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

from rackwright.catalog.models import Catalog, Component
from rackwright.catalog.stack import Condition, Driver, DriverProfile, PackageRow, ParameterRow, StepRow
from rackwright.intent.models import Site
from rackwright.plan.machines import Machine
from rackwright.plan.model import Device, HostNetwork, Plan, Switch
from rackwright.plan.stack_model import Package, Setting

__all__ = ["Frame", "Host", "conditions", "filled", "frame", "missing", "packages", "settings", "spelled"]

T = TypeVar("T")

BLUEFIELD_KINDS = ("supernic", "dpu")


class Frame(NamedTuple):
    """What all hosts share."""

    site: Site
    catalog: Catalog
    components: Mapping[str, Component]
    """Of the release, by key."""
    drivers: DriverProfile
    switches: Mapping[str, Switch]
    addresses: Mapping[str, str]
    """By name in the DNS of the plan."""
    heads: tuple[str, ...]
    """Machines with the role ``bcm-head``."""
    carriers: Mapping[str, frozenset[str]]
    """Roles and group of each machine."""
    kept: dict[Hashable, Any]
    """What was worked out for one host and is the same for others."""

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what ``make`` gives, worked out once a key: thousands of hosts are alike."""
        if key not in self.kept:
            self.kept[key] = make()
        found: T = self.kept[key]
        return found

    def version(self, component: str | None) -> str:
        """Return the release's version of a component; empty: unpinned, or no component."""
        row = self.components.get(component or "")
        return (row.version or "") if row else ""

    def words(self, component: str | None) -> dict[str, str]:
        """Return what stands for the braces in a step's rows; what is not known is left out."""
        version, kernel = self.version(component), self.site.hosts.kernel or ""
        words = {
            "version": version,
            "branch": version.partition(".")[0],
            "kernel": kernel,
            "abi": kernel.rpartition(".")[0],
            "doca": self.version("doca-host"),
        }
        return {word: text for word, text in words.items() if text}


class Host(NamedTuple):
    """One host as it is looked at."""

    device: Device
    machine: Machine
    network: HostNetwork
    has: frozenset[Condition]


def frame(plan: Plan, site: Site, catalog: Catalog) -> Frame:
    """Return what all hosts share."""
    heads = tuple(device.name for device in plan.devices if "bcm-head" in device.roles)
    return Frame(
        site,
        catalog,
        {row.key: row for row in catalog.releases[site.site.release].components},
        catalog.drivers[site.hosts.driver_profile],
        {switch.name: switch for switch in plan.switches},
        {record.name: record.address for record in plan.dns},
        heads,
        {device.name: frozenset((*device.roles, device.group)) for device in plan.devices if device.role == "server"},
        {},
    )


def conditions(shared: Frame, device: Device, machine: Machine) -> frozenset[Condition]:
    """Say what a host has, of what steps and settings hang on."""
    model = shared.catalog.servers[device.model]
    agent = shared.site.hosts.bcm.package is not None and device.name not in shared.heads
    kinds = {shared.catalog.nics[adapter.nic].kind for adapter in machine.adapters}
    rails = any(port.rail for adapter in machine.adapters for port in adapter.ports)
    found: dict[Condition, bool] = {
        "gpu": machine.gpu_count > 0,
        "nvswitch": machine.gpu_count > 0 and model.nvswitch,
        "bluefield": bool(kinds & {*BLUEFIELD_KINDS}),
        "rails": rails,
        "bcm": agent,
    }
    return frozenset(word for word, holds in found.items() if holds)


def missing(shared: Frame, has: Collection[Condition], when: Iterable[Condition], owner: Driver | None) -> str:
    """Say why a host does not have a step, a repository or a fact; empty: it has it."""
    if owner is not None and getattr(shared.drivers, owner) != "host":
        whose = getattr(shared.drivers, owner).replace("_", " ")
        return f"{owner.replace('_', ' ')} is the {whose}'s (driver profile {shared.site.hosts.driver_profile})"
    lacking = [word for word in when if word not in has]
    return f"no {' and no '.join(lacking)}" if lacking else ""


def filled(text: str, words: Mapping[str, str]) -> str | None:
    """Put words for the braces of a row; None when one of them is not known."""
    try:
        return text.format_map(words)
    except KeyError:
        return None


def spelled(rows: Iterable[str], words: Mapping[str, str]) -> tuple[str, ...]:
    """Return the texts of rows whose braces are all known."""
    return tuple(text for row in rows if (text := filled(row, words)) is not None)


def settings(rows: Iterable[ParameterRow], words: Mapping[str, str]) -> tuple[Setting, ...]:
    """Return parameters with the numbers of this site and adapter."""
    found = []
    for row in rows:
        name, value = filled(row.name, words), filled(row.value, words)
        if name is not None and value is not None:
            found.append(Setting(name, value, row.source))
    return tuple(found)


def packages(shared: Frame, row: StepRow) -> tuple[Package, ...]:
    """Return the packages of a step: the site's own version, that of the rule, or the repository's."""
    words = shared.words(row.component)
    found = []
    for package in row.packages:
        name = filled(package.name, words)
        if name is not None:
            found.append(_package(shared, name, package, words, shared.version(row.component)))
    return tuple(found)


def _package(shared: Frame, name: str, row: PackageRow, words: Mapping[str, str], version: str) -> Package:
    own = shared.site.hosts.packages.get(name)
    if own is not None:
        return Package(name, own, f"site.yaml, hosts.packages.{name}: the site's own choice")
    if row.version is None or row.of not in (None, version):
        return Package(name, "", row.source)
    return Package(name, filled(row.version, words) or "", row.source)
