"""Judging: every check over every switch that it applies to; what cannot be told is an error, never a pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from rackwright import catalog as catalogs
from rackwright.audit import links, overlay, quality, routing, settings, wires
from rackwright.audit.cabling import Cables, Names, Port, Sight
from rackwright.audit.evidence import Evidence
from rackwright.audit.ledger import Check, Ledger, Proof, Untold
from rackwright.audit.model import DeviceCheck, FabricCheck, Limits, Look, Site, SwitchCheck, View
from rackwright.catalog.models import Catalog
from rackwright.findings import Finding, sort_key
from rackwright.nvue.tree import Tree
from rackwright.plan.model import Plan, Switch

__all__ = ["CHECKS", "heard", "judge", "questions", "switch_sights", "verdict"]

ROOMS = (settings, wires, links, quality, routing, overlay)
"""Where checks are; importing them registers them."""

REACHED: Final = "DEVICE-REACHED"
"""The check that tells who could not be asked; it is always judged."""

CHECKS: Mapping[str, SwitchCheck] = {
    check.id: check
    for room in ROOMS
    for check in Check.registry.values()
    if isinstance(check, SwitchCheck) and type(check).__module__ == room.__name__
}
"""Id -> check, in the order in which they are judged and told."""


def questions(switch: Switch, site: Site, checks: Iterable[str] = ()) -> tuple[str, ...]:
    """Return what a switch must be asked for the checks (all when none is named), each question once."""
    asked: dict[str, None] = {}
    for check in _chosen(checks):
        if check.applies(switch, site):
            asked.update(dict.fromkeys(check.questions(switch, site)))
    return tuple(asked)


def judge(
    plan: Plan, evidence: Mapping[str, Evidence], *, catalog: Catalog | None = None,
    intended: Callable[[Switch], Tree] | None = None, before: Mapping[str, Evidence] | None = None,
    limits: Limits | None = None, names: Iterable[str] = (), checks: Iterable[str] = (),
    hosts: Mapping[Port, Sight] | None = None, site: Site | None = None, cables: Cables | None = None,
    worked: Mapping[str, tuple[str, str]] | None = None, leases: Iterable[str] = (),
) -> tuple[Finding, ...]:  # fmt: skip
    """Judge what switches said against the plan: a pass, fail, error or skipped finding for each check and subject.

    ``intended`` renders a switch's tree; without it drift is an error, since it was not looked at. ``before`` is the
    evidence of the last look, ``names`` the switches to judge (all when empty), ``hosts`` what hosts see at their ends of cables. ``site`` is
    the plan with its tables, for who judges one switch after the other, and ``cables`` what its cables are judged by where that is not all of
    the plan's. ``worked`` and ``leases`` are what :class:`Look` says.
    """
    look = Look(
        site or Site(plan, catalog or catalogs.load()), evidence, intended, before or {}, limits or Limits(), frozenset(names),
        frozenset(checks), hosts or {}, cables, worked=worked or {}, leases=frozenset(leases),
    )  # fmt: skip
    return verdict(look)


def heard(
    plan: Plan,
    evidence: Mapping[str, Evidence],
    *,
    catalog: Catalog,
    checks: Iterable[str],
    standing: Iterable[str] = (),
) -> tuple[Proof, tuple[tuple[Port, Port], ...]]:
    """Judge the cables of a plan by LLDP: what :func:`judge` finds, and the links of which no switch heard whom they lead to.

    A link is (end that was asked or could have been, other end). One that is down is not among them: a finding tells it. ``standing`` are
    devices whose other cables prove their places.
    """
    look = Look(
        Site(plan, catalog), evidence, names=frozenset(evidence), checks=frozenset(checks), standing=frozenset(standing)
    )  # fmt: skip
    return Proof(verdict(look), wires.standing(look)), wires.unheard(look)


def switch_sights(
    plan: Plan, evidence: Mapping[str, Evidence], catalog: Catalog, names: Names | None = None
) -> dict[Port, Sight]:
    """Return what each cabled port of the switches that were asked sees, for the proof of the cabling from hosts' ends.

    ``names`` are those of the plan, where somebody has made them.
    """
    return wires.sights(Look(Site(plan, catalog), evidence, names=frozenset(evidence)), names or Names(plan))


def verdict(look: Look) -> tuple[Finding, ...]:
    """Judge one look."""
    found = [item for check in _chosen(look.checks) for item in _one(check, look)]
    return tuple(sorted(found, key=sort_key))


def _chosen(checks: Iterable[str]) -> list[SwitchCheck]:
    wanted = {*checks, REACHED} if checks else set(CHECKS)
    return [check for name, check in CHECKS.items() if name in wanted]


def _one(check: SwitchCheck, look: Look) -> Iterator[Finding]:
    views = [view for view in look.views.values() if check.applies(view.switch, look.site)]
    if check.id != REACHED:
        # Who could not be asked is told once, by the check for it, and not again by every other.
        views = [view for view in views if view.reached]
        for view in views:
            yield from _unanswered(check, view)
    if isinstance(check, FabricCheck):
        for ledger in check.judge(look):
            yield from ledger.findings()
        return
    if isinstance(check, DeviceCheck):
        for view in views:
            if check.id == REACHED or not _missing(check, view):
                yield from _device(check, view)


def _device(check: DeviceCheck, view: View) -> Iterator[Finding]:
    ledger = Ledger(check, view.name)
    try:
        check.judge(view, ledger)
    except Untold as error:
        ledger.untold("", str(error))
    yield from ledger.findings()


def _missing(check: SwitchCheck, view: View) -> list[str]:
    """Return why questions have no answer, if the check cannot do without them."""
    return [f"{question}: {why}" for question in check.needs(view) if (why := view.why_not(question))]


def _unanswered(check: SwitchCheck, view: View) -> Iterator[Finding]:
    missing = _missing(check, view)
    if missing:
        ledger = Ledger(check, view.name)
        remedy = view.evidence.remedy if view.evidence else ""
        ledger.untold("", f"not judged: {missing[0].partition(': ')[2]}", remedy=remedy, evidence=missing)
        yield from ledger.findings()
