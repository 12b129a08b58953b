"""Changes of the site file that would move cables which stand: each is told with its figures, none passes in silence.

The lock keeps what the cables were laid out by. Where that reads otherwise now, the site is wired once as it was
and once as it is wished; an end that would change its other end is a cable that moves.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from rackwright.catalog.models import Catalog
from rackwright.findings import Problem, problem
from rackwright.intent.models import Fabric, Group, Site
from rackwright.plan.lock import Lock, LockFile, Wish, recable
from rackwright.plan.model import Link
from rackwright.plan.wiring import Wiring

__all__ = ["CHECK", "moved"]

CHECK: Final = "plan.recabling"

_UNWIRED: Final[Any] = {
    "adaptive_routing": True, "bgp": True, "per_switch": True, "uplink": {"bond_per_link", "segment"}, "leaves": {"loopbacks"},
    "attach": {"__all__": {"network", "native", "tagged", "lacp_bypass", "segment"}},
    "external": {"__all__": {"vrf", "peering", "peer_asn", "advertise", "description"}},
}  # fmt: skip
"""Keys of a fabric that say nothing about its cables."""

_PLACES: Final = frozenset({"at", "ports", "peers", "peer_ports", "name", "links", "spare", "reserve"})
"""Keys that say themselves where a cable ends or what its end is called: changed, they are consent."""

_SHOWN: Final = 3
_ROOM: Final = 60

Path = tuple[str, ...]
Wire = Callable[[Site, Catalog, Lock], Wiring]


class _Change(NamedTuple):
    """One key that reads otherwise than when the cables were laid out."""

    path: Path
    before: Any
    now: Any

    def __str__(self) -> str:
        return f"{'.'.join(self.path)} was {_short(self.before)} and is {_short(self.now)}"


def moved(site: Site, catalog: Catalog, kept: LockFile | None, lock: Lock, wiring: Wiring, wire: Wire) -> list[Problem]:
    """Return a problem for each fabric whose standing cables would move; note what they are laid out by from now on.

    An error, unless every key that changed says where its cables end: then a warning.
    """
    sections = _sections(site, kept)
    before = {name: was for name, wish in sections.items() if (was := lock.laid_by(name, wish)) is not None}
    changes = [
        change for name, was in before.items() for change in _changes(name.partition(".")[::2], was, sections[name])
    ]
    anew = {name for name in site.fabrics if f"fabrics.{name}" in before and _laid_anew(site.fabrics[name], name, kept)}
    if not changes and not anew:
        return []
    try:
        former = _former(site, catalog, before)
    except ValueError as error:
        return [
            problem(
                CHECK, f"{changes[0]}; what that would move cannot be told: {error}", path=changes[0].path,
                remedy=f"take the change back, or {recable('wishes/' + '.'.join(changes[0].path[:2]))}",
            )
        ]  # fmt: skip
    stood = _standing(wire(former, catalog, Lock(kept)).links, kept or LockFile())
    counts = Counter(link.fabric for link in stood)
    return [
        _taken(fabric, cables, counts[fabric]) if fabric in anew else _told(fabric, cables, counts[fabric], changes)
        for fabric, cables in _gone(stood, wiring.links).items()
        if fabric in anew or changes
    ]


def _laid_anew(fabric: Fabric, name: str, kept: LockFile | None) -> bool:
    """Tell whether the layout of a fabric that stands was taken out of the lock: consent to recable it."""
    layout = {"rails": "shape", "pair": "cage"}.get(fabric.family)
    return layout is not None and kept is not None and f"{name}.{layout}" not in kept.pools


def _sections(site: Site, kept: LockFile | None) -> dict[str, Wish]:
    """Return what the cables of the site are laid out by, section by section."""
    found: dict[str, Wish] = {
        f"fabrics.{key}": fabric.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude=_UNWIRED)
        for key, fabric in site.fabrics.items()
    }
    wired = {name for fabric in site.fabrics.values() for entry in fabric.attach for name in entry.every_group}
    for key, group in site.groups.items():
        if key in wired:
            written = group.model_dump(
                mode="json", exclude_defaults=True, include={"model", "names", "nics", "interfaces"}
            )
            laid = (kept.wishes if kept else {}).get(f"groups.{key}", {}).get("max", 0)
            found[f"groups.{key}"] = written | {"max": max(group.target, laid)}
    return found


def _changes(path: Path, before: Any, now: Any) -> Iterator[_Change]:
    """Yield the innermost keys in which two wishes differ."""
    if isinstance(before or now, Mapping) and isinstance(now or before, Mapping):
        was, is_ = before or {}, now or {}
        for key in sorted({*was, *is_}):
            yield from _changes((*path, key), was.get(key), is_.get(key))
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now) and before != now:
        if all(isinstance(item, Mapping) for item in (*before, *now)):
            for at, (old, new) in enumerate(zip(before, now, strict=True)):
                yield from _changes((*path, str(at)), old, new)
        else:
            yield _Change(path, before, now)
    elif before != now and path[-1] != "max":
        yield _Change(path, before, now)


def _former(site: Site, catalog: Catalog, before: Mapping[str, Wish]) -> Site:
    """Return the site with its cables as they were laid out; ValueError where that cannot be known any more."""
    fabrics, groups = dict(site.fabrics), dict(site.groups)
    for section, was in before.items():
        kind, _, key = section.partition(".")
        try:
            if kind == "groups":
                now = site.groups[key]
                count = min(now.count, was.get("max", now.count))
                groups[key] = Group.model_validate({**was, "count": count, "absent": now.absent})
            else:
                fabrics[key] = _left(Fabric.model_validate(was), site)
        except ValidationError as error:
            raise ValueError(f"wishes/{section} in site.lock is not one of this version") from error
    former = site.model_copy(update={"fabrics": {k: f for k, f in fabrics.items() if f.attach}, "groups": groups})
    if lost := _lost(former, catalog):
        raise ValueError(f"{', '.join(sorted(lost))} of site.lock is not in the catalog any more")
    return former


def _left(fabric: Fabric, site: Site) -> Fabric:
    """Return a fabric without the groups that are gone: their cables are gone with them."""
    entries = [
        entry.model_copy(
            update={
                "group": entry.group if entry.group in site.groups else None,
                "groups": tuple(name for name in entry.groups if name in site.groups),
            }
        )
        for entry in fabric.attach
    ]
    kept = tuple(e for e in entries if e.group or e.groups or e.switches is not None or e.pdus is not None)
    return fabric.model_copy(update={"attach": kept})


def _lost(site: Site, catalog: Catalog) -> set[str]:
    """Return the hardware that a site was laid out with and the catalog no longer has."""
    fabrics = site.fabrics.values()
    switches = {tier.model for f in fabrics for tier in (f.leaves, f.spines, f.superspines) if tier.model}
    nics = {entry.nic for f in fabrics for entry in f.attach if entry.nic}
    return (
        switches.difference(catalog.switches)
        | nics.difference(catalog.nics)
        | {group.model for group in site.groups.values()}.difference(catalog.servers)
    )


def _standing(links: Sequence[Link], kept: LockFile) -> list[Link]:
    """Return the cables that the lock knows: what is new in the site has none that could move."""
    ports = {(pool, key) for pool, entries in kept.pools.items() if pool.endswith(".port") for key in entries}
    slots = {(pool.partition(".slot")[0], key) for pool, keys in kept.pools.items() if ".slot" in pool for key in keys}
    return [
        link
        for link in links
        if link.attach < 0
        or link.kind == "external"
        or (link.fabric, link.b.device) in slots
        or (f"{link.fabric}.port", f"{link.b.device}:{link.b.port}") in ports
    ]


def _gone(stood: Sequence[Link], wished: Sequence[Link]) -> dict[str, list[tuple[Link, Link]]]:
    """Return the cables of each fabric that would move, each with one that comes in its place.

    A cable that goes without another in its place is taken out, one that comes alone is new: neither moves anything.
    """
    known = {_ends(link) for link in stood}
    new = [link for link in wished if _ends(link) not in known]
    still = {_ends(link) for link in wished}
    by_end = {end: link for link in new for end in _ends(link)}
    between = Counter(_devices(link) for link in new)
    beside = {_devices(link): link for link in new}
    found: dict[str, list[tuple[Link, Link]]] = {}
    for link in stood:
        if _ends(link) in still:
            continue
        pair = _devices(link)
        other = by_end.get((link.b.device, link.b.port)) or by_end.get((link.a.device, link.a.port))
        if other is None and between[pair] > 0:
            between[pair] -= 1
            other = beside[pair]
        if other is not None:
            found.setdefault(link.fabric, []).append((link, other))
    return found


def _told(fabric: str, cables: Sequence[tuple[Link, Link]], stand: int, changes: Sequence[_Change]) -> Problem:
    """Return what is wrong with a change that moves cables of a fabric."""
    groups = {change.path[1] for change in changes if change.path[0] == "groups"}
    own = [change for change in changes if change.path[:2] == ("fabrics", fabric)]
    causes = own + [change for change in changes if change not in own and (not own or change.path[1] in groups)]
    consent = all(_PLACES & {*change.path[2:]} for change in causes)
    more = f" and {len(causes) - _SHOWN} more" if len(causes) > _SHOWN else ""
    sections = sorted({".".join(change.path[:2]) for change in causes})
    return problem(
        CHECK,
        f"{_figures(fabric, cables, stand, 'would move')}: {', '.join(map(str, causes[:_SHOWN]))}{more}",
        path=causes[0].path,
        severity="warning" if consent else "error",
        remedy="move them, or take the change back"
        if consent
        else f"take the change back, or {recable(*(f'wishes/{section}' for section in sections))}",
    )


def _taken(fabric: str, cables: Sequence[tuple[Link, Link]], stand: int) -> Problem:
    """Return what it moves that the layout of a fabric was taken out of the lock."""
    return problem(
        CHECK,
        f"{_figures(fabric, cables, stand, 'move')}: its layout was taken out of site.lock",
        path=("fabrics", fabric),
        severity="warning",
        remedy="move them, or take site.lock back from version control",
    )


def _figures(fabric: str, cables: Sequence[tuple[Link, Link]], stand: int, verb: str) -> str:
    devices, (was, now) = {link.b.device for link, _ in cables}, cables[0]
    return (
        f"{len(cables)} of {stand} cables of {fabric} that stand {verb}, of {len(devices)} device(s), the first from"
        f" {_name(was)} to {_name(now)}"
    )


def _ends(link: Link) -> tuple[tuple[str, str], tuple[str, str]]:
    one, other = sorted(((link.a.device, link.a.port), (link.b.device, link.b.port)))
    return one, other


def _devices(link: Link) -> tuple[str, ...]:
    return tuple(sorted((link.a.device, link.b.device)))


def _name(link: Link) -> str:
    return f"{link.a.device}:{link.a.port}-{link.b.device}:{link.b.port}"


def _short(value: Any) -> str:
    """Return a value in a line's room: a list too long for it by its size."""
    text = "not said" if value is None else json.dumps(value, separators=(",", ":")).replace('"', "")
    return f"a list of {len(value)}" if isinstance(value, list) and len(text) > _ROOM else text[:_ROOM]
