"""Management cables of servers, proven by what the switches at their near ends see: LLDP, and the MAC addresses that they learned.

What is proven or cannot be is told a server, what is wrong at the switch, with the fewest repairs, as every cable.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from rackwright.audit.cabling import Cables, Port
from rackwright.audit.evidence import Evidence
from rackwright.audit.learned import unknown
from rackwright.audit.ledger import Check, Ledger, Proof
from rackwright.audit.model import Look, Site, View
from rackwright.audit.verdict import verdict
from rackwright.audit.wires import Cabling, Known, LinkState, known
from rackwright.findings import Finding

__all__ = ["judge"]

Link = tuple[Port, Port]

_CHECKS: Final = frozenset({Cabling.id, LinkState.id})
_RETRY: Final = "see why it does not answer, then retry"


def judge(
    site: Site, evidence: Mapping[str, Evidence], links: Mapping[str, Sequence[Link]], cables: Cables | None = None,
    standing: Iterable[str] = (),
) -> Proof:  # fmt: skip
    """Judge the management cables of servers, server -> (switch port, its own port), by what switches said.

    A pass a server with how many are proven; skipped is what no switch tells, with the way to find out; error, where a switch could not be
    asked. What fails is told at the switch, whoever's cable it is. ``standing`` are servers whose other cables prove that they stand where they
    are planned: what answers over each other's cables has these exchanged, and is not to be carried.
    """
    look = Look(
        site, evidence, names=frozenset(evidence), checks=_CHECKS, cables=cables, standing=frozenset(standing)
    )  # fmt: skip
    wrong = [one for one in verdict(look) if one.check in _CHECKS and one.status in {"fail", "error"}]
    told = known(look)
    found = (*wrong, *(one for name, mine in links.items() for one in _of(look, told, name, mine)))
    right = frozenset(far.device for near, far in told.right if near.device in evidence)
    return Proof(found, right & links.keys())


def _of(look: Look, told: Known, name: str, links: Sequence[Link]) -> Iterator[Finding]:
    """Yield what is told of one server: how many of its cables are right, and those of which nobody knows."""
    ledger = Ledger(Check.registry[Cabling.id], name)
    dumb: dict[tuple[str, str], list[Link]] = defaultdict(list)
    away: dict[str, list[Link]] = defaultdict(list)
    for link in links:
        near, far = link
        view = look.views.get(near.device) or View(look, look.site.switches[near.device], None)
        if view.evidence is not None and not view.reached:
            away[near.device].append(link)
        elif link in told.right:
            ledger.right("management cable")
        elif link not in told.wrong:
            dumb[unknown(view, near.name, far)].append(link)
    for (why, how), some in dumb.items():
        shown = ", ".join(f"{far.name} at {near}" for near, far in some)
        ledger.skip(f"not verified: {shown}: {why}; {how}", path=f"plug.{some[0][1].name}", remedy=how, actual=why,
                    evidence=[f"{near} to {far}" for near, far in some])  # fmt: skip
    for device, some in away.items():
        shown = ", ".join(f"{far.name} at {near.name}" for near, far in some)
        ledger.untold(f"plug.{device}", f"{device} could not be looked at: not verified is {shown}", remedy=_RETRY)
    if not ledger.empty:
        yield from ledger.findings()
