"""Requests to the NVUE API of one switch: one kept connection, pinned TLS, a limit on each, no request sent twice blindly."""

from __future__ import annotations

import re
import socket
import time
from typing import Any, Final
from urllib.parse import quote

import msgspec
import requests
from requests.adapters import HTTPAdapter

from rackwright.drivers.clock import Clock
from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.faults import asking, distrusted, unreachable
from rackwright.drivers.limits import Limits
from rackwright.drivers.login import Login
from rackwright.drivers.trust import Trust
from rackwright.errors import AuthRefused, DeviceRefused, DriverError, IdentityUnknown, LostMidCommand

__all__ = ["Api"]

_BASE: Final = "/nvue_v1"
_NOT_READY: Final = frozenset({502, 503, 504})
"""What the proxy in front of nvued answers while nvued is not there (NVUE-API: nginx is a reverse proxy)."""
_CHUNK: Final = 1 << 16
_TRIES: Final = 2


class Api:
    """The API of one switch. A request names its path in parts, which are quoted: a revision's id may hold a slash."""

    def __init__(self, endpoint: Endpoint, *, login: Login, trust: Trust, clock: Clock, limits: Limits) -> None:
        if login.password is None:
            remedy = "set the secret switch_password, or use --transport ssh"
            raise AuthRefused(
                f"the API of {endpoint.device} takes a password and nothing else: {remedy}",
                device=endpoint.device,
                remedy=remedy,
            )
        self.endpoint = endpoint
        self._clock = clock
        self._limits = limits
        self._trust = trust
        self._pin = trust.certificate(endpoint, lambda: _certificate(endpoint, trust, limits))
        host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
        self._root = f"https://{host}:{endpoint.rest_port}{_BASE}"
        self._session = requests.Session()
        # Neither proxies, nor .netrc, nor a CA bundle of the environment: what is trusted is said by the site alone.
        self._session.trust_env = False
        self._session.auth = (endpoint.user, login.password.reveal())
        self._session.mount("https://", _Pinned(trust, self._pin))

    def get(self, *path: str, **query: str) -> Any:
        """Read; sent again when the connection breaks or nvued is not up yet."""
        return self.send("GET", path, query, again=True)

    def send(
        self, method: str, path: tuple[str, ...], query: dict[str, str], body: Any = None, *, again: bool = False
    ) -> Any:
        """Send a request and return the JSON value of its answer, None for an empty one.

        ``again``: it may be sent twice, since doing it twice is doing it once. Raises ``Unreachable``, ``AuthRefused``,
        ``DeviceRefused`` with the switch's own words, ``DeviceTimeout``, ``LostMidCommand``.
        """
        until = self._clock.now() + self._limits.boot_s
        broken = 0
        while True:
            try:
                status, data = self._once(method, path, query, body)
            except LostMidCommand:
                broken += 1
                if not again or broken >= _TRIES:
                    raise
                continue
            if status not in _NOT_READY or not again or self._clock.now() >= until:
                return self._judged(f"{method} /{'/'.join(path)}", status, data)
            self._clock.sleep(self._limits.pause_s)

    def close(self) -> None:
        """End the session; never raises."""
        self._session.close()

    def _once(self, method: str, path: tuple[str, ...], query: dict[str, str], body: Any) -> tuple[int, bytes]:
        what = f"{method} /{'/'.join(path)}"
        url = "/".join((self._root, *(quote(part, safe="") for part in path))) + ("" if path else "/")
        data = None if body is None else msgspec.json.encode(body)
        limit_s = self._limits.answer_s
        end = time.monotonic() + limit_s
        headers = {"Content-Type": "application/json"} if data is not None else {}
        try:
            with (
                asking(self.endpoint, what, limit_s),
                self._session.request(
                    method, url, params=query, data=data, headers=headers, stream=True, allow_redirects=False,
                    timeout=(self._limits.connect_s, limit_s),
                ) as answer,
            ):  # fmt: skip
                return answer.status_code, self._body(answer, end)
        except requests.exceptions.SSLError as error:
            raise self._stranger(str(error)) from None

    def _body(self, answer: requests.Response, end: float) -> bytes:
        """Read an answer; one that trickles for ever or has no end is cut."""
        parts: list[bytes] = []
        size = 0
        # Not `iter_content`: it waits for a whole chunk, and so as long as the other side likes.
        while part := answer.raw.read1(_CHUNK, decode_content=True):
            parts.append(part)
            size += len(part)
            if size > self._limits.largest_bytes:
                raise DeviceRefused(f"{self.endpoint.device} answers without end", device=self.endpoint.device)
            if time.monotonic() > end:
                raise TimeoutError
        return b"".join(parts)

    def _judged(self, what: str, status: int, data: bytes) -> Any:
        device = self.endpoint.device
        if status == 401:
            remedy = "check the secret switch_password; a switch never pushed to still has the factory's: use --transport ssh"
            raise AuthRefused(
                f"the API of {device} does not know {self.endpoint.user}: {remedy}", device=device, remedy=remedy
            )
        if status == 403:
            remedy = (
                f"if {self.endpoint.user} still has the factory password, change it over SSH first (--transport ssh)"
            )
            raise AuthRefused(f"the API of {device} forbids {what}: {remedy}", device=device, remedy=remedy)
        if status >= 300:
            raise DeviceRefused(f"{device} refuses {what}: {status} {_reason(data)}", device=device)
        if not data.strip():
            return None
        try:
            return msgspec.json.decode(data)
        except msgspec.DecodeError:
            raise DeviceRefused(f"{device} answers {what} with what is no JSON", device=device) from None

    def _stranger(self, text: str) -> DriverError:
        """Say what is wrong with a certificate; it was looked at before anything was sent."""
        endpoint = self.endpoint
        seen = re.search(r'got "?([0-9a-f:]{64,})', text)
        if self._pin and "ingerprint" in text:
            return self._trust.other_certificate(endpoint, self._pin, seen[1] if seen else "another one")
        if "CERTIFICATE_VERIFY_FAILED" in text or "hostname" in text:
            wrong, remedy = distrusted(text, endpoint.host, self._trust.ca, "remove that file and pin")
            return IdentityUnknown(
                f"{endpoint.device} shows a certificate {wrong}: {remedy}",
                device=endpoint.device,
                remedy=remedy,
            )
        return unreachable(endpoint, endpoint.rest_port, "no TLS session")


class _Pinned(HTTPAdapter):
    """requests' adapter with the site's one TLS context and, where a certificate is pinned, its fingerprint."""

    def __init__(self, trust: Trust, pin: str) -> None:
        self._trust = trust
        self._pin = pin
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pool with our context."""
        kwargs["ssl_context"] = self._trust.context
        if self._pin:
            kwargs["assert_fingerprint"] = self._pin
        super().init_poolmanager(*args, **kwargs)

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:  # noqa: ARG002 - requests' signature
        """Leave the context as it is: requests would load every public CA into it."""
        conn.cert_reqs = "CERT_NONE" if self._pin else "CERT_REQUIRED"


def _certificate(endpoint: Endpoint, trust: Trust, limits: Limits) -> bytes:
    """Fetch the certificate of a device met first; nothing but a handshake is sent."""
    try:
        with (
            socket.create_connection((endpoint.host, endpoint.rest_port), timeout=limits.connect_s) as wire,
            trust.context.wrap_socket(wire) as secured,
        ):
            return secured.getpeercert(binary_form=True) or b""
    except OSError as error:
        reason = error.strerror or "no answer"
        raise unreachable(endpoint, endpoint.rest_port, reason.lower()) from None


def _reason(data: bytes) -> str:
    """Return the words of a refusal, from NVUE's JSON or as they are."""
    try:
        value = msgspec.json.decode(data)
    except msgspec.DecodeError:
        return " ".join(data.decode(errors="replace").split())[:500]
    if isinstance(value, dict):
        return " ".join(str(value[key]) for key in ("title", "detail", "message") if key in value) or str(value)[:500]
    return str(value)[:500]
