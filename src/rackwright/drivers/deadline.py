"""One limit for the whole of an answer: a read timeout alone lets a device send a byte a minute for ever (redfish.md 5, row 17)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from ssl import SSLSocket
from threading import local
from typing import Any

__all__ = ["DeadlineSocket", "check", "within"]

_NEAR = 1.05


class _Now(local):
    end: float | None = None
    """Monotonic time by which what this thread does must be done."""


_NOW = _Now()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Bound every read and write on a :class:`DeadlineSocket` by this thread, all together, to wall seconds.

    What is too late raises ``TimeoutError``, status line and headers included.
    """
    before, _NOW.end = _NOW.end, time.monotonic() + seconds
    try:
        yield
    finally:
        _NOW.end = before


def check() -> None:
    """Raise ``TimeoutError`` when the time of this thread is up."""
    if _NOW.end is not None and time.monotonic() > _NOW.end:
        raise TimeoutError


class DeadlineSocket(SSLSocket):
    """A TLS socket that knows when its thread's time is up; without :func:`within` it is as any other."""

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        """Read what is there, for as long as there is time."""
        self._hurry()
        return super().recv_into(*args, **kwargs)

    def recv(self, *args: Any, **kwargs: Any) -> bytes:
        """Read what is there; a peer that reset the connection before the handshake is found so, and Python leaves that socket open."""
        try:
            return super().recv(*args, **kwargs)
        except ConnectionResetError:
            self.close()
            raise

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        """Write, for as long as there is time."""
        self._hurry()
        super().sendall(*args, **kwargs)

    def _hurry(self) -> None:
        if _NOW.end is None:
            return
        left_s = _NOW.end - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        # Each setting is a system call: it is made when the one before is off by more than a twentieth.
        if (self.gettimeout() or 2 * left_s) > left_s * _NEAR:
            self.settimeout(left_s)
