"""The firmware of a server against what is pinned: nine verdicts, components found by what they are."""

import msgspec
import pytest

from rackwright.diff.bmc import firmware_states
from rackwright.redfish.inventory import Job
from tests.machines import inventory, loaded, machine, row

SITE = "xe9680-spectrum-x"
CATALOG = loaded(SITE).catalog
PINS = {"versions": {"idrac": "7.20.60.50", "bios": {"xe9680": "2.7.4"}, "cpld": {"xe9680": "1.6.0"}}}


def states(what, told):
    """Return the states by (component, subject)."""
    return {(state.key, state.subject): state for state in firmware_states(what, told, CATALOG)}


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ("2.7.4", "compliant"), ("2.7.4 ", "compliant"), ("2.1.5", "behind"), ("2.10.0", "ahead"), ("A01", "different"),
        ("NotAvailable", "unknown"), ("0", "unknown"), ("", "unknown"),
    ],
)  # fmt: skip
def test_a_version_gives_a_verdict(found, verdict):
    """A BIOS is compliant, behind, ahead, different or unknown by what its row says, and the row is the evidence."""
    what = machine(SITE, "gpu01", firmware=PINS)
    state = states(what, inventory(what, {"bios": found}))["bios", "bios"]
    assert state.verdict == verdict
    assert "BIOS.Setup.1-1" in state.evidence
    assert state.wanted == "2.7.4"


def test_what_nothing_pins_is_unpinned_whatever_runs():
    """A component without a validated version is neither right nor wrong."""
    what = machine(SITE, "gpu01", firmware={})
    found = states(what, inventory(what))
    assert found["bios", "bios"].verdict == "unpinned"
    assert found["bios", "bios"].wanted is None


def test_a_component_that_is_not_shown_is_missing():
    """A pinned component that the inventory does not show is missing; an unpinned one is nothing."""
    what = machine(SITE, "gpu01", firmware=PINS)
    found = states(what, inventory(what, {"bios": None, "boss": None}))
    assert found["bios", "bios"].verdict == "missing"
    assert not [key for key in found if key[0] == "boss"]


def test_two_spellings_are_one_version_on_each_adapter():
    """Nine BlueFields are nine states; 32.44.10.36 is 32.44.1036, and one that is behind is named by its rail's adapter."""
    what = machine(SITE, "gpu01")
    told = inventory(what, {"b3140h": "32.44.10.36", "b3220l": "32.44.1036", "b3140h-3": "32.43.1014"})
    found = {subject: state for (key, subject), state in states(what, told).items() if key == "bluefield-firmware"}
    assert len(found) == 9
    assert {subject for subject, state in found.items() if state.verdict != "compliant"} == {"b3140h-3"}
    assert found["b3140h-3"].verdict == "behind"
    assert found["b3140h-3"].backend == "host"


def test_an_adapter_is_found_by_its_mac_wherever_it_sits():
    """An adapter in another slot is the planned one still: its MAC says so."""
    what = machine(SITE, "gpu01")
    told = inventory(what, {"b3140h": "32.44.1036", "b3220l": "32.44.1036", "b3140h-8": "32.43.1014"})
    told = msgspec.structs.replace(told, nics=tuple(reversed(told.nics)), software=tuple(reversed(told.software)))
    found = {subject: s.verdict for (key, subject), s in states(what, told).items() if key == "bluefield-firmware"}
    assert [subject for subject, verdict in found.items() if verdict == "behind"] == ["b3140h-8"]


def test_without_macs_the_ordering_number_tells_the_model():
    """A site without nodes.csv: the B3220L in the first slot is not taken for the first B3140H."""
    what = machine(SITE, "gpu01")
    bare = [
        msgspec.structs.replace(card, ports=tuple(msgspec.structs.replace(port, mac="") for port in card.ports))
        for card in what.adapters
    ]
    told = inventory(what, {"b3140h": "32.44.1036", "b3220l": "32.43.1014"})
    told = msgspec.structs.replace(told, nics=tuple(reversed(told.nics)), software=tuple(reversed(told.software)))
    found = states(msgspec.structs.replace(what, adapters=tuple(bare)), told)
    behind = [
        subject for (key, subject), state in found.items() if key == "bluefield-firmware" and state.verdict == "behind"
    ]
    assert behind == ["b3220l-1"]


def test_an_adapter_without_a_row_tells_its_own_version():
    """Where the inventory has no row for an adapter, the adapter's own firmware version counts."""
    what = machine(SITE, "gpu01")
    told = inventory(what, {"b3140h": "32.44.1036"})
    told = msgspec.structs.replace(told, software=tuple(one for one in told.software if one.pci[1] != "A2DC"))
    found = {subject: s.verdict for (key, subject), s in states(what, told).items() if key == "bluefield-firmware"}
    assert found["b3140h-1"] == "compliant"
    assert found["b3220l-1"] == "behind"


def test_an_image_that_is_kept_does_not_count():
    """A kept image of the wanted version beside an older installed one does not make the component right."""
    what = machine(SITE, "gpu01", firmware=PINS)
    told = inventory(what, {"bios": "2.1.5"}, rows=(row("bios", "2.7.4", status="kept"),))
    assert states(what, told)["bios", "bios"].verdict == "behind"


def test_a_version_that_waits_is_staged():
    """The wanted version that lies at the BMC, and an open update job about the component, are a state of their own."""
    what = machine(SITE, "gpu01", firmware=PINS)
    told = inventory(what, rows=(row("bios", "2.7.4", status="available"),))
    assert states(what, told)["bios", "bios"].verdict == "staged"
    job = Job(id="JID_1", kind="FirmwareUpdate", name="update:DCIM:INSTALLED#741__BIOS.Setup.1-1", state="scheduled")
    state = states(what, inventory(what, jobs=(job,)))["bios", "bios"]
    assert (state.verdict, state.job) == ("staged", "JID_1")
    assert states(what, inventory(what, jobs=(job,)))["cpld", "cpld"].verdict == "behind"


def test_a_job_that_ended_and_asks_for_a_power_cycle_is_staged():
    """A finished flash that waits for an AC cycle (SUP0545) is not behind: it must not be flashed again."""
    what = machine(SITE, "gpu01", firmware=PINS)
    job = Job(id="JID_2", kind="FirmwareUpdate", target="CPLD.Embedded.1", state="done", message_id="SUP0545")
    assert states(what, inventory(what, jobs=(job,)))["cpld", "cpld"].verdict == "staged"
    cycled = msgspec.structs.replace(job, ended="2026-11-27T10:00:00")
    after = inventory(what, jobs=(cycled,), bmc_reset="2026-11-27T10:10:00")
    assert states(what, after)["cpld", "cpld"].verdict == "behind"
    before = inventory(what, jobs=(cycled,), bmc_reset="2026-11-27T09:00:00")
    assert states(what, before)["cpld", "cpld"].verdict == "staged"
    failed = msgspec.structs.replace(job, state="failed", message_id="PR21")
    assert states(what, inventory(what, jobs=(failed,)))["cpld", "cpld"].verdict == "behind"


def test_drives_of_the_boot_controller_are_not_it():
    """A drive whose printed name holds that of the boot controller is another component."""
    what = machine("r760xa-converged", "gpu01")
    drive = msgspec.structs.replace(
        row("boss", "1.2.0", fqdd="Disk.Direct.0-0:AHCI.Slot.1-1"), name="M.2 SSD 0 of BOSS-N1"
    )
    found = [s for s in firmware_states(what, inventory(what, rows=(drive,)), CATALOG) if s.key == "boss"]
    assert [state.fqdd for state in found] == ["AHCI.Slot.1-1"]


def test_every_port_of_an_adapter_has_a_state():
    """Two ports of a ConnectX-6 Dx are two rows of one adapter."""
    what = machine(SITE, "mgmt01")
    found = [s for s in firmware_states(what, inventory(what), CATALOG) if s.key == "cx6dx-firmware"]
    assert [(s.adapter, s.subject, s.verdict) for s in found] == [
        ("cx6dx-1", "cx6dx-1.1", "behind"), ("cx6dx-1", "cx6dx-1.2", "behind"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["gpu01", "mgmt01"])
def test_no_two_states_have_one_name(name):
    """A subject names one component of a server."""
    what = machine(SITE, name)
    subjects = [state.subject for state in firmware_states(what, inventory(what), CATALOG)]
    assert len(subjects) == len(set(subjects))


def test_an_empty_inventory_is_missing_everything_and_does_not_crash():
    """A BMC that tells nothing leaves every pinned component missing."""
    what = machine(SITE, "gpu01", firmware=PINS)
    empty = msgspec.structs.replace(inventory(what), software=(), nics=())
    assert {state.verdict for state in firmware_states(what, empty, CATALOG)} == {"missing"}
