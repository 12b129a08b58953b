"""One token for one first boot: random, kept as a hash, good for one fetch of the configuration and for reports.

The file says who fetched what when, so that a second use is seen, also by another life of the server.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Final

import msgspec

from rackwright.drivers.keeping import keep, locked, read
from rackwright.errors import BootRefused

__all__ = ["LIFE_S", "Boot", "Tokens"]

LIFE_S: Final = 3600
"""How long a token is good: an installation of the NOS and two boots fit in."""


_MISUSED: Final = "asked for with a token that had been used"
_LAST: Final = frozenset({"provisioned", _MISUSED})
"""Ends after which nothing begins by itself."""


class Boot(msgspec.Struct, omit_defaults=True):
    """What is known of the last first boot of one device; times are seconds since 1970."""

    digest: str
    """SHA-256 of the token."""
    issued: float
    expires: float
    fetched: float = 0
    """When the configuration was handed over; 0: not yet."""
    ended: str = ""
    """``provisioned``, ``failed`` or ``installing``, as the switch reported, or that its token was misused."""


class Tokens:
    """The tokens of a site, in ``folder``/tokens.json of mode 0600; safe for several threads and processes."""

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time, life_s: float = LIFE_S) -> None:
        """Keep them in ``folder``."""
        self._path = folder / "tokens.json"
        self._clock = clock
        self._life_s = life_s
        self._lock = Lock()

    def issue(self, device: str) -> str:
        """Return a new token for a boot that begins; the former one is void from now on.

        Raises :class:`~rackwright.errors.BootRefused` for a device that is provisioned, or that has its configuration and has not said how it went.
        """
        with self._changing() as boots:
            last, now = boots.get(device), self._clock()
            if last is not None and last.ended in _LAST:
                raise BootRefused(f"{device} was {last.ended}; {_again(device)}")
            if last is not None and last.fetched and not last.ended and now < last.expires:
                raise BootRefused(
                    f"{device} has fetched its configuration at {_time(last.fetched)} and has not reported since: "
                    f"another may have it after {_time(last.expires)}; {_again(device)}"
                )
            token = secrets.token_urlsafe(32)
            boots[device] = Boot(_digest(token), now, now + self._life_s)
        return token

    def check(self, device: str, token: str) -> None:
        """Raise :class:`~rackwright.errors.BootRefused` for a token that is not the device's, or expired."""
        with self._lock:
            self._good(self._read(), device, token)

    def fetch(self, device: str, token: str, *, spend: bool = True) -> None:
        """Note that the configuration goes to whoever has the token, once; without ``spend`` what goes is no secret, and the token stays good.

        Raises as :meth:`check`, and for use after it was spent: two have the token then, so it is worth nothing any more.
        """
        with self._changing() as boots:
            boot = self._good(boots, device, token)
            first = boot.fetched
            if first:
                boot.ended = _MISUSED
            elif spend:
                boot.fetched = self._clock()
        if first:
            raise BootRefused(
                f"{device}: its token was used at {_time(first)} and is used a second time: somebody else may have its "
                f"configuration; see who asked, and change what it keeps secret; then {_again(device)}"
            )

    def end(self, device: str, token: str, word: str) -> None:
        """Note how a boot ended; raises as :meth:`check`, and where it has ended otherwise before."""
        with self._changing() as boots:
            boot = self._good(boots, device, token)
            if boot.ended in _LAST and boot.ended != word:
                raise BootRefused(f"{device}: reports {word!r} with the token of a boot that has ended: {boot.ended}")
            boot.ended = word

    def forget(self, device: str) -> bool:
        """Let a device boot for the first time again; returns whether anything was known of it."""
        with self._changing() as boots:
            return boots.pop(device, None) is not None

    def _good(self, boots: dict[str, Boot], device: str, token: str) -> Boot:
        boot = boots.get(device)
        if boot is None or not hmac.compare_digest(boot.digest, _digest(token)):
            raise BootRefused(f"{device}: a token that is none of its own, or an older one")
        if self._clock() >= boot.expires:
            raise BootRefused(
                f"{device}: its token expired at {_time(boot.expires)}; it gets a new one with its script"
            )
        return boot

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Boot]]:
        """Read the file, and write it when nothing was raised meanwhile."""
        with self._lock, locked(self._path):
            boots = self._read()
            yield boots
            keep(self._path, msgspec.json.format(msgspec.json.encode(boots), indent=1) + b"\n")

    def _read(self) -> dict[str, Boot]:
        text = read(self._path)
        try:
            return msgspec.json.decode(text, type=dict[str, Boot]) if text.strip() else {}
        except msgspec.MsgspecError as error:
            raise BootRefused(f"{self._path} cannot be read ({error}): remove it, every boot begins anew") from None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _again(device: str) -> str:
    return f"'rackwright serve SITE --again {device}' lets it boot anew"
