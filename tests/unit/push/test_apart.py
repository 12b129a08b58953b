"""What two runs of one site must not change at the same time."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from rackwright import catalog
from rackwright.cli import bringing
from rackwright.cli.reaching import Wanted
from rackwright.diff.bmc.model import BiosState
from rackwright.plan import workspace
from rackwright.push.apart import apart_from
from rackwright.push.bmc import order as bmc
from rackwright.push.bmc.changeset import Changeset, ServerChanges
from rackwright.push.bmc.model import Way
from rackwright.push.hosts import order as hosts
from rackwright.push.hosts.bare import make_bare
from rackwright.push.hosts.installing import Medium
from rackwright.push.order import make_order
from rackwright.push.submitting import submit
from rackwright.runs import Graph, Task
from rackwright.runs.folder import runs_of
from tests.unit.push.cases import LIMITS
from tests.unit.push.fleet import fleet_of
from tests.unit.push.test_submitting import changeset_of

INVENTORY = Path(__file__).resolve().parents[3] / "inventory"


def names(apart):
    """Return the devices of what is kept apart, whatever the reason."""
    return tuple(name for kept in apart.values() for name in kept)


def planned(name):
    return workspace.planned(workspace.open_site(INVENTORY / name)).plan


@pytest.fixture(scope="module")
def plan():
    return planned("xe9680-spectrum-x")


def test_of_a_fabric_one_wave_is_worked_on(plan):
    """Beside a member of a pair the other one is left alone, in both directions; other fabrics are not meant."""
    assert names(apart_from(plan, ["fe01"])) == ("fe02",)
    assert set(names(apart_from(plan, ["fe02", "be01"]))) == {"fe01", "be02"}
    assert apart_from(plan, ["fe01", "fe02"]) == {}
    assert apart_from(plan, ["oob01", "gpu01"]) == {}


def test_why_two_switches_are_apart_is_told(plan):
    """An operator reads of which fabric it is about and beside which of his own switches, and not that something may not be."""
    found = apart_from(plan, ["fe02", "be01"])
    assert {kept: reason.partition(",")[0] for reason, kept in found.items()} == {
        ("be02",): "is in another wave of the fabric backend than be01",
        ("fe01",): "is in another wave of the fabric frontend than fe02",
    }
    assert all("an apply in one takes down what a switch of the other is judged by" in reason for reason in found)


def test_spines_and_what_is_cabled_to_them_are_apart():
    """Beside one half of the spines neither the other half nor a leaf is changed; who has both halves shares with nobody."""
    plan = planned("rail-1024")
    fabric = {one.name for one in plan.switches if one.name.startswith("be")}
    half = next(members for _, members in plan.waves if "be-spine01" in members)
    assert set(names(apart_from(plan, ["be-spine01"]))) == fabric - set(half)
    assert set(names(apart_from(plan, ["be-spine01", "be-spine02"]))) == fabric - {"be-spine01", "be-spine02"}
    leaves = next(members for _, members in plan.waves if "be001" in members)
    # The same rail of two scalable units is set together in one run as well.
    assert set(names(apart_from(plan, ["be001"]))) == fabric - set(leaves)


def test_members_of_a_role_that_has_to_answer_are_apart(plan):
    """Two head nodes, or two of the control plane, are never restarted by two runs; workers stand in for each other in numbers."""
    heads = {"mgmt01": ("bcm-head",), "mgmt02": ("bcm-head", "k8s-worker"), "mgmt03": ("k8s-worker",)}
    roles = replace(plan, devices=tuple(replace(one, roles=heads.get(one.name, ())) for one in plan.devices))
    assert names(apart_from(roles, ["mgmt01"])) == ("mgmt02",)
    assert next(iter(apart_from(roles, ["mgmt01"]))).startswith("shares the role bcm-head with mgmt01, and")
    assert apart_from(roles, ["mgmt03"]) == {}
    server = ServerChanges(
        device="mgmt01", model="r660", bios=BiosState(profile="", known=False), way=Way(machine="r660")
    )
    found = Changeset.of(plan.name, plan.digest, [server])
    assert names(bmc.make_order(found, roles, catalog.load(), Path()).apart) == ("mgmt02",)
    assert names(hosts.make_order(roles, [hosts.HostOrder(device="mgmt02")]).apart) == ("mgmt01",)
    assert names(make_bare(roles, ["mgmt01"], Medium("Cd", "http://images/a.iso")).apart) == ("mgmt02",)


def test_a_push_says_what_must_not_change_beside_it(plan, tmp_path):
    """The record of a run holds it, so that other processes see it whatever becomes of this one."""
    fleet = fleet_of(plan, tmp_path / ".rackwright")
    fleet.switches = {"fe01": fleet.switches["fe01"]}
    order = make_order(changeset_of(plan, fleet), fleet.intended, plan, LIMITS)
    assert submit(order, fleet, jobs=4).state == "done"
    assert next(runs_of(fleet.state)).record().apart == apart_from(plan, ["fe01"])


def test_a_bringup_of_some_says_what_must_not_change_beside_it(plan):
    """A bring-up with --limit keeps the other member of a pair from a push; one of the whole site has nobody beside it."""
    world = SimpleNamespace(plan=plan, sections={})
    for meant, apart in ((["fe01"], ("fe02",)), ([one.name for one in plan.devices], ())):
        graph = Graph(tasks=tuple(Task(name=f"frontend/{name}", stage="frontend", device=name) for name in meant))
        assert names(bringing.order_for(world, graph, bringing.Wish(), Wanted()).apart) == apart
