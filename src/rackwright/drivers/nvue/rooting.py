"""Commands on a switch that need root, with what sudo asks for; and the one that gives a DHCP lease back."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Final

from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.limits import Limits
from rackwright.drivers.login import Login
from rackwright.drivers.nvue.session import Said, Session
from rackwright.drivers.trust import Trust
from rackwright.errors import DeviceRefused, DeviceTimeout, LostMidCommand, Unreachable
from rackwright.secrets import Secret

__all__ = ["RELEASE", "Root", "release"]

RELEASE: Final = ("dhclient -r", "ifreload -fa")
"""What NVIDIA's own first-boot script ends with (nvue.md 3.1, RN-4377862)."""

_BROKEN: Final = (Unreachable, LostMidCommand, DeviceTimeout)
_FACTORY: Final = Secret("cumulus")
"""The factory's password (5.12 guide, Quick Start, Login Credentials): everybody knows it."""
_LONGEST: Final = 1000


class Root:
    """Runs commands as root on one session."""

    def __init__(self, session: Session, login: Login) -> None:
        """Find out what sudo asks for. Raises ``DeviceRefused`` where it wants another password than we have."""
        self._session = session
        self._sudo = self._way([*([login.password] if login.password else []), _FACTORY])

    def run(self, command: str, *, limit_s: float = 0) -> Said:
        """Run a command; raises ``DeviceRefused`` with the switch's words where it fails."""
        said = self._session.run(f"sudo {'-S' if self._sudo else '-n'} {command}", limit_s=limit_s, stdin=self._sudo)
        if said.status != 0:
            device, text = self._session.device, " ".join(said.text.split())[-_LONGEST:]
            raise DeviceRefused(f"{device} refuses {command.split(maxsplit=1)[0]!r}: {text}", device=device)
        return said

    def _way(self, passwords: Sequence[Secret]) -> bytes:
        """Return what sudo reads: a password of the user, or nothing where it asks for none."""
        if self._session.run("sudo -n true").status == 0:
            return b""
        for password in passwords:
            line = password.reveal().encode() + b"\n"
            if self._session.run("sudo -S true", stdin=line).status == 0:
                return line
        device, remedy = self._session.device, "hold the secret switch_password ready"
        raise DeviceRefused(f"{device}: sudo wants another password: {remedy}", device=device, remedy=remedy)


def release(
    endpoint: Endpoint, *, login: Login, trust: Trust, limits: Limits, left: Session | None = None
) -> None:  # fmt: skip
    """Have a switch whose eth0 left DHCP give its old lease back; the session may break over it, which is no error.

    ``left`` is a session that works, as far as is known; where it does not tell any more what sudo asks for, a fresh one does. It
    stays the caller's. Whether the switch lets us in afterwards is for the caller to see. Raises ``DeviceRefused`` with the switch's own words.
    """
    with contextlib.ExitStack() as undo:
        root = _rooted(left, login)
        if root is None:
            session = Session(endpoint, login=login, trust=trust, limits=limits)
            undo.callback(session.close)
            root = Root(session, login)
        with contextlib.suppress(*_BROKEN):
            for command in RELEASE:
                root.run(command)


def _rooted(left: Session | None, login: Login) -> Root | None:
    if left is None:
        return None
    try:
        return Root(left, login)
    except _BROKEN:
        return None
