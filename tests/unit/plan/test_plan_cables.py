"""Links become parts: grouping, the choice of a part, lengths, and what is said when none fits."""

from __future__ import annotations

import pytest

from rackwright.catalog.models import Breakout, CableModel, Catalog, NicModel, PortGroup, SwitchModel
from rackwright.plan.cables import assemble
from rackwright.plan.lengths import Hall, Rule
from rackwright.plan.model import Device, End, Link, Placement, Rack


def cable(key, media, a, b, ways, gbps, lanes, lengths, *, sides=1, optic=None) -> CableModel:
    return CableModel(
        key=key, name=key, source="test", media=media, a_connector=a, b_connector=b, ways=ways, way_gbps=gbps,
        way_lanes=lanes, lane_gbps=100, lengths_m=lengths, a_sides=sides, a_optic=optic,
    )  # fmt: skip


COPPER = (1, 2, 3)
GLASS = (3, 10, 50)
CABLES = [
    cable("dac2", "dac", "osfp", "qsfp112", 2, 400, 4, COPPER),
    cable("dac4", "dac", "osfp", "qsfp112", 4, 200, 2, COPPER),
    cable("straight", "dac", "osfp", "osfp", 1, 800, 8, COPPER),
    cable("sr", "sr4", "osfp", "qsfp112", 1, 400, 4, GLASS, sides=2, optic="2xSR4"),
    cable("sr2", "sr4", "osfp", "qsfp112", 2, 200, 2, GLASS, sides=2, optic="2xSR4"),
    cable("srx", "sr4", "osfp", "osfp", 1, 400, 4, GLASS, sides=2, optic="2xSR4"),
    cable("dr1", "dr1", "osfp", "qsfp28", 4, 100, 1, GLASS, sides=2, optic="2xDR4"),
    cable("cat6", "cat6", "rj45", "rj45", 1, 1, 1, (1, 5)),
]


def catalog() -> Catalog:
    def switch(key, connector, lanes):
        cages = PortGroup(
            ports="swp1-8", connector=connector, lanes=lanes, lane_gbps=100, speeds_gbps=(800,), modulation="pam4",
            breakouts=(Breakout(mode="2x", lanes_per_port=4, port_gbps=400),),
        )  # fmt: skip
        return SwitchModel(
            key=key, name=key, source="test", height_u=2, asic="x", port_groups=(cages,), max_logical_ports=64
        )

    def nic(key, connector, lanes):
        return NicModel(
            key=key, name=key, source="test", ports=1, connector=connector, speeds_gbps=(400,), lanes=lanes,
            lane_gbps=100, kind="nic",
        )  # fmt: skip

    return Catalog(
        switches={"sn": switch("sn", "osfp", 8), "old": switch("old", "qsfp28", 4)},
        nics={"n112": nic("n112", "qsfp112", 4), "n28": nic("n28", "qsfp28", 1)},
        cables={item.key: item for item in CABLES},
    )


DEVICES = [
    *(Device(name, "leaf", "sn") for name in ("leaf1", "leaf2", "spine1", "spine2")),
    Device("oob1", "oob", "old"),
    *(Device(f"gpu{n}", "server", "big") for n in range(1, 9)),
    Device("core", "external", ""),
    Device("r1-pdu1", "pdu", "p", group="r1"),
]


def port(device, cage, sub=-1):
    return End(device, f"swp{cage}" if sub < 0 else f"swp{cage}s{sub}", cage, sub)


def host(device, cage, sub, leaf="leaf1", *, gbps=400, lanes=4, media="dac", nic="n112", number=1):
    return Link("be", "host", port(leaf, cage, sub), End(device, f"{nic}-{number}", nic=nic), gbps, lanes, media,
                attach=0)  # fmt: skip


def isl(a_cage, a_sub, b_cage, b_sub, media="dac", b="leaf2"):
    return Link("fe", "isl", port("leaf1", a_cage, a_sub), port(b, b_cage, b_sub), 400, 4, media)


def made(links, places=(), racks=()):
    return assemble(links, DEVICES, places, racks, catalog())


def test_a_splitter_is_one_part_with_its_ends():
    """Two 400G links out of one cage are one copper part of two ways."""
    parts, problems = made([host("gpu1", 1, 0), host("gpu1", 1, 1, number=2)])
    assert [(p.id, p.part, p.a, p.a_side, p.links, p.ways) for p in parts] == [
        ("leaf1-swp1", "dac2", "leaf1:1", "", (0, 1), 2)
    ]
    assert problems == []


def test_a_way_left_over_is_a_note_and_no_error():
    """One link out of a two-way part leaves an end for growth."""
    parts, problems = made([host("gpu1", 1, 0)])
    assert (parts[0].part, parts[0].links) == ("dac2", (0,))
    assert [item.severity for item in problems] == ["info"]
    assert "1 of 2 ends without a link" in problems[0].message


def test_fibre_takes_one_side_of_a_twin_port_cage():
    """Two 400G links on fibre are two parts, side A and side B of one transceiver."""
    parts, _ = made([host("gpu1", 1, 0, media="sr4"), host("gpu2", 1, 1, media="sr4")])
    assert [(p.id, p.a_side, p.links) for p in parts] == [("leaf1-swp1A", "A", (0,)), ("leaf1-swp1B", "B", (1,))]


def test_a_fibre_splitter_serves_the_two_sub_ports_of_its_side():
    """Four 200G sub-ports are two parts of two ways: s0 and s1 on side A, s2 and s3 on side B."""
    links = [host(f"gpu{n + 1}", 1, n, gbps=200, lanes=2, media="sr4") for n in range(4)]
    parts, problems = made(links)
    assert [(p.part, p.a_side, p.links) for p in parts] == [("sr2", "A", (0, 1)), ("sr2", "B", (2, 3))]
    assert problems == []


def test_eight_lanes_of_one_are_two_parts_of_four_ways():
    """A cage split by eight fills side A with s0-3 and side B with s4-7."""
    links = [host(f"gpu{n + 1}", 1, n, gbps=100, lanes=1, media="dr1", nic="n28") for n in range(8)]
    parts, _ = made(links)
    assert [(p.a_side, len(p.links)) for p in parts] == [("A", 4), ("B", 4)]


def test_two_links_between_the_same_cages_are_one_straight_cable():
    """Like sub-ports of two cages joined by copper are one OSFP to OSFP part."""
    parts, problems = made([isl(1, 0, 1, 0), isl(1, 1, 1, 1)])
    assert [(p.part, p.links, p.ways) for p in parts] == [("straight", (0, 1), 1)]
    assert problems == []


def test_links_that_cross_between_cages_are_fibres_of_their_own():
    """A cage whose halves go to two spines takes one fibre a side; copper cannot do that."""
    crossing = [isl(1, 0, 1, 0, "sr4", "spine1"), isl(1, 1, 1, 0, "sr4", "spine2")]
    parts, problems = made(crossing)
    assert [(p.part, p.a_side) for p in parts] == [("srx", "A"), ("srx", "B")]
    assert problems == []
    parts, problems = made([isl(1, 0, 1, 0, "dac", "spine1"), isl(1, 1, 1, 0, "dac", "spine2")])
    assert [p.part for p in parts] == ["", ""]
    assert "use media: sr4" in problems[0].remedy


def test_a_qsfp28_end_of_one_pam4_lane_needs_a_single_lambda_optic():
    """Copper to QSFP28 out of an eight-way cage is refused with the media that would do."""
    _, problems = made([host("gpu1", 1, 0, gbps=100, lanes=1, media="dac", nic="n28")])
    assert [item.severity for item in problems] == ["error"]
    assert "single-lambda" in problems[0].message
    assert "dr1" in problems[0].remedy
    assert problems[0].path == "fabrics.be.attach.0.media"


def test_one_wavelength_of_100g_runs_at_no_other_speed():
    """A slower link on dr1 is no cable: the optic has one rate, and no port would be told another."""
    out = [
        Link("fe", "external", port("leaf1", 3, 0), End("core", "to-1"), speed, 1, "dr1", attach=0)
        for speed in (100, 25)
    ]
    assert [item.severity for item in made(out[:1])[1]] == ["info"]
    [found] = [item for item in made(out[1:])[1] if item.severity == "error"]
    assert "dr1 is one wavelength of 100G: leaf1:swp3s0 to core:to-1 cannot run at 25G" in found.message


def test_an_uplink_into_a_qsfp28_cage_takes_dr1():
    """One lane of the upper switch into a cage of the out-of-band switch is one way of a DR1 part."""
    up = Link("oob", "uplink", port("leaf1", 3, 0), port("oob1", 1), 100, 1, "dr1")
    parts, _ = made([up])
    assert (parts[0].part, parts[0].a_side) == ("dr1", "A")


def test_whatever_an_external_peer_holds_the_media_decides():
    """The connector of somebody else's switch is not known, so the media alone picks the part."""
    out = Link("fe", "external", port("leaf1", 3, 0), End("core", "to-1"), 100, 1, "dr1", attach=0)
    parts, _ = made([out])
    assert parts[0].part == "dr1"


def test_management_ports_are_copper_pairs():
    """BMC, eth0 and PDU ports are RJ45 whatever adapter they sit on."""
    links = [
        Link("oob", "management", port("oob1", 1), End("gpu1", "n112-1.bmc", nic="n112"), 1, 0, "cat6"),
        Link("oob", "management", port("oob1", 2), End("leaf1", "eth0"), 1, 0, "cat6"),
        Link("oob", "pdu", port("oob1", 3), End("r1-pdu1", "mgmt"), 1, 0, "cat6"),
    ]
    small = catalog()
    rj45 = small.switches["old"].port_groups[0].model_copy(update={"connector": "rj45"})
    switch = small.switches["old"].model_copy(update={"port_groups": (rj45,)})
    copper = small.model_copy(update={"switches": {**small.switches, "old": switch}})
    parts, problems = assemble(links, DEVICES, (), (), copper)
    assert [p.part for p in parts] == ["cat6"] * 3
    assert problems == []


def test_copper_and_fibre_do_not_share_a_cage():
    """Side A on fibre and the rest on copper would be two modules in one connector."""
    _, problems = made([host("gpu1", 1, 0, media="sr4"), host("gpu2", 1, 1, media="dac")])
    assert any(item.severity == "error" and "one connector takes one" in item.message for item in problems)


def test_no_part_leaves_an_assembly_without_one_and_a_warning():
    """A media that the catalog has not at all is said, and the link keeps its row."""
    parts, problems = made([host("gpu1", 1, 0, media="aoc")])
    assert [(p.part, p.links) for p in parts] == [("", (0,))]
    assert [item.severity for item in problems] == ["warning"]
    assert "use media: dac or sr4" in problems[0].remedy


RACKS = tuple(Rack(f"r{n}", "ar", 48) for n in range(1, 12))
U = 0.04445


def test_length_in_one_rack_is_the_height_between_the_middles_and_slack():
    """Unit 30 (2U) to unit 2 (6U): 26 units, and 0.4 m at each end."""
    hall = Hall(DEVICES, [Placement("leaf1", "r1", 30, 2), Placement("gpu1", "r1", 2, 6)], RACKS)
    assert hall.needed_m("leaf1", "gpu1") == pytest.approx(26 * U + 0.8, abs=0.01)


def test_length_to_the_next_rack_adds_a_pitch():
    """Side to side into the next rack is one pitch more."""
    hall = Hall(DEVICES, [Placement("leaf1", "r1", 30, 2), Placement("gpu1", "r2", 2, 6)], RACKS)
    assert hall.needed_m("leaf1", "gpu1") == pytest.approx(26 * U + 0.6 + 0.8, abs=0.01)


def test_length_further_off_goes_over_the_tray():
    """Eight racks on: up from unit 31, over 8 pitches, down to unit 5, with the rule's own figures."""
    rule = Rule(pitch_m=1.0, slack_m=0.0, rise_m=0.25)
    hall = Hall(DEVICES, [Placement("leaf1", "r1", 30, 2), Placement("gpu1", "r9", 2, 6)], RACKS, rule)
    assert hall.needed_m("leaf1", "gpu1") == pytest.approx((48 - 30) * U + (48 - 4) * U + 8.5, abs=0.01)


def test_a_pdu_port_may_be_at_either_end_of_the_rack():
    """The cable to a PDU is long enough for the farther end."""
    hall = Hall(DEVICES, [Placement("leaf1", "r1", 47, 2)], RACKS)
    assert hall.needed_m("leaf1", "r1-pdu1") == pytest.approx(47 * U + 0.8, abs=0.01)


def test_the_length_to_order_is_the_next_that_is_sold():
    """A part is as long as its longest way needs, rounded up to what can be ordered."""
    places = [Placement("leaf1", "r1", 30, 2), Placement("gpu1", "r1", 26, 2), Placement("gpu2", "r1", 1, 2)]
    parts, problems = made([host("gpu1", 1, 0), host("gpu2", 1, 1)], places, RACKS)
    assert parts[0].length_m == 3
    assert problems == []


def test_an_unknown_place_gives_no_length():
    """A device that stands nowhere, or at a height nobody knows, has cables without a length."""
    places = [Placement("leaf1", "r1", 30, 2), Placement("gpu1", "r1", 0, None)]
    parts, _ = made([host("gpu1", 1, 0), host("gpu2", 2, 0)], places, RACKS)
    assert [p.length_m for p in parts] == [None, None]


def test_too_far_for_copper_names_the_metres_and_what_would_reach():
    """Ten racks away no copper reaches; the worst case is told once for all."""
    places = [Placement("leaf1", "r1", 30, 2), *(Placement(f"gpu{n}", f"r{n + 3}", 2, 6) for n in range(1, 7))]
    links = [host(f"gpu{n}", n, 0) for n in range(1, 7)]
    _, problems = made(links, places, RACKS)
    faults = [item for item in problems if item.severity == "error"]
    assert len(faults) == 1
    need = Hall(DEVICES, places, RACKS).needed_m("leaf1", "gpu6")
    assert f"no dac is long enough: {need:g} m needed from leaf1:swp6s0 to gpu6:n112-1, dac reaches 3 m" in (
        faults[0].message
    )
    assert "5 more like it" in faults[0].message
    assert faults[0].remedy == "use media: sr4"


def test_ids_do_not_move_when_other_links_come_or_go():
    """The id comes from the cage, so a new machine renames no cable."""
    before, _ = made([host("gpu2", 2, 0), host("gpu2", 2, 1, number=2)])
    after, _ = made([host("gpu1", 1, 0), host("gpu1", 1, 1, number=2), host("gpu2", 2, 0), host("gpu2", 2, 1)])
    assert {p.id for p in before} <= {p.id for p in after}
    assert len({p.id for p in after}) == len(after)


def test_every_link_is_in_exactly_one_part():
    """Whatever the mixture, no link is lost and none is made twice."""
    links = [host(f"gpu{n + 1}", 1, n, gbps=200, lanes=2) for n in range(3)]
    links += [host("gpu5", 2, 0, media="sr4"), host("gpu6", 2, 1, media="sr4"), isl(4, 0, 4, 0), isl(4, 1, 4, 1)]
    links += [host("gpu7", 3, 0, media="aoc"), host("gpu8", 3, 1, media="aoc")]
    parts, _ = made(links)
    assert sorted(at for p in parts for at in p.links) == list(range(len(links)))
    assert len({p.id for p in parts}) == len(parts)


def test_two_faults_at_one_place_keep_two_ids():
    """A part with a free way that is too short as well is two findings, so each has an id."""
    places = [Placement("leaf1", "r1", 30, 2), Placement("gpu1", "r9", 2, 6)]
    _, problems = made([host("gpu1", 1, 0)], places, RACKS)
    assert sorted(item.severity for item in problems) == ["error", "info"]
    assert len({item.id for item in problems}) == 2
