"""Judging hosts: every check over every host that it applies to; what is not told is never a pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from rackwright.audit.cabling import Cables, Port, Sight
from rackwright.audit.evidence import Evidence
from rackwright.audit.hosts import adapters, benchmarks, gpus, pair, reached, software, tree, wires
from rackwright.audit.hosts.model import HostCheck, HostLook, HostView, RackCheck
from rackwright.audit.hosts.wanted import Wanted
from rackwright.audit.ledger import Check, Ledger, Untold
from rackwright.catalog.models import Catalog
from rackwright.findings import Finding, sort_key
from rackwright.plan.model import Plan

__all__ = ["CHECKS", "judge", "verdict"]

ROOMS = (reached, software, pair, adapters, wires, tree, gpus, benchmarks)
"""Where checks are; importing them registers them."""

REACHED: Final = "HOST-REACHED"
"""The check that tells who could not be asked; it is always judged."""

CHECKS: Mapping[str, HostCheck] = {
    check.id: check
    for room in ROOMS
    for check in Check.registry.values()
    if isinstance(check, HostCheck) and type(check).__module__ == room.__name__
}
"""Id -> check, in the order in which they are judged and told."""


def judge(
    wanted: Mapping[str, Wanted], evidence: Mapping[str, Evidence], plan: Plan, catalog: Catalog, *,
    names: Iterable[str] = (), checks: Iterable[str] = (), switches: Mapping[Port, Sight] | None = None,
    told_by_switches: bool = False, cables: Cables | None = None,
) -> tuple[Finding, ...]:  # fmt: skip
    """Judge what hosts told against what they should be: a finding for each check and subject.

    ``switches`` is what the other ends of cables see; with ``told_by_switches`` wrong cables are told by the audit of switches.
    ``cables`` is what :func:`~rackwright.audit.cabling.cables` makes of the plan, or of the part that is judged, where it is there already.
    """
    return verdict(
        HostLook(
            wanted,
            evidence,
            plan,
            catalog,
            frozenset(names),
            frozenset(checks),
            switches or {},
            told_by_switches,
            cables,
        )
    )


def verdict(look: HostLook) -> tuple[Finding, ...]:
    """Judge one look."""
    chosen = [check for name, check in CHECKS.items() if not look.checks or name in look.checks or name == REACHED]
    return tuple(sorted((item for check in chosen for item in _one(check, look)), key=sort_key))


def _one(check: HostCheck, look: HostLook) -> Iterator[Finding]:
    # Who could not be asked, or told nothing, is told once, and not again by every other check.
    views = [view for view in look.views.values() if check.id == REACHED or (view.reached and view.told)]
    meant = [view for view in views if check.applies(view)]
    ledgers = check.judge_all(look, meant) if isinstance(check, RackCheck) else _each(check, meant)
    for ledger in ledgers:
        yield from ledger.findings()


def _each(check: HostCheck, views: Iterable[HostView]) -> Iterator[Ledger]:
    for view in views:
        ledger = Ledger(check, view.name)
        try:
            check.judge(view, ledger)
        except Untold as error:
            ledger.untold("", str(error))
        yield ledger
