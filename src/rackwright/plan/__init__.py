"""The planner: ``plan, lock = plan.build(site, lock)``.

The path: machines -> wiring, fabric by fabric -> racks and cables -> addresses -> switches, hosts and
services. Everything is a function of the site, the catalog and the lock; equal input gives an equal plan.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from rackwright.catalog.models import Catalog
from rackwright.documents import canonical_json, digest
from rackwright.errors import PlanError
from rackwright.findings import Location, Problem, sort_key
from rackwright.intent.models import Site
from rackwright.nvue.tree import natural_key
from rackwright.plan import addresses as addressing
from rackwright.plan import bcm_pair, cables, hosts, nodes, racks, services, stack_wishes, switches
from rackwright.plan.address_model import Addresses
from rackwright.plan.collisions import collisions
from rackwright.plan.contradictions import contradictions, name_clashes
from rackwright.plan.lock import Lock, LockFile
from rackwright.plan.model import Device, Plan
from rackwright.plan.oob import wire_oob, wire_uplinks
from rackwright.plan.pair import wire_pair
from rackwright.plan.rails import wire_rails
from rackwright.plan.recabling import moved
from rackwright.plan.renaming import renamed
from rackwright.plan.renumbering import renumbered
from rackwright.plan.uncabled import uncabled
from rackwright.plan.unreached import unreached
from rackwright.plan.waves import waves
from rackwright.plan.wiring import Wiring
from rackwright.plan.wishes import explicit_links, judge

__all__ = ["Lock", "LockFile", "Outcome", "Plan", "attempt", "build", "with_locations"]

Keys = Sequence[tuple[str, str, str]]


class Outcome(NamedTuple):
    """What planning gives: a plan when nothing is wrong, the lock, and every problem."""

    plan: Plan | None
    lock: Lock
    problems: tuple[Problem, ...]


def build(site: Site, lock: LockFile | None = None, *, catalog: Catalog, keys: Keys = ()) -> tuple[Plan, Lock]:
    """Return the plan and the lock that goes with it.

    ``keys`` are the public SSH keys of ``access.ssh_keys`` as (name, type, key). Raises PlanError with every
    problem when the wish cannot be planned.
    """
    outcome = attempt(site, lock, catalog=catalog, keys=keys)
    if outcome.plan is None:
        first = outcome.problems[0] if outcome.problems else "no reason was given"
        raise PlanError(f"{len(outcome.problems)} problem(s); the first: {first}", outcome.problems)
    return outcome.plan, outcome.lock


def attempt(site: Site, kept: LockFile | None = None, *, catalog: Catalog, keys: Keys = ()) -> Outcome:
    """Return the plan, or every problem that stands in its way; warnings do not."""
    lock, site = Lock(kept), _ordered(site)
    problems: list[Problem] = [
        *judge(site, catalog),
        *contradictions(site, catalog),
        *stack_wishes.judge(site, catalog),
    ]
    if _blocked(problems):
        return Outcome(None, lock, tuple(sorted(problems, key=sort_key)))
    wiring = _wire(site, catalog, lock)
    problems += wiring.problems
    if not _blocked(problems):
        problems += moved(site, catalog, kept, lock, wiring, _wire)
    if _blocked(problems):
        return Outcome(None, lock, tuple(sorted(problems, key=sort_key)))
    devices = list(wiring.devices)
    problems += uncabled(site, devices, wiring.links, catalog)
    placements, stand, found, rooms = racks.place(site, devices, catalog, lock)
    problems += found
    addresses, found = addressing.allocate(
        site, devices, wiring.links, catalog, lock, places=wiring.places, layouts=wiring.layouts
    )
    problems += found
    if _blocked(problems):
        return Outcome(None, lock, tuple(sorted(problems, key=sort_key)))
    problems += renumbered(site, devices, wiring, catalog, kept, lock, addresses)
    problems += renamed(kept, lock)
    static = catalog.conventions[site.site.conventions].management == "static"
    devices = addressing.with_management(devices, addresses, static=static)
    assemblies, found = cables.assemble(
        wiring.links, devices, placements, stand, catalog, row=racks.row(site, lock), rooms=rooms, ports=wiring.ports
    )
    problems += found
    frame, found = _frame(site, catalog, lock, wiring, devices, addresses, keys)
    problems += found
    resolved = tuple(frame.systems["leaf"].dns)
    host_networks = hosts.networks(site, devices, wiring.links, addresses, catalog, nameservers=resolved)
    scopes = services.scopes(site, devices, addresses, host_networks)
    problems += [*bcm_pair.judge(site, devices, host_networks, scopes), *unreached(site, *_asked(frame), scopes)]
    problems += hosts.nameless(site, devices, host_networks)
    if _blocked(problems):
        return Outcome(None, lock, tuple(sorted(problems, key=sort_key)))
    plan = Plan(
        site.site.name, site.site.release, frame.nos, _digest(site, catalog), tuple(devices), tuple(wiring.links),
        assemblies, switches.build(frame), host_networks, stand, placements, scopes,
        services.records(site, devices, addresses, host_networks), tuple(wiring.layouts),
        waves(devices, wiring.leaves, site.fabrics),
        tuple(str(problem) for problem in sorted(problems, key=sort_key)),
    )  # fmt: skip
    return Outcome(plan, lock, tuple(sorted(problems, key=sort_key)))


def _ordered(site: Site) -> Site:
    """Return the site with its mappings in one order, so that the order of keys in the file changes nothing."""
    return site.model_copy(
        update={
            "groups": dict(sorted(site.groups.items())),
            "networks": dict(sorted(site.networks.items(), key=lambda item: (item[1].vlan or 0, item[0]))),
            "vrfs": dict(sorted(site.vrfs.items())),
            "fabrics": dict(sorted(site.fabrics.items())),
            "racks": dict(sorted(site.racks.items(), key=lambda item: natural_key(item[0]))),
        }
    )


def with_locations(
    problems: Sequence[Problem], locate: Callable[[tuple[str, ...]], Location | None]
) -> tuple[Problem, ...]:
    """Return the problems with the place in the site file that their path points to."""
    return tuple(
        found if found.location else msgspec.structs.replace(found, location=locate(tuple(found.path.split("."))))
        for found in problems
    )


def _blocked(problems: Sequence[Problem]) -> bool:
    return any(found.severity == "error" for found in problems)


def _wire(site: Site, catalog: Catalog, lock: Lock) -> Wiring:
    """Return the wiring: scale-out first, then pairs, then out of band, which counts all the others."""
    wiring = Wiring()
    found, wiring.problems = nodes.machines(site, catalog, lock)
    wiring.devices += found
    wiring.devices += racks.pdus(site)
    kinds = (("rails", wire_rails), ("pair", wire_pair), ("oob", wire_oob), ("oob", wire_uplinks))
    for family, wire in kinds:
        for key, fabric in site.fabrics.items():
            if fabric.family == family:
                wire(key, site, catalog, lock, wiring)
    explicit_links(site, catalog, wiring)
    wiring.problems += list(name_clashes(wiring.devices)) or collisions(site, catalog, wiring)
    wiring.devices = nodes.identify(wiring.devices, site.rows)
    return wiring


def _frame(
    site: Site, catalog: Catalog, lock: Lock, wiring: Wiring, devices: Sequence[Device], addresses: Addresses,
    keys: Keys,
) -> tuple[switches.Frame, list[Problem]]:  # fmt: skip
    """Return what the switches are built from, with servers and relays resolved to addresses."""
    relays, problems = services.relay_targets(site, devices, addresses)
    site, found = services.vrf_relays(site, devices, addresses)
    problems += found
    servers: dict[str, tuple[str, ...]] = {}
    words: Mapping[str, tuple[str, ...]] = {
        "ntp": site.services.ntp, "dns": site.services.dns, "syslog": site.services.syslog,
    }  # fmt: skip
    for name, listed in words.items():
        servers[name], found = services.resolve(listed, ("services", name), site, devices, addresses, prefer=("oob",))
        problems = [*problems, *found]
    made = switches.frame(
        site, catalog, lock, devices=devices, links=wiring.links, ports=wiring.ports, leaves=wiring.leaves,
        addresses=addresses, relays=relays, keys=keys, servers=servers,
    )  # fmt: skip
    return made, [*problems, *switches.leak_notes(made), *switches.doubled_numbers(made), *switches.doubled_bonds(made)]


def _asked(frame: switches.Frame) -> tuple[dict[str, tuple[str, ...]], Mapping[str, tuple[str, ...]]]:
    """Return the servers that switches ask, by word of ``services``, and the DHCP servers, by network."""
    system = frame.systems["leaf"]
    return {"ntp": system.ntp, "dns": system.dns, "syslog": system.syslog}, frame.relays


def _digest(site: Site, catalog: Catalog) -> str:
    """Return the digest of everything the plan was made from, but the lock."""
    written = site.model_dump(mode="json", by_alias=True)
    rows = [row.model_dump(mode="json") for row in site.rows]
    release = catalog.releases[site.site.release].model_dump(mode="json")
    return digest(canonical_json([written, rows, release]))
