"""What every way to a switch offers, whichever wire it uses, and the values that it gives back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from rackwright.nvue.tree import Tree

__all__ = ["Confirm", "ConfirmState", "Facts", "Nvue"]

ConfirmState = Literal["none", "waiting"]
"""``waiting``: an apply is to be confirmed before its timer ends, or the switch goes back by itself."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers."""

    hostname: str
    model: str = ""
    serial: str = ""
    base_mac: str = ""
    version: str = ""
    """NOS version, e.g. ``5.12.1``."""
    boot_id: str = ""
    """Changes with every boot; empty where the wire does not tell."""


class Confirm(msgspec.Struct, frozen=True, kw_only=True):
    """Whether an apply waits for its confirmation."""

    state: ConfirmState
    revision: str = ""
    left_s: float = 0
    """Seconds until the switch goes back; 0 where it does not tell."""


class Nvue(Protocol):
    """One session with one switch; every method has a limit in time.

    Raised are the errors of ``rackwright.errors``: ``Unreachable`` and ``AuthRefused`` before anything was sent, ``DeviceRefused`` with the switch's own words,
    ``DeviceTimeout``, and ``LostMidCommand`` where it is not known whether the switch acted: look, never send again blindly.
    """

    def facts(self) -> Facts:
        """Read who answers."""

    def running(self) -> Tree:
        """Read the applied configuration: the inner ``set`` object with its ranges expanded, without defaults."""

    def startup(self) -> Tree:
        """Read what the switch would boot with, in the same form."""

    def stage(self, tree: Tree) -> str:
        """Drop leftover edits of ours, replace a new pending revision by the whole ``tree``; return the revision's id.

        ``tree`` has its secrets resolved; the values are sent and never kept.
        """

    def alter(self, change: Tree) -> str:
        """Drop leftover edits of ours, lay ``change`` over what is applied in a new pending revision; return the revision's id.

        A choice that excludes others (``link.state``) takes their place, as with ``nv set``. Nothing is unset.
        """

    def difference(self, revision: str) -> str:
        """Return NVUE's own diff between applied and a staged revision, as text; empty when there is none."""

    def apply(self, revision: str, *, confirm_s: int) -> None:
        """Apply a staged revision with commit-confirm; returns once it waits to be confirmed.

        Raises ``DeviceRefused`` when the switch finds it invalid or a service fails (it is then as before).
        """

    def confirmation(self) -> Confirm:
        """Tell whether an apply waits to be confirmed."""

    def confirm(self) -> None:
        """Confirm the waiting apply."""

    def rollback(self) -> None:
        """Refuse the waiting apply now instead of letting its timer end; nothing when none waits."""

    def save(self) -> None:
        """Make the applied configuration the startup one (nothing to do where auto-save is on and has run)."""

    def show(self, path: str, kind: Any = Any) -> Any:
        """Return ``nv show PATH -o json`` as a value, e.g. ``show("interface")``; ``DeviceRefused`` if unknown.

        ``kind``: the type of the value, whose fields alone are kept of an answer that has many more; ``DeviceRefused`` where it is of another.
        """

    def shows(self, paths: Sequence[str]) -> Mapping[str, Any]:
        """Return what :meth:`show` would for each of many paths, in few round trips.

        Instead of a value stands the ``DriverError`` of a path that is refused, or whose answer did not come. Raises none.
        """

    def run(self, command: str) -> str:
        """Return the stdout of a read-only Linux command; only over SSH, ``DeviceRefused`` elsewhere."""

    def close(self) -> None:
        """End the session; never raises."""
