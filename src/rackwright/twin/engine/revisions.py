"""Revisions: what is edited, applied, waits to be confirmed, and what came of it (nvue.md 4.1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

from rackwright.twin.engine.refusals import Issue
from rackwright.twin.engine.trees import Tree

__all__ = ["BUSY", "DONE", "WAITING", "Applying", "Deed", "Entry", "Refused", "Revision", "Via"]

Deed = Literal["applied", "back", "boot"]
"""How a configuration came into force."""

Via = Literal["CLI", "REST"]

WAITING: Final = frozenset({"ays", "confirm"})
"""States in which a revision waits for an answer."""

BUSY: Final = frozenset({"apply", *WAITING})
"""States in which no other revision may be applied."""

DONE: Final = frozenset({"applied", "applied_and_saved"})


class Refused(Exception):
    """The switch says no, in the words of ``issues``; ``kind`` tells clients which no it is."""

    def __init__(self, message: str, issues: tuple[Issue, ...] = (), kind: str = "refused") -> None:
        super().__init__(message)
        self.issues = issues
        self.kind = kind


class Applying(NamedTuple):
    """How a revision is to be applied."""

    yes: bool = False
    """Warnings are answered beforehand: ``-y``, ``auto-prompt.ays: ays_yes``."""
    confirm_s: float | None = None
    """Go back by itself unless confirmed within so many s; None: for good at once."""
    auto_confirm: bool = False
    """``auto-prompt.confirm: confirm_yes`` was given: it waits as ``ays`` (nv-config-manager), not as ``confirm``."""
    message: str = ""
    user: str = "cumulus"
    via: Via = "CLI"


@dataclass
class Revision:
    """One revision."""

    id: str
    tree: Tree
    owner: str
    via: Via
    state: str = "pending"
    issues: tuple[Issue, ...] = ()
    progress: str = ""
    deadline: float = 0
    """When an answer must have come, on the twin's clock; 0: none is awaited."""
    asks: Literal["", "warnings", "confirm"] = ""
    how: Applying = field(default_factory=Applying)
    applies: int = 0
    rest_hashes: frozenset[str] = frozenset()
    """Users whose hashed-password was patched into it over REST (RN-3341214)."""
    cli_hashes: frozenset[str] = frozenset()
    """Users whose hashed-password came by the command line, which mends what REST broke."""

    def value(self) -> dict[str, Any]:
        """Return the revision as the API shows it (NVUE-API)."""
        issues = {
            str(number): {
                "code": issue.code,
                "data": {"location": issue.location, "reason": issue.reason} if issue.location else {},
                "message": issue.message,
                "severity": "error",
            }
            for number, issue in enumerate(self.issues)
        }
        return {"state": self.state, "transition": {"issue": issues, "progress": self.progress}}


class Entry(NamedTuple):
    """A line of ``nv config history``."""

    revision: str
    state: str
    apply_id: str
    at: float
    via: Via
    user: str
    message: str
