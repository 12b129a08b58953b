"""Firmware: what is taken, when it is flashed, when its version is new."""

from __future__ import annotations

import pytest

from rackwright.twin.bmc.machine.image import BiosChange, Image, dump
from rackwright.twin.bmc.machine.making import bluefield
from rackwright.twin.bmc.machine.refusal import Away, Refusal
from rackwright.twin.bmc.machine.software import before, lower

GPU = "GPU.Baseboard.1-1"


def test_a_bios_waits_for_the_reboot(bed, images):
    """OnReset: Scheduled until the host restarts; the id of the inventory row changes with the version, the old one is kept."""
    job = bed.upload("2.7.4", **images.bios)
    bed.wind(60)
    assert (job.state, bed.machine.bios_version) == ("Scheduled", "2.1.5")
    bed.reboot()
    assert (job.state, job.message_id) == ("Completed", "RED001")
    assert bed.machine.bios_version == "2.7.4"
    assert bed.machine.bios.values["SystemBiosVersion"] == "2.7.4"
    ids = {one.id for one in bed.machine.firmware.inventory() if "BIOS.Setup" in one.id}
    assert ids == {
        "Installed-159-2.7.4__BIOS.Setup.1-1",
        "Current-159-2.7.4__BIOS.Setup.1-1",
        "Previous-159-2.1.5__BIOS.Setup.1-1",
    }
    assert bed.deeds("flash") == [("BIOS.Setup.1-1", "2.7.4")]
    assert len(bed.deeds("post")) == 1


def test_immediate_restarts_the_host_by_itself(bed, images):
    """Immediate: nobody asks for a restart and the update is done all the same."""
    bed.upload("2.7.4", when="Immediate", **images.bios)
    bed.until(lambda: bed.machine.bios_version == "2.7.4")
    bed.until(lambda: bed.machine.host.phase == "os")


def test_what_can_share_a_reboot_does(bed, images):
    """BIOS, power supplies, LOM, BOSS and settings come into force in one restart; each component is flashed once."""
    for version, header in (
        ("2.7.4", images.bios),
        ("00.2D.9C", images.psu),
        ("22.31.6", images.lom),
        ("2.1.13.2027", images.boss),
    ):
        bed.upload(version, **header)
    bed.machine.bios.stage({"SriovGlobalEnable": "Enabled"}, "OnReset")
    bed.wind(60)
    bed.reboot()
    assert [job.state for job in bed.machine.queue.all()] == ["Completed"] * 5
    assert len(bed.deeds("flash")) == len(set(bed.deeds("flash"))) == 1 + 6 + 2 + 1
    assert len(bed.deeds("post")) == 1
    assert bed.machine.bios.values["SriovGlobalEnable"] == "Enabled"


def test_an_idrac_update_restarts_the_idrac(bed, images):
    """It runs at once, nobody can connect, then 503; sessions are gone; the host runs on; the job ends when it is back."""
    generation = bed.machine.bmc.generation
    job = bed.upload("7.20.60.50", when="OnReset", **images.idrac)
    bed.until(lambda: bed.machine.bmc.state == "dark")
    with pytest.raises(Away):
        bed.machine.bmc.gate()
    dark = bed.until(lambda: bed.machine.bmc.state == "starting")
    with pytest.raises(Refusal) as refused:
        bed.machine.bmc.gate()
    assert (refused.value.status, refused.value.message_id) == (503, "RAC0768")
    assert bed.machine.bmc_version == "7.10.30.00"
    starting = bed.until(lambda: bed.machine.bmc.state == "up")
    assert 180 <= dark + starting <= 480
    assert bed.machine.bmc.generation == generation + 1
    assert (job.state, bed.machine.bmc_version) == ("Completed", "7.20.60.50")
    assert bed.machine.version_of("USC.Embedded.1:LC.Embedded.1") == "7.20.60.50"
    assert not bed.machine.bmc.ready
    bed.until(lambda: bed.machine.bmc.ready)
    assert bed.deeds("post") == []


def test_nothing_else_is_taken_while_the_idrac_is_updated(bed, images):
    """Another image says JCP048, settings say JCP030."""
    bed.upload("7.20.60.50", **images.idrac)
    with pytest.raises(Refusal, match="JCP048"):
        bed.upload("2.7.4", **images.bios)
    with pytest.raises(Refusal, match="JCP030"):
        bed.machine.bios.stage({"SriovGlobalEnable": "Enabled"}, "OnReset")


def test_nothing_is_taken_before_the_lifecycle_controller_is_settled(bed, images):
    """After a restart of the iDRAC images and settings are refused LC060 until it is; while settings are applied images say JCP030."""
    bed.machine.restart_bmc()
    bed.until(lambda: bed.machine.bmc.state == "up")
    for call in (
        lambda: bed.upload("2.7.4", **images.bios),
        lambda: bed.machine.bios.stage({"LogicalProc": "Disabled"}, "OnReset"),
    ):
        with pytest.raises(Refusal, match="LC060"):
            call()
    bed.until(lambda: bed.machine.bmc.ready)
    bed.machine.bios.stage({"LogicalProc": "Disabled"}, "OnReset")
    bed.wind(10)
    bed.machine.host.reset("ForceRestart")
    bed.until(lambda: bed.machine.queue.all()[0].state == "Running")
    with pytest.raises(Refusal, match="JCP030"):
        bed.upload("2.7.4", **images.bios)


def test_a_cpld_is_alone_and_cycles_the_power_itself(bed, images):
    """RED149 beside any other; its version is new after the virtual AC cycle that it makes by itself, which the iDRAC goes through too."""
    job = bed.upload("1.6.0", **images.cpld)
    with pytest.raises(Refusal, match="RED149"):
        bed.upload("2.7.4", **images.bios)
    bed.wind(60)
    bed.machine.host.reset("ForceRestart")
    bed.until(lambda: not job.open)
    assert bed.machine.version_of("CPLD.Embedded.1") == "1.4.0"
    bed.until(lambda: bed.machine.version_of("CPLD.Embedded.1") == "1.6.0")
    bed.until(lambda: bed.machine.host.phase == "os" and bed.machine.bmc.state == "up")
    assert bed.deeds("ac-cycle") == [("On", "")]
    assert bed.deeds("flash") == [("CPLD.Embedded.1", "1.6.0")]
    assert bed.machine.bios.values["SystemCpldVersion"] == "1.6.0"


def test_no_other_image_is_taken_beside_a_waiting_one_when_it_is_a_cpld(bed, images):
    """RED149 holds the other way round too."""
    bed.upload("2.7.4", **images.bios)
    with pytest.raises(Refusal, match="RED149"):
        bed.upload("1.6.0", **images.cpld)


@pytest.mark.parametrize("shut_down", [True, False])
def test_a_gpu_baseboard_wants_the_host_off_and_an_ac_cycle(bed, images, shut_down):
    """Completed SUP0545 and the old version; an AC cycle brings the new one only when the host was shut down first."""
    job = bed.upload("1.6.0", **images.gpu)
    bed.until(lambda: not job.open)
    assert (job.message_id, bed.machine.version_of(GPU)) == ("SUP0545", "1.5.0")
    bed.reboot()
    bed.machine.host.reset("PowerCycle")
    bed.until(lambda: bed.machine.host.phase == "os")
    assert bed.machine.version_of(GPU) == "1.5.0"
    if shut_down:
        bed.machine.host.reset("GracefulShutdown")
        bed.until(lambda: bed.machine.power == "Off")
    bed.machine.ac_cycle("On")
    bed.until(lambda: bed.machine.host.phase == "os")
    assert bed.machine.version_of(GPU) == ("1.6.0" if shut_down else "1.5.0")


def test_one_ac_cycle_serves_a_gpu_baseboard_and_a_bios(bed, images):
    """Shut down, AC cycle: the baseboard is in force, and the BIOS that waited is written in the start that follows."""
    bed.upload("2.7.4", **images.bios)
    gpu = bed.upload("1.6.0", when="Immediate", **images.gpu)
    bed.until(lambda: not gpu.open)
    bed.machine.host.reset("GracefulShutdown")
    bed.until(lambda: bed.machine.power == "Off")
    bed.machine.ac_cycle("On")
    bed.until(lambda: bed.machine.host.phase == "os")
    assert (bed.machine.version_of(GPU), bed.machine.bios_version) == ("1.6.0", "2.7.4")
    assert len(bed.deeds("post")) == 1


def test_without_the_usb_port_a_gpu_baseboard_is_silently_not_updated(bed, images):
    """With UsbManagedPort Off the job succeeds and the version never changes (KB 000308105)."""
    bed.machine.bios.stage({"UsbManagedPort": "Off"}, "OnReset")
    bed.wind(10)
    bed.reboot()
    job = bed.upload("1.6.0", **images.gpu)
    bed.until(lambda: not job.open)
    assert job.state == "Completed"
    bed.machine.host.reset("ForceOff")
    bed.machine.ac_cycle("On")
    bed.until(lambda: bed.machine.host.phase == "os")
    assert bed.machine.version_of(GPU) == "1.5.0"


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ({"software_ids": ("159",), "signed": False}, "RED007"),
        ({"software_ids": ("159",), "models": ("r660",)}, "RED098"),
        ({"software_ids": ("424242",)}, "RED097"),
        ({"pci": ("15B3:A2DC",)}, "RED097"),
        ({"software_ids": ("159",), "needs": {"cpld": "9.9.9"}}, "RED145"),
        ({"software_ids": ("110428",), "needs": {"bios": "9.9"}}, "RED147"),
    ],
)
def test_a_wrong_image_fails_its_job(bed, header, said):
    """Signature, model, component, level of BIOS and CPLD: each has its own message, and nothing is flashed."""
    job = bed.upload("2.7.4", **header)
    bed.until(lambda: not job.open)
    assert (job.state, job.message_id) == ("Failed", said)
    bed.reboot()
    assert bed.deeds("flash") == []


def test_a_blueflield_looks_updateable_and_is_not(bed):
    """Its row says Updateable as the captured R750's does, and an image for it ends RED097: the host or the DPU's BMC has to do it."""
    row = next(one for one in bed.machine.firmware.inventory() if one.component.key == "bluefield-firmware")
    assert row.component.updateable
    assert row.component.identity == "DCIM:firmware:15B3:A2DC:15B3:0051"
    bed.machine.firmware.flash_from_host("NIC.Slot.1-1", "32.44.1036")
    bed.reboot()
    assert bed.machine.version_of("NIC.Slot.1-1") == "32.43.1014"
    bed.machine.host.reset("PowerCycle")
    bed.until(lambda: bed.machine.host.phase == "os")
    assert bed.machine.version_of("NIC.Slot.1-1") == "32.44.1036"


def test_what_is_refused_at_the_door(bed, images):
    """A Linux package, more than one target, no room, the same component twice, a queue that is full."""
    firmware = bed.machine.firmware
    with pytest.raises(Refusal, match="SYS434"):
        bed.upload("2.7.4", "BIOS.BIN", **images.bios)
    with pytest.raises(Refusal, match="SYS442"):
        firmware.start("a.exe", "OnReset", ["x", "y"])
    bed.upload("2.7.4", **images.bios)
    with pytest.raises(Refusal, match="RED014"):
        bed.upload("2.7.5", **images.bios)
    assert len(bed.machine.queue.all()) == 1
    bed.fault(kind="full")
    with pytest.raises(Refusal, match="SUP0540"):
        bed.upload("00.2D.9C", **images.psu)
    bed.machine.mend()
    bed.fault(kind="queue-full")
    with pytest.raises(Refusal, match="JCP014"):
        bed.upload("00.2D.9C", **images.psu)


def test_downgrades_follow_the_policy_and_the_floor(bed, images):
    """A lower version is taken where it is allowed, and never below a component's floor (RED103)."""
    job = bed.upload("2.0.0", **images.bios)
    bed.wind(60)
    bed.reboot()
    assert (job.state, bed.machine.bios_version) == ("Completed", "2.0.0")
    bed.machine.firmware.downgrades = False
    job = bed.upload("1.9.0", **images.bios)
    bed.until(lambda: not job.open)
    assert job.message_id == "RED103"
    bed.machine.firmware.downgrades = True
    bed.machine.firmware.components["BIOS.Setup.1-1"].floor = "1.5"
    job = bed.upload("1.4.9", **images.bios)
    bed.until(lambda: not job.open)
    assert job.message_id == "RED103"


def test_the_image_before_can_be_installed_again(bed, images):
    """SimpleUpdate of a Previous- row rolls back without an upload."""
    bed.upload("2.7.4", **images.bios)
    bed.wind(60)
    bed.reboot()
    bed.machine.firmware.install("Previous-159-2.1.5__BIOS.Setup.1-1", "OnReset")
    bed.wind(60)
    bed.reboot()
    assert bed.machine.bios_version == "2.1.5"
    with pytest.raises(Refusal) as refused:
        bed.machine.firmware.install("Previous-159-9__BIOS.Setup.1-1")
    assert refused.value.status == 404


def test_an_image_can_be_pushed_first_and_installed_after(bed, images):
    """HttpPushUri keeps an Available- row, which SimpleUpdate uses up."""
    row = bed.machine.firmware.push(dump(Image(version="2.7.4", **images.bios)), "bios.exe")
    assert row == "Available-159-2.7.4__BIOS.Setup.1-1"
    assert row in {one.id for one in bed.machine.firmware.inventory()}
    bed.machine.firmware.install(row, "OnReset")
    bed.wind(60)
    bed.reboot()
    assert bed.machine.bios_version == "2.7.4"
    assert row not in {one.id for one in bed.machine.firmware.inventory()}


def test_a_new_bios_changes_what_attributes_there_are(bed, images):
    """What it adds can be set only after it, what it resets is at its default after its first boot, settings of that boot included."""
    change = BiosChange(adds={"CxlMode": "Auto*|Off"}, removes=("NumLock",), resets=("SriovGlobalEnable",))
    with pytest.raises(Refusal, match="SYS429"):
        bed.machine.bios.stage({"CxlMode": "Off"}, "OnReset")
    bed.upload("2.7.4", bios=change, **images.bios)
    bed.machine.bios.stage({"SriovGlobalEnable": "Enabled", "NumLock": "Off"}, "OnReset")
    bed.wind(60)
    bed.reboot()
    jobs = {job.kind: job for job in bed.machine.queue.all()}
    assert jobs["BIOSConfiguration"].state == "CompletedWithErrors"
    assert bed.machine.bios.values["SriovGlobalEnable"] == "Disabled"
    assert "NumLock" not in bed.machine.bios.attributes()
    assert bed.machine.bios.stage({"CxlMode": "Off", "SriovGlobalEnable": "Enabled"}, "OnReset").status == 202
    bed.wind(10)
    bed.reboot()
    assert (bed.machine.bios.values["CxlMode"], bed.machine.bios.values["SriovGlobalEnable"]) == ("Off", "Enabled")


def test_a_fetch_may_fail_or_bring_something_else(bed):
    """SimpleUpdate's job fails by its own message when the file is not there or is no image."""
    lost = bed.machine.firmware.start("a.exe")
    bed.machine.firmware.lose(lost.id)
    assert (lost.state, lost.message_id) == ("Failed", "RED132")
    odd = bed.machine.firmware.start("a.exe")
    bed.machine.firmware.deliver(odd.id, b"MZ...")
    assert (odd.state, odd.message_id) == ("Failed", "SUP0519")


def test_versions_are_compared_and_stepped_back():
    """The twin's own order, for its own checks only."""
    assert lower("2.1.5", "2.7.4")
    assert lower("2.9", "2.10")
    assert not lower("00.1D.9C", "00.1D.9C")
    assert [before(one) for one in ("2.7.4", "7.20.60.50", "1.6.0", "00.10", "0")] == [
        "2.7.3",
        "7.20.60.49",
        "1.5.0",
        "00.09",
        "0",
    ]


def test_a_dpu_takes_one_update_at_a_time(bed):
    """The BMC of a BlueField updates its own firmware and restarts; a bundle's NIC firmware waits for the host's power cycle."""
    dpu = bed.dpu
    bundle = Image(
        version="bf-bundle-2.10.0", fqdds=("DPU_OS",), carries={"DPU_NIC": "32.44.1036", "DPU_UEFI": "4.10.0"}
    )
    job = dpu.firmware.upload(dump(bundle), "bundle.bfb")
    assert job.id == "0"
    with pytest.raises(Refusal) as refused:
        dpu.firmware.upload(dump(bundle), "bundle.bfb")
    assert refused.value.status == 503
    bed.until(lambda: not job.open)
    shown = {one.id: one.version for one in dpu.firmware.inventory()}
    assert (shown["DPU_OS"], shown["DPU_UEFI"], shown["DPU_NIC"]) == ("bf-bundle-2.10.0", "4.10.0", "32.43.1014")
    dpu.firmware.host_power_cycled()
    assert dpu.firmware.members["DPU_NIC"].version == "32.44.1036"
    job = dpu.firmware.upload(dump(Image(version="BF-25.01-1", fqdds=("BMC_Firmware",))), "bmc.fwpkg")
    bed.until(lambda: dpu.bmc.state == "dark")
    assert not job.open
    bed.until(lambda: dpu.bmc.state == "up")
    assert dpu.bmc_version == "BF-25.01-1"


def test_a_card_and_its_idrac_begin_with_one_version(bed):
    """``bluefield-firmware`` names the NIC's firmware in both."""
    made = bluefield(
        bed.machine.hardware, "b3140h-1", bed.clock, bed.faults, versions={"bluefield-firmware": "32.44.1035"}
    )
    assert made.firmware.members["DPU_NIC"].version == "32.44.1035"
    with pytest.raises(KeyError):
        bluefield(bed.machine.hardware, "lom", bed.clock, bed.faults)
