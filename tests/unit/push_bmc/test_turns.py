"""Which servers may be away together."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from rackwright.plan import workspace
from rackwright.push.bmc.model import Step, Way
from rackwright.push.bmc.order import Order, ServerOrder
from rackwright.push.bmc.turns import turns
from rackwright.push.bmc.waves import waves_of

SITE = Path(__file__).resolve().parents[3] / "inventory" / "xe9680-spectrum-x"


@pytest.fixture(scope="module")
def plan():
    return workspace.planned(workspace.open_site(SITE)).plan


def test_members_of_a_guarded_role_take_turns(plan):
    """GPU nodes go first and together; of the control plane one at a time, beside the head node."""
    names = [device.name for device in plan.devices if device.role == "server"]
    assert turns(plan, names) == (
        ("servers", ("gpu01", "gpu02", "gpu03", "gpu04")),
        ("roles 1", ("mgmt01", "mgmt02")),
        ("roles 2", ("mgmt03",)),
        ("roles 3", ("mgmt04",)),
    )


def test_both_head_nodes_are_never_away_together(plan):
    """Two heads that are control-plane nodes too are in two turns."""
    roles = {"mgmt01": ("bcm-head", "k8s-control"), "mgmt02": ("bcm-head",), "mgmt03": ("k8s-control",)}
    devices = [msgspec.structs.replace(one, roles=roles.get(one.name, ())) for one in plan.devices]
    pair = msgspec.structs.replace(plan, devices=tuple(devices))
    found = turns(pair, ["mgmt01", "mgmt02", "mgmt03"])
    assert found == (("roles 1", ("mgmt01",)), ("roles 2", ("mgmt02", "mgmt03")))


def test_one_server_that_changes_goes_ahead():
    """The canary of a wave is one with work; a wave with one such server has none."""
    busy = Way(machine="x", steps=(Step(kind="restart", group=1),))
    servers = tuple(
        ServerOrder(device=name, way=busy if name in "bcd" else Way(machine=name)) for name in ("a", "b", "c", "d")
    )
    order = Order(site="x", intent="1", folder="/", servers=servers, waves=(("one", ("a", "b", "c")), ("two", ("d",))))
    assert [(wave.name, wave.canary) for wave in waves_of(order)] == [("one", "b"), ("two", "")]
