"""One request: what came in, who asks and what it may do."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rackwright.twin.bmc.service.envelope import Denied, base

__all__ = ["Call", "Upload", "basic"]


@dataclass(frozen=True, slots=True)
class Upload:
    """An image that was sent."""

    name: str
    head: bytes
    """The first part of it, enough to tell what it is."""
    size: int
    """Bytes."""
    sha256: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """``UpdateParameters`` and vendor's parts, as JSON."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request that has passed the door."""

    method: str
    path: str
    """Whole, without a trailing slash."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    user: str = ""
    session: str = ""
    """Id of the session; empty for basic authentication and for nobody."""
    origin: str = ""
    body: Any = None
    upload: Upload | None = None

    def object(self) -> dict[str, Any]:
        """Return the body as an object. Raises :class:`Denied` when it is none."""
        if not isinstance(self.body, dict):
            raise Denied(400, base("MalformedJSON"))
        return self.body

    def text(self, name: str, action: str = "") -> str:
        """Return a text of the body. Raises :class:`Denied` when it is missing or no text."""
        value = self.object().get(name)
        if value is None:
            raise Denied(400, base("ActionParameterMissing", action, name) if action else base("PropertyMissing", name))
        if not isinstance(value, str):
            raise Denied(400, base("PropertyValueTypeError", repr(value), name, related=(f"#/{name}",)))
        return value


def basic(header: str) -> tuple[str, str] | None:
    """Read an Authorization header; None when it is none of basic authentication."""
    kind, _, text = header.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        user, found, password = base64.b64decode(text.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (user, password) if found else None
