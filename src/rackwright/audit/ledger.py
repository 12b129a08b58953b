"""What any check is, and the ledger in which it says what it saw.

A check never sets a verdict: it enters what it looked at as right, wrong, untold or not applying, and the ledger makes the
findings. Where nothing was entered nothing was looked at, and that is an error, whatever the check believed (style.md 1.3:
a device that returns an empty list must not pass).
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterable, Iterator
from typing import ClassVar, NamedTuple

from rackwright.findings import Finding, Severity, finding

__all__ = ["Check", "Ledger", "Proof", "Untold"]


class Untold(Exception):
    """Within a check: the evidence does not say; becomes an error finding."""


class Proof(NamedTuple):
    """What some of the cables of a site prove."""

    found: tuple[Finding, ...] = ()
    standing: frozenset[str] = frozenset()
    """Devices with a cable that is where it is planned: they stand in their own places."""


class Ledger:
    """What one check says of one subject."""

    def __init__(self, check: Check, subject: str) -> None:
        self._check = check
        self._subject = subject
        self._found: list[Finding] = []
        self._right = 0
        self._what = ""

    def right(self, what: str, number: int = 1) -> None:
        """Enter what was looked at and is as it should be; ``what`` is one of them in a word (``session``)."""
        self._right += number
        self._what = what

    def wrong(
        self, path: str, message: str, *, expected: str = "", actual: str = "", evidence: Iterable[str] = (),
        remedy: str = "", severity: Severity | None = None, subject: str = "",
    ) -> None:  # fmt: skip
        """Enter what is not as it should be."""
        self._found.append(
            finding(
                self._check.id, subject or self._subject, message, path=path, remedy=remedy or self._check.remedy,
                severity=severity or self._check.severity, expected=expected, actual=actual, evidence=evidence,
                source=self._check.source,
            )
        )  # fmt: skip

    def untold(self, path: str, message: str, *, remedy: str = "", evidence: Iterable[str] = ()) -> None:
        """Enter what could not be judged though it should be."""
        self._found.append(
            finding(
                self._check.id, self._subject, message, path=path, status="error", evidence=evidence,
                remedy=remedy or self._check.again, source=self._check.source,
            )
        )  # fmt: skip

    def skip(
        self, reason: str, *, path: str = "", remedy: str = "", actual: str = "", evidence: Iterable[str] = ()
    ) -> None:
        """Enter what does not apply, or what nobody promised to tell."""
        self._found.append(
            finding(
                self._check.id, self._subject, reason, path=path or "skipped", status="skipped", severity="info",
                remedy=remedy, actual=actual, evidence=evidence, source=self._check.source,
            )
        )  # fmt: skip

    @property
    def empty(self) -> bool:
        """Tell whether nothing was entered."""
        return not self._found and not self._right

    def findings(self) -> Iterator[Finding]:
        """Yield what was entered; a pass when only right things were, an error when nothing was."""
        yield from self._found
        if self.empty:
            yield finding(
                self._check.id, self._subject, "there was nothing to look at", status="error", severity="error",
                remedy=self._check.empty, source=self._check.source,
            )  # fmt: skip
        if self._right and not any(item.status in {"fail", "error"} for item in self._found):
            many = f"{self._right} {self._what}" + ("s" if self._right > 1 else "")
            yield finding(
                self._check.id, self._subject, f"{many} as planned", status="pass", severity="info", remedy="",
                actual=many, evidence=self._check.looked_at(), source=self._check.source,
            )  # fmt: skip


class Check(ABC):
    """One thing that is judged. A subclass states all of the class variables and a docstring, or Python refuses it."""

    abstract: ClassVar[bool] = True
    registry: ClassVar[dict[str, Check]] = {}

    id: ClassVar[str]
    """``LINK-STATE``: stable, upper case, hyphens."""
    title: ClassVar[str]
    remedy: ClassVar[str]
    source: ClassVar[str]
    asks: ClassVar[tuple[str, ...]]
    """What it asks each device; ``{port}`` and the like stand for what the plan names."""
    severity: ClassVar[Severity] = "error"
    again: ClassVar[str]
    """What to do where a device does not tell."""
    empty: ClassVar[str]
    """What to do where there was nothing to look at."""

    def __init_subclass__(cls, **kwargs: object) -> None:
        """Refuse an incomplete check and register a complete one."""
        super().__init_subclass__(**kwargs)
        if cls.__dict__.get("abstract", False):
            return
        absent = [name for name in ("id", "title", "remedy", "source", "asks") if not getattr(cls, name, None)]
        if absent or not (cls.__doc__ or "").strip():
            raise TypeError(f"check {cls.__name__} must state {', '.join(absent) or 'a docstring'}")
        if cls.id in Check.registry:
            raise TypeError(f"check id {cls.id} is taken")
        Check.registry[cls.id] = cls()

    def looked_at(self) -> tuple[str, ...]:
        """Say what a pass stands on."""
        return self.asks
