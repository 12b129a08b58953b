"""What a switch learned: the MAC address behind a port says which machine is there, also where that speaks no LLDP.

BMCs, adapters' BMCs and ports of a server without a system are known by nothing else. An address that nodes.csv does not have, or that is a
whole bond's, says nothing; neither does a port behind which another switch stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rackwright.audit.cabling import Names, Port
from rackwright.audit.evidence import SHOW
from rackwright.audit.model import View
from rackwright.intent.nodes import normal_mac

__all__ = ["TABLE", "claims", "table", "unknown"]

TABLE: Final = f"{SHOW}bridge domain br_default mac-table"
"""The question for the forwarding table."""
_NOT_LEARNED: Final = frozenset({"permanent", "extern_learn", "static"})
"""Entries of the table that are its own, or another switch's (5.12 guide, EVPN troubleshooting)."""

_BY_HAND: Final = "take it from the label or the BMC itself; 'rackwright discover' takes it from this very cable"
_SPEAK: Final = "ping it, or wait until its system speaks, and look again"


def table(shown: Any) -> dict[str, tuple[str, ...]]:
    """Return port -> MAC addresses that are learned there, of what :data:`TABLE` shows."""
    found: dict[str, dict[str, None]] = {}
    for mac, row in _rows(shown):
        if row.get("entry-type") not in _NOT_LEARNED:
            found.setdefault(str(row.get("interface", "")), {})[mac] = None
    return {port: tuple(macs) for port, macs in found.items()}


def _rows(shown: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield address and entry of each row that has one: 5.12 is taken to number its rows, 5.14 has the address as the key."""
    for key, row in shown.items() if isinstance(shown, dict) else ():
        mac = normal_mac(str(row.get("mac") or key)) if isinstance(row, dict) else None
        if mac:
            yield mac, row


def claims(view: View, names: Names) -> Mapping[str, tuple[Port, ...]]:
    """Return port of a switch -> the port of ours that is behind it; several of one machine are all told, of several machines none.

    Where what is planned is among them it is that.
    """
    if view.why_not(TABLE):
        return {}
    site = view.look.site
    planned = {port.name: Port(port.peer, port.peer_port) for port in view.switch.ports if port.link >= 0}
    found: dict[str, tuple[Port, ...]] = {}
    for name, macs in table(view.tree(TABLE)).items():
        far = planned.get(name)
        if far is not None and far.device in site.switches and far.name != "eth0":
            continue
        behind = [one for mac in macs if (one := names.find("", "", (mac,))) is not None and one not in site.bonded]
        if far in behind:
            found[name] = (far,)
        elif len({one.device for one in behind}) == 1:
            found[name] = tuple(behind)
    return found


def unknown(view: View, near: str, far: Port) -> tuple[str, str]:
    """Say why the table does not tell what is behind a port, and how to find out."""
    if not view.reached:
        return f"{view.name} was not asked", "look at it, too"
    if why := view.why_not(TABLE):
        return (
            f"the forwarding table of {view.name} is not told ({why:.60})",
            "see 'nv show bridge domain br_default mac-table'",
        )
    shown = view.tree(TABLE)
    if shown and not any(_rows(shown)):
        return f"no row of the forwarding table of {view.name} could be read", f"see '{TABLE} -o json'"
    if far in view.look.site.bonded:
        return "the MAC address is that of a whole bond", "LLDP of the system tells it"
    if far not in view.look.site.macs:
        return "nodes.csv has no MAC address of it", _BY_HAND
    strange = table(shown).get(near, ())
    if strange:
        return (
            f"{', '.join(strange[:2])} is learned there, which nodes.csv does not have",
            "compare it with the machine's own",
        )
    return f"its MAC address is not in the table of {view.name}", _SPEAK
