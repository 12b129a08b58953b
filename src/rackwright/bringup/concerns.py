"""Whom a finding about cables concerns: what a switch sees is often a server's to mend."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from typing import Any, Final

import msgspec

from rackwright.findings import Finding

__all__ = ["noted", "packed", "servers", "unpacked"]

_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def servers(found: Finding, peers: Mapping[tuple[str, str], str], known: Container[str]) -> frozenset[str]:
    """Return the servers that a finding is about: its own, the one planned at its port, and those that it names.

    ``peers``: (switch, port) -> the device that is planned at the other end; ``known``: the servers.
    """
    at = peers.get((found.subject, found.path.partition(".")[0]), "")
    texts = (found.message, found.expected, found.actual, *found.evidence)
    named = {word for text in texts for word in _WORD.findall(text)}
    return frozenset(name for name in (found.subject, at, *named) if name in known)


def noted(found: Finding) -> Finding:
    """Return a finding as a note: it is told here and mended elsewhere."""
    return msgspec.structs.replace(found, severity="info") if found.status in {"fail", "error"} else found


def packed(found: Sequence[Finding]) -> list[Any]:
    """Return findings as JSON holds them; what passed or was skipped is counted by its check alone."""
    return [msgspec.to_builtins(one) if one.status in {"fail", "error"} else [one.status, one.check] for one in found]


def unpacked(told: Sequence[Any]) -> list[Finding]:
    """Return what :func:`packed` made; what passed comes back without its words."""
    return [
        msgspec.convert(one, Finding)
        if isinstance(one, dict)
        else Finding(
            id="", check=one[1], subject="", path="", status=one[0], severity="info", message="", remedy=""
        )
        for one in told
    ]  # fmt: skip
