"""Certificates of BMCs signed by the site's own authority: the key stays in the BMC, which asks; we sign."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from rackwright.drivers.redfish.probing import shown
from rackwright.errors import DeviceRefused, DeviceTimeout, SecretUnresolved
from rackwright.secrets import Resolver, SecretRef

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

    from rackwright.drivers.clock import Clock
    from rackwright.drivers.endpoint import Endpoint
    from rackwright.drivers.redfish.model import Redfish

__all__ = ["AUTHORITY", "KEY", "Authority", "Pins", "authority_name", "renew"]

KEY: Final = SecretRef("bmc_ca_key")
"""The secret that holds the authority's private key, PEM without a passphrase."""
AUTHORITY: Final = "bmc-ca.pem"
"""Its certificate, beside the pins of the site."""

_DAYS: Final = 1095
_HANDSHAKE_S: Final = 10
_BACK_S: Final = 900
"""Longest that a BMC is given to restart: 3 to 8 minutes (redfish.md 5, row 13)."""
_POLL_S: Final = 10
_REMEDY: Final = f"put the authority's key into the secret {KEY.name} and its certificate into .rackwright/{AUTHORITY}"


class Pins(Protocol):
    """Who keeps which certificate is believed."""

    @property
    def clock(self) -> Clock:
        """The clock that the BMCs live by."""

    @property
    def bmcs(self) -> Mapping[str, Endpoint]:
        """The BMCs and where they answer."""

    def repin(self, device: str, fingerprint: str) -> None:
        """Believe another certificate of a BMC from now on."""


def authority_name(state: Path) -> str:
    """Return the common name of a site's authority; empty when there is none."""
    from cryptography import x509

    try:
        return _common_name(x509.load_pem_x509_certificate((state / AUTHORITY).read_bytes()))
    except FileNotFoundError:
        return ""
    except ValueError:
        raise SecretUnresolved(f"{state / AUTHORITY} is no certificate in PEM: {_REMEDY}") from None


@dataclass(frozen=True)
class Authority:
    """Who signs."""

    certificate: x509.Certificate
    key: CertificateIssuerPrivateKeyTypes

    @classmethod
    def of(cls, state: Path, resolvers: Sequence[Resolver]) -> Authority:
        """Read the authority of a site.

        Raises :class:`~rackwright.errors.SecretUnresolved` where a half of it is missing or the halves do not fit.
        """
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        secret = next((found for resolver in resolvers if (found := resolver.find(KEY.name))), None)
        try:
            certificate = x509.load_pem_x509_certificate((state / AUTHORITY).read_bytes())
            key = load_pem_private_key(secret.reveal().encode(), None) if secret else None
        except (OSError, ValueError, TypeError):
            # `from None`: a parser's message may quote what it met, and that may be the key.
            raise SecretUnresolved(f"the authority of the BMCs cannot be read: {_REMEDY}") from None
        if key is None or key.public_key() != certificate.public_key():
            raise SecretUnresolved(f"the key of the BMCs' authority is missing, or of another certificate: {_REMEDY}")
        return cls(certificate, key)  # type: ignore[arg-type]  # a key whose public half is a certificate's can sign

    def sign(self, request: bytes, host: str, names: Sequence[str]) -> bytes:
        """Return a certificate in PEM over the key of a request, for the names that we know the BMC by and no others.

        Raises ``ValueError`` for what is no request, or one that its own key did not sign.
        """
        from cryptography import x509
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.serialization import Encoding
        from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

        asked = x509.load_pem_x509_csr(request)
        if not asked.is_signature_valid:
            raise ValueError("the request is not signed by its own key")
        now = datetime.now(UTC)
        until = min(now + timedelta(days=_DAYS), self.certificate.not_valid_after_utc)
        made = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)]))
            .issuer_name(self.certificate.subject)
            .public_key(asked.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(until)
            .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .sign(self.key, SHA256())
        )
        return made.public_bytes(Encoding.PEM)


def renew(session: Redfish, device: str, authority: Authority, pins: Pins) -> None:
    """Have a BMC ask for a certificate, sign what it asks, put it in, and believe it once it is shown; ends the session.

    An iDRAC that does not show it at once takes it into force when it restarts (LC018). Raises :class:`~rackwright.errors.DeviceRefused`
    where the BMC's request cannot be signed, ``DeviceTimeout`` where it goes on showing the former one, and the driver's errors.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    from rackwright.drivers.redfish.certificates import replace_certificate, signing_request
    from rackwright.drivers.trust import certificate_fingerprint

    names = (device, pins.bmcs[device].host)
    request = signing_request(session, device)
    try:
        signed = authority.sign(request.encode(), device, names)
    except ValueError:
        remedy = "look at it over its web page: Certificate Signing Request"
        raise DeviceRefused(
            f"{device} gave a request for a certificate that cannot be signed; {remedy}", device=device, remedy=remedy
        ) from None
    replace_certificate(session, device, signed.decode())
    fingerprint = certificate_fingerprint(x509.load_pem_x509_certificate(signed).public_bytes(Encoding.DER))
    _in_force(session, device, fingerprint, pins)
    pins.repin(device, fingerprint)


def _in_force(session: Redfish, device: str, fingerprint: str, pins: Pins) -> None:
    """Look that a certificate is shown, after a restart of the BMC where it needs one."""
    endpoint, clock = pins.bmcs[device], pins.clock
    if shown(endpoint.host, endpoint.redfish_port, _HANDSHAKE_S) == fingerprint:
        session.close()
        return
    session.restart_bmc()
    session.close()
    end = clock.now() + _BACK_S
    while shown(endpoint.host, endpoint.redfish_port, _HANDSHAKE_S) != fingerprint:
        if clock.now() >= end:
            remedy = "look at its certificate in its web page; the next push asks for a new one"
            text = f"{device} took a certificate and still shows another after {_BACK_S:g} s; {remedy}"
            raise DeviceTimeout(text, device=device, remedy=remedy)
        clock.sleep(_POLL_S)


def _general(name: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _common_name(certificate: x509.Certificate) -> str:
    from cryptography.x509.oid import NameOID

    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else ""
