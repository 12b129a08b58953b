"""The versions that a record keeps: what devices told, named as the release names it, and never nothing where nothing was told."""

from __future__ import annotations

import msgspec
import pytest

from rackwright import audit
from rackwright.audit import hosts, machines
from rackwright.audit.evidence import FACTS, Answer
from rackwright.audit.hosts import HostLook
from rackwright.audit.machines import MachineLook
from rackwright.redfish.inventory import Gpu, Inventory, Software
from tests.unit.audit_hosts import healthy_host
from tests.unit.audit_machines import healthy


def body(made, name="gpu01"):
    """What the record keeps of the BMC of one server."""
    look = MachineLook(
        {machine.name: machine for machine in made.machines}, made.evidence(), healthy._catalog(), frozenset({name}),
        reading=made._read,
    )  # fmt: skip
    return machines.versions(look)


def system(made, name="gpu01"):
    """What it keeps of its operating system."""
    return hosts.versions(HostLook(made.wanted, made.evidence(), made.plan, made.catalog, frozenset({name})))


def row(number, **values):
    return Software(**{"id": f"row-{number}", "uri": f"/row/{number}", "name": "", "version": "1", **values})


@pytest.mark.parametrize(
    ("evidence", "version"),
    [
        (audit.Evidence("be01", answers=(Answer(FACTS, {"hostname": "be01", "version": "5.12.1"}),)), "5.12.1"),
        (audit.Evidence("be01", answers=(Answer(FACTS, {"hostname": "be01"}),)), "not known"),
        (audit.Evidence("be01", answers=(Answer(FACTS, error="refused"),)), "not known"),
        (audit.Evidence("be01", answers=(Answer(FACTS, ["odd"]),)), "not known"),
        (audit.Evidence("be01"), "not known"),
        (audit.Evidence("be01", error="no route"), "not known"),
    ],
)
def test_a_switch_has_the_version_that_it_tells_or_none_that_is_known(evidence, version):
    """Of a switch that did not answer nothing may stand there that reads as if all were well."""
    assert audit.versions(evidence) == {"Cumulus Linux": version}


def test_each_component_of_the_release_has_the_version_that_the_bmc_tells():
    """A certificate without firmware says nothing about what was handed over."""
    made = healthy.rack()
    found, machine = body(made), made.machine("gpu01")
    for wanted in machine.firmware:
        if wanted.version and not wanted.optional:
            assert [found[name] for name in found if name.startswith(wanted.name)] == [wanted.version], wanted.name
    cards = [name for name in found if name.startswith("BlueField-3")]
    assert len(cards) == 1
    assert all(adapter.name in cards[0] for adapter in machine.adapters if adapter.name.startswith("b3"))


def test_an_adapter_that_differs_has_a_version_of_its_own():
    """Eight adapters that are alike are one entry: the ninth must not vanish in it."""
    made = healthy.rack()
    at = next(at for at, nic in enumerate(made.said["gpu01"].nics) if nic.slot == healthy.SLOT)
    made.nic("gpu01", at, firmware="32.43.1014")
    found = body(made)
    (other,) = [name for name, version in found.items() if version == "32.43.1014"]
    (rest,) = [name for name in found if name.startswith("BlueField-3") and name != other]
    assert other.count(",") == 0
    assert other.partition("(")[2].rstrip(")") not in rest.partition("(")[2].rstrip(")").split(", ")


def test_what_the_release_has_no_row_for_is_told_as_the_bmc_calls_it():
    """Power supplies, GPUs, the other parts: each of them once, those of one name by their place."""
    made = healthy.rack()
    rows = (
        row(1, name="Power Supply", version="00.1D.9C", fqdd="PSU.Slot.1"),
        row(2, name="Power Supply", version="00.1D.9C", fqdd="PSU.Slot.2"),
        row(3, name="TPM", version="7.2.2.0"),
        row(4, name="Odd", version="1"),
        row(5, name="Odd", version="2"),
        row(6, name="Old image", version="0.9", status="kept"),
        row(7, id="Nameless", version="0"),
        row(8, name="GPU in slot 1", version="1.6.1", fqdd="Video.Slot.1-1"),
        row(9, name="GPU in slot 2", version="1.5.0", fqdd="Video.Slot.2-1", status="kept"),
    )
    gpus = tuple(msgspec.structs.replace(gpu, firmware="1.6.0") for gpu in made.said["gpu01"].gpus)
    made.change(
        "gpu01", software=(*made.said["gpu01"].software, *rows), gpus=(*gpus, Gpu(fqdd="Video.Slot.99-1", model=""))
    )
    found = body(made)
    assert found["Power Supply (PSU.Slot.1, PSU.Slot.2)"] == "00.1D.9C"
    assert (found["TPM"], found["Odd"], found["Nameless"]) == ("7.2.2.0", "1, 2", "not known")
    assert "Old image" not in found
    assert found["GPU in slot 1"] == "1.6.1"
    (gpu,) = [name for name in found if "Video.Slot.2-1" in name]
    assert (found[gpu], gpu.count("Video.Slot")) == ("1.6.0", len(gpus) - 1)


def test_a_bmc_that_tells_no_inventory_leaves_no_component_out():
    """An iDRAC that collects none tells its own version and the BIOS's elsewhere; of all the others it is said that none is known."""
    made = healthy.rack()
    machine = made.machine("gpu01")
    pinned = [wanted.name for wanted in machine.firmware if wanted.version and not wanted.optional]
    made.said["gpu01"] = Inventory(bmc_kind="idrac", bmc_version="7.20.60.50", bios_version="2.7.4")
    found = body(made)
    known = {name: version for name, version in found.items() if version != "not known"}
    assert set(known.values()) == {"7.20.60.50", "2.7.4"}
    assert all(any(name.startswith(word) for name in found) for word in pinned)
    made.said["gpu01"] = Inventory()
    assert set(body(made).values()) == {"not known"}
    made.errors["gpu01"] = "no route"
    assert body(made) == {"BMC": "not known", "BIOS": "not known"}


def test_the_bmc_on_an_adapter_is_told_beside_the_one_of_the_server():
    """A BlueField-3 has firmware of its own, and its BMC calls it by words that the server's BMC uses too."""
    made = healthy.rack()
    name = "gpu01.b3220l-1"
    made.said[name] = Inventory(
        bmc_kind="bluefield", bmc_version="BF-24.10-10", software=(row(1, name="NIC image", version="32.44.1036"),)
    )
    assert body(made, name) == {"b3220l-1: BMC": "BF-24.10-10", "b3220l-1: NIC image": "32.44.1036"}
    made.errors[name] = "no route"
    assert body(made, name) == {"b3220l-1: BMC": "not known"}


def test_a_host_has_the_versions_that_its_commands_tell():
    """Operating system, kernel, OFED and driver, whether or not the release pins them."""
    made = healthy_host.rack()
    driver = made.wanted["gpu01"].stack.gpu.driver
    found = system(made)
    assert found["Ubuntu"] == "24.04"
    assert found["Running kernel"] == healthy_host.KERNEL
    assert found["OFED"] == "25.01-0.6.0"
    assert (found["GPU driver"], found["Fabric Manager"]) == (driver, driver)
    assert found["DOCA metapackage"].startswith("2.10.0")
    assert len(found) >= 8


@pytest.mark.parametrize("said", [{}, {"uname -r": "what?\n"}])
def test_of_a_host_that_tells_nothing_every_version_is_not_known(said):
    """A row that is missing would look as if there were no such component."""
    made = healthy_host.rack()
    every = set(system(made))
    made.said["gpu01"] = said
    assert system(made) == dict.fromkeys(every, "not known")


def test_of_a_host_that_nobody_reached_it_is_said_that_its_system_is_not_known():
    """Neither its versions nor that it has a system at all."""
    made = healthy_host.rack()
    evidence = {"gpu01": audit.Evidence("gpu01", error="no route")}
    look = HostLook(made.wanted, evidence, made.plan, made.catalog, frozenset({"gpu01"}))
    assert hosts.versions(look) == {"operating system": "not known"}
