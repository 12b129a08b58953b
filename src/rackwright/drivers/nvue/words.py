"""What NVUE's command line says, read: revisions, states, failures, times."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from rackwright.nvue import ranges
from rackwright.nvue.tree import Tree, leaves

__all__ = [
    "APPLIED",
    "ON_ITS_WAY",
    "WAITING",
    "configuration",
    "failed",
    "is_hidden",
    "is_masked",
    "json_value",
    "masked_leaf",
    "not_ready",
    "revision_id",
    "scrubbed",
    "seconds_left",
    "states",
]

WAITING: Final = frozenset({"ays", "confirm"})
"""States of a revision that waits to be confirmed: ``ays`` as NVIDIA's own client reads it (nvue.md 4.1), ``confirm`` as
two third-party deployers of 5.x do. Matched exactly: ``ays_fail`` is a failure."""

APPLIED: Final = frozenset({"applied", "applied_and_saved"})
"""States of a revision that is in force (nvue.md 4.1)."""

ON_ITS_WAY: Final = frozenset(
    {
        "apply",
        "auto_saving",
        "checked",
        "checking",
        "ready",
        "readying",
        "reloaded",
        "reloading",
        "verified",
        "verifying",
    }
)
"""States of a revision that is being applied, or taken back; what is none of these three kinds is a failure."""

_HIDDEN: Final = frozenset(
    {"hashed-password", "password", "community-password", "secret", "auth-key", "priv-key", "auth-password", "key"}
)
"""Leaves that may hold a secret; what the switch says is cleared of their values."""

_NOT_READY: Final = re.compile(r"\s*(?:Error: )?Could not connect to nvued")
"""How ``nv`` says that nvued does not run (networkop/cx issue 9); behind other words the command had begun."""

_FAILED: Final = re.compile(r"(?im)^\s*error\b|\bfailed\b|invalid config")
"""Words of a failure: netlab looks for 'failed' and 'Invalid config', nvidia.nvue for 'error' (nvue.md 4.2)."""

_REVISION: Final = re.compile(r"\[rev_id:\s*([^\]\s]+)\s*\]")
_CLOCK: Final = re.compile(r"\b(\d+):(\d\d):(\d\d)\b")
_UNITS: Final = re.compile(r"\b(\d+)\s*(h|m|s)", re.IGNORECASE)
_UNIT_S: Final = {"h": 3600, "m": 60, "s": 1}


def failed(status: int, text: str) -> bool:
    """Say whether a command that changes something failed: by its exit status or by its words."""
    return status != 0 or _FAILED.search(text) is not None


def not_ready(text: str) -> bool:
    """Say whether nvued did not answer at all, so that nothing was done."""
    return _NOT_READY.match(text) is not None


def revision_id(text: str) -> str:
    """Return the id out of ``created [rev_id: 7]``; empty where there is none."""
    found = _REVISION.findall(text)
    return found[-1] if found else ""


def seconds_left(text: str) -> float:
    """Return the time left that ``--confirm-status`` tells, ``0:04:59`` or ``299 seconds``; 0 where it does not tell."""
    clock = _CLOCK.search(text)
    if clock:
        hours, minutes, seconds = (int(part) for part in clock.groups())
        return hours * 3600 + minutes * 60 + seconds
    return float(sum(int(number) * _UNIT_S[unit.lower()] for number, unit in _UNITS.findall(text)))


def json_value(data: bytes, kind: Any = Any) -> Any:
    """Return the JSON value in an answer; a login script may have printed lines before it.

    Raises ValueError when there is none of that type.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.DecodeError:
        found = re.search(rb"(?m)^[\[{]", data)
        if found is None or found.start() == 0:
            raise ValueError("no JSON") from None
        try:
            return msgspec.json.decode(data[found.start() :], type=kind)
        except msgspec.DecodeError:
            raise ValueError("no JSON") from None


def states(revisions: Mapping[str, Any]) -> dict[str, str]:
    """Return revision -> state, of what ``nv config revision -o json`` and ``GET /revision`` give."""
    return {str(name): str(one.get("state", "")) for name, one in revisions.items() if isinstance(one, dict)}


def configuration(value: Any) -> Tree:
    """Return the inner ``set`` object of what ``nv config show`` or the API gives, with its ranges expanded.

    Raises ValueError when it is no configuration.
    """
    if isinstance(value, list):
        parts = [part["set"] for part in value if isinstance(part, dict) and "set" in part]
        value = parts[0] if parts else {}
    elif isinstance(value, dict) and value.keys() <= {"header", "set"} and "set" in value:
        value = value["set"]
    if not isinstance(value, dict):
        raise ValueError("no configuration")  # noqa: TRY004 - what is wrong is what the switch sent, not our call
    return ranges.expand(value)


def is_hidden(path: tuple[str, ...]) -> bool:
    """Say whether a leaf may hold a secret."""
    return path[-1] in _HIDDEN


def is_masked(value: object) -> bool:
    """Say whether a value stands for one that is not shown: ``*``, or encrypted with the switch's own key (nvue.md 4.2)."""
    return isinstance(value, str) and (value == "*" or value.startswith("$nvsec$"))


def masked_leaf(tree: Mapping[str, Any]) -> str:
    """Return the path of a secret that a switch masked, empty where there is none: sent back, it locks people out."""
    return next((".".join(path) for path, value in leaves(tree) if is_hidden(path) and is_masked(value)), "")


def scrubbed(text: str, tree: Mapping[str, Any]) -> str:
    """Return what the switch said without any value of ours that may be a secret."""
    for value in sorted(set(_secrets(tree)), key=len, reverse=True):
        text = text.replace(value, "***")
    return text


def _secrets(tree: Mapping[str, Any]) -> Iterator[str]:
    return (value for path, value in leaves(tree) if is_hidden(path) and isinstance(value, str) and len(value) > 3)
