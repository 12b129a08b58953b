"""A server of which nothing is known but its own word, a release, and perhaps its model: for snapshots without a site."""

from __future__ import annotations

from collections.abc import Iterator

from rackwright.catalog.models import Catalog, Component, NicModel, Release, ServerModel
from rackwright.errors import CatalogError
from rackwright.intent.models import Group, Site, SiteInfo
from rackwright.plan.machines import Adapter, Machine, WantedFirmware, machines
from rackwright.plan.model import Device, Plan
from rackwright.redfish.inventory import Inventory, Nic

__all__ = ["bare"]

_GROUP = "servers"


def bare(name: str, told: Inventory, catalog: Catalog, release: str, model: str = "") -> Machine:
    """Return what such a server should be: the catalog's model and the release's versions.

    ``model`` is a key of the catalog; empty: the one that the server's own product name means. A server that the catalog does not know
    is judged by the versions of its adapters alone. Raises :class:`~rackwright.errors.CatalogError` for a key that is not there.
    """
    if release not in catalog.releases:
        raise CatalogError(f"there is no release {release}; there is: {', '.join(catalog.releases)}")
    if model and model not in catalog.servers:
        raise CatalogError(f"there is no server model {model}; there is: {', '.join(catalog.servers)}")
    row = catalog.servers[model] if model else _row(told, catalog)
    if row is not None:
        return _known(name, row, catalog, release)
    rows = catalog.releases[release]
    if told.bmc_kind == "bluefield":
        return Machine(name=name, model="", product="", group="", firmware=tuple(_of_card(rows, catalog)))
    adapters = tuple(_adapters(told, catalog))
    return Machine(
        name=name, model="", product="", group="", adapters=adapters,
        firmware=tuple(_firmware(rows, adapters, catalog)),
    )  # fmt: skip


def _row(told: Inventory, catalog: Catalog) -> ServerModel | None:
    product = told.model.lower()
    return next(
        (row for row in catalog.servers.values() if product and row.name.lower().removeprefix("dell ") == product), None
    )


def _known(name: str, row: ServerModel, catalog: Catalog, release: str) -> Machine:
    """Return the machine that a site of this one server would have."""
    site = Site(site=SiteInfo(name="snapshot", release=release), groups={_GROUP: Group(model=row.key)})
    plan = Plan(
        name="snapshot", release=release, nos="", digest="", devices=(Device(name, "server", row.key, _GROUP, 1),),
        links=(), assemblies=(), switches=(), hosts=(), racks=(), placements=(), scopes=(), dns=(), layouts=(),
    )  # fmt: skip
    return machines(plan, site, catalog)[0]


def _adapters(told: Inventory, catalog: Catalog) -> Iterator[Adapter]:
    """Yield the adapters whose kind the catalog knows, under the names that the BMC gives them."""
    for nic in told.nics:
        row = next((row for row in catalog.nics.values() if _means(row, nic)), None)
        if row is not None:
            yield Adapter(
                name=nic.fqdd, nic=row.key, model=nic.model, index=1, slot=nic.slot, embedded=nic.slot is None,
                pci=row.pci or "",
            )  # fmt: skip


def _means(row: NicModel, nic: Nic) -> bool:
    pci = ":".join(nic.pci[:2])
    return nic.part in row.parts or bool(row.pci and row.pci.upper() == pci.upper())


def _firmware(release: Release, adapters: tuple[Adapter, ...], catalog: Catalog) -> Iterator[WantedFirmware]:
    for component in release.components:
        kind = catalog.firmware.get(component.key)
        if kind is None or kind.settings:
            continue
        on = tuple(adapter.name for adapter in adapters if adapter.nic in kind.nics)
        if on or not kind.nics:
            yield _wanted(release, component, on, catalog)


def _of_card(release: Release, catalog: Catalog) -> Iterator[WantedFirmware]:
    """Yield the versions of adapters, for a BMC that sits on one."""
    for component in release.components:
        kind = catalog.firmware.get(component.key)
        if kind is not None and kind.nics and kind.backend != "bmc":
            row = _wanted(release, component, ("",), catalog)
            yield WantedFirmware(
                key=row.key, name=row.name, version=row.version, equal=row.equal, backend=row.backend,
                pinned_by=row.pinned_by, source=row.source,
            )  # fmt: skip


def _wanted(release: Release, row: Component, adapters: tuple[str, ...], catalog: Catalog) -> WantedFirmware:
    kind = catalog.firmware[row.key]
    # A version for the servers that a release names is none for a server that it does not.
    version = row.version if adapters else None
    return WantedFirmware(
        key=row.key, name=kind.name, version=version, equal=row.equal, adapters=adapters, backend=kind.backend,
        optional=True, pinned_by=f"release {release.key}" if version else "", source=row.source,
    )  # fmt: skip
