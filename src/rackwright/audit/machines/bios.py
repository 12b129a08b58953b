"""BIOS: each attribute of the profile at its value."""

from __future__ import annotations

from typing import ClassVar

from rackwright.audit.ledger import Ledger, Untold
from rackwright.audit.machines.model import MachineView, ServerCheck
from rackwright.diff.bmc.bios import bios_state

__all__ = ["BiosSettings"]


class BiosSettings(ServerCheck):
    """Each attribute of the machine's BIOS profile has its value.

    Passes on the value. Fails on another, on one that is staged and waits for a restart, and on one that cannot be brought there (unknown
    to this BIOS, read-only, hidden behind another), with the reason. Skipped where it is wished for only if it is there, and is not.
    """

    id = "BIOS-SETTINGS"
    title = "BIOS attributes have the values of the profile"
    remedy = "rackwright push --only bmc sets it"
    source = "the BIOS profile of the model; Bios.Attributes and the machine's own attribute registry (Redfish)"
    asks: ClassVar[tuple[str, ...]] = ("Systems/*/Bios", "Systems/*/Bios/Settings", "Registries")
    domain = "bios"

    def applies(self, view: MachineView) -> bool:
        """Apply where the machine has a profile."""
        return bool(view.machine.bios)

    def judge(self, view: MachineView, ledger: Ledger) -> None:
        """Enter each attribute."""
        state = bios_state(view.machine, view.inventory, view.registry)
        if not state.known:
            raise Untold("it does not tell its BIOS settings")
        wanted = {row.attribute: row for row in view.machine.bios}
        for change in state.changes:
            reason = f" ({change.reason})" if change.reason else ""
            message = f"{change.attribute} is {change.old!r}, not {change.new!r}{reason}"
            ledger.wrong(change.attribute, message, expected=str(change.new), actual=str(change.old))
        for change in state.implied:
            message = f"{change.attribute} is {change.old!r}, not {change.new!r}: it follows once the other settings are in force"
            ledger.wrong(change.attribute, message, expected=str(change.new), actual=str(change.old))
        for change in state.staged:
            message = f"{change.attribute} is {change.old!r}; {change.new!r} is staged and waits for a restart"
            job = f" (job {state.job})" if state.job else ""
            ledger.wrong(change.attribute, message, expected=str(change.new), actual=str(change.old),
                         severity="warning", remedy=f"restart the server{job}")  # fmt: skip
        for problem in state.problems:
            row = wanted.get(problem.attribute)
            expected = "" if row is None or row.value is None else str(row.value)
            actual = (
                ""
                if view.inventory.bios is None
                else str(view.inventory.bios.attributes.get(problem.attribute, "absent"))
            )
            ledger.wrong(problem.attribute, problem.message, expected=expected, actual=actual, remedy=problem.remedy)
        if state.absent:
            ledger.skip(f"wished for where present, and absent or hidden: {', '.join(state.absent)}", path="absent")
        ours = {change.attribute for change in state.staged}
        if foreign := sorted(name for name, _ in state.pending if name not in ours):
            ledger.wrong("pending", f"somebody else staged {', '.join(foreign)}", actual=", ".join(foreign), severity="info",
                         remedy="see who did; a push refuses to mix with it")  # fmt: skip
        if state.compliant:
            ledger.right("attribute", len(state.compliant))
