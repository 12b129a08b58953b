"""A check report as text, JSON, Markdown and JUnit; each says what was looked at, not only what is wrong."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

import msgspec

from rackwright.check import RULES, Report
from rackwright.findings import Finding
from rackwright.nvue.ranges import compress
from rackwright.report.words import count, json_text

__all__ = ["FORMATS", "check_lines", "check_value", "finding_lines", "junit", "markdown", "summary"]

_MARK: Final = {"fail": "", "error": "not judged: ", "skipped": "skipped: "}


def summary(report: Report) -> str:
    """Say in a line what was looked at and what came of it."""
    numbers = Counter(_kind(item) for item in report.findings)
    found = ", ".join(count(numbers[kind], *nouns) for kind, nouns in _KINDS.items() if numbers[kind])
    wrong = any(numbers[kind] for kind in ("error", "warning", "unknown"))
    looked = f"{count(len(report.devices), 'switch')} judged by {count(_judged(report), 'rule')}"
    return f"{looked}: {', '.join(part for part in ('' if wrong else 'nothing wrong', found) if part)}"


_KINDS: Final = {
    "error": ("error", "errors"), "warning": ("warning", "warnings"), "info": ("note", "notes"),
    "unknown": ("not judged", "not judged"), "skipped": ("skipped", "skipped"),
}  # fmt: skip


def _kind(item: Finding) -> str:
    """Return the severity of what is wrong, ``unknown`` without evidence, ``skipped``."""
    if item.status == "fail":
        return item.severity
    return "unknown" if item.status == "error" else item.status


def _judged(report: Report) -> int:
    return len({*report.passes, *(item.check for item in report.findings if item.status == "fail")})


def check_lines(report: Report) -> Iterator[str]:
    """Print what somebody must look at: place, severity, rule, what is wrong, what to do; once for the ports of a range."""
    for item in _folded(report.findings):
        yield from finding_lines(item)
    yield summary(report)


def finding_lines(item: Finding) -> Iterator[str]:
    """Print one finding: a line as a compiler would, then what was expected and what was found."""
    yield f"{_place(item)}: {_MARK[item.status] or item.severity + ': '}{item.check}: {_advised(item)}"
    yield from (f"    {name} {text}" for name, text in (("expected", item.expected), ("found", item.actual)) if text)


_PORT: Final = re.compile(r"\b(swp\d+)(?:s\d+)?\b")
_TOLD: Final = ("path", "message", "expected", "actual")
"""Where a finding names its port."""
_NAME, _CAGE = "\0port", "\0cage"


def _folded(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Make one finding of those that say the same, at the same place of a file, of several ports of one device."""
    groups: dict[Finding | str, tuple[Finding, list[str], list[str]]] = {}
    for item in findings:
        hit = _PORT.search(item.path) if item.status == "fail" else None
        # The id is of one path, the evidence of one port; without them the findings of a range are equal.
        key = item.id if hit is None else _renamed(item, {hit[1]: _CAGE, hit[0]: _NAME}, id="", evidence=())
        _, ports, cages = groups.setdefault(key, (item, [], []))
        ports.append(hit[0] if hit else "")
        cages.append(hit[1] if hit else "")
    for item, ports, cages in groups.values():
        several = len(ports) > 1 and ports[0]
        yield _renamed(item, {cages[0]: compress(cages), ports[0]: compress(ports)}) if several else item


def _renamed(item: Finding, names: Mapping[str, str], **fields: object) -> Finding:
    """Put other names in the place of ports, wherever a finding names them."""
    told = {key: _PORT.sub(lambda found: names.get(found[0], found[0]), getattr(item, key)) for key in _TOLD}
    return msgspec.structs.replace(item, **told, **fields)


def _advised(item: Finding) -> str:
    """Return what is wrong and what to do; what a device's error says ends in it already."""
    return f"{item.message}; {item.remedy}" if item.remedy and item.remedy not in item.message else item.message


def _place(item: Finding) -> str:
    """Say where: the line of a file, else the subject and its path."""
    path = f" {item.path}" if item.path else ""
    return f"{item.location}: {item.subject}{path}" if item.location else f"{item.subject}{path}"


def check_value(report: Report) -> dict[str, Any]:
    """Return a report for JSON: findings, and how often each rule passed."""
    return {
        "summary": dict(Counter(_kind(item) for item in report.findings)),
        "devices": report.devices,
        "findings": report.findings,
        "passes": dict(sorted(report.passes.items())),
        "judged_by_diff": report.elsewhere,
    }


def markdown(report: Report, title: str = "Check", line: str = "") -> Iterator[str]:
    """Print a report as Markdown, to put under a merge request; ``line`` says what came of it."""
    yield from (f"# {title}", "", line or summary(report), "")
    if not report.findings:
        return
    yield from ("| severity | rule | where | what | what to do |", "|---|---|---|---|---|")
    for item in _folded(report.findings):
        cells = (_kind(item), f"`{item.check}`", f"`{_place(item)}`", item.message, item.remedy)
        yield "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def junit(
    report: Report, suite: str = "rackwright check", titles: Mapping[str, str] = MappingProxyType({})
) -> Iterator[str]:
    """Print a report as JUnit XML: one suite, a case for each finding and one for each rule that passed."""
    titles = titles or {rule.id: rule.title for rule in RULES}
    numbers = Counter(_kind(item) for item in report.findings)
    failed = numbers["error"] + numbers["warning"]
    total = len(report.findings) + len(report.passes)
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield (
        f'<testsuite name="{suite}" tests="{total}" failures="{failed}" errors="{numbers["unknown"]}" '
        f'skipped="{numbers["skipped"]}">'
    )
    for item in report.findings:
        name = f"{item.subject} {item.path}".strip()
        yield f" <testcase classname={_attribute(item.check)} name={_attribute(name)}>{_outcome(item)}</testcase>"
    for rule, times in sorted(report.passes.items()):
        name = f"{titles.get(rule, rule)} ({count(times, 'subject')})"
        yield f" <testcase classname={_attribute(rule)} name={_attribute(name)}/>"
    yield "</testsuite>"


def _outcome(item: Finding) -> str:
    if item.status == "fail" and item.severity == "info":
        return f"<system-out>{_text(item.message)}</system-out>"
    tag = {"fail": "failure", "error": "error", "skipped": "skipped"}[item.status]
    message = _attribute(item.message)
    return f"<{tag} message={message}>{_text(f'{_place(item)}: {_advised(item)}')}</{tag}>"


def _attribute(text: str) -> str:
    return quoteattr(_clean(text))


def _text(text: str) -> str:
    return escape(_clean(text))


def _clean(text: str) -> str:
    # XML 1.0 has no form at all for most control characters, not even an escaped one.
    return "".join(char if char in "\t\n" or ord(char) >= 0x20 else "?" for char in text)


FORMATS: Final[Mapping[str, Callable[[Report], Iterator[str]]]] = {
    "text": check_lines,
    "json": lambda report: iter([json_text(check_value(report))]),
    "junit": junit,
    "markdown": markdown,
}
"""Name of a format -> its lines."""
