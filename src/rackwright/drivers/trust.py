"""Whom we believe: SSH host keys in ``known_hosts``, certificates by an own CA or by a pinned fingerprint.

First contact pins, and only where the operator asked for it; a change is refused (design.md, decision 14).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from ssl import CERT_NONE, PROTOCOL_TLS_CLIENT, SSLContext
from threading import Lock
from typing import Final

import msgspec

from rackwright.drivers.deadline import DeadlineSocket
from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.keeping import keep, locked, read
from rackwright.errors import DriverError, IdentityChanged, IdentityUnknown

__all__ = ["HostKey", "Trust", "certificate_fingerprint", "host_name"]

_FIRST: Final = "compare it with the device's own console, then allow it once with --trust-on-first-use"


class HostKey(msgspec.Struct, frozen=True):
    """A public host key as ``known_hosts`` writes it."""

    kind: str
    base64: str

    @property
    def bytes(self) -> bytes:
        """Return the key as it is sent; raises ValueError when the text is no base64."""
        return base64.b64decode(self.base64, validate=True)

    @property
    def fingerprint(self) -> str:
        """Return the fingerprint as OpenSSH prints it."""
        try:
            digest = hashlib.sha256(self.bytes).digest()
        except ValueError:
            return "no key at all"
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def host_name(endpoint: Endpoint) -> str:
    """Return the name under which OpenSSH keeps a host key: the host, with its port in brackets unless it is 22."""
    return endpoint.host if endpoint.ssh_port == 22 else f"[{endpoint.host}]:{endpoint.ssh_port}"


def certificate_fingerprint(der: bytes) -> str:
    """Return the SHA-256 fingerprint of a certificate, as browsers print it without colons."""
    return hashlib.sha256(der).hexdigest()


class Trust:
    """The pins of a site; safe for several threads and processes at a time.

    ``folder`` holds ``known_hosts`` and ``tls-pins.json``; ``known_hosts`` may lie elsewhere, as a twin's does.
    With ``ca`` a certificate must be signed by it and bear the address; without one it is pinned.
    """

    def __init__(
        self, folder: Path, *, known_hosts: Path | None = None, ca: Path | None = None, first_use: bool = False
    ) -> None:
        self.known_hosts = known_hosts or folder / "known_hosts"
        self.tls_pins = folder / "tls-pins.json"
        self.ca = ca
        self.first_use = first_use
        self._lock = Lock()

    # --- SSH ------------------------------------------------------------------------------------------------------

    def host_keys(self, endpoint: Endpoint) -> tuple[HostKey, ...]:
        """Return what is pinned for an endpoint, the first one preferred; empty at first contact."""
        return self._hosts.get(host_name(endpoint), ())

    def meet_host(self, endpoint: Endpoint, key: HostKey) -> None:
        """Judge the host key that answers: known, to be pinned, or refused.

        Raises :class:`~rackwright.errors.IdentityChanged` for another key than the pinned ones, and
        :class:`~rackwright.errors.IdentityUnknown` when nothing is pinned and a first contact is not allowed.
        """
        pinned = self.host_keys(endpoint)
        if key in pinned:
            return
        if not pinned and not self.first_use:
            raise _unknown(endpoint, f"SSH host key {key.fingerprint}", self.known_hosts)
        if not pinned:
            pinned = self._pin_host(endpoint, key)
        if key not in pinned:
            undo = f"ssh-keygen -R '{host_name(endpoint)}' -f {self.known_hosts}"
            raise _changed(endpoint, "SSH host key", pinned[0].fingerprint, key.fingerprint, undo)

    @cached_property
    def _hosts(self) -> dict[str, tuple[HostKey, ...]]:
        return _parse(read(self.known_hosts))

    def _pin_host(self, endpoint: Endpoint, key: HostKey) -> tuple[HostKey, ...]:
        """Keep a key, unless another process kept one in the meantime; return what is pinned now."""
        name = host_name(endpoint)
        with self._lock, locked(self.known_hosts):
            text = read(self.known_hosts)
            there = _parse(text).get(name, ())
            if not there:
                there = (key,)
                line = f"{name} {key.kind} {key.base64}\n".encode()
                keep(self.known_hosts, (text if text.endswith(b"\n") or not text else text + b"\n") + line)
            self._hosts[name] = there
        return there

    def forget(self, endpoint: Endpoint) -> bool:
        """Drop what is pinned for an endpoint, key and certificate: only where its owner says that it is another machine now.

        Returns whether anything was pinned.
        """
        name = host_name(endpoint)
        addresses = [f"{endpoint.host}:{port}" for port in (endpoint.rest_port, endpoint.redfish_port)]
        with self._lock, locked(self.known_hosts):
            text = read(self.known_hosts)
            kept = b"".join(_without(line, name) for line in text.splitlines(keepends=True))
            if kept != text:
                keep(self.known_hosts, kept)
        with self._lock, locked(self.tls_pins):
            pins = _pins(read(self.tls_pins))
            held = [address for address in addresses if pins.pop(address, None)]
            if held:
                keep(self.tls_pins, _printed(pins))
        self._hosts.pop(name, None)
        for address in addresses:
            self._certificates.pop(address, None)
        return kept != text or bool(held)

    # --- TLS ------------------------------------------------------------------------------------------------------

    @cached_property
    def context(self) -> SSLContext:
        """The one TLS context of all sessions: making one costs 26 ms where it reads the system's CAs (twin.md 4)."""
        if self.ca is None:
            return self.pinning
        context = SSLContext(PROTOCOL_TLS_CLIENT)
        context.sslsocket_class = DeadlineSocket
        context.load_verify_locations(cafile=self.ca)
        return context

    @cached_property
    def pinning(self) -> SSLContext:
        """The one TLS context of all sessions whose certificate is pinned: whoever uses it compares the fingerprint."""
        context = SSLContext(PROTOCOL_TLS_CLIENT)
        context.sslsocket_class = DeadlineSocket
        context.check_hostname = False
        context.verify_mode = CERT_NONE
        return context

    def certificate(self, endpoint: Endpoint, fetch: Callable[[], bytes]) -> str:
        """Return the fingerprint that the certificate of an NVUE API must have; empty where the CA decides.

        ``fetch`` gets the certificate in DER without sending anything; it is called at first contact only. Raises
        :class:`~rackwright.errors.IdentityUnknown` when nothing is pinned and a first contact is not allowed.
        """
        return "" if self.ca is not None else self._pinned(endpoint, f"{endpoint.host}:{endpoint.rest_port}", fetch)

    def bmc_certificate(self, endpoint: Endpoint, fetch: Callable[[], bytes], vouched: Callable[[], bool]) -> str:
        """Return the fingerprint that the certificate of a BMC must have; empty where the CA decides.

        A BMC comes from the factory with a certificate of its own, and gets one of the CA at first contact. So a pin, where there is one, goes
        before the CA, and where a first contact is allowed a certificate that the CA does not vouch for (``vouched``) is pinned. Raises as :meth:`certificate` does.
        """
        name = f"{endpoint.host}:{endpoint.redfish_port}"
        if self.ca is not None and name not in self._certificates and (not self.first_use or vouched()):
            return ""
        return self._pinned(endpoint, name, fetch)

    def _pinned(self, endpoint: Endpoint, name: str, fetch: Callable[[], bytes]) -> str:
        if name in self._certificates:
            return self._certificates[name]
        seen = certificate_fingerprint(fetch())
        if not self.first_use:
            raise _unknown(endpoint, f"TLS certificate {seen}", self.tls_pins)
        with self._lock, locked(self.tls_pins):
            pins = _pins(read(self.tls_pins))
            if name not in pins:
                pins[name] = seen
                keep(self.tls_pins, _printed(pins))
            self._certificates[name] = pins[name]
        return self._certificates[name]

    def repin(self, endpoint: Endpoint, fingerprint: str) -> None:
        """Believe another certificate of a BMC from now on: one that was signed here and put in by us."""
        name = f"{endpoint.host}:{endpoint.redfish_port}"
        with self._lock, locked(self.tls_pins):
            keep(self.tls_pins, _printed({**_pins(read(self.tls_pins)), name: fingerprint}))
            self._certificates[name] = fingerprint

    def other_certificate(self, endpoint: Endpoint, pinned: str, seen: str, *, port: int | None = None) -> DriverError:
        """Return the error for a certificate that is not the pinned one."""
        undo = f"remove '{endpoint.host}:{port or endpoint.rest_port}' from {self.tls_pins}"
        return _changed(endpoint, "TLS certificate", pinned, seen, undo)

    @cached_property
    def _certificates(self) -> dict[str, str]:
        return _pins(read(self.tls_pins))


def _parse(text: bytes) -> dict[str, tuple[HostKey, ...]]:
    """Read ``known_hosts``; markers and hashed names are not ours and are passed over."""
    found: dict[str, tuple[HostKey, ...]] = {}
    for line in text.decode(errors="replace").splitlines():
        words = line.split()
        if len(words) < 3 or line[0] in "#@|":
            continue
        for name in words[0].split(","):
            found[name] = (*found.get(name, ()), HostKey(words[1], words[2]))
    return found


def _without(line: bytes, name: str) -> bytes:
    """Return a line of ``known_hosts`` without one of its names; nothing is left when it was the only one."""
    words = line.split()
    if len(words) < 3 or line[:1] in b"#@|" or name.encode() not in words[0].split(b","):
        return line
    names = [one for one in words[0].split(b",") if one != name.encode()]
    return line.replace(words[0], b",".join(names), 1) if names else b""


def _printed(pins: dict[str, str]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(pins, order="sorted"), indent=1) + b"\n"


def _pins(text: bytes) -> dict[str, str]:
    try:
        return msgspec.json.decode(text, type=dict[str, str]) if text.strip() else {}
    except msgspec.DecodeError as error:
        raise IdentityUnknown(f"tls-pins.json cannot be read ({error})", remedy="mend or remove it") from None


def _unknown(endpoint: Endpoint, what: str, place: Path) -> IdentityUnknown:
    return IdentityUnknown(
        f"{endpoint.device} ({endpoint.host}) shows the {what}, and none is pinned in {place}: {_FIRST}",
        device=endpoint.device,
        remedy=_FIRST,
    )


def _changed(endpoint: Endpoint, what: str, pinned: str, seen: str, undo: str) -> IdentityChanged:
    remedy = f"find out why (new hardware, a new installation, or somebody between); if it is right: {undo}"
    return IdentityChanged(
        f"{endpoint.device} ({endpoint.host}) shows another {what} than before: pinned {pinned}, now {seen}; {remedy}",
        device=endpoint.device,
        remedy=remedy,
    )
