"""Who answers: hosts that could be asked, and that are the ones of the plan."""

from __future__ import annotations

from typing import ClassVar, Final

from rackwright.audit.hosts.model import HostCheck, HostView
from rackwright.audit.hosts.questions import HOSTNAME, SERIAL
from rackwright.audit.ledger import Ledger

__all__ = ["HostIdentity", "HostReached"]

_NO_TAG: Final = frozenset({"", "not specified", "none", "to be filled by o.e.m.", "default string"})


class HostReached(HostCheck):
    """Each host could be asked.

    Passes when it told something. An error otherwise, with the reason; no other check speaks of that host then.
    """

    id = "HOST-REACHED"
    title = "hosts could be asked"
    remedy = "see whether it is installed and up, its address, and the key that opens it (--identity)"
    source = "design.md 11: no evidence is an error, never a pass"
    asks: ClassVar[tuple[str, ...]] = (HOSTNAME,)

    def judge(self, view: HostView, ledger: Ledger) -> None:
        """Enter whether there is evidence."""
        if view.evidence is None:
            ledger.untold("", "it was not asked", remedy="audit it, or name a snapshot that holds it")
        elif view.evidence.error:
            ledger.untold("", f"could not be asked: {view.evidence.error}", remedy=view.evidence.remedy or self.remedy)
        elif not view.told:
            ledger.untold("", "it told nothing at all", evidence=[answer.error for answer in view.answers.values()][:8])
        else:
            ledger.right("session")

    def looked_at(self) -> tuple[str, ...]:
        """Name nothing: a session is evidence of itself."""
        return ()


class HostIdentity(HostCheck):
    """The host that answers is the one of the plan: its service tag is that of nodes.csv, its name the planned one.

    Fails on another tag or name. Skipped are tags that nodes.csv does not tell.
    """

    id = "HOST-IDENTITY"
    title = "service tag and name of the system are the planned ones"
    remedy = "see which server answers at this address: its row of nodes.csv, its cables, and rackwright audit --only hardware"
    source = "nodes.csv; dmidecode (SMBIOS type 1), hostname"
    asks: ClassVar[tuple[str, ...]] = (HOSTNAME, SERIAL)

    def judge(self, view: HostView, ledger: Ledger) -> None:
        """Compare name and tag."""
        name = view.text(HOSTNAME).strip().partition(".")[0]
        if not name:
            ledger.untold("name", "it does not tell its name")
        elif name.lower() == view.name.lower():
            ledger.right("mark")
        else:
            ledger.wrong("name", f"it calls itself {name}", expected=view.name, actual=name)
        planned = view.stack.service_tag
        tag = view.told.get(SERIAL, "").strip().split("\n")[-1].strip()
        if not planned:
            ledger.skip("nodes.csv does not tell its service tag", path="tag")
        elif tag.lower() in _NO_TAG or tag.startswith("#"):
            why = view.why_not(SERIAL) or f"{SERIAL} printed {tag!r}"
            ledger.untold("tag", f"it does not tell its service tag: {why}")
        elif tag.upper() == planned.upper():
            ledger.right("mark")
        else:
            ledger.wrong("tag", f"{tag} answers, not {planned}", expected=planned, actual=tag, evidence=[SERIAL])
