"""One shape for every result: what was looked at, what was expected, what was there, what to do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Literal

import msgspec

__all__ = ["Finding", "Location", "Problem", "Severity", "Status", "finding", "problem", "sort_key"]

Status = Literal["pass", "fail", "error", "skipped"]
"""``fail``: it is wrong; ``error``: we could not tell (no evidence is never a pass)."""

Severity = Literal["error", "warning", "info"]


class Location(msgspec.Struct, frozen=True, order=True):
    """A place in a file; line and column count from 1, 0 means unknown."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Print as ``file:line:column``, leaving out what is not known."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class Finding(msgspec.Struct, frozen=True):
    """One result of one check on one subject.

    ``id`` is stable: a hash over check, subject and path, so that two runs can be compared.
    ``path`` is the place inside the subject (an NVUE path, a site path), its parts joined by ``.``.
    ``source`` names the fact the check stands on (``nvue.md 8.10``, a release note).
    """

    id: str
    check: str
    subject: str
    path: str
    status: Status
    severity: Severity
    message: str
    remedy: str
    expected: str = ""
    actual: str = ""
    evidence: tuple[str, ...] = ()
    location: Location | None = None
    source: str = ""

    def __str__(self) -> str:
        """Print as a compiler would: place, severity, message, remedy."""
        place = str(self.location) if self.location else f"{self.subject}: {self.path}".rstrip(": ")
        return f"{place}: {self.message}" + (f"; {self.remedy}" if self.remedy else "")


Problem = Finding
"""A Problem is a Finding about the operator's input: status ``fail`` with a location."""


def finding(
    check: str,
    subject: str,
    message: str,
    *,
    path: str | Iterable[str] = "",
    remedy: str,
    status: Status = "fail",
    severity: Severity = "error",
    expected: str = "",
    actual: str = "",
    evidence: Iterable[str] = (),
    location: Location | None = None,
    source: str = "",
) -> Finding:
    """Build a finding; its id is derived from check, subject and path."""
    where = path if isinstance(path, str) else ".".join(path)
    digest = hashlib.sha256("\x1f".join((check, subject, where)).encode()).hexdigest()[:12]
    return Finding(
        id=digest,
        check=check,
        subject=subject,
        path=where,
        status=status,
        severity=severity,
        message=message,
        remedy=remedy,
        expected=expected,
        actual=actual,
        evidence=tuple(evidence),
        location=location,
        source=source,
    )


def problem(
    check: str,
    message: str,
    *,
    remedy: str,
    location: Location | None = None,
    path: str | Iterable[str] = "",
    severity: Severity = "error",
    source: str = "",
    subject: str = "site",
) -> Problem:
    """Build a problem about what the operator wrote."""
    return finding(
        check, subject, message, path=path, remedy=remedy, location=location, severity=severity, source=source
    )


def sort_key(item: Finding) -> tuple[str, int, int, str, str, str]:
    """Order findings by file, line and column, then subject, path and check."""
    place = item.location or Location("~")
    return (place.file, place.line, place.column, item.subject, item.path, item.check)
