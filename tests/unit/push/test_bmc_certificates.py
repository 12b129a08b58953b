"""Certificates of BMCs: their own key, our signature, our names."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from rackwright.drivers.trust import certificate_fingerprint
from rackwright.errors import DeviceRefused, DeviceTimeout, SecretUnresolved
from rackwright.push.bmc.certificates import AUTHORITY, Authority, authority_name, renew
from rackwright.secrets import Secret
from tests.unit.push.bmcs import Clock

CERTIFICATES = "/redfish/v1/Managers/iDRAC.Embedded.1/NetworkProtocol/HTTPS/Certificates"


def named(text):
    return x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, text)])


@pytest.fixture
def site(tmp_path):
    """Return a state folder with an authority, and its secrets."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(named("ours")).issuer_name(named("ours"))
    builder = builder.public_key(key.public_key()).serial_number(1)
    made = builder.not_valid_before(now).not_valid_after(now + timedelta(days=30)).sign(key, hashes.SHA256())
    (tmp_path / AUTHORITY).write_bytes(made.public_bytes(serialization.Encoding.PEM))
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    held = {"bmc_ca_key": text}
    resolver = SimpleNamespace(store="file", find=lambda name: Secret(held[name]) if name in held else None)
    return SimpleNamespace(state=tmp_path, resolvers=(resolver,), held=held, certificate=made)


class Bmc:
    """A BMC that asks for a certificate for whatever name it likes."""

    def __init__(self, name="evil.example", forged=False):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = name
        self.forged = forged
        self.got = None
        self.restarts = 0
        self.needed = 0
        """Restarts until it shows what it got."""

    def shown(self, *_where):
        if self.got is None or self.restarts < self.needed:
            return "the former one"
        return certificate_fingerprint(self.got.public_bytes(serialization.Encoding.DER))

    def restart_bmc(self):
        self.restarts += 1

    def close(self):
        pass

    def get(self, path):
        place = "/redfish/v1/Managers/iDRAC.Embedded.1"
        members = {"/redfish/v1/Managers": [place], CERTIFICATES: [CERTIFICATES + "/SecurityCertificate.1"]}
        return {"Members": [{"@odata.id": uri} for uri in members.get(path, [])]}

    def post(self, path, body):
        if path.endswith("GenerateCSR"):
            assert body["CertificateCollection"] == {"@odata.id": CERTIFICATES}
            made = (
                x509.CertificateSigningRequestBuilder().subject_name(named(self.name)).sign(self.key, hashes.SHA256())
            )
            text = made.public_bytes(serialization.Encoding.PEM).decode()
            return {"CSRString": "no request at all" if self.forged else text}
        assert body["CertificateUri"] == {"@odata.id": CERTIFICATES + "/SecurityCertificate.1"}
        self.got = x509.load_pem_x509_certificate(body["CertificateString"].encode())
        return None


class Pins:
    def __init__(self):
        self.pinned = {}
        self.clock = Clock()
        self.bmcs = {"gpu01": SimpleNamespace(host="10.10.0.23", redfish_port=443)}

    def repin(self, device, fingerprint):
        self.pinned[device] = fingerprint


@pytest.fixture
def asks(monkeypatch):
    """Return a function that makes a BMC whose certificate is what a handshake shows."""

    def make(**rest):
        bmc = Bmc(**rest)
        monkeypatch.setattr("rackwright.push.bmc.certificates.shown", bmc.shown)
        return bmc

    return make


def test_in_force_after_a_restart(site, asks):
    """A certificate that needs a restart of the BMC is believed before it is shown, or waited for without end."""
    bmc, pins = asks(), Pins()
    bmc.needed = 1
    renew(bmc, "gpu01", Authority.of(site.state, site.resolvers), pins)
    assert (bmc.restarts, list(pins.pinned)) == (1, ["gpu01"])
    bmc, pins = asks(), Pins()
    bmc.needed = 9
    with pytest.raises(DeviceTimeout, match="still shows another"):
        renew(bmc, "gpu01", Authority.of(site.state, site.resolvers), pins)
    assert (bmc.restarts, pins.pinned) == (1, {})


def test_signed_for_our_names(site, asks):
    """A BMC gets a certificate for a name of its own choice, the key is another's, or the new one is not believed."""
    bmc, pins = asks(), Pins()
    renew(bmc, "gpu01", Authority.of(site.state, site.resolvers), pins)
    assert bmc.got.public_key() == bmc.key.public_key()
    assert bmc.got.subject == named("gpu01")
    names = bmc.got.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == ["gpu01", "10.10.0.23"]
    bmc.got.verify_directly_issued_by(site.certificate)
    assert bmc.got.not_valid_after_utc <= site.certificate.not_valid_after_utc
    assert pins.pinned == {"gpu01": certificate_fingerprint(bmc.got.public_bytes(serialization.Encoding.DER))}


def test_no_request(site):
    """What is no request is signed, or ends in a parser's exception."""
    pins = Pins()
    with pytest.raises(DeviceRefused, match="cannot be signed"):
        renew(Bmc(forged=True), "gpu01", Authority.of(site.state, site.resolvers), pins)
    assert pins.pinned == {}


def test_no_place(site):
    """A BMC without certificates is told with an exception of Python's."""
    bmc = Bmc()
    bmc.get = lambda path: {"Members": []}
    with pytest.raises(DeviceRefused, match="tells of no certificate"):
        renew(bmc, "gpu01", Authority.of(site.state, site.resolvers), Pins())


def test_authority_that_is_not_whole(site):
    """Half an authority, or a key of another, is taken, or quoted."""
    assert authority_name(site.state) == "ours"
    key = site.held["bmc_ca_key"]
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for wrong in (other.decode(), "canary-of-a-key-7c1", None):
        site.held.pop("bmc_ca_key", None)
        if wrong is not None:
            site.held["bmc_ca_key"] = wrong
        with pytest.raises(SecretUnresolved) as caught:
            Authority.of(site.state, site.resolvers)
        assert "canary" not in str(caught.value)
    site.held["bmc_ca_key"] = key
    (site.state / AUTHORITY).unlink()
    assert authority_name(site.state) == ""
    with pytest.raises(SecretUnresolved):
        Authority.of(site.state, site.resolvers)
