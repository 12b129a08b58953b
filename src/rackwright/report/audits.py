"""An audit in each format: a table of what was looked at, then what somebody must see to, each with what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import structs

from rackwright import audit
from rackwright.audit import hosts, machines
from rackwright.audit.ledger import Check
from rackwright.audit.model import SHOWN
from rackwright.check import Report
from rackwright.findings import Finding, Status
from rackwright.report.checks import finding_lines, junit, markdown
from rackwright.report.words import columns, count, json_text, some

__all__ = ["CHECKS", "FORMATS", "audit_lines", "audit_value", "audited"]

Findings = Sequence[Finding]

CHECKS: Final[Mapping[str, Check]] = {**audit.CHECKS, **machines.CHECKS, **hosts.CHECKS}
"""Every check, of switches, of servers and of hosts, in the order in which they are told."""

_STATUSES: Final[tuple[Status, ...]] = ("pass", "fail", "error", "skipped")


def audited(findings: Findings) -> str:
    """Say in a line how much was looked at and what came of it."""
    numbers = Counter(item.status for item in findings)
    checks = {item.check for item in findings if item.status in {"pass", "fail"}}
    looked = f"{_subjects(findings)} judged by {count(len(checks), 'check')}"
    notes = sum(item.status == "fail" and item.severity == "info" for item in findings)
    parts = [
        count(numbers["fail"] - notes, "finding") if numbers["fail"] > notes else "",
        count(numbers["error"], "thing") + " could not be told" if numbers["error"] else "",
        "nothing wrong" if numbers["fail"] == notes and not numbers["error"] and numbers["pass"] else "",
        count(notes, "note") if notes else "",
        f"{numbers['skipped']} skipped" if numbers["skipped"] else "",
    ]
    return f"{looked}: {', '.join(part for part in parts if part) or 'nothing was judged'}"


def _subjects(findings: Findings) -> str:
    """Count what was looked at: ``5 switches, 12 BMCs and 12 hosts``."""
    seen = {(_noun(item.check), item.subject) for item in findings if item.status in {"pass", "fail"}}
    numbers = Counter(noun for noun, _ in seen)
    # Where none answered it is still said what was meant.
    meant = numbers or {_noun(item.check) for item in findings} or {"switch"}
    parts = [count(numbers[noun], noun) for noun in ("switch", "BMC", "host") if noun in meant]
    return " and ".join([part for part in (", ".join(parts[:-1]), parts[-1]) if part])


def _noun(check: str) -> str:
    return "BMC" if check in machines.CHECKS else "host" if check in hosts.CHECKS else "switch"


def audit_lines(findings: Findings) -> Iterator[str]:
    """Print the table of checks, what is wrong or untold with its remedy, and why what was skipped was."""
    yield from columns(("check", *_STATUSES, "what"), _table(findings), indent="")
    yield ""
    wrong = [item for item in findings if item.status in {"fail", "error"}]
    for item in _alike(wrong):
        yield from finding_lines(item)
    if wrong:
        yield ""
    yield from _skips(findings)
    yield audited(findings)


def _table(findings: Findings) -> Iterator[tuple[object, ...]]:
    numbers = Counter((item.check, item.status) for item in findings)
    for name, check in CHECKS.items():
        row = [numbers[name, status] for status in _STATUSES]
        if any(row):
            yield (name, *row, check.title)


def _alike(findings: Findings) -> Iterator[Finding]:
    """Yield findings, those of equal servers that say the same as one that names them all: a rack has dozens of each."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for item in findings:
        of_switch = item.subject if _noun(item.check) == "switch" else ""
        key = (item.check, item.path, item.status, item.severity, item.message, item.remedy, item.actual, of_switch)
        groups.setdefault(key, []).append(item)
    for same in groups.values():
        yield structs.replace(same[0], subject=some([item.subject for item in same], SHOWN))


def _skips(findings: Findings) -> Iterator[str]:
    alike: dict[tuple[str, str], list[str]] = {}
    for item in findings:
        if item.status == "skipped":
            alike.setdefault((item.check, item.message), []).append(item.subject)
    for (check, message), subjects in alike.items():
        yield f"skipped: {check}: {some(subjects, 4)}: {message}"
    if alike:
        yield ""


def audit_value(findings: Findings) -> dict[str, Any]:
    """Return an audit for JSON: every finding, the passes too."""
    return {"summary": dict(Counter(item.status for item in findings)), "findings": findings}


def _as_report(findings: Findings) -> Report:
    passes = Counter(item.check for item in findings if item.status == "pass")
    subjects = tuple(dict.fromkeys(item.subject for item in findings))
    return Report(tuple(item for item in findings if item.status != "pass"), passes, subjects)


def _junit(findings: Findings) -> Iterator[str]:
    return junit(_as_report(findings), "rackwright audit", {name: check.title for name, check in CHECKS.items()})


FORMATS: Final[Mapping[str, Callable[[Findings], Iterator[str]]]] = {
    "text": audit_lines,
    "json": lambda findings: iter([json_text(audit_value(findings))]),
    "junit": _junit,
    "markdown": lambda findings: markdown(_as_report(findings), "Audit", audited(findings)),
}
"""Name of a format -> its lines."""
