"""Keys and certificates of a twin: its own CA, one certificate and one host key a switch, the operator's key."""

from __future__ import annotations

import datetime as dt
import ipaddress
from pathlib import Path
from typing import Final

import asyncssh
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from rackwright.errors import TwinError

__all__ = ["SPOILED", "Authority", "write_private"]

SPOILED: Final = ("expired", "self-signed", "wrong-name")
"""Ways in which a certificate can be bad."""

_DAYS: Final = 825
_PEM: Final = serialization.Encoding.PEM


def write_private(path: Path, data: bytes) -> None:
    """Write a file that its owner alone may read."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(data)


class Authority:
    """What a twin proves itself with; everything lies in one folder and goes with it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Rackwright twin")])
        self._certificate = self._signed(self._name, self._key.public_key(), None)
        write_private(folder / "ca.pem", self._certificate.public_bytes(_PEM))
        self._operator = asyncssh.generate_private_key("ssh-ed25519", comment="rackwright-twin")
        write_private(folder / "id_ed25519", self._operator.export_private_key())
        write_private(folder / "id_ed25519.pub", self._operator.export_public_key())

    @property
    def operator(self) -> str:
        """Return the operator's public key as a line of an authorized_keys file."""
        return self._operator.export_public_key().decode().strip()

    def host_key(self) -> asyncssh.SSHKey:
        """Make the SSH host key of a switch."""
        return asyncssh.generate_private_key("ssh-ed25519")

    def certificate(self, device: str, address: str) -> Path:
        """Write the TLS certificate and key of a switch into one file (P-256, twin.md 4) and return its path."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, device)])
        names = x509.SubjectAlternativeName([x509.DNSName(device), x509.IPAddress(ipaddress.ip_address(address))])
        made = self._signed(name, key.public_key(), names)
        text = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        path = self._place(f"{device}.pem")
        write_private(path, made.public_bytes(_PEM) + text)
        return path

    def _place(self, name: str) -> Path:
        folder = self._folder / "tls"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder / name

    def keep(self, device: str, certificate: str, key: str) -> Path:
        """Write a certificate that somebody else signed, with its key, into one file and return its path."""
        path = self._place(f"{device}.renewed.pem")
        write_private(path, f"{certificate.strip()}\n{key.strip()}\n".encode())
        return path

    def spoiled(self, device: str, address: str, how: str) -> Path:
        """Write a certificate that nobody should trust: ``expired``, ``self-signed`` or ``wrong-name`` (redfish.md 5 row 19).

        Raises :class:`~rackwright.errors.TwinError` for any other way.
        """
        if how not in SPOILED:
            raise TwinError(f"no certificate is bad in this way: {how!r}; use one of {', '.join(SPOILED)}")
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, device)])
        shown = ipaddress.ip_address("127.0.0.254" if how == "wrong-name" else address)
        named = "somebody-else" if how == "wrong-name" else device
        names = x509.SubjectAlternativeName([x509.DNSName(named), x509.IPAddress(shown)])
        made = self._signed(
            name,
            key.public_key(),
            names,
            days=-1 if how == "expired" else _DAYS,
            by=(name, key) if how == "self-signed" else None,
        )
        path = self._place(f"{device}.{how}.pem")
        text = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        write_private(path, made.public_bytes(_PEM) + text)
        return path

    def _signed(
        self,
        subject: x509.Name,
        public: ec.EllipticCurvePublicKey,
        names: x509.SubjectAlternativeName | None,
        *,
        days: int = _DAYS,
        by: tuple[x509.Name, ec.EllipticCurvePrivateKey] | None = None,
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        issuer, signer = by or (self._name, self._key)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=30))
            .not_valid_after(now + dt.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=names is None, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        )
        if names is None:
            usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
            builder = builder.add_extension(usage, critical=True)
        else:
            server = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
            builder = builder.add_extension(names, critical=False).add_extension(server, critical=False)
        return builder.sign(signer, hashes.SHA256())
