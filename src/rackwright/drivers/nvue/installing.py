"""A NOS installed over SSH: the image goes up, is looked at there, staged with its configuration, and the switch reboots.

``onie-install -fa -i IMAGE -t startup.yaml -z SCRIPT`` (5.12 guide, Installing a New Cumulus Linux Image with ONIE): all on the
disk goes. ZTP would still run afterwards, so it gets a script that does nothing, as the guide advises.
"""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.limits import Limits
from rackwright.drivers.login import Login
from rackwright.drivers.nvue.rooting import Root
from rackwright.drivers.nvue.session import Session
from rackwright.drivers.trust import Trust
from rackwright.errors import DeviceRefused, DeviceTimeout, DriverError, LostMidCommand, Unreachable

__all__ = ["Installation", "install"]

_UPLOAD_S: Final = 3600
_STAGE_S: Final = 1800
_NO_ZTP: Final = b"#!/bin/bash\n# CUMULUS-AUTOPROVISIONING\nexit 0\n"


@dataclass(frozen=True)
class Installation:
    """What is to be installed on one switch."""

    image: Path
    name: str
    """File name that the image gets there; it tells the version."""
    sha256: str
    startup: bytes
    """What it boots with, secrets in their places: sent, never kept."""


def install(endpoint: Endpoint, what: Installation, *, login: Login, trust: Trust, limits: Limits) -> None:
    """Upload, stage and activate an installation, and reboot the switch into it; returns while it goes down.

    Raises ``DeviceRefused`` with the switch's own words, and what a session raises.
    """
    session = Session(endpoint, login=login, trust=trust, limits=limits)
    try:
        _Work(session, login).install(what)
    finally:
        session.close()


class _Work:
    """The steps on one session."""

    def __init__(self, session: Session, login: Login) -> None:
        self._session = session
        self._device = session.device
        self._root = Root(session, login).run

    def install(self, what: Installation) -> None:
        mark = f".rackwright-{secrets.token_hex(8)}"
        image, startup, script = f"{mark}-{what.name}", f"{mark}.yaml", f"{mark}.sh"
        try:
            self._session.put_large(image, what.image, limit_s=_UPLOAD_S)
            self._look(image, what.sha256)
            for name, data in ((startup, what.startup), (script, _NO_ZTP)):
                self._session.put(name, data)()
            self._root(f"onie-install -fa -i {image} -t {startup} -z {script}", limit_s=_STAGE_S)
        except DriverError:
            self._tidy(image, startup, script)
            raise
        # The files stay: no source says whether all of them were copied by now, and the whole disk goes.
        # The connection breaks while it goes down; whether it came up anew is what its boot id tells.
        with contextlib.suppress(Unreachable, LostMidCommand, DeviceTimeout):
            self._root("reboot")

    def _tidy(self, *names: str) -> None:
        for name in names:
            with contextlib.suppress(DriverError):
                self._session.remove(name)

    def _look(self, name: str, sha256: str) -> None:
        """Hold what arrived against what was sent: a full disk may cut it without a word."""
        said = self._session.run(f"sha256sum {name}", limit_s=_STAGE_S)
        if said.out.split()[:1] != [sha256.encode()]:
            remedy = "see to its disk ('df') and run it again"
            raise DeviceRefused(
                f"{self._device}: the image did not arrive whole: {remedy}", device=self._device, remedy=remedy
            )
