"""What happened, as lines of JSON in a file and as sentences for whoever watches; never with a token or a secret."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Literal

import msgspec

__all__ = ["Event", "Events", "Kind"]

Kind = Literal[
    "serving", "script", "breakouts", "startup", "image", "installing", "provisioned", "failed", "refused", "stopped",
    "armed", "seed", "warning", "rebooting", "dhcp", "tftp", "time",
]  # fmt: skip
"""What an event is about."""


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that happened."""

    at: str
    """UTC, ISO 8601."""
    kind: Kind
    text: str
    device: str = ""
    peer: str = ""
    """Address that asked."""

    @property
    def line(self) -> str:
        """Return it as a sentence."""
        return f"{self.at[11:19]} {self.kind:<11} {self.text}" + (f" (from {self.peer})" if self.peer else "")


class Events:
    """Appends to ``folder``/events.jsonl of mode 0600, a write a line, and tells a listener."""

    def __init__(self, folder: Path, heard: Callable[[Event], None]) -> None:
        """Write below ``folder``; ``heard`` gets each event as well."""
        self._path = folder / "events.jsonl"
        self._heard = heard
        self._lock = Lock()

    def tell(self, kind: Kind, text: str, *, device: str = "", peer: str = "") -> None:
        """Keep an event and say it; control characters of what a switch sent do not reach the terminal."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        event = Event(at, kind, "".join(char if char.isprintable() else " " for char in text), device, peer)
        with self._lock:
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.write(handle, msgspec.json.encode(event) + b"\n")
            finally:
                os.close(handle)
        self._heard(event)
