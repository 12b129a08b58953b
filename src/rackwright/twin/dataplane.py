"""What stands behind an emulated switch's configuration: computed links and sessions, or real FRR in a namespace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

__all__ = ["DataPlane", "Housed", "NotEmulated"]


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


@runtime_checkable
class Housed(Protocol):
    """A data plane whose switches are houses with a door of their own: real OpenSSH in front, the twin's ``nv`` inside."""

    def start(self) -> None:
        """Bring everything up; takes seconds."""

    def door(self, switch: str, host_key: str, operator: str) -> list[str]:
        """Return the command that serves one SSH connection on its standard streams.

        ``host_key`` is the private host key as OpenSSH writes it, ``operator`` the public key that opens user cumulus.
        """
