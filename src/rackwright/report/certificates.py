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
from rackwright.report.records import ACCEPTANCE, DeviceRecord, FileDigest, Record, TaskRecord, Verdict
from rackwright.report.words import count, json_text

__all__ = [
    "Check",
    "NodeCertificate",
    "RackCertificate",
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


class Check(msgspec.Struct, frozen=True):
    """How many results one check had, by status."""

    check: str
    passed: int
    failed: int
    errors: int
    skipped: int


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
    at: str
    """When its acceptance ended; UTC, ISO 8601."""
    stages: tuple[Stage, ...]
    checks: tuple[Check, ...]
    """The checks of its acceptance that have findings."""
    passed: int
    """How many checks of its acceptance passed."""
    open_findings: tuple[Finding, ...]
    """What did not pass, of all stages."""
    versions: Mapping[str, Any]
    changes: int
    restarts: int
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
    counts: Mapping[str, int]
    devices: tuple[Standing, ...]
    """From top to bottom."""
    absent: tuple[str, ...] = ()
    """Switches and servers of the rack that were not in the run: nothing is certified of them."""


def node_certificate(record: Record, sha256: str, device: DeviceRecord) -> NodeCertificate:
    """Return the certificate of one device of a record that has the digest ``sha256``."""
    acceptance = [task for task in device.tasks if task.stage == ACCEPTANCE]
    judged = [one for task in acceptance for one in task.findings]
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
        at=max((task.ended for task in acceptance if task.state in {"done", "unchanged"}), default=""),
        stages=tuple(Stage(task.task, task.state, task.ended, task.cause) for task in device.tasks),
        checks=tuple(_checks(judged)),
        passed=sum(task.passed for task in acceptance) + sum(one.status == "pass" for one in judged),
        open_findings=_open(device),
        versions={name: found for task in device.tasks for name, found in task.versions.items()},
        changes=sum(len(task.changes) for task in device.tasks if task.state == "done"),
        restarts=sum(task.restarts for task in device.tasks),
        waived=device.waived,
        evidence=tuple(file for task in device.tasks for file in task.evidence),
    )


def _checks(findings: Iterable[Finding]) -> Iterator[Check]:
    by: dict[str, Counter[str]] = {}
    for one in findings:
        by.setdefault(one.check, Counter())[one.status] += 1
    for check, counts in sorted(by.items()):
        yield Check(check, counts["pass"], counts["fail"], counts["error"], counts["skipped"])


def _open(device: DeviceRecord) -> tuple[Finding, ...]:
    """Return what did not pass; what a later stage judged again counts as the later one says."""
    latest = {one.id: one for task in device.tasks for one in task.findings}
    return tuple(one for one in latest.values() if one.status in {"fail", "error"})


def rack_certificate(record: Record, sha256: str, rack: str, devices: Iterable[DeviceRecord]) -> RackCertificate:
    """Return the certificate of one rack: accepted when each of its devices is; one that was not in the run is not."""
    absent = record.absent.get(rack, ())
    ordered = sorted(devices, key=lambda one: -one.unit)
    return RackCertificate(
        site=record.site,
        run=record.run,
        record_sha256=sha256,
        release=record.release,
        who=record.who,
        rack=rack,
        accepted=not absent and all(one.verdict == "accepted" for one in ordered),
        counts=Counter(one.verdict for one in ordered),
        devices=tuple(Standing(one.device, one.model, one.verdict, one.reason) for one in ordered),
        absent=absent,
    )


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
        yield from _both(printer, f"nodes/{device.device}", "node", node, signed=signed, work=_work(device))
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
    printer: Printer, path: str, kind: str, value: NodeCertificate | RackCertificate, *, signed: bool, work: Any = ()
) -> Iterator[tuple[str, bytes]]:
    yield f"{path}.json", (json_text(value) + "\n").encode()
    yield f"{path}.html", printer.print(f"record/{kind}.html.j2", certificate=value, signed=signed, work=work)


def _safe(name: str) -> str:
    return "".join(char if char.isalnum() or char in "-_." else "-" for char in name)


def headline(record: Record) -> str:
    """Say in a line how a run ended: ``12 of 13 devices accepted, 1 failed``."""
    counts = Counter(device.verdict for device in record.devices)
    total = count(len(record.devices), "device")
    parts = [f"{counts['accepted']} of {total} accepted"]
    parts += [f"{counts[word]} {word}" for word in ("done", "failed", "open") if counts[word]]
    return ", ".join(parts)
