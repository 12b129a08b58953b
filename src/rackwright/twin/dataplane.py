"""What stands behind an emulated switch's configuration: computed links and sessions, or real FRR in a namespace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

__all__ = ["DataPlane", "NotEmulated"]


class NotEmulated(Exception):
    """The twin has no source that says what a switch would answer, so it refuses."""


class DataPlane(Protocol):
    """The half of an emulated switch that configuration acts on. Called from one event loop."""

    slow: bool
    """True: the calls block for longer than some milliseconds and are made in a thread."""

    def applied(self, switch: str, tree: Mapping[str, Any], restarted: frozenset[str]) -> None:
        """Take over an applied configuration: the inner ``set`` object, ranges expanded, secrets masked or not.

        ``restarted`` names what the apply restarted, of ``switchd``, ``frr``, ``networking``; links and
        sessions of a restarted service are down for the time that its source gives.
        Raises RuntimeError with the reason when the real engine refuses it; the switch then stays as it was.
        """

    def power(self, switch: str, *, on: bool) -> None:
        """Tell that a switch goes down or has come up."""

    def show(self, switch: str, path: tuple[str, ...]) -> Any:
        """Return what ``nv show PATH -o json`` says of the operational state, as a JSON value.

        Raises :class:`NotEmulated` for a path that no source describes.
        """

    def run(self, switch: str, argv: tuple[str, ...]) -> str:
        """Return the stdout of a Linux command that reads state; raises :class:`NotEmulated` when it is not known."""
