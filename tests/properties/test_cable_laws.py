"""Laws of cables in the hands: what is printed on a cable that stands never changes."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, reject, settings
from hypothesis import strategies as st

from rackwright import catalog, plan
from rackwright.errors import PlanError
from rackwright.intent.models import Site
from rackwright.plan import LockFile
from rackwright.plan.model import Plan
from rackwright.render.cables import assembly_columns, assembly_lines, row_of
from rackwright.render.labels import labels_of
from rackwright.render.slices import Slices
from tests.sites import Mapping, sites

CATALOG = catalog.load()
FEW = settings(max_examples=15, deadline=None)


def planned(wish: Mapping, lock: LockFile | None = None) -> tuple[Plan, LockFile]:
    """Return the plan of a site and the lock that goes with it; a wish that is refused moves nothing, and is no case."""
    try:
        made, after = plan.build(Site.model_validate(copy.deepcopy(wish)), lock, catalog=CATALOG)
    except PlanError:
        reject()
    return made, after.file()


def printed(made: Plan) -> dict[tuple[str, str, str, str], tuple[Any, ...]]:
    """Return what is printed on each cable, by its two ends: way, label, side and part, its column and its own label."""
    slices = Slices(made)
    columns = assembly_columns(slices)
    text = assembly_lines(slices, slices.parts).decode().splitlines()
    parts = {row["assembly"]: row for row in (dict(zip(columns, line.split(","), strict=True)) for line in text)}
    labels = {(one.cable, one.end): one for part in slices.parts for one in labels_of(slices, part)}
    found = {}
    for index in range(len(made.links)):
        row = row_of(slices, index)
        own = labels[row.assembly, f"B{row.way}"]
        column = (parts[row.assembly][f"b{row.way or 1}_device"], own.device, own.port, own.far)
        found[row.a_device, row.a_port, row.b_device, row.b_port] = (row.label, row.end, row.part, row.a_side, column)
    return found


@st.composite
def worlds(draw: st.DrawFn) -> Mapping:
    """Draw a site with splitters of every sort, and two groups that share an attach entry of its pair."""
    wish = draw(sites())
    wish["fabrics"]["backend"]["attach"][0]["media"] = draw(st.sampled_from(["dac", "dr4"]))
    wish["groups"] |= {key: {"model": "r660", "count": draw(st.integers(1, 6)), "max": 9} for key in ("aa", "bb")}
    gpus, mgmt = wish["fabrics"]["frontend"]["attach"]
    gpus["media"] = draw(st.sampled_from(["dac", "dr4", "sr4"]))
    mgmt["media"] = draw(st.sampled_from(["dac", "dr1"]))
    both = {"groups": ["aa", "bb"]}
    wish["fabrics"]["frontend"]["attach"].append({**{key: mgmt[key] for key in mgmt if key != "group"}, **both})
    wish["fabrics"]["oob"]["attach"].append({**both, "ports": ["bmc"]})
    return wish


def machines(made: Plan) -> list[str]:
    """Return the machines that may be missing: all but the head node."""
    return [device.name for device in made.devices if device.role == "server" and device.name != "mgmt01"]


@FEW
@given(worlds(), st.data())
def test_no_machine_that_comes_or_goes_changes_a_cable_that_stands(wish: Mapping, data: st.DataObject) -> None:
    """Machines are absent, come back and come on top: label, way, side, part and column of every other cable stay."""
    before, lock = planned(wish)
    gone = set(data.draw(st.lists(st.sampled_from(machines(before)), min_size=1, max_size=5)))
    fewer = copy.deepcopy(wish)
    for device in before.devices:
        if device.name in gone:
            fewer["groups"][device.group].setdefault("absent", []).append(device.name)
    less, lock = planned(fewer, lock)
    everything = printed(before)
    assert printed(less) == {ends: said for ends, said in everything.items() if not gone & set(ends)}

    for group in ("gpu", "mgmt", "aa", "bb"):
        held = wish["groups"][group]
        held["count"] = data.draw(st.integers(held["count"], held["max"]))
    more, _ = planned(wish, lock)
    assert everything.items() <= printed(more).items()
