"""Place words, stacking, and what is said of what cannot stand."""

from __future__ import annotations

import pytest

from rackwright.catalog.models import Catalog, PduModel, RackModel, ServerModel, SwitchModel
from rackwright.intent.models import Fabric, Group, Site
from rackwright.plan.model import Device
from rackwright.plan.racks import pdus, place, rack_names


def catalog() -> Catalog:
    def server(key, height):
        return ServerModel(key=key, name=key, source="test", height_u=height, power_w=1000, power_supplies=2)

    switch = SwitchModel(
        key="sn", name="sn", source="test", height_u=2, power_w=500, power_supplies=2, asic="spectrum4",
        port_groups=(), max_logical_ports=1,
    )  # fmt: skip
    return Catalog(
        servers={"big": server("big", 6), "flat": server("flat", 1), "odd": server("odd", None)},
        switches={"sn": switch},
        racks={"r48": RackModel(key="r48", name="r48", source="test", height_u=48)},
        pdus={"p17": PduModel(key="p17", name="p17", source="test", power_w=17000)},
    )


def site(racks, **groups) -> Site:
    made = {key: {"model": model, "count": count} for key, (model, count) in groups.items()}
    return Site.model_validate(
        {
            "site": {"name": "t", "release": "r"},
            "groups": made,
            "racks": {key: {"model": "r48", **rack} for key, rack in racks.items()},
        }
    )


def machines(group, model, count, width=2):
    return [Device(f"{group}{n:0{width}d}", "server", model, group=group, index=n) for n in range(1, count + 1)]


def switches(stem, count):
    return [
        Device(f"{stem}{n:02d}", "leaf", "sn", group="backend", index=n, fabric="backend") for n in range(1, count + 1)
    ]


def spots(placements):
    return {item.device: (item.rack, item.unit) for item in placements}


def texts(problems, severity="error"):
    return [item.message for item in problems if item.severity == severity]


def test_a_group_range_stands_one_above_the_other():
    """gpu[1-4]@2 fills units 2, 8, 14 and 20 with machines of six units."""
    placements, _, problems, _ = place(
        site({"r1": {"place": ["gpu[1-4]@2"]}}, gpu=("big", 4)), machines("gpu", "big", 4), catalog()
    )
    assert spots(placements) == {"gpu01": ("r1", 2), "gpu02": ("r1", 8), "gpu03": ("r1", 14), "gpu04": ("r1", 20)}
    assert texts(problems) == []


def test_numbers_run_on_rack_after_rack():
    """Under r[001-003], gpu[1-2]@2 puts 1-2, 3-4 and 5-6."""
    placements, _, problems, _ = place(
        site({"r[001-003]": {"place": ["gpu[1-2]@2"]}}, gpu=("big", 6)), machines("gpu", "big", 6), catalog()
    )
    assert spots(placements)["gpu03"] == ("r002", 2)
    assert spots(placements)["gpu06"] == ("r003", 8)
    assert texts(problems) == []


def test_the_last_rack_of_a_range_may_be_part_full():
    """Five machines in three racks of two leave one place, which is no problem."""
    placements, _, problems, _ = place(
        site({"r[1-3]": {"place": ["gpu[1-2]@2"]}}, gpu=("big", 5)), machines("gpu", "big", 5), catalog()
    )
    assert spots(placements)["gpu05"] == ("r3", 2)
    assert texts(problems) == []


def test_a_star_takes_the_next_ones_whatever_stands_before():
    """fe[*1]@30 gives each rack of the range the next leaf, across racks keys too."""
    racks = {"r1": {"place": ["be[*2]@30"]}, "r[2-3]": {"place": ["be[*1]@30"]}}
    placements, _, problems, _ = place(site(racks), switches("be", 4), catalog())
    assert spots(placements) == {"be01": ("r1", 30), "be02": ("r1", 32), "be03": ("r2", 30), "be04": ("r3", 30)}
    assert texts(problems) == []


def test_a_bare_stem_means_all_of_it_and_must_say_how_many_in_a_range():
    """fe@30 is both leaves in one rack; in a range of racks it is refused with the star as remedy."""
    placements, _, _, _ = place(site({"r1": {"place": ["fe@30"]}}), switches("fe", 2), catalog())
    assert spots(placements) == {"fe01": ("r1", 30), "fe02": ("r1", 32)}
    _, _, problems, _ = place(site({"r[1-2]": {"place": ["fe@30"]}}), switches("fe", 2), catalog())
    faults = [item for item in problems if item.severity == "error"]
    assert len(faults) == 1, "told once, not once a rack"
    assert faults[0].path == "racks.r[1-2].place.0"
    assert "fe[*1]@30" in faults[0].remedy


def test_overlap_names_both_devices_and_the_units():
    """A machine on units 2-7 and a switch on 7-8 overlap."""
    placed = site({"r1": {"place": ["gpu01@2", "be01@7"]}}, gpu=("big", 1))
    _, _, problems, _ = place(placed, machines("gpu", "big", 1) + switches("be", 1), catalog())
    assert texts(problems) == ["r1: be01 on units 7-8 overlaps gpu01"]
    assert [item.path for item in problems if item.severity == "error"] == ["racks.r1.place.1"]


def test_a_device_past_the_top_is_a_problem_with_the_numbers():
    """Six units from 44 end at 49 in a rack of 48."""
    _, _, problems, _ = place(
        site({"r1": {"place": ["gpu01@44"]}}, gpu=("big", 1)), machines("gpu", "big", 1), catalog()
    )
    assert texts(problems) == ["r1: gpu01@44 puts gpu01 on units 44-49, the rack has 48"]


def test_unknown_names_and_double_places_are_problems():
    """A name that is nothing, a number past the group, a machine placed twice, a word without a unit."""
    racks = {"r1": {"place": ["nope@2", "gpu[1-3]@3", "gpu01@10", "gpu[1]@20", "gpu01"]}}
    _, _, problems, _ = place(site(racks, gpu=("flat", 2)), machines("gpu", "flat", 2), catalog())
    found = {item.path: item.message for item in problems if item.severity == "error"}
    assert "no device, group or switch stem nope" in found["racks.r1.place.0"]
    assert "names gpu 3, there are 2" in found["racks.r1.place.1"]
    assert found["racks.r1.place.3"] == "gpu01 is placed in r1 and again in r1"
    assert "not a place" in found["racks.r1.place.4"]


def test_room_is_kept_for_absent_machines_and_up_to_max():
    """gpu02 is absent: gpu03 keeps its units, and nothing else may take those of gpu02."""
    wish = {
        "site": {"name": "t", "release": "r"},
        "groups": {"gpu": {"model": "big", "count": 3, "max": 4, "absent": ["gpu02"]}},
        "racks": {"r1": {"model": "r48", "place": ["gpu[1-4]@2", "be01@9"]}},
    }
    devices = [item for item in machines("gpu", "big", 3) if item.name != "gpu02"] + switches("be", 1)
    placements, _, problems, _ = place(Site.model_validate(wish), devices, catalog())
    assert spots(placements)["gpu03"] == ("r1", 14)
    assert texts(problems) == ["r1: be01 on units 9-10 overlaps gpu 2"]


@pytest.mark.parametrize("words", [["gpu@2"], ["gpu01@2", "gpu02@8", "gpu03@14"], ["gpu0[1-3]@2"]])
def test_a_machine_taken_out_sinks_none_above_it(words):
    """However the machines of a group are placed, one that is absent leaves its units empty."""
    wish = {
        "site": {"name": "t", "release": "r"},
        "groups": {"gpu": {"model": "big", "count": 3, "absent": ["gpu01"]}},
        "racks": {"r1": {"model": "r48", "place": words}},
    }
    devices = [item for item in machines("gpu", "big", 3) if item.name != "gpu01"]
    placements, _, problems, _ = place(Site.model_validate(wish), devices, catalog())
    assert texts(problems) == []
    assert spots(placements) == {"gpu02": ("r1", 8), "gpu03": ("r1", 14)}


def test_a_machine_to_come_may_be_placed_by_name():
    """Names up to max mean the room that is kept, as numbers do; past it they are nothing."""
    placed = site({"r1": {"place": ["gpu01@2", "gpu02@8"]}})
    placed = placed.model_copy(update={"groups": {"gpu": Group(model="big", count=1, max=2)}})
    placements, _, problems, _ = place(placed, machines("gpu", "big", 1), catalog())
    assert texts(problems) == []
    assert spots(placements) == {"gpu01": ("r1", 2)}
    _, _, problems, _ = place(
        placed.model_copy(update={"groups": {"gpu": Group(model="big", count=1)}}),
        machines("gpu", "big", 1),
        catalog(),
    )
    assert texts(problems) == ["gpu02@8: there is no device, group or switch stem gpu02"]


@pytest.mark.parametrize("word", ["be@30", "be[1-2]@30", "be[*2]@30", "be-spine@30"])
def test_switches_that_no_machine_asks_for_yet_may_be_placed(word):
    """Before the first machine of a scale-out fabric there are no leaves: their place is no mistake, another stem is one."""
    leaves = {"model": "sn", "name": "be"}
    wish = site({"r1": {"place": [word, "bee@40"]}})
    fabric = Fabric.model_validate({"topology": "rail-optimized", "leaves": leaves})
    placements, _, problems, _ = place(wish.model_copy(update={"fabrics": {"backend": fabric}}), [], catalog())
    assert placements == ()
    assert [item.path for item in problems if item.severity == "error"] == ["racks.r1.place.1"]


def test_a_height_that_no_source_gives_is_reported_and_not_guessed():
    """What stands on a machine of unknown height has unit 0, and one warning names the model."""
    placements, _, problems, _ = place(
        site({"r1": {"place": ["odd[1-3]@5"]}}, odd=("odd", 3)), machines("odd", "odd", 3), catalog()
    )
    assert [(item.unit, item.height_u) for item in placements] == [(5, None), (0, None), (0, None)]
    warnings = texts(problems, "warning")
    assert len(warnings) == 1
    assert "height of odd" in warnings[0]


def test_what_stands_nowhere_is_told_once_a_group():
    """Eight machines without a place are one warning; PDUs and peers of others are none."""
    devices = [*machines("gpu", "flat", 8), Device("core", "external", ""), Device("r1-pdu1", "pdu", "p17")]
    _, _, problems, _ = place(site({"r1": {}}, gpu=("flat", 8)), devices, catalog())
    assert len(problems) == 1
    assert problems[0].message.startswith("8 of gpu stand in no rack: gpu01, gpu02, gpu03 and 5 more")


def test_a_peer_named_like_a_stem_does_not_hide_the_switches():
    """core@20 means core01 and core02 although an external peer is called core."""
    devices = [*switches("core", 2), Device("core", "external", "")]
    placements, _, _, _ = place(site({"r1": {"place": ["core@20"]}}), devices, catalog())
    assert set(spots(placements)) == {"core01", "core02"}


def test_pdus_are_devices_one_a_feed():
    """Two racks with feeds a, b give four PDUs named after their rack."""
    wish = site({"r[1-2]": {"pdu": "p17", "feeds": ["a", "b"]}, "r3": {}})
    assert [(item.name, item.group, item.index) for item in pdus(wish)] == [
        ("r1-pdu1", "r1", 1), ("r1-pdu2", "r1", 2), ("r2-pdu1", "r2", 1), ("r2-pdu2", "r2", 2),
    ]  # fmt: skip
    assert [name for name, _, _, _ in rack_names(wish)] == ["r1", "r2", "r3"]


def test_a_rack_named_twice_is_a_problem():
    """r2 in a range and by name is one rack too many."""
    _, racks, problems, _ = place(site({"r[1-2]": {}, "r2": {}}), [], catalog())
    assert texts(problems) == ["rack r2 is also in racks.r2"]
    assert [rack.name for rack in racks] == ["r1", "r2"]


def test_the_order_of_racks_is_that_of_their_names():
    """r2 stands before r10, and the order of the keys in the file changes nothing."""
    racks = {"r10": {"place": ["be[*1]@30"]}, "r2": {"place": ["be[*1]@30"]}, "r1": {"place": ["be[*1]@30"]}}
    one = place(site(racks), switches("be", 3), catalog())
    other = place(site(dict(reversed(racks.items()))), switches("be", 3), catalog())
    assert one == other
    assert [rack.name for rack in one[1]] == ["r1", "r2", "r10"]
    assert spots(one[0]) == {"be01": ("r1", 30), "be02": ("r2", 30), "be03": ("r10", 30)}


def test_two_thousand_racks_take_no_time_that_grows_faster_than_they_do():
    """Placing 4,000 and 8,000 machines looks at each rack's own machines only."""
    for count in (1000, 2000):
        wish = site({f"r[0001-{count:04d}]": {"place": ["gpu[1-4]@2"]}}, gpu=("big", 4 * count))
        placements, _, _, _ = place(wish, machines("gpu", "big", 4 * count, width=5), catalog())
        assert len(placements) == 4 * count
        assert placements[-1].rack == f"r{count:04d}"
