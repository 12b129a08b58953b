"""Sessions that whoever spoke to a device leaves open for a while: a gate asks those who were spoken to a moment ago.

A session that lay here proves nothing: who takes one asks it for what it shows now, and logs in anew where it does not answer.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Final, Generic, Protocol, Self, TypeVar

from rackwright.drivers.nvue.model import Nvue

__all__ = ["Idle", "Sessions"]

_MOST: Final = 256
_IDLE_S: Final = 20.0
"""Of the wall: a device that went away meanwhile is then still found out by the first question."""


class _Closing(Protocol):
    def close(self) -> None:
        """End the session."""


S = TypeVar("S", bound=_Closing)


class Sessions(Generic[S]):
    """Sessions that nobody uses, one a device at most; ended when they lay for a while, and all of them at the end."""

    def __init__(self, most: int = _MOST, idle_s: float = _IDLE_S) -> None:
        """Hold nothing yet, at most so many sessions, each for so many seconds of the wall."""
        self._most = most
        self._idle_s = idle_s
        self._held: dict[str, tuple[S, float]] = {}
        self._guard = threading.Lock()
        self._timer: threading.Timer | None = None
        self._shut = False

    def take(self, device: str) -> S | None:
        """Return the session with a device that lies here, which is the taker's from now on."""
        with self._guard:
            held = self._held.pop(device, None)
        return held[0] if held is not None else None

    def leave(self, device: str, session: S) -> None:
        """Leave a session that works to whoever asks next; the oldest of too many is ended."""
        ended: list[S] = []
        with self._guard:
            if self._shut:
                ended.append(session)
            else:
                ended += [held for held, _ in filter(None, [self._held.pop(device, None)])]
                self._held[device] = (session, time.monotonic())
                if len(self._held) > self._most:
                    ended.append(self._held.pop(next(iter(self._held)))[0])
                self._look_later()
        for one in ended:
            one.close()

    def drop(self, device: str) -> None:
        """End what lies here of a device that is about to go away."""
        session = self.take(device)
        if session is not None:
            session.close()

    def __enter__(self) -> Self:
        """Hold what is left here until the end."""
        self._shut = False
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End everything, also what is left here from now on."""
        with self._guard:
            self._shut = True
            if self._timer is not None:
                self._timer.cancel()
            ended, self._held = list(self._held.values()), {}
        for session, _ in ended:
            session.close()

    def _look_later(self) -> None:
        if self._timer is None:
            self._timer = threading.Timer(self._idle_s, self._end_old)
            self._timer.daemon = True
            self._timer.start()

    def _end_old(self) -> None:
        until = time.monotonic() - self._idle_s
        with self._guard:
            self._timer = None
            old = [device for device, (_, since) in self._held.items() if since <= until]
            ended = [self._held.pop(device)[0] for device in old]
            if self._held and not self._shut:
                self._look_later()
        for session in ended:
            session.close()


class Idle(Sessions[Nvue]):
    """Those with switches."""
