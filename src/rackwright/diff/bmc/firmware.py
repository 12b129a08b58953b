"""Firmware of one server: what runs against what is pinned, component by component."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rackwright.catalog.models import Catalog
from rackwright.diff.bmc.model import Cycle, FirmwareState, FirmwareVerdict
from rackwright.diff.bmc.recognise import Match, matches
from rackwright.plan.machines import Machine, WantedFirmware
from rackwright.redfish import versions
from rackwright.redfish.inventory import Inventory, Job

__all__ = ["firmware_states"]

_CYCLE: Final = frozenset({"SUP0544", "SUP0545"})
"""To be power cycled, to be AC power cycled (table of Dell's messages)."""
_OFF: Final = frozenset({"behind", "ahead", "different"})


def firmware_states(machine: Machine, told: Inventory, catalog: Catalog) -> tuple[FirmwareState, ...]:
    """Return the state of every component of a machine, in the order of the release; a component that is there twice comes twice."""
    return tuple(state for wanted in machine.firmware for state in _states(machine, wanted, told, catalog))


def _states(machine: Machine, wanted: WantedFirmware, told: Inventory, catalog: Catalog) -> Iterator[FirmwareState]:
    kind = catalog.firmware[wanted.key]
    found = matches(machine, kind, wanted.adapters, told)
    verdicts = [_verdict(wanted, match, told) for match in found]
    # A job is named for one of several alike, and its image is for all of them: none of them is flashed a second time.
    staged = next((one for one in verdicts if one[0] == "staged"), None)
    for match, verdict in zip(found, verdicts, strict=True):
        state, job, why = staged if staged and verdict[0] in _OFF else verdict
        yield _state(wanted, _subject(machine, wanted, match, found), state, match, job=job, why=why)
    missing = [name for name in wanted.adapters if name not in {match.subject for match in found}]
    if not wanted.adapters and not found:
        missing = [wanted.key]
    for name in missing if wanted.version is not None and not wanted.optional else ():
        yield _state(wanted, name, "missing", None, why="the inventory of the BMC shows none")


def _state(
    wanted: WantedFirmware, subject: str, verdict: FirmwareVerdict, match: Match | None, *, job: str = "", why: str = ""
) -> FirmwareState:
    return FirmwareState(
        key=wanted.key,
        name=wanted.name,
        subject=subject,
        adapter=match.subject if match else subject if subject in wanted.adapters else "",
        verdict=verdict,
        fqdd=match.fqdd if match else "",
        found=match.version if match else "",
        wanted=wanted.version,
        equal=wanted.equal,
        backend=wanted.backend,
        source=wanted.source,
        evidence=match.evidence if match else "",
        job=job,
        cycle=_cycle(why),
        why=why,
    )


def _cycle(why: str) -> Cycle:
    """Return which cycle a staged component waits for, over what its kind asks for."""
    return "ac" if "SUP0545" in why else "power" if "SUP0544" in why else ""


def _subject(machine: Machine, wanted: WantedFirmware, match: Match, found: tuple[Match, ...]) -> str:
    """Return the name of a component: of the kind, the adapter or its port, or the FQDD where several are not told apart."""
    if not match.subject:
        return wanted.key if len(found) == 1 and not wanted.adapters else match.fqdd or wanted.key
    if sum(other.subject == match.subject for other in found) == 1:
        return match.subject
    card = next(card for card in machine.adapters if card.name == match.subject)
    return next((port.port for port in card.ports if port.number == match.port), match.fqdd)


def _verdict(wanted: WantedFirmware, match: Match, told: Inventory) -> tuple[FirmwareVerdict, str, str]:
    """Return the verdict, the open job about the component, and why."""
    job = _job(match, told)
    if wanted.version is None:
        return "unpinned", job, "nothing pins a version"
    if not versions.told(match.version):
        return "unknown", job, "the BMC tells no version"
    right = (wanted.version, *wanted.equal)
    if any(versions.same(match.version, one) for one in right):
        return "compliant", job, ""
    if waiting := _waiting(right, match, told):
        return "staged", job, waiting
    if job:
        return "staged", job, "an update job about it is in the queue"
    sign = next((sign for one in right if (sign := versions.compare(match.version, one)) is not None), None)
    if sign is None:
        return "different", "", "which of the two is newer cannot be told"
    return ("behind" if sign < 0 else "ahead"), "", ""


def _waiting(right: tuple[str, ...], match: Match, told: Inventory) -> str:
    """Return, in words, that the wanted version lies at the BMC and waits; empty: it does not."""
    for row in told.software:
        lies = row.status == "available" and row.fqdd == match.fqdd
        if lies and any(versions.same(row.version, one) for one in right):
            return f"{row.version} lies at the BMC and waits for a restart"
    # The job is over and the former version runs on: to flash it once more would be the wrong answer, unless the BMC has started
    # since, as it does after an AC cycle. Both times are those of one clock (redfish.md 5, row 36: never of two).
    ended = (job for job in told.jobs if job.state == "done" and job.message_id in _CYCLE and _about(job, match))
    waits = [job for job in ended if not (job.ended and told.bmc_reset > job.ended)]
    return f"job {waits[-1].id} ended and asks for a power cycle ({waits[-1].message_id})" if waits else ""


def _job(match: Match, told: Inventory) -> str:
    return next((job.id for job in told.jobs if job.open and _about(job, match)), "")


def _about(job: Job, match: Match) -> bool:
    """Say whether a job brings firmware to a component: it names its FQDD, or prints its name."""
    if "firmware" not in job.kind.lower() and "update" not in job.kind.lower():
        return False
    words = f"{job.target} {job.name}".lower()
    return any(word and word.lower() in words for word in (match.fqdd, match.printed))
