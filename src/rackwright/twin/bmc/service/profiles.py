"""Configuration profiles and certificates: exports, imports and requests that an iDRAC takes (redfish.md 2.6, 2.1 TLS)."""

from __future__ import annotations

from typing import Any

from rackwright.twin.bmc.service.bmc import Bmc
from rackwright.twin.bmc.service.call import Call
from rackwright.twin.bmc.service.envelope import Answer, Denied, base
from rackwright.twin.bmc.service.updates import accepted
from rackwright.twin.bmc.service.views.root import CERTIFICATE

__all__ = ["export", "import_", "preview", "replace_certificate", "request_certificate"]


def _targets(call: Call) -> tuple[str, ...]:
    share = call.object().get("ShareParameters") or {}
    target = share.get("Target", "ALL") if isinstance(share, dict) else "ALL"
    return tuple(target) if isinstance(target, list) else tuple(str(target).split(","))


def export(bmc: Bmc, call: Call) -> Answer:
    """Export the profile; its task turns into the profile. Only a local share and JSON are emulated."""
    kind = call.object().get("ExportFormat", "XML")
    if kind != "JSON":
        raise Denied(501, base("NotSupportedByTwin", f"a profile in {kind}: ask for JSON"))
    return accepted(bmc, bmc.machine.profiles.export(_targets(call)).id)


def import_(bmc: Bmc, call: Call) -> Answer:
    """Import a profile from the request."""
    return accepted(
        bmc, bmc.machine.profiles.take(call.text("ImportBuffer", "OemManager.ImportSystemConfiguration")).id
    )


def preview(bmc: Bmc, call: Call) -> Answer:
    """Say whether a profile would be taken."""
    text = call.text("ImportBuffer", "OemManager.ImportSystemConfigurationPreview")
    return accepted(bmc, bmc.machine.profiles.preview(text).id)


# --- certificates -----------------------------------------------------------------------------------------


def _of_web_server(given: Any) -> None:
    place = given.get("@odata.id", "") if isinstance(given, dict) else ""
    if not CERTIFICATE.startswith(place.rstrip("/")) or not place:
        raise Denied(
            400, base("ActionParameterValueNotInList", str(place), "CertificateCollection", "CertificateService")
        )


def request_certificate(bmc: Bmc, call: Call) -> Answer:
    """Make a key and a request over it."""
    body = call.object()
    _of_web_server(body.get("CertificateCollection"))
    alternatives = body.get("AlternativeNames") or []
    names = {name: value for name, value in body.items() if isinstance(value, str)}
    text = bmc.machine.certificate.request(names, tuple(str(one) for one in alternatives))
    return Answer(200, {"CSRString": text, "CertificateCollection": body["CertificateCollection"]})


def replace_certificate(bmc: Bmc, call: Call) -> Answer:
    """Take a certificate over the key of the last request; in force after a restart of the iDRAC."""
    action = "CertificateService.ReplaceCertificate"
    _of_web_server(call.object().get("CertificateUri"))
    if call.text("CertificateType", action) != "PEM":
        raise Denied(
            400, base("ActionParameterValueNotInList", call.text("CertificateType"), "CertificateType", action)
        )
    bmc.machine.certificate.put(call.text("CertificateString", action))
    return bmc.done()
