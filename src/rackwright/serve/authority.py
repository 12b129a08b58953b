"""The site's own CA, made once, and the certificate of one server's life.

The CA's certificate travels in the first-boot script, so a switch needs no other: it believes this site's server and
nobody else, by a name that does not depend on the server's address.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext, TLSVersion
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from rackwright.drivers.keeping import keep, locked

__all__ = ["NAME", "Authority"]

NAME: Final = "rackwright.internal"
"""Name in the server's certificate; ``.internal`` belongs to nobody (ICANN, 2024-07-29)."""

_CA_DAYS: Final = 3650
_SERVER_DAYS: Final = 90
_PEM: Final = serialization.Encoding.PEM


class Authority:
    """The CA of a site; its key lies in ``folder`` with mode 0600 and never leaves it."""

    def __init__(self, folder: Path) -> None:
        """Take the CA of ``folder``, or make it."""
        self._folder = folder
        path = folder / "ca-key.pem"
        with locked(path):
            if not path.exists() or not (folder / "ca.pem").exists():
                _make(path, folder / "ca.pem")
        key = serialization.load_pem_private_key(path.read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101 - this class wrote it
        self._key = key
        self.pem = (folder / "ca.pem").read_text()
        """The CA's certificate, as the scripts carry it."""
        self._certificate = x509.load_pem_x509_certificate(self.pem.encode())

    @property
    def fingerprint(self) -> str:
        """Return the SHA-256 fingerprint of the CA's certificate, to be compared by eye."""
        return self._certificate.fingerprint(hashes.SHA256()).hex(":").upper()

    def context(self, addresses: Iterable[str] = ()) -> SSLContext:
        """Make a key and certificate for this life of the server and return what TLS needs of them.

        ``addresses`` are those by which an installer knows the server: curtin's reporter can be told no other name for it.
        """
        names = [x509.DNSName(NAME), *(x509.IPAddress(ip_address(one)) for one in dict.fromkeys(addresses))]
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _signed(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)]), key, self._certificate.subject, self._key,
            days=_SERVER_DAYS, names=x509.SubjectAlternativeName(names),
        )  # fmt: skip
        context = SSLContext(PROTOCOL_TLS_SERVER)
        context.minimum_version = TLSVersion.TLSv1_2
        path = self._folder / "server.pem"
        # OpenSSL reads keys from files only; the file goes as soon as it was read.
        try:
            keep(path, certificate.public_bytes(_PEM) + _private(key))
            context.load_cert_chain(path)
        finally:
            path.unlink(missing_ok=True)
        return context


def _make(key_path: Path, path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Rackwright site CA")])
    keep(key_path, _private(key))
    keep(path, _signed(name, key, name, key, days=_CA_DAYS, names=None).public_bytes(_PEM))


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _signed(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    by: ec.EllipticCurvePrivateKey,
    *,
    days: int,
    names: x509.SubjectAlternativeName | None,
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # A switch that was never on may be years behind; a day before now would be too late for it.
        .not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=names is None, path_length=0 if names is None else None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
    )
    if names is None:
        builder = builder.add_extension(
            x509.KeyUsage(False, False, False, False, False, True, True, False, False), critical=True
        )
    else:
        server = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        builder = builder.add_extension(names, critical=False).add_extension(server, critical=False)
    return builder.sign(by, hashes.SHA256())
