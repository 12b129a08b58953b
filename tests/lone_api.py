"""One NVUE API in a thread, for what the twin does not do: scripted answers, stalls, half answers, odd certificates."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rackwright.drivers.endpoint import Endpoint

SYSTEM = {"hostname": "be-leaf01", "product-release": "5.12.1"}
PLATFORM = {"product-name": "SN5600", "serial-number": "MT01", "system-mac": "48:b0:2d:00:00:01"}


class Authority:
    """A CA made for one test."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._make(self.name, self.key.public_key(), ca=True, address="")
        self.path = folder / f"{name}.pem"
        self.path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _make(self, subject: x509.Name, public: Any, *, ca: bool, address: str, days: int = 0) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
        made = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(public)
            .serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )  # fmt: skip
        if ca:
            usage = x509.KeyUsage(
                digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
                key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
            )  # fmt: skip
            made = made.add_extension(usage, critical=True)
        if address:
            alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
            made = made.add_extension(alternative, critical=False)
        return made.sign(self.key, hashes.SHA256())

    def context(self, address: str = "127.0.0.1", name: str = "switch", days: int = 0) -> ssl.SSLContext:
        """Return the context of a server with a new certificate for an address, which was made so many days from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = self._make(subject, key.public_key(), ca=False, address=address, days=days)
        pem = self.folder / f"{name}.key.pem"
        pem.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ) + made.public_bytes(serialization.Encoding.PEM)
        )  # fmt: skip
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        return context


@dataclass
class LoneApi:
    """What the API answers and what it was asked."""

    password: str = "right"
    applied: dict[str, Any] = field(default_factory=dict)
    revisions: dict[str, dict[str, Any]] = field(default_factory=dict)
    after: dict[str, list[str]] = field(default_factory=dict)
    """State that was asked for -> states that the revision then shows, one a look."""
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    """(method, path with query, body)."""
    override: dict[str, Callable[[web.Request], Any]] = field(default_factory=dict)
    """``METHOD /path`` -> what answers instead."""
    connections: set[Any] = field(default_factory=set)
    endpoint: Endpoint = field(init=False)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        self.connections.add(request.transport)
        body = json.loads(await request.text() or "null")
        path = request.rel_url.raw_path.removeprefix("/nvue_v1")
        self.asked.append((request.method, f"{path}?{request.rel_url.query_string}".rstrip("?"), body))
        from base64 import b64encode

        if request.headers.get("Authorization") != "Basic " + b64encode(f"cumulus:{self.password}".encode()).decode():
            return web.json_response({"title": "Unauthorized"}, status=401)
        made = self.override.get(f"{request.method} {path}")
        if made is not None:
            answer = made(request)
            return await answer if asyncio.iscoroutine(answer) else answer
        return self.usual(request, path, body)

    def usual(self, request: web.Request, path: str, body: Any) -> web.StreamResponse:
        """Answer as the guide shows it."""
        tables = {"/system": SYSTEM, "/platform": PLATFORM, "/revision": self.revisions, "/": self.applied}
        if request.method == "POST" and path == "/revision":
            name = str(len(self.revisions) + 1)
            self.revisions[name] = {"state": "pending"}
            return web.json_response({name: self.revisions[name]})
        if path.startswith("/revision/"):
            name = path.removeprefix("/revision/")
            if request.method == "PATCH":
                self.revisions.setdefault(name, {})["states"] = list(self.after.get(body["state"], ["applied"]))
            states = self.revisions[name].get("states", [self.revisions[name].get("state")])
            self.revisions[name]["state"] = states.pop(0) if len(states) > 1 else states[0]
            return web.json_response(self.revisions[name])
        if request.method == "PATCH":
            return web.json_response(body)
        if "diff" in request.query:
            return web.json_response({"system": {"hostname": "x"}} if request.query["diff"] == "applied" else {})
        return (
            web.json_response(tables[path]) if path in tables else web.json_response({"title": "Not Found"}, status=404)
        )


@contextmanager
def lone_api(context: ssl.SSLContext, **values: Any) -> Iterator[LoneApi]:
    """Start an API on loopback and end it afterwards."""
    api = LoneApi(**values)
    loop = asyncio.new_event_loop()
    started = threading.Event()
    stop: list[Callable[[], Any]] = []

    async def run() -> None:
        done = asyncio.Event()
        stop.append(lambda: loop.call_soon_threadsafe(done.set))
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", api.handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        port = runner.addresses[0][1]
        api.endpoint = Endpoint(device="be-leaf01", host="127.0.0.1", rest_port=port)
        started.set()
        await done.wait()
        await runner.cleanup()
        await asyncio.sleep(0.01)

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), name="lone-api")
    thread.start()
    assert started.wait(10)
    try:
        yield api
    finally:
        stop[0]()
        thread.join(10)
        loop.close()
