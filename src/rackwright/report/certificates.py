"""Certificates of acceptance, per node and rack, and the pages and files of a record.

A certificate says what the record says and names the record by its digest; who doubts it looks there.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal

import msgspec

from rackwright.findings import Finding
from rackwright.render.printing import Printer
from rackwright.report.records import ACCEPTANCE, CheckSum, DeviceRecord, FileDigest, Record, TaskRecord, Verdict
from rackwright.report.unproven import Unproven, number
from rackwright.report.words import count, json_text

__all__ = [
    "Check",
    "Earlier",
    "NodeCertificate",
    "RackCertificate",
    "RackCheck",
    "RackVersion",
    "Result",
    "Stage",
    "Standing",
    "documents",
    "headline",
    "node_certificate",
    "rack_certificate",
]

_MOST_CHANGES: Final = 400
"""Changes of one task that a page shows; record.json has all of them."""
_NO_RACK: Final = "in no rack"


Result = Literal["passed", "noted", "failed", "not judged", "skipped"]
"""What came of a check: the worst of its findings; ``not judged``: the device did not tell; ``noted``: something is not as planned, and stops
nobody; ``skipped``: nothing of it could be looked at or applied."""


_NOT_PASSED: Final[tuple[Result, ...]] = ("noted", "failed", "not judged", "skipped")


class Check(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came of one check, and how many findings it had of each kind; in JSON a number that is not there is none."""

    check: str
    result: Result
    passed: int = 0
    notes: int = 0
    failed: int = 0
    errors: int = 0
    skipped: int = 0
    why: tuple[str, ...] = ()
    """Why parts of it were skipped."""


class Stage(msgspec.Struct, frozen=True):
    """How one task of a device ended."""

    task: str
    state: str
    at: str
    cause: str


class Standing(msgspec.Struct, frozen=True):
    """How one device of a rack stands."""

    device: str
    model: str
    verdict: Verdict
    reason: str
    not_verified: int = 0
    """How many of its cables the run did not prove."""


class Earlier(msgspec.Struct, frozen=True):
    """What an earlier run of the site did to the device."""

    run: str
    program: str
    begun: str
    state: str
    """How it ended; empty: no record of it was written."""
    changes: int | None
    """None: no record of it tells that."""
    restarts: int
    record_sha256: str
    machine: str = ""
    """Serial number or service tag of the machine that stood there then, where it was another: nothing of it was done to this one."""


class RackCheck(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came of one check over the devices of a rack; in JSON a list that is not there is empty."""

    check: str
    passed: int
    """How many devices passed it."""
    noted: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    not_judged: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


class RackVersion(msgspec.Struct, frozen=True):
    """One version of one component, and the devices that have it."""

    component: str
    version: str
    devices: tuple[str, ...]


class NodeCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """What is certified of one device."""

    schema: Literal[1] = 1
    kind: Literal["node"] = "node"
    site: str
    run: str
    record_sha256: str
    release: str
    who: str
    device: str
    role: str
    model: str
    serial: str
    rack: str
    unit: int
    accepted: bool
    verdict: Verdict
    reason: str
    remedy: str
    not_verified: tuple[Unproven, ...] = ()
    """Cables that the run did not prove, and of which no fault was seen: no finding, and no proof."""
    at: str
    """When its acceptance ended; UTC, ISO 8601."""
    stages: tuple[Stage, ...]
    checked_by: tuple[str, ...] = (ACCEPTANCE,)
    """The stages whose checks these are: its acceptance, or where none took place those that looked at it before."""
    checks: tuple[Check, ...]
    """Of a run whose program told none those that have findings."""
    passed: int
    """How many of these checks passed."""
    open_findings: tuple[Finding, ...]
    """What did not pass, of all stages."""
    versions: Mapping[str, Any]
    """Component -> version at its acceptance; of a device without one what its other tasks found."""
    changes: int
    """What this run changed; see ``earlier`` for the runs before."""
    restarts: int
    earlier: tuple[Earlier, ...] = ()
    """The runs of the site before this one that were about the device, newest first."""
    earlier_left: int = 0
    """How many runs of the site are older still, and not named."""
    waived: tuple[str, ...]
    evidence: tuple[FileDigest, ...]


class RackCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """What is certified of one rack: all of its devices, or which are missing."""

    schema: Literal[1] = 1
    kind: Literal["rack"] = "rack"
    site: str
    run: str
    record_sha256: str
    release: str
    who: str
    rack: str
    accepted: bool
    not_verified: int = 0
    """How many cables of its devices the run did not prove."""
    counts: Mapping[str, int]
    devices: tuple[Standing, ...]
    """From top to bottom."""
    checks: tuple[RackCheck, ...] = ()
    """The checks of the acceptances of its devices."""
    versions: tuple[RackVersion, ...] = ()
    earlier: tuple[str, ...] = ()
    """Runs of the site before this one that were about devices of the rack, newest first."""
    earlier_left: int = 0
    absent: tuple[str, ...] = ()
    """Switches and servers of the rack that were not in the run: nothing is certified of them."""


def node_certificate(record: Record, sha256: str, device: DeviceRecord) -> NodeCertificate:
    """Return the certificate of one device of a record that has the digest ``sha256``."""
    acceptance, looks = _acceptance(device), _looks(device)
    judged = [one for task in looks for one in task.findings]
    return NodeCertificate(
        site=record.site,
        run=record.run,
        record_sha256=sha256,
        release=record.release,
        who=record.who,
        device=device.device,
        role=device.role,
        model=device.model,
        serial=device.serial,
        rack=device.rack,
        unit=device.unit,
        accepted=device.verdict == "accepted",
        verdict=device.verdict,
        reason=device.reason,
        remedy=device.remedy,
        not_verified=device.not_verified,
        at=max((task.ended for task in acceptance if task.state in {"done", "unchanged"}), default=""),
        stages=tuple(Stage(task.task, task.state, task.ended, task.cause) for task in device.tasks),
        checked_by=tuple(task.stage for task in looks),
        checks=_checks(looks),
        passed=sum(task.passed for task in looks) + sum(one.status == "pass" for one in judged),
        open_findings=_open(device),
        versions=_versions(device),
        changes=sum(len(task.changes) for task in device.tasks if task.state == "done"),
        restarts=sum(task.restarts for task in device.tasks),
        earlier=tuple(_earlier(record, device)),
        earlier_left=record.earlier_left,
        waived=device.waived,
        evidence=tuple(file for task in device.tasks for file in task.evidence),
    )


def _acceptance(device: DeviceRecord) -> list[TaskRecord]:
    return [task for task in device.tasks if task.stage == ACCEPTANCE]


def _looks(device: DeviceRecord) -> list[TaskRecord]:
    """Return the tasks whose checks stand on a certificate: the acceptance, or where none took place those that judged before."""
    acceptance = _acceptance(device)
    if any(task.checks or task.findings or task.passed for task in acceptance):
        return acceptance
    return [task for task in device.tasks if task.checks] or acceptance


def _checks(looks: Iterable[TaskRecord]) -> tuple[Check, ...]:
    """Return the checks of some tasks, by name."""
    return tuple(_check(one) for task in looks for one in task.checks or _counted(task.findings))


def _counted(findings: Iterable[Finding]) -> Iterator[CheckSum]:
    """Count the findings of an outcome that does not tell its checks: those of which nothing was found are not known."""
    by: dict[str, Counter[str]] = {}
    for one in findings:
        noted = one.status in {"fail", "error"} and one.severity != "error"
        by.setdefault(one.check, Counter())["note" if noted else one.status] += 1
    for check, counts in sorted(by.items()):
        yield CheckSum(
            check=check, passed=counts["pass"], notes=counts["note"], failed=counts["fail"], errors=counts["error"],
            skipped=counts["skipped"],
        )  # fmt: skip


def _check(one: CheckSum) -> Check:
    result: Result = (
        "failed" if one.failed else "not judged" if one.errors else "noted" if one.notes else "passed" if one.passed else "skipped"
    )  # fmt: skip
    return Check(one.check, result, one.passed, one.notes, one.failed, one.errors, one.skipped, one.why)


def _versions(device: DeviceRecord) -> Mapping[str, Any]:
    """Return the versions at the acceptance; where that told none, those that the other tasks found."""
    told = {name: found for task in _acceptance(device) for name, found in task.versions.items()}
    return told or {name: found for task in device.tasks for name, found in task.versions.items()}


def _earlier(record: Record, device: DeviceRecord) -> Iterator[Earlier]:
    for one in record.earlier:
        for work in one.devices:
            if work.device == device.device:
                other = work.serial if work.serial and device.serial and work.serial != device.serial else ""
                yield Earlier(
                    one.run, one.program, one.begun, one.state, work.changes, work.restarts, one.record_sha256, other
                )


def _open(device: DeviceRecord) -> tuple[Finding, ...]:
    """Return what did not pass; what a later stage judged again counts as the later one says."""
    latest = {one.id: one for task in device.tasks for one in task.findings}
    return tuple(one for one in latest.values() if one.status in {"fail", "error"})


def rack_certificate(record: Record, sha256: str, rack: str, devices: Iterable[DeviceRecord]) -> RackCertificate:
    """Return the certificate of one rack: accepted when each of its devices is; one that was not in the run is not."""
    absent = record.absent.get(rack, ())
    ordered = sorted(devices, key=lambda one: -one.unit)
    names = {one.device for one in ordered}
    return RackCertificate(
        site=record.site,
        run=record.run,
        record_sha256=sha256,
        release=record.release,
        who=record.who,
        rack=rack,
        accepted=not absent and all(one.verdict == "accepted" for one in ordered),
        not_verified=sum(number(one.not_verified) for one in ordered),
        counts=Counter(one.verdict for one in ordered),
        devices=tuple(
            Standing(one.device, one.model, one.verdict, one.reason, number(one.not_verified)) for one in ordered
        ),
        checks=_checks_of(ordered),
        versions=_versions_of(ordered),
        earlier=tuple(one.run for one in record.earlier if any(work.device in names for work in one.devices)),
        earlier_left=record.earlier_left,
        absent=absent,
    )


def _checks_of(devices: Iterable[DeviceRecord]) -> tuple[RackCheck, ...]:
    """Return what came of each check over some devices, by name."""
    by: dict[str, dict[Result, list[str]]] = {}
    for device in devices:
        for one in _checks(_acceptance(device)):
            by.setdefault(one.check, {}).setdefault(one.result, []).append(device.device)
    return tuple(
        RackCheck(
            check, len(found.get("passed", ())),
            *(tuple(found.get(result, ())) for result in _NOT_PASSED),
        )
        for check, found in sorted(by.items())
    )  # fmt: skip


def _versions_of(devices: Iterable[DeviceRecord]) -> tuple[RackVersion, ...]:
    """Return the versions of some devices, those alike together."""
    by: dict[tuple[str, str], list[str]] = {}
    for device in devices:
        for component, version in _versions(device).items():
            by.setdefault((component, str(version)), []).append(device.device)
    return tuple(RackVersion(*of, tuple(names)) for of, names in sorted(by.items()))


def documents(record: Record, *, signed: bool) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a record, ``record.json`` first: (path below the record's folder, bytes).

    ``signed``: a signature is made of them; the pages say so, or that there is none.
    """
    printer = Printer()
    data = (json_text(record) + "\n").encode()
    sha256 = hashlib.sha256(data).hexdigest()
    yield "record.json", data
    racks: dict[str, list[DeviceRecord]] = {}
    for device in record.devices:
        racks.setdefault(device.rack, []).append(device)
        node = node_certificate(record, sha256, device)
        yield from _both(
            printer,
            f"nodes/{device.device}",
            "node",
            node,
            signed=signed,
            work=_work(device),
            results=_results(node.checks),
            unproven=_unproven(node),
        )
    made = [rack_certificate(record, sha256, name or _NO_RACK, devices) for name, devices in racks.items()]
    for rack in made:
        yield from _both(printer, f"racks/{_safe(rack.rack)}", "rack", rack, signed=signed)
    counts = Counter(device.verdict for device in record.devices)
    yield (
        "index.html",
        printer.print(
            "record/index.html.j2",
            record=record,
            sha256=sha256,
            racks=[(rack, _safe(rack.rack)) for rack in made],
            verdicts=[(word, counts[word]) for word in ("accepted", "done", "failed", "open") if counts[word]],
            headline=headline(record),
            unproven={one.device: number(one.not_verified) for one in record.devices},
            signed=signed,
        ),
    )


def _work(device: DeviceRecord) -> list[tuple[TaskRecord, tuple[str, ...], int]]:
    """Return the tasks that sent or changed something, each with the first of its changes as texts and how many more there are."""
    return [
        (task, tuple(map(_text, task.changes[:_MOST_CHANGES])), max(0, len(task.changes) - _MOST_CHANGES))
        for task in device.tasks
        if task.sent or task.changes
    ]


def _text(change: Any) -> str:
    return change if isinstance(change, str) else msgspec.json.encode(change).decode()


def _both(
    printer: Printer, path: str, kind: str, value: NodeCertificate | RackCertificate, **shown: Any
) -> Iterator[tuple[str, bytes]]:
    yield f"{path}.json", (json_text(value) + "\n").encode()
    yield f"{path}.html", printer.print(f"record/{kind}.html.j2", certificate=value, **shown)


def _results(checks: Iterable[Check]) -> str:
    """Count checks by what came of them: ``37 passed, 1 noted, 4 skipped``."""
    numbers = Counter(one.result for one in checks)
    return ", ".join(f"{numbers[word]} {word}" for word in ("passed", *_NOT_PASSED) if numbers[word])


def _unproven(node: NodeCertificate) -> str:
    return f"{count(number(node.not_verified), 'cable')} not verified" if node.not_verified else ""


def _safe(name: str) -> str:
    return "".join(char if char.isalnum() or char in "-_." else "-" for char in name)


def headline(record: Record) -> str:
    """Say in a line how a run ended: ``12 of 13 devices accepted, 1 failed; 2 cables not verified``."""
    counts = Counter(device.verdict for device in record.devices)
    total = count(len(record.devices), "device")
    parts = [f"{counts['accepted']} of {total} accepted"]
    parts += [f"{counts[word]} {word}" for word in ("done", "failed", "open") if counts[word]]
    cables = sum(number(device.not_verified) for device in record.devices)
    return ", ".join(parts) + (f"; {count(cables, 'cable')} not verified" if cables else "")
