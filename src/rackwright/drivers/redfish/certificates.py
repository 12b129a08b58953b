"""The certificate that a BMC shows: it asks for one over a key of its own, and takes what was signed (DSP0268 CertificateService)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rackwright.errors import DeviceRefused

if TYPE_CHECKING:
    from rackwright.drivers.redfish.model import Redfish

__all__ = ["replace_certificate", "signing_request"]

_SERVICE: Final = "/redfish/v1/CertificateService"
_ACTION: Final = _SERVICE + "/Actions/CertificateService."
_NONE: Final = "set its certificate in its web page: this BMC has no service for that"


def signing_request(session: Redfish, device: str) -> str:
    """Have a BMC make a key and ask for a certificate over it; return the request in PEM.

    A request that was lost is made again without harm: the last one counts. Raises
    :class:`~rackwright.errors.DeviceRefused` where it has no service for certificates.
    """
    place = _place(session, device).rpartition("/")[0]
    # What a certificate says of its owner we decide when we sign; the BMC insists on some words all the same.
    body = {
        "CertificateCollection": {"@odata.id": place},
        "CommonName": device,
        "AlternativeNames": [device],
        "Organization": "Rackwright",
        "OrganizationalUnit": "BMC",
        "City": "none",
        "State": "none",
        "Country": "US",
    }
    answer: Any = session.post(_ACTION + "GenerateCSR", body)
    request = answer.get("CSRString") if isinstance(answer, dict) else None
    if not isinstance(request, str):
        raise DeviceRefused(f"{device} made no request for a certificate; {_NONE}", device=device, remedy=_NONE)
    return request


def replace_certificate(session: Redfish, device: str, certificate: str) -> None:
    """Put a certificate in PEM in the place of the one that a BMC shows."""
    body = {
        "CertificateString": certificate,
        "CertificateType": "PEM",
        "CertificateUri": {"@odata.id": _place(session, device)},
    }
    session.post(_ACTION + "ReplaceCertificate", body)


def _place(session: Redfish, device: str) -> str:
    """Return the URI of the certificate of the web server."""
    managers = session.get("/redfish/v1/Managers").get("Members") or ()
    for manager in managers:
        place = f"{manager['@odata.id']}/NetworkProtocol/HTTPS/Certificates"
        members = session.get(place).get("Members") or ()
        if members:
            return str(members[0]["@odata.id"])
    raise DeviceRefused(f"{device} tells of no certificate; {_NONE}", device=device, remedy=_NONE)
