"""Which servers may be away together."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from rackwright.diff.bmc.model import BiosState
from rackwright.plan import workspace
from rackwright.push.bmc.changeset import Changeset, ServerChanges
from rackwright.push.bmc.model import Step, Way
from rackwright.push.bmc.order import Order, ServerOrder
from rackwright.push.bmc.turns import turns
from rackwright.push.bmc.waves import waves_of
from rackwright.report.servers import costs

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


@pytest.mark.parametrize("jobs", [1, 2, 20])
@pytest.mark.parametrize("still", [(), ("gpu01", "mgmt03")])
def test_the_time_that_is_told_is_that_of_the_schedule(plan, jobs, still):
    """Told were 110 minutes for a push that took five times as long: turns, and the one that goes ahead in each, are a part of it."""
    step = Step(kind="restart", group=1)
    minutes = {
        "gpu01": 110,
        "gpu02": 100,
        "gpu03": 90,
        "gpu04": 110,
        "mgmt01": 80,
        "mgmt02": 80,
        "mgmt03": 70,
        "mgmt04": 80,
    }
    ways = {
        name: Way(machine=name) if name in still else Way(machine=name, steps=(step,), minutes=took)
        for name, took in minutes.items()
    }
    bios = BiosState(profile="p")
    found = Changeset.of(
        "x", "1", [ServerChanges(device=name, model="m", bios=bios, way=way) for name, way in ways.items()]
    )
    order = Order(
        site="x", intent="1", folder="/", servers=tuple(ServerOrder(device=name, way=way) for name, way in ways.items()),
        waves=turns(plan, list(ways)),
    )  # fmt: skip
    assert costs(found, plan, jobs).minutes == sum(_passed(wave, ways, jobs) for wave in waves_of(order))


def _passed(wave, ways, jobs):
    """Count the minutes of a wave as the engine works on it, one after the other."""
    passed = 0
    for names in ((wave.canary,), tuple(name for name in wave.devices if name != wave.canary)):
        waiting, away = [ways[name].minutes for name in names if name and ways[name].steps], []
        while waiting or away:
            while waiting and len(away) < jobs:
                away.append(waiting.pop(0))
            passed += 1
            away = [left - 1 for left in away if left > 1]
    return passed


def test_one_server_that_changes_goes_ahead():
    """The canary of a wave is one with work; a wave with one such server has none."""
    busy = Way(machine="x", steps=(Step(kind="restart", group=1),))
    servers = tuple(
        ServerOrder(device=name, way=busy if name in "bcd" else Way(machine=name)) for name in ("a", "b", "c", "d")
    )
    order = Order(site="x", intent="1", folder="/", servers=servers, waves=(("one", ("a", "b", "c")), ("two", ("d",))))
    assert [(wave.name, wave.canary) for wave in waves_of(order)] == [("one", "b"), ("two", "")]
