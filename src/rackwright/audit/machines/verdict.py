"""Judging servers: every check of the wanted domains over every BMC that it applies to; what is not told is never a pass."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from rackwright import catalog as catalogs
from rackwright.audit.evidence import Evidence
from rackwright.audit.ledger import Check, Ledger, Untold
from rackwright.audit.machines import adapters, bios, controllers, firmware, identity, insides
from rackwright.audit.machines.evidence import TOPICS
from rackwright.audit.machines.model import (
    DOMAINS,
    Domain,
    MachineCheck,
    MachineLook,
    MachineView,
    RackCheck,
    ServerCheck,
)
from rackwright.audit.machines.swaps import Known
from rackwright.catalog.models import Catalog
from rackwright.drivers.redfish.model import Topic
from rackwright.findings import Finding, sort_key
from rackwright.plan.controllers import BmcSettings
from rackwright.plan.machines import Machine

__all__ = ["CHECKS", "judge", "topics", "verdict"]

ROOMS = (identity, insides, adapters, firmware, bios, controllers)
"""Where checks are; importing them registers them."""

REACHED: Final = "BMC-REACHED"
"""The check that tells who could not be asked; it is always judged."""

CHECKS: Mapping[str, MachineCheck] = {
    check.id: check
    for room in ROOMS
    for check in Check.registry.values()
    if isinstance(check, MachineCheck) and type(check).__module__ == room.__name__
}
"""Id -> check, in the order in which they are judged and told."""


def topics(domains: Iterable[Domain] = (), checks: Iterable[str] = ()) -> frozenset[Topic]:
    """Return what must be read of a BMC to judge some domains (all when none is named), or the domains of some checks."""
    chosen = set(domains) or set(DOMAINS)
    named = {CHECKS[check].domain for check in checks if check in CHECKS}
    return frozenset[Topic]().union(*(TOPICS[domain] for domain in sorted(chosen & named if named else chosen)))


def judge(
    machines: Mapping[str, Machine], evidence: Mapping[str, Evidence], *, catalog: Catalog | None = None,
    names: Iterable[str] = (), domains: Iterable[Domain] = (), checks: Iterable[str] = (),
    settings: Mapping[str, BmcSettings] | None = None, apart: Known | None = None,
) -> tuple[Finding, ...]:  # fmt: skip
    """Judge what BMCs told against what their servers should be: a finding for each check and subject.

    ``machines`` are all servers of the plan by name; ``names`` those to judge, and BMCs of adapters (``gpu01.b3220l-1``) with them.
    ``apart`` is what :func:`known` makes of the machines, where it is there already.
    """
    look = MachineLook(
        machines, evidence, catalog or catalogs.load(), frozenset(names),
        frozenset(domains) or frozenset(DOMAINS), frozenset(checks), settings or {}, apart=apart,
    )  # fmt: skip
    try:
        return verdict(look)
    finally:
        look.let_go()


def verdict(look: MachineLook) -> tuple[Finding, ...]:
    """Judge one look."""
    chosen = [
        check for name, check in CHECKS.items()
        if name == REACHED or (check.domain in look.domains and (not look.checks or name in look.checks))
    ]  # fmt: skip
    return tuple(sorted((item for check in chosen for item in _one(check, look)), key=sort_key))


def _one(check: MachineCheck, look: MachineLook) -> Iterator[Finding]:
    views = [view for view in look.views.values() if check.id == REACHED or view.reached]
    meant = [view for view in views if check.meant(view)]
    ledgers = _rack(check, look, meant) if isinstance(check, RackCheck) else _each(check, meant)
    for ledger in ledgers:
        yield from ledger.findings()
    for view in views if not look.site else ():
        if view not in meant:
            # What a site would have told is named, so that a verdict without one is not taken for a whole one.
            ledger = Ledger(check, view.name)
            ledger.skip(f"not judged, nothing is known of what should be: {check.title}")
            yield from ledger.findings()


def _rack(check: RackCheck, look: MachineLook, views: Collection[MachineView]) -> Iterator[Ledger]:
    yield from check.judge(look, views)


def _each(check: MachineCheck, views: Iterable[MachineView]) -> Iterator[Ledger]:
    for view in views:
        ledger = Ledger(check, view.name)
        if isinstance(check, ServerCheck):
            try:
                check.judge(view, ledger)
            except Untold as error:
                ledger.untold("", str(error))
        yield ledger
