"""What playbooks are told of one GPU node and one control node, kept whole, so that a change of any step or version is seen in review."""

from __future__ import annotations

import pytest

from rackwright.plan.stack import stack
from rackwright.render.hosts.variables import variables_yaml
from tests.machines import loaded, planned


@pytest.mark.parametrize("host", ["gpu01", "mgmt02"])
def test_the_document_of_a_host_is_as_it_was(golden, host):
    """The bytes of a host's document are those of the committed one."""
    read = loaded("xe9680-two-racks")
    made = {one.name: one for one in stack(planned("xe9680-two-racks"), read.require(), read.catalog)}
    golden(f"stack/{host}.yaml", variables_yaml(made[host]).decode())
