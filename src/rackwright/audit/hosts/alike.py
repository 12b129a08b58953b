"""What is wrong or untold alike of several parts of a host, told once: eight adapters that are behind by the same are one thing to do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Self

from rackwright.audit.hosts.model import listed
from rackwright.audit.ledger import Ledger
from rackwright.findings import Severity

__all__ = ["Alike"]

_EVIDENCE: Final = 8


class Alike:
    """Gathers what is entered of parts; use it as a context, at whose end all of it is in the ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._wrong: dict[tuple[str, str, str, str, str, Severity | None], dict[str, tuple[str, ...]]] = {}
        self._untold: dict[tuple[str, str, str], dict[str, str]] = {}
        self._skipped: dict[tuple[str, str], list[str]] = {}

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def right(self, what: str) -> None:
        """Enter what is as it should be."""
        self._ledger.right(what)

    def wrong(
        self, part: str, path: str, message: str, *, expected: str = "", actual: str = "", remedy: str = "",
        severity: Severity | None = None, evidence: Iterable[str] = (),
    ) -> None:  # fmt: skip
        """Enter what is wrong of a part; ``{}`` in the message stands for the parts."""
        key = (path, message, expected, actual, remedy, severity)
        self._wrong.setdefault(key, {})[part] = tuple(evidence)

    def untold(self, part: str, path: str, message: str, why: object, remedy: str = "") -> None:
        """Enter what a part does not tell, and why not; ``{}`` in the message stands for the parts."""
        self._untold.setdefault((path, message, remedy), {}).setdefault(part, str(why))

    def skip(self, part: str, path: str, message: str) -> None:
        """Enter what does not apply to a part."""
        self._skipped.setdefault((path, message), []).append(part)

    def __exit__(self, *_failed: object) -> None:
        """Enter what was gathered, each sort once; the path names the part where it is one alone."""
        single: dict[str, int] = {}
        for path, *_ in self._wrong:
            single[path] = single.get(path, 0) + 1
        for (path, message, expected, actual, remedy, severity), parts in self._wrong.items():
            where = _where(path, parts, alone=single[path] == 1)
            lines = [line for part, told in parts.items() for line in told or ((part,) if len(parts) > 1 else ())]
            self._ledger.wrong(
                where, message.replace("{}", listed(parts), 1), expected=expected, actual=actual, remedy=remedy, severity=severity,
                evidence=lines[: 4 * _EVIDENCE],
            )  # fmt: skip
        for (path, message, remedy), silent in self._untold.items():
            first = next(iter(silent.values()))
            text = f"{message.replace('{}', listed(silent), 1)}: {first}"
            lines = [f"{part}: {why}" for part, why in silent.items()][:_EVIDENCE]
            self._ledger.untold(_where(path, silent, alone=True), text, evidence=lines, remedy=remedy)
        for (path, message), names in self._skipped.items():
            self._ledger.skip(message.replace("{}", listed(names), 1), path=path)


def _where(path: str, parts: Iterable[str], *, alone: bool) -> str:
    """Return the path of a finding: that of the sort where it is the only one of it about several, else with its parts."""
    names = list(parts)
    if len(names) > 1 and alone:
        return path
    return f"{names[0]}.{path}" if len(names) == 1 else f"{path}.{names[0]}"
