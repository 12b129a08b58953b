"""What a BMC tells to anybody: its certificate and its service root. Nothing is sent but one request without a login."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import msgspec

from rackwright.drivers.trust import certificate_fingerprint

__all__ = ["LARGEST", "Root", "probe", "probed", "shown"]

LARGEST: Final = 1 << 18
"""Most bytes of an answer that are read: a service root has 3 KB in the captured trees."""
_ASK: Final = "GET /redfish/v1/ HTTP/1.0\r\nHost: {host}\r\nAccept: application/json\r\nOData-Version: 4.0\r\n\r\n"


class Root(msgspec.Struct, frozen=True, kw_only=True):
    """What one address answered."""

    host: str
    fingerprint: str = ""
    """SHA-256 of the certificate that it shows."""
    vendor: str = ""
    product: str = ""
    service_tag: str = ""
    """Empty where the root does not tell it."""
    mac: str = ""
    """Of its own port; empty where the root does not tell it."""


def probed(
    hosts: Iterable[tuple[str, int]], *, jobs: int, seconds: float, heard: Callable[[str], None] | None = None
) -> tuple[Root, ...]:
    """Ask many addresses, some at a time; those where no Redfish service answers are left out."""
    with ThreadPoolExecutor(jobs, thread_name_prefix="probe") as threads:
        waiting = [(host, threads.submit(probe, host, port, seconds)) for host, port in hosts]
        found = []
        for host, answer in waiting:
            root = answer.result()
            if heard is not None:
                heard(host)
            if root is not None:
                found.append(root)
    return tuple(found)


def probe(host: str, port: int, seconds: float) -> Root | None:
    """Ask one address; None where no Redfish service answers within ``seconds`` of the wall.

    The certificate is not judged, since it is what is asked for, and no secret is sent.
    """
    end = time.monotonic() + seconds
    with contextlib.suppress(OSError, ValueError):
        with _secured(host, port, seconds) as stream:
            fingerprint = _shown(stream)
            stream.sendall(_ASK.format(host=host).encode())
            body = _body(stream, end)
        return _root(host, fingerprint, body)
    return None


def shown(host: str, port: int, seconds: float) -> str:
    """Return the fingerprint of the certificate that an address shows; empty where nobody shows one."""
    with contextlib.suppress(OSError, ValueError), _secured(host, port, seconds) as stream:
        return _shown(stream)
    return ""


@contextlib.contextmanager
def _secured(host: str, port: int, seconds: float) -> Iterator[ssl.SSLSocket]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((host, port), timeout=seconds) as plain,
        context.wrap_socket(plain, server_hostname=host) as stream,
    ):
        yield stream


def _shown(stream: ssl.SSLSocket) -> str:
    return certificate_fingerprint(stream.getpeercert(binary_form=True) or b"")


def _body(stream: ssl.SSLSocket, end: float) -> Mapping[str, Any]:
    """Read an answer until its end, its limit or the deadline; empty unless it is a JSON object."""
    read = b""
    while (left := end - time.monotonic()) > 0 and len(read) <= LARGEST:
        stream.settimeout(left)
        if not (more := stream.recv(1 << 14)):
            break
        read += more
    head, _, rest = read.partition(b"\r\n\r\n")
    if b" 200" not in head[:16]:
        return {}
    if b"transfer-encoding: chunked" in head.lower():
        rest = _unchunked(rest)
    found = json.loads(rest)
    return found if isinstance(found, dict) else {}


def _unchunked(data: bytes) -> bytes:
    """Return a body that came in chunks, as some BMCs send it to an old request too."""
    made = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        length = int(size.partition(b";")[0], 16)
        if not length:
            break
        made, data = made + data[:length], data[length + 2 :]
    return made


def _root(host: str, fingerprint: str, body: Mapping[str, Any]) -> Root | None:
    if "RedfishVersion" not in body:
        return None
    oem = body.get("Oem")
    dell = oem.get("Dell") if isinstance(oem, Mapping) else None
    dell = dell if isinstance(dell, Mapping) else {}
    return Root(
        host=host,
        fingerprint=fingerprint,
        vendor=_text(body.get("Vendor")),
        product=_text(body.get("Product")),
        service_tag=_text(dell.get("ServiceTag")).upper(),
        mac=_text(dell.get("ManagerMACAddress")).lower(),
    )


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
