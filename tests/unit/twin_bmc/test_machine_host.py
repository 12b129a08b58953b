"""Power, boot, media, jobs, the iDRAC's own settings, accounts, profiles, certificate."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from rackwright.twin.bmc.machine.jobs import MOST_JOBS, job_words, task_words
from rackwright.twin.bmc.machine.refusal import Refusal

IDRAC = "iDRAC.Embedded.1"
MOMENT = dt.datetime(2025, 6, 1, tzinfo=dt.UTC)


def test_a_server_takes_minutes_to_boot(bed):
    """POST, then the operating system; five to ten minutes together, and the Lifecycle Controller is in use in POST."""
    bed.machine.host.reset("ForceOff")
    assert (bed.machine.power, bed.machine.boot_progress) == ("Off", "None")
    assert bed.machine.bmc.status().server == "PoweredOff"
    bed.machine.host.reset("On")
    bed.wind(60)
    assert bed.machine.bmc.status()[0::2] == ("InUse", "InPOST")
    took = 60 + bed.until(lambda: bed.machine.boot_progress == "OSRunning")
    assert 240 <= took <= 600
    assert bed.machine.bmc.status() == ("Ready", "Ready", "OutOfPOST", "Ready")


@pytest.mark.parametrize(
    ("first", "kind"),
    [("", "On"), ("ForceOff", "ForceOff"), ("ForceOff", "GracefulRestart"), ("ForceOff", "PowerCycle")],
)
def test_being_in_that_state_already_is_409(bed, first, kind):
    """Row 35."""
    if first:
        bed.machine.host.reset(first)
    with pytest.raises(Refusal) as refused:
        bed.machine.host.reset(kind)
    assert refused.value.status == 409


def test_a_graceful_request_needs_an_operating_system(bed):
    """It takes a while in the operating system and nothing comes of it in POST."""
    bed.machine.host.reset("GracefulShutdown")
    assert bed.machine.power == "On"
    bed.until(lambda: bed.machine.power == "Off", most=60)
    bed.machine.host.reset("On")
    bed.wind(20)
    bed.machine.host.reset("GracefulShutdown")
    bed.wind(100)
    assert bed.machine.power == "On"
    with pytest.raises(Refusal):
        bed.machine.host.reset("Hibernate")


def test_an_override_is_used_once(bed):
    """Cd boots the medium once; the next boot is the disk again; an empty drive falls through to the disk."""
    seen = []
    bed.machine.host.on_boot = lambda *booted: seen.append(booted)
    bed.machine.media.insert("1", "http://10.0.0.1/installer.iso")
    bed.machine.host.set_boot(target="Cd", enabled="Once", mode="UEFI")
    bed.reboot()
    assert bed.machine.boot.enabled == "Disabled"
    bed.reboot()
    bed.machine.media.eject("1")
    bed.machine.host.set_boot(target="Cd", enabled="Once")
    bed.reboot()
    assert seen == [("Cd", "http://10.0.0.1/installer.iso"), ("Hdd", ""), ("Hdd", "")]
    bed.machine.host.set_boot(target="UefiHttp", uri="http://10.0.0.1/boot.efi")
    bed.reboot()
    assert seen[-1] == ("UefiHttp", "http://10.0.0.1/boot.efi")


def test_the_older_way_to_boot_once_does_the_same(bed):
    """ServerBoot.1.FirstBootDevice with BootOnce is the override by another name."""
    bed.machine.media.insert("CD", "http://10.0.0.1/installer.iso")
    bed.machine.settings.change(IDRAC, {"ServerBoot.1.FirstBootDevice": "VCD-DVD"})
    bed.reboot()
    assert bed.machine.host.booted == "Cd http://10.0.0.1/installer.iso"


def test_boot_cannot_be_changed_while_a_bios_job_waits(bed):
    """SYS011, and a target that is none is SYS426."""
    with pytest.raises(Refusal, match="SYS426"):
        bed.machine.host.set_boot(target="Tape")
    bed.machine.bios.stage({"SriovGlobalEnable": "Enabled"}, "OnReset")
    with pytest.raises(Refusal, match="SYS011"):
        bed.machine.host.set_boot(target="Pxe")


def test_media_are_inserted_once(bed):
    """A drive that holds something refuses more; ejecting an empty one is nothing; both names mean one drive."""
    media = bed.machine.media
    media.insert("CD", "https://10.0.0.1/a.iso")
    assert media.slot("1").inserted
    with pytest.raises(Refusal) as refused:
        media.insert("1", "https://10.0.0.1/b.iso")
    assert refused.value.status == 409
    media.eject("1")
    media.eject("1")
    for image, said in (("", "SYS428"), ("a.iso", "RAC0720")):
        with pytest.raises(Refusal, match=said):
            media.insert("1", image)
    with pytest.raises(Refusal, match="SYS403"):
        media.slot("9")


def test_reboot_jobs(bed):
    """A reboot job ends when the host has restarted; a deaf operating system fails it, or is forced where the job may."""
    job = bed.machine.create_reboot_job("PowerCycle")
    assert job.id.startswith("RID_")
    bed.until(lambda: not job.open)
    assert job.state == "RebootCompleted"
    bed.until(lambda: bed.machine.host.phase == "os")
    for kind, state in (
        ("GracefulRebootWithoutForcedShutdown", "RebootFailed"),
        ("GracefulRebootWithForcedShutdown", "RebootCompleted"),
    ):
        bed.fault(kind="deaf-os", at="power", count=1)
        job = bed.machine.create_reboot_job(kind)
        bed.until(lambda job=job: not job.open)
        assert job.state == state
        bed.until(lambda: bed.machine.host.phase == "os")
        bed.faults.clear()
    with pytest.raises(Refusal):
        bed.machine.create_reboot_job("Now")


def test_the_queue_can_be_cleared_and_forced(bed):
    """CLEARALL empties it; CLEARALL_FORCE also hides the system for two minutes (row 24)."""
    bed.machine.bios.stage({"SriovGlobalEnable": "Enabled"}, "OnReset")
    bed.wind(10)
    bed.machine.queue.clear("JID_CLEARALL")
    assert bed.machine.queue.all() == []
    assert bed.machine.shows_system
    assert bed.machine.bios.pending == {}
    bed.machine.queue.clear("JID_CLEARALL_FORCE")
    assert not bed.machine.shows_system
    bed.wind(130)
    assert bed.machine.shows_system


def test_the_queue_has_an_end(bed):
    """256 jobs and no more (JCP014); ids rise."""
    queue = bed.machine.queue
    for _ in range(MOST_JOBS):
        queue.end(queue.add("ExportConfiguration", "x"), "Completed", "SYS043")
    with pytest.raises(Refusal, match="JCP014"):
        queue.add("ExportConfiguration", "x")
    ids = [job.id for job in queue.all()]
    assert ids == sorted(set(ids))


def test_one_job_in_three_collections(bed):
    """Each collection has its own word for a state, and a task goes ten minutes after its end while the job stays."""
    job = bed.machine.profiles.export()
    assert task_words(job) == ("Running", "OK")
    bed.until(lambda: not job.open)
    assert (task_words(job), job_words(job)) == (("Completed", "OK"), ("Completed", "OK"))
    assert bed.machine.queue.task(job.id) is job
    bed.wind(601)
    with pytest.raises(Refusal) as refused:
        bed.machine.queue.task(job.id)
    assert refused.value.status == 404
    assert bed.machine.queue.find(job.id) is job
    job.state = "CompletedWithErrors"
    assert job_words(job) == ("Exception", "Critical")


def test_lockdown_refuses_changes_and_can_be_lifted(bed):
    """SYS406 for what changes something, JCP041 for a job that was waiting; power and lifting it are let through."""
    machine = bed.machine
    machine.bios.stage({"SriovGlobalEnable": "Enabled"}, "OnReset")
    bed.wind(10)
    machine.settings.change(IDRAC, {"Lockdown.1.SystemLockdown": "Enabled"})
    machine.admit("GET", "/redfish/v1/Systems")
    machine.admit("POST", "/redfish/v1/Systems/System.Embedded.1/Actions/ComputerSystem.Reset")
    for path in ("/redfish/v1/Systems/System.Embedded.1/Bios/Settings", "/redfish/v1/UpdateService/MultipartUpload"):
        with pytest.raises(Refusal, match="SYS406"):
            machine.admit("PATCH", path)
    with pytest.raises(Refusal, match="SYS406"):
        machine.settings.change(IDRAC, {"SSH.1.Enable": "Disabled"})
    bed.reboot()
    assert machine.queue.all()[0].message_id == "JCP041"
    machine.settings.change(IDRAC, {"Lockdown.1.SystemLockdown": "Disabled"})
    machine.admit("PATCH", "/redfish/v1/Systems/System.Embedded.1/Bios/Settings")


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"No.1.Such": "x"}, "SYS429"),
        ({"Info.1.Version": "9"}, "SYS427"),
        ({"SSH.1.Enable": "Maybe"}, "SYS426"),
        ({"SSH.1.Port": "22"}, "SYS424"),
        ({"SSH.1.Port": 70000}, "SYS425"),
        ({"Time.1.Timezone": "Mars/Olympus"}, "SYS426"),
    ],
)
def test_attributes_of_the_idrac_are_checked_all_or_none(bed, wanted, said):
    """One bad attribute and none is set."""
    with pytest.raises(Refusal, match=said):
        bed.machine.settings.change(IDRAC, {"SysLog.1.Server1": "10.0.0.9", **wanted})
    assert bed.machine.settings.get("SysLog.1.Server1") == ""
    with pytest.raises(Refusal, match="SYS403"):
        bed.machine.settings.shown("Nothing.Embedded.1")


def test_time_follows_zone_and_ntp(bed):
    """The zone moves the offset of dates; NTP sets a clock right that is hours off; jobs' dates are naive."""
    assert bed.machine.bench.date().endswith("-06:00")
    bed.machine.settings.change(IDRAC, {"Time.1.Timezone": "UTC"})
    assert bed.machine.bench.date(0) == "2025-06-15T15:06:40+00:00"
    bed.fault(kind="clock-off", value="7200")
    assert bed.machine.bench.date(0, naive=True) == "2025-06-15T17:06:40"
    bed.machine.settings.change(IDRAC, {"NTPConfigGroup.1.NTPEnable": "Enabled", "NTPConfigGroup.1.NTP1": "10.0.0.5"})
    bed.wind(61)
    assert bed.machine.bench.date(0, naive=True) == "2025-06-15T15:06:40"


def test_accounts(bed):
    """root with the factory's password; a changed one opens, the old one does not; places are limited and names single."""
    accounts = bed.machine.accounts
    assert accounts.opens("root", "calvin")
    accounts.change("2", {"Password": "n3w-secret"})
    assert not accounts.opens("root", "calvin")
    assert accounts.opens("root", "n3w-secret")
    made = accounts.add("svc", "another-secret", "Operator")
    assert (made.id, accounts.role("svc"), accounts.path("svc")) == (
        "3",
        "Operator",
        "/redfish/v1/AccountService/Accounts/3",
    )
    with pytest.raises(Refusal, match="RAC1016"):
        accounts.add("svc", "x")
    with pytest.raises(Refusal, match="SYS426"):
        accounts.change("3", {"RoleId": "King"})
    with pytest.raises(Refusal, match="SYS409"):
        accounts.delete("2")
    accounts.delete("3")
    assert accounts.role("svc") == "None"
    for place in range(14):
        accounts.add(f"user{place}", "x")
    with pytest.raises(Refusal):
        accounts.add("one-more", "x")
    kept = repr(accounts.all()) + repr(bed.machine.bench.deeds) + repr(bed.machine.bench.lifecycle_log)
    assert "secret" not in kept


def test_profiles(bed):
    """An export holds attributes and no secret; it is refused while something is pending; an import stages BIOS and sets the iDRAC."""
    machine = bed.machine
    job = machine.profiles.export()
    bed.until(lambda: not job.open)
    profile = json.loads(job.output)
    parts = {part["FQDD"]: part["Attributes"] for part in profile["SystemConfiguration"]["Components"]}
    assert set(parts) == {"BIOS.Setup.1-1", IDRAC, "System.Embedded.1", "LifecycleController.Embedded.1"}
    parts["BIOS.Setup.1-1"][:] = [{"Name": "SriovGlobalEnable", "Value": "Enabled"}]
    for name in (IDRAC, "System.Embedded.1", "LifecycleController.Embedded.1"):
        parts[name][:] = []
    preview = machine.profiles.preview(json.dumps(profile))
    bed.until(lambda: not preview.open)
    assert preview.state == "Completed"
    taken = machine.profiles.take(json.dumps(profile))
    assert taken.kind == "BIOSConfiguration"
    with pytest.raises(Refusal, match="LC068"):
        machine.profiles.export()
    bed.wind(10)
    bed.reboot()
    assert machine.bios.values["SriovGlobalEnable"] == "Enabled"
    assert machine.profiles.take(json.dumps(profile)).message_id == "SYS054"
    with pytest.raises(Refusal, match="SYS405"):
        machine.profiles.take("<xml/>")


def test_a_certificate_is_replaced_at_the_restart(bed):
    """The key stays in the BMC; a certificate for another key is refused; the new one is in force after a restart of the iDRAC."""
    shown = []
    certificate = bed.machine.certificate
    certificate.replaced = lambda *pems: shown.append(pems)
    request = x509.load_pem_x509_csr(certificate.request({"CommonName": "gpu01-bmc"}, ("gpu01-bmc",)).encode())
    mine = ec.generate_private_key(ec.SECP256R1())

    def signed(key) -> str:
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "gpu01-bmc")])
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key).serial_number(7)
        start = MOMENT
        made = (
            builder.not_valid_before(start)
            .not_valid_after(start.replace(year=start.year + 1))
            .sign(mine, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM).decode()

    with pytest.raises(Refusal, match="LC011"):
        certificate.put(signed(mine.public_key()))
    certificate.put(signed(request.public_key()))
    assert shown == []
    bed.machine.restart_bmc()
    bed.until(lambda: bed.machine.bmc.state == "up")
    assert len(shown) == 1
    with pytest.raises(Refusal, match="SYS428"):
        certificate.request({})


def test_hardware_is_the_plans_and_the_catalogs(bed):
    """Eight SuperNICs and a DPU in slots, a LOM on the board, eight GPUs, the memory in modules, a mirror to boot from."""
    hardware = bed.machine.hardware
    assert (hardware.model, hardware.service_tag, hardware.memory_gib) == ("PowerEdge XE9680", "SVC0000", 2048)
    assert sum(one.capacity_mib for one in hardware.dimms) == 2048 * 1024
    assert [nic.adapter for nic in hardware.nics] == [*(f"b3140h-{n}" for n in range(1, 9)), "b3220l-1", "lom"]
    assert len(hardware.gpus) == 8
    assert [one.raid for one in hardware.volumes] == ["RAID1"]
    assert hardware.bmc_mac == "02:00:00:00:00:01"
    port = hardware.nics[0].ports[0]
    assert bed.machine.link(port)
    bed.machine.link_up = lambda one: one.plan_port != "b3140h-1"
    assert not bed.machine.link(port)
    macs = [one.mac for nic in hardware.nics for one in nic.ports]
    assert len(macs) == len(set(macs)) == 12


def test_a_thousand_machines_cost_nothing_while_nobody_asks(made):
    """A machine has no thread, no task and no timer, and nothing is due on one that was left alone."""
    import threading

    before = threading.active_count()
    beds = [made() for _ in range(5)]
    assert threading.active_count() == before
    assert [bed.machine.next_due() for bed in beds] == [None] * 5
    beds[0].machine.host.reset("ForceRestart")
    assert beds[0].machine.next_due() == 180
    beds[0].wind(36_000)
    assert beds[0].machine.host.phase == "os"
    assert beds[0].deeds("boot") == [("Hdd", "")]
