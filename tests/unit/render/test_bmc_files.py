"""``bios.json`` and ``firmware.json``: what each BMC is to be brought to, for those who review a build offline."""

import json

import msgspec
import pytest

from nornir_tasks import Build
from rackwright.plan.machines import Machine, WantedAttribute, WantedFirmware
from rackwright.render import everything
from tests.machines import loaded, planned

SITES = ("xe9680-two-racks", "r760xa-converged", "xe9680-spectrum-x")


def build(site):
    """Return the build of a reference site, as the command has it."""
    read = loaded(site)
    return Build(planned(site), read.catalog, loaded=read)


@pytest.mark.parametrize("site", SITES)
def test_every_server_has_both_and_they_read_back_as_what_is_wanted(site):
    """A row is lost, or says something else than what ``push --only bmc`` goes by; a switch or storage node has one."""
    made = build(site)
    files = {
        file.path: json.loads(file.data) for file in made.files if file.path.endswith(("bios.json", "firmware.json"))
    }
    assert set(files) == {f"devices/{name}/{kind}.json" for name in made.machines for kind in ("bios", "firmware")}
    for name, machine in made.machines.items():
        bios, firmware = files[f"devices/{name}/bios.json"], files[f"devices/{name}/firmware.json"]
        assert (bios["device"], bios["model"], bios["profile"]) == (name, machine.model, machine.bios_profile)
        assert msgspec.convert(bios["attributes"], tuple[WantedAttribute, ...]) == machine.bios
        assert msgspec.convert(firmware["components"], tuple[WantedFirmware, ...]) == machine.firmware


def test_a_reader_needs_to_know_no_defaults():
    """A row leaves a field out because it has its usual value."""
    rows = {
        file.path: json.loads(file.data) for file in build("xe9680-two-racks").files if file.path.endswith("s.json")
    }
    fields = set(WantedAttribute.__struct_fields__)
    assert all(set(row) == fields for row in rows["devices/gpu01/bios.json"]["attributes"])


def test_only_what_changed_is_made_anew():
    """Another BIOS value touches the firmware's file too, or another server's, or not its own."""
    made = build("xe9680-two-racks")
    one, *others = made.machines.values()
    bios = (msgspec.structs.replace(one.bios[0], value="Custom"), *one.bios[1:])

    def inputs(machines):
        files = everything(made.plan, made.catalog, machines=machines)
        return {file.path: file.inputs for file in files if file.path.endswith(("bios.json", "firmware.json"))}

    before, after = inputs([one, *others]), inputs([msgspec.structs.replace(one, bios=bios), *others])
    assert {path for path in before if before[path] != after[path]} == {f"devices/{one.name}/bios.json"}


def test_a_server_without_rows_has_files_that_are_valid():
    """A model without a profile and without components gives a file that JSON cannot read."""
    bare = Machine(name="x", model="r660", product="PowerEdge R660", group="g")
    read = loaded("xe9680-two-racks")
    files = {file.path: file for file in everything(planned("xe9680-two-racks"), read.catalog, machines=[bare])}
    assert json.loads(files["devices/x/bios.json"].data)["attributes"] == []
    assert json.loads(files["devices/x/firmware.json"].data)["components"] == []
