"""Every fault of the list that lives in the machine: armed, met, and what it makes of the machine."""

from __future__ import annotations

import pytest

from rackwright.errors import TwinError
from rackwright.twin.bmc.machine.faults import AT_ONCE, FAULTS, OPERATIONS, WIRE, read_fault
from rackwright.twin.bmc.machine.jobs import job_words, task_words
from rackwright.twin.bmc.machine.messages import MESSAGES, worded
from rackwright.twin.bmc.machine.refusal import Away, Refusal

WANTED = {"SriovGlobalEnable": "Enabled", "LogicalProc": "Disabled"}


def staged(bed):
    """Stage settings with a job, let it be scheduled, and return the job."""
    bed.machine.bios.stage(WANTED, "OnReset")
    bed.wind(10)
    return bed.machine.queue.all()[0]


def settings(bed):
    """Stage settings and restart the host; return the job."""
    job = staged(bed)
    bed.reboot()
    return job


def flashed(bed, images):
    """Update the BIOS; return the job."""
    job = bed.upload("2.7.4", **images.bios)
    bed.wind(60)
    bed.reboot()
    return job


def test_busy_and_not_ready(bed):
    """Rows 1 and 2: 503 with or without Retry-After, 400 SWC0700, for a while."""
    for kind, value, expected in (
        ("busy", "", (503, "SYS518", 30)),
        ("busy", "none", (503, "SYS518", None)),
        ("not-ready", "", (400, "SWC0700", None)),
    ):
        bed.fault(kind=kind, value=value, duration=60)
        with pytest.raises(Refusal) as refused:
            bed.machine.bmc.gate()
        assert (refused.value.status, refused.value.message_id, refused.value.retry_after_s) == expected
        bed.wind(61)
        bed.machine.bmc.gate()


def test_sessions_and_death(bed):
    """Rows 3, 4, 14: a login is refused, sessions expire, nobody answers for a while or for good."""
    bed.fault(kind="refuse", at="login", value="RAC0218", a="503", count=1)
    with pytest.raises(Refusal, match="503 RAC0218"):
        bed.machine.bench.met("login")
    bed.machine.bench.met("login")
    before = bed.machine.bmc.generation
    bed.fault(kind="expire-sessions")
    assert bed.machine.bmc.generation == before + 1
    bed.fault(kind="bmc-dead", duration=100)
    with pytest.raises(Away):
        bed.machine.bmc.gate()
    bed.wind(101)
    bed.machine.bmc.gate()
    bed.fault(kind="bmc-dead")
    bed.wind(100_000)
    assert bed.machine.bmc.state == "dark"
    bed.machine.mend()
    bed.machine.bmc.gate()


def test_an_idrac_that_never_comes_back(bed, images):
    """Row 14: lost in its own update, and the job never ends; mended, it is back with what it was updated to."""
    bed.fault(kind="bmc-lost", at="bmc-restart")
    job = bed.upload("7.20.60.50", **images.idrac)
    bed.wind(50_000)
    assert (bed.machine.bmc.state, job.state) == ("dark", "Running")
    bed.machine.mend()
    bed.wind(1)
    assert (bed.machine.bmc.state, job.state, bed.machine.bmc_version) == ("up", "Completed", "7.20.60.50")


@pytest.mark.parametrize("said", ["SYS011", "RAC0679", "SYS410"])
def test_an_operation_is_refused_at_its_nth_time(bed, said):
    """Rows 5 and 20: the second time only."""
    bed.fault(kind="refuse", at="bios-stage", value=said, nth=2)
    bed.machine.bios.stage({"SriovGlobalEnable": "Enabled"})
    with pytest.raises(Refusal, match=said):
        bed.machine.bios.stage({"LogicalProc": "Disabled"})
    bed.machine.bios.stage({"LogicalProc": "Disabled"})


def test_an_answer_without_a_job(bed):
    """Row 6: the job is there and not told, or was not made at all."""
    bed.fault(kind="no-location", at="bios-stage", count=1)
    assert bed.machine.bios.stage(WANTED, "OnReset") == (200, "")
    assert len(bed.machine.queue.open()) == 1
    bed.machine.queue.clear("JID_CLEARALL")
    bed.fault(kind="only-staged", at="bios-stage", count=1)
    assert bed.machine.bios.stage(WANTED, "OnReset") == (200, "")
    assert bed.machine.queue.open() == []
    assert bed.machine.bios.pending == WANTED


def test_a_job_that_is_stuck(bed, images):
    """Row 9: Scheduled, PR30, 1 %, whatever restarts; it can be deleted."""
    bed.fault(kind="stuck", at="bios-stage")
    bed.fault(kind="stuck", at="update")
    job = settings(bed)
    assert (job.state, job.message_id, job.percent) == ("Scheduled", "PR30", 1)
    update = bed.upload("7.20.60.50", **images.idrac)
    bed.wind(100)
    assert (update.state, update.message_id) == ("Scheduled", "PR30")
    bed.machine.queue.delete(job.id)
    assert bed.machine.bios.values["SriovGlobalEnable"] == "Disabled"


@pytest.mark.parametrize(
    ("kind", "value", "state", "said", "words"),
    [
        ("timeout", "", "Completed", "JCP052", ("Completed", "Critical")),
        ("errors", "LogicalProc", "CompletedWithErrors", "PR31", ("Exception", "Critical")),
        ("fail", "", "Failed", "PR21", ("Exception", "Critical")),
        ("fail", "JCP041", "Failed", "JCP041", ("Exception", "Critical")),
    ],
)
def test_a_settings_job_that_ends_badly(bed, kind, value, state, said, words):
    """Rows 9 and 10: nothing was done, or all but one attribute."""
    bed.fault(kind=kind, at="bios-run", value=value)
    job = settings(bed)
    assert (job.state, job.message_id, job.percent) == (state, said, 100)
    assert task_words(job) == job_words(job) == words
    done = "Enabled" if kind == "errors" else "Disabled"
    assert bed.machine.bios.values["SriovGlobalEnable"] == done
    assert bed.machine.bios.values["LogicalProc"] == "Enabled"


@pytest.mark.parametrize(("kind", "said"), [("timeout", "JCP052"), ("fail", "RED007"), ("errors", "PR31")])
def test_an_update_that_ends_badly(bed, images, kind, said):
    """Rows 9, 10, 26: the version is the old one unless it only ended with errors."""
    bed.fault(kind=kind, at="flash", value="RED007" if kind == "fail" else "")
    job = flashed(bed, images)
    assert job.message_id == said
    assert bed.machine.bios_version == ("2.7.4" if kind == "errors" else "2.1.5")


def test_strange_and_missing_tasks(bed):
    """Rows 11 and 12: a word nobody knows, a task that comes late or never."""
    bed.fault(kind="odd-job", at="bios-stage", value="UserIntervention", nth=1)
    bed.fault(kind="task-late", at="bios-stage", duration=20, nth=1)
    job = staged(bed)
    assert task_words(job) == ("UserIntervention", "OK")
    with pytest.raises(Refusal):
        bed.machine.queue.task(job.id)
    bed.wind(15)
    assert bed.machine.queue.task(job.id) is job
    bed.machine.queue.clear("JID_CLEARALL")
    bed.fault(kind="task-gone", at="bios-stage")
    job = staged(bed)
    bed.wind(1000)
    with pytest.raises(Refusal):
        bed.machine.queue.task(job.id)


def test_one_attribute_stays(bed):
    """Row 21: the job is a success and the read-back differs."""
    bed.fault(kind="partial", at="bios-run", value="LogicalProc")
    assert settings(bed).state == "Completed"
    assert bed.machine.bios.values["LogicalProc"] == "Enabled"
    assert bed.machine.bios.values["SriovGlobalEnable"] == "Enabled"


def test_values_are_shown_early(bed):
    """Row 25: Bios shows what is staged before the job has run."""
    bed.fault(kind="early-pending", at="bios-stage")
    bed.machine.bios.stage(WANTED, "OnReset")
    assert bed.machine.bios.attributes()["SriovGlobalEnable"] == "Enabled"
    assert bed.machine.bios.values["SriovGlobalEnable"] == "Disabled"


def test_lockdown_and_readiness(bed, images):
    """Rows 22 and 23."""
    bed.fault(kind="lockdown")
    with pytest.raises(Refusal, match="SYS406"):
        bed.machine.admit("POST", "/redfish/v1/UpdateService/Actions/UpdateService.SimpleUpdate")
    bed.fault(kind="lc-busy", duration=100)
    assert not bed.machine.bmc.ready
    with pytest.raises(Refusal, match="LC060"):
        bed.upload("2.7.4", **images.bios)
    bed.wind(101)
    assert bed.machine.bmc.ready
    bed.fault(kind="lc-busy")
    bed.wind(10_000)
    assert not bed.machine.bmc.ready


@pytest.mark.parametrize(
    ("kind", "value", "said", "cold", "cycled"),
    [
        ("late", "", "SUP0545", "2.1.5", "2.7.4"),
        ("late", "power", "SUP0544", "2.7.4", "2.7.4"),
        ("silent", "", "RED001", "2.1.5", "2.1.5"),
    ],
)
def test_a_version_that_does_not_change(bed, images, kind, value, said, cold, cycled):
    """Row 28: after the next cold boot, after the next AC cycle, or never."""
    bed.fault(kind=kind, at="flash", value=value)
    job = flashed(bed, images)
    assert (job.state, job.message_id, bed.machine.bios_version) == ("Completed", said, "2.1.5")
    bed.machine.host.reset("PowerCycle")
    bed.until(lambda: bed.machine.host.phase == "os")
    assert bed.machine.bios_version == cold
    bed.machine.ac_cycle("On")
    bed.until(lambda: bed.machine.host.phase == "os")
    assert bed.machine.bios_version == cycled


def test_what_is_shown_may_be_odd(bed):
    """Rows 29 and 30: odd versions, no health, another machine's tag, a lost supply, a dead link; all of it can be mended."""
    machine = bed.machine
    bed.fault(kind="odd-version", a="BIOS.*", value="NotAvailable")
    bed.fault(kind="no-health")
    bed.fault(kind="swap-machine", value="SVC0001")
    bed.fault(kind="psu-lost", value="PSU.Slot.2")
    bed.fault(kind="link-down", a="b3140h-1")
    assert (machine.bios_version, machine.tells_health, machine.service_tag) == ("NotAvailable", False, "SVC0001")
    assert [one.present for one in machine.hardware.psus].count(False) == 1
    assert not machine.link(machine.hardware.nics[0].ports[0])
    assert set(machine.mend()) == {"service tag", "PSU.Slot.2", "version of BIOS.Setup.1-1", "link of b3140h-1"}
    assert (machine.bios_version, machine.tells_health, machine.service_tag) == ("2.1.5", True, "SVC0000")
    for row in (
        {"kind": "odd-version", "a": "None.*"},
        {"kind": "psu-lost", "value": "PSU.Slot.9"},
        {"kind": "gpu-lost", "value": "Video.Slot.9-1"},
    ):
        with pytest.raises(TwinError):
            bed.fault(**row)


def test_media_and_boot(bed):
    """Rows 33, 34: RAC0904, not inserted although 204, an override that is ignored."""
    bed.fault(kind="refuse", at="media-insert", value="RAC0904", count=1)
    with pytest.raises(Refusal, match="RAC0904"):
        bed.machine.media.insert("1", "http://10.0.0.1/a.iso")
    bed.fault(kind="not-inserted", at="media-insert", nth=1)
    bed.machine.media.insert("1", "http://10.0.0.1/a.iso")
    assert not bed.machine.media.slot("1").inserted
    bed.faults.clear()
    bed.machine.media.insert("1", "http://10.0.0.1/a.iso")
    for how, left in (("stays", "Once"), ("resets", "Disabled")):
        bed.fault(kind="boot-ignored", at="boot", value=how, count=1)
        bed.machine.host.set_boot(target="Cd", enabled="Once")
        bed.reboot()
        assert (bed.machine.host.booted, bed.machine.boot.enabled) == ("Hdd", left)


def test_a_deaf_operating_system(bed):
    """Row 35: a graceful request has no effect, force has."""
    bed.fault(kind="deaf-os", at="power", count=0)
    bed.machine.host.reset("GracefulShutdown")
    bed.wind(1000)
    assert bed.machine.power == "On"
    bed.machine.host.reset("ForceOff")
    assert bed.machine.power == "Off"


def test_power_that_is_lost_tears_what_runs(bed, images):
    """A flash is torn, its job fails, the version is the old one; the server comes back by itself."""
    job = bed.upload("2.7.4", **images.bios)
    bed.wind(60)
    bed.machine.host.reset("ForceRestart")
    bed.until(lambda: job.state == "Running")
    bed.fault(kind="power-loss", duration=20)
    assert (job.state, bed.machine.power, bed.machine.bmc.state) == ("Failed", "Off", "dark")
    bed.until(lambda: bed.machine.host.phase == "os" and bed.machine.bmc.state == "up")
    assert bed.machine.bios_version == "2.1.5"
    assert bed.deeds("torn") == [("BIOS.Setup.1-1", job.id)]


@pytest.mark.parametrize("at", ["flash", "bios-run", "activate", "boot"])
def test_power_may_go_at_any_step(bed, images, at):
    """Whatever the step, the server comes back and boots, nothing runs any more, and nothing is new that was not flashed."""
    bed.fault(kind="power-loss", at=at, duration=20, nth=1)
    job = bed.upload("2.7.4", **images.bios)
    bed.machine.bios.stage(WANTED, "OnReset")
    bed.wind(60)
    bed.machine.host.reset("ForceRestart")
    bed.until(lambda: bed.deeds("power-loss"))
    bed.until(lambda: bed.machine.host.phase == "os" and bed.machine.bmc.state == "up")
    bed.wind(3600)
    assert bed.machine.next_due() is None
    assert not job.open
    assert bed.machine.bios_version == ("2.1.5" if at == "flash" else "2.7.4")
    assert bed.deeds("flash") == ([] if at == "flash" else [("BIOS.Setup.1-1", "2.7.4")])


def test_an_idrac_that_is_restarted_while_it_writes(bed, images):
    """Its own update fails RED108, the GPU baseboard's fails too, and what waits for the host goes on waiting."""
    waiting = bed.upload("2.7.4", **images.bios)
    gpu = bed.upload("1.6.0", **images.gpu)
    bed.until(lambda: gpu.state == "Running")
    bed.machine.restart_bmc()
    assert (gpu.state, gpu.message_id, waiting.state) == ("Failed", "PR21", "Scheduled")
    bed.until(lambda: bed.machine.bmc.ready)
    own = bed.upload("7.20.60.50", **images.idrac)
    bed.until(lambda: own.state == "Running")
    bed.machine.restart_bmc()
    assert (own.state, own.message_id) == ("Failed", "RED108")
    bed.wind(3600)
    assert bed.machine.bmc_version == "7.10.30.00"
    bed.reboot()
    assert waiting.state == "Completed"


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_fault_that_needs_nothing_can_wait_for_an_operation(bed, images, when):
    """bmc-restart at an update: the iDRAC is away before it, so that it is not taken, or after it."""
    bed.fault(kind="bmc-restart", at="update", when=when)
    if when == "after":
        bed.upload("2.7.4", **images.bios)
    else:
        with pytest.raises(Refusal, match="LC060"):
            bed.upload("2.7.4", **images.bios)
    bed.wind(1)
    assert bed.machine.bmc.state == "dark"


def test_a_fault_may_cause_what_it_waits_for(bed):
    """A restart at every restart is no ring."""
    bed.fault(kind="bmc-restart", at="bmc-restart", count=0)
    bed.machine.restart_bmc()
    assert len(bed.deeds("bmc-restart")) == 2
    bed.until(lambda: bed.machine.bmc.state == "up")


def test_the_rows_say_what_they_are():
    """A kind, an operation or a missing operation that is wrong is refused; every id that is said has words."""
    for row in ({"kind": "nothing"}, {"kind": "refuse"}, {"kind": "refuse", "at": "nowhere"}, {"kind": 3}):
        with pytest.raises(TwinError):
            read_fault(row)
    assert read_fault({"kind": "drip"}).at == "request"
    assert not set(AT_ONCE) & set(WIRE)
    assert set(AT_ONCE) | set(WIRE) < set(FAULTS)
    assert all(text and text[0] != " " for text in [*FAULTS.values(), *OPERATIONS.values()])
    for name, row in MESSAGES.items():
        severity, text, remedy = worded(f"IDRAC.2.9.{name}", ("1", "2"))
        assert severity in {"Informational", "Warning", "Critical"}
        assert "{" not in text, name
        assert remedy == row.remedy
    assert "XYZ1" in worded("XYZ1")[1]
