"""The way from one tree to another as the API takes it: first what is unset, then what is set, and never a user's hash.

A hash that is sent over the API is stored as plain text and the user cannot log in (RN-3341214). A whole replace would have to send
every hash again, so the difference is sent instead; a masked hash stays as it is on the switch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rackwright import documents
from rackwright.drivers.nvue.words import is_hidden, is_masked
from rackwright.nvue.tree import Path, Tree, equal_leaf, leaves, put

__all__ = ["PasswordWouldChange", "difference_text", "patches"]

_USERS: Final[Path] = ("system", "aaa", "user")
_PASSWORDS: Final = frozenset({"hashed-password", "password"})


class PasswordWouldChange(Exception):
    """The difference holds a user's password, which the API must not be sent."""

    def __init__(self, user: str) -> None:
        super().__init__(user)
        self.user = user


def patches(running: Mapping[str, Any], wanted: Mapping[str, Any]) -> tuple[Tree, Tree]:
    """Return (nulls to unset, values to set); both are root payloads, each empty when there is nothing of its kind.

    They go in two requests: one that sets and unsets a resource in one payload has no defined order (NVUE-API).
    Raises :class:`PasswordWouldChange` with the user.
    """
    unset: Tree = {}
    change: Tree = {}
    _compare(running, wanted, (), unset, change)
    return unset, change


def _compare(running: Mapping[str, Any], wanted: Mapping[str, Any], path: Path, unset: Tree, change: Tree) -> None:
    for key in running.keys() - wanted.keys():
        # A user that goes as a whole takes its hash along: nothing is sent of it.
        _insist_no_password((*path, key))
        unset[key] = None
    for key, value in wanted.items():
        here = (*path, key)
        if key not in running:
            _insist_no_password_below(here, value)
            change[key] = value
        elif isinstance(value, Mapping) and isinstance(running[key], Mapping):
            below: tuple[Tree, Tree] = ({}, {})
            _compare(running[key], value, here, *below)
            unset |= {key: below[0]} if below[0] else {}
            change |= {key: below[1]} if below[1] else {}
        elif _stays(here, running[key], value):
            continue
        else:
            _insist_no_password(here)
            change[key] = value


def _stays(path: Path, running: Any, wanted: Any) -> bool:
    masked = is_masked(running) and path[: len(_USERS)] == _USERS
    return masked or equal_leaf(running, wanted)


def _insist_no_password_below(path: Path, value: Any) -> None:
    if isinstance(value, Mapping):
        for key, below in value.items():
            _insist_no_password_below((*path, key), below)
    else:
        _insist_no_password(path)


def _insist_no_password(path: Path) -> None:
    if path[: len(_USERS)] == _USERS and path[-1] in _PASSWORDS and len(path) == len(_USERS) + 2:
        raise PasswordWouldChange(path[len(_USERS)])


def difference_text(added: Any, removed: Any) -> str:
    """Return the two directions of a difference as ``nv config diff`` prints them: YAML with ``unset`` and ``set``.

    A leaf that changed is in both directions and is set. Secrets are masked.
    """
    news = dict(leaves(added)) if isinstance(added, Mapping) else {}
    olds = dict(leaves(removed)) if isinstance(removed, Mapping) else {}
    change: Tree = {}
    unset: Tree = {}
    for path, value in news.items():
        put(unset if value is None else change, path, "*" if is_hidden(path) and value is not None else value)
    for path, value in olds.items():
        if path not in news and value is not None:
            put(unset, path, None)
    parts = [{name: tree} for name, tree in (("unset", unset), ("set", change)) if tree]
    return documents.dump(parts).strip() if parts else ""
