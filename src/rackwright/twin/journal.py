"""What each switch was asked and what it changed; never a secret."""

from __future__ import annotations

import contextlib
from collections import deque
from pathlib import Path
from typing import Any, Final

import msgspec

__all__ = ["Journal", "Line", "redacted"]

_KEPT: Final = 20_000

_TELLING: Final = frozenset({"password", "hashed-password", "secret", "shared-secret", "md5-key", "auth-md5", "key"})
_SILENT: Final = frozenset({"echo", "printf", "passwd", "chpasswd"})


class Line(msgspec.Struct, frozen=True):
    """One thing that happened."""

    at: float
    """Seconds of the twin's clock."""
    device: str
    wire: str
    user: str
    operation: str
    command: str
    result: str
    """Exit code or HTTP status."""
    changed: tuple[str, ...] = ()
    """Of ``applied``, ``startup``, ``revisions``, ``power``."""


def redacted(words: list[str]) -> str:
    """Return a command line without what may be a secret."""
    shown, hide = [], False
    if words and words[0] in _SILENT:
        return f"{words[0]} ..."
    for word in words:
        shown.append("***" if hide else word)
        hide = word in _TELLING
    return " ".join(shown)


class Journal:
    """The log of a twin, in memory and in a file."""

    def __init__(self, path: Path | None = None) -> None:
        self._lines: deque[Line] = deque(maxlen=_KEPT)
        self._stream = path.open("ab", buffering=0) if path else None

    def add(self, line: Line) -> None:
        """Write a line down; what a full disk does not take is in memory alone, since no device fails for it."""
        self._lines.append(line)
        if self._stream:
            with contextlib.suppress(OSError):
                self._stream.write(msgspec.json.encode(line) + b"\n")

    def lines(self, device: str = "") -> list[dict[str, Any]]:
        """Return what happened, oldest first."""
        return [msgspec.to_builtins(line) for line in self._lines if device in ("", line.device)]

    def close(self) -> None:
        """Close the file."""
        if self._stream:
            self._stream.close()
