"""The document that the playbooks take: complete for every host, read alike by every reader, and without secrets."""

import re
from pathlib import Path

import pytest
import yaml

from rackwright.plan.stack import stack
from rackwright.plan.stack_model import HostStack
from rackwright.render import everything
from rackwright.render.hosts.variables import KEY, variables, variables_yaml
from tests.machines import loaded, planned

DOCS = Path(__file__).resolve().parents[3] / "docs" / "design" / "stack.md"
SITES = ("xe9680-spectrum-x", "r760xa-converged", "xe9680-two-racks", "era-2-8-9-400", "era-2-4-3-200")


def stacks(site):
    """Return the stacks of a reference site."""
    read = loaded(site)
    return stack(planned(site), read.require(), read.catalog)


def shape(value):
    """Return the keys of a document; those of its free mappings are left out."""
    free = {"packages", "holds", "remove", "sysctl", "environment", "expected", "nvconfig"}
    if not isinstance(value, dict):
        return None
    return {key: None if key in free else shape(below) for key, below in value.items()}


@pytest.mark.parametrize("site", SITES)
def test_every_host_has_every_key(site):
    """A role meets a host that lacks a key, and ends with an undefined variable."""
    empty = shape(variables(HostStack(name="a", role="server")))
    for one in stacks(site):
        assert shape(variables(one)) == empty
        found = variables(one)[KEY]
        assert list(found["packages"]) == list(found["holds"]) == list(found["remove"]) == found["steps"]


@pytest.mark.parametrize("site", SITES)
def test_what_is_printed_reads_back(site):
    """A value reads as another one: a version as a number, an address as a time."""
    for one in stacks(site):
        assert yaml.safe_load(variables_yaml(one)) == variables(one)


def test_the_page_names_every_key():
    """The page that playbooks are written from lacks a key of the document."""
    page = DOCS.read_text(encoding="utf-8")
    table = page.partition("## The document of one host")[2]
    words = set(re.findall(r"[a-z_0-9]+", table))

    def names(value):
        for key, below in (shape(value) or {}).items():
            yield key
            yield from names(value[key]) if below else ()

    assert set(names(variables(stacks("xe9680-two-racks")[0])[KEY])) <= words


def test_secrets_are_names():
    """The document of a host that joins BCM holds something else than the name of a secret."""
    read = loaded("xe9680-two-racks")
    site = read.require()
    bcm = site.hosts.bcm.model_copy(update={"package": "cm-lite-daemon.zip"})
    wish = site.model_copy(update={"hosts": site.hosts.model_copy(update={"bcm": bcm})})
    found = variables(next(one for one in stack(planned("xe9680-two-racks"), wish, read.catalog) if one.bcm))
    assert found[KEY]["bcm"]["bootstrap_key"] == {"secret": "bcm_bootstrap_key"}
    assert found[KEY]["bcm"]["node"] == found[KEY]["host"]


def test_the_inventory_has_a_group_for_each_step_and_profile():
    """A user's own playbook cannot aim at the hosts that have a step."""
    read = loaded("xe9680-two-racks")
    files = {
        file.path: file
        for file in everything(planned("xe9680-two-racks"), catalog=read.catalog, stacks=stacks("xe9680-two-racks"))
    }
    found = yaml.safe_load(files["ansible/inventory.yaml"].data)["all"]
    assert "gpu01" in found["children"]["step_fabric_manager"]["hosts"]
    assert "mgmt01" not in found["children"]["step_fabric_manager"]["hosts"]
    assert "mgmt01" in found["children"]["profile_host"]["hosts"]
    assert found["hosts"]["gpu01"]["ansible_user"] == "rackwright"
    assert yaml.safe_load(files["devices/gpu01/vars.yaml"].data)[KEY]["host"] == "gpu01"
    assert "devices/ps01/vars.yaml" not in files


def test_a_file_is_made_again_only_when_its_host_changed():
    """The document of a host is printed again though nothing of it changed, or not though something did."""
    read = loaded("xe9680-two-racks")
    made = stacks("xe9680-two-racks")
    site = read.require()
    wish = site.model_copy(update={"hosts": site.hosts.model_copy(update={"user": "ops"})})
    other = stack(planned("xe9680-two-racks"), wish, read.catalog)

    def inputs(of):
        files = everything(planned("xe9680-two-racks"), catalog=read.catalog, stacks=of)
        return {file.path: file.inputs for file in files if file.path.endswith("vars.yaml")}

    assert inputs(made) == inputs(stacks("xe9680-two-racks"))
    assert not set(inputs(made).values()) & set(inputs(other).values())
