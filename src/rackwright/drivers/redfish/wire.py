"""One request to one BMC over DMTF's client: our TLS, our limits, no redirect, no proxy, nothing sent twice.

The library's own defaults are dangerous (redfish.md 3.1): no timeout, ten blind retries of every method, no look at the
certificate, the token in its log and sent to whatever host a redirect names. Here each of them is taken away.
"""

from __future__ import annotations

import logging
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import urllib3
from redfish.rest.v1 import HttpClient, RestResponse  # type: ignore[import-untyped]  # the library ships no types

from rackwright.drivers.deadline import within
from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.faults import distrusted, lost, slow, unreachable
from rackwright.drivers.limits import Limits
from rackwright.drivers.redfish.answers import Answer
from rackwright.drivers.redfish.line import Endless
from rackwright.drivers.redfish.multipart import Multipart
from rackwright.drivers.redfish.transport import Transport
from rackwright.drivers.trust import Trust
from rackwright.errors import DeviceRefused, DriverError, IdentityUnknown

__all__ = ["Wire"]

# Its debug log holds the token and new passwords, its error log whole answers: nothing of it gets out, whatever the process logs.
logging.getLogger("redfish.rest.v1").addFilter(lambda _: False)


class Wire:
    """The connection to one BMC, kept while it lasts; for one thread at a time."""

    def __init__(self, endpoint: Endpoint, *, trust: Trust, limits: Limits) -> None:
        self.endpoint = endpoint
        self._trust = trust
        self._limits = limits
        self._pin = pin = trust.bmc_certificate(
            endpoint, lambda: _certificate(endpoint, trust, limits), lambda: _vouched(endpoint, trust, limits)
        )
        host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
        self.origin = f"https://{host}" + (f":{endpoint.redfish_port}" if endpoint.redfish_port != 443 else "")
        context = trust.pinning if pin else trust.context
        self._transport = Transport(endpoint.host, endpoint.redfish_port, context, pin, limits.largest_bytes)
        self._client = _Client(self._transport)

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | Multipart | bytes | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        limit_s: float | None = None,
    ) -> Answer:
        """Send one request once and return what came back, whatever its status.

        Raises ``Unreachable`` when nothing was sent, ``IdentityUnknown`` or ``IdentityChanged`` for the certificate, ``DeviceTimeout`` when ``limit_s`` of
        the wall is over, ``LostMidCommand`` when the connection broke after something was sent.
        """
        what = f"{method} {path.partition('?')[0]}"
        limit_s = limit_s or self._limits.answer_s
        try:
            with within(limit_s):
                answer = self._client.once(method, path, body, dict(headers or {}), (self._limits.connect_s, limit_s))
        except (urllib3.exceptions.HTTPError, OSError, Endless) as error:
            raise self._fault(error, what, limit_s) from None
        return Answer(status=answer.status, headers=answer._http_response.headers, data=answer.read or b"")  # noqa: SLF001 - its own getheader() loses that names have no case

    def token(self, value: str | None) -> None:
        """Send this token, and no password, with each request from now on; None: nothing."""
        self._client.set_authorization_key(None)
        self._client.set_session_key(value)

    def basic(self, header: str) -> None:
        """Send this Authorization header, and no token, with each request from now on."""
        self._client.set_session_key(None)
        self._client.set_authorization_key(header)

    def another(self) -> Wire:
        """Return another connection to the same BMC with the same token, for another thread."""
        made = Wire(self.endpoint, trust=self._trust, limits=self._limits)
        made.token(self._client.get_session_key())
        return made

    def close(self) -> None:
        """Close the connection; nothing is sent."""
        self._transport.close()

    def _fault(self, error: BaseException, what: str, limit_s: float) -> DriverError:
        """Make ours of what urllib3 raises; its texts are not passed on, for they may hold what was sent."""
        endpoint, port = self.endpoint, self.endpoint.redfish_port
        if isinstance(error, Endless):
            return DeviceRefused(f"{endpoint.device} answers {what} without end", device=endpoint.device)
        if isinstance(error, urllib3.exceptions.SSLError):
            return self._stranger(str(error))
        if isinstance(error, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError):
            reasons = (one.strerror for one in _causes(error) if isinstance(one, OSError) and one.strerror)
            return unreachable(endpoint, port, next(reasons, "no answer").lower())
        if any(isinstance(one, TimeoutError | urllib3.exceptions.ReadTimeoutError) for one in _causes(error)):
            return slow(endpoint.device, what, limit_s)
        return lost(endpoint.device, what)

    def _stranger(self, text: str) -> DriverError:
        """Say what is wrong with a certificate; it was looked at before anything was sent."""
        endpoint, port = self.endpoint, self.endpoint.redfish_port
        seen = re.search(r'got "?([0-9a-f:]{64,})', text)
        if self._pin and "ingerprint" in text:
            return self._trust.other_certificate(endpoint, self._pin, seen[1] if seen else "another one", port=port)
        if "CERTIFICATE_VERIFY_FAILED" in text or "hostname" in text:
            pins = "pin it once with --trust-on-first-use"
            wrong, remedy = distrusted(text, endpoint.host, self._trust.ca, pins)
            return IdentityUnknown(
                f"the BMC of {endpoint.device} shows a certificate {wrong}: {remedy}",
                device=endpoint.device,
                remedy=remedy,
            )
        return unreachable(endpoint, port, "no TLS session")


class _Client(HttpClient):  # type: ignore[misc]  # the library has no types
    """DMTF's client, its dangers taken away: every request of it comes through :meth:`once`."""

    def __init__(self, transport: Transport) -> None:
        super().__init__("", max_retry=0, check_connectivity=False)
        self._session.close()
        self._session: Transport = transport

    def once(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | Multipart | bytes | None,
        headers: dict[str, str],
        timeouts: tuple[float, float],
    ) -> RestResponse:
        """Send one request, never twice and to nobody else.

        Not over the library's own way, which reads a whole image of 400 MB into memory, puts every request into words for a log that nobody
        reads, and has a retry around it that must never be.
        """
        made = self._get_req_headers(headers)
        if isinstance(body, Multipart):
            made["Content-Type"] = body.content_type
        elif body is not None:
            made["Content-Type"] = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        data = msgspec.json.encode(body) if isinstance(body, Mapping) else body
        return RestResponse(None, self._session.request(method, path, data=data, headers=made, timeout=timeouts))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and what led to it, wherever urllib3 keeps that."""
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [one.__cause__, one.__context__, *one.args]


def _certificate(endpoint: Endpoint, trust: Trust, limits: Limits) -> bytes:
    """Fetch the certificate of a BMC met first; nothing but a handshake is sent."""
    try:
        with (
            socket.create_connection((endpoint.host, endpoint.redfish_port), timeout=limits.connect_s) as wire,
            trust.pinning.wrap_socket(wire) as secured,
        ):
            return secured.getpeercert(binary_form=True) or b""
    except OSError as error:
        raise unreachable(endpoint, endpoint.redfish_port, (error.strerror or "no answer").lower()) from None


def _vouched(endpoint: Endpoint, trust: Trust, limits: Limits) -> bool:
    """Tell whether the CA vouches for the certificate of a BMC; nothing but a handshake is sent."""
    try:
        with (
            socket.create_connection((endpoint.host, endpoint.redfish_port), timeout=limits.connect_s) as wire,
            trust.context.wrap_socket(wire, server_hostname=endpoint.host),
        ):
            return True
    except ssl.SSLCertVerificationError:
        return False
    except OSError as error:
        raise unreachable(endpoint, endpoint.redfish_port, (error.strerror or "no answer").lower()) from None
