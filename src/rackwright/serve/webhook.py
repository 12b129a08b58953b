"""Events to somebody else's address: posted beside the work, tried again, never waited for.

The address may itself be a secret (chat services put a token in it): it is kept in memory, and only its host is named.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

import msgspec
import requests

from rackwright.errors import ServeError
from rackwright.runs.model import Event

__all__ = ["Webhook"]

_MOST: Final = 10_000
"""Events that wait; when there are more, the oldest are left out and counted."""
_BATCH: Final = 200
_TIMEOUT_S: Final = 10
_PAUSES_S: Final = (0.5, 2.0, 8.0, 30.0)
"""Between two attempts; the last one again and again."""
_LAST_WORDS_S: Final = 2.0


class Webhook:
    """Posts events as ``{"events": [...], "dropped": N}``, in their order, at least once each unless it was dropped."""

    def __init__(
        self, url: str, complain: Callable[[str], None] = lambda _text: None, *, pauses_s: tuple[float, ...] = _PAUSES_S
    ) -> None:
        """Begin to post to ``url``; ``complain`` is told when it does not answer, once until it does.

        Raises :class:`~rackwright.errors.ServeError` for what is no http or https address.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ServeError("the webhook is no address: write https://HOST/PATH")
        self._url, self._host = url, parts.hostname
        self._complain = complain
        self._pauses = pauses_s
        self._waiting: deque[Event] = deque()
        self._posting = 0
        """Events under way, which nobody has taken yet."""
        self._dropped = self._refused = 0
        self._failing = self._closing = False
        self._until = 0.0
        self._news = threading.Condition()
        # A daemon: an address that does not answer keeps nobody from ending.
        self._thread = threading.Thread(target=self._goes, name="rackwright-webhook", daemon=True)
        self._thread.start()

    def post(self, event: Event) -> None:
        """Hand over one event; returns at once."""
        with self._news:
            self._waiting.append(event)
            if len(self._waiting) > _MOST:
                self._waiting.popleft()
                self._dropped += 1
            self._news.notify()

    def close(self, seconds: float = _LAST_WORDS_S) -> None:
        """Post what still waits, for at most ``seconds``, and end; what was not delivered is counted and told."""
        with self._news:
            self._closing, self._until = True, time.monotonic() + seconds
            self._news.notify_all()
        self._thread.join(seconds)
        with self._news:
            lost = len(self._waiting) + self._posting + self._dropped + self._refused
        if lost:
            events = "1 event was" if lost == 1 else f"{lost} events were"
            self._complain(f"{events} not delivered to the webhook at {self._host}")

    def _goes(self) -> None:
        with requests.Session() as session:
            while batch := self._next():
                self._deliver(session, batch)

    def _next(self) -> list[Event]:
        """Wait for events and take the first ones; none at the end."""
        with self._news:
            while not self._waiting and not self._closing:
                self._news.wait()
            if not self._goes_on():
                return []
            self._posting = min(_BATCH, len(self._waiting))
            return [self._waiting.popleft() for _ in range(self._posting)]

    def _deliver(self, session: requests.Session, batch: list[Event]) -> None:
        body = msgspec.json.encode({"events": batch, "dropped": self._dropped})
        attempt = 0
        while not self._sent(session, body):
            if not self._goes_on():
                return
            with self._news:
                self._news.wait_for(lambda: self._closing, self._pauses[min(attempt, len(self._pauses) - 1)])
            attempt += 1
            if self._closing:
                time.sleep(min(self._pauses[0], 0.1))
        with self._news:
            self._posting = 0

    def _goes_on(self) -> bool:
        return not self._closing or time.monotonic() < self._until

    def _sent(self, session: requests.Session, body: bytes) -> bool:
        """Try once; what the other side will never take counts as sent, and is complained of."""
        headers = {"Content-Type": "application/json", "User-Agent": "rackwright"}
        left = self._until - time.monotonic() if self._closing else _TIMEOUT_S
        try:
            # Not where it sends us: the address, and a token in it, are for one host.
            answer = session.post(self._url, data=body, headers=headers, timeout=max(left, 0.1), allow_redirects=False)
        except requests.RequestException as error:
            self._wrong(type(error).__name__)
            return False
        if answer.ok and answer.status_code < 300:
            self._failing = False
            return True
        self._wrong(f"status {answer.status_code}")
        for_good = 300 <= answer.status_code < 500 and answer.status_code not in {408, 425, 429}
        if for_good:
            with self._news:
                self._refused, self._posting = self._refused + self._posting, 0
        return for_good

    def _wrong(self, why: str) -> None:
        if not self._failing:
            self._complain(f"the webhook at {self._host} does not take events ({why}); the run does not wait for it")
        self._failing = True
