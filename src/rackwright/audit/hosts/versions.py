"""The software that a host told, a version a component: what a record keeps of it."""

from __future__ import annotations

from rackwright.audit.evidence import UNKNOWN
from rackwright.audit.hosts import parsers
from rackwright.audit.hosts.model import HostLook, HostView
from rackwright.audit.hosts.questions import facts_of
from rackwright.audit.ledger import Untold

__all__ = ["NO_SYSTEM", "versions"]

NO_SYSTEM = "operating system"
"""What stands for all of it where no system was looked at."""


def versions(look: HostLook) -> dict[str, str]:
    """Return component -> version of the facts of the release that a host of a look told; ``not known`` where it does not tell one.

    A look is of one host. What a release does not pin is told too, and what a host does not own (a driver in containers) is not asked.
    """
    return {title: found for view in look.views.values() for title, found in _of(view).items()}


def _of(view: HostView) -> dict[str, str]:
    catalog = view.look.catalog
    chains = facts_of(view.wanted, catalog)
    rows = [row for row in view.stack.expected if row.fact in chains]
    if not view.reached or not rows:
        return {NO_SYSTEM: UNKNOWN}
    found = {}
    for row in rows:
        # "Fabric Manager, which must be the driver's"
        title = (catalog.facts[row.fact].name if row.fact in catalog.facts else row.fact).partition(",")[0]
        try:
            told = view.first(chains[row.fact], getattr(parsers, row.parser))[1]
        except Untold:
            told = UNKNOWN
        found[title] = told if isinstance(told, str) else ", ".join(told)
    return found
