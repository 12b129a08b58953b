"""The pictures: fabrics, racks and faces show what the plan says, at any size."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from xml.etree import ElementTree as ET

import msgspec
import pytest

from rackwright import catalog
from rackwright.plan.model import Cage, End, Link, Placement, Plan, Rack
from rackwright.render import everything
from rackwright.render.drawing import fit, span
from rackwright.render.elevation import elevation, elevations
from rackwright.render.fabric_diagram import fabric_diagram
from rackwright.render.fabric_groups import MOST, groups_of
from rackwright.render.faceplate import cages_of, faceplate
from rackwright.render.slices import Slices
from tests.plans import rails

ROWS = catalog.load()
SIZES = {
    "a pair": {"units": 1, "nodes": 4, "per_leaf": 4},
    "two units": {"units": 2, "nodes": 8, "per_leaf": 2, "spines": 4},
    "many units": {"units": 20, "nodes": 2, "per_leaf": 1, "spines": 24},
}


@pytest.fixture(scope="module", params=SIZES, ids=lambda name: name.replace(" ", "-"))
def plan(request) -> Plan:
    return rails(**SIZES[request.param])


@pytest.mark.parametrize("fabric", ["backend", "oob"])
def test_lines_add_up_to_the_links_of_the_fabric(plan, fabric):
    """The counts on the lines, by kind and speed, are those of the plan's links."""
    drawing = fabric_diagram(Slices(plan), fabric)
    shown: Counter[tuple[str, str]] = Counter()
    for line in drawing.lines:
        shown[line.data["data-kind"], line.data["data-speed"]] += int(line.data["data-links"])
    for inner in (word for box in drawing.boxes for word in box.data.get("data-inner", "").split()):
        kind, speed, count = inner.split(":")
        shown[kind, speed] += int(count)
    wanted = Counter((link.kind, f"{link.speed_gbps:g}") for link in plan.links if link.fabric == fabric)
    assert shown == wanted
    assert int(drawing.data["data-links"]) == sum(wanted.values())


def test_links_inside_a_box_are_counted_in_it():
    """A switch that is cabled to itself, and links between switches of one box, are in the box's data by kind and speed."""
    plan = rails()
    loop = Link("oob", "management", End("oob01", "swp40", 40), End("oob01", "eth0"), 1, 0, "cat6")
    isl = Link("oob", "isl", End("oob01", "swp49", 49), End("oob01", "swp50", 50), 100, 4, "dac")
    drawing = fabric_diagram(Slices(msgspec.structs.replace(plan, links=(*plan.links, loop, isl, isl))), "oob")
    [box] = [box for box in drawing.boxes if "data-inner" in box.data]
    assert box.data["data-inner"] == "isl:100:2 management:1:1"
    assert "2 x 100G isl" in box.title


@pytest.mark.parametrize("fabric", ["backend", "oob"])
def test_boxes_hold_every_device_once(plan, fabric):
    """Each switch of the fabric, and each device that a link of it ends on, is in exactly one box."""
    drawing = fabric_diagram(Slices(plan), fabric)
    shown = [name for box in drawing.boxes for name in box.data["data-devices"].split()]
    assert len(shown) == len(set(shown))
    linked = {end.device for link in plan.links if link.fabric == fabric for end in (link.a, link.b)}
    assert set(shown) == linked | {switch.name for switch in plan.switches if switch.fabric == fabric}


def test_a_line_joins_boxes_whose_devices_are_linked(plan):
    """From and to of a line are boxes, and there are as many links between their devices as it says."""
    drawing = fabric_diagram(Slices(plan), "backend")
    inside = {box.data["data-box"]: set(box.data["data-devices"].split()) for box in drawing.boxes}
    for line in drawing.lines:
        a, b = inside[line.data["data-from"]], inside[line.data["data-to"]]
        between = sum(
            {link.a.device, link.b.device} <= a | b and not {link.a.device, link.b.device} <= a for link in plan.links
        )
        assert between == int(line.data["data-links"])


def test_no_row_has_more_boxes_than_can_be_read(plan):
    """At any size a row has at most sixteen boxes, and a picture that merges says so."""
    slices = Slices(plan)
    for fabric in ("backend", "oob"):
        rows = Counter(group.row for group in groups_of(slices, fabric).groups)
        assert max(rows.values()) <= MOST
        drawing = fabric_diagram(slices, fabric)
        merged = any(int(box.data["data-count"]) > 1 for box in drawing.boxes)
        assert bool(drawing.caption) == merged


def test_boxes_of_a_row_stand_apart_and_inside_the_picture(plan):
    """No two boxes overlap, and none leaves the picture."""
    drawing = fabric_diagram(Slices(plan), "backend")
    rows: dict[str, list[tuple[float, float]]] = {}
    for box in drawing.boxes:
        rows.setdefault(box.y, []).append((float(box.x), float(box.x) + float(box.width)))
    for spans in rows.values():
        ordered = sorted(spans)
        assert all(left[1] < right[0] for left, right in pairwise(ordered))
        assert ordered[0][0] >= 0
        assert ordered[-1][1] <= drawing.width


def test_every_rack_is_drawn_or_stood_for(plan):
    """Equal racks are drawn once and name all they stand for."""
    found = elevations(Slices(plan))
    assert sorted(name for rack in found for name in rack.names) == sorted(rack.name for rack in plan.racks)


def test_a_rack_shows_its_devices_at_their_units():
    """Each device is a box with its unit and height, the lowest at the bottom."""
    slices = Slices(rails())
    drawing = elevation(slices, [slices.plan.racks[0]]).drawing
    boxes = {box.data["data-device"]: box for box in drawing.boxes if "data-device" in box.data}
    for placement in slices.in_rack["r001"]:
        data = boxes[placement.device].data
        assert (data["data-unit"], data["data-height"]) == (str(placement.unit), str(placement.height_u))
    assert float(boxes["gpu01"].y) > float(boxes["gpu02"].y)


def rack_of(**changes) -> tuple[str, ...]:
    """Return the power, survive and verdict words of a rack with changes."""
    slices = Slices(rails())
    found = elevation(slices, [msgspec.structs.replace(slices.plan.racks[0], **changes)])
    return (found.power, found.survive, *(pdu.verdict for pdu in found.pdus))


def test_survive_says_what_may_fail_and_whether_it_holds():
    """A rack within its ratings says so; one over its rating names the PDU."""
    assert rack_of()[1] == "any one PDU may fail: every PDU stays within its rating"
    worst = (("r001-pdu1", 20000), ("r001-pdu2", 9000), ("r001-pdu3", 9000), ("r001-pdu4", 9000))
    found = rack_of(worst=worst)
    assert found[1] == "any one PDU may fail: r001-pdu1 would be over the rating"
    assert found[2:] == ("over", "fits", "fits", "fits")


def test_what_is_not_known_is_never_called_proven():
    """Unknown watts make the sum a least, the verdict one about what is known; an unknown rating proves nothing."""
    power, survive, *_ = rack_of(unknown=("oob01 (watts)",))
    assert power.startswith("at least ")
    assert "of what is known" in survive
    assert "not proven" in rack_of(pdu_watts=0)[1]
    nothing = rack_of(watts=0, unknown=("gpu01 (watts)", "gpu02 (watts)"))
    assert nothing[:2] == (
        "power not known",
        "any one PDU may fail: not proven, no source gives what stands here in watts",
    )
    assert set(nothing[2:]) == {"unknown"}
    assert rack_of(pdus=(), feeds=())[1] == "no PDU is planned"


def test_what_could_not_be_counted_is_told_by_model():
    """Twenty servers without a figure are one phrase, not twenty names."""
    slices = Slices(rails())
    rack = msgspec.structs.replace(slices.plan.racks[0], unknown=("gpu01 (watts)", "gpu02 (watts)", "oob01 (height)"))
    assert elevation(slices, [rack]).unknown == "watts of 2 x xe9680, height of 1 x sn2201"


def test_a_device_of_unknown_height_is_drawn_as_unsure():
    """A device whose height no source gives is one unit high, and the picture says that this is not known."""
    plan = rails()
    plan = msgspec.structs.replace(
        plan, placements=(*plan.placements, Placement("oob01", "z", 1, None)), racks=(Rack("z", "", 0),)
    )
    slices = Slices(plan)
    [box] = [box for box in elevation(slices, [plan.racks[0]]).drawing.boxes if "data-device" in box.data]
    assert "unsure" in box.kind
    assert "height not known" in box.title


def test_a_face_shows_every_port_in_its_cage():
    """Each port of a switch is a box in the face; the face has every cage of the model, used or not."""
    for switch in rails(spines=2).switches:
        drawing = faceplate(switch, ROWS)
        shown = {box.data["data-port"]: box.data["data-peer"] for box in drawing.boxes if "data-port" in box.data}
        assert shown == {port.name: port.peer for port in switch.ports}
        assert len([box for box in drawing.boxes if "cagebox" in box.kind]) == len(cages_of(switch, ROWS))
    assert len(cages_of(rails().switches[0], ROWS)) == 65


@pytest.mark.parametrize(("subs", "lefts"), [((0, 1), ["1.0", "4.6"]), ((6,), ["22.8"])])
def test_a_cage_is_drawn_by_its_breakout(subs, lefts):
    """Ports of a cage that is split by eight have an eighth each, at the place of their lanes, however many there are."""
    switch = rails().switches[0]
    ports = [msgspec.structs.replace(switch.ports[0], name=f"swp1s{sub}", sub=sub) for sub in subs]
    split = msgspec.structs.replace(switch, cages=(Cage(1, breakout="8x", lanes_per_port=1),), ports=tuple(ports))
    boxes = [box for box in faceplate(split, ROWS).boxes if "data-port" in box.data]
    assert [box.x for box in boxes] == lefts
    assert {box.width for box in boxes} == {"2.6"}


def test_a_model_that_the_catalog_lacks_shows_the_cages_in_use():
    """Without a row of the catalog the face has the cages that the plan uses."""
    switch = msgspec.structs.replace(rails().switches[0], model="sn9999")
    assert cages_of(switch, ROWS) == sorted({port.cage for port in switch.ports})


def test_svg_files_are_well_formed(plan):
    """fabric.svg and racks.svg are XML with a box for what they show."""
    for file in everything(plan, catalog=ROWS):
        if file.path.endswith(".svg"):
            top = ET.fromstring(file.data)
            assert top.tag == "{http://www.w3.org/2000/svg}svg"
            assert [found for found in top.iter() if "data-devices" in found.attrib or "data-device" in found.attrib]


def test_a_document_of_a_large_site_is_small(plan):
    """The design document of any of these sites is far below three megabytes."""
    files = {file.path: file for file in everything(plan, catalog=ROWS)}
    assert len(files["docs/design.html"].data) < 500_000


@pytest.mark.parametrize(
    ("text", "width", "short"),
    [("be01", 200, "be01"), ("oob-switch-000117", 70, "oob-..0117"), ("abcdefgh", 1, "abcd")],
)
def test_a_long_name_keeps_its_start_and_its_number(text, width, short):
    """A name that does not fit loses its middle: what tells it from its neighbours stays."""
    assert fit(text, width) == short


def test_a_run_is_named_by_its_ends():
    """The ends are taken in the order a person counts."""
    assert span(["be10", "be9", "be11"]) == "be9-be11"
    assert span(["be9"]) == "be9"
    assert span(["r1-pdu1", "r1-pdu2"]) == "r1-pdu1 to r1-pdu2"
