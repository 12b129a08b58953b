"""Firmware: each component at the version that the release or the site pins."""

from __future__ import annotations

from typing import ClassVar

from rackwright.audit.ledger import Ledger, Untold
from rackwright.audit.machines.model import MachineView, ServerCheck
from rackwright.diff.bmc.firmware import firmware_states
from rackwright.diff.bmc.model import FirmwareState

__all__ = ["FirmwareVersions"]

_LEFT = {
    "host": "its BMC cannot bring it in: it is done from the host (rackwright's HOSTS stage), and in force after a power cycle",
    "dpu-bmc": "it is brought in through the adapter's own BMC, and in force after a power cycle of the host",
}
"""Who brings an image in, where it is not the server's BMC."""


class FirmwareVersions(ServerCheck):
    """Each component runs the version that is pinned, by the release or by the site.

    Passes on the pinned version in any spelling. Fails on one behind, ahead or different, on a component that is missing, and on one whose
    version waits for a restart. Skipped, as *no validated version*, where nothing pins it. An error where the version is not told.
    """

    id = "FIRMWARE-VERSIONS"
    title = "components run the pinned firmware"
    remedy = "rackwright push --only bmc brings it there"
    source = "the release's rows, the site's firmware; SoftwareInventory (Redfish)"
    asks: ClassVar[tuple[str, ...]] = ("UpdateService/FirmwareInventory", "Chassis/…/NetworkAdapters")
    domain = "firmware"

    def judge(self, view: MachineView, ledger: Ledger) -> None:
        """Enter the state of each component."""
        told = view.inventory
        if not told.software and not told.nics:
            raise Untold("it does not tell its firmware")
        for state in firmware_states(view.machine, told, view.look.catalog):
            self._state(state, ledger)

    def _state(self, state: FirmwareState, ledger: Ledger) -> None:
        what = state.name if state.subject in {state.key, ""} else f"{state.name} of {state.subject}"
        path = f"{state.key}.{state.subject}" if state.subject not in {state.key, ""} else state.key
        evidence = tuple(text for text in (state.evidence, state.source) if text)
        if state.verdict == "compliant":
            ledger.right("component")
        elif state.wanted is None:
            ledger.skip(f"{what}: no validated version", path=path, actual=state.found, evidence=evidence,
                        remedy="pin one in the site's firmware, or in a release of its own")  # fmt: skip
        elif state.verdict == "unknown":
            message = f"{what}: it does not tell its version" + (f" ({state.found!r})" if state.found else "")
            ledger.untold(path, message, evidence=evidence)
        else:
            self._off(state, what, path, evidence, ledger)

    def _off(self, state: FirmwareState, what: str, path: str, evidence: tuple[str, ...], ledger: Ledger) -> None:
        wanted = state.wanted or ""
        words = {
            "missing": f"{what} is missing",
            "staged": f"{what}: {wanted} is staged and waits for a restart; {state.found} runs",
            "behind": f"{what} {state.found} is behind {wanted}",
            "ahead": f"{what} {state.found} is ahead of {wanted}, which is the validated one",
            "different": f"{what} {state.found} is not {wanted}",
        }
        message = words.get(state.verdict, f"{what}: {state.verdict}") + (f" ({state.why})" if state.why else "")
        remedies = {
            "missing": "see whether it is fitted and found by the BMC",
            "staged": "restart the server" + (f" (job {state.job})" if state.job else ", with its power cycled"),
        }
        ledger.wrong(
            path, message, expected=wanted, actual=state.found, evidence=evidence,
            severity="warning" if state.verdict in {"ahead", "staged"} else "error",
            remedy=remedies.get(state.verdict, _LEFT.get(state.backend, "")),
        )  # fmt: skip
