"""Whom a finding about cables concerns: what a switch sees is often a server's to mend."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from rackwright.findings import Finding, Status

__all__ = ["counted", "noted", "packed", "servers", "unpacked", "unproven"]

_COUNTS: Final[Mapping[Status, str]] = {"pass": "passed", "fail": "failed", "error": "errors", "skipped": "skipped"}
"""Status -> how the record calls the number of such findings."""
_PROOFS: Final = frozenset({"LINK-CABLING", "LINK-BLINK"})
"""Checks that prove where cables end."""
_REASONS: Final = 4
_LONG: Final = 240
"""A record of a thousand servers keeps its size: of what a check skipped so many reasons of so many characters."""
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
    """Return findings as JSON holds them; of what passed its check alone, of what was skipped why, too, and of cables how to prove them."""
    return [msgspec.to_builtins(one) if one.status in {"fail", "error"} else _short(one) for one in found]


def unpacked(told: Sequence[Any]) -> list[Finding]:
    """Return what :func:`packed` made; what passed comes back without its words."""
    return [msgspec.convert(one, Finding) if isinstance(one, dict) else _long(*one) for one in told]


def _short(found: Finding) -> list[str]:
    if found.status != "skipped":
        return [found.status, found.check]
    cables = [found.remedy, found.actual, *found.evidence] if found.check in _PROOFS and found.evidence else []
    return [found.status, found.check, found.message, *cables]


def _long(
    status: Status, check: str, message: str = "", remedy: str = "", actual: str = "", *evidence: str
) -> Finding:  # fmt: skip
    return Finding(
        id="", check=check, subject="", path="", status=status, severity="info", message=message, remedy=remedy,
        actual=actual, evidence=evidence,
    )  # fmt: skip


def unproven(found: Iterable[Finding], device: str, servers: Container[str]) -> list[dict[str, Any]]:
    """Return the cables of a device that nobody could prove as the record takes them: those of one reason, why, and how to find out.

    What the checks of cables skip has them in its evidence. A server's cables are told at the server, whoever's port they end at.
    """
    rows = []
    for one in found:
        if one.status == "skipped" and one.check in _PROOFS:
            cables = [cable for cable in one.evidence if _is_of(cable, device, servers)]
            rows += [{"cables": cables, "why": one.actual or one.message, "how": one.remedy}] if cables else []
    return rows


def _is_of(cable: str, device: str, servers: Container[str]) -> bool:
    ends = [end.partition(" ")[0] for end in cable.split(" to ")]
    return device in ends and (device in servers or not any(end in servers for end in ends))


def counted(found: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return the checks that were made as the record takes them: how many findings of each kind, and why parts were skipped.

    A list and no mapping: what stands below a key is masked when the key looks secret, and a check may be about a password.
    """
    checks: dict[str, dict[str, Any]] = {}
    for one in found:
        check = checks.setdefault(one.check, {"check": one.check})
        # What stops nobody is no failure: an accepted device may have it.
        count = "notes" if one.status in {"fail", "error"} and one.severity != "error" else _COUNTS[one.status]
        check[count] = check.get(count, 0) + 1
        if one.status == "skipped" and one.message:
            why = check.setdefault("why", [])
            reason = one.message if len(one.message) <= _LONG else f"{one.message[:_LONG]}..."
            why += [reason] if reason not in why and len(why) < _REASONS else []
    return [checks[name] for name in sorted(checks)]
