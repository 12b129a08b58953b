"""The tables: links, parts, labels, the bill and the wire map say what the plan says."""

from __future__ import annotations

import csv
import io

import msgspec
import pytest

from rackwright import catalog
from rackwright.nvue.tree import natural_key
from rackwright.plan.model import Assembly, End, Link, Plan
from rackwright.render.bill import bill
from rackwright.render.cables import Cable, assembly_columns, assembly_lines, cabling, lines
from rackwright.render.labels import Label, labels_csv, labels_of
from rackwright.render.runs import Runs
from rackwright.render.slices import Slices, number
from rackwright.render.wiremap import wiremap
from tests.plans import bonded, rails

ROWS = catalog.load()


def read(data: bytes) -> list[dict[str, str]]:
    """Read a CSV by its header."""
    return list(csv.DictReader(io.StringIO(data.decode())))


def cables(slices: Slices) -> list[Cable]:
    """Return the rows of ``cabling.csv``, run by run."""
    runs = Runs(slices)
    return [row for run in runs.links for row in runs.rows(run)]


def assemblies(slices: Slices) -> bytes:
    """Print ``assemblies.csv``."""
    return lines([assembly_columns(slices)]) + assembly_lines(slices, slices.parts)


def labels(slices: Slices) -> list[Label]:
    """Return every label, part by part."""
    return [label for part in slices.parts for label in labels_of(slices, part)]


@pytest.fixture(scope="module")
def slices() -> Slices:
    return Slices(rails(spines=2))


def pair(assembly: Assembly, count: int, *, far: str = "leaf01") -> Slices:
    """Make a plan of one part between spine01 cage 5 and cage 7 of a switch (or ports of hosts)."""
    links = tuple(
        Link("backend", "fabric", End("spine01", f"swp5s{n}", 5, n), End(far, f"swp7s{n}", 7, n), 400, 4, "dac")
        for n in range(count)
    )
    base = rails()
    return Slices(
        msgspec.structs.replace(base, links=links, assemblies=(assembly,), switches=(), devices=(), placements=())
    )


def test_cabling_starts_with_the_columns_that_others_rely_on(slices):
    """The header of cabling.csv starts a_device, a_port, b_device, b_port and has the columns of the contract."""
    header = cabling(cables(slices)).decode().partition("\n")[0].split(",")
    assert header[:4] == ["a_device", "a_port", "b_device", "b_port"]
    assert {"speed_gbps", "media", "part", "assembly", "length_m", "a_rack", "a_u", "b_rack", "b_u", "label"} <= set(
        header
    )


def test_every_link_is_one_row_with_its_part_and_places(slices):
    """cabling.csv has each link of the plan once; rack, unit, part and length are those of the plan."""
    rows = read(cabling(cables(slices)))
    plan = slices.plan
    assert {(row["a_device"], row["a_port"], row["b_device"], row["b_port"]) for row in rows} == {
        (link.a.device, link.a.port, link.b.device, link.b.port) for link in plan.links
    }
    assert len(rows) == len(plan.links)
    row = next(row for row in rows if row["a_port"] == "swp1s1" and row["a_device"] == "be01")
    assert (row["part"], row["way"], row["length_m"]) == ("dac-osfp-2xqsfp112", "2", "2")
    assert (row["a_rack"], row["a_u"], row["b_rack"], row["b_u"]) == ("r001", "30", "r001", "2")


def test_rows_are_in_the_order_a_person_counts(slices):
    """swp10 comes behind swp9, and a fabric stays together."""
    ports = [row.a_port for row in cables(slices) if row.a_device == "be01"]
    assert ports == sorted(ports, key=natural_key)
    assert natural_key("swp10s1") > natural_key("swp9s3")


def test_a_splitter_is_one_part_with_all_its_ends(slices):
    """A two-way splitter is one row of assemblies.csv: common end, then both tails."""
    rows = read(assemblies(slices))
    assert len(rows) == len(slices.plan.assemblies)
    row = next(row for row in rows if row["a_device"] == "be01" and row["a_port"] == "swp1")
    assert (row["ways"], row["used"]) == ("2", "2")
    assert (row["b1_device"], row["b1_port"], row["b2_device"], row["b2_port"]) == (
        "gpu01",
        "b3140h-1",
        "gpu01",
        "b3140h-2",
    )


def test_a_straight_cable_with_two_links_has_one_far_end():
    """A twin-port cable whose two links end in one cage is one connector there, and gets one label there."""
    slices = pair(Assembly("c1", "dac-osfp-osfp", 2, "spine01:5", "", (0, 1)), 2)
    [row] = read(assemblies(slices))
    assert (row["used"], row["b1_port"], row["b2_device"]) == ("1", "swp7", "")
    assert [(label.end, label.port) for label in labels(slices)] == [("A", "swp5"), ("B", "swp7")]
    assert [cable.label for cable in cables(slices)] == ["c1", "c1"]


def test_free_ways_of_a_splitter_are_labelled_as_not_used():
    """A splitter with one of four ways in use has five ends and five labels, three of them free."""
    slices = pair(Assembly("c1", "dac-osfp-4xqsfp112", 2, "spine01:5", "A", (0,), 4), 1)
    found = labels(slices)
    assert [label.end for label in found] == ["A", "B1", "B2", "B3", "B4"]
    assert [label.port for label in found[2:]] == ["not used"] * 3
    assert found[0].port == "swp5 A"


@pytest.mark.parametrize(
    ("side", "sub", "ways", "way"), [("", 3, 4, 4), ("A", 1, 2, 2), ("B", 2, 2, 1), ("B", 7, 4, 4)]
)
def test_the_way_of_a_link_is_that_of_its_lanes(side, sub, ways, way):
    """A link on the fourth lanes hangs on the fourth end, whether the others are cabled or not; on side B ways begin anew."""
    slices = pair(Assembly("c1", "some-splitter", 2, "spine01:5", side, (sub,), ways), sub + 1)
    [row] = read(assemblies(slices))
    assert {at: row[f"b{at}_port"] for at in range(1, 5)} == {at: f"swp7s{sub}" * (at == way) for at in range(1, 5)}
    cable = cables(slices)[sub]
    assert (cable.way, cable.label, cable.end) == (str(way), f"c1/{way}", f"c1 B{way}")
    found = labels(slices)
    assert [label.end for label in found if label.device == "leaf01"] == [f"B{way}"]
    assert {label.unit for label in found if label.port == "not used"} == {""}


def test_every_end_has_one_label(slices):
    """labels.csv has a label for the common end of each part and one for each end in use."""
    rows = read(labels_csv(labels(slices)))
    ends = [(row["cable"], row["end"]) for row in rows]
    assert len(ends) == len(set(ends))
    assert len(rows) == sum(1 + part.assembly.ways for part in slices.parts)


def test_two_sides_of_a_twin_port_share_one_transceiver(slices):
    """Sixteen fibres on eight cages at each end need eight transceivers at each end, not sixteen."""
    fabric = [link for link in slices.plan.links if link.kind == "fabric"]
    cages = {(end.device, end.cage) for link in fabric for end in (link.a, link.b)}
    optics = [item for item in bill(slices, ROWS) if item.kind == "optic"]
    assert sum(item.count for item in optics) == len(cages)
    assert len(cages) == len(fabric)


def test_the_bill_counts_machines_adapters_racks_and_cables(slices):
    """Each machine, each adapter in it and each cable by length is counted."""
    counts = {(item.kind, item.key): item.count for item in bill(slices, ROWS)}
    assert counts["server", "xe9680"] == 4
    assert counts["adapter", "b3140h"] == 32
    assert counts["switch", "sn5600"] == 4
    assert counts["rack", "ar3307"] == 2
    cable_count = sum(item.count for item in bill(slices, ROWS) if item.kind == "cable")
    assert cable_count == len(slices.plan.assemblies)


def test_a_model_that_is_not_in_the_catalog_is_said_to_be_so():
    """An unknown model is counted, and the bill says that the catalog does not have it."""
    plan = rails()
    device = msgspec.structs.replace(plan.devices[0], model="sn9999")
    items = bill(Slices(msgspec.structs.replace(plan, devices=(device, *plan.devices[1:]))), ROWS)
    assert next(item.description for item in items if item.key == "sn9999") == "not in the catalog"


def test_the_wire_map_has_a_row_for_every_link(slices):
    """wiremap.csv has a header and a row for each link."""
    assert len(wiremap(slices, cables(slices)).splitlines()) == len(slices.plan.links) + 1


def row_of(plan: Plan) -> list[str]:
    """Return the first row of the wire map of a plan."""
    slices = Slices(plan)
    return next(csv.reader(wiremap(slices, cables(slices)).decode().splitlines()[1:2]))


def test_the_wire_map_says_how_a_port_is_used():
    """A routed rail, and a port of a bond with a native and tagged VLANs, are told apart; the split is named."""
    plan = rails()
    assert row_of(plan)[5:9] == ["Rail 1", "Routed", "", ""]
    assert row_of(plan)[12] == "800G -> 2x 400G"
    assert row_of(bonded(plan))[6:9] == ["Trunk", "300", "400,500"]


def test_columns_of_cabling_are_the_fields_of_a_cable():
    """The header is the struct, so that neither can move without the other."""
    assert cabling([]).decode().strip().split(",") == list(Cable.__struct_fields__)


@pytest.mark.parametrize(("value", "text"), [(2.0, "2"), (2.5, "2.5"), (None, ""), (800, "800"), (1600.0, "1600")])
def test_numbers_print_without_needless_fractions(value, text):
    """A whole number has no fraction, an unknown one is empty."""
    assert number(value) == text
