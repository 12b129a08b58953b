"""A switch that loses its BGP while its neighbours still hold their sessions."""

from rackwright import catalog
from rackwright import plan as planner
from rackwright.intent.models import Site
from rackwright.nvue.ranges import expand
from rackwright.render import switch_tree
from rackwright.twin.state import Fabric
from tests.sites import site

NEIGHBOURS = ("vrf", "default", "router", "bgp", "neighbor")


class Clock:
    """A clock that stands where it is put."""

    at = 0.0

    def now(self):
        return self.at


def test_a_leaf_that_drops_bgp_is_missed_by_its_spines_alone():
    """At the moment of the apply and after it every other switch still answers, and only sessions with that leaf are down."""
    made, _ = planner.build(Site.model_validate(site("rail-optimized", 64, 64)), catalog=catalog.load())
    clock = Clock()
    fabric = Fabric(made, clock)
    trees = {switch.name: expand(switch_tree(switch)) for switch in made.switches}
    for name, tree in trees.items():
        fabric.applied(name, tree, frozenset())
    clock.at = 1000
    assert {item["state"] for item in fabric.show("be01", NEIGHBOURS).values()} == {"established"}
    without = {key: value for key, value in trees["be02"].items() if key not in {"router", "vrf"}}
    fabric.applied("be02", without, frozenset({"frr"}))
    for later in (0, 1, 200):
        clock.at = 1000 + later
        assert {item["state"] for item in fabric.show("be01", NEIGHBOURS).values()} == {"established"}
    facing = {
        port.name
        for switch in made.switches
        if switch.name == "be-spine01"
        for port in switch.ports
        if port.peer == "be02"
    }
    states = {name: item["state"] for name, item in fabric.show("be-spine01", NEIGHBOURS).items()}
    assert facing
    assert {name for name, state in states.items() if state != "established"} == facing
