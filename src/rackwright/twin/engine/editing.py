"""Editing revisions: begin, patch, replace, unset, detach; nothing here changes what is applied."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

from rackwright.twin.engine.accounts import with_hashes
from rackwright.twin.engine.ranges import expanded
from rackwright.twin.engine.refusals import Issue, illegal
from rackwright.twin.engine.revisions import BUSY, Refused, Revision, Via
from rackwright.twin.engine.trees import Path, Tree, flat, laid_over, picked, taken_away

__all__ = ["Editing"]

_EDITABLE = ("pending", "detached", "invalid", "ays_fail", "confirm_fail", "ignore_fail")


class Editing:
    """The part of a switch that holds revisions."""

    applied: Tree
    revisions: dict[str, Revision]
    pending: dict[str, str]
    disk_full: bool
    changed: Callable[[], None]
    who: Any
    _numbers: itertools.count[int]

    def begin(self, owner: str, via: Via) -> Revision:
        """Begin a revision on top of what is applied."""
        if self.disk_full:
            raise Refused("[Errno 28] No space left on device", kind="disk")
        made = Revision(str(next(self._numbers)), dict(self.applied), owner, via)
        self.revisions[made.id] = made
        return made

    def pending_of(self, user: str) -> tuple[Revision, bool]:
        """Return a CLI user's pending revision and whether it was begun just now."""
        held = self.revisions.get(self.pending.get(user, ""))
        if held is not None and held.state in _EDITABLE:
            return held, False
        made = self.begin(user, "CLI")
        self.pending[user] = made.id
        return made, True

    def revision(self, name: str) -> Revision:
        """Return a revision by its id. Raises :class:`Refused` when there is none."""
        if name not in self.revisions:
            raise Refused(f"Unknown revision: {name}", kind="absent")
        return self.revisions[name]

    def patch(self, revision: Revision, change: Mapping[str, Any], path: Path = (), *, via: Via = "CLI") -> Tree:
        """Set a tree on a revision below ``path``; returns it as it was taken: ranges expanded, types added."""
        change = expanded(_below(path, change))
        change = _typed(change)
        self._edit(revision, laid_over(revision.tree, change), change, via)
        return change

    def replace_all(self, revision: Revision, tree: Mapping[str, Any], *, via: Via = "CLI") -> None:
        """Make a revision hold exactly this tree."""
        whole = _typed(expanded(tree))
        self._edit(revision, laid_over({}, whole), whole, via)

    def unset(self, revision: Revision, gone: Mapping[str, Any]) -> None:
        """Take nodes away from a revision; ``gone`` ends where they stand."""
        self._editable(revision)
        revision.tree = taken_away(revision.tree, expanded(gone), prune=True)
        revision.state = "pending"

    def clear(self, revision: Revision, path: Path = ()) -> None:
        """Take away everything, or everything below a path."""
        self._editable(revision)
        revision.tree = taken_away(revision.tree, _below(path, None)) if path else {}

    def detach(self, user: str) -> str:
        """Set a user's pending edits aside under their number; returns it, or nothing when there are none."""
        held = self.pending.pop(user, "")
        if held in self.revisions and self.revisions[held].state in _EDITABLE:
            self.revisions[held].state = "detached"
            return held
        return ""

    def _edit(self, revision: Revision, tree: Tree, change: Tree, via: Via) -> None:
        self._editable(revision)
        issues = _marked(illegal(change, _schema_of(self.who.nos)))
        if issues:
            raise Refused("Invalid config", tuple(issues), kind="schema")
        if self.disk_full:
            raise Refused("[Errno 28] No space left on device", kind="disk")
        hashes = frozenset(
            path[3]
            for path, _ in flat(change)
            if path[:3] == ("system", "aaa", "user") and path[-1] == "hashed-password"
        )
        if via == "REST":
            revision.rest_hashes |= hashes
        else:
            revision.cli_hashes |= hashes
            revision.rest_hashes -= hashes
        revision.tree = with_hashes(tree)
        revision.state = "pending"
        revision.issues = ()

    def _editable(self, revision: Revision) -> None:
        if revision.state in BUSY or revision.state not in _EDITABLE:
            raise Refused(f"revision {revision.id} is {revision.state} and cannot be edited", kind="state")


def _schema_of(_nos: str) -> str:
    """One table is shipped; a switch of another version is held to it, which its images show by their number only."""
    return "5.12.1"


def _marked(issues: list[Issue]) -> list[Issue]:
    """Leave out nulls: an unset is no value."""
    return [issue for issue in issues if not issue.reason.startswith("null")]


def _below(path: Path, value: Any) -> Tree:
    for key in reversed(path):
        value = {key: value}
    return value if isinstance(value, dict) else {}


_TYPES = (("swp", "swp"), ("bond", "bond"), ("eth", "eth"), ("lo", "loopback"), ("vlan", "svi"))


def _typed(change: Tree) -> Tree:
    """Add the type that NVUE gives well-named interfaces by itself (NVUE-API, Supported HTTP Methods)."""
    ports = picked(change, ("interface",), {})
    if not isinstance(ports, Mapping):
        return change
    made = dict(ports)
    for name, port in ports.items():
        kind = next((kind for lead, kind in _TYPES if name.rstrip("0123456789s") == lead.rstrip("s")), "")
        if kind and isinstance(port, Mapping) and "type" not in port:
            made[name] = {**port, "type": kind}
    return {**change, "interface": made} if made else change
