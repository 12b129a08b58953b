"""BIOS settings: what is refused, what is staged, when it comes into force."""

from __future__ import annotations

import pytest

from rackwright.twin.bmc.machine.refusal import Refusal
from rackwright.twin.bmc.machine.registry import registry

AI = {"SysProfile": "PerfOptimized", "SriovGlobalEnable": "Enabled"}


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"NoSuchThing": "Enabled"}, "SYS429"),
        ({"MmioLimit": "8TB"}, "SYS429"),
        ({"SystemServiceTag": "X"}, "SYS427"),
        ({"UpiPrefetch": "Disabled"}, "SYS427"),
        ({"SysProfile": "Fastest"}, "SYS426"),
        ({"SysProfile": 1}, "SYS424"),
        ({"AcPwrRcvryUserDelay": "200"}, "SYS424"),
        ({"AcPwrRcvryUserDelay": 20, "AcPwrRcvryDelay": "User"}, "SYS425"),
        ({"AssetTag": "x" * 64}, "SYS425"),
        ({"ProcPwrPerf": "MaxPerf"}, "SYS410"),
        ({"SysProfile": "PerfOptimized", "ProcPwrPerf": "SysDbpm"}, "SYS410"),
        ({"SubNumaCluster": "2-Way", "NodeInterleave": "Enabled"}, "SYS410"),
        ({"BootMode": "Bios", "PxeDev1EnDis": "Disabled"}, "SYS444"),
    ],
)
def test_what_cannot_be_set_is_refused_by_its_own_message(bed, wanted, said):
    """Unknown, hidden, read-only, bad and dependent values are refused with the message that redfish.md names for each."""
    with pytest.raises(Refusal) as refused:
        bed.machine.bios.stage(wanted, "OnReset")
    assert (refused.value.status, refused.value.message_id) == (400, said)
    assert bed.machine.bios.pending == {}


@pytest.mark.parametrize(
    "wanted",
    [
        {"SysProfile": "Custom", "ProcPwrPerf": "MaxPerf"},
        {"HttpDev1EnDis": "Enabled", "HttpDev1Uri": "http://10.0.0.1/x.efi"},
        {"AcPwrRcvryDelay": "User", "AcPwrRcvryUserDelay": 200},
    ],
)
def test_dependencies_are_judged_under_what_is_wanted(bed, wanted):
    """An attribute that the same PATCH makes writable is taken (dellemc #495)."""
    assert bed.machine.bios.stage(wanted, "OnReset").status == 202


def test_settings_come_into_force_by_job_and_reboot(bed):
    """Nothing changes before the job has run in POST; then the profile's own values are forced too."""
    staged = bed.machine.bios.stage(AI, "OnReset")
    job = bed.machine.queue.find(staged.job)
    bed.wind(30)
    assert (job.state, job.message_id) == ("Scheduled", "JCP001")
    assert bed.machine.bios.attributes()["SysProfile"] == "PerfPerWattOptimizedDapc"
    assert bed.machine.bios.pending == AI
    bed.machine.host.reset("ForceRestart")
    bed.until(lambda: job.state == "Running")
    bed.until(lambda: not job.open)
    assert (job.state, job.message_id, job.percent) == ("Completed", "PR19", 100)
    shown = bed.machine.bios.attributes()
    assert (shown["SysProfile"], shown["ProcCStates"], shown["ProcPwrPerf"]) == ("PerfOptimized", "Disabled", "MaxPerf")
    assert bed.machine.bios.pending == {}
    bed.until(lambda: bed.machine.host.phase == "os")


def test_one_job_at_a_time(bed):
    """While a job waits, other settings are refused SYS011 and equal ones are answered 200 without a job; so is a second job."""
    bed.machine.bios.stage(AI, "OnReset")
    assert bed.machine.bios.stage({"SriovGlobalEnable": "Enabled"}, "OnReset") == (200, "")
    for call in (lambda: bed.machine.bios.stage({"LogicalProc": "Disabled"}, "OnReset"), bed.machine.bios.create_job):
        with pytest.raises(Refusal) as refused:
            call()
        assert refused.value.message_id == "SYS011"
    with pytest.raises(Refusal, match="BIOS011"):
        bed.machine.bios.clear()


def test_without_an_apply_time_it_is_only_staged(bed):
    """200 and no job; a job can be made of it afterwards, or it is cleared."""
    assert bed.machine.bios.stage(AI) == (200, "")
    assert bed.machine.queue.all() == []
    bed.reboot()
    assert bed.machine.bios.values["SriovGlobalEnable"] == "Disabled"
    bed.machine.bios.create_job()
    bed.wind(10)
    bed.reboot()
    assert bed.machine.bios.values["SriovGlobalEnable"] == "Enabled"
    with pytest.raises(Refusal, match="RAC1035"):
        bed.machine.bios.clear()
    with pytest.raises(Refusal, match="BIOS008"):
        bed.machine.bios.create_job()


def test_a_workload_profile_beside_another_profile_does_nothing(bed):
    """The job succeeds and WorkloadProfile stays (dellemc #1072)."""
    bed.machine.bios.stage({"SysProfile": "PerfOptimized", "WorkloadProfile": "HpcProfile"}, "OnReset")
    bed.wind(10)
    bed.reboot()
    assert bed.machine.queue.all()[0].state == "Completed"
    assert bed.machine.bios.values["WorkloadProfile"] == "NotConfigured"


def test_deleting_the_job_drops_what_it_would_have_done(bed):
    """After DELETE of a waiting job nothing is pending and a reboot changes nothing."""
    staged = bed.machine.bios.stage(AI, "OnReset")
    bed.wind(10)
    bed.machine.queue.delete(staged.job)
    assert bed.machine.bios.pending == {}
    bed.reboot()
    assert bed.machine.bios.values["SriovGlobalEnable"] == "Disabled"


def test_a_running_job_cannot_be_deleted_and_a_reset_tears_it(bed):
    """DELETE says JCP015; a reset of the host while it runs fails the job and changes nothing."""
    staged = bed.machine.bios.stage(AI, "OnReset")
    job = bed.machine.queue.find(staged.job)
    bed.wind(10)
    bed.machine.host.reset("ForceRestart")
    bed.until(lambda: job.state == "Running")
    with pytest.raises(Refusal, match="JCP015"):
        bed.machine.queue.delete(job.id)
    with pytest.raises(Refusal, match="RAC0679"):
        bed.machine.bios.stage({"LogicalProc": "Disabled"}, "OnReset")
    bed.machine.host.reset("ForceOff")
    assert (job.state, job.message_id) == ("Failed", "PR21")
    assert bed.deeds("torn") == [("BIOS.Setup.1-1", job.id)]
    assert bed.machine.bios.values["SriovGlobalEnable"] == "Disabled"


def test_immediate_is_no_apply_time(bed):
    """There is no Immediate for BIOS settings; windows are supported by a real one and refused here as not emulated."""
    with pytest.raises(Refusal) as refused:
        bed.machine.bios.stage(AI, "Immediate")
    assert refused.value.status == 400
    with pytest.raises(Refusal) as refused:
        bed.machine.bios.stage(AI, "AtMaintenanceWindowStart")
    assert refused.value.status == 501


def test_defaults_come_at_the_next_boot(bed):
    """Bios.ResetBios changes nothing until the host has been through POST."""
    bed.machine.bios.stage(AI, "OnReset")
    bed.wind(10)
    bed.reboot()
    bed.machine.bios.reset_to_defaults()
    assert bed.machine.bios.values["SysProfile"] == "PerfOptimized"
    bed.reboot()
    assert bed.machine.bios.values["SysProfile"] == "PerfPerWattOptimizedDapc"
    assert bed.machine.bios.values["SystemServiceTag"] == "SVC0000"


def test_secrets_are_never_shown(bed):
    """A BIOS password is null in the attributes, and its deed holds no value."""
    bed.machine.bios.stage({"SetupPassword": "hush-hush"}, "OnReset")
    bed.wind(10)
    bed.reboot()
    assert bed.machine.bios.attributes()["SetupPassword"] is None
    assert "hush-hush" not in repr(bed.machine.bench.deeds)
    assert "hush-hush" not in bed.machine.profiles.text()


def test_the_model_decides_what_is_hidden():
    """An XE9680 shows MmioAbove4Gb and PcieResizBar, an R660 neither; every default is one of its values."""
    big, small = registry("xe9680", ()), registry("r660", ())
    assert not big.attributes["PcieResizBar"].hidden
    assert small.attributes["PcieResizBar"].hidden
    assert small.attributes["MmioAbove4Gb"].hidden
    for row in big.attributes.values():
        assert row.type != "Enumeration" or row.default in row.values, row.name
    names = {one.attribute for rule in big.dependencies for one in rule.conditions}
    assert names <= set(big.attributes)
