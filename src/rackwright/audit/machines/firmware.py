"""Firmware: each component at the version that the release or the site pins."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import ClassVar, Final

from rackwright.audit.ledger import Ledger, Untold
from rackwright.audit.machines.model import MachineView, ServerCheck, missing
from rackwright.diff.bmc.model import FirmwareState, FirmwareVerdict
from rackwright.redfish.inventory import Software
from rackwright.redfish.versions import compare, same, told

__all__ = ["FirmwareVersions"]

_LEFT = {
    "host": "left to the host: no BMC is known to bring it in, so it is done from its system, and in force after a power cycle",
    "dpu-bmc": "left to the adapter's own BMC, and in force after a power cycle of the host",
}
"""Who brings an image in, where it is not the server's BMC. Such a component is told and is no finding of the BMC stage, which could do
nothing about it: an audit after a complete push would never come out right otherwise."""


_CARD_KIND: Final = "bluefield-firmware"
_CARD_NIC: Final = "DPU_NIC"
"""Row of a BlueField-3's own BMC that tells the firmware of the adapter (redfish.md 2.5)."""


def _by_kind(states: Iterable[FirmwareState]) -> Iterator[tuple[str, list[FirmwareState]]]:
    """Yield the components of a kind together where all of them are alike, else one by one; each of them once.

    A BMC lists an adapter once a port, and eight adapters that are behind by the same are one thing to do.
    """
    kinds: dict[str, dict[tuple[str, str, str], FirmwareState]] = {}
    for one in states:
        kinds.setdefault(one.key, {})[one.subject, one.verdict, one.found] = one
    for key, found in kinds.items():
        alike = len({(one.verdict, one.found, one.wanted, one.job) for one in found.values()}) == 1
        yield from [(key, list(found.values()))] if alike else ((key, [one]) for one in found.values())


def _at_server(view: MachineView) -> str | None:
    """Return what the server's own BMC tells of the firmware of a card; None where it was not asked, or does not tell."""
    server = view.look.views.get(view.machine.name)
    if not view.adapter or server is None or not server.reached:
        return None
    return next((one.found for one in server.firmware if one.subject == view.adapter and told(one.found)), None)


def _others(rows: Iterable[Software], judged: Collection[str], ledger: Ledger) -> None:
    """Name what runs and is in no row of the release."""
    others = {
        f"{row.name or row.id} {row.version}".strip(): None
        for row in rows
        if row.status == "installed" and row.uri not in judged
    }
    if others:
        ledger.skip(f"no validated version, since the release has no row: {', '.join(others)}", path="others")


class FirmwareVersions(ServerCheck):
    """Each component runs the version that is pinned, by the release or by the site.

    Passes on the pinned version in any spelling. Fails on one behind, ahead or different, on a component that is missing, and on one whose
    version waits for a restart; a component that a BMC cannot update (BlueField-3) is told as a note, left to the host. Skipped, as *no validated version*, where nothing pins it. An error where the version is not told.
    """

    id = "FIRMWARE-VERSIONS"
    title = "components run the pinned firmware"
    remedy = "rackwright push --only bmc brings it there"
    source = "the release's rows, the site's firmware; SoftwareInventory (Redfish)"
    asks: ClassVar[tuple[str, ...]] = ("UpdateService/FirmwareInventory", "Chassis/*/NetworkAdapters")
    domain = "firmware"
    cards = True

    def judge(self, view: MachineView, ledger: Ledger) -> None:
        """Enter the state of each component."""
        inventory = view.inventory
        if not inventory.software and not inventory.nics:
            raise Untold("it does not tell its firmware")
        if view.card:
            self._card(view, ledger)
            return
        gaps = view.gaps("/FirmwareInventory", "/NetworkAdapters")
        for key, alike in _by_kind(view.firmware):
            if alike[0].verdict == "missing" and gaps:
                names = ", ".join(one.subject for one in alike)
                missing(ledger, gaps, key, f"{alike[0].name} of {names} is missing")
                continue
            self._state(alike[0], ledger, [one.subject for one in alike], path=key if len(alike) > 1 else "")
        _others(inventory.software, {state.evidence for state in view.firmware}, ledger)

    def _card(self, view: MachineView, ledger: Ledger) -> None:
        """Judge what an adapter's own BMC tells of the adapter."""
        row = next((row for row in view.inventory.software if row.id == _CARD_NIC), None)
        other = _at_server(view)
        if other is not None:
            ledger.skip(f"{view.adapter} is judged by what {view.machine.name} tells of it", path="elsewhere")
            if row is not None and told(row.version) and not same(row.version, other):
                message = f"it tells {row.version} of {view.adapter}, and {view.machine.name} tells {other}"
                remedy = "power cycle the server, after which both tell what runs; then audit again"
                ledger.wrong("server", message, expected=other, actual=row.version, severity="info", remedy=remedy)
            return
        for wanted in view.machine.firmware:
            if wanted.key != _CARD_KIND or (wanted.adapters and view.adapter not in wanted.adapters):
                continue
            found = row.version if row else ""
            right = wanted.version is not None and any(same(found, one) for one in (wanted.version, *wanted.equal))
            sign = compare(found, wanted.version)
            verdict: FirmwareVerdict = (
                "unpinned" if wanted.version is None else "missing" if row is None else "unknown" if not told(found)
                else "compliant" if right else "different" if not sign else "behind" if sign < 0 else "ahead"
            )  # fmt: skip
            state = FirmwareState(
                key=wanted.key, name=wanted.name, subject=view.adapter, verdict=verdict, found=found,
                wanted=wanted.version, backend=wanted.backend, source=wanted.source, evidence=row.uri if row else "",
            )  # fmt: skip
            self._state(state, ledger, [state.subject])
        _others(view.inventory.software, {row.uri} if row else set(), ledger)

    def _state(self, state: FirmwareState, ledger: Ledger, subjects: Sequence[str], path: str = "") -> None:
        """Enter what is so of one component, or of all of a kind; ``path`` is then that of the kind."""
        named = [subject for subject in subjects if subject not in {state.key, ""}]
        what = f"{state.name} of {', '.join(named)}" if named else state.name
        path = path or ".".join([state.key, *named])
        evidence = tuple(text for text in (state.evidence, state.source) if text)
        if state.verdict == "compliant":
            ledger.right("component", len(subjects))
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
        left = state.backend in _LEFT and state.verdict in {"behind", "ahead", "different"}
        ledger.wrong(
            path, message, expected=wanted, actual=state.found, evidence=evidence,
            severity="info" if left else "warning" if state.verdict in {"ahead", "staged"} else "error",
            remedy=remedies.get(state.verdict, _LEFT.get(state.backend, "")),
        )  # fmt: skip
