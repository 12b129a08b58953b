"""Changes of the site file that give other numbers to what stands: each is told with its figures.

The lock keeps places in pools, so a pool that begins elsewhere moves everything in it. It keeps beside them what each pool
was; where that reads otherwise now, addresses are given out once from the pools of then and once from those of now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rackwright.catalog.models import Catalog
from rackwright.findings import Problem, problem
from rackwright.intent.models import Pools, Site
from rackwright.plan import addresses as addressing
from rackwright.plan.address_model import Addresses
from rackwright.plan.lock import Lock, LockFile, Wish
from rackwright.plan.model import Device
from rackwright.plan.subnets import oob_network
from rackwright.plan.wiring import Wiring

__all__ = ["CHECK", "renumbered"]

CHECK: Final = "plan.renumbering"

_NETWORK: Final = ("style", "subnet", "pool", "gateway_address", "leaf_addresses")
"""Keys of a network that its addresses are counted from."""

_SHOWN: Final = 3


def renumbered(
    site: Site, devices: Sequence[Device], wiring: Wiring, catalog: Catalog, kept: LockFile | None, lock: Lock,
    now: Addresses,
) -> list[Problem]:  # fmt: skip
    """Return a warning when values that stand change with their pools; note what numbers are counted from by now."""
    wishes = dict(_pools(site))
    before = {name: was for name, wish in wishes.items() if (was := lock.laid_by(name, wish)) is not None}
    changes = [
        (path, was.get(key), wishes[name].get(key))
        for name, was in before.items()
        for key in sorted({*was, *wishes[name]})
        if was.get(key) != wishes[name].get(key)
        for path in [(*name.split("."), key)]
    ]
    if not changes:
        return []
    then, _ = addressing.allocate(
        _former(site, before), devices, wiring.links, catalog, Lock(kept), places=wiring.places, layouts=wiring.layouts
    )
    standing = _standing(kept or LockFile())
    after = {what: value for what, _, value in _values(now)}
    stood = [(what, value) for what, device, value in _values(then) if not device or device in standing]
    moved = [(what, old, new) for what, old in stood if (new := after.get(what)) not in (None, old)]
    return [_told(changes, moved, len(stood))] if moved else []


def _standing(kept: LockFile) -> set[str]:
    """Return the devices that had numbers before; blocks of ports know those to come as well."""
    numbered = ("pools.", "networks.")
    pools = [pool for pool in kept.pools if pool.startswith(numbered) or pool.endswith(".slot")]
    return {key.partition(":")[0] for pool in pools for key in kept.pools[pool]}


def _pools(site: Site) -> Iterator[tuple[str, Wish]]:
    """Yield what the numbers of the site are counted from, section by section."""
    yield "pools", site.pools.model_dump(exclude_none=True)
    own: dict[str, dict[str, list[str]]] = {}
    for key, fabric in site.fabrics.items():
        if fabric.per_switch:
            own.setdefault(oob_network(site, key), {})[key] = list(fabric.per_switch)
    for name, network in site.networks.items():
        wish = network.model_dump(include={*_NETWORK}, exclude_defaults=True)
        yield f"networks.{name}", wish | ({"per_switch": own[name]} if name in own else {})


def _former(site: Site, before: Mapping[str, Wish]) -> Site:
    """Return the site with its pools as numbers were counted from."""
    networks, fabrics, pools = dict(site.networks), dict(site.fabrics), site.pools
    for section, was in before.items():
        name = section.partition(".")[2]
        if section == "pools":
            pools = pools.model_copy(update={key: was.get(key) for key in Pools.model_fields})
            continue
        plain = {key: was.get(key, type(networks[name]).model_fields[key].default) for key in _NETWORK}
        networks[name] = networks[name].model_copy(update=plain)
        for key, fabric in site.fabrics.items():
            if oob_network(site, key) == name:
                fabrics[key] = fabric.model_copy(update={"per_switch": was.get("per_switch", {}).get(key, ())})
    return site.model_copy(update={"networks": networks, "fabrics": fabrics, "pools": pools})


def _values(given: Addresses) -> Iterator[tuple[str, str, Any]]:
    """Yield (what it is, the device that must stand for it, value) of everything that comes from a pool."""
    for key, subnet in given.subnets.items():
        yield f"gateway of {key}", "", subnet.gateway
    for (device, port), value in given.controllers.items():
        yield f"{device}:{port}", device, value
    for (key, device, port), value in given.hosts.items():
        yield f"{device}{port and ':'}{port} in {key}", device, value
    for (key, device), value in given.svis.items():
        yield f"{device} in {key}", device, value
    for (device, port), pair in given.rails.items():
        yield f"{device}:{port}", device, pair.host
        yield f"{pair.leaf}:{pair.leaf_port}", device, pair.switch
    numbers: Mapping[str, Mapping[str, Any]] = {"loopback": given.loopbacks, "VTEP": given.vteps, "ASN": given.asns}
    for name, found in numbers.items():
        for device, number in found.items():
            yield f"{name} of {device}", device, number


def _told(
    changes: Sequence[tuple[tuple[str, ...], Any, Any]], moved: Sequence[tuple[str, Any, Any]], stood: int
) -> Problem:
    """Return what a change of pools does to what stands."""
    causes = ", ".join(
        f"{'.'.join(path)} was {_short(was)} and is {_short(now)}" for path, was, now in changes[:_SHOWN]
    )
    more = f" and {len(changes) - _SHOWN} more" if len(changes) > _SHOWN else ""
    first = ", ".join(f"{what} {old} -> {new}" for what, old, new in moved[:_SHOWN])
    rest = f" and {len(moved) - _SHOWN} more" if len(moved) > _SHOWN else ""
    return problem(
        CHECK,
        f"{len(moved)} of {stood} values that stand change: {first}{rest}: {causes}{more}",
        path=changes[0][0],
        severity="warning",
        remedy="take the change back, or bring switches, BMCs and hosts to the new values",
    )


def _short(value: Any) -> str:
    return "not said" if value is None else str(value)
