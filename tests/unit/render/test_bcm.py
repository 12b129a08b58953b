"""What Base Command Manager is told: taken by a shell that knows the words of public sources, and laid beside the plan."""

from __future__ import annotations

import re

import pytest

from rackwright.plan.bcm import cluster
from rackwright.render import everything
from rackwright.render.hosts.bcm import FILES, bcm_file
from rackwright.render.printing import Printer
from tests.cmsh import Shell
from tests.machines import loaded, planned

SITES = ("xe9680-spectrum-x", "r760xa-converged", "xe9680-two-racks", "era-2-8-9-400")


def told(name, **changes):
    """Return a reference site as if BCM provisioned its hosts: its plan, its site, and what BCM is told."""
    read = loaded(name)
    site = read.require()
    roles = {"bcm-head": ("mgmt01",), **site.roles}
    hosts = site.hosts.model_copy(update={"installer": "bcm", **changes})
    site = site.model_copy(update={"hosts": hosts, "roles": roles})
    return planned(name), site, cluster(planned(name), site, read.catalog)


def printed(name, **changes):
    """Return the files by name."""
    plan, _, found = told(name, **changes)
    return {file: bcm_file(found, plan.name, file, Printer()).decode() for file in FILES}


def taken(files):
    """Run both scripts on a head node as it comes."""
    shell = Shell()
    shell.run(files["objects.cmsh"], ends=False)
    said = list(shell.errors)
    shell.errors.clear()
    shell.run(files["settings.cmsh"], ends=True)
    return shell, said


@pytest.mark.parametrize("name", SITES)
def test_a_head_node_takes_both_scripts(name):
    """A command, a property or an order of them is none that public sources show."""
    files = printed(name)
    shell, said = taken(files)
    assert shell.errors == []
    assert all(line.endswith("exists") for line in said)


@pytest.mark.parametrize("name", SITES)
def test_the_head_node_then_holds_the_plan(name):
    """A node of the plan is missing in BCM, or has another address, MAC or category there."""
    plan, _, _ = told(name)
    shell, _ = taken(printed(name))
    nodes = shell.objects["device"]
    servers = {
        device.name: device for device in plan.devices if device.role == "server" and "bcm-head" not in device.roles
    }
    assert {*nodes} == {*servers}
    for host in plan.hosts:
        if host.name not in nodes:
            continue
        ports = nodes[host.name]["->"]
        assert nodes[host.name]["category"] == servers[host.name].group
        for bond in host.bonds:
            assert ports[bond.name]["ip"] == bond.address.partition("/")[0]
            assert ports[bond.name]["interfaces"].split() == list(bond.members)
        macs = {port.name: port.mac for port in host.interfaces if port.name in ports and port.mac}
        assert {port: ports[port]["mac"] for port in macs} == macs
        if servers[host.name].management:
            assert ports["drac0"]["ip"] == servers[host.name].management.partition("/")[0]


@pytest.mark.parametrize("name", SITES[:2])
def test_a_second_run_changes_nothing(name):
    """A script that is run again ends early, or leaves another state than the first time."""
    files = printed(name)
    shell, _ = taken(files)
    before = repr(shell.objects)
    shell.run(files["objects.cmsh"], ends=False)
    assert all(line.endswith("exists") for line in shell.errors)
    shell.errors.clear()
    shell.run(files["settings.cmsh"], ends=True)
    assert (shell.errors, repr(shell.objects)) == ([], before)


def test_the_shell_refuses_what_is_wrong():
    """A misspelt command, property or name would pass, and the tests above would prove nothing."""
    files = printed(SITES[0])
    for wrong, right in (
        ("baseadress", "baseaddress"),
        ("set mode", "set modus"),
        ("device use gpu01", "device use gpu99"),
    ):
        broken = files | {
            "settings.cmsh": files["settings.cmsh"].replace(
                *((right, wrong) if wrong == "baseadress" else (wrong, right))
            )
        }
        assert taken(broken)[0].errors, wrong


def test_images_hold_what_the_playbooks_would_install():
    """The notes for a software image lack a package of a step that Rackwright would have played on the disk."""
    text = printed(SITES[0])["readme.md"]
    for word in (
        "doca-ofed",
        "nvidia-driver-570-open=570.133.20-0ubuntu1",
        "nvidia-fabricmanager-570=570.133.20-1",
        "mlnx-fw-updater",
    ):
        assert word in text
    assert "`bluefield_firmware`, `bluefield_config`" in text


def test_no_secret_is_in_what_is_printed():
    """A reference to a secret, or the words that would set a password, are in the files for the head node."""
    text = "".join(printed(SITES[0]).values())
    assert not re.search(r"secret|set password", text)


@pytest.mark.parametrize("file", FILES)
def test_the_files_of_a_small_site(golden, file):
    """A change of what BCM is told is seen in review."""
    plan, site, _ = told(SITES[0])
    pair = site.hosts.bcm.model_copy(update={"pair": None})
    golden(f"render/bcm-{file}", printed(plan.name, bcm=pair)[file])


def test_a_build_has_them_where_bcm_provisions_only():
    """The files are missing from a build, or stand in one of a site that Rackwright installs."""
    plan, _, found = told(SITES[0])
    catalog = loaded(SITES[0]).catalog
    assert [file.path for file in everything(plan, catalog, cluster=found) if file.path.startswith("bcm/")] == [
        f"bcm/{name}" for name in FILES
    ]
    assert not [file.path for file in everything(plan, catalog) if file.path.startswith("bcm/")]
