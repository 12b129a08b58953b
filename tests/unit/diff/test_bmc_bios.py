"""The BIOS of a server against its profile: what is set, what is there, what cannot be had."""

from rackwright.diff.bmc import bios_state
from rackwright.redfish.inventory import Job
from rackwright.redfish.registry import Registry
from tests.machines import inventory, machine

SITE = "xe9680-spectrum-x"


def enum(name, *values, **more):
    """Return an attribute of a registry."""
    return {"AttributeName": name, "Type": "Enumeration", "Value": [{"ValueName": value} for value in values], **more}


REGISTRY = Registry.of(
    {
        "RegistryEntries": {
            "Attributes": [
                enum("SysProfile", "PerfPerWattOptimizedDapc", "PerfOptimized", "Custom"),
                enum("ProcVirtualization", "Enabled", "Disabled"),
                enum("SriovGlobalEnable", "Enabled", "Disabled"),
                enum("BootMode", "Bios", "Uefi"),
                enum("LogicalProc", "Enabled", "Disabled"),
                enum("NodeInterleave", "Enabled", "Disabled"),
                enum("MmioAbove4Gb", "Enabled", "Disabled", Hidden=True),
                {"AttributeName": "SetBootOrderDis", "Type": "Integer", "LowerBound": 0, "UpperBound": 9},
            ]
        }
    }
)


def state(registry=REGISTRY, bios=None, **told):
    """Return the state of gpu01 whose BMC tells this."""
    what = machine(SITE, "gpu01", **({"bios": bios} if bios else {}))
    return bios_state(what, inventory(what, **told), registry)


def test_what_differs_is_changed_with_its_reason():
    """Two attributes differ: both are changes with old and new value, a reason and a source; the rest is compliant."""
    found = state()
    assert {(c.attribute, c.old, c.new) for c in found.changes} == {
        ("SysProfile", "PerfPerWattOptimizedDapc", "PerfOptimized"), ("SriovGlobalEnable", "Disabled", "Enabled"),
    }  # fmt: skip
    assert all(change.reason and change.source for change in found.changes)
    assert set(found.compliant) == {"ProcVirtualization", "BootMode", "LogicalProc", "NodeInterleave"}


def test_absent_and_wrong_are_two_things():
    """An attribute wished for where present and hidden is absent, and no problem."""
    found = state()
    assert set(found.absent) == {"MmioAbove4Gb", "SubNumaCluster", "UsbManagedPort"}
    assert found.problems == ()


def test_a_required_attribute_that_is_not_there_is_a_problem_with_a_remedy():
    """A wish that this BIOS does not know is named, with what to do, and is marked as absent."""
    wish = {"overrides": [{"attribute": "SysProfil", "value": "PerfOptimized", "reason": "x"}]}
    (problem,) = state(bios=wish).problems
    assert problem.attribute == "SysProfil"
    assert problem.absent
    assert "SysProfile" in problem.remedy


def test_a_value_that_the_registry_does_not_know_is_a_problem_and_not_sent():
    """An illegal value is told before anything is sent."""
    wish = {"overrides": [{"attribute": "SysProfile", "value": "Fast", "reason": "x"}]}
    found = state(bios=wish)
    assert [problem.attribute for problem in found.problems] == ["SysProfile"]
    assert [change.attribute for change in found.changes] == ["SriovGlobalEnable"]


def test_a_forbidden_value_is_told_and_nothing_is_put_in_its_place():
    """What must not stand there is a problem: what should stand there is not ours to guess."""
    wish = {"overrides": [{"attribute": "BootMode", "value": "Uefi", "need": "forbidden", "reason": "legacy only"}]}
    found = state(bios=wish)
    assert "BootMode is Uefi" in found.problems[0].message
    assert "BootMode" not in {change.attribute for change in found.changes}


def test_a_free_attribute_is_left_alone():
    """A site can take an attribute out of the profile."""
    wish = {"overrides": [{"attribute": "SysProfile", "need": "free", "reason": "ours"}]}
    assert [change.attribute for change in state(bios=wish).changes] == ["SriovGlobalEnable"]


def test_a_number_written_as_text_is_a_number_where_the_bios_holds_numbers():
    """An integer attribute compares as one, however it was written."""
    wish = {"overrides": [{"attribute": "SetBootOrderDis", "value": "3", "reason": "x"}]}
    assert "SetBootOrderDis" in state(bios=wish, attributes={"SetBootOrderDis": 3}).compliant


def test_staged_with_a_job_is_staged_and_without_one_is_not():
    """What lies in Bios/Settings counts as staged only when a job will do it."""
    pending = {"SysProfile": "PerfOptimized", "SriovGlobalEnable": "Enabled"}
    job = Job(id="JID_7", kind="BIOSConfiguration", state="scheduled")
    found = state(pending=pending, jobs=(job,))
    assert (len(found.staged), found.changes, found.job) == (2, (), "JID_7")
    assert len(state(pending=pending).changes) == 2


def test_a_bmc_that_tells_no_settings_is_not_compliant():
    """Without attributes nothing is known, and that is said."""
    what = machine(SITE, "gpu01")
    told = inventory(what)
    found = bios_state(what, type(told)(model="x"), REGISTRY)
    assert not found.known
    assert found.compliant == ()


def test_without_a_registry_what_is_shown_is_compared():
    """A BMC without a registry is judged by its attributes; what it does not show and must have is a problem."""
    found = state(registry=None)
    assert {change.attribute for change in found.changes} == {"SysProfile", "SriovGlobalEnable"}
    assert "MmioAbove4Gb" in found.absent
