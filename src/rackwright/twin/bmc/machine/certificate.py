"""The certificate of the BMC's web server: a request for one, and its replacement (redfish.md 2.1 TLS)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rackwright.twin.bmc.machine.bench import Bench
from rackwright.twin.bmc.machine.refusal import Refusal

__all__ = ["Certificate"]


class Certificate:
    """What the BMC shows to its clients."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.pem = ""
        """The certificate that was imported, in force after a restart of the BMC; empty: the one it came with."""
        self.key_pem = ""
        self._requested = ""
        self.replaced: Callable[[str, str], None] | None = None
        """Called with certificate and key when a new one comes into force; the wire half hooks in here."""

    def request(self, names: Mapping[str, str], alternatives: tuple[str, ...] = ()) -> str:
        """GenerateCSR: make a key, keep it, return the request. Raises :class:`Refusal` without a common name."""
        self._bench.met("certificate")
        common = names.get("CommonName", "")
        if not common:
            raise Refusal(400, "SYS428", ["CommonName"], ["#/CommonName"])
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
        builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
        if alternatives:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([x509.DNSName(one) for one in alternatives]), critical=False
            )
        self._requested = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()

    def put(self, pem: str, key_pem: str = "") -> None:
        """Import a certificate: for the key of the last request, or with its own key. In force after a restart of the BMC (LC018).

        Raises :class:`Refusal` (LC011) when it cannot be read or fits no key.
        """
        self._bench.met("certificate")
        key_text = key_pem or self._requested
        try:
            certificate = x509.load_pem_x509_certificate(pem.encode())
            key = serialization.load_pem_private_key(key_text.encode(), password=None)
        except ValueError:
            raise Refusal(400, "LC011") from None
        form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        if certificate.public_key().public_bytes(*form) != key.public_key().public_bytes(*form):
            raise Refusal(400, "LC011")
        self.pem, self.key_pem = pem, key_text
        self._bench.log("LC018")
        self._bench.deed("certificate", str(certificate.serial_number))

    def restarted(self) -> None:
        """Take an imported certificate into force."""
        if self.pem and self.replaced is not None:
            self.replaced(self.pem, self.key_pem)
