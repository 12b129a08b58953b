"""A head node of Base Command Manager as far as registration goes, and an archive with a lite daemon of ours.

Neither is NVIDIA's: the words of ``register_node`` and of the daemon are those of public callers (nvidia-bcm-lite-daemon,
src/entrypoint.sh), what the two say to the head node is our own.
"""

from __future__ import annotations

import datetime as dt
import io
import ipaddress
import json
import ssl
import threading
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

REGISTER = '''#!/usr/bin/python3
"""Stub of register_node: asks the head node for a certificate, with the bootstrap certificate."""
import argparse, http.client, json, os, ssl, stub_dependency
words = argparse.ArgumentParser()
for name in ("host", "port", "node", "bootstrap-cert", "bootstrap-key", "ca", "cert", "key"):
    words.add_argument("--" + name, required=True)
for name in ("no-service", "disable-hostname-check"):
    words.add_argument("--" + name, action="store_true")
told = words.parse_args()
trust = ssl.create_default_context(cafile=told.ca)
trust.check_hostname = False
trust.load_cert_chain(told.bootstrap_cert, told.bootstrap_key)
head = http.client.HTTPSConnection(told.host, int(told.port), context=trust, timeout=20)
head.request("POST", "/register", json.dumps({"node": told.node}))
answer = head.getresponse()
found = json.loads(answer.read())
if answer.status != 200:
    raise SystemExit("cmdaemon: " + found["why"])
for path, text in ((told.cert, found["cert"]), (told.key, found["key"])):
    with open(path, "w") as file:
        file.write(text)
print("registered")
'''

DAEMON = '''#!/usr/bin/env python3
"""Stub of the lite daemon: says hello to the head node with its own certificate, again and again."""
import argparse, http.client, json, ssl, time, stub_dependency
words = argparse.ArgumentParser()
for name in ("host", "port", "node", "cert", "key", "ca"):
    words.add_argument("--" + name, required=True)
words.add_argument("--disable-hostname-check", action="store_true")
told = words.parse_args()
trust = ssl.create_default_context(cafile=told.ca)
trust.check_hostname = False
trust.load_cert_chain(told.cert, told.key)
while True:
    head = http.client.HTTPSConnection(told.host, int(told.port), context=trust, timeout=20)
    head.request("POST", "/hello", json.dumps({"node": told.node}))
    head.getresponse().read()
    head.close()
    time.sleep(2)
'''


def archive(path: Path, version: str = "10.25.03") -> Path:
    """Write a stub of cm-lite-daemon.zip."""
    files = {
        "register_node": REGISTER, "cm-lite-daemon": DAEMON, "requirements.txt": "stub-dependency\n", "VERSION": f"{version}\n",
        "etc/cm-lite-daemon.env.in": "",
    }  # fmt: skip
    with zipfile.ZipFile(path, "w") as file:
        for name, text in files.items():
            file.writestr(f"cm-lite-daemon/{name}", text)
    return path


def wheels(folder: Path) -> Path:
    """Write a folder of wheels: the one that the stub needs."""
    folder.mkdir()
    about = "stub_dependency-1.0.dist-info"
    files = {
        "stub_dependency.py": "",
        f"{about}/METADATA": "Metadata-Version: 2.1\nName: stub-dependency\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: lab\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{about}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{about}/RECORD"])
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as file:
        for name, text in files.items():
            file.writestr(name, text)
    (folder / "stub_dependency-1.0-py3-none-any.whl").write_bytes(whole.getvalue())
    return folder


@dataclass
class Authority:
    """Signs certificates."""

    name: str = "BCM"
    key: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def __post_init__(self) -> None:
        self.cert = self._signed(self.name, self.key, authority=True)
        self.pem = pem(self.cert)

    def issue(self, name: str, *, address: str = "") -> tuple[str, str]:
        """Return a certificate for a name, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        return pem(self._signed(name, key, address=address)), private(key)

    def _signed(self, name: str, key: Any, *, authority: bool = False, address: str = "") -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        built = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if address:
            names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
            built = built.add_extension(names, critical=False)
        return built.sign(self.key, hashes.SHA256())


def pem(cert: x509.Certificate) -> str:
    """Return a certificate as text."""
    return cert.public_bytes(serialization.Encoding.PEM).decode()


def private(key: Any) -> str:
    """Return a key as text."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


class Head:
    """The head node's port: registers nodes that it knows, hears their daemons, and asks everybody for a certificate of its own."""

    def __init__(self, address: str, place: Path, known: set[str]) -> None:
        """Listen on a free port."""
        self.authority, self.known = Authority(), known
        self.registered: list[tuple[str, str]] = []
        self.heard: set[tuple[str, str]] = set()
        head = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["node"]
                who = dict(pair[0] for pair in self.connection.getpeercert()["subject"])["commonName"]
                code, answer = head.answer(self.path, asked, who)
                body = json.dumps(answer).encode()
                self.send_response(code)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *words: Any) -> None:
                """Say nothing."""

        cert, key = self.authority.issue("master", address=address)
        files = {"head.pem": cert, "head.key": key, "ca.pem": self.authority.pem}
        for name, text in files.items():
            (place / name).write_text(text)
        trust = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=place / "ca.pem")
        trust.verify_mode = ssl.CERT_REQUIRED
        trust.load_cert_chain(place / "head.pem", place / "head.key")
        self._server = ThreadingHTTPServer((address, 0), Handler)
        self._server.handle_error = lambda *_: None
        self._server.socket = trust.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.port = self._server.server_port

    def answer(self, path: str, node: str, who: str) -> tuple[int, dict[str, str]]:
        """Answer one who asks."""
        if path == "/hello":
            self.heard.add((node, who))
            return 200, {}
        if node not in self.known:
            return 404, {"why": f"no device {node}"}
        self.registered.append((node, who))
        cert, key = self.authority.issue(node)
        return 200, {"cert": cert, "key": key}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(5)
        self._server.server_close()
