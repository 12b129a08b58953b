"""Who answers: BMCs that could be asked, and machines that are where nodes.csv says."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import ClassVar, Final

from rackwright.audit.ledger import Ledger
from rackwright.audit.machines.model import MachineLook, MachineView, RackCheck, ServerCheck
from rackwright.audit.machines.swaps import Kind, Muddle

__all__ = ["BmcReached", "MachineIdentity"]

_WHAT: Final[dict[Kind, tuple[str, str]]] = {
    "machines": ("are swapped", "swap their BMC cables (or the servers), or exchange their rows of nodes.csv"),
    "tags": ("have each other's service tag in nodes.csv", "exchange their service_tag cells in nodes.csv: the MAC addresses fit"),
    "macs": ("have each other's MAC addresses in nodes.csv", "exchange the MAC addresses of their rows in nodes.csv: the service tags fit"),
}  # fmt: skip
_PAIR: Final = 2


class BmcReached(ServerCheck):
    """Each BMC could be asked.

    Passes when it told something. An error otherwise, with the reason; no other check speaks of that server then.
    """

    id = "BMC-REACHED"
    title = "BMCs could be asked"
    remedy = "see its cable, address and power, and the way in (password, certificate, free sessions)"
    source = "design.md 11: no evidence is an error, never a pass"
    asks: ClassVar[tuple[str, ...]] = ("/redfish/v1",)
    domain = "hardware"
    cards = True

    def judge(self, view: MachineView, ledger: Ledger) -> None:
        """Enter whether there is evidence."""
        if view.evidence is None:
            ledger.untold("", "it was not asked", remedy="audit it, or name a snapshot that holds it")
        elif view.evidence.error:
            ledger.untold("", f"could not be asked: {view.evidence.error}", remedy=view.evidence.remedy or self.remedy)
        elif not any(not answer.error for answer in view.evidence.answers):
            ledger.untold("", "it told nothing at all", evidence=sorted(view.inventory.untold)[:8])
        else:
            ledger.right("session")

    def looked_at(self) -> tuple[str, ...]:
        """Name nothing: a session is evidence of itself."""
        return ()


class MachineIdentity(RackCheck):
    """The server that answers is the one of nodes.csv: service tag, MAC address of the BMC, and those of its adapters.

    Passes when all that is known agrees. Servers in each other's place are one finding that names them, also three and more in a
    ring; so are rows of nodes.csv whose tags or addresses are exchanged. Fails on a stranger. Skipped where nodes.csv tells nothing.
    """

    id = "MACHINE-IDENTITY"
    title = "service tags and MAC addresses are those of nodes.csv"
    remedy = "see which server stands there; correct its row of nodes.csv, or exchange the servers"
    source = "nodes.csv; ComputerSystem.SKU, EthernetInterface.PermanentMACAddress (Redfish)"
    asks: ClassVar[tuple[str, ...]] = ("Systems", "Managers/*/EthernetInterfaces", "Chassis/*/NetworkAdapters")
    domain = "hardware"
    of_site = True

    def judge(self, look: MachineLook, views: Collection[MachineView]) -> Iterator[Ledger]:
        """Yield the ledger of each server; a swap is entered once, with the first of its servers."""
        told = {name: muddle for muddle in look.muddles for name in muddle.names}
        for view in views:
            ledger = Ledger(self, view.name)
            muddle = told.get(view.name)
            if muddle is None:
                self._single(view, ledger)
            elif muddle.names[0] == view.name:
                self._muddled(muddle, ledger)
            else:
                ledger.skip(f"told at {muddle.names[0]}: another server stands in its place")
            yield ledger

    def _single(self, view: MachineView, ledger: Ledger) -> None:
        planned, seen = view.look.known.planned[view.name], view.marks
        if not planned.tag:
            ledger.skip("nodes.csv has no service tag of it", path="service tag")
        elif not seen.tag:
            ledger.untold("service tag", "it does not tell its service tag")
        elif seen.tag == planned.tag:
            ledger.right("value")
        else:
            message = f"its service tag is {seen.tag}, which nodes.csv has nowhere"
            ledger.wrong("service tag", message, expected=planned.tag, actual=seen.tag)
        self._bmc_mac(view, ledger)

    def _bmc_mac(self, view: MachineView, ledger: Ledger) -> None:
        expected, seen = view.machine.bmc_mac, view.inventory.bmc_macs
        if not expected:
            ledger.skip("nodes.csv has no MAC address of its BMC", path="bmc")
        elif not seen:
            ledger.untold("bmc", "its BMC does not tell its MAC address")
        elif expected in seen:
            ledger.right("value")
        else:
            message = f"the MAC address of its BMC is {', '.join(seen)}, not that of nodes.csv"
            remedy = (
                "correct the bmc cell in nodes.csv: a new system board brings a new address" if _tag_fits(view) else ""
            )
            ledger.wrong("bmc", message, expected=expected, actual=", ".join(seen), remedy=remedy)

    def _muddled(self, muddle: Muddle, ledger: Ledger) -> None:
        names = muddle.names
        what, remedy = _WHAT[muddle.kind]
        evidence = [f"at {at} answers {of} of nodes.csv" for at, of in zip(names, (*names[1:], names[0]), strict=True)]
        if muddle.ring and len(names) == _PAIR:
            ledger.wrong("swapped", f"{names[0]} and {names[1]} {what}", remedy=remedy, evidence=evidence)
        elif muddle.ring:
            ring = " -> ".join((*names, names[0]))
            message = f"{len(names)} servers {what} in a ring: {ring} (at each answers the next)"
            ledger.wrong("swapped", message, remedy=f"{len(names) - 1} swaps put it right: {remedy}", evidence=evidence)
        else:
            message = f"at {names[0]} answers the server that nodes.csv calls {names[1]}"
            chain = f"; at {', '.join(names[1:-1])} the next of {', '.join(names[2:])}" if len(names) > _PAIR else ""
            ledger.wrong(
                "swapped", message + chain, remedy=remedy, evidence=evidence[:-1], expected=names[0], actual=names[1]
            )


def _tag_fits(view: MachineView) -> bool:
    """Tell whether the service tag is the planned one, so that the machine itself is right."""
    planned = view.look.known.planned[view.name].tag
    return bool(planned) and planned == view.marks.tag
