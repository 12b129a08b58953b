"""Whatever is asked of a machine, in whatever order: laws that always hold."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from rackwright.twin.bmc.machine.host import RESETS
from rackwright.twin.bmc.machine.refusal import Refusal
from tests.unit.twin_bmc.conftest import Bed

IMAGES = {
    "bios": {"software_ids": ("159",)},
    "idrac": {"software_ids": ("25227",)},
    "cpld": {"software_ids": ("27763",)},
    "psu": {"software_ids": ("110428",)},
    "gpu": {"fqdds": ("GPU.Baseboard.*",)},
}
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("wind"), st.integers(1, 900)),
        st.tuples(st.just("reset"), st.sampled_from(RESETS)),
        st.tuples(st.just("image"), st.sampled_from(sorted(IMAGES))),
        st.tuples(st.just("now"), st.sampled_from(sorted(IMAGES))),
        st.tuples(st.just("stage"), st.sampled_from(["Enabled", "Disabled"])),
        st.tuples(st.just("delete"), st.integers(0, 5)),
        st.tuples(st.just("cycle"), st.sampled_from(["On", "Off"])),
        st.tuples(st.just("restart"), st.just(0)),
        st.tuples(st.just("power-loss"), st.integers(1, 60)),
    ),
    max_size=14,
)


def act(bed: Bed, step: str, value: object) -> None:
    """Do one step; a refusal is an answer like any other."""
    machine = bed.machine
    with suppress(Refusal):
        if step == "wind":
            bed.wind(value)
        elif step == "reset":
            machine.host.reset(value)
        elif step in ("image", "now"):
            bed.upload("9.9.9", when="OnReset" if step == "image" else "Immediate", **IMAGES[value])
        elif step == "stage":
            machine.bios.stage({"SriovGlobalEnable": value}, "OnReset")
        elif step == "delete":
            jobs = machine.queue.all()
            machine.queue.delete(jobs[value % len(jobs)].id if jobs else "JID_0")
        elif step == "cycle":
            machine.ac_cycle(value)
        elif step == "restart":
            machine.restart_bmc()
        else:
            bed.fault(kind=step, duration=value)


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_nothing_is_left_half_done(steps):
    """At most one BIOS job at a time; after hours nothing runs, the iDRAC answers, a version is new only where it was flashed and activated."""
    bed = Bed()
    machine = bed.machine
    first = {name: one.version for name, one in machine.firmware.components.items()}
    for step, value in steps:
        act(bed, step, value)
        assert len(machine.queue.open("BIOS.Setup.1-1", "BIOSConfiguration")) <= 1
        assert machine.next_due() is None or machine.next_due() > bed.clock.now() - 1e-9
    bed.wind(6 * 3600)
    assert machine.next_due() is None
    assert {job.state for job in machine.queue.open()} <= {"Scheduled"}
    assert machine.bmc.state == "up"
    assert machine.host.phase in {"os", "off"}
    flashed = {what for what, _ in bed.deeds("flash")}
    activated = {what for what, _ in bed.deeds("activate")}
    changed = {name for name, one in machine.firmware.components.items() if one.version != first[name]}
    assert changed - {"USC.Embedded.1:LC.Embedded.1"} <= activated <= flashed
    done = [job for job in machine.queue.all() if job.kind == "FirmwareUpdate" and job.state == "Completed"]
    assert len(done) <= len(bed.deeds("flash"))


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_the_end_does_not_hang_on_how_often_somebody_looks(steps):
    """Looking every ten seconds and looking once give the same deeds at the same moments."""

    def run(*, often: bool) -> list:
        bed = Bed()
        for step, value in steps:
            if step == "wind" and often:
                for _ in range(value // 10):
                    bed.wind(10)
                bed.wind(value % 10)
            else:
                act(bed, step, value)
        bed.wind(3600)
        return [*bed.machine.bench.deeds, *(job.state for job in bed.machine.queue.all())]

    assert run(often=True) == run(often=False)


FAULTED = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "refuse",
                "stuck",
                "timeout",
                "errors",
                "fail",
                "late",
                "silent",
                "partial",
                "deaf-os",
                "boot-ignored",
                "power-loss",
                "bmc-restart",
            ]
        ),
        st.sampled_from(["bios-stage", "update", "bios-run", "flash", "activate", "power", "boot", "ac-cycle"]),
        st.integers(1, 2),
    ),
    max_size=3,
)


@settings(max_examples=150, deadline=None)
@given(STEPS, FAULTED)
def test_faults_leave_a_machine_that_can_be_used(steps, faults):
    """Whatever goes wrong, time never stops; cleared, the machine takes a BIOS, is restarted, and has it."""
    bed = Bed()
    for kind, at, nth in faults:
        bed.fault(kind=kind, at=at, nth=nth, duration=20)
    for step, value in steps:
        act(bed, step, value)
    bed.wind(6 * 3600)
    bed.faults.clear()
    machine = bed.machine
    assert machine.next_due() is None
    assert machine.bmc.state == "up"
    machine.queue.clear("JID_CLEARALL_FORCE")
    bed.upload("10.0.1", **IMAGES["bios"])
    bed.wind(60)
    machine.host.reset("ForceRestart" if machine.host.on else "On")
    bed.wind(3600)
    assert machine.bios_version == "10.0.1"
    assert machine.host.phase == "os"
