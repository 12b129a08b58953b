"""The planner over real machines: which rows of an R750's and an XR8620t's inventory are which component, and what its BIOS would be asked."""

import json

import pytest

from rackwright import catalog
from rackwright.diff.bmc import bios_state, firmware_states
from rackwright.plan.machines import Adapter, AdapterPort, Machine, WantedAttribute, WantedFirmware
from rackwright.redfish.reading import inventory
from rackwright.redfish.registry import Registry

ROWS = catalog.load()
TREES = {"r750": "dell_r750_2xbf3_idrac7.10.30", "xr8620t": "dell_xr8620t_16g_idrac6.10.80"}


def resources(folder):
    """Return the resources of a tree by URI."""
    found = {}
    for file in folder.rglob("index.json"):
        uri = "/" + file.parent.relative_to(folder).as_posix()
        found[uri] = json.loads(file.read_text())
    return found


@pytest.fixture(params=sorted(TREES))
def tree(request, shared):
    """Return a real machine's name, resources and inventory."""
    found = resources(shared(f"data/redfish/{TREES[request.param]}"))
    return request.param, found, inventory(found)


def bluefield(name, mac):
    """Return a planned BlueField with this MAC."""
    return Adapter(
        name=name, nic="b3220l", model="BlueField-3", index=1, pci="15B3:A2DC",
        ports=(AdapterPort(port=f"{name}.1", number=1, mac=mac),),
    )  # fmt: skip


def asked(pins, adapters=()):
    """Return a machine that wants these versions."""
    firmware = [
        WantedFirmware(key=key, name=key, version=version, optional=ROWS.firmware[key].optional)
        for key, version in pins.items()
        if not ROWS.firmware[key].nics
    ]
    firmware += [
        WantedFirmware(
            key=key, name=key, version=version, adapters=tuple(card.name for card in adapters), backend="host"
        )
        for key, version in pins.items()
        if ROWS.firmware[key].nics
    ]
    return Machine(
        name="x", model="r660", product="PowerEdge", group="g", adapters=tuple(adapters), firmware=tuple(firmware)
    )


def test_components_of_a_real_machine_are_found_once_each(tree):
    """BIOS, iDRAC and CPLD are one row each, whatever images the BMC keeps beside them; the row names its FQDD."""
    name, _, told = tree
    versions = {
        "r750": {"bios": "1.13.2", "idrac": "7.10.30.00", "cpld": "1.0.7"},
        "xr8620t": {"bios": "0.2.6", "idrac": "6.10.80.00", "cpld": "0.1.0"},
    }[name]
    states = firmware_states(asked(versions), told, ROWS)
    assert {state.key: (state.verdict, state.found) for state in states} == {
        key: ("compliant", version) for key, version in versions.items()
    }
    assert {state.fqdd for state in states} == {"BIOS.Setup.1-1", "iDRAC.Embedded.1-1", "CPLD.Embedded.1"}


def test_power_supplies_are_told_apart_by_their_fqdd(tree):
    """Two supplies are two states; a supply of another number (109813) is found by its number."""
    name, _, told = tree
    states = [state for state in firmware_states(asked({"psu": "00.1D.9D"}), told, ROWS) if state.key == "psu"]
    assert {state.fqdd for state in states} == {
        "r750": {"PSU.Slot.1", "PSU.Slot.2"},
        "xr8620t": {"PSU.ChassisSlot.1-1-1"},
    }[name]
    assert {state.verdict for state in states} == {"behind"}


def test_bluefields_of_a_real_machine_are_the_planned_ones_by_mac(shared):
    """Two BlueFields with software id 0 are found by PCI ids and known by the MAC in their name."""
    told = inventory(resources(shared(f"data/redfish/{TREES['r750']}")))
    macs = {
        row.fqdd: row.name.rpartition(" ")[2].lower()
        for row in told.software
        if row.pci[1] == "A2DC" and row.status == "installed"
    }
    first, second = sorted(macs)
    cards = [bluefield("b3220l-1", macs[second]), bluefield("b3220l-2", macs[first])]
    states = firmware_states(asked({"bluefield-firmware": "32.44.1036"}, cards), told, ROWS)
    assert {state.subject: state.fqdd for state in states} == {"b3220l-1": second, "b3220l-2": first}
    assert {(state.verdict, state.found) for state in states} == {("behind", "32.41.1000")}


def test_the_profile_of_gpu_nodes_can_be_asked_of_a_real_bios(tree):
    """On the 16G machine every required attribute is set or settable and what it hides is absent; on the locked one lockdown is named."""
    name, found, told = tree
    profile = ROWS.bios["gpu-node"]
    machine = Machine(
        name="x", model="r660", product="PowerEdge", group="g", bios_profile="gpu-node",
        bios=tuple(
            WantedAttribute(attribute=row.attribute, value=row.value, need=row.need) for row in profile.attributes
        ),
    )  # fmt: skip
    registry = Registry.of(found[told.bios.registry])
    state = bios_state(machine, told, registry)
    if name == "xr8620t":
        assert {change.attribute for change in state.changes} == {"SysProfile", "SriovGlobalEnable"}
        assert state.problems == ()
        assert "MmioAbove4Gb" in state.absent
    else:
        assert state.changes == ()
        assert [problem.attribute for problem in state.problems] == ["SysProfile"]
        assert "lockdown" in state.problems[0].message
