"""What is done to an emulated server over Redfish, from the first request to what is in force at the end."""

from __future__ import annotations

import contextlib
import http.server
import ssl
import threading
from functools import partial

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from rackwright.twin.bmc.machine.image import Image, dump
from tests.bmcs import CHASSIS, JOBS, MANAGER, SYSTEM, UPDATE, twin_of, until

SETTINGS = f"{SYSTEM}/Bios/Settings"
RESET = f"{SYSTEM}/Actions/ComputerSystem.Reset"
WANTED = {"Attributes": {"SriovGlobalEnable": "Enabled"}, "@Redfish.SettingsApplyTime": {"ApplyTime": "OnReset"}}
BIOS = Image(version="9.9.9", software_ids=("159",))


@pytest.fixture
def twin(tmp_path):
    """Run a twin of one server and the BMC of its card."""
    with twin_of(tmp_path, ("gpu01*",), rate=1200) as running:
        yield running


@pytest.fixture
def bmc(twin):
    """Return a client of the server's iDRAC."""
    return twin.client()


def row(bmc, fqdd: str) -> str:
    """Return the installed version of a component."""
    members = bmc.get(f"{UPDATE}/FirmwareInventory?$expand=.")["Members"]
    return next(
        one["Version"] for one in members if one["Id"].startswith("Installed-") and one["Id"].endswith(f"__{fqdd}")
    )


def ended(bmc, job: str) -> dict:
    """Return a job once it has ended, found again after restarts of the BMC."""

    def look():
        with contextlib.suppress(OSError):
            said = bmc.ask("GET", f"{JOBS}/{job}")
            return said.json if said.status == 200 and said.json["JobState"] in ("Completed", "Failed") else None
        return None

    return until(look)


def test_bios_is_staged_and_comes_with_the_reset(twin, bmc):
    """202 and a job; the old value until the reset, one job in three collections, the new value after it."""
    said = bmc.patch(SETTINGS, WANTED)
    assert (said.status, said.headers["Location"]) == (202, f"/redfish/v1/TaskService/Tasks/{said.job}")
    assert bmc.patch(SETTINGS, {"Attributes": {"SubNumaCluster": "2-Way"}}).ids[0] == "SYS011"
    assert bmc.get(f"{SYSTEM}/Bios")["Attributes"]["SriovGlobalEnable"] == "Disabled"
    until(lambda: bmc.get(f"{JOBS}/{said.job}")["JobState"] == "Scheduled")
    assert bmc.get(f"/redfish/v1/TaskService/Tasks/{said.job}")["TaskState"] == "Starting"
    assert bmc.post(RESET, {"ResetType": "ForceRestart"}).status == 204
    assert ended(bmc, said.job)["MessageId"] == "PR19"
    assert bmc.get(f"{SYSTEM}/Bios")["Attributes"]["SriovGlobalEnable"] == "Enabled"
    assert bmc.get(f"/redfish/v1/JobService/Jobs/{said.job}")["JobState"] == "Completed"
    assert twin.deeds("bios") == [("SriovGlobalEnable", "Enabled")]


def test_staged_alone_waits_for_a_job(bmc):
    """Without an apply time it is only staged; a job is made of it, or it is dropped."""
    assert bmc.patch(SETTINGS, {"Attributes": WANTED["Attributes"]}).headers["Location"] is None
    assert bmc.post(f"{SETTINGS}/Actions/Oem/DellManager.ClearPending").status == 200
    assert bmc.post(JOBS, {"TargetSettingsURI": SETTINGS}).status == 400
    bmc.patch(SETTINGS, {"Attributes": WANTED["Attributes"]})
    said = bmc.post(JOBS, {"TargetSettingsURI": SETTINGS})
    assert (said.status, said.headers["Location"]) == (200, f"{JOBS}/{said.job}")
    queue = f"{MANAGER}/Oem/Dell/DellJobService/Actions/DellJobService.DeleteJobQueue"
    assert bmc.post(queue, {"JobID": said.job}).status == 200
    assert bmc.get(JOBS)["Members"] == []


@pytest.mark.parametrize(("attributes", "message"), [
    ({"NoSuch": "x"}, "SYS429"), ({"SriovGlobalEnable": "Maybe"}, "SYS426"), ({"ProcCStates": "Enabled"}, "SYS410"),
    ({"SystemServiceTag": "X"}, "SYS427"),
])  # fmt: skip
def test_a_wrong_attribute_is_refused_by_name(bmc, attributes, message):
    """Unknown, out of the list, held by another, read-only: each has its message, with the property."""
    said = bmc.patch(SETTINGS, {**WANTED, "Attributes": attributes})
    assert (said.status, said.ids) == (400, [message])
    (name,) = attributes
    assert said.json["error"]["@Message.ExtendedInfo"][0]["RelatedProperties"] == [f"#/Attributes/{name}"]


def test_an_image_is_pushed_and_flashed_once(twin, bmc):
    """Multipart with OnReset: nothing until the reset, then the new version under a new id, flashed once."""
    before = row(bmc, "BIOS.Setup.1-1")
    said = bmc.upload(dump(BIOS, size=3_000_000))
    assert said.status == 202
    until(lambda: bmc.get(f"{JOBS}/{said.job}")["JobState"] == "Scheduled")
    assert row(bmc, "BIOS.Setup.1-1") == before
    bmc.post(RESET, {"ResetType": "GracefulRestart"})
    assert ended(bmc, said.job)["JobState"] == "Completed"
    assert row(bmc, "BIOS.Setup.1-1") == "9.9.9" == bmc.get(SYSTEM)["BiosVersion"]
    assert twin.deeds("flash") == [("BIOS.Setup.1-1", "9.9.9")]


def test_the_idrac_is_gone_while_it_updates_itself(twin, bmc):
    """Its own update cuts it off for minutes, ends its sessions, and the job is found again afterwards."""
    token, _ = bmc.login()
    said = bmc.upload(dump(Image(version="9.0.0.0", software_ids=("25227",))), at="Immediate")

    def refused():
        try:
            bmc.ask("GET", "/redfish/v1", token="")
        except OSError:
            return True
        return False

    until(refused)
    assert ended(bmc, said.job)["JobState"] == "Completed"
    assert bmc.get(MANAGER)["FirmwareVersion"] == "9.0.0.0"
    assert bmc.ask("GET", SYSTEM, token=token).status == 401


def test_an_image_is_fetched_from_loopback_alone(twin, bmc, tmp_path):
    """SimpleUpdate fetches what a server on this machine has; a file that is not there, or another host, fails the job."""
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "bios.exe").write_bytes(dump(BIOS))
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "web"))
    handler.log_message = lambda *_: None
    action = f"{UPDATE}/Actions/UpdateService.SimpleUpdate"
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as web:
        thread = threading.Thread(target=web.serve_forever)
        thread.start()
        try:
            where = f"http://127.0.0.1:{web.server_port}"
            body = {"TransferProtocol": "HTTP", "@Redfish.OperationApplyTime": "OnReset"}
            good = bmc.post(action, {**body, "ImageURI": f"{where}/bios.exe"})
            until(lambda: bmc.get(f"{JOBS}/{good.job}")["JobState"] == "Scheduled")
            missing = bmc.post(action, {**body, "ImageURI": f"{where}/other.exe"})
            assert ended(bmc, missing.job)["JobState"] == "Failed"
        finally:
            web.shutdown()
            thread.join()
    far = bmc.post(action, {**body, "ImageURI": "http://192.0.2.1/bios.exe"})
    assert ended(bmc, far.job)["MessageId"] == "RED132"


def test_the_two_steps_of_old_builds(bmc):
    """HttpPushUri keeps the image as Available-, and SimpleUpdate installs it from there."""
    said = bmc.ask("POST", f"{UPDATE}/FirmwareInventory", dump(BIOS), Content_Type="application/octet-stream")
    assert said.status == 201
    assert said.headers["Location"].endswith("Available-159-9.9.9__BIOS.Setup.1-1")
    body = {"ImageURI": said.headers["Location"], "@Redfish.OperationApplyTime": "OnReset"}
    job = bmc.post(f"{UPDATE}/Actions/UpdateService.SimpleUpdate", body).job
    until(lambda: bmc.get(f"{JOBS}/{job}")["JobState"] == "Scheduled")


def test_a_card_takes_its_firmware_with_the_power_cycle_of_its_host(twin, bmc):
    """The DPU's BMC stages NIC firmware with an image; it runs after the host was cold, and not before."""
    card = twin.client("gpu01.b3220l-1")
    image = Image(version="bf-bundle-9.9", fqdds=("DPU_OS",), carries={"DPU_NIC": "32.44.1036"})
    said = card.upload(dump(image), at="Immediate", path=f"{UPDATE}/update-multipart")
    assert said.status == 202
    task = said.json["@odata.id"]
    assert card.upload(dump(image), at="Immediate", path=f"{UPDATE}/update-multipart").status == 503
    until(lambda: card.get(task)["TaskState"] == "Completed")
    nic = f"{UPDATE}/FirmwareInventory/DPU_NIC"
    assert card.get(nic)["Version"] != "32.44.1036"
    bmc.post(RESET, {"ResetType": "PowerCycle"})
    until(lambda: card.get(nic)["Version"] == "32.44.1036")


def test_a_signed_certificate_is_shown_after_a_restart(twin, bmc):
    """A request over a key of its own is signed by somebody, put back, and shown once the iDRAC has restarted."""
    place = bmc.get("/redfish/v1/CertificateService/CertificateLocations")["Links"]["Certificates"][0]["@odata.id"]
    action = "/redfish/v1/CertificateService/Actions/CertificateService"
    body = {
        "CertificateCollection": {"@odata.id": place.rpartition("/")[0]},
        "CommonName": "gpu01",
        "AlternativeNames": ["gpu01"],
    }
    request = bmc.post(f"{action}.GenerateCSR", body).json["CSRString"]
    signed, authority = sign(request, bmc.host)
    put = {"CertificateString": signed, "CertificateType": "PEM", "CertificateUri": {"@odata.id": place}}
    assert bmc.post(f"{action}.ReplaceCertificate", put).status == 200
    assert bmc.post(f"{MANAGER}/Actions/Manager.Reset").status == 204
    trusting = twin.client()
    trusting.tls = ssl.create_default_context(cadata=authority)

    def reached():
        with contextlib.suppress(OSError):
            return trusting.ask("GET", place).status == 200
        return False

    until(reached)
    assert trusting.get(place)["Issuer"]["CommonName"] == "somebody"


def sign(request: str, address: str) -> tuple[str, str]:
    """Sign a request as an authority of this moment; return certificate and authority in PEM."""
    import datetime as dt
    import ipaddress

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "somebody")])
    wanted = x509.load_pem_x509_csr(request.encode())
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    now = dt.datetime.now(dt.UTC)

    def made(subject, public, *extensions):
        builder = x509.CertificateBuilder(
            name, subject, public, x509.random_serial_number(), now - dt.timedelta(1), now + dt.timedelta(1)
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()

    above = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    return made(wanted.subject, wanted.public_key(), names, above), made(
        name, key.public_key(), x509.BasicConstraints(True, None), own, usage
    )


def test_lockdown_refuses_what_changes_and_is_lifted(twin, bmc):
    """Under lockdown a change gets SYS406, reading goes on, and lifting it is possible."""
    twin.fault("lockdown")
    assert bmc.patch(SETTINGS, WANTED).ids == ["SYS406"]
    assert bmc.upload(dump(BIOS)).ids == ["SYS406"]
    registry = bmc.get(f"{SYSTEM}/Bios/BiosRegistry")["RegistryEntries"]["Attributes"]
    assert all(one["ReadOnly"] for one in registry)
    attributes = f"{MANAGER}/Oem/Dell/DellAttributes/iDRAC.Embedded.1"
    assert bmc.patch(attributes, {"Attributes": {"Lockdown.1.SystemLockdown": "Disabled"}}).status == 200
    assert bmc.patch(SETTINGS, WANTED).status == 202


def test_an_ac_cycle_takes_the_idrac_along(twin, bmc):
    """ExtendedReset cuts the iDRAC off too; the host is on again at the end."""
    said = bmc.post(
        f"{CHASSIS}/Actions/Oem/DellOemChassis.ExtendedReset", {"ResetType": "PowerCycle", "FinalPowerState": "On"}
    )
    assert said.status == 204

    def on():
        with contextlib.suppress(OSError):
            found = bmc.ask("GET", SYSTEM)
            return found.status == 200 and found.json["PowerState"] == "On"
        return False

    until(lambda: twin.whole()["state"] == "dark")
    until(on)
    assert len(twin.deeds("ac-cycle")) == 1


def test_the_digest_tells_whether_anything_lasts(twin, bmc):
    """Reading changes no digest, a staged attribute does."""
    first = twin.whole()["digest"]
    bmc.get(SYSTEM)
    assert twin.whole()["digest"] == first
    bmc.patch(SETTINGS, WANTED)
    assert twin.whole()["digest"] != first
